//! gemini: `-o stream-json`. Text in pieces; thoughts are not told. Usage counts for each run, its input includes
//! what was cached. Its exit code is an HTTP status modulo 256, or one of its own.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::chat::{ErrorClass, StopReason, Usage};

use super::super::event::{CliEvent, Exit};
use super::failure::{Cli, Complaint};
use super::run::{Ending, Run, kind_of, notice};
use super::tokens::gross;
use super::{Decoded, Decoder, RunFacts, json, words};

const CLI: Cli = Cli { name: "gemini" };

const READS: &[&str] = &[
    "read_file",
    "read_many_files",
    "list_directory",
    "glob",
    "grep_search",
    "search_file_content",
    "google_web_search",
    "web_fetch",
    "write_todos",
    "update_topic",
    "get_internal_docs",
    "ask_user",
];
const EDITS: &[&str] = &["write_file", "replace", "edit"];

pub(super) struct Gemini {
    run: Run,
    usage: Option<Usage>,
    finished: bool,
    /// A tool ran since the last piece of text, so the next one is of another message.
    after_tool: bool,
}

impl Gemini {
    pub fn new(facts: RunFacts) -> Self {
        Self { run: Run::new(CLI, facts), usage: None, finished: false, after_tool: false }
    }

    fn message(&mut self, value: &Value, events: &mut Vec<CliEvent>) {
        let text = json::text(value, "/content").unwrap_or_default();
        if std::mem::take(&mut self.after_tool) {
            self.run.next_message(events);
        }
        if value["delta"] == true {
            self.run.text(text, events);
        } else {
            self.run.whole_text(text, events);
        }
    }

    fn tool_use(&mut self, value: &Value, events: &mut Vec<CliEvent>) {
        self.after_tool = true;
        let id = json::text(value, "/tool_id").unwrap_or_default();
        let name = json::text(value, "/tool_name").unwrap_or("unknown");
        let input = json::input(value.get("parameters"));
        self.run.call(id, name, input, kind_of(name, READS, EDITS), events);
    }

    fn tool_result(&mut self, value: &Value, events: &mut Vec<CliEvent>) {
        let id = json::text(value, "/tool_id").unwrap_or_default();
        let is_error = json::text(value, "/status") == Some("error");
        let given = ["/output", "/error/message"].iter().find_map(|pointer| json::text(value, pointer));
        self.run.result(id, is_error, given.unwrap_or_default().to_owned(), events);
    }

    fn result(&mut self, value: &Value, events: &mut Vec<CliEvent>) {
        self.finished = true;
        let stats = usage_of(&value["stats"]);
        self.usage = Some(stats);
        if json::text(value, "/status") == Some("error") {
            let kind = json::text(value, "/error/type").unwrap_or_default();
            let words = json::text(value, "/error/message").unwrap_or(kind);
            let class = kind.contains("TurnLimited").then_some(ErrorClass::Truncated);
            self.run.fail(Complaint::of(bare(words)).class(class));
        } else if self.run.spoke() {
            self.run.recovered();
        } else {
            self.run.whole_text(json::text(value, "/response").unwrap_or_default(), events);
        }
    }
}

impl Decoder for Gemini {
    fn line(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        let Some(value) = json::object(line) else { return };
        match json::text(&value, "/type").unwrap_or_default() {
            "init" => {
                self.run.session(json::text(&value, "/session_id"), events);
                self.run.model(json::text(&value, "/model"), events);
            }
            "message" if json::text(&value, "/role") == Some("assistant") => self.message(&value, events),
            "tool_use" => self.tool_use(&value, events),
            "tool_result" => self.tool_result(&value, events),
            "error" => {
                let message = json::text(&value, "/message").unwrap_or_default();
                match json::text(&value, "/severity") {
                    Some("warning") => notice(message, events),
                    _ => self.run.fail(Complaint::of(bare(message))),
                }
            }
            "result" => self.result(&value, events),
            _ => {}
        }
    }

    fn error_line(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        retry_line(line, &mut self.run, events);
    }

    fn end(&mut self, exit: Exit, stderr: &str, _events: &mut Vec<CliEvent>) -> Decoded {
        if !self.finished {
            fail_by_exit(&mut self.run, own_code, exit, stderr);
        }
        let ending = if self.finished { Ending::Stopped(StopReason::End) } else { Ending::Missing };
        self.run.end_counting(ending, exit, stderr, self.usage)
    }
}

/// What its exit codes mean, as far as they are its own.
pub(super) fn own_code(code: i32) -> Option<ErrorClass> {
    match code {
        41 => Some(ErrorClass::Auth),
        53 => Some(ErrorClass::Truncated),
        130 => Some(ErrorClass::Cancelled),
        _ => None,
    }
}

/// What stands between the brackets of an error.
pub(super) fn bare(words: &str) -> &str {
    words.strip_prefix("[API Error: ").and_then(|rest| rest.trim_end().strip_suffix(']')).unwrap_or(words)
}

/// A line of standard error that says that it tries again.
pub(super) fn retry_line(line: &str, run: &mut Run, events: &mut Vec<CliEvent>) {
    let Some(found) = RETRYING.captures(line) else { return };
    let why =
        found.get(2).map(|why| why.as_str().trim_matches([' ', '.', ':'])).filter(|why| !why.is_empty());
    let why = why.or_else(|| found.get(3).map(|why| why.as_str())).unwrap_or(line);
    run.retry(found[1].parse().ok(), Complaint::of(why), events);
}

/// Where no line tells how it ended, the exit code does.
pub(super) fn fail_by_exit(run: &mut Run, own: fn(i32) -> Option<ErrorClass>, exit: Exit, stderr: &str) {
    let Exit::Code(code) = exit else { return };
    if run.has_failed() {
        return;
    }
    let status = u16::try_from(code)
        .ok()
        .and_then(|code| [code, code + 256].into_iter().find(|status| (400..600).contains(status)));
    let own = own(code);
    if status.is_none() && own.is_none() {
        return;
    }
    let told = words::error_in(stderr).unwrap_or_else(|| format!("exit code {code}"));
    let told = Complaint::of(bare(&told));
    let class = told.known_class().or(own);
    run.fail(told.class(class).status(status));
}

/// The thoughts are left out of the output, and only the total shows that there were any.
fn usage_of(stats: &Value) -> Usage {
    let count = |key: &str| json::count(stats, &format!("/{key}"));
    let (input, output) = (count("input_tokens"), count("output_tokens"));
    let thoughts = count("total_tokens").saturating_sub(input).saturating_sub(output);
    gross(input, count("cached"), 0, output.saturating_add(thoughts), thoughts)
}

static RETRYING: LazyLock<Regex> =
    LazyLock::new(|| words::pattern(r"^Attempt (\d+) failed(.*?)\. Retrying\b[^.]*\.*\s*(?:Error: )?(.+)?$"));

#[cfg(test)]
mod tests {
    use super::*;

    fn end(code: i32, stderr: &str) -> crate::backends::BackendError {
        let mut gemini = Gemini::new(RunFacts { backend: "g".into(), counted: None });
        gemini.end(Exit::Code(code), stderr, &mut Vec::new()).outcome.unwrap_err()
    }

    #[test]
    fn an_exit_code_is_an_http_status_modulo_256_or_one_of_its_own() {
        assert_eq!(end(145, "").class, ErrorClass::Auth);
        assert_eq!(end(173, "").class, ErrorClass::RateLimit);
        assert_eq!(end(247, "").class, ErrorClass::Overloaded);
        assert_eq!(end(41, "Please set an Auth method").class, ErrorClass::Auth);
        assert_eq!(end(53, "").class, ErrorClass::Truncated);
        assert_eq!(end(1, "").class, ErrorClass::BadResponse);
        assert_eq!(
            end(144, "Error: the input token count exceeds the maximum number of tokens").status,
            Some(400)
        );
    }

    #[test]
    fn a_retry_is_read_with_its_cause() {
        let mut run = Run::new(CLI, RunFacts::default());
        let mut events = Vec::new();
        for line in [
            "Attempt 1 failed. Retrying with backoff... Error: exception TypeError: fetch failed sending request",
            "Attempt 2 failed with status 429. Retrying with backoff...",
            "    at retryWithBackoff (file:///x.js:1:2)",
        ] {
            retry_line(line, &mut run, &mut events);
        }
        let told: Vec<_> = events
            .iter()
            .map(|event| match event {
                CliEvent::Retry { attempt, class, .. } => (*attempt, *class),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(told, [(1, ErrorClass::Unreachable), (2, ErrorClass::RateLimit)]);
    }
}
