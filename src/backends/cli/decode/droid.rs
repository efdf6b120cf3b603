//! droid: `exec -o stream-json` (and the one object of `-o json`). Messages that are whole. Usage counts for each
//! run, its input excludes what was cached.

use serde_json::Value;

use crate::chat::{StopReason, Usage};

use super::super::event::{CliEvent, Exit};
use super::failure::{Cli, Complaint};
use super::run::{Ending, Run, kind_of};
use super::{Decoded, Decoder, RunFacts, json};

const CLI: Cli = Cli { name: "droid" };

const READS: &[&str] = &[
    "Read",
    "LS",
    "Grep",
    "Glob",
    "WebSearch",
    "FetchUrl",
    "TodoWrite",
    "ToolSearch",
    "Skill",
    "AskUser",
    "ExitSpecMode",
    "TaskOutput",
];
const EDITS: &[&str] = &["Create", "Edit", "MultiEdit", "ApplyPatch"];

pub(super) struct Droid {
    run: Run,
    usage: Option<Usage>,
    completed: bool,
    /// The message whose thinking was told: it is printed twice.
    thought: Option<String>,
}

impl Droid {
    pub fn new(facts: RunFacts) -> Self {
        Self { run: Run::new(CLI, facts), usage: None, completed: false, thought: None }
    }

    fn thinking(&mut self, value: &Value, events: &mut Vec<CliEvent>) {
        let text = json::text(value, "/text").unwrap_or_default();
        let thought = format!("{} {text}", json::text(value, "/id").unwrap_or_default());
        if self.thought.as_ref() != Some(&thought) {
            self.run.whole_thinking(text, events);
            self.thought = Some(thought);
        }
    }

    fn completion(&mut self, value: &Value, events: &mut Vec<CliEvent>) {
        let text =
            json::text(value, "/finalText").or_else(|| json::text(value, "/result")).unwrap_or_default();
        self.usage = Some(usage_of(&value["usage"]));
        if value["is_error"] == true {
            return self.run.fail(Complaint::of(text));
        }
        self.completed = true;
        self.run.recovered();
        if !self.run.spoke() {
            self.run.whole_text(text, events);
        }
    }
}

impl Decoder for Droid {
    fn line(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        let Some(value) = json::object(line) else { return };
        self.run.session(json::text(&value, "/session_id"), events);
        let text = |pointer| json::text(&value, pointer).unwrap_or_default();
        match text("/type") {
            "system" => self.run.model(json::text(&value, "/model"), events),
            "message" if text("/role") == "assistant" => self.run.whole_text(text("/text"), events),
            "reasoning" => self.thinking(&value, events),
            "tool_call" => {
                let name = json::text(&value, "/toolName").unwrap_or("unknown");
                let input = json::input(value.get("parameters"));
                self.run.call(text("/id"), name, input, kind_of(name, READS, EDITS), events);
            }
            "tool_result" => {
                let given = value.get("value").or_else(|| value.get("error")).unwrap_or(&Value::Null);
                self.run.result(text("/id"), value["isError"] == true, json::content(given), events);
            }
            // After the failure of the agent comes one of the program, which only says that there was one.
            "error" if text("/source") == "cli" && self.run.has_failed() => {}
            "error" if text("/source") == "cli" && self.run.was_denied() => {
                self.run.fail(Complaint::of("approval required: a tool call was refused"));
            }
            "error" => self.run.fail(Complaint::of(text("/message"))),
            "completion" | "result" => self.completion(&value, events),
            _ => {}
        }
    }

    fn end(&mut self, exit: Exit, stderr: &str, _events: &mut Vec<CliEvent>) -> Decoded {
        let ending = if self.completed { Ending::Stopped(StopReason::End) } else { Ending::Missing };
        self.run.end_counting(ending, exit, stderr, self.usage)
    }
}

fn usage_of(usage: &Value) -> Usage {
    let count = |key: &str| json::count(usage, key);
    let output = count("/output_tokens");
    Usage {
        input: count("/input_tokens"),
        output,
        cache_read: count("/cache_read_input_tokens"),
        cache_write: count("/cache_creation_input_tokens"),
        reasoning: count("/thinking_tokens").min(output),
    }
}
