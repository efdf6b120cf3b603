//! A child is merged into its parent when it is idle, with what was edited by hand in its worktree.

use std::path::Path;

use offshoot::config::PermissionMode;
use offshoot::workbench::merging::Merging;
use offshoot::workbench::{BranchName, Command, EventKind, Opened, Start, TabId};

use super::desk::{Desk, TAB, new, prompt};
use crate::support::machine::{Machine, bash, put, say, write};

const CHILD: TabId = TabId(2);

impl Desk {
    /// A parent with a turn, and a child that left it.
    async fn family(&mut self) -> (Opened, Opened) {
        let full = Some(PermissionMode::Full);
        let parent = self.open_as(TAB, new(), full).await;
        self.turn("first").await;
        let branch = BranchName::Given("offshoot/child".into());
        let start = Start::Fork { rev: parent.branch.clone(), turn: None, branch };
        (parent, self.open_as(CHILD, start, full).await)
    }

    async fn merge(&mut self) -> Result<Merging, String> {
        self.send(Command::Merge { tab: TAB, child: "offshoot/child".into() }).await;
        self.next(|kind| match kind {
            EventKind::Merging(merging) => Some(Ok(merging)),
            EventKind::Failed(failure) => Some(Err(failure.message)),
            _ => None,
        })
        .await
    }
}

#[tokio::test]
async fn a_child_that_is_at_work_is_not_merged_and_half_a_step_not_committed() {
    let machine = Machine::new();
    let gates = ["begun", "end"].map(|name| machine.path(format!("gate-{name}")).display().to_string());
    let work = format!("echo half > b; echo > '{}'; cat '{}'; echo whole > b", gates[0], gates[1]);
    machine.scenes(&[
        ("first", vec![put("a", "1\n"), say("Done.")]),
        ("work", vec![bash(&work), say("Whole.")]),
    ]);
    let mut desk = Desk::new(machine);
    let (parent, child) = desk.family().await;
    desk.gate("begun");
    desk.gate("end");
    desk.send(prompt(CHILD, "work")).await;
    desk.wait_for("begun").await;
    let before = desk.machine.git(&["rev-parse", &child.branch]);
    assert_eq!(desk.merge().await, Err("offshoot/child is at work".to_owned()));
    assert_eq!(desk.machine.git(&["rev-parse", &child.branch]), before);
    desk.release("end").await;
    desk.ended().await;
    // Idle, though its tab is open. What was edited there comes along.
    write(Path::new(&child.worktree), "by-hand", "mine\n");
    assert!(matches!(desk.merge().await, Ok(Merging::Merged { .. })));
    assert_eq!(desk.machine.file_at(&parent.branch, "b"), "whole");
    assert_eq!(desk.machine.file_at(&parent.branch, "by-hand"), "mine");
}

#[tokio::test]
async fn what_lies_in_a_worktree_of_the_users_is_not_committed_for_a_merge() {
    let machine = Machine::new();
    machine.scenes(&[
        ("first", vec![put("a", "1\n"), say("Done.")]),
        ("work", vec![put("b", "whole\n"), say("Whole.")]),
    ]);
    let mut desk = Desk::new(machine);
    let (parent, child) = desk.family().await;
    desk.send(prompt(CHILD, "work")).await;
    desk.ended().await;
    desk.close(CHILD).await;
    let theirs = desk.machine.path("theirs");
    let to = theirs.to_str().unwrap();
    desk.machine.git(&["worktree", "move", child.worktree.to_str().unwrap(), to]);
    write(&theirs, "by-hand", "mine\n");
    let before = desk.machine.git(&["rev-parse", &child.branch]);
    assert!(matches!(desk.merge().await, Ok(Merging::Merged { .. })));
    assert_eq!(desk.machine.git(&["rev-parse", &child.branch]), before);
    assert!(!desk.machine.is_in(&parent.branch, "by-hand") && theirs.join("by-hand").exists());
}
