//! What undo and redo have in common: a session's branch, its files and its ref moved together, and what is
//! looked at before anything moves.

use std::path::PathBuf;

use super::load::Session;
use super::{SessionError, keep, session_ref};
use crate::git::{ChangeKind, CommitId, Expect, GitError, ObjectId, Repo, Worktree};

/// The worktree that must follow the branch: the one given, or the one that has it checked out.
///
/// # Errors
/// When the user has the branch checked out.
pub(super) fn with_worktree<'w>(
    repo: &Repo,
    given: Option<&'w mut Worktree>,
    branch: &str,
    own: &'w mut Option<Worktree>,
) -> Result<Option<&'w mut Worktree>, SessionError> {
    if given.is_some() {
        return Ok(given);
    }
    if let Some(found) = repo.worktree_of(branch)? {
        let path = found.path().to_owned();
        *own = Some(repo.attach_worktree(branch, &path)?);
    }
    Ok(own.as_mut())
}

/// Whether the branch is where it is taken to be.
pub(super) fn check(repo: &Repo, branch: &str, expected: &CommitId) -> Result<(), SessionError> {
    let name = format!("refs/heads/{branch}");
    let found = repo.read_ref(&name)?;
    if found.as_ref() == Some(expected) {
        return Ok(());
    }
    Err(GitError::RefMoved { name, expected: Some(expected.clone()), found }.into())
}

/// The files that go, and those that are put back, when one state takes the place of another.
pub(super) fn touched(
    repo: &Repo,
    now: &ObjectId,
    to: &ObjectId,
) -> Result<(Vec<PathBuf>, Vec<PathBuf>), SessionError> {
    let (mut removed, mut changed) = (Vec::new(), Vec::new());
    for file in repo.diff(Some(now), to)?.files {
        match file.kind {
            ChangeKind::Deleted => removed.push(file.path),
            ChangeKind::Renamed => {
                removed.extend(file.old_path);
                changed.push(file.path);
            }
            _ => changed.push(file.path),
        }
    }
    Ok((removed, changed))
}

/// Whether no file is in the way that no commit holds. Everything else is committed before.
pub(super) fn clear_way(worktree: &Worktree, now: &CommitId, to: &CommitId) -> Result<(), SessionError> {
    let paths = worktree.in_the_way(now, to)?;
    if paths.is_empty() { Ok(()) } else { Err(SessionError::InTheWay { paths }) }
}

pub(super) fn move_all(
    repo: &Repo,
    worktree: Option<&mut Worktree>,
    session: &Session,
    from: &CommitId,
    to: &CommitId,
    tip: &CommitId,
) -> Result<(), SessionError> {
    let branch = session.branch.as_deref().unwrap_or_default();
    let name = session_ref(&session.id);
    let before = repo.read_ref(&name)?;
    if let Some(before) = before.as_ref().filter(|before| **before != session.tip) {
        keep::keep(repo, &session.id, before, "moved")?;
    }
    match worktree {
        Some(worktree) => worktree.reset_to(from, to)?,
        None => {
            repo.update_ref(&format!("refs/heads/{branch}"), to, Expect::At(from), "offshoot: undo or redo")?;
        }
    }
    let expect = before.as_ref().map_or(Expect::Absent, Expect::At);
    Ok(repo.update_ref(&name, tip, expect, "offshoot: undo or redo")?)
}
