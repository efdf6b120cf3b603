//! What a model streams, and how it becomes a message.

use serde_json::Value;

use super::{Certainty, Message, Part, Role, Signature, StopReason, ToolCall, Usage};

/// One piece of a streamed answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Delta {
    Text(String),
    Thinking(String),
    /// Closes the thinking part that is open; without one it stands as a thinking part without text
    /// (reasoning that the provider hides).
    Signature(Signature),
    /// A tool call begins. `index` tells the calls of one answer apart; names may repeat.
    ToolCall {
        index: usize,
        id: String,
        name: String,
        signature: Option<Signature>,
    },
    /// The next fragment of a call's arguments, as JSON text.
    ToolInput {
        index: usize,
        json: String,
    },
    /// Usage of this call so far. Each one replaces the one before.
    Usage(Usage),
    /// How sure the model was of its tokens: once, when all of them are known.
    Certainty(Certainty),
    Stop(StopReason),
}

/// Folds deltas into an assistant message.
#[derive(Debug, Clone, Default)]
pub struct Assembler {
    parts: Vec<Open>,
    usage: Usage,
    certainty: Option<Certainty>,
    stop: Option<StopReason>,
}

#[derive(Debug, Clone)]
enum Open {
    Part(Part),
    Call { index: usize, id: String, name: String, json: String, signature: Option<Signature> },
}

impl Assembler {
    pub fn push(&mut self, delta: Delta) {
        match delta {
            Delta::Text(text) => match self.parts.last_mut() {
                Some(Open::Part(Part::Text(open))) => open.push_str(&text),
                _ if text.is_empty() => {}
                _ => self.parts.push(Open::Part(Part::Text(text))),
            },
            Delta::Thinking(text) => match self.parts.last_mut() {
                Some(Open::Part(Part::Thinking { text: open, signature: None })) => open.push_str(&text),
                _ if text.is_empty() => {}
                _ => self.parts.push(Open::Part(Part::Thinking { text, signature: None })),
            },
            Delta::Signature(new) => match self.parts.last_mut() {
                Some(Open::Part(Part::Thinking { signature: open @ None, .. })) => *open = Some(new),
                _ => {
                    let part = Part::Thinking { text: String::new(), signature: Some(new) };
                    self.parts.push(Open::Part(part));
                }
            },
            Delta::ToolCall { index, id, name, signature } => {
                self.parts.push(Open::Call { index, id, name, json: String::new(), signature });
            }
            Delta::ToolInput { index: wanted, json: fragment } => {
                let call = self.parts.iter_mut().rev().find_map(|open| match open {
                    Open::Call { index, json, .. } if *index == wanted => Some(json),
                    _ => None,
                });
                if let Some(json) = call {
                    json.push_str(&fragment);
                }
            }
            Delta::Usage(usage) => self.usage = usage,
            Delta::Certainty(certainty) => self.certainty = Some(certainty),
            Delta::Stop(stop) => self.stop = Some(stop),
        }
    }

    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// How sure the model was of its tokens, where the server told.
    pub fn certainty(&self) -> Option<Certainty> {
        self.certainty
    }

    /// Why the model stopped; `None` while it has not said.
    pub fn stop(&self) -> Option<StopReason> {
        self.stop
    }

    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The whole message. Arguments that are not JSON are kept as they came, as a string.
    pub fn finish(self) -> Message {
        let parts = self.parts.into_iter().map(|open| match open {
            Open::Part(part) => part,
            Open::Call { id, name, json, signature, .. } => {
                Part::ToolCall(ToolCall { id, name, input: parse_input(json), signature })
            }
        });
        Message { role: Role::Assistant, parts: parts.collect() }
    }

    /// What can be kept of an answer that was cut off: calls whose arguments had not arrived in full
    /// are dropped, since nobody may run them.
    pub fn finish_interrupted(mut self) -> Message {
        self.parts.retain(|open| match open {
            Open::Part(_) => true,
            Open::Call { json, .. } => serde_json::from_str::<Value>(json).is_ok_and(|v| v.is_object()),
        });
        self.finish()
    }
}

fn parse_input(json: String) -> Value {
    if json.trim().is_empty() {
        return Value::Object(serde_json::Map::new());
    }
    serde_json::from_str(&json).unwrap_or(Value::String(json))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::chat::WireFormat;

    fn assemble(deltas: Vec<Delta>) -> Message {
        let mut assembler = Assembler::default();
        for delta in deltas {
            assembler.push(delta);
        }
        assembler.finish()
    }

    fn call(index: usize, id: &str) -> Delta {
        Delta::ToolCall { index, id: id.into(), name: "read".into(), signature: None }
    }

    fn input(index: usize, json: &str) -> Delta {
        Delta::ToolInput { index, json: json.into() }
    }

    #[test]
    fn parallel_calls_of_one_name_keep_their_own_arguments() {
        let message = assemble(vec![
            Delta::Text("look".into()),
            Delta::Text("ing".into()),
            call(0, "a"),
            call(1, "b"),
            input(1, r#"{"path":"#),
            input(0, r#"{"path":"x"}"#),
            input(1, r#""y"}"#),
        ]);
        let inputs: Vec<_> = message.tool_calls().map(|c| (c.id.as_str(), c.input.clone())).collect();
        assert_eq!(message.text(), "looking");
        assert_eq!(inputs, [("a", json!({"path": "x"})), ("b", json!({"path": "y"}))]);
    }

    #[test]
    fn a_signature_closes_the_thinking_it_belongs_to() {
        let sign =
            |data: &str| Delta::Signature(Signature { wire: WireFormat::Anthropic, data: data.into() });
        let message =
            assemble(vec![Delta::Thinking("a".into()), sign("1"), sign("2"), Delta::Thinking("b".into())]);
        let seen: Vec<_> = message
            .parts
            .iter()
            .map(|part| match part {
                Part::Thinking { text, signature } => (text.as_str(), signature.is_some()),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(seen, [("a", true), ("", true), ("b", false)]);
    }

    #[test]
    fn arguments_that_are_not_json_are_kept_as_they_came() {
        let message = assemble(vec![call(0, "a"), input(0, "{oops")]);
        assert_eq!(message.tool_calls().next().unwrap().input, json!("{oops"));
    }

    #[test]
    fn an_interrupted_answer_drops_calls_without_whole_arguments() {
        let mut assembler = Assembler::default();
        for delta in [Delta::Text("t".into()), call(0, "a"), input(0, "{}"), call(1, "b"), input(1, "{\"p")] {
            assembler.push(delta);
        }
        let ids: Vec<_> = assembler.finish_interrupted().tool_calls().map(|c| c.id.clone()).collect();
        assert_eq!(ids, ["a"]);
    }
}
