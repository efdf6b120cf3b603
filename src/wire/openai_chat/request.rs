//! Requests of chat completions.

use serde_json::{Value, json};

use crate::chat::{Message, Part, Role, Signature, ToolCall, ToolResult, ToolSpec, WireFormat};
use crate::wire::history::{append, name_results, settle};
use crate::wire::json::{
    data_url, filled, fit_id, image_from_url, input_object, items, max_tokens, parse_input, put, text,
};
use crate::wire::{Effort, Request, WireError};

/// OpenAI rejects longer ids of calls.
const MAX_ID: usize = 40;

/// Whose chat completions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// OpenAI's, as compatible servers take it. Reasoning is never sent back.
    #[default]
    Plain,
    /// Each answer that called tools must carry its `reasoning_content`, an empty one as well.
    Deepseek,
}

/// The body of a request.
pub fn encode_request(request: &Request, dialect: Dialect) -> Value {
    let mut messages = Vec::new();
    if !request.system.is_empty() {
        messages.push(json!({"role": "system", "content": request.system}));
    }
    for message in settle(&request.messages, WireFormat::OpenaiChat) {
        match message.role {
            Role::User => messages.push(json!({"role": "user", "content": user_content(&message.parts)})),
            Role::Assistant => messages.push(assistant(&message, dialect)),
            Role::Tool => results(&message, &mut messages),
        }
    }
    let mut body = json!({"model": request.model, "messages": messages, "stream": request.stream});
    if request.stream {
        body["stream_options"] = json!({"include_usage": true});
    }
    if !request.tools.is_empty() {
        body["tools"] = request
            .tools
            .iter()
            .map(|tool| {
                json!({"type": "function", "function": {
                    "name": tool.name, "description": tool.description, "parameters": tool.parameters}})
            })
            .collect();
    }
    let reasons = super::reasons(&request.model);
    let limit = if reasons { "max_completion_tokens" } else { "max_tokens" };
    put(&mut body, limit, request.max_output_tokens);
    put(&mut body, "temperature", request.temperature.filter(|_| !reasons));
    let effort = match (request.effort, dialect) {
        (Some(Effort::Minimal), Dialect::Deepseek) => Some(Effort::Low),
        (effort, _) => effort,
    };
    put(&mut body, "reasoning_effort", effort.map(Effort::name));
    // Models that reason reject it.
    put(&mut body, "logprobs", (request.logprobs && !reasons).then_some(true));
    body
}

fn user_content(parts: &[Part]) -> Value {
    if let [Part::Text(text)] = parts {
        return text.as_str().into();
    }
    parts
        .iter()
        .filter_map(|part| match part {
            Part::Text(text) => Some(json!({"type": "text", "text": text})),
            Part::Image(image) => Some(json!({"type": "image_url", "image_url": {"url": data_url(image)}})),
            _ => None,
        })
        .collect()
}

fn assistant(message: &Message, dialect: Dialect) -> Value {
    let text = message.text();
    let calls: Vec<Value> = message
        .tool_calls()
        .map(|call| {
            json!({"id": fit_id(&call.id, MAX_ID), "type": "function", "function": {
                "name": call.name, "arguments": input_object(&call.input).to_string()}})
        })
        .collect();
    let mut said = json!({"role": "assistant"});
    said["content"] = if text.is_empty() { Value::Null } else { text.into() };
    if calls.is_empty() {
        return said;
    }
    if dialect == Dialect::Deepseek {
        let thoughts: Vec<&str> = message
            .parts
            .iter()
            .filter_map(|part| match part {
                Part::Thinking { text, .. } => Some(text.as_str()),
                _ => None,
            })
            .collect();
        said["reasoning_content"] = thoughts.join("\n").into();
    }
    said["tool_calls"] = calls.into();
    said
}

/// Results are text here; their images follow behind the last one as the user's.
fn results(message: &Message, messages: &mut Vec<Value>) {
    let mut images = Vec::new();
    for result in message.tool_results() {
        let pictures: Vec<&Part> =
            result.content.iter().filter(|part| matches!(part, Part::Image(_))).collect();
        let mut content = result.content_text();
        if !pictures.is_empty() {
            if content.is_empty() {
                content = "(an image: see below)".into();
            }
            images.push(Part::Text(format!("The image that {} returned:", result.name)));
            images.extend(pictures.into_iter().cloned());
        }
        messages
            .push(json!({"role": "tool", "tool_call_id": fit_id(&result.id, MAX_ID), "content": content}));
    }
    if !images.is_empty() {
        messages.push(json!({"role": "user", "content": user_content(&images)}));
    }
}

/// A request that a client of ours sent.
///
/// # Errors
/// When `messages` is missing or holds what is no message, or an image by URL.
pub fn decode_request(body: &Value) -> Result<Request, WireError> {
    let list = body["messages"].as_array().ok_or_else(|| WireError::bad("messages: an array is wanted"))?;
    let mut system = Vec::new();
    let mut messages = Vec::new();
    for message in list {
        match text(message, "role") {
            Some("system" | "developer") => system.push(plain(&message["content"])),
            Some("user") => {
                let parts = content(&message["content"])?;
                messages.push(Message { role: Role::User, parts });
            }
            Some("assistant") => {
                messages.push(Message { role: Role::Assistant, parts: said(message)? });
            }
            Some("tool") => {
                let id = filled(message, "tool_call_id")
                    .ok_or_else(|| WireError::bad("a tool message has no tool_call_id"))?;
                let result = ToolResult {
                    id: id.to_owned(),
                    name: text(message, "name").unwrap_or_default().to_owned(),
                    is_error: false,
                    content: content(&message["content"])?,
                };
                append(&mut messages, Role::Tool, Part::ToolResult(result));
            }
            other => {
                let role = other.unwrap_or("(none)");
                return Err(WireError::bad(format!("unknown message role \"{role}\"")));
            }
        }
    }
    name_results(&mut messages);
    Ok(Request {
        model: text(body, "model").unwrap_or_default().to_owned(),
        system: system.join("\n\n"),
        messages,
        tools: items(body, "tools").iter().filter_map(tool).collect(),
        max_output_tokens: max_tokens(body, "max_completion_tokens")
            .or_else(|| max_tokens(body, "max_tokens")),
        temperature: body["temperature"].as_f64(),
        effort: text(body, "reasoning_effort").and_then(|name| name.parse().ok()),
        logprobs: body["logprobs"].as_bool().unwrap_or(false),
        stream: body["stream"].as_bool().unwrap_or(false),
    })
}

/// The parts of an assistant message, as a request and as an answer has it.
pub(super) fn said(message: &Value) -> Result<Vec<Part>, WireError> {
    let mut parts = Vec::new();
    let thought =
        ["reasoning_content", "reasoning"].iter().find_map(|key| Some((*key, filled(message, key)?)));
    if let Some((field, thought)) = thought {
        let signature = Some(Signature { wire: WireFormat::OpenaiChat, data: field.into() });
        parts.push(Part::Thinking { text: thought.to_owned(), signature });
    }
    parts.extend(content(&message["content"])?);
    parts.extend(filled(message, "refusal").map(|refusal| Part::Text(refusal.to_owned())));
    for (at, call) in items(message, "tool_calls").iter().enumerate() {
        let function = &call["function"];
        let name =
            filled(function, "name").ok_or_else(|| WireError::bad("a tool call has no function name"))?;
        let input = match &function["arguments"] {
            Value::String(raw) => parse_input(raw),
            other => input_object(other),
        };
        let id = filled(call, "id").map_or_else(|| format!("call_{at}"), str::to_owned);
        parts.push(Part::ToolCall(ToolCall { id, name: name.to_owned(), input, signature: None }));
    }
    Ok(parts)
}

/// The content of a message: a text, a list of parts, or null.
fn content(value: &Value) -> Result<Vec<Part>, WireError> {
    let Value::Array(list) = value else {
        let text = value.as_str().unwrap_or_default();
        return Ok(if text.is_empty() { Vec::new() } else { vec![Part::Text(text.to_owned())] });
    };
    let mut parts = Vec::new();
    for part in list {
        match text(part, "type") {
            Some("text" | "input_text" | "output_text") => {
                parts.extend(filled(part, "text").map(|text| Part::Text(text.to_owned())));
            }
            Some("refusal") => parts.extend(filled(part, "refusal").map(|text| Part::Text(text.to_owned()))),
            Some("image_url") => {
                let url =
                    text(&part["image_url"], "url").or_else(|| text(part, "image_url")).unwrap_or_default();
                parts.push(image_from_url(url)?);
            }
            Some("thinking") => {}
            other => {
                let kind = other.unwrap_or("(none)");
                return Err(WireError::bad(format!("unknown content type \"{kind}\"")));
            }
        }
    }
    Ok(parts)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => {
            list.iter().filter_map(|part| text(part, "text")).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

fn tool(value: &Value) -> Option<ToolSpec> {
    let function = value.get("function")?;
    Some(ToolSpec {
        name: filled(function, "name")?.to_owned(),
        description: text(function, "description").unwrap_or_default().to_owned(),
        parameters: function.get("parameters").cloned().unwrap_or_else(|| json!({"type": "object"})),
    })
}
