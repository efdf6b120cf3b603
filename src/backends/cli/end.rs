//! What a run came to, whatever its exit code says.

use super::decode::Decoded;
use super::event::{CliEnd, Exit};
use super::watch::Cut;
use super::words::Words;

/// All that is known when the process is gone.
pub(super) struct Ending<'a> {
    pub decoded: Decoded,
    pub cut: Option<Cut>,
    /// Whether anything came of the run.
    pub anything: bool,
    pub exit: Exit,
    pub stderr: &'a str,
}

pub(super) fn judge(ending: Ending<'_>, words: &Words) -> CliEnd {
    let Ending { decoded, cut, anything, exit, stderr } = ending;
    let outcome = match (cut, decoded.outcome) {
        // What the CLI makes of being ended is no news.
        (Some(cut), _) => Err(words.cut(cut, stderr)),
        (None, outcome) if !anything => Err(words
            .not_understood(stderr)
            .filter(|_| exit != Exit::Code(0))
            .unwrap_or_else(|| match outcome {
                Ok(_) => words.nothing(&exit.to_string(), stderr),
                Err(error) => words.clean(error),
            })),
        (None, Ok(reason)) => Ok(reason),
        (None, Err(error)) => Err(words.clean(error)),
    };
    CliEnd { outcome, usage: decoded.usage, counted: decoded.counted, cost_usd: decoded.cost_usd }
}
