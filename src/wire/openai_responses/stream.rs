//! Streams of OpenAI responses.

use std::collections::HashMap;

use serde_json::Value;

use super::response::{is_refusal, item_parts};
use super::{signature, stop_reason, usage};
use crate::chat::{Certainty, Delta};
use crate::wire::json::{count, filled, items, logprobs, text};
use crate::wire::{Response, WireError};

#[derive(Debug, Clone, Default)]
pub(crate) struct Stream {
    /// What has been said of each output item so far.
    items: HashMap<u64, Item>,
    has_calls: bool,
    /// Of the tokens of its text so far.
    certainty: Option<Certainty>,
    refused: bool,
    done: bool,
}

#[derive(Debug, Clone, Default)]
struct Item {
    begun: bool,
    /// Whether fragments of its text or arguments came.
    fragments: bool,
    finished: bool,
}

impl Stream {
    pub(crate) fn is_done(&self) -> bool {
        self.done
    }

    pub(crate) fn event(&mut self, name: &str, data: &Value, out: &mut Vec<Delta>) -> Result<(), WireError> {
        let at = count(data, "output_index");
        match text(data, "type").unwrap_or(name) {
            "response.output_item.added" => self.begin(at, &data["item"], out),
            "response.output_text.delta" => {
                let sure = logprobs(&data["logprobs"]);
                self.certainty = self.certainty.into_iter().chain(sure).reduce(Certainty::join);
                self.said(at, data, out);
            }
            "response.refusal.delta" => {
                self.refused = true;
                self.said(at, data, out);
            }
            "response.reasoning_summary_part.added" if count(data, "summary_index") > 0 => {
                out.push(Delta::Thinking("\n\n".into()));
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                if let Some(thought) = filled(data, "delta") {
                    self.items.entry(at).or_default().fragments = true;
                    out.push(Delta::Thinking(thought.to_owned()));
                }
            }
            "response.function_call_arguments.delta" => {
                if let Some(json) = filled(data, "delta") {
                    self.items.entry(at).or_default().fragments = true;
                    out.push(Delta::ToolInput { index: index(at), json: json.to_owned() });
                }
            }
            "response.output_item.done" => self.close(at, &data["item"], out)?,
            "response.completed" | "response.incomplete" | "response.done" => {
                self.complete(&data["response"], out)?;
            }
            "response.failed" => return Err(failure(&data["response"])),
            "error" => return Err(failure(data)),
            _ => {
                if let Some(error) = WireError::from_body(None, data) {
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn begin(&mut self, at: u64, item: &Value, out: &mut Vec<Delta>) {
        if text(item, "type") != Some("function_call") {
            return;
        }
        // Servers that name the call only at its end say it all there.
        let Some(name) = filled(item, "name") else { return };
        let Some(id) = filled(item, "call_id").or_else(|| filled(item, "id")) else { return };
        self.has_calls = true;
        self.items.entry(at).or_default().begun = true;
        let (id, name) = (id.to_owned(), name.to_owned());
        out.push(Delta::ToolCall { index: index(at), id, name, signature: None });
    }

    fn said(&mut self, at: u64, data: &Value, out: &mut Vec<Delta>) {
        if let Some(said) = filled(data, "delta") {
            self.items.entry(at).or_default().fragments = true;
            out.push(Delta::Text(said.to_owned()));
        }
    }

    /// An item is complete: what its fragments have not said is said now.
    fn close(&mut self, at: u64, item: &Value, out: &mut Vec<Delta>) -> Result<(), WireError> {
        let state = self.items.entry(at).or_default();
        if std::mem::replace(&mut state.finished, true) {
            return Ok(());
        }
        let (begun, fragments) = (state.begun, state.fragments);
        self.refused |= is_refusal(item);
        match text(item, "type") {
            Some("function_call") => {
                if !begun {
                    self.begin(at, item, out);
                }
                if !fragments && let Some(json) = filled(item, "arguments") {
                    out.push(Delta::ToolInput { index: index(at), json: json.to_owned() });
                }
            }
            Some("reasoning") if fragments => out.extend(signature(item).map(Delta::Signature)),
            Some("reasoning" | "message") if !fragments => {
                let message =
                    crate::chat::Message { role: crate::chat::Role::Assistant, parts: item_parts(item)? };
                let whole = Response {
                    id: String::new(),
                    model: String::new(),
                    message,
                    usage: crate::chat::Usage::default(),
                    stop: None,
                };
                out.extend(whole.into_deltas().into_iter().filter(|delta| !matches!(delta, Delta::Usage(_))));
            }
            _ => {}
        }
        Ok(())
    }

    fn complete(&mut self, response: &Value, out: &mut Vec<Delta>) -> Result<(), WireError> {
        // A server that streams no items has them all here.
        for (at, item) in (0..).zip(items(response, "output")) {
            self.close(at, item, out)?;
        }
        if response["usage"].is_object() {
            out.push(Delta::Usage(usage(&response["usage"])));
        }
        out.extend(self.certainty.take().map(Delta::Certainty));
        out.push(Delta::Stop(stop_reason(response, self.has_calls, self.refused)));
        self.done = true;
        Ok(())
    }

    pub(crate) fn end(&self) -> Result<(), WireError> {
        if self.done { Ok(()) } else { Err(WireError::cut()) }
    }
}

fn failure(value: &Value) -> WireError {
    WireError::from_body(Some(400), value).unwrap_or_else(|| WireError::bad("the answer failed"))
}

fn index(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}
