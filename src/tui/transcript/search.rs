//! Searching the transcript: plain text, case ignored unless the user types capitals.

use super::Transcript;
use super::window::Position;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Search {
    needle: String,
    is_exact: bool,
}

impl Search {
    fn new(needle: &str) -> Self {
        let is_exact = needle.chars().any(char::is_uppercase);
        Self { needle: if is_exact { needle.to_owned() } else { needle.to_lowercase() }, is_exact }
    }

    fn is_in(&self, text: &str) -> bool {
        if self.is_exact { text.contains(&self.needle) } else { text.to_lowercase().contains(&self.needle) }
    }

    /// Where it stands in a row, as ranges of bytes.
    fn hits(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        if self.needle.is_empty() {
            return Vec::new();
        }
        if self.is_exact {
            return text.match_indices(&self.needle).map(|(at, hit)| at..at + hit.len()).collect();
        }
        // Letters change their length in lower case: each is compared for itself.
        let mut hits = Vec::new();
        let mut from = 0;
        while from < text.len() {
            match length_of_match(&text[from..], &self.needle) {
                Some(length) => {
                    hits.push(from..from + length);
                    from += length;
                }
                None => from += text[from..].chars().next().map_or(1, char::len_utf8),
            }
        }
        hits
    }
}

/// Bytes at the start of `text` that are `needle` but for their case; the needle is in lower case.
fn length_of_match(text: &str, needle: &str) -> Option<usize> {
    let mut wanted = needle.chars().peekable();
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

impl Transcript {
    /// Searches from here on for this; an empty text ends it. `false` when it is nowhere.
    pub fn search(&mut self, needle: &str) -> bool {
        self.search = (!needle.is_empty()).then(|| Search::new(needle));
        self.search.is_none() || self.find(1, true)
    }

    pub fn needle(&self) -> Option<&str> {
        self.search.as_ref().map(|search| search.needle.as_str())
    }

    /// Goes to the next hit, or to the previous one. `false` when there is none.
    pub fn find_next(&mut self, direction: isize) -> bool {
        self.find(direction, false)
    }

    /// What the search found in a text, as ranges of bytes.
    pub fn hits(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        self.search.as_ref().map(|search| search.hits(text)).unwrap_or_default()
    }

    fn find(&mut self, direction: isize, may_stay: bool) -> bool {
        let Some(search) = self.search.clone() else { return false };
        let count = self.cells.len();
        if count == 0 {
            return false;
        }
        let mut here = self.cursor.or_else(|| self.window.last().copied()).unwrap_or_default();
        here.cell = here.cell.min(count - 1);
        // Once around, and the cell where it began once more from its other end.
        for round in 0..=count {
            let cell = if direction > 0 {
                (here.cell + round) % count
            } else {
                (here.cell + count * 2 - round) % count
            };
            if !self.cells[cell].words().iter().any(|words| search.is_in(words)) {
                continue;
            }
            let rows = self.lay_out(cell);
            let is_first = round == 0;
            let is_ahead = |row: &usize| {
                let beyond = if direction > 0 { *row > here.row } else { *row < here.row };
                !is_first || beyond || may_stay && *row == here.row
            };
            let has_hit = |row: &usize| {
                let laid = self.cells[cell].laid.as_ref();
                laid.is_some_and(|laid| !search.hits(&laid.rows[*row].text()).is_empty())
            };
            let hit = if direction > 0 {
                (0..rows).filter(is_ahead).find(has_hit)
            } else {
                (0..rows).rev().filter(is_ahead).find(has_hit)
            };
            if let Some(row) = hit {
                self.place_cursor(Position { cell, row });
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_ignored_unless_capitals_are_typed() {
        assert_eq!(Search::new("ab").hits("xAByab"), [1..3, 4..6]);
        let hit = |needle: &str, text: &str| Search::new(needle).hits(text).first().cloned();
        assert_eq!(hit("AB", "xAByab"), Some(1..3));
        assert_eq!(hit("ß", "STRASSE straße"), Some(12..14));
        assert_eq!(hit("i\u{307}x", "a\u{130}X"), Some(1..4));
        assert!(Search::new("").hits("abc").is_empty());
    }
}
