//! The steps of a session as marks in its conversation: which commit holds the files as they were when so
//! much had been said. What is said in the commits is not parsed.

use std::ops::ControlFlow;

use super::walk::walk;
use super::{Session, SessionError};
use crate::git::codec::{Frame, Origin, StepKind, people};
use crate::git::{CommitData, CommitId, GitError, Repo};

/// A step commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub commit: CommitId,
    /// What its changes are told against.
    pub parent: Option<CommitId>,
    /// The session that made it: another one's, before a fork.
    pub session: String,
    pub turn: u32,
    pub step: u32,
    pub subject: String,
    /// The index of the last entry of the conversation that the commit and those below it carry.
    pub last_entry: usize,
}

/// Where to look for the marks of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trail {
    pub session: String,
    pub head: CommitId,
    /// The session's own steps, where they are known from reading it.
    pub steps: Option<Vec<Mark>>,
    pub forked_from: Option<Origin>,
    /// Entries in the conversation.
    pub entries: usize,
}

impl From<&Session> for Trail {
    fn from(session: &Session) -> Self {
        Self {
            session: session.id.clone(),
            head: session.head.clone(),
            steps: session.steps.clone(),
            forked_from: session.forked_from.clone(),
            entries: session.conversation.len(),
        }
    }
}

/// Stands for the last entry of a step that carries nothing.
const NOTHING: usize = usize::MAX;

impl Mark {
    pub(super) fn of(commit: &CommitData, frame: &Frame<'_>) -> Self {
        Self {
            commit: commit.id.clone(),
            parent: commit.parents.first().cloned(),
            session: frame.stamp.session.clone(),
            turn: frame.stamp.turn,
            step: frame.stamp.step,
            subject: people(&commit.message).0,
            last_entry: if frame.messages.is_empty() { NOTHING } else { frame.messages.end - 1 },
        }
    }

    /// Brings marks that were met newest first in order.
    pub(super) fn in_order(mut newest_first: Vec<Self>) -> Vec<Self> {
        newest_first.reverse();
        let mut last = 0;
        for mark in &mut newest_first {
            // A step that carries nothing stands where the one before it stood.
            last = if mark.last_entry == NOTHING { last } else { mark.last_entry };
            mark.last_entry = last;
        }
        newest_first
    }
}

/// The steps at a head and below it, oldest first; of a fork, those of the session that it left too, up to
/// where it left.
///
/// # Errors
/// When a commit of the session itself cannot be read. What lies before a fork may be gone.
pub fn marks(repo: &Repo, trail: &Trail) -> Result<Vec<Mark>, SessionError> {
    let mut origin = trail.forked_from.clone();
    let mut blocks = vec![match &trail.steps {
        Some(steps) => steps.clone(),
        None => {
            let (steps, left) = marks_of(repo, &trail.head, &trail.session)?;
            origin = origin.or(left);
            steps
        }
    }];
    let mut passed = vec![trail.session.clone()];
    while let Some(Origin { commit, session, .. }) =
        origin.take().filter(|one| !one.is_task() && !passed.contains(&one.session))
    {
        let Ok(commit) = CommitId::parse(&commit) else { break };
        match marks_of(repo, &commit, &session) {
            Ok((steps, left)) => {
                blocks.push(steps);
                origin = left;
            }
            // A shallow clone does not have it, and a remote may never have had it.
            Err(SessionError::Git(GitError::UnknownRevision { .. })) => break,
            Err(error) => return Err(error),
        }
        passed.push(session);
    }
    let mut marks: Vec<Mark> = blocks.into_iter().rev().flatten().collect();
    for mark in &mut marks {
        // A conversation that lost some of its commits is shorter than they say.
        mark.last_entry = mark.last_entry.min(trail.entries.saturating_sub(1));
    }
    Ok(marks)
}

/// The steps of one session, oldest first, and where it left another one.
fn marks_of(
    repo: &Repo,
    from: &CommitId,
    session: &str,
) -> Result<(Vec<Mark>, Option<Origin>), SessionError> {
    let (mut marks, mut origin) = (Vec::new(), None);
    walk(repo, from, Some(session), |commit, frames| {
        for frame in frames.iter().rev() {
            origin = frame.stamp.forked_from.clone().or(origin.take());
            if frame.stamp.kind == StepKind::Step {
                marks.push(Mark::of(commit, frame));
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok((Mark::in_order(marks), origin))
}
