//! How the backends fare: state, how long one is left alone, how fast the latest calls were, what went wrong
//! last and when.

use std::time::Duration;

use super::{Line, Target, dim, heading, plain};
use crate::backends::health::HealthState;
use crate::chat::ErrorClass;
use crate::tui::app::App;
use crate::tui::look::{Piece, Role, Row};
use crate::tui::words::{ago, duration, sparkline};
use crate::tui::wrap::{clean, fit, fit_pieces};
use crate::workbench::state::BackendLine;

/// Bars of a sparkline.
const BARS: usize = 12;

pub(super) fn health(app: &App, width: usize, lines: &mut Vec<Line>) {
    heading("Health", "", width, lines);
    if app.facts.backends.is_empty() {
        lines.push(dim("no backend is configured", width));
    }
    for backend in &app.facts.backends {
        let row = Row::new(fit_pieces(&line(backend), width));
        lines.push(Line { row, target: Some(Target::Backend(backend.id.clone())) });
        if let Some(trouble) = trouble(backend, app.clock.unix_ms) {
            lines.push(plain(vec![Piece::new(fit(&format!("  {trouble}"), width), Role::Dim)]));
        }
    }
}

/// A backend's state as a mark and a word; none for one that is well.
pub fn state(backend: &BackendLine) -> (&'static str, Role, String) {
    match backend.state {
        _ if backend.missing.is_some() => ("○", Role::Dim, "not set up".to_owned()),
        HealthState::Up => ("●", Role::Good, String::new()),
        // What the account or the clock mends is no outage.
        HealthState::Down => match backend.last_error.as_ref().map(|error| error.class) {
            Some(ErrorClass::RateLimit) => ("◐", Role::Warn, "rate-limited".to_owned()),
            Some(ErrorClass::Quota) => ("●", Role::Bad, "quota used up".to_owned()),
            Some(ErrorClass::Auth) => ("●", Role::Bad, "key rejected".to_owned()),
            _ => ("●", Role::Bad, "down".to_owned()),
        },
        HealthState::Open if backend.retry_in_ms == 0 => ("◐", Role::Warn, "is being tried".to_owned()),
        HealthState::Open => ("◐", Role::Warn, format!("again in {} s", backend.retry_in_ms.div_ceil(1000))),
        HealthState::Unconfigured => ("○", Role::Dim, "not set up".to_owned()),
        HealthState::Unknown => ("○", Role::Dim, "not called yet".to_owned()),
    }
}

fn line(backend: &BackendLine) -> Vec<Piece> {
    let (mark, role, word) = state(backend);
    let latest = backend.latencies_ms.last().map(|ms| duration(Duration::from_millis(*ms)));
    let from = backend.latencies_ms.len().saturating_sub(BARS);
    vec![
        Piece::new(format!("{mark} "), role),
        Piece::new(clean(&backend.id), Role::Text),
        Piece::new(if word.is_empty() { word } else { format!("  {word}") }, role),
        Piece::new(if latest.is_some() { "  " } else { "" }, Role::Text),
        Piece::new(sparkline(&backend.latencies_ms[from..]), Role::Info),
        Piece::new(latest.map(|time| format!(" {time}")).unwrap_or_default(), Role::Dim),
    ]
}

/// What went wrong last, how long ago, and how often in a row. What one who is well has behind it is told
/// without words.
fn trouble(backend: &BackendLine, now_ms: u64) -> Option<String> {
    let error = backend.last_error.as_ref().filter(|_| backend.missing.is_none())?;
    let seconds = |ms: u64| i64::try_from(ms / 1000).unwrap_or_default();
    let when = match ago(seconds(error.at_ms), seconds(now_ms)).as_str() {
        "now" => "just now".to_owned(),
        past => format!("{past} ago"),
    };
    if backend.state == HealthState::Up {
        return Some(format!("{} {when}", error.class));
    }
    let failures = match backend.failures {
        0 | 1 => String::new(),
        more => format!("{more}× "),
    };
    // Who it is stands above.
    let own = format!("backend \"{}\": ", backend.id);
    let message = clean(error.message.strip_prefix(&own).unwrap_or(&error.message));
    let colon = if message.is_empty() { "" } else { ": " };
    Some(format!("{failures}{} {when}{colon}{message}", error.class))
}
