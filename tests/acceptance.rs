//! offshoot as a person or a script meets it: the built program in real repositories.
#![cfg(unix)]

mod acceptance {
    mod compare;
    mod going_on;
    mod health;
    mod landing;
    mod ledger;
    mod past;
    mod repositories;
    mod reviews;
    mod runs;
    mod sessions;
    mod steps;
    mod subagents;
    mod sync;
    mod trouble;
    mod worktrees;
}
mod support;
