//! The open tabs of a workbench, and where each takes its commands.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::radar::Radar;
use super::{Command, Event, Place, TabId};

/// Commands that may wait for a tab.
const COMMANDS_WAITING: usize = 64;

pub(super) struct Tabs {
    pub place: Arc<Place>,
    pub events: mpsc::Sender<Event>,
    pub radar: Radar,
    open: Mutex<HashMap<TabId, mpsc::Sender<Command>>>,
    children: AtomicU32,
}

impl Tabs {
    pub fn new(place: Arc<Place>, events: mpsc::Sender<Event>) -> Self {
        Self { place, events, radar: Radar::new(), open: Mutex::default(), children: AtomicU32::new(0) }
    }

    /// Room for a tab under an id that a front-end chose. `None` when it is taken.
    pub fn add(&self, tab: TabId) -> Option<mpsc::Receiver<Command>> {
        let mut open = self.lock();
        if open.get(&tab).is_some_and(|open| !open.is_closed()) {
            return None;
        }
        let (sender, receiver) = mpsc::channel(COMMANDS_WAITING);
        open.insert(tab, sender);
        Some(receiver)
    }

    /// Room for a tab that no front-end asked for.
    pub fn add_child(&self) -> (TabId, mpsc::Receiver<Command>) {
        loop {
            let number = self.children.fetch_add(1, Ordering::Relaxed);
            let tab = TabId(TabId::CHILDREN | number);
            if let Some(receiver) = self.add(tab) {
                return (tab, receiver);
            }
        }
    }

    pub fn sender(&self, tab: TabId) -> Option<mpsc::Sender<Command>> {
        self.lock().get(&tab).cloned()
    }

    /// The tab takes no more commands.
    pub fn remove(&self, tab: TabId) {
        self.lock().remove(&tab);
    }

    /// The same, unless another one has been opened under its id meanwhile.
    pub fn forget(&self, tab: TabId) {
        let mut open = self.lock();
        if open.get(&tab).is_some_and(mpsc::Sender::is_closed) {
            open.remove(&tab);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TabId, mpsc::Sender<Command>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
