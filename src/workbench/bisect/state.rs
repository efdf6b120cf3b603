//! What is known of commits so far, on disk: a search goes on after it was interrupted or killed, and tries nothing
//! twice. One file for each session and command.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::search::Verdict;
use crate::agent::Failure;
use crate::chat::ErrorClass;
use crate::config::Paths;

/// A search as it stands on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// Of this format: 1.
    version: u32,
    pub session: String,
    pub command: String,
    /// The commits between which the search goes, in full.
    pub from: String,
    pub to: String,
    pub verdicts: BTreeMap<String, Told>,
    /// When something was last added, in milliseconds since 1970.
    pub updated: u64,
}

/// What the command said of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub verdict: Verdict,
    pub exit: i32,
}

/// Where the searches of a repository are.
#[derive(Debug, Clone)]
pub(super) struct Store {
    folder: PathBuf,
}

const VERSION: u32 = 1;

impl State {
    pub fn new(session: &str, command: &str, from: &str, to: &str) -> Self {
        let text = str::to_owned;
        Self {
            version: VERSION,
            session: text(session),
            command: text(command),
            from: text(from),
            to: text(to),
            verdicts: BTreeMap::new(),
            updated: 0,
        }
    }

    pub fn key(&self) -> String {
        key(&self.session, &self.command)
    }
}

/// The name of the search of a session with a command.
pub(super) fn key(session: &str, command: &str) -> String {
    let digest = Sha256::digest(format!("{session}\0{command}"));
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

impl Store {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file that cannot be read tells nothing: the search begins anew.
    pub fn read(&self, key: &str) -> Option<State> {
        let text = fs::read(self.file(key)).ok()?;
        serde_json::from_slice::<State>(&text).ok().filter(|state| state.version == VERSION)
    }

    /// All searches that did not end, the last one worked on first.
    pub fn all(&self) -> Vec<State> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut found: Vec<State> = names.filter_map(|name| self.read(name.strip_suffix(".json")?)).collect();
        found.sort_by_key(|state| std::cmp::Reverse(state.updated));
        found
    }

    /// Puts it on disk, whole or not at all.
    pub fn write(&self, state: &State) -> Result<(), Failure> {
        let file = self.file(&state.key());
        let failed = |error: &dyn std::fmt::Display| {
            Failure::new(ErrorClass::Internal, format!("cannot write {}: {error}", file.display()))
                .hint("check the disk and the permissions of the state directory")
        };
        Paths::create(&self.folder).map_err(|error| failed(&error))?;
        let text = serde_json::to_vec_pretty(state).map_err(|error| failed(&error))?;
        let new = file.with_extension("new");
        let write = || -> io::Result<()> {
            let mut out = fs::File::create(&new)?;
            out.write_all(&text)?;
            out.sync_all()?;
            fs::rename(&new, &file)
        };
        write().map_err(|error| failed(&error))
    }

    /// Nothing more is to be known of it.
    pub fn forget(&self, key: &str) {
        let _ = fs::remove_file(self.file(key));
    }

    fn file(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().join("deep/er"));
        assert_eq!((store.all(), store.read("x")), (Vec::new(), None));
        let mut one = State::new("S", "cargo test", "a", "b");
        one.verdicts.insert("c".into(), Told { verdict: Verdict::Bad, exit: 1 });
        one.updated = 1;
        let two = State { updated: 2, ..State::new("S", "make", "a", "b") };
        for state in [&one, &two] {
            store.write(state).unwrap();
        }
        assert_eq!(store.all(), [two.clone(), one.clone()]);
        assert_eq!(store.read(&key("S", "cargo test")), Some(one));
        fs::write(store.file(&two.key()), "{").unwrap();
        assert_eq!(store.read(&two.key()), None);
        store.forget(&two.key());
        assert_eq!(store.all().len(), 1);
    }
}
