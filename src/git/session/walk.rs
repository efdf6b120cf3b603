//! Down the first parents of a commit, through the commits of one session.

use std::ops::ControlFlow;

use super::SessionError;
use crate::git::codec::{Frame, Stamp, StepKind, frames};
use crate::git::{CommitData, CommitId, Repo};

/// Commits of people in a row after which the walk gives up. A session that was left so far behind is
/// found by its ref or its hash.
const MOST_STRANGERS: usize = 2_000;

/// Visits a commit and the commits below it, each with its blocks of the session, until the session's
/// start, or until `visit` breaks. `session` is the one to follow; without it, that of the first block.
pub fn walk(
    repo: &Repo,
    from: &CommitId,
    session: Option<&str>,
    mut visit: impl FnMut(&CommitData, &[Frame<'_>]) -> Result<ControlFlow<()>, SessionError>,
) -> Result<(), SessionError> {
    let mut session = session.map(str::to_owned);
    let mut strangers = 0;
    for commit in repo.first_parents(from) {
        let commit = commit?;
        let mut frames = frames(&commit.message).map_err(SessionError::codec(&commit.id))?;
        if session.is_none() {
            session = frames.last().map(|frame| frame.stamp.session.clone());
        }
        frames.retain(|frame| Some(&frame.stamp.session) == session.as_ref());
        strangers = if frames.is_empty() { strangers + 1 } else { 0 };
        let is_over = strangers > MOST_STRANGERS || frames.iter().any(is_start);
        if visit(&commit, &frames)?.is_break() || is_over {
            break;
        }
    }
    Ok(())
}

/// Whether nothing of the session lies below.
fn is_start(frame: &Frame<'_>) -> bool {
    frame.messages.start == 0 && (frame.stamp.keyframe || !frame.messages.is_empty())
}

/// The last step of a session on a line of commits.
#[derive(Debug, Clone, PartialEq)]
pub struct Anchor {
    pub commit: CommitId,
    pub stamp: Stamp,
    /// How many entries the branch holds up to there.
    pub entries: usize,
}

/// The last step of `session` at a commit or below it, past records and commits of people.
pub fn anchor(repo: &Repo, from: &CommitId, session: &str) -> Result<Option<Anchor>, SessionError> {
    let mut found: Option<Anchor> = None;
    walk(repo, from, Some(session), |commit, frames| {
        for frame in frames.iter().rev().filter(|frame| frame.stamp.kind == StepKind::Step) {
            let anchor = found.get_or_insert_with(|| Anchor {
                commit: commit.id.clone(),
                stamp: frame.stamp.clone(),
                entries: 0,
            });
            // A step that says nothing does not know how much was said before.
            if !frame.messages.is_empty() {
                anchor.entries = frame.messages.end;
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// The newest block at a commit or below it: the commit that holds it, and what its trailers say.
pub fn nearest(repo: &Repo, from: &CommitId) -> Result<Option<(CommitData, Stamp)>, SessionError> {
    let mut found = None;
    walk(repo, from, None, |commit, frames| match frames.last() {
        Some(frame) => {
            found = Some((commit.clone(), frame.stamp.clone()));
            Ok(ControlFlow::Break(()))
        }
        None => Ok(ControlFlow::Continue(())),
    })?;
    Ok(found)
}

/// Whether a line of commits holds all that was said up to its last step.
pub fn is_whole(repo: &Repo, from: &CommitId, session: &str) -> Result<bool, SessionError> {
    let mut first: Option<usize> = None;
    let mut is_whole = true;
    walk(repo, from, Some(session), |_, frames| {
        for frame in frames.iter().rev().filter(|frame| !frame.messages.is_empty()) {
            is_whole &= first.is_none_or(|first| frame.messages.end >= first);
            first = Some(first.map_or(frame.messages.start, |first| first.min(frame.messages.start)));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(is_whole && first.is_none_or(|first| first == 0))
}
