//! Opening, closing, and the order of things.

use offshoot::agent::AgentEvent;
use offshoot::workbench::{Back, Command, EventKind, TabId};

use super::desk::{Desk, TAB, new, prompt};
use crate::support::machine::{Machine, say, writes};
use serde_json::json;

#[tokio::test]
async fn words_that_come_after_the_turn_begin_the_next_one() {
    let machine = Machine::new();
    machine.script(&[vec![say("One.")], vec![say("Two.")]]);
    let mut desk = Desk::new(machine);
    desk.open(TAB, new()).await;
    desk.turn("first").await;
    desk.send(Command::Steer { tab: TAB, text: "and then this".into() }).await;
    let begun = desk.next(|kind| match kind {
        EventKind::Agent(AgentEvent::TurnBegan { turn, prompt }) => Some((turn, prompt)),
        _ => None,
    });
    assert_eq!(begun.await, (2, "and then this".to_owned()));
    desk.ended().await;
}

#[tokio::test]
async fn events_arrive_in_the_order_of_what_they_tell() {
    let machine = Machine::new();
    machine.script(&[writes("a", "1")]);
    let mut desk = Desk::new(machine);
    desk.open(TAB, new()).await;
    desk.turn("first").await;
    desk.send(Command::Undo { tab: TAB, back: Back::Turns(1) }).await;
    desk.send(Command::Close { tab: TAB }).await;
    let moved = desk.next(|kind| match kind {
        EventKind::Moved(moved) => Some(moved),
        EventKind::Closed => panic!("closed before the undo was told"),
        _ => None,
    });
    assert_eq!(moved.await.turn, 0);
}

#[tokio::test]
async fn a_tab_that_is_open_is_not_opened_again() {
    let machine = Machine::new();
    machine.script(&[vec![say("One.")]]);
    let mut desk = Desk::new(machine);
    desk.open(TAB, new()).await;
    desk.send(Command::Open { tab: TAB, start: new(), permissions: None }).await;
    assert_eq!(desk.failure().await, "tab 1 is open already");
    desk.workbench.post(Command::Open { tab: TAB, start: new(), permissions: None }).unwrap();
    assert_eq!(desk.failure().await, "tab 1 is open already");
    desk.workbench.post(Command::Interrupt { tab: TabId(7) }).unwrap();
    assert_eq!(desk.failure().await, "tab 7 is not open");
}

#[tokio::test]
async fn a_tab_without_a_prompt_leaves_nothing() {
    let machine = Machine::new();
    machine.script(&[vec![say("One.")]]);
    let before = machine.git(&["for-each-ref"]);
    let mut desk = Desk::new(machine);
    let opened = desk.open(TAB, new()).await;
    assert!(opened.worktree.is_dir());
    desk.close(TAB).await;
    assert!(!opened.worktree.exists());
    assert_eq!(desk.machine.git(&["for-each-ref"]), before);
    assert_eq!(desk.machine.git(&["worktree", "list"]).lines().count(), 1);
}

#[tokio::test]
async fn a_tab_without_a_prompt_keeps_what_was_changed_by_hand() {
    let machine = Machine::new();
    machine.script(&[vec![say("One.")]]);
    let mut desk = Desk::new(machine);
    let opened = desk.open(TAB, new()).await;
    std::fs::write(opened.worktree.join("mine"), "by hand").unwrap();
    desk.close(TAB).await;
    assert_eq!(desk.machine.file_at(&opened.branch, "mine"), "by hand");
}

/// Commands that nobody waits for, while nobody reads the events: the tab is held up, whoever posts is not,
/// and nothing that was taken is lost.
#[tokio::test]
async fn posting_never_waits_for_a_tab_that_waits_for_its_reader() {
    let machine = Machine::new();
    machine.script(&[vec![json!({ "text": "Hm", "stall": true })]]);
    let mut desk = Desk::new(machine);
    desk.open(TAB, new()).await;
    desk.prompt("first").await;
    let mut taken = 0;
    let refused = loop {
        match desk.workbench.post(prompt(TAB, "next")) {
            Ok(()) => taken += 1,
            Err(command) => break command,
        }
        // The tab gets to work, as far as it can.
        tokio::task::yield_now().await;
        assert!(taken < 10_000, "the commands go nowhere");
    };
    assert!(matches!(refused, Command::Prompt { tab: TAB, .. }));
    let mut told = 0;
    while told < taken {
        told = desk
            .next(|kind| match kind {
                EventKind::Queue(line) => Some(line.len()),
                _ => None,
            })
            .await;
    }
    desk.workbench.post(Command::Close { tab: TAB }).unwrap();
    let dropped = desk.next(|kind| match kind {
        EventKind::Dropped(prompts) => Some(prompts.len()),
        _ => None,
    });
    assert_eq!(dropped.await, taken);
    desk.next(|kind| matches!(kind, EventKind::Closed).then_some(())).await;
}
