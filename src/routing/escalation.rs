//! When to leave a backend for the next one. A pure function, [`escalate`], over what an attempt came to so far; who
//! comes next is [`decide`](super::decide())'s to say, and what is carried over is the agent's.

use std::fmt;

use serde::Serialize;

use super::confidence::Confidence;
use super::observed::Observed;
use crate::chat::ErrorClass;
use crate::config::RouterSettings;
use crate::ledger::Verify;

/// Why a backend is left, or was passed over.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Cause {
    /// Its work is not trusted, or not expected to be good.
    LowConfidence {
        value: f64,
        threshold: f64,
        why: String,
    },
    /// The project's check failed so often.
    VerificationFailures {
        times: u32,
    },
    /// Edits did not fit, so many in a row.
    EditFailures {
        times: u32,
    },
    /// Calls were malformed, so many in a row.
    MalformedCalls {
        times: u32,
    },
    /// It goes round in circles.
    ToolLoop,
    /// Its answers are cut off.
    Truncated,
    Refused,
    EmptyAnswers,
    /// The conversation does not fit, though it was compacted; with the numbers where they are known.
    ContextOverflow {
        sizes: Option<(u64, u64)>,
    },
    /// The task has words of the policy.
    Keywords {
        matched: Vec<String>,
    },
    /// A local backend does not answer.
    LocalUnavailable {
        why: String,
    },
    /// Another one does not.
    Unavailable {
        why: String,
    },
}

/// Malformed calls in a row that are a pattern.
const MALFORMED: u32 = 3;
/// Failed edits in a row: of one file, and of all.
const EDITS_OF_ONE_FILE: u32 = 3;
const EDITS_IN_ROW: u32 = 5;
/// Answers that were cut off, or had nothing in them; each was asked for again once.
const TRUNCATED: u32 = 2;
const EMPTY: u32 = 2;
/// Facts that a confidence under the threshold has to rest on.
const ENOUGH_EVIDENCE: u64 = 4;

/// Whether an attempt should be left to the next backend, and why. To be asked after each round and when the attempt
/// failed.
///
/// The quality of its work is a reason to leave a local backend only: it was asked first since it costs nothing,
/// and what comes after it is expected to be better. A remote backend has nobody above it; its attempt ends as it
/// ends. That a backend cannot answer at all is a reason to leave any.
///
/// While a failed check is being mended, `router.max_local_retries` alone counts, and no confidence: it is low
/// because of that very failure.
pub fn escalate(
    policy: &RouterSettings,
    observed: &Observed,
    confidence: &Confidence,
    is_local: bool,
) -> Option<Cause> {
    if let Some(class) = observed.failure {
        return after_failure(class, observed, is_local);
    }
    if !is_local {
        return None;
    }
    let Observed { calls, edits, checks, stops, .. } = observed;
    let is_mending = checks.last == Some(Verify::Failed);
    if is_mending && checks.failed > policy.max_local_retries {
        return Some(Cause::VerificationFailures { times: checks.failed });
    }
    if stops.refused > 0 {
        return Some(Cause::Refused);
    }
    if edits.worst_file >= EDITS_OF_ONE_FILE || edits.failed_in_row >= EDITS_IN_ROW {
        return Some(Cause::EditFailures { times: edits.worst_file.max(edits.failed_in_row) });
    }
    if calls.malformed_in_row >= MALFORMED {
        return Some(Cause::MalformedCalls { times: calls.malformed_in_row });
    }
    if stops.truncated >= TRUNCATED {
        return Some(Cause::Truncated);
    }
    if stops.empty >= EMPTY {
        return Some(Cause::EmptyAnswers);
    }
    let (value, threshold) = (confidence.value, policy.local_confidence_threshold);
    if !is_mending && observed.evidence() >= ENOUGH_EVIDENCE && value < threshold {
        return Some(Cause::LowConfidence { value, threshold, why: worst(confidence) });
    }
    None
}

/// What a failure that ended an attempt means for those who come after.
fn after_failure(class: ErrorClass, observed: &Observed, is_local: bool) -> Option<Cause> {
    let quality = match class {
        // The user's own doing, or ours.
        ErrorClass::Cancelled | ErrorClass::Internal => return None,
        // Another one may have a larger window; those who have not are passed over by their size.
        ErrorClass::ContextOverflow => return Some(Cause::ContextOverflow { sizes: None }),
        ErrorClass::Unreachable
        | ErrorClass::Timeout
        | ErrorClass::Auth
        | ErrorClass::NotFound
        | ErrorClass::RateLimit
        | ErrorClass::Quota
        | ErrorClass::Overloaded
        | ErrorClass::BadResponse => {
            if observed.calls.malformed_in_row >= MALFORMED {
                Cause::MalformedCalls { times: observed.calls.malformed_in_row }
            } else if observed.stops.empty >= EMPTY {
                Cause::EmptyAnswers
            } else {
                let why = class.name().to_owned();
                return Some(unavailable(is_local, why));
            }
        }
        ErrorClass::Refused => Cause::Refused,
        ErrorClass::Truncated => Cause::Truncated,
        ErrorClass::ToolLoop => Cause::ToolLoop,
        ErrorClass::EditFailures => Cause::EditFailures { times: observed.edits.failed_in_row },
        ErrorClass::Verification => Cause::VerificationFailures { times: observed.checks.failed },
    };
    is_local.then_some(quality)
}

/// A backend that does not answer.
pub(super) fn unavailable(is_local: bool, why: String) -> Cause {
    if is_local { Cause::LocalUnavailable { why } } else { Cause::Unavailable { why } }
}

/// The signal that lowered the confidence most, in words.
fn worst(confidence: &Confidence) -> String {
    confidence
        .signals
        .iter()
        .map(|signal| (signal.weight * super::weights::distance(&signal.name, signal.value), signal))
        .filter(|(moved, _)| *moved < 0.0)
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map_or_else(|| "little was seen to go well".to_owned(), |(_, signal)| signal.source.clone())
}

impl Cause {
    /// As it stands in the ledger, before the words.
    pub fn name(&self) -> &'static str {
        match self {
            Self::LowConfidence { .. } => "low_confidence",
            Self::VerificationFailures { .. } => "verification_failures",
            Self::EditFailures { .. } => "edit_failures",
            Self::MalformedCalls { .. } => "malformed_calls",
            Self::ToolLoop => "tool_loop",
            Self::Truncated => "truncated",
            Self::Refused => "refused",
            Self::EmptyAnswers => "empty_answers",
            Self::ContextOverflow { .. } => "context_overflow",
            Self::Keywords { .. } => "keywords",
            Self::LocalUnavailable { .. } => "local_unavailable",
            Self::Unavailable { .. } => "unavailable",
        }
    }

    /// The class under which an attempt that was left for this goes into the ledger, where no failure ended it;
    /// `None` where nothing went wrong that has one.
    pub fn class(&self) -> Option<ErrorClass> {
        match self {
            Self::VerificationFailures { .. } => Some(ErrorClass::Verification),
            Self::EditFailures { .. } => Some(ErrorClass::EditFailures),
            Self::ToolLoop => Some(ErrorClass::ToolLoop),
            Self::MalformedCalls { .. } | Self::EmptyAnswers => Some(ErrorClass::BadResponse),
            Self::Truncated => Some(ErrorClass::Truncated),
            Self::Refused => Some(ErrorClass::Refused),
            Self::ContextOverflow { .. } => Some(ErrorClass::ContextOverflow),
            Self::LowConfidence { .. }
            | Self::Keywords { .. }
            | Self::LocalUnavailable { .. }
            | Self::Unavailable { .. } => None,
        }
    }
}

/// For people.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LowConfidence { value, threshold, why } => {
                write!(f, "confidence {value:.2} is under {threshold:.2} ({why})")
            }
            Self::VerificationFailures { times } => write!(f, "the check failed {times} times"),
            Self::EditFailures { times } => write!(f, "{times} edits in a row did not fit"),
            Self::MalformedCalls { times } => write!(f, "{times} calls in a row were malformed"),
            Self::ToolLoop => f.write_str("it goes round in circles"),
            Self::Truncated => f.write_str("its answers are cut off"),
            Self::Refused => f.write_str("it refused"),
            Self::EmptyAnswers => f.write_str("its answers are empty"),
            Self::ContextOverflow { sizes: Some((needed, window)) } => {
                write!(f, "about {needed} tokens do not fit in {window}")
            }
            Self::ContextOverflow { sizes: None } => f.write_str("the conversation does not fit"),
            Self::Keywords { matched } => {
                let quoted: Vec<String> = matched.iter().map(|word| format!("\"{word}\"")).collect();
                write!(f, "the task says {}", quoted.join(", "))
            }
            Self::LocalUnavailable { why } | Self::Unavailable { why } => f.write_str(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::observed::{Calls, Checks, Edits, Stops};
    use super::super::{Weights, estimate};
    use super::*;
    use crate::config::{Fallback, WeightsChoice};

    fn policy() -> RouterSettings {
        RouterSettings {
            order: Vec::new(),
            local_confidence_threshold: 0.6,
            escalation_keywords: Vec::new(),
            fallback: Fallback::Auto,
            max_local_retries: 1,
            weights: WeightsChoice::Default,
        }
    }

    fn judge(observed: &Observed, is_local: bool) -> Option<&'static str> {
        let confidence = estimate(observed, &Weights::default(), None);
        escalate(&policy(), observed, &confidence, is_local).map(|cause| cause.name())
    }

    fn failed(class: ErrorClass) -> Observed {
        Observed { failure: Some(class), ..Observed::default() }
    }

    fn checks(failed: u32, last: Verify) -> Observed {
        Observed {
            checks: Checks { failed, last: Some(last) },
            calls: Calls { made: 10, ..Calls::default() },
            ..Observed::default()
        }
    }

    #[test]
    fn the_table_of_causes_to_leave_a_local_backend() {
        let edits = |tried, failed, failed_in_row, worst_file| Observed {
            edits: Edits { tried, failed, failed_in_row, worst_file },
            calls: Calls { made: tried, failed, ..Calls::default() },
            ..Observed::default()
        };
        let calls = |made, malformed, malformed_in_row| Observed {
            calls: Calls { made, malformed, malformed_in_row, ..Calls::default() },
            ..Observed::default()
        };
        let stops = |truncated, refused, empty| Observed {
            stops: Stops { truncated, refused, empty },
            calls: Calls { made: 12, ..Calls::default() },
            ..Observed::default()
        };
        for (what, observed, cause) in [
            ("nothing yet", Observed::default(), None),
            ("smooth work", edits(10, 0, 0, 0), None),
            ("a slip", edits(10, 1, 1, 1), None),
            ("an early slip is too little to go by", calls(2, 1, 1), None),
            ("one file that no edit fits", edits(10, 3, 3, 3), Some("edit_failures")),
            ("files that no edit fits", edits(20, 5, 5, 1), Some("edit_failures")),
            ("edits that fit half of the time", edits(10, 5, 1, 1), Some("low_confidence")),
            ("calls that are half nonsense", calls(10, 5, 1), Some("low_confidence")),
            ("calls that are nonsense", calls(10, 3, 3), Some("malformed_calls")),
            ("once cut off", stops(1, 0, 0), Some("low_confidence")),
            ("twice cut off", stops(2, 0, 0), Some("truncated")),
            ("refused", stops(0, 1, 0), Some("refused")),
            ("twice empty", stops(0, 0, 2), Some("empty_answers")),
            ("the check failed and may be mended", checks(1, Verify::Failed), None),
            ("the check failed again", checks(2, Verify::Failed), Some("verification_failures")),
            ("it was mended", checks(1, Verify::Passed), None),
            ("it could not be run", checks(0, Verify::NotRun), None),
        ] {
            assert_eq!(judge(&observed, true), cause, "{what}");
            assert_eq!(judge(&observed, false), None, "{what}, remote: nobody is above it");
        }
    }

    #[test]
    fn the_table_of_failures() {
        use ErrorClass as E;
        for (class, local, remote) in [
            (E::Unreachable, Some("local_unavailable"), Some("unavailable")),
            (E::Timeout, Some("local_unavailable"), Some("unavailable")),
            (E::Auth, Some("local_unavailable"), Some("unavailable")),
            (E::NotFound, Some("local_unavailable"), Some("unavailable")),
            (E::RateLimit, Some("local_unavailable"), Some("unavailable")),
            (E::Quota, Some("local_unavailable"), Some("unavailable")),
            (E::Overloaded, Some("local_unavailable"), Some("unavailable")),
            (E::BadResponse, Some("local_unavailable"), Some("unavailable")),
            (E::ContextOverflow, Some("context_overflow"), Some("context_overflow")),
            (E::Refused, Some("refused"), None),
            (E::Truncated, Some("truncated"), None),
            (E::ToolLoop, Some("tool_loop"), None),
            (E::EditFailures, Some("edit_failures"), None),
            (E::Verification, Some("verification_failures"), None),
            (E::Cancelled, None, None),
            (E::Internal, None, None),
        ] {
            assert_eq!(
                (judge(&failed(class), true), judge(&failed(class), false)),
                (local, remote),
                "{class}"
            );
        }
        let empty = Observed { stops: Stops { empty: 2, ..Stops::default() }, ..failed(E::BadResponse) };
        assert_eq!((judge(&empty, true), judge(&empty, false)), (Some("empty_answers"), None));
    }

    #[test]
    fn more_retries_leave_more_time_to_mend() {
        let patient = RouterSettings { max_local_retries: 3, ..policy() };
        let none = RouterSettings { max_local_retries: 0, ..policy() };
        let judge = |policy: &RouterSettings, times| {
            let observed = checks(times, Verify::Failed);
            let confidence = estimate(&observed, &Weights::default(), None);
            escalate(policy, &observed, &confidence, true).is_some()
        };
        assert_eq!([1, 2, 3, 4].map(|times| judge(&patient, times)), [false, false, false, true]);
        assert!(judge(&none, 1));
    }

    #[test]
    fn a_cause_says_the_numbers_and_the_worst_of_the_signals() {
        let observed = Observed {
            edits: Edits { tried: 10, failed: 5, failed_in_row: 1, worst_file: 1 },
            calls: Calls { made: 12, failed: 5, ..Calls::default() },
            ..Observed::default()
        };
        let confidence = estimate(&observed, &Weights::default(), None);
        let cause = escalate(&policy(), &observed, &confidence, true).unwrap();
        assert_eq!(cause.to_string(), "confidence 0.36 is under 0.60 (5 of 10 edits fitted)");
    }
}
