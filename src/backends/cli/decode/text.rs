//! Any CLI that prints the answer as plain text, crush among them: every line is text, and only the exit code and
//! standard error tell of a failure.

use super::super::event::{CliEvent, Exit};
use super::failure::Cli;
use super::run::{Ending, Run};
use super::{Decoded, Decoder, RunFacts};

const CLI: Cli = Cli { name: "the CLI" };

pub(super) struct Text {
    run: Run,
    lines: Lines,
}

impl Text {
    pub fn new(facts: RunFacts) -> Self {
        Self { run: Run::new(CLI, facts), lines: Lines::default() }
    }
}

impl Decoder for Text {
    fn line(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        self.lines.push(line, &mut self.run, events);
    }

    fn end(&mut self, exit: Exit, stderr: &str, _events: &mut Vec<CliEvent>) -> Decoded {
        self.run.end_counting(Ending::Silent, exit, stderr, None)
    }
}

/// Lines that become one text, without blank lines at its beginning and its end.
#[derive(Debug, Default)]
pub(super) struct Lines {
    begun: bool,
    blank: usize,
}

impl Lines {
    pub fn push(&mut self, line: &str, run: &mut Run, events: &mut Vec<CliEvent>) {
        // Some fill their lines up to the width of a terminal.
        let line = line.trim_end();
        if line.is_empty() {
            self.blank += usize::from(self.begun);
            return;
        }
        let mut text = "\n".repeat(self.blank + usize::from(self.begun));
        text.push_str(line);
        (self.begun, self.blank) = (true, 0);
        run.text(&text, events);
    }

    /// The next line begins another text.
    pub fn end(&mut self) {
        *self = Self::default();
    }
}
