//! The prompts that were sent, newest last, shared by all tabs. It touches no file: see `history_file`.

use std::collections::{HashSet, VecDeque};

use super::clean;
use crate::tui::fuzzy::{Fuzzy, Target};

/// So many prompts are kept.
pub(super) const KEPT: usize = 1_000;

#[derive(Debug, Default)]
pub struct History {
    prompts: VecDeque<String>,
    /// How many were forgotten, so that the number of a prompt stays its own.
    forgotten: usize,
}

/// A prompt that a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered<'a> {
    pub text: &'a str,
    /// The graphemes that matched, by number.
    pub letters: Vec<u32>,
}

impl History {
    pub fn new() -> Self {
        Self::default()
    }

    /// Remembers a prompt that was sent. False for one that is blank or the same as the last.
    pub fn push(&mut self, text: &str) -> bool {
        if text.trim().is_empty() || self.prompts.back().is_some_and(|last| last == text) {
            return false;
        }
        if self.prompts.len() == KEPT {
            self.prompts.pop_front();
            self.forgotten += 1;
        }
        self.prompts.push_back(clean::text(text));
        true
    }

    /// Puts prompts of earlier runs before those of this one.
    pub fn put_before(&mut self, mut earlier: Self) {
        for prompt in self.prompts.drain(..) {
            earlier.push(&prompt);
        }
        *self = earlier;
    }

    /// Newest first, each once.
    pub fn entries(&self) -> impl Iterator<Item = &str> {
        let mut seen = HashSet::new();
        self.prompts.iter().rev().map(String::as_str).filter(move |text| seen.insert(*text))
    }

    /// The prompts with a fuzzy match, newest first, each once.
    pub fn search(&self, query: &str) -> Vec<Remembered<'_>> {
        let mut fuzzy = Fuzzy::new(query, Target::Plain);
        self.entries()
            .filter_map(|text| Some(Remembered { text, letters: fuzzy.hit(text)?.letters }))
            .collect()
    }

    /// The newest prompt before number `before`, and its number.
    pub(super) fn older(&self, before: usize) -> Option<(usize, &str)> {
        let index = before.min(self.forgotten + self.prompts.len()).checked_sub(self.forgotten + 1)?;
        Some((index + self.forgotten, self.prompts.get(index)?))
    }

    /// The oldest prompt after number `after`, and its number.
    pub(super) fn newer(&self, after: usize) -> Option<(usize, &str)> {
        let index = (after + 1).saturating_sub(self.forgotten);
        Some((index + self.forgotten, self.prompts.get(index)?))
    }

    /// Oldest first, repeated ones too.
    pub(super) fn in_order(&self) -> impl Iterator<Item = &str> {
        self.prompts.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_and_repeated_prompts_are_not_remembered() {
        let mut history = History::new();
        let kept = ["one", "one", " \n", "two", "one"].map(|text| history.push(text));
        assert_eq!(kept, [true, false, false, true, true]);
        assert_eq!(history.entries().collect::<Vec<_>>(), ["one", "two"]);
    }

    #[test]
    fn the_newest_thousand_are_kept_and_keep_their_numbers() {
        let mut history = History::new();
        for number in 0..=KEPT {
            history.push(&number.to_string());
        }
        assert_eq!(history.older(usize::MAX), Some((1_000, "1000")));
        assert_eq!(history.older(2), Some((1, "1")));
        assert_eq!(history.older(1), None);
        assert_eq!(history.newer(0), Some((1, "1")));
        assert_eq!(history.newer(1_000), None);
    }

    #[test]
    fn prompts_of_earlier_runs_come_before_those_of_this_one() {
        let (mut earlier, mut history) = (History::new(), History::new());
        earlier.push("one");
        earlier.push("two");
        history.push("two");
        history.push("three");
        history.put_before(earlier);
        assert_eq!(history.in_order().collect::<Vec<_>>(), ["one", "two", "three"]);
    }

    #[test]
    fn search_is_fuzzy_and_gives_the_newest_first_each_once() {
        let mut history = History::new();
        for text in ["fix the parser", "add tests", "fix the parser", "find the pattern", "fix the parser"] {
            history.push(text);
        }
        let found: Vec<&str> = history.search("ftp").iter().map(|found| found.text).collect();
        assert_eq!(found, ["fix the parser", "find the pattern"]);
        assert_eq!(history.search("tests")[0].letters, [4, 5, 6, 7, 8]);
        assert_eq!(history.search("").len(), 3);
    }
}
