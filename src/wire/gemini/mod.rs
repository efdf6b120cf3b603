//! Gemini generateContent: parts instead of blocks, calls that often have no id, signatures on any
//! part.
//!
//! What does not survive the format: where one message of the user ended and the next began, images
//! within a tool's result (they follow it in its content), the model and whether to stream (in the URL).

mod request;
mod response;
mod schema;
mod stream;
mod writer;

pub use request::{decode_request, encode_request};
pub use response::{decode_response, encode_error, encode_response};
pub(super) use stream::Stream;
pub(super) use writer::Writer;

use serde_json::{Value, json};

use super::json::{count, filled, input_object};
use crate::chat::{Part, Signature, StopReason, Usage, WireFormat};

/// Begins the ids that we make for calls that came without one: such are not sent back.
const MADE: &str = "gemini_";

/// Stands for the signature of a call that another model made: Gemini 3 rejects calls without any.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// The generation in a model's name: `gemini-2.5-pro` is (2, 5). `None` for other names.
fn version(model: &str) -> Option<(u32, u32)> {
    let rest = &model[model.find("gemini-")? + "gemini-".len()..];
    let name = rest.split('-').next()?;
    let (major, minor) = name.split_once('.').unwrap_or((name, "0"));
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn signature(data: Value) -> Signature {
    Signature { wire: WireFormat::Gemini, data }
}

/// What a part brought as its signature.
fn part_signature(part: &Value) -> Option<Signature> {
    let text = filled(part, "thoughtSignature").filter(|text| *text != NO_SIGNATURE)?;
    Some(signature(json!({ "thoughtSignature": text })))
}

/// The JSON parts of a model's message. Reasoning itself is not sent back, its signatures are.
fn model_parts(parts: &[Part]) -> Vec<Value> {
    let mut out: Vec<Value> = Vec::new();
    for part in parts {
        match part {
            Part::Text(text) => out.push(json!({ "text": text })),
            Part::Thinking { text, signature } => {
                let Some(signed) = signature.as_ref().and_then(|s| filled(&s.data, "thoughtSignature"))
                else {
                    continue;
                };
                let on_text = out
                    .last()
                    .is_some_and(|last| last.get("text").is_some() && last.get("thought").is_none());
                match out.last_mut() {
                    Some(last) if text.is_empty() && on_text && last.get("thoughtSignature").is_none() => {
                        last["thoughtSignature"] = signed.into();
                    }
                    _ if text.is_empty() => out.push(json!({"text": "", "thoughtSignature": signed})),
                    _ => out.push(json!({"text": text, "thought": true, "thoughtSignature": signed})),
                }
            }
            Part::ToolCall(call) => {
                let mut function = json!({});
                if !call.id.starts_with(MADE) {
                    function["id"] = super::json::fit_id(&call.id, 64).into();
                }
                function["name"] = call.name.as_str().into();
                function["args"] = input_object(&call.input);
                let mut part = json!({ "functionCall": function });
                if let Some(signed) =
                    call.signature.as_ref().and_then(|s| filled(&s.data, "thoughtSignature"))
                {
                    part["thoughtSignature"] = signed.into();
                }
                out.push(part);
            }
            Part::ToolResult(_) | Part::Image(_) => {}
        }
    }
    out
}

pub(super) fn usage(value: &Value) -> Usage {
    let reasoning = count(value, "thoughtsTokenCount");
    let cache_read = count(value, "cachedContentTokenCount");
    let prompt = count(value, "promptTokenCount") + count(value, "toolUsePromptTokenCount");
    Usage {
        input: prompt.saturating_sub(cache_read),
        output: count(value, "candidatesTokenCount") + reasoning,
        cache_read,
        cache_write: 0,
        reasoning,
    }
}

fn usage_json(usage: Usage) -> Value {
    let prompt = usage.input + usage.cache_read + usage.cache_write;
    json!({
        "promptTokenCount": prompt,
        "candidatesTokenCount": usage.output.saturating_sub(usage.reasoning),
        "thoughtsTokenCount": usage.reasoning,
        "cachedContentTokenCount": usage.cache_read,
        "totalTokenCount": prompt + usage.output,
    })
}

/// Why a candidate ended; an error's words where it is one.
fn stop_reason(name: &str, has_calls: bool) -> Result<StopReason, String> {
    match name {
        "MAX_TOKENS" => Ok(StopReason::MaxTokens),
        "SAFETY" | "RECITATION" | "LANGUAGE" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII"
        | "IMAGE_SAFETY" | "MODEL_ARMOR" => Ok(StopReason::Refusal),
        "MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" | "MALFORMED_RESPONSE" => {
            Err(format!("the model wrote a call that its provider could not read ({name})"))
        }
        _ if has_calls => Ok(StopReason::ToolUse),
        _ => Ok(StopReason::End),
    }
}

fn finish_reason(stop: StopReason) -> &'static str {
    match stop {
        StopReason::MaxTokens => "MAX_TOKENS",
        StopReason::Refusal => "SAFETY",
        _ => "STOP",
    }
}
