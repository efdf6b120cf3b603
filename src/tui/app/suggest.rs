//! What is offered above the composer while its user types a command or a path.

use crate::tui::picker::Picker;

#[derive(Debug)]
pub struct Suggest {
    pub what: Suggested,
    pub picker: Picker<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suggested {
    /// `/…` at the start.
    Commands,
    /// `@…`
    Paths,
}
