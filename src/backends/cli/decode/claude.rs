//! claude: `--output-format stream-json --verbose`, with or without `--include-partial-messages`. Usage counts for
//! each run, its input excludes what was cached. A failed call is a result of subtype `success` with `is_error`.

use serde_json::Value;

use crate::chat::{ErrorClass, StopReason, Usage};

use super::super::event::{CliEvent, Exit};
use super::failure::{Cli, Complaint, class_of_code};
use super::messages::Messages;
use super::run::{Ending, Run, kind_of, notice};
use super::tokens::{plus, price};
use super::{Decoded, Decoder, RunFacts, json};

const CLI: Cli = Cli { name: "claude" };

const READS: &[&str] = &[
    "Read",
    "Glob",
    "Grep",
    "LS",
    "NotebookRead",
    "WebFetch",
    "WebSearch",
    "TodoWrite",
    "TodoRead",
    "ToolSearch",
    "TaskCreate",
    "TaskGet",
    "TaskList",
    "TaskUpdate",
    "TaskOutput",
    "ListAgents",
    "ExitPlanMode",
    "AskUserQuestion",
    "ListMcpResourcesTool",
    "ReadMcpResourceTool",
    "ReportFindings",
];
const EDITS: &[&str] = &["Write", "Edit", "MultiEdit", "NotebookEdit"];

pub(super) struct Claude {
    run: Run,
    messages: Messages,
    /// Of the messages before the one that is coming.
    before: Usage,
    /// Of the message that is coming, as far as it is told.
    current: Usage,
    result: Option<Finished>,
}

struct Finished {
    stop: StopReason,
    usage: Usage,
    cost_usd: Option<f64>,
}

impl Claude {
    pub fn new(facts: RunFacts) -> Self {
        let kind = |name: &str| kind_of(name, READS, EDITS);
        Self {
            run: Run::new(CLI, facts),
            messages: Messages::new(kind),
            before: Usage::default(),
            current: Usage::default(),
            result: None,
        }
    }

    fn system(&mut self, value: &Value, events: &mut Vec<CliEvent>) {
        match json::text(value, "/subtype").unwrap_or_default() {
            "init" => self.run.model(json::text(value, "/model"), events),
            "api_retry" => {
                self.messages.restart();
                let code = json::text(value, "/error").filter(|code| *code != "unknown");
                let status = json::status(value, "/error_status");
                // What has neither a code nor a status never reached a server.
                let class = code
                    .and_then(class_of_code)
                    .or_else(|| (code.is_none() && status.is_none()).then_some(ErrorClass::Unreachable));
                let words = match (code, status) {
                    (Some(code), Some(status)) => format!("{code} ({status})"),
                    (Some(code), None) => code.to_owned(),
                    (None, Some(status)) => format!("status {status}"),
                    (None, None) => "no answer from the API".to_owned(),
                };
                let complaint = Complaint::of(&words).class(class).status(status);
                self.run.retry(json::number(value, "/attempt"), complaint, events);
            }
            "permission_denied" => {
                let text = |pointer| json::text(value, pointer).unwrap_or_default();
                self.run.denied(text("/tool_use_id"), text("/tool_name"), text("/message"), events);
            }
            "compact_boundary" => notice("claude has compacted its context", events),
            _ => {}
        }
    }

    fn assistant(&mut self, value: &Value, events: &mut Vec<CliEvent>) {
        let message = &value["message"];
        if is_subordinate(value) {
            return self.messages.subordinate(message, &mut self.run, events);
        }
        let code = json::text(value, "/error");
        if code.is_some() || value["is_api_error_message"] == true {
            let words = json::content(&message["content"]);
            let complaint = Complaint::of(&words)
                .class(code.and_then(class_of_code))
                .status(json::status(value, "/api_error_status"));
            return self.run.fail(complaint);
        }
        self.run.recovered();
        let model = json::text(message, "/model").filter(|model| *model != "<synthetic>");
        self.run.model(model, events);
        self.messages.assistant(message, &mut self.run, events);
    }

    /// Only with pieces the usage of a message is told before the end.
    fn count(&mut self, event: &Value, events: &mut Vec<CliEvent>) {
        match json::text(event, "/type").unwrap_or_default() {
            "message_start" => {
                self.before = plus(self.before, self.current);
                self.current = Usage { output: 0, ..usage_at(event, "/message/usage") };
            }
            "message_delta" => {
                let told = usage_at(event, "/usage");
                let input = if told.input == 0 && told.cache_read == 0 { self.current } else { told };
                self.current = Usage { output: told.output, ..input };
                events.push(CliEvent::Usage(plus(self.before, self.current)));
            }
            _ => {}
        }
    }

    fn result(&mut self, value: &Value, events: &mut Vec<CliEvent>) {
        Messages::denials(value, &mut self.run, events);
        let subtype = json::text(value, "/subtype").unwrap_or_default();
        let told = json::text(value, "/result").unwrap_or_default();
        if value["is_error"] == true || subtype.starts_with("error") {
            let errors = json::content(&value["errors"]);
            let (words, class) = match subtype {
                "error_max_turns" => ("claude stopped at its limit of turns", Some(ErrorClass::Truncated)),
                "error_max_budget_usd" => ("claude stopped at its budget", Some(ErrorClass::Truncated)),
                _ if !told.is_empty() => (told, None),
                _ if !errors.is_empty() => (errors.as_str(), None),
                _ => (subtype, None),
            };
            let code = json::text(value, "/api_error").or_else(|| json::text(value, "/api_error_type"));
            let complaint = Complaint::of(words)
                .class(class.or_else(|| code.and_then(class_of_code)))
                .status(json::status(value, "/api_error_status"));
            self.run.fail(complaint);
        } else {
            self.run.recovered();
            if !self.run.spoke() {
                self.run.whole_text(told, events);
            }
        }
        let stop = match json::text(value, "/stop_reason") {
            Some("max_tokens") => StopReason::MaxTokens,
            Some("refusal") => StopReason::Refusal,
            _ => StopReason::End,
        };
        let usage = usage_at(value, "/usage");
        self.result = Some(Finished { stop, usage, cost_usd: price(value["total_cost_usd"].as_f64()) });
    }
}

impl Decoder for Claude {
    fn line(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        let Some(value) = json::object(line) else { return };
        self.run.session(json::text(&value, "/session_id"), events);
        match json::text(&value, "/type").unwrap_or_default() {
            "system" => self.system(&value, events),
            "stream_event" => {
                self.count(&value["event"], events);
                if !is_subordinate(&value) {
                    self.messages.piece(&value["event"], &mut self.run, events);
                }
            }
            "assistant" => self.assistant(&value, events),
            "user" => Messages::user(&value["message"], &mut self.run, events),
            "result" => self.result(&value, events),
            _ => {}
        }
    }

    fn end(&mut self, exit: Exit, stderr: &str, _events: &mut Vec<CliEvent>) -> Decoded {
        let Some(result) = self.result.take() else {
            return self.run.end_counting(
                Ending::Missing,
                exit,
                stderr,
                Some(plus(self.before, self.current)),
            );
        };
        let decoded = self.run.end_counting(Ending::Stopped(result.stop), exit, stderr, Some(result.usage));
        Decoded { cost_usd: result.cost_usd, ..decoded }
    }
}

fn is_subordinate(value: &Value) -> bool {
    value["parent_tool_use_id"].is_string()
}

fn usage_at(value: &Value, pointer: &str) -> Usage {
    let count = |key: &str| json::count(value, &format!("{pointer}/{key}"));
    let output = count("output_tokens");
    Usage {
        input: count("input_tokens"),
        output,
        cache_read: count("cache_read_input_tokens"),
        cache_write: count("cache_creation_input_tokens"),
        reasoning: count("output_tokens_details/thinking_tokens").min(output),
    }
}
