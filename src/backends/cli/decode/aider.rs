//! aider: plain text with `--no-pretty`. The banner before the answer, the count of tokens after it, the edits that
//! were applied, and the errors of its library are told from the answer by their words and their places. What it
//! says of tokens and prices is an estimate, so it counts as nothing. Its exit code is 0 whatever happens.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::json;

use crate::chat::{ErrorClass, StopReason};

use super::super::event::{CliEvent, Exit, ToolKind};
use super::failure::{Cli, Complaint};
use super::run::{Ending, Run, notice};
use super::text::Lines;
use super::{Decoded, Decoder, RunFacts, words};

const CLI: Cli = Cli { name: "aider" };

/// What is held back of a banner; one that is longer is none.
const HELD_LINES: usize = 400;

pub(super) struct Aider {
    run: Run,
    lines: Lines,
    place: Place,
    edits: usize,
    answered: bool,
}

/// Where in its output a line stands.
#[derive(Debug)]
enum Place {
    /// Before the answer, with the lines that may be one after all.
    Banner {
        named: bool,
        held: Vec<String>,
    },
    Answer,
    /// In an error of its library, with what it said so far.
    Error {
        words: String,
    },
    /// After an answer, where files are named and edits are applied.
    After {
        files: Vec<String>,
    },
    /// Advice on a limit that was hit, to the end.
    Limit,
}

impl Aider {
    pub fn new(facts: RunFacts) -> Self {
        Self {
            run: Run::new(CLI, facts),
            lines: Lines::default(),
            place: Place::Banner { named: false, held: Vec::new() },
            edits: 0,
            answered: false,
        }
    }

    /// Lines that mean the same wherever they stand. Whether it was one.
    fn marked(&mut self, line: &str, events: &mut Vec<CliEvent>) -> bool {
        if let Some(found) = LIBRARY_ERROR.find(line) {
            self.leave(events);
            self.place = Place::Error { words: line[found.start()..].to_owned() };
        } else if TOKENS.is_match(line) {
            self.leave(events);
            self.run.recovered();
            self.answered = true;
            self.place = Place::After { files: Vec::new() };
        } else if LIMIT.is_match(line) {
            self.leave(events);
            let spoke = self.run.spoke();
            let class = if spoke { ErrorClass::Truncated } else { ErrorClass::ContextOverflow };
            self.run.fail(Complaint::of(line).class(Some(class)));
            self.place = Place::Limit;
        } else if NO_FIT.is_match(line) {
            self.leave(events);
            notice(&format!("aider could not apply an edit: {line}"), events);
        } else if GAVE_UP.is_match(line) {
            self.run.fail(Complaint::of(line).class(Some(ErrorClass::EditFailures)));
        } else {
            return false;
        }
        true
    }

    fn banner(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        let Place::Banner { named, held } = &mut self.place else { return };
        if line.starts_with("Repo-map:") || line.starts_with("Git repo:") || MODEL.is_match(line) {
            *named = true;
            if let Some(found) = MODEL.captures(line) {
                self.run.model(Some(&found[1]), events);
            }
            return;
        }
        if line.is_empty() && *named {
            held.clear();
            self.place = Place::Answer;
        } else if !BANNER.is_match(line) {
            held.push(line.to_owned());
            if held.len() > HELD_LINES {
                self.leave(events);
                self.place = Place::Answer;
            }
        }
    }

    /// What was held back at the place that is being left turns out to be what it is.
    fn leave(&mut self, events: &mut Vec<CliEvent>) {
        match std::mem::replace(&mut self.place, Place::Answer) {
            // With the name of the model the banner was one, and ends here.
            Place::Banner { named: true, .. } | Place::Answer | Place::Limit => {}
            Place::Banner { named: false, held } | Place::After { files: held } => self.say(&held, events),
            Place::Error { words } => self.run.fail(Complaint::of(&words)),
        }
        self.lines.end();
    }

    fn say(&mut self, lines: &[String], events: &mut Vec<CliEvent>) {
        for line in lines {
            self.answer(line, events);
        }
    }

    fn answer(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        if std::mem::take(&mut self.answered) {
            self.run.next_message(events);
        }
        self.lines.push(line, &mut self.run, events);
    }

    /// More of an error, or the end of it.
    fn error(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        let Place::Error { words } = &mut self.place else { return };
        if RETRYING.is_match(line) {
            let words = std::mem::take(words);
            self.place = Place::Answer;
            self.run.retry(None, Complaint::of(&words), events);
        } else if line.is_empty() {
            self.leave(events);
        } else if words.len() < 4_000 {
            words.push(' ');
            words.push_str(line);
        }
    }

    fn after(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        let Place::After { files } = &mut self.place else { return };
        if let Some(found) = APPLIED.captures(line) {
            let file = &found[1];
            files.retain(|named| named != file);
            self.edits += 1;
            let id = format!("edit-{}", self.edits);
            self.run.call(&id, "edit", json!({ "path": file }), ToolKind::Edit, events);
            self.run.result(&id, false, line.to_owned(), events);
        } else if let Some(found) = NOT_APPLIED.captures(line) {
            files.retain(|named| *named != found[1]);
            self.run.denied(&found[1], "edit", line, events);
        } else if line.is_empty() || ASIDE.is_match(line) {
        } else if !line.contains(char::is_whitespace) {
            files.push(line.to_owned());
        } else {
            // It asked the model once more, and this is the answer.
            self.leave(events);
            self.answer(line, events);
        }
    }
}

impl Decoder for Aider {
    fn line(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        let line = line.trim_end();
        if matches!(self.place, Place::Limit) || self.marked(line, events) {
            return;
        }
        match self.place {
            Place::Banner { .. } => self.banner(line, events),
            Place::Answer => self.answer(line, events),
            Place::Error { .. } => self.error(line, events),
            Place::After { .. } => self.after(line, events),
            Place::Limit => {}
        }
    }

    fn end(&mut self, exit: Exit, stderr: &str, events: &mut Vec<CliEvent>) -> Decoded {
        // Names of files after the last answer are no answer.
        if !matches!(self.place, Place::After { .. }) {
            self.leave(events);
        }
        let ending = match exit {
            Exit::Code(0) if self.run.did_something() => Ending::Stopped(StopReason::End),
            _ => Ending::Missing,
        };
        self.run.end_counting(ending, exit, stderr, None)
    }
}

static BANNER: LazyLock<Regex> = LazyLock::new(|| {
    words::pattern(concat!(
        r"^(?:$|Analytics have been |Detected dumb terminal|HTTPS?ConnectionPool\(|Aider v\d|Cur working dir:|",
        r"Git working dir:|Added .+ to the chat|Restored previous conversation history|Use /help |https?://\S+$|",
        r"Warning\b|Warning for |Note: |Using .+ model with API key|Update git |You can skip this check|",
        r"Creating empty file |Initial repo scan|Scanning repo|Weak model:|Editor model:|Multiline mode)",
    ))
});

static MODEL: LazyLock<Regex> = LazyLock::new(|| words::pattern(r"^(?:Main model|Model): (\S+)"));

static TOKENS: LazyLock<Regex> =
    LazyLock::new(|| words::pattern(r"^Tokens: [\d.,k]+ sent, (?:[\d.,k]+ cache \w+, )*[\d.,k]+ received\."));

static APPLIED: LazyLock<Regex> = LazyLock::new(|| words::pattern(r"^Applied edit to (.+)$"));

/// With `--dry-run`.
static NOT_APPLIED: LazyLock<Regex> =
    LazyLock::new(|| words::pattern(r"^Did not apply edit to (.+?)(?: \(.*\))?$"));

/// What aider says for itself between two answers.
static ASIDE: LazyLock<Regex> = LazyLock::new(|| {
    words::pattern(concat!(
        r"^(?:Cost: |Added .+ to the chat|Commit [0-9a-f]{7}|Creating empty file |",
        r"Repo-map: |You can use /undo|https?://\S+$)|\(Y\)es/\(N\)o",
    ))
});

static LIBRARY_ERROR: LazyLock<Regex> =
    LazyLock::new(|| words::pattern(r"^litellm\.\w*(?:Error|Timeout|Exception)\b"));

static RETRYING: LazyLock<Regex> = LazyLock::new(|| words::pattern(r"^Retrying in [\d.]+ seconds"));

static LIMIT: LazyLock<Regex> = LazyLock::new(|| words::pattern(r"^Model \S+ has hit a token limit!$"));

static NO_FIT: LazyLock<Regex> = LazyLock::new(|| {
    words::pattern(
        r"^(?:The LLM did not conform to the edit format|# \d+ SEARCH/REPLACE blocks? failed to match)",
    )
});

static GAVE_UP: LazyLock<Regex> =
    LazyLock::new(|| words::pattern(r"^Only \d+ reflections allowed, stopping"));
