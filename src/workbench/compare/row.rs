//! How a candidate fares: a pure fold of what happens in its tab. Time is an argument; what needs git to be known,
//! such as the lines of its branch, is told by whoever asked git.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::plan::{Candidate, letter};
use crate::agent::{AgentEvent, ApprovalState, EndReason, VerifyState};
use crate::chat::Usage;
use crate::git::DiffStat;
use crate::workbench::radar::Other;
use crate::workbench::{EventKind, ShellEnd, ShellEvent, Stat};

/// A candidate in the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub letter: char,
    pub candidate: Candidate,
    pub branch: String,
    pub session: Option<String>,
    pub worktree: Option<PathBuf>,
    /// The backend and the model that answer, once they are known.
    pub who: Option<String>,
    pub fate: Fate,
    pub verified: Option<VerifyState>,
    /// What its branch changes; `None` before that was measured.
    pub changes: Option<Stat>,
    /// Paths that would conflict if it were landed now.
    pub conflicts: usize,
    pub steps: usize,
    pub usage: Usage,
    /// US dollars; `None` when a part is unpriced.
    pub cost_usd: Option<f64>,
    /// What went wrong last.
    pub trouble: Option<String>,
    phase: Phase,
    /// In turns that have ended.
    worked: Duration,
    /// Calls that wait for the user.
    asked: BTreeSet<String>,
    is_stuck: bool,
    check: Option<Check>,
}

/// Where a candidate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Done,
    Working,
    /// It waits for the user.
    Asks,
    Opening,
    /// Its turn to begin has not come.
    Waiting,
    Stopped,
    OverBudget,
    Failed,
}

/// What becomes of its tab.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fate {
    #[default]
    Open,
    Closed,
    /// It was chosen.
    Kept,
    Archived,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Waiting,
    Opening,
    Working { since: Duration },
    Ended(EndReason),
}

/// A check that the user wanted run.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Check {
    command: String,
    /// Once it runs.
    id: Option<u64>,
}

impl State {
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Working => "working",
            Self::Asks => "asks you",
            Self::Opening => "opening",
            Self::Waiting => "waiting",
            Self::Stopped => "stopped",
            Self::OverBudget => "over budget",
            Self::Failed => "failed",
        }
    }

    /// Whether something is still to come without the user.
    pub fn is_running(self) -> bool {
        matches!(self, Self::Working | Self::Asks | Self::Opening | Self::Waiting)
    }
}

impl Row {
    pub fn new(at: usize, candidate: Candidate, branch: String) -> Self {
        Self {
            letter: letter(at),
            candidate,
            branch,
            session: None,
            worktree: None,
            who: None,
            fate: Fate::Open,
            verified: None,
            changes: None,
            conflicts: 0,
            steps: 0,
            usage: Usage::default(),
            cost_usd: Some(0.0),
            trouble: None,
            phase: Phase::Waiting,
            worked: Duration::ZERO,
            asked: BTreeSet::new(),
            is_stuck: false,
            check: None,
        }
    }

    pub fn state(&self) -> State {
        match self.phase {
            Phase::Waiting => State::Waiting,
            Phase::Opening => State::Opening,
            Phase::Working { .. } if self.is_stuck || !self.asked.is_empty() => State::Asks,
            Phase::Working { .. } => State::Working,
            Phase::Ended(EndReason::Done) => State::Done,
            Phase::Ended(EndReason::Failed) => State::Failed,
            Phase::Ended(EndReason::Budget) => State::OverBudget,
            Phase::Ended(EndReason::Interrupted) => State::Stopped,
        }
    }

    /// A name for a person: who it was to be, and who answers, where that is somebody else.
    pub fn name(&self) -> String {
        match (&self.who, &self.candidate.role) {
            (Some(who), Some(role)) => format!("{who} @{role}"),
            (Some(who), None) => who.clone(),
            (None, _) => self.candidate.name(),
        }
    }

    /// How long it worked, up to now.
    pub fn time(&self, now: Duration) -> Duration {
        match self.phase {
            Phase::Working { since } => self.worked + now.saturating_sub(since),
            _ => self.worked,
        }
    }

    pub fn tokens(&self) -> u64 {
        self.usage.input + self.usage.cache_read + self.usage.cache_write + self.usage.output
    }

    /// Its tab is about to be opened.
    pub fn opens(&mut self) {
        self.phase = Phase::Opening;
    }

    /// A check is about to be run in it.
    pub fn checks(&mut self, command: String) {
        self.check = Some(Check { command, id: None });
        self.verified = None;
    }

    pub fn is_checking(&self) -> bool {
        self.check.is_some()
    }

    /// Its branch was compared with where it began.
    pub fn measured(&mut self, diff: &DiffStat) {
        self.changes =
            Some(Stat { files: diff.files.len(), insertions: diff.insertions, deletions: diff.deletions });
    }

    /// Takes up what happened in its tab.
    pub fn take(&mut self, event: &EventKind, now: Duration) {
        match event {
            EventKind::Opened(opened) => {
                self.branch.clone_from(&opened.branch);
                self.worktree = Some(opened.worktree.clone());
                self.fate = Fate::Open;
            }
            EventKind::Agent(event) => self.told(event, now),
            EventKind::Shell(event) => self.ran(event),
            EventKind::Radar(clashes) => {
                let with_base = clashes.iter().filter(|clash| matches!(clash.with, Other::Base(_)));
                self.conflicts = with_base.map(|clash| clash.paths.len()).sum();
            }
            EventKind::Failed(failure) => {
                self.trouble = Some(failure.message.clone());
                if self.phase == Phase::Opening {
                    self.phase = Phase::Ended(EndReason::Failed);
                }
            }
            EventKind::Closed => self.closed(now),
            _ => {}
        }
    }

    fn told(&mut self, event: &AgentEvent, now: Duration) {
        match event {
            AgentEvent::TurnBegan { .. } => {
                self.phase = Phase::Working { since: now };
                self.trouble = None;
            }
            AgentEvent::Route(routed) => self.who = Some(routed.who()),
            AgentEvent::Model(model) => {
                if let Some(who) = &self.who {
                    let backend = who.split('/').next().unwrap_or_default();
                    self.who = Some(format!("{backend}/{model}"));
                }
            }
            AgentEvent::Step(_) => self.steps += 1,
            AgentEvent::Verify { state, .. } => self.verified = Some(*state),
            AgentEvent::Usage { usage, cost_usd } => {
                self.usage += *usage;
                self.cost_usd = self.cost_usd.zip(*cost_usd).map(|(all, one)| all + one);
            }
            AgentEvent::Approval(asked) if asked.decision == ApprovalState::Pending => {
                self.asked.insert(asked.id.clone());
            }
            AgentEvent::Approval(asked) => {
                self.asked.remove(&asked.id);
            }
            AgentEvent::Stuck(stuck) => self.is_stuck = stuck.resort.is_none(),
            AgentEvent::Error(failure) => self.trouble = Some(failure.message.clone()),
            AgentEvent::TurnEnded(end) => self.ended(end.reason, now),
            _ => {}
        }
    }

    /// A command of the user's: it may be the check.
    fn ran(&mut self, event: &ShellEvent) {
        let Some(check) = &mut self.check else { return };
        match event {
            ShellEvent::Began { id, command, .. } if check.id.is_none() && *command == check.command => {
                check.id = Some(*id);
            }
            ShellEvent::Ended { id, exit, .. } if check.id == Some(*id) => {
                self.verified = Some(match exit {
                    ShellEnd::Exited(0) => VerifyState::Passed,
                    // A shell's way to say that there is no such command.
                    ShellEnd::Exited(126 | 127) | ShellEnd::Failed(_) | ShellEnd::Stopped => {
                        VerifyState::NotRun
                    }
                    ShellEnd::Exited(_) | ShellEnd::Signalled(_) | ShellEnd::TimedOut => VerifyState::Failed,
                });
                self.check = None;
            }
            _ => {}
        }
    }

    fn ended(&mut self, reason: EndReason, now: Duration) {
        self.worked = self.time(now);
        self.phase = Phase::Ended(reason);
        self.asked.clear();
        self.is_stuck = false;
    }

    fn closed(&mut self, now: Duration) {
        if self.state().is_running() {
            self.ended(EndReason::Interrupted, now);
        }
        self.check = None;
        if self.fate == Fate::Open {
            self.fate = Fate::Closed;
        }
    }
}
