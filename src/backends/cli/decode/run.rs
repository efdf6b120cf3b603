//! What every decoder keeps of a run: what was said last, which tool calls are open, what failed. It sees to it
//! that messages are told apart, that ids are unique, that a denial is spoken of, and that a failure has its class.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::backends::BackendError;
use crate::chat::{StopReason, ToolCall, Usage};

use super::super::event::{CliEvent, Exit, ToolKind};
use super::failure::{Cli, Complaint, one_line};
use super::tokens::since;
use super::{Decoded, RunFacts, words};

#[derive(Debug)]
pub(super) struct Run {
    cli: Cli,
    facts: RunFacts,
    session: Option<String>,
    model: Option<String>,
    /// What was said since the last `Break`.
    said: Said,
    /// Whether the model said anything at all.
    spoke: bool,
    calls: Calls,
    /// Calls whose denial was told.
    denied: HashSet<String>,
    /// The last failure that nothing made good since.
    failure: Option<BackendError>,
    /// Why the CLI last tried again, for a run that ends without saying why.
    retry: Option<BackendError>,
    attempt: u32,
}

#[derive(Debug, Default)]
struct Said {
    text: bool,
    thinking: bool,
}

/// The tool calls of a run.
#[derive(Debug, Default)]
struct Calls {
    /// By the id of the CLI's.
    open: HashMap<String, Open>,
    /// Every id that was ever told, with how many calls the CLI gave it to.
    used: HashMap<String, u32>,
}

#[derive(Debug)]
struct Open {
    id: String,
    name: String,
}

/// What a run came to by its own words.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ending {
    /// It said that it was done.
    Stopped(StopReason),
    /// This CLI has no word for the end: an exit without an error is a good end when it said something.
    Silent,
    /// The word for the end did not come.
    Missing,
}

impl Run {
    pub fn new(cli: Cli, facts: RunFacts) -> Self {
        Self {
            cli,
            facts,
            session: None,
            model: None,
            said: Said::default(),
            spoke: false,
            calls: Calls::default(),
            denied: HashSet::new(),
            failure: None,
            retry: None,
            attempt: 0,
        }
    }

    /// Told when it is another one than before.
    pub fn session(&mut self, id: Option<&str>, events: &mut Vec<CliEvent>) {
        if let Some(id) = id.filter(|id| self.session.as_deref() != Some(*id)) {
            self.session = Some(id.to_owned());
            events.push(CliEvent::Session(id.to_owned()));
        }
    }

    /// Told when it is another one than before.
    pub fn model(&mut self, name: Option<&str>, events: &mut Vec<CliEvent>) {
        if let Some(name) = name.filter(|name| self.model.as_deref() != Some(*name)) {
            self.model = Some(name.to_owned());
            events.push(CliEvent::Model(name.to_owned()));
        }
    }

    /// Text begins that is not the rest of text that was being said.
    pub fn begin_text(&mut self, events: &mut Vec<CliEvent>) {
        if self.said.text {
            self.next_message(events);
        }
    }

    /// Thinking begins. It stands before the text of its message, so after any text it is of the next one.
    pub fn begin_thinking(&mut self, events: &mut Vec<CliEvent>) {
        self.next_message(events);
    }

    /// What comes next is another message.
    pub fn next_message(&mut self, events: &mut Vec<CliEvent>) {
        if self.said.text || self.said.thinking {
            events.push(CliEvent::Break);
            self.said = Said::default();
        }
    }

    /// A piece of text.
    pub fn text(&mut self, piece: &str, events: &mut Vec<CliEvent>) {
        if !piece.is_empty() {
            self.said.text = true;
            self.spoke = true;
            self.attempt = 0;
            events.push(CliEvent::Text(piece.to_owned()));
        }
    }

    /// A piece of thinking.
    pub fn thinking(&mut self, piece: &str, events: &mut Vec<CliEvent>) {
        if !piece.is_empty() {
            self.said.thinking = true;
            events.push(CliEvent::Thinking(piece.to_owned()));
        }
    }

    pub fn whole_text(&mut self, text: &str, events: &mut Vec<CliEvent>) {
        if !text.is_empty() {
            self.begin_text(events);
            self.text(text, events);
        }
    }

    pub fn whole_thinking(&mut self, text: &str, events: &mut Vec<CliEvent>) {
        if !text.is_empty() {
            self.begin_thinking(events);
            self.thinking(text, events);
        }
    }

    /// Whether text of the message that is being said was told.
    pub fn is_saying(&self) -> bool {
        self.said.text
    }

    /// Whether any text was told.
    pub fn spoke(&self) -> bool {
        self.spoke
    }

    /// A tool call. One that is open already is not told again.
    pub fn call(&mut self, id: &str, name: &str, input: Value, kind: ToolKind, events: &mut Vec<CliEvent>) {
        let Some(id) = self.calls.open(id, name) else { return };
        self.attempt = 0;
        let call = ToolCall { id, name: name.to_owned(), input, signature: None };
        events.push(CliEvent::ToolCall { call, kind });
    }

    /// The end of a tool call. Of a call that nobody knows nothing is told.
    pub fn result(&mut self, id: &str, is_error: bool, content: String, events: &mut Vec<CliEvent>) {
        let Some(call) = self.calls.open.remove(id) else { return };
        if is_error && words::is_denial(&content) {
            self.denied(id, &call.name, &content, events);
        }
        events.push(CliEvent::ToolResult { id: call.id, is_error, content });
    }

    /// Leave for a tool call was not given. Told once for each call.
    pub fn denied(&mut self, id: &str, name: &str, why: &str, events: &mut Vec<CliEvent>) {
        if self.denied.insert(id.to_owned()) {
            let cli = self.cli.name;
            let name = if name.is_empty() { "a tool" } else { name };
            let why = one_line(why);
            let why = if why.is_empty() { why } else { format!(": {why}") };
            notice(&format!("{cli} was not allowed to use {name}{why}"), events);
        }
    }

    pub fn was_denied(&self) -> bool {
        !self.denied.is_empty()
    }

    /// The CLI tries again. Without a number of its own it is one more than the last.
    pub fn retry(&mut self, attempt: Option<u32>, complaint: Complaint<'_>, events: &mut Vec<CliEvent>) {
        let error = self.cli.failure(&self.facts.backend, complaint);
        self.attempt = attempt.unwrap_or(self.attempt.saturating_add(1)).max(1);
        let (class, message) = (error.class, one_line(complaint.words));
        events.push(CliEvent::Retry { attempt: self.attempt, class, message });
        self.retry = Some(error);
    }

    /// Something failed for good, unless [`Run::recovered`] says otherwise. Better words replace worse ones.
    pub fn fail(&mut self, complaint: Complaint<'_>) {
        let worse = complaint.known_class().is_none() && self.failure.is_some();
        if !worse {
            self.failure = Some(self.cli.failure(&self.facts.backend, complaint));
        }
    }

    pub fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// It went on after what had failed.
    pub fn recovered(&mut self) {
        self.failure = None;
    }

    /// The end of a run of a CLI that counts for each run alone. No tokens at all means that it did not count.
    pub fn end_counting(
        &mut self,
        ending: Ending,
        exit: Exit,
        stderr: &str,
        usage: Option<Usage>,
    ) -> Decoded {
        let usage = usage.filter(|usage| !usage.is_zero());
        Decoded { usage, ..self.end(ending, exit, stderr) }
    }

    /// The end of a run of a CLI that counts over its whole session: `total` is what it said last.
    pub fn end_cumulative(
        &mut self,
        ending: Ending,
        exit: Exit,
        stderr: &str,
        total: Option<Usage>,
    ) -> Decoded {
        let total = total.filter(|total| !total.is_zero());
        let usage = total.map(|total| since(total, self.facts.counted)).filter(|usage| !usage.is_zero());
        Decoded { usage, counted: total.or(self.facts.counted), ..self.end(ending, exit, stderr) }
    }

    /// The end. What failed counts more than any word for the end, and that more than the exit code.
    fn end(&mut self, ending: Ending, exit: Exit, stderr: &str) -> Decoded {
        let outcome = match (self.failure.take(), ending) {
            (Some(failure), _) => Err(failure),
            (None, Ending::Stopped(reason)) => Ok(reason),
            (None, Ending::Silent) if exit == Exit::Code(0) && self.did_something() => Ok(StopReason::End),
            (None, Ending::Silent | Ending::Missing) => Err(self.unexplained(exit, stderr)),
        };
        Decoded { outcome, usage: None, counted: None, cost_usd: None }
    }

    pub fn did_something(&self) -> bool {
        self.spoke || !self.calls.used.is_empty()
    }

    /// A run that ended without saying why: what it last tried again for, or what it left on standard error.
    fn unexplained(&mut self, exit: Exit, stderr: &str) -> BackendError {
        let last = || words::last_line(stderr).filter(|_| exit != Exit::Code(0)).map(str::to_owned);
        let told = words::error_in(stderr).or_else(last).unwrap_or_default();
        let class = Complaint::of(&told).known_class();
        // What it says when it tries again stands on standard error as well, with other words around it.
        if let Some(retry) = self.retry.take().filter(|retry| class.is_none_or(|class| class == retry.class))
        {
            return retry;
        }
        let cli = self.cli.name;
        let words = match (class, told.is_empty()) {
            (Some(_), _) => told,
            (None, false) => format!("{cli} ended with {exit}: {told}"),
            (None, true) => format!("{cli} ended with {exit} and no result"),
        };
        self.cli.failure(&self.facts.backend, Complaint::of(&words))
    }
}

impl Calls {
    /// The id that a new call is known by, unless it is open already.
    fn open(&mut self, theirs: &str, name: &str) -> Option<String> {
        if self.open.contains_key(theirs) {
            return None;
        }
        let base = if theirs.is_empty() { "call" } else { theirs };
        let mut id = base.to_owned();
        while self.used.contains_key(&id) {
            let number = self.used.entry(base.to_owned()).or_insert(1);
            *number = number.saturating_add(1);
            id = format!("{base}-{number}");
        }
        self.used.insert(id.clone(), 1);
        self.open.insert(theirs.to_owned(), Open { id: id.clone(), name: name.to_owned() });
        Some(id)
    }
}

/// Words of a CLI that are worth showing.
pub(super) fn notice(words: &str, events: &mut Vec<CliEvent>) {
    let words = one_line(words);
    if !words.is_empty() {
        events.push(CliEvent::Notice(words));
    }
}

/// The kind of a tool, by the names of those that only look and of those that change files.
pub(super) fn kind_of(name: &str, reads: &[&str], edits: &[&str]) -> ToolKind {
    match name {
        name if reads.contains(&name) => ToolKind::Read,
        name if edits.contains(&name) => ToolKind::Edit,
        _ => ToolKind::Other,
    }
}
