//! A text as a row of stops: every place that a cursor can be at, with what follows it. Grapheme
//! clusters, chips and line ends are one stop each, so moves that count stops never end inside of one.

use unicode_segmentation::UnicodeSegmentation;

use super::buffer::Pos;
use super::chips;

/// What follows a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Space,
    /// A letter, a digit or an underscore.
    Word,
    Mark,
    Chip,
    /// The end of a line.
    Newline,
}

impl Class {
    pub fn of(grapheme: &str) -> Self {
        match grapheme.chars().next() {
            Some(first) if chips::is_chip(first) => Self::Chip,
            Some(first) if first.is_whitespace() => Self::Space,
            Some(first) if first == '_' || first.is_alphanumeric() => Self::Word,
            _ => Self::Mark,
        }
    }

    pub fn is_blank(self) -> bool {
        matches!(self, Self::Space | Self::Newline)
    }
}

/// How words end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// Where letters turn to marks or back.
    Small,
    /// Only at blanks.
    Big,
}

#[derive(Debug, Clone, Copy)]
struct Stop {
    pos: Pos,
    class: Class,
}

#[derive(Debug)]
pub(super) struct Track {
    /// Never empty: the last is the end of the text.
    stops: Vec<Stop>,
}

impl Track {
    pub fn new(lines: &[String]) -> Self {
        let mut stops = Vec::new();
        for (row, line) in lines.iter().enumerate() {
            let mut col = 0;
            for grapheme in line.graphemes(true) {
                stops.push(Stop { pos: Pos { row, col }, class: Class::of(grapheme) });
                col += grapheme.chars().count();
            }
            stops.push(Stop { pos: Pos { row, col }, class: Class::Newline });
        }
        Self { stops }
    }

    /// The stop at a place, or before it if the place is within a cluster.
    pub fn index(&self, pos: Pos) -> usize {
        self.stops.partition_point(|stop| stop.pos <= pos).saturating_sub(1)
    }

    /// The stop at a place, or after it if the place is within a cluster.
    pub fn index_after(&self, pos: Pos) -> usize {
        self.stops.partition_point(|stop| stop.pos < pos).min(self.last())
    }

    pub fn pos(&self, index: usize) -> Pos {
        self.stops[index.min(self.last())].pos
    }

    pub fn class(&self, index: usize) -> Class {
        self.stops[index.min(self.last())].class
    }

    pub fn last(&self) -> usize {
        self.stops.len() - 1
    }

    pub fn next(&self, index: usize) -> usize {
        (index + 1).min(self.last())
    }

    pub fn line_start(&self, index: usize) -> usize {
        (0..index).rev().find(|at| self.class(*at) == Class::Newline).map_or(0, |newline| newline + 1)
    }

    /// The stop at which the line ends.
    pub fn line_end(&self, index: usize) -> usize {
        (index..self.last()).find(|at| self.class(*at) == Class::Newline).unwrap_or(self.last())
    }

    /// The first stop of the line that is not blank.
    pub fn first_text(&self, index: usize) -> usize {
        let start = self.line_start(index);
        (start..self.stops.len()).find(|at| self.class(*at) != Class::Space).unwrap_or(start)
    }

    /// The start of the next word; an empty line counts as one.
    pub fn word_start(&self, from: usize, words: Words) -> usize {
        let mut at = if self.class(from).is_blank() { from } else { self.run_end(from, words) };
        while at < self.last() && self.class(at).is_blank() && !(at > from && self.is_empty_line(at)) {
            at += 1;
        }
        at
    }

    /// The last stop of this word or of the next.
    pub fn word_end(&self, from: usize, words: Words) -> usize {
        let mut at = self.next(from);
        while at < self.last() && self.class(at).is_blank() {
            at += 1;
        }
        self.run_end(at, words).saturating_sub(1).max(at)
    }

    /// The start of this word or of the one before; an empty line counts as one.
    pub fn word_back(&self, from: usize, words: Words) -> usize {
        let mut at = from.saturating_sub(1);
        while at > 0 && self.class(at).is_blank() && !self.is_empty_line(at) {
            at -= 1;
        }
        self.run_start(at, words)
    }

    /// Behind the next word, as readline moves: marks are no words.
    pub fn behind_word(&self, from: usize) -> usize {
        let mut at = from;
        while at < self.last() && !self.is_wordy(at) {
            at += 1;
        }
        self.run_end(at, Words::Small)
    }

    /// The start of the word before, as readline moves.
    pub fn before_word(&self, from: usize) -> usize {
        let mut at = from;
        while at > 0 && !self.is_wordy(at - 1) {
            at -= 1;
        }
        self.run_start(at.saturating_sub(1), Words::Small)
    }

    /// The start of what was written without blanks before here.
    pub fn before_token(&self, from: usize) -> usize {
        let mut at = from;
        while at > 0 && self.class(at - 1).is_blank() {
            at -= 1;
        }
        self.run_start(at.saturating_sub(1), Words::Big)
    }

    /// Where the run of like stops that `index` is in starts.
    pub fn run_start(&self, index: usize, words: Words) -> usize {
        let mut at = index;
        while at > 0 && self.alike(at - 1, index, words) {
            at -= 1;
        }
        at
    }

    /// Behind the run of like stops that `index` is in.
    pub fn run_end(&self, index: usize, words: Words) -> usize {
        let mut at = self.next(index);
        while at < self.last() && self.alike(at, index, words) {
            at += 1;
        }
        at
    }

    fn alike(&self, one: usize, other: usize, words: Words) -> bool {
        let (one, other) = (self.class(one), self.class(other));
        match words {
            _ if one == Class::Newline || other == Class::Newline => false,
            Words::Big => one.is_blank() == other.is_blank(),
            Words::Small => one == other && one != Class::Chip,
        }
    }

    fn is_wordy(&self, index: usize) -> bool {
        matches!(self.class(index), Class::Word | Class::Chip)
    }

    fn is_empty_line(&self, index: usize) -> bool {
        self.class(index) == Class::Newline && (index == 0 || self.class(index - 1) == Class::Newline)
    }
}
