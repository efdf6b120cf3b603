//! Which backend answers a turn, and why. One pure function, [`decide`], over facts that the caller
//! gathered; it asks nobody and changes nothing. This is the first cut: an explicit choice, else the
//! role's backend, else the first usable one of the order.

mod confidence;

use serde::Serialize;

pub use confidence::{Confidence, Signal};

/// The reason of a decision that was the user's.
pub const CHOSEN: &str = "chosen explicitly";

/// What [`decide`] goes by.
#[derive(Debug, Clone, Default)]
pub struct Question<'a> {
    /// The user named a backend.
    pub explicit: Option<&'a str>,
    /// The user named a role, and this is the backend that it maps to.
    pub role: Option<&'a str>,
    pub role_backend: Option<&'a str>,
    /// `router.order`. Configured backends that it does not name come after it.
    pub order: &'a [String],
    pub candidates: &'a [Candidate],
    /// Backends that failed in this turn already.
    pub tried: &'a [String],
}

/// A configured backend, as it stands now.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub id: String,
    pub local: bool,
    /// Why it may not be asked now.
    pub unusable: Option<String>,
}

/// The backend chosen, with everything that led to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decision {
    pub backend: String,
    pub local: bool,
    pub reason: String,
    /// Absent until something was observed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Confidence>,
    pub rejected: Vec<Rejected>,
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
        }
    }
}

/// Chooses the backend of a turn.
///
/// # Errors
/// When no backend is configured, the named one is unknown, or none may be asked now.
pub fn decide(question: &Question) -> Result<Decision, NoRoute> {
    if let Some(wanted) = question.explicit {
        return decide_named(question, wanted, CHOSEN.to_owned());
    }
    if let (Some(role), Some(wanted)) = (question.role, question.role_backend)
        && !question.tried.iter().any(|id| id == wanted)
    {
        return decide_named(question, wanted, format!("role {role}"));
    }
    if question.candidates.is_empty() {
        return Err(NoRoute::NothingConfigured);
    }
    let mut rejected = Vec::new();
    for candidate in in_order(question) {
        let against = if question.tried.contains(&candidate.id) {
            Some("failed in this turn".to_owned())
        } else {
            candidate.unusable.clone()
        };
        match against {
            Some(reason) => rejected.push(Rejected { backend: candidate.id.clone(), reason }),
            None => return Ok(chosen(candidate, reason_for(candidate, &rejected), rejected)),
        }
    }
    Err(NoRoute::NoneUsable(rejected))
}

fn decide_named(question: &Question, wanted: &str, reason: String) -> Result<Decision, NoRoute> {
    let candidate = question.candidates.iter().find(|candidate| candidate.id == wanted).ok_or_else(|| {
        let known = question.candidates.iter().map(|candidate| candidate.id.clone()).collect();
        NoRoute::Unknown { wanted: wanted.to_owned(), known }
    })?;
    // An open breaker doesn't stop a choice made by name: the user may know that the backend is back.
    Ok(chosen(candidate, reason, Vec::new()))
}

fn chosen(candidate: &Candidate, reason: String, rejected: Vec<Rejected>) -> Decision {
    Decision { backend: candidate.id.clone(), local: candidate.local, reason, confidence: None, rejected }
}

fn reason_for(candidate: &Candidate, rejected: &[Rejected]) -> String {
    match rejected {
        [] if candidate.local => "local first".to_owned(),
        [] => "first in order".to_owned(),
        passed => {
            let passed: Vec<String> =
                passed.iter().map(|rejected| format!("{}: {}", rejected.backend, rejected.reason)).collect();
            format!("next in order ({})", passed.join("; "))
        }
    }
}

fn in_order<'a>(question: &'a Question) -> impl Iterator<Item = &'a Candidate> {
    let named = question
        .order
        .iter()
        .filter_map(|id| question.candidates.iter().find(|candidate| candidate.id == *id));
    let others = question.candidates.iter().filter(|candidate| !question.order.contains(&candidate.id));
    named.chain(others)
}

fn known_ids(ids: &[String]) -> String {
    if ids.is_empty() { String::new() } else { format!("; known: {}", ids.join(", ")) }
}

fn reasons(rejected: &[Rejected]) -> String {
    let reasons: Vec<String> =
        rejected.iter().map(|rejected| format!("{} ({})", rejected.backend, rejected.reason)).collect();
    reasons.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(id: &str, unusable: Option<&str>) -> Candidate {
        Candidate { id: id.into(), local: id == "local", unusable: unusable.map(str::to_owned) }
    }

    fn ask(question: &Question) -> Result<(String, String), NoRoute> {
        decide(question).map(|decision| (decision.backend, decision.reason))
    }

    #[test]
    fn the_table_of_choices() {
        let order: Vec<String> = ["local", "claude", "codex"].map(str::to_owned).to_vec();
        let up = [candidate("codex", None), candidate("extra", None), candidate("local", None)];
        let down = [candidate("local", Some("breaker open")), candidate("extra", None)];
        let local = ["local".to_owned()];
        let base = Question { order: &order, candidates: &up, ..Question::default() };
        let said = |backend: &str, reason: &str| Ok((backend.to_owned(), reason.to_owned()));

        assert_eq!(ask(&base), said("local", "local first"));
        assert_eq!(
            ask(&Question { explicit: Some("extra"), ..base.clone() }),
            said("extra", "chosen explicitly")
        );
        assert_eq!(
            ask(&Question { tried: &local, ..base.clone() }),
            said("codex", "next in order (local: failed in this turn)")
        );
        assert_eq!(
            ask(&Question { candidates: &down, ..base.clone() }),
            said("extra", "next in order (local: breaker open)")
        );
        assert_eq!(
            ask(&Question { role: Some("review"), role_backend: Some("codex"), ..base.clone() }),
            said("codex", "role review")
        );
        assert_eq!(ask(&Question { candidates: &[], ..base.clone() }), Err(NoRoute::NothingConfigured));
        assert!(matches!(
            ask(&Question { explicit: Some("x"), ..base.clone() }),
            Err(NoRoute::Unknown { .. })
        ));
        let all_down = [candidate("local", Some("down"))];
        assert!(matches!(
            ask(&Question { candidates: &all_down, ..base }),
            Err(NoRoute::NoneUsable(rejected)) if rejected[0].reason == "down"
        ));
    }
}
