//! Whole answers of chat completions, and errors.

use serde_json::{Value, json};

use super::request::said;
use crate::chat::{ErrorClass, Message, Part, Role, StopReason};
use crate::wire::json::{filled, input_object, now_seconds, text};
use crate::wire::{Response, WireError};

/// # Errors
/// `BadResponse` when there is no choice with a message in it.
pub fn decode_response(body: &Value) -> Result<Response, WireError> {
    let choice = &body["choices"][0];
    let message = choice.get("message").ok_or_else(|| WireError::bad("the answer holds no choices"))?;
    let parts = said(message)?;
    let has_calls = parts.iter().any(|part| matches!(part, Part::ToolCall(_)));
    let stop = match filled(message, "refusal") {
        Some(_) => StopReason::Refusal,
        None => super::stop_reason(text(choice, "finish_reason").unwrap_or("stop"), has_calls),
    };
    Ok(Response {
        id: text(body, "id").unwrap_or_default().to_owned(),
        model: text(body, "model").unwrap_or_default().to_owned(),
        message: Message { role: Role::Assistant, parts },
        usage: super::usage(&body["usage"]),
        stop: Some(stop),
    })
}

/// The answer as the one choice of a completion.
pub fn encode_response(response: &Response) -> Value {
    let mut message = json!({"role": "assistant"});
    let said = response.message.text();
    message["content"] = if said.is_empty() { Value::Null } else { said.into() };
    let thoughts: Vec<&str> = response
        .message
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Thinking { text, .. } if !text.is_empty() => Some(text.as_str()),
            _ => None,
        })
        .collect();
    if !thoughts.is_empty() {
        message["reasoning_content"] = thoughts.join("\n").into();
    }
    let calls: Vec<Value> = response
        .message
        .tool_calls()
        .map(|call| {
            json!({"id": call.id, "type": "function", "function": {
                "name": call.name, "arguments": input_object(&call.input).to_string()}})
        })
        .collect();
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    let finish = super::finish_reason(response.stop.unwrap_or(StopReason::End));
    json!({
        "id": response.id,
        "object": "chat.completion",
        "created": now_seconds(),
        "model": response.model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": super::usage_json(response.usage),
    })
}

/// The error object of OpenAI, which the responses format has too.
pub fn encode_error(error: &WireError) -> Value {
    let (kind, code) = match error.class {
        ErrorClass::Auth => ("invalid_request_error", Some("invalid_api_key")),
        ErrorClass::NotFound => ("invalid_request_error", Some("model_not_found")),
        ErrorClass::RateLimit => ("rate_limit_error", Some("rate_limit_exceeded")),
        ErrorClass::Quota => ("insufficient_quota", Some("insufficient_quota")),
        ErrorClass::ContextOverflow => ("invalid_request_error", Some("context_length_exceeded")),
        ErrorClass::Refused => ("invalid_request_error", Some("content_filter")),
        ErrorClass::BadResponse => ("invalid_request_error", None),
        _ => ("server_error", Some(error.class.name())),
    };
    json!({"error": {"message": error.message, "type": kind, "param": null, "code": code}})
}
