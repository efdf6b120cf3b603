//! What the agent of a tab asks of its user: whether it may do something, or how to go on.

use std::time::{Duration, Instant};

use crate::agent::{Approval, Resort, Stuck};
use crate::chat::ErrorClass;

/// The oldest thing that waits for the user.
#[derive(Debug, Clone, Copy)]
pub enum Asks<'a> {
    Call(&'a Approval),
    Stuck(&'a Standstill),
}

impl Asks<'_> {
    /// Tells it from what was asked before.
    pub fn id(&self) -> &str {
        match self {
            Self::Call(asked) => &asked.id,
            Self::Stuck(standstill) => &standstill.stuck.id,
        }
    }
}

/// A turn that is stuck, and how long it stays so by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standstill {
    pub stuck: Stuck,
    /// The turn goes on by itself then; `None` waits for the user alone.
    until: Option<Instant>,
}

impl Standstill {
    pub fn new(stuck: Stuck, now: Instant) -> Self {
        let until = stuck.otherwise.map(|(time, _)| now + time);
        Self { stuck, until }
    }

    /// Until the turn goes on by itself.
    pub fn left(&self, now: Instant) -> Option<Duration> {
        self.until.map(|until| until.saturating_duration_since(now))
    }

    /// What can be chosen.
    pub fn resorts(&self) -> impl Iterator<Item = Resort> {
        let has_next = self.stuck.to.is_some();
        [Resort::Wait, Resort::FallBack, Resort::Stop]
            .into_iter()
            .filter(move |resort| *resort != Resort::FallBack || has_next)
    }

    /// What a choice comes to here, in a few words.
    pub fn told(&self, resort: Resort) -> String {
        match (resort, self.stuck.error_class) {
            (Resort::Wait, ErrorClass::RateLimit) => "wait".to_owned(),
            (Resort::Wait, _) => "try again".to_owned(),
            (Resort::FallBack, _) => {
                format!("let {} go on", self.stuck.to.as_deref().unwrap_or("the next backend"))
            }
            (Resort::Stop, _) => "stop".to_owned(),
        }
    }
}
