//! The decision itself: those who could answer in their order, what speaks against each, and the first one against
//! whom nothing does.

use super::confidence::{Confidence, Signal};
use super::decision::{Decision, NoRoute, Rejected, StandIn};
use super::escalation::{Cause, unavailable};
use super::keywords;
use super::question::{Candidate, Question};
use crate::config::Fallback;
use crate::ledger::TaskClass;

/// The reason of a decision that was the user's.
pub const CHOSEN: &str = "chosen explicitly";

/// Chooses the backend of a turn, or of what is left of it.
///
/// A backend that the user named answers, whatever speaks against it: they may know better. Then comes the backend of
/// the role, then those of `router.order`, in which `local` stands for all local backends that it does not name, then
/// the others. Whoever failed in this turn, may not be asked now, or costs money that is spent is out. Words of the
/// policy and an expectation under the threshold speak against local backends, a conversation that does not fit
/// against any; but if that leaves nobody, the first of those answers after all.
///
/// A backend that is not local stands in for another one when something was tried before it, or a local backend or the
/// role's was passed over. With `router.fallback` at `ask` the decision then says that the user is to be asked; with
/// `never` it falls to a local backend all the same, or to nobody.
///
/// # Errors
/// When no backend is configured, the named one is unknown, or none may be asked now.
pub fn decide(question: &Question) -> Result<Decision, NoRoute> {
    if let Some(wanted) = question.explicit {
        return decide_named(question, wanted);
    }
    if question.candidates.is_empty() {
        return Err(NoRoute::NothingConfigured);
    }
    let line = Line::of(question);
    let judged = &line.judged;
    let first = |may: &dyn Fn(&Judged) -> bool| judged.iter().position(may);
    let Some(at) = first(&|one| one.against.is_none()).or_else(|| first(&|one| one.is_possible())) else {
        return Err(line.nobody());
    };
    let mut decision = line.chosen(at);
    let Some(stands_in) = decision.stands_in.as_mut().filter(|_| line.costs_more(at)) else {
        return Ok(decision);
    };
    match question.policy.fallback {
        Fallback::Auto => Ok(decision),
        Fallback::Ask => {
            stands_in.needs_leave = true;
            Ok(decision)
        }
        Fallback::Never => match first(&|one| one.candidate.local && one.is_possible()) {
            Some(local) => Ok(line.chosen(local)),
            None => Err(line.forbidden(stands_in, at)),
        },
    }
}

fn decide_named(question: &Question, wanted: &str) -> Result<Decision, NoRoute> {
    let find = |candidate: &&Candidate| candidate.id == wanted;
    let candidate = question.candidates.iter().find(find).ok_or_else(|| {
        let known = question.candidates.iter().map(|candidate| candidate.id.clone()).collect();
        NoRoute::Unknown { wanted: wanted.to_owned(), known }
    })?;
    let others = in_order(question).into_iter().filter(|other| other.id != wanted);
    let rejected = others
        .map(|other| Rejected {
            backend: other.id.clone(),
            reason: other.unusable.clone().unwrap_or_else(|| format!("not needed: {wanted} was chosen")),
        })
        .collect();
    Ok(Decision {
        backend: candidate.id.clone(),
        local: candidate.local,
        reason: CHOSEN.to_owned(),
        confidence: expected(candidate, question.task),
        rejected,
        ..Decision::default()
    })
}

/// Everybody who could answer, in order, and what speaks against them.
struct Line<'a> {
    question: &'a Question<'a>,
    judged: Vec<Judged<'a>>,
    /// The role's backend, when it is not configured.
    missing: Option<&'a str>,
}

struct Judged<'a> {
    candidate: &'a Candidate,
    /// The role names it.
    is_roles: bool,
    against: Option<Objection>,
}

struct Objection {
    words: String,
    kind: Against,
}

enum Against {
    /// It may not, or cannot.
    Bar(Option<Cause>),
    Budget(String),
    /// Somebody else would do better.
    Doubt(Cause),
}

impl<'a> Line<'a> {
    fn of(question: &'a Question<'a>) -> Self {
        let wanted = question.role.and(question.role_backend);
        let mut candidates = in_order(question);
        // A stable sort: the others keep their order.
        candidates.sort_by_key(|candidate| wanted != Some(candidate.id.as_str()));
        let matched = keywords::matched(question.prompt, &question.policy.escalation_keywords);
        let judged: Vec<Judged> = candidates
            .into_iter()
            .map(|candidate| {
                let is_roles = wanted == Some(candidate.id.as_str());
                let against = bar(question, candidate).or_else(|| {
                    doubt(question, candidate, is_roles, &matched)
                        .map(|cause| Objection { words: told(&cause), kind: Against::Doubt(cause) })
                });
                Judged { candidate, is_roles, against }
            })
            .collect();
        let missing = wanted.filter(|_| !judged.iter().any(|one| one.is_roles));
        Self { question, judged, missing }
    }

    /// Whether somebody is asked at a price in the place of the user's own choice: of a local backend, of the role's,
    /// or of one that failed.
    fn costs_more(&self, at: usize) -> bool {
        let one = &self.judged[at];
        let passed = self.judged[..at].iter().any(|passed| passed.candidate.local || passed.is_roles);
        let has_fallen = !self.question.tried.is_empty() || self.missing.is_some() || passed;
        !one.candidate.local && !one.is_roles && has_fallen
    }

    fn stands_in(&self, at: usize) -> Option<StandIn> {
        let before = &self.judged[..at];
        let passed = |may: &dyn Fn(&&Judged) -> bool| {
            before.iter().find(may).map(|passed| passed.candidate.id.clone())
        };
        let from = self
            .question
            .tried
            .last()
            .cloned()
            .or_else(|| self.missing.map(str::to_owned))
            .or_else(|| passed(&|passed| passed.is_roles))
            .or_else(|| passed(&|passed| passed.candidate.local))
            .or_else(|| passed(&|_| true))?;
        let why = self.rejected(Some(at)).into_iter().find(|one| one.backend == from);
        Some(StandIn {
            from,
            why: why.map(|one| one.reason).unwrap_or_default(),
            cause: self.cause(at),
            needs_leave: false,
        })
    }

    fn chosen(&self, at: usize) -> Decision {
        let one = &self.judged[at];
        let stands_in = self.stands_in(at).map(Box::new);
        let passed = self.passed(at);
        let cause = stands_in.as_ref().and_then(|stands_in| stands_in.cause.as_ref());
        let reason = match (&one.against, cause) {
            (Some(doubt), _) => format!("nobody else may answer ({})", doubt.words),
            (None, _) if one.is_roles => format!("role {}", self.question.role.unwrap_or_default()),
            (None, Some(cause)) => told(cause),
            (None, None) if passed.is_empty() && one.candidate.local => "local first".to_owned(),
            (None, None) if passed.is_empty() => "first in order".to_owned(),
            (None, None) => {
                let passed: Vec<String> =
                    passed.iter().map(|passed| format!("{}: {}", passed.backend, passed.reason)).collect();
                format!("next in order ({})", passed.join("; "))
            }
        };
        Decision {
            backend: one.candidate.id.clone(),
            local: one.candidate.local,
            reason,
            confidence: expected(one.candidate, self.question.task),
            rejected: self.rejected(Some(at)),
            stands_in,
        }
    }

    /// Why the turn does not go where it would have gone first: what happened in it, else what speaks against the first
    /// local backend before this one.
    fn cause(&self, at: usize) -> Option<Cause> {
        let one = &self.judged[at];
        if one.is_roles || one.against.is_some() {
            return None;
        }
        let before = self.judged[..at].iter().filter(|passed| passed.candidate.local);
        let of_local = before.filter_map(|passed| match &passed.against.as_ref()?.kind {
            Against::Bar(cause) => cause.clone(),
            Against::Doubt(cause) => Some(cause.clone()),
            Against::Budget(_) => None,
        });
        let happened = self.question.after.filter(|_| !self.question.tried.is_empty()).cloned();
        happened.or_else(|| of_local.into_iter().next())
    }

    /// Those before somebody.
    fn passed(&self, at: usize) -> Vec<Rejected> {
        let before = self.judged[..at].iter().filter_map(|passed| {
            let reason = passed.against.as_ref()?.words.clone();
            Some(Rejected { backend: passed.candidate.id.clone(), reason })
        });
        self.not_configured().into_iter().chain(before).collect()
    }

    fn rejected(&self, chosen: Option<usize>) -> Vec<Rejected> {
        let others = self.judged.iter().enumerate().filter(|(at, _)| Some(*at) != chosen).map(|(_, one)| {
            let reason = match (&one.against, chosen) {
                (Some(against), _) => against.words.clone(),
                (None, Some(at)) => format!("not needed: {} answers", self.judged[at].candidate.id),
                (None, None) => "may not stand in for another".to_owned(),
            };
            Rejected { backend: one.candidate.id.clone(), reason }
        });
        self.not_configured().into_iter().chain(others).collect()
    }

    fn not_configured(&self) -> Option<Rejected> {
        let role = self.question.role.unwrap_or_default();
        self.missing.map(|missing| Rejected {
            backend: missing.to_owned(),
            reason: format!("role {role} names it, and it is not configured"),
        })
    }

    fn nobody(&self) -> NoRoute {
        let rejected = self.rejected(None);
        let budget = self.judged.iter().find_map(|one| match &one.against.as_ref()?.kind {
            Against::Budget(words) => Some(words.clone()),
            Against::Bar(_) | Against::Doubt(_) => None,
        });
        match budget {
            Some(budget) => {
                let rejected = rejected.into_iter().filter(|one| one.reason != budget).collect();
                NoRoute::OverBudget { budget, rejected }
            }
            None => NoRoute::NoneUsable(rejected),
        }
    }

    fn forbidden(&self, stands_in: &StandIn, would: usize) -> NoRoute {
        NoRoute::Forbidden {
            from: stands_in.from.clone(),
            why: stands_in.why.clone(),
            would: self.judged[would].candidate.id.clone(),
            rejected: self.rejected(None),
        }
    }
}

impl Judged<'_> {
    /// It could answer, though somebody else might do better.
    fn is_possible(&self) -> bool {
        match &self.against {
            None => true,
            Some(objection) => matches!(objection.kind, Against::Doubt(_)),
        }
    }
}

/// What keeps a backend from being asked at all.
fn bar(question: &Question, candidate: &Candidate) -> Option<Objection> {
    if question.tried.contains(&candidate.id) {
        let cause = question.after.filter(|_| question.tried.last() == Some(&candidate.id)).cloned();
        let words = cause.as_ref().map_or_else(|| "failed in this turn".to_owned(), told);
        return Some(Objection { words, kind: Against::Bar(cause) });
    }
    if let Some(why) = &candidate.unusable {
        let cause = candidate.local.then(|| unavailable(true, why.clone()));
        return Some(Objection { words: why.clone(), kind: Against::Bar(cause) });
    }
    let words = question.budgets.iter().filter(|_| !candidate.local).find_map(super::Purse::empty)?;
    Some(Objection { words: words.clone(), kind: Against::Budget(words) })
}

/// What makes another backend the better choice.
fn doubt(question: &Question, candidate: &Candidate, is_roles: bool, matched: &[String]) -> Option<Cause> {
    let needed = question.context_tokens;
    if let Some(window) = candidate.context_window.filter(|window| needed > *window) {
        return Some(Cause::ContextOverflow { sizes: Some((needed, window)) });
    }
    if is_roles || !candidate.local {
        return None;
    }
    if !matched.is_empty() {
        return Some(Cause::Keywords { matched: matched.to_owned() });
    }
    let threshold = question.policy.local_confidence_threshold;
    let prior = candidate.prior.filter(|prior| prior.value < threshold)?;
    let why = format!("expected of {} after {} outcomes", tasks(question.task), prior.outcomes);
    Some(Cause::LowConfidence { value: prior.value, threshold, why })
}

fn expected(candidate: &Candidate, task: TaskClass) -> Option<Confidence> {
    let prior = candidate.prior?;
    let signal = Signal {
        name: "prior".to_owned(),
        value: prior.value,
        weight: 1.0,
        source: format!("{} outcomes of {} of {}", prior.outcomes, tasks(task), candidate.id),
    };
    Some(Confidence { value: prior.value, signals: vec![signal] })
}

fn in_order<'a>(question: &'a Question) -> Vec<&'a Candidate> {
    let order = &question.policy.order;
    let is_named = |candidate: &&Candidate| order.contains(&candidate.id);
    let mut line: Vec<&Candidate> = Vec::new();
    for id in order {
        line.extend(question.candidates.iter().filter(|candidate| candidate.id == *id));
        if id == "local" {
            line.extend(
                question.candidates.iter().filter(|candidate| candidate.local && !is_named(candidate)),
            );
        }
    }
    for candidate in question.candidates {
        if !line.iter().any(|one| one.id == candidate.id) {
            line.push(candidate);
        }
    }
    line
}

fn told(cause: &Cause) -> String {
    format!("{}: {cause}", cause.name())
}

fn tasks(class: TaskClass) -> &'static str {
    match class {
        TaskClass::Advisory => "advisory tasks",
        TaskClass::Change => "changes",
    }
}
