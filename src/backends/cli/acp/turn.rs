//! One turn of an agent: from our prompt to its answer. What it tells in between becomes events; what it asks waits
//! for an answer. Sends nothing by itself: what is to be sent is handed back.

use agent_client_protocol_schema::v1::{
    ContentBlock, ContentChunk, MessageId, PermissionOption, PermissionOptionKind, RequestId,
    RequestPermissionOutcome, RequestPermissionRequest, RequestPermissionResponse, SelectedPermissionOutcome,
    SessionUpdate, StopReason as Stop,
};
use serde_json::Value;

use super::calls::Calls;
use super::client::Out;
use super::failure::Names;
use super::meter::{Bill, Meter};
use super::rpc;
use crate::backends::BackendError;
use crate::backends::cli::profile::Acp;
use crate::backends::cli::{CliEvent, Resume, ToolKind};
use crate::chat::{StopReason, ToolCall};
use crate::config::PermissionMode;

pub(super) struct Turn {
    permissions: PermissionMode,
    calls: Calls,
    questions: Vec<Question>,
    speech: Speech,
    meter: Meter,
    /// Something was refused, by us or by the user.
    refused: bool,
}

/// A question for leave that has no answer yet.
struct Question {
    request: RequestId,
    options: Vec<PermissionOption>,
    call: String,
}

/// What the agent says.
struct Speech {
    message: Option<MessageId>,
    /// Whether something of the message was said.
    begun: bool,
    /// Whether anything was said or thought in this turn.
    any: bool,
    /// The beginning of the last message, as far as it is needed to tell a failure from an answer.
    beginning: String,
    failures: Vec<String>,
}

/// Questions at once. One too many is answered as if the turn were cancelled.
const QUESTIONS: usize = 32;
/// Of a message that is really a failure, so much is kept for its words.
const FAILURE: usize = 2000;

impl Turn {
    pub fn new(permissions: PermissionMode, profile: &Acp, resume: Option<Resume>) -> Self {
        Self {
            permissions,
            calls: Calls::new(profile.edits.clone()),
            questions: Vec::new(),
            speech: Speech::new(profile.failures.clone()),
            meter: Meter::new(profile.usage, resume),
            refused: false,
        }
    }

    pub fn update(&mut self, update: SessionUpdate, events: &mut Vec<CliEvent>) {
        match update {
            SessionUpdate::AgentMessageChunk(chunk) => {
                let usage = self.meter.beside(chunk.meta.as_ref());
                self.say(chunk, CliEvent::Text, events);
                events.extend(usage.map(CliEvent::Usage));
            }
            SessionUpdate::AgentThoughtChunk(chunk) => self.say(chunk, CliEvent::Thinking, events),
            SessionUpdate::ToolCall(call) => self.calls.tell(call.into(), events),
            SessionUpdate::ToolCallUpdate(call) => self.calls.tell(call, events),
            SessionUpdate::UsageUpdate(update) => self.meter.update(&update),
            // Its plan is for its own user interface, its commands, modes and titles are none of ours.
            _ => {}
        }
    }

    /// The agent asks for leave. Without the right to change anything there is nothing to ask a person about.
    pub fn permission(&mut self, request: RequestId, asked: RequestPermissionRequest, out: &mut Out) {
        let call_id = asked.tool_call.tool_call_id.to_string();
        let asked_of = self.calls.asked(asked.tool_call).filter(|_| self.questions.len() < QUESTIONS);
        let Some((call, kind)) = asked_of else {
            let cancelled = RequestPermissionResponse::new(RequestPermissionOutcome::Cancelled);
            return out.lines.push(rpc::answer(&request, &cancelled));
        };
        let id = request.to_string();
        self.questions.push(Question { request, options: asked.options, call: call_id });
        if self.permissions == PermissionMode::ReadOnly && kind != ToolKind::Read {
            out.events
                .push(CliEvent::Notice(format!("not allowed, because this is read-only: {}", name(&call))));
            self.answer(&id, false, out);
        } else {
            out.events.push(CliEvent::Permission { id, call, kind });
        }
    }

    /// The answer to a question. One that nobody asked, or that has its answer, changes nothing.
    pub fn answer(&mut self, id: &str, allow: bool, out: &mut Out) {
        let Some(index) = self.questions.iter().position(|question| question.request.to_string() == id)
        else {
            return;
        };
        let question = self.questions.remove(index);
        let outcome = question.outcome(allow);
        let allowed = allow && outcome != RequestPermissionOutcome::Cancelled;
        out.lines.push(rpc::answer(&question.request, &RequestPermissionResponse::new(outcome)));
        if allowed {
            self.calls.runs(&question.call, &mut out.events);
        } else {
            self.calls.refused(&question.call);
            self.refused = true;
        }
    }

    /// The turn is being cancelled: so are the questions.
    pub fn cancel(&mut self, out: &mut Out) {
        for question in self.questions.drain(..) {
            let outcome = RequestPermissionResponse::new(RequestPermissionOutcome::Cancelled);
            out.lines.push(rpc::answer(&question.request, &outcome));
        }
    }

    /// The agent answered the prompt: its turn is over.
    pub fn end(
        &mut self,
        answer: &Value,
        names: &Names,
        events: &mut Vec<CliEvent>,
    ) -> Result<StopReason, BackendError> {
        self.calls.flush(events);
        if let Some(words) = self.speech.failure() {
            return Err(names.told(words));
        }
        // A reason of a later version is an end as well.
        let stop = serde_json::from_value(answer["stopReason"].clone()).unwrap_or(Stop::EndTurn);
        let nothing = !self.speech.any && self.calls.is_empty();
        match stop {
            Stop::MaxTokens => Ok(StopReason::MaxTokens),
            Stop::Refusal => Ok(StopReason::Refusal),
            Stop::MaxTurnRequests => Err(names.too_many_calls()),
            // Many agents end their turn when they are refused something.
            Stop::Cancelled if !self.refused => Err(names.gave_up()),
            _ if nothing && !self.refused => Err(names.empty()),
            _ => Ok(StopReason::End),
        }
    }

    /// `answer` is that to the prompt, or `Value::Null`.
    pub fn bill(&self, answer: &Value) -> Bill {
        self.meter.bill(answer, !self.calls.is_empty())
    }

    fn say(&mut self, chunk: ContentChunk, event: fn(String) -> CliEvent, events: &mut Vec<CliEvent>) {
        let ContentBlock::Text(block) = chunk.content else { return };
        if block.text.is_empty() {
            return;
        }
        self.calls.flush(events);
        let event = event(block.text);
        self.speech.take(chunk.message_id, &event, events);
        events.push(event);
    }
}

impl Question {
    /// The narrowest of the answers that the agent offers: what is allowed once is asked again.
    fn outcome(&self, allow: bool) -> RequestPermissionOutcome {
        use PermissionOptionKind::{AllowAlways, AllowOnce, RejectAlways, RejectOnce};
        let wanted = if allow { [AllowOnce, AllowAlways] } else { [RejectOnce, RejectAlways] };
        let found = wanted.iter().find_map(|kind| self.options.iter().find(|option| option.kind == *kind));
        match found {
            Some(option) => {
                RequestPermissionOutcome::Selected(SelectedPermissionOutcome::new(option.option_id.clone()))
            }
            None => RequestPermissionOutcome::Cancelled,
        }
    }
}

impl Speech {
    fn new(failures: Vec<String>) -> Self {
        Self { message: None, begun: false, any: false, beginning: String::new(), failures }
    }

    fn take(&mut self, message: Option<MessageId>, event: &CliEvent, events: &mut Vec<CliEvent>) {
        if message.is_some() && message != self.message {
            if self.begun {
                events.push(CliEvent::Break);
            }
            self.message = message;
            self.begun = false;
            self.beginning.clear();
        }
        self.begun = true;
        self.any = true;
        if let CliEvent::Text(text) = event
            && !self.failures.is_empty()
            && self.beginning.len() < FAILURE
        {
            self.beginning.push_str(text);
        }
    }

    /// The last message, if it was really a failure.
    fn failure(&self) -> Option<&str> {
        let words = self.beginning.trim_start();
        self.failures.iter().any(|failure| words.starts_with(failure)).then_some(words)
    }
}

fn name(call: &ToolCall) -> String {
    match call.input["title"].as_str().or(call.input["path"].as_str()).or(call.input["command"].as_str()) {
        Some(what) => format!("{} ({what})", call.name),
        None => call.name.clone(),
    }
}
