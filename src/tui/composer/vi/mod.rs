//! Vi keys for the composer: modes, and the state between two keys of one command. What keys spell is read
//! in `keys`, where motions go in `motion`, what commands do in `perform`. There are no marks, macros,
//! searches or ex commands, and `.` repeats nothing.

mod keys;
mod motion;
mod perform;
#[cfg(test)]
mod tests;

use keys::{Find, Pending};

/// For the status line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViMode {
    Normal,
    Insert,
    /// Characters are being selected.
    Visual,
    /// Lines are being selected.
    VisualLine,
}

impl ViMode {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Insert => "insert",
            Self::Visual => "visual",
            Self::VisualLine => "visual line",
        }
    }
}

#[derive(Debug)]
pub(super) struct Vi {
    mode: ViMode,
    pending: Pending,
    last_find: Option<Find>,
}

impl Default for Vi {
    fn default() -> Self {
        Self { mode: ViMode::Insert, pending: Pending::default(), last_find: None }
    }
}

impl Vi {
    pub fn mode(&self) -> ViMode {
        self.mode
    }

    /// For a new prompt.
    pub fn start_over(&mut self) {
        self.mode = ViMode::Insert;
        self.pending = Pending::default();
    }

    /// A selection that the mouse began or an edit ended changes the mode.
    pub fn agree(&mut self, selecting: bool) {
        self.mode = match (self.mode, selecting) {
            (ViMode::Normal, true) => ViMode::Visual,
            (ViMode::Visual | ViMode::VisualLine, false) => ViMode::Normal,
            (mode, _) => mode,
        };
    }

    pub fn leave_insert(&mut self) {
        self.mode = ViMode::Normal;
    }
}
