//! Messages in the shape of Anthropic's API, as claude and qwen print them: pieces of a message as they come, when
//! they are asked to, and in any case the whole message after it. Each text is told once.

use serde_json::Value;

use super::super::event::{CliEvent, ToolKind};
use super::json;
use super::run::Run;

#[derive(Debug)]
pub(super) struct Messages {
    kind: fn(&str) -> ToolKind,
    /// Pieces came, so the whole that comes next is not new.
    pieces_of_text: bool,
    pieces_of_thinking: bool,
}

impl Messages {
    pub fn new(kind: fn(&str) -> ToolKind) -> Self {
        Self { kind, pieces_of_text: false, pieces_of_thinking: false }
    }

    /// An event of a stream: a piece of a message.
    pub fn piece(&mut self, event: &Value, run: &mut Run, events: &mut Vec<CliEvent>) {
        match json::text(event, "/type").unwrap_or_default() {
            "message_start" => self.restart(),
            "content_block_start" => match json::text(event, "/content_block/type").unwrap_or_default() {
                "text" => run.begin_text(events),
                "thinking" => run.begin_thinking(events),
                _ => {}
            },
            "content_block_delta" => match json::text(event, "/delta/type").unwrap_or_default() {
                "text_delta" => {
                    self.pieces_of_text = true;
                    run.text(json::text(event, "/delta/text").unwrap_or_default(), events);
                }
                "thinking_delta" => {
                    self.pieces_of_thinking = true;
                    run.thinking(json::text(event, "/delta/thinking").unwrap_or_default(), events);
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// What was said of a message so far counts no more: it comes again, maybe as a whole.
    pub fn restart(&mut self) {
        self.pieces_of_text = false;
        self.pieces_of_thinking = false;
    }

    /// A whole message of the model's, or some of its blocks.
    pub fn assistant(&mut self, message: &Value, run: &mut Run, events: &mut Vec<CliEvent>) {
        let (mut heard_text, mut heard_thinking) = (false, false);
        for block in json::items(message, "/content") {
            match json::text(block, "/type").unwrap_or_default() {
                "text" if self.pieces_of_text => heard_text = true,
                "text" => run.whole_text(json::text(block, "/text").unwrap_or_default(), events),
                "thinking" if self.pieces_of_thinking => heard_thinking = true,
                "thinking" => run.whole_thinking(json::text(block, "/thinking").unwrap_or_default(), events),
                "tool_use" => self.call(block, run, events),
                _ => {}
            }
        }
        self.pieces_of_text &= !heard_text;
        self.pieces_of_thinking &= !heard_thinking;
    }

    /// A message of a sub-agent's: what it does counts, what it says is for the agent above it.
    pub fn subordinate(&self, message: &Value, run: &mut Run, events: &mut Vec<CliEvent>) {
        let calls = json::items(message, "/content").filter(|block| block["type"] == "tool_use");
        calls.for_each(|block| self.call(block, run, events));
    }

    /// Results of tools stand in messages of the user's.
    pub fn user(message: &Value, run: &mut Run, events: &mut Vec<CliEvent>) {
        for block in json::items(message, "/content").filter(|block| block["type"] == "tool_result") {
            let id = json::text(block, "/tool_use_id").unwrap_or_default();
            let is_error = block["is_error"].as_bool().unwrap_or(false);
            run.result(id, is_error, json::content(&block["content"]), events);
        }
    }

    /// Calls that were refused, as the end of a run lists them.
    pub fn denials(result: &Value, run: &mut Run, events: &mut Vec<CliEvent>) {
        for denial in json::items(result, "/permission_denials") {
            let id = json::text(denial, "/tool_use_id").unwrap_or_default();
            run.denied(id, json::text(denial, "/tool_name").unwrap_or_default(), "", events);
        }
    }

    fn call(&self, block: &Value, run: &mut Run, events: &mut Vec<CliEvent>) {
        let id = json::text(block, "/id").unwrap_or_default();
        let name = json::text(block, "/name").unwrap_or("unknown");
        run.call(id, name, json::input(block.get("input")), (self.kind)(name), events);
    }
}
