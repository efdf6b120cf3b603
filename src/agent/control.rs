//! How a running turn is steered from outside.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::event::Answer;

/// Words and answers that may wait at once.
const WAITING: usize = 64;

/// The agent's end.
#[derive(Debug)]
pub struct Control {
    pub cancel: CancellationToken,
    pub(super) steer: mpsc::Receiver<String>,
    pub(super) answers: mpsc::Receiver<(String, Answer)>,
}

/// The end of whoever holds the agent.
#[derive(Debug, Clone)]
pub struct Reins {
    cancel: CancellationToken,
    steer: mpsc::Sender<String>,
    answers: mpsc::Sender<(String, Answer)>,
}

/// The two ends of the control over one turn.
pub fn control() -> (Control, Reins) {
    let cancel = CancellationToken::new();
    let (steer_in, steer) = mpsc::channel(WAITING);
    let (answers_in, answers) = mpsc::channel(WAITING);
    (
        Control { cancel: cancel.clone(), steer, answers },
        Reins { cancel, steer: steer_in, answers: answers_in },
    )
}

impl Control {
    /// The words that no model was given: the turn had ended when they came.
    pub fn unheard(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.steer.try_recv().ok()).collect()
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

    /// Answers the approval of the tool call `id`.
    pub fn answer(&self, id: String, answer: Answer) -> bool {
        self.answers.try_send((id, answer)).is_ok()
    }
}
