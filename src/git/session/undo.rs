//! Back to an earlier step or turn. The head that is left is kept first; files, branch and conversation move
//! together, and only those of this session. Forward again goes `redo`.

use std::path::PathBuf;

use super::SessionError;
use super::keep::keep_with_tip;
use super::load::{Place, Session, read};
use super::moves::{check, clear_way, move_all, touched, with_worktree};
use super::walk::{anchor, walk};
use crate::git::codec::{Stamp, StepKind, StepMessage, frames};
use crate::git::{CommitId, Repo, StepOptions, Touched, Worktree};

/// How far back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UndoScope {
    /// So many steps.
    Steps(u32),
    /// So many turns, each with all its steps and words.
    Turns(u32),
    /// To where this turn had not begun.
    Before(u32),
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
    /// Files that no commit holds, ignored ones for example, where one is to be put back: nothing moves before
    /// they are out of the way.
    pub in_the_way: Vec<PathBuf>,
    /// Commits of people's that go as well, the last one first.
    pub by_people: Vec<PeoplesCommit>,
    /// Whether the worktree holds work that no commit has; it is committed, and kept, first.
    pub has_uncommitted: bool,
    /// Entries of the conversation that are left.
    pub entries: usize,
}

/// A commit that no agent made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeoplesCommit {
    pub commit: CommitId,
    pub subject: String,
}

/// What an undo has done.
#[derive(Debug, Clone, PartialEq)]
pub struct Undone {
    /// The session as it stands now.
    pub session: Session,
    /// The ref that keeps the head that was left.
    pub kept: String,
}

/// What it would mean to go back. Without the session's worktree, that of its branch is looked at where there
/// is one: files that no commit holds count too.
///
/// # Errors
/// When the session has not so many steps or turns, or the user has its branch checked out.
pub fn undo_plan(
    repo: &Repo,
    worktree: Option<&Worktree>,
    session: &Session,
    scope: UndoScope,
) -> Result<UndoPlan, SessionError> {
    let (to, entries) = match scope {
        UndoScope::Steps(count) => steps_back(repo, session, count)?,
        UndoScope::Turns(count) => turns_back(repo, session, count)?,
        UndoScope::Before(turn) => {
            let none = || SessionError::NoTurn {
                session: session.id.clone(),
                turn,
                last: session.conversation.turn(),
            };
            before(repo, session, turn)?.ok_or_else(none)?
        }
    };
    let found = match (worktree, &session.branch) {
        (None, Some(branch)) => repo.worktree_of(branch)?,
        _ => None,
    };
    let worktree = worktree.or(found.as_ref());
    let has_uncommitted = worktree.map(Worktree::is_dirty).transpose()?.unwrap_or_default();
    let now = match worktree.filter(|_| has_uncommitted) {
        Some(worktree) => worktree.tree_now()?,
        None => session.head.object().clone(),
    };
    let in_the_way = worktree.map(|worktree| worktree.in_the_way(&now, &to)).transpose()?.unwrap_or_default();
    let (removed, changed) = touched(repo, &now, &to)?;
    let by_people = by_people(repo, &session.head, &to)?;
    Ok(UndoPlan {
        session: session.id.clone(),
        branch: session.branch.clone().unwrap_or_default(),
        scope,
        from: session.head.clone(),
        to,
        removed,
        changed,
        in_the_way,
        by_people,
        has_uncommitted,
        entries,
    })
}

/// Does what a plan says. Without the session's worktree, that of its branch is opened where there is
/// one; else only the branch moves.
///
/// # Errors
/// When the branch moved since the plan was made, the user has it checked out, or a file that no commit holds
/// is in the way.
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
    if let Some(worktree) = &worktree {
        clear_way(worktree, &head, &plan.to)?;
    }
    let kept = keep_with_tip(repo, &session.id, &head, Some(&session.tip), "undo")?;
    let record = record(repo, session, plan, known)?;
    move_all(repo, worktree, session, &head, &plan.to, &record)?;
    let place = Place { tip: record, head: plan.to.clone() };
    Ok(Undone { session: read(repo, &place, None)?, kept })
}

fn steps_back(repo: &Repo, session: &Session, count: u32) -> Result<(CommitId, usize), SessionError> {
    let mut found = 0;
    let mut to = None;
    let mut turn = 0;
    walk(repo, &session.head, Some(&session.id), |commit, frames| {
        let mut steps = frames.iter().filter(|frame| frame.stamp.kind == StepKind::Step);
        if found < count
            && let Some(first) = steps.next()
        {
            found += 1;
            to = commit.parents.first().cloned();
            turn = first.stamp.turn;
        }
        Ok(if found < count { std::ops::ControlFlow::Continue(()) } else { std::ops::ControlFlow::Break(()) })
    })?;
    let refuse = |reason: String| {
        let asked = if count == 1 { "a step".into() } else { format!("{count} steps") };
        SessionError::NothingToUndo { asked, reason }
    };
    match to {
        Some(to) if found == count => {
            let below = anchor(repo, &to, &session.id)?;
            let entries = position(session, below.as_ref().map_or(0, |anchor| anchor.entries));
            // The first step of a turn goes with its prompt, and with nothing that was said before that.
            let is_first = below.is_none_or(|anchor| anchor.stamp.turn < turn);
            let before = session.conversation.before_turn(turn).filter(|_| is_first);
            Ok((to, before.map_or(entries, |(before, _)| before.len().max(entries))))
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
    let found = match first {
        Some(turn) => before(repo, session, *turn)?,
        None => None,
    };
    found.ok_or_else(|| {
        let reason = match turns.len() {
            0 => "the session has no turn yet".to_owned(),
            1 => "the session has one turn".to_owned(),
            more => format!("the session has {more} turns"),
        };
        let asked = if count == 1 { "a turn".to_owned() } else { format!("{count} turns") };
        SessionError::NothingToUndo { asked, reason }
    })
}

/// The commit and the entries before a turn began; nothing when the session has no such turn.
fn before(repo: &Repo, session: &Session, turn: u32) -> Result<Option<(CommitId, usize)>, SessionError> {
    if !session.conversation.turns().contains(&turn) {
        return Ok(None);
    }
    let Some((before, base)) = session.conversation.before_turn(turn) else { return Ok(None) };
    // What was said before a fork stands on the commits of the session that was left.
    if session.forked_from.as_ref().is_some_and(|origin| turn < origin.turn)
        && let Some(base) = base.and_then(|base| CommitId::parse(base).ok())
        && repo.is_ancestor(&base, &session.head).unwrap_or(false)
    {
        return Ok(Some((base, before.len())));
    }
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
    Ok(Some((to, before.len())))
}

/// The commits without a block between a head and a commit below it.
fn by_people(repo: &Repo, head: &CommitId, to: &CommitId) -> Result<Vec<PeoplesCommit>, SessionError> {
    let mut found = Vec::new();
    for commit in repo.first_parents(head) {
        let commit = commit?;
        if repo.is_ancestor(&commit.id, to)? {
            break;
        }
        if frames(&commit.message).map_err(SessionError::codec(&commit.id))?.is_empty() {
            let subject = commit.subject().to_owned();
            found.push(PeoplesCommit { commit: commit.id, subject });
        }
    }
    Ok(found)
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
            UndoScope::Before(turn) => format!("Rewind to before turn {turn}"),
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
