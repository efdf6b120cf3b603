//! Makes text from outside fit to be edited and shown: one kind of newline, no control characters, none of
//! the characters that stand for chips.

use super::chips::is_chip;

/// Keeps newlines and tabs.
pub(super) fn text(raw: &str) -> String {
    let mut clean = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                clean.push('\n');
            }
            '\u{2028}' | '\u{2029}' => clean.push('\n'),
            '\n' | '\t' => clean.push(c),
            _ if c.is_control() || is_chip(c) => {}
            _ => clean.push(c),
        }
    }
    clean
}

/// A single line: newlines and tabs become spaces.
pub(super) fn line(raw: &str) -> String {
    text(raw).replace(['\n', '\t'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_newlines_and_tabs_are_left() {
        assert_eq!(text("a\r\nb\rc\u{1b}[31m\u{7}\u{9b}\td\u{0}e\u{2028}f\u{100000}"), "a\nb\nc[31m\tde\nf");
        assert_eq!(text("e\u{301}👩‍👧 שלום"), "e\u{301}👩‍👧 שלום");
        assert_eq!(line("a\r\nb\tc"), "a b c");
    }
}
