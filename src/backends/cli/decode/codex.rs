//! codex: `codex exec --json`. Items that are whole: a message, a command, a change of files. Usage counts over the
//! whole thread, its input includes what was cached, its output the reasoning.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::chat::{ErrorClass, StopReason, Usage};

use super::super::event::{CliEvent, Exit, ToolKind};
use super::failure::{Cli, Complaint};
use super::run::{Ending, Run, notice};
use super::tokens::gross;
use super::{Decoded, Decoder, RunFacts, json, words};

const CLI: Cli = Cli { name: "codex" };

pub(super) struct Codex {
    run: Run,
    total: Option<Usage>,
    completed: bool,
}

impl Codex {
    pub fn new(facts: RunFacts) -> Self {
        Self { run: Run::new(CLI, facts), total: None, completed: false }
    }

    fn item(&mut self, item: &Value, done: bool, events: &mut Vec<CliEvent>) {
        let run = &mut self.run;
        let id = json::text(item, "/id").unwrap_or_default();
        let said = || json::text(item, "/text").unwrap_or_default();
        match json::text(item, "/type").unwrap_or_default() {
            "agent_message" if done => run.whole_text(said(), events),
            "reasoning" if done => run.whole_thinking(said(), events),
            // An item of this type is a warning: what fails is told by a line of its own.
            "error" if done => notice(json::text(item, "/message").unwrap_or_default(), events),
            "command_execution" => {
                run.call(id, "command_execution", fields(item, &["command"]), ToolKind::Other, events);
                if done {
                    let (is_error, output) = command_result(item);
                    if json::text(item, "/status") == Some("declined") {
                        run.denied(id, "a command", json::text(item, "/command").unwrap_or_default(), events);
                    }
                    run.result(id, is_error, output, events);
                }
            }
            "file_change" => {
                run.call(id, "file_change", fields(item, &["changes"]), ToolKind::Edit, events);
                if done {
                    let is_error = json::text(item, "/status") != Some("completed");
                    let status = if is_error { "the changes were not applied" } else { "applied" };
                    run.result(id, is_error, status.into(), events);
                }
            }
            "mcp_tool_call" => {
                let part = |pointer| json::text(item, pointer).unwrap_or("unknown");
                let name = format!("mcp__{}__{}", part("/server"), part("/tool"));
                run.call(id, &name, json::input(item.get("arguments")), ToolKind::Other, events);
                if done {
                    let error = item.get("error").filter(|error| !error.is_null());
                    let given = error.or_else(|| item.get("result")).unwrap_or(&Value::Null);
                    let failed = error.is_some() || json::text(item, "/status") == Some("failed");
                    run.result(id, failed, json::content(given), events);
                }
            }
            "web_search" => {
                run.call(id, "web_search", fields(item, &["query"]), ToolKind::Read, events);
                if done {
                    run.result(id, false, String::new(), events);
                }
            }
            _ => {}
        }
    }

    fn error(&mut self, message: &str, events: &mut Vec<CliEvent>) {
        let Some(found) = RECONNECTING.captures(message) else {
            return self.run.fail(Complaint::of(message));
        };
        let attempt = found.get(1).and_then(|number| number.as_str().parse().ok());
        let why = Complaint::of(found.get(2).map_or(message, |why| why.as_str()));
        let class = why.known_class().or((attempt.is_none()).then_some(ErrorClass::Unreachable));
        self.run.retry(attempt, why.class(class), events);
    }
}

impl Decoder for Codex {
    fn line(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        let Some(value) = json::object(line) else { return };
        match json::text(&value, "/type").unwrap_or_default() {
            "thread.started" => self.run.session(json::text(&value, "/thread_id"), events),
            "item.started" | "item.updated" => self.item(&value["item"], false, events),
            "item.completed" => self.item(&value["item"], true, events),
            "error" => self.error(json::text(&value, "/message").unwrap_or_default(), events),
            "turn.failed" => {
                let message = json::text(&value, "/error/message").unwrap_or_default();
                self.run.fail(Complaint::of(message));
            }
            "turn.completed" => {
                self.run.recovered();
                self.completed = true;
                let count = |key: &str| json::count(&value, &format!("/usage/{key}"));
                self.total = Some(gross(
                    count("input_tokens"),
                    count("cached_input_tokens"),
                    count("cache_write_input_tokens"),
                    count("output_tokens"),
                    count("reasoning_output_tokens"),
                ));
            }
            _ => {}
        }
    }

    /// A call that is refused before it runs is no item; its error is in the log alone.
    fn error_line(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        let Some(found) = TOOL_ERROR.captures(line) else { return };
        let error = &found[1];
        if words::is_denial(error) {
            self.run.denied(error, "a tool", error, events);
        } else {
            notice(&format!("codex could not run a tool: {error}"), events);
        }
    }

    fn end(&mut self, exit: Exit, stderr: &str, _events: &mut Vec<CliEvent>) -> Decoded {
        let ending = if self.completed { Ending::Stopped(StopReason::End) } else { Ending::Missing };
        self.run.end_cumulative(ending, exit, stderr, self.total)
    }
}

fn fields(item: &Value, names: &[&str]) -> Value {
    names
        .iter()
        .map(|name| ((*name).to_owned(), item[*name].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn command_result(item: &Value) -> (bool, String) {
    let code = item["exit_code"].as_i64();
    let failed = matches!(json::text(item, "/status"), Some("failed" | "declined"));
    let is_error = failed || code.is_some_and(|code| code != 0);
    let output = item["aggregated_output"].as_str().unwrap_or_default();
    let output = match (output.is_empty(), code) {
        (true, Some(code)) if code != 0 => format!("exit code {code}"),
        _ => output.to_owned(),
    };
    (is_error, output)
}

static RECONNECTING: LazyLock<Regex> = LazyLock::new(|| {
    words::pattern(r"(?s)^Reconnecting\.\.\. (?:(\d+)/\d+|waiting for network)(?: ?\((.*)\)$)?")
});

static TOOL_ERROR: LazyLock<Regex> =
    LazyLock::new(|| words::pattern(r"^\S+Z\s+(?:ERROR|WARN)\s+codex_core::(?:tools|exec)\S*: error=(.+)$"));

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_resumed_thread_counts_only_what_is_new() {
        let before = gross(2468, 400, 0, 112, 14);
        let facts = RunFacts { backend: "codex".into(), counted: Some(before) };
        let mut codex = Codex::new(facts);
        let total = json!({"type": "turn.completed", "usage": {"input_tokens": 3702, "cached_input_tokens": 600,
            "output_tokens": 168, "reasoning_output_tokens": 21}});
        codex.line(&total.to_string(), &mut Vec::new());
        let decoded = codex.end(Exit::Code(0), "", &mut Vec::new());
        assert_eq!(decoded.usage, Some(gross(1234, 200, 0, 56, 7)));
        assert_eq!(decoded.counted, Some(gross(3702, 600, 0, 168, 21)));
    }

    #[test]
    fn a_failed_turn_forgets_no_earlier_count() {
        let before = Some(gross(2468, 400, 0, 112, 14));
        let mut codex = Codex::new(RunFacts { backend: "codex".into(), counted: before });
        codex.line(r#"{"type":"turn.failed","error":{"message":"402 Payment Required"}}"#, &mut Vec::new());
        let decoded = codex.end(Exit::Code(1), "", &mut Vec::new());
        assert_eq!(decoded.outcome.unwrap_err().class, ErrorClass::Quota);
        assert_eq!((decoded.usage, decoded.counted), (None, before));
    }

    #[test]
    fn a_change_of_files_is_an_edit_and_a_call_of_mcp_has_its_full_name() {
        let mut codex = Codex::new(RunFacts::default());
        let mut events = Vec::new();
        for line in [
            r#"{"type":"item.completed","item":{"id":"i1","type":"file_change","changes":[{"path":"a","kind":"add"}],"status":"completed"}}"#,
            r#"{"type":"item.started","item":{"id":"i2","type":"mcp_tool_call","server":"notes","tool":"write","arguments":{"x":1},"status":"in_progress"}}"#,
            r#"{"type":"item.completed","item":{"id":"i2","type":"mcp_tool_call","server":"notes","tool":"write","error":{"message":"denied by policy"},"status":"failed"}}"#,
        ] {
            codex.line(line, &mut events);
        }
        let kinds: Vec<String> = events.iter().map(|event| format!("{event:?}")).collect();
        assert!(kinds[0].contains("file_change") && kinds[0].contains("Edit"), "{kinds:?}");
        assert!(kinds[1].contains("is_error: false"), "{kinds:?}");
        assert!(kinds[2].contains("mcp__notes__write"), "{kinds:?}");
        assert!(kinds[3].contains("not allowed to use mcp__notes__write"), "{kinds:?}");
        assert!(kinds[4].contains("is_error: true"), "{kinds:?}");
    }
}
