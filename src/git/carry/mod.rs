//! Bringing the work trees in which a branch is checked out to the branch's next commit, with the branch itself.
//! What is not committed there stays as it is, byte for byte; where that cannot be, nothing is changed.
//!
//! First all is looked at. Then the branch is held where it is, files and indexes are written, and the branch is moved. A
//! note in the git directory of each work tree says what is under way, so that whoever comes after a crash can end it
//! or take it back: see [`Repo::settle_carries`].

mod files;
mod hold;
mod note;
mod obstacles;
mod put_back;
mod settle;

use std::fs;
use std::path::{Path, PathBuf};

pub use obstacles::{InTheWay, Obstacle};
pub use settle::Settled;

use super::{CommitId, GitError, Repo, locks};
use note::Note;

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

impl Leg {
    fn ref_name(&self) -> String {
        format!("refs/heads/{}", self.branch)
    }
}

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
        let checkouts = self.checkouts(branch)?;
        self.expect_start(&leg)?;
        let mut notes = Vec::new();
        for checkout in &checkouts {
            locks::wait_for(&checkout.index_lock())?;
            notes.push(Note::write(checkout, &leg)?);
        }
        // Looked at with the notes in place: two of ours are never at the same files.
        self.check_carry(&checkouts, from, to)?;
        self.bring(&checkouts, &leg, reason)?;
        Ok(checkouts)
    }

    /// Writes the files and moves the branch, or leaves all as it was.
    fn bring(&self, checkouts: &[Checkout], leg: &Leg, reason: &str) -> Result<(), GitError> {
        for checkout in checkouts {
            self.refresh_index(checkout)?;
        }
        let mut begun = 0;
        let brought = self.moving(leg, reason, || {
            // Looking took its time: the user may have switched branches meanwhile.
            self.expect_checkouts(checkouts, leg)?;
            for checkout in checkouts {
                begun += 1;
                self.put_files(checkout, leg.from.as_ref(), &leg.to)?;
            }
            Ok(())
        });
        let Err(error) = brought else { return Ok(()) };
        // Each of them, whatever becomes of the others. What went wrong first is told.
        for checkout in &checkouts[..begun] {
            let _ = self.put_back(checkout, leg);
        }
        Err(error)
    }

    /// That the same work trees as before have the branch checked out.
    fn expect_checkouts(&self, checkouts: &[Checkout], leg: &Leg) -> Result<(), GitError> {
        let now = self.checkouts(&leg.branch)?;
        let gone = checkouts.iter().find(|checkout| !now.contains(checkout));
        match gone.or_else(|| now.iter().find(|checkout| !checkouts.contains(checkout))) {
            Some(checkout) => {
                Err(GitError::UnderWay { path: checkout.path.clone(), doing: "switch of branches" })
            }
            None => Ok(()),
        }
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
