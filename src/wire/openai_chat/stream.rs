//! Streams of chat completions.

use std::collections::HashSet;

use serde_json::Value;

use crate::chat::{Certainty, Delta, Signature, StopReason, WireFormat};
use crate::wire::WireError;
use crate::wire::json::{filled, fit_id, input_object, items, logprobs, number};

#[derive(Debug, Clone, Default)]
pub(crate) struct Stream {
    id: String,
    calls: Vec<Call>,
    /// The field that the open reasoning came in.
    thinking: Option<&'static str>,
    /// Of the tokens so far.
    certainty: Option<Certainty>,
    refused: bool,
    stopped: bool,
    done: bool,
}

#[derive(Debug, Clone)]
struct Call {
    /// The server's index, which it may give to several calls.
    index: Option<u64>,
    server_id: Option<String>,
    id: String,
    /// Arguments so far: whole ones followed by a name mean another call.
    json: String,
}

impl Stream {
    pub(crate) fn is_done(&self) -> bool {
        self.done
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.done || self.stopped
    }

    pub(crate) fn mark_done(&mut self) {
        self.done = true;
    }

    pub(crate) fn chunk(&mut self, chunk: &Value, out: &mut Vec<Delta>) -> Result<(), WireError> {
        if let Some(error) = WireError::from_body(None, chunk) {
            return Err(error);
        }
        if let Some(id) = filled(chunk, "id")
            && self.id.is_empty()
        {
            id.clone_into(&mut self.id);
        }
        let choice = &chunk["choices"][0];
        // Some servers close the stream with a message instead of a delta.
        if let Some(delta) = choice.get("delta").or_else(|| choice.get("message")).filter(|d| d.is_object()) {
            self.delta(delta, out);
        }
        let sure = logprobs(&choice["logprobs"]["content"]);
        self.certainty = self.certainty.into_iter().chain(sure).reduce(Certainty::join);
        let usage = [&chunk["usage"], &choice["usage"], &chunk["x_groq"]["usage"]];
        if let Some(usage) = usage.into_iter().find(|usage| usage.is_object()) {
            out.push(Delta::Usage(super::usage(usage)));
        }
        if let Some(reason) = filled(choice, "finish_reason") {
            self.close_thinking(out);
            out.extend(self.certainty.take().map(Delta::Certainty));
            self.stopped = true;
            let stop = if self.refused {
                StopReason::Refusal
            } else {
                super::stop_reason(reason, !self.calls.is_empty())
            };
            out.push(Delta::Stop(stop));
        }
        Ok(())
    }

    fn delta(&mut self, delta: &Value, out: &mut Vec<Delta>) {
        let fields = ["reasoning_content", "reasoning"];
        if let Some((field, thought)) = fields.into_iter().find_map(|f| Some((f, filled(delta, f)?))) {
            self.thinking = Some(field);
            out.push(Delta::Thinking(thought.to_owned()));
        }
        match &delta["content"] {
            Value::String(said) if !said.is_empty() => self.text(said, out),
            Value::Array(parts) => {
                for said in parts.iter().filter_map(|part| filled(part, "text")) {
                    self.text(said, out);
                }
            }
            _ => {}
        }
        if let Some(refusal) = filled(delta, "refusal") {
            self.refused = true;
            self.text(refusal, out);
        }
        let mut named = HashSet::new();
        for fragment in items(delta, "tool_calls") {
            self.close_thinking(out);
            self.call(fragment, &mut named, out);
        }
    }

    fn text(&mut self, said: &str, out: &mut Vec<Delta>) {
        self.close_thinking(out);
        out.push(Delta::Text(said.to_owned()));
    }

    fn close_thinking(&mut self, out: &mut Vec<Delta>) {
        if let Some(field) = self.thinking.take() {
            out.push(Delta::Signature(Signature { wire: WireFormat::OpenaiChat, data: field.into() }));
        }
    }

    /// `named` holds the calls that earlier fragments of the same chunk began.
    fn call(&mut self, fragment: &Value, named: &mut HashSet<usize>, out: &mut Vec<Delta>) {
        let function = &fragment["function"];
        let name = filled(function, "name");
        let at = match (self.open_call(fragment, named), name) {
            (Some(at), _) => at,
            (None, Some(name)) => {
                let at = self.begin(fragment);
                named.insert(at);
                let id = self.calls[at].id.clone();
                out.push(Delta::ToolCall { index: at, id, name: name.to_owned(), signature: None });
                at
            }
            // A fragment of nothing we know.
            (None, None) => return,
        };
        let json = match &function["arguments"] {
            Value::String(json) => json.clone(),
            Value::Null => return,
            other => input_object(other).to_string(),
        };
        if !json.is_empty() {
            self.calls[at].json.push_str(&json);
            out.push(Delta::ToolInput { index: at, json });
        }
    }

    /// The call that a fragment continues; `None` when it begins one.
    fn open_call(&self, fragment: &Value, named: &HashSet<usize>) -> Option<usize> {
        let index = fragment.get("index").and_then(number);
        let id = filled(fragment, "id");
        let has_name = filled(&fragment["function"], "name").is_some();
        let at = match index {
            Some(_) => self.calls.iter().rposition(|call| call.index == index)?,
            None => match id {
                Some(id) => self.calls.iter().rposition(|call| call.server_id.as_deref() == Some(id))?,
                None => self.calls.len().checked_sub(1)?,
            },
        };
        let call = &self.calls[at];
        if !has_name {
            return Some(at);
        }
        // With a name it is the same call only if nothing says otherwise: another id, whole
        // arguments already, or a call of this very chunk at the same index.
        let other_id = matches!((id, &call.server_id), (Some(new), Some(old)) if new != old);
        let whole = serde_json::from_str::<Value>(&call.json).is_ok_and(|input| input.is_object());
        let same_id = id.is_some() && id == call.server_id.as_deref();
        let another = other_id || named.contains(&at) || (whole && !same_id);
        (!another).then_some(at)
    }

    fn begin(&mut self, fragment: &Value) -> usize {
        let at = self.calls.len();
        let server_id = filled(fragment, "id").map(str::to_owned);
        let taken = |id: &str| self.calls.iter().any(|call| call.id == id);
        let id = match &server_id {
            Some(id) if !taken(id) => id.clone(),
            _ => {
                if self.id.is_empty() {
                    self.id = ulid::Ulid::generate().to_string();
                }
                fit_id(&format!("call_{at}_{}", self.id), 40)
            }
        };
        let index = fragment.get("index").and_then(number);
        self.calls.push(Call { index, server_id, id, json: String::new() });
        at
    }

    pub(crate) fn end(&mut self, out: &mut Vec<Delta>) -> Result<(), WireError> {
        self.close_thinking(out);
        if self.stopped {
            return Ok(());
        }
        if !self.done {
            return Err(WireError::cut());
        }
        out.extend(self.certainty.take().map(Delta::Certainty));
        out.push(Delta::Stop(super::stop_reason("stop", !self.calls.is_empty())));
        Ok(())
    }
}
