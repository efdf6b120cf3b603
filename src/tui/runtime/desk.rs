//! What both ways of running the screen share: the state, the workbench under it, and what is looked up.
//! Actions that need a terminal are handed back to whoever has one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::load::Loader;
use crate::backends::health::now_ms;
use crate::tui::app::{App, Clock};
use crate::tui::composer::HistoryFile;
use crate::tui::message::{Action, Load, Loaded, Message};
use crate::tui::remembered::RememberedFile;
use crate::tui::update::{Actions, update};
use crate::workbench::{Event, Place, Workbench, state};

/// How long sessions may take to close when the program ends.
pub(super) const FAREWELL: Duration = Duration::from_secs(5);
/// Prompts that may wait to be written.
const PROMPTS: usize = 64;
/// Answers to loads that may wait.
const ANSWERS: usize = 256;

pub struct Desk {
    pub app: App,
    pub place: Arc<Place>,
    workbench: Workbench,
    events: mpsc::Receiver<Event>,
    loader: Loader,
    loaded: mpsc::Receiver<Loaded>,
    /// Prompts on their way to the disk.
    prompts: mpsc::Sender<String>,
    looks: RememberedFile,
    /// Loads that have not given everything yet.
    loads: usize,
}

/// Where the screen keeps what is its own.
pub struct Files {
    pub prompts: HistoryFile,
    pub looks: RememberedFile,
}

impl Desk {
    pub fn new(app: App, place: Arc<Place>, files: Files) -> Self {
        let (workbench, events) = Workbench::new(Arc::clone(&place));
        workbench.watch();
        let (answers, loaded) = mpsc::channel(ANSWERS);
        let prompts = keep_prompts(files.prompts, answers.clone());
        let place_of_loads = Arc::clone(&place);
        Self {
            app,
            place,
            workbench,
            events,
            loader: Loader::new(place_of_loads, answers),
            loaded,
            prompts,
            looks: files.looks,
            loads: 0,
        }
    }

    /// What happens next behind the screen. Safe to cancel.
    pub async fn next(&mut self) -> Message {
        tokio::select! {
            Some(event) = self.events.recv() => Message::Workbench(event),
            Some(loaded) = self.loaded.recv() => Message::Loaded(loaded),
        }
    }

    /// Something that has happened already.
    pub fn ready(&mut self) -> Option<Message> {
        if let Ok(event) = self.events.try_recv() {
            return Some(Message::Workbench(event));
        }
        self.loaded.try_recv().ok().map(Message::Loaded)
    }

    /// Whether nothing is being looked up and nothing waits to be told.
    pub fn is_quiet(&self) -> bool {
        self.loads == 0 && self.loaded.is_empty() && self.events.is_empty()
    }

    /// Updates the state. What is left needs a terminal.
    pub fn take(&mut self, message: Message) -> Actions {
        if matches!(message, Message::Loaded(Loaded::Done)) {
            self.loads = self.loads.saturating_sub(1);
        }
        self.app.clock = clock();
        let actions = update(&mut self.app, message);
        self.carry_out(actions)
    }

    /// Carries out what needs no terminal, and gives back the rest.
    pub fn carry_out(&mut self, actions: Actions) -> Actions {
        let mut rest = Vec::new();
        for action in actions {
            match action {
                Action::Send(command) => {
                    if let Err(command) = self.workbench.post(command) {
                        rest.extend(self.take(Message::Loaded(Loaded::Busy(command))));
                    }
                }
                // Known already: it need not be fetched.
                Action::Load(Load::Health) => {
                    let health = state::health(&self.place.base);
                    rest.extend(self.take(Message::Loaded(Loaded::Health(health))));
                }
                Action::Load(load) => {
                    self.loads += 1;
                    self.loader.start(load);
                }
                Action::KeepChoice(what) => self.place.remember_uncommitted(what),
                Action::Remember(text) => {
                    // A disk that cannot keep up costs the history of a prompt, nothing else.
                    let _ = self.prompts.try_send(text);
                }
                Action::KeepLooks(looks) => {
                    let file = self.looks.clone();
                    tokio::task::spawn_blocking(move || file.write(&looks));
                }
                other => rest.push(other),
            }
        }
        rest
    }
}

/// Tells the prompts of earlier runs, then writes new ones in the order in which they were sent. What cannot
/// be read or written is told of, once.
fn keep_prompts(mut history: HistoryFile, told: mpsc::Sender<Loaded>) -> mpsc::Sender<String> {
    let (sender, mut prompts) = mpsc::channel::<String>(PROMPTS);
    tokio::task::spawn_blocking(move || {
        let read = match history.read() {
            Ok(earlier) => Loaded::Prompts(earlier),
            Err(error) => Loaded::Trouble(error.to_string(), error.hint().to_owned()),
        };
        let _ = told.blocking_send(read);
        while let Some(text) = prompts.blocking_recv() {
            if let Err(error) = history.append(&text) {
                let _ = told.blocking_send(Loaded::Trouble(error.to_string(), error.hint().to_owned()));
            }
        }
    });
    sender
}

pub(super) async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

pub fn clock() -> Clock {
    Clock { now: Instant::now(), unix_ms: now_ms() }
}
