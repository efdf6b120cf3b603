//! Output of a command as it is kept for the screen: its last lines, and how many there were.

use std::collections::VecDeque;

use crate::tui::wrap::floor;

/// Lines that are kept.
const LINES: usize = 400;
/// Bytes of one line that are kept.
const LINE: usize = 2_000;

/// The last lines of a text that arrives in pieces. Its memory does not grow with the text.
#[derive(Debug, Default)]
pub struct Tail {
    lines: VecDeque<String>,
    /// The last line is not ended yet.
    is_open: bool,
    dropped: usize,
}

impl Tail {
    pub fn of(text: &str) -> Self {
        let mut tail = Self::default();
        tail.push(text);
        tail
    }

    /// Adds text without escape sequences.
    pub fn push(&mut self, text: &str) {
        let text = self.skip_early(text);
        for part in text.split_inclusive('\n') {
            let (line, is_ended) = part.strip_suffix('\n').map_or((part, false), |line| (line, true));
            if self.is_open
                && let Some(last) = self.lines.back_mut()
            {
                let room = LINE.saturating_sub(last.len());
                last.push_str(&line[..floor(line, room)]);
            } else {
                self.lines.push_back(line[..floor(line, LINE)].to_owned());
            }
            self.is_open = !is_ended;
            if self.lines.len() > LINES {
                self.lines.pop_front();
                self.dropped += 1;
            }
        }
    }

    /// What of a text may be kept. Lines before that are counted and not looked at: a flood brings thousands
    /// between two frames.
    fn skip_early<'a>(&mut self, text: &'a str) -> &'a str {
        let Some(end) = memchr::memrchr_iter(b'\n', text.as_bytes()).nth(LINES) else { return text };
        let (early, kept) = text.split_at(end + 1);
        self.dropped += self.lines.len() - usize::from(self.is_open)
            + memchr::memchr_iter(b'\n', early.as_bytes()).count();
        self.lines.clear();
        self.is_open = false;
        kept
    }

    /// Lines that nobody kept came before what follows.
    pub fn skip(&mut self, lines: usize) {
        self.dropped += lines;
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Lines in all, kept or not.
    pub fn lines(&self) -> usize {
        self.dropped + self.lines.len()
    }

    /// The last `count` of them, and how many came before.
    pub fn last(&self, count: usize) -> (usize, impl Iterator<Item = &str>) {
        let skipped = self.lines.len().saturating_sub(count);
        (self.dropped + skipped, self.lines.iter().skip(skipped).map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(tail: &Tail, count: usize) -> (usize, Vec<&str>) {
        let (before, lines) = tail.last(count);
        (before, lines.collect())
    }

    #[test]
    fn pieces_make_lines() {
        let mut tail = Tail::default();
        for piece in ["on", "e\ntw", "o", "\n", "\nfour"] {
            tail.push(piece);
        }
        assert_eq!(shown(&tail, 9), (0, vec!["one", "two", "", "four"]));
        assert_eq!(shown(&tail, 2), (2, vec!["", "four"]));
    }

    #[test]
    fn a_flood_is_kept_by_its_end() {
        let mut tail = Tail::default();
        for number in 0..100_000 {
            tail.push(&format!("{number}\n"));
        }
        tail.push(&"x".repeat(1_000_000));
        assert_eq!(tail.lines(), 100_001);
        let (before, lines) = shown(&tail, 2);
        assert_eq!((before, lines[0], lines[1].len()), (99_999, "99999", LINE));
    }

    #[test]
    fn a_flood_at_once_is_the_same_as_line_by_line() {
        let flood: String = (0..5_000).map(|number| format!("{number}\n")).collect();
        for begun in ["", "a\nb", "a\nb\n"] {
            let mut tail = Tail::of(begun);
            tail.push(&flood);
            let mut slow = Tail::of(begun);
            flood.split_inclusive('\n').for_each(|line| slow.push(line));
            assert_eq!(shown(&tail, LINES + 1), shown(&slow, LINES + 1), "{begun:?}");
            assert_eq!(tail.lines(), slow.lines());
        }
    }
}
