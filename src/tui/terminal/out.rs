//! What is said to the terminal beside the picture: the clipboard, notifications, the title.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::tui::wrap::floor;

/// Terminals cut or refuse longer texts.
const COPIED: usize = 100_000;

/// A call for the user's attention. The texts hold no control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub title: String,
    pub body: String,
}

/// OSC 52, to the clipboard. Within tmux it needs `set -g set-clipboard on`, which is its default.
pub(super) fn copy(out: &mut impl Write, text: &str) -> io::Result<()> {
    let end = floor(text, COPIED);
    write!(out, "\x1b]52;c;{}\x07", STANDARD.encode(&text[..end]))?;
    out.flush()
}

/// The bell, OSC 9 and OSC 777: each terminal takes what it knows.
pub(super) fn notify(out: &mut impl Write, notice: &Notice) -> io::Result<()> {
    let field = |text: &str| text.replace([';', '\x07', '\x1b'], " ");
    let (title, body) = (field(&notice.title), field(&notice.body));
    write!(out, "\x07\x1b]9;{title}: {body}\x07\x1b]777;notify;{title};{body}\x07")?;
    out.flush()
}

pub(super) fn set_title(out: &mut impl Write, title: &str) -> io::Result<()> {
    let plain: String = title.chars().filter(|character| !character.is_control()).collect();
    write!(out, "\x1b]2;{plain}\x07")?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Vec<u8>) -> io::Result<()>) -> String {
        let mut bytes = Vec::new();
        write(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_copied_text_is_encoded_and_cut_between_characters() {
        assert_eq!(written(|out| copy(out, "hä")), "\x1b]52;c;aMOk\x07");
        let long = "ä".repeat(COPIED);
        let sent = written(|out| copy(out, &long));
        let bytes = STANDARD.decode(&sent[7..sent.len() - 1]).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap().len(), COPIED);
    }

    #[test]
    fn nothing_in_a_notice_or_a_title_ends_it_early() {
        let notice = Notice { title: "a;b\x07c".into(), body: "d\x1b\\e".into() };
        let sent = written(|out| notify(out, &notice));
        assert_eq!(sent, "\x07\x1b]9;a b c: d \\e\x07\x1b]777;notify;a b c;d \\e\x07");
        assert_eq!(written(|out| set_title(out, "x\x07\x1b]y")), "\x1b]2;x]y\x07");
    }
}
