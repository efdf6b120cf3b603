//! offshoot as a person or a script meets it: the built program in real repositories.
#![cfg(unix)]

mod acceptance {
    mod going_on;
    mod health;
    mod ledger;
    mod repositories;
    mod runs;
    mod sessions;
    mod steps;
    mod sync;
    mod trouble;
    mod worktrees;
}
mod support;
