//! Everything that touches git: repositories, worktrees, step commits, sessions.

pub mod codec;
pub mod redact;
