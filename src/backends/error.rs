//! Why a backend did not answer.

use std::fmt;
use std::time::Duration;

use crate::chat::ErrorClass;
use crate::wire::WireError;

/// A failed attempt, in words that may be shown and logged: never with a key in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendError {
    pub class: ErrorClass,
    /// Names the backend, and what the provider said where it said something.
    pub message: String,
    /// The next step for a person.
    pub hint: Option<String>,
    /// How long the provider wants to be left alone.
    pub retry_after: Option<Duration>,
    /// Of the HTTP answer, where there was one.
    pub status: Option<u16>,
}

impl BackendError {
    pub fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), hint: None, retry_after: None, status: None }
    }

    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Whether the same request may succeed a moment later. A request that was rejected as such will
    /// be rejected again.
    pub fn is_transient(&self) -> bool {
        let rejected =
            self.status.is_some_and(|s| (400..500).contains(&s) && !matches!(s, 408 | 409 | 425 | 429));
        self.class.is_transient() && !rejected
    }

    pub(crate) fn cancelled() -> Self {
        Self::new(ErrorClass::Cancelled, "interrupted")
    }
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for BackendError {}

impl From<WireError> for BackendError {
    fn from(error: WireError) -> Self {
        Self::new(error.class, error.message)
    }
}
