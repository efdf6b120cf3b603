//! What comes of a question: a backend, or the reason why there is none.

use serde::Serialize;

use super::confidence::Confidence;
use super::escalation::Cause;

/// The backend chosen, with everything that led to it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Decision {
    pub backend: String,
    pub local: bool,
    /// `chosen explicitly`, `role …`, `local first`, `first in order`, or a cause's name and words.
    pub reason: String,
    /// What its work is expected to be, where enough outcomes are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Confidence>,
    /// All others, each with the reason.
    pub rejected: Vec<Rejected>,
    /// Present when somebody comes before it in the order who does not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stands_in: Option<Box<StandIn>>,
}

/// Whose place a backend takes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StandIn {
    /// The last one that was tried, else the role's, else the first one that was passed over, local ones before others.
    pub from: String,
    /// What speaks against that one, in words.
    pub why: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// It takes it at a price and `router.fallback` is `ask`: the user has to be asked before it is.
    pub needs_leave: bool,
}

/// A backend that was passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejected {
    pub backend: String,
    pub reason: String,
}

/// Nobody can answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoRoute {
    #[error("no backend is configured")]
    NothingConfigured,
    #[error("backend \"{wanted}\" is not configured{}", known_ids(known))]
    Unknown { wanted: String, known: Vec<String> },
    #[error("no backend can answer: {}", reasons(.0))]
    NoneUsable(Vec<Rejected>),
    /// Those that could answer cost money, and a budget is used up.
    #[error("no backend may answer: {budget}{}", others(rejected))]
    OverBudget { budget: String, rejected: Vec<Rejected> },
    /// Somebody could answer whom `router.fallback` keeps out.
    #[error(
        "{from} cannot answer ({why}), and router.fallback is \"never\": {would} is not asked in its place"
    )]
    Forbidden { from: String, why: String, would: String, rejected: Vec<Rejected> },
}

impl Decision {
    /// Why it does not go to whom it would have gone first, where the policy or a failure did it.
    pub fn cause(&self) -> Option<&Cause> {
        self.stands_in.as_ref()?.cause.as_ref()
    }

    /// Whether the user has to be asked before the backend is.
    pub fn needs_leave(&self) -> bool {
        self.stands_in.as_ref().is_some_and(|stands_in| stands_in.needs_leave)
    }
}

impl NoRoute {
    /// What the user can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::NothingConfigured => {
                "set ANTHROPIC_API_KEY, OPENAI_API_KEY, GEMINI_API_KEY or DEEPSEEK_API_KEY, or describe a local \
                 server under [backends.local] in the settings (`offshoot config path` tells where); \
                 `offshoot demo` works without any"
                    .to_owned()
            }
            Self::Unknown { .. } => {
                "pick a known one, or add it under [backends.<id>] in the settings".to_owned()
            }
            Self::NoneUsable(_) => "`offshoot doctor` checks each of them; --backend ID asks one all the same".to_owned(),
            Self::OverBudget { .. } => {
                "raise --budget-usd or the [budget] settings, or configure a local backend".to_owned()
            }
            Self::Forbidden { would, .. } => {
                format!("ask it with --backend {would}, or set router.fallback to \"ask\" or \"auto\"")
            }
        }
    }

    /// Everybody who was passed over.
    pub fn rejected(&self) -> &[Rejected] {
        match self {
            Self::NothingConfigured | Self::Unknown { .. } => &[],
            Self::NoneUsable(rejected)
            | Self::OverBudget { rejected, .. }
            | Self::Forbidden { rejected, .. } => rejected,
        }
    }
}

pub(super) fn reasons(rejected: &[Rejected]) -> String {
    let reasons: Vec<String> =
        rejected.iter().map(|rejected| format!("{} ({})", rejected.backend, rejected.reason)).collect();
    reasons.join(", ")
}

fn known_ids(ids: &[String]) -> String {
    if ids.is_empty() { String::new() } else { format!("; known: {}", ids.join(", ")) }
}

fn others(rejected: &[Rejected]) -> String {
    if rejected.is_empty() { String::new() } else { format!("; passed over: {}", reasons(rejected)) }
}
