//! The workbench as a front-end meets it: commands in, events out, without a command line.
#![cfg(unix)]

mod workbench {
    mod amend;
    mod approvals;
    mod aside;
    mod children;
    mod clear;
    mod compare;
    mod desk;
    mod history;
    mod merging;
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
