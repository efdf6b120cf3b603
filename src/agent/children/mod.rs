//! Agents that an agent starts: what they are given, what is heard of them while they work, and what they leave.
//! Who makes them a branch, a worktree and a tab is the owner of agents, behind [`Children`].

mod brief;
mod heritage;
mod report;
mod run;

use std::path::PathBuf;

use futures::future::BoxFuture;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use heritage::Heritage;

use super::bill::Bill;
use super::event::{EndReason, Failure, StepTaken};
use super::turn::Order;
use crate::git::CommitId;

/// Who can start an agent for an agent.
pub trait Children: Send + Sync {
    /// Starts an agent and waits for its end. `news` hears of it meanwhile. When `cancel` is cancelled, the agent is
    /// interrupted: it commits what it did, and ends soon after.
    fn start(
        &self,
        brief: Brief,
        news: mpsc::Sender<News>,
        cancel: CancellationToken,
    ) -> BoxFuture<'static, Result<Ended, Failure>>;
}

/// What an agent is started with.
#[derive(Debug, Clone)]
pub struct Brief {
    /// The call that asked for it.
    pub call: String,
    pub title: String,
    pub order: Order,
    pub site: Site,
    pub heritage: Heritage,
}

/// Where it works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Site {
    /// In a worktree of its own, on a branch that begins at this commit.
    Own(CommitId),
    /// It looks at the files of whoever started it; the commit is their last one.
    Parents(CommitId),
}

/// What is heard of an agent at work.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// It is open. An agent that only looks has no branch.
    Opened { call: String, session: String, branch: Option<String> },
    /// What it came to so far.
    Progress { call: String, steps: u32, spent: Spent },
}

/// How an agent ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    pub session: String,
    pub branch: Option<String>,
    pub reason: EndReason,
    /// Its last words.
    pub text: String,
    /// What went wrong last, where something did.
    pub trouble: Option<String>,
    pub steps: Vec<StepTaken>,
    /// Where its branch ended.
    pub head: Option<CommitId>,
    pub spent: Spent,
    /// Its worktree, where that holds files that no commit takes: it is kept then.
    pub left_behind: Option<PathBuf>,
}

/// US dollars, of an agent and of all that it started.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spent {
    /// What had a price.
    pub usd: f64,
    pub has_unpriced: bool,
}

/// What an agent knows of those that it started.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Brood {
    /// In the present turn.
    pub started: u32,
    pub spent: Bill,
}

impl Spent {
    /// `None` when a part of it has no price.
    pub fn total(self) -> Option<f64> {
        (!self.has_unpriced).then_some(self.usd)
    }
}

impl Bill {
    fn add_spent(&mut self, spent: Spent) {
        self.add(Some(spent.usd));
        if spent.has_unpriced {
            self.add(None);
        }
    }
}
