//! Who is at the other end of a run: a CLI that only prints what it does, or an agent that is spoken to.

use super::acp::Agent;
use super::decode::{Decoded, Decoder};
use super::event::{CliEvent, Exit};
use super::run::Answer;

pub(super) enum Partner {
    Prints(Box<dyn Decoder>),
    Speaks {
        agent: Box<Agent>,
        /// For its standard error: the protocol has no word for a CLI that tries again by itself.
        decoder: Box<dyn Decoder>,
    },
}

impl Partner {
    pub fn line(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        match self {
            Self::Prints(decoder) => decoder.line(line, events),
            Self::Speaks { agent, .. } => agent.line(line, events),
        }
    }

    pub fn error_line(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        match self {
            Self::Prints(decoder) => decoder.error_line(line, events),
            Self::Speaks { decoder, .. } => {
                let mut told = Vec::new();
                decoder.error_line(line, &mut told);
                events.extend(told.into_iter().filter(|event| matches!(event, CliEvent::Retry { .. })));
            }
        }
    }

    pub fn broken(&mut self, events: &mut Vec<CliEvent>) {
        match self {
            Self::Prints(decoder) => decoder.broken(events),
            Self::Speaks { .. } => {
                events.push(CliEvent::Notice("a message of the agent could not be read".into()));
            }
        }
    }

    pub fn answer(&mut self, answer: &Answer, events: &mut Vec<CliEvent>) {
        match self {
            Self::Prints(_) => {}
            Self::Speaks { agent, .. } => agent.answer(&answer.id, answer.allow, events),
        }
    }

    /// Nothing more is to come, though its process may still be there.
    pub fn is_over(&self) -> bool {
        match self {
            Self::Prints(_) => false,
            Self::Speaks { agent, .. } => agent.is_over(),
        }
    }

    /// Tells it that the user wants it to end. Whether there is any use in waiting a moment.
    pub fn interrupt(&mut self) -> bool {
        match self {
            Self::Prints(_) => false,
            Self::Speaks { agent, .. } => agent.interrupt(),
        }
    }

    /// Nothing more is said to it.
    pub fn hang_up(&mut self) {
        match self {
            Self::Prints(_) => {}
            Self::Speaks { agent, .. } => agent.hang_up(),
        }
    }

    pub fn end(&mut self, exit: Exit, stderr: &str, events: &mut Vec<CliEvent>) -> Decoded {
        match self {
            Self::Prints(decoder) => decoder.end(exit, stderr, events),
            Self::Speaks { agent, .. } => agent.end(exit, stderr),
        }
    }
}
