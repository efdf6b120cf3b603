//! How a running turn is steered from outside.

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::event::{Answer, Resort};
use crate::config::PermissionMode;

/// Words, notes and answers that may wait at once, each.
const WAITING: usize = 64;

/// The agent's end.
#[derive(Debug)]
pub struct Control {
    pub cancel: CancellationToken,
    pub(super) steer: mpsc::Receiver<String>,
    pub(super) notes: mpsc::Receiver<String>,
    pub(super) answers: mpsc::Receiver<(String, Answer)>,
    pub(super) resorts: mpsc::Receiver<(String, Resort)>,
    pub(super) permissions: watch::Receiver<Option<PermissionMode>>,
}

/// The end of whoever holds the agent.
#[derive(Debug, Clone)]
pub struct Reins {
    cancel: CancellationToken,
    steer: mpsc::Sender<String>,
    notes: mpsc::Sender<String>,
    answers: mpsc::Sender<(String, Answer)>,
    resorts: mpsc::Sender<(String, Resort)>,
    permissions: watch::Sender<Option<PermissionMode>>,
}

/// The two ends of the control over one turn.
pub fn control() -> (Control, Reins) {
    let cancel = CancellationToken::new();
    let (steer_in, steer) = mpsc::channel(WAITING);
    let (notes_in, notes) = mpsc::channel(WAITING);
    let (answers_in, answers) = mpsc::channel(WAITING);
    let (resorts_in, resorts) = mpsc::channel(WAITING);
    let (permissions_in, permissions) = watch::channel(None);
    (
        Control { cancel: cancel.clone(), steer, notes, answers, resorts, permissions },
        Reins {
            cancel,
            steer: steer_in,
            notes: notes_in,
            answers: answers_in,
            resorts: resorts_in,
            permissions: permissions_in,
        },
    )
}

impl Control {
    /// The words that no model was given: the turn had ended when they came.
    pub fn unheard(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.steer.try_recv().ok()).collect()
    }

    /// The same of notes.
    pub fn unheard_notes(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.notes.try_recv().ok()).collect()
    }

    /// The permissions that the user set since they were asked for last.
    pub(super) fn new_permissions(&mut self) -> Option<PermissionMode> {
        if self.permissions.has_changed().unwrap_or(false) {
            return *self.permissions.borrow_and_update();
        }
        None
    }
}

impl Reins {
    /// Stops the turn: its stream, its tools, and their process groups.
    pub fn interrupt(&self) {
        self.cancel.cancel();
    }

    /// Hands words to the model before its next call. `false` when too many wait already.
    pub fn steer(&self, text: String) -> bool {
        self.steer.try_send(text).is_ok()
    }

    /// Lets the model know of something before its next call. Unlike words of the user's, it is no
    /// reason to call a model that is done. `false` when too many wait already.
    pub fn note(&self, text: String) -> bool {
        self.notes.try_send(text).is_ok()
    }

    /// Answers the approval of the tool call `id`.
    pub fn answer(&self, id: String, answer: Answer) -> bool {
        self.answers.try_send((id, answer)).is_ok()
    }

    /// Says how to go on with a turn that is stuck.
    pub fn resort(&self, id: String, resort: Resort) -> bool {
        self.resorts.try_send((id, resort)).is_ok()
    }

    /// Changes what the agent may do unasked, from its next tool call on.
    pub fn permit(&self, mode: PermissionMode) {
        self.permissions.send_replace(Some(mode));
    }
}
