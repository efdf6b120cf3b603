//! Streams of Anthropic messages.

use std::collections::HashMap;

use serde_json::Value;

use super::{redacted_signature, stop_reason, thought_signature, update_usage};
use crate::chat::{Delta, Usage};
use crate::wire::WireError;
use crate::wire::json::{count, filled, text};

#[derive(Debug, Clone, Default)]
pub(crate) struct Stream {
    usage: Usage,
    blocks: HashMap<u64, Block>,
    stopped: bool,
    done: bool,
}

#[derive(Debug, Clone)]
enum Block {
    Text,
    Thinking {
        signature: String,
    },
    /// `start` is what the opening event had as input: some servers send it whole there.
    Tool {
        start: Value,
        fragments: bool,
    },
    Other,
}

impl Stream {
    pub(crate) fn is_done(&self) -> bool {
        self.done
    }

    pub(crate) fn event(&mut self, name: &str, data: &Value, out: &mut Vec<Delta>) -> Result<(), WireError> {
        if let Some(error) = WireError::from_body(None, data) {
            return Err(error);
        }
        let at = count(data, "index");
        match text(data, "type").unwrap_or(name) {
            "message_start" => self.count(&data["message"]["usage"], out),
            "content_block_start" => self.begin(at, &data["content_block"], out),
            "content_block_delta" => self.fragment(at, &data["delta"], out),
            "content_block_stop" => self.close(at, out),
            "message_delta" => {
                self.count(&data["usage"], out);
                if let Some(reason) = filled(&data["delta"], "stop_reason") {
                    self.stopped = true;
                    out.push(Delta::Stop(stop_reason(reason)));
                }
            }
            "message_stop" => self.done = true,
            // `ping`, and events that are yet to be invented.
            _ => {}
        }
        Ok(())
    }

    fn count(&mut self, usage: &Value, out: &mut Vec<Delta>) {
        if usage.is_object() {
            update_usage(&mut self.usage, usage);
            out.push(Delta::Usage(self.usage));
        }
    }

    fn begin(&mut self, at: u64, block: &Value, out: &mut Vec<Delta>) {
        let opened = match text(block, "type") {
            Some("text") => {
                out.extend(filled(block, "text").map(|text| Delta::Text(text.to_owned())));
                Block::Text
            }
            Some("thinking") => {
                out.extend(filled(block, "thinking").map(|text| Delta::Thinking(text.to_owned())));
                Block::Thinking { signature: text(block, "signature").unwrap_or_default().to_owned() }
            }
            Some("redacted_thinking") => {
                out.extend(filled(block, "data").map(|data| Delta::Signature(redacted_signature(data))));
                Block::Other
            }
            Some("tool_use") => {
                out.push(Delta::ToolCall {
                    index: index(at),
                    id: text(block, "id").unwrap_or_default().to_owned(),
                    name: text(block, "name").unwrap_or_default().to_owned(),
                    signature: None,
                });
                Block::Tool { start: block["input"].clone(), fragments: false }
            }
            _ => Block::Other,
        };
        self.blocks.insert(at, opened);
    }

    fn fragment(&mut self, at: u64, delta: &Value, out: &mut Vec<Delta>) {
        match (text(delta, "type"), self.blocks.get_mut(&at)) {
            (Some("text_delta"), _) => {
                out.extend(filled(delta, "text").map(|text| Delta::Text(text.to_owned())));
            }
            (Some("thinking_delta"), _) => {
                out.extend(filled(delta, "thinking").map(|text| Delta::Thinking(text.to_owned())));
            }
            (Some("signature_delta"), Some(Block::Thinking { signature })) => {
                signature.push_str(text(delta, "signature").unwrap_or_default());
            }
            (Some("input_json_delta"), Some(Block::Tool { fragments, .. })) => {
                if let Some(json) = filled(delta, "partial_json") {
                    *fragments = true;
                    out.push(Delta::ToolInput { index: index(at), json: json.to_owned() });
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, at: u64, out: &mut Vec<Delta>) {
        match self.blocks.remove(&at) {
            Some(Block::Thinking { signature }) if !signature.is_empty() => {
                out.push(Delta::Signature(thought_signature(&signature)));
            }
            Some(Block::Tool { start: Value::Object(start), fragments: false }) if !start.is_empty() => {
                out.push(Delta::ToolInput { index: index(at), json: Value::Object(start).to_string() });
            }
            _ => {}
        }
    }

    pub(crate) fn end(&self) -> Result<(), WireError> {
        if self.stopped || self.done { Ok(()) } else { Err(WireError::cut()) }
    }
}

fn index(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}
