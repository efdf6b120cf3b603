//! What reaches an agent in the middle of its turn: words, permissions; and what it tells of its context.

use offshoot::agent::{AgentEvent, ContextPart, ContextUse};
use offshoot::chat::EntryKind;
use offshoot::config::PermissionMode;
use offshoot::workbench::{Back, Command, EventKind, Start};

use super::desk::{Desk, TAB, new};
use crate::support::machine::{Machine, bash, put, say};

fn context(kind: EventKind) -> Option<ContextUse> {
    match kind {
        EventKind::Agent(AgentEvent::Context(context)) => Some(context),
        _ => None,
    }
}

#[tokio::test]
async fn words_within_a_turn_are_told_when_the_model_is_given_them() {
    let desk = Desk::new(Machine::new());
    let wait = desk.gate("turn");
    desk.machine.script(&[vec![bash(&wait)], vec![say("Two.")]]);
    let mut desk = Desk::new(desk.machine);
    desk.open_new().await;
    desk.prompt("first").await;
    desk.next(|kind| matches!(kind, EventKind::Agent(AgentEvent::ToolCall { .. })).then_some(())).await;
    desk.send(Command::Steer { tab: TAB, text: "mind the gap".into() }).await;
    desk.release("turn").await;
    let mut told = Vec::new();
    desk.next(|kind| match kind {
        EventKind::Agent(AgentEvent::Steered { text }) => {
            told.push(text);
            None
        }
        EventKind::Agent(AgentEvent::TurnEnded(end)) => Some(end),
        _ => None,
    })
    .await;
    assert_eq!(told, ["mind the gap"]);
    let record = desk.recorded();
    assert!(record.contains(r#""kind":"steer","content":[{"type":"text","text":"mind the gap"#), "{record}");
}

#[tokio::test]
async fn permissions_that_change_within_a_turn_hold_for_the_next_call() {
    let desk = Desk::new(Machine::new());
    let wait = desk.gate("turn");
    desk.machine.script(&[vec![bash(&wait), put("a", "1"), say("Done.")], vec![put("b", "1"), say("Done.")]]);
    let mut desk = Desk::new(desk.machine);
    let opened = desk.open_new().await;
    assert_eq!(opened.permissions, PermissionMode::Full);
    desk.prompt("first").await;
    desk.next(|kind| matches!(kind, EventKind::Agent(AgentEvent::ToolCall { .. })).then_some(())).await;
    desk.send(Command::SetPermissions { tab: TAB, mode: PermissionMode::ReadOnly }).await;
    let set = |kind| match kind {
        EventKind::Permissions(mode) => Some(mode),
        _ => None,
    };
    assert_eq!(desk.next(set).await, PermissionMode::ReadOnly);
    desk.release("turn").await;
    assert_eq!(desk.ended().await.commits.len(), 0);

    desk.send(Command::SetPermissions { tab: TAB, mode: PermissionMode::Auto }).await;
    assert_eq!(desk.next(set).await, PermissionMode::Auto);
    assert_eq!(desk.turn("second").await.commits.len(), 1);
    desk.close(TAB).await;

    // What the model was told of its permissions is on record each time.
    let opened = desk.open(TAB, Start::Continue { rev: None }).await;
    let frames = opened.history.conversation.entries().iter().filter_map(|entry| match &entry.kind {
        EntryKind::Setup(setup) => Some((setup.permissions.clone(), setup.tools.contains(&"write".into()))),
        _ => None,
    });
    let wanted = [("full", true), ("read-only", false), ("auto", true)].map(|(mode, w)| (mode.to_owned(), w));
    assert_eq!(frames.collect::<Vec<_>>(), wanted);
}

#[tokio::test]
async fn what_fills_the_context_is_told_after_each_call_and_when_it_changes() {
    let machine = Machine::new();
    machine.script(&[vec![put("a", &"x".repeat(4000)), say("Done.")]]);
    let mut desk = Desk::new(machine);
    let opened = desk.open(TAB, new()).await;
    assert_eq!(opened.context, None);
    desk.prompt("first").await;
    let first = desk.next(context).await;
    assert_eq!(first.used, 110);
    let part = |context: &ContextUse, wanted| {
        context.parts.iter().find(|(part, _)| *part == wanted).map_or(0, |(_, tokens)| *tokens)
    };
    assert!(part(&first, ContextPart::ToolCalls) > 1000);
    assert_eq!(part(&first, ContextPart::ToolResults), 0);
    let second = desk.next(context).await;
    assert!(part(&second, ContextPart::ToolResults) > 0);
    desk.ended().await;
    desk.close(TAB).await;
    let opened = desk.open(TAB, Start::Continue { rev: None }).await;
    assert_eq!(opened.context, Some(second));
    desk.send(Command::Undo { tab: TAB, back: Back::Turns(1) }).await;
    assert_eq!(desk.next(context).await, ContextUse::default());
}
