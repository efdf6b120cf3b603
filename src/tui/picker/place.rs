//! Where the parts of a picker are on the screen, and which rows are seen. It paints nothing.

use ratatui::layout::{Position, Rect};
use ratatui::widgets::Block;
use unicode_width::UnicodeWidthStr;

use super::{Filter, Item, Picker};

const WIDEST: u16 = 100;
/// As far as the screen goes.
const NARROWEST: u16 = 72;
/// Where fewer columns would be left beside it, it takes those too.
const BESIDE: u16 = 12;
const WIDEST_WITH_PREVIEW: u16 = 160;
/// A narrower box shows no preview, in columns.
const WIDE_ENOUGH_FOR_PREVIEW: u16 = 70;
/// Before the query, and before the chosen row.
pub(super) const PROMPT: &str = "› ";

/// How a picker lies in an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A box in the middle of the area, with its title and query.
    Popup,
    /// Rows at the bottom of the area, without a query: that is typed in the composer below.
    Attached,
}

/// Where the parts are.
pub(super) struct Places {
    pub outer: Rect,
    pub query: Rect,
    pub list: Rect,
    pub preview: Rect,
}

/// One row of the list.
pub(super) enum Line<'a> {
    Group(&'a str),
    /// By its place among those shown.
    Item(usize),
}

impl<T> Picker<T> {
    /// How many rows an attached list takes of so many.
    pub fn rows(&self, most: u16) -> u16 {
        rows(self.lines().len().max(1)).min(most)
    }

    /// What the box covers on a screen.
    pub fn popup_area(&self, screen: Rect) -> Rect {
        self.places(Shape::Popup, screen).outer
    }

    /// Where the terminal's cursor belongs when the box is shown: behind the query.
    pub fn cursor_popup(&self, screen: Rect) -> Option<Position> {
        let place = self.places(Shape::Popup, screen).query;
        if place.is_empty() {
            return None;
        }
        let room = usize::from(place.width - 1);
        let x = (PROMPT.width() + self.query.width()).min(room);
        Some(Position::new(place.x + u16::try_from(x).ok()?, place.y))
    }

    /// Chooses the row of the box that is under the mouse. False when there is none.
    pub fn click(&mut self, screen: Rect, at: Position) -> bool {
        self.click_in(Shape::Popup, screen, at)
    }

    /// Chooses the row of the attached list that is under the mouse. False when there is none.
    pub fn click_attached(&mut self, area: Rect, at: Position) -> bool {
        self.click_in(Shape::Attached, area, at)
    }

    fn click_in(&mut self, shape: Shape, area: Rect, at: Position) -> bool {
        let list = self.places(shape, area).list;
        if !list.contains(at) {
            return false;
        }
        let lines = self.lines();
        let row = self.first(&lines, list.height) + usize::from(at.y - list.y);
        match lines.get(row) {
            Some(Line::Item(place)) => {
                self.chosen = *place;
                true
            }
            _ => false,
        }
    }

    pub(super) fn places(&self, shape: Shape, area: Rect) -> Places {
        if shape == Shape::Attached {
            let height = self.rows(area.height);
            let list = Rect { y: area.bottom() - height, height, ..area };
            return Places { outer: list, query: Rect::ZERO, list, preview: Rect::ZERO };
        }
        let part = |all: u16| u16::try_from(u32::from(all) * 7 / 10).unwrap_or(all);
        let widest = if self.preview.is_empty() { WIDEST } else { WIDEST_WITH_PREVIEW };
        let width = part(area.width).min(widest).max(NARROWEST);
        let width = if area.width < width + BESIDE { area.width } else { width };
        let wanted = rows(self.rows_of_box().max(self.preview.len()).max(1)).saturating_add(3);
        let height = part(area.height).min(wanted).max(5).min(area.height);
        let outer =
            Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 2, width, height);
        let inner = Block::bordered().inner(outer);
        let query = Rect { height: inner.height.min(1), ..inner };
        let below = Rect { y: inner.y + query.height, height: inner.height - query.height, ..inner };
        if self.preview.is_empty() || inner.width < WIDE_ENOUGH_FOR_PREVIEW {
            return Places { outer, query, list: below, preview: Rect::ZERO };
        }
        let half = inner.width / 2;
        let list = Rect { width: half, ..below };
        let preview = Rect { x: below.x + half + 1, width: below.width - half - 1, ..below };
        Places { outer, query, list, preview }
    }

    /// As many rows as there can be, so that a box does not jump while a query is typed.
    fn rows_of_box(&self) -> usize {
        if self.filter == Filter::Caller {
            return usize::from(u16::MAX);
        }
        let groups = self.items.iter().map(Item::group_name);
        let before = std::iter::once(None).chain(groups.clone());
        self.items.len()
            + groups.zip(before).filter(|(group, before)| group.is_some() && group != before).count()
    }

    pub(super) fn lines(&self) -> Vec<Line<'_>> {
        let mut lines = Vec::new();
        let mut last = None;
        for (place, shown) in self.shown.iter().enumerate() {
            let group = self.items.get(shown.index).and_then(Item::group_name);
            if self.query.is_empty()
                && let Some(name) = group.filter(|_| group != last)
            {
                lines.push(Line::Group(name));
            }
            last = group;
            lines.push(Line::Item(place));
        }
        lines
    }

    /// The first row that is shown: the chosen one is kept in the middle of a long list.
    pub(super) fn first(&self, lines: &[Line], height: u16) -> usize {
        let height = usize::from(height);
        let chosen = lines.iter().position(|line| matches!(line, Line::Item(place) if *place == self.chosen));
        chosen.unwrap_or(0).saturating_sub(height / 2).min(lines.len().saturating_sub(height))
    }
}

fn rows(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}
