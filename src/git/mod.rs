//! Everything that touches git: repositories, worktrees, step commits, sessions.
