//! Where a tab tells what happens in it.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::radar::Radar;
use super::{Event, EventKind, TabId};
use crate::agent::Failure;
use crate::chat::ErrorClass;

/// Tells the front-end what happens in one tab.
#[derive(Debug, Clone)]
pub(super) struct Teller {
    tab: TabId,
    session: Arc<str>,
    radar: Radar,
    events: mpsc::Sender<Event>,
}

impl Teller {
    pub fn new(tab: TabId, radar: Radar, events: mpsc::Sender<Event>) -> Self {
        Self { tab, session: Arc::default(), radar, events }
    }

    /// The same once it is known which session is open.
    pub fn of(self, session: &str) -> Self {
        Self { session: session.into(), ..self }
    }

    pub fn tab(&self) -> TabId {
        self.tab
    }

    /// Waits while the front-end is behind.
    pub async fn tell(&self, kind: EventKind) {
        self.radar.hear(self.tab, &self.session, &kind);
        let event = Event { tab: self.tab, session: self.session.to_string(), kind };
        // A receiver that is gone has no use for events; the work goes on and is on record.
        let _ = self.events.send(event).await;
    }

    pub async fn refuse(&self, why: &str, hint: &str) {
        self.tell(EventKind::Failed(Failure::new(ErrorClass::Internal, why).hint(hint))).await;
    }
}
