//! Words: the user's, the agent's, and what the agent thinks.

use ratatui::style::Modifier;

use super::{CLOSED_PROMPT, INDENT, OPEN, blank, marked};
use crate::tui::look::{Look, Piece, Role, Row};
use crate::tui::markdown;
use crate::tui::transcript::cell::{Answer, Fold};
use crate::tui::wrap::{self, Hanging, fit, wrap};

pub(super) fn prompt(text: &str, width: usize, fold: Fold) -> Vec<Row> {
    let bar = || Piece::new("▌ ", Role::UserBar);
    let hanging = Hanging::bar(vec![bar()]);
    let shown = if fold == Fold::Open { OPEN } else { CLOSED_PROMPT };
    let lines: Vec<&str> = text.lines().collect();
    let mut rows = Vec::new();
    for line in lines.iter().take(shown) {
        rows.extend(wrap(&[Piece::new(wrap::clean(line), Role::User)], width, &hanging));
    }
    if lines.len() > shown {
        let rest = format!("… {} more lines", lines.len() - shown);
        rows.push(Row { pieces: vec![bar(), Piece::new(rest, Role::Dim)], decoration: 2, ..Row::default() });
    }
    rows.into_iter().map(|row| row.filled(Role::User)).collect()
}

pub(super) fn steer(text: &str, width: usize) -> Vec<Row> {
    let hanging = Hanging::bar(vec![Piece::new("│ ", Role::UserBar)]);
    text.lines()
        .take(OPEN)
        .flat_map(|line| wrap(&[Piece::new(wrap::clean(line), Role::User)], width, &hanging))
        .map(|row| row.filled(Role::User))
        .collect()
}

pub(super) fn answer(answer: &Answer, width: usize) -> Vec<Row> {
    let room = width.saturating_sub(INDENT);
    markdown::rows(&answer.block, room, answer.coloured())
        .into_iter()
        .map(|row| row.behind(blank(INDENT)))
        .collect()
}

pub(super) fn thinking(text: &str, width: usize, fold: Fold) -> Vec<Row> {
    let look = Look::new(Role::Thinking).with(Modifier::ITALIC);
    if fold == Fold::Open {
        return marked("∴", Role::Thinking, text, Role::Thinking, width)
            .into_iter()
            .map(|mut row| {
                row.pieces.iter_mut().skip(1).for_each(|piece| piece.look = look);
                row
            })
            .collect();
    }
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let line = lines.next().unwrap_or_default();
    let more = lines.next().is_some();
    let line = wrap::clean(line);
    let room = width.saturating_sub(INDENT + usize::from(more) * 2);
    let mut shown = fit(&line, room).into_owned();
    if more && !shown.ends_with('…') {
        shown.push_str(" …");
    }
    let mark = Piece::new("∴ ", Role::Thinking);
    vec![Row { pieces: vec![mark, Piece::new(shown, look)], decoration: 1, ..Row::default() }]
}

pub(super) fn summary(text: &str, width: usize, fold: Fold) -> Vec<Row> {
    let head = "the model goes on from a summary; what stands above is on record and not sent any more";
    let mut rows = marked("≡", Role::Info, head, Role::Notice, width);
    if fold == Fold::Open {
        rows.extend(marked(" ", Role::Dim, text, Role::Dim, width).into_iter().take(OPEN));
    }
    rows
}
