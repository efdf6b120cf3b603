//! What a process prints, line by line, in bounded memory. Knows nothing of what the lines mean.

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// A longer line is not kept.
const LONGEST: usize = 1 << 20;
const PIECE: usize = 16 * 1024;
/// How much of the end of a stream a [`Tail`] keeps.
const TAIL: usize = 16 * 1024;

/// A line, without its end. What was no UTF-8 is replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    Whole(String),
    /// The last one, without a newline: cut off, or never meant to have one.
    Unfinished(String),
    TooLong,
}

/// Reads lines.
#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: R,
    piece: Vec<u8>,
    /// What is read and not yet handed out.
    pending: Vec<u8>,
    /// So far there is no newline in it.
    searched: usize,
    /// The line that began is too long: all that comes before the next newline is dropped.
    skipping: bool,
    ended: bool,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub fn new(reader: R) -> Self {
        let piece = vec![0; PIECE];
        Self { reader, piece, pending: Vec::new(), searched: 0, skipping: false, ended: false }
    }

    /// The next line; `None` at the end. Nothing is lost when this future is dropped.
    pub async fn next(&mut self) -> Option<Line> {
        loop {
            if let Some(line) = self.take() {
                return Some(line);
            }
            if self.ended {
                return self.rest();
            }
            // A pipe of our own has no errors but its end.
            let count = self.reader.read(&mut self.piece).await.unwrap_or(0);
            self.ended = count == 0;
            self.pending.extend_from_slice(&self.piece[..count]);
        }
    }

    /// A line that has been read up to its end.
    fn take(&mut self) -> Option<Line> {
        let Some(at) = memchr::memchr(b'\n', &self.pending[self.searched..]) else {
            if self.pending.len() > LONGEST {
                self.skipping = true;
            }
            if self.skipping {
                self.pending.clear();
            }
            self.searched = self.pending.len();
            return None;
        };
        let end = self.searched + at;
        let line = if std::mem::take(&mut self.skipping) || end > LONGEST {
            Line::TooLong
        } else {
            Line::Whole(text(&self.pending[..end]))
        };
        self.pending.drain(..=end);
        self.searched = 0;
        Some(line)
    }

    fn rest(&mut self) -> Option<Line> {
        if std::mem::take(&mut self.skipping) {
            self.pending.clear();
            return Some(Line::TooLong);
        }
        let rest = std::mem::take(&mut self.pending);
        self.searched = 0;
        (!rest.is_empty()).then(|| Line::Unfinished(text(&rest)))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.strip_suffix(b"\r").unwrap_or(bytes)).into_owned()
}

/// The last part of a stream.
#[derive(Debug, Default)]
pub(super) struct Tail {
    kept: String,
}

impl Tail {
    pub fn push(&mut self, line: &str) {
        self.kept.push_str(line);
        self.kept.push('\n');
        if self.kept.len() > 2 * TAIL {
            self.shorten();
        }
    }

    /// Some kilobytes at most.
    pub fn text(&mut self) -> &str {
        self.shorten();
        &self.kept
    }

    fn shorten(&mut self) {
        let mut cut = self.kept.len().saturating_sub(TAIL);
        while !self.kept.is_char_boundary(cut) {
            cut += 1;
        }
        self.kept.drain(..cut);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(bytes: &[u8]) -> Vec<Line> {
        let mut lines = Lines::new(bytes);
        let mut all = Vec::new();
        while let Some(line) = lines.next().await {
            all.push(line);
        }
        all
    }

    fn whole(text: &str) -> Line {
        Line::Whole(text.to_owned())
    }

    #[tokio::test]
    async fn lines_come_without_their_ends() {
        assert_eq!(all(b"a\r\n\nb\n").await, [whole("a"), whole(""), whole("b")]);
        assert_eq!(all(b"").await, []);
    }

    #[tokio::test]
    async fn a_last_line_without_an_end_is_told_apart() {
        assert_eq!(all(b"a\nhalf").await, [whole("a"), Line::Unfinished("half".to_owned())]);
    }

    #[tokio::test]
    async fn what_is_no_utf8_is_replaced() {
        assert_eq!(all(b"a\xffb\n").await, [whole("a\u{fffd}b")]);
    }

    #[tokio::test]
    async fn a_line_of_many_megabytes_is_dropped_and_the_next_one_is_read() {
        let mut bytes = vec![b'x'; 5 << 20];
        bytes.extend_from_slice(b"\nnext\n");
        let mut lines = Lines::new(bytes.as_slice());
        assert_eq!(lines.next().await, Some(Line::TooLong));
        assert!(lines.pending.capacity() < 4 << 20, "{}", lines.pending.capacity());
        assert_eq!(lines.next().await, Some(whole("next")));
        assert_eq!(all(&vec![b'x'; 2 << 20]).await, [Line::TooLong]);
    }

    #[test]
    fn a_tail_keeps_the_end_and_cuts_no_character() {
        let mut tail = Tail::default();
        for number in 0..100_000 {
            tail.push(&format!("ä{number}"));
        }
        assert!(tail.kept.len() <= 2 * TAIL + 16);
        assert!(tail.text().ends_with("ä99998\nä99999\n"));
        assert!(tail.text().len() <= TAIL);
    }
}
