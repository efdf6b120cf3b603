//! The composer, the line over it, and what lies between it and the transcript.

use ratatui::layout::Rect;

use super::paint::Painter;
use crate::tui::app::asks::Asks;
use crate::tui::app::{App, Focus};
use crate::tui::dialog;
use crate::tui::keys::Context;
use crate::tui::look::{Look, Piece, Role};
use crate::tui::places::{MARK, Places};
use crate::tui::wrap::{clean, fit, pieces_columns};

pub(super) fn paint(painter: &mut Painter, app: &App, places: &Places) {
    let tab = app.tab();
    rule(painter, app, places.rule);
    let area = places.composer;
    painter.fill(area, Role::Input);
    let is_focused = app.focus() == Focus::Composer && app.layers.is_empty();
    // What goes to a shell is seen before it is sent.
    let role = match tab.composer.first() {
        Some('!' | '$') => Role::Warn,
        _ if is_focused => Role::Accent,
        _ => Role::Dim,
    };
    painter.text(area.x, area.y, MARK, "❯", role);
    let theme = painter.theme;
    tab.composer.render(places.input(), painter.buffer, &|look: Look| theme.style(look));
    if tab.composer.is_empty() {
        let input = places.input();
        let text = placeholder(app);
        painter.text(input.x, input.y, input.width, &fit(&text, usize::from(input.width)), Role::Placeholder);
    }
    above(painter, app, places.above);
}

fn placeholder(app: &App) -> String {
    let tab = app.tab();
    if let Some(asks) = app.asks() {
        let [_, keys] = dialog::keys(asks);
        let mut keys: Vec<&str> = keys.iter().map(|(key, _)| *key).collect();
        let last = keys.pop().unwrap_or_default();
        return format!("answer with {} or {last}, or write on", keys.join(", "));
    }
    if tab.is_working() {
        let keys = app.keymap.keys_for(Context::Composer, "interrupt-or-quit").into_iter().next();
        let stop = keys.unwrap_or_else(|| "/abort".to_owned());
        return format!("what you send now waits in line; {stop} stops the agent");
    }
    let next = usize::try_from(tab.turn).unwrap_or(usize::MAX);
    let invited = app.facts.demo.and_then(|prompts| prompts.get(next).copied());
    invited.unwrap_or("what shall be done?").to_owned()
}

/// Says where the tab stands: branch, who answers, what it may do.
fn rule(painter: &mut Painter, app: &App, area: Rect) {
    if area.height == 0 {
        return;
    }
    let role = if app.focus() == Focus::Composer { Role::BorderFocus } else { Role::Border };
    let line = "─".repeat(usize::from(area.width));
    painter.text(area.x, area.y, area.width, &line, role);
    let tab = app.tab();
    let mut right: Vec<Piece> = Vec::new();
    if let Some(mode) = tab.composer.mode() {
        right.push(Piece::new(format!(" {} ", mode.name()), Role::Accent));
    }
    if let Some(role) = &tab.choice.role {
        right.push(Piece::new(format!(" @{} ", clean(role)), Role::Info));
    }
    right.push(Piece::new(format!(" {} ", tab.permissions), Role::Dim));
    let width: usize = right.iter().map(Piece::width).sum();
    let room = usize::from(area.width).saturating_sub(width + 10);
    if let Some(session) = tab.session.as_ref().filter(|_| room > 4) {
        let looks = if session.is_aside { "looks on at " } else { "" };
        let branch = format!(" {} ", fit(&format!("{looks}{}", clean(&session.branch)), room));
        painter.text(area.x + 2, area.y, area.width - 2, &branch, Role::Dim);
    }
    if usize::from(area.width) > width + 4 {
        painter.right(Rect { width: area.width - 2, ..area }, area.y, &right);
    }
}

/// What an agent asks, or what is offered while one types.
fn above(painter: &mut Painter, app: &App, area: Rect) {
    if area.height == 0 {
        return;
    }
    let tab = app.tab();
    let theme = painter.theme;
    if let Some(suggest) = &tab.suggest {
        suggest.picker.render_attached(area, painter.buffer, &|look: Look| theme.style(look));
        return;
    }
    let Some(asks) = tab.asks() else { return };
    painter.fill(area, Role::Popup);
    let bar = |painter: &mut Painter, y: u16| {
        painter.text(area.x, y, 1, "▌", Role::Waiting);
    };
    let inner = Rect { x: area.x + 2, width: area.width.saturating_sub(4), ..area };
    let title = match asks {
        Asks::Call(_) if tab.approvals.len() > 1 => format!("The agent asks ({} wait)", tab.approvals.len()),
        Asks::Call(_) => "The agent asks".to_owned(),
        Asks::Stuck(_) => "The agent is stuck".to_owned(),
    };
    bar(painter, area.y);
    painter.text(inner.x, area.y, inner.width, &title, Role::Waiting);
    let room = usize::from(area.height.saturating_sub(2));
    let rows = dialog::start(asks, app.clock.now, usize::from(inner.width), room);
    let last = area.bottom() - 1;
    for (y, row) in (area.y + 1..last).zip(&rows) {
        bar(painter, y);
        painter.row(inner, y, row);
    }
    bar(painter, last);
    let own = app.keymap.keys_for(app.context(), "approvals").into_iter().next();
    let own = own.unwrap_or_else(|| "/approvals".to_owned());
    let [mut long, mut short] = dialog::keys(asks);
    if let Asks::Call(_) = asks {
        long.push(("Esc", "stop the agent".to_owned()));
        short.push(("Esc", "stop".to_owned()));
    }
    let mut keys = match app.asks() {
        None => words(&[(&own, "answer it; what you write stays")]),
        Some(_) => words(&long),
    };
    if pieces_columns(&keys) > usize::from(inner.width) {
        keys = if app.asks().is_some() { words(&short) } else { words(&[(&own, "answer it")]) };
    }
    painter.pieces(inner.x, last, inner.width, &keys);
}

/// Keys, each with what it does.
fn words(keys: &[(&str, impl AsRef<str>)]) -> Vec<Piece> {
    let pair = |(key, does): &(&str, _)| {
        let does: &str = AsRef::as_ref(does);
        [Piece::new(format!("{key} "), Role::Accent), Piece::new(format!("{does}  "), Role::Dim)]
    };
    keys.iter().flat_map(pair).collect()
}
