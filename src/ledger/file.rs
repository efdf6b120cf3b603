//! The file: appended to by many processes at once, rotated when it is long.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{BadLine, Entry, Records, Report, check};
use crate::config::{LedgerSettings, Paths, PathsError};

/// Bytes of a line, roughly: so much is read for each entry at first.
const USUAL_LINE: u64 = 1024;
/// So many are read at first where nobody knows how many entries there are.
const FIRST_LOOK: u64 = 32 * 1024;

/// A ledger on disk. Holds no open file: every call stands for itself.
#[derive(Debug, Clone)]
pub struct Ledger {
    path: PathBuf,
    max_bytes: u64,
    keep: u32,
}

/// The ledger cannot be used. Whatever was to be recorded can go on without it.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error("cannot write the ledger {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot read the ledger {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write the ledger: {0}")]
    Directory(#[from] PathsError),
}

impl LedgerError {
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Write { source, .. } if is_full(source.kind()) => {
                "the disk is full: free some space; until then turns are not recorded in the ledger"
            }
            Self::Write { .. } | Self::Directory(_) => {
                "check its permissions, or set ledger.file_path; until then turns are not recorded in the ledger"
            }
            Self::Read { .. } => "check its permissions, or set ledger.file_path",
        }
    }
}

/// Whether nothing more can be written, here or at all.
fn is_full(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

impl Ledger {
    /// Names a ledger; nothing is touched until the first append. A file longer than `max_bytes` is
    /// put aside, and `keep` of those are kept.
    pub fn open(path: impl Into<PathBuf>, max_bytes: u64, keep: u32) -> Self {
        Self { path: path.into(), max_bytes, keep }
    }

    /// The ledger that the settings mean.
    pub fn from_settings(settings: &LedgerSettings, paths: &Paths) -> Self {
        let path = if settings.file_path.as_os_str().is_empty() {
            paths.ledger_file()
        } else {
            settings.file_path.clone()
        };
        Self::open(path, settings.max_bytes, settings.keep)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds one line. On an error the file is as it was.
    pub fn append(&self, entry: &Entry) -> Result<(), LedgerError> {
        let mut line = serde_json::to_vec(entry).map_err(|error| self.write_error(error.into()))?;
        line.push(b'\n');
        if let Some(dir) = self.path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            Paths::create(dir)?;
        }
        // The lock is a file of its own, because the ledger is renamed while it is held.
        let lock = options().append(true).open(self.beside("lock")).map_err(|e| self.write_error(e))?;
        lock.lock().map_err(|e| self.write_error(e))?;
        self.append_locked(&line).map_err(|e| self.write_error(e))
    }

    /// Every entry that is still kept, afterwords too, the oldest first. Lines that cannot be read are counted and
    /// passed over.
    pub fn read_all(&self) -> Result<Records, LedgerError> {
        let _lock = self.lock_for_reading();
        let mut records = Records::default();
        for path in self.files() {
            check::read_into(&mut records, &path, &bytes(&path)?);
        }
        Ok(records)
    }

    /// The last `n` attempts, the oldest first.
    pub fn tail(&self, n: usize) -> Result<Vec<Entry>, LedgerError> {
        let _lock = self.lock_for_reading();
        let mut entries: Vec<Entry> = Vec::new();
        for path in self.files().into_iter().rev() {
            if entries.len() >= n {
                break;
            }
            let wanted = n - entries.len();
            let mut older = last(&path, wanted as u64 * USUAL_LINE, |found| found.len() >= wanted)?;
            older.append(&mut entries);
            entries = older;
        }
        entries.drain(..entries.len().saturating_sub(n));
        Ok(entries)
    }

    /// The attempts from a time on, the oldest first: a timestamp, or its beginning. Lines are written when runs
    /// end, so what came earlier lies before.
    pub fn since(&self, time: &str) -> Result<Vec<Entry>, LedgerError> {
        let _lock = self.lock_for_reading();
        let is_earlier = |entry: &Entry| entry.timestamp.as_str() < time;
        let mut entries: Vec<Entry> = Vec::new();
        for path in self.files().into_iter().rev() {
            let mut older = last(&path, FIRST_LOOK, |found| found.first().is_some_and(is_earlier))?;
            let is_all = older.first().is_some_and(is_earlier);
            older.append(&mut entries);
            entries = older;
            if is_all {
                break;
            }
        }
        entries.retain(|entry| !is_earlier(entry));
        Ok(entries)
    }

    /// Looks for lines that are torn or not entries.
    pub fn check(&self) -> Result<Report, LedgerError> {
        let records = self.read_all()?;
        let bad: Vec<BadLine> = records.bad;
        Ok(Report { files: self.files(), entries: records.entries.len(), bad })
    }

    /// The files of the ledger that exist, the oldest first.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> =
            (1..=u32::MAX).map(|number| self.rotated(number)).take_while(|path| path.exists()).collect();
        files.reverse();
        files.extend(self.path.exists().then(|| self.path.clone()));
        files
    }

    fn append_locked(&self, line: &[u8]) -> io::Result<()> {
        let mut file = options().read(true).append(true).open(&self.path)?;
        let mut length = file.metadata()?.len();
        if length > 0 && length + line.len() as u64 > self.max_bytes {
            drop(file);
            self.rotate()?;
            file = options().read(true).append(true).open(&self.path)?;
            length = file.metadata()?.len();
        }
        let bytes = if ends_torn(&mut file, length)? { [b"\n", line].concat() } else { line.to_vec() };
        file.write_all(&bytes).inspect_err(|_| {
            // A full disk may have taken a part of the line.
            let _ = file.set_len(length);
        })
    }

    fn rotate(&self) -> io::Result<()> {
        if self.keep == 0 {
            return fs::remove_file(&self.path);
        }
        let kept = (1..=self.keep).take_while(|number| self.rotated(*number).exists()).count();
        let kept = u32::try_from(kept).unwrap_or(self.keep);
        for number in (1..=kept.min(self.keep - 1)).rev() {
            fs::rename(self.rotated(number), self.rotated(number + 1))?;
        }
        fs::rename(&self.path, self.rotated(1))?;
        // What an earlier, larger setting kept.
        for path in (self.keep + 1..).map(|number| self.rotated(number)).take_while(|path| path.exists()) {
            fs::remove_file(path)?;
        }
        Ok(())
    }

    /// Readers wait for a writer; where there is no lock to take, they do without.
    fn lock_for_reading(&self) -> Option<File> {
        let lock = File::open(self.beside("lock")).ok()?;
        lock.lock_shared().ok().map(|()| lock)
    }

    fn rotated(&self, number: u32) -> PathBuf {
        self.beside(&number.to_string())
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".");
        name.push(suffix);
        name.into()
    }

    fn write_error(&self, source: io::Error) -> LedgerError {
        LedgerError::Write { path: self.path.clone(), source }
    }
}

/// The last attempts of a file: so many that they are enough, or all. It is read from its end.
fn last(
    path: &Path,
    mut from_end: u64,
    are_enough: impl Fn(&[Entry]) -> bool,
) -> Result<Vec<Entry>, LedgerError> {
    loop {
        let (bytes, is_whole) =
            end(path, from_end).map_err(|source| LedgerError::Read { path: path.to_owned(), source })?;
        let mut records = Records::default();
        check::read_into(&mut records, path, &bytes);
        records.entries.retain(|entry| !entry.is_afterword());
        if is_whole || are_enough(&records.entries) {
            return Ok(records.entries);
        }
        from_end = from_end.max(1).saturating_mul(2);
    }
}

/// The whole lines among the last bytes of a file, and whether that is all of it.
fn end(path: &Path, from_end: u64) -> io::Result<(Vec<u8>, bool)> {
    let mut file = File::open(path)?;
    let start = file.metadata()?.len().saturating_sub(from_end);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    if start > 0 {
        // The line that it begins with began before.
        let newline = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
        bytes.drain(..newline);
    }
    Ok((bytes, start == 0))
}

fn bytes(path: &Path) -> Result<Vec<u8>, LedgerError> {
    fs::read(path).map_err(|source| LedgerError::Read { path: path.to_owned(), source })
}

/// Whether a writer was killed in the middle of the last line.
fn ends_torn(file: &mut File, length: u64) -> io::Result<bool> {
    if length == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::Start(length - 1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(unix)]
fn options() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.create(true).mode(0o600);
    options
}

#[cfg(not(unix))]
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true);
    options
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::process::{Command, Stdio};

    use super::*;

    fn entry(id: &str) -> Entry {
        Entry { timestamp: "2026-11-20T12:00:00.000Z".into(), ..Entry::new(id) }
    }

    fn ids(entries: &[Entry]) -> Vec<&str> {
        entries.iter().map(|entry| entry.run_id.as_str()).collect()
    }

    #[test]
    fn entries_come_back_in_order_across_rotations() {
        let dir = tempfile::tempdir().unwrap();
        let line = serde_json::to_vec(&entry("00")).unwrap().len() as u64 + 1;
        let ledger = Ledger::open(dir.path().join("deep/l.jsonl"), 2 * line, 2);
        assert_eq!(ledger.read_all().unwrap().entries, []);
        for n in 0..9 {
            ledger.append(&entry(&format!("{n:02}"))).unwrap();
        }
        // Two lines a file, the current one and two before it.
        assert_eq!(ids(&ledger.read_all().unwrap().entries), ["04", "05", "06", "07", "08"]);
        assert_eq!(ids(&ledger.tail(2).unwrap()), ["07", "08"]);
        assert_eq!(ids(&ledger.tail(4).unwrap()), ["05", "06", "07", "08"]);
        assert_eq!(ledger.tail(100).unwrap().len(), 5);
        assert_eq!(ledger.tail(0).unwrap(), []);
        assert_eq!(ledger.files().len(), 3);

        let fewer = Ledger::open(ledger.path(), 2 * line, 1);
        for n in 9..12 {
            fewer.append(&entry(&format!("{n:02}"))).unwrap();
        }
        assert_eq!(ids(&fewer.read_all().unwrap().entries), ["08", "09", "10", "11"]);
        let none = Ledger::open(ledger.path(), 2 * line, 0);
        none.append(&entry("12")).unwrap();
        assert_eq!(none.read_all().unwrap().entries.last().unwrap().run_id, "12");
    }

    #[test]
    fn the_last_entries_are_found_from_the_end_however_long_lines_are() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path().join("l.jsonl"), u64::MAX, 1);
        for n in 0..50 {
            ledger.append(&entry(&format!("{n:02}{}", "x".repeat(n % 5 * 2_000)))).unwrap();
        }
        let all = ledger.read_all().unwrap().entries;
        for n in [0, 1, 2, 7, 49, 50, 51] {
            assert_eq!(ledger.tail(n).unwrap(), all[all.len().saturating_sub(n)..], "{n}");
        }
    }

    #[test]
    fn afterwords_are_read_and_are_no_attempts() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path().join("l.jsonl"), 400, 9);
        for n in 0..9 {
            ledger.append(&entry(&format!("{n}"))).unwrap();
            ledger.append(&Entry::afterword("s", n, Vec::new(), false)).unwrap();
        }
        assert!(ledger.files().len() > 3);
        assert_eq!(ids(&ledger.tail(4).unwrap()), ["5", "6", "7", "8"]);
        assert_eq!(ledger.since("2026").unwrap().len(), 9);
        let records = ledger.read_all().unwrap();
        assert_eq!((records.entries.len(), records.bad.len()), (18, 0));
    }

    #[test]
    fn the_entries_of_a_day_are_found_across_rotations() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path().join("l.jsonl"), 1_000, 9);
        for day in 1..=5 {
            for n in 0..9 {
                let timestamp = format!("2026-11-0{day}T12:00:0{n}.000Z");
                ledger.append(&Entry { timestamp, ..Entry::new(format!("{day}{n}")) }).unwrap();
            }
        }
        assert!(ledger.files().len() > 2);
        for (time, first, count) in [
            ("2026-11-05", "50", 9),
            ("2026-11-03", "30", 27),
            ("2026-11-01", "10", 45),
            ("2026-11-04T12:00:08", "48", 10),
        ] {
            let found = ledger.since(time).unwrap();
            assert_eq!((ids(&found)[0], found.len()), (first, count), "{time}");
        }
        assert_eq!(ledger.since("2026-11-06").unwrap(), []);
    }

    #[test]
    fn a_line_that_a_killed_writer_tore_swallows_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path().join("l.jsonl"), 10_000, 1);
        ledger.append(&entry("a")).unwrap();
        let mut file = OpenOptions::new().append(true).open(ledger.path()).unwrap();
        file.write_all(b"{\"schema\":1,\"run_id\":\"to").unwrap();
        let torn = ledger.check().unwrap();
        assert_eq!(torn.bad.len(), 1);
        ledger.append(&entry("b")).unwrap();
        let records = ledger.read_all().unwrap();
        assert_eq!(ids(&records.entries), ["a", "b"]);
        let [bad] = &records.bad[..] else { panic!() };
        assert_eq!((bad.file.as_path(), bad.line), (ledger.path(), 2));
        assert!(bad.to_string().contains("l.jsonl:2: "), "{bad}");
    }

    #[test]
    fn an_unwritable_place_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        let error = Ledger::open(dir.path().join("file/l.jsonl"), 10, 1).append(&entry("a")).unwrap_err();
        assert!(error.to_string().contains("file"), "{error}");
        assert!(error.hint().contains("ledger.file_path"));
        fs::create_dir(dir.path().join("dir")).unwrap();
        let error = Ledger::open(dir.path().join("dir"), 10, 1).append(&entry("a")).unwrap_err();
        assert!(matches!(error, LedgerError::Write { .. }), "{error}");
        assert!(error.to_string().contains("dir"), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_said_so() {
        let error = Ledger::open("/dev/full", u64::MAX, 0).append_locked(b"x\n").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        let error = LedgerError::Write { path: "/dev/full".into(), source: error };
        assert!(error.hint().contains("disk is full"));
    }

    /// Does nothing, unless the test below starts it as a process that may write so much to a file and no more.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_writer_with_little_room() {
        let Ok(path) = std::env::var("OFFSHOOT_TEST_LEDGER_ROOM") else { return };
        let ledger = Ledger::open(path, u64::MAX, 1);
        let error = (0..1_000).find_map(|n| ledger.append(&entry(&format!("{n}"))).err()).unwrap();
        assert!(error.hint().contains("disk is full"), "{error}");
        ledger.append(&entry("again")).unwrap_err();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_line_that_does_not_fit_any_more_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("l.jsonl");
        let test = std::env::current_exe().unwrap();
        let done = Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f 4; exec \"$0\" --exact ledger::file::tests::a_writer_with_little_room"])
            .arg(test)
            .env("OFFSHOOT_TEST_LEDGER_ROOM", &path)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(done.success());
        let ledger = Ledger::open(path, u64::MAX, 1);
        let records = ledger.read_all().unwrap();
        assert_eq!(records.bad, []);
        assert!(records.entries.len() > 10, "{}", records.entries.len());
        ledger.append(&entry("there is room again")).unwrap();
        assert_eq!(ledger.read_all().unwrap().entries.len(), records.entries.len() + 1);
    }

    /// Does nothing, unless the test below starts it as a process of its own.
    #[test]
    fn a_writer() {
        let Ok(told) = std::env::var("OFFSHOOT_TEST_LEDGER_WRITER") else { return };
        let (name, path) = told.split_once(' ').unwrap();
        let ledger = Ledger::open(path, 10_000, 10_000);
        for n in 0..500 {
            ledger.append(&entry(&format!("{name}-{n}"))).unwrap();
        }
    }

    #[test]
    fn many_processes_lose_and_tear_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("l.jsonl");
        let children: Vec<_> = (0..8)
            .map(|child| {
                Command::new(std::env::current_exe().unwrap())
                    .args(["--exact", "ledger::file::tests::a_writer"])
                    .env("OFFSHOOT_TEST_LEDGER_WRITER", format!("{child} {}", path.display()))
                    .stdout(Stdio::null())
                    .spawn()
                    .unwrap()
            })
            .collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        let ledger = Ledger::open(path, 10_000, 10_000);
        let records = ledger.read_all().unwrap();
        assert_eq!(records.bad, []);
        assert_eq!(records.entries.len(), 4_000);
        let all: BTreeSet<&str> = ids(&records.entries).into_iter().collect();
        assert_eq!(all.len(), 4_000);
        // Each writer's own lines are in order, so the files are.
        let first: Vec<&str> = ids(&records.entries).into_iter().filter(|id| id.starts_with("0-")).collect();
        let wanted: Vec<String> = (0..500).map(|n| format!("0-{n}")).collect();
        assert_eq!(first, wanted);
        assert!(ledger.files().iter().all(|file| file.metadata().unwrap().len() <= 10_000));
    }
}
