//! Whether a branch's changes are in another branch already, however they came there.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::SessionError;
use crate::git::{CommitId, ObjectId, Repo};

/// Commits of the other branch that are looked through for a squash or a pick.
const MOST_COMMITS: usize = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landed {
    /// The branch changes nothing.
    Nothing,
    /// All its commits are in the history of the other one.
    Merged,
    /// One commit there makes the same change as the whole branch.
    Squashed,
    /// For each of its commits there is one that makes the same change.
    Picked,
    /// The changes of so many commits are on this branch only.
    No { commits: usize },
}

impl Landed {
    /// Whether nothing would be lost without the branch.
    pub fn is_safe(self) -> bool {
        !matches!(self, Self::No { .. })
    }
}

/// How `head` stands to `into`, for example the user's branch. Changes are told by what they add and
/// remove, not by line numbers, as `git patch-id` does.
pub fn landed(repo: &Repo, head: &CommitId, into: &CommitId) -> Result<Landed, SessionError> {
    if repo.is_ancestor(head, into)? {
        return Ok(Landed::Merged);
    }
    let base = repo.merge_base(head, into)?;
    let whole = patch_id(repo, base.as_deref(), head)?;
    let Some(whole) = whole else { return Ok(Landed::Nothing) };

    let mut there = HashSet::new();
    for commit in repo.first_parents(into).take(MOST_COMMITS) {
        let commit = commit?;
        if Some(&commit.id) == base.as_ref() {
            break;
        }
        there.extend(patch_id(repo, commit.parents.first().map(|p| &**p), &commit.id)?);
    }
    if there.contains(&whole) {
        return Ok(Landed::Squashed);
    }
    let mut commits = 0;
    for commit in repo.first_parents(head) {
        let commit = commit?;
        if Some(&commit.id) == base.as_ref() {
            break;
        }
        let patch = patch_id(repo, commit.parents.first().map(|p| &**p), &commit.id)?;
        if patch.is_some_and(|patch| !there.contains(&patch)) {
            commits += 1;
        }
    }
    Ok(if commits == 0 { Landed::Picked } else { Landed::No { commits } })
}

/// A digest of a change; nothing for an empty one.
fn patch_id(repo: &Repo, from: Option<&ObjectId>, to: &ObjectId) -> Result<Option<[u8; 32]>, SessionError> {
    let patch = repo.patch(from, to)?;
    if patch.trim().is_empty() {
        return Ok(None);
    }
    let mut digest = Sha256::new();
    for line in patch.split('\n') {
        // A binary file is told by its object ids alone, which stand in the index line.
        let line = match line {
            line if line.starts_with("@@") => "@@",
            line if line.starts_with("index ") && !patch.contains("\nBinary files ") => "",
            line => line,
        };
        digest.update(line);
        digest.update(b"\n");
    }
    Ok(Some(digest.finalize().into()))
}
