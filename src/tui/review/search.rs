//! Finding text in both sides of all files, folded lines too. A query without capitals finds both cases.

use std::ops::Range;

use super::align::{Block, Text};
use super::model::Side;
use super::shown::shown;
use super::state::Review;
use crate::tui::wrap::columns;

/// What was searched for and where it is.
#[derive(Debug, Clone)]
pub struct Search {
    query: Query,
    hits: Vec<Hit>,
    /// There are more hits than anyone would walk through.
    more: bool,
    current: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query {
    text: String,
    any_case: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    pub file: usize,
    pub side: Side,
    pub line: usize,
    /// Which one in its line.
    pub nth: usize,
    /// Where its line stands among the lines of the file, old before new.
    order: usize,
}

/// Which way a search goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// The first at the cursor or behind it.
    Here,
    Next,
    Previous,
}

const MOST_HITS: usize = 10_000;

impl Search {
    pub fn query(&self) -> &str {
        &self.query.text
    }

    /// `3 of 17`, `17 hits`, `not found`.
    pub fn summary(&self) -> String {
        let plus = if self.more { "+" } else { "" };
        match (self.current, self.hits.len()) {
            (_, 0) => "not found".to_owned(),
            (Some(current), many) => format!("{} of {many}{plus}", current + 1),
            (None, 1) => "1 hit".to_owned(),
            (None, many) => format!("{many}{plus} hits"),
        }
    }

    /// What to mark in a shown line, and whether it is the hit that the reader stands at.
    pub(super) fn marks(
        &self,
        file: usize,
        side: Side,
        line: usize,
        text: &str,
    ) -> Vec<(Range<usize>, bool)> {
        let current = self.current.and_then(|index| self.hits.get(index));
        let here = current.filter(|hit| (hit.file, hit.side, hit.line) == (file, side, line));
        let found = self.query.find_in(text).into_iter().enumerate();
        found.map(|(nth, range)| (range, here.is_some_and(|hit| hit.nth == nth))).collect()
    }
}

impl Query {
    pub fn of(text: &str) -> Self {
        Self { text: text.to_owned(), any_case: !text.chars().any(char::is_uppercase) }
    }

    /// Where a line holds the query, in bytes, from left to right.
    pub fn find_in(&self, line: &str) -> Vec<Range<usize>> {
        if self.text.is_empty() {
            return Vec::new();
        }
        if !self.any_case {
            return line.match_indices(&self.text).map(|(at, found)| at..at + found.len()).collect();
        }
        let mut found = Vec::new();
        let mut next = 0;
        if self.text.is_ascii() && line.is_ascii() {
            let (line, query) = (line.as_bytes(), self.text.as_bytes());
            for (at, window) in line.windows(query.len()).enumerate() {
                if at >= next && window.eq_ignore_ascii_case(query) {
                    found.push(at..at + query.len());
                    next = at + query.len();
                }
            }
            return found;
        }
        for (at, _) in line.char_indices() {
            if at >= next
                && let Some(length) = starts_with_any_case(&line[at..], &self.text)
            {
                found.push(at..at + length);
                next = at + length;
            }
        }
        found
    }
}

/// How many bytes of the text match, when it starts with the query in any case.
fn starts_with_any_case(text: &str, query: &str) -> Option<usize> {
    let mut wanted = query.chars().flat_map(char::to_lowercase).peekable();
    for (at, character) in text.char_indices() {
        if wanted.peek().is_none() {
            return Some(at);
        }
        for lower in character.to_lowercase() {
            if wanted.next() != Some(lower) {
                return None;
            }
        }
    }
    wanted.peek().is_none().then_some(text.len())
}

impl Review {
    pub fn search(&self) -> Option<&Search> {
        self.search.as_ref()
    }

    /// Searches anew, and goes to the first hit from the cursor on. An empty text ends the search.
    pub(super) fn start_search(&mut self, text: &str) {
        if text.is_empty() {
            self.search = None;
            return;
        }
        let query = Query::of(text);
        let mut hits = Vec::new();
        for (index, entry) in self.entries.iter().enumerate() {
            if let Some(text) = entry.file.text()
                && hits.len() <= MOST_HITS
            {
                find(&query, index, text, &mut hits);
            }
        }
        let more = hits.len() > MOST_HITS;
        hits.truncate(MOST_HITS);
        self.search = Some(Search { query, hits, more, current: None });
        self.go_to_hit(Way::Here);
    }

    pub(super) fn go_to_hit(&mut self, way: Way) {
        let here = self.cursor_order();
        let Some(search) = &mut self.search else { return };
        let place = |hit: &Hit| (hit.file, hit.order);
        let hits = &search.hits;
        if hits.is_empty() {
            return;
        }
        // From the hit that the reader still stands at to its neighbour; else from where they stand now.
        let standing = search.current.filter(|current| place(&hits[*current]) == here);
        let index = match (way, standing) {
            (Way::Next, Some(current)) => current + 1,
            (Way::Previous, Some(current)) => current + hits.len() - 1,
            (Way::Here | Way::Next, _) => hits.partition_point(|hit| place(hit) < here),
            (Way::Previous, None) => hits.partition_point(|hit| place(hit) < here) + hits.len() - 1,
        } % hits.len();
        search.current = Some(index);
        let hit = hits[index];
        self.reveal(hit.file, hit.side, hit.line);
        let row = self.row_of_line(hit.file, hit.side, hit.line);
        self.go_to(row);
        self.scroll_to_hit(hit);
    }

    /// Where the cursor stands in the order of hits.
    fn cursor_order(&self) -> (usize, usize) {
        let file = self.current_file();
        let Some(entry) = self.entries.get(file) else { return (0, 0) };
        let Some(text) = entry.file.text() else { return (file, 0) };
        let slots = &entry.slots[..=self.cursor.saturating_sub(entry.start).min(entry.slots.len() - 1)];
        let order = slots.iter().rev().find_map(|slot| {
            // A row of two sides stands at its old line, unless the reader stands at a hit in its new one.
            let at = |side| slot.line(side).map(|line| order_of(text, side, line));
            let hit = self.search.as_ref().and_then(|search| Some(search.hits[search.current?]));
            let at_hit = hit
                .filter(|hit| hit.file == file && slot.line(hit.side) == Some(hit.line))
                .map(|hit| hit.order);
            at_hit.or_else(|| at(Side::Old)).or_else(|| at(Side::New))
        });
        (file, order.unwrap_or(0))
    }

    fn scroll_to_hit(&mut self, hit: Hit) {
        let (Some(search), Some(text)) = (&self.search, self.entries[hit.file].file.text()) else { return };
        let lines = if hit.side == Side::Old { &text.old } else { &text.new };
        let line = shown(lines.get(hit.line));
        let Some(range) = search.query.find_in(&line).into_iter().nth(hit.nth) else { return };
        let (from, to) = (columns(&line[..range.start]), columns(&line[..range.end]));
        let width = usize::from(self.columns().text_width(self.is_side_by_side())).max(1);
        if to < width {
            self.left = 0;
        } else if from < self.left || to >= self.left + width {
            self.left = from.saturating_sub(width / 3);
        }
    }
}

/// Lines that stayed are searched once, in the new side.
fn find(query: &Query, file: usize, text: &Text, hits: &mut Vec<Hit>) {
    let mut order = 0;
    for block in &text.blocks {
        let sides = match block {
            Block::Same { new, len, .. } => [(Side::Old, 0..0), (Side::New, *new..new + len)],
            Block::Changed { old, new, .. } => [(Side::Old, old.clone()), (Side::New, new.clone())],
        };
        for (side, range) in sides {
            let lines = if side == Side::Old { &text.old } else { &text.new };
            for line in range {
                let found = query.find_in(&shown(lines.get(line))).len();
                hits.extend((0..found).map(|nth| Hit { file, side, line, nth, order }));
                order += 1;
            }
            if hits.len() > MOST_HITS {
                return;
            }
        }
    }
}

fn order_of(text: &Text, side: Side, line: usize) -> usize {
    let mut order = 0;
    for block in &text.blocks {
        let (old, new, length) = match block {
            Block::Same { old, new, len } => (*old..old + len, *new..new + len, *len),
            Block::Changed { old, new, .. } => (old.clone(), new.clone(), old.len() + new.len()),
        };
        let changed = matches!(block, Block::Changed { .. });
        match side {
            Side::Old if old.contains(&line) => return order + line - old.start,
            Side::New if new.contains(&line) => {
                return order + line - new.start + if changed { old.len() } else { 0 };
            }
            _ => order += length,
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_capitals_both_cases_are_found() {
        assert_eq!(Query::of("ab").find_in("abABxaB"), [0..2, 2..4, 5..7]);
        assert_eq!(Query::of("aB").find_in("abABxaBaB"), [5..7, 7..9]);
        assert_eq!(Query::of("über").find_in("Über über"), [0..5, 6..11]);
        assert!(Query::of("").find_in("abc").is_empty());
    }

    #[test]
    fn a_letter_that_grows_in_lower_case_is_found_where_it_stands() {
        assert_eq!(Query::of("x").find_in("İxx"), [2..3, 3..4]);
    }
}
