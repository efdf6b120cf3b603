//! An entry as one line of JSON: the form in which commits and journals keep it. The names here are
//! read by other programs and by later versions of this one.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Entry, EntryKind, Image, Message, Part, Role, Setup, Signature, StopReason, ToolCall, ToolResult, Usage,
    Voice,
};

/// A line that cannot be read as an entry.
#[derive(Debug, thiserror::Error)]
#[error("not a conversation line: {0}")]
pub struct LineError(#[from] serde_json::Error);

/// The JSON of an entry. Every line begins with `{"role":`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "lowercase")]
pub enum Line {
    System {
        turn: u32,
        at: String,
        digest: String,
        backend: String,
        model: String,
        #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
        role_name: Option<String>,
        permissions: String,
        tools: Vec<String>,
    },
    User {
        turn: u32,
        at: String,
        #[serde(default, skip_serializing_if = "UserKind::is_prompt")]
        kind: UserKind,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base: Option<String>,
        content: Vec<Content>,
    },
    Assistant {
        turn: u32,
        at: String,
        backend: String,
        model: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stop: Option<StopReason>,
        #[serde(default, skip_serializing_if = "Usage::is_zero")]
        usage: Usage,
        content: Vec<Content>,
    },
    Tool {
        turn: u32,
        at: String,
        content: Vec<Content>,
    },
}

/// What a line from the user's side is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserKind {
    #[default]
    Prompt,
    Steer,
    Summary,
}

impl UserKind {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    fn is_prompt(&self) -> bool {
        *self == Self::Prompt
    }
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    Text {
        text: String,
    },
    Thinking {
        text: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<Signature>,
    },
    ToolCall {
        id: String,
        name: String,
        input: Value,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<Signature>,
    },
    ToolResult {
        id: String,
        name: String,
        #[serde(default)]
        is_error: bool,
        content: Vec<Content>,
    },
    Image(Image),
}

impl Line {
    /// # Errors
    /// When the text is not the JSON of an entry.
    pub fn parse(text: &str) -> Result<Entry, LineError> {
        Ok(serde_json::from_str::<Self>(text)?.into())
    }

    /// The line, without a newline at its end.
    pub fn write(entry: &Entry) -> String {
        serde_json::to_string(&Self::from(entry)).expect("strings and numbers always serialize")
    }
}

impl From<&Entry> for Line {
    fn from(entry: &Entry) -> Self {
        let (turn, at) = (entry.turn, entry.at.clone());
        let user = |kind, base: &Option<String>, message: &Message| Self::User {
            turn,
            at: entry.at.clone(),
            kind,
            base: base.clone(),
            content: contents(&message.parts),
        };
        match &entry.kind {
            EntryKind::Setup(setup) => Self::System {
                turn,
                at,
                digest: setup.digest.clone(),
                backend: setup.voice.backend.clone(),
                model: setup.voice.model.clone(),
                role_name: setup.role.clone(),
                permissions: setup.permissions.clone(),
                tools: setup.tools.clone(),
            },
            EntryKind::Prompt { message, base } => user(UserKind::Prompt, base, message),
            EntryKind::Steer(message) => user(UserKind::Steer, &None, message),
            EntryKind::Summary(message) => user(UserKind::Summary, &None, message),
            EntryKind::Answer { message, by, usage, stop } => Self::Assistant {
                turn,
                at,
                backend: by.backend.clone(),
                model: by.model.clone(),
                stop: *stop,
                usage: *usage,
                content: contents(&message.parts),
            },
            EntryKind::Results(message) => Self::Tool { turn, at, content: contents(&message.parts) },
        }
    }
}

impl From<Line> for Entry {
    fn from(line: Line) -> Self {
        match line {
            Line::System { turn, at, digest, backend, model, role_name, permissions, tools } => {
                let voice = Voice { backend, model };
                let setup = Setup { digest, voice, role: role_name, permissions, tools };
                Self { turn, at, kind: EntryKind::Setup(setup) }
            }
            Line::User { turn, at, kind, base, content } => {
                let message = message(Role::User, content);
                let kind = match kind {
                    UserKind::Prompt => EntryKind::Prompt { message, base },
                    UserKind::Steer => EntryKind::Steer(message),
                    UserKind::Summary => EntryKind::Summary(message),
                };
                Self { turn, at, kind }
            }
            Line::Assistant { turn, at, backend, model, stop, usage, content } => {
                let message = message(Role::Assistant, content);
                let by = Voice { backend, model };
                Self { turn, at, kind: EntryKind::Answer { message, by, usage, stop } }
            }
            Line::Tool { turn, at, content } => {
                Self { turn, at, kind: EntryKind::Results(message(Role::Tool, content)) }
            }
        }
    }
}

fn message(role: Role, content: Vec<Content>) -> Message {
    Message { role, parts: content.into_iter().map(Part::from).collect() }
}

fn contents(parts: &[Part]) -> Vec<Content> {
    parts.iter().map(Content::from).collect()
}

impl From<&Part> for Content {
    fn from(part: &Part) -> Self {
        match part {
            Part::Text(text) => Self::Text { text: text.clone() },
            Part::Thinking { text, signature } => {
                Self::Thinking { text: text.clone(), signature: signature.clone() }
            }
            Part::ToolCall(call) => Self::ToolCall {
                id: call.id.clone(),
                name: call.name.clone(),
                input: call.input.clone(),
                signature: call.signature.clone(),
            },
            Part::ToolResult(result) => Self::ToolResult {
                id: result.id.clone(),
                name: result.name.clone(),
                is_error: result.is_error,
                content: contents(&result.content),
            },
            Part::Image(image) => Self::Image(image.clone()),
        }
    }
}

impl From<Content> for Part {
    fn from(content: Content) -> Self {
        match content {
            Content::Text { text } => Self::Text(text),
            Content::Thinking { text, signature } => Self::Thinking { text, signature },
            Content::ToolCall { id, name, input, signature } => {
                Self::ToolCall(ToolCall { id, name, input, signature })
            }
            Content::ToolResult { id, name, is_error, content } => {
                let content = content.into_iter().map(Self::from).collect();
                Self::ToolResult(ToolResult { id, name, is_error, content })
            }
            Content::Image(image) => Self::Image(image),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back_to_the_byte() {
        let lines = [
            r#"{"role":"system","turn":1,"at":"2026-01-02T03:04:05Z","digest":"sha256:00","backend":"b","model":"m","permissions":"auto","tools":["read"]}"#,
            r#"{"role":"user","turn":1,"at":"2026-01-02T03:04:05Z","base":"abc","content":[{"type":"text","text":"a\nb \u0000 ```"}]}"#,
            r#"{"role":"user","turn":1,"at":"","kind":"steer","content":[{"type":"image","media_type":"image/png","data":"AA=="}]}"#,
            r#"{"role":"assistant","turn":1,"at":"","backend":"b","model":"m","stop":"tool_use","usage":{"input":1,"output":2,"cache_read":3,"cache_write":4,"reasoning":0},"content":[{"type":"thinking","text":"t","signature":{"wire":"gemini","data":"s"}},{"type":"tool_call","id":"1","name":"read","input":{"z":1,"a":[]}}]}"#,
            r#"{"role":"tool","turn":1,"at":"","content":[{"type":"tool_result","id":"1","name":"read","is_error":true,"content":[{"type":"text","text":"x"}]}]}"#,
        ];
        for line in lines {
            assert_eq!(Line::write(&Line::parse(line).unwrap()), line);
        }
    }

    #[test]
    fn a_line_of_another_kind_is_an_error() {
        assert!(Line::parse(r#"{"role":"oracle"}"#).is_err());
    }
}
