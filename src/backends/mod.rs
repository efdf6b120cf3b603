//! Who can answer: HTTP providers and scripts; their health.

pub mod breaker;
pub mod health;
