//! Keys as tests write them, and the text with its cursor as tests read it.

use std::path::{Path, PathBuf};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{Around, Composer, Handled, History};

/// Turns `hello<left><c-w><s-right><a-b><lt>` into keys.
pub fn keys(script: &str) -> Vec<KeyEvent> {
    let mut keys = Vec::new();
    let mut rest = script;
    while let Some(c) = rest.chars().next() {
        let named = if c == '<' { rest[1..].split_once('>') } else { None };
        if let Some((name, after)) = named {
            keys.push(named_key(name));
            rest = after;
        } else {
            keys.push(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
            rest = &rest[c.len_utf8()..];
        }
    }
    keys
}

fn named_key(name: &str) -> KeyEvent {
    let mut modifiers = KeyModifiers::NONE;
    let mut name = name;
    while let Some((prefix, rest)) = name.split_once('-').filter(|(_, rest)| !rest.is_empty()) {
        modifiers |= match prefix {
            "c" => KeyModifiers::CONTROL,
            "a" => KeyModifiers::ALT,
            "s" => KeyModifiers::SHIFT,
            other => panic!("no modifier {other}"),
        };
        name = rest;
    }
    let code = match name {
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "bs" => KeyCode::Backspace,
        "del" => KeyCode::Delete,
        "esc" => KeyCode::Esc,
        "enter" => KeyCode::Enter,
        "tab" => KeyCode::Tab,
        "lt" => KeyCode::Char('<'),
        name => KeyCode::Char(name.chars().next().unwrap()),
    };
    KeyEvent::new(code, modifiers)
}

/// The only image there is.
pub fn shot(path: &Path) -> Option<PathBuf> {
    let known = ["shot.png", "/tmp/my shot.png", "other/shot.png"];
    known.iter().any(|known| Path::new(known) == path).then(|| path.to_owned())
}

impl Composer {
    /// Types keys; `<enter>` makes a new line.
    pub fn type_keys(&mut self, script: &str) -> Handled {
        self.type_keys_with(script, &History::new())
    }

    pub fn type_keys_with(&mut self, script: &str, history: &History) -> Handled {
        let around = Around { history, image: &shot };
        let mut handled = Handled::Ignored;
        for key in keys(script) {
            if key.code == KeyCode::Enter {
                self.newline(&around);
                handled = Handled::Changed;
            } else {
                handled = self.input(key, &around);
            }
        }
        handled
    }

    pub fn pasted(&mut self, text: &str) {
        self.paste(text, &Around { history: &History::new(), image: &shot });
    }

    pub fn taken(&mut self) -> super::Submission {
        self.take(&Around { history: &History::new(), image: &shot })
    }

    /// The text with chips as their labels, `|` at the cursor and, if there is a selection, `^` at its
    /// anchor.
    pub fn shown(&self) -> String {
        let mut out = String::new();
        for (row, line) in self.buffer.lines().iter().enumerate() {
            if row > 0 {
                out.push('\n');
            }
            for (col, c) in line.chars().map(Some).chain([None]).enumerate() {
                let here = super::Pos { row, col };
                if self.anchor == Some(here) {
                    out.push('^');
                }
                if self.buffer.cursor() == here {
                    out.push('|');
                }
                match c {
                    Some(c) if super::chips::is_chip(c) => out.push_str(self.chips.label(c)),
                    Some(c) => out.push(c),
                    None => {}
                }
            }
        }
        out
    }
}

/// What keys make of an empty composer.
pub fn typed(script: &str) -> String {
    let mut composer = Composer::new(false);
    composer.type_keys(script);
    composer.shown()
}
