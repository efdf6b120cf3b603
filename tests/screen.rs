//! offshoot as a person meets it: the built program in a real terminal, a real repository under it, and a
//! scripted model that answers.
#![cfg(unix)]

mod screen {
    mod approvals;
    mod beginning;
    mod children;
    mod commands;
    mod compare;
    mod crashes;
    mod hostile;
    mod landing;
    mod looks;
    mod past;
    mod plain;
    mod pointing;
    mod queue;
    mod quiet;
    mod review;
    mod routing;
    mod setup;
    mod sizes;
    mod stopping;
    mod stuck;
    mod tabs;
    mod trouble;
    mod user;
}
mod support;
