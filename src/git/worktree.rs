//! One worktree on one branch: its steps become commits.

use std::path::{Path, PathBuf};

use super::repo::{Head, decide, library_head, program_head};
use super::rules::Rules;
use super::stage::{Ground, IndexUse};
use super::{CommitId, DiffStat, Engine, Expect, GitError, LeftOut, ObjectId, Repo, Touched};

/// A worktree on its branch. Keeps its handle and index open, so a step costs what it changed.
pub struct Worktree {
    repo: Repo,
    path: PathBuf,
    git_dir: PathBuf,
    branch: String,
    /// Nothing where the program serves.
    library: Option<git2::Repository>,
    left_out: Vec<LeftOut>,
}

/// A step that changed files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    pub commit: CommitId,
    pub tree: ObjectId,
    /// Against the first parent.
    pub stat: DiffStat,
    pub left_out: Vec<LeftOut>,
}

/// What a step may carry besides its files.
#[derive(Debug, Clone, Default)]
pub struct StepOptions {
    /// Parents after the branch's head, for a merge. With any, a commit is made in every case.
    pub extra_parents: Vec<CommitId>,
    pub empty: Empty,
}

/// What to do when no file changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Empty {
    /// No commit.
    #[default]
    Skip,
    /// A commit with the tree of its parent.
    Keep,
}

impl Worktree {
    pub(super) fn open(repo: &Repo, path: &Path, git_dir: &Path, branch: &str) -> Result<Self, GitError> {
        let mut library = None;
        if repo.is_library() {
            let handle =
                git2::Repository::open(git_dir).map_err(|e| GitError::library("open the worktree", &e))?;
            match decide(&handle)? {
                Engine::Library => library = Some(handle),
                Engine::Program { because } => repo.needs_program(&because)?,
            }
        }
        Ok(Self {
            repo: repo.clone(),
            path: path.to_owned(),
            git_dir: git_dir.to_owned(),
            branch: branch.to_owned(),
            library,
            left_out: Vec::new(),
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Without `refs/heads/`.
    pub fn branch(&self) -> &str {
        &self.branch
    }

    pub fn repo(&self) -> &Repo {
        &self.repo
    }

    /// The branch's tip. An error when somebody switched the worktree to another branch.
    pub fn head(&self) -> Result<Option<CommitId>, GitError> {
        if !self.path.is_dir() {
            return Err(GitError::WorktreeMissing { path: self.path.clone() });
        }
        let Head { branch, commit } = match &self.library {
            Some(library) => library_head(library, &self.git_dir)?,
            None => program_head(&self.path, Some(&self.git_dir))?,
        };
        if branch.as_deref() == Some(&*self.branch) {
            return Ok(commit);
        }
        let found = branch.map_or("a detached commit".to_owned(), |b| format!("branch {b:?}"));
        Err(GitError::WrongBranch { path: self.path.clone(), expected: self.branch.clone(), found })
    }

    /// Commits what changed on top of the branch's head, whoever moved it there, and brings the
    /// worktree's index up to date. Gives nothing when no file changed. `message` is asked once the
    /// difference is known. No hook runs, nothing is signed.
    pub fn commit(
        &mut self,
        touched: &Touched,
        message: &dyn Fn(&DiffStat) -> String,
        options: &StepOptions,
    ) -> Result<Option<Committed>, GitError> {
        self.left_out.clear();
        self.wait_for_index()?;
        let name = format!("refs/heads/{}", self.branch);
        let mut tries = 0;
        loop {
            tries += 1;
            let head = self.head()?;
            let staged = self.ground().stage(head.as_ref(), touched, &Rules::STEP, IndexUse::Write)?;
            self.left_out.clone_from(&staged.left_out);
            let base = head.as_ref().map(|id| self.repo.commit(id)).transpose()?.map(|c| c.tree);
            let unchanged = match &base {
                Some(tree) => *tree == staged.tree,
                None => staged.tree == staged.tree.empty_tree_like(),
            };
            if unchanged && options.empty == Empty::Skip && options.extra_parents.is_empty() {
                return Ok(None);
            }
            let stat = self.repo.diff(base.as_ref(), &staged.tree)?;
            let mut parents: Vec<CommitId> = head.iter().cloned().collect();
            parents.extend(options.extra_parents.iter().cloned());
            let text = message(&stat);
            let commit = self.repo.write_commit(&staged.tree, &parents, &text)?;
            let expect = head.as_ref().map_or(Expect::Absent, Expect::At);
            let reason = format!("commit: {}", text.lines().next().unwrap_or_default());
            match self.repo.update_ref(&name, &commit, expect, &reason) {
                Ok(()) => {
                    let left_out = staged.left_out;
                    return Ok(Some(Committed { commit, tree: staged.tree, stat, left_out }));
                }
                Err(GitError::RefMoved { .. } | GitError::RefExists { .. }) if tries < 4 => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// What the latest [`Worktree::commit`] saw and did not take, also when it made no commit.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// Whether anything differs from the branch's head, new files included.
    pub fn is_dirty(&self) -> Result<bool, GitError> {
        self.head()?;
        Ok(!self.ground().scan()?.is_empty())
    }

    /// The tree that a step would commit now. Writes objects, but neither index nor branch.
    pub fn tree_now(&self) -> Result<ObjectId, GitError> {
        let head = self.head()?;
        // An index in memory must not keep what was only tried.
        let fresh = match &self.library {
            Some(_) => Some(
                git2::Repository::open(&self.git_dir)
                    .map_err(|e| GitError::library("open the worktree", &e))?,
            ),
            None => None,
        };
        let ground = Ground { library: fresh.as_ref(), ..self.ground() };
        Ok(ground.stage(head.as_ref(), &Touched::Scan, &Rules::STEP, IndexUse::Leave)?.tree)
    }

    /// The worktree's own git directory, `.git/worktrees/<name>` of the repository.
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    pub(super) fn library(&self) -> Option<&git2::Repository> {
        self.library.as_ref()
    }

    /// Waits a little for another git process to be done with the index. The lock is not removed here:
    /// whoever works in the worktree besides us may own it.
    pub(super) fn wait_for_index(&self) -> Result<(), GitError> {
        super::locks::wait_for(&self.git_dir.join("index.lock"))
    }

    /// Removes what a killed process of ours left locked, before anything is done in the worktree.
    pub(super) fn clear_locks(&self) -> Result<(), GitError> {
        // Of the index, the head, and whatever else git writes there: `AUTO_MERGE` for one.
        let entries = std::fs::read_dir(&self.git_dir).map_err(|e| GitError::io(&self.git_dir, e))?;
        for lock in entries.flatten().map(|entry| entry.path()) {
            if lock.extension().is_some_and(|extension| extension == "lock") {
                super::locks::clear(&lock, &[&self.path, &self.git_dir])?;
            }
        }
        Ok(())
    }

    pub(super) fn ground(&self) -> Ground<'_> {
        Ground { repo: &self.repo, top: &self.path, git_dir: &self.git_dir, library: self.library.as_ref() }
    }
}

impl std::fmt::Debug for Worktree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worktree").field("path", &self.path).field("branch", &self.branch).finish()
    }
}
