//! How calls and turns end.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// It had said what it wanted to say.
    End,
    ToolUse,
    /// The output limit cut it off.
    MaxTokens,
    StopSequence,
    Refusal,
    /// The user interrupted, or the program died: set by us, never by a provider.
    Interrupted,
}

/// What went wrong, in the words of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    Unreachable,
    Timeout,
    Auth,
    NotFound,
    RateLimit,
    Quota,
    Overloaded,
    ContextOverflow,
    Refused,
    Truncated,
    BadResponse,
    Cancelled,
    ToolLoop,
    EditFailures,
    Verification,
    Internal,
}

impl ErrorClass {
    /// Whether the same request may succeed a moment later.
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Unreachable | Self::Timeout | Self::RateLimit | Self::Overloaded | Self::BadResponse
        )
    }

    /// The name as it stands in the ledger and in events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Auth => "auth",
            Self::NotFound => "not_found",
            Self::RateLimit => "rate_limit",
            Self::Quota => "quota",
            Self::Overloaded => "overloaded",
            Self::ContextOverflow => "context_overflow",
            Self::Refused => "refused",
            Self::Truncated => "truncated",
            Self::BadResponse => "bad_response",
            Self::Cancelled => "cancelled",
            Self::ToolLoop => "tool_loop",
            Self::EditFailures => "edit_failures",
            Self::Verification => "verification",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How an attempt of a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Ok,
    Error,
    Aborted,
}
