//! The workbench as a front-end meets it: commands in, events out, without a command line.
#![cfg(unix)]

mod workbench {
    mod approvals;
    mod aside;
    mod clear;
    mod desk;
    mod history;
    mod past;
    mod queue;
    mod radar;
    mod review;
    mod runtime;
    mod setup;
    mod shell;
    mod state;
    mod steering;
    mod tabs;
}
mod support;
