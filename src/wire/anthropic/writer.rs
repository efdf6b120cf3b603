//! Streams of Anthropic messages, as we serve them.

use serde_json::{Value, json};

use super::response::{encode_error, is_ours};
use crate::chat::{Delta, StopReason, Usage};
use crate::wire::json::filled;
use crate::wire::{WireError, sse};

#[derive(Debug)]
pub(crate) struct Writer {
    start: Value,
    begun: bool,
    open: Option<Open>,
    next: usize,
    /// Calls that began before the open one had all its arguments: blocks come one after the other.
    waiting: Vec<Call>,
    usage: Usage,
    stop: Option<StopReason>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Open {
    Text,
    Thinking,
    /// With its arguments so far.
    Tool(usize, String),
}

#[derive(Debug)]
struct Call {
    index: usize,
    id: String,
    name: String,
    json: String,
}

impl Writer {
    pub(crate) fn new(id: &str, model: &str) -> Self {
        let start = json!({"id": id, "type": "message", "role": "assistant", "model": model, "content": [],
            "stop_reason": null, "stop_sequence": null});
        Self {
            start,
            begun: false,
            open: None,
            next: 0,
            waiting: Vec::new(),
            usage: Usage::default(),
            stop: None,
        }
    }

    pub(crate) fn push(&mut self, delta: &Delta) -> Vec<u8> {
        let mut out = Vec::new();
        match delta {
            Delta::Usage(usage) => self.usage = *usage,
            Delta::Stop(stop) => self.stop = Some(*stop),
            Delta::Certainty(_) => {}
            Delta::Text(text) => {
                self.ensure(Open::Text, &json!({"type": "text", "text": ""}), &mut out);
                self.delta(&json!({"type": "text_delta", "text": text}), &mut out);
            }
            Delta::Thinking(text) => {
                self.ensure_thinking(&mut out);
                self.delta(&json!({"type": "thinking_delta", "thinking": text}), &mut out);
            }
            Delta::Signature(signature) if !is_ours(signature) => self.close(&mut out),
            Delta::Signature(signature) => {
                if let Some(data) = filled(&signature.data, "redacted") {
                    self.close(&mut out);
                    self.begin(Open::Thinking, &json!({"type": "redacted_thinking", "data": data}), &mut out);
                } else {
                    self.ensure_thinking(&mut out);
                    let text = filled(&signature.data, "signature").unwrap_or_default();
                    self.delta(&json!({"type": "signature_delta", "signature": text}), &mut out);
                }
                self.close(&mut out);
            }
            Delta::ToolCall { index, id, name, .. } => {
                let call = Call { index: *index, id: id.clone(), name: name.clone(), json: String::new() };
                match &self.open {
                    Some(Open::Tool(_, json)) if serde_json::from_str::<Value>(json).is_err() => {
                        self.waiting.push(call);
                    }
                    _ => {
                        self.close(&mut out);
                        self.begin_call(&call, &mut out);
                    }
                }
            }
            Delta::ToolInput { index, json } => match &mut self.open {
                Some(Open::Tool(open, text)) if open == index => {
                    text.push_str(json);
                    self.delta(&json!({"type": "input_json_delta", "partial_json": json}), &mut out);
                }
                _ => {
                    if let Some(call) = self.waiting.iter_mut().find(|call| call.index == *index) {
                        call.json.push_str(json);
                    }
                }
            },
        }
        out
    }

    fn ensure_thinking(&mut self, out: &mut Vec<u8>) {
        self.ensure(Open::Thinking, &json!({"type": "thinking", "thinking": "", "signature": ""}), out);
    }

    fn ensure(&mut self, kind: Open, block: &Value, out: &mut Vec<u8>) {
        if self.open.as_ref() != Some(&kind) {
            self.close(out);
            self.begin(kind, block, out);
        }
    }

    fn begin(&mut self, kind: Open, block: &Value, out: &mut Vec<u8>) {
        self.start(out);
        self.open = Some(kind);
        emit(&json!({"type": "content_block_start", "index": self.next, "content_block": block}), out);
    }

    fn delta(&self, delta: &Value, out: &mut Vec<u8>) {
        emit(&json!({"type": "content_block_delta", "index": self.next, "delta": delta}), out);
    }

    fn begin_call(&mut self, call: &Call, out: &mut Vec<u8>) {
        let block = json!({"type": "tool_use", "id": call.id, "name": call.name, "input": {}});
        self.begin(Open::Tool(call.index, call.json.clone()), &block, out);
        if !call.json.is_empty() {
            self.delta(&json!({"type": "input_json_delta", "partial_json": call.json}), out);
        }
    }

    /// Closes what is open, and brings the calls that waited for it.
    fn close(&mut self, out: &mut Vec<u8>) {
        self.close_one(out);
        for call in std::mem::take(&mut self.waiting) {
            self.begin_call(&call, out);
            self.close_one(out);
        }
    }

    fn close_one(&mut self, out: &mut Vec<u8>) {
        if self.open.take().is_some() {
            emit(&json!({"type": "content_block_stop", "index": self.next}), out);
            self.next += 1;
        }
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.begun, true) {
            let mut message = self.start.take();
            message["usage"] = super::usage_json(self.usage);
            emit(&json!({"type": "message_start", "message": message}), out);
        }
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        let mut out = Vec::new();
        self.start(&mut out);
        self.close(&mut out);
        let reason = super::stop_name(self.stop.unwrap_or(StopReason::End));
        emit(
            &json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null},
                "usage": super::usage_json(self.usage)}),
            &mut out,
        );
        emit(&json!({"type": "message_stop"}), &mut out);
        out
    }

    pub(crate) fn fail(error: &WireError) -> Vec<u8> {
        let mut out = Vec::new();
        emit(&encode_error(error), &mut out);
        out
    }
}

fn emit(event: &Value, out: &mut Vec<u8>) {
    out.extend(sse::write(event["type"].as_str().unwrap_or_default(), &event.to_string()));
}
