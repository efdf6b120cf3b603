//! Whether a URL answers at all: for servers that say how they are at an address of their own.

use std::time::{Duration, Instant};

use reqwest::Client;

/// How long it took to answer with success; else what it did in place of that. No key is sent, and no proxy is
/// asked.
///
/// # Errors
/// In words that follow the URL: `answers 503`.
pub async fn reach(url: &str, limit: Duration) -> Result<Duration, String> {
    rustls::crypto::ring::default_provider().install_default().ok();
    let client = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent(concat!("offshoot/", env!("CARGO_PKG_VERSION")))
        .timeout(limit)
        .build()
        .map_err(|error| format!("cannot be asked: {error}"))?;
    let started = Instant::now();
    match client.get(url).send().await {
        Ok(response) if response.status().is_success() => Ok(started.elapsed()),
        Ok(response) => Err(format!("answers {}", response.status().as_u16())),
        Err(error) if error.is_timeout() => Err(format!("said nothing for {} seconds", limit.as_secs_f64())),
        Err(error) if error.is_connect() => Err("does not answer: the connection was refused".to_owned()),
        Err(error) => Err(format!("does not answer: {}", error.without_url())),
    }
}
