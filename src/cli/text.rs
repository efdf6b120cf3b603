//! Text of models, tools and files on its way to a terminal: no escape sequence of theirs passes.

use std::borrow::Cow;

/// The text without what a terminal would obey: escape sequences, control characters other than
/// newline and tab, and the marks that turn the direction of writing around.
pub fn sanitise(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => skip_escape(&mut characters),
            '\u{9b}' => skip_control_sequence(&mut characters),
            '\r' if characters.peek() == Some(&'\n') => {}
            '\r' => clean.push('\n'),
            plain if is_plain(plain) => clean.push(plain),
            _ => {}
        }
    }
    Cow::Owned(clean)
}

fn is_plain(character: char) -> bool {
    let turns =
        matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    matches!(character, '\n' | '\t') || !character.is_control() && !turns
}

fn skip_escape(characters: &mut std::iter::Peekable<std::str::Chars>) {
    match characters.next() {
        Some('[') => skip_control_sequence(characters),
        // Strings to the terminal, such as its title, end with BEL or ESC \.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(character) = characters.next() {
                match character {
                    // A string that never ends must not swallow the rest of the text.
                    '\u{7}' | '\u{9c}' | '\n' => break,
                    '\u{1b}' => {
                        characters.next_if_eq(&'\\');
                        break;
                    }
                    _ => {}
                }
            }
        }
        Some(' '..='/') => {
            characters.next();
        }
        _ => {}
    }
}

fn skip_control_sequence(characters: &mut std::iter::Peekable<std::str::Chars>) {
    while let Some(&character) = characters.peek() {
        match character {
            ' '..='?' => {
                characters.next();
            }
            '@'..='~' => {
                characters.next();
                break;
            }
            _ => break,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_passes() {
        let cases = [
            ("plain\ttext\nand ünïcödé 漢字", "plain\ttext\nand ünïcödé 漢字"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}after", "after"),
            ("\u{1b}]52;c;AAAA\u{1b}\\after", "after"),
            ("\u{1b}Pdcs\u{1b}\\x", "x"),
            ("\u{9b}2Jx", "x"),
            ("\u{1b}(Bx", "x"),
            ("bell\u{7}", "bell"),
            ("over\rwritten\r\n", "over\nwritten\n"),
            ("\u{1b}]never ends\nnext", "next"),
            ("a\u{202e}b", "ab"),
            ("\u{1b}", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(sanitise(text), expected, "{text:?}");
        }
    }
}
