//! A circuit breaker: after some failures in a row a backend is left alone for a while, then a few
//! calls may try it. Pure; the time is an argument, in milliseconds of any one clock.

use crate::chat::ErrorClass;
use crate::config::BreakerSettings;

/// The breaker of one backend.
#[derive(Debug, Clone)]
pub struct Breaker {
    settings: BreakerSettings,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// So many failures since the last success.
    Closed {
        failures: u32,
    },
    Open {
        since: u64,
    },
    /// So many trial calls are under way since then.
    HalfOpen {
        calls: u32,
        since: u64,
    },
}

/// What a breaker says at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    Closed {
        failures: u32,
    },
    /// No calls for so long.
    Open {
        remaining_ms: u64,
    },
    /// The next call is a trial.
    HalfOpen,
    /// Trials are under way; no more of them until they end.
    Trying,
}

/// What the end of a call means for the breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The backend answered, if only to refuse.
    Alive,
    /// It is down, or too busy.
    Failure,
    /// It will not answer until something is changed: a key, or an account.
    Blocked,
    /// The call says nothing of the backend.
    Neutral,
}

impl Verdict {
    /// `None` is a success.
    pub fn of(error: Option<ErrorClass>) -> Self {
        use ErrorClass as E;
        match error {
            None
            | Some(
                E::ContextOverflow
                | E::Refused
                | E::Truncated
                | E::ToolLoop
                | E::EditFailures
                | E::Verification,
            ) => Self::Alive,
            Some(E::Unreachable | E::Timeout | E::RateLimit | E::Overloaded | E::BadResponse) => {
                Self::Failure
            }
            Some(E::Auth | E::Quota) => Self::Blocked,
            Some(E::NotFound | E::Cancelled | E::Internal) => Self::Neutral,
        }
    }
}

impl Breaker {
    pub fn new(settings: BreakerSettings) -> Self {
        Self { settings, state: State::Closed { failures: 0 } }
    }

    pub fn state(&self, now: u64) -> BreakerState {
        match self.state {
            State::Closed { failures } => BreakerState::Closed { failures },
            State::Open { since } => match self.remaining(since, now) {
                0 => BreakerState::HalfOpen,
                remaining_ms => BreakerState::Open { remaining_ms },
            },
            State::HalfOpen { calls, since } => {
                // A trial whose end was never told does not hold the place for ever.
                let lost = self.remaining(since, now) == 0;
                if calls < self.settings.half_open_max_calls || lost {
                    BreakerState::HalfOpen
                } else {
                    BreakerState::Trying
                }
            }
        }
    }

    /// Whether a call may be made. Changes nothing.
    pub fn allows(&self, now: u64) -> bool {
        matches!(self.state(now), BreakerState::Closed { .. } | BreakerState::HalfOpen)
    }

    /// Takes the right to make a call; its end has to be told by [`Breaker::end`].
    pub fn begin(&mut self, now: u64) -> bool {
        if !self.allows(now) {
            return false;
        }
        self.state = match self.state {
            State::Closed { .. } => self.state,
            State::HalfOpen { calls, since } if self.remaining(since, now) > 0 => {
                State::HalfOpen { calls: calls + 1, since }
            }
            State::Open { .. } | State::HalfOpen { .. } => State::HalfOpen { calls: 1, since: now },
        };
        true
    }

    /// Tells how a call ended.
    pub fn end(&mut self, verdict: Verdict, now: u64) {
        self.state = match (verdict, self.state) {
            (Verdict::Alive, _) => State::Closed { failures: 0 },
            (Verdict::Failure, State::Closed { failures }) => {
                let failures = failures + 1;
                if failures >= self.settings.failure_threshold {
                    State::Open { since: now }
                } else {
                    State::Closed { failures }
                }
            }
            // A call that began before it opened: it does not make the wait longer.
            (Verdict::Failure, State::Open { since }) if self.remaining(since, now) > 0 => {
                State::Open { since }
            }
            (Verdict::Failure, State::Open { .. } | State::HalfOpen { .. }) => State::Open { since: now },
            (Verdict::Neutral | Verdict::Blocked, State::HalfOpen { calls, since }) => {
                State::HalfOpen { calls: calls.saturating_sub(1), since }
            }
            (Verdict::Neutral | Verdict::Blocked, state) => state,
        };
    }

    fn remaining(&self, since: u64, now: u64) -> u64 {
        let until = since.saturating_add(self.settings.cooldown_seconds.saturating_mul(1000));
        until.saturating_sub(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker() -> Breaker {
        Breaker::new(BreakerSettings { failure_threshold: 3, cooldown_seconds: 10, half_open_max_calls: 1 })
    }

    /// Plays calls, each `time verdict` (`b` begins one), and shows the state after each.
    fn play(script: &str) -> Vec<String> {
        let mut breaker = breaker();
        script
            .split(", ")
            .map(|step| {
                let (time, act) = step.split_once(' ').unwrap();
                let now = time.parse::<u64>().unwrap() * 1000;
                match act {
                    "ok" => breaker.end(Verdict::Alive, now),
                    "fail" => breaker.end(Verdict::Failure, now),
                    "skip" => breaker.end(Verdict::Neutral, now),
                    "b" if !breaker.begin(now) => return "no".to_owned(),
                    _ => {}
                }
                match breaker.state(now) {
                    BreakerState::Closed { failures } => format!("closed {failures}"),
                    BreakerState::Open { remaining_ms } => format!("open {}", remaining_ms / 1000),
                    BreakerState::HalfOpen => "half".to_owned(),
                    BreakerState::Trying => "trying".to_owned(),
                }
            })
            .collect()
    }

    #[test]
    fn it_opens_waits_and_tries_again() {
        for (script, states) in [
            ("0 fail, 1 fail, 2 ok, 3 fail, 4 fail", "closed 1, closed 2, closed 0, closed 1, closed 2"),
            (
                "0 fail, 1 fail, 2 fail, 3 b, 11 look, 12 look",
                "closed 1, closed 2, open 10, no, open 1, half",
            ),
            // A trial that succeeds closes it, one that fails opens it for the whole time again.
            (
                "0 fail, 0 fail, 0 fail, 10 b, 11 b, 12 ok",
                "closed 1, closed 2, open 10, trying, no, closed 0",
            ),
            (
                "0 fail, 0 fail, 0 fail, 10 b, 11 fail, 20 b, 21 b",
                "closed 1, closed 2, open 10, trying, open 10, no, trying",
            ),
            // A trial that says nothing gives its place back; one that is lost, after a while.
            (
                "0 fail, 0 fail, 0 fail, 10 b, 11 skip, 12 b",
                "closed 1, closed 2, open 10, trying, half, trying",
            ),
            (
                "0 fail, 0 fail, 0 fail, 10 b, 19 b, 20 b, 21 b",
                "closed 1, closed 2, open 10, trying, no, trying, no",
            ),
            // Calls that were under way when it opened.
            ("0 fail, 0 fail, 0 fail, 5 fail, 6 ok", "closed 1, closed 2, open 10, open 5, closed 0"),
            ("0 fail, 0 fail, 0 fail, 15 fail", "closed 1, closed 2, open 10, open 10"),
            ("0 fail, 1 skip, 2 fail, 3 b", "closed 1, closed 1, closed 2, closed 2"),
        ] {
            assert_eq!(play(script).join(", "), states, "{script}");
        }
    }

    #[test]
    fn only_outages_count() {
        use ErrorClass as E;
        for (error, verdict) in [
            (None, Verdict::Alive),
            (Some(E::Unreachable), Verdict::Failure),
            (Some(E::Timeout), Verdict::Failure),
            (Some(E::RateLimit), Verdict::Failure),
            (Some(E::Overloaded), Verdict::Failure),
            (Some(E::BadResponse), Verdict::Failure),
            (Some(E::Auth), Verdict::Blocked),
            (Some(E::Quota), Verdict::Blocked),
            (Some(E::NotFound), Verdict::Neutral),
            (Some(E::Cancelled), Verdict::Neutral),
            (Some(E::ContextOverflow), Verdict::Alive),
            (Some(E::Refused), Verdict::Alive),
        ] {
            assert_eq!(Verdict::of(error), verdict, "{error:?}");
        }
    }

    #[test]
    fn a_clock_that_goes_back_does_no_harm() {
        let mut breaker = breaker();
        for _ in 0..3 {
            breaker.end(Verdict::Failure, 50_000);
        }
        assert_eq!(breaker.state(0), BreakerState::Open { remaining_ms: 60_000 });
        assert!(breaker.allows(60_000));
    }
}
