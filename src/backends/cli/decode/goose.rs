//! goose: `run --quiet --output-format stream-json`. Messages in pieces that share an id. Usage counts over the whole
//! session, its input includes what was cached. Most failures are printed as text of the model's, with exit code 0:
//! they lack the name of the model that would have said them.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::chat::{StopReason, Usage};

use super::super::event::{CliEvent, Exit, ToolKind};
use super::failure::{Cli, Complaint, class_of_code};
use super::run::{Ending, Run, kind_of, notice};
use super::tokens::gross;
use super::{Decoded, Decoder, RunFacts, json, words};

const CLI: Cli = Cli { name: "goose" };

const READS: &[&str] =
    &["read", "tree", "list", "analyze", "glob", "grep", "search", "load_skill", "web_search"];
const EDITS: &[&str] = &["write", "edit", "text_editor", "str_replace"];

pub(super) struct Goose {
    run: Run,
    message: Option<String>,
    total: Option<Usage>,
    completed: bool,
    limit_reached: bool,
}

impl Goose {
    pub fn new(facts: RunFacts) -> Self {
        Self { run: Run::new(CLI, facts), message: None, total: None, completed: false, limit_reached: false }
    }

    fn message(&mut self, message: &Value, events: &mut Vec<CliEvent>) {
        let from_model = json::text(message, "/role") == Some("assistant");
        let id = json::text(message, "/id");
        if from_model && id.is_some() && id != self.message.as_deref() {
            self.message = id.map(str::to_owned);
            self.run.next_message(events);
        }
        let model = json::text(message, "/metadata/inference/requestedModel");
        self.run.model(model, events);
        self.limit_reached = message.pointer("/metadata/outputTokenLimitReached") == Some(&Value::Bool(true));
        for part in json::items(message, "/content") {
            match json::text(part, "/type").unwrap_or_default() {
                "text" if from_model => {
                    let text = json::text(part, "/text").unwrap_or_default();
                    if model.is_none() && FAILURE.is_match(text) {
                        self.run.fail(Complaint::of(bare(text)));
                    } else {
                        self.run.recovered();
                        self.run.text(text, events);
                    }
                }
                "thinking" | "reasoning" if from_model => {
                    let text = json::text(part, "/thinking").or_else(|| json::text(part, "/text"));
                    self.run.thinking(text.unwrap_or_default(), events);
                }
                "toolRequest" => self.call(part, events),
                "toolResponse" => self.result(part, events),
                "error" => {
                    let class = json::text(part, "/kind").and_then(class_of_code);
                    let words = json::text(part, "/message").unwrap_or_default();
                    self.run.fail(Complaint::of(bare(words)).class(class));
                }
                "systemNotification" => {
                    notice(json::text(part, "/msg").unwrap_or_default(), events);
                }
                _ => {}
            }
        }
    }

    fn call(&mut self, part: &Value, events: &mut Vec<CliEvent>) {
        let id = json::text(part, "/id").unwrap_or_default();
        let call = &part["toolCall"];
        let error = json::text(call, "/error").unwrap_or_default();
        let of_error = || UNKNOWN_TOOL.captures(error).map(|found| found[1].to_owned());
        let name = json::text(call, "/value/name").map(str::to_owned).or_else(of_error);
        let name = name.unwrap_or_else(|| "unknown".into());
        let input = json::input(call.pointer("/value/arguments"));
        let kind = kind(&name, &input);
        self.run.call(id, &name, input, kind, events);
    }

    fn result(&mut self, part: &Value, events: &mut Vec<CliEvent>) {
        let id = json::text(part, "/id").unwrap_or_default();
        let result = &part["toolResult"];
        let value = result.get("value").or_else(|| result.get("error")).unwrap_or(&Value::Null);
        let failed = json::text(result, "/status") == Some("error") || value["isError"] == true;
        self.run.result(id, failed, json::content(value), events);
    }
}

impl Decoder for Goose {
    fn line(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        let Some(value) = json::object(line) else { return };
        match json::text(&value, "/type").unwrap_or_default() {
            "message" => self.message(&value["message"], events),
            "error" => {
                let words = json::text(&value, "/error").unwrap_or_default();
                if !self.run.has_failed() {
                    self.run.fail(Complaint::of(bare(words)));
                }
            }
            "notification" => notice(json::text(&value, "/message").unwrap_or_default(), events),
            "complete" => {
                self.completed = true;
                let count = |key: &str| json::count(&value, key);
                self.total = Some(gross(
                    count("/input_tokens"),
                    count("/cache_read_input_tokens"),
                    count("/cache_write_input_tokens"),
                    count("/output_tokens"),
                    0,
                ));
            }
            _ => {}
        }
    }

    fn end(&mut self, exit: Exit, stderr: &str, _events: &mut Vec<CliEvent>) -> Decoded {
        let stop = if self.limit_reached { StopReason::MaxTokens } else { StopReason::End };
        let ending =
            if self.completed && self.run.did_something() { Ending::Stopped(stop) } else { Ending::Missing };
        self.run.end_cumulative(ending, exit, stderr, self.total)
    }
}

/// A failure without what goose says around every one.
fn bare(words: &str) -> &str {
    let words = words.strip_prefix("Ran into this error: ").unwrap_or(words);
    let end = ["\n\nPlease retry if you think", "\n\nPlease resend your message"]
        .iter()
        .find_map(|advice| words.find(advice))
        .unwrap_or(words.len());
    words[..end].trim_end()
}

/// Tools of an extension are called `extension__tool`.
fn kind(name: &str, input: &Value) -> ToolKind {
    let tool = name.strip_prefix("developer__").unwrap_or(name);
    if tool == "text_editor" && input["command"] == "view" {
        return ToolKind::Read;
    }
    kind_of(tool, READS, EDITS)
}

static FAILURE: LazyLock<Regex> = LazyLock::new(|| {
    words::pattern(
        r"(?s)^(?:Ran into this error: |Network error: )|\n\nPlease (?:retry if you think|resend your message)[^\n]*$",
    )
});

static UNKNOWN_TOOL: LazyLock<Regex> = LazyLock::new(|| words::pattern(r"Tool '([^']+)'"));
