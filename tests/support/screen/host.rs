//! What a terminal does besides drawing: it answers queries, and keeps titles, bells, messages and the
//! modes that the emulator does not know.

use std::mem::take;

use vt100::{Callbacks, Screen};

use super::Terminal;

pub(super) struct Host {
    terminal: Terminal,
    /// What the terminal answers to what it has just been asked.
    replies: Vec<u8>,
    pub title: String,
    titles: Vec<String>,
    pub bells: usize,
    /// All OSC messages that are neither titles nor questions.
    pub messages: Vec<String>,
    /// Kitty's flags, a stack of them for each of the main and the alternate screen.
    kitty: [Vec<u16>; 2],
    pub focus: bool,
    pub modify_other_keys: u16,
    /// What is shown while a synchronised update is being drawn.
    pub frozen: Option<Box<Screen>>,
}

impl Host {
    pub fn new(terminal: Terminal) -> Self {
        Self {
            terminal,
            replies: Vec::new(),
            title: String::new(),
            titles: Vec::new(),
            bells: 0,
            messages: Vec::new(),
            kitty: [Vec::new(), Vec::new()],
            focus: false,
            modify_other_keys: 0,
            frozen: None,
        }
    }

    pub fn take_replies(&mut self) -> Vec<u8> {
        take(&mut self.replies)
    }

    pub fn kitty_flags(&self, screen: &Screen) -> u16 {
        self.kitty[usize::from(screen.alternate_screen())].last().copied().unwrap_or(0)
    }

    fn reply(&mut self, reply: impl AsRef<[u8]>) {
        if !self.terminal.silent {
            self.replies.extend_from_slice(reply.as_ref());
        }
    }

    fn set_mode(&mut self, screen: &Screen, mode: u16, on: bool) {
        match mode {
            1004 => self.focus = on,
            2026 if on => drop(self.frozen.get_or_insert_with(|| Box::new(screen.clone()))),
            2026 => self.frozen = None,
            _ => {}
        }
    }

    /// Whether a mode is on; `None` if the terminal does not know it.
    fn mode(&self, screen: &Screen, mode: u16) -> Option<bool> {
        use vt100::MouseProtocolMode::{AnyMotion, ButtonMotion, PressRelease};
        Some(match mode {
            1 => screen.application_cursor(),
            25 => !screen.hide_cursor(),
            1000 => screen.mouse_protocol_mode() == PressRelease,
            1002 => screen.mouse_protocol_mode() == ButtonMotion,
            1003 => screen.mouse_protocol_mode() == AnyMotion,
            1004 => self.focus,
            1006 => screen.mouse_protocol_encoding() == vt100::MouseProtocolEncoding::Sgr,
            1049 => screen.alternate_screen(),
            2004 => screen.bracketed_paste(),
            2026 => self.frozen.is_some(),
            _ => return None,
        })
    }

    fn push_kitty(&mut self, screen: &Screen, flags: u16) {
        if self.terminal.kitty {
            self.kitty[usize::from(screen.alternate_screen())].push(flags);
        }
    }

    fn pop_kitty(&mut self, screen: &Screen, count: u16) {
        let stack = &mut self.kitty[usize::from(screen.alternate_screen())];
        stack.truncate(stack.len().saturating_sub(count.max(1).into()));
    }

    fn set_kitty(&mut self, screen: &Screen, flags: u16, how: u16) {
        let before = self.kitty_flags(screen);
        let flags = match how {
            2 => before | flags,
            3 => before & !flags,
            _ => flags,
        };
        self.kitty[usize::from(screen.alternate_screen())].pop();
        self.push_kitty(screen, flags);
    }

    fn report_colour(&mut self, code: &str, [red, green, blue]: [u8; 3]) {
        let colour = format!("rgb:{red:02x}{red:02x}/{green:02x}{green:02x}/{blue:02x}{blue:02x}");
        self.reply(format!("\x1b]{code};{colour}\x1b\\"));
    }
}

impl Callbacks for Host {
    fn audible_bell(&mut self, _: &mut Screen) {
        self.bells += 1;
    }

    fn set_window_title(&mut self, _: &mut Screen, title: &[u8]) {
        self.title = String::from_utf8_lossy(title).into_owned();
    }

    fn copy_to_clipboard(&mut self, _: &mut Screen, selection: &[u8], data: &[u8]) {
        self.messages.push(joined(&[b"52", selection, data]));
    }

    fn unhandled_csi(
        &mut self,
        screen: &mut Screen,
        first: Option<u8>,
        second: Option<u8>,
        params: &[&[u16]],
        last: char,
    ) {
        let param = |n: usize| params.get(n).and_then(|param| param.first()).copied().unwrap_or(0);
        let (row, col) = screen.cursor_position();
        let cursor = format!("{};{}R", row + 1, col + 1);
        match (first, second, last) {
            (None, None, 'c') => self.reply("\x1b[?62;22c"),
            (Some(b'>'), None, 'c') => self.reply("\x1b[>1;10;0c"),
            (None, None, 'n') if param(0) == 5 => self.reply("\x1b[0n"),
            (None, None, 'n') if param(0) == 6 => self.reply(format!("\x1b[{cursor}")),
            (Some(b'?'), None, 'n') if param(0) == 6 => self.reply(format!("\x1b[?{cursor}")),
            (None, None, 't') => match param(0) {
                18 => self.reply(format!("\x1b[8;{};{}t", screen.size().0, screen.size().1)),
                22 => self.titles.push(self.title.clone()),
                23 => self.title = self.titles.pop().unwrap_or_default(),
                _ => {}
            },
            (Some(b'?'), None, 'h' | 'l') => {
                for mode in params.iter().filter_map(|param| param.first()) {
                    self.set_mode(screen, *mode, last == 'h');
                }
            }
            (Some(b'?'), Some(b'$'), 'p') => {
                let state = self.mode(screen, param(0)).map_or(0, |on| if on { 1 } else { 2 });
                self.reply(format!("\x1b[?{};{state}$y", param(0)));
            }
            (Some(b'?'), None, 'u') if self.terminal.kitty => {
                self.reply(format!("\x1b[?{}u", self.kitty_flags(screen)));
            }
            (Some(b'>'), None, 'u') => self.push_kitty(screen, param(0)),
            (Some(b'<'), None, 'u') => self.pop_kitty(screen, param(0)),
            (Some(b'='), None, 'u') => self.set_kitty(screen, param(0), param(1)),
            (Some(b'>'), None, 'm') if param(0) == 4 => self.modify_other_keys = param(1),
            _ => {}
        }
    }

    fn unhandled_osc(&mut self, screen: &mut Screen, params: &[&[u8]]) {
        match params {
            // The emulator knows titles only without a semicolon in them.
            [b"0" | b"2", title @ ..] => self.set_window_title(screen, joined(title).as_bytes()),
            [b"10", b"?"] => self.report_colour("10", self.terminal.foreground),
            [b"11", b"?"] => self.report_colour("11", self.terminal.background),
            _ => self.messages.push(joined(params)),
        }
    }
}

fn joined(params: &[&[u8]]) -> String {
    String::from_utf8_lossy(&params.join(&b';')).into_owned()
}
