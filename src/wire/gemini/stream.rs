//! Streams of Gemini generateContent: each event is a piece of a response.

use serde_json::Value;

use super::{MADE, stop_reason, usage};
use crate::chat::{Delta, ErrorClass, Part};
use crate::wire::json::{filled, fit_id, items, text};
use crate::wire::{WireError, gemini};

#[derive(Debug, Clone, Default)]
pub(crate) struct Stream {
    id: String,
    calls: usize,
    said: bool,
    stopped: bool,
}

impl Stream {
    pub(crate) fn chunk(&mut self, chunk: &Value, out: &mut Vec<Delta>) -> Result<(), WireError> {
        if let Some(error) = WireError::from_body(None, chunk) {
            return Err(error);
        }
        if let Some(id) = filled(chunk, "responseId")
            && self.id.is_empty()
        {
            id.clone_into(&mut self.id);
        }
        if let Some(reason) = filled(&chunk["promptFeedback"], "blockReason") {
            return Err(WireError::new(ErrorClass::Refused, format!("the prompt was blocked: {reason}")));
        }
        let candidate = &chunk["candidates"][0];
        for part in items(&candidate["content"], "parts") {
            self.part(part, out);
        }
        if chunk["usageMetadata"].is_object() {
            out.push(Delta::Usage(usage(&chunk["usageMetadata"])));
        }
        if let Some(reason) = filled(candidate, "finishReason") {
            let stop = stop_reason(reason, self.calls > 0).map_err(|words| {
                WireError::bad(match text(candidate, "finishMessage") {
                    Some(more) => format!("{words}: {more}"),
                    None => words,
                })
            })?;
            if !self.said && reason == "OTHER" {
                return Err(WireError::bad(
                    "the model stopped for an unknown reason before it said anything",
                ));
            }
            self.stopped = true;
            out.push(Delta::Stop(stop));
        }
        Ok(())
    }

    fn part(&mut self, part: &Value, out: &mut Vec<Delta>) {
        if self.id.is_empty() {
            self.id = ulid::Ulid::generate().to_string();
        }
        let made = format!("{MADE}{}_{}", fit_id(&self.id, 40), self.calls);
        for part in gemini::request::model_part(part, || made) {
            self.said = true;
            match part {
                Part::Text(text) => out.push(Delta::Text(text)),
                Part::Thinking { text, signature } => {
                    if !text.is_empty() {
                        out.push(Delta::Thinking(text));
                    }
                    out.extend(signature.map(Delta::Signature));
                }
                Part::ToolCall(call) => {
                    let index = self.calls;
                    self.calls += 1;
                    let (id, name, signature) = (call.id, call.name, call.signature);
                    out.push(Delta::ToolCall { index, id, name, signature });
                    out.push(Delta::ToolInput { index, json: call.input.to_string() });
                }
                Part::ToolResult(_) | Part::Image(_) => {}
            }
        }
    }

    pub(crate) fn end(&self) -> Result<(), WireError> {
        if self.stopped { Ok(()) } else { Err(WireError::cut()) }
    }
}
