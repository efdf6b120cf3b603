//! Whole answers of Gemini generateContent, and errors.

use serde_json::{Value, json};

use super::stream::Stream;
use crate::chat::{ErrorClass, Message, Part, StopReason};
use crate::wire::json::text;
use crate::wire::{Response, WireError, error_status};

/// # Errors
/// `Refused` when the prompt was blocked, `BadResponse` when there is no candidate.
pub fn decode_response(body: &Value) -> Result<Response, WireError> {
    let mut stream = Stream::default();
    let mut deltas = Vec::new();
    stream.chunk(body, &mut deltas)?;
    stream.end().map_err(|_| WireError::bad("the answer holds no candidate"))?;
    let id = text(body, "responseId").unwrap_or_default();
    Ok(Response::assemble(id, text(body, "modelVersion").unwrap_or_default(), deltas))
}

/// The answer as one candidate.
pub fn encode_response(response: &Response) -> Value {
    chunk(response, &parts(&response.message), Some(response.stop.unwrap_or(StopReason::End)))
}

fn chunk(response: &Response, parts: &[Value], stop: Option<StopReason>) -> Value {
    json!({
        "candidates": [{"content": {"role": "model", "parts": parts}, "index": 0,
            "finishReason": stop.map(super::finish_reason)}],
        "usageMetadata": super::usage_json(response.usage),
        "modelVersion": response.model,
        "responseId": response.id,
    })
}

/// The parts of an answer, with the reasoning that a history leaves out.
fn parts(message: &Message) -> Vec<Value> {
    let mut out = Vec::new();
    for part in &message.parts {
        match part {
            Part::Thinking { text, signature } if signature.as_ref().is_none_or(|s| !is_ours(s)) => {
                if !text.is_empty() {
                    out.push(json!({"text": text, "thought": true}));
                }
            }
            part => out.extend(super::model_parts(std::slice::from_ref(part))),
        }
    }
    out
}

pub(super) fn is_ours(signature: &crate::chat::Signature) -> bool {
    signature.wire == crate::chat::WireFormat::Gemini
}

pub fn encode_error(error: &WireError) -> Value {
    let status = match error.class {
        ErrorClass::Auth => "UNAUTHENTICATED",
        ErrorClass::NotFound => "NOT_FOUND",
        ErrorClass::RateLimit | ErrorClass::Quota => "RESOURCE_EXHAUSTED",
        ErrorClass::ContextOverflow | ErrorClass::Refused | ErrorClass::BadResponse => "INVALID_ARGUMENT",
        ErrorClass::Overloaded => "UNAVAILABLE",
        ErrorClass::Timeout => "DEADLINE_EXCEEDED",
        _ => "INTERNAL",
    };
    json!({"error": {"code": error_status(error.class), "message": error.message, "status": status}})
}
