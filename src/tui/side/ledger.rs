//! The last runs on record.

use std::time::Duration;

use super::{Line, Target, heading};
use crate::chat::Outcome;
use crate::ledger::{Cost, Entry, Verify};
use crate::tui::app::App;
use crate::tui::look::{Piece, Role, Row};
use crate::tui::words::duration;
use crate::tui::wrap::{clean, fit_pieces};
use crate::workbench::words::dollars;

/// Runs that are shown.
const RUNS: usize = 5;

pub(super) fn ledger(app: &App, width: usize, lines: &mut Vec<Line>) {
    if app.facts.ledger.is_empty() {
        return;
    }
    heading("Ledger", "", width, lines);
    for (place, entry) in app.facts.ledger.iter().rev().take(RUNS).enumerate() {
        lines.push(Line { row: ledger_row(entry, width), target: Some(Target::Ledger(place)) });
    }
}

fn ledger_row(entry: &Entry, width: usize) -> Row {
    let (mark, role) = match entry.outcome {
        Some(Outcome::Ok) => ("✓", Role::Good),
        Some(Outcome::Aborted) => ("■", Role::Warn),
        _ => ("✗", Role::Bad),
    };
    let time = entry.timestamp.get(11..16).unwrap_or_default();
    let verified = if entry.verify == Some(Verify::Passed) { " verified" } else { "" };
    let class = entry.error_class.map(|class| format!(" {class}")).unwrap_or_default();
    let cost = dollars(entry.cost_usd.and_then(Cost::usd));
    let took = entry.duration_ms.map(|ms| duration(Duration::from_millis(ms))).unwrap_or_default();
    let pieces = vec![
        Piece::new(format!("{mark} "), role),
        Piece::new(format!("{time} "), Role::Dim),
        Piece::new(clean(entry.backend.as_deref().unwrap_or("?")), Role::Text),
        Piece::new(class, Role::Bad),
        Piece::new(verified, Role::Good),
        Piece::new(format!("  {took}  {cost}"), Role::Dim),
    ];
    Row::new(fit_pieces(&pieces, width))
}
