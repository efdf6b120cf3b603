//! The sessions that external CLIs keep of their own, so that a tab's next turn can go on in the one of its last
//! turn. They live on this machine alone, and so does what is known of them: a small file beside the session's
//! journal. What such a session has heard is told by a place in the conversation; when the conversation was moved
//! back from there, or is another one, it is not used again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::chat::{Conversation, Line, Usage};

/// The native sessions of one session of ours.
#[derive(Debug, Default)]
pub(super) struct Natives {
    path: PathBuf,
    threads: BTreeMap<String, Thread>,
}

/// A native session, by backend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Thread {
    pub id: String,
    /// What the CLI has counted for it so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Usage>,
    /// So many entries of the conversation it has heard or said.
    pub heard: usize,
    /// Of the last of these.
    digest: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct File {
    version: u32,
    threads: BTreeMap<String, Thread>,
}

const VERSION: u32 = 1;

impl Natives {
    /// What the file at `path` tells; nothing when there is none, or one that cannot be read: a native session is
    /// a saving, and the conversation holds all that it knows.
    pub fn open(path: PathBuf) -> Self {
        let read = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<File>(&bytes).ok());
        let threads = read.filter(|file| file.version == VERSION).map(|file| file.threads);
        Self { path, threads: threads.unwrap_or_default() }
    }

    /// The session of a backend's, if it has heard nothing that the conversation does not hold.
    pub fn of(&self, backend: &str, conversation: &Conversation) -> Option<&Thread> {
        let thread = self.threads.get(backend)?;
        let last = thread.heard.checked_sub(1)?;
        (digest(conversation, last)? == thread.digest).then_some(thread)
    }

    /// The backend's session has heard all of the conversation.
    pub fn heard(&mut self, backend: &str, id: String, counted: Option<Usage>, conversation: &Conversation) {
        let heard = conversation.len();
        let Some(digest) = heard.checked_sub(1).and_then(|last| digest(conversation, last)) else { return };
        self.threads.insert(backend.to_owned(), Thread { id, counted, heard, digest });
        self.write();
    }

    /// The backend's session is not to be used again.
    pub fn forget(&mut self, backend: &str) {
        if self.threads.remove(backend).is_some() {
            self.write();
        }
    }

    fn write(&self) {
        let file = File { version: VERSION, threads: self.threads.clone() };
        let bytes = serde_json::to_vec(&file).expect("plain data");
        // Without it the next turn tells the CLI the conversation anew.
        let _ = replace(&self.path, &bytes);
    }
}

/// A file that is there whole or not at all, whoever is killed meanwhile.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let file = tempfile::NamedTempFile::new_in(folder)?;
    std::fs::write(file.path(), bytes)?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

fn digest(conversation: &Conversation, index: usize) -> Option<String> {
    let entry = conversation.entries().get(index)?;
    let line = serde_json::to_string(&Line::from(entry)).expect("plain data");
    Some(super::prompt::digest(&line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Entry, EntryKind, Message};

    fn conversation(words: &[&str]) -> Conversation {
        let entry = |word: &&str| Entry {
            turn: 1,
            at: "2026-01-02T03:04:05Z".into(),
            kind: EntryKind::Steer(Message::user(*word)),
        };
        Conversation::new(words.iter().map(entry).collect())
    }

    #[test]
    fn a_native_session_goes_on_where_the_conversation_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("natives/s.json");
        let said = conversation(&["a", "b"]);
        Natives::open(path.clone()).heard("codex", "thread-1".into(), None, &said);
        let natives = Natives::open(path.clone());
        let more = conversation(&["a", "b", "c"]);
        assert_eq!(
            natives.of("codex", &said).map(|thread| (thread.id.as_str(), thread.heard)),
            Some(("thread-1", 2))
        );
        assert!(natives.of("codex", &more).is_some());
        assert!(natives.of("claude", &more).is_none());
        for other in [conversation(&["a"]), conversation(&["a", "x", "c"]), Conversation::default()] {
            assert!(natives.of("codex", &other).is_none(), "it heard what was taken back");
        }
        let mut natives = natives;
        natives.forget("codex");
        assert!(Natives::open(path).of("codex", &said).is_none());
    }

    #[test]
    fn a_file_that_makes_no_sense_is_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.json");
        for text in ["", "{", r#"{"version":9,"threads":{}}"#] {
            std::fs::write(&path, text).unwrap();
            assert!(Natives::open(path.clone()).of("codex", &conversation(&["a"])).is_none());
        }
    }
}
