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
    /// A line that is a failure, or an answer that looks like one: the exit code tells.
    doubtful: Option<String>,
}

impl Continue {
    pub fn new(facts: RunFacts) -> Self {
        Self { run: Run::new(CLI, facts), lines: Lines::default(), answered: false, doubtful: None }
    }

    fn fail(&mut self, value: &Value) {
        self.run.fail(Complaint::of(json::text(value, "/message").unwrap_or_default()));
    }
}

impl Decoder for Continue {
    fn line(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        let value = json::object(line).unwrap_or_default();
        match (json::text(&value, "/status"), value.get("response")) {
            (Some("success"), Some(response)) => {
                self.answered = true;
                self.run.whole_text(&json::content(response), events);
            }
            (Some("error"), None) => self.doubtful = Some(line.to_owned()),
            _ => self.lines.push(line, &mut self.run, events),
        }
    }

    fn error_line(&mut self, line: &str, _events: &mut Vec<CliEvent>) {
        if let Some(value) = json::object(line).filter(|value| value["status"] == "error") {
            self.fail(&value);
        }
    }

    fn end(&mut self, exit: Exit, stderr: &str, events: &mut Vec<CliEvent>) -> Decoded {
        match self.doubtful.take() {
            Some(line) if exit == Exit::Code(0) => self.lines.push(&line, &mut self.run, events),
            Some(line) => self.fail(&json::object(&line).unwrap_or_default()),
            None => {}
        }
        let ending = if self.answered { Ending::Stopped(StopReason::End) } else { Ending::Silent };
        self.run.end_counting(ending, exit, stderr, None)
    }
}
