//! The journal of a session: everything said, on disk before it is shown, until git holds it. One
//! JSON record a line, appended with one write each, so that a process killed at any instant leaves
//! at most one torn line, and that one had been shown to nobody.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chat::{Content, Entry, Line, Part, ToolResult};
use crate::git::codec::Origin;
use crate::git::redact::redact_part;

/// An open journal. While it lives, its session is locked against other processes.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    header: Header,
    /// A write failed: the last line may be torn, and must not swallow the next one.
    is_torn: bool,
    _lock: SessionLock,
}

/// The lock on a session, released when the process ends, however it ends.
#[derive(Debug)]
pub struct SessionLock {
    path: PathBuf,
    _file: File,
}

/// What a session is, told at the top of its journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Of this format: 1.
    pub version: u32,
    pub session: String,
    /// The git directory that the worktrees share.
    pub repository: PathBuf,
    pub branch: String,
    pub worktree: PathBuf,
    /// Git tells it only once it holds something of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forked_from: Option<JournaledOrigin>,
}

/// Where a session left another one: an [`Origin`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournaledOrigin {
    pub commit: String,
    pub session: String,
    pub turn: u32,
}

impl From<&Origin> for JournaledOrigin {
    fn from(origin: &Origin) -> Self {
        let Origin { commit, session, turn } = origin.clone();
        Self { commit, session, turn }
    }
}

impl From<JournaledOrigin> for Origin {
    fn from(origin: JournaledOrigin) -> Self {
        let JournaledOrigin { commit, session, turn } = origin;
        Self { commit, session, turn }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
enum Record {
    Header(Header),
    Entry {
        index: usize,
        line: Line,
    },
    /// A delta of the answer that is being streamed.
    Text {
        text: String,
    },
    Thinking {
        text: String,
    },
    /// The stream broke off and starts again: its deltas so far stand for nothing.
    Restart,
    Result {
        result: Content,
    },
    /// A call started an agent.
    Child(JournaledChild),
    /// Git holds all entries before `next`.
    Committed {
        next: usize,
    },
}

/// An agent that a call started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournaledChild {
    pub call: String,
    pub session: String,
    /// `None`: it only looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
}

/// How often and how long a held lock is tried again.
const LOOKS: u32 = 5;
const LOOK: Duration = Duration::from_millis(4);

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("session {session} is open in another offshoot process")]
    Locked { session: String },
    #[error("cannot {doing} the journal {}: {source}", path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
}

impl JournalError {
    /// What the user can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Locked { .. } => {
                "wait for that process or end it, or branch off with `offshoot run --from HASH`".to_owned()
            }
            Self::Io { .. } => {
                "free some space or set OFFSHOOT_STATE_DIR to a folder that can be written".to_owned()
            }
        }
    }
}

/// What a journal tells that git may not hold yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    pub header: Header,
    /// By index in the session's conversation, without gaps.
    pub entries: Vec<(usize, Entry)>,
    /// The number of entries that git held when the journal was last told.
    pub committed: usize,
    /// What had been streamed of an answer that never ended.
    pub thinking: String,
    pub text: String,
    /// Results of tool calls whose round never ended.
    pub results: Vec<ToolResult>,
    /// Agents that calls of that round started.
    pub children: Vec<JournaledChild>,
}

impl Replay {
    /// Whether it tells anything that git may not hold.
    pub fn is_pending(&self) -> bool {
        self.entries.iter().any(|(index, _)| *index >= self.committed)
            || !self.text.is_empty()
            || !self.thinking.is_empty()
            || !self.results.is_empty()
    }
}

impl SessionLock {
    /// Takes the lock of `session` in `folder`, or fails at once when another process holds it.
    pub fn take(folder: &Path, session: &str) -> Result<Self, JournalError> {
        let path = folder.join(format!("{session}.lock"));
        let io = |source| JournalError::Io { doing: "lock", path: path.clone(), source };
        fs::create_dir_all(folder).map_err(io)?;
        let mut looks = 0;
        loop {
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(io)?;
            match file.try_lock() {
                Ok(()) if is_at(&file, &path) => return Ok(Self { _file: file, path }),
                // Its last owner removed it while we waited: what we hold is nobody's lock.
                Ok(()) => {}
                // Somebody who only looks whether it is held lets go at once.
                Err(TryLockError::WouldBlock) if looks < LOOKS => {
                    looks += 1;
                    std::thread::sleep(LOOK);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(JournalError::Locked { session: session.to_owned() });
                }
                Err(TryLockError::Error(source)) => return Err(io(source)),
            }
        }
    }

    /// Lets go of it, and leaves no file behind.
    pub fn release(self) {
        let _ = fs::remove_file(&self.path);
    }
}

impl Journal {
    /// Opens the journal of a session whose lock is held. It begins anew, unless it still tells of
    /// something that is on record nowhere else.
    pub fn start(
        folder: &Path,
        header: Header,
        lock: SessionLock,
        committed: usize,
        pending: Option<&Replay>,
    ) -> Result<Self, JournalError> {
        let path = file_path(folder, &header.session);
        let file = match pending {
            None => write_fresh(&path, &header, committed)?,
            Some(_) => {
                let io = |source| JournalError::Io { doing: "open", path: path.clone(), source };
                OpenOptions::new().append(true).open(&path).map_err(io)?
            }
        };
        Ok(Self { path, file, header, is_torn: pending.is_some(), _lock: lock })
    }

    pub fn header(&self) -> &Header {
        &self.header
    }

    pub fn entry(&mut self, index: usize, entry: &Entry) -> Result<(), JournalError> {
        self.append(&Record::Entry { index, line: Line::from(entry) })
    }

    pub fn text(&mut self, text: &str) -> Result<(), JournalError> {
        self.append(&Record::Text { text: text.to_owned() })
    }

    pub fn thinking(&mut self, text: &str) -> Result<(), JournalError> {
        self.append(&Record::Thinking { text: text.to_owned() })
    }

    pub fn restart(&mut self) -> Result<(), JournalError> {
        self.append(&Record::Restart)
    }

    /// `known` are secrets to mask.
    pub fn result(&mut self, result: &ToolResult, known: &[String]) -> Result<(), JournalError> {
        let result = Content::from(&redact_part(&Part::ToolResult(result.clone()), known));
        self.append(&Record::Result { result })
    }

    pub fn child(&mut self, call: &str, session: &str, branch: Option<&str>) -> Result<(), JournalError> {
        let (call, session) = (call.to_owned(), session.to_owned());
        self.append(&Record::Child(JournaledChild { call, session, branch: branch.map(str::to_owned) }))
    }

    /// Git holds all entries before `next`.
    pub fn committed(&mut self, next: usize) -> Result<(), JournalError> {
        self.append(&Record::Committed { next })
    }

    /// Forgets what git holds. To be called when nothing is pending.
    pub fn shrink(&mut self, committed: usize) -> Result<(), JournalError> {
        self.file = write_fresh(&self.path, &self.header, committed)?;
        self.is_torn = false;
        Ok(())
    }

    /// Ends the journal of a session that git holds in full.
    pub fn remove(self) {
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_file(self.path.with_extension("lock"));
    }

    fn append(&mut self, record: &Record) -> Result<(), JournalError> {
        let mut line = encode(record);
        if self.is_torn {
            line.insert(0, b'\n');
        }
        let written = self.file.write_all(&line);
        self.is_torn = written.is_err();
        written.map_err(|source| JournalError::Io { doing: "write", path: self.path.clone(), source })
    }
}

/// Reads the journal of `session`; `None` when there is none.
pub fn replay(folder: &Path, session: &str) -> Result<Option<Replay>, JournalError> {
    let path = file_path(folder, session);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(JournalError::Io { doing: "read", path, source }),
    };
    Ok(parse(&bytes))
}

/// Whether another process has the session open.
pub fn is_locked(folder: &Path, session: &str) -> bool {
    match File::open(folder.join(format!("{session}.lock"))) {
        Ok(file) => matches!(file.try_lock(), Err(TryLockError::WouldBlock)),
        Err(_) => false,
    }
}

/// The sessions that have a journal in `folder`.
pub fn sessions(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut sessions: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".jsonl").map(str::to_owned))
        .collect();
    sessions.sort();
    sessions
}

/// Whether an open file is still the one at `path`.
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    matches!((file.metadata(), fs::metadata(path)), (Ok(open), Ok(there)) if open.ino() == there.ino())
}

fn file_path(folder: &Path, session: &str) -> PathBuf {
    folder.join(format!("{session}.jsonl"))
}

fn write_fresh(path: &Path, header: &Header, committed: usize) -> Result<File, JournalError> {
    let io = |source| JournalError::Io { doing: "write", path: path.to_owned(), source };
    let fresh = path.with_extension("fresh");
    let mut bytes = encode(&Record::Header(header.clone()));
    bytes.extend(encode(&Record::Committed { next: committed }));
    fs::write(&fresh, bytes).map_err(io)?;
    fs::rename(&fresh, path).map_err(io)?;
    OpenOptions::new().append(true).open(path).map_err(io)
}

fn encode(record: &Record) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(record).expect("strings and numbers always serialize");
    bytes.push(b'\n');
    bytes
}

fn parse(bytes: &[u8]) -> Option<Replay> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let Ok(Record::Header(header)) = serde_json::from_slice(lines.next()?) else { return None };
    let mut replay = Replay {
        header,
        entries: Vec::new(),
        committed: 0,
        thinking: String::new(),
        text: String::new(),
        results: Vec::new(),
        children: Vec::new(),
    };
    // A line that does not parse is the torn end of a killed writer: it had been shown to nobody.
    for record in lines.filter_map(|line| serde_json::from_slice(line).ok()) {
        match record {
            Record::Header(_) => {}
            Record::Entry { index, line } => {
                replay.text.clear();
                replay.thinking.clear();
                replay.results.clear();
                replay.children.clear();
                replay.entries.push((index, line.into()));
            }
            Record::Text { text } => replay.text.push_str(&text),
            Record::Thinking { text } => replay.thinking.push_str(&text),
            Record::Restart => {
                replay.text.clear();
                replay.thinking.clear();
            }
            Record::Result { result } => {
                if let Part::ToolResult(result) = Part::from(result) {
                    replay.results.push(result);
                }
            }
            Record::Child(child) => replay.children.push(child),
            Record::Committed { next } => replay.committed = replay.committed.max(next),
        }
    }
    Some(replay)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{EntryKind, Message, ToolCall};

    fn header() -> Header {
        Header {
            version: 1,
            session: "s".into(),
            repository: "/r/.git".into(),
            branch: "offshoot/x".into(),
            worktree: "/w".into(),
            forked_from: Some(JournaledOrigin { commit: "c".into(), session: "p".into(), turn: 0 }),
        }
    }

    fn prompt(text: &str) -> Entry {
        let kind = EntryKind::Prompt { message: Message::user(text), base: None };
        Entry { turn: 1, at: "2026-01-01T00:00:00Z".into(), kind }
    }

    fn start(folder: &Path) -> Journal {
        Journal::start(folder, header(), SessionLock::take(folder, "s").unwrap(), 0, None).unwrap()
    }

    #[test]
    fn what_was_written_is_replayed_even_with_a_torn_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = start(folder.path());
        journal.entry(0, &prompt("go")).unwrap();
        journal.thinking("hm").unwrap();
        journal.text("I am ").unwrap();
        journal.text("at it").unwrap();
        let call =
            ToolCall { id: "1".into(), name: "ls".into(), input: serde_json::json!({}), signature: None };
        let result = ToolResult::text(&call, "a", false);
        journal.result(&result, &[]).unwrap();
        journal.file.write_all(b"{\"record\":\"text\",\"te").unwrap();
        drop(journal);

        let replay = replay(folder.path(), "s").unwrap().unwrap();
        assert_eq!(replay.header, header());
        assert_eq!(replay.entries, [(0, prompt("go"))]);
        assert_eq!((replay.thinking.as_str(), replay.text.as_str()), ("hm", "I am at it"));
        assert_eq!(replay.results, [result]);
        assert!(replay.is_pending());
    }

    #[test]
    fn nothing_is_pending_once_git_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = start(folder.path());
        journal.text("lost").unwrap();
        journal.restart().unwrap();
        journal.entry(0, &prompt("go")).unwrap();
        journal.committed(1).unwrap();
        assert!(!replay(folder.path(), "s").unwrap().unwrap().is_pending());
        journal.shrink(1).unwrap();
        let shrunk = replay(folder.path(), "s").unwrap().unwrap();
        assert_eq!((shrunk.entries.len(), shrunk.committed), (0, 1));
    }

    #[test]
    fn a_session_is_open_once() {
        let folder = tempfile::tempdir().unwrap();
        let journal = start(folder.path());
        assert!(matches!(SessionLock::take(folder.path(), "s"), Err(JournalError::Locked { .. })));
        drop(journal);
        assert!(SessionLock::take(folder.path(), "s").is_ok());
        assert_eq!(sessions(folder.path()), ["s"]);
    }
}
