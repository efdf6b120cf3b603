//! Lines for a person, on standard error, and results on standard output.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use super::Trouble;
use crate::chat::sanitise;

/// A word or line in a colour, where there are colours.
#[derive(Debug, Clone, Copy)]
pub enum Tone {
    Quiet,
    Good,
    Bad,
    Strong,
}

/// For standard output.
pub fn toned(text: &str, tone: Tone) -> String {
    tone.on(text, io::stdout().is_terminal())
}

/// For standard error.
pub fn toned_err(text: &str, tone: Tone) -> String {
    tone.on(text, io::stderr().is_terminal())
}

impl Tone {
    fn on(self, text: &str, is_terminal: bool) -> String {
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if !is_terminal || no_colour || is_dumb {
            return text.to_owned();
        }
        let code = match self {
            Self::Quiet => "2",
            Self::Good => "32",
            Self::Bad => "31",
            Self::Strong => "1",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// What went wrong and what to do next.
pub fn complain(trouble: &Trouble) {
    let mut lines = format!("{} {}\n", toned_err("error:", Tone::Bad), sanitise(&trouble.message));
    if let Some(hint) = &trouble.hint {
        lines.push_str(&format!("{} {}\n", toned_err("hint:", Tone::Strong), sanitise(hint)));
    }
    told(&lines);
}

/// Something worth knowing.
pub fn note(message: &str) {
    told(&format!("{} {}\n", toned_err("note:", Tone::Quiet), sanitise(message)));
}

/// Something on standard error. Nobody who reads it is no reason to stop.
pub fn told(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// A result on standard output. A reader that has gone ends the program quietly, as in any pipe.
pub fn print(text: &str) {
    if try_print(text).is_err() {
        std::process::exit(0);
    }
}

/// The same, for who has more to do when the reader has gone.
pub fn try_print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush())
}

/// The same of bytes that need not be text.
pub fn print_bytes(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    if out.write_all(bytes).and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

/// A report as JSON.
pub fn print_json(value: &impl Serialize) {
    print(&json_line(value));
}

pub fn json_line(value: &impl Serialize) -> String {
    let mut line = serde_json::to_string(value).unwrap_or_default();
    line.push('\n');
    line
}
