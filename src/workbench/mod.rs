//! Tabs and sessions, owned in one place: [`Command`] in, [`Event`] out. The screen, the headless
//! run and other front-ends talk to this and to nothing below it; it knows nothing of them.
//!
//! Each tab is a task of its own that owns one [`Agent`](crate::agent::Agent); several work at once.

mod base;
mod choices;
mod command;
pub mod doctor;
pub mod history;
mod open;
mod recovery;
mod tab;
mod toolbox;
pub mod words;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

pub use base::{Base, Options, Place, found, init};
pub use command::{Back, BranchName, Command, Event, EventKind, Moved, Opened, Start, TabId, Uncommitted};
pub use recovery::{RecoveredSession, recover};

use crate::agent::{Failure, Order};
use crate::chat::ErrorClass;

/// Events that may wait for a front-end. When it is slower, the agents wait for it.
const EVENTS_WAITING: usize = 512;

/// Commands that may wait for a tab.
const COMMANDS_WAITING: usize = 64;

/// All tabs on one repository.
pub struct Workbench {
    place: Arc<Place>,
    tabs: Mutex<HashMap<TabId, mpsc::Sender<Command>>>,
    events: mpsc::Sender<Event>,
}

impl Workbench {
    /// A workbench without tabs, and where its events arrive.
    pub fn new(place: Arc<Place>) -> (Self, mpsc::Receiver<Event>) {
        let (events, receiver) = mpsc::channel(EVENTS_WAITING);
        (Self { place, tabs: Mutex::default(), events }, receiver)
    }

    pub fn place(&self) -> &Arc<Place> {
        &self.place
    }

    /// Whether somebody could answer the order now: to be asked before anything is made for it.
    pub fn check(&self, order: &Order) -> Result<(), Failure> {
        self.place.base.services.decide(order, &[]).map(|_| ())
    }

    /// Carries out a command, or hands it to the tab that it is for. What comes of it arrives as
    /// events.
    pub async fn send(&self, command: Command) {
        let id = tab_of(&command);
        if let Command::Open { tab, start, permissions } = command {
            let (sender, receiver) = mpsc::channel(COMMANDS_WAITING);
            let is_taken = {
                let mut tabs = self.lock();
                let is_taken = tabs.get(&tab).is_some_and(|open| !open.is_closed());
                if !is_taken {
                    tabs.insert(tab, sender);
                }
                is_taken
            };
            if is_taken {
                self.refuse(tab, format!("tab {} is open already", tab.0)).await;
                return;
            }
            tab::spawn(self.place.clone(), tab, start, permissions, receiver, self.events.clone());
            return;
        }
        let closing = matches!(command, Command::Close { .. });
        let sender = self.lock().get(&id).cloned();
        let taken = match sender {
            Some(sender) => sender.send(command).await.is_ok(),
            None => false,
        };
        if closing {
            self.lock().remove(&id);
        }
        if !taken {
            self.refuse(id, format!("tab {} is not open", id.0)).await;
        }
    }

    async fn refuse(&self, tab: TabId, why: String) {
        let kind = EventKind::Failed(Failure::new(ErrorClass::NotFound, why));
        let _ = self.events.send(Event { tab, session: String::new(), kind }).await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<TabId, mpsc::Sender<Command>>> {
        self.tabs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tab_of(command: &Command) -> TabId {
    match command {
        Command::Open { tab, .. }
        | Command::Prompt { tab, .. }
        | Command::Steer { tab, .. }
        | Command::Interrupt { tab }
        | Command::Answer { tab, .. }
        | Command::Undo { tab, .. }
        | Command::Redo { tab }
        | Command::Close { tab } => *tab,
    }
}
