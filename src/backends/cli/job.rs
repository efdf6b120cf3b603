//! What a CLI is asked to do.

use std::path::PathBuf;

use crate::chat::Usage;
use crate::config::PermissionMode;
use crate::wire::Effort;

/// One run of a CLI.
#[derive(Debug, Clone)]
pub struct CliJob {
    pub prompt: String,
    /// The worktree: its working directory, and all that it may write to in the project.
    pub dir: PathBuf,
    /// Where the git repository behind the worktree is, for the places that `git commit` writes to: the repository's
    /// common directory, and the worktree's own within it.
    pub git: Option<GitPlaces>,
    /// For temporary files, its own.
    pub temporary: PathBuf,
    pub model: Option<String>,
    pub effort: Option<Effort>,
    /// With `ReadOnly` the worktree cannot be written to, whatever the CLI thinks of it.
    pub permissions: PermissionMode,
    /// Continue an earlier session of the CLI's.
    pub resume: Option<Resume>,
    /// A name for a new session, for CLIs that let it be chosen: a UUID.
    pub session: String,
}

/// Where git keeps what a commit in a worktree writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitPlaces {
    /// `.git` of the repository.
    pub common: PathBuf,
    /// `.git/worktrees/<name>`.
    pub own: PathBuf,
    /// Full name of the tab's branch, `refs/heads/…`.
    pub branch: String,
}

/// A session of a CLI's that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// As told by [`CliEvent::Session`](super::CliEvent::Session).
    pub id: String,
    /// What the CLI had counted for it, see [`CliEnd::counted`](super::CliEnd::counted).
    pub counted: Option<Usage>,
}
