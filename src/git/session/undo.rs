//! Back to an earlier step or turn, and forward again. The head that is left is kept first; files,
//! branch and conversation move together, and only those of this session.

use std::path::PathBuf;

use super::keep::{keep_with_tip, of_session, release};
use super::load::{Place, Session, read};
use super::walk::{anchor, walk};
use super::{SessionError, keep, session_ref};
use crate::git::codec::{Stamp, StepKind, StepMessage};
use crate::git::{ChangeKind, CommitId, Expect, GitError, Repo, StepOptions, Touched, Worktree};

/// How far back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UndoScope {
    /// So many steps.
    Steps(u32),
    /// So many turns, each with all its steps and words.
    Turns(u32),
}

/// What an undo would do. Nothing was changed yet.
#[derive(Debug, Clone, PartialEq)]
pub struct UndoPlan {
    pub session: String,
    pub branch: String,
    pub scope: UndoScope,
    /// The branch's head now, and after.
    pub from: CommitId,
    pub to: CommitId,
    /// Files made since, to be removed. Relative to the top, like those below.
    pub removed: Vec<PathBuf>,
    /// Files to be put back as they were, deleted ones among them.
    pub changed: Vec<PathBuf>,
    /// Whether the worktree holds work that no commit has; it is committed, and kept, first.
    pub has_uncommitted: bool,
    /// Entries of the conversation that are left.
    pub entries: usize,
}

/// What an undo or a redo has done.
#[derive(Debug, Clone, PartialEq)]
pub struct Undone {
    /// The session as it stands now.
    pub session: Session,
    /// The ref that keeps the head that was left.
    pub kept: String,
}

/// What it would mean to go back. With the session's worktree, uncommitted files are counted too.
///
/// # Errors
/// When the session has not so many steps or turns.
pub fn undo_plan(
    repo: &Repo,
    worktree: Option<&Worktree>,
    session: &Session,
    scope: UndoScope,
) -> Result<UndoPlan, SessionError> {
    let (to, entries) = match scope {
        UndoScope::Steps(count) => steps_back(repo, session, count)?,
        UndoScope::Turns(count) => turns_back(repo, session, count)?,
    };
    let has_uncommitted = worktree.map(Worktree::is_dirty).transpose()?.unwrap_or_default();
    let from = match worktree.filter(|_| has_uncommitted) {
        Some(worktree) => worktree.tree_now()?,
        None => session.head.object().clone(),
    };
    let (mut removed, mut changed) = (Vec::new(), Vec::new());
    for file in repo.diff(Some(&from), &to)?.files {
        match file.kind {
            ChangeKind::Deleted => removed.push(file.path),
            ChangeKind::Renamed => {
                removed.extend(file.old_path);
                changed.push(file.path);
            }
            _ => changed.push(file.path),
        }
    }
    Ok(UndoPlan {
        session: session.id.clone(),
        branch: session.branch.clone().unwrap_or_default(),
        scope,
        from: session.head.clone(),
        to,
        removed,
        changed,
        has_uncommitted,
        entries,
    })
}

/// Does what a plan says. Without the session's worktree, that of its branch is opened where there is
/// one; else only the branch moves.
///
/// # Errors
/// When the branch moved since the plan was made, or the user has it checked out.
pub fn undo_apply(
    repo: &Repo,
    worktree: Option<&mut Worktree>,
    session: &Session,
    plan: &UndoPlan,
    known: &[String],
) -> Result<Undone, SessionError> {
    let mut own = None;
    let mut worktree = with_worktree(repo, worktree, &plan.branch, &mut own)?;
    check(repo, &plan.branch, &plan.from)?;
    let mut head = plan.from.clone();
    if let Some(worktree) = &mut worktree
        && worktree.is_dirty()?
    {
        let made = worktree.commit(&Touched::Scan, &|_| UNCOMMITTED.into(), &StepOptions::default())?;
        head = made.map_or(head, |made| made.commit);
    }
    let kept = keep_with_tip(repo, &session.id, &head, Some(&session.tip), "undo")?;
    let record = record(repo, session, plan, known)?;
    move_all(repo, worktree, session, &head, &plan.to, &record)?;
    let place = Place { tip: record, head: plan.to.clone() };
    Ok(Undone { session: read(repo, &place, None)?, kept })
}

/// Forward again to where the last undo came from.
///
/// # Errors
/// When nothing was undone, or something was said since.
pub fn redo(repo: &Repo, worktree: Option<&mut Worktree>, session: &Session) -> Result<Undone, SessionError> {
    let nothing = || SessionError::NothingToRedo { session: session.id.clone() };
    let branch = session.branch.as_deref().unwrap_or_default();
    let mut own = None;
    let mut worktree = with_worktree(repo, worktree, branch, &mut own)?;
    check(repo, branch, &session.head)?;
    for left in of_session(repo, &session.id)?.into_iter().filter(|kept| kept.why == "undo") {
        if !repo.is_ancestor(&session.head, &left.commit)? {
            continue;
        }
        let tip = left.tip.clone().unwrap_or_else(|| left.commit.clone());
        let there = read(repo, &Place { tip: tip.clone(), head: left.commit.clone() }, None)?;
        let (now, then) = (session.conversation.entries(), there.conversation.entries());
        if left.commit == session.head && then.len() <= now.len() {
            continue;
        }
        if !then.starts_with(now) {
            return Err(SessionError::WentOn { session: session.id.clone() });
        }
        if let Some(worktree) = &mut worktree
            && worktree.is_dirty()?
        {
            let tree = worktree.tree_now()?;
            let commit = repo.write_commit(&tree, std::slice::from_ref(&session.head), UNCOMMITTED)?;
            keep::keep(repo, &session.id, &commit, "uncommitted")?;
        }
        let kept = keep_with_tip(repo, &session.id, &session.head, Some(&session.tip), "redo")?;
        move_all(repo, worktree, session, &session.head, &left.commit, &tip)?;
        release(repo, &left)?;
        return Ok(Undone { session: there, kept });
    }
    Err(nothing())
}

fn steps_back(repo: &Repo, session: &Session, count: u32) -> Result<(CommitId, usize), SessionError> {
    let mut found = 0;
    let mut to = None;
    walk(repo, &session.head, Some(&session.id), |commit, frames| {
        if found < count && frames.iter().any(|frame| frame.stamp.kind == StepKind::Step) {
            found += 1;
            to = commit.parents.first().cloned();
        }
        Ok(if found < count { std::ops::ControlFlow::Continue(()) } else { std::ops::ControlFlow::Break(()) })
    })?;
    let refuse = |reason: String| {
        let asked = if count == 1 { "a step".into() } else { format!("{count} steps") };
        SessionError::NothingToUndo { asked, reason }
    };
    match to {
        Some(to) if found == count => {
            let entries = anchor(repo, &to, &session.id)?.map_or(0, |anchor| anchor.entries);
            Ok((to, position(session, entries)))
        }
        _ if found == 0 => Err(refuse("the session has changed no file yet".into())),
        _ => {
            Err(refuse(format!("the session's branch has {found} of its own, and what is below is not its")))
        }
    }
}

fn turns_back(repo: &Repo, session: &Session, count: u32) -> Result<(CommitId, usize), SessionError> {
    let turns = session.conversation.turns();
    let first = turns.len().checked_sub(count as usize).and_then(|first| turns.get(first));
    let found = first.and_then(|turn| Some((*turn, session.conversation.before_turn(*turn)?.0)));
    let Some((turn, before)) = found else {
        let reason = match turns.len() {
            0 => "the session has no turn yet".to_owned(),
            1 => "the session has one turn".to_owned(),
            more => format!("the session has {more} turns"),
        };
        let asked = if count == 1 { "a turn".to_owned() } else { format!("{count} turns") };
        return Err(SessionError::NothingToUndo { asked, reason });
    };
    let mut to = session.head.clone();
    walk(repo, &session.head, Some(&session.id), |commit, frames| {
        let steps = || frames.iter().filter(|frame| frame.stamp.kind == StepKind::Step);
        if steps().any(|frame| frame.stamp.turn >= turn) {
            to = commit.parents.first().cloned().unwrap_or_else(|| to.clone());
        } else if steps().any(|frame| !frame.messages.is_empty()) {
            return Ok(std::ops::ControlFlow::Break(()));
        }
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    Ok((to, before.len()))
}

/// Where the entry with an index in the whole conversation stands in what was loaded.
fn position(session: &Session, index: usize) -> usize {
    let gone = session.missing.iter().map(|gap| gap.end.min(index).saturating_sub(gap.start)).sum::<usize>();
    (index - gone.min(index)).min(session.conversation.len())
}

/// A record on the restored commit: what is left of the conversation beyond its steps.
fn record(
    repo: &Repo,
    session: &Session,
    plan: &UndoPlan,
    known: &[String],
) -> Result<CommitId, SessionError> {
    let below = anchor(repo, &plan.to, &session.id)?;
    let first = match &below {
        Some(anchor) if session.missing.is_empty() => anchor.entries.min(plan.entries),
        _ => 0,
    };
    let left = &session.conversation.entries()[..plan.entries];
    let message = StepMessage {
        subject: match plan.scope {
            UndoScope::Steps(1) => "Undo a step".into(),
            UndoScope::Steps(count) => format!("Undo {count} steps"),
            UndoScope::Turns(1) => format!("Undo turn {}", session.conversation.turn()),
            UndoScope::Turns(count) => format!("Undo {count} turns"),
        },
        prompt: None,
        summary: String::new(),
        first_index: first,
        entries: left[first..].to_vec(),
        stamp: Stamp {
            session: session.id.clone(),
            turn: left.last().map_or(0, |entry| entry.turn),
            step: below.map_or(0, |anchor| anchor.stamp.step),
            kind: StepKind::Turn,
            keyframe: first == 0,
            branch: session.branch.clone(),
            title: session.title.clone(),
            forked_from: session.forked_from.clone(),
            head: Some(plan.to.to_string()),
            route: session.route.clone(),
            cost_usd: Some(0.0),
            total_usage: session.total_usage,
            total_cost_usd: session.total_cost_usd,
            ..Stamp::default()
        },
    };
    let tree = repo.commit(&plan.to)?.tree;
    Ok(repo.write_commit(&tree, std::slice::from_ref(&plan.to), &message.encode(known))?)
}

/// The message of a commit that holds what no step did: one of a person, for all who read it.
pub(super) const UNCOMMITTED: &str =
    "Keep uncommitted work\n\nThe files of the worktree before its branch was moved.\n";

fn move_all(
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
        Some(worktree) => worktree.reset_to(to)?,
        None => {
            repo.update_ref(&format!("refs/heads/{branch}"), to, Expect::At(from), "offshoot: undo or redo")?;
        }
    }
    let expect = before.as_ref().map_or(Expect::Absent, Expect::At);
    Ok(repo.update_ref(&name, tip, expect, "offshoot: undo or redo")?)
}

/// The worktree that must follow the branch: the one given, or the one that has it checked out.
fn with_worktree<'w>(
    repo: &Repo,
    given: Option<&'w mut Worktree>,
    branch: &str,
    own: &'w mut Option<Worktree>,
) -> Result<Option<&'w mut Worktree>, SessionError> {
    if given.is_some() {
        return Ok(given);
    }
    for held in repo.worktrees()?.into_iter().filter(|held| held.branch.as_deref() == Some(branch)) {
        if held.is_main {
            let error = GitError::CheckedOutElsewhere { branch: branch.into(), path: held.path };
            return Err(error.into());
        }
        if !held.is_missing {
            *own = Some(repo.attach_worktree(branch, &held.path)?);
        }
    }
    Ok(own.as_mut())
}

fn check(repo: &Repo, branch: &str, expected: &CommitId) -> Result<(), SessionError> {
    let name = format!("refs/heads/{branch}");
    let found = repo.read_ref(&name)?;
    if found.as_ref() == Some(expected) {
        return Ok(());
    }
    Err(GitError::RefMoved { name, expected: Some(expected.clone()), found }.into())
}
