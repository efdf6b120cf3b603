//! The tool calls of a turn. An agent tells of one in pieces: first that there will be one, then its input, its
//! output, its end, sometimes in another order. Here the pieces are put together to one `ToolCall` and one
//! `ToolResult` each.

use agent_client_protocol_schema::v1::{
    ContentBlock, Meta, ToolCallContent, ToolCallLocation, ToolCallStatus, ToolCallUpdate, ToolKind as Kind,
};
use serde_json::{Value, json};

use super::change;
use crate::backends::cli::{CliEvent, ToolKind};
use crate::chat::ToolCall;

#[derive(Default)]
pub(super) struct Calls {
    list: Vec<Call>,
    /// See [`Acp::edits`](crate::backends::cli::profile::Acp::edits).
    edits: Vec<String>,
}

struct Call {
    id: String,
    title: String,
    name: Option<String>,
    kind: Kind,
    input: Option<Value>,
    output: Option<Value>,
    content: Vec<ToolCallContent>,
    places: Vec<ToolCallLocation>,
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// Not told yet, because its input may still come.
    Held,
    /// Not told, and it has no leave to run: only if something more is told of it.
    Refused,
    /// Told, with this much of its output.
    Open {
        shown: String,
    },
    Over,
}

/// Calls at once, each with what it holds. No agent has so many; one that says so is not kept in memory.
const MOST_OPEN: usize = 128;
/// Calls that are remembered after their end, so that what is told of them late is not another call.
const MOST_OVER: usize = 1024;

impl Calls {
    pub fn new(edits: Vec<String>) -> Self {
        Self { list: Vec::new(), edits }
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Takes up what was told of a call, in whichever piece.
    pub fn tell(&mut self, told: ToolCallUpdate, events: &mut Vec<CliEvent>) {
        let status = told.fields.status;
        let Some(index) = self.merge(told) else { return };
        let call = &mut self.list[index];
        if call.state == State::Over {
            return;
        }
        let runs = matches!(
            status,
            Some(ToolCallStatus::InProgress | ToolCallStatus::Completed | ToolCallStatus::Failed)
        );
        let is_known = call.state == State::Held && call.input.as_ref().is_some_and(is_telling);
        if is_known || runs && matches!(call.state, State::Held | State::Refused) {
            call.open(&self.edits, events);
        }
        match status {
            Some(ToolCallStatus::Completed | ToolCallStatus::Failed) => {
                call.close(status == Some(ToolCallStatus::Failed), events);
            }
            _ => call.show_output(events),
        }
    }

    /// Takes up what was told of a call in a question for leave, and gives the call as a person should see it.
    pub fn asked(&mut self, told: ToolCallUpdate) -> Option<(ToolCall, ToolKind)> {
        let index = self.merge(told)?;
        let call = &self.list[index];
        Some((call.shown(), call.kind_of(&self.edits)))
    }

    /// A call that was held back has its leave, and runs.
    pub fn runs(&mut self, id: &str, events: &mut Vec<CliEvent>) {
        if let Some(call) = self.list.iter_mut().find(|call| call.id == id && call.state == State::Held) {
            call.open(&self.edits, events);
        }
    }

    /// A call that was held back has no leave.
    pub fn refused(&mut self, id: &str) {
        if let Some(call) = self.list.iter_mut().find(|call| call.id == id && call.state == State::Held) {
            call.state = State::Refused;
        }
    }

    /// The model went on: what is held back will get no more input.
    pub fn flush(&mut self, events: &mut Vec<CliEvent>) {
        for call in self.list.iter_mut().filter(|call| call.state == State::Held) {
            call.open(&self.edits, events);
        }
    }

    /// Where the call is; `None` for one too many.
    fn merge(&mut self, told: ToolCallUpdate) -> Option<usize> {
        let id = told.tool_call_id.to_string();
        if let Some(index) = self.list.iter().rposition(|call| call.id == id) {
            if self.list[index].state != State::Over {
                self.list[index].merge(told);
            }
            return Some(index);
        }
        if self.list.len() >= MOST_OVER {
            let over = self.list.iter().position(|call| call.state == State::Over);
            self.list.remove(over?);
        }
        if self.list.iter().filter(|call| call.state != State::Over).count() >= MOST_OPEN {
            return None;
        }
        let mut call = Call::new(id);
        call.merge(told);
        self.list.push(call);
        Some(self.list.len() - 1)
    }
}

impl Call {
    fn new(id: String) -> Self {
        Self {
            id,
            title: String::new(),
            name: None,
            kind: Kind::Other,
            input: None,
            output: None,
            content: Vec::new(),
            places: Vec::new(),
            state: State::Held,
        }
    }

    fn merge(&mut self, told: ToolCallUpdate) {
        let fields = told.fields;
        if let Some(title) = fields.title.filter(|title| !title.is_empty()) {
            self.title = title;
        }
        let name = fields.name.or_else(|| tool_name(told.meta.as_ref()?, 3));
        // The first title may be the name, and later ones something for people.
        let named = name.or_else(|| self.name.take()).or_else(|| self.name_in_title());
        self.name = named;
        // What is not told comes as "other" too.
        if let Some(kind) = fields.kind.filter(|kind| *kind != Kind::Other) {
            self.kind = kind;
        }
        if let Some(input) = fields.raw_input.filter(|input| !is_nothing(input)) {
            self.input = Some(input);
        }
        if let Some(output) = fields.raw_output.filter(|output| !is_nothing(output)) {
            self.output = Some(output);
        }
        // An empty list at the end takes nothing back that was shown before.
        if let Some(content) = fields.content.filter(|content| !content.is_empty()) {
            self.content = content;
        }
        if let Some(places) = fields.locations.filter(|places| !places.is_empty()) {
            self.places = places;
        }
    }

    fn open(&mut self, edits: &[String], events: &mut Vec<CliEvent>) {
        self.state = State::Open { shown: String::new() };
        events.push(CliEvent::ToolCall { call: self.shown(), kind: self.kind_of(edits) });
    }

    /// The new part of the output so far. Content is told anew each time; what does not go on from what was shown
    /// waits for the end.
    fn show_output(&mut self, events: &mut Vec<CliEvent>) {
        let State::Open { shown } = &mut self.state else { return };
        let text = said(&self.content);
        if let Some(new) = text.strip_prefix(shown.as_str()).filter(|new| !new.is_empty()) {
            events.push(CliEvent::ToolOutput { id: self.id.clone(), text: new.to_owned() });
            *shown = text;
        }
    }

    fn close(&mut self, is_error: bool, events: &mut Vec<CliEvent>) {
        let content = self.words().unwrap_or_else(|| if is_error { String::new() } else { self.changes() });
        events.push(CliEvent::ToolResult { id: self.id.clone(), is_error, content });
        self.state = State::Over;
        // Whole files may be in there.
        (self.input, self.output) = (None, None);
        (self.content, self.places) = (Vec::new(), Vec::new());
    }

    fn shown(&self) -> ToolCall {
        ToolCall {
            id: self.id.clone(),
            name: self.name.clone().unwrap_or_else(|| self.kind_name().to_owned()),
            input: self.input.clone().unwrap_or_else(|| self.input_from_rest()),
            signature: None,
        }
    }

    /// Titles are for people, but some are the tool's name, or begin with it.
    fn name_in_title(&self) -> Option<String> {
        let word = self.title.split([':', '·', ' ']).next().unwrap_or_default();
        let rest = self.title[word.len()..].trim_start();
        let is_name =
            !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        (is_name && (rest.is_empty() || rest.starts_with([':', '·']))).then(|| word.to_owned())
    }

    fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Read => "read",
            Kind::Edit => "edit",
            Kind::Delete => "delete",
            Kind::Move => "move",
            Kind::Search => "search",
            Kind::Execute => "execute",
            Kind::Think => "think",
            Kind::Fetch => "fetch",
            Kind::SwitchMode => "switch_mode",
            _ => "tool",
        }
    }

    fn input_from_rest(&self) -> Value {
        let mut input = json!({});
        if !self.title.is_empty() {
            input["title"] = self.title.clone().into();
        }
        let changed = self.content.iter().find_map(|content| match content {
            ToolCallContent::Diff(diff) => Some(&diff.path),
            _ => None,
        });
        if let Some(path) = self.places.first().map(|place| &place.path).or(changed) {
            input["path"] = path.to_string_lossy().into();
        }
        input
    }

    fn kind_of(&self, edits: &[String]) -> ToolKind {
        let changes = self.content.iter().any(|content| matches!(content, ToolCallContent::Diff(_)));
        match self.kind {
            Kind::Edit | Kind::Delete | Kind::Move => ToolKind::Edit,
            _ if changes => ToolKind::Edit,
            Kind::Read | Kind::Search | Kind::Think | Kind::Fetch => ToolKind::Read,
            Kind::Other if self.name.as_ref().is_some_and(|name| edits.contains(name)) => ToolKind::Edit,
            _ => ToolKind::Other,
        }
    }

    /// What it gave back, in words.
    fn words(&self) -> Option<String> {
        let text = said(&self.content);
        if text.is_empty() { self.output.as_ref().and_then(output_text) } else { Some(text) }
    }

    /// What it changed. Of a call that failed it is only what it would have changed.
    fn changes(&self) -> String {
        let diffs = self.content.iter().filter_map(|content| match content {
            ToolCallContent::Diff(diff) => Some(change::describe(diff)),
            _ => None,
        });
        diffs.collect::<Vec<_>>().join("\n")
    }
}

/// The text among the content of a call.
fn said(content: &[ToolCallContent]) -> String {
    let mut text = String::new();
    for part in content {
        let ToolCallContent::Content(part) = part else { continue };
        if !text.is_empty() {
            text.push('\n');
        }
        match &part.content {
            ContentBlock::Text(block) => text.push_str(&block.text),
            ContentBlock::ResourceLink(link) => text.push_str(&link.uri),
            ContentBlock::Image(_) => text.push_str("[image]"),
            ContentBlock::Audio(_) => text.push_str("[audio]"),
            _ => {}
        }
    }
    text
}

/// The words in what a tool gave back, whose form each agent chooses.
fn output_text(output: &Value) -> Option<String> {
    const NAMES: [&str; 9] = [
        "formatted_output",
        "aggregated_output",
        "output",
        "result",
        "text",
        "content",
        "stdout",
        "message",
        "error",
    ];
    match output {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => {
            let texts: Vec<&str> = parts.iter().filter_map(|part| part["text"].as_str()).collect();
            (!texts.is_empty()).then(|| texts.join("\n"))
        }
        Value::Object(fields) => {
            NAMES.iter().find_map(|name| fields.get(*name)?.as_str().map(ToOwned::to_owned))
        }
        _ => None,
    }
}

/// Where the protocol had no place for the name of a tool, agents put it in their extension of it.
fn tool_name(meta: &Meta, depth: u8) -> Option<String> {
    if let Some(name) = meta.get("toolName").and_then(Value::as_str) {
        return Some(name.to_owned());
    }
    let depth = depth.checked_sub(1)?;
    meta.values().filter_map(Value::as_object).find_map(|inner| tool_name(inner, depth))
}

/// Whether an input tells what the call will do. Some agents tell where it will be done long before.
fn is_telling(input: &Value) -> bool {
    input.as_object().is_none_or(|fields| fields.keys().any(|name| name != "cwd"))
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}
