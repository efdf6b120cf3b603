//! The text that is edited, its cursor, and what can be undone. A thin layer over `tui_textarea`, which
//! keeps lines and single edits: here edits are grouped into the steps that a person undoes, without a clock,
//! and positions are checked once.

use tui_textarea::{CursorMove, TextArea};

/// So many characters are edited as text; what would go over is folded by the composer. `tui_textarea`
/// moves its cursor with 16 bits for row and column.
pub(super) const MOST_CHARS: usize = 60_000;

/// How many single edits can be undone.
const MOST_EDITS: usize = 10_000;

/// A place between two characters: a line, and so many characters into it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pos {
    pub row: usize,
    pub col: usize,
}

impl Pos {
    pub const fn new(row: usize, col: usize) -> Self {
        Self { row, col }
    }
}

/// What is undone at once.
#[derive(Debug, Clone, Copy)]
struct Step {
    edits: usize,
    before: Pos,
    after: Pos,
}

#[derive(Debug)]
pub(super) struct Buffer {
    area: TextArea<'static>,
    done: Vec<Step>,
    undone: Vec<Step>,
    /// Whether the next edit belongs to the last step.
    open: bool,
    revision: u64,
}

impl Buffer {
    pub fn new() -> Self {
        let mut area = TextArea::default();
        area.set_max_histories(MOST_EDITS);
        area.set_undo_coalescing(false);
        Self { area, done: Vec::new(), undone: Vec::new(), open: false, revision: 0 }
    }

    pub fn lines(&self) -> &[String] {
        self.area.lines()
    }

    pub fn line(&self, row: usize) -> &str {
        self.lines().get(row).map_or("", String::as_str)
    }

    pub fn is_empty(&self) -> bool {
        self.area.is_empty()
    }

    pub fn text(&self) -> String {
        self.lines().join("\n")
    }

    pub fn cursor(&self) -> Pos {
        let (row, col) = self.area.cursor();
        Pos { row, col }
    }

    /// After the last character.
    pub fn end(&self) -> Pos {
        let row = self.lines().len() - 1;
        Pos { row, col: self.length(row) }
    }

    /// Of a line, in characters.
    pub fn length(&self, row: usize) -> usize {
        self.line(row).chars().count()
    }

    /// How many characters can still be inserted.
    pub fn room(&self) -> usize {
        let chars: usize = self.lines().iter().map(|line| line.chars().count() + 1).sum();
        MOST_CHARS.saturating_sub(chars)
    }

    /// Differs after every edit, undo and redo.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    pub fn between(&self, from: Pos, to: Pos) -> String {
        if from.row == to.row {
            return part(self.line(from.row), from.col, to.col).to_owned();
        }
        let mut text = part(self.line(from.row), from.col, usize::MAX).to_owned();
        for row in from.row + 1..to.row {
            text.push('\n');
            text.push_str(self.line(row));
        }
        text.push('\n');
        text.push_str(part(self.line(to.row), 0, to.col));
        text
    }

    pub fn move_to(&mut self, pos: Pos) {
        let row = u16::try_from(pos.row).unwrap_or(u16::MAX);
        let col = u16::try_from(pos.col).unwrap_or(u16::MAX);
        self.area.move_cursor(CursorMove::Jump(row, col));
    }

    /// At the cursor, which goes behind it. Refuses what there is no room for.
    pub fn insert(&mut self, text: &str) -> bool {
        if text.is_empty() || text.chars().count() > self.room() {
            return false;
        }
        let before = self.cursor();
        self.area.insert_str(text);
        self.record(before);
        true
    }

    /// The cursor goes to where the text was.
    pub fn delete(&mut self, from: Pos, to: Pos) -> String {
        let removed = self.between(from, to);
        if !removed.is_empty() {
            let before = self.cursor();
            self.move_to(from);
            self.area.delete_str(removed.chars().count());
            self.record(before);
        }
        removed
    }

    /// What is edited next is undone by itself.
    pub fn close(&mut self) {
        self.open = false;
    }

    pub fn undo(&mut self) -> bool {
        self.close();
        let Some(step) = self.done.pop() else { return false };
        if !(0..step.edits).fold(false, |any, _| self.area.undo() || any) {
            self.done.clear();
            return false;
        }
        self.undone.push(step);
        self.revision += 1;
        self.move_to(step.before);
        true
    }

    pub fn redo(&mut self) -> bool {
        self.close();
        let Some(step) = self.undone.pop() else { return false };
        for _ in 0..step.edits {
            self.area.redo();
        }
        self.done.push(step);
        self.revision += 1;
        self.move_to(step.after);
        true
    }

    fn record(&mut self, before: Pos) {
        let after = self.cursor();
        self.undone.clear();
        self.revision += 1;
        match self.done.last_mut().filter(|_| self.open) {
            Some(step) => {
                step.edits += 1;
                step.after = after;
            }
            None => self.done.push(Step { edits: 1, before, after }),
        }
        self.open = true;
    }
}

/// Of a line, from one column to another.
pub(super) fn part(line: &str, from: usize, to: usize) -> &str {
    let start = offset(line, from);
    &line[start..offset(line, to).max(start)]
}

/// The byte at which a column starts.
pub(super) fn offset(line: &str, col: usize) -> usize {
    line.char_indices().nth(col).map_or(line.len(), |(offset, _)| offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_of_one_step_are_undone_and_redone_at_once() {
        let mut buffer = Buffer::new();
        buffer.insert("hello\nwörld");
        buffer.close();
        assert_eq!(buffer.delete(Pos::new(0, 4), Pos::new(1, 2)), "o\nwö");
        buffer.insert("👍");
        assert_eq!((buffer.text().as_str(), buffer.cursor()), ("hell👍rld", Pos::new(0, 5)));
        assert!(buffer.undo());
        assert_eq!((buffer.text().as_str(), buffer.cursor()), ("hello\nwörld", Pos::new(1, 5)));
        assert!(buffer.redo());
        assert_eq!(buffer.text(), "hell👍rld");
        assert!(!buffer.redo());
        assert!(buffer.undo() && buffer.undo() && !buffer.undo());
        assert!(buffer.is_empty());
    }

    #[test]
    fn what_there_is_no_room_for_is_refused() {
        let mut buffer = Buffer::new();
        assert!(!buffer.insert(&"x".repeat(MOST_CHARS)));
        assert!(buffer.insert(&"x\n".repeat((MOST_CHARS - 1) / 2)));
        assert!(buffer.room() < 2);
        assert_eq!(buffer.cursor(), buffer.end());
    }
}
