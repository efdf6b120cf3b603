//! Keys and the commands that they stand for, by what has the focus. What comes with the program is
//! `config/keys.toml`; users lay a file of their own over it. This knows commands by name only.

mod context;
mod error;
mod event;
mod file;
mod key;
mod keymap;
mod matcher;
#[cfg(test)]
mod tests;

pub use context::Context;
pub use error::{Fault, File, KeysError, KeysWarning, Mistake, Place};
pub use key::{Key, KeyError};
pub use keymap::{Binding, Keymap, Next};
pub use matcher::{Matcher, Outcome};
