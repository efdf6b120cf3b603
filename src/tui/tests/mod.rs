//! The screen whole, without a terminal: what a user presses and what agents do go in, and out come the
//! screen and what is to be done. A test tells a story and shows the screen at its end.

mod approvals;
mod children;
mod commands;
mod compare;
mod composer;
mod conversation;
mod deeds;
mod diffs;
mod first_run;
mod fuzz;
mod hostile;
mod landing;
mod lists;
mod looks;
mod panel;
mod past;
mod questions;
mod reading;
mod review;
mod routing;
mod scripts;
mod stuck;
mod studio;
mod tabs;
mod texts;
mod told;

use serde_json::json;

use crate::agent::EndReason;
use crate::tui::message::Loaded;
use crate::workbench::Uncommitted;
use studio::Studio;

/// So many lines, each by its number from 1.
fn numbered(count: usize, line: impl Fn(usize) -> String) -> String {
    (1..=count).map(line).collect::<Vec<_>>().concat()
}

/// A screen whose agent works at the user's first prompt.
fn at_work(width: u16, height: u16) -> Studio {
    let mut studio = Studio::new(width, height);
    studio.says("fix the failing test").loads(Loaded::Uncommitted(Some(Uncommitted::Exclude)));
    studio.agent().opens("fix-the-failing-test").begins("fix the failing test").goes_to(
        "local",
        "qwen3-coder",
        "it is local, and up",
    );
    studio
}

/// The same, once the agent is done.
fn finished(width: u16, height: u16) -> Studio {
    let mut studio = at_work(width, height);
    let edit = json!({ "path": "src/parser.rs", "old_string": "depth + 1", "new_string": "depth" });
    studio
        .agent()
        .thinks("The test wants the depth of the innermost list.\nLet me look at it first.")
        .says("I look at the test first.")
        .calls("c1", "bash", json!({ "command": "cargo test nested" }))
        .prints("c1", "running 1 test\ntest nested ... FAILED\n")
        .fails_at("c1", "cargo test nested (exit code 101, 2 lines)")
        .calls("c2", "edit", edit)
        .gets("c2", "src/parser.rs: 1 replacement", "")
        .commits("9f31c07e6d1b2a4c5e8f", "Count the innermost list once", (1, 1, 1))
        .says("The depth was counted **twice**. It is `depth` now:\n\n```rust\nlet depth = list.depth();\n```\n")
        .uses(6_400, 210, Some(0.0))
        .changes(&[("src/parser.rs", 1, 1)])
        .ends(EndReason::Done);
    studio
}
