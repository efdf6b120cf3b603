//! Three-way merges as trees: what two commits come to together, and where they cannot. No worktree, index or
//! reference is touched.
//!
//! By the git program where it is there and new enough, so that a merge comes out as the user's own would; else by
//! libgit2.

mod library;
mod program;

use std::path::PathBuf;

use super::{CommitId, GitError, ObjectId, Repo};

/// What a merge came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The files together. Where they conflict: a text with both versions between markers; of a binary file or a
    /// submodule, ours; of a file that one side deleted, the other side's.
    pub tree: ObjectId,
    /// In the order of their paths, one for each path.
    pub conflicts: Vec<Conflict>,
}

/// A path at which two sides cannot be brought together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// Relative to the top.
    pub path: PathBuf,
    pub kind: ConflictKind,
}

/// What two sides did to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConflictKind {
    BothChanged,
    BothAdded,
    /// Ours deleted it, theirs changed it.
    DeletedByUs,
    DeletedByThem,
    /// A side renamed it and the other one deleted it or renamed it too, or two files came to one name.
    Renamed,
    /// The executable bit, or what kind of file it is.
    Mode,
    Binary,
    Submodule,
    /// A file on one side is a folder on the other.
    FileAndFolder,
}

/// Where the objects of a merge go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Objects {
    Kept,
    ThrownAway,
}

/// The versions of a conflicting path: of the base, ours, theirs. A mode for each that there is.
type Modes = [Option<u32>; 3];

const SUBMODULE: u32 = 0o160_000;
const FORMAT: u32 = 0o170_000;

impl Merged {
    pub fn is_clean(&self) -> bool {
        self.conflicts.is_empty()
    }
}

impl Conflict {
    /// The same as the other side sees it.
    #[must_use]
    pub fn turned(&self) -> Self {
        let kind = match self.kind {
            ConflictKind::DeletedByUs => ConflictKind::DeletedByThem,
            ConflictKind::DeletedByThem => ConflictKind::DeletedByUs,
            kind => kind,
        };
        Self { path: self.path.clone(), kind }
    }
}

impl ConflictKind {
    /// In words, ours being "here".
    pub const fn words(self) -> &'static str {
        match self {
            Self::BothChanged => "changed on both sides",
            Self::BothAdded => "added on both sides",
            Self::DeletedByUs => "deleted here, changed there",
            Self::DeletedByThem => "changed here, deleted there",
            Self::Renamed => "renamed in different ways",
            Self::Mode => "changed its mode in different ways",
            Self::Binary => "binary, changed on both sides",
            Self::Submodule => "a submodule that moved on both sides",
            Self::FileAndFolder => "a file on one side, a folder on the other",
        }
    }

    /// In a word, for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BothChanged => "content",
            Self::BothAdded => "add_add",
            Self::DeletedByUs => "delete_modify",
            Self::DeletedByThem => "modify_delete",
            Self::Renamed => "rename",
            Self::Mode => "mode",
            Self::Binary => "binary",
            Self::Submodule => "submodule",
            Self::FileAndFolder => "file_directory",
        }
    }

    fn of_modes([base, ours, theirs]: Modes) -> Self {
        let is_submodule = |mode: Option<u32>| mode.is_some_and(|mode| mode & FORMAT == SUBMODULE);
        if [base, ours, theirs].into_iter().any(is_submodule) {
            return Self::Submodule;
        }
        match (base, ours, theirs) {
            (None, Some(ours), Some(theirs)) if ours != theirs => Self::Mode,
            (_, Some(ours), Some(theirs)) if ours & FORMAT != theirs & FORMAT => Self::Mode,
            (None, Some(_), Some(_)) => Self::BothAdded,
            (Some(_), None, Some(_)) => Self::DeletedByUs,
            (Some(_), Some(_), None) => Self::DeletedByThem,
            (Some(_), Some(_), Some(_)) => Self::BothChanged,
            // A version without the others is left where names went different ways.
            _ => Self::Renamed,
        }
    }
}

impl Repo {
    /// What `theirs` merged into `ours` comes to. Its objects are written.
    pub fn merge(&self, ours: &CommitId, theirs: &CommitId) -> Result<Merged, GitError> {
        self.merge_with(ours, theirs, Objects::Kept)
    }

    /// What `ours` comes to with the change from `base` to `theirs`, whatever their histories are: a cherry-pick
    /// when `base` is the parent of `theirs`, a revert the other way round.
    pub fn merge_from(
        &self,
        base: &CommitId,
        ours: &CommitId,
        theirs: &CommitId,
    ) -> Result<Merged, GitError> {
        let tree = |commit: &CommitId| self.commit(commit).map(|data| data.tree);
        // A history in which the base is where the two sides parted, for whoever merges.
        let root = self.write_commit(&tree(base)?, &[], "base\n")?;
        let side =
            |commit: &CommitId| self.write_commit(&tree(commit)?, std::slice::from_ref(&root), "side\n");
        self.merge_with(&side(ours)?, &side(theirs)?, Objects::Kept)
    }

    /// What would conflict if `theirs` were merged into `ours`. Nothing stays of looking.
    pub fn conflicts(&self, ours: &CommitId, theirs: &CommitId) -> Result<Vec<Conflict>, GitError> {
        if self.is_ancestor(theirs, ours)? || self.is_ancestor(ours, theirs)? {
            return Ok(Vec::new());
        }
        Ok(self.merge_with(ours, theirs, Objects::ThrownAway)?.conflicts)
    }

    fn merge_with(&self, ours: &CommitId, theirs: &CommitId, objects: Objects) -> Result<Merged, GitError> {
        let by_program = if self.has_program() { self.merge_tree(ours, theirs, objects)? } else { None };
        let mut merged = match by_program {
            Some(merged) => merged,
            None if self.is_library() => self.merge_by_library(ours, theirs, objects)?,
            None => return Err(GitError::OldProgram { needs: "2.38" }),
        };
        merged.conflicts.sort();
        merged.conflicts.dedup_by(|next, before| next.path == before.path);
        Ok(merged)
    }
}

#[cfg(test)]
mod tests;
