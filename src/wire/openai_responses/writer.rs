//! Streams of OpenAI responses, as we serve them.

use serde_json::{Value, json};

use super::reasoning_item;
use super::response::{call_item, message_item, object};
use crate::chat::{Delta, Signature, StopReason, Usage, WireFormat};
use crate::wire::{WireError, openai_chat, sse};

#[derive(Debug)]
pub(crate) struct Writer {
    id: String,
    model: String,
    begun: bool,
    sequence: u64,
    /// Output items, finished or open, in their order.
    items: Vec<Item>,
    usage: Usage,
    stop: Option<StopReason>,
}

#[derive(Debug)]
struct Item {
    kind: Kind,
    /// Its text, or the arguments of a call.
    text: String,
    open: bool,
}

#[derive(Debug)]
enum Kind {
    Message,
    Reasoning(Option<Signature>),
    Call { index: usize, id: String, name: String },
}

impl Writer {
    pub(crate) fn new(id: &str, model: &str) -> Self {
        let (id, model) = (id.to_owned(), model.to_owned());
        Self { id, model, begun: false, sequence: 0, items: Vec::new(), usage: Usage::default(), stop: None }
    }

    pub(crate) fn push(&mut self, delta: &Delta) -> Vec<u8> {
        let mut out = Vec::new();
        match delta {
            Delta::Usage(usage) => self.usage = *usage,
            Delta::Stop(stop) => self.stop = Some(*stop),
            Delta::Certainty(_) => {}
            Delta::Text(text) => {
                let at = self.ensure(|kind| matches!(kind, Kind::Message), || Kind::Message, &mut out);
                self.items[at].text.push_str(text);
                self.emit(
                    json!({"type": "response.output_text.delta", "item_id": format!("msg_{at}"),
                        "output_index": at, "content_index": 0, "delta": text}),
                    &mut out,
                );
            }
            Delta::Thinking(text) => {
                let at = self.ensure_reasoning(&mut out);
                self.items[at].text.push_str(text);
                self.emit(
                    json!({"type": "response.reasoning_summary_text.delta", "item_id": format!("rs_{at}"),
                        "output_index": at, "summary_index": 0, "delta": text}),
                    &mut out,
                );
            }
            Delta::Signature(new) => {
                let ours = new.wire == WireFormat::OpenaiResponses;
                if ours
                    || matches!(self.items.last(), Some(Item { kind: Kind::Reasoning(_), open: true, .. }))
                {
                    let at = self.ensure_reasoning(&mut out);
                    self.items[at].kind = Kind::Reasoning(ours.then(|| new.clone()));
                    self.close(at, &mut out);
                }
            }
            Delta::ToolCall { index, id, name, .. } => {
                self.close_text(&mut out);
                let kind = Kind::Call { index: *index, id: id.clone(), name: name.clone() };
                self.begin(kind, &mut out);
            }
            Delta::ToolInput { index, json } => {
                let wanted = |item: &Item| matches!(&item.kind, Kind::Call { index: i, .. } if i == index);
                if let Some(at) = self.items.iter().rposition(wanted) {
                    self.items[at].text.push_str(json);
                    self.emit(
                        json!({"type": "response.function_call_arguments.delta",
                            "item_id": format!("fc_{at}"), "output_index": at, "delta": json}),
                        &mut out,
                    );
                }
            }
        }
        out
    }

    fn ensure_reasoning(&mut self, out: &mut Vec<u8>) -> usize {
        self.ensure(|kind| matches!(kind, Kind::Reasoning(_)), || Kind::Reasoning(None), out)
    }

    /// The open item at the end when it is of the kind, else a new one.
    fn ensure(&mut self, is: fn(&Kind) -> bool, new: fn() -> Kind, out: &mut Vec<u8>) -> usize {
        match self.items.last() {
            Some(item) if item.open && is(&item.kind) => self.items.len() - 1,
            _ => {
                self.close_text(out);
                self.begin(new(), out)
            }
        }
    }

    fn begin(&mut self, kind: Kind, out: &mut Vec<u8>) -> usize {
        self.start(out);
        let at = self.items.len();
        let (mut item, part) = match &kind {
            Kind::Message => {
                let part = json!({"type": "response.content_part.added", "item_id": format!("msg_{at}"),
                    "output_index": at, "content_index": 0,
                    "part": {"type": "output_text", "text": "", "annotations": []}});
                (message_item(at, ""), Some(part))
            }
            Kind::Reasoning(_) => {
                let part = json!({"type": "response.reasoning_summary_part.added",
                    "item_id": format!("rs_{at}"), "output_index": at, "summary_index": 0,
                    "part": {"type": "summary_text", "text": ""}});
                (json!({"type": "reasoning", "id": format!("rs_{at}"), "summary": []}), Some(part))
            }
            Kind::Call { id, name, .. } => (call_item(at, id, name, ""), None),
        };
        item["status"] = "in_progress".into();
        if let Kind::Message = kind {
            item["content"] = json!([]);
        }
        self.emit(json!({"type": "response.output_item.added", "output_index": at, "item": item}), out);
        if let Some(part) = part {
            self.emit(part, out);
        }
        self.items.push(Item { kind, text: String::new(), open: true });
        at
    }

    /// Closes the text or reasoning that is open at the end. Calls stay open: their arguments may
    /// come interleaved.
    fn close_text(&mut self, out: &mut Vec<u8>) {
        if let Some(last) = self.items.last()
            && last.open
            && !matches!(last.kind, Kind::Call { .. })
        {
            self.close(self.items.len() - 1, out);
        }
    }

    fn close(&mut self, at: usize, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.items[at].open, false) {
            return;
        }
        let text = self.items[at].text.clone();
        let event = match &self.items[at].kind {
            Kind::Message => json!({"type": "response.output_text.done", "item_id": format!("msg_{at}"),
                "output_index": at, "content_index": 0, "text": text}),
            Kind::Reasoning(_) => json!({"type": "response.reasoning_summary_text.done",
                "item_id": format!("rs_{at}"), "output_index": at, "summary_index": 0, "text": text}),
            Kind::Call { .. } => json!({"type": "response.function_call_arguments.done",
                "item_id": format!("fc_{at}"), "output_index": at, "arguments": text}),
        };
        self.emit(event, out);
        let item = self.whole(at);
        self.emit(json!({"type": "response.output_item.done", "output_index": at, "item": item}), out);
    }

    fn whole(&self, at: usize) -> Value {
        let Item { kind, text, .. } = &self.items[at];
        match kind {
            Kind::Message => message_item(at, text),
            Kind::Reasoning(Some(signature)) => reasoning_item(text, signature),
            Kind::Reasoning(None) => json!({"type": "reasoning", "id": format!("rs_{at}"),
                "summary": [{"type": "summary_text", "text": text}]}),
            Kind::Call { id, name, .. } => call_item(at, id, name, text),
        }
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        let mut response = object(&self.id, &self.model, &[], Usage::default(), StopReason::End);
        response["status"] = "in_progress".into();
        response["usage"] = Value::Null;
        self.emit(json!({"type": "response.created", "response": response}), out);
        self.emit(json!({"type": "response.in_progress", "response": response}), out);
    }

    fn emit(&mut self, mut event: Value, out: &mut Vec<u8>) {
        event["sequence_number"] = self.sequence.into();
        self.sequence += 1;
        out.extend(sse::write(event["type"].as_str().unwrap_or_default(), &event.to_string()));
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        let mut out = Vec::new();
        self.start(&mut out);
        for at in 0..self.items.len() {
            self.close(at, &mut out);
        }
        let output: Vec<Value> = (0..self.items.len()).map(|at| self.whole(at)).collect();
        let stop = self.stop.unwrap_or(StopReason::End);
        let response = object(&self.id, &self.model, &output, self.usage, stop);
        let name =
            if response["status"] == "incomplete" { "response.incomplete" } else { "response.completed" };
        self.emit(json!({"type": name, "response": response}), &mut out);
        out
    }

    pub(crate) fn fail(mut self, error: &WireError) -> Vec<u8> {
        let mut out = Vec::new();
        let mut response = object(&self.id, &self.model, &[], self.usage, StopReason::End);
        let inner = &openai_chat::encode_error(error)["error"];
        response["status"] = "failed".into();
        let code = inner["code"].as_str().unwrap_or("server_error");
        response["error"] = json!({"code": code, "message": error.message});
        self.emit(json!({"type": "response.failed", "response": response}), &mut out);
        out
    }
}
