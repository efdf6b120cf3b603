//! Writing the files and the index of a work tree: those that differ between two commits, and no others.

use git2::build::CheckoutBuilder;

use super::Checkout;
use crate::git::program::Git;
use crate::git::{CommitId, GitError, Repo};

impl Repo {
    /// What only looks changed, since it was touched, would pass for changed.
    pub(super) fn refresh_index(&self, checkout: &Checkout) -> Result<(), GitError> {
        if !self.has_program() {
            return Ok(());
        }
        let git = Git::at(&checkout.path, &checkout.git_dir, "update-index");
        git.args(["-q", "--refresh"]).answer().map(drop)
    }

    /// From one commit's files to another's. By the program where there is one, since only it runs filters and
    /// knows sparse checkouts; it refuses by itself what would lose something.
    pub(super) fn put_files(
        &self,
        checkout: &Checkout,
        from: Option<&CommitId>,
        to: &CommitId,
    ) -> Result<(), GitError> {
        if !self.has_program() {
            return put_by_library(checkout, to);
        }
        let from = match from {
            Some(from) => from.to_string(),
            None => self.empty_tree()?.to_string(),
        };
        Git::at(&checkout.path, &checkout.git_dir, "read-tree")
            .args(["-m", "-u", &from, to.as_str()])
            .run()
            .map(drop)
    }
}

pub(super) fn put_by_library(checkout: &Checkout, to: &CommitId) -> Result<(), GitError> {
    let failed = |e: git2::Error| GitError::library("check files out", &e);
    let repo = git2::Repository::open(&checkout.git_dir).map_err(failed)?;
    let commit = repo.find_object(to.oid()?, None).map_err(failed)?;
    let mut how = CheckoutBuilder::new();
    how.safe().recreate_missing(false).overwrite_ignored(false);
    repo.checkout_tree(&commit, Some(&mut how)).map_err(failed)
}
