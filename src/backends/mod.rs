//! Who can answer: HTTP providers and scripts; their health.
