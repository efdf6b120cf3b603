//! After a crash in the middle of carrying a branch: ended where all files were there, else taken back.

use std::path::PathBuf;

use super::note::Note;
use super::{Checkout, Leg};
use crate::git::{Expect, GitError, Repo, locks};

/// What became of a branch that was being carried when its carrier died.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    pub branch: String,
    pub path: PathBuf,
    /// It stands at the new commit; else everything is as it was before.
    pub is_there: bool,
}

impl Repo {
    /// Ends or takes back what a killed process was at. Does nothing while that lives.
    pub fn settle_carries(&self) -> Result<Vec<Settled>, GitError> {
        // Held until all is settled. One leg may have begun in several work trees.
        let mut notes = Vec::new();
        let mut begun: Vec<(Leg, Vec<Checkout>)> = Vec::new();
        for held in self.worktrees()?.into_iter().filter(|held| !held.is_missing) {
            let Some(git_dir) = self.git_dir_of(&held)? else { continue };
            let checkout = Checkout { path: held.path, git_dir, is_main: held.is_main };
            let Some((note, leg)) = Note::left(&checkout)? else { continue };
            notes.push(note);
            // One that broke off in the middle of the note had not begun.
            let Some(leg) = leg else { continue };
            match begun.iter_mut().find(|(one, _)| *one == leg) {
                Some((_, checkouts)) => checkouts.push(checkout),
                None => begun.push((leg, vec![checkout])),
            }
        }
        let mut settled = Vec::new();
        for (leg, checkouts) in begun {
            let is_there = self.settle(&leg, &checkouts)?;
            settled.extend(checkouts.into_iter().map(|checkout| Settled {
                branch: leg.branch.clone(),
                path: checkout.path,
                is_there,
            }));
        }
        Ok(settled)
    }

    /// Moves the branch when every work tree is written to the end, else puts back what was written. `true` when the
    /// branch is where the leg leads.
    fn settle(&self, leg: &Leg, checkouts: &[Checkout]) -> Result<bool, GitError> {
        self.let_go(leg)?;
        let at = self.read_ref(&leg.ref_name())?;
        if at.as_ref() == Some(&leg.to) {
            return Ok(true);
        }
        if at != leg.from {
            // The user went on meanwhile: what is there is theirs.
            return Ok(false);
        }
        for checkout in checkouts {
            // A git that outlived its owner may be at it; one that died with it left the lock.
            locks::clear(&checkout.index_lock(), &[&checkout.path, &checkout.git_dir])?;
        }
        if self.is_written(leg, checkouts)? {
            let expect = leg.from.as_ref().map_or(Expect::Absent, Expect::At);
            if self.update_ref(&leg.ref_name(), &leg.to, expect, "offshoot: landed, after a crash").is_ok() {
                return Ok(true);
            }
        }
        for checkout in checkouts {
            self.put_back(checkout, leg)?;
        }
        Ok(false)
    }

    /// By the indexes: those are written after the files.
    fn is_written(&self, leg: &Leg, checkouts: &[Checkout]) -> Result<bool, GitError> {
        let changed = self.paths_of(leg)?;
        for checkout in checkouts {
            let differs = self.index_against(checkout, &leg.to)?;
            if changed.iter().any(|(path, _)| differs.contains(path)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
