//! cline: `--json`. Text and thinking in pieces. The name of its session is not told. Usage counts for each run, its
//! input includes what was cached.

use serde_json::Value;

use crate::chat::{ErrorClass, StopReason, Usage};

use super::super::event::{CliEvent, Exit};
use super::failure::{Cli, Complaint, class_of_code};
use super::run::{Ending, Run, kind_of, notice};
use super::tokens::{gross, price};
use super::{Decoded, Decoder, RunFacts, json};

const CLI: Cli = Cli { name: "cline" };

const READS: &[&str] =
    &["read_files", "search_codebase", "fetch_web_content", "ask_question", "team_status", "team_list_runs"];
const EDITS: &[&str] = &["editor", "apply_patch"];

pub(super) struct Cline {
    run: Run,
    usage: Option<Usage>,
    cost: Option<f64>,
    finish: Option<String>,
}

impl Cline {
    pub fn new(facts: RunFacts) -> Self {
        Self { run: Run::new(CLI, facts), usage: None, cost: None, finish: None }
    }

    fn event(&mut self, event: &Value, events: &mut Vec<CliEvent>) {
        let kind = json::text(event, "/type").unwrap_or_default();
        let content = json::text(event, "/contentType").unwrap_or_default();
        match (kind, content) {
            ("iteration_start", _) => self.run.next_message(events),
            ("content_start", "text") => {
                self.run.text(json::text(event, "/text").unwrap_or_default(), events);
            }
            ("content_start", "reasoning") => {
                self.run.thinking(json::text(event, "/reasoning").unwrap_or_default(), events);
            }
            // It was told in pieces, unless there were none.
            ("content_end", "text") if !self.run.is_saying() => {
                self.run.text(json::text(event, "/text").unwrap_or_default(), events);
            }
            ("content_start", "tool") => {
                let id = json::text(event, "/toolCallId").unwrap_or_default();
                let name = json::text(event, "/toolName").unwrap_or("unknown");
                self.run.call(id, name, json::input(event.get("input")), kind_of(name, READS, EDITS), events);
            }
            ("content_end", "tool") => self.tool_result(event, events),
            ("usage", _) => {
                let count = |key: &str| json::count(event, key);
                let usage = gross(
                    count("/totalInputTokens"),
                    count("/totalCacheReadTokens"),
                    count("/totalCacheWriteTokens"),
                    count("/totalOutputTokens"),
                    0,
                );
                self.usage = Some(usage);
                events.push(CliEvent::Usage(usage));
            }
            ("notice", _) => self.notice(event, events),
            // One that it gets over is the failure of a tool, which was told.
            ("error", _) if event["recoverable"] != true => {
                let class = json::text(event, "/errorClass").and_then(class_of_code);
                let words = json::text(event, "/error/message").unwrap_or_default();
                self.run.fail(Complaint::of(words).class(class));
            }
            _ => {}
        }
    }

    fn tool_result(&mut self, event: &Value, events: &mut Vec<CliEvent>) {
        let output = &event["output"];
        let failed = event.get("error").is_some_and(|error| !error.is_null()) || output["success"] == false;
        let given = if output.is_null() { &event["error"] } else { output };
        let id = json::text(event, "/toolCallId").unwrap_or_default();
        self.run.result(id, failed, json::content(given), events);
    }

    fn notice(&mut self, event: &Value, events: &mut Vec<CliEvent>) {
        let message = json::text(event, "/message").unwrap_or_default();
        let kind = json::text(event, "/metadata/kind").unwrap_or_default();
        if let Some(attempt) = json::number(event, "/metadata/attempt") {
            let class = if kind.starts_with("max_tokens") {
                Some(ErrorClass::Truncated)
            } else {
                Complaint::of(message).known_class()
            };
            self.run.retry(Some(attempt), Complaint::of(message).class(class), events);
        } else if message.contains(' ') {
            // The others are names of stages.
            notice(message, events);
        }
    }

    fn result(&mut self, value: &Value, events: &mut Vec<CliEvent>) {
        self.run.model(json::text(value, "/model/id"), events);
        let all = if value["aggregateUsage"].is_object() { "/aggregateUsage" } else { "/usage" };
        let count = |key: &str| json::count(value, &format!("{all}/{key}"));
        self.usage = Some(gross(
            count("inputTokens"),
            count("cacheReadTokens"),
            count("cacheWriteTokens"),
            count("outputTokens"),
            0,
        ));
        self.cost = price(value.pointer(&format!("{all}/totalCost")).and_then(Value::as_f64));
        let finish = json::text(value, "/finishReason").unwrap_or_default();
        let text = json::text(value, "/text").unwrap_or_default();
        match finish {
            "completed" => {
                self.run.recovered();
                if !self.run.spoke() {
                    self.run.whole_text(text, events);
                }
            }
            "error" if !self.run.has_failed() => self.run.fail(Complaint::of(text)),
            "error" => {}
            "aborted" | "cancelled" => self.run.fail(Complaint::of(text).class(Some(ErrorClass::Cancelled))),
            "max_iterations" => {
                let words = "cline stopped at its limit of iterations";
                self.run.fail(Complaint::of(words).class(Some(ErrorClass::Truncated)));
            }
            other => notice(&format!("cline finished: {other}"), events),
        }
        self.finish = Some(finish.to_owned());
    }
}

impl Decoder for Cline {
    fn line(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        let Some(value) = json::object(line) else { return };
        match json::text(&value, "/type").unwrap_or_default() {
            "agent_event" => self.event(&value["event"], events),
            "run_result" => self.result(&value, events),
            _ => {}
        }
    }

    fn error_line(&mut self, line: &str, _events: &mut Vec<CliEvent>) {
        let Some(value) = json::object(line).filter(|value| value["type"] == "error") else { return };
        if !self.run.has_failed() {
            self.run.fail(Complaint::of(json::text(&value, "/message").unwrap_or_default()));
        }
    }

    fn end(&mut self, exit: Exit, stderr: &str, _events: &mut Vec<CliEvent>) -> Decoded {
        let ending = match self.finish {
            Some(_) => Ending::Stopped(StopReason::End),
            None => Ending::Missing,
        };
        let decoded = self.run.end_counting(ending, exit, stderr, self.usage);
        Decoded { cost_usd: self.cost, ..decoded }
    }
}
