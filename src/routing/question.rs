//! What a decision goes by: facts that the caller gathered.

use super::escalation::Cause;
use crate::config::{PermissionMode, RouterSettings};
use crate::ledger::TaskClass;

/// What [`decide`](super::decide()) goes by. Begin with [`Question::new`].
#[derive(Debug, Clone)]
pub struct Question<'a> {
    pub policy: &'a RouterSettings,
    pub candidates: &'a [Candidate],
    /// The user named a backend.
    pub explicit: Option<&'a str>,
    /// The user named a role, and this is the backend that it maps to.
    pub role: Option<&'a str>,
    pub role_backend: Option<&'a str>,
    pub task: TaskClass,
    /// In which the keywords of the policy are looked for.
    pub prompt: &'a str,
    /// Tokens that the next request will have, about; 0 when nobody knows.
    pub context_tokens: u64,
    /// Backends that failed in this turn already, or were left, the last one last.
    pub tried: &'a [String],
    /// Why the last of them was left.
    pub after: Option<&'a Cause>,
    pub budgets: &'a [Purse],
}

/// A configured backend, as it stands now.
#[derive(Debug, Clone, Default)]
pub struct Candidate {
    pub id: String,
    pub local: bool,
    /// Why it may not be asked now.
    pub unusable: Option<String>,
    /// Tokens that it can be handed; `None` when nobody knows, or when it keeps a context of its own.
    pub context_window: Option<u64>,
    /// How often its work of this kind was good, where enough outcomes are known.
    pub prior: Option<Prior>,
}

/// A share of good outcomes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prior {
    /// From 0 to 1.
    pub value: f64,
    pub outcomes: usize,
}

/// Money for a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Purse {
    /// `turn`, `session`, `day`.
    pub of: &'static str,
    pub spent_usd: f64,
    /// 0: no limit.
    pub limit_usd: f64,
}

impl<'a> Question<'a> {
    /// About a change, with nothing else known.
    pub fn new(policy: &'a RouterSettings, candidates: &'a [Candidate]) -> Self {
        Self {
            policy,
            candidates,
            explicit: None,
            role: None,
            role_backend: None,
            task: TaskClass::Change,
            prompt: "",
            context_tokens: 0,
            tried: &[],
            after: None,
            budgets: &[],
        }
    }
}

impl Purse {
    /// Why nothing may be spent any more.
    pub fn empty(&self) -> Option<String> {
        let Self { of, spent_usd, limit_usd } = self;
        (*limit_usd > 0.0 && spent_usd >= limit_usd)
            .then(|| format!("the {of} has cost ${spent_usd:.4}, its budget is ${limit_usd:.4}"))
    }
}

/// The class of a task: what the turn may do, and nothing that is said in it.
pub fn task_class(permissions: PermissionMode) -> TaskClass {
    match permissions {
        PermissionMode::ReadOnly => TaskClass::Advisory,
        PermissionMode::Ask | PermissionMode::Auto | PermissionMode::Full => TaskClass::Change,
    }
}
