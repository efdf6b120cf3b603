//! Moving a branch and the files of its worktree to another commit.

use git2::build::CheckoutBuilder;

use super::program::Git;
use super::{CommitId, DiffStat, Expect, GitError, Worktree};

impl Worktree {
    /// What [`Worktree::reset_to`] would do to committed files: deleted ones are to be removed.
    pub fn reset_preview(&self, to: &CommitId) -> Result<DiffStat, GitError> {
        let head = self.head()?;
        self.repo().diff(head.as_ref().map(CommitId::object), to)
    }

    /// Moves the branch to a commit, and the files with it: those that only newer commits have are
    /// removed, ignored and new ones stay. Changes that were not committed are lost, so commit first.
    pub fn reset_to(&mut self, to: &CommitId) -> Result<(), GitError> {
        self.wait_for_index()?;
        let head = self.head()?;
        self.repo().commit(to)?;
        self.put_files(to)?;
        let name = format!("refs/heads/{}", self.branch());
        let expect = head.as_ref().map_or(Expect::Absent, Expect::At);
        let moved = self.repo().update_ref(&name, to, expect, "reset: moving to an earlier step");
        if moved.is_err()
            && let Ok(Some(head)) = self.head()
        {
            self.put_files(&head)?;
        }
        moved
    }

    /// By the program where there is one, since only it runs filters and knows sparse checkouts.
    fn put_files(&self, to: &CommitId) -> Result<(), GitError> {
        match self.library() {
            Some(library) if !self.repo().has_program() => {
                let failed = |e: &git2::Error| GitError::library("check files out", e);
                let commit = library.find_object(to.oid()?, None).map_err(|e| failed(&e))?;
                library.checkout_tree(&commit, Some(CheckoutBuilder::new().force())).map_err(|e| failed(&e))
            }
            _ => Git::at(self.path(), self.git_dir(), "read-tree")
                .args(["--reset", "-u", to.as_str()])
                .run()
                .map(drop),
        }
    }
}
