//! One key with its modifiers, as files write it and people read it. What terminals report is `event`'s.

use std::fmt;

use crossterm::event::KeyModifiers;

use super::error::maybe;

/// A key that can be bound. Its modifiers are those that make a difference: `G` has none, because shift
/// is in the letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    pub(super) code: Code,
    pub(super) modifiers: KeyModifiers,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Code {
    Char(char),
    Named(Named),
    /// From 1.
    F(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Named {
    Enter,
    Esc,
    Tab,
    Backspace,
    Delete,
    Insert,
    Home,
    End,
    PageUp,
    PageDown,
    Up,
    Down,
    Left,
    Right,
}

/// A key, as files write it and as people read it.
const NAMES: &[(Named, &str, &str)] = &[
    (Named::Enter, "enter", "Enter"),
    (Named::Esc, "esc", "Esc"),
    (Named::Tab, "tab", "Tab"),
    (Named::Backspace, "backspace", "Backspace"),
    (Named::Delete, "delete", "Delete"),
    (Named::Insert, "insert", "Insert"),
    (Named::Home, "home", "Home"),
    (Named::End, "end", "End"),
    (Named::PageUp, "pageup", "PageUp"),
    (Named::PageDown, "pagedown", "PageDown"),
    (Named::Up, "up", "Up"),
    (Named::Down, "down", "Down"),
    (Named::Left, "left", "Left"),
    (Named::Right, "right", "Right"),
];

/// In the order in which they are shown.
const MODIFIERS: &[(KeyModifiers, &str, &str)] = &[
    (KeyModifiers::SUPER, "super-", "Super-"),
    (KeyModifiers::CONTROL, "ctrl-", "Ctrl-"),
    (KeyModifiers::ALT, "alt-", "Alt-"),
    (KeyModifiers::SHIFT, "shift-", "Shift-"),
];

pub(super) const LAST_F: u8 = 24;

const SPACE: &str = "space";
/// Shift and tab, which terminals report as one key.
const BACKTAB: &str = "backtab";

/// Text that names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("unknown key {word:?}{}", maybe(nearest.as_deref()))]
    Unknown { word: String, nearest: Option<String> },
    /// What shift makes of a digit or a sign depends on the keyboard.
    #[error("what {word:?} types differs from keyboard to keyboard")]
    Shifted { word: String },
    #[error("a key is missing")]
    Missing,
}

impl KeyError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "the shipped config/keys.toml lists the names of keys and modifiers",
            Self::Shifted { .. } => "write the character that it types, such as \"!\"",
            Self::Missing => "write a key, or several with spaces between them; the space bar is \"space\"",
        }
    }
}

impl Key {
    pub const ESC: Self = Self { code: Code::Named(Named::Esc), modifiers: KeyModifiers::NONE };

    /// One key as files write it.
    pub fn parse(word: &str) -> Result<Self, KeyError> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = word;
        while let Some((modifier, after)) = modifier_of(rest) {
            modifiers |= modifier;
            rest = after;
        }
        if rest.is_empty() {
            return Err(KeyError::Missing);
        }
        let code = match code_of(rest) {
            Some(code) => code,
            None if rest.eq_ignore_ascii_case(BACKTAB) => {
                modifiers |= KeyModifiers::SHIFT;
                Code::Named(Named::Tab)
            }
            None => return Err(unknown(word, rest)),
        };
        let types = !modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SUPER);
        if let Code::Char(letter) = code
            && types
            && modifiers.contains(KeyModifiers::SHIFT)
            && upper(letter).is_none()
        {
            return Err(KeyError::Shifted { word: word.to_owned() });
        }
        Ok(Self::normal(code, modifiers))
    }

    /// Several, with spaces between them.
    pub fn parse_sequence(text: &str) -> Result<Vec<Self>, KeyError> {
        let keys: Vec<Self> = text.split_whitespace().map(Self::parse).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(KeyError::Missing) } else { Ok(keys) }
    }

    /// As files write it; `parse` gives the same key back.
    pub fn spelling(self) -> String {
        let name = match self.code {
            Code::Char(' ') => SPACE.to_owned(),
            Code::Char(letter) => letter.to_string(),
            Code::Named(named) => names(named).0.to_owned(),
            Code::F(number) => format!("f{number}"),
        };
        let modifiers = MODIFIERS.iter().filter(|(modifier, ..)| self.modifiers.contains(*modifier));
        modifiers.map(|(_, written, _)| *written).chain([name.as_str()]).collect()
    }

    /// The key that terminals without an extended protocol report for this one.
    pub(super) fn as_legacy(self) -> Self {
        let plain = |code| Self { code, modifiers: self.modifiers - KeyModifiers::CONTROL };
        match self.code {
            Code::Char(letter) if self.modifiers.contains(KeyModifiers::CONTROL) => match letter {
                'i' => plain(Code::Named(Named::Tab)),
                'm' => plain(Code::Named(Named::Enter)),
                '[' => plain(Code::Named(Named::Esc)),
                'h' => plain(Code::Named(Named::Backspace)),
                _ => self,
            },
            _ => self,
        }
    }

    /// However the same key is said, the same value.
    pub(super) fn normal(code: Code, modifiers: KeyModifiers) -> Self {
        let known = MODIFIERS.iter().fold(KeyModifiers::NONE, |all, (modifier, ..)| all | *modifier);
        let mut modifiers = modifiers & known;
        let Code::Char(letter) = code else { return Self { code, modifiers } };
        let letter = if modifiers.contains(KeyModifiers::CONTROL) {
            // Most terminals send the same for both cases.
            lower(letter).unwrap_or(letter)
        } else if modifiers.contains(KeyModifiers::SHIFT) {
            let shifted = upper(letter);
            // Without other modifiers the character is what shift made of the key.
            if shifted.is_some() || modifiers == KeyModifiers::SHIFT {
                modifiers -= KeyModifiers::SHIFT;
            }
            shifted.unwrap_or(letter)
        } else {
            letter
        };
        Self { code: Code::Char(letter), modifiers }
    }
}

/// For people: `Ctrl-K`, `Alt-1`, `g`, `G`. A letter with a modifier is shown large, as on the key.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, _, shown) in MODIFIERS {
            if self.modifiers.contains(*modifier) {
                f.write_str(shown)?;
            }
        }
        match self.code {
            Code::Char(' ') => f.write_str("Space"),
            Code::Char(letter) if self.modifiers.is_empty() => write!(f, "{letter}"),
            Code::Char(letter) => match (lower(letter), upper(letter)) {
                // Shift is in the letter, and must be said where every letter is shown large.
                (Some(small), _) if small != letter => write!(f, "Shift-{letter}"),
                (_, large) => write!(f, "{}", large.unwrap_or(letter)),
            },
            Code::Named(named) => f.write_str(names(named).1),
            Code::F(number) => write!(f, "F{number}"),
        }
    }
}

/// Keys one after the other, for people.
pub(super) fn shown(keys: &[Key]) -> String {
    let keys: Vec<String> = keys.iter().map(Key::to_string).collect();
    keys.join(" ")
}

/// Keys one after the other, as files write them.
pub(super) fn spelled(keys: &[Key]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| key.spelling()).collect();
    keys.join(" ")
}

fn names(named: Named) -> (&'static str, &'static str) {
    let entry = NAMES.iter().find(|(other, ..)| *other == named);
    entry.map_or(("", ""), |(_, written, shown)| (*written, *shown))
}

/// A modifier at the beginning, and what follows it; the last character is always the key: `alt--`.
fn modifier_of(word: &str) -> Option<(KeyModifiers, &str)> {
    MODIFIERS.iter().find_map(|(modifier, written, _)| {
        let (start, rest) = word.split_at_checked(written.len())?;
        (start.eq_ignore_ascii_case(written) && !rest.is_empty()).then_some((*modifier, rest))
    })
}

/// The key without its modifiers.
fn code_of(word: &str) -> Option<Code> {
    let mut letters = word.chars();
    if let (Some(letter), None) = (letters.next(), letters.next()) {
        return (!letter.is_control() && !letter.is_whitespace()).then_some(Code::Char(letter));
    }
    let word = word.to_lowercase();
    if word == SPACE {
        return Some(Code::Char(' '));
    }
    let named = NAMES.iter().find(|(_, name, _)| *name == word);
    named.map(|(named, ..)| Code::Named(*named)).or_else(|| function_key(&word).map(Code::F))
}

fn function_key(word: &str) -> Option<u8> {
    let digits = word.strip_prefix('f')?;
    let number = digits.parse().ok()?;
    ((1..=LAST_F).contains(&number) && !digits.starts_with(['0', '+'])).then_some(number)
}

/// The large form of a letter; itself when it is large.
fn upper(letter: char) -> Option<char> {
    let mut letters = letter.to_uppercase();
    let large = letters.next().filter(|_| letters.next().is_none())?;
    (large != letter || lower(letter).is_some_and(|small| small != letter)).then_some(large)
}

fn lower(letter: char) -> Option<char> {
    let mut letters = letter.to_lowercase();
    letters.next().filter(|_| letters.next().is_none())
}

/// `rest` is what follows the modifiers of `word`. Its end may be right and what stands before it a
/// misspelled modifier.
fn unknown(word: &str, rest: &str) -> KeyError {
    let start = &word[..word.len() - rest.len()];
    let keys =
        NAMES.iter().map(|(_, name, _)| (*name).to_owned()).chain([SPACE.to_owned(), BACKTAB.to_owned()]);
    let known_end = rest.split_once('-').filter(|(_, key)| code_of(key).is_some());
    let modified = MODIFIERS.iter().filter_map(|(_, written, _)| Some(format!("{written}{}", known_end?.1)));
    let written = rest.to_lowercase();
    let best = keys
        .chain(modified)
        .map(|known| (strsim::normalized_damerau_levenshtein(&written, &known), known))
        .filter(|(likeness, _)| *likeness >= 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    KeyError::Unknown { word: word.to_owned(), nearest: best.map(|(_, known)| format!("{start}{known}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_spelled_and_shown() {
        let cases = [
            ("ctrl-k", "ctrl-k", "Ctrl-K"),
            ("Ctrl-K", "ctrl-k", "Ctrl-K"),
            ("ctrl-shift-k", "ctrl-shift-k", "Ctrl-Shift-K"),
            ("shift-ctrl-K", "ctrl-shift-k", "Ctrl-Shift-K"),
            ("alt-ctrl-super-x", "super-ctrl-alt-x", "Super-Ctrl-Alt-X"),
            ("alt-1", "alt-1", "Alt-1"),
            ("alt-k", "alt-k", "Alt-K"),
            ("alt-shift-k", "alt-K", "Alt-Shift-K"),
            ("alt-K", "alt-K", "Alt-Shift-K"),
            ("g", "g", "g"),
            ("G", "G", "G"),
            ("shift-g", "G", "G"),
            ("shift-ä", "Ä", "Ä"),
            ("?", "?", "?"),
            (",", ",", ","),
            ("-", "-", "-"),
            ("alt--", "alt--", "Alt--"),
            ("ctrl-alt--", "ctrl-alt--", "Ctrl-Alt--"),
            ("space", "space", "Space"),
            ("ctrl-space", "ctrl-space", "Ctrl-Space"),
            ("backtab", "shift-tab", "Shift-Tab"),
            ("shift-tab", "shift-tab", "Shift-Tab"),
            ("Enter", "enter", "Enter"),
            ("shift-enter", "shift-enter", "Shift-Enter"),
            ("pageup", "pageup", "PageUp"),
            ("f1", "f1", "F1"),
            ("alt-f12", "alt-f12", "Alt-F12"),
            ("f", "f", "f"),
            ("ß", "ß", "ß"),
            ("漢", "漢", "漢"),
        ];
        for (written, spelling, shown) in cases {
            let key = Key::parse(written).unwrap();
            assert_eq!((key.spelling().as_str(), key.to_string().as_str()), (spelling, shown), "{written}");
            assert_eq!(Key::parse(spelling), Ok(key), "{written}");
        }
    }

    #[test]
    fn what_is_no_key_is_explained() {
        let cases = [
            ("entr", "unknown key \"entr\"; did you mean \"enter\"?"),
            ("ctrl-pgup", "unknown key \"ctrl-pgup\"; did you mean \"ctrl-pageup\"?"),
            ("crtl-k", "unknown key \"crtl-k\"; did you mean \"ctrl-k\"?"),
            ("alt-shfit-k", "unknown key \"alt-shfit-k\"; did you mean \"alt-shift-k\"?"),
            ("crtl-pgup", "unknown key \"crtl-pgup\""),
            ("f25", "unknown key \"f25\""),
            ("f0", "unknown key \"f0\""),
            ("f01", "unknown key \"f01\""),
            ("qqqq", "unknown key \"qqqq\""),
            ("shift-1", "what \"shift-1\" types differs from keyboard to keyboard"),
            ("shift-space", "what \"shift-space\" types differs from keyboard to keyboard"),
            ("ctrl-", "unknown key \"ctrl-\""),
            ("", "a key is missing"),
            ("\u{7}", "unknown key \"\\u{7}\""),
            ("e\u{301}", "unknown key \"e\\u{301}\""),
        ];
        for (written, message) in cases {
            let error = Key::parse(written).unwrap_err();
            assert_eq!(error.to_string(), message);
            assert!(!error.hint().is_empty());
        }
        assert_eq!(Key::parse_sequence("  "), Err(KeyError::Missing));
        assert_eq!(
            Key::parse_sequence("ctrl-x  ctrl-c").map(|keys| shown(&keys)),
            Ok("Ctrl-X Ctrl-C".into())
        );
    }
}
