//! Entries, counted.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Entry;
use crate::chat::{Outcome, Usage};

/// Counts over entries, by what they have in common. The most frequent come first.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Stats {
    pub total: Tally,
    pub routes: Vec<(String, Tally)>,
    pub backends: Vec<(String, Tally)>,
    pub outcomes: Vec<(String, Tally)>,
    pub errors: Vec<(String, Tally)>,
    pub models: Vec<(String, Tally)>,
    pub roles: Vec<(String, Tally)>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Tally {
    pub count: usize,
    /// Of those, the ones that ended well.
    pub ok: usize,
    pub usage: Usage,
    /// What is known of the cost.
    pub cost_usd: f64,
    /// Entries with a cost that is not known.
    pub unpriced: usize,
    pub duration_ms: u64,
    /// The part of the prompts that came from a cache, 0 to 1; absent where nothing was counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_hits: Option<f64>,
    /// The part of the edits that fitted, 0 to 1, as a mean over the runs of which it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edits_fitted: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_token: Option<Percentiles>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whole: Option<Percentiles>,
}

/// In milliseconds: so many percent took no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Percentiles {
    pub p50: u64,
    pub p90: u64,
    pub p99: u64,
}

impl Stats {
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut total = Group::default();
        let mut groups: [BTreeMap<String, Group>; 6] = Default::default();
        for entry in entries.into_iter().filter(|entry| !entry.is_afterword()) {
            total.add(entry);
            let keys = [
                entry.route.clone(),
                entry.backend.clone(),
                entry.outcome.map(|outcome| outcome_name(outcome).to_owned()),
                entry.error_class.map(|class| class.name().to_owned()),
                entry.model.clone(),
                entry.role.clone(),
            ];
            for (group, key) in groups.iter_mut().zip(keys) {
                if let Some(key) = key {
                    group.entry(key).or_default().add(entry);
                }
            }
        }
        let [routes, backends, outcomes, errors, models, roles] = groups.map(by_count);
        Self { total: total.tally(), routes, backends, outcomes, errors, models, roles }
    }
}

/// A tally while it is made.
#[derive(Default)]
struct Group {
    tally: Tally,
    first_token: Vec<u64>,
    whole: Vec<u64>,
    edits: Vec<f64>,
}

impl Group {
    fn add(&mut self, entry: &Entry) {
        let tally = &mut self.tally;
        tally.count += 1;
        tally.ok += usize::from(entry.outcome == Some(Outcome::Ok));
        tally.usage += entry.usage.unwrap_or_default();
        match entry.cost_usd.map(super::Cost::usd) {
            Some(Some(usd)) => tally.cost_usd += usd,
            Some(None) => tally.unpriced += 1,
            None => {}
        }
        tally.duration_ms += entry.duration_ms.unwrap_or_default();
        self.first_token.extend(entry.first_token_ms);
        self.whole.extend(entry.duration_ms);
        self.edits.extend(entry.signals.get(EDITS));
    }

    fn tally(self) -> Tally {
        let usage = self.tally.usage;
        let prompt = usage.input + usage.cache_read + usage.cache_write;
        Tally {
            cache_hits: (prompt > 0).then(|| share(usage.cache_read, prompt)),
            edits_fitted: mean(&self.edits),
            first_token: Percentiles::of(self.first_token),
            whole: Percentiles::of(self.whole),
            ..self.tally
        }
    }
}

/// The signal that says how many edits fitted.
const EDITS: &str = "edits";

impl Percentiles {
    fn of(mut times: Vec<u64>) -> Option<Self> {
        times.sort_unstable();
        let last = times.len().checked_sub(1)?;
        let at = |percent: usize| times[(times.len() * percent).div_ceil(100).saturating_sub(1).min(last)];
        Some(Self { p50: at(50), p90: at(90), p99: at(99) })
    }
}

#[expect(clippy::cast_precision_loss, reason = "tokens are far below 2^52")]
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

#[expect(clippy::cast_precision_loss, reason = "lines of a ledger")]
fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn by_count(group: BTreeMap<String, Group>) -> Vec<(String, Tally)> {
    let mut sorted: Vec<_> = group.into_iter().map(|(name, group)| (name, group.tally())).collect();
    sorted.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.count));
    sorted
}

fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "ok",
        Outcome::Error => "error",
        Outcome::Aborted => "aborted",
    }
}

#[cfg(test)]
mod tests {
    use super::super::Cost;
    use super::*;
    use crate::chat::ErrorClass;

    #[test]
    fn entries_are_counted_by_route_outcome_error_and_model() {
        let entry = |route: &str, cost, error| Entry {
            route: Some(route.into()),
            model: Some(format!("{route}-model")),
            outcome: Some(if error { Outcome::Error } else { Outcome::Ok }),
            error_class: error.then_some(ErrorClass::Timeout),
            usage: Some(Usage { input: 10, output: 1, ..Usage::default() }),
            cost_usd: cost,
            duration_ms: Some(5),
            ..Entry::new("r")
        };
        let entries = [
            entry("claude", Some(Cost::Usd(0.5)), false),
            entry("local", Some(Cost::Local), false),
            entry("local", Some(Cost::Local), true),
            entry("odd", Some(Cost::Unpriced), false),
            entry("odd", None, false),
            entry("local", Some(Cost::Local), false),
        ];
        let stats = Stats::of(&entries);
        assert_eq!((stats.total.count, stats.total.ok, stats.total.unpriced), (6, 5, 1));
        assert!((stats.total.cost_usd - 0.5).abs() < 1e-12);
        let counts = |group: &[(String, Tally)]| -> Vec<(String, usize)> {
            group.iter().map(|(name, tally)| (name.clone(), tally.count)).collect()
        };
        let named = |name: &str, count| (name.to_owned(), count);
        assert_eq!(counts(&stats.routes), [named("local", 3), named("odd", 2), named("claude", 1)]);
        assert_eq!(counts(&stats.outcomes), [named("ok", 5), named("error", 1)]);
        assert_eq!(counts(&stats.errors), [named("timeout", 1)]);
        assert_eq!(stats.models[0].1.usage.input, 30);
        assert_eq!(stats.models[0].1.duration_ms, 15);
        assert_eq!(stats.roles, []);
    }

    #[test]
    fn a_tally_knows_times_cache_and_edits_where_they_are_told() {
        let entry = |ms: u64| Entry {
            backend: Some("b".into()),
            first_token_ms: Some(ms),
            duration_ms: Some(10 * ms),
            usage: Some(Usage { input: 1, cache_read: 3, ..Usage::default() }),
            signals: if ms == 1 { [("edits".to_owned(), 0.5)].into() } else { BTreeMap::new() },
            ..Entry::new("r")
        };
        let entries: Vec<Entry> = (1..=100).map(entry).collect();
        let (name, tally) = &Stats::of(&entries).backends[0];
        assert_eq!(name, "b");
        assert_eq!(tally.first_token, Some(Percentiles { p50: 50, p90: 90, p99: 99 }));
        assert_eq!(tally.whole, Some(Percentiles { p50: 500, p90: 900, p99: 990 }));
        assert_eq!((tally.cache_hits, tally.edits_fitted), (Some(0.75), Some(0.5)));
        let bare = Stats::of(&[Entry::new("r"), Entry::afterword("s", 1, Vec::new(), false)]).total;
        assert_eq!((bare.count, bare.first_token, bare.cache_hits, bare.edits_fitted), (1, None, None, None));
        assert_eq!(Percentiles::of(vec![7]), Some(Percentiles { p50: 7, p90: 7, p99: 7 }));
    }
}
