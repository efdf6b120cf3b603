//! Reviews as a reader sees and works them: files in, acts done, screens and prompts out.

mod acts;
mod comments;
mod screens;
mod unified;

use std::ops::ControlFlow;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

use super::*;
use crate::tui::look::{Look, Role};

fn modified(path: &str, old: &str, new: &str) -> FileDiff {
    FileDiff {
        path: path.to_owned(),
        old_path: None,
        kind: Change::Modified,
        old_mode: Some(0o100_644),
        new_mode: Some(0o100_644),
        body: Body::Text { old: old.to_owned(), new: new.to_owned() },
    }
}

fn added(path: &str, new: &str) -> FileDiff {
    FileDiff { kind: Change::Added, old_mode: None, ..modified(path, "", new) }
}

fn deleted(path: &str, old: &str) -> FileDiff {
    FileDiff { kind: Change::Deleted, new_mode: None, ..modified(path, old, "") }
}

/// `1\n2\n…`, with some lines replaced.
fn numbered(count: usize, replaced: &[(usize, &str)]) -> String {
    let line = |number: usize| {
        let other = replaced.iter().find(|(at, _)| *at == number);
        other.map_or_else(|| format!("line {number}"), |(_, text)| (*text).to_owned()) + "\n"
    };
    (1..=count).map(line).collect()
}

fn review(files: Vec<FileDiff>, width: u16, height: u16) -> Review {
    let mut review = Review::new("Turn 4", Prepared::align(files, None));
    review.fit(Rect::new(0, 0, width, height));
    review
}

/// Highlights everything that should be.
fn dress(review: &mut Review) {
    while let Some(undressed) = review.to_dress() {
        undressed.dress(|dressed| {
            review.dressed(dressed);
            ControlFlow::Continue(())
        });
    }
}

/// Each role with a colour of its own; those of lines and words have it as background.
fn style(look: Look) -> Style {
    let color = Color::Indexed(look.role as u8);
    let grounds = [
        Role::Added,
        Role::Removed,
        Role::AddedWord,
        Role::RemovedWord,
        Role::Match,
        Role::MatchCurrent,
        Role::Selected,
        Role::Selection,
    ];
    if grounds.contains(&look.role) { Style::new().bg(color) } else { Style::new().fg(color) }
}

/// Paints in the middle of a larger buffer, and sees to it that nothing beside the area changed.
fn painted(review: &Review) -> Buffer {
    let area = review.area;
    let mut whole = Buffer::filled(Rect::new(0, 0, area.width + 6, area.height + 4), Cell::from('#'));
    let inner = Rect { x: 3, y: 2, ..area };
    render(review, inner, &mut whole, &style);
    let mut buffer = Buffer::empty(area);
    for position in whole.area.positions() {
        let cell = &whole[position];
        if inner.contains(position) {
            buffer[(position.x - inner.x, position.y - inner.y)] = cell.clone();
        } else {
            assert_eq!(cell.symbol(), "#", "painted outside at {position}");
        }
    }
    buffer
}

/// The rows of the screen without blanks at their ends.
fn screen(review: &Review) -> String {
    let buffer = painted(review);
    let rows = (0..buffer.area.height).map(|y| row(&buffer, y));
    rows.collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

fn row(buffer: &Buffer, y: u16) -> String {
    let mut text = String::new();
    let mut x = 0;
    while x < buffer.area.width {
        let symbol = buffer[(x, y)].symbol();
        text.push_str(symbol);
        x += u16::try_from(crate::tui::wrap::columns(symbol)).unwrap().max(1);
    }
    text.trim_end().to_owned()
}

/// What is painted with the background of a role, row by row.
fn on(review: &Review, role: Role) -> Vec<String> {
    let buffer = painted(review);
    let mut found = Vec::new();
    for y in 0..buffer.area.height {
        let mut run = String::new();
        for x in 0..buffer.area.width {
            let cell = &buffer[(x, y)];
            if cell.bg == Color::Indexed(role as u8) {
                run.push_str(cell.symbol());
            } else if !run.is_empty() {
                found.push(std::mem::take(&mut run));
            }
        }
        found.extend(Some(run).filter(|run| !run.is_empty()));
    }
    found
}

/// The row of the screen that the cursor stands on.
fn at_cursor(review: &Review) -> String {
    let buffer = painted(review);
    let bar =
        |y: &u16| (0..buffer.area.width).any(|x| buffer[(x, *y)].fg == Color::Indexed(Role::Accent as u8));
    let y = (0..buffer.area.height).find(bar).expect("the cursor is on the screen");
    row(&buffer, y).trim_start_matches(|c: char| c != '▌').trim_start_matches('▌').trim().to_owned()
}

fn act(review: &mut Review, acts: impl IntoIterator<Item = Act>) {
    for act in acts {
        review.act(act);
        let _ = painted(review);
    }
}
