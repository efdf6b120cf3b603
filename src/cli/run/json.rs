//! The events of `offshoot run --json`: the names that other programs read, apart from our own.

use serde::Serialize;
use serde_json::Value;

use crate::agent::{AgentEvent, ApprovalState, Failure, TurnEnd};
use crate::chat::ErrorClass;
use crate::routing::Rejected;
use crate::workbench::{Event, EventKind, SetupEvent, words};

/// One line of output: of a sub-agent's session, with the session of who started it.
#[derive(Debug, Serialize)]
pub struct Line<'a> {
    #[serde(flatten)]
    pub event: &'a Json,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<&'a str>,
}

/// What a line tells.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Json {
    Session {
        session: String,
        branch: String,
        worktree: String,
        base: String,
    },
    Route {
        session: String,
        backend: String,
        model: String,
        role: Option<String>,
        reason: String,
        confidence: Option<f64>,
        signals: Value,
        rejected: Vec<Rejected>,
    },
    Fallback {
        session: String,
        from: String,
        to: String,
        error_class: ErrorClass,
        message: String,
    },
    Text {
        session: String,
        text: String,
    },
    Thinking {
        session: String,
        text: String,
    },
    ToolCall {
        session: String,
        id: String,
        name: String,
        input: Value,
    },
    ToolResult {
        session: String,
        id: String,
        is_error: bool,
        summary: String,
    },
    Approval {
        session: String,
        id: String,
        tool: String,
        input: Value,
        decision: &'static str,
        reason: String,
    },
    Step {
        session: String,
        commit: String,
        turn: u32,
        step: u32,
        subject: String,
        files: usize,
        insertions: usize,
        deletions: usize,
    },
    /// A task that was given to an agent of its own, whose session is `child`.
    Agent {
        session: String,
        id: String,
        title: String,
        child: String,
        branch: Option<String>,
        state: &'static str,
        steps: u32,
        cost_usd: Option<f64>,
    },
    Verify {
        session: String,
        state: &'static str,
        command: String,
        exit: Option<i32>,
    },
    Usage {
        session: String,
        input: u64,
        output: u64,
        cache_read: u64,
        cache_write: u64,
        reasoning: u64,
        cost_usd: Option<f64>,
    },
    Notice {
        session: String,
        message: String,
    },
    Error {
        session: String,
        error_class: ErrorClass,
        message: String,
        hint: Option<String>,
    },
    End {
        session: String,
        outcome: crate::chat::Outcome,
        text: String,
        commits: Vec<String>,
        branch: String,
    },
}

impl Json {
    /// The lines that an event is told in: none for what the format does not know.
    pub fn of(event: &Event) -> Vec<Self> {
        let session = event.session.clone();
        match &event.kind {
            EventKind::Opened(opened) => {
                let mut lines = vec![Self::Session {
                    session: session.clone(),
                    branch: opened.branch.clone(),
                    worktree: opened.worktree.display().to_string(),
                    base: opened.base.clone(),
                }];
                let notices = opened.notices.iter().cloned();
                lines.extend(notices.map(|message| Self::Notice { session: session.clone(), message }));
                lines
            }
            EventKind::Agent(event) => Self::of_agent(session, event).into_iter().collect(),
            EventKind::Failed(failure) => vec![Self::error(session, failure)],
            EventKind::Committed { commit, stat, .. } => {
                vec![Self::Notice { session, message: words::committed(commit, stat) }]
            }
            EventKind::Setup(setup) => {
                let message = match setup {
                    SetupEvent::Doing { what, so_far } if so_far.is_empty() => format!("setting up: {what}"),
                    SetupEvent::Notice(text) => text.clone(),
                    SetupEvent::Ended(end) => match end.failure() {
                        Some(failure) => {
                            format!("{} ({})", failure.message, failure.hint.unwrap_or_default())
                        }
                        None => return Vec::new(),
                    },
                    SetupEvent::Doing { .. } => return Vec::new(),
                };
                vec![Self::Notice { session, message }]
            }
            // A run gives one order, and nobody moves, queues or changes anything meanwhile.
            EventKind::Queue(_)
            | EventKind::Dropped(_)
            | EventKind::Permissions(_)
            | EventKind::Shell(_)
            | EventKind::Amended(_)
            | EventKind::Cleared { .. }
            | EventKind::Moved(_)
            | EventKind::Merging(_)
            | EventKind::Radar(_)
            | EventKind::Closed => Vec::new(),
        }
    }

    pub fn error(session: String, failure: &Failure) -> Self {
        Self::Error {
            session,
            error_class: failure.class,
            message: failure.message.clone(),
            hint: failure.hint.clone(),
        }
    }

    pub fn end(session: String, branch: String, end: &TurnEnd) -> Self {
        Self::End {
            session,
            outcome: end.outcome,
            text: end.text.clone(),
            commits: end.commits.clone(),
            branch,
        }
    }

    fn of_agent(session: String, event: &AgentEvent) -> Option<Self> {
        Some(match event.clone() {
            // A program reads whole results, not their progress; and the end is written when everything
            // is on record.
            AgentEvent::TurnBegan { .. }
            | AgentEvent::Steered { .. }
            | AgentEvent::TurnEnded(_)
            | AgentEvent::ToolProgress { .. }
            | AgentEvent::Context(_)
            | AgentEvent::Confidence(_)
            | AgentEvent::Model(_)
            | AgentEvent::Edits(_) => {
                return None;
            }
            AgentEvent::Restarted => {
                Self::Notice { session, message: "the answer broke off and begins anew".to_owned() }
            }
            AgentEvent::Route(routed) => Self::Route {
                session,
                backend: routed.decision.backend,
                model: routed.model,
                role: routed.role,
                reason: routed.decision.reason,
                confidence: routed.decision.confidence.as_ref().map(|confidence| confidence.value),
                signals: serde_json::to_value(
                    routed.decision.confidence.map(|one| one.values()).unwrap_or_default(),
                )
                .unwrap_or_default(),
                rejected: routed.decision.rejected,
            },
            AgentEvent::Fallback { from, to, error_class, message } => {
                Self::Fallback { session, from, to, error_class, message }
            }
            AgentEvent::Stuck(stuck) => Self::Notice { session, message: stuck.told() },
            AgentEvent::Text(text) => Self::Text { session, text },
            AgentEvent::Thinking(text) => Self::Thinking { session, text },
            AgentEvent::ToolCall { id, name, input } => Self::ToolCall { session, id, name, input },
            AgentEvent::ToolResult { id, is_error, summary, .. } => {
                Self::ToolResult { session, id, is_error, summary }
            }
            AgentEvent::Approval(approval) => Self::Approval {
                session,
                id: approval.id,
                tool: approval.tool,
                input: approval.input,
                decision: approval_name(approval.decision),
                reason: approval.reason,
            },
            AgentEvent::Step(step) => Self::Step {
                session,
                commit: step.commit,
                turn: step.turn,
                step: step.step,
                subject: step.subject,
                files: step.files,
                insertions: step.insertions,
                deletions: step.deletions,
            },
            AgentEvent::Verify { state, command, exit } => {
                Self::Verify { session, state: state.name(), command, exit }
            }
            AgentEvent::Usage { usage, cost_usd } => Self::Usage {
                session,
                input: usage.input,
                output: usage.output,
                cache_read: usage.cache_read,
                cache_write: usage.cache_write,
                reasoning: usage.reasoning,
                cost_usd,
            },
            AgentEvent::Notice(message) => Self::Notice { session, message },
            AgentEvent::Child(news) => Self::Agent {
                session,
                id: news.call,
                title: news.title,
                child: news.session,
                branch: news.branch,
                state: news.state.name(),
                steps: news.steps,
                cost_usd: news.cost_usd,
            },
            AgentEvent::Error(failure) => Self::error(session, &failure),
        })
    }
}

fn approval_name(state: ApprovalState) -> &'static str {
    state.name()
}
