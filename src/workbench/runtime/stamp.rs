//! When the local runtime was restarted last, in a file that all processes share. Whoever holds its lock is
//! the one that restarts.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

/// The right to restart now, for as long as it is held.
#[derive(Debug)]
pub(super) struct Turn {
    _lock: File,
}

/// Why it may not be restarted now.
#[derive(Debug)]
pub(super) enum NotNow {
    /// Another process is at it.
    Underway,
    /// It was restarted; so long it has to wait.
    Wait(Duration),
    Failed(io::Error),
}

/// Takes the turn and notes it, unless the last one is not `cooldown` ago. `now` is in milliseconds since 1970.
pub(super) fn take(path: &Path, cooldown: Duration, now: u64) -> Result<Turn, NotNow> {
    let opened = options().open(path);
    let mut file = opened.map_err(NotNow::Failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(NotNow::Underway),
        Err(TryLockError::Error(error)) => return Err(NotNow::Failed(error)),
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(NotNow::Failed)?;
    // A stamp of the future comes from a clock that was set back: it says nothing.
    let last = text.trim().parse::<u64>().ok().filter(|last| *last <= now);
    let since = last.map(|last| Duration::from_millis(now - last));
    if let Some(left) = since.and_then(|since| cooldown.checked_sub(since)).filter(|left| !left.is_zero()) {
        return Err(NotNow::Wait(left));
    }
    let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{now}"));
    written.map_err(NotNow::Failed)?;
    Ok(Turn { _lock: file })
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    const COOLDOWN: Duration = Duration::from_secs(30);
    const NOW: u64 = 1_800_000_000_000;

    #[test]
    fn one_restart_fits_in_a_cooldown_whoever_asks() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("stamp");
        let turn = take(&path, COOLDOWN, NOW).unwrap();
        // Another open file is as good as another process.
        assert!(matches!(take(&path, COOLDOWN, NOW + 60_000), Err(NotNow::Underway)));
        drop(turn);
        let left = |now| match take(&path, COOLDOWN, now) {
            Err(NotNow::Wait(left)) => Some(left.as_millis()),
            _ => None,
        };
        assert_eq!(left(NOW + 1), Some(29_999));
        assert_eq!(left(NOW + 29_999), Some(1));
        assert_eq!(left(NOW + 30_000), None);
        assert_eq!(left(NOW + 30_001), Some(29_999));
    }

    #[test]
    fn a_stamp_that_makes_no_sense_stops_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("stamp");
        for text in ["", "soon", "99999999999999999999999", &format!("{}", NOW + 1)] {
            std::fs::write(&path, text).unwrap();
            assert!(take(&path, COOLDOWN, NOW).is_ok(), "{text}");
        }
        assert!(matches!(take(dir.path(), COOLDOWN, NOW), Err(NotNow::Failed(_))));
    }
}
