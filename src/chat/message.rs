//! One message and its parts.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who a message is from. The system prompt is not a message: it is part of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    User,
    Assistant,
    /// Results of the tool calls of the assistant message before it.
    Tool,
}

/// A message: its parts in the order in which they were said.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub role: Role,
    pub parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    Text(String),
    /// Reasoning. `signature` is what its provider wants back unchanged; the text may be empty where
    /// the provider hides it.
    Thinking {
        text: String,
        signature: Option<Signature>,
    },
    ToolCall(ToolCall),
    ToolResult(ToolResult),
    Image(Image),
}

/// A model's wish to run a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// Unique within the conversation.
    pub id: String,
    pub name: String,
    /// An object; a `Value::String` holds the raw text of arguments that were not valid JSON.
    pub input: Value,
    /// What the provider wants back with the call (Gemini's thought signature).
    pub signature: Option<Signature>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ToolResult {
    /// The id of the call that this answers.
    pub id: String,
    /// The name of the tool: Gemini answers by name.
    pub name: String,
    pub is_error: bool,
    /// Text and image parts only.
    pub content: Vec<Part>,
}

/// An image, by its bytes in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// For example `image/png`.
    pub media_type: String,
    /// Standard base64 with padding.
    pub data: String,
}

/// Opaque data that only the wire format that sent it understands. Never sent over another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Signature {
    pub wire: WireFormat,
    pub data: Value,
}

/// The wire formats that offshoot speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WireFormat {
    OpenaiChat,
    OpenaiResponses,
    Anthropic,
    Gemini,
}

/// A tool as a model is told of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolSpec {
    pub name: String,
    pub description: String,
    /// A JSON schema of type `object`.
    pub parameters: Value,
}

impl Message {
    pub fn user(text: impl Into<String>) -> Self {
        Self { role: Role::User, parts: vec![Part::Text(text.into())] }
    }

    pub fn assistant(text: impl Into<String>) -> Self {
        Self { role: Role::Assistant, parts: vec![Part::Text(text.into())] }
    }

    /// Results as one message, in the order of the calls.
    pub fn results(results: Vec<ToolResult>) -> Self {
        Self { role: Role::Tool, parts: results.into_iter().map(Part::ToolResult).collect() }
    }

    /// The text parts, joined by newlines.
    pub fn text(&self) -> String {
        join_text(&self.parts)
    }

    pub fn tool_calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.parts.iter().filter_map(|part| match part {
            Part::ToolCall(call) => Some(call),
            _ => None,
        })
    }

    pub fn tool_results(&self) -> impl Iterator<Item = &ToolResult> {
        self.parts.iter().filter_map(|part| match part {
            Part::ToolResult(result) => Some(result),
            _ => None,
        })
    }
}

impl ToolResult {
    /// A result that holds one text.
    pub fn text(call: &ToolCall, text: impl Into<String>, is_error: bool) -> Self {
        Self {
            id: call.id.clone(),
            name: call.name.clone(),
            is_error,
            content: vec![Part::Text(text.into())],
        }
    }

    /// The text parts, joined by newlines.
    pub fn content_text(&self) -> String {
        join_text(&self.content)
    }
}

fn join_text(parts: &[Part]) -> String {
    let texts: Vec<&str> = parts
        .iter()
        .filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    texts.join("\n")
}
