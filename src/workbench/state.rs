//! How things stand, for a panel that shows it: the backends, the latest runs, what today has cost. Reads what
//! is known already; no backend is called for it.

use std::collections::BTreeMap;

use super::Base;
use super::doctor::{self, BackendReport};
use crate::backends::health::{Unusable, now_ms};
use crate::chat::Usage;
use crate::config::BackendKind;
use crate::ledger::{Cost, Entry};

pub use super::discover::{Found, FoundCli, FoundServer, discover, discover_on};
pub use crate::backends::health::{HealthState, LastError};

/// A backend in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct BackendLine {
    pub id: String,
    pub kind: BackendKind,
    pub local: bool,
    pub model: Option<String>,
    pub state: HealthState,
    /// Until it may be called again; 0 when it may.
    pub retry_in_ms: u64,
    /// In a row.
    pub failures: u32,
    pub last_error: Option<LastError>,
    /// Of the latest calls that succeeded, the oldest first.
    pub latencies_ms: Vec<u64>,
    /// What the user has to give before it can be called.
    pub missing: Option<String>,
}

/// What today's runs came to. A day is one of UTC, as for the budget.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spent {
    pub total: SpentLine,
    /// By backend and model, the dearest first.
    pub lines: Vec<SpentLine>,
}

/// A sum over runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SpentLine {
    pub backend: String,
    pub model: String,
    pub calls: usize,
    pub usage: Usage,
    /// US dollars, of what has a price.
    pub cost_usd: f64,
    /// Runs whose cost is not known.
    pub unpriced: usize,
}

/// How the backends fare, in the router's order. Asks nobody.
pub fn health(base: &Base) -> Vec<BackendLine> {
    let services = &base.services;
    let order = &services.settings.router.order;
    let place = |id: &str| order.iter().position(|named| named == id).unwrap_or(usize::MAX);
    let mut ids: Vec<&String> = services.backends.keys().collect();
    // A stable sort: those that the order does not name stay in the order of their ids.
    ids.sort_by_key(|id| place(id));
    ids.into_iter().map(|id| line(base, id)).collect()
}

fn line(base: &Base, id: &str) -> BackendLine {
    let services = &base.services;
    let settings = &services.settings.backends[id];
    let missing = match &services.backends[id] {
        Err(failure) => Some(failure.message.clone()),
        Ok(backend) => backend.missing().map(|error| error.message.clone()),
    };
    let health = services.health.state(id, now_ms());
    BackendLine {
        id: id.to_owned(),
        kind: settings.kind,
        local: settings.local,
        model: settings.model.clone(),
        state: if missing.is_some() { HealthState::Unconfigured } else { health.state },
        retry_in_ms: health.retry_in_ms,
        failures: health.failures,
        last_error: health.last_error,
        latencies_ms: health.latencies_ms,
        missing,
    }
}

/// Asks each backend. One whose key was rejected before and is taken now may be called again.
pub async fn ask(base: &Base) -> Vec<BackendReport> {
    let reports = doctor::backends(base).await;
    let health = &base.services.health;
    for one in reports.iter().filter(|one| one.state == HealthState::Up) {
        if health.usable(&one.id, now_ms()) == Err(Unusable::Auth) {
            health.reset(&one.id);
        }
    }
    reports
}

/// The last runs, the oldest first. What cannot be read is left out; `offshoot ledger verify` tells of it.
pub async fn ledger_tail(base: &Base, n: usize) -> Vec<Entry> {
    let ledger = base.services.ledger.clone();
    let read = tokio::task::spawn_blocking(move || ledger.tail(n).unwrap_or_default());
    read.await.unwrap_or_default()
}

/// What today's runs came to.
pub async fn spent(base: &Base) -> Spent {
    let ledger = base.services.ledger.clone();
    let day = crate::agent::now()[..10].to_owned();
    let from = day.clone();
    let read = tokio::task::spawn_blocking(move || ledger.since(&from).unwrap_or_default());
    sum(&read.await.unwrap_or_default(), &day)
}

/// The runs of a day, given as the beginning of their timestamps.
fn sum(entries: &[Entry], day: &str) -> Spent {
    let mut total = SpentLine::default();
    let mut lines: BTreeMap<(String, String), SpentLine> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.timestamp.starts_with(day)) {
        let backend = entry.backend.clone().or_else(|| entry.route.clone()).unwrap_or_default();
        let model = entry.model.clone().unwrap_or_default();
        let line = lines.entry((backend.clone(), model.clone())).or_insert_with(|| SpentLine {
            backend,
            model,
            ..SpentLine::default()
        });
        for sum in [&mut total, line] {
            sum.add(entry);
        }
    }
    let mut lines: Vec<SpentLine> = lines.into_values().collect();
    lines.sort_by(|a, b| b.cost_usd.total_cmp(&a.cost_usd));
    Spent { total, lines }
}

impl SpentLine {
    fn add(&mut self, entry: &Entry) {
        self.calls += 1;
        self.usage += entry.usage.unwrap_or_default();
        match entry.cost_usd.map(Cost::usd) {
            Some(Some(usd)) => self.cost_usd += usd,
            Some(None) => self.unpriced += 1,
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runs_of_a_day_are_summed_by_backend_and_model() {
        let entry = |at: &str, backend: &str, model: &str, cost| Entry {
            timestamp: format!("{at}T10:00:00.000Z"),
            backend: Some(backend.into()),
            model: Some(model.into()),
            usage: Some(Usage { input: 10, output: 1, ..Usage::default() }),
            cost_usd: Some(cost),
            ..Entry::new("r")
        };
        let entries = [
            entry("2026-01-01", "claude", "big", Cost::Usd(9.0)),
            entry("2026-01-02", "local", "tiny", Cost::Local),
            entry("2026-01-02", "claude", "big", Cost::Usd(0.5)),
            entry("2026-01-02", "claude", "small", Cost::Unpriced),
            entry("2026-01-02", "claude", "big", Cost::Usd(0.25)),
        ];
        let spent = sum(&entries, "2026-01-02");
        let told = |line: &SpentLine| (line.calls, line.usage.input, line.unpriced);
        assert_eq!(told(&spent.total), (4, 40, 1));
        assert!((spent.total.cost_usd - 0.75).abs() < 1e-12);
        let names: Vec<_> =
            spent.lines.iter().map(|line| (line.backend.as_str(), line.model.as_str())).collect();
        assert_eq!(names, [("claude", "big"), ("claude", "small"), ("local", "tiny")]);
        assert_eq!(spent.lines.iter().map(told).collect::<Vec<_>>(), [(2, 20, 0), (1, 10, 1), (1, 10, 0)]);
        assert_eq!(sum(&entries, "2026-01-03"), Spent::default());
    }
}
