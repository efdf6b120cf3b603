//! The last line: what happens, what waits elsewhere, and the keys that matter now.

use ratatui::layout::Rect;

use super::paint::Painter;
use super::tabs::{state, state_word};
use crate::agent::fit;
use crate::tui::app::layer::Layer;
use crate::tui::app::{App, Focus, Tone};
use crate::tui::look::{Piece, Role};
use crate::tui::update::worked_for;
use crate::tui::words::{percent, seconds};
use crate::tui::wrap::{clean, fit_pieces, pieces_columns};
use crate::workbench::words::{count, dollars, tokens};

/// Columns of what is being set up: how long it takes is to be seen as well.
const WHAT_COLUMNS: usize = 32;

pub(super) fn paint(painter: &mut Painter, app: &App, area: Rect) {
    if area.height == 0 {
        return;
    }
    painter.fill(area, Role::Bar);
    let mut left = left(app);
    let mut right = right(app);
    let width = usize::from(area.width);
    if pieces_columns(&left) + pieces_columns(&right) + 2 > width {
        right.clear();
    }
    // Keys are told as far as there is room: who answers and what it costs comes first.
    let room = width.saturating_sub(pieces_columns(&right) + usize::from(!right.is_empty()) * 2);
    for (keys, what) in hints(app) {
        let hint =
            [Piece::new(format!("  {keys}"), Role::BarAccent), Piece::new(format!(" {what}"), Role::BarDim)];
        if pieces_columns(&left) + pieces_columns(&hint) > room {
            break;
        }
        left.extend(hint);
    }
    painter.right(area, area.y, &right);
    painter.pieces(area.x, area.y, area.width, &fit_pieces(&left, width));
}

fn left(app: &App) -> Vec<Piece> {
    if !app.matcher.pending().is_empty() {
        return which_key(app);
    }
    if let Some(toast) = &app.toast {
        let role = match toast.tone {
            Tone::Plain => Role::BarAccent,
            Tone::Good => Role::Good,
            Tone::Bad => Role::Bad,
        };
        return vec![Piece::new(format!(" {}", clean(&toast.text)), role)];
    }
    let tab = app.tab();
    let (mark, role) = state(app, tab);
    let mut pieces = vec![Piece::new(format!(" {mark} "), role), Piece::new(state_word(tab), Role::Bar)];
    if let Some(setup) = &tab.setup {
        let time = seconds(app.clock.now.saturating_duration_since(setup.since));
        let told = if setup.so_far.is_empty() { time } else { format!("{}, {time}", clean(&setup.so_far)) };
        let what = fit(&clean(&setup.what), WHAT_COLUMNS);
        pieces.push(Piece::new(format!(": {what} ({told})"), Role::Bar));
    } else if let Some(time) = worked_for(tab, app.clock.now) {
        pieces.push(Piece::new(format!(" {}", seconds(time)), Role::BarDim));
    }
    if !tab.queue.is_empty() {
        pieces.push(Piece::new(format!("  {} in line", tab.queue.len()), Role::BarDim));
    }
    let elsewhere: Vec<usize> = app
        .tabs
        .iter()
        .enumerate()
        .filter(|(place, tab)| *place != app.active && tab.asks().is_some() && app.layers.is_empty())
        .map(|(place, _)| place + 1)
        .collect();
    if let Some(first) = elsewhere.first() {
        let keys = app.keymap.keys_for(app.context(), "approvals").into_iter().next();
        let keys = keys.unwrap_or_else(|| "/approvals".to_owned());
        let text = if elsewhere.len() == 1 {
            format!("  tab {first} asks: {keys}")
        } else {
            format!("  {} ask: {keys}", count(elsewhere.len(), "tab"))
        };
        pieces.push(Piece::new(text, Role::Waiting));
    }
    pieces
}

/// What can follow the keys that were pressed.
fn which_key(app: &App) -> Vec<Piece> {
    let pressed: Vec<String> = app.matcher.pending().iter().map(ToString::to_string).collect();
    let mut pieces = vec![Piece::new(format!(" {} ", pressed.join(" ")), Role::BarAccent)];
    for next in app.keymap.next_keys(app.context(), app.matcher.pending()) {
        pieces.push(Piece::new(format!(" {}", next.key), Role::BarAccent));
        pieces.push(Piece::new(format!(" {} ", next.command.unwrap_or("…")), Role::BarDim));
    }
    pieces
}

fn hints(app: &App) -> Vec<(String, &'static str)> {
    if app.toast.is_some() || !app.matcher.pending().is_empty() {
        return Vec::new();
    }
    let context = app.context();
    let wanted: &[(&str, &str)] = match (app.layers.last(), app.focus()) {
        (Some(Layer::Review(_)), _) => &[
            ("hunk-next", "hunk"),
            ("accept", "accept"),
            ("revert", "revert"),
            ("comment", "comment"),
            ("file-next", "file"),
            ("side-by-side", "layout"),
            ("comments-send", "send"),
            ("leave", "close"),
        ],
        (Some(_), _) => &[],
        (None, Focus::Transcript) => &[
            ("fold", "open"),
            ("find", "search"),
            ("yank", "copy"),
            ("branch-here", "branch"),
            ("rewind-here", "rewind"),
            ("diff-here", "diff"),
            ("leave", "back"),
        ],
        (None, Focus::Panel) => &[("panel-open", "open"), ("panel-next", "section"), ("leave", "back")],
        (None, Focus::Composer) if context.is_asking() => &[],
        (None, Focus::Composer) if app.compared(app.tab().id).is_some() => {
            &[("compare", "compare"), ("palette", "commands"), ("diff", "diff"), ("help", "help")]
        }
        (None, Focus::Composer) => {
            &[("palette", "commands"), ("diff", "diff"), ("panel", "panel"), ("help", "help")]
        }
    };
    wanted
        .iter()
        .filter_map(|(command, what)| {
            Some((app.keymap.keys_for(context, command).into_iter().next()?, *what))
        })
        .collect()
}

/// What it costs and how full the model's window is.
fn right(app: &App) -> Vec<Piece> {
    let tab = app.tab();
    let mut pieces = Vec::new();
    if let Some(route) = tab.routes.back() {
        pieces.push(Piece::new(format!("{} ", clean(&route.routed.who())), Role::Bar));
    }
    if let Some(context) = &tab.context {
        let text = match context.window {
            Some(window) => format!(" {} % ", percent(context.used, window)),
            None => format!(" {} tokens ", tokens(context.used)),
        };
        let is_full = context.window.is_some_and(|window| percent(context.used, window) >= 80);
        pieces.push(Piece::new(text, if is_full { Role::Warn } else { Role::BarDim }));
    }
    if tab.usage.output > 0 {
        pieces.push(Piece::new(format!(" {} ", dollars(tab.cost)), Role::BarDim));
    }
    pieces
}
