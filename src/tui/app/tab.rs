//! A tab: one agent, and what its user has typed and chosen.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Instant;

use crate::agent::{
    Approval, ChildNews, ChildState, ContextUse, Order, Persona, Routed, StepTaken, VerifyState,
};
use crate::chat::Usage;
use crate::config::{BudgetSettings, PermissionMode};
use crate::git::DiffStat;
use crate::tui::composer::Composer;
use crate::tui::review::{Key, Remarks, Verdict};
use crate::tui::transcript::Transcript;
use crate::workbench::landing::InBranch;
use crate::workbench::radar::Clash;
use crate::workbench::{Command, Queued, TabId};

use super::asks::{Asks, Standstill};
use super::suggest::Suggest;

/// Decisions of the router that are kept to be shown.
const ROUTES: usize = 50;

#[derive(Debug)]
pub struct Tab {
    pub id: TabId,
    pub title: String,
    /// The user named it: it keeps its name.
    pub is_named: bool,
    pub phase: Phase,
    pub session: Option<Session>,
    pub transcript: Transcript,
    pub composer: Composer,
    pub suggest: Option<Suggest>,
    /// Paths of its worktree, once they were read.
    pub files: Option<Vec<String>>,
    pub queue: Vec<Queued>,
    pub choice: Choice,
    pub permissions: PermissionMode,
    /// Calls that wait for the user, oldest first.
    pub approvals: VecDeque<Approval>,
    /// Its turn cannot go on by itself.
    pub standstill: Option<Standstill>,
    /// The check that its work has to pass, where the user chose another than the settings.
    pub verify: Option<String>,
    /// How the last check ended.
    pub verified: Option<(VerifyState, Option<i32>)>,
    /// What its turns may cost.
    pub budget: BudgetSettings,
    /// What the branch changed since it began.
    pub changes: Option<DiffStat>,
    /// Whether it is in the user's branch.
    pub landed: Option<InBranch>,
    /// What it would conflict with now.
    pub clashes: Vec<Clash>,
    pub routes: VecDeque<Routing>,
    pub context: Option<ContextUse>,
    pub usage: Usage,
    /// US dollars; `None` when a part is unpriced.
    pub cost: Option<f64>,
    /// Something happened that the user has not looked at.
    pub is_unseen: bool,
    pub turn: u32,
    pub last_step: Option<StepTaken>,
    /// Its worktree is being made ready; prompts wait for that.
    pub setup: Option<Setup>,
    /// It is being found out which of its steps broke something.
    pub is_bisecting: bool,
    /// Commands of the user's that run.
    pub shells: usize,
    /// Commands of the user's that were sent and did not begin yet.
    pub sent_shells: usize,
    /// A prompt that was handed over and whose turn has not begun yet: the user's again if it never does.
    pub sent: Option<String>,
    /// What its user said of changes in reviews.
    pub remarks: Remarks,
    /// What its user chose in a review and is not on the branch yet.
    pub amending: Option<Amending>,
    /// Who its agent is to be once it is open.
    pub persona: Option<Persona>,
    /// What it goes on from, to be told when it is open.
    pub origin: Option<String>,
    /// The branch whose conflicts it resolves.
    pub resolves: Option<String>,
    /// It is that of a sub-agent.
    pub child: Option<Child>,
    /// The work that its agent gave away, in order.
    pub children: Vec<ChildNews>,
}

/// What is known of a sub-agent in its own tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Child {
    /// The tab whose agent started it.
    pub parent: TabId,
    pub state: ChildState,
}

/// Where a tab stands. That it waits for the user follows from what it asks.
#[derive(Debug)]
pub enum Phase {
    /// Nothing was asked yet: there is no branch.
    Fresh,
    /// Its session is being opened; what was asked meanwhile follows, in order.
    Opening {
        is_asked: bool,
        then: Vec<Command>,
    },
    Idle(Last),
    Working(Work),
    /// Its session could not be opened, or was closed.
    Closed,
}

/// How the last turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Last {
    Nothing,
    Done,
    Failed,
    Interrupted,
}

#[derive(Debug, Clone, Copy)]
pub struct Work {
    pub since: Instant,
    pub is_stopping: bool,
}

/// What is being done in a new worktree.
#[derive(Debug, Clone)]
pub struct Setup {
    pub what: String,
    /// How far it is, where that can be said.
    pub so_far: String,
    pub since: Instant,
}

/// What is known of an open session.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: String,
    pub branch: String,
    pub worktree: PathBuf,
    /// Variables that programs in its worktree have.
    pub variables: Vec<(String, String)>,
    /// The commit that its branch began at; empty in a repository without commits.
    pub start: String,
    /// It looks on at the worktree of another session, and changes nothing.
    pub is_aside: bool,
}

/// Parts of a review that are being taken or taken back.
#[derive(Debug, Clone)]
pub struct Amending {
    /// The commit that the review shows.
    pub state: String,
    pub keys: Vec<Key>,
    /// What is to be said of them once it is done.
    pub verdict: Option<Verdict>,
}

/// Who is to answer, as the user chose it in this tab.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    pub backend: Option<String>,
    pub model: Option<String>,
    pub role: Option<String>,
}

/// A decision of the router, and in which turn it was made.
#[derive(Debug, Clone)]
pub struct Routing {
    pub turn: u32,
    pub routed: Routed,
}

impl Tab {
    pub fn new(id: TabId, composer: Composer, permissions: PermissionMode) -> Self {
        Self {
            id,
            title: "new".to_owned(),
            is_named: false,
            phase: Phase::Fresh,
            session: None,
            transcript: Transcript::default(),
            composer,
            suggest: None,
            files: None,
            queue: Vec::new(),
            choice: Choice::default(),
            permissions,
            approvals: VecDeque::new(),
            standstill: None,
            verify: None,
            verified: None,
            budget: BudgetSettings::default(),
            changes: None,
            landed: None,
            clashes: Vec::new(),
            routes: VecDeque::new(),
            context: None,
            usage: Usage::default(),
            cost: Some(0.0),
            is_unseen: false,
            turn: 0,
            last_step: None,
            setup: None,
            is_bisecting: false,
            shells: 0,
            sent_shells: 0,
            sent: None,
            remarks: Remarks::default(),
            amending: None,
            persona: None,
            origin: None,
            resolves: None,
            child: None,
            children: Vec::new(),
        }
    }

    pub fn is_working(&self) -> bool {
        matches!(self.phase, Phase::Working(_))
    }

    /// What it asks of the user.
    pub fn asks(&self) -> Option<Asks<'_>> {
        let call = self.approvals.front().map(Asks::Call);
        call.or_else(|| self.standstill.as_ref().map(Asks::Stuck))
    }

    /// Whether something is under way in it.
    pub fn is_busy(&self) -> bool {
        self.is_working()
            || self.setup.is_some()
            || self.shells + self.sent_shells > 0
            || self.is_opening()
            || !self.queue.is_empty()
    }

    pub fn is_opening(&self) -> bool {
        matches!(self.phase, Phase::Opening { .. })
    }

    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Idle(_) | Phase::Working(_))
    }

    /// Whether all of it is in the user's branch.
    pub fn is_landed(&self) -> bool {
        self.landed.as_ref().is_some_and(|landed| landed.since == 0)
    }

    /// Whether something of it would be lost from sight by closing it.
    pub fn has_unlanded(&self) -> bool {
        !self.is_landed() && self.changes.as_ref().is_some_and(|changes| !changes.files.is_empty())
    }

    pub fn order(&self, prompt: String) -> Order {
        Order {
            prompt,
            backend: self.choice.backend.clone(),
            model: self.choice.model.clone(),
            role: self.choice.role.clone(),
            budget_usd: Some(self.budget.turn_usd),
            session_budget_usd: Some(self.budget.session_usd),
            day_budget_usd: Some(self.budget.day_usd),
            verify: self.verify.clone(),
            ..Order::default()
        }
    }

    pub fn routed(&mut self, turn: u32, routed: Routed) {
        if self.routes.len() == ROUTES {
            self.routes.pop_front();
        }
        self.routes.push_back(Routing { turn, routed });
    }

    /// Gives the tab the first words of what it is about, unless the user named it.
    pub fn call_after(&mut self, words: &str) {
        if !self.is_named && self.title == "new" {
            let line = words.lines().next().unwrap_or_default();
            self.title = line.split_whitespace().take(6).collect::<Vec<_>>().join(" ");
        }
    }
}
