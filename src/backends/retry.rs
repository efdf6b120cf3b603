//! When to try again. The loop that does it is the caller's, and so is the clock.

use std::time::Duration;

use super::BackendError;

/// Backoff that doubles, with jitter, and honours what the provider asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts after the first one.
    pub max_retries: u32,
    /// The longest delay before the first retry.
    pub base: Duration,
    /// No delay is longer. A provider that wants to be left alone for longer is given up.
    pub cap: Duration,
}

impl RetryPolicy {
    pub fn new(max_retries: u32) -> Self {
        Self { max_retries, base: Duration::from_secs(1), cap: Duration::from_secs(60) }
    }

    /// How long to wait after failed attempt `attempt` (from 1); `None` to give up. `jitter` is a
    /// random number from 0 to 1: it spreads the delay over its upper half, and what the provider asks
    /// for is only ever prolonged.
    pub fn delay(&self, attempt: u32, error: &BackendError, jitter: f64) -> Option<Duration> {
        if attempt > self.max_retries || !error.is_transient() {
            return None;
        }
        let jitter = jitter.clamp(0.0, 1.0);
        let full = self.base.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(self.cap);
        let backoff = full.mul_f64(0.5 + 0.5 * jitter);
        match error.retry_after {
            None => Some(backoff),
            Some(wanted) if wanted > self.cap => None,
            Some(wanted) => Some(wanted.mul_f64(1.0 + 0.1 * jitter)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ErrorClass;

    fn error(class: ErrorClass, status: Option<u16>, retry_after: Option<u64>) -> BackendError {
        let mut error = BackendError::new(class, "x");
        (error.status, error.retry_after) = (status, retry_after.map(Duration::from_secs));
        error
    }

    const POLICY: RetryPolicy =
        RetryPolicy { max_retries: 4, base: Duration::from_secs(1), cap: Duration::from_secs(6) };

    #[test]
    fn the_delay_doubles_up_to_its_cap_and_ends() {
        let overloaded = error(ErrorClass::Overloaded, Some(503), None);
        let delays: Vec<_> =
            (1..=5).map(|n| POLICY.delay(n, &overloaded, 1.0).map(|d| d.as_secs())).collect();
        assert_eq!(delays, [Some(1), Some(2), Some(4), Some(6), None]);
        assert_eq!(POLICY.delay(1, &overloaded, 0.0), Some(Duration::from_millis(500)));
    }

    #[test]
    fn what_the_provider_asks_for_is_honoured_or_given_up() {
        let limited = |seconds| error(ErrorClass::RateLimit, Some(429), Some(seconds));
        assert_eq!(POLICY.delay(1, &limited(3), 0.0), Some(Duration::from_secs(3)));
        assert!(POLICY.delay(1, &limited(3), 1.0) > Some(Duration::from_secs(3)));
        assert_eq!(POLICY.delay(1, &limited(7), 0.0), None);
    }

    #[test]
    fn what_will_not_change_is_not_tried_again() {
        for class in [ErrorClass::Auth, ErrorClass::Quota, ErrorClass::ContextOverflow, ErrorClass::Cancelled]
        {
            assert_eq!(POLICY.delay(1, &error(class, None, None), 0.5), None);
        }
        assert_eq!(POLICY.delay(1, &error(ErrorClass::BadResponse, Some(400), None), 0.5), None);
        assert!(POLICY.delay(1, &error(ErrorClass::BadResponse, Some(200), None), 0.5).is_some());
        assert!(POLICY.delay(1, &error(ErrorClass::Unreachable, None, None), 0.5).is_some());
    }
}
