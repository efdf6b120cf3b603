//! What a terminal's keyboard and mouse send.

/// How the keyboard is to encode what plain text cannot say.
#[derive(Debug, Clone, Copy)]
pub(super) enum Keyboard {
    Legacy {
        application_cursor: bool,
    },
    /// Kitty's protocol with its first flag.
    Disambiguated,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    code: Code,
    ctrl: bool,
    alt: bool,
    shift: bool,
}

#[derive(Debug, Clone, Copy)]
enum Code {
    Char(char),
    /// Enter, Tab, Backspace and Esc, by their bytes.
    Control(u8),
    /// `CSI A` and its like.
    Letter(char),
    /// `CSI 3 ~` and its like.
    Tilde(u8),
}

impl Key {
    pub fn named(name: &str) -> Option<Self> {
        let (mut ctrl, mut alt, mut shift) = (false, false, false);
        let mut rest = name;
        loop {
            let (modifier, after) = match rest.split_once('-') {
                Some(("ctrl", after)) => (&mut ctrl, after),
                Some(("alt", after)) => (&mut alt, after),
                Some(("shift", after)) => (&mut shift, after),
                _ => break,
            };
            *modifier = true;
            rest = after;
        }
        let code = match rest {
            "enter" => Code::Control(b'\r'),
            "tab" => Code::Control(b'\t'),
            "backspace" => Code::Control(0x7f),
            "esc" => Code::Control(0x1b),
            "space" => Code::Char(' '),
            "up" => Code::Letter('A'),
            "down" => Code::Letter('B'),
            "right" => Code::Letter('C'),
            "left" => Code::Letter('D'),
            "home" => Code::Letter('H'),
            "end" => Code::Letter('F'),
            "f1" => Code::Letter('P'),
            "f2" => Code::Letter('Q'),
            "f3" => Code::Letter('R'),
            "f4" => Code::Letter('S'),
            "insert" => Code::Tilde(2),
            "delete" => Code::Tilde(3),
            "pageup" => Code::Tilde(5),
            "pagedown" => Code::Tilde(6),
            "f5" => Code::Tilde(15),
            "f6" => Code::Tilde(17),
            "f7" => Code::Tilde(18),
            "f8" => Code::Tilde(19),
            "f9" => Code::Tilde(20),
            "f10" => Code::Tilde(21),
            "f11" => Code::Tilde(23),
            "f12" => Code::Tilde(24),
            _ => {
                let mut chars = rest.chars();
                let c = chars.next().filter(|_| chars.next().is_none())?;
                shift |= c.is_ascii_uppercase();
                Code::Char(c.to_ascii_lowercase())
            }
        };
        Some(Self { code, ctrl, alt, shift })
    }

    pub fn encode(self, keyboard: Keyboard) -> Vec<u8> {
        match keyboard {
            Keyboard::Legacy { application_cursor } => self.legacy(application_cursor),
            Keyboard::Disambiguated => self.disambiguated(),
        }
        .into_bytes()
    }

    fn legacy(self, application_cursor: bool) -> String {
        let escape = if self.alt { "\x1b" } else { "" };
        match self.code {
            Code::Char(c) => {
                let control = if self.ctrl { control(c) } else { None };
                format!("{escape}{}", control.unwrap_or_else(|| self.shifted(c)))
            }
            Code::Control(b'\t') if self.shift => format!("{escape}\x1b[Z"),
            Code::Control(0x7f) if self.ctrl => format!("{escape}\x08"),
            Code::Control(byte) => format!("{escape}{}", char::from(byte)),
            Code::Letter(letter) if self.modifiers().is_none() => {
                let is_function = ('P'..='S').contains(&letter);
                format!("\x1b{}{letter}", if is_function || application_cursor { 'O' } else { '[' })
            }
            Code::Letter(_) | Code::Tilde(_) => self.sequence(),
        }
    }

    fn disambiguated(self) -> String {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt => self.shifted(c).to_string(),
            Code::Control(byte) if byte != 0x1b && self.modifiers().is_none() => char::from(byte).to_string(),
            // `CSI R` would look like the answer to where the cursor is.
            Code::Letter('R') => Self { code: Code::Tilde(13), ..self }.sequence(),
            _ => self.sequence(),
        }
    }

    fn sequence(self) -> String {
        let modifiers = self.modifiers().map(|modifiers| format!(";{modifiers}")).unwrap_or_default();
        match self.code {
            Code::Char(c) => format!("\x1b[{}{modifiers}u", u32::from(c)),
            Code::Control(byte) => format!("\x1b[{byte}{modifiers}u"),
            Code::Tilde(number) => format!("\x1b[{number}{modifiers}~"),
            Code::Letter(letter) if modifiers.is_empty() => format!("\x1b[{letter}"),
            Code::Letter(letter) => format!("\x1b[1{modifiers}{letter}"),
        }
    }

    /// As both protocols count them; `None` for none.
    fn modifiers(self) -> Option<u8> {
        let sum = u8::from(self.shift) + 2 * u8::from(self.alt) + 4 * u8::from(self.ctrl);
        (sum > 0).then_some(sum + 1)
    }

    fn shifted(self, c: char) -> char {
        if self.shift { c.to_ascii_uppercase() } else { c }
    }
}

/// What Ctrl makes of a character, by the convention of xterm.
fn control(c: char) -> Option<char> {
    Some(match c {
        'a'..='z' | '[' | '\\' | ']' | '^' | '_' => char::from(u8::try_from(c).ok()? & 0x1f),
        ' ' | '@' | '2' => '\0',
        '3'..='7' => char::from(u8::try_from(c).ok()? - b'3' + 0x1b),
        '/' => '\x1f',
        '8' | '?' => '\x7f',
        _ => return None,
    })
}

/// One report in the SGR encoding; cells are counted from 0 here and from 1 there.
pub(super) fn mouse(button: u8, col: u16, row: u16, last: char) -> Vec<u8> {
    format!("\x1b[<{button};{};{}{last}", col + 1, row + 1).into_bytes()
}

/// The cells that a straight line enters after its first.
pub(super) fn way(from: (u16, u16), to: (u16, u16)) -> impl Iterator<Item = (u16, u16)> {
    let steps = from.0.abs_diff(to.0).max(from.1.abs_diff(to.1));
    let at = move |from: u16, to: u16, step: u16| {
        let (from, to, step, steps) = (i64::from(from), i64::from(to), i64::from(step), i64::from(steps));
        u16::try_from(from + (to - from) * step / steps).expect("between two cells")
    };
    (1..=steps).map(move |step| (at(from.0, to.0, step), at(from.1, to.1, step)))
}
