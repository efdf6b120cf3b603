//! What an external CLI tells while it works, the same for all of them. A decoder makes these from what its CLI
//! prints; ACP makes them from what an agent sends.

use std::fmt;

use crate::backends::BackendError;
use crate::chat::{ErrorClass, StopReason, ToolCall, Usage};

/// One thing that a CLI told. Text is as it came: who shows it sanitises it.
#[derive(Debug, Clone, PartialEq)]
pub enum CliEvent {
    /// By what its session can be continued in a later run.
    Session(String),
    /// The model that answers, where the CLI says it.
    Model(String),
    /// A piece of what the model says. A CLI that prints whole messages gives each as one piece, and `Break`
    /// between two of them.
    Text(String),
    Thinking(String),
    /// The message that was being said is complete; what comes next is another one.
    Break,
    /// A tool of the CLI's own runs. Ids are unique within the run.
    ToolCall {
        call: ToolCall,
        kind: ToolKind,
    },
    /// Output of a running tool, as it comes.
    ToolOutput {
        id: String,
        text: String,
    },
    /// A tool has ended. Each call gets one; calls that are open when the run ends get none.
    ToolResult {
        id: String,
        is_error: bool,
        content: String,
    },
    /// The CLI wants leave for a tool call and waits for an answer with this id.
    Permission {
        id: String,
        /// Shown to the user; it need not have been announced as a `ToolCall`.
        call: ToolCall,
        kind: ToolKind,
    },
    /// Usage of this run so far: each one replaces the one before.
    Usage(Usage),
    /// The CLI tries again by itself after a failure.
    Retry {
        /// From 1.
        attempt: u32,
        class: ErrorClass,
        message: String,
    },
    /// Worth showing, no failure.
    Notice(String),
    /// Always the last event, once.
    Ended(CliEnd),
}

/// What a tool of a CLI's does to files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolKind {
    /// It only looks: nothing can have changed.
    Read,
    /// It changes files.
    Edit,
    /// Whatever a command does; also what nobody knows.
    Other,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct CliEnd {
    /// Why the model stopped, or what went wrong: whatever the exit code says.
    pub outcome: Result<StopReason, BackendError>,
    /// Of this run alone, in our buckets; `None` when the CLI does not tell, or only guesses.
    pub usage: Option<Usage>,
    /// What the CLI counts over its whole session, in our buckets, where it counts so: to be handed back in
    /// [`Resume::counted`](super::Resume::counted).
    pub counted: Option<Usage>,
    /// US dollars as the CLI reckons them.
    pub cost_usd: Option<f64>,
}

/// How a CLI's process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Code(i32),
    Signal(i32),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}
