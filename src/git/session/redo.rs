//! Forward again to where the last undo came from. What the user did by hand since that undo is no reason to
//! refuse: it is brought along where it fits, and kept on a ref where it does not.

use std::path::PathBuf;

use super::keep::{Kept, keep_with_tip, of_session, release};
use super::load::{Place, Session, read};
use super::moves::{check, clear_way, move_all, touched, with_worktree};
use super::undo::UNCOMMITTED;
use super::{SessionError, keep};
use crate::chat::{Entry, EntryKind};
use crate::git::codec::frames;
use crate::git::{CommitId, Repo, StepOptions, Touched, Worktree};

/// What a redo has done.
#[derive(Debug, Clone, PartialEq)]
pub struct Redone {
    /// The session as it stands now.
    pub session: Session,
    /// The ref that keeps the head that was left.
    pub kept: String,
    pub by_hand: ByHand,
    /// The files that went, and those that were put back.
    pub removed: Vec<PathBuf>,
    pub changed: Vec<PathBuf>,
    /// What the model was told since the undo and heard nothing of yet: to be told again.
    pub notes: Vec<String>,
}

/// What became of what the user had changed by hand since the undo.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ByHand {
    #[default]
    Nothing,
    /// It is in this commit, on top of what was brought back.
    Along(CommitId),
    /// It conflicts at these paths with what was brought back, and stays on this ref alone.
    Aside { kept: String, paths: Vec<PathBuf> },
}

/// The message of the commit on top of what a redo brought back.
const ALONG: &str =
    "Bring along what was changed by hand\n\nMade after an undo, which was then taken back.\n";

/// Forward again to where the last undo came from.
///
/// # Errors
/// When nothing was undone, or something was said since.
pub fn redo(repo: &Repo, worktree: Option<&mut Worktree>, session: &Session) -> Result<Redone, SessionError> {
    let branch = session.branch.as_deref().unwrap_or_default();
    let mut own = None;
    let mut worktree = with_worktree(repo, worktree, branch, &mut own)?;
    check(repo, branch, &session.head)?;
    let Some(Return { left, tip, there, base, notes }) = find(repo, session)? else {
        return Err(SessionError::NothingToRedo { session: session.id.clone() });
    };
    let mut head = session.head.clone();
    if let Some(worktree) = &mut worktree {
        if worktree.is_dirty()? {
            let made = worktree.commit(&Touched::Scan, &|_| UNCOMMITTED.into(), &StepOptions::default())?;
            head = made.map_or(head, |made| made.commit);
        }
        clear_way(worktree, &head, &left.commit)?;
    }
    let kept = keep_with_tip(repo, &session.id, &head, Some(&session.tip), "redo")?;
    let (to, by_hand) = bring_along(repo, session, &base, &left.commit, &head)?;
    let (removed, changed) = touched(repo, &head, &to)?;
    move_all(repo, worktree, session, &head, &to, &tip)?;
    release(repo, &left)?;
    let there = if to == left.commit { there } else { read(repo, &Place { tip, head: to }, None)? };
    Ok(Redone { session: there, kept, by_hand, removed, changed, notes })
}

/// Where a redo goes.
struct Return {
    left: Kept,
    /// The end of the conversation there.
    tip: CommitId,
    there: Session,
    /// Where the undo had gone to: what lies above it now was done by hand.
    base: CommitId,
    notes: Vec<String>,
}

/// The last undo that can be taken back: nothing but work by hand, and notes of it, came after.
fn find(repo: &Repo, session: &Session) -> Result<Option<Return>, SessionError> {
    for left in of_session(repo, &session.id)?.into_iter().filter(|kept| kept.why == "undo") {
        let Some(base) = undone_to(repo, &session.head, &left.commit)? else { continue };
        let tip = left.tip.clone().unwrap_or_else(|| left.commit.clone());
        let there = read(repo, &Place { tip: tip.clone(), head: left.commit.clone() }, None)?;
        let (now, then) = (session.conversation.entries(), there.conversation.entries());
        let same = now.iter().zip(then).take_while(|(now, then)| now == then).count();
        if left.commit == base && then.len() == same {
            continue;
        }
        let Some(notes) = notes(&now[same..]) else {
            return Err(SessionError::WentOn { session: session.id.clone() });
        };
        return Ok(Some(Return { left, tip, there, base, notes }));
    }
    Ok(None)
}

/// The commit that an undo went to from `left`, when nothing but commits of people lies between it and `head`.
fn undone_to(repo: &Repo, head: &CommitId, left: &CommitId) -> Result<Option<CommitId>, SessionError> {
    for commit in repo.first_parents(head) {
        let commit = commit?;
        if repo.is_ancestor(&commit.id, left)? {
            return Ok(Some(commit.id));
        }
        if !frames(&commit.message).map_err(SessionError::codec(&commit.id))?.is_empty() {
            break;
        }
    }
    Ok(None)
}

/// The words of notices that wait for the model; nothing when anything else was said.
fn notes(said: &[Entry]) -> Option<Vec<String>> {
    said.iter()
        .map(|entry| match &entry.kind {
            EntryKind::Steer(message) => Some(message.text()),
            _ => None,
        })
        .collect()
}

/// What was done by hand on top of `base`, put on top of `there`. Gives the commit to go to.
fn bring_along(
    repo: &Repo,
    session: &Session,
    base: &CommitId,
    there: &CommitId,
    by_hand: &CommitId,
) -> Result<(CommitId, ByHand), SessionError> {
    let tree = |commit: &CommitId| repo.commit(commit).map(|data| data.tree);
    if tree(base)? == tree(by_hand)? {
        return Ok((there.clone(), ByHand::Nothing));
    }
    let merged = repo.merge_from(base, there, by_hand)?;
    if !merged.is_clean() {
        let kept = keep::keep(repo, &session.id, by_hand, "uncommitted")?;
        let paths = merged.conflicts.into_iter().map(|conflict| conflict.path).collect();
        return Ok((there.clone(), ByHand::Aside { kept, paths }));
    }
    if merged.tree == tree(there)? {
        return Ok((there.clone(), ByHand::Nothing));
    }
    let commit = repo.write_commit(&merged.tree, std::slice::from_ref(there), ALONG)?;
    Ok((commit.clone(), ByHand::Along(commit)))
}
