//! What can go wrong with a session.

use crate::git::codec::CodecError;
use crate::git::{CommitId, GitError};

#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("cannot read the conversation in commit {}: {source}", commit.short())]
    Codec { commit: CommitId, source: CodecError },
    #[error("neither {rev} nor the commits below it belong to a session")]
    NoSession { rev: String },
    #[error("there is no session in this repository yet")]
    NoSessions,
    #[error("session {session} has no turn {turn}: its last is {last}")]
    NoTurn { session: String, turn: u32, last: u32 },
    #[error("cannot undo {asked}: {reason}")]
    NothingToUndo { asked: String, reason: String },
    #[error("there is nothing to redo in session {session}")]
    NothingToRedo { session: String },
    #[error("session {session} went on after the undo, so a redo would drop what was said since")]
    WentOn { session: String },
}

impl SessionError {
    /// What a person can do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Git(error) => error.hint(),
            Self::Codec { source, .. } => Some(source.hint().into()),
            Self::NoSession { .. } => {
                Some("`offshoot log` lists the sessions of this repository; fetch first if it is on another machine".into())
            }
            Self::NoSessions => Some("start one: offshoot run \"task\"".into()),
            Self::NoTurn { session, .. } => Some(format!("`offshoot log {session}` lists its turns")),
            Self::NothingToUndo { .. } => Some("`offshoot log` shows the steps that can be undone".into()),
            Self::NothingToRedo { .. } => Some("`git for-each-ref refs/offshoot/kept` lists every head that was kept".into()),
            Self::WentOn { .. } => Some("branch from the kept head instead: it is listed under refs/offshoot/kept".into()),
        }
    }

    pub(super) fn codec(commit: &CommitId) -> impl FnOnce(CodecError) -> Self {
        move |source| Self::Codec { commit: commit.clone(), source }
    }
}
