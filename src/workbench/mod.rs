//! Tabs and sessions, owned in one place: [`Command`] in, [`Event`] out. The screen, the headless
//! run and other front-ends talk to this and to nothing below it; it knows nothing of them.
//!
//! Each tab is a task of its own that owns one [`Agent`](crate::agent::Agent); several work at once.

mod afterwords;
pub mod amend;
mod base;
pub mod bisect;
pub mod blame;
mod children;
mod choices;
mod command;
pub mod comments;
pub mod compare;
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
mod tabs;
mod teller;
mod toolbox;
pub mod why;
pub mod words;
pub mod worktrees;

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

pub use base::{Base, Options, Place, found, init};
pub use command::{Audience, Back, BranchName, Command, Start, TabId, Uncommitted};
pub use event::{
    Event, EventKind, Moved, Opened, Parentage, Queued, SetupEnd, SetupEvent, ShellEnd, ShellEvent,
};
pub use files::files;
pub use merging::Merging;
pub use opening::Opening;
pub use past::{History, Stat, StepMark};
pub use recovery::{RecoveredSession, recover};

use crate::agent::{Failure, Order, Situation};
use crate::chat::ErrorClass;
use crate::config::PermissionMode;
use tabs::Tabs;

/// Events that may wait for a front-end. When it is slower, the agents wait for it.
const EVENTS_WAITING: usize = 512;

/// All tabs on one repository.
pub struct Workbench {
    tabs: Arc<Tabs>,
}

impl Workbench {
    /// A workbench without tabs, and where its events arrive.
    pub fn new(place: Arc<Place>) -> (Self, mpsc::Receiver<Event>) {
        let (events, receiver) = mpsc::channel(EVENTS_WAITING);
        (Self { tabs: Arc::new(Tabs::new(place, events)) }, receiver)
    }

    /// Watches from here on what would conflict, told by `Radar` events; to be called within a runtime.
    pub fn watch(&self) {
        let Tabs { place, radar, events, .. } = &*self.tabs;
        radar.watch(place.clone(), Arc::downgrade(&self.tabs), events.clone());
    }

    pub fn place(&self) -> &Arc<Place> {
        &self.tabs.place
    }

    /// Whether somebody could answer the order now: to be asked before anything is made for it.
    pub fn check(&self, order: &Order) -> Result<(), Failure> {
        self.place().base.services.decide(order, &Situation::default()).map(|_| ())
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
                    self.tabs.remove(id);
                }
                (!taken).then(|| not_open(id))
            }
        };
        if let Some(why) = refused {
            let _ = self.tabs.events.send(refusal(id, why)).await;
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
                    self.tabs.remove(id);
                }
                refused
            }
        };
        if let Some(why) = refused {
            let events = self.tabs.events.clone();
            tokio::spawn(async move {
                let _ = events.send(refusal(id, why)).await;
            });
        }
        Ok(())
    }

    fn open(&self, tab: TabId, start: Start, permissions: Option<PermissionMode>) -> Result<(), String> {
        let commands = self.tabs.add(tab).ok_or_else(|| format!("tab {} is open already", tab.0))?;
        tab::spawn(
            &self.tabs,
            tab,
            tab::Start { beginning: start.into(), permissions, child: None },
            commands,
        );
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
