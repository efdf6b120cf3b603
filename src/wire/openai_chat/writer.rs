//! Streams of chat completions, as we serve them.

use serde_json::{Value, json};

use super::response::encode_error;
use crate::chat::{Delta, StopReason, Usage};
use crate::wire::json::now_seconds;
use crate::wire::{WireError, sse};

#[derive(Debug)]
pub(crate) struct Writer {
    frame: Value,
    begun: bool,
    /// Our indices of calls, in the order in which they began: clients want 0, 1, 2 ….
    calls: Vec<usize>,
    usage: Usage,
    stop: Option<StopReason>,
}

impl Writer {
    pub(crate) fn new(id: &str, model: &str) -> Self {
        let frame = json!({"id": id, "object": "chat.completion.chunk", "created": now_seconds(),
            "model": model, "choices": []});
        Self { frame, begun: false, calls: Vec::new(), usage: Usage::default(), stop: None }
    }

    pub(crate) fn push(&mut self, delta: &Delta) -> Vec<u8> {
        let said = match delta {
            Delta::Text(text) => json!({"content": text}),
            Delta::Thinking(text) => json!({"reasoning_content": text}),
            Delta::ToolCall { index, id, name, .. } => {
                self.calls.push(*index);
                json!({"tool_calls": [{"index": self.calls.len() - 1, "id": id, "type": "function",
                    "function": {"name": name, "arguments": ""}}]})
            }
            Delta::ToolInput { index, json } => {
                let Some(at) = self.calls.iter().rposition(|call| call == index) else { return Vec::new() };
                json!({"tool_calls": [{"index": at, "function": {"arguments": json}}]})
            }
            Delta::Signature(_) | Delta::Certainty(_) => return Vec::new(),
            Delta::Usage(usage) => {
                self.usage = *usage;
                return Vec::new();
            }
            Delta::Stop(stop) => {
                self.stop = Some(*stop);
                return Vec::new();
            }
        };
        self.chunk(said, None)
    }

    fn chunk(&mut self, mut delta: Value, finish: Option<&str>) -> Vec<u8> {
        if !std::mem::replace(&mut self.begun, true) {
            delta["role"] = "assistant".into();
        }
        let mut chunk = self.frame.clone();
        chunk["choices"] = json!([{"index": 0, "delta": delta, "finish_reason": finish}]);
        sse::write("", &chunk.to_string())
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        let reason = super::finish_reason(self.stop.unwrap_or(StopReason::End));
        let mut bytes = self.chunk(json!({}), Some(reason));
        self.frame["usage"] = super::usage_json(self.usage);
        bytes.extend(sse::write("", &self.frame.to_string()));
        bytes.extend(sse::write("", "[DONE]"));
        bytes
    }

    pub(crate) fn fail(error: &WireError) -> Vec<u8> {
        sse::write("", &encode_error(error).to_string())
    }
}
