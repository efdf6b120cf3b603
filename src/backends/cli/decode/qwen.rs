//! qwen: `-o stream-json`, in the shape of claude's, with or without `--include-partial-messages`. Usage counts over
//! the whole session, its input includes what was cached. A failure is printed as a message of the model's as well.

use serde_json::Value;

use crate::chat::{ErrorClass, StopReason, Usage};

use super::super::event::{CliEvent, Exit, ToolKind};
use super::failure::{Cli, Complaint};
use super::messages::Messages;
use super::run::{Ending, Run, kind_of, notice};
use super::tokens::{gross, plus};
use super::{Decoded, Decoder, RunFacts, gemini, json};

const CLI: Cli = Cli { name: "qwen" };

const READS: &[&str] = &[
    "read_file",
    "read_many_files",
    "grep_search",
    "glob",
    "list_directory",
    "web_fetch",
    "web_search",
    "todo_write",
    "tool_search",
    "list_agents",
    "read_mcp_resource",
    "zoom_image",
    "get_goal",
    "cron_list",
    "report_findings",
    "ask_user_question",
    "exit_plan_mode",
];
const EDITS: &[&str] = &["write_file", "edit", "notebook_edit"];

pub(super) struct Qwen {
    run: Run,
    messages: Messages,
    /// As the messages of this run tell.
    told: Usage,
    total: Option<Usage>,
    finished: bool,
    /// A message that may turn out to be the failure of the run.
    held: Option<String>,
}

impl Qwen {
    pub fn new(facts: RunFacts) -> Self {
        Self {
            run: Run::new(CLI, facts),
            messages: Messages::new(kind),
            told: Usage::default(),
            total: None,
            finished: false,
            held: None,
        }
    }

    fn system(&mut self, value: &Value, events: &mut Vec<CliEvent>) {
        match json::text(value, "/subtype").unwrap_or_default() {
            "init" => {
                self.run.model(json::text(value, "/model"), events);
                let mode = json::text(value, "/permission_mode").unwrap_or_default();
                let mut tools = json::items(value, "/tools").filter_map(Value::as_str).peekable();
                // Without leave to write it hides these tools, and then only talks of what it would do.
                if mode != "plan" && tools.peek().is_some() && !tools.any(|tool| EDITS.contains(&tool)) {
                    let words =
                        format!("qwen has no tools that change files in its approval mode \"{mode}\"");
                    notice(&words, events);
                }
            }
            "retry" => {
                self.messages.restart();
                let data = value.get("data").unwrap_or(value);
                let attempt = json::number(data, "/attempt");
                let words = ["/error/message", "/error", "/message", "/reason"]
                    .iter()
                    .find_map(|pointer| json::text(data, pointer))
                    .filter(|words| *words != "retry")
                    .unwrap_or("the answer of the model is asked for again");
                let class = Complaint::of(words).known_class().unwrap_or(ErrorClass::BadResponse);
                self.run.retry(attempt, Complaint::of(words).class(Some(class)), events);
            }
            _ => {}
        }
    }

    fn assistant(&mut self, value: &Value, events: &mut Vec<CliEvent>) {
        let message = &value["message"];
        if value["parent_tool_use_id"].is_string() {
            return self.messages.subordinate(message, &mut self.run, events);
        }
        let text = json::content(&message["content"]);
        if text.starts_with("[API Error: ") {
            self.held = Some(text);
            return;
        }
        self.run.model(json::text(message, "/model"), events);
        self.messages.assistant(message, &mut self.run, events);
        let usage = usage_at(message);
        if !usage.is_zero() {
            self.told = plus(self.told, usage);
            events.push(CliEvent::Usage(self.told));
        }
    }

    fn result(&mut self, value: &Value, events: &mut Vec<CliEvent>) {
        Messages::denials(value, &mut self.run, events);
        self.finished = true;
        let usage = usage_at(value);
        self.total = (!usage.is_zero()).then_some(usage);
        let subtype = json::text(value, "/subtype").unwrap_or_default();
        if value["is_error"] == true || subtype.starts_with("error") {
            let held = self.held.take();
            let told = json::text(value, "/error/message").or_else(|| json::text(value, "/result"));
            let words = gemini::bare(told.or(held.as_deref()).unwrap_or(subtype));
            let class = (subtype == "error_max_turns").then_some(ErrorClass::Truncated);
            self.run.fail(Complaint::of(words).class(class));
            return;
        }
        self.release(events);
        if !self.run.spoke() {
            self.run.whole_text(json::text(value, "/result").unwrap_or_default(), events);
        }
    }

    /// The message was not the failure of the run, so it was one of the model's.
    fn release(&mut self, events: &mut Vec<CliEvent>) {
        if let Some(text) = self.held.take() {
            self.run.whole_text(&text, events);
        }
    }
}

impl Decoder for Qwen {
    fn line(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        let Some(value) = json::object(line) else { return };
        self.run.session(json::text(&value, "/session_id"), events);
        let line = json::text(&value, "/type").unwrap_or_default();
        if matches!(line, "assistant" | "user") {
            self.release(events);
        }
        match line {
            "system" => self.system(&value, events),
            "stream_event" if !value["parent_tool_use_id"].is_string() => {
                self.messages.piece(&value["event"], &mut self.run, events);
            }
            "assistant" => self.assistant(&value, events),
            "user" => Messages::user(&value["message"], &mut self.run, events),
            "result" => self.result(&value, events),
            _ => {}
        }
    }

    fn error_line(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        gemini::retry_line(line, &mut self.run, events);
    }

    fn end(&mut self, exit: Exit, stderr: &str, _events: &mut Vec<CliEvent>) -> Decoded {
        if let Some(held) = self.held.take() {
            self.run.fail(Complaint::of(gemini::bare(&held)));
        }
        if !self.finished {
            // 55 is its limit of time.
            let own = |code| if code == 55 { Some(ErrorClass::Truncated) } else { gemini::own_code(code) };
            gemini::fail_by_exit(&mut self.run, own, exit, stderr);
        }
        let ending = if self.finished { Ending::Stopped(StopReason::End) } else { Ending::Missing };
        self.run.end_cumulative(ending, exit, stderr, self.total)
    }
}

fn kind(name: &str) -> ToolKind {
    kind_of(name, READS, EDITS)
}

fn usage_at(value: &Value) -> Usage {
    let count = |key: &str| json::count(value, &format!("/usage/{key}"));
    gross(
        count("input_tokens"),
        count("cache_read_input_tokens"),
        count("cache_creation_input_tokens"),
        count("output_tokens"),
        0,
    )
}
