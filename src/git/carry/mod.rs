//! Bringing the work trees in which a branch is checked out to the branch's next commit, with the branch itself.
//! What is not committed there stays as it is, byte for byte; where that cannot be, nothing is changed.
//!
//! First all is looked at, then files and indexes are written, then the branch is moved by compare-and-swap. A note in
//! the git directory of each work tree says what is under way, so that whoever comes after a crash can end it or
//! take it back: see [`Repo::settle_carries`].

mod files;
mod obstacles;
mod settle;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

pub use obstacles::{InTheWay, Obstacle};
pub use settle::Settled;

use super::{CommitId, Expect, GitError, Repo, locks};

/// A work tree in which a branch is checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    pub path: PathBuf,
    /// What is the work tree's own: its index, its head.
    git_dir: PathBuf,
    /// The one that the repository was made with.
    pub is_main: bool,
}

/// From which commit to which a branch is carried; from nothing, when it has no commit yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Leg {
    pub branch: String,
    pub from: Option<CommitId>,
    pub to: CommitId,
}

/// The note of what is under way in a work tree. Held locked while somebody is at it.
struct Note {
    path: PathBuf,
    /// Locked as long as it is open.
    _file: File,
}

const NOTE: &str = "offshoot-landing";

impl Checkout {
    /// What the user is in the middle of there: nobody else may move the branch meanwhile.
    pub fn under_way(&self) -> Option<&'static str> {
        under_way(&self.git_dir)
    }

    pub(super) fn index_lock(&self) -> PathBuf {
        self.git_dir.join("index.lock")
    }
}

impl Repo {
    /// The work trees that have a branch checked out, also one that is in the middle of a rebase of it.
    pub fn checkouts(&self, branch: &str) -> Result<Vec<Checkout>, GitError> {
        let name = format!("refs/heads/{branch}");
        let mut found = Vec::new();
        for held in self.worktrees()?.into_iter().filter(|held| !held.is_missing) {
            let Some(git_dir) = self.git_dir_of(&held)? else { continue };
            if held.branch.as_deref() == Some(branch) || is_rebased(&git_dir, &name) {
                found.push(Checkout { path: held.path, git_dir, is_main: held.is_main });
            }
        }
        Ok(found)
    }

    /// Why a branch cannot be carried to a commit or a tree: what is under way in its work trees, or what of theirs
    /// would be lost.
    ///
    /// # Errors
    /// [`GitError::UnderWay`] and [`GitError::InTheWay`], besides those of looking.
    pub fn check_carry(
        &self,
        checkouts: &[Checkout],
        from: Option<&CommitId>,
        to: &CommitId,
    ) -> Result<(), GitError> {
        for checkout in checkouts {
            if let Some(doing) = checkout.under_way() {
                return Err(GitError::UnderWay { path: checkout.path.clone(), doing });
            }
            let obstacles = self.obstacles(checkout, from, to)?;
            if !obstacles.is_empty() {
                return Err(GitError::InTheWay { path: checkout.path.clone(), obstacles });
            }
        }
        Ok(())
    }

    /// Moves a branch from one commit to another, and the files of the work trees that have it checked out with it.
    /// Gives those work trees. `reason` goes to the branch's log.
    ///
    /// # Errors
    /// When something would be lost, or the branch is not where it was said to be. Then nothing is changed.
    pub fn carry(
        &self,
        branch: &str,
        from: Option<&CommitId>,
        to: &CommitId,
        reason: &str,
    ) -> Result<Vec<Checkout>, GitError> {
        self.settle_carries()?;
        let leg = Leg { branch: branch.to_owned(), from: from.cloned(), to: to.clone() };
        let name = format!("refs/heads/{branch}");
        let checkouts = self.checkouts(branch)?;
        let found = self.read_ref(&name)?;
        if found.as_ref() != from {
            return Err(GitError::RefMoved { name, expected: from.cloned(), found });
        }
        let mut notes = Vec::new();
        for checkout in &checkouts {
            locks::wait_for(&checkout.index_lock())?;
            notes.push(Note::write(checkout, &leg)?);
        }
        // Looked at with the notes in place: two of ours are never at the same files.
        self.check_carry(&checkouts, from, to)?;
        let expect = from.map_or(Expect::Absent, Expect::At);
        let carried = checkouts
            .iter()
            .try_for_each(|checkout| self.put_files(checkout, from, to))
            .and_then(|()| self.update_ref(&name, to, expect, reason));
        if carried.is_err() {
            for checkout in &checkouts {
                self.take_back(checkout, &leg)?;
            }
        }
        carried.map(|()| checkouts)
    }
}

impl Note {
    fn write(checkout: &Checkout, leg: &Leg) -> Result<Self, GitError> {
        let path = checkout.git_dir.join(NOTE);
        let failed = |e: io::Error| GitError::io(&path, e);
        let mut file = match File::options().write(true).create_new(true).open(&path) {
            Ok(file) => file,
            // Somebody is at it, or was and died: that has to be settled first.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                return Err(GitError::UnderWay { path: checkout.path.clone(), doing: "landing" });
            }
            Err(e) => return Err(failed(e)),
        };
        file.lock().map_err(failed)?;
        let from = leg.from.as_ref().map_or("nothing", |from| from.as_str());
        let text = format!("{}\n{from}\n{}\nend\n", leg.branch, leg.to);
        file.write_all(text.as_bytes()).and_then(|()| file.sync_data()).map_err(failed)?;
        Ok(Self { path, _file: file })
    }

    /// The note of somebody who died at it. The leg is nothing when they had hardly begun.
    fn left(checkout: &Checkout) -> Result<Option<(Self, Option<Leg>)>, GitError> {
        let path = checkout.git_dir.join(NOTE);
        let failed = |e: io::Error| GitError::io(&path, e);
        let mut file = match File::options().read(true).write(true).open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(failed(e)),
        };
        if file.try_lock().is_err() {
            return Ok(None);
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(failed)?;
        let leg = match text.lines().collect::<Vec<_>>()[..] {
            [branch, from, to, "end"] => CommitId::parse(to).ok().map(|to| Leg {
                branch: branch.to_owned(),
                from: CommitId::parse(from).ok(),
                to,
            }),
            _ => None,
        };
        Ok(Some((Self { path, _file: file }, leg)))
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        // While it is locked still: nobody can take it for one that was left.
        let _ = fs::remove_file(&self.path);
    }
}

/// What somebody is in the middle of, by the files that git keeps for it.
pub(super) fn under_way(git_dir: &Path) -> Option<&'static str> {
    [
        ("MERGE_HEAD", "merge"),
        ("CHERRY_PICK_HEAD", "cherry-pick"),
        ("REVERT_HEAD", "revert"),
        ("rebase-merge", "rebase"),
        ("rebase-apply", "rebase"),
    ]
    .into_iter()
    .find_map(|(file, doing)| git_dir.join(file).exists().then_some(doing))
}

fn is_rebased(git_dir: &Path, name: &str) -> bool {
    ["rebase-merge/head-name", "rebase-apply/head-name"]
        .iter()
        .any(|file| fs::read_to_string(git_dir.join(file)).is_ok_and(|text| text.trim() == name))
}

#[cfg(test)]
mod tests;
