//! Whole answers of Anthropic messages, and errors.

use serde_json::{Value, json};

use super::{assistant_block, assistant_part};
use crate::chat::{ErrorClass, Message, Part, Role, StopReason, Usage};
use crate::wire::json::text;
use crate::wire::{Response, WireError};

/// # Errors
/// `BadResponse` when there is no list of content blocks.
pub fn decode_response(body: &Value) -> Result<Response, WireError> {
    let blocks = body["content"].as_array().ok_or_else(|| WireError::bad("the answer holds no content"))?;
    let mut usage = Usage::default();
    super::update_usage(&mut usage, &body["usage"]);
    Ok(Response {
        id: text(body, "id").unwrap_or_default().to_owned(),
        model: text(body, "model").unwrap_or_default().to_owned(),
        message: Message { role: Role::Assistant, parts: blocks.iter().filter_map(assistant_part).collect() },
        usage,
        stop: text(body, "stop_reason").map(super::stop_reason),
    })
}

/// The answer as a message object. Reasoning without a signature of this format is given an empty one.
pub fn encode_response(response: &Response) -> Value {
    let blocks: Vec<Value> = response
        .message
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Thinking { text, signature } if signature.as_ref().is_none_or(|s| !is_ours(s)) => {
                (!text.is_empty()).then(|| json!({"type": "thinking", "thinking": text, "signature": ""}))
            }
            part => assistant_block(part),
        })
        .collect();
    json!({
        "id": response.id,
        "type": "message",
        "role": "assistant",
        "model": response.model,
        "content": blocks,
        "stop_reason": super::stop_name(response.stop.unwrap_or(StopReason::End)),
        "stop_sequence": null,
        "usage": super::usage_json(response.usage),
    })
}

pub(super) fn is_ours(signature: &crate::chat::Signature) -> bool {
    signature.wire == crate::chat::WireFormat::Anthropic
}

pub fn encode_error(error: &WireError) -> Value {
    let kind = match error.class {
        ErrorClass::Auth => "authentication_error",
        ErrorClass::NotFound => "not_found_error",
        ErrorClass::RateLimit => "rate_limit_error",
        ErrorClass::Quota => "billing_error",
        ErrorClass::ContextOverflow | ErrorClass::BadResponse | ErrorClass::Refused => {
            "invalid_request_error"
        }
        ErrorClass::Overloaded => "overloaded_error",
        ErrorClass::Timeout => "timeout_error",
        _ => "api_error",
    };
    json!({"type": "error", "error": {"type": kind, "message": error.message}})
}
