//! Sessions that look at the worktree of another one.

use std::sync::Arc;

use offshoot::agent::AgentEvent;
use offshoot::config::PermissionMode;
use offshoot::workbench::{
    self, Audience, Back, BranchName, Command, EventKind, Opened, Start, TabId, Workbench, history,
};
use serde_json::json;

use super::desk::{Desk, TAB, new, next, place, prompt};
use crate::support::machine::{Machine, bash, call, put, say, writes};

const ASIDE: TabId = TabId(2);

fn aside(opened: &Opened, turn: Option<u32>) -> Start {
    Start::Aside { rev: opened.branch.clone(), turn }
}

/// References and worktrees of the repository, but those of the aside's own session.
fn around(machine: &Machine, own: &str) -> Vec<String> {
    let refs = machine.git(&["for-each-ref", "--format=%(refname) %(objectname)"]);
    let trees = machine.git(&["worktree", "list"]);
    refs.lines()
        .chain(trees.lines())
        .filter(|line| own.is_empty() || !line.contains(own))
        .map(str::to_owned)
        .collect()
}

async fn session_of(desk: &mut Desk, start: Start) -> (Opened, String) {
    desk.send(Command::Open { tab: ASIDE, start, permissions: Some(PermissionMode::Full) }).await;
    loop {
        let event = desk.events.recv().await.unwrap();
        match event.kind {
            EventKind::Opened(opened) => return (*opened, event.session),
            EventKind::Failed(failure) => panic!("{}", failure.message),
            _ => {}
        }
    }
}

#[tokio::test]
async fn an_aside_reads_the_worktree_and_changes_nothing() {
    let machine = Machine::new();
    machine.script(&[
        writes("a", "agent\n"),
        vec![call("read", json!({ "path": "half" })), put("b", "no"), bash("echo no > c"), say("Looked.")],
        vec![say("Three.")],
    ]);
    let mut desk = Desk::new(machine);
    let opened = desk.open_new().await;
    desk.turn("first").await;
    // What its agent is in the middle of is seen, and stays uncommitted.
    std::fs::write(opened.worktree.join("half"), "half done\n").unwrap();
    let before = around(&desk.machine, "");

    let (looking, own) = session_of(&mut desk, aside(&opened, None)).await;
    assert!(looking.is_aside && !opened.is_aside);
    assert_eq!((&looking.worktree, &looking.branch), (&opened.worktree, &opened.branch));
    assert_eq!(
        (looking.permissions, looking.turns, looking.history.steps.len()),
        (PermissionMode::ReadOnly, 1, 1)
    );
    desk.send(prompt(ASIDE, "look around")).await;
    let end = desk.ended().await;
    assert_eq!((end.text.as_str(), end.commits.len()), ("Looked.", 0));
    let record = desk.machine.git(&["log", "-1", "--format=%B", &format!("refs/offshoot/sessions/{own}")]);
    assert!(record.contains("half done"), "{record}");
    assert!(!record.contains("Offshoot-Branch"), "{record}");
    for wrong in ["b", "c"] {
        assert!(!opened.worktree.join(wrong).exists(), "{wrong}");
    }

    desk.send(Command::SetPermissions { tab: ASIDE, mode: PermissionMode::Full }).await;
    assert_eq!(desk.failure().await, "this tab only looks on");
    desk.send(Command::Undo { tab: ASIDE, back: Back::Turns(1) }).await;
    assert!(desk.failure().await.starts_with("this tab only looks on"));
    desk.send(Command::Shell { tab: ASIDE, command: "cat half".into(), audience: Audience::Model }).await;
    assert_eq!(desk.shell_ended().await.1, "half done\n");
    desk.close(ASIDE).await;
    assert_eq!(around(&desk.machine, &own), before);
    assert!(opened.worktree.join("half").exists());

    // The session that was left goes on, and the other one is on record.
    assert_eq!(desk.turn("second").await.text, "Looked.");
    let (session, _) = history::load(desk.workbench.place(), Some(own)).await.unwrap();
    assert_eq!((session.turn, session.branch), (2, None));
    assert!(session.conversation.entries().iter().any(|entry| {
        entry.kind.message().is_some_and(|message| message.text().contains("The user ran `cat half`"))
    }));
    // Where it left has the parent's branch moved on meanwhile; it can still be given a branch of its own.
    let start = Start::Continue { rev: Some(session.id) };
    let (resumed, _) = session_of(&mut desk, start).await;
    assert!(!resumed.is_aside && resumed.branch.starts_with("offshoot/") && resumed.branch != opened.branch);
}

#[tokio::test]
async fn an_aside_of_an_earlier_turn_has_the_conversation_of_then() {
    let machine = Machine::new();
    machine.script(&[writes("a", "1\n"), writes("b", "1\n")]);
    let mut desk = Desk::new(machine);
    let opened = desk.open_new().await;
    desk.turn("first").await;
    desk.turn("second").await;
    let (looking, _) = session_of(&mut desk, aside(&opened, Some(2))).await;
    assert_eq!((looking.turns, looking.history.steps.len()), (1, 1));
    assert!(looking.worktree.join("b").exists());
    desk.close(ASIDE).await;
    // Before anything was said: it may be left without a word.
    let (looking, own) = session_of(&mut desk, aside(&opened, Some(1))).await;
    assert_eq!((looking.turns, looking.title.as_str()), (0, ""));
    desk.close(ASIDE).await;
    assert!(desk.machine.git(&["for-each-ref", &format!("refs/offshoot/sessions/{own}")]).is_empty());
    assert!(opened.worktree.is_dir());
}

#[tokio::test]
async fn an_aside_needs_a_worktree_to_look_at() {
    let machine = Machine::new();
    machine.script(&[writes("a", "1\n")]);
    let mut desk = Desk::new(machine);
    let opened = desk.open_new().await;
    desk.turn("first").await;
    desk.close(TAB).await;
    desk.machine.git(&["worktree", "remove", "--force", opened.worktree.to_str().unwrap()]);
    desk.send(Command::Open { tab: ASIDE, start: aside(&opened, None), permissions: None }).await;
    assert!(desk.failure().await.ends_with("has no worktree to look at"));
    let other = Start::Fork { rev: opened.branch, turn: None, branch: BranchName::From("other".into()) };
    desk.open(TabId(3), other).await;
}

/// The process dies in the middle of an answer: here, with all of its tasks.
#[test]
fn an_aside_that_was_cut_off_is_recovered_without_a_branch() {
    for turn in [None, Some(1)] {
        let machine = Machine::new();
        machine.script(&[]);
        let stalls = json!({ "text": "I was about to say", "stall": true });
        let script = json!({ "turn": [
            { "when": "write", "reply": writes("a", "1\n") },
            { "when": "stall", "reply": [stalls] },
        ]});
        std::fs::write(machine.path("script.toml"), toml::to_string(&script).unwrap()).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (own, before, machine) = runtime.block_on(async {
            let mut desk = Desk::new(machine);
            let opened = desk.open(TAB, new()).await;
            desk.turn("write").await;
            desk.close(TAB).await;
            let before = around(&desk.machine, "");
            let (_, own) = session_of(&mut desk, aside(&opened, turn)).await;
            desk.send(prompt(ASIDE, "stall")).await;
            desk.next(|kind| matches!(kind, EventKind::Agent(AgentEvent::Text(_))).then_some(())).await;
            (own, before, desk.machine)
        });
        drop(runtime);
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let place = Arc::new(place(&machine, &[], false));
            let recovered = workbench::recover(&place).await;
            assert_eq!((recovered.len(), &recovered[0].session), (1, &own));
            assert_eq!(
                (recovered[0].branch.as_str(), recovered[0].result.is_ok()),
                ("no branch", true),
                "{recovered:?}"
            );
            assert_eq!(around(&machine, &own), before);
            let (session, _) = history::load(&place, Some(own.clone())).await.unwrap();
            let last = session.conversation.entries().last().unwrap().kind.message().unwrap().text();
            assert!("I was about to say".starts_with(&last) && !last.is_empty(), "{last}");
            let (workbench, mut events) = Workbench::new(place);
            workbench.send(Command::Open { tab: TAB, start: new(), permissions: None }).await;
            next(&mut events, |kind| matches!(kind, EventKind::Opened(_)).then_some(())).await;
        });
    }
}
