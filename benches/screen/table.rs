//! Rows of figures beside their targets.

use std::time::Duration;

pub fn heading(text: &str) {
    println!("\n{text}\n  {:<50}{:>10}{:>10}{:>12}", "", "median", "p95", "target");
}

/// Times, as median and 95th percentile in ms. The target is of one of them, as its text says.
pub fn times(what: &str, times: &[Duration], target: &str) {
    println!("  {what:<50}{:>10}{:>10}{target:>12}", ms(percentile(times, 50)), ms(percentile(times, 95)));
}

/// A figure of its own.
pub fn figure(what: &str, figure: &str, target: &str) {
    println!("  {what:<50}{figure:>10}{:>10}{target:>12}", "");
}

pub fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
}

pub fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

#[allow(clippy::cast_precision_loss, reason = "a figure to be read")]
pub fn mb(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
