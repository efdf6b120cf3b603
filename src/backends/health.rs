//! How the backends are: learned from every call, and from what other processes wrote in the
//! ledger. It makes no calls of its own.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::breaker::{Breaker, BreakerState, Verdict};
use crate::chat::{ErrorClass, Outcome};
use crate::config::BreakerSettings;
use crate::ledger::Entry;

/// The health of all backends. Meant to be shared: every method takes `&self`. Times are in
/// milliseconds since 1970, see [`now_ms`].
#[derive(Debug)]
pub struct Health {
    settings: BreakerSettings,
    known: Mutex<BTreeMap<String, Record>>,
}

#[derive(Debug)]
struct Record {
    breaker: Breaker,
    /// Set until it is configured or changed, or its time is over.
    blocked: Option<Blocked>,
    unconfigured: Option<String>,
    last: Option<bool>,
    last_error: Option<LastError>,
    last_ok_ms: Option<u64>,
    latencies: VecDeque<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Blocked {
    class: ErrorClass,
    until: Option<u64>,
}

/// One backend as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BackendHealth {
    pub state: HealthState,
    /// Until the breaker lets a call through; 0 when it does already.
    pub retry_in_ms: u64,
    /// Failures in a row.
    pub failures: u32,
    pub last_error: Option<LastError>,
    pub last_ok_ms: Option<u64>,
    /// Of the latest successful calls, in milliseconds, the oldest first; at most 32.
    pub latencies_ms: Vec<u64>,
}

/// In the words of `offshoot doctor --json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthState {
    Up,
    Down,
    /// Its breaker is open.
    Open,
    Unconfigured,
    /// Not called yet.
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastError {
    pub class: ErrorClass,
    pub message: String,
    pub at_ms: u64,
}

/// Why a backend may not be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unusable {
    /// What is missing.
    Unconfigured(String),
    /// The breaker is open: what happened last, and how long to wait.
    Open { class: Option<ErrorClass>, retry_in: Duration },
    /// A trial call is under way.
    Trying,
    /// The key was rejected.
    Auth,
    /// The account has nothing left.
    Quota,
}

const LATENCIES: usize = 32;
/// Accounts are filled up again by people and by the clock.
const QUOTA_BLOCK_MS: u64 = 3_600_000;

/// The present moment in milliseconds since 1970.
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Health {
    pub fn new(settings: BreakerSettings) -> Self {
        Self { settings, known: Mutex::default() }
    }

    /// Takes over what other processes saw. Only what is recent counts, and rejected keys do not:
    /// this process may have another one.
    pub fn seed<'a>(&self, events: impl IntoIterator<Item = (&'a str, Option<ErrorClass>, u64)>, now: u64) {
        let cooldown = self.settings.cooldown_seconds.saturating_mul(1000);
        let mut known = self.lock();
        for (id, error, at) in events {
            let recent = if error == Some(ErrorClass::Quota) { QUOTA_BLOCK_MS } else { cooldown };
            if error == Some(ErrorClass::Auth) || at.saturating_add(recent) <= now {
                continue;
            }
            self.entry(&mut known, id).end(error.map(|class| (class, "")), None, at.min(now));
        }
    }

    /// [`Health::seed`] with the lines of a ledger, the oldest first.
    pub fn seed_from_ledger(&self, entries: &[Entry], now: u64) {
        let events = entries.iter().filter_map(|entry| {
            let at = entry.timestamp.parse::<jiff::Timestamp>().ok()?.as_millisecond();
            let ended = u64::try_from(at).ok()?.saturating_add(entry.duration_ms.unwrap_or_default());
            // An attempt that the user ended, or the user's budget, says nothing of the backend.
            entry.outcome.filter(|outcome| *outcome != Outcome::Aborted)?;
            Some((entry.backend.as_deref()?, entry.error_class, ended))
        });
        self.seed(events, now);
    }

    /// Says that a backend lacks something, such as its key.
    pub fn set_unconfigured(&self, id: &str, what: impl Into<String>) {
        self.entry(&mut self.lock(), id).unconfigured = Some(what.into());
    }

    /// Forgets what is held against a backend: its settings or its account changed.
    pub fn reset(&self, id: &str) {
        let mut known = self.lock();
        let record = self.entry(&mut known, id);
        record.breaker = Breaker::new(self.settings);
        record.blocked = None;
        record.unconfigured = None;
    }

    /// Whether a call may be made now. Changes nothing: to make one, [`Health::begin`] it.
    pub fn usable(&self, id: &str, now: u64) -> Result<(), Unusable> {
        self.lock().get(id).map_or(Ok(()), |record| record.usable(now))
    }

    /// Takes the right to make a call; its end has to be told by [`Health::record`]. While a
    /// breaker is half-open only a few calls get it.
    pub fn begin(&self, id: &str, now: u64) -> Result<(), Unusable> {
        let mut known = self.lock();
        let record = self.entry(&mut known, id);
        record.usable(now)?;
        record.breaker.begin(now);
        Ok(())
    }

    /// Tells how a call or a probe ended. `error` is its class and message, without secrets;
    /// `latency` is the time to the first token.
    pub fn record(&self, id: &str, error: Option<(ErrorClass, &str)>, latency: Option<Duration>, now: u64) {
        self.entry(&mut self.lock(), id).end(error, latency, now);
    }

    /// How a backend is.
    pub fn state(&self, id: &str, now: u64) -> BackendHealth {
        let mut known = self.lock();
        self.entry(&mut known, id).show(now)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Record>> {
        // Every change is complete in itself, so a panic elsewhere leaves nothing half done.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entry<'a>(&self, known: &'a mut BTreeMap<String, Record>, id: &str) -> &'a mut Record {
        known.entry(id.to_owned()).or_insert_with(|| Record {
            breaker: Breaker::new(self.settings),
            blocked: None,
            unconfigured: None,
            last: None,
            last_error: None,
            last_ok_ms: None,
            latencies: VecDeque::new(),
        })
    }
}

impl Record {
    fn end(&mut self, error: Option<(ErrorClass, &str)>, latency: Option<Duration>, now: u64) {
        let verdict = Verdict::of(error.map(|(class, _)| class));
        self.breaker.end(verdict, now);
        match verdict {
            Verdict::Alive => {
                self.last = Some(true);
                self.blocked = None;
                self.last_ok_ms = Some(now);
            }
            Verdict::Failure => self.last = Some(false),
            Verdict::Blocked => {
                self.last = Some(false);
                self.blocked = error.map(|(class, _)| Blocked {
                    class,
                    until: (class == ErrorClass::Quota).then(|| now.saturating_add(QUOTA_BLOCK_MS)),
                });
            }
            Verdict::Neutral => {}
        }
        if let (Verdict::Alive, Some(latency)) = (verdict, latency) {
            self.latencies.push_back(u64::try_from(latency.as_millis()).unwrap_or(u64::MAX));
            let surplus = self.latencies.len().saturating_sub(LATENCIES);
            self.latencies.drain(..surplus);
        }
        if let Some((class, message)) = error.filter(|(class, _)| *class != ErrorClass::Cancelled) {
            self.last_error = Some(LastError { class, message: message.to_owned(), at_ms: now });
        }
    }

    fn usable(&self, now: u64) -> Result<(), Unusable> {
        if let Some(what) = &self.unconfigured {
            return Err(Unusable::Unconfigured(what.clone()));
        }
        match self.blocked {
            Some(Blocked { until: Some(until), .. }) if until <= now => {}
            Some(Blocked { class: ErrorClass::Quota, .. }) => return Err(Unusable::Quota),
            Some(_) => return Err(Unusable::Auth),
            None => {}
        }
        match self.breaker.state(now) {
            BreakerState::Open { remaining_ms } => Err(Unusable::Open {
                class: self.last_error.as_ref().map(|error| error.class),
                retry_in: Duration::from_millis(remaining_ms),
            }),
            BreakerState::Trying => Err(Unusable::Trying),
            BreakerState::Closed { .. } | BreakerState::HalfOpen => Ok(()),
        }
    }

    fn show(&self, now: u64) -> BackendHealth {
        let breaker = self.breaker.state(now);
        let state = match (&self.unconfigured, breaker, self.last) {
            (Some(_), ..) => HealthState::Unconfigured,
            (_, BreakerState::Open { .. } | BreakerState::Trying, _) => HealthState::Open,
            (_, _, None) => HealthState::Unknown,
            (_, _, Some(true)) => HealthState::Up,
            (_, _, Some(false)) => HealthState::Down,
        };
        BackendHealth {
            state,
            retry_in_ms: if let BreakerState::Open { remaining_ms } = breaker { remaining_ms } else { 0 },
            failures: if let BreakerState::Closed { failures } = breaker { failures } else { 0 },
            last_error: self.last_error.clone(),
            last_ok_ms: self.last_ok_ms,
            latencies_ms: self.latencies.iter().copied().collect(),
        }
    }
}

impl HealthState {
    pub fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Open => "open",
            Self::Unconfigured => "unconfigured",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unconfigured(what) => write!(f, "not configured: {what}"),
            Self::Open { class, retry_in } => {
                let seconds = retry_in.as_millis().div_ceil(1000);
                match class {
                    Some(class) => write!(f, "left alone for {seconds} s more after failures ({class})"),
                    None => write!(f, "left alone for {seconds} s more after failures"),
                }
            }
            Self::Trying => f.write_str("another call is trying whether it works again"),
            Self::Auth => f.write_str("its key was rejected"),
            Self::Quota => f.write_str("its quota is used up"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000_000;

    fn health() -> Health {
        Health::new(BreakerSettings { failure_threshold: 2, cooldown_seconds: 300, half_open_max_calls: 1 })
    }

    fn fail(health: &Health, class: ErrorClass, now: u64) {
        health.record("b", Some((class, "told so")), None, now);
    }

    #[test]
    fn a_backend_goes_down_and_comes_back() {
        let health = health();
        assert_eq!(health.state("b", NOW).state, HealthState::Unknown);
        assert_eq!(health.usable("b", NOW), Ok(()));
        health.record("b", None, Some(Duration::from_millis(120)), NOW);
        assert_eq!(health.state("b", NOW).state, HealthState::Up);
        fail(&health, ErrorClass::Timeout, NOW);
        assert_eq!(health.state("b", NOW).state, HealthState::Down);
        assert_eq!(health.usable("b", NOW), Ok(()));
        fail(&health, ErrorClass::Overloaded, NOW);
        let shown = health.state("b", NOW + 1000);
        assert_eq!((shown.state, shown.retry_in_ms), (HealthState::Open, 299_000));
        assert_eq!(shown.last_error.unwrap().message, "told so");
        assert_eq!(shown.latencies_ms, [120]);
        let reason = health.usable("b", NOW + 1000).unwrap_err();
        assert_eq!(reason.to_string(), "left alone for 299 s more after failures (overloaded)");

        let later = NOW + 300_000;
        assert_eq!(health.usable("b", later), Ok(()));
        assert_eq!(health.begin("b", later), Ok(()));
        assert_eq!(health.begin("b", later), Err(Unusable::Trying));
        assert_eq!(health.state("b", later).state, HealthState::Open);
        health.record("b", None, None, later);
        assert_eq!(health.state("b", later).state, HealthState::Up);
        assert_eq!(health.usable("other", later), Ok(()));
    }

    #[test]
    fn a_rejected_key_and_an_empty_account_block_until_changed() {
        let health = health();
        fail(&health, ErrorClass::Auth, NOW);
        assert_eq!(health.usable("b", NOW + 10 * QUOTA_BLOCK_MS), Err(Unusable::Auth));
        assert_eq!(health.state("b", NOW).state, HealthState::Down);
        health.reset("b");
        assert_eq!(health.usable("b", NOW), Ok(()));
        fail(&health, ErrorClass::Quota, NOW);
        assert_eq!(health.usable("b", NOW + QUOTA_BLOCK_MS - 1), Err(Unusable::Quota));
        assert_eq!(health.usable("b", NOW + QUOTA_BLOCK_MS), Ok(()));
        health.record("b", None, None, NOW);
        assert_eq!(health.usable("b", NOW), Ok(()));
    }

    #[test]
    fn what_the_user_or_the_task_did_is_not_held_against_a_backend() {
        let health = health();
        for class in [ErrorClass::Cancelled, ErrorClass::NotFound, ErrorClass::Internal, ErrorClass::Refused]
        {
            for _ in 0..5 {
                fail(&health, class, NOW);
            }
        }
        assert_eq!(health.usable("b", NOW), Ok(()));
    }

    #[test]
    fn what_is_missing_is_said() {
        let health = health();
        health.set_unconfigured("b", "ANTHROPIC_API_KEY is not set");
        assert_eq!(health.state("b", NOW).state, HealthState::Unconfigured);
        assert_eq!(
            health.usable("b", NOW).unwrap_err().to_string(),
            "not configured: ANTHROPIC_API_KEY is not set"
        );
    }

    #[test]
    fn failures_seen_by_other_processes_count_while_they_are_recent() {
        use ErrorClass as E;
        let minute = 60_000;
        let seeded = |events: &[(Option<E>, u64)]| {
            let health = health();
            health.seed(events.iter().map(|(error, age)| ("b", *error, NOW - age * minute)), NOW);
            health.usable("b", NOW)
        };
        assert!(matches!(
            seeded(&[(Some(E::Timeout), 4), (Some(E::Timeout), 3)]),
            Err(Unusable::Open { retry_in, .. }) if retry_in == Duration::from_secs(120)
        ));
        assert_eq!(seeded(&[(Some(E::Timeout), 4), (Some(E::Timeout), 3), (None, 1)]), Ok(()));
        assert_eq!(seeded(&[(Some(E::Timeout), 9), (Some(E::Timeout), 3)]), Ok(()));
        assert_eq!(seeded(&[(Some(E::Auth), 0)]), Ok(()));
        assert_eq!(seeded(&[(Some(E::Quota), 59)]), Err(Unusable::Quota));
        assert_eq!(seeded(&[(Some(E::Quota), 61)]), Ok(()));
    }

    #[test]
    fn a_ledger_seeds_it() {
        let health = health();
        let entry = |seconds: u64| Entry {
            timestamp: jiff::Timestamp::from_millisecond(i64::try_from(NOW - seconds * 1000).unwrap())
                .unwrap()
                .to_string(),
            backend: Some("b".into()),
            outcome: Some(Outcome::Error),
            error_class: Some(ErrorClass::Unreachable),
            duration_ms: Some(1000),
            ..Entry::new("r")
        };
        let unfinished = Entry { outcome: None, ..entry(1) };
        health.seed_from_ledger(&[entry(30), entry(20), unfinished, Entry::new("bare")], NOW);
        assert_eq!(health.state("b", NOW).retry_in_ms, 281_000);
    }

    #[test]
    fn only_the_latest_latencies_are_kept() {
        let health = health();
        for n in 0..40 {
            health.record("b", None, Some(Duration::from_millis(n)), NOW);
        }
        assert_eq!(health.state("b", NOW).latencies_ms, (8..40).collect::<Vec<_>>());
    }
}
