//! OpenAI chat completions, and the dialects of it that other servers speak: DeepSeek's
//! `reasoning_content` and cache counters, `reasoning`, arguments in one piece or as an object, calls
//! without ids or all at index 0, content that is null or a list.
//!
//! What does not survive the format: whether a tool failed, the order of text and calls within one
//! answer, images within a tool's result (they follow as the user's).

mod request;
mod response;
mod stream;
mod writer;

pub use request::{Dialect, decode_request, encode_request};
pub use response::{decode_response, encode_error, encode_response};
pub(super) use stream::Stream;
pub(super) use writer::Writer;

use serde_json::Value;

use super::json::count;
use crate::chat::{StopReason, Usage};

/// Models of OpenAI that reason: they take `max_completion_tokens` and no temperature.
pub(super) fn reasons(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    ["o1", "o3", "o4", "gpt-5", "gpt-6"].iter().any(|prefix| name.starts_with(prefix))
}

/// Usage in our terms: the provider's input counts what came from its cache.
pub(super) fn usage(value: &Value) -> Usage {
    let (prompt, details) = (count(value, "prompt_tokens"), &value["prompt_tokens_details"]);
    let cache_read = [
        count(details, "cached_tokens"),
        count(value, "prompt_cache_hit_tokens"),
        count(value, "cached_tokens"),
    ]
    .into_iter()
    .max()
    .unwrap_or(0);
    let cache_write = count(details, "cache_write_tokens");
    let reasoning = count(&value["completion_tokens_details"], "reasoning_tokens");
    let mut output = count(value, "completion_tokens");
    // Some servers count reasoning beside the completion; the total gives them away.
    if reasoning > 0 && count(value, "total_tokens") == prompt + output + reasoning {
        output += reasoning;
    }
    let input = prompt.saturating_sub(cache_read + cache_write);
    Usage { input, output, cache_read, cache_write, reasoning }
}

fn usage_json(usage: Usage) -> Value {
    let prompt = usage.input + usage.cache_read + usage.cache_write;
    let mut details = serde_json::json!({ "cached_tokens": usage.cache_read });
    if usage.cache_write > 0 {
        details["cache_write_tokens"] = usage.cache_write.into();
    }
    serde_json::json!({
        "prompt_tokens": prompt,
        "completion_tokens": usage.output,
        "total_tokens": prompt + usage.output,
        "prompt_tokens_details": details,
        "completion_tokens_details": { "reasoning_tokens": usage.reasoning },
    })
}

fn stop_reason(name: &str, has_calls: bool) -> StopReason {
    match name {
        "length" | "max_tokens" => StopReason::MaxTokens,
        "content_filter" | "refusal" => StopReason::Refusal,
        "tool_calls" | "function_call" => StopReason::ToolUse,
        // Several servers say "stop" though they called tools.
        _ if has_calls => StopReason::ToolUse,
        _ => StopReason::End,
    }
}

fn finish_reason(stop: StopReason) -> &'static str {
    match stop {
        StopReason::End | StopReason::StopSequence | StopReason::Interrupted => "stop",
        StopReason::ToolUse => "tool_calls",
        StopReason::MaxTokens => "length",
        StopReason::Refusal => "content_filter",
    }
}
