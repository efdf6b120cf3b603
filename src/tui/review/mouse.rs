//! The mouse in a review: wheel, clicks on files and rows, and lines selected by dragging.

use ratatui::layout::Position;

use super::acts::Act;
use super::slots::Slot;
use super::state::{Focus, ListRow, Review};

/// What the mouse did, at a cell of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mouse {
    Click,
    Drag,
    /// So many notches down, or up when negative.
    Wheel(i16),
}

/// Rows for each notch of the wheel.
const NOTCH: isize = 3;

impl Review {
    pub fn mouse(&mut self, mouse: Mouse, at: Position) {
        let panes = self.panes();
        if panes.list.contains(at) {
            match mouse {
                Mouse::Click => self.click_list(usize::from(at.y - panes.list.y)),
                Mouse::Wheel(notches) => self.wheel_list(isize::from(notches) * NOTCH),
                Mouse::Drag => {}
            }
        } else if panes.diff.contains(at) {
            match mouse {
                Mouse::Click => self.click_row(usize::from(at.y - panes.diff.y)),
                Mouse::Drag => self.drag_to(usize::from(at.y - panes.diff.y)),
                Mouse::Wheel(notches) => self.scroll(isize::from(notches) * NOTCH),
            }
        }
    }

    fn click_list(&mut self, y: usize) {
        if let Some(ListRow::File(file)) = self.list.get(self.list_top + y) {
            let file = *file;
            self.go_to_file(file);
            if self.panes().diff.is_empty() {
                self.act(Act::FocusDiff);
            }
        }
    }

    fn wheel_list(&mut self, rows: isize) {
        let height = usize::from(self.panes().list.height);
        let last = self.list.len().saturating_sub(height);
        self.list_top = self.list_top.saturating_add_signed(rows).min(last);
    }

    fn click_row(&mut self, y: usize) {
        self.set_focus(Focus::Diff);
        self.selecting = None;
        // The pinned header stands for its file.
        let row = if y == 0 { self.pinned().unwrap_or(self.top) } else { self.top + y };
        let again = row == self.cursor;
        match self.slot(row) {
            Some((_, Slot::Gap)) | None => {}
            Some((_, Slot::Hidden { .. })) => {
                self.cursor = row;
                self.act(Act::Open);
            }
            Some((_, Slot::Header)) if again => self.act(Act::Open),
            Some(_) if row < self.top => self.go_to(row),
            Some(_) => {
                self.cursor = row;
                self.settle();
            }
        }
    }

    fn drag_to(&mut self, y: usize) {
        let row = self.top + y;
        if row != self.cursor && row < self.total() {
            let from = self.selecting.unwrap_or(self.cursor);
            self.cursor = row;
            self.settle();
            self.selecting = Some(from);
        }
    }

    /// The header that covers the first row of the screen, when its own row lies above.
    pub(super) fn pinned(&self) -> Option<usize> {
        let (file, slot) = self.slot(self.top)?;
        let covered = !matches!(slot, Slot::Header | Slot::Gap);
        covered.then(|| self.entries[file].start)
    }
}
