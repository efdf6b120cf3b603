//! Leaving a session before one of its turns.

use std::ops::ControlFlow;

use super::SessionError;
use super::load::Session;
use super::walk::walk;
use crate::chat::{Conversation, EntryKind};
use crate::git::codec::{Origin, StepKind};
use crate::git::{CommitId, Repo};

/// What a new session begins with.
#[derive(Debug, Clone, PartialEq)]
pub struct Fork {
    /// For [`super::Cursor::start`].
    pub origin: Origin,
    /// The commit that the files stood at when the turn's prompt was sent.
    pub base: CommitId,
    /// All that was said before that prompt.
    pub conversation: Conversation,
}

/// The files and the conversation as they were before the user began turn `turn`.
///
/// # Errors
/// When the session has no such turn, or its commits cannot be read.
pub fn branch_from_turn(repo: &Repo, session: &Session, turn: u32) -> Result<Fork, SessionError> {
    let none = || SessionError::NoTurn { session: session.id.clone(), turn, last: session.turn };
    let (conversation, base) = session.conversation.before_turn(turn).ok_or_else(none)?;
    let told = base.and_then(|base| CommitId::parse(base).ok()).filter(|base| {
        // A base from before a rebase may be here still, and be none of this line's history.
        repo.commit(base).is_ok() && repo.is_ancestor(base, &session.head).unwrap_or(false)
    });
    let base = match told {
        Some(base) => base,
        None => before_prompt(repo, session, turn)?,
    };
    let origin = Origin { commit: base.to_string(), session: session.id.clone(), turn };
    Ok(Fork { origin, base, conversation })
}

/// The first parent of the step in which the prompt of a turn first stands; the head, when no step
/// has it yet.
fn before_prompt(repo: &Repo, session: &Session, turn: u32) -> Result<CommitId, SessionError> {
    let mut base = session.head.clone();
    walk(repo, &session.head, Some(&session.id), |commit, frames| {
        for frame in frames.iter().filter(|frame| frame.stamp.kind == StepKind::Step) {
            if frame.stamp.turn < turn && !frame.messages.is_empty() {
                return Ok(ControlFlow::Break(()));
            }
            let entries = frame.entries().map_err(SessionError::codec(&commit.id))?;
            let begins = entries.iter().any(|e| e.turn == turn && matches!(e.kind, EntryKind::Prompt { .. }));
            if begins && let Some(parent) = commit.parents.first() {
                base = parent.clone();
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(base)
}
