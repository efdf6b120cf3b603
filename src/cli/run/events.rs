//! Events on their way out: one JSON line each, or lines for a person. What the model says goes to
//! standard output, everything else to standard error, so that runs compose in pipes.

use std::collections::HashMap;
use std::io::IsTerminal;

use super::json::Json;
use crate::agent::{AgentEvent, ApprovalState, EndReason, TurnEnd, VerifyState, fit};
use crate::chat::sanitise;
use crate::cli::args::Common;
use crate::cli::output::{self, Tone, toned_err};
use crate::cli::{Trouble, shown};
use crate::workbench::words::{self, count, describe, dollars, tokens};
use crate::workbench::{Event, EventKind, SetupEvent, ShellEnd, ShellEvent};

/// Shows the events of one session.
pub struct Printer {
    style: Style,
    session: String,
    branch: String,
    /// What was printed of the present line of an answer ends in the middle of it.
    mid_line: bool,
    /// Nobody reads standard output any more.
    unread: bool,
    /// How a running tool was announced, by its call's id.
    calls: HashMap<String, String>,
    /// What is being set up.
    doing: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Json,
    Quiet,
    /// A person looks on: answers are streamed as they come.
    Live,
    /// Standard output goes to a program: it gets the last answer alone.
    Piped,
}

impl Printer {
    pub fn new(common: &Common) -> Self {
        let style = if common.json {
            Style::Json
        } else if common.quiet {
            Style::Quiet
        } else if std::io::stdout().is_terminal() {
            Style::Live
        } else {
            Style::Piped
        };
        Self {
            style,
            session: String::new(),
            branch: String::new(),
            mid_line: false,
            unread: false,
            calls: HashMap::new(),
            doing: String::new(),
        }
    }

    pub fn show(&mut self, event: &Event) {
        if !event.session.is_empty() {
            self.session.clone_from(&event.session);
        }
        if let EventKind::Opened(opened) = &event.kind {
            self.branch.clone_from(&opened.branch);
        }
        match self.style {
            // A tab that could not be opened is told of at the end.
            _ if matches!(event.kind, EventKind::Failed(_)) && event.session.is_empty() => {}
            Style::Json => Json::of(event).iter().for_each(|line| self.print_json(line)),
            // What keeps a result from coming is told all the same.
            Style::Quiet => match &event.kind {
                EventKind::Failed(_) | EventKind::Agent(AgentEvent::Error(_)) => self.tell(event),
                EventKind::Agent(AgentEvent::Approval(asked)) if asked.decision == ApprovalState::Pending => {
                    self.tell(event);
                }
                _ => {}
            },
            Style::Live | Style::Piped => self.tell(event),
        }
    }

    /// The last words: the answer, and what the turn came to.
    pub fn end(&mut self, end: &TurnEnd) {
        match self.style {
            Style::Json => {
                self.print_json(&Json::end(self.session.clone(), self.branch.clone(), end));
            }
            Style::Quiet | Style::Piped if end.reason == EndReason::Done && !end.text.is_empty() => {
                self.print(&format!("{}\n", sanitise(&end.text)));
            }
            _ => {}
        }
        if matches!(self.style, Style::Live | Style::Piped) {
            self.end_line();
            let mut told = Vec::new();
            if end.reason == EndReason::Interrupted {
                told.push("interrupted".to_owned());
            }
            told.push(count(end.commits.len(), "step"));
            let used = end.usage.input + end.usage.cache_read + end.usage.cache_write;
            if used + end.usage.output > 0 {
                told.push(format!("{} in, {} out", tokens(used), tokens(end.usage.output)));
                told.push(dollars(end.cost_usd));
            }
            if !self.branch.is_empty() {
                told.push(format!("branch {}", self.branch));
            }
            output::told(&format!("{}\n", toned_err(&told.join(" · "), Tone::Quiet)));
        }
    }

    /// For a run that ends before a turn does.
    pub fn end_in_trouble(&mut self, trouble: &Trouble) {
        if self.style != Style::Json {
            return;
        }
        self.print_json(&Json::error(self.session.clone(), &trouble.failure()));
        let end = TurnEnd {
            outcome: crate::chat::Outcome::Error,
            reason: EndReason::Failed,
            text: String::new(),
            commits: Vec::new(),
            usage: crate::chat::Usage::default(),
            cost_usd: None,
        };
        self.print_json(&Json::end(self.session.clone(), self.branch.clone(), &end));
    }

    /// Whether standard output has lost its reader.
    pub fn is_unread(&self) -> bool {
        self.unread
    }

    fn print(&mut self, text: &str) {
        self.unread = self.unread || output::try_print(text).is_err();
    }

    fn print_json(&mut self, line: &Json) {
        self.print(&output::json_line(line));
    }

    fn tell(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Opened(opened) => {
                self.line(&toned_err(&opened.branch, Tone::Strong));
                self.line(&toned_err(&format!("in {}", shown(&opened.worktree)), Tone::Quiet));
                if let Some(recovered) = &opened.recovered {
                    self.line(&toned_err(&words::recovered(&opened.branch, recovered), Tone::Quiet));
                }
                for notice in &opened.notices {
                    self.line(&toned_err(&sanitise(notice), Tone::Quiet));
                }
            }
            EventKind::Agent(event) => self.tell_agent(event),
            EventKind::Failed(failure) => output::complain(&failure.clone().into()),
            EventKind::Committed { commit, stat, .. } => {
                self.line(&toned_err(&words::committed(commit, stat), Tone::Quiet));
            }
            EventKind::Dropped(prompts) => {
                for prompt in prompts {
                    self.line(&toned_err(&sanitise(&format!("not done: {prompt}")), Tone::Quiet));
                }
            }
            EventKind::Setup(SetupEvent::Notice(text)) => {
                self.line(&toned_err(&sanitise(text), Tone::Quiet));
            }
            EventKind::Setup(SetupEvent::Ended(end)) => {
                self.doing.clear();
                if let Some(failure) = end.failure() {
                    output::complain(&failure.into());
                }
            }
            // A line for each thing, not for each of its figures.
            EventKind::Setup(SetupEvent::Doing { what, .. }) if self.doing != *what => {
                self.doing.clone_from(what);
                self.line(&toned_err(&sanitise(&format!("setting up: {what}")), Tone::Quiet));
            }
            EventKind::Shell(ShellEvent::Ended { exit, text, .. }) if *exit != ShellEnd::Exited(0) => {
                self.line(&toned_err(&sanitise(text), Tone::Quiet));
            }
            // A run gives one order, and nobody moves, queues or changes anything meanwhile.
            EventKind::Setup(SetupEvent::Doing { .. })
            | EventKind::Queue(_)
            | EventKind::Permissions(_)
            | EventKind::Shell(_)
            | EventKind::Cleared { .. }
            | EventKind::Moved(_)
            | EventKind::Merging(_)
            | EventKind::Radar(_)
            | EventKind::Closed => {}
        }
    }

    fn tell_agent(&mut self, event: &AgentEvent) {
        match event {
            AgentEvent::Route(routed) => {
                let model =
                    if routed.model.is_empty() { String::new() } else { format!("/{}", routed.model) };
                let text = format!("→ {}{model} ({})", routed.decision.backend, routed.decision.reason);
                self.line(&toned_err(&sanitise(&text), Tone::Quiet));
            }
            AgentEvent::Fallback { from, to, message, .. } => {
                self.line(&toned_err(
                    &sanitise(&format!("{from} failed ({message}): on to {to}")),
                    Tone::Bad,
                ));
            }
            AgentEvent::Stuck(stuck) => self.line(&toned_err(&sanitise(&stuck.told()), Tone::Bad)),
            AgentEvent::Text(text) => self.stream(text),
            AgentEvent::Restarted => {
                self.line(&toned_err("… the answer broke off and begins anew", Tone::Quiet));
            }
            AgentEvent::ToolCall { id, name, input } => {
                self.calls.insert(id.clone(), describe(name, input));
            }
            AgentEvent::ToolResult { id, name, is_error, summary, .. } => {
                let call = self.calls.remove(id).unwrap_or_else(|| name.clone());
                let mark = if *is_error { toned_err("✗", Tone::Bad) } else { toned_err("✓", Tone::Good) };
                // A summary begins with what the call was about, unless it tells what went wrong.
                let told = match (summary.is_empty(), is_error) {
                    (true, _) => call,
                    (false, true) => format!("{call} · {}", fit(summary, 100)),
                    (false, false) => format!("{name} {}", fit(summary, 100)),
                };
                self.line(&format!("  {mark} {}", sanitise(&told)));
            }
            AgentEvent::Approval(approval) => {
                let what = describe(&approval.tool, &approval.input);
                let told = match approval.decision {
                    ApprovalState::Pending => format!("? {what} asks, because {}", approval.reason),
                    ApprovalState::Allowed => format!("  allowed: {what}"),
                    ApprovalState::Denied => format!("  denied: {what} ({})", approval.reason),
                };
                self.line(&sanitise(&told));
            }
            AgentEvent::Step(step) => {
                let text = format!(
                    "● {} {} · {} +{} -{}",
                    &step.commit[..10],
                    step.subject,
                    count(step.files, "file"),
                    step.insertions,
                    step.deletions
                );
                self.line(&toned_err(&sanitise(&text), Tone::Good));
            }
            AgentEvent::Verify { state, command, exit } => {
                let (word, tone) = match state {
                    VerifyState::Passed => ("passed", Tone::Good),
                    VerifyState::Failed => ("failed", Tone::Bad),
                    VerifyState::NotRun => ("not run", Tone::Bad),
                };
                let code = exit.map(|code| format!(" (exit code {code})")).unwrap_or_default();
                self.line(&toned_err(&sanitise(&format!("verification {word}: {command}{code}")), tone));
            }
            AgentEvent::Notice(message) => self.line(&toned_err(&sanitise(message), Tone::Quiet)),
            AgentEvent::Error(failure) => {
                self.end_line();
                output::complain(&failure.clone().into());
            }
            AgentEvent::TurnBegan { .. }
            | AgentEvent::Steered { .. }
            | AgentEvent::Edits(_)
            | AgentEvent::Context(_)
            | AgentEvent::Confidence(_)
            | AgentEvent::Model(_)
            | AgentEvent::TurnEnded(_)
            | AgentEvent::Thinking(_)
            | AgentEvent::ToolProgress { .. }
            | AgentEvent::Usage { .. } => {}
        }
    }

    fn stream(&mut self, text: &str) {
        if self.style != Style::Live {
            return;
        }
        let text = sanitise(text);
        self.print(&text);
        self.mid_line = !text.ends_with('\n');
    }

    fn line(&mut self, line: &str) {
        self.end_line();
        output::told(&format!("{line}\n"));
    }

    fn end_line(&mut self) {
        if self.mid_line {
            self.print("\n");
            self.mid_line = false;
        }
    }
}
