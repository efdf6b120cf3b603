//! Keys as terminals report them: differently, depending on their protocol. Here they become one value.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::key::{Code, Key, LAST_F, Named};

/// Named keys on both sides. Shift-tab is none of them: it is reported as one key.
const NAMED: &[(KeyCode, Named)] = &[
    (KeyCode::Enter, Named::Enter),
    (KeyCode::Esc, Named::Esc),
    (KeyCode::Tab, Named::Tab),
    (KeyCode::Backspace, Named::Backspace),
    (KeyCode::Delete, Named::Delete),
    (KeyCode::Insert, Named::Insert),
    (KeyCode::Home, Named::Home),
    (KeyCode::End, Named::End),
    (KeyCode::PageUp, Named::PageUp),
    (KeyCode::PageDown, Named::PageDown),
    (KeyCode::Up, Named::Up),
    (KeyCode::Down, Named::Down),
    (KeyCode::Left, Named::Left),
    (KeyCode::Right, Named::Right),
];

impl Key {
    /// What was pressed; `None` for a key that was let go and for keys that cannot be bound.
    pub fn of_event(event: &KeyEvent) -> Option<Self> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        let mut modifiers = event.modifiers;
        let code = match event.code {
            KeyCode::Char(letter) if letter.is_control() => return None,
            KeyCode::Char(letter) => Code::Char(letter),
            KeyCode::Null => {
                modifiers |= KeyModifiers::CONTROL;
                Code::Char(' ')
            }
            KeyCode::BackTab => {
                modifiers |= KeyModifiers::SHIFT;
                Code::Named(Named::Tab)
            }
            KeyCode::F(number @ 1..=LAST_F) => Code::F(number),
            other => Code::Named(NAMED.iter().find(|(code, _)| *code == other)?.1),
        };
        Some(Self::normal(code, modifiers))
    }

    /// As a terminal reports it, for widgets that take keys which mean no command.
    pub fn to_event(self) -> KeyEvent {
        let code = match self.code {
            Code::Char(letter) => KeyCode::Char(letter),
            Code::F(number) => KeyCode::F(number),
            Code::Named(Named::Tab) if self.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
            Code::Named(key) => {
                NAMED.iter().find(|(_, named)| *named == key).map_or(KeyCode::Null, |(code, _)| *code)
            }
        };
        KeyEvent::new(code, self.modifiers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(code: KeyCode, modifiers: KeyModifiers) -> Option<String> {
        Key::of_event(&KeyEvent::new(code, modifiers)).map(Key::spelling)
    }

    #[test]
    fn terminals_report_a_key_in_many_ways_and_it_is_one() {
        use KeyCode::{BackTab, Char, F, Null};
        let (none, shift, ctrl, alt) =
            (KeyModifiers::NONE, KeyModifiers::SHIFT, KeyModifiers::CONTROL, KeyModifiers::ALT);
        let cases = [
            (Char('g'), none, Some("g")),
            (Char('G'), shift, Some("G")),
            (Char('G'), none, Some("G")),
            (Char('g'), shift, Some("G")),
            (Char('?'), shift, Some("?")),
            (Char('?'), none, Some("?")),
            (Char('k'), ctrl, Some("ctrl-k")),
            (Char('K'), ctrl, Some("ctrl-k")),
            (Char('K'), ctrl | shift, Some("ctrl-shift-k")),
            (Char('k'), alt | shift, Some("alt-K")),
            (Char('K'), alt, Some("alt-K")),
            (Char(' '), shift, Some("space")),
            (Char(' '), ctrl, Some("ctrl-space")),
            (Null, none, Some("ctrl-space")),
            (BackTab, none, Some("shift-tab")),
            (BackTab, shift, Some("shift-tab")),
            (KeyCode::Tab, shift, Some("shift-tab")),
            (KeyCode::Up, shift | KeyModifiers::HYPER, Some("shift-up")),
            (F(5), ctrl, Some("ctrl-f5")),
            (F(30), none, None),
            (Char('\u{1b}'), none, None),
            (KeyCode::CapsLock, none, None),
            (KeyCode::KeypadBegin, none, None),
        ];
        for (code, modifiers, spelling) in cases {
            assert_eq!(event(code, modifiers).as_deref(), spelling, "{code:?} {modifiers:?}");
        }
    }

    #[test]
    fn a_key_that_is_let_go_is_no_key_and_one_that_repeats_is() {
        let of = |kind| Key::of_event(&KeyEvent::new_with_kind(KeyCode::Enter, KeyModifiers::NONE, kind));
        assert_eq!(of(KeyEventKind::Release), None);
        assert_eq!(of(KeyEventKind::Repeat), of(KeyEventKind::Press));
    }

    #[test]
    fn a_key_becomes_an_event_and_the_same_key_again() {
        let words = ["g", "G", "?", "space", "ctrl-k", "alt-K", "shift-tab", "tab", "f12", "shift-up", "漢"];
        let names = NAMED.iter().filter_map(|(code, _)| Key::of_event(&KeyEvent::from(*code)));
        for key in words.into_iter().map(|word| Key::parse(word).unwrap()).chain(names) {
            assert_eq!(Key::of_event(&key.to_event()), Some(key));
        }
        assert_eq!(Key::parse("backtab").unwrap().to_event().code, KeyCode::BackTab);
    }
}
