//! Whole answers of OpenAI responses.

use serde_json::{Value, json};

use super::request::{call, content};
use crate::chat::{Message, Part, Role, StopReason};
use crate::wire::json::{filled, input_object, items, now_seconds, text};
use crate::wire::{Response, WireError};

/// # Errors
/// `BadResponse` when there is no list of output items.
pub fn decode_response(body: &Value) -> Result<Response, WireError> {
    let output = body["output"].as_array().ok_or_else(|| WireError::bad("the answer holds no output"))?;
    let mut parts = Vec::new();
    for item in output {
        parts.extend(item_parts(item)?);
    }
    let has_calls = parts.iter().any(|part| matches!(part, Part::ToolCall(_)));
    let refused = output.iter().any(is_refusal);
    Ok(Response {
        id: text(body, "id").unwrap_or_default().to_owned(),
        model: text(body, "model").unwrap_or_default().to_owned(),
        message: Message { role: Role::Assistant, parts },
        usage: super::usage(&body["usage"]),
        stop: Some(super::stop_reason(body, has_calls, refused)),
    })
}

/// The parts of an output item; none for items of tools that ran at the provider.
pub(super) fn item_parts(item: &Value) -> Result<Vec<Part>, WireError> {
    match text(item, "type") {
        Some("message") => content(&item["content"]),
        Some("reasoning") => Ok(super::thought(item).into_iter().collect()),
        Some("function_call") => Ok(vec![Part::ToolCall(call(item)?)]),
        _ => Ok(Vec::new()),
    }
}

pub(super) fn is_refusal(item: &Value) -> bool {
    items(item, "content").iter().any(|part| filled(part, "refusal").is_some())
}

/// The answer as a response object.
pub fn encode_response(response: &Response) -> Value {
    let parts = response.message.parts.iter().enumerate();
    let output: Vec<Value> = parts.filter_map(|(at, part)| output_item(at, part)).collect();
    let stop = response.stop.unwrap_or(StopReason::End);
    object(&response.id, &response.model, &output, response.usage, stop)
}

fn output_item(at: usize, part: &Part) -> Option<Value> {
    match part {
        Part::Text(text) => Some(message_item(at, text)),
        Part::Thinking { text, signature } => {
            let ours = signature.as_ref().filter(|s| s.wire == crate::chat::WireFormat::OpenaiResponses);
            match ours {
                Some(signature) => Some(super::reasoning_item(text, signature)),
                None if text.is_empty() => None,
                None => Some(json!({"type": "reasoning", "id": format!("rs_{at}"),
                    "summary": [{"type": "summary_text", "text": text}]})),
            }
        }
        Part::ToolCall(call) => {
            let arguments = input_object(&call.input).to_string();
            Some(call_item(at, &call.id, &call.name, &arguments))
        }
        _ => None,
    }
}

pub(super) fn message_item(at: usize, text: &str) -> Value {
    json!({"type": "message", "id": format!("msg_{at}"), "status": "completed", "role": "assistant",
        "content": [{"type": "output_text", "text": text, "annotations": []}]})
}

pub(super) fn call_item(at: usize, id: &str, name: &str, arguments: &str) -> Value {
    json!({"type": "function_call", "id": format!("fc_{at}"), "status": "completed", "call_id": id,
        "name": name, "arguments": arguments})
}

/// The response object that closes an answer.
pub(super) fn object(
    id: &str,
    model: &str,
    output: &[Value],
    usage: crate::chat::Usage,
    stop: StopReason,
) -> Value {
    let incomplete = match stop {
        StopReason::MaxTokens => Some("max_output_tokens"),
        StopReason::Refusal => Some("content_filter"),
        _ => None,
    };
    json!({
        "id": id,
        "object": "response",
        "created_at": now_seconds(),
        "status": if incomplete.is_some() { "incomplete" } else { "completed" },
        "error": null,
        "incomplete_details": incomplete.map(|reason| json!({ "reason": reason })),
        "model": model,
        "output": output,
        "parallel_tool_calls": true,
        "store": false,
        "usage": super::usage_json(usage),
    })
}
