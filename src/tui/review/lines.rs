//! A text as its lines, raw. What the lines look like on the screen is `shown`'s business.

use std::ops::Range;

/// The lines of one side of a file.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    text: String,
    spans: Vec<Span>,
}

/// Where a line lies, without what ends it.
#[derive(Debug, Clone)]
struct Span {
    bytes: Range<usize>,
    ending: Ending,
}

/// What ends a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    Lf,
    CrLf,
    /// The text ends, and no newline with it.
    Missing,
}

impl Lines {
    pub fn of(text: String) -> Self {
        let mut spans = Vec::new();
        let mut start = 0;
        while start < text.len() {
            let (end, next, ending) = match text[start..].find('\n') {
                Some(0) => (start, start + 1, Ending::Lf),
                Some(at) if text.as_bytes()[start + at - 1] == b'\r' => {
                    (start + at - 1, start + at + 1, Ending::CrLf)
                }
                Some(at) => (start + at, start + at + 1, Ending::Lf),
                None => (text.len(), text.len(), Ending::Missing),
            };
            spans.push(Span { bytes: start..end, ending });
            start = next;
        }
        Self { text, spans }
    }

    /// All of them, as in the file.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn len(&self) -> usize {
        self.spans.len()
    }

    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// A line without its ending; empty past the end.
    pub fn get(&self, line: usize) -> &str {
        self.spans.get(line).map_or("", |span| &self.text[span.bytes.clone()])
    }

    pub fn ending(&self, line: usize) -> Ending {
        self.spans.get(line).map_or(Ending::Missing, |span| span.ending)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, Ending)> {
        self.spans.iter().map(|span| (&self.text[span.bytes.clone()], span.ending))
    }

    /// How most lines end; `None` when no line is ended.
    pub fn usual_ending(&self) -> Option<Ending> {
        let count = |ending| self.spans.iter().filter(|span| span.ending == ending).count();
        match (count(Ending::Lf), count(Ending::CrLf)) {
            (0, 0) => None,
            (lf, crlf) if lf >= crlf => Some(Ending::Lf),
            _ => Some(Ending::CrLf),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<(String, Ending)> {
        Lines::of(text.to_owned()).iter().map(|(line, ending)| (line.to_owned(), ending)).collect()
    }

    #[test]
    fn each_line_keeps_how_it_ended() {
        let line = |text: &str, ending| (text.to_owned(), ending);
        assert_eq!(split(""), []);
        assert_eq!(split("\n"), [line("", Ending::Lf)]);
        assert_eq!(
            split("a\r\n\r\nb\nc\rd"),
            [
                line("a", Ending::CrLf),
                line("", Ending::CrLf),
                line("b", Ending::Lf),
                line("c\rd", Ending::Missing)
            ]
        );
    }

    #[test]
    fn the_usual_ending_is_that_of_most_lines() {
        let usual = |text: &str| Lines::of(text.to_owned()).usual_ending();
        assert_eq!(usual("a"), None);
        assert_eq!(usual("a\nb\r\nc\n"), Some(Ending::Lf));
        assert_eq!(usual("a\r\nb"), Some(Ending::CrLf));
    }
}
