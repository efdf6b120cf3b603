//! How sure it is that a backend's work is good, from what was observed of it.

use std::collections::BTreeMap;

use serde::Serialize;

/// From 0 to 1, with what led to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Confidence {
    pub value: f64,
    pub signals: Vec<Signal>,
}

/// Something observed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Signal {
    /// In the words of the ledger, such as `edit_failures`.
    pub name: String,
    /// From 0 (bad) to 1 (good).
    pub value: f64,
    /// How much it counts; see the table of weights.
    pub weight: f64,
    /// Where it was seen, in words: `3 of 4 edits fitted`.
    pub source: String,
}

impl Confidence {
    /// The signals as the ledger and events have them.
    pub fn values(&self) -> BTreeMap<String, f64> {
        self.signals.iter().map(|signal| (signal.name.clone(), signal.value)).collect()
    }
}
