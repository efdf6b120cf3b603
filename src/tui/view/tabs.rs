//! The bar of tabs: number, title, state, lines added and removed, and what would conflict.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::paint::Painter;
use crate::agent::ChildState;
use crate::tui::app::App;
use crate::tui::app::tab::{Last, Phase, Tab};
use crate::tui::look::{Look, Piece, Role};
use crate::tui::radar;
use crate::tui::side::line_counts;
use crate::tui::wrap::{clean, fit, pieces_columns};

/// Columns of a title: at most, at least beside the counts of lines, and at least before others are left out.
const TITLE: usize = 24;
const COUNTED: usize = 10;
const SHORT: usize = 6;
/// Columns of the mark that stands for more tabs.
const MORE: usize = 3;

pub(super) fn paint(painter: &mut Painter, app: &App, area: Rect) {
    if area.height == 0 {
        return;
    }
    painter.fill(area, Role::Bar);
    let mut x = area.x;
    for (place, label) in labels(app, area.width) {
        let start = x;
        x = painter.pieces(x, area.y, area.right().saturating_sub(x), &label);
        if place == app.active {
            let tab = Rect::new(start, area.y, x - start, 1);
            painter.restyle(tab, Role::TabActive);
            // The state keeps its own colour on it.
            painter.pieces(start, area.y, x - start, &label);
            let style = painter.style(Role::TabActive);
            if let Some(background) = style.bg {
                painter.buffer.set_style(tab, ratatui::style::Style::new().bg(background));
            }
        }
    }
    let name = [Piece::new(format!(" {} ", clean(&app.facts.repository)), Role::BarDim)];
    let width = name[0].width();
    if usize::from(area.right().saturating_sub(x)) > width + 2 {
        painter.right(area, area.y, &name);
    }
}

/// The tabs that fit in a width, each by its place and its label. At an end where there are more, a mark stands
/// for the nearest of them.
pub fn labels(app: &App, width: u16) -> Vec<(usize, Vec<Piece>)> {
    let width = usize::from(width);
    let all = |title: usize, counts: bool| -> Vec<(usize, Vec<Piece>)> {
        app.tabs
            .iter()
            .enumerate()
            .map(|(place, tab)| (place, label(app, tab, place, title, counts)))
            .collect()
    };
    // Long titles first, then without counts, then short ones.
    let counted = (COUNTED..=TITLE).rev().map(|title| (title, true));
    let sizes = counted.chain((SHORT..=TITLE).rev().map(|title| (title, false)));
    let mut labels = Vec::new();
    for (title, counts) in sizes {
        labels = all(title, counts);
        if labels.iter().map(|(_, label)| pieces_columns(label)).sum::<usize>() <= width {
            return labels;
        }
    }
    let first = around(&labels, app.active, width);
    let mut shown: Vec<(usize, Vec<Piece>)> = Vec::new();
    let mut room = width;
    if first > 0 {
        shown.push((first - 1, more("‹")));
        room = room.saturating_sub(MORE);
    }
    for (place, label) in labels.into_iter().skip(first) {
        let is_last = place + 1 == app.tabs.len();
        let wanted = pieces_columns(&label);
        if wanted + if is_last { 0 } else { MORE } > room && place != app.active {
            shown.push((place, more("›")));
            break;
        }
        room = room.saturating_sub(wanted);
        shown.push((place, label));
    }
    shown
}

/// The first tab that is shown, so that the active one is.
fn around(labels: &[(usize, Vec<Piece>)], active: usize, width: usize) -> usize {
    let room = width.saturating_sub(2 * MORE);
    let mut first = active;
    let mut used = pieces_columns(&labels[active].1);
    while first > 0 && used + pieces_columns(&labels[first - 1].1) <= room {
        first -= 1;
        used += pieces_columns(&labels[first].1);
    }
    first
}

fn more(mark: &str) -> Vec<Piece> {
    vec![Piece::new(format!(" {mark} "), Role::BarDim)]
}

fn label(app: &App, tab: &Tab, place: usize, title: usize, counts: bool) -> Vec<Piece> {
    let is_active = place == app.active;
    let (mark, role) = state(app, tab);
    let look = if is_active {
        Look::new(Role::TabActive).with(Modifier::BOLD)
    } else if tab.is_unseen {
        Look::new(Role::BarAccent)
    } else {
        Look::new(Role::Bar)
    };
    let number = if is_active { Look::new(Role::TabActive) } else { Look::new(Role::BarDim) };
    let mut pieces = vec![
        Piece::new(format!(" {} ", place + 1), number),
        Piece::new(if tab.child.is_some() { "↳ " } else { "" }, number),
        Piece::new(fit(&clean(&tab.title), title), look),
        Piece::new(format!(" {mark}"), role),
    ];
    // Tabs of one comparison have its number, and each its letter there.
    if let Some((comparison, at)) = app.compared(tab.id) {
        let text = format!("‖{}{} ", comparison.number, comparison.rows[at].letter);
        pieces.insert(1, Piece::new(text, if is_active { number } else { Look::new(Role::BarAccent) }));
    }
    if let Some(changes) = tab.changes.as_ref().filter(|changes| counts && !changes.files.is_empty()) {
        pieces.push(Piece::new(" ", number));
        pieces.extend(line_counts(changes.insertions, changes.deletions));
    }
    if tab.is_landed() {
        pieces.push(Piece::new(" ⇣", Role::Good));
    }
    let mark = radar::mark(app, tab);
    if !mark.is_empty() {
        pieces.push(Piece::new(format!(" {mark}"), Role::Warn));
    }
    pieces.push(Piece::new(" ", number));
    pieces
}

/// A tab's state as a mark.
pub(super) fn state(app: &App, tab: &Tab) -> (&'static str, Role) {
    if tab.asks().is_some() {
        return ("?", Role::Waiting);
    }
    match tab.phase {
        _ if tab.setup.is_some() => ("◌", Role::Working),
        Phase::Opening { .. } => ("◌", Role::Working),
        Phase::Working(work) => {
            let beat = app.clock.now.saturating_duration_since(work.since).as_millis() / 250;
            (["◐", "◓", "◑", "◒"][usize::try_from(beat % 4).unwrap_or_default()], Role::Working)
        }
        _ if tab.shells > 0 => ("!", Role::Working),
        Phase::Idle(Last::Done) if tab.is_unseen => ("✓", Role::Done),
        Phase::Idle(Last::Done) => ("✓", Role::BarDim),
        Phase::Idle(Last::Failed) => ("✗", Role::Failed),
        Phase::Idle(Last::Interrupted) => ("■", Role::Warn),
        Phase::Fresh | Phase::Idle(Last::Nothing) => ("○", Role::BarDim),
        Phase::Closed => match tab.child.map(|child| child.state) {
            Some(ChildState::Done | ChildState::Merged) => ("✓", Role::BarDim),
            Some(ChildState::Conflict) => ("⚠", Role::Warn),
            Some(ChildState::Failed) => ("✗", Role::Failed),
            Some(ChildState::Interrupted) => ("■", Role::Warn),
            Some(ChildState::Waiting | ChildState::Working) | None => ("×", Role::BarDim),
        },
    }
}

/// The same as a word.
pub(super) fn state_word(tab: &Tab) -> &'static str {
    if tab.asks().is_some() {
        return "waiting for you";
    }
    match tab.phase {
        _ if tab.setup.is_some() => "setting up",
        Phase::Opening { .. } => "opening",
        Phase::Working(work) if work.is_stopping => "stopping",
        Phase::Working(_) => "working",
        _ if tab.shells > 0 => "running a command",
        Phase::Idle(Last::Done) => "done",
        Phase::Idle(Last::Failed) => "failed",
        Phase::Idle(Last::Interrupted) => "interrupted",
        Phase::Fresh | Phase::Idle(Last::Nothing) => "idle",
        Phase::Closed => match tab.child.map(|child| child.state).filter(|state| state.is_over()) {
            Some(state) => state.name(),
            None => "closed",
        },
    }
}
