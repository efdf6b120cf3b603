//! What of the user's would be lost if a work tree went from one commit to another. Only reads.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::Checkout;
use crate::git::program::{Git, bytes_path};
use crate::git::{ChangeKind, CommitId, GitError, ObjectId, Repo};

/// A path that keeps its work tree from going to another commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Obstacle {
    /// Relative to the top.
    pub path: PathBuf,
    pub why: InTheWay,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum InTheWay {
    /// Changed on disk and not committed.
    Edited,
    /// Changed in the index and not committed.
    Staged,
    /// A file that git does not follow, ignored or not, where another one is to be.
    Untracked,
    /// Left from a merge that somebody has to resolve first.
    Unresolved,
}

/// How a path changes from one commit to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Comes,
    Goes,
    Stays,
}

/// Paths of a file system that may not tell `A` from `a`.
struct Names {
    folds: bool,
}

impl InTheWay {
    pub const fn words(self) -> &'static str {
        match self {
            Self::Edited => "has changes that are not committed",
            Self::Staged => "has staged changes",
            Self::Untracked => "is there and not followed by git",
            Self::Unresolved => "has an unresolved conflict",
        }
    }

    /// In a word, for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Edited => "edited",
            Self::Staged => "staged",
            Self::Untracked => "untracked",
            Self::Unresolved => "unresolved",
        }
    }
}

impl Repo {
    /// The paths in the way, in their order.
    pub fn obstacles(
        &self,
        checkout: &Checkout,
        from: Option<&CommitId>,
        to: &ObjectId,
    ) -> Result<Vec<Obstacle>, GitError> {
        let names = Names { folds: self.ignores_case() };
        let changes = self.changes_of_paths(from, to, &names)?;
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = BTreeSet::new();
        for (path, why) in self.uncommitted(checkout)? {
            if why == InTheWay::Unresolved || is_touched(&changes, &names.key(&path)) {
                found.insert(Obstacle { path, why });
            }
        }
        for (path, _) in changes.values().filter(|(_, change)| *change == Change::Comes) {
            let at = in_place(&checkout.path, path, &changes, &names)?;
            found.extend(at.into_iter().map(|path| Obstacle { path, why: InTheWay::Untracked }));
        }
        for path in self.unwatched(checkout, &changes, &names)? {
            if self.differs_on_disk(checkout, from, &path)? {
                found.insert(Obstacle { path, why: InTheWay::Edited });
            }
        }
        let mut obstacles: Vec<Obstacle> = found.into_iter().collect();
        // Of several reasons the first stays.
        obstacles.dedup_by(|next, before| next.path == before.path);
        Ok(obstacles)
    }

    fn changes_of_paths(
        &self,
        from: Option<&CommitId>,
        to: &ObjectId,
        names: &Names,
    ) -> Result<BTreeMap<PathBuf, (PathBuf, Change)>, GitError> {
        let mut changes = BTreeMap::new();
        let mut note = |path: PathBuf, change: Change| {
            let both = |found: &mut (PathBuf, Change)| {
                // Two names of one file: it goes under the one and comes under the other.
                found.1 = Change::Stays;
            };
            changes.entry(names.key(&path)).and_modify(both).or_insert((path, change));
        };
        for file in self.diff(from.map(CommitId::object), to)?.files {
            match file.kind {
                ChangeKind::Added => note(file.path, Change::Comes),
                ChangeKind::Deleted => note(file.path, Change::Goes),
                ChangeKind::Renamed => {
                    if let Some(old) = file.old_path {
                        note(old, Change::Goes);
                    }
                    note(file.path, Change::Comes);
                }
                ChangeKind::Modified | ChangeKind::ModeChanged | ChangeKind::TypeChanged => {
                    note(file.path, Change::Stays);
                }
            }
        }
        Ok(changes)
    }

    /// What git follows and is not as the head has it.
    fn uncommitted(&self, checkout: &Checkout) -> Result<Vec<(PathBuf, InTheWay)>, GitError> {
        if !self.has_program() {
            return uncommitted_by_library(checkout);
        }
        let out = Git::at(&checkout.path, &checkout.git_dir, "status")
            .args(["--porcelain=v2", "-z", "--untracked-files=no", "--no-renames"])
            .arg("--ignore-submodules=dirty")
            .run()?;
        let mut found = Vec::new();
        for line in out.split(|byte| *byte == 0) {
            // `1 XY …` has six more words before the path, `u XY …` eight.
            let (skipped, is_unresolved) = match line.first() {
                Some(b'1') => (8, false),
                Some(b'u') => (10, true),
                _ => continue,
            };
            let Some(path) = line.splitn(skipped + 1, |byte| *byte == b' ').nth(skipped) else { continue };
            let is_staged = line.get(2).is_some_and(|state| *state != b'.');
            let why = match (is_unresolved, is_staged) {
                (true, _) => InTheWay::Unresolved,
                (false, true) => InTheWay::Staged,
                (false, false) => InTheWay::Edited,
            };
            found.push((bytes_path(path), why));
        }
        Ok(found)
    }

    /// Paths that are to change and that git was told not to look at: what status does not tell of.
    fn unwatched(
        &self,
        checkout: &Checkout,
        changes: &BTreeMap<PathBuf, (PathBuf, Change)>,
        names: &Names,
    ) -> Result<Vec<PathBuf>, GitError> {
        if !self.has_program() {
            return Ok(Vec::new());
        }
        let out =
            Git::at(&checkout.path, &checkout.git_dir, "ls-files").args(["-v", "-z", "--full-name"]).run()?;
        let lines = out.split(|byte| *byte == 0).filter_map(|line| line.split_at_checked(2));
        let unwatched = lines.filter(|(tag, _)| tag[0] == b'S' || tag[0].is_ascii_lowercase());
        let paths = unwatched.map(|(_, path)| bytes_path(path));
        Ok(paths.filter(|path| changes.contains_key(&names.key(path))).collect())
    }

    /// Whether a file is there and is not what a commit has.
    fn differs_on_disk(
        &self,
        checkout: &Checkout,
        commit: Option<&CommitId>,
        path: &Path,
    ) -> Result<bool, GitError> {
        let on_disk = checkout.path.join(path);
        if !on_disk.symlink_metadata().is_ok_and(|meta| meta.is_file()) {
            return Ok(false);
        }
        let Some(commit) = commit else { return Ok(true) };
        let own = Git::at(&checkout.path, &checkout.git_dir, "hash-object")
            .arg("--path")
            .arg(path)
            .arg("--")
            .arg(&on_disk)
            .line()?;
        let spec = [format!("{commit}:").into_bytes(), crate::git::program::path_bytes(path)].concat();
        let theirs = self.git("rev-parse").args(["--verify", "--quiet"]).arg(bytes_path(&spec)).line()?;
        Ok(own != theirs)
    }

    fn ignores_case(&self) -> bool {
        let told = if self.is_library() {
            self.library().and_then(|repo| {
                let config = repo.config().map_err(|e| GitError::library("read the settings", &e))?;
                Ok(config.get_bool("core.ignorecase").unwrap_or(false))
            })
        } else {
            let answer = self.git("config").args(["--type=bool", "--get", "core.ignorecase"]).answer();
            answer.map(|answer| answer.out.trim_ascii() == b"true")
        };
        told.unwrap_or(false)
    }
}

impl Names {
    /// What is the same for two names of one file.
    fn key(&self, path: &Path) -> PathBuf {
        if self.folds { PathBuf::from(path.to_string_lossy().to_lowercase()) } else { path.to_owned() }
    }
}

/// Whether a path is to change, or is a folder of one that is, or lies below one.
fn is_touched(changes: &BTreeMap<PathBuf, (PathBuf, Change)>, key: &Path) -> bool {
    key.ancestors().any(|above| changes.contains_key(above))
        || changes.range(key.to_owned()..).next().is_some_and(|(next, _)| next.starts_with(key))
}

/// What is where a file is to come and does not go by itself.
fn in_place(
    top: &Path,
    path: &Path,
    changes: &BTreeMap<PathBuf, (PathBuf, Change)>,
    names: &Names,
) -> Result<Vec<PathBuf>, GitError> {
    let goes = |path: &Path| {
        let found = changes.get(&names.key(path));
        found.is_some_and(|(_, change)| *change != Change::Comes)
    };
    let mut folders: Vec<&Path> = path.ancestors().skip(1).filter(|p| !p.as_os_str().is_empty()).collect();
    folders.reverse();
    for folder in folders {
        match top.join(folder).symlink_metadata() {
            Ok(meta) if meta.is_dir() => {}
            // A file, or a link that leads elsewhere.
            Ok(_) if goes(folder) => return Ok(Vec::new()),
            Ok(_) => return Ok(vec![folder.to_owned()]),
            Err(_) => return Ok(Vec::new()),
        }
    }
    let Ok(meta) = top.join(path).symlink_metadata() else { return Ok(Vec::new()) };
    if !meta.is_dir() {
        return Ok(if goes(path) { Vec::new() } else { vec![path.to_owned()] });
    }
    let mut left = Vec::new();
    files_below(top, path, &mut |file| {
        if !goes(file) {
            left.push(file.to_owned());
        }
    })?;
    Ok(left)
}

fn files_below(top: &Path, folder: &Path, visit: &mut dyn FnMut(&Path)) -> Result<(), GitError> {
    let place = top.join(folder);
    for entry in fs::read_dir(&place).map_err(|e| GitError::io(&place, e))? {
        let entry = entry.map_err(|e| GitError::io(&place, e))?;
        let path = folder.join(entry.file_name());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            files_below(top, &path, visit)?;
        } else {
            visit(&path);
        }
    }
    Ok(())
}

fn uncommitted_by_library(checkout: &Checkout) -> Result<Vec<(PathBuf, InTheWay)>, GitError> {
    let failed = |e: git2::Error| GitError::library("look at the work tree", &e);
    let repo = git2::Repository::open(&checkout.git_dir).map_err(failed)?;
    let mut options = git2::StatusOptions::new();
    options.include_untracked(false).include_ignored(false).exclude_submodules(true);
    let found = repo.statuses(Some(&mut options)).map_err(failed)?;
    let told = found.iter().filter_map(|entry| {
        let status = entry.status();
        let why = if status.is_conflicted() {
            InTheWay::Unresolved
        } else if status.intersects(git2::Status::from_bits_truncate(0b1_1111)) {
            InTheWay::Staged
        } else if status.is_empty() {
            return None;
        } else {
            InTheWay::Edited
        };
        Some((bytes_path(entry.path_bytes()), why))
    });
    Ok(told.collect())
}
