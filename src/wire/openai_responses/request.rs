//! Requests of OpenAI responses.

use serde_json::{Value, json};

use crate::chat::{Message, Part, Role, ToolCall, ToolResult, ToolSpec, WireFormat};
use crate::wire::history::{append, name_results, settle};
use crate::wire::json::{
    data_url, filled, fit_id, image_from_url, input_object, items, max_tokens, parse_input, put, text,
};
use crate::wire::{Effort, Request, WireError, openai_chat};

const MAX_ID: usize = 64;

/// What is to be included for log-probabilities.
const LOGPROBS: &str = "message.output_text.logprobs";

/// The body of a request.
pub fn encode_request(request: &Request) -> Value {
    let mut input = Vec::new();
    for message in settle(&request.messages, WireFormat::OpenaiResponses) {
        match message.role {
            Role::User => {
                input.push(json!({"type": "message", "role": "user", "content": contents(&message.parts)}));
            }
            Role::Assistant => input.extend(message.parts.iter().filter_map(assistant_item)),
            Role::Tool => input.extend(message.tool_results().map(output_item)),
        }
    }
    let mut body = json!({"model": request.model});
    if !request.system.is_empty() {
        body["instructions"] = request.system.as_str().into();
    }
    body["input"] = input.into();
    if !request.tools.is_empty() {
        body["tools"] = request
            .tools
            .iter()
            .map(|tool| {
                json!({"type": "function", "name": tool.name, "description": tool.description,
                    "parameters": tool.parameters, "strict": false})
            })
            .collect();
    }
    body["store"] = false.into();
    body["stream"] = request.stream.into();
    // Models that do not reason reject what is about reasoning, and those that do have no log-probabilities.
    if plain(&request.model) && request.logprobs {
        body["include"] = json!([LOGPROBS]);
    } else if !plain(&request.model) {
        body["include"] = json!(["reasoning.encrypted_content"]);
        body["reasoning"] = json!({"summary": "auto"});
        put(&mut body["reasoning"], "effort", request.effort.map(Effort::name));
    }
    put(&mut body, "max_output_tokens", request.max_output_tokens);
    put(&mut body, "temperature", request.temperature.filter(|_| !openai_chat::reasons(&request.model)));
    body
}

/// Models of OpenAI that are known not to reason.
fn plain(model: &str) -> bool {
    ["gpt-4", "gpt-3", "chatgpt-4", "davinci", "babbage"].iter().any(|prefix| model.starts_with(prefix))
}

fn contents(parts: &[Part]) -> Value {
    parts
        .iter()
        .filter_map(|part| match part {
            Part::Text(text) => Some(json!({"type": "input_text", "text": text})),
            Part::Image(image) => Some(json!({"type": "input_image", "image_url": data_url(image)})),
            _ => None,
        })
        .collect()
}

fn assistant_item(part: &Part) -> Option<Value> {
    match part {
        Part::Text(text) => Some(json!({"type": "message", "role": "assistant",
            "content": [{"type": "output_text", "text": text, "annotations": []}]})),
        Part::Thinking { text, signature: Some(signature) } => Some(super::reasoning_item(text, signature)),
        Part::ToolCall(call) => Some(json!({"type": "function_call", "call_id": fit_id(&call.id, MAX_ID),
            "name": call.name, "arguments": input_object(&call.input).to_string()})),
        _ => None,
    }
}

fn output_item(result: &ToolResult) -> Value {
    let has_images = result.content.iter().any(|part| matches!(part, Part::Image(_)));
    let output = if has_images { contents(&result.content) } else { result.content_text().into() };
    json!({"type": "function_call_output", "call_id": fit_id(&result.id, MAX_ID), "output": output})
}

/// A request that a client of ours sent.
///
/// # Errors
/// When `input` is missing or holds what is no item, refers to what a server stored, or an image by URL.
pub fn decode_request(body: &Value) -> Result<Request, WireError> {
    if filled(body, "previous_response_id").is_some() {
        return Err(WireError::bad(
            "previous_response_id: answers are not stored here, send the whole input",
        ));
    }
    let mut system: Vec<String> = filled(body, "instructions").map(str::to_owned).into_iter().collect();
    let mut messages = Vec::new();
    match &body["input"] {
        Value::String(said) => messages.push(Message::user(said.as_str())),
        Value::Array(list) => {
            for item in list {
                decode_item(item, &mut system, &mut messages)?;
            }
        }
        _ => return Err(WireError::bad("input: a text or an array is wanted")),
    }
    name_results(&mut messages);
    Ok(Request {
        model: text(body, "model").unwrap_or_default().to_owned(),
        system: system.join("\n\n"),
        messages,
        tools: items(body, "tools").iter().filter_map(tool).collect(),
        max_output_tokens: max_tokens(body, "max_output_tokens"),
        temperature: body["temperature"].as_f64(),
        effort: text(&body["reasoning"], "effort").and_then(|name| match name {
            "xhigh" | "max" => Some(Effort::High),
            name => name.parse().ok(),
        }),
        logprobs: items(body, "include").iter().any(|item| item.as_str() == Some(LOGPROBS)),
        stream: body["stream"].as_bool().unwrap_or(false),
    })
}

fn decode_item(item: &Value, system: &mut Vec<String>, messages: &mut Vec<Message>) -> Result<(), WireError> {
    match text(item, "type").unwrap_or("message") {
        "message" => {
            let parts = content(&item["content"])?;
            match text(item, "role") {
                Some("system" | "developer") => system.push(Message { role: Role::User, parts }.text()),
                Some("user") => messages.push(Message { role: Role::User, parts }),
                Some("assistant") => {
                    for part in parts {
                        append(messages, Role::Assistant, part);
                    }
                }
                other => {
                    let role = other.unwrap_or("(none)");
                    return Err(WireError::bad(format!("unknown message role \"{role}\"")));
                }
            }
        }
        "reasoning" => {
            if let Some(thought) = super::thought(item) {
                append(messages, Role::Assistant, thought);
            }
        }
        "function_call" => append(messages, Role::Assistant, Part::ToolCall(call(item)?)),
        "function_call_output" => {
            let result = ToolResult {
                id: text(item, "call_id").unwrap_or_default().to_owned(),
                name: String::new(),
                is_error: false,
                content: content(&item["output"])?,
            };
            append(messages, Role::Tool, Part::ToolResult(result));
        }
        // Items of tools that run at the provider mean nothing elsewhere.
        kind if kind.ends_with("_call") || kind.ends_with("_call_output") => {}
        other => return Err(WireError::bad(format!("unknown input item \"{other}\""))),
    }
    Ok(())
}

pub(super) fn call(item: &Value) -> Result<ToolCall, WireError> {
    let name = filled(item, "name").ok_or_else(|| WireError::bad("a function call has no name"))?;
    let id = filled(item, "call_id").or_else(|| filled(item, "id")).unwrap_or("call_0");
    let input = match &item["arguments"] {
        Value::String(raw) => parse_input(raw),
        other => input_object(other),
    };
    Ok(ToolCall { id: id.to_owned(), name: name.to_owned(), input, signature: None })
}

/// The content of a message or of a tool's output: a text or a list of parts.
pub(super) fn content(value: &Value) -> Result<Vec<Part>, WireError> {
    let Value::Array(list) = value else {
        let text = value.as_str().unwrap_or_default();
        return Ok(if text.is_empty() { Vec::new() } else { vec![Part::Text(text.to_owned())] });
    };
    let mut parts = Vec::new();
    for part in list {
        match text(part, "type") {
            Some("input_text" | "output_text" | "text") => {
                parts.extend(filled(part, "text").map(|text| Part::Text(text.to_owned())));
            }
            Some("refusal") => parts.extend(filled(part, "refusal").map(|text| Part::Text(text.to_owned()))),
            Some("input_image") => parts.push(image_from_url(text(part, "image_url").unwrap_or_default())?),
            other => {
                let kind = other.unwrap_or("(none)");
                return Err(WireError::bad(format!("unknown content type \"{kind}\"")));
            }
        }
    }
    Ok(parts)
}

fn tool(value: &Value) -> Option<ToolSpec> {
    (text(value, "type") == Some("function")).then_some(())?;
    Some(ToolSpec {
        name: filled(value, "name")?.to_owned(),
        description: text(value, "description").unwrap_or_default().to_owned(),
        parameters: value.get("parameters").cloned().unwrap_or_else(|| json!({"type": "object"})),
    })
}
