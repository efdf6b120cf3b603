//! Keys pressed one after the other, until they are a command or cannot become one. It knows nothing of
//! what commands do.

use super::context::Context;
use super::key::Key;
use super::keymap::{Found, Keymap};

/// What has been pressed of a sequence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matcher {
    pending: Vec<Key>,
    context: Option<Context>,
}

/// What a key led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A command and, after a space, what it applies to.
    Command(String),
    /// More keys have to follow.
    Pending,
    /// Esc put an end to a sequence.
    Cancelled,
    /// These keys, all since the last outcome, mean nothing: who has the focus may take them as typed.
    Unbound(Vec<Key>),
}

impl Matcher {
    /// A sequence does not go on in another context than it began in.
    pub fn press(&mut self, keymap: &Keymap, context: Context, key: Key) -> Outcome {
        if self.context != Some(context) {
            self.reset();
            self.context = Some(context);
        }
        self.pending.push(key);
        match keymap.find(context, &self.pending) {
            Found::Beginning => Outcome::Pending,
            Found::Binding(binding) => {
                self.pending.clear();
                Outcome::Command(binding.command.clone())
            }
            Found::Nothing if self.pending.len() > 1 && key == Key::ESC => {
                self.pending.clear();
                Outcome::Cancelled
            }
            Found::Nothing => Outcome::Unbound(std::mem::take(&mut self.pending)),
        }
    }

    /// The keys of a sequence that is not at its end; none when nothing has begun.
    pub fn pending(&self) -> &[Key] {
        &self.pending
    }

    /// Forgets what was pressed: the mouse was used, or something was pasted.
    pub fn reset(&mut self) {
        self.pending.clear();
    }
}
