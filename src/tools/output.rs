//! Caps on what a tool hands to a model: the head and the tail of a stream, in bounded memory. Knows
//! bytes and lines, not where they come from.

use std::collections::VecDeque;
use std::fmt::Write as _;

/// How much of a stream is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cap {
    /// Bytes kept from the start.
    pub head_bytes: usize,
    /// Lines kept from the start.
    pub head_lines: usize,
    /// Bytes kept from the end.
    pub tail_bytes: usize,
    /// Lines kept from the end.
    pub tail_lines: usize,
}

impl Cap {
    /// About this many bytes in all, a third of them from the start.
    pub fn of_bytes(bytes: usize) -> Self {
        let lines = |bytes: usize| (bytes / 60).max(10);
        let (head, tail) = (bytes / 3, bytes - bytes / 3);
        Self { head_bytes: head, head_lines: lines(head), tail_bytes: tail, tail_lines: lines(tail) }
    }

    /// What a command's output may take: the end says most, so it gets the larger share.
    pub const COMMAND: Self =
        Self { head_bytes: 8_000, head_lines: 150, tail_bytes: 16_000, tail_lines: 250 };
}

/// The head and the tail of a stream of any length. Memory is bounded by the cap.
#[derive(Debug, Clone)]
pub struct HeadTail {
    cap: Cap,
    head: Vec<u8>,
    head_newlines: usize,
    head_full: bool,
    tail: VecDeque<u8>,
    total_bytes: u64,
    total_newlines: u64,
    last_byte: Option<u8>,
}

/// What was kept of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Everything, or head and tail with a line between them that says what is missing. Bytes that
    /// are no UTF-8 became replacement characters.
    pub text: String,
    pub total_bytes: u64,
    /// A last line without a newline counts.
    pub total_lines: u64,
    /// `None`: nothing was dropped.
    pub dropped: Option<Dropped>,
}

/// What is missing between head and tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dropped {
    pub bytes: u64,
    /// Whole lines, as counted by their newlines.
    pub lines: u64,
}

impl HeadTail {
    pub fn new(cap: Cap) -> Self {
        Self {
            cap,
            head: Vec::new(),
            head_newlines: 0,
            head_full: cap.head_bytes == 0 || cap.head_lines == 0,
            tail: VecDeque::new(),
            total_bytes: 0,
            total_newlines: 0,
            last_byte: None,
        }
    }

    /// Takes the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.total_bytes += bytes.len() as u64;
        self.total_newlines += newlines(bytes) as u64;
        self.last_byte = bytes.last().copied().or(self.last_byte);
        let rest = self.fill_head(bytes);
        self.fill_tail(rest);
    }

    /// What was kept so far.
    pub fn finish(self) -> Kept {
        let total_lines = self.total_newlines + u64::from(self.last_byte.is_some_and(|last| last != b'\n'));
        let tail: Vec<u8> = self.tail.into();
        let kept_all = (self.head.len() + tail.len()) as u64 == self.total_bytes;
        if kept_all && newlines(&tail) <= self.cap.tail_lines {
            let mut all = self.head;
            all.extend_from_slice(&tail);
            let text = String::from_utf8_lossy(&all).into_owned();
            return Kept { text, total_bytes: self.total_bytes, total_lines, dropped: None };
        }
        let head = whole_lines_head(&self.head);
        let tail = whole_lines_tail(last_lines(&tail, self.cap.tail_lines));
        let dropped = Dropped {
            bytes: self.total_bytes - (head.len() + tail.len()) as u64,
            lines: self.total_newlines - (newlines(head) + newlines(tail)) as u64,
        };
        let mut text = String::from_utf8_lossy(head).into_owned();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        let _ = writeln!(text, "[… {} lines, {} bytes left out …]", dropped.lines, dropped.bytes);
        text.push_str(&String::from_utf8_lossy(tail));
        Kept { text, total_bytes: self.total_bytes, total_lines, dropped: Some(dropped) }
    }

    /// Fills the head and returns what did not fit.
    fn fill_head<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if self.head_full {
            return bytes;
        }
        let room = self.cap.head_bytes - self.head.len();
        let mut take = bytes.len().min(room);
        let wanted = self.cap.head_lines - self.head_newlines;
        if let Some((at, _)) =
            bytes[..take].iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(wanted - 1)
        {
            take = at + 1;
        }
        let (taken, rest) = bytes.split_at(take);
        self.head.extend_from_slice(taken);
        self.head_newlines += newlines(taken);
        self.head_full = self.head.len() == self.cap.head_bytes || self.head_newlines == self.cap.head_lines;
        rest
    }

    fn fill_tail(&mut self, bytes: &[u8]) {
        let room = self.cap.tail_bytes;
        let bytes = &bytes[bytes.len().saturating_sub(room)..];
        let excess = (self.tail.len() + bytes.len()).saturating_sub(room);
        self.tail.drain(..excess);
        self.tail.extend(bytes);
    }
}

/// Shortens a text to head and tail under `cap`.
pub fn cap_text(text: &str, cap: Cap) -> Kept {
    let mut kept = HeadTail::new(cap);
    kept.push(text.as_bytes());
    kept.finish()
}

/// Shortens a line to at most `max` characters and says that it did.
pub fn cap_line(line: &str, max: usize) -> String {
    match line.char_indices().nth(max) {
        None => line.to_owned(),
        Some((at, _)) => {
            let left = line[at..].chars().count();
            format!("{}[… {left} characters more]", &line[..at])
        }
    }
}

fn newlines(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

/// The head up to its last whole line, if a line ends in its second half; else up to its last whole
/// character.
fn whole_lines_head(head: &[u8]) -> &[u8] {
    if let Some(at) = head.iter().rposition(|byte| *byte == b'\n')
        && at + 1 >= head.len() / 2
    {
        return &head[..=at];
    }
    let incomplete = head
        .iter()
        .rev()
        .take(4)
        .position(|byte| !is_continuation(*byte))
        .filter(|back| utf8_width(head[head.len() - 1 - back]) > back + 1);
    &head[..head.len() - incomplete.map_or(0, |back| back + 1)]
}

/// The tail from its first whole line, if a line starts in its first half; else from its first whole
/// character.
fn whole_lines_tail(tail: &[u8]) -> &[u8] {
    if let Some(at) = tail.iter().position(|byte| *byte == b'\n')
        && at < tail.len() / 2
    {
        return &tail[at + 1..];
    }
    let skip = tail.iter().take(3).take_while(|byte| is_continuation(**byte)).count();
    &tail[skip..]
}

/// The last `count` lines, and the newline before them: it shows that a line starts there.
fn last_lines(bytes: &[u8], count: usize) -> &[u8] {
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    match body.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n').nth(count.saturating_sub(1)) {
        Some((at, _)) => &bytes[at..],
        None => bytes,
    }
}

fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

fn utf8_width(first: u8) -> usize {
    match first {
        0xF0.. => 4,
        0xE0.. => 3,
        0xC0.. => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Cap = Cap { head_bytes: 20, head_lines: 2, tail_bytes: 20, tail_lines: 2 };

    fn kept(chunks: &[&[u8]], cap: Cap) -> Kept {
        let mut stream = HeadTail::new(cap);
        for chunk in chunks {
            stream.push(chunk);
        }
        stream.finish()
    }

    #[test]
    fn short_output_is_kept_whole() {
        let all = kept(&[b"one\n", b"two"], SMALL);
        assert_eq!(all.text, "one\ntwo");
        assert_eq!((all.total_bytes, all.total_lines, all.dropped), (7, 2, None));
    }

    #[test]
    fn nothing_is_nothing() {
        let none = kept(&[], SMALL);
        assert_eq!((none.text.as_str(), none.total_lines, none.dropped), ("", 0, None));
    }

    #[test]
    fn long_output_keeps_whole_lines_at_both_ends() {
        let text: String = (1..=100).fold(String::new(), |text, n| format!("{text}line {n}\n"));
        let all = kept(&[text.as_bytes()], SMALL);
        let total = text.len() as u64;
        let left = total - "line 1\nline 2\nline 99\nline 100\n".len() as u64;
        assert_eq!(
            all.text,
            format!("line 1\nline 2\n[… 96 lines, {left} bytes left out …]\nline 99\nline 100\n")
        );
        assert_eq!(all.dropped, Some(Dropped { bytes: left, lines: 96 }));
        assert_eq!(all.total_lines, 100);
    }

    #[test]
    fn one_endless_line_is_cut_between_characters() {
        let all = kept(&["ä".repeat(1000).as_bytes()], Cap { head_bytes: 7, tail_bytes: 7, ..SMALL });
        assert_eq!(all.text, "äää\n[… 0 lines, 1988 bytes left out …]\näää");
    }

    #[test]
    fn the_cut_of_chunks_does_not_matter() {
        let text: String = (1..=60).fold(String::new(), |text, n| format!("{text}zeile {n} ü\n"));
        let whole = kept(&[text.as_bytes()], SMALL);
        for size in [1, 2, 3, 7, 50] {
            let chunks: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            assert_eq!(kept(&chunks, SMALL), whole, "chunks of {size}");
        }
    }

    #[test]
    fn a_gigabyte_stays_small() {
        let mut stream = HeadTail::new(Cap::COMMAND);
        let chunk = vec![b'x'; 1 << 20];
        for _ in 0..64 {
            stream.push(&chunk);
        }
        assert!(stream.head.capacity() + stream.tail.capacity() < 100_000);
        assert_eq!(stream.finish().total_bytes, 64 << 20);
    }

    #[test]
    fn invalid_bytes_are_replaced() {
        assert_eq!(kept(&[b"a\xffb"], SMALL).text, "a\u{fffd}b");
    }

    #[test]
    fn a_long_line_is_shortened() {
        assert_eq!(cap_line("grün und blau", 4), "grün[… 9 characters more]");
        assert_eq!(cap_line("grün", 4), "grün");
    }
}
