//! A whole answer, in no wire's terms.

use crate::chat::{Assembler, Delta, Message, Part, StopReason, Usage};

/// An answer that is complete.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// The provider's id of the answer; empty when it gave none.
    pub id: String,
    pub model: String,
    pub message: Message,
    pub usage: Usage,
    pub stop: Option<StopReason>,
}

impl Response {
    /// What deltas add up to.
    pub(super) fn assemble(id: &str, model: &str, deltas: Vec<Delta>) -> Self {
        let mut assembler = Assembler::default();
        for delta in deltas {
            assembler.push(delta);
        }
        let (usage, stop) = (assembler.usage(), assembler.stop());
        Self { id: id.to_owned(), model: model.to_owned(), message: assembler.finish(), usage, stop }
    }

    /// The deltas that a stream of this answer would have had.
    pub fn into_deltas(self) -> Vec<Delta> {
        let mut deltas = Vec::new();
        for (index, part) in self.message.parts.into_iter().enumerate() {
            match part {
                Part::Text(text) => deltas.push(Delta::Text(text)),
                Part::Thinking { text, signature } => {
                    if !text.is_empty() {
                        deltas.push(Delta::Thinking(text));
                    }
                    deltas.extend(signature.map(Delta::Signature));
                }
                Part::ToolCall(call) => {
                    let json = match call.input {
                        serde_json::Value::String(raw) => raw,
                        other => other.to_string(),
                    };
                    let (id, name, signature) = (call.id, call.name, call.signature);
                    deltas.push(Delta::ToolCall { index, id, name, signature });
                    deltas.push(Delta::ToolInput { index, json });
                }
                Part::ToolResult(_) | Part::Image(_) => {}
            }
        }
        deltas.push(Delta::Usage(self.usage));
        deltas.extend(self.stop.map(Delta::Stop));
        deltas
    }
}
