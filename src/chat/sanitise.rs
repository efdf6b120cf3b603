//! Text of models, tools and files on its way to a terminal: no escape sequence of theirs passes. Knows
//! what a terminal would obey, and nothing of widths, wrapping or colours.

use std::borrow::Cow;
use std::iter::Peekable;
use std::str::Chars;

/// The text without what a terminal would obey: escape sequences, control characters other than
/// newline and tab, and the marks that turn the direction of writing around. A lone carriage return
/// becomes a newline, so that what was to be written over stays to be seen.
pub fn sanitise(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            ESC => skip_escape(&mut characters),
            CSI => skip_control_sequence(&mut characters),
            DCS | SOS | OSC | PM | APC => skip_string(&mut characters),
            '\r' if characters.peek() == Some(&'\n') => {}
            '\r' => clean.push('\n'),
            plain if is_plain(plain) => clean.push(plain),
            _ => {}
        }
    }
    Cow::Owned(clean)
}

const BEL: char = '\u{7}';
const CAN: char = '\u{18}';
const SUB: char = '\u{1a}';
const ESC: char = '\u{1b}';
// The same that `ESC P`, `ESC X`, `ESC [`, `ESC \`, `ESC ]`, `ESC ^` and `ESC _` begin, as one character each.
const DCS: char = '\u{90}';
const SOS: char = '\u{98}';
const CSI: char = '\u{9b}';
const ST: char = '\u{9c}';
const OSC: char = '\u{9d}';
const PM: char = '\u{9e}';
const APC: char = '\u{9f}';

fn is_plain(character: char) -> bool {
    match character {
        '\n' | '\t' => true,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => false,
        other => !other.is_control(),
    }
}

/// What follows an ESC.
fn skip_escape(characters: &mut Peekable<Chars>) {
    let Some(&next) = characters.peek() else { return };
    match next {
        '[' => {
            characters.next();
            skip_control_sequence(characters);
        }
        ']' | 'P' | 'X' | '^' | '_' => {
            characters.next();
            skip_string(characters);
        }
        // Charsets and the like: some intermediate characters, and a final one.
        ' '..='/' => {
            while characters.next_if(|character| matches!(character, ' '..='/')).is_some() {}
            characters.next_if(|character| matches!(character, '0'..='~'));
        }
        '0'..='~' => {
            characters.next();
        }
        // No sequence: what follows stands for itself.
        _ => {}
    }
}

/// A string to the terminal, such as its title, up to BEL or ST.
fn skip_string(characters: &mut Peekable<Chars>) {
    while let Some(&character) = characters.peek() {
        match character {
            // A string that never ends must not swallow the rest of the text.
            '\n' => return,
            // A sequence within cuts the string off, and is one itself; `ESC \` is its proper end.
            ESC => {
                characters.next();
                return skip_escape(characters);
            }
            BEL | ST | CAN | SUB => {
                characters.next();
                return;
            }
            _ => {
                characters.next();
            }
        }
    }
}

fn skip_control_sequence(characters: &mut Peekable<Chars>) {
    while characters.next_if(|character| matches!(character, ' '..='?')).is_some() {}
    characters.next_if(|character| matches!(character, '@'..='~'));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cases: &[(&str, &str)]) {
        for (text, expected) in cases {
            let clean = sanitise(text);
            assert_eq!(clean, *expected, "{text:?}");
            assert_eq!(sanitise(&clean), clean, "{text:?} is clean after once");
        }
    }

    #[test]
    fn plain_text_of_any_script_stays_and_is_not_copied() {
        for text in ["", "plain\ttext\n", "ünïcödé 漢字 עברית", "👩\u{200d}💻 e\u{301}", "a\u{a0}b\u{2028}c"]
        {
            assert!(matches!(sanitise(text), Cow::Borrowed(same) if same == text), "{text:?}");
        }
    }

    #[test]
    fn control_sequences_go() {
        check(&[
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}[38:2::255:0:0mred", "red"),
            ("\u{1b}[2J\u{1b}[H\u{1b}[3Jgone", "gone"),
            ("\u{1b}[?1049hscreen\u{1b}[?25l", "screen"),
            ("\u{1b}[>4;2mkeys", "keys"),
            ("\u{1b}[6n\u{1b}[c\u{1b}[21tasks", "asks"),
            ("\u{1b}[!p\u{1b}[2 qx", "x"),
            ("\u{9b}31mred", "red"),
            ("\u{9b}2Jx", "x"),
        ]);
    }

    #[test]
    fn strings_to_the_terminal_go_with_all_that_they_say() {
        check(&[
            ("\u{1b}]0;title\u{7}after", "after"),
            ("\u{1b}]2;title\u{1b}\\after", "after"),
            ("\u{1b}]8;;http://evil\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}]52;c;AAAA\u{1b}\\after", "after"),
            ("\u{1b}]9;notify\u{7}after", "after"),
            ("\u{1b}]777;notify;a;b\u{7}after", "after"),
            ("\u{1b}]1337;File=:AAAA\u{7}after", "after"),
            ("\u{1b}Pq#0;2;0;0;0\u{1b}\\sixel", "sixel"),
            ("\u{1b}P$q q\u{1b}\\x", "x"),
            ("\u{1b}_Gf=100;AAAA\u{1b}\\picture", "picture"),
            ("\u{1b}^private\u{1b}\\x", "x"),
            ("\u{1b}Xstring\u{1b}\\x", "x"),
            ("\u{9d}0;title\u{9c}after", "after"),
            ("\u{9d}0;title\u{7}after", "after"),
            ("\u{90}q\u{9c}x\u{98}s\u{9c}y\u{9e}p\u{9c}z\u{9f}a\u{9c}.", "xyz."),
        ]);
    }

    #[test]
    fn short_sequences_go() {
        check(&[
            ("\u{1b}(Bx\u{1b})0y\u{1b}*Az", "xyz"),
            ("\u{1b}$(Dx\u{1b}%Gy", "xy"),
            ("\u{1b}cx\u{1b}7y\u{1b}8z\u{1b}M", "xyz"),
            ("\u{1b}#8x\u{1b}=y\u{1b}>z\u{1b} F", "xyz"),
            ("shift\u{e}in\u{f}out\u{8e}\u{8f}", "shiftinout"),
            ("\u{84}\u{85}\u{88}\u{8d}x", "x"),
        ]);
    }

    #[test]
    fn what_is_cut_off_or_broken_swallows_no_more_than_its_line() {
        check(&[
            ("\u{1b}", ""),
            ("\u{1b}\u{1b}\u{1b}[31mx", "x"),
            ("\u{1b}\nnext", "\nnext"),
            ("\u{1b}ünext", "ünext"),
            ("\u{1b}[", ""),
            ("\u{1b}[31", ""),
            ("\u{1b}[31\nnext", "\nnext"),
            ("\u{1b}[31\u{1b}[0mx", "x"),
            ("\u{1b}[3ü1mx", "ü1mx"),
            ("\u{1b}]never ends\nnext", "\nnext"),
            ("\u{1b}]never ends", ""),
            ("\u{1b}Pnever ends\r\nnext", "\nnext"),
            ("\u{9d}never ends\nnext", "\nnext"),
            ("\u{1b}]0;cut\u{18}x\u{1b}]0;cut\u{1a}y", "xy"),
        ]);
    }

    #[test]
    fn what_stands_within_another_sequence_goes_too() {
        check(&[
            ("\u{1b}]0;a\u{1b}[31mb\u{7}x", "bx"),
            ("\u{1b}]0;a\u{1b}]52;c;AA\u{7}x", "x"),
            ("\u{1b}Ptmux;\u{1b}\u{1b}]52;c;AA\u{7}\u{1b}\\x", "x"),
            ("\u{1b}_a\u{9b}31mb\u{1b}\\x", "x"),
            // What is left when a sequence is taken out is no sequence.
            ("\u{1b}\u{1b}[31m[2Jx", "[2Jx"),
            ("\u{1b}]\u{7}]52;c;AA", "]52;c;AA"),
        ]);
    }

    #[test]
    fn control_characters_go_and_nothing_is_written_over() {
        check(&[
            ("bell\u{7}", "bell"),
            ("abc\u{8}\u{8}\u{8}xyz", "abcxyz"),
            ("a\u{7f}b\u{0}c\u{5}d", "abcd"),
            ("a\u{b}b\u{c}c", "abc"),
            ("over\rwritten\r\n", "over\nwritten\n"),
            ("a\r\r\nb", "a\n\nb"),
        ]);
    }

    #[test]
    fn marks_that_turn_the_direction_of_writing_go() {
        for mark in ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}') {
            assert_eq!(sanitise(&format!("a{mark}b")), "ab");
        }
        check(&[("a\u{200e}b\u{200f}c\u{61c}d", "abcd")]);
    }
}
