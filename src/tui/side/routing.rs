//! Who answered the last turns and why: of the latest, everything that led to it; of those before, whom and
//! the reason.

use super::{Line, Target, dim, heading, plain};
use crate::routing::{Confidence, Signal};
use crate::tui::app::App;
use crate::tui::app::tab::Routing;
use crate::tui::look::{Piece, Role, Row};
use crate::tui::wrap::{clean, fit, fit_pieces, pieces_columns};
use crate::workbench::words::count;

/// Decisions that are shown.
const DECISIONS: usize = 4;
/// Signals that are shown; the rest is counted.
const SIGNALS: usize = 6;
/// Backends passed over that are named; the rest is counted.
const REJECTED: usize = 4;

pub(super) fn routing(app: &App, width: usize, lines: &mut Vec<Line>) {
    heading("Routing", "", width, lines);
    let tab = app.tab();
    if tab.routes.is_empty() {
        let text = match &tab.choice.backend {
            Some(backend) => format!("{backend} was chosen"),
            None => "no turn yet".to_owned(),
        };
        lines.push(dim(&clean(&text), width));
    }
    for (place, one) in tab.routes.iter().rev().take(DECISIONS).enumerate() {
        let decision = &one.routed.decision;
        lines
            .push(Line { row: head(one, app.facts.threshold, width), target: Some(Target::Route(one.turn)) });
        lines.push(dim(&format!("  {}", clean(&decision.reason)), width));
        if place > 0 {
            continue;
        }
        let mut signals: Vec<&Signal> =
            decision.confidence.iter().flat_map(|confidence| &confidence.signals).collect();
        // What speaks against it most comes first.
        signals.sort_by(|a, b| doubt(b).total_cmp(&doubt(a)));
        for signal in signals.iter().take(SIGNALS) {
            lines.extend(rows(signal, width).into_iter().map(|row| Line { row, target: None }));
        }
        if signals.len() > SIGNALS {
            lines.push(dim(&format!("  and {}", count(signals.len() - SIGNALS, "more signal")), width));
        }
        for rejected in decision.rejected.iter().take(REJECTED) {
            let text = format!("  not {}: {}", rejected.backend, rejected.reason);
            lines.push(plain(vec![Piece::new(fit(&clean(&text), width), Role::Dim)]));
        }
        if decision.rejected.len() > REJECTED {
            lines.push(dim(&format!("  nor {} more", decision.rejected.len() - REJECTED), width));
        }
    }
}

fn head(one: &Routing, threshold: f64, width: usize) -> Row {
    let decision = &one.routed.decision;
    // A CLI tells its model when it has begun, or never.
    let model = if one.routed.model.is_empty() { String::new() } else { format!("/{}", one.routed.model) };
    let mut pieces = vec![
        Piece::new(format!("{} ", one.turn), Role::Dim),
        Piece::new(clean(&decision.backend), if decision.local { Role::Good } else { Role::Info }),
        Piece::new(clean(&model), Role::Text),
    ];
    let sure = decision.confidence.as_ref().map(|sure| confidence(sure, threshold));
    let room = width.saturating_sub(sure.as_ref().map_or(0, |sure| sure.width() + 2));
    pieces = fit_pieces(&pieces, room);
    if let Some(sure) = sure {
        pieces.push(Piece::new("  ", Role::Text));
        pieces.push(sure);
    }
    Row::new(fit_pieces(&pieces, width))
}

/// How sure it is: a warning where it is below what the policy wants.
pub fn confidence(sure: &Confidence, threshold: f64) -> Piece {
    if sure.value < threshold {
        return Piece::new(format!("{:.2} < {threshold:.2}", sure.value), Role::Warn);
    }
    Piece::new(format!("{:.2}", sure.value), Role::Good)
}

/// How much a signal takes away from confidence.
fn doubt(signal: &Signal) -> f64 {
    signal.weight * (1.0 - signal.value)
}

/// What was observed: its value, what it counts, and where it was seen, in the same row where there is room.
fn rows(signal: &Signal, width: usize) -> Vec<Row> {
    let mut pieces = of_signal(signal);
    pieces.insert(0, Piece::new("  ", Role::Text));
    let source = clean(&signal.source);
    let has_room = pieces_columns(&pieces) + 2 + source.chars().count() <= width;
    let mut rows = Vec::new();
    if !source.is_empty() && has_room {
        pieces.push(Piece::new(format!("  {source}"), Role::Dim));
    }
    rows.push(Row::new(fit_pieces(&pieces, width)));
    if !source.is_empty() && !has_room {
        rows.push(Row::of(fit(&format!("    {source}"), width), Role::Dim));
    }
    rows
}

/// `edit_failures 0.75 ×2`
pub fn of_signal(signal: &Signal) -> Vec<Piece> {
    let role = match signal.value {
        bad if bad < 0.4 => Role::Bad,
        middling if middling < 0.7 => Role::Warn,
        _ => Role::Good,
    };
    vec![
        Piece::new(format!("{} ", clean(&signal.name)), Role::Text),
        Piece::new(format!("{:.2}", signal.value), role),
        Piece::new(format!(" ×{}", crate::tui::words::short(signal.weight)), Role::Dim),
    ]
}
