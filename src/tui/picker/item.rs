//! What a list is made of.

use unicode_segmentation::UnicodeSegmentation;

use crate::tui::look::{Piece, Role};

/// No screen shows more of a label, in characters.
const LONGEST_LABEL: usize = 500;

/// A row that can be chosen. It is matched by its label, and known by it when the list changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item<T> {
    label: String,
    /// How the label looks; as plain text when empty.
    pieces: Vec<Piece>,
    detail: String,
    hint: String,
    group: Option<String>,
    value: T,
}

impl<T> Item<T> {
    pub fn new(label: &str, value: T) -> Self {
        let label = label.to_owned();
        Self { label, pieces: Vec::new(), detail: String::new(), hint: String::new(), group: None, value }
    }

    /// Shown in place of its label, which is still what typing is matched against.
    #[must_use]
    pub fn shown_as(self, pieces: Vec<Piece>) -> Self {
        Self { pieces, ..self }
    }

    /// Behind the label, less important.
    #[must_use]
    pub fn detail(self, detail: &str) -> Self {
        Self { detail: flat(detail), ..self }
    }

    /// At the right edge: a shortcut, an age, a price.
    #[must_use]
    pub fn hint(self, hint: &str) -> Self {
        Self { hint: flat(hint), ..self }
    }

    /// Rows of one group stand together under its name as long as nothing is typed.
    #[must_use]
    pub fn group(self, group: &str) -> Self {
        Self { group: Some(flat(group)), ..self }
    }

    pub fn label(&self) -> &str {
        &self.label
    }

    pub fn value(&self) -> &T {
        &self.value
    }

    pub fn detail_text(&self) -> &str {
        &self.detail
    }

    pub fn hint_text(&self) -> &str {
        &self.hint
    }

    pub(super) fn group_name(&self) -> Option<&str> {
        self.group.as_deref()
    }

    /// The label as it is shown, without control characters.
    pub(super) fn pieces(&self) -> Vec<Piece> {
        if self.pieces.is_empty() {
            let start: String = self.label.chars().take(LONGEST_LABEL).collect();
            return vec![Piece::new(flat(&start), Role::Text)];
        }
        self.pieces.iter().map(|piece| Piece { text: flat(&piece.text), ..piece.clone() }).collect()
    }

    /// Which graphemes of a text on the row the matched letters of the key are. Text that has nothing to do
    /// with the key has none.
    pub(super) fn letters_in(&self, text: &str, letters: &[u32]) -> Vec<usize> {
        if text.is_empty() {
            return Vec::new();
        }
        let label = flat(&self.label);
        let count = |part: &str| part.graphemes(true).count();
        let letters = letters.iter().filter_map(|letter| usize::try_from(*letter).ok());
        if let Some(at) = text.find(&label) {
            let before = count(&text[..at]);
            letters.map(|letter| letter + before).collect()
        } else if let Some(at) = label.find(text) {
            let (before, length) = (count(&label[..at]), count(text));
            letters
                .filter_map(|letter| letter.checked_sub(before))
                .filter(|letter| *letter < length)
                .collect()
        } else {
            Vec::new()
        }
    }
}

/// A text on one row, grapheme for grapheme: blanks for what would break the row.
pub(super) fn flat(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_found_where_the_label_is_shown() {
        let item = Item::new("model choose a model", ());
        assert_eq!(item.letters_in("/é model", &[0, 1]), Vec::<usize>::new());
        assert_eq!(item.letters_in("model", &[0, 4, 8]), [0, 4]);
        assert_eq!(item.letters_in("choose a model", &[0, 6, 8]), [0, 2]);
        assert_eq!(Item::new("model", ()).letters_in("/é model", &[0, 4]), [3, 7]);
    }

    #[test]
    fn what_is_shown_holds_no_control_characters() {
        let item = Item::new("a\n\u{1b}b", ()).hint("x\u{7}");
        assert_eq!((item.pieces()[0].text.as_str(), item.hint_text()), ("a  b", "x "));
    }
}
