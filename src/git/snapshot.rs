//! The user's uncommitted work as a commit of its own, made without a trace in their checkout.

use super::rules::Rules;
use super::stage::{Ground, IndexUse};
use super::{CommitId, GitError, LeftOut, Repo, Touched};

/// By which a snapshot is known again.
pub(super) const MESSAGE: &str = "Uncommitted work of the checkout\n";

/// The user's uncommitted work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// A commit on top of the head; the head itself when all that was found had to be left out.
    pub commit: CommitId,
    pub left_out: Vec<LeftOut>,
}

impl Repo {
    /// Whether files differ from the head, are staged, or are new and not ignored.
    pub fn has_uncommitted(&self) -> Result<bool, GitError> {
        self.on_checkout(|ground| Ok(!ground.scan()?.is_empty()))
    }

    /// Changed, staged, deleted and new files of the checkout as a commit that no reference names.
    /// Nothing when there are none. Ignored files are never in it, nor new ones that look like
    /// secrets or are large.
    pub fn snapshot(&self) -> Result<Option<Snapshot>, GitError> {
        let head = self.head()?.commit;
        let staged = self.on_checkout(|ground| {
            ground.stage(head.as_ref(), &Touched::Scan, &Rules::SNAPSHOT, IndexUse::Leave)
        })?;
        let base = match &head {
            Some(id) => self.commit(id)?.tree,
            None => self.empty_tree()?,
        };
        if staged.tree == base && staged.left_out.is_empty() {
            return Ok(None);
        }
        let commit = match head {
            Some(head) if staged.tree == base => head,
            head => {
                let parents: Vec<CommitId> = head.into_iter().collect();
                self.write_commit(&staged.tree, &parents, MESSAGE)?
            }
        };
        Ok(Some(Snapshot { commit, left_out: staged.left_out }))
    }

    /// With a libgit2 handle of its own: what is put into its index must not stay in a shared one.
    pub(super) fn on_checkout<T>(
        &self,
        act: impl FnOnce(&Ground<'_>) -> Result<T, GitError>,
    ) -> Result<T, GitError> {
        let library = if self.is_library() {
            Some(
                git2::Repository::open(self.git_dir())
                    .map_err(|e| GitError::library("open the repository", &e))?,
            )
        } else {
            None
        };
        act(&Ground { repo: self, top: self.checkout(), git_dir: self.git_dir(), library: library.as_ref() })
    }
}
