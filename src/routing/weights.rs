//! How much each signal counts. The table of defaults is here; [`fit`](super::calibrate::fit) makes others from
//! what the ledger tells.

use std::collections::BTreeMap;

/// Confidence where nothing was observed: three of four attempts of a backend that is up are expected to be good.
pub const PRIOR: f64 = 0.75;

/// A signal that there can be.
pub struct Kind {
    pub name: &'static str,
    /// What good work usually has: a signal of this value moves nothing.
    pub neutral: f64,
    /// Log-odds between the worst value and the best, unless a table says otherwise.
    pub weight: f64,
}

/// All of them; see [`estimate`](super::estimate) for what they mean.
pub const KINDS: &[Kind] = &[
    kind("verification", 0.5, 6.0),
    kind("tool_calls", 0.95, 6.0),
    kind("tool_results", 0.8, 1.5),
    kind("edits", 0.85, 4.0),
    kind("edits_of_one_file", 1.0, 2.0),
    kind("repeated_calls", 1.0, 3.0),
    kind("truncated", 1.0, 2.5),
    kind("refused", 1.0, 4.0),
    kind("empty_answers", 1.0, 3.0),
    kind("logprob_mean", 0.85, 4.0),
    kind("logprob_min", 0.5, 0.5),
    kind("diff_size", 1.0, 1.2),
    kind("protected_paths", 1.0, 2.0),
    kind("context", 1.0, 1.0),
    kind("limits", 1.0, 1.0),
];

/// The signal that is a judgement of the work itself, and so may be what is to be foretold.
pub const VERIFICATION: &str = "verification";

const fn kind(name: &'static str, neutral: f64, weight: f64) -> Kind {
    Kind { name, neutral, weight }
}

/// A table of weights in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// Confidence where nothing was observed, above 0 and below 1.
    pub prior: f64,
    /// By the names of [`KINDS`]; what is absent has its default.
    pub weights: BTreeMap<String, f64>,
}

impl Default for Weights {
    fn default() -> Self {
        Self { prior: PRIOR, weights: BTreeMap::new() }
    }
}

impl Weights {
    /// What a signal counts; 0 for one that is not in the table.
    pub fn of(&self, name: &str) -> f64 {
        let default = || KINDS.iter().find(|kind| kind.name == name).map_or(0.0, |kind| kind.weight);
        self.weights.get(name).copied().unwrap_or_else(default)
    }

    /// What follows from signals by name and value, with another prior than the table's where one is known.
    pub fn combine<'a>(&self, signals: impl IntoIterator<Item = (&'a str, f64)>, prior: Option<f64>) -> f64 {
        let moved: f64 = signals.into_iter().map(|(name, value)| self.of(name) * distance(name, value)).sum();
        probability(log_odds(prior.unwrap_or(self.prior)) + moved)
    }
}

/// How far a value lies from the neutral one of its signal; 0 for a signal that is not in the table.
pub fn distance(name: &str, value: f64) -> f64 {
    KINDS.iter().find(|kind| kind.name == name).map_or(0.0, |kind| value.clamp(0.0, 1.0) - kind.neutral)
}

pub fn log_odds(probability: f64) -> f64 {
    let inside = probability.clamp(0.001, 0.999);
    (inside / (1.0 - inside)).ln()
}

pub fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}
