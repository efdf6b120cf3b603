//! Events on their way out: one JSON line each, or lines for a person. What the model says goes to
//! standard output, everything else to standard error, so that runs compose in pipes.

use std::collections::HashMap;
use std::io::IsTerminal;

use super::json::{Json, Line};
use crate::agent::{AgentEvent, ApprovalState, EndReason, Failure, TurnEnd, VerifyState, fit};
use crate::chat::sanitise;
use crate::cli::args::Common;
use crate::cli::output::{self, Tone, toned_err};
use crate::cli::{Trouble, shown};
use crate::workbench::words::{self, count, describe, dollars, tokens};
use crate::workbench::{Event, EventKind, Parentage, SetupEvent, ShellEnd, ShellEvent, TabId};

/// Shows the events of one session.
pub struct Printer {
    style: Style,
    session: String,
    branch: String,
    /// What was printed of the present line of an answer ends in the middle of it.
    mid_line: bool,
    /// Nobody reads standard output any more.
    unread: bool,
    /// What is being set up.
    doing: String,
    /// How a running tool was announced, by its tab and its call's id.
    calls: HashMap<(TabId, String), String>,
    /// The sub-agents, by their tabs.
    below: HashMap<TabId, Below>,
    /// Whose event is told.
    speaker: TabId,
    /// Whose line was the last one.
    told_last: TabId,
}

/// What is known of a sub-agent.
struct Below {
    parentage: Parentage,
    depth: usize,
    /// What it said since it was last told.
    said: String,
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
            below: HashMap::new(),
            speaker: TabId(0),
            told_last: TabId(0),
        }
    }

    pub fn show(&mut self, event: &Event) {
        self.speaker = event.tab;
        if let EventKind::Opened(opened) = &event.kind
            && let Some(parentage) = &opened.parent
        {
            let depth = self.below.get(&parentage.tab).map_or(0, |above| above.depth) + 1;
            let below = Below { parentage: parentage.clone(), depth, said: String::new() };
            self.below.insert(event.tab, below);
        }
        let is_below = self.below.contains_key(&event.tab);
        if !event.session.is_empty() && !is_below {
            self.session.clone_from(&event.session);
        }
        if let EventKind::Opened(opened) = &event.kind
            && !is_below
        {
            self.branch.clone_from(&opened.branch);
        }
        match self.style {
            // A tab that could not be opened is told of at the end.
            _ if matches!(event.kind, EventKind::Failed(_)) && event.session.is_empty() => {}
            Style::Json => Json::of(event).iter().for_each(|line| self.print_json(line)),
            // What keeps a result from coming is told all the same.
            Style::Quiet => match &event.kind {
                // Who started a sub-agent is told of what it failed at.
                EventKind::Failed(_) | EventKind::Agent(AgentEvent::Error(_)) if is_below => {}
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
                self.speaker = TabId(0);
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
        self.speaker = TabId(0);
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
        let parent = self.below.get(&self.speaker).map(|below| below.parentage.session.as_str());
        let line = output::json_line(&Line { event: line, parent });
        self.print(&line);
    }

    fn tell(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Opened(opened) => {
                if let Some(parentage) = &opened.parent {
                    let title = format!("↳ {} · {}", parentage.title, opened.branch);
                    self.told_last = self.speaker;
                    self.line(&toned_err(&sanitise(&title), Tone::Strong));
                    return;
                }
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
            EventKind::Failed(failure) => self.complain(failure),
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
            | EventKind::Amended(_)
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
                self.flush_said(true);
                self.calls.insert((self.speaker, id.clone()), describe(name, input));
            }
            AgentEvent::ToolResult { id, name, is_error, summary, .. } => {
                let call = self.calls.remove(&(self.speaker, id.clone())).unwrap_or_else(|| name.clone());
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
            AgentEvent::Error(failure) => self.complain(failure),
            AgentEvent::TurnEnded(_) => self.flush_said(true),
            AgentEvent::Child(_)
            | AgentEvent::TurnBegan { .. }
            | AgentEvent::Steered { .. }
            | AgentEvent::Edits(_)
            | AgentEvent::Context(_)
            | AgentEvent::Confidence(_)
            | AgentEvent::Model(_)
            | AgentEvent::Thinking(_)
            | AgentEvent::ToolProgress { .. }
            | AgentEvent::Usage { .. } => {}
        }
    }

    fn stream(&mut self, text: &str) {
        if self.style != Style::Live {
            return;
        }
        if let Some(below) = self.below.get_mut(&self.speaker) {
            below.said.push_str(text);
            self.flush_said(false);
            return;
        }
        let text = sanitise(text);
        self.print(&text);
        self.mid_line = !text.ends_with('\n');
    }

    /// What a sub-agent said is told by whole lines: several may speak at once.
    fn flush_said(&mut self, is_end: bool) {
        let Some(below) = self.below.get_mut(&self.speaker) else { return };
        let whole = if is_end { below.said.len() } else { below.said.rfind('\n').map_or(0, |at| at + 1) };
        let said: String = below.said.drain(..whole).collect();
        for line in said.lines() {
            self.line(&toned_err(&sanitise(line), Tone::Quiet));
        }
    }

    fn complain(&mut self, failure: &Failure) {
        if self.below.contains_key(&self.speaker) {
            self.line(&format!("{} {}", toned_err("error:", Tone::Bad), sanitise(&failure.message)));
            return;
        }
        self.end_line();
        output::complain(&failure.clone().into());
    }

    fn line(&mut self, line: &str) {
        self.end_line();
        let depth = self.below.get(&self.speaker).map_or(0, |below| below.depth);
        let was_other = std::mem::replace(&mut self.told_last, self.speaker) != self.speaker;
        if let Some(below) = self.below.get(&self.speaker).filter(|_| was_other) {
            // Several may work at once: each says again who it is.
            let title = toned_err(&sanitise(&format!("↳ {}", below.parentage.title)), Tone::Quiet);
            output::told(&format!("{}{title}\n", "  ".repeat(depth)));
        }
        output::told(&format!("{}{line}\n", "  ".repeat(depth)));
    }

    fn end_line(&mut self) {
        if self.mid_line {
            self.print("\n");
            self.mid_line = false;
        }
    }
}
