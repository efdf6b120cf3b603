//! Requests of Gemini generateContent.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::{MADE, NO_SIGNATURE, model_parts, schema, version};
use crate::chat::{Image, Message, Part, Role, ToolCall, ToolResult, ToolSpec, WireFormat};
use crate::wire::history::{append, settle};
use crate::wire::json::{filled, fit_id, input_object, items, max_tokens, put, text};
use crate::wire::{Effort, Request, WireError};

/// The body of a request. The model and whether to stream are in the URL.
pub fn encode_request(request: &Request) -> Value {
    let mut body = json!({ "contents": contents(request) });
    if !request.system.trim().is_empty() {
        body["systemInstruction"] = json!({"parts": [{"text": request.system}]});
    }
    if !request.tools.is_empty() {
        let functions: Vec<Value> = request.tools.iter().map(function).collect();
        body["tools"] = json!([{ "functionDeclarations": functions }]);
    }
    let mut config = json!({});
    put(&mut config, "maxOutputTokens", request.max_output_tokens);
    put(&mut config, "temperature", request.temperature);
    put(&mut config, "thinkingConfig", thinking(&request.model, request.effort));
    if config != json!({}) {
        body["generationConfig"] = config;
    }
    body
}

fn contents(request: &Request) -> Value {
    let strict = version(&request.model).is_some_and(|version| version >= (3, 0));
    let mut contents: Vec<Value> = Vec::new();
    for message in settle(&request.messages, WireFormat::Gemini) {
        match message.role {
            Role::Assistant => {
                let mut parts = model_parts(&message.parts);
                let first = parts.iter_mut().find(|part| part.get("functionCall").is_some());
                if let Some(call) = first.filter(|call| strict && call.get("thoughtSignature").is_none()) {
                    call["thoughtSignature"] = NO_SIGNATURE.into();
                }
                if contents.is_empty() {
                    let opening = json!({"text": "(The conversation goes on.)"});
                    contents.push(json!({"role": "user", "parts": [opening]}));
                }
                extend(&mut contents, "model", parts);
            }
            // Results keep a content of their own, with as many of them as there were calls.
            Role::Tool => {
                let mut parts: Vec<Value> = message.tool_results().map(function_response).collect();
                let images = message.tool_results().flat_map(|result| &result.content);
                parts.extend(images.filter_map(|part| match part {
                    Part::Image(image) => Some(inline(image)),
                    _ => None,
                }));
                contents.push(json!({"role": "user", "parts": parts}));
            }
            Role::User => {
                let parts = message
                    .parts
                    .iter()
                    .filter_map(|part| match part {
                        Part::Text(text) => Some(json!({ "text": text })),
                        Part::Image(image) => Some(inline(image)),
                        _ => None,
                    })
                    .collect();
                extend(&mut contents, "user", parts);
            }
        }
    }
    contents.into()
}

/// Adds to the last content when that is of the role and holds no results.
fn extend(contents: &mut Vec<Value>, role: &str, parts: Vec<Value>) {
    let last = contents.last_mut().filter(|last| {
        last["role"] == role
            && !items(last, "parts").iter().any(|part| part.get("functionResponse").is_some())
    });
    match last.and_then(|last| last["parts"].as_array_mut()) {
        Some(open) => open.extend(parts),
        None => contents.push(json!({"role": role, "parts": parts})),
    }
}

fn inline(image: &Image) -> Value {
    json!({"inlineData": {"mimeType": image.media_type, "data": image.data}})
}

fn function_response(result: &ToolResult) -> Value {
    let key = if result.is_error { "error" } else { "output" };
    let mut response = json!({});
    if !result.id.starts_with(MADE) {
        response["id"] = fit_id(&result.id, 64).into();
    }
    response["name"] = result.name.as_str().into();
    response["response"] = json!({ key: result.content_text() });
    json!({ "functionResponse": response })
}

fn function(tool: &ToolSpec) -> Value {
    let mut function = json!({"name": tool.name, "description": tool.description});
    put(&mut function, "parameters", schema::parameters(&tool.parameters));
    function
}

fn thinking(model: &str, effort: Option<Effort>) -> Option<Value> {
    let version = version(model);
    if effort.is_none() && version.is_none_or(|version| version < (2, 5)) {
        return None;
    }
    let mut config = json!({"includeThoughts": true});
    let pro = model.contains("pro");
    if version.is_some_and(|version| version >= (3, 0)) {
        let level = effort.map(|effort| match effort {
            Effort::Minimal if pro => "low",
            Effort::Medium if pro && version == Some((3, 0)) => "high",
            other => other.name(),
        });
        put(&mut config, "thinkingLevel", level);
    } else {
        let budget = effort.map(|effort| match effort {
            Effort::Minimal => 512,
            Effort::Low => 2048,
            Effort::Medium => 8192,
            Effort::High => 24_576,
        });
        put(&mut config, "thinkingBudget", budget);
    }
    Some(config)
}

/// A request that a client of ours sent. `model` and `stream` are left to the caller, who has the URL.
///
/// # Errors
/// When `contents` is missing or holds what is no content, or data by reference.
pub fn decode_request(body: &Value) -> Result<Request, WireError> {
    let list = match &body["contents"] {
        Value::Array(list) => list.as_slice(),
        one @ Value::Object(_) => std::slice::from_ref(one),
        _ => return Err(WireError::bad("contents: an array is wanted")),
    };
    let mut messages = Vec::new();
    let mut open = OpenCalls::default();
    for content in list {
        for part in items(content, "parts") {
            match text(content, "role") {
                Some("model") => {
                    for part in model_part(part, || open.next_id()) {
                        if let Part::ToolCall(call) = &part {
                            open.calls.push_back((call.id.clone(), call.name.clone()));
                        }
                        append(&mut messages, Role::Assistant, part);
                    }
                }
                _ => user_part(part, &mut open, &mut messages)?,
            }
        }
    }
    let config = &body["generationConfig"];
    let system =
        body.get("systemInstruction").or_else(|| body.get("system_instruction")).unwrap_or(&Value::Null);
    let system: Vec<&str> = match system {
        Value::String(text) => vec![text],
        other => items(other, "parts").iter().filter_map(|part| text(part, "text")).collect(),
    };
    Ok(Request {
        model: text(body, "model").unwrap_or_default().trim_start_matches("models/").to_owned(),
        system: system.join("\n\n"),
        messages,
        tools: items(body, "tools").iter().flat_map(functions).filter_map(decode_function).collect(),
        max_output_tokens: max_tokens(config, "maxOutputTokens"),
        temperature: config["temperature"].as_f64(),
        effort: effort(&config["thinkingConfig"]),
        logprobs: false,
        stream: false,
    })
}

/// Calls that have no result yet: results are found by id, else by name, in order.
#[derive(Default)]
struct OpenCalls {
    calls: VecDeque<(String, String)>,
    made: usize,
}

impl OpenCalls {
    fn next_id(&mut self) -> String {
        self.made += 1;
        format!("{MADE}{}", self.made)
    }

    fn take(&mut self, id: Option<&str>, name: &str) -> Option<String> {
        let by_id = id.and_then(|id| self.calls.iter().position(|(open, _)| open == id));
        let at = by_id.or_else(|| self.calls.iter().position(|(_, open)| open == name))?;
        self.calls.remove(at).map(|(id, _)| id)
    }
}

/// The parts that one JSON part of the model makes: its signature may stand for itself.
pub(super) fn model_part(part: &Value, make_id: impl FnOnce() -> String) -> Vec<Part> {
    let signature = super::part_signature(part);
    if let Some(call) = part.get("functionCall") {
        return vec![Part::ToolCall(ToolCall {
            id: filled(call, "id").map_or_else(make_id, str::to_owned),
            name: text(call, "name").unwrap_or_default().to_owned(),
            input: input_object(&call["args"]),
            signature,
        })];
    }
    let Some(said) = text(part, "text") else { return Vec::new() };
    let mut parts = Vec::new();
    if part["thought"].as_bool() == Some(true) {
        parts.push(Part::Thinking { text: said.to_owned(), signature });
        return parts;
    }
    if !said.is_empty() {
        parts.push(Part::Text(said.to_owned()));
    }
    if signature.is_some() {
        parts.push(Part::Thinking { text: String::new(), signature });
    }
    parts
}

fn user_part(part: &Value, open: &mut OpenCalls, messages: &mut Vec<Message>) -> Result<(), WireError> {
    if let Some(response) = part.get("functionResponse") {
        let name = text(response, "name").unwrap_or_default().to_owned();
        let id = filled(response, "id");
        let known = open.take(id, &name).or_else(|| id.map(str::to_owned));
        let (output, is_error) = output(&response["response"]);
        let content = if output.is_empty() { Vec::new() } else { vec![Part::Text(output)] };
        let id = known.unwrap_or_else(|| open.next_id());
        append(messages, Role::Tool, Part::ToolResult(ToolResult { id, name, is_error, content }));
    } else if let Some(data) = part.get("inlineData").or_else(|| part.get("inline_data")) {
        let media = text(data, "mimeType").or_else(|| text(data, "mime_type")).unwrap_or("image/png");
        let image =
            Image { media_type: media.to_owned(), data: text(data, "data").unwrap_or_default().to_owned() };
        append(messages, Role::User, Part::Image(image));
    } else if part.get("fileData").is_some() {
        return Err(WireError::bad("images can only be sent as base64 data, not by URL"));
    } else if let Some(said) = filled(part, "text") {
        append(messages, Role::User, Part::Text(said.to_owned()));
    }
    Ok(())
}

/// The text of a function's response, and whether it is an error.
fn output(response: &Value) -> (String, bool) {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match response {
        Value::Object(fields) if fields.len() == 1 => match fields.iter().next() {
            Some((key, value)) if key == "error" => (plain(value), true),
            Some((key, value)) if key == "output" || key == "result" => (plain(value), false),
            _ => (response.to_string(), false),
        },
        Value::Null => (String::new(), false),
        other => (plain(other), false),
    }
}

fn functions(tool: &Value) -> &[Value] {
    match items(tool, "functionDeclarations") {
        [] => items(tool, "function_declarations"),
        list => list,
    }
}

fn decode_function(value: &Value) -> Option<ToolSpec> {
    let parameters = value.get("parametersJsonSchema").or_else(|| value.get("parameters"));
    Some(ToolSpec {
        name: filled(value, "name")?.to_owned(),
        description: text(value, "description").unwrap_or_default().to_owned(),
        parameters: parameters
            .map_or_else(|| json!({"type": "object", "properties": {}}), schema::to_json_schema),
    })
}

fn effort(config: &Value) -> Option<Effort> {
    if let Some(level) = text(config, "thinkingLevel") {
        return level.to_lowercase().parse().ok();
    }
    match config["thinkingBudget"].as_u64()? {
        0 => None,
        1..2048 => Some(Effort::Minimal),
        2048..8192 => Some(Effort::Low),
        8192..24_576 => Some(Effort::Medium),
        _ => Some(Effort::High),
    }
}
