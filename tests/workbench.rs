//! Tabs: commands in, events out, without a command line.
#![cfg(unix)]

mod support;

use std::sync::Arc;

use offshoot::agent::{AgentEvent, Order};
use offshoot::config::Env;
use offshoot::workbench::{
    Back, Base, BranchName, Command, Event, EventKind, Options, Start, TabId, Uncommitted, Workbench,
};
use support::machine::{Machine, say, writes};
use tokio::sync::mpsc;

const TAB: TabId = TabId(1);

fn workbench(machine: &Machine) -> (Workbench, mpsc::Receiver<Event>) {
    let folder = |name: &str| machine.path(name).display().to_string();
    let env: Env = [
        ("PATH", std::env::var("PATH").unwrap()),
        ("HOME", folder("home")),
        ("XDG_CONFIG_HOME", folder("config")),
        ("XDG_DATA_HOME", folder("data")),
        ("XDG_STATE_HOME", folder("state")),
        ("XDG_CACHE_HOME", folder("cache")),
    ]
    .into_iter()
    .collect();
    let options = Options {
        cwd: machine.repo.clone(),
        env,
        config_file: None,
        flags: Vec::new(),
        helper: None,
        can_ask: false,
    };
    Workbench::new(Arc::new(Base::load(options).unwrap().place().unwrap()))
}

fn open() -> Command {
    let start = Start::New { branch: BranchName::From("task".into()), uncommitted: Uncommitted::Exclude };
    Command::Open { tab: TAB, start, permissions: None }
}

fn prompt(text: &str) -> Command {
    Command::Prompt { tab: TAB, order: Order { prompt: text.into(), ..Order::default() } }
}

/// The next event that `wanted` takes.
async fn next<T>(events: &mut mpsc::Receiver<Event>, wanted: impl Fn(EventKind) -> Option<T>) -> T {
    loop {
        let event = events.recv().await.expect("the tab is open");
        if let Some(found) = wanted(event.kind) {
            return found;
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "events are handed on by value")]
fn ended(kind: EventKind) -> Option<()> {
    matches!(kind, EventKind::Agent(AgentEvent::TurnEnded(_))).then_some(())
}

#[tokio::test]
async fn words_that_come_after_the_turn_begin_the_next_one() {
    let machine = Machine::new();
    machine.script(&[vec![say("One.")], vec![say("Two.")]]);
    let (workbench, mut events) = workbench(&machine);
    workbench.send(open()).await;
    workbench.send(prompt("first")).await;
    next(&mut events, ended).await;
    workbench.send(Command::Steer { tab: TAB, text: "and then this".into() }).await;
    let begun = next(&mut events, |kind| match kind {
        EventKind::Agent(AgentEvent::TurnBegan { turn, prompt }) => Some((turn, prompt)),
        _ => None,
    });
    assert_eq!(begun.await, (2, "and then this".to_owned()));
    next(&mut events, ended).await;
}

#[tokio::test]
async fn events_arrive_in_the_order_of_what_they_tell() {
    let machine = Machine::new();
    machine.script(&[writes("a", "1")]);
    let (workbench, mut events) = workbench(&machine);
    workbench.send(open()).await;
    workbench.send(prompt("first")).await;
    next(&mut events, ended).await;
    workbench.send(Command::Undo { tab: TAB, back: Back::Turns(1) }).await;
    workbench.send(Command::Close { tab: TAB }).await;
    let moved = next(&mut events, |kind| match kind {
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
    let (workbench, mut events) = workbench(&machine);
    workbench.send(open()).await;
    workbench.send(open()).await;
    let why = next(&mut events, |kind| match kind {
        EventKind::Failed(failure) => Some(failure.message),
        _ => None,
    });
    assert_eq!(why.await, "tab 1 is open already");
}

#[tokio::test]
async fn a_tab_without_a_prompt_leaves_nothing() {
    let machine = Machine::new();
    machine.script(&[vec![say("One.")]]);
    let before = machine.git(&["for-each-ref"]);
    let (workbench, mut events) = workbench(&machine);
    workbench.send(open()).await;
    let opened = next(&mut events, |kind| match kind {
        EventKind::Opened(opened) => Some(opened),
        _ => None,
    })
    .await;
    assert!(opened.worktree.is_dir());
    workbench.send(Command::Close { tab: TAB }).await;
    next(&mut events, |kind| matches!(kind, EventKind::Closed).then_some(())).await;
    assert!(!opened.worktree.exists());
    assert_eq!(machine.git(&["for-each-ref"]), before);
    assert_eq!(machine.git(&["worktree", "list"]).lines().count(), 1);
}
