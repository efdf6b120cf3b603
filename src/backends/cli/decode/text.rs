//! CLIs that print their answer and nothing else. The exit code is all that tells how it went.

use super::{Decoded, Decoder, RunFacts};
use crate::backends::BackendError;
use crate::backends::cli::event::{CliEvent, Exit};
use crate::chat::{ErrorClass, StopReason, sanitise};

pub(super) struct Text {
    facts: RunFacts,
}

impl Text {
    pub fn new(facts: RunFacts) -> Self {
        Self { facts }
    }
}

impl Decoder for Text {
    fn line(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        events.push(CliEvent::Text(format!("{line}\n")));
    }

    fn end(&mut self, exit: Exit, stderr: &str, _events: &mut Vec<CliEvent>) -> Decoded {
        let outcome = if exit == Exit::Code(0) {
            Ok(StopReason::End)
        } else {
            let said = stderr.lines().rev().map(str::trim).find(|line| !line.is_empty());
            let said = said.map(|line| format!(": {}", sanitise(line))).unwrap_or_default();
            let message = format!("backend \"{}\" failed ({exit}){said}", self.facts.backend);
            Err(BackendError::new(ErrorClass::BadResponse, message))
        };
        Decoded { outcome, usage: None, counted: None, cost_usd: None }
    }
}
