//! What the workbench tells and what is looked up, made small: the agents, repositories and backends that
//! tests play.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::studio::Studio;
use crate::agent::{
    AgentEvent, Approval, ApprovalState, ContextPart, ContextUse, EndReason, Failure, Routed, StepTaken,
    TurnEnd, VerifyState,
};
use crate::backends::health::HealthState;
use crate::chat::{Conversation, ErrorClass, Outcome, Usage};
use crate::config::{BackendKind, PermissionMode};
use crate::git::{ChangeKind, DiffStat, FileChange};
use crate::routing::{Confidence, Decision, Rejected, Signal};
use crate::tui::app::facts::Facts;
use crate::tui::message::{Loaded, Message};
use crate::workbench::radar::{Clash, ConflictKind, Other};
use crate::workbench::state::{BackendLine, LastError};
use crate::workbench::{Audience, Event, EventKind, History, Opened, Queued, ShellEnd, ShellEvent, TabId};

/// Of a tab: what its agent and its session tell.
pub struct Teller<'a> {
    studio: &'a mut Studio,
    place: usize,
    /// Without a frame after each event.
    unseen: bool,
}

impl<'a> Teller<'a> {
    pub fn new(studio: &'a mut Studio, place: usize) -> Self {
        Self { studio, place, unseen: false }
    }

    /// What follows is not painted at once.
    pub fn unseen(self) -> Self {
        Self { unseen: true, ..self }
    }

    fn take(&mut self, message: Message) {
        self.studio.take_unseen(message);
        if !self.unseen {
            self.studio.frame();
        }
    }

    pub fn tells(mut self, kind: EventKind) -> Self {
        let tab = &self.studio.app.tabs[self.place];
        let session =
            tab.session.as_ref().map_or_else(|| format!("S{}", tab.id.0), |session| session.id.clone());
        let tab = tab.id;
        self.take(Message::Workbench(Event { tab, session, kind }));
        self
    }

    pub fn does(self, event: AgentEvent) -> Self {
        self.tells(EventKind::Agent(event))
    }

    pub fn id(&self) -> TabId {
        self.studio.app.tabs[self.place].id
    }

    fn turn(&self) -> u32 {
        self.studio.app.tabs[self.place].turn
    }

    /// Its session is open, on `offshoot/<branch>`.
    pub fn opens(self, branch: &str) -> Self {
        let opened = opened(branch);
        self.tells(EventKind::Opened(Box::new(opened)))
    }

    /// The user's next turn begins.
    pub fn begins(self, prompt: &str) -> Self {
        let turn = self.turn() + 1;
        self.does(AgentEvent::TurnBegan { turn, prompt: prompt.to_owned() })
    }

    pub fn goes_to(self, backend: &str, model: &str, reason: &str) -> Self {
        self.does(AgentEvent::Route(routed(backend, model, reason)))
    }

    pub fn says(self, text: &str) -> Self {
        self.does(AgentEvent::Text(text.to_owned()))
    }

    pub fn thinks(self, text: &str) -> Self {
        self.does(AgentEvent::Thinking(text.to_owned()))
    }

    pub fn calls(self, id: &str, name: &str, input: Value) -> Self {
        self.does(AgentEvent::ToolCall { id: id.to_owned(), name: name.to_owned(), input })
    }

    pub fn prints(self, id: &str, text: &str) -> Self {
        self.does(AgentEvent::ToolProgress { id: id.to_owned(), text: text.to_owned() })
    }

    pub fn gets(self, id: &str, summary: &str, content: &str) -> Self {
        self.does(AgentEvent::ToolResult {
            id: id.to_owned(),
            name: String::new(),
            is_error: false,
            summary: summary.to_owned(),
            content: content.to_owned(),
        })
    }

    pub fn fails_at(self, id: &str, summary: &str) -> Self {
        self.does(AgentEvent::ToolResult {
            id: id.to_owned(),
            name: String::new(),
            is_error: true,
            summary: summary.to_owned(),
            content: summary.to_owned(),
        })
    }

    /// A step is committed: files, lines added, lines removed.
    pub fn commits(self, hash: &str, subject: &str, counts: (usize, usize, usize)) -> Self {
        let turn = self.turn();
        self.does(AgentEvent::Step(StepTaken {
            commit: hash.to_owned(),
            turn,
            step: 1,
            subject: subject.to_owned(),
            files: counts.0,
            insertions: counts.1,
            deletions: counts.2,
        }))
    }

    pub fn asks(self, id: &str, tool: &str, input: Value, reason: &str) -> Self {
        self.does(AgentEvent::Approval(Approval {
            id: id.to_owned(),
            tool: tool.to_owned(),
            input,
            reason: reason.to_owned(),
            decision: ApprovalState::Pending,
        }))
    }

    pub fn fails(self, message: &str, hint: &str) -> Self {
        self.does(AgentEvent::Error(Failure::new(ErrorClass::Unreachable, message).hint(hint)))
    }

    pub fn falls_back(self, from: &str, to: &str, message: &str) -> Self {
        self.does(AgentEvent::Fallback {
            from: from.to_owned(),
            to: to.to_owned(),
            error_class: ErrorClass::Unreachable,
            message: message.to_owned(),
        })
    }

    pub fn verifies(self, state: VerifyState, command: &str, exit: Option<i32>) -> Self {
        self.does(AgentEvent::Verify { state, command: command.to_owned(), exit })
    }

    /// It used so many tokens, for so much; so much of its window is full.
    pub fn uses(self, input: u64, output: u64, cost_usd: Option<f64>) -> Self {
        let usage = Usage { input, output, ..Usage::default() };
        let parts = vec![
            (ContextPart::System, 2_400),
            (ContextPart::Tools, 3_100),
            (ContextPart::User, 300),
            (ContextPart::ToolResults, input.saturating_sub(5_800)),
        ];
        let context = ContextUse { used: input + output, window: Some(32_000), parts };
        self.does(AgentEvent::Usage { usage, cost_usd }).does(AgentEvent::Context(context))
    }

    pub fn ends(self, reason: EndReason) -> Self {
        let tab = &self.studio.app.tabs[self.place];
        let commits = tab.last_step.iter().map(|step| step.commit.clone()).collect();
        let end = TurnEnd {
            outcome: if reason == EndReason::Done { Outcome::Ok } else { Outcome::Error },
            reason,
            text: String::new(),
            commits,
            usage: tab.usage,
            cost_usd: tab.cost,
        };
        self.does(AgentEvent::TurnEnded(end))
    }

    pub fn has_in_line(self, prompts: &[&str]) -> Self {
        let queue =
            (1..).zip(prompts).map(|(id, prompt)| Queued { id, prompt: (*prompt).to_owned() }).collect();
        self.tells(EventKind::Queue(queue))
    }

    /// The user's own command runs.
    pub fn runs(self, id: u64, command: &str, audience: Audience) -> Self {
        self.tells(EventKind::Shell(ShellEvent::Began { id, command: command.to_owned(), audience }))
    }

    pub fn outputs(self, id: u64, text: &str) -> Self {
        self.tells(EventKind::Shell(ShellEvent::Output { id, text: text.to_owned(), dropped: 0 }))
    }

    pub fn exits(self, id: u64, code: i32, text: &str) -> Self {
        let (exit, text) = (ShellEnd::Exited(code), text.to_owned());
        self.tells(EventKind::Shell(ShellEvent::Ended { id, exit, text, offered: true, elapsed_ms: 1_234 }))
    }

    /// Its branch changes these files: lines added, lines removed.
    pub fn changes(mut self, files: &[(&str, usize, usize)]) -> Self {
        let tab = self.id();
        self.take(Message::Loaded(Loaded::Changes { tab, changes: Ok(stat(files)) }));
        self
    }

    pub fn conflicts_in(self, paths: &[&str]) -> Self {
        self.clashes(Other::Base("main".to_owned()), paths)
    }

    pub fn clashes(self, with: Other, paths: &[&str]) -> Self {
        let paths = paths.iter().map(|path| ((*path).to_owned(), ConflictKind::BothChanged)).collect();
        self.tells(EventKind::Radar(vec![Clash { with, paths }]))
    }
}

pub fn facts() -> Facts {
    Facts {
        repository: "parser".to_owned(),
        checkout: PathBuf::from("/home/ada/parser"),
        folder: PathBuf::from("/home/ada/parser"),
        exports: PathBuf::from("/home/ada/.local/share/offshoot/exports"),
        user_branch: Some("main".to_owned()),
        threshold: 0.6,
        roles: ["coding", "debug", "review"].map(str::to_owned).into(),
        ..Facts::default()
    }
}

pub fn up(id: &str) -> BackendLine {
    BackendLine {
        id: id.to_owned(),
        kind: BackendKind::OpenaiChat,
        local: true,
        model: Some("qwen3-coder".to_owned()),
        state: HealthState::Up,
        retry_in_ms: 0,
        failures: 0,
        last_error: None,
        latencies_ms: vec![310, 290, 420, 380, 900, 350],
        missing: None,
    }
}

pub fn without_key(id: &str) -> BackendLine {
    BackendLine {
        local: false,
        model: Some("claude-sonnet-4-5".to_owned()),
        state: HealthState::Unconfigured,
        latencies_ms: Vec::new(),
        missing: Some("ANTHROPIC_API_KEY is not set".to_owned()),
        ..up(id)
    }
}

/// Its breaker is open.
pub fn resting(id: &str) -> BackendLine {
    BackendLine {
        local: false,
        model: Some("gpt-5.2".to_owned()),
        state: HealthState::Open,
        retry_in_ms: 287_000,
        failures: 3,
        last_error: Some(LastError {
            class: ErrorClass::Overloaded,
            message: "529 overloaded, try again later".to_owned(),
            at_ms: super::studio::NOON - 13_000,
        }),
        latencies_ms: vec![1_900, 2_400],
        ..up(id)
    }
}

pub fn opened(branch: &str) -> Opened {
    Opened {
        variables: Vec::new(),
        branch: format!("offshoot/{branch}"),
        worktree: PathBuf::from(format!("/home/ada/.local/share/offshoot/worktrees/parser/{branch}")),
        title: String::new(),
        base: "1f0c".repeat(10),
        start: "1f0c".repeat(10),
        turns: 0,
        steps: 0,
        history: History { conversation: Arc::new(Conversation::default()), steps: Vec::new() },
        permissions: PermissionMode::Auto,
        chosen: None,
        context: None,
        recovered: None,
        notices: Vec::new(),
        is_aside: false,
        parent: None,
    }
}

pub fn routed(backend: &str, model: &str, reason: &str) -> Routed {
    let is_local = backend == "local";
    let signal = |name: &str, value, weight, source: &str| Signal {
        name: name.to_owned(),
        value,
        weight,
        source: source.to_owned(),
    };
    let signals = vec![
        signal("edit_failures", 0.9, 2.0, "8 of 9 edits fitted at once"),
        signal("repeats", 0.1, 0.5, "the same call 3 times"),
    ];
    Routed {
        decision: Decision {
            backend: backend.to_owned(),
            local: is_local,
            reason: reason.to_owned(),
            confidence: Some(Confidence { value: 0.82, signals }),
            rejected: if is_local {
                vec![Rejected {
                    backend: "anthropic".to_owned(),
                    reason: "ANTHROPIC_API_KEY is not set".to_owned(),
                }]
            } else {
                vec![Rejected { backend: "local".to_owned(), reason: "connection refused".to_owned() }]
            },
            ..Decision::default()
        },
        model: model.to_owned(),
        role: None,
    }
}

pub fn stat(files: &[(&str, usize, usize)]) -> DiffStat {
    let change = |(path, insertions, deletions): &(&str, usize, usize)| FileChange {
        path: PathBuf::from(path),
        old_path: None,
        kind: if *deletions == 0 { ChangeKind::Added } else { ChangeKind::Modified },
        insertions: *insertions,
        deletions: *deletions,
        binary: false,
    };
    DiffStat {
        files: files.iter().map(change).collect(),
        insertions: files.iter().map(|(_, insertions, _)| insertions).sum(),
        deletions: files.iter().map(|(.., deletions)| deletions).sum(),
    }
}
