//! Lock files that a killed process left behind. Git never removes those, and nobody but a person can
//! in general; here it is done only for what is ours alone (the index of a session's worktree, the
//! references of sessions), and only when no living process can be its owner.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::GitError;
use super::error::age_of;

/// How often and how long a lock is waited for: two seconds in all.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);
/// Between the two looks at a lock that nobody seems to hold.
const BLINK: Duration = Duration::from_millis(10);

/// Waits a little for a lock to go.
pub(super) fn wait_for(lock: &Path) -> Result<(), GitError> {
    for _ in 0..TRIES {
        if !lock.exists() {
            return Ok(());
        }
        std::thread::sleep(PAUSE);
    }
    Err(GitError::Locked { age: age_of(lock), lock: lock.to_owned() })
}

/// Waits for a lock of ours to go, and removes it when it was abandoned. `places` are the folders that
/// its owner would work in.
pub(super) fn clear(lock: &Path, places: &[&Path]) -> Result<(), GitError> {
    wait_for_owner(lock, places)?;
    remove(lock)
}

/// Waits until a lock is gone or nobody lives who may own it.
pub(super) fn wait_for_owner(lock: &Path, places: &[&Path]) -> Result<(), GitError> {
    for _ in 0..TRIES {
        let Some(found) = look(lock) else { return Ok(()) };
        if is_held(lock, places) {
            std::thread::sleep(PAUSE);
            continue;
        }
        std::thread::sleep(BLINK);
        // The same file, and still nobody's: its owner is dead.
        if look(lock).is_some_and(|again| is_same(&found, &again)) && !is_held(lock, places) {
            return Ok(());
        }
    }
    Err(GitError::Locked { age: age_of(lock), lock: lock.to_owned() })
}

fn remove(lock: &Path) -> Result<(), GitError> {
    match fs::remove_file(lock) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(GitError::io(lock, error)),
        _ => Ok(()),
    }
}

fn look(lock: &Path) -> Option<Metadata> {
    lock.symlink_metadata().ok()
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |of: &Metadata| (of.dev(), of.ino(), of.size(), of.mtime(), of.mtime_nsec());
    identity(one) == identity(other)
}

#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    false
}

/// Whether a living process may own the lock: one that has it open, or a git that works in one of the
/// places. Where processes cannot be looked at, anybody may.
fn is_held(lock: &Path, places: &[&Path]) -> bool {
    let Ok(processes) = fs::read_dir("/proc") else { return true };
    let lock = lock.canonicalize().unwrap_or_else(|_| lock.to_owned());
    let mut seen = false;
    for process in processes.flatten().map(|entry| entry.path()) {
        let Ok(name) = fs::read_to_string(process.join("comm")) else { continue };
        seen = true;
        let is_git = name.starts_with("git");
        if (is_git && works_in(&process, places)) || has_open(&process, &lock) {
            return true;
        }
    }
    !seen
}

fn has_open(process: &Path, lock: &Path) -> bool {
    let Ok(open) = fs::read_dir(process.join("fd")) else { return false };
    open.flatten().any(|entry| fs::read_link(entry.path()).is_ok_and(|target| target == lock))
}

/// By its working directory, or by being told of the place.
fn works_in(process: &Path, places: &[&Path]) -> bool {
    // One that is dead and not yet collected works nowhere; that of another user does not tell.
    let folder = fs::read_link(process.join("cwd")).unwrap_or_default();
    let told: Vec<u8> = ["environ", "cmdline"]
        .iter()
        .flat_map(|file| fs::read(process.join(file)).unwrap_or_default())
        .collect();
    let names = |place: &Path| {
        let place = super::program::path_bytes(place);
        told.split(|byte| *byte == 0).any(|word| word.ends_with(&place))
    };
    places.iter().any(|place| {
        let real = place.canonicalize().unwrap_or_else(|_| PathBuf::from(place));
        folder.starts_with(&real) || names(&real) || names(place)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_lock_that_nobody_holds_goes_and_one_that_is_open_stays() {
        let folder = tempfile::tempdir().unwrap();
        let lock = folder.path().join("index.lock");
        fs::write(&lock, "").unwrap();
        clear(&lock, &[folder.path()]).unwrap();
        assert!(!lock.exists());
        let owner = fs::File::create(&lock).unwrap();
        assert!(is_held(&lock, &[]));
        drop(owner);
        assert!(!is_held(&lock, &[]));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_git_at_work_in_the_place_may_own_its_locks() {
        let folder = tempfile::tempdir().unwrap();
        let lock = folder.path().join("index.lock");
        fs::write(&lock, "").unwrap();
        let mut git = std::process::Command::new("git")
            .current_dir(folder.path())
            .args(["hash-object", "--stdin"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        assert!(is_held(&lock, &[folder.path()]));
        git.kill().unwrap();
        git.wait().unwrap();
        assert!(!is_held(&lock, &[folder.path()]));
    }
}
