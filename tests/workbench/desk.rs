//! A machine with a workbench on its repository, and somebody who reads the events.

use std::path::PathBuf;
use std::sync::Arc;

use offshoot::agent::{AgentEvent, Order, TurnEnd};
use offshoot::config::{Env, PermissionMode};
use offshoot::workbench::{
    Audience, Base, BranchName, Command, Event, EventKind, Moved, Opened, Options, Place, ShellEnd,
    ShellEvent, Start, TabId, Uncommitted, Workbench,
};
use tokio::sync::mpsc;

use crate::support::machine::Machine;

pub const TAB: TabId = TabId(1);

pub struct Desk {
    pub machine: Machine,
    pub workbench: Workbench,
    pub events: mpsc::Receiver<Event>,
}

impl Desk {
    pub fn new(machine: Machine) -> Self {
        Self::with(machine, &[], false)
    }

    /// With more variables in the environment, and somebody there to ask or not.
    pub fn with(machine: Machine, variables: &[(&str, &str)], can_ask: bool) -> Self {
        let place = place(&machine, variables, can_ask);
        let (workbench, events) = Workbench::new(Arc::new(place));
        Self { machine, workbench, events }
    }

    /// Sends a command.
    pub async fn send(&self, command: Command) {
        self.workbench.send(command).await;
    }

    /// Opens a tab and waits until it is open.
    pub async fn open(&mut self, tab: TabId, start: Start) -> Opened {
        self.open_as(tab, start, None).await
    }

    pub async fn open_as(&mut self, tab: TabId, start: Start, permissions: Option<PermissionMode>) -> Opened {
        self.send(Command::Open { tab, start, permissions }).await;
        self.next(|kind| match kind {
            EventKind::Opened(opened) => Some(*opened),
            EventKind::Failed(failure) => panic!("not opened: {}", failure.message),
            _ => None,
        })
        .await
    }

    /// Opens a new session in which everything is allowed.
    pub async fn open_new(&mut self) -> Opened {
        self.open_as(TAB, new(), Some(PermissionMode::Full)).await
    }

    pub async fn prompt(&self, text: &str) {
        self.send(prompt(TAB, text)).await;
    }

    /// Runs a turn to its end.
    pub async fn turn(&mut self, text: &str) -> TurnEnd {
        self.prompt(text).await;
        self.ended().await
    }

    pub async fn ended(&mut self) -> TurnEnd {
        self.next(|kind| match kind {
            EventKind::Agent(AgentEvent::TurnEnded(end)) => Some(end),
            _ => None,
        })
        .await
    }

    pub async fn close(&mut self, tab: TabId) {
        self.send(Command::Close { tab }).await;
        self.next(|kind| matches!(kind, EventKind::Closed).then_some(())).await;
    }

    pub async fn moved(&mut self, command: Command) -> Moved {
        self.send(command).await;
        self.next(|kind| match kind {
            EventKind::Moved(moved) => Some(*moved),
            EventKind::Failed(failure) => panic!("not moved: {}", failure.message),
            _ => None,
        })
        .await
    }

    pub async fn failure(&mut self) -> String {
        self.next(|kind| match kind {
            EventKind::Failed(failure) => Some(failure.message),
            _ => None,
        })
        .await
    }

    pub async fn shell(&self, command: &str, audience: Audience) {
        self.send(Command::Shell { tab: TAB, command: command.into(), audience }).await;
    }

    /// The end of the next command of the user's that ends: how, with what output, and whether the model
    /// knows.
    pub async fn shell_ended(&mut self) -> (ShellEnd, String, bool) {
        self.next(|kind| match kind {
            EventKind::Shell(ShellEvent::Ended { exit, text, offered, .. }) => Some((exit, text, offered)),
            _ => None,
        })
        .await
    }

    /// The next event that `wanted` takes.
    pub async fn next<T>(&mut self, wanted: impl FnMut(EventKind) -> Option<T>) -> T {
        next(&mut self.events, wanted).await
    }

    /// What git holds of the session that was last worked on, as one text.
    pub fn recorded(&self) -> String {
        let refs = self.machine.git(&[
            "for-each-ref",
            "--format=%(refname)",
            "--sort=refname",
            "refs/offshoot/sessions",
        ]);
        let last = refs.lines().last().unwrap_or_default().to_owned();
        self.machine.git(&["log", "--format=%B", &last])
    }

    /// A pipe on which a command waits until [`Desk::release`].
    pub fn gate(&self, name: &str) -> String {
        let path = self.gate_path(name);
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        format!("cat '{}'", path.display())
    }

    pub async fn release(&self, name: &str) {
        let path = self.gate_path(name);
        tokio::task::spawn_blocking(move || std::fs::write(path, "released\n").unwrap()).await.unwrap();
    }

    /// Waits until a command has written to a gate.
    pub async fn wait_for(&self, name: &str) {
        let path = self.gate_path(name);
        tokio::task::spawn_blocking(move || std::fs::read(path).unwrap()).await.unwrap();
    }

    fn gate_path(&self, name: &str) -> PathBuf {
        self.machine.path(format!("gate-{name}"))
    }
}

pub fn place(machine: &Machine, variables: &[(&str, &str)], can_ask: bool) -> Place {
    let folder = |name: &str| machine.path(name).display().to_string();
    let mut env = vec![
        ("PATH", std::env::var("PATH").unwrap()),
        ("HOME", folder("home")),
        ("XDG_CONFIG_HOME", folder("config")),
        ("XDG_DATA_HOME", folder("data")),
        ("XDG_STATE_HOME", folder("state")),
        ("XDG_CACHE_HOME", folder("cache")),
    ];
    env.extend(variables.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let options = Options {
        cwd: machine.repo.clone(),
        env: env.into_iter().collect::<Env>(),
        config_file: None,
        flags: Vec::new(),
        helper: None,
        can_ask,
    };
    Base::load(options).unwrap().place().unwrap()
}

pub fn new() -> Start {
    Start::New { branch: BranchName::From("task".into()), uncommitted: Uncommitted::Exclude }
}

pub fn prompt(tab: TabId, text: &str) -> Command {
    Command::Prompt { tab, order: Order { prompt: text.into(), ..Order::default() } }
}

pub async fn next<T>(
    events: &mut mpsc::Receiver<Event>,
    mut wanted: impl FnMut(EventKind) -> Option<T>,
) -> T {
    loop {
        let event = events.recv().await.expect("the tab is open");
        if let Some(found) = wanted(event.kind) {
            return found;
        }
    }
}
