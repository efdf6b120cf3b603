//! The context cleared, and personas taken on.

use offshoot::agent::{AgentEvent, Persona};
use offshoot::chat::EntryKind;
use offshoot::config::PermissionMode;
use offshoot::workbench::{Back, Command, EventKind, Start};

use super::desk::{Desk, TAB, new};
use crate::support::machine::{Machine, put, say};

async fn clear(desk: &mut Desk, persona: Option<Persona>) -> (Option<String>, bool) {
    desk.send(Command::Clear { tab: TAB, persona }).await;
    desk.next(|kind| match kind {
        EventKind::Cleared { persona, kept } => Some((persona, kept)),
        EventKind::Failed(failure) => panic!("not cleared: {}", failure.message),
        _ => None,
    })
    .await
}

/// A script whose nth turn is played for the nth message of the user's in the context.
fn script(machine: &Machine) {
    machine.script(&[vec![say("One.")], vec![say("Two.")], vec![say("Three.")]]);
}

#[tokio::test]
async fn a_cleared_context_begins_anew_and_an_undo_brings_it_back() {
    let machine = Machine::new();
    script(&machine);
    let mut desk = Desk::new(machine);
    desk.open(TAB, new()).await;
    assert_eq!(desk.turn("first").await.text, "One.");
    assert_eq!(clear(&mut desk, None).await, (None, false));
    assert!(desk.recorded().contains("Clear the context"));
    // Again: nothing is left to clear.
    let before = desk.recorded();
    assert_eq!(clear(&mut desk, None).await, (None, false));
    assert_eq!(desk.recorded(), before);
    let moved = desk.moved(Command::Undo { tab: TAB, back: Back::Turns(1) }).await;
    assert_eq!(moved.turn, 1);
    assert_eq!(desk.turn("second").await.text, "Two.");

    clear(&mut desk, None).await;
    // What stands for the conversation, and the prompt.
    assert_eq!(desk.turn("third").await.text, "Two.");
    desk.close(TAB).await;
    let opened = desk.open(TAB, Start::Continue { rev: None }).await;
    assert_eq!((opened.turns, opened.title.as_str()), (3, "first"));
    let moved = desk.moved(Command::Undo { tab: TAB, back: Back::Turns(1) }).await;
    assert_eq!((moved.turn, moved.history.conversation.prompt(2)), (2, Some("second".into())));
    assert_eq!(desk.turn("third").await.text, "Three.");
}

#[tokio::test]
async fn a_persona_restricts_tools_and_permissions_and_is_told_its_part() {
    let machine = Machine::new();
    machine.script(&[
        vec![put("a", "1"), say("One.")],
        vec![put("a", "2"), say("Two.")],
        vec![say("Three.")],
    ]);
    let file = machine.path("reviewer.yaml");
    std::fs::write(&file, "permissions: full\ntools: [read, grep]\nsystem: Be kind.\nkeep_context: true\n")
        .unwrap();
    let mut desk = Desk::new(machine);
    desk.open(TAB, new()).await;
    assert_eq!(desk.turn("first").await.commits.len(), 1);
    let persona = Persona::load(&file).unwrap();
    desk.send(Command::Clear { tab: TAB, persona: Some(persona) }).await;
    let mode = desk.next(|kind| match kind {
        EventKind::Permissions(mode) => Some(mode),
        EventKind::Cleared { .. } => panic!("the permissions come first"),
        _ => None,
    });
    assert_eq!(mode.await, PermissionMode::Full);
    let told = desk.next(|kind| match kind {
        EventKind::Cleared { persona, kept } => Some((persona, kept)),
        _ => None,
    });
    assert_eq!(told.await, (Some("reviewer".into()), true));
    // The conversation goes on, and what the model may not call is not run.
    let end = desk.turn("second").await;
    assert_eq!((end.text.as_str(), end.commits.len()), ("Two.", 0));
    assert!(desk.recorded().contains("not run: `write` is not among your tools"));
    desk.close(TAB).await;
    let opened = desk.open(TAB, Start::Continue { rev: None }).await;
    let frames = opened.history.conversation.entries().iter().filter_map(|entry| match &entry.kind {
        EntryKind::Setup(setup) => Some(setup.clone()),
        _ => None,
    });
    let frames: Vec<_> = frames.collect();
    assert_eq!((frames.len(), &frames[1].tools), (2, &vec!["read".to_owned(), "grep".to_owned()]));
    assert_eq!(frames[1].permissions, "full");
    assert_ne!(frames[0].digest, frames[1].digest);
}

#[tokio::test]
async fn a_persona_chooses_who_answers() {
    let machine = Machine::new();
    script(&machine);
    let settings = std::fs::read_to_string(machine.path("config/offshoot/config.toml")).unwrap();
    let second = settings.split("[backends.script]").nth(1).unwrap();
    machine.settings(&format!("{settings}[backends.other]{second}[roles.writer]\neffort = \"high\"\n"));
    let mut desk = Desk::new(machine);
    desk.open(TAB, new()).await;
    let persona = |backend: Option<&str>, role: Option<&str>| Persona {
        name: "p".into(),
        backend: backend.map(str::to_owned),
        role: role.map(str::to_owned),
        ..Persona::default()
    };
    clear(&mut desk, Some(persona(Some("other"), Some("writer")))).await;
    desk.prompt("first").await;
    let routed = desk.next(|kind| match kind {
        EventKind::Agent(AgentEvent::Route(routed)) => Some((routed.decision.backend, routed.role)),
        _ => None,
    });
    assert_eq!(routed.await, ("other".to_owned(), Some("writer".to_owned())));
    desk.ended().await;
    for (wrong, why) in [
        (persona(Some("nobody"), None), "backend \"nobody\" is not configured"),
        (persona(None, Some("nobody")), "role \"nobody\" is not defined"),
    ] {
        desk.send(Command::Clear { tab: TAB, persona: Some(wrong) }).await;
        assert_eq!(desk.failure().await, why);
    }
}
