//! The modes that a full-screen program switches on, and off again in the reverse order.

use std::io::{self, Write};

use crossterm::cursor::{SetCursorStyle, Show};
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange,
    KeyboardEnhancementFlags, PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use crossterm::queue;
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};

/// Clicks, drags and the wheel, not each move of an idle hand: that would paint frames for nothing.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1002l\x1b[?1000l";

/// What is asked of the terminal beyond the alternate screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wants {
    pub mouse: bool,
    pub keys: KeyProtocol,
}

/// How keys beyond the ordinary ones are asked for. Nothing is asked and waited for: a terminal that does
/// not answer would hold up the first frame for seconds, and one that does not know the request ignores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyProtocol {
    /// The kitty protocol.
    Kitty,
    /// Within tmux: the kitty protocol for new ones, and xterm's `modifyOtherKeys` for the others.
    Tmux,
    /// A terminal that would print the request.
    Plain,
}

impl Wants {
    /// From the environment.
    pub fn of(mouse: bool, env: &dyn Fn(&str) -> Option<String>) -> Self {
        let term = env("TERM").unwrap_or_default();
        let keys = if term == "linux" || term == "dumb" || term.is_empty() {
            KeyProtocol::Plain
        } else if env("TMUX").is_some() {
            KeyProtocol::Tmux
        } else {
            KeyProtocol::Kitty
        };
        Self { mouse, keys }
    }
}

pub(super) fn enter(wants: Wants) -> io::Result<()> {
    enable_raw_mode()?;
    let mut out = io::stdout().lock();
    queue!(out, EnterAlternateScreen, Clear(ClearType::All), EnableBracketedPaste, EnableFocusChange)?;
    if wants.keys != KeyProtocol::Plain {
        queue!(out, PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES))?;
    }
    if wants.keys == KeyProtocol::Tmux {
        out.write_all(b"\x1b[>4;2m")?;
    }
    if wants.mouse {
        out.write_all(MOUSE_ON)?;
    }
    out.flush()
}

/// Never fails: what cannot be written cannot be helped, and the rest is tried.
pub(super) fn leave() {
    let mut out = io::stdout().lock();
    let _ = out.write_all(MOUSE_OFF);
    let _ = queue!(out, DisableFocusChange, DisableBracketedPaste);
    let _ = queue!(out, PopKeyboardEnhancementFlags);
    let _ = out.write_all(b"\x1b[>4;0m");
    let _ = queue!(out, SetCursorStyle::DefaultUserShape, Show, LeaveAlternateScreen);
    let _ = out.flush();
    let _ = disable_raw_mode();
}

pub(super) fn set_mouse(on: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(if on { MOUSE_ON } else { MOUSE_OFF })?;
    out.flush()
}
