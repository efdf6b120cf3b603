//! Tabs and sessions, owned in one place: [`Command`] in, [`Event`] out. The screen, the headless
//! run and other front-ends talk to this and to nothing below it; it knows nothing of them.
//!
//! Each tab is a task of its own that owns one [`Agent`](crate::agent::Agent); several work at once.

mod afterwords;
mod base;
mod choices;
mod command;
mod discover;
pub mod doctor;
mod event;
mod files;
mod ground;
mod held;
pub mod history;
pub mod landing;
pub mod merging;
mod open;
mod opening;
mod past;
mod ports;
mod queue;
pub mod radar;
mod recovery;
pub mod review;
pub mod runtime;
mod setup;
mod shell;
pub mod state;
mod surroundings;
pub mod sync;
mod tab;
mod toolbox;
pub mod why;
pub mod words;
pub mod worktrees;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

pub use base::{Base, Options, Place, found, init};
pub use command::{Audience, Back, BranchName, Command, Start, TabId, Uncommitted};
pub use event::{Event, EventKind, Moved, Opened, Queued, SetupEnd, SetupEvent, ShellEnd, ShellEvent};
pub use files::files;
pub use merging::Merging;
pub use opening::Opening;
pub use past::{History, Stat, StepMark};
pub use ports::Block;
pub use recovery::{RecoveredSession, recover};

use crate::agent::{Failure, Order, Situation};
use crate::chat::ErrorClass;
use crate::config::PermissionMode;
use radar::Radar;

/// Events that may wait for a front-end. When it is slower, the agents wait for it.
const EVENTS_WAITING: usize = 512;

/// Commands that may wait for a tab.
const COMMANDS_WAITING: usize = 64;

/// All tabs on one repository.
pub struct Workbench {
    place: Arc<Place>,
    tabs: Arc<Tabs>,
    radar: Radar,
    events: mpsc::Sender<Event>,
}

/// Where the commands of each open tab go.
#[derive(Debug, Default)]
struct Tabs(Mutex<HashMap<TabId, mpsc::Sender<Command>>>);

impl Tabs {
    fn sender(&self, tab: TabId) -> Option<mpsc::Sender<Command>> {
        self.lock().get(&tab).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<TabId, mpsc::Sender<Command>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Workbench {
    /// A workbench without tabs, and where its events arrive.
    pub fn new(place: Arc<Place>) -> (Self, mpsc::Receiver<Event>) {
        let (events, receiver) = mpsc::channel(EVENTS_WAITING);
        (Self { place, tabs: Arc::default(), radar: Radar::new(), events }, receiver)
    }

    /// Watches from here on what would conflict, told by `Radar` events; to be called within a runtime.
    pub fn watch(&self) {
        self.radar.watch(self.place.clone(), Arc::downgrade(&self.tabs), self.events.clone());
    }

    pub fn place(&self) -> &Arc<Place> {
        &self.place
    }

    /// Whether somebody could answer the order now: to be asked before anything is made for it.
    pub fn check(&self, order: &Order) -> Result<(), Failure> {
        self.place.base.services.decide(order, &Situation::default()).map(|_| ())
    }

    /// Carries out a command, or hands it to the tab that it is for, and waits while too many wait there
    /// already. What comes of it arrives as events. Who reads those [posts](Workbench::post) commands: the
    /// tab may in turn be waiting for its events to be read.
    pub async fn send(&self, command: Command) {
        let id = command.tab();
        let refused = match command {
            Command::Open { tab, start, permissions } => self.open(tab, start, permissions).err(),
            command => {
                let is_last = matches!(command, Command::Close { .. });
                let taken = match self.tabs.sender(id) {
                    Some(sender) => sender.send(command).await.is_ok(),
                    None => false,
                };
                if is_last {
                    self.tabs.lock().remove(&id);
                }
                (!taken).then(|| not_open(id))
            }
        };
        if let Some(why) = refused {
            let _ = self.events.send(refusal(id, why)).await;
        }
    }

    /// The same without ever waiting; to be called within a runtime.
    ///
    /// # Errors
    /// With the command when too many wait for its tab already: post it again later.
    #[allow(clippy::result_large_err, reason = "the caller keeps the command as it was")]
    pub fn post(&self, command: Command) -> Result<(), Command> {
        let id = command.tab();
        let refused = match command {
            Command::Open { tab, start, permissions } => self.open(tab, start, permissions).err(),
            command => {
                let is_last = matches!(command, Command::Close { .. });
                let refused = match self.tabs.sender(id) {
                    None => Some(not_open(id)),
                    Some(sender) => match sender.try_send(command) {
                        Ok(()) => None,
                        Err(TrySendError::Closed(_)) => Some(not_open(id)),
                        Err(TrySendError::Full(command)) => return Err(command),
                    },
                };
                if is_last {
                    self.tabs.lock().remove(&id);
                }
                refused
            }
        };
        if let Some(why) = refused {
            let events = self.events.clone();
            tokio::spawn(async move {
                let _ = events.send(refusal(id, why)).await;
            });
        }
        Ok(())
    }

    fn open(&self, tab: TabId, start: Start, permissions: Option<PermissionMode>) -> Result<(), String> {
        let (sender, receiver) = mpsc::channel(COMMANDS_WAITING);
        let mut tabs = self.tabs.lock();
        if tabs.get(&tab).is_some_and(|open| !open.is_closed()) {
            return Err(format!("tab {} is open already", tab.0));
        }
        tabs.insert(tab, sender);
        let teller = tab::Teller::new(tab, self.radar.clone(), self.events.clone());
        tab::spawn(self.place.clone(), start, permissions, receiver, teller);
        Ok(())
    }
}

fn not_open(tab: TabId) -> String {
    format!("tab {} is not open", tab.0)
}

fn refusal(tab: TabId, why: String) -> Event {
    let kind = EventKind::Failed(Failure::new(ErrorClass::NotFound, why));
    Event { tab, session: String::new(), kind }
}
