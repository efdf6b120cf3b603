//! Calls that ask: answered for their own tab, and denied by an interruption.

use offshoot::agent::{AgentEvent, Answer, ApprovalState, EndReason};
use offshoot::config::PermissionMode;
use offshoot::workbench::{Command, EventKind, TabId};

use super::desk::{Desk, TAB, new, prompt};
use crate::support::machine::{Machine, put, say, writes};

const OTHER: TabId = TabId(2);

fn asked(kind: &EventKind) -> Option<(String, ApprovalState)> {
    match kind {
        EventKind::Agent(AgentEvent::Approval(approval)) => Some((approval.id.clone(), approval.decision)),
        _ => None,
    }
}

#[tokio::test]
async fn an_interruption_denies_the_call_that_waits_and_ends_the_turn() {
    let machine = Machine::new();
    machine.script(&[writes("a", "1"), vec![say("Well.")]]);
    let mut desk = Desk::with(machine, &[], true);
    desk.open_as(TAB, new(), Some(PermissionMode::Ask)).await;
    desk.prompt("first").await;
    let (call, state) = desk.next(|kind| asked(&kind)).await;
    assert_eq!(state, ApprovalState::Pending);
    desk.send(Command::Interrupt { tab: TAB }).await;
    assert_eq!(desk.next(|kind| asked(&kind)).await, (call.clone(), ApprovalState::Denied));
    let end = desk.ended().await;
    assert_eq!((end.reason, end.commits.len()), (EndReason::Interrupted, 0));
    let record = desk.recorded();
    assert!(record.contains("not run: the user interrupted"), "{record}");
    // An answer that comes too late is nobody's, and the conversation goes on.
    desk.send(Command::Answer { tab: TAB, call, answer: Answer::Allow }).await;
    assert_eq!(desk.turn("second").await.text, "Well.");
}

#[tokio::test]
async fn approvals_of_several_tabs_are_apart() {
    let machine = Machine::new();
    machine.script(&[vec![put("a", "1"), say("Done.")]]);
    let mut desk = Desk::with(machine, &[], true);
    for tab in [TAB, OTHER] {
        desk.open_as(tab, new(), Some(PermissionMode::Ask)).await;
    }
    let mut calls = Vec::new();
    for tab in [TAB, OTHER] {
        desk.send(prompt(tab, "write")).await;
        calls.push(desk.next(|kind| asked(&kind)).await.0);
    }
    // The script numbers its calls the same in both.
    assert_eq!(calls[0], calls[1]);
    desk.send(Command::Answer { tab: OTHER, call: calls[1].clone(), answer: Answer::Deny }).await;
    let mut ends = Vec::new();
    while ends.len() < 2 {
        let event = desk.events.recv().await.unwrap();
        if let Some(end) = event.turn_end() {
            ends.push((event.tab, end.commits.len()));
            if event.tab == OTHER {
                let (tab, call) = (TAB, calls[0].clone());
                desk.send(Command::Answer { tab, call, answer: Answer::Allow }).await;
            }
        }
    }
    assert_eq!(ends, [(OTHER, 0), (TAB, 1)]);
}
