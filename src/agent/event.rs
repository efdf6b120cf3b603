//! What an agent tells of itself while it works, as plain data.

use std::time::Duration;

use serde_json::Value;

use super::meter::ContextUse;
use crate::chat::{ErrorClass, Outcome, Usage};
use crate::routing::{Confidence, Decision};

/// One thing that happened. Text of models and tools is as it came: who shows it sanitises it.
#[derive(Debug, Clone, PartialEq)]
pub enum AgentEvent {
    /// A turn began.
    TurnBegan {
        turn: u32,
        prompt: String,
    },
    /// The model was given words that the user said within the turn.
    Steered {
        text: String,
    },
    Route(Routed),
    Fallback {
        from: String,
        to: String,
        error_class: ErrorClass,
        message: String,
    },
    /// A backend cannot answer, and the user is to say how to go on.
    Stuck(Stuck),
    /// What became of a task that the agent gave to another one, or how far that is.
    Child(ChildNews),
    /// What is observed of the work changed how sure it is that it is good.
    Confidence(Confidence),
    /// The model that answers, of a backend that chooses it itself.
    Model(String),
    /// A delta of what the model says.
    Text(String),
    Thinking(String),
    /// The answer broke off and is asked for again: what was streamed of it stands for nothing.
    Restarted,
    ToolCall {
        id: String,
        name: String,
        input: Value,
    },
    /// Output of a running tool.
    ToolProgress {
        id: String,
        text: String,
    },
    ToolResult {
        id: String,
        name: String,
        is_error: bool,
        summary: String,
        /// What the model is given, as text.
        content: String,
    },
    Approval(Approval),
    Step(StepTaken),
    /// What somebody changed in the worktree by hand was committed.
    Edits(Edits),
    Verify {
        state: VerifyState,
        command: String,
        exit: Option<i32>,
    },
    /// Of one call of the model.
    Usage {
        usage: Usage,
        cost_usd: Option<f64>,
    },
    /// What fills the context, after a call of the model and whenever it changed otherwise.
    Context(ContextUse),
    Notice(String),
    Error(Failure),
    /// The turn ended. Always the last event of a turn, once.
    TurnEnded(TurnEnd),
}

/// The decision on a turn, with what was asked of the backend.
#[derive(Debug, Clone, PartialEq)]
pub struct Routed {
    pub decision: Decision,
    pub model: String,
    pub role: Option<String>,
}

/// A task that was given to an agent of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct ChildNews {
    /// The call that gave it away.
    pub call: String,
    pub title: String,
    /// Empty before it is open.
    pub session: String,
    /// `None` of one that only looks, too.
    pub branch: Option<String>,
    pub state: ChildState,
    pub steps: u32,
    /// With all that it gave away itself; `None` when a part is unpriced.
    pub cost_usd: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChildState {
    /// Until there is room for it.
    Waiting,
    Working,
    /// It is done, and changed no file.
    Done,
    /// It is done, and its changes are in the files of who started it.
    Merged,
    /// It is done, and its changes do not fit.
    Conflict,
    Failed,
    Interrupted,
}

/// A tool call that the permissions don't settle, or did settle against.
#[derive(Debug, Clone, PartialEq)]
pub struct Approval {
    pub id: String,
    pub tool: String,
    pub input: Value,
    pub reason: String,
    pub decision: ApprovalState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalState {
    /// The agent waits for the user.
    Pending,
    Allowed,
    Denied,
}

/// What the user answers to an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Allow,
    /// And do not ask for the same again in this session.
    AllowForSession,
    Deny,
}

/// A turn that waits, since its backend failed: for the time to be over, or for the user to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// Within the turn, for the answer.
    pub id: String,
    pub from: String,
    /// Who would go on; `None` when nobody else can, or may.
    pub to: Option<String>,
    pub error_class: ErrorClass,
    pub message: String,
    /// What is done after a while, if the user chooses nothing; `None` waits for the user alone.
    pub otherwise: Option<(Duration, Resort)>,
    /// What was chosen, or what happened of itself; `None` while it is open.
    pub resort: Option<Resort>,
}

/// How to go on with a turn whose backend failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resort {
    /// Wait as long as the backend wants, and ask it again.
    Wait,
    /// Let the next backend go on.
    FallBack,
    Stop,
}

/// A step that was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepTaken {
    pub commit: String,
    pub turn: u32,
    pub step: u32,
    pub subject: String,
    pub files: usize,
    pub insertions: usize,
    pub deletions: usize,
}

/// A commit of the user's own changes: no step of the session's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edits {
    pub commit: String,
    pub subject: String,
    pub files: usize,
    pub insertions: usize,
    pub deletions: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifyState {
    Passed,
    Failed,
    NotRun,
}

/// What went wrong and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub class: ErrorClass,
    pub message: String,
    pub hint: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TurnEnd {
    pub outcome: Outcome,
    pub reason: EndReason,
    /// The model's last words.
    pub text: String,
    /// The steps of this turn, oldest first.
    pub commits: Vec<String>,
    pub usage: Usage,
    /// `None` when a part of it is unpriced.
    pub cost_usd: Option<f64>,
}

/// Why a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    Done,
    Failed,
    Budget,
    Interrupted,
}

impl Stuck {
    /// In a sentence, for a person.
    pub fn told(&self) -> String {
        let to = self.to.as_deref();
        match self.resort {
            Some(Resort::Wait) => format!("{} is asked again", self.from),
            Some(Resort::FallBack) => format!("{} goes on", to.unwrap_or("the next backend")),
            Some(Resort::Stop) => format!("stopped, since {} cannot go on", self.from),
            None => {
                let next = match to {
                    Some(to) => format!("{to} could go on"),
                    None => "nobody else may go on".to_owned(),
                };
                let then = match self.otherwise {
                    Some((time, Resort::Wait)) => format!("; asked again in {}", seconds(time)),
                    Some((time, Resort::FallBack)) => format!("; it does in {}", seconds(time)),
                    Some((time, Resort::Stop)) => format!("; stopped in {}", seconds(time)),
                    None => String::new(),
                };
                format!("{} cannot go on ({}); {next}{then}", self.from, self.message)
            }
        }
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.0} s", time.as_secs_f64().ceil())
}

impl ChildNews {
    pub(super) fn new(call: &str, title: &str) -> Self {
        Self {
            call: call.to_owned(),
            title: title.to_owned(),
            session: String::new(),
            branch: None,
            state: ChildState::Waiting,
            steps: 0,
            cost_usd: Some(0.0),
        }
    }
}

impl ChildState {
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Working => "working",
            Self::Done => "done",
            Self::Merged => "merged",
            Self::Conflict => "conflict",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }

    pub fn is_over(self) -> bool {
        !matches!(self, Self::Waiting | Self::Working)
    }
}

impl Resort {
    pub fn name(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::FallBack => "fall back",
            Self::Stop => "stop",
        }
    }
}

impl Routed {
    /// The backend, and the model where one is known: `local/qwen3-coder`.
    pub fn who(&self) -> String {
        if self.model.is_empty() {
            self.decision.backend.clone()
        } else {
            format!("{}/{}", self.decision.backend, self.model)
        }
    }
}

impl ApprovalState {
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Allowed => "allowed",
            Self::Denied => "denied",
        }
    }
}

impl VerifyState {
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotRun => "not_run",
        }
    }
}
