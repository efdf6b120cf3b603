//! The window over the transcript: where it stands, and how it and the reader's cursor move. A place is
//! a cell and a row of it, never a line number of the whole: nobody has to know how long the whole is.

use super::Transcript;
use super::cell::Kind;

/// A row of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position {
    pub cell: usize,
    pub row: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Scroll {
    /// The end is always in sight.
    #[default]
    Follow,
    /// The window's first row.
    At(Position),
}

/// How the window, or the cursor in it, is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    Rows(isize),
    /// In windows; half of one is `Halves(1)`.
    Halves(isize),
    Top,
    Bottom,
    /// To the next or previous prompt of the user's.
    Turn(isize),
    /// To the next or previous cell.
    Cell(isize),
}

impl Transcript {
    pub fn follows(&self) -> bool {
        self.scroll == Scroll::Follow
    }

    /// Moves the window; with a cursor, moves that and lets the window come along.
    pub fn go(&mut self, to: Move) {
        if self.cells.is_empty() {
            return;
        }
        match self.cursor {
            Some(cursor) => {
                let cursor = self.within(cursor);
                let target = self.target(cursor, to);
                self.cursor = Some(target);
                self.show(target);
            }
            None => self.scroll_to(to),
        }
    }

    /// Starts reading: a cursor stands in the window. `false` when there is nothing to read.
    pub fn read(&mut self) -> bool {
        if self.cursor.is_none() {
            self.cursor = self.window.last().copied();
        }
        if let Some(cursor) = self.cursor {
            self.scroll = Scroll::At(self.window.first().copied().unwrap_or(cursor));
        }
        self.cursor.is_some()
    }

    /// Puts the cursor's row in the middle of the window.
    pub fn centre(&mut self) {
        if let Some(cursor) = self.cursor.filter(|_| !self.cells.is_empty()) {
            let cursor = self.within(cursor);
            self.scroll = Scroll::At(self.step(cursor, -(self.height() / 2)));
        }
    }

    /// Ends reading, at the end of the transcript.
    pub fn stop_reading(&mut self) {
        self.cursor = None;
        self.selection = None;
        self.scroll = Scroll::Follow;
    }

    pub fn cursor(&self) -> Option<Position> {
        self.cursor
    }

    /// The cell that the user reads.
    pub fn at_cursor(&self) -> Option<&super::Cell> {
        self.cells.get(self.cursor?.cell)
    }

    pub(super) fn place_cursor(&mut self, at: Position) {
        self.cursor = Some(at);
        self.show(at);
    }

    /// A place that is still there: what an answer took back, or a fold hid, is not.
    fn within(&mut self, at: Position) -> Position {
        let cell = at.cell.min(self.cells.len().saturating_sub(1));
        let rows = if cell < self.cells.len() { self.lay_out(cell) } else { 0 };
        let last = rows.saturating_sub(1);
        Position { cell, row: if cell < at.cell { last } else { at.row.min(last) } }
    }

    /// Rows in the window, however many they are.
    fn height(&self) -> isize {
        isize::try_from(self.size.1.max(1)).unwrap_or(1)
    }

    fn scroll_to(&mut self, to: Move) {
        let top = match self.scroll {
            Scroll::At(top) => top,
            Scroll::Follow => self.window.first().copied().unwrap_or_default(),
        };
        let top = self.within(top);
        let goes_down =
            matches!(to, Move::Rows(n) | Move::Halves(n) | Move::Turn(n) | Move::Cell(n) if n > 0);
        if self.follows() && goes_down {
            return;
        }
        self.scroll = match to {
            Move::Bottom => Scroll::Follow,
            to => Scroll::At(self.target(top, to)),
        };
    }

    fn target(&mut self, from: Position, to: Move) -> Position {
        match to {
            Move::Rows(rows) => self.step(from, rows),
            Move::Halves(halves) => self.step(from, halves * (self.height() / 2).max(1)),
            Move::Top => Position::default(),
            Move::Bottom => {
                let cell = self.cells.len() - 1;
                Position { cell, row: self.lay_out(cell).saturating_sub(1) }
            }
            Move::Turn(direction) => self
                .neighbour(from.cell, direction, |kind| matches!(kind, Kind::Prompt(_)))
                .unwrap_or(if direction > 0 { from } else { Position::default() }),
            Move::Cell(direction) => self.neighbour(from.cell, direction, |_| true).unwrap_or(from),
        }
    }

    /// The first row of the next cell of a kind, in a direction.
    fn neighbour(&mut self, from: usize, direction: isize, is: impl Fn(&Kind) -> bool) -> Option<Position> {
        let is = |at: &usize| is(&self.cells[*at].kind);
        let cell =
            if direction > 0 { (from + 1..self.cells.len()).find(is) } else { (0..from).rev().find(is) }?;
        // The blank row before it is not where one reads.
        let count = self.lay_out(cell);
        let is_blank =
            self.cells[cell].laid.as_ref().is_some_and(|laid| laid.rows[0].pieces.is_empty() && count > 1);
        Some(Position { cell, row: usize::from(is_blank) })
    }

    fn step(&mut self, from: Position, rows: isize) -> Position {
        let mut at = from;
        for _ in 0..rows.unsigned_abs() {
            let next = if rows > 0 { self.below(at) } else { self.above(at) };
            match next {
                Some(next) => at = next,
                None => break,
            }
        }
        at
    }

    fn below(&mut self, at: Position) -> Option<Position> {
        if at.row + 1 < self.lay_out(at.cell) {
            return Some(Position { row: at.row + 1, ..at });
        }
        let mut cell = at.cell + 1;
        while cell < self.cells.len() {
            if self.lay_out(cell) > 0 {
                return Some(Position { cell, row: 0 });
            }
            cell += 1;
        }
        None
    }

    fn above(&mut self, at: Position) -> Option<Position> {
        if at.row > 0 {
            return Some(Position { row: at.row - 1, ..at });
        }
        let mut cell = at.cell;
        while cell > 0 {
            cell -= 1;
            let rows = self.lay_out(cell);
            if rows > 0 {
                return Some(Position { cell, row: rows - 1 });
            }
        }
        None
    }

    /// Lets the window come to where a row is seen.
    fn show(&mut self, at: Position) {
        let Some((first, last)) = self.window.first().copied().zip(self.window.last().copied()) else {
            return;
        };
        let full = self.window.len() == usize::from(self.size.1);
        if at < first {
            self.scroll = Scroll::At(at);
        } else if at > last && full {
            self.scroll = Scroll::At(self.step(at, 1 - self.height()));
        } else {
            self.scroll = Scroll::At(first);
        }
    }

    pub(super) fn fill_window(&mut self) {
        self.window.clear();
        let height = usize::from(self.size.1);
        if self.cells.is_empty() || height == 0 {
            return;
        }
        if let Some(cursor) = self.cursor {
            self.cursor = Some(self.within(cursor));
        }
        if let Scroll::At(top) = self.scroll {
            let cell = top.cell.min(self.cells.len() - 1);
            let row = top.row.min(self.lay_out(cell).saturating_sub(1));
            self.fill_down(Position { cell, row }, height);
            // Whoever scrolls to the end follows it again, unless they read.
            let is_full = self.window.len() == height;
            if is_full && self.cursor.is_none() && self.is_at_end() {
                self.scroll = Scroll::Follow;
            }
            if is_full || self.cursor.is_some() && self.window.len() > 1 {
                return;
            }
            if self.cursor.is_none() {
                self.scroll = Scroll::Follow;
            }
        }
        let end = Position { cell: self.cells.len() - 1, row: 0 };
        let rows = self.lay_out(end.cell);
        let mut at = Position { row: rows.saturating_sub(1), ..end };
        if rows == 0 {
            match self.above(at) {
                Some(above) => at = above,
                None => return,
            }
        }
        self.window.clear();
        self.window.push(at);
        while self.window.len() < height {
            let Some(above) = self.above(at) else { break };
            at = above;
            self.window.push(at);
        }
        self.window.reverse();
    }

    fn is_at_end(&mut self) -> bool {
        let last = self.window.last().copied();
        last.is_none_or(|last| self.below(last).is_none())
    }

    fn fill_down(&mut self, top: Position, height: usize) {
        let mut at = top;
        self.window.push(at);
        while self.window.len() < height {
            let Some(below) = self.below(at) else { break };
            at = below;
            self.window.push(at);
        }
    }
}
