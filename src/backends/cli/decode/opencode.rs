//! opencode: `run --format json`. Parts that are whole, tools when they have ended. Usage and cost come for each
//! step, their output excludes the reasoning. There is no word for the end: the last step says why it stopped.

use serde_json::Value;

use crate::chat::{ErrorClass, StopReason, Usage};

use super::super::event::{CliEvent, Exit};
use super::failure::{Cli, Complaint};
use super::run::{Ending, Run, kind_of};
use super::tokens::{plus, price};
use super::{Decoded, Decoder, RunFacts, json};

const CLI: Cli = Cli { name: "opencode" };

const READS: &[&str] = &[
    "read",
    "glob",
    "grep",
    "list",
    "webfetch",
    "websearch",
    "codesearch",
    "todowrite",
    "todoread",
    "skill",
    "invalid",
    "question",
    "lsp",
];
const EDITS: &[&str] = &["write", "edit", "multiedit", "patch", "apply_patch"];

pub(super) struct Opencode {
    run: Run,
    usage: Usage,
    cost: f64,
    /// Why the last step stopped.
    reason: Option<String>,
}

impl Opencode {
    pub fn new(facts: RunFacts) -> Self {
        Self { run: Run::new(CLI, facts), usage: Usage::default(), cost: 0.0, reason: None }
    }

    fn tool(&mut self, part: &Value, events: &mut Vec<CliEvent>) {
        let id = json::text(part, "/callID").unwrap_or_default();
        let tool = json::text(part, "/tool").unwrap_or("unknown");
        let state = &part["state"];
        self.run.call(id, tool, json::input(state.get("input")), kind_of(tool, READS, EDITS), events);
        let failed = json::text(state, "/status") == Some("error");
        let given = if failed { &state["error"] } else { &state["output"] };
        // Under this name it answers calls of tools that there are not.
        self.run.result(id, failed || tool == "invalid", json::content(given), events);
    }

    fn step(&mut self, part: &Value, events: &mut Vec<CliEvent>) {
        let count = |key: &str| json::count(part, &format!("/tokens/{key}"));
        let reasoning = count("reasoning");
        let step = Usage {
            input: count("input"),
            output: count("output").saturating_add(reasoning),
            cache_read: count("cache/read"),
            cache_write: count("cache/write"),
            reasoning,
        };
        self.usage = plus(self.usage, step);
        self.cost += part["cost"].as_f64().unwrap_or(0.0);
        self.reason = json::text(part, "/reason").map(str::to_owned);
        self.run.recovered();
        events.push(CliEvent::Usage(self.usage));
    }

    fn error(&mut self, error: &Value) {
        let name = json::text(error, "/name").unwrap_or_default();
        let message = json::text(error, "/data/message");
        let class = match name {
            "ProviderAuthError" => Some(ErrorClass::Auth),
            "MessageOutputLengthError" => Some(ErrorClass::Truncated),
            "MessageAbortedError" => Some(ErrorClass::Cancelled),
            "ContextOverflowError" => Some(ErrorClass::ContextOverflow),
            _ => None,
        };
        let status = json::status(error, "/data/statusCode");
        // The code of the provider's, such as `insufficient_quota`, stands in the body alone.
        let body = json::text(error, "/data/responseBody").unwrap_or_default();
        let class =
            class.or_else(|| Complaint::of(body).status(status).known_class().filter(|_| !body.is_empty()));
        self.run.fail(Complaint::of(message.unwrap_or(name)).class(class).status(status));
    }
}

impl Decoder for Opencode {
    fn line(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        let Some(value) = json::object(line) else { return };
        self.run.session(json::text(&value, "/sessionID"), events);
        let part = &value["part"];
        let text = || json::text(part, "/text").unwrap_or_default();
        match json::text(&value, "/type").unwrap_or_default() {
            "text" => self.run.whole_text(text(), events),
            "reasoning" => self.run.whole_thinking(text(), events),
            "tool_use" => self.tool(part, events),
            "step_finish" => self.step(part, events),
            "error" => self.error(&value["error"]),
            _ => {}
        }
    }

    fn end(&mut self, exit: Exit, stderr: &str, _events: &mut Vec<CliEvent>) -> Decoded {
        let ending = match self.reason.as_deref() {
            Some("stop") => Ending::Stopped(StopReason::End),
            Some("length") => Ending::Stopped(StopReason::MaxTokens),
            Some("content-filter") => Ending::Stopped(StopReason::Refusal),
            // It stops after a call that was refused, and says no more.
            Some("tool-calls") if self.run.was_denied() => Ending::Stopped(StopReason::End),
            _ => Ending::Silent,
        };
        let decoded = self.run.end_counting(ending, exit, stderr, Some(self.usage));
        Decoded { cost_usd: price(Some(self.cost)), ..decoded }
    }
}
