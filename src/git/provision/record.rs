//! What was put into a worktree, on record in its own folder below `.git/worktrees`, which goes with it: paths that no
//! step may commit, and whether all that it was to get is there.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::git::GitError;
use crate::git::program::{bytes_path, path_bytes};

/// The paths, each behind a letter for what it is, with a zero after it.
const PATHS: &str = "offshoot-provided";
/// There when the worktree has got everything.
const READY: &str = "offshoot-ready";

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A copy of a file, or of a folder with all that is in it.
    Copy,
    Link,
}

/// The record, to be added to.
pub(super) struct Record {
    file: PathBuf,
    known: Provided,
}

/// Paths, relative to the top of the worktree.
#[derive(Debug, Default)]
pub(in crate::git) struct Provided {
    copies: Vec<PathBuf>,
    links: Vec<PathBuf>,
}

impl Record {
    pub fn open(admin: &Path) -> Result<Self, GitError> {
        Ok(Self { file: admin.join(PATHS), known: Provided::of(admin)? })
    }

    pub fn add(&mut self, kind: Kind, paths: &[PathBuf]) -> Result<(), GitError> {
        let (letter, known) = match kind {
            Kind::Copy => (b'c', &mut self.known.copies),
            Kind::Link => (b'l', &mut self.known.links),
        };
        let mut text = Vec::new();
        for path in paths.iter().filter(|path| !known.contains(path)).cloned().collect::<Vec<_>>() {
            text.push(letter);
            text.extend(path_bytes(&path));
            text.push(0);
            known.push(path);
        }
        if text.is_empty() {
            return Ok(());
        }
        let file = fs::File::options().create(true).append(true).open(&self.file);
        file.and_then(|mut file| file.write_all(&text)).map_err(|error| GitError::io(&self.file, error))
    }
}

impl Provided {
    /// What is on record of a worktree, by its own git directory.
    pub fn of(admin: &Path) -> Result<Self, GitError> {
        let file = admin.join(PATHS);
        let text = match fs::read(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(GitError::io(file, error)),
        };
        let mut provided = Self::default();
        for line in text.split(|byte| *byte == 0) {
            match line.split_first() {
                Some((b'c', path)) => provided.copies.push(bytes_path(path)),
                Some((b'l', path)) => provided.links.push(bytes_path(path)),
                _ => {}
            }
        }
        Ok(provided)
    }

    /// Whether a path was put there, or lies in a folder that was.
    pub fn holds(&self, path: &Path) -> bool {
        self.paths().any(|one| path.starts_with(one))
    }

    /// Everything that was put there.
    pub fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.copies.iter().chain(&self.links)
    }

    /// The links.
    pub fn links(&self) -> &[PathBuf] {
        &self.links
    }
}

pub(super) fn is_ready(admin: &Path) -> bool {
    admin.join(READY).exists()
}

pub(super) fn set_ready(admin: &Path, is_ready: bool) -> Result<(), GitError> {
    let marker = admin.join(READY);
    let done = if is_ready { fs::write(&marker, "") } else { fs::remove_file(&marker) };
    match done {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(GitError::io(marker, error)),
        _ => Ok(()),
    }
}
