//! What an attempt did so far, as plain counts. Whoever runs it counts; what the counts mean is said in
//! [`estimate`](super::estimate) and [`escalate`](super::escalate).

use crate::chat::{Certainty, ErrorClass};
use crate::ledger::Verify;

/// Of one attempt: one backend's share of a turn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// Whole answers of the model.
    pub answers: u32,
    pub calls: Calls,
    pub edits: Edits,
    pub checks: Checks,
    pub stops: Stops,
    /// Over all answers, where the server tells.
    pub certainty: Option<Certainty>,
    pub diff: Diff,
    /// The part of the context window that is full, from 0 to 1; absent when the window is not known.
    pub context_fill: Option<f64>,
    /// The part of the steps or of the time of a turn that is used up, whichever is larger, from 0 to 1.
    pub limits_used: Option<f64>,
    /// What ended the attempt, when it was no quality of the work that did.
    pub failure: Option<ErrorClass>,
}

/// Calls of tools.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    pub made: u32,
    /// Arguments that are no JSON object, tools that do not exist.
    pub malformed: u32,
    /// Of those, the ones since the last well-formed call.
    pub malformed_in_row: u32,
    /// Well-formed, and ended in an error.
    pub failed: u32,
    /// How often the most repeated call gave the same result again, with no change of a file in between.
    pub repeats: u32,
}

/// Calls that edit a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Edits {
    pub tried: u32,
    pub failed: u32,
    /// Failed ones since one fitted.
    pub failed_in_row: u32,
    /// The most failed ones on one file since one fitted there.
    pub worst_file: u32,
}

/// Runs of the project's own check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checks {
    pub failed: u32,
    /// How the latest one went. One that could not be run is no pass.
    pub last: Option<Verify>,
}

/// Answers that ended otherwise than they should.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stops {
    /// Cut off at the output limit.
    pub truncated: u32,
    pub refused: u32,
    /// Neither words nor calls.
    pub empty: u32,
}

/// What was changed, beside what was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Diff {
    /// Lines added and removed by this attempt.
    pub lines: u64,
    /// Characters of the prompt.
    pub asked: u64,
    /// Paths that nobody should touch in passing: CI, locks, licences, settings of the project's tools.
    pub protected: u32,
}

/// So many tokens with log-probabilities say as much as one call.
const TOKENS_PER_FACT: u64 = 32;

impl Observed {
    /// How many single facts there are about the quality of the work.
    pub fn evidence(&self) -> u64 {
        let tokens = self.certainty.map_or(0, |certainty| certainty.tokens / TOKENS_PER_FACT);
        let stops = self.stops.truncated + self.stops.refused + self.stops.empty;
        let checks = match self.checks.last {
            Some(Verify::Passed | Verify::Failed) => 1,
            Some(Verify::NotRun) | None => 0,
        };
        u64::from(self.calls.made) + u64::from(stops) + checks + tokens
    }
}
