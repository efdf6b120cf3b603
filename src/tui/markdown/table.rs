//! Tables: columns as wide as they need and the screen allows, or, where that is too narrow to read, a
//! list of what each row says.

use pulldown_cmark::Alignment;
use ratatui::style::Modifier;

use super::inline::Lines;
use super::layout::Layout;
use super::tree::Table;
use crate::tui::look::{Look, Piece, Role};
use crate::tui::wrap::{columns, fold, pieces_columns};

const SEPARATOR: &str = " │ ";

/// A column is not made narrower than its longest word, or than this if that word is longer.
const LONGEST_WORD: usize = 20;

/// When words must be broken, every column has at least this much.
const NARROWEST: usize = 8;

pub fn lay(table: &Table, layout: &mut Layout<'_>) {
    match widths(table, layout.room()) {
        Some(widths) => grid(table, &widths, layout),
        None => pairs(table, layout),
    }
}

/// How wide each column is; `None` when there is not enough room for columns.
fn widths(table: &Table, room: usize) -> Option<Vec<usize>> {
    let cells = |column: usize| {
        let rows = std::iter::once(&table.head).chain(&table.rows);
        rows.filter_map(move |row| row.get(column)).flatten()
    };
    let count = table.head.len();
    let room = room.checked_sub(columns(SEPARATOR) * count.checked_sub(1)?)?;
    let full: Vec<usize> = (0..count).map(|at| widest(cells(at).map(|line| pieces_columns(line)))).collect();
    if full.iter().sum::<usize>() <= room {
        return Some(full);
    }
    let word = |at: usize| widest(cells(at).map(|line| longest_word(line)));
    let whole_words: Vec<usize> = (0..count).map(|at| word(at).min(LONGEST_WORD).min(full[at])).collect();
    if whole_words.iter().sum::<usize>() <= room {
        return Some(shared(&whole_words, &full, room));
    }
    let broken_words: Vec<usize> = full.iter().map(|full| NARROWEST.min(*full)).collect();
    (broken_words.iter().sum::<usize>() <= room).then(|| shared(&broken_words, &full, room))
}

/// Each column gets what it needs at least, and those that want more get equally wide as far as it goes.
fn shared(least: &[usize], full: &[usize], room: usize) -> Vec<usize> {
    let widths = |cap: usize| least.iter().zip(full).map(move |(least, full)| cap.clamp(*least, *full));
    let cap = (0..=room).rev().find(|cap| widths(*cap).sum::<usize>() <= room).unwrap_or_default();
    let mut shared: Vec<usize> = widths(cap).collect();
    let mut left = room.saturating_sub(shared.iter().sum());
    for (width, full) in shared.iter_mut().zip(full) {
        if left > 0 && *width == cap && *width < *full {
            *width += 1;
            left -= 1;
        }
    }
    shared
}

fn grid(table: &Table, widths: &[usize], layout: &mut Layout<'_>) {
    let head: Vec<Lines> = table.head.iter().map(strong).collect();
    let folded = |row: &Vec<Lines>| -> Vec<Lines> {
        let cell = |(at, width): (usize, &usize)| row.get(at).map(|lines| folded(lines, *width));
        widths.iter().enumerate().map(|at| cell(at).unwrap_or_default()).collect()
    };
    let rows: Vec<Vec<Lines>> = table.rows.iter().map(folded).collect();
    let is_folded = rows.iter().flatten().any(|cell| cell.len() > 1);
    grid_row(&folded(&head), widths, &table.alignments, layout);
    layout.row(vec![Piece::new(line(widths), Role::TableBorder)], false);
    for (index, row) in rows.iter().enumerate() {
        // Rows of several lines would run into each other.
        if is_folded && index > 0 {
            layout.row(vec![Piece::new(line(widths), Role::Faint)], false);
        }
        grid_row(row, widths, &table.alignments, layout);
    }
}

fn grid_row(cells: &[Lines], widths: &[usize], alignments: &[Alignment], layout: &mut Layout<'_>) {
    let height = cells.iter().map(Vec::len).max().unwrap_or_default().max(1);
    for at in 0..height {
        let mut row = Vec::new();
        for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
            let text = cell.get(at).map(Vec::as_slice).unwrap_or_default();
            let blanks = width.saturating_sub(pieces_columns(text));
            let before = match alignments.get(column) {
                Some(Alignment::Right) => blanks,
                Some(Alignment::Center) => blanks / 2,
                _ => 0,
            };
            let is_last = column + 1 == widths.len();
            let after = if is_last { 0 } else { blanks - before };
            row.extend(blank(before));
            row.extend_from_slice(text);
            row.extend(blank(after));
            if !is_last {
                row.push(Piece::new(SEPARATOR, Role::TableBorder));
            }
        }
        layout.row(row, true);
    }
}

fn line(widths: &[usize]) -> String {
    let parts: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
    parts.join("─┼─")
}

fn pairs(table: &Table, layout: &mut Layout<'_>) {
    if table.rows.is_empty() {
        table.head.iter().map(strong).for_each(|cell| layout.line(&joined(&cell), 2));
    }
    for (index, row) in table.rows.iter().enumerate() {
        if index > 0 {
            layout.blank();
        }
        for (key, value) in table.head.iter().zip(row) {
            let mut pair = joined(&strong(key));
            if !pair.is_empty() {
                pair.push(Piece::new(": ", Role::Dim));
            }
            pair.extend(joined(value));
            layout.line(&pair, 2);
        }
    }
}

fn strong(cell: &Lines) -> Lines {
    let strong = |piece: &Piece| {
        let role = if piece.look.role == Role::Text { Role::Strong } else { piece.look.role };
        let look = Look { role, ..piece.look }.with(Modifier::BOLD);
        Piece::new(piece.text.as_str(), look)
    };
    cell.iter().map(|line| line.iter().map(strong).collect()).collect()
}

fn folded(lines: &Lines, width: usize) -> Lines {
    lines.iter().flat_map(|line| fold(line, width)).collect()
}

fn joined(lines: &Lines) -> Vec<Piece> {
    lines.join(&Piece::new(" ", Role::Text))
}

fn blank(columns: usize) -> Option<Piece> {
    (columns > 0).then(|| Piece::new(" ".repeat(columns), Role::Text))
}

fn longest_word(line: &[Piece]) -> usize {
    let text: String = line.iter().map(|piece| piece.text.as_str()).collect();
    text.split(' ').map(columns).max().unwrap_or_default()
}

/// A column without text is one column wide all the same.
fn widest(widths: impl Iterator<Item = usize>) -> usize {
    widths.max().unwrap_or_default().max(1)
}
