//! What can go wrong with a session.

use std::path::PathBuf;

use crate::git::codec::CodecError;
use crate::git::{CommitId, Conflict, GitError};

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
    #[error("it is not clear where to land: the checkout is on no branch")]
    NoTarget,
    #[error("{branch} cannot be landed in itself")]
    IntoItself { branch: String },
    #[error("there is nothing to land of {name} in {into}: {why}")]
    NothingToLand { name: String, into: String, why: String },
    #[error("{asked:?} is no step of this branch{}", between(*steps))]
    NoStep { asked: String, steps: Option<(u32, u32)> },
    #[error("{name} conflicts with {into}:{}", listed(conflicts))]
    Conflicts { name: String, into: String, conflicts: Vec<Conflict> },
    #[error("{name} holds conflicts that nobody resolved:{}", paths_of(paths))]
    Unresolved { name: String, paths: Vec<PathBuf> },
    #[error("{name} leaves conflicts as they were:{}", paths_of(paths))]
    Untouched { name: String, paths: Vec<PathBuf> },
    #[error("the head of {branch} is no landing")]
    NothingLanded { branch: String },
    #[error("{} in the way, and no commit holds {}:{}", if paths.len() == 1 { "a file is" } else { "files are" },
        if paths.len() == 1 { "it" } else { "them" }, paths_of(paths))]
    InTheWay { paths: Vec<PathBuf> },
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
            Self::NoTarget => Some("name the branch: --into BRANCH".into()),
            Self::IntoItself { .. } => Some("name another branch: --into BRANCH".into()),
            Self::NothingToLand { .. } => Some("`offshoot log` shows what is on the branch".into()),
            Self::NoStep { .. } => {
                Some("name steps by number (3), range (2-4), turn (t3) or hash, with commas between them".into())
            }
            Self::Conflicts { .. } => {
                Some("nothing was changed; an agent can resolve them on a branch of its own: --resolve".into())
            }
            Self::Unresolved { .. } => {
                Some("resolve what stands between <<<<<<< and >>>>>>>, then do it again".into())
            }
            Self::Untouched { name, .. } => Some(format!(
                "let the agent go on: `offshoot run --branch {name} \"…\"`; or land them as they are: --as-is"
            )),
            Self::NothingLanded { .. } => {
                Some("what came later stays on top: `git revert` takes a landing back below it".into())
            }
            Self::NothingToRedo { .. } => Some("`offshoot log --kept` lists every head that was kept".into()),
            Self::InTheWay { .. } => {
                Some("nothing was moved; move what is in the way out of the worktree, then do it again".into())
            }
            Self::WentOn { .. } => {
                Some("`offshoot log --kept` lists the head that was left: `offshoot resume HASH` opens it on a branch of its own".into())
            }
        }
    }

    pub(super) fn codec(commit: &CommitId) -> impl FnOnce(CodecError) -> Self {
        move |source| Self::Codec { commit: commit.clone(), source }
    }
}

/// Paths that are named.
const NAMED: usize = 20;

fn listed(conflicts: &[Conflict]) -> String {
    let lines: Vec<String> =
        conflicts.iter().map(|one| format!("{}: {}", one.path.display(), one.kind.words())).collect();
    lines_of(&lines)
}

fn paths_of(paths: &[PathBuf]) -> String {
    lines_of(&paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>())
}

fn lines_of(lines: &[String]) -> String {
    let mut text: String = lines.iter().take(NAMED).map(|line| format!("\n  {line}")).collect();
    if let Some(more) = lines.len().checked_sub(NAMED).filter(|more| *more > 0) {
        text.push_str(&format!("\n  and {more} more"));
    }
    text
}

fn between(steps: Option<(u32, u32)>) -> String {
    steps.map_or_else(String::new, |(first, last)| format!(": its steps go from {first} to {last}"))
}
