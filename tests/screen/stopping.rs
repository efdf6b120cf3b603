//! Interrupting an agent: within a second, with everything kept.

use std::time::{Duration, Instant};

use super::user::{IDLE, User, WORKING};
use crate::support::machine::{bash, put, say};
use serde_json::json;

/// How long it may take from the key until the agent is idle.
const LIMIT: Duration = Duration::from_secs(1);

/// Interrupts the turn, and looks at the clock.
#[track_caller]
fn stop(user: &User, how: impl Fn(&User)) {
    let start = Instant::now();
    how(user);
    user.wait(IDLE);
    let took = start.elapsed();
    user.wait("■ interrupted");
    assert!(took < LIMIT, "it took {took:?}");
}

#[test]
fn ctrl_c_stops_a_command_and_its_children_and_keeps_what_was_done() {
    let user = User::new(&[
        vec![put("a.txt", "a\n"), bash("echo half > half.txt; echo ready $$; sleep 60 & wait")],
        vec![say("Gone on.")],
    ]);
    user.say("first");
    user.wait("│ ready");
    let (col, row) = user.find("│ ready").unwrap();
    let shell = user.row(row).chars().skip(usize::from(col)).collect::<String>();
    let shell = shell.split_whitespace().nth(2).unwrap().to_owned();
    stop(&user, |user| user.press("ctrl-c"));
    let ps = std::process::Command::new("ps").args(["-o", "pid=", "-g", &shell]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ps.stdout).trim(), "", "the command's children live on");
    let branch = user.branch();
    assert_eq!(user.machine.file_at(&branch, "half.txt"), "half");
    let worktree = user.machine.git(&["worktree", "list", "--porcelain"]);
    assert!(worktree.contains(&branch), "{worktree}");
    // Every call has a result, so that the next turn can be asked.
    user.turn("second", "Gone on.");
    assert!(user.recorded().contains("interrupted"), "{}", user.recorded());
}

#[test]
fn the_abort_command_does_the_same() {
    let user =
        User::new(&[vec![put("a.txt", "a\n"), bash("echo ready; sleep 60 & wait")], vec![say("Gone on.")]]);
    user.say("first");
    user.wait("│ ready");
    stop(&user, |user| user.say("/abort"));
    assert_eq!(user.machine.file_at(&user.branch(), "a.txt"), "a");
    user.turn("second", "Gone on.");
}

#[test]
fn a_stream_that_stalls_is_stopped_and_what_was_said_stays() {
    for how in ["key", "command"] {
        let stalled = json!({ "text": "I was about to", "stall": true });
        let user = User::new(&[vec![put("a.txt", "a\n"), stalled], vec![say("Gone on.")]]);
        user.say("first");
        user.wait("I was about to");
        user.wait(WORKING);
        stop(&user, |user| if how == "key" { user.press("ctrl-c") } else { user.say("/abort") });
        user.wait("I was about to");
        assert_eq!(user.machine.file_at(&user.branch(), "a.txt"), "a");
        user.turn("second", "Gone on.");
        assert!(user.recorded().contains("I was about to"));
    }
}
