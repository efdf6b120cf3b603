//! What a CLI tells, made into entries of our conversation: answers with their tool calls, then the results of all of
//! these, as every provider wants it; whatever the order in which the CLI tells them.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use super::super::turn::Attempt;
use super::super::wording;
use super::super::{Agent, Failure};
use crate::agent::AgentEvent;
use crate::backends::cli::{CliEnd, ToolKind};
use crate::chat::{EntryKind, Message, Part, Role, StopReason, ToolCall, ToolResult, Usage};
use crate::git::CommitId;
use crate::tools::output::cap_text;

/// Characters of a result that stand for it in a row.
const SUMMARY: usize = 120;

/// What a run has told so far.
pub(super) struct Told {
    pub turn: u32,
    /// Where the next step goes on top.
    pub base: Option<CommitId>,
    pub first_heard: Option<Instant>,
    /// Of the run so far, as the CLI counts it.
    pub usage: Option<Usage>,
    /// It may only look: nothing of it is committed.
    read_only: bool,
    /// What is being said, and has not become an entry.
    open: Vec<Part>,
    /// The next text begins a message.
    is_ended: bool,
    /// The calls of the last answer, while results are missing.
    waiting: Vec<ToolCall>,
    kinds: HashMap<String, ToolKind>,
    results: HashMap<String, ToolResult>,
    /// The CLI's ids, and ours.
    ids: HashMap<String, String>,
    used: HashSet<String>,
    /// What the calls so far did, for the step's words.
    last_words: String,
}

impl Told {
    pub fn new(agent: &Agent, turn: u32, base: Option<CommitId>, read_only: bool) -> Self {
        let entries = agent.session.conversation.entries();
        let calls = entries.iter().filter_map(|entry| entry.kind.message()).flat_map(Message::tool_calls);
        Self {
            turn,
            base,
            first_heard: None,
            usage: None,
            read_only,
            open: Vec::new(),
            is_ended: false,
            waiting: Vec::new(),
            kinds: HashMap::new(),
            results: HashMap::new(),
            ids: HashMap::new(),
            used: calls.map(|call| call.id.clone()).collect(),
            last_words: String::new(),
        }
    }

    /// Takes in a piece of text, and gives it as it is to be shown: a message of its own begins in a new paragraph.
    pub fn text(&mut self, text: String) -> String {
        self.heard();
        let has_text = matches!(self.open.last(), Some(Part::Text(_)));
        let text = if std::mem::take(&mut self.is_ended) && has_text { format!("\n\n{text}") } else { text };
        match self.open.last_mut() {
            Some(Part::Text(open)) => open.push_str(&text),
            _ => self.open.push(Part::Text(text.clone())),
        }
        text
    }

    pub fn thinking(&mut self, text: &str) {
        self.heard();
        match self.open.last_mut() {
            Some(Part::Thinking { text: open, .. }) => open.push_str(text),
            _ => self.open.push(Part::Thinking { text: text.to_owned(), signature: None }),
        }
    }

    pub fn end_message(&mut self) {
        self.is_ended = true;
    }

    /// Takes in a call, and gives it with an id that is unique in the conversation.
    pub fn call(&mut self, mut call: ToolCall, kind: ToolKind) -> ToolCall {
        self.heard();
        let theirs = std::mem::take(&mut call.id);
        let wanted = if theirs.is_empty() { "call".to_owned() } else { theirs.clone() };
        call.id.clone_from(&wanted);
        let mut number = 2;
        while !self.used.insert(call.id.clone()) {
            call.id = format!("{wanted}_{number}");
            number += 1;
        }
        self.ids.insert(theirs, call.id.clone());
        self.kinds.insert(call.id.clone(), kind);
        self.open.push(Part::ToolCall(call.clone()));
        call
    }

    /// Our id of a call of the CLI's.
    pub fn known_id(&self, theirs: &str) -> Option<String> {
        self.ids.get(theirs).cloned()
    }

    /// Takes in a result, shows it, and puts on record and commits what is complete by it. One that belongs to no
    /// call is passed over.
    pub async fn result(
        &mut self,
        agent: &mut Agent,
        theirs: &str,
        is_error: bool,
        content: String,
        attempt: &mut Attempt,
    ) -> Result<(), Failure> {
        let Some(id) = self.known_id(theirs).filter(|id| !self.results.contains_key(id)) else {
            return Ok(());
        };
        let Some(call) = self.find(&id) else { return Ok(()) };
        attempt.watched.call(call.input.is_object(), is_error);
        let content = cap_text(&content, agent.tools.shell.cap).text;
        let result = ToolResult::text(&call, &content, is_error);
        agent.journal.result(&result, &agent.services.secrets)?;
        let event = AgentEvent::ToolResult {
            id: id.clone(),
            name: call.name.clone(),
            is_error,
            summary: summary(&content),
            content,
        };
        agent.emit(event).await;
        self.results.insert(id, result);
        self.settle(agent, attempt).await
    }

    /// Says what the CLI left open: its last words, and that some calls have no result.
    pub async fn finish(
        &mut self,
        agent: &mut Agent,
        attempt: &mut Attempt,
        end: &CliEnd,
    ) -> Result<(), Failure> {
        self.settle(agent, attempt).await?;
        let told = end.usage.or(self.usage);
        let usage = told.unwrap_or_default();
        let words = match &end.outcome {
            Ok(_) => "it told no result",
            Err(_) => "not told: the run ended before",
        };
        if !self.waiting.is_empty() {
            self.say_results(agent, words)?;
        }
        let open = std::mem::take(&mut self.open);
        if !open.is_empty() {
            let stop = end.outcome.as_ref().ok().copied().unwrap_or(StopReason::Interrupted);
            self.say_answer(agent, attempt, open, usage, Some(stop))?;
            if !self.waiting.is_empty() {
                self.say_results(agent, words)?;
            }
        }
        agent.count_hosted(attempt, told, end.cost_usd).await;
        agent.emit(AgentEvent::Context(agent.measure(attempt))).await;
        Ok(())
    }

    pub fn last_words(&self) -> String {
        self.last_words.clone()
    }

    fn heard(&mut self) {
        self.first_heard.get_or_insert_with(Instant::now);
    }

    fn find(&self, id: &str) -> Option<ToolCall> {
        let open = self.open.iter().filter_map(|part| match part {
            Part::ToolCall(call) => Some(call),
            _ => None,
        });
        open.chain(&self.waiting).find(|call| call.id == id).cloned()
    }

    /// As long as something is complete, it goes on record: an answer when one of its calls has a result, the
    /// results when all are there. Then what they changed is committed.
    async fn settle(&mut self, agent: &mut Agent, attempt: &mut Attempt) -> Result<(), Failure> {
        loop {
            if self.waiting.is_empty() {
                let has_result = self
                    .open
                    .iter()
                    .any(|part| matches!(part, Part::ToolCall(call) if self.results.contains_key(&call.id)));
                if !has_result {
                    return Ok(());
                }
                let open = std::mem::take(&mut self.open);
                self.say_answer(agent, attempt, open, Usage::default(), Some(StopReason::ToolUse))?;
            }
            if !self.waiting.iter().all(|call| self.results.contains_key(&call.id)) {
                return Ok(());
            }
            let changes = self.waiting.iter().any(|call| self.kinds.get(&call.id) != Some(&ToolKind::Read));
            let results = self.say_results(agent, "")?;
            if changes && !self.read_only {
                let summaries: Vec<String> =
                    results.iter().map(|result| summary(&result.content_text())).collect();
                let answer = Message { role: Role::Assistant, parts: vec![Part::Text(self.last_words())] };
                let words = wording::paragraph(&answer, &results, &summaries);
                agent.keep_hosted_step_here(self.turn, attempt, &mut self.base, words).await?;
            }
        }
    }

    fn say_answer(
        &mut self,
        agent: &mut Agent,
        attempt: &mut Attempt,
        parts: Vec<Part>,
        usage: Usage,
        stop: Option<StopReason>,
    ) -> Result<(), Failure> {
        let message = Message { role: Role::Assistant, parts };
        let text = message.text();
        attempt.output_length += text.len();
        self.last_words = text;
        self.waiting = message.tool_calls().cloned().collect();
        self.is_ended = false;
        agent.say(self.turn, EntryKind::Answer { message, by: attempt.voice(), usage, stop })
    }

    /// The results of the last answer's calls; `missing` stands for one that was not told.
    fn say_results(&mut self, agent: &mut Agent, missing: &str) -> Result<Vec<ToolResult>, Failure> {
        let results: Vec<ToolResult> = std::mem::take(&mut self.waiting)
            .iter()
            .map(|call| {
                self.results.remove(&call.id).unwrap_or_else(|| ToolResult::text(call, missing, true))
            })
            .collect();
        agent.say(self.turn, EntryKind::Results(Message::results(results.clone())))?;
        Ok(results)
    }
}

/// The first line of a result that says something.
fn summary(content: &str) -> String {
    let line = content.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    wording::fit(line, SUMMARY)
}
