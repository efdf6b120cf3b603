//! The cursor's ways through the rows of a diff, and the screen that follows it.

use super::align::Block;
use super::model::Side;
use super::slots::{Slot, union};
use super::state::{ListRow, Review};

/// Rows kept between the cursor and the edges of the screen.
const MARGIN: usize = 3;

/// Lines shown around one that was asked for.
const AROUND: usize = 3;

impl Review {
    /// Down by so many rows, or up.
    pub(super) fn step(&mut self, rows: isize) {
        self.cursor = self.cursor.saturating_add_signed(rows);
        self.leave_gap(rows < 0);
        self.settle();
    }

    /// The same for the screen; the cursor stays on it.
    pub(super) fn scroll(&mut self, rows: isize) {
        let height = self.height();
        self.top = self.top.saturating_add_signed(rows).min(self.total().saturating_sub(height));
        let margin = margin(height);
        let last = (self.top + height).saturating_sub(margin + 1);
        let first = if self.top == 0 { 0 } else { self.top + margin };
        self.cursor = self.cursor.min(last.max(first)).max(first);
        self.leave_gap(rows < 0);
        self.settle();
    }

    /// To a row that may be far away. Then it comes to lie in the upper part of the screen.
    pub(super) fn go_to(&mut self, row: usize) {
        let height = self.height();
        self.cursor = row;
        if row < self.top + 1 || row + 1 >= self.top + height {
            self.top = row.saturating_sub(height / 3);
        }
        self.settle();
    }

    pub(super) fn go_to_file(&mut self, file: usize) {
        if let Some(entry) = self.entries.get(file) {
            (self.cursor, self.top) = (entry.start, entry.start);
            self.settle();
        }
    }

    pub(super) fn next_file(&mut self, down: bool) {
        let file = self.current_file();
        let at_header = self.entries.get(file).is_some_and(|entry| entry.start == self.cursor);
        match down {
            true => self.go_to_file((file + 1).min(self.entries.len().saturating_sub(1))),
            false if at_header => self.go_to_file(file.saturating_sub(1)),
            false => self.go_to_file(file),
        }
    }

    /// To where the next run of changed lines begins, or the one before.
    pub(super) fn next_hunk(&mut self, down: bool) {
        self.next_where(down, |review, row| {
            let change = |row: usize| review.slot(row).is_some_and(|(_, slot)| slot.is_change());
            let mut above = row;
            // Comments between changed lines don't part them.
            while above > 0 {
                above -= 1;
                if !matches!(review.slot(above), Some((_, Slot::Comment { .. }))) {
                    break;
                }
            }
            change(row) && (above == row || !change(above))
        });
    }

    pub(super) fn next_comment(&mut self, down: bool) {
        self.next_where(down, |review, row| {
            let comment = |row: usize| match review.slot(row) {
                Some((_, Slot::Comment { id, .. })) => Some(*id),
                _ => None,
            };
            comment(row).is_some() && (row == 0 || comment(row - 1) != comment(row))
        });
    }

    fn next_where(&mut self, down: bool, wanted: impl Fn(&Self, usize) -> bool) {
        let wanted = |row: &usize| wanted(self, *row);
        let found = if down {
            (self.cursor + 1..self.total()).find(wanted)
        } else {
            (0..self.cursor).rev().find(wanted)
        };
        if let Some(row) = found {
            self.go_to(row);
        }
    }

    /// Sees to it that a line has a row of its own.
    pub(super) fn reveal(&mut self, file: usize, side: Side, line: usize) {
        let row = self.row_of_line(file, side, line);
        let Some(entry) = self.entries.get(file) else { return };
        if let Some(Slot::Judged { block, is_open: false, .. }) = entry.slots.get(row - entry.start) {
            let block = *block;
            self.rearrange(|review| _ = review.entries[file].opened.insert(block));
            return;
        }
        let new = match entry.slots.get(row - entry.start) {
            Some(Slot::Header) if entry.folded => None,
            Some(Slot::Hidden { old, new, .. }) => {
                Some(if side == Side::New { line } else { new + (line - old) })
            }
            _ => return,
        };
        self.rearrange(|review| {
            let entry = &mut review.entries[file];
            entry.folded = false;
            if let Some(new) = new {
                show(&mut entry.revealed, new.saturating_sub(AROUND)..new + AROUND + 1);
            }
        });
        if new.is_none() {
            self.reveal(file, side, line);
        }
    }

    /// Shows more of the unchanged lines at the cursor, or next to it in its file.
    pub(super) fn expand(&mut self, lines: usize) {
        let file = self.current_file();
        let Some(entry) = self.entries.get(file) else { return };
        let at = self.cursor - entry.start;
        let Some(text) = entry.file.text() else { return };
        let hidden = entry.slots.iter().enumerate().filter_map(|(index, slot)| match slot {
            Slot::Hidden { new, len, .. } => Some((index, *new, *len)),
            _ => None,
        });
        let Some((_, new, len)) = hidden.min_by_key(|(index, ..)| index.abs_diff(at)) else { return };
        let begins = matches!(text.blocks.first(), Some(Block::Same { len, .. }) if new < *len);
        let above = !begins || entry.revealed.iter().any(|range| range.end <= new && range.start < new);
        let ends = matches!(text.blocks.last(), Some(Block::Same { .. })) && new + len == text.new.len();
        let below = !ends;
        let end = new + len;
        let (from_top, from_bottom) = match (above, below) {
            (true, true) => (lines.div_ceil(2), lines / 2),
            (true, false) => (lines, 0),
            (false, _) => (0, lines),
        };
        let (head, tail) = (new..new + from_top.min(len), end - from_bottom.min(len)..end);
        self.rearrange(|review| {
            let revealed = &mut review.entries[file].revealed;
            show(revealed, head);
            show(revealed, tail);
        });
    }

    /// Shows the whole file, or when it is shown, folds what did not change.
    pub(super) fn expand_file(&mut self) {
        let file = self.current_file();
        let Some(entry) = self.entries.get(file) else { return };
        let hidden = entry.slots.iter().any(|slot| matches!(slot, Slot::Hidden { .. }));
        let lines = entry.file.text().map_or(0, |text| text.new.len());
        self.rearrange(|review| {
            let revealed = &mut review.entries[file].revealed;
            revealed.clear();
            if hidden {
                show(revealed, 0..lines);
            }
        });
    }

    /// Brings cursor and screen to where there is something.
    pub(super) fn settle(&mut self) {
        let total = self.total();
        let height = self.height();
        self.cursor = self.cursor.min(total.saturating_sub(1));
        self.leave_gap(true);
        let margin = margin(height);
        // The header of a file may stand at the very top.
        let into_file = self.entries.get(self.current_file()).map_or(0, |entry| self.cursor - entry.start);
        self.top = self.top.min(self.cursor.saturating_sub(margin.min(into_file)));
        self.top = self.top.max((self.cursor + margin + 1).saturating_sub(height));
        self.top = self.top.min(total.saturating_sub(height));
        self.settle_list();
    }

    fn settle_list(&mut self) {
        let height = usize::from(self.panes().list.height).max(1);
        let file = self.current_file();
        let row = self.list.iter().position(|row| *row == ListRow::File(file)).unwrap_or(0);
        // The folder above a file is worth seeing with it.
        self.list_top = self.list_top.min(row.saturating_sub(1)).max((row + 2).saturating_sub(height));
        self.list_top = self.list_top.min(self.list.len().saturating_sub(height));
    }

    /// Of the diff, in rows; the list alone counts as much.
    pub(super) fn height(&self) -> usize {
        usize::from(self.panes().diff.height).max(1)
    }

    /// Nobody stands between two files.
    fn leave_gap(&mut self, upwards: bool) {
        if matches!(self.slot(self.cursor), Some((_, Slot::Gap))) {
            let last = self.cursor + 1 >= self.total();
            self.cursor = if upwards || last { self.cursor.saturating_sub(1) } else { self.cursor + 1 };
        }
    }
}

/// The first row of the screen may be covered by the header of its file, so there is always one.
fn margin(height: usize) -> usize {
    MARGIN.min(height.saturating_sub(1) / 2)
}

fn show(revealed: &mut Vec<std::ops::Range<usize>>, lines: std::ops::Range<usize>) {
    let mut ranges = std::mem::take(revealed);
    ranges.push(lines);
    *revealed = union(ranges);
}
