//! Colours as they are written in theme files.

use ratatui::style::Color;

/// The names of the terminal's own colours.
const NAMED: &[(&str, Color)] = &[
    ("default", Color::Reset),
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("white", Color::Gray),
    ("bright-black", Color::DarkGray),
    ("bright-red", Color::LightRed),
    ("bright-green", Color::LightGreen),
    ("bright-yellow", Color::LightYellow),
    ("bright-blue", Color::LightBlue),
    ("bright-magenta", Color::LightMagenta),
    ("bright-cyan", Color::LightCyan),
    ("bright-white", Color::White),
];

/// `#rrggbb`, `#rgb`, an ANSI name, `default`, or a number from 0 to 255.
pub(super) fn parse(word: &str) -> Option<Color> {
    if let Some(digits) = word.strip_prefix('#') {
        return hex(digits);
    }
    if let Some((_, colour)) = NAMED.iter().find(|(name, _)| *name == word) {
        return Some(*colour);
    }
    let digits = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    if digits { word.parse().ok().map(Color::Indexed) } else { None }
}

pub(super) fn names<'a>() -> impl Iterator<Item = &'a str> {
    NAMED.iter().map(|(name, _)| *name)
}

fn hex(digits: &str) -> Option<Color> {
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let number = u32::from_str_radix(digits, 16).ok()?;
    let [_, r, g, b] = number.to_be_bytes();
    match digits.len() {
        6 => Some(Color::Rgb(r, g, b)),
        // One digit stands for itself twice.
        3 => Some(Color::Rgb((g & 15) * 17, (b >> 4) * 17, (b & 15) * 17)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_in_every_notation() {
        let cases = [
            ("#1a2B3c", Some(Color::Rgb(0x1a, 0x2b, 0x3c))),
            ("#fa0", Some(Color::Rgb(0xff, 0xaa, 0x00))),
            ("#000", Some(Color::Rgb(0, 0, 0))),
            ("red", Some(Color::Red)),
            ("white", Some(Color::Gray)),
            ("bright-white", Some(Color::White)),
            ("default", Some(Color::Reset)),
            ("0", Some(Color::Indexed(0))),
            ("255", Some(Color::Indexed(255))),
            ("256", None),
            ("+7", None),
            ("-1", None),
            ("", None),
            ("#", None),
            ("#12", None),
            ("#1234567", None),
            ("#+12345", None),
            ("#ggg", None),
            ("#äää", None),
            ("Red", None),
            ("mauve", None),
        ];
        for (word, colour) in cases {
            assert_eq!(parse(word), colour, "{word}");
        }
    }
}
