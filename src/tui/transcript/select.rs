//! What is selected in the transcript, and what is copied of it: logical lines, without the bars and
//! bullets that are decoration, and without the breaks that the window's width made.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::Transcript;
use super::window::Position;
use crate::tui::look::Row;

/// A place on the screen within the transcript: a row, and a column of it from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    pub at: Position,
    pub column: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Selection {
    anchor: Point,
    head: Point,
    /// Whole rows, whatever the columns.
    by_rows: bool,
}

impl Selection {
    fn ends(&self) -> (Point, Point) {
        if self.anchor <= self.head { (self.anchor, self.head) } else { (self.head, self.anchor) }
    }
}

impl Transcript {
    /// Begins a selection with the mouse.
    pub fn select_from(&mut self, point: Point) {
        self.selection = Some(Selection { anchor: point, head: point, by_rows: false });
    }

    /// Draws it on to here.
    pub fn select_to(&mut self, point: Point) {
        if let Some(selection) = &mut self.selection {
            selection.head = point;
        }
    }

    /// Begins a selection of whole rows at the cursor, or ends it.
    pub fn select_rows(&mut self) {
        let Some(at) = self.cursor else { return };
        let point = Point { at, column: 0 };
        self.selection = match self.selection {
            Some(_) => None,
            None => Some(Selection { anchor: point, head: point, by_rows: true }),
        };
    }

    pub fn unselect(&mut self) {
        self.selection = None;
    }

    pub fn has_selection(&self) -> bool {
        self.selection.is_some_and(|selection| selection.by_rows || selection.anchor != selection.head)
    }

    /// The selected columns of a row: from, and to where (not included).
    pub fn selected(&self, at: Position) -> Option<(usize, usize)> {
        let (from, to) = self.range()?;
        if at < from.at || at > to.at {
            return None;
        }
        let first = if at == from.at { from.column } else { 0 };
        let last = if at == to.at { to.column.saturating_add(1) } else { usize::MAX };
        Some((first, last))
    }

    /// The text that is selected.
    pub fn copied(&mut self) -> Option<String> {
        let (from, to) = self.range()?;
        let mut text = String::new();
        for cell in from.at.cell..=to.at.cell.min(self.cells.len().checked_sub(1)?) {
            let rows = self.lay_out(cell);
            for row in 0..rows {
                let Some((first, last)) = self.selected(Position { cell, row }) else { continue };
                let Some(laid) = &self.cells[cell].laid else { continue };
                let line = &laid.rows[row];
                if !text.is_empty() && !line.continues {
                    text.push('\n');
                }
                text.push_str(&part(line, first, last));
            }
        }
        let text = text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        Some(text.trim_matches('\n').to_owned()).filter(|text| !text.is_empty())
    }

    /// The text of one cell.
    pub fn text_of(&self, cell: usize) -> Option<String> {
        use super::cell::Kind;
        let cell = self.cells.get(cell)?;
        Some(match &cell.kind {
            Kind::Prompt(text)
            | Kind::Steer(text)
            | Kind::Thinking(text)
            | Kind::Summary(text)
            | Kind::Notice(text) => text.clone(),
            Kind::Answer(answer) => match answer.block.code() {
                // The newline at its end would run it in a shell.
                Some(code) => code.text().trim_end_matches('\n').to_owned(),
                None => answer.block.source().trim_end().to_owned(),
            },
            Kind::Commit(commit) => commit.hash.clone(),
            Kind::Shell(run) => run.output.last(usize::MAX).1.collect::<Vec<_>>().join("\n"),
            Kind::Call(tool) if !tool.output.is_empty() => {
                tool.output.last(usize::MAX).1.collect::<Vec<_>>().join("\n")
            }
            _ => cell.words().join(" "),
        })
    }

    fn range(&self) -> Option<(Point, Point)> {
        let mut selection = self.selection?;
        if selection.by_rows {
            selection.head = Point { at: self.cursor?, column: 0 };
            let (mut from, mut to) = selection.ends();
            (from.column, to.column) = (0, usize::MAX - 1);
            return Some((from, to));
        }
        Some(selection.ends())
    }
}

/// The part of a row between two columns that is worth copying.
fn part(row: &Row, first: usize, last: usize) -> String {
    let decoration: usize = row.pieces.iter().take(row.decoration).map(crate::tui::look::Piece::width).sum();
    let text = row.copied();
    let mut column = decoration;
    let mut part = String::new();
    for grapheme in text.graphemes(true) {
        let width = grapheme.width();
        if column + width.max(1) > first && column < last {
            part.push_str(grapheme);
        }
        column += width;
    }
    part
}
