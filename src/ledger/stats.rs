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
}

impl Stats {
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut total = Tally::default();
        let mut groups: [BTreeMap<String, Tally>; 5] = Default::default();
        for entry in entries.into_iter().filter(|entry| !entry.is_afterword()) {
            total.add(entry);
            let keys = [
                entry.route.clone(),
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
        let [routes, outcomes, errors, models, roles] = groups.map(by_count);
        Self { total, routes, outcomes, errors, models, roles }
    }
}

impl Tally {
    fn add(&mut self, entry: &Entry) {
        self.count += 1;
        self.ok += usize::from(entry.outcome == Some(Outcome::Ok));
        self.usage += entry.usage.unwrap_or_default();
        match entry.cost_usd.map(super::Cost::usd) {
            Some(Some(usd)) => self.cost_usd += usd,
            Some(None) => self.unpriced += 1,
            None => {}
        }
        self.duration_ms += entry.duration_ms.unwrap_or_default();
    }
}

fn by_count(group: BTreeMap<String, Tally>) -> Vec<(String, Tally)> {
    let mut sorted: Vec<_> = group.into_iter().collect();
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
}
