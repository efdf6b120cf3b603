//! Reading what a CLI prints. There is one decoder for each machine-readable format; a profile names its own.
//! What they have in common is in `run.rs`, what the words of a failure mean in `words`. Nothing here starts,
//! reads or ends a process.

mod aider;
mod claude;
mod cline;
mod codex;
mod continue_;
mod droid;
pub(super) mod failure;
mod gemini;
mod goose;
mod gptme;
mod json;
mod messages;
mod opencode;
mod qwen;
mod run;
mod text;
mod tokens;
mod words;

use crate::backends::BackendError;
use crate::chat::{StopReason, Usage};

use super::event::{CliEvent, Exit};

/// The decoder that a profile names; `None` when there is none of this name.
pub fn by_name(name: &str, facts: RunFacts) -> Option<Box<dyn Decoder>> {
    Some(match name {
        "codex" => Box::new(codex::Codex::new(facts)),
        "claude" => Box::new(claude::Claude::new(facts)),
        "gemini" => Box::new(gemini::Gemini::new(facts)),
        "qwen" => Box::new(qwen::Qwen::new(facts)),
        "opencode" => Box::new(opencode::Opencode::new(facts)),
        "cline" => Box::new(cline::Cline::new(facts)),
        "continue" => Box::new(continue_::Continue::new(facts)),
        "droid" => Box::new(droid::Droid::new(facts)),
        "goose" => Box::new(goose::Goose::new(facts)),
        "aider" => Box::new(aider::Aider::new(facts)),
        "gptme" => Box::new(gptme::Gptme::new(facts)),
        "text" => Box::new(text::Text::new(facts)),
        _ => return None,
    })
}

/// Reads the output of one run. Lines come without their newline and are valid UTF-8 (what was not is replaced);
/// a line that was cut off by the end of the process or is too long for memory comes as [`Decoder::broken`].
/// Lines that are none of the format (banners, warnings, a stack trace) are no error: they are passed over, and kept
/// by the caller for the message of a failure.
pub trait Decoder: Send {
    /// A line of standard output.
    fn line(&mut self, line: &str, events: &mut Vec<CliEvent>);

    /// A line of standard error.
    fn error_line(&mut self, _line: &str, _events: &mut Vec<CliEvent>) {}

    /// A line of standard output that is not whole.
    fn broken(&mut self, _events: &mut Vec<CliEvent>) {}

    /// The process has ended by itself. `stderr` is the last part of its standard error, some kilobytes.
    /// Text that is held back until now goes into `events`.
    fn end(&mut self, exit: Exit, stderr: &str, events: &mut Vec<CliEvent>) -> Decoded;
}

/// What a whole run came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    pub outcome: Result<StopReason, BackendError>,
    pub usage: Option<Usage>,
    pub counted: Option<Usage>,
    pub cost_usd: Option<f64>,
}

/// What a decoder has to know of the run.
#[derive(Debug, Clone, Default)]
pub struct RunFacts {
    /// The id of the backend, for the words of failures.
    pub backend: String,
    /// What the CLI had counted over its session before this run, see [`Resume::counted`](super::Resume::counted).
    pub counted: Option<Usage>,
}
