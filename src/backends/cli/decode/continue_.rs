//! continue: `cn -p --format json`. One object with the last text; no tools, no usage, no session. An answer that is
//! JSON itself is printed as it is, and failures come on standard error.

use serde_json::Value;

use crate::chat::StopReason;

use super::super::event::{CliEvent, Exit};
use super::failure::{Cli, Complaint};
use super::run::{Ending, Run};
use super::text::Lines;
use super::{Decoded, Decoder, RunFacts, json};

const CLI: Cli = Cli { name: "continue" };

pub(super) struct Continue {
    run: Run,
    lines: Lines,
    answered: bool,
}

impl Continue {
    pub fn new(facts: RunFacts) -> Self {
        Self { run: Run::new(CLI, facts), lines: Lines::default(), answered: false }
    }

    /// Whether the object is one of its own, not an answer in JSON.
    fn envelope(&mut self, value: &Value, events: &mut Vec<CliEvent>) -> bool {
        match (json::text(value, "/status"), value.get("response")) {
            (Some("success"), Some(response)) => {
                self.answered = true;
                self.run.whole_text(&json::content(response), events);
                true
            }
            (Some("error"), None) => {
                self.run.fail(Complaint::of(json::text(value, "/message").unwrap_or_default()));
                true
            }
            _ => false,
        }
    }
}

impl Decoder for Continue {
    fn line(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        let own = json::object(line).is_some_and(|value| self.envelope(&value, events));
        if !own {
            self.lines.push(line, &mut self.run, events);
        }
    }

    fn error_line(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        if let Some(value) = json::object(line) {
            self.envelope(&value, events);
        }
    }

    fn end(&mut self, exit: Exit, stderr: &str, _events: &mut Vec<CliEvent>) -> Decoded {
        let ending = if self.answered { Ending::Stopped(StopReason::End) } else { Ending::Silent };
        self.run.end_counting(ending, exit, stderr, None)
    }
}
