//! A text as lines, and where other lines occur in it at a given strictness. Everything here takes
//! time in proportion to the text: each line becomes a number, and numbers are searched with
//! Knuth, Morris and Pratt's algorithm.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::ops::Range;

use super::fold::fold_punctuation;

/// One line of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Where it begins, in bytes.
    pub start: usize,
    /// Without its end.
    pub text: &'a str,
    /// `\n`, `\r\n`, or nothing at the end of a text.
    pub end: &'a str,
}

/// How alike two lines have to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    Same,
    /// But for blanks at the end.
    TrimEnd,
    /// But for blanks at both ends.
    Trim,
    /// But for blanks at both ends, and for the look of quotes, dashes and blanks.
    Punctuation,
}

/// A text split into lines, and what was worked out about them.
#[derive(Debug)]
pub struct Lines<'a> {
    pub text: &'a str,
    pub all: Vec<Line<'a>>,
    ids: [OnceCell<Ids<'a>>; 4],
}

#[derive(Debug)]
struct Ids<'a> {
    of_line: HashMap<Cow<'a, str>, u32>,
    lines: Vec<u32>,
}

impl<'a> Lines<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, all: split(text), ids: Default::default() }
    }

    /// Every place where `needle` occurs from line `from` on, overlapping ones too.
    pub fn find(&self, needle: &[&str], likeness: Likeness, from: usize) -> Vec<usize> {
        let ids = self.ids(likeness);
        let wanted: Option<Vec<u32>> =
            needle.iter().map(|line| ids.of_line.get(&*likeness.key(line)).copied()).collect();
        match wanted {
            Some(wanted) if !wanted.is_empty() && from < ids.lines.len() => {
                occurrences(&ids.lines[from..], &wanted).into_iter().map(|at| at + from).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The bytes that these lines take, their ends included.
    pub fn range(&self, lines: Range<usize>) -> Range<usize> {
        let at = |line: usize| self.all.get(line).map_or(self.text.len(), |line| line.start);
        at(lines.start)..at(lines.end)
    }

    /// The line that the byte at `at` stands in, from 0.
    pub fn line_at(&self, at: usize) -> usize {
        self.all.partition_point(|line| line.start <= at).saturating_sub(1)
    }

    /// How lines end around line `line`.
    pub fn ending_near(&self, line: usize) -> &'static str {
        let after = self.all.iter().skip(line).find(|line| !line.end.is_empty());
        let before = || self.all.iter().take(line).rev().find(|line| !line.end.is_empty());
        match after.or_else(before) {
            Some(line) if line.end == "\r\n" => "\r\n",
            _ => "\n",
        }
    }

    fn ids(&self, likeness: Likeness) -> &Ids<'a> {
        self.ids[likeness as usize].get_or_init(|| {
            let mut of_line = HashMap::new();
            let lines = self
                .all
                .iter()
                .map(|line| {
                    // A text has fewer lines than bytes, and those fit.
                    let next = u32::try_from(of_line.len()).unwrap_or(u32::MAX);
                    *of_line.entry(likeness.key(line.text)).or_insert(next)
                })
                .collect();
            Ids { of_line, lines }
        })
    }
}

impl Likeness {
    /// What two lines that are alike have in common.
    pub fn key(self, line: &str) -> Cow<'_, str> {
        match self {
            Self::Same => Cow::Borrowed(line),
            Self::TrimEnd => Cow::Borrowed(line.trim_end()),
            Self::Trim => Cow::Borrowed(line.trim()),
            Self::Punctuation => match fold_punctuation(line) {
                Cow::Borrowed(line) => Cow::Borrowed(line.trim()),
                Cow::Owned(line) => Cow::Owned(line.trim().to_owned()),
            },
        }
    }
}

/// The lines of a text. One that ends with a line end has no empty line after it.
pub fn split(text: &str) -> Vec<Line<'_>> {
    let mut start = 0;
    text.split_inclusive('\n')
        .map(|whole| {
            let text = whole.strip_suffix('\n').map_or(whole, |line| line.strip_suffix('\r').unwrap_or(line));
            let line = Line { start, text, end: &whole[text.len()..] };
            start += whole.len();
            line
        })
        .collect()
}

/// The blanks that a line begins with.
pub fn indent(line: &str) -> &str {
    &line[..line.len() - line.trim_start().len()]
}

/// Where `needle` occurs in `haystack`.
fn occurrences(haystack: &[u32], needle: &[u32]) -> Vec<usize> {
    // For each prefix of the needle, the longest of its proper prefixes that it also ends with.
    let mut borders = vec![0; needle.len()];
    let mut border = 0;
    for at in 1..needle.len() {
        while border > 0 && needle[at] != needle[border] {
            border = borders[border - 1];
        }
        border += usize::from(needle[at] == needle[border]);
        borders[at] = border;
    }
    let mut found = Vec::new();
    let mut matched = 0;
    for (at, id) in haystack.iter().enumerate() {
        while matched > 0 && *id != needle[matched] {
            matched = borders[matched - 1];
        }
        matched += usize::from(*id == needle[matched]);
        if matched == needle.len() {
            found.push(at + 1 - matched);
            matched = borders[matched - 1];
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_split_into_lines_and_their_ends() {
        let line = |start, text, end| Line { start, text, end };
        assert_eq!(split("a\r\n\nb"), [line(0, "a", "\r\n"), line(3, "", "\n"), line(4, "b", "")]);
        assert_eq!(split(""), []);
    }

    #[test]
    fn lines_are_found_at_each_likeness() {
        let lines = Lines::new("  a\nb \n“c”\na\nb\nc");
        assert_eq!(lines.find(&["a", "b"], Likeness::Same, 0), [3]);
        assert_eq!(lines.find(&["a", "b"], Likeness::Trim, 0), [0, 3]);
        assert_eq!(lines.find(&["a", "b"], Likeness::Trim, 1), [3]);
        assert_eq!(lines.find(&["b", "“c”"], Likeness::TrimEnd, 0), [1]);
        assert_eq!(lines.find(&["\"c\""], Likeness::Punctuation, 0), [2]);
        assert!(lines.find(&["x"], Likeness::Trim, 0).is_empty());
        assert!(lines.find(&[], Likeness::Trim, 0).is_empty());
    }

    #[test]
    fn overlapping_places_are_all_found() {
        assert_eq!(occurrences(&[1, 1, 1, 2, 1, 1], &[1, 1]), [0, 1, 4]);
        assert_eq!(occurrences(&[1, 2, 1, 2, 1, 3], &[1, 2, 1, 3]), [2]);
    }
}
