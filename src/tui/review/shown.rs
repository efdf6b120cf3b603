//! What a raw line of a file looks like on the screen. Elsewhere characters that cannot be seen are
//! dropped; a reviewer has to see them, so here they are named. Offsets into a line that other parts of
//! the review speak of are offsets into this text.

use std::borrow::Cow;

use super::model::size_name;
use crate::tui::wrap::clean;

/// Of a longer line, only so much is shown, in bytes.
pub const LONGEST: usize = 16 * 1024;

/// The line with tabs as blanks and with a name for each character that could not be seen.
pub fn shown(raw: &str) -> Cow<'_, str> {
    if raw.len() > LONGEST {
        let cut = (LONGEST - 3..=LONGEST).rev().find(|at| raw.is_char_boundary(*at)).unwrap_or(0);
        let rest = size_name((raw.len() - cut) as u64);
        return Cow::Owned(format!("{}… and {rest} more", visible(&raw[..cut])));
    }
    visible(raw)
}

fn visible(raw: &str) -> Cow<'_, str> {
    match clean(raw) {
        Cow::Borrowed(same) if same.len() == raw.len() => return Cow::Borrowed(raw),
        _ => {}
    }
    if raw.chars().all(|character| character == '\t' || is_seen(character)) {
        return clean(raw);
    }
    let mut named = String::with_capacity(raw.len() + 16);
    for character in raw.chars() {
        match character {
            '\t' => named.push('\t'),
            '\0'..='\u{1f}' => {
                named.push(char::from_u32(0x2400 + u32::from(character)).unwrap_or('\u{fffd}'));
            }
            '\u{7f}' => named.push('␡'),
            hidden if !is_seen(hidden) => named.push_str(&format!("‹U+{:04X}›", u32::from(hidden))),
            seen => named.push(seen),
        }
    }
    Cow::Owned(clean(&named).into_owned())
}

fn is_seen(character: char) -> bool {
    matches!(character, ' '..='~') || {
        let mut bytes = [0; 4];
        let text: &str = character.encode_utf8(&mut bytes);
        matches!(clean(text), Cow::Borrowed(same) if same.len() == text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_line_is_shown_as_it_is() {
        assert!(matches!(shown("let héllo = \"日本 👩‍🚀\";"), Cow::Borrowed(_)));
    }

    #[test]
    fn tabs_become_blanks_up_to_the_next_stop() {
        assert_eq!(shown("\tif a\t{"), "    if a    {");
    }

    #[test]
    fn what_cannot_be_seen_is_named() {
        assert_eq!(shown("a\x1b[31m\rb\x7f"), "a␛[31m␍b␡");
        assert_eq!(shown("if admin\u{202e} {"), "if admin‹U+202E› {");
        assert_eq!(shown("\u{feff}fn\u{200b}"), "‹U+FEFF›fn‹U+200B›");
    }

    #[test]
    fn a_giant_line_is_cut_and_says_so() {
        let line = "é".repeat(LONGEST);
        let text = shown(&line);
        assert!(text.ends_with("… and 16.0 KiB more"), "{}", &text[text.len() - 40..]);
        assert!(text.len() < LONGEST + 40);
    }
}
