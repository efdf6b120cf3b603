//! The line of prompts that wait for an agent at work.

use offshoot::agent::AgentEvent;
use offshoot::workbench::{Command, EventKind};
use serde_json::json;

use super::desk::{Desk, TAB};
use crate::support::machine::{Machine, bash, say};

async fn line(desk: &mut Desk) -> Vec<(u64, String)> {
    desk.next(|kind| match kind {
        EventKind::Queue(line) => Some(line.into_iter().map(|one| (one.id, one.prompt)).collect()),
        _ => None,
    })
    .await
}

async fn begun(desk: &mut Desk) -> String {
    desk.next(|kind| match kind {
        EventKind::Agent(AgentEvent::TurnBegan { prompt, .. }) => Some(prompt),
        _ => None,
    })
    .await
}

fn waiting(prompts: &[(u64, &str)]) -> Vec<(u64, String)> {
    prompts.iter().map(|(id, prompt)| (*id, (*prompt).to_owned())).collect()
}

#[tokio::test]
async fn prompts_that_wait_are_told_edited_removed_and_taken_up_in_order() {
    let desk = Desk::new(Machine::new());
    let wait = desk.gate("turn");
    desk.machine.script(&[vec![bash(&wait), say("1")], vec![say("2")], vec![say("3")]]);
    let mut desk = Desk::new(desk.machine);
    desk.open_new().await;
    desk.prompt("first").await;
    assert_eq!(begun(&mut desk).await, "first");
    desk.prompt("second").await;
    assert_eq!(line(&mut desk).await, waiting(&[(1, "second")]));
    desk.prompt("third").await;
    line(&mut desk).await;
    desk.prompt("fourth").await;
    line(&mut desk).await;
    desk.send(Command::Requeue { tab: TAB, id: 2, prompt: None }).await;
    assert_eq!(line(&mut desk).await, waiting(&[(1, "second"), (3, "fourth")]));
    desk.send(Command::Requeue { tab: TAB, id: 1, prompt: Some("2nd".into()) }).await;
    assert_eq!(line(&mut desk).await, waiting(&[(1, "2nd"), (3, "fourth")]));
    desk.send(Command::Requeue { tab: TAB, id: 2, prompt: Some("too late".into()) }).await;
    assert_eq!(desk.failure().await, "this prompt waits no longer");

    desk.release("turn").await;
    assert_eq!(line(&mut desk).await, waiting(&[(3, "fourth")]));
    assert_eq!(begun(&mut desk).await, "2nd");
    assert_eq!(line(&mut desk).await, []);
    assert_eq!(begun(&mut desk).await, "fourth");
    desk.ended().await;
}

#[tokio::test]
async fn an_interruption_hands_back_what_waited_and_what_was_not_heard() {
    let machine = Machine::new();
    machine.script(&[vec![json!({ "text": "Hm", "stall": true })], vec![say("2")]]);
    let mut desk = Desk::new(machine);
    desk.open_new().await;
    desk.prompt("first").await;
    begun(&mut desk).await;
    desk.next(|kind| matches!(kind, EventKind::Agent(AgentEvent::Text(_))).then_some(())).await;
    desk.prompt("second").await;
    desk.prompt("third").await;
    desk.send(Command::Steer { tab: TAB, text: "by the way".into() }).await;
    desk.send(Command::Interrupt { tab: TAB }).await;
    let mut dropped = Vec::new();
    while dropped.len() < 3 {
        dropped.extend(
            desk.next(|kind| match kind {
                EventKind::Dropped(prompts) => Some(prompts),
                EventKind::Agent(AgentEvent::TurnBegan { prompt, .. }) => panic!("{prompt} was begun"),
                _ => None,
            })
            .await,
        );
    }
    assert_eq!(dropped, ["second", "third", "by the way"]);
    // The tab goes on with what is said now.
    desk.prompt("now").await;
    assert_eq!(begun(&mut desk).await, "now");
}

#[tokio::test]
async fn nobody_can_edit_a_prompt_when_none_waits() {
    let machine = Machine::new();
    machine.script(&[vec![say("1")]]);
    let mut desk = Desk::new(machine);
    desk.open_new().await;
    desk.send(Command::Requeue { tab: TAB, id: 1, prompt: None }).await;
    assert_eq!(desk.failure().await, "this prompt waits no longer");
}
