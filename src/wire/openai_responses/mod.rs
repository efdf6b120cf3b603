//! OpenAI responses, used without state: nothing is stored at the provider, and reasoning travels
//! back encrypted.
//!
//! What does not survive the format: whether a tool failed, and the names within tool results (found
//! again by id).

mod request;
mod response;
mod stream;
mod writer;

pub use request::{decode_request, encode_request};
pub use response::{decode_response, encode_response};
pub(super) use stream::Stream;
pub(super) use writer::Writer;

use serde_json::{Value, json};

use super::json::{count, filled, items, text};
use crate::chat::{Part, Signature, StopReason, Usage, WireFormat};

pub(super) fn usage(value: &Value) -> Usage {
    let details = &value["input_tokens_details"];
    let (cache_read, cache_write) = (count(details, "cached_tokens"), count(details, "cache_write_tokens"));
    Usage {
        input: count(value, "input_tokens").saturating_sub(cache_read + cache_write),
        output: count(value, "output_tokens"),
        cache_read,
        cache_write,
        reasoning: count(&value["output_tokens_details"], "reasoning_tokens"),
    }
}

fn usage_json(usage: Usage) -> Value {
    let input = usage.input + usage.cache_read + usage.cache_write;
    json!({
        "input_tokens": input,
        "input_tokens_details": {"cached_tokens": usage.cache_read, "cache_write_tokens": usage.cache_write},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": input + usage.output,
    })
}

/// A reasoning item. Without its encrypted content it could not be sent back: then it has no signature.
fn thought(item: &Value) -> Option<Part> {
    let texts = |key: &str| -> Vec<String> {
        items(item, key).iter().filter_map(|part| text(part, "text")).map(str::to_owned).collect()
    };
    let mut text = texts("summary").join("\n\n");
    if text.is_empty() {
        text = texts("content").join("\n\n");
    }
    let signature = signature(item);
    (!text.is_empty() || signature.is_some()).then_some(Part::Thinking { text, signature })
}

fn signature(item: &Value) -> Option<Signature> {
    let encrypted = filled(item, "encrypted_content")?;
    let data = json!({"id": text(item, "id"), "encrypted_content": encrypted});
    Some(Signature { wire: WireFormat::OpenaiResponses, data })
}

fn reasoning_item(thought: &str, signature: &Signature) -> Value {
    let mut item = json!({"type": "reasoning"});
    if let Some(id) = filled(&signature.data, "id") {
        item["id"] = id.into();
    }
    item["summary"] = match thought {
        "" => json!([]),
        text => json!([{"type": "summary_text", "text": text}]),
    };
    item["encrypted_content"] = signature.data["encrypted_content"].clone();
    item
}

/// Why an answer ended, from the response object that closes it.
fn stop_reason(response: &Value, has_calls: bool, refused: bool) -> StopReason {
    match text(&response["incomplete_details"], "reason") {
        Some("content_filter") => StopReason::Refusal,
        Some(_) => StopReason::MaxTokens,
        None if text(response, "status") == Some("incomplete") => StopReason::MaxTokens,
        None if refused => StopReason::Refusal,
        None if has_calls => StopReason::ToolUse,
        None => StopReason::End,
    }
}
