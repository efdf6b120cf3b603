//! How a person opens the workbench: what a front-end shows first.

use super::RecoveredSession;

/// What is there, and what is done, when the screen opens.
#[derive(Debug, Clone, Default)]
pub struct Opening {
    /// Lines in place of a screen.
    pub is_plain: bool,
    /// The session to open: a hash, a branch or an id.
    pub resume: Option<String>,
    /// What was brought on record already of what a crash had cut off.
    pub recovered: Vec<RecoveredSession>,
    /// Sent at once.
    pub prompt: Option<String>,
    /// The demonstration: what to type, one prompt after the other.
    pub demo: Option<&'static [&'static str]>,
}
