//! Requests of Anthropic messages.

use serde_json::{Value, json};

use super::{assistant_block, assistant_part, content_part, thinking};
use crate::chat::{Message, Part, Role, ToolResult, ToolSpec, WireFormat};
use crate::wire::history::{append, name_results, settle};
use crate::wire::json::{fit_id, items, max_tokens, put, text};
use crate::wire::{Effort, Request, WireError};

/// The body of a request, with prompt-cache markers on the system prompt, the last tool and the last
/// two messages of the user: together the four that are allowed.
pub fn encode_request(request: &Request) -> Value {
    let history = settle(&request.messages, WireFormat::Anthropic);
    let plan = thinking::plan(
        &request.model,
        request.effort,
        request.max_output_tokens,
        loop_without_thought(&history),
    );
    let mut body = json!({"model": request.model, "max_tokens": plan.max_tokens});
    if !request.system.trim().is_empty() {
        body["system"] = json!([marked(json!({"type": "text", "text": request.system}))]);
    }
    body["messages"] = messages(&history);
    if !request.tools.is_empty() {
        let mut tools: Vec<Value> = request.tools.iter().map(tool).collect();
        if let Some(last) = tools.last_mut() {
            *last = marked(last.take());
        }
        body["tools"] = tools.into();
    }
    put(&mut body, "thinking", plan.thinking);
    put(&mut body, "output_config", plan.effort.map(|effort| json!({ "effort": effort })));
    put(&mut body, "temperature", request.temperature.filter(|_| plan.takes_temperature));
    if request.stream {
        body["stream"] = true.into();
    }
    body
}

fn marked(mut block: Value) -> Value {
    block["cache_control"] = json!({"type": "ephemeral"});
    block
}

fn tool(spec: &ToolSpec) -> Value {
    json!({"name": spec.name, "description": spec.description, "input_schema": spec.parameters})
}

/// Whether the history ends within a tool loop whose last answer does not begin with reasoning.
fn loop_without_thought(history: &[Message]) -> bool {
    let Some(last) = history.iter().rposition(|m| m.role == Role::Assistant) else { return false };
    let open = history.get(last + 1).is_some_and(|m| m.role == Role::Tool);
    open && !matches!(history[last].parts.first(), Some(Part::Thinking { .. }))
}

/// The messages with alternating roles, the results first in theirs.
fn messages(history: &[Message]) -> Value {
    let mut turns: Vec<(&str, Vec<Value>)> = Vec::new();
    for message in history {
        let (role, blocks): (_, Vec<Value>) = match message.role {
            Role::Assistant => ("assistant", message.parts.iter().filter_map(assistant_block).collect()),
            Role::User => ("user", message.parts.iter().filter_map(content_block).collect()),
            Role::Tool => ("user", message.tool_results().map(result_block).collect()),
        };
        match turns.last_mut() {
            Some((open, content)) if *open == role => content.extend(blocks),
            _ => turns.push((role, blocks)),
        }
    }
    if turns.first().is_some_and(|(role, _)| *role == "assistant") {
        let opening = json!({"type": "text", "text": "(The conversation goes on.)"});
        turns.insert(0, ("user", vec![opening]));
    }
    // An answer to be continued may not end in blanks.
    if let Some(("assistant", blocks)) = turns.last_mut()
        && let Some(last) = blocks.last_mut()
        && let Some(said) = text(last, "text").map(|said| said.trim_end().to_owned())
    {
        last["text"] = said.into();
    }
    for (_, blocks) in turns.iter_mut().rev().filter(|(role, _)| *role == "user").take(2) {
        if let Some(last) = blocks.last_mut() {
            *last = marked(last.take());
        }
    }
    turns.into_iter().map(|(role, content)| json!({"role": role, "content": content})).collect()
}

fn content_block(part: &Part) -> Option<Value> {
    match part {
        Part::Text(text) => Some(json!({"type": "text", "text": text})),
        Part::Image(image) => Some(json!({"type": "image", "source": {
            "type": "base64", "media_type": image.media_type, "data": image.data}})),
        _ => None,
    }
}

fn result_block(result: &ToolResult) -> Value {
    let content: Vec<Value> = result.content.iter().filter_map(content_block).collect();
    let mut block = json!({"type": "tool_result", "tool_use_id": fit_id(&result.id, 64), "content": content});
    if result.is_error {
        block["is_error"] = true.into();
        // An error without words is rejected.
        if content.is_empty() {
            block["content"] = json!([{"type": "text", "text": "(failed without a message)"}]);
        }
    }
    block
}

/// A request that a client of ours sent.
///
/// # Errors
/// When `messages` is missing or holds what is no message, or an image by URL.
pub fn decode_request(body: &Value) -> Result<Request, WireError> {
    let list = body["messages"].as_array().ok_or_else(|| WireError::bad("messages: an array is wanted"))?;
    let mut system = plain(&body["system"]);
    let mut messages = Vec::new();
    for message in list {
        match text(message, "role") {
            Some("user") => user(&message["content"], &mut messages)?,
            Some("assistant") => {
                let parts = match &message["content"] {
                    Value::String(said) if said.is_empty() => Vec::new(),
                    Value::String(said) => vec![Part::Text(said.clone())],
                    blocks => blocks.as_array().into_iter().flatten().filter_map(assistant_part).collect(),
                };
                messages.push(Message { role: Role::Assistant, parts });
            }
            Some("system") => system = [system, plain(&message["content"])].join("\n\n"),
            other => {
                let role = other.unwrap_or("(none)");
                return Err(WireError::bad(format!("unknown message role \"{role}\"")));
            }
        }
    }
    name_results(&mut messages);
    Ok(Request {
        model: text(body, "model").unwrap_or_default().to_owned(),
        system,
        messages,
        tools: items(body, "tools").iter().filter_map(decode_tool).collect(),
        max_output_tokens: max_tokens(body, "max_tokens"),
        temperature: body["temperature"].as_f64(),
        effort: effort(body),
        logprobs: false,
        stream: body["stream"].as_bool().unwrap_or(false),
    })
}

/// Results and words of one message: a message each, in their order.
fn user(content: &Value, messages: &mut Vec<Message>) -> Result<(), WireError> {
    let blocks = match content {
        Value::String(said) => {
            messages.push(Message::user(said.as_str()));
            return Ok(());
        }
        Value::Array(blocks) => blocks,
        _ => return Err(WireError::bad("a user message has no content")),
    };
    let mut own = Vec::new();
    for block in blocks {
        if text(block, "type") != Some("tool_result") {
            if let Some(part) = content_part(block)? {
                append(&mut own, Role::User, part);
            }
            continue;
        }
        let content = match &block["content"] {
            Value::String(said) if said.is_empty() => Vec::new(),
            Value::String(said) => vec![Part::Text(said.clone())],
            Value::Array(list) => {
                let parts: Result<Vec<_>, _> = list.iter().map(content_part).collect();
                parts?.into_iter().flatten().collect()
            }
            _ => Vec::new(),
        };
        let result = ToolResult {
            id: text(block, "tool_use_id").unwrap_or_default().to_owned(),
            name: String::new(),
            is_error: block["is_error"].as_bool().unwrap_or(false),
            content,
        };
        append(&mut own, Role::Tool, Part::ToolResult(result));
    }
    messages.extend(own);
    Ok(())
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => {
            list.iter().filter_map(|block| text(block, "text")).collect::<Vec<_>>().join("\n\n")
        }
        _ => String::new(),
    }
}

/// Tools that the provider would run have no schema: they are not ours to offer.
fn decode_tool(value: &Value) -> Option<ToolSpec> {
    Some(ToolSpec {
        name: text(value, "name")?.to_owned(),
        description: text(value, "description").unwrap_or_default().to_owned(),
        parameters: value.get("input_schema")?.clone(),
    })
}

fn effort(body: &Value) -> Option<Effort> {
    if let Some(name) = text(&body["output_config"], "effort") {
        return match name {
            "xhigh" | "max" => Some(Effort::High),
            name => name.parse().ok(),
        };
    }
    match body["thinking"]["budget_tokens"].as_u64()? {
        0..2048 => Some(Effort::Minimal),
        2048..8192 => Some(Effort::Low),
        8192..20_000 => Some(Effort::Medium),
        _ => Some(Effort::High),
    }
}
