//! Streams of Gemini generateContent, as we serve them.

use serde_json::{Value, json};

use super::response::{encode_error, is_ours};
use super::{finish_reason, model_parts};
use crate::chat::{Delta, Part, StopReason, ToolCall, Usage};
use crate::wire::json::parse_input;
use crate::wire::{WireError, sse};

#[derive(Debug)]
pub(crate) struct Writer {
    id: String,
    model: String,
    /// Calls are sent whole: their arguments are no text here.
    calls: Vec<(usize, ToolCall, String)>,
    usage: Usage,
    stop: Option<StopReason>,
}

impl Writer {
    pub(crate) fn new(id: &str, model: &str) -> Self {
        let (id, model) = (id.to_owned(), model.to_owned());
        Self { id, model, calls: Vec::new(), usage: Usage::default(), stop: None }
    }

    pub(crate) fn push(&mut self, delta: &Delta) -> Vec<u8> {
        let part = match delta {
            Delta::Text(text) => json!({ "text": text }),
            Delta::Thinking(text) => json!({"text": text, "thought": true}),
            Delta::Signature(signature) if is_ours(signature) => {
                json!({"text": "", "thoughtSignature": signature.data["thoughtSignature"]})
            }
            Delta::Signature(_) | Delta::Certainty(_) => return Vec::new(),
            Delta::ToolCall { index, id, name, signature } => {
                let call = ToolCall {
                    id: id.clone(),
                    name: name.clone(),
                    input: Value::Null,
                    signature: signature.clone().filter(is_ours),
                };
                self.calls.push((*index, call, String::new()));
                return Vec::new();
            }
            Delta::ToolInput { index, json } => {
                if let Some((_, _, text)) = self.calls.iter_mut().rev().find(|(at, _, _)| at == index) {
                    text.push_str(json);
                }
                return Vec::new();
            }
            Delta::Usage(usage) => {
                self.usage = *usage;
                return Vec::new();
            }
            Delta::Stop(stop) => {
                self.stop = Some(*stop);
                return Vec::new();
            }
        };
        let mut bytes = self.flush();
        bytes.extend(self.chunk(&[part], None));
        bytes
    }

    /// The calls so far, whole.
    fn flush(&mut self) -> Vec<u8> {
        let calls: Vec<Part> = std::mem::take(&mut self.calls)
            .into_iter()
            .map(|(_, call, text)| Part::ToolCall(ToolCall { input: parse_input(&text), ..call }))
            .collect();
        if calls.is_empty() { Vec::new() } else { self.chunk(&model_parts(&calls), None) }
    }

    fn chunk(&self, parts: &[Value], stop: Option<StopReason>) -> Vec<u8> {
        let mut candidate = json!({"content": {"role": "model", "parts": parts}, "index": 0});
        if let Some(stop) = stop {
            candidate["finishReason"] = finish_reason(stop).into();
        }
        let chunk = json!({"candidates": [candidate], "usageMetadata": super::usage_json(self.usage),
            "modelVersion": self.model, "responseId": self.id});
        sse::write("", &chunk.to_string())
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        let mut bytes = self.flush();
        bytes.extend(self.chunk(&[], Some(self.stop.unwrap_or(StopReason::End))));
        bytes
    }

    pub(crate) fn fail(error: &WireError) -> Vec<u8> {
        sse::write("", &encode_error(error).to_string())
    }
}
