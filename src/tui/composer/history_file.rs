//! The file of the prompts that were sent, which all running programs share: one line of JSON for each. It
//! may be used on any thread. A file that cannot be read or written is no reason to stop: that is told
//! once, and then prompts are remembered only in memory.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::history::{History, KEPT};

/// A file is cut when it has so many lines, so that it is not written anew at every start.
const LINES_TO_CUT: usize = 2 * KEPT;

/// Longer prompts are not written, in bytes.
const LONGEST: usize = 64 * 1024;

#[derive(Debug)]
pub struct HistoryFile {
    /// `None` once it turned out to be of no use.
    path: Option<PathBuf>,
}

/// Why prompts are not remembered beyond this run.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error("cannot read the prompt history {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write the prompt history {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
}

impl HistoryError {
    pub fn hint(&self) -> &'static str {
        "check its permissions; until then prompts are remembered only while offshoot runs"
    }
}

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    v: u32,
    text: String,
}

impl HistoryFile {
    /// Names a file; nothing is touched.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: Some(path.into()) }
    }

    /// What the file holds; nothing if there is none. Lines that are no prompts, such as one torn by a
    /// crash, are passed over. After an error nothing is appended to what could not be read.
    pub fn read(&mut self) -> Result<History, HistoryError> {
        let mut history = History::new();
        let Some(path) = self.path.take() else { return Ok(history) };
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(source) => return Err(HistoryError::Read { path, source }),
        };
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        for line in lines.clone().filter_map(|line| serde_json::from_slice::<Line>(line).ok()) {
            history.push(&line.text);
        }
        if lines.count() > LINES_TO_CUT {
            // A file that cannot be cut may still be appended to; if not, that is told then.
            rewrite(&path, &history).ok();
        }
        self.path = Some(path);
        Ok(history)
    }

    /// Keeps a prompt. After an error it does nothing any more.
    pub fn append(&mut self, text: &str) -> Result<(), HistoryError> {
        let Some(path) = self.path.take() else { return Ok(()) };
        if text.len() <= LONGEST
            && let Err(source) = append(&path, text)
        {
            return Err(HistoryError::Write { path, source });
        }
        self.path = Some(path);
        Ok(())
    }
}

/// What another program appends between reading and renaming is lost; that is a prompt of thousands.
fn rewrite(path: &Path, history: &History) -> io::Result<()> {
    let lines: Vec<u8> = history.in_order().flat_map(encoded).collect();
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    private().write(true).create(true).truncate(true).open(&beside)?.write_all(&lines)?;
    fs::rename(&beside, path)
}

/// One write at the end of the file, so that programs that append at the same time don't mix their lines.
fn append(path: &Path, text: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let mut file = private().create(true).read(true).append(true).open(path)?;
    let mut line = encoded(text);
    if ends_torn(&mut file)? {
        line.insert(0, b'\n');
    }
    file.write_all(&line)
}

fn ends_torn(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

fn encoded(text: &str) -> Vec<u8> {
    let line = serde_json::json!(Line { v: 1, text: text.to_owned() });
    format!("{line}\n").into_bytes()
}

/// Prompts may hold what others on the machine should not read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(path: &Path) -> Vec<String> {
        HistoryFile::new(path).read().unwrap().in_order().map(str::to_owned).collect()
    }

    #[test]
    fn prompts_outlive_the_program_with_all_their_lines() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/prompts.jsonl");
        let mut file = HistoryFile::new(&path);
        assert_eq!(file.read().unwrap().entries().count(), 0);
        for text in ["one", "two\n  lines\t👩‍👧", "two\n  lines\t👩‍👧", "one"] {
            file.append(text).unwrap();
        }
        assert_eq!(texts(&path), ["one", "two\n  lines\t👩‍👧", "one"]);
    }

    #[test]
    fn a_torn_line_is_passed_over_and_spoils_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("prompts");
        fs::write(&path, "{\"v\":1,\"text\":\"one\"}\nnonsense\n\n{\"v\":1,\"text\":\"tw").unwrap();
        assert_eq!(texts(&path), ["one"]);
        HistoryFile::new(&path).append("three").unwrap();
        assert_eq!(texts(&path), ["one", "three"]);
    }

    #[test]
    fn what_a_file_holds_is_cleaned() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("prompts");
        fs::write(&path, "{\"v\":1,\"text\":\"a\\u001b[31m\\r\\nb\"}\n").unwrap();
        assert_eq!(texts(&path), ["a[31m\nb"]);
    }

    #[test]
    fn two_programs_append_to_one_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("prompts");
        let (mut one, mut other) = (HistoryFile::new(&path), HistoryFile::new(&path));
        one.append("a").unwrap();
        other.append("b").unwrap();
        one.append("c").unwrap();
        assert_eq!(texts(&path), ["a", "b", "c"]);
    }

    #[test]
    fn a_long_file_is_cut_when_it_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("prompts");
        let lines: Vec<u8> = (0..2_500).flat_map(|number| encoded(&number.to_string())).collect();
        fs::write(&path, lines).unwrap();
        assert_eq!(texts(&path)[0], "1500");
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), KEPT);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_used_is_told_once() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = HistoryFile::new(dir.path());
        assert!(file.read().unwrap_err().to_string().starts_with("cannot read the prompt history"));
        assert!(file.read().is_ok() && file.append("x").is_ok());

        fs::write(dir.path().join("file"), "").unwrap();
        let mut file = HistoryFile::new(dir.path().join("file/prompts"));
        assert!(file.append("x").unwrap_err().to_string().starts_with("cannot write the prompt history"));
        assert!(file.append("y").is_ok());
    }

    #[test]
    fn a_very_long_prompt_is_not_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("prompts");
        HistoryFile::new(&path).append(&"x".repeat(LONGEST + 1)).unwrap();
        assert!(!path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_can_read_the_file() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("prompts");
        HistoryFile::new(&path).append("secret").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
