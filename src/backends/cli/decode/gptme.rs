//! gptme: `-n --output-format json --tool-format tool`. Messages that are whole, with calls as text at their end.
//! Usage comes with each message, its input excludes what was cached. Failures are on standard error alone, and the
//! exit code has their class.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::chat::{ErrorClass, StopReason, Usage};

use super::super::event::{CliEvent, Exit};
use super::failure::{Cli, Complaint};
use super::run::{Ending, Run, kind_of};
use super::tokens::plus;
use super::{Decoded, Decoder, RunFacts, json, words};

const CLI: Cli = Cli { name: "gptme" };

const READS: &[&str] = &["read", "browser", "chats", "rag", "todo", "vision", "complete", "choice"];
const EDITS: &[&str] = &["save", "append", "patch", "morph"];

pub(super) struct Gptme {
    run: Run,
    usage: Usage,
}

impl Gptme {
    pub fn new(facts: RunFacts) -> Self {
        Self { run: Run::new(CLI, facts), usage: Usage::default() }
    }

    fn assistant(&mut self, value: &Value, events: &mut Vec<CliEvent>) {
        let served = json::text(value, "/metadata/served_model");
        self.run.model(served.or_else(|| json::text(value, "/metadata/model")), events);
        let content = json::text(value, "/content").unwrap_or_default();
        let (thinking, mut rest) = split_thinking(content);
        self.run.whole_thinking(thinking, events);
        let mut begun = false;
        while let Some(found) = CALL.captures(rest) {
            let (start, end) = found.get(0).map_or((0, 0), |whole| (whole.start(), whole.end()));
            let (input, length) = arguments(&rest[end..]);
            self.say(&rest[..start], &mut begun, events);
            let (name, id) = (&found[1], &found[2]);
            self.run.call(id, name, input, kind_of(name, READS, EDITS), events);
            rest = &rest[end + length..];
        }
        self.say(rest, &mut begun, events);
        let count = |key: &str| json::count(value, &format!("/metadata/usage/{key}"));
        let output = count("output_tokens");
        let usage = Usage {
            input: count("input_tokens"),
            output,
            cache_read: count("cache_read_tokens"),
            cache_write: count("cache_creation_tokens"),
            reasoning: count("reasoning_tokens").min(output),
        };
        if !usage.is_zero() {
            self.usage = plus(self.usage, usage);
            events.push(CliEvent::Usage(self.usage));
        }
    }

    /// Text between the calls of a message.
    fn say(&mut self, text: &str, begun: &mut bool, events: &mut Vec<CliEvent>) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        if *begun {
            self.run.text(&format!("\n{text}"), events);
        } else {
            self.run.whole_text(text, events);
        }
        *begun = true;
    }
}

impl Decoder for Gptme {
    fn line(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        let Some(value) = json::object(line).filter(|value| value["type"] == "message") else { return };
        match json::text(&value, "/role").unwrap_or_default() {
            "assistant" => self.assistant(&value, events),
            "system" => {
                let content = json::text(&value, "/content").unwrap_or_default();
                let id = json::text(&value, "/call_id").unwrap_or_default();
                self.run.result(id, FAILED.is_match(content), content.to_owned(), events);
            }
            _ => {}
        }
    }

    /// The number of the attempt may stand on the next line: it is counted here.
    fn error_line(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        let Some(found) = RETRYING.captures(line) else { return };
        let why = Complaint::of(&found[1]);
        let status = words::status_in(why.words);
        let class = match status {
            Some(_) => why.known_class(),
            None => why.known_class().filter(|class| *class != ErrorClass::BadResponse),
        };
        // A transient error without a status is one of the connection.
        self.run.retry(None, why.class(class.or(Some(ErrorClass::Unreachable))), events);
    }

    fn end(&mut self, exit: Exit, stderr: &str, _events: &mut Vec<CliEvent>) -> Decoded {
        let class = match exit {
            Exit::Code(75) => Some(ErrorClass::RateLimit),
            Exit::Code(76) => Some(ErrorClass::Auth),
            Exit::Code(77) => Some(ErrorClass::Overloaded),
            _ => None,
        };
        if class.is_some() {
            let told = words::error_in(stderr).unwrap_or_else(|| format!("gptme ended with {exit}"));
            let told = Complaint::of(&told);
            let class = told.known_class().or(class);
            self.run.fail(told.class(class));
        }
        let ending = match exit {
            Exit::Code(0) if self.run.did_something() => Ending::Stopped(StopReason::End),
            _ => Ending::Missing,
        };
        self.run.end_counting(ending, exit, stderr, Some(self.usage))
    }
}

/// What the model thought stands before its text, marked.
fn split_thinking(content: &str) -> (&str, &str) {
    let marked = content.trim_start().strip_prefix("<think>").and_then(|rest| rest.split_once("</think>"));
    marked.map_or(("", content), |(thinking, rest)| (thinking.trim(), rest))
}

/// The arguments of a call and their length: JSON, or the rest of the line when they are none.
fn arguments(text: &str) -> (Value, usize) {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    match values.next() {
        Some(Ok(value)) => (json::input(Some(&value)), values.byte_offset()),
        _ => {
            let length = text.find('\n').unwrap_or(text.len());
            (Value::String(text[..length].to_owned()), length)
        }
    }
}

static CALL: LazyLock<Regex> = LazyLock::new(|| words::pattern(r"(?m)^@(\w[\w.-]*)\(([\w.:-]+)\):[ \t]*"));

static FAILED: LazyLock<Regex> = LazyLock::new(|| {
    words::pattern(r"^(?:Error\b|Failed\b|Tool '[^']*' is not available|Permission denied|Aborted)")
});

static RETRYING: LazyLock<Regex> =
    LazyLock::new(|| words::pattern(r"WARNING\s+(.*?),? retrying in [\d.]+ ?s"));
