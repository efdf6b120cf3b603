//! Anthropic messages: typed content blocks, reasoning with signatures, prompt-cache markers.
//!
//! What does not survive the format: where one message of the user ended and the next began (the
//! roles have to alternate), and the names within tool results (found again by id).

mod request;
mod response;
mod stream;
mod thinking;
mod writer;

pub use request::{decode_request, encode_request};
pub use response::{decode_response, encode_error, encode_response};
pub(super) use stream::Stream;
pub(super) use writer::Writer;

use serde_json::{Value, json};

use super::WireError;
use super::json::{count, filled, number, text};
use crate::chat::{Image, Part, Signature, StopReason, ToolCall, Usage, WireFormat};

/// A content block of an assistant message as a part; `None` for blocks that are not ours to keep
/// (tools that ran at the provider).
pub(super) fn assistant_part(block: &Value) -> Option<Part> {
    match text(block, "type")? {
        "text" => filled(block, "text").map(|text| Part::Text(text.to_owned())),
        "thinking" => Some(Part::Thinking {
            text: text(block, "thinking").unwrap_or_default().to_owned(),
            signature: filled(block, "signature").map(thought_signature),
        }),
        "redacted_thinking" => Some(Part::Thinking {
            text: String::new(),
            signature: filled(block, "data").map(redacted_signature),
        }),
        "tool_use" => Some(Part::ToolCall(ToolCall {
            id: text(block, "id").unwrap_or_default().to_owned(),
            name: text(block, "name").unwrap_or_default().to_owned(),
            input: super::json::input_object(&block["input"]),
            signature: None,
        })),
        _ => None,
    }
}

pub(super) fn assistant_block(part: &Part) -> Option<Value> {
    match part {
        Part::Text(text) => Some(json!({"type": "text", "text": text})),
        Part::Thinking { text, signature: Some(signature) } => match filled(&signature.data, "redacted") {
            Some(data) => Some(json!({"type": "redacted_thinking", "data": data})),
            None => {
                let signature = filled(&signature.data, "signature")?;
                Some(json!({"type": "thinking", "thinking": text, "signature": signature}))
            }
        },
        Part::ToolCall(call) => Some(json!({
            "type": "tool_use",
            "id": super::json::fit_id(&call.id, 64),
            "name": call.name,
            "input": super::json::input_object(&call.input),
        })),
        _ => None,
    }
}

pub(super) fn thought_signature(signature: &str) -> Signature {
    Signature { wire: WireFormat::Anthropic, data: json!({ "signature": signature }) }
}

pub(super) fn redacted_signature(data: &str) -> Signature {
    Signature { wire: WireFormat::Anthropic, data: json!({ "redacted": data }) }
}

/// A text or image block.
fn content_part(block: &Value) -> Result<Option<Part>, WireError> {
    match text(block, "type") {
        Some("text") => Ok(filled(block, "text").map(|text| Part::Text(text.to_owned()))),
        Some("image") => {
            let source = &block["source"];
            if text(source, "type") != Some("base64") {
                return Err(WireError::bad("images can only be sent as base64 data, not by URL"));
            }
            Ok(Some(Part::Image(Image {
                media_type: text(source, "media_type").unwrap_or("image/png").to_owned(),
                data: text(source, "data").unwrap_or_default().to_owned(),
            })))
        }
        other => Err(WireError::bad(format!("unknown content type \"{}\"", other.unwrap_or("(none)")))),
    }
}

/// Counts that a message brings replace those that came before it.
fn update_usage(usage: &mut Usage, value: &Value) {
    let mut set = |key: &str, slot: fn(&mut Usage) -> &mut u64| {
        if let Some(n) = value.get(key).and_then(number) {
            *slot(usage) = n;
        }
    };
    set("input_tokens", |usage| &mut usage.input);
    set("output_tokens", |usage| &mut usage.output);
    set("cache_read_input_tokens", |usage| &mut usage.cache_read);
    set("cache_creation_input_tokens", |usage| &mut usage.cache_write);
    let details = &value["output_tokens_details"];
    let reasoning = count(details, "thinking_tokens").max(count(details, "reasoning_tokens"));
    usage.reasoning = usage.reasoning.max(reasoning);
}

fn usage_json(usage: Usage) -> Value {
    let mut value = json!({
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": usage.output,
    });
    if usage.reasoning > 0 {
        value["output_tokens_details"] = json!({ "thinking_tokens": usage.reasoning });
    }
    value
}

fn stop_reason(name: &str) -> StopReason {
    match name {
        "tool_use" => StopReason::ToolUse,
        "max_tokens" | "model_context_window_exceeded" => StopReason::MaxTokens,
        "stop_sequence" => StopReason::StopSequence,
        "refusal" => StopReason::Refusal,
        _ => StopReason::End,
    }
}

fn stop_name(stop: StopReason) -> &'static str {
    match stop {
        StopReason::End | StopReason::Interrupted => "end_turn",
        StopReason::ToolUse => "tool_use",
        StopReason::MaxTokens => "max_tokens",
        StopReason::StopSequence => "stop_sequence",
        StopReason::Refusal => "refusal",
    }
}
