//! What ratatui paints with: all of a frame goes out in one write, as one synchronised update, and a frame that
//! changes nothing writes nothing.

use std::io::{self, BufWriter, Stdout, Write};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, EndSynchronizedUpdate};
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

/// Bytes that are gathered before they are written.
const GATHERED: usize = 64 * 1024;

pub(super) struct Frames<W: Write = BufWriter<Stdout>> {
    inner: CrosstermBackend<W>,
    /// An update was begun and not ended.
    is_begun: bool,
    /// The cursor as the terminal has it, where that is known.
    is_visible: Option<bool>,
    cursor: Option<Position>,
}

impl Frames {
    pub fn new() -> Self {
        Self::to(BufWriter::with_capacity(GATHERED, io::stdout()))
    }
}

impl<W: Write> Frames<W> {
    fn to(out: W) -> Self {
        Self { inner: CrosstermBackend::new(out), is_begun: false, is_visible: None, cursor: None }
    }

    /// Somebody else had the terminal.
    pub fn forget(&mut self) {
        (self.is_visible, self.cursor) = (None, None);
    }

    fn begin(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.is_begun, true) {
            queue!(self.inner, BeginSynchronizedUpdate)?;
        }
        Ok(())
    }

    fn set_visible(&mut self, is_visible: bool) -> io::Result<()> {
        if self.is_visible == Some(is_visible) {
            return Ok(());
        }
        self.begin()?;
        self.is_visible = Some(is_visible);
        if is_visible { queue!(self.inner, Show) } else { queue!(self.inner, Hide) }
    }
}

/// What is said beside the picture.
impl<W: Write> Write for Frames<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Backend::flush(self)
    }
}

impl<W: Write> Backend for Frames<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        if content.peek().is_none() {
            return Ok(());
        }
        self.begin()?;
        self.cursor = None;
        self.inner.draw(content)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.set_visible(false)
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.set_visible(true)
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.inner.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        if self.cursor == Some(position) {
            return Ok(());
        }
        self.begin()?;
        self.cursor = Some(position);
        queue!(self.inner, MoveTo(position.x, position.y))
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        use crossterm::terminal::ClearType as C;
        let region = match region {
            ClearType::All => C::All,
            ClearType::AfterCursor => C::FromCursorDown,
            ClearType::BeforeCursor => C::FromCursorUp,
            ClearType::CurrentLine => C::CurrentLine,
            ClearType::UntilNewLine => C::UntilNewLine,
        };
        self.begin()?;
        queue!(self.inner, Clear(region))
    }

    fn size(&self) -> io::Result<Size> {
        size().map(|(width, height)| Size { width, height })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.inner.window_size()
    }

    /// The end of a frame.
    fn flush(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.is_begun) {
            queue!(self.inner, EndSynchronizedUpdate)?;
        }
        Write::flush(&mut self.inner)
    }
}

/// Columns and rows of the terminal.
pub(super) fn size() -> io::Result<(u16, u16)> {
    match rustix::termios::tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => Ok((size.ws_col, size.ws_row)),
        _ => crossterm::terminal::size(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes what is written, and notes where it was flushed.
    #[derive(Default)]
    struct Out(Vec<u8>);

    impl Write for &mut Out {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            self.0.push(b'|');
            Ok(())
        }
    }

    /// What ratatui does for a frame.
    fn frame(frames: &mut Frames<&mut Out>, text: &[Cell], cursor: Option<(u16, u16)>) {
        frames.draw((0..).zip(text).map(|(x, cell)| (x, 0, cell))).unwrap();
        match cursor {
            Some(at) => frames.show_cursor().and_then(|()| frames.set_cursor_position(at)).unwrap(),
            None => frames.hide_cursor().unwrap(),
        }
        Backend::flush(frames).unwrap();
    }

    #[test]
    fn a_frame_is_one_update_and_one_that_changes_nothing_is_none() {
        let mut out = Out::default();
        let mut frames = Frames::to(&mut out);
        let text = [Cell::new("a"), Cell::new("b")];
        frame(&mut frames, &text, Some((3, 1)));
        frame(&mut frames, &[], Some((3, 1)));
        frame(&mut frames, &[], Some((4, 1)));
        frame(&mut frames, &text[..1], Some((4, 1)));
        frame(&mut frames, &[], None);
        frames.forget();
        frame(&mut frames, &[], None);
        let written = String::from_utf8(out.0).unwrap().replace('\u{1b}', "^");
        let reset = "^[39m^[49m^[59m^[0m";
        let (on, off) = ("^[?2026h", "^[?2026l|");
        assert_eq!(
            written,
            format!(
                "{on}^[1;1Hab{reset}^[?25h^[2;4H{off}|{on}^[2;5H{off}{on}^[1;1Ha{reset}^[2;5H{off}{on}^[?25l{off}{on}^[?25l{off}"
            )
        );
    }
}
