//! What can be seen of a terminal at one moment.

use std::collections::VecDeque;
use std::num::NonZeroU16;

use vt100::{Color, CursorStyle, MouseProtocolEncoding, MouseProtocolMode, Parser};

use super::Terminal;
use super::host::Host;
use super::job::{Ended, Life};

/// So much of the output is kept for a look at it after a failure.
const KEPT: usize = 256 << 10;

/// The start of a sequence that sets the colour of underlines.
const UNDERLINE: &[u8] = b"\x1b[58";

pub struct View {
    parser: Parser<Host>,
    pub(super) life: Life,
    is_closed: bool,
    written: u64,
    raw: VecDeque<u8>,
    /// How much of [`UNDERLINE`] the output ends with.
    underline: usize,
}

/// How a cell looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    pub fg: Color,
    pub bg: Color,
    pub bold: bool,
    pub dim: bool,
    pub italic: bool,
    pub underline: bool,
    pub reverse: bool,
}

/// What a program has changed of the terminal's ways. As the default before it starts, and again when it
/// has put everything back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Modes {
    pub alternate_screen: bool,
    pub cursor_hidden: bool,
    pub cursor_shape: CursorStyle,
    pub application_cursor: bool,
    pub application_keypad: bool,
    pub bracketed_paste: bool,
    pub mouse: MouseProtocolMode,
    pub mouse_encoding: MouseProtocolEncoding,
    pub focus: bool,
    /// A synchronised update was begun and not ended.
    pub synchronised: bool,
    /// Of the screen that is shown; the main and the alternate one have their own.
    pub kitty_flags: u16,
    pub modify_other_keys: u16,
    /// How the next character would look.
    pub pen: Style,
}

impl View {
    pub(super) fn new(terminal: Terminal) -> Self {
        let (rows, cols) = (at_least_one(terminal.rows), at_least_one(terminal.cols));
        Self {
            parser: Parser::new_with_callbacks(rows, cols, 0, Host::new(terminal)),
            life: Life::Running,
            is_closed: false,
            written: 0,
            raw: VecDeque::new(),
            underline: 0,
        }
    }

    /// Takes output, and gives what the terminal answers to it.
    pub(super) fn process(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.written += bytes.len() as u64;
        self.raw.extend(bytes);
        self.raw.drain(..self.raw.len().saturating_sub(KEPT));
        let bytes: Vec<u8> = bytes.iter().map(|byte| self.without_underline_colour(*byte)).collect();
        self.parser.process(&bytes);
        self.parser.callbacks_mut().take_replies()
    }

    /// The emulator would take the numbers of an underline's colour for styles of their own, unless they
    /// are written with colons.
    fn without_underline_colour(&mut self, byte: u8) -> u8 {
        let is_in_it = self.underline == UNDERLINE.len();
        if is_in_it && byte == b';' {
            return b':';
        }
        self.underline = match byte {
            b'0'..=b'9' | b':' if is_in_it => UNDERLINE.len(),
            0x1b => 1,
            _ if UNDERLINE.get(self.underline) == Some(&byte) => self.underline + 1,
            _ => 0,
        };
        byte
    }

    pub(super) fn close(&mut self) {
        self.is_closed = true;
    }

    pub(super) fn resize(&mut self, cols: u16, rows: u16) {
        let (rows, cols) = (at_least_one(rows), at_least_one(cols));
        self.parser.set_size(rows, cols);
        if let Some(frozen) = &mut self.parser.callbacks_mut().frozen {
            frozen.set_size(rows, cols);
        }
    }

    pub(super) fn host(&self) -> &Host {
        self.parser.callbacks()
    }

    /// What is shown: not what a synchronised update has drawn so far, unless it can never end.
    fn screen(&self) -> &vt100::Screen {
        let frozen = self.host().frozen.as_deref().filter(|_| !self.is_closed);
        frozen.unwrap_or_else(|| self.parser.screen())
    }

    pub fn ended(&self) -> Option<Ended> {
        match self.life {
            Life::Ended(ended) => Some(ended),
            Life::Running | Life::Stopped => None,
        }
    }

    /// No more output can come.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        let (rows, cols) = self.screen().size();
        (cols.get(), rows.get())
    }

    /// All rows, without the blanks at their ends.
    pub fn text(&self) -> Vec<String> {
        (0..self.size().1).map(|row| self.row(row)).collect()
    }

    pub fn row(&self, row: u16) -> String {
        let text: String = self.cells(row).map(|(_, text, _)| text).collect();
        text.trim_end().to_owned()
    }

    /// Where a text within one row begins: column and row.
    pub fn find(&self, text: &str) -> Option<(u16, u16)> {
        (0..self.size().1).find_map(|row| {
            let mut whole = String::new();
            let mut columns = Vec::new();
            for (col, cell, _) in self.cells(row) {
                columns.push((whole.len(), col));
                whole += cell;
            }
            let start = whole.find(text)?;
            let (_, col) = columns.into_iter().rev().find(|(at, _)| *at <= start)?;
            Some((col, row))
        })
    }

    /// Column and row.
    pub fn cursor(&self) -> (u16, u16) {
        let (row, col) = self.screen().cursor_position();
        (col, row)
    }

    pub fn style_at(&self, col: u16, row: u16) -> Style {
        Style::of(self.screen().cell(row, col).unwrap_or_else(|| panic!("no cell at {col}, {row}")))
    }

    pub fn title(&self) -> &str {
        &self.host().title
    }

    pub fn bells(&self) -> usize {
        self.host().bells
    }

    /// What came after the number in all OSC messages of it.
    pub fn osc(&self, code: u16) -> Vec<String> {
        let after = |message: &String| message.strip_prefix(&format!("{code};")).map(str::to_owned);
        self.host().messages.iter().filter_map(after).collect()
    }

    pub fn modes(&self) -> Modes {
        let screen = self.parser.screen();
        Modes {
            alternate_screen: screen.alternate_screen(),
            cursor_hidden: screen.hide_cursor(),
            cursor_shape: screen.cursor_style(),
            application_cursor: screen.application_cursor(),
            application_keypad: screen.application_keypad(),
            bracketed_paste: screen.bracketed_paste(),
            mouse: screen.mouse_protocol_mode(),
            mouse_encoding: screen.mouse_protocol_encoding(),
            focus: self.host().focus,
            synchronised: self.host().frozen.is_some(),
            kitty_flags: self.host().kitty_flags(screen),
            modify_other_keys: self.host().modify_other_keys,
            pen: Style {
                fg: screen.fgcolor(),
                bg: screen.bgcolor(),
                bold: screen.bold(),
                dim: screen.dim(),
                italic: screen.italic(),
                underline: screen.underline(),
                reverse: screen.inverse(),
            },
        }
    }

    /// How much the program has ever written.
    pub fn bytes_written(&self) -> u64 {
        self.written
    }

    /// The last of what the program has written.
    pub fn raw(&self) -> Vec<u8> {
        self.raw.iter().copied().collect()
    }

    /// The rows down to the last that is not blank.
    pub fn snapshot(&self) -> String {
        joined(self.text())
    }

    /// The same with marks where the style changes, as in `⟦red bold on-blue⟧text⟦⟧`. A blank whose style
    /// cannot be seen is not marked.
    pub fn styled_snapshot(&self) -> String {
        joined((0..self.size().1).map(|row| self.styled_row(row)).collect())
    }

    fn styled_row(&self, row: u16) -> String {
        let mut line = String::new();
        let mut style = Style::default();
        for (_, text, next) in self.cells(row) {
            let looks_the_same = text == " " && next.on_blank() == style.on_blank();
            if next != style && !looks_the_same {
                style = if text == " " { next.on_blank() } else { next };
                line += &format!("⟦{style}⟧");
            }
            line += text;
        }
        if style.on_blank() == Style::default() {
            line.truncate(line.trim_end().len());
        }
        if style == Style::default() { line } else { line + "⟦⟧" }
    }

    /// The column, the text and the style of each character of a row.
    fn cells(&self, row: u16) -> impl Iterator<Item = (u16, &str, Style)> {
        let cells = (0..self.size().0).filter_map(move |col| Some((col, self.screen().cell(row, col)?)));
        cells.filter(|(_, cell)| !cell.is_wide_continuation()).map(|(col, cell)| {
            let text = if cell.has_contents() { cell.contents() } else { " " };
            (col, text, Style::of(cell))
        })
    }

    /// Everything that helps to understand a failure.
    pub(super) fn report(&self) -> String {
        let (cols, _) = self.size();
        let edge = "─".repeat(cols.into());
        let mut rows = String::new();
        for row in 0..self.size().1 {
            let cells = self.cells(row).map(|(_, text, _)| text);
            rows.extend(std::iter::once("│").chain(cells).chain(["│
"]));
        }
        let start = self.raw.len().saturating_sub(512);
        let last: Vec<u8> = self.raw.range(start..).copied().collect();
        format!(
            "┌{edge}┐\n{rows}└{edge}┘\nprogram: {:?}, output closed: {}\ncursor: {:?}\n{:?}\nlast output: {}",
            self.life,
            self.is_closed,
            self.cursor(),
            self.modes(),
            last.escape_ascii(),
        )
    }
}

impl Style {
    fn of(cell: &vt100::Cell) -> Self {
        Self {
            fg: cell.fgcolor(),
            bg: cell.bgcolor(),
            bold: cell.bold(),
            dim: cell.dim(),
            italic: cell.italic(),
            underline: cell.underline(),
            reverse: cell.inverse(),
        }
    }

    /// What of a style can be seen where there is no letter.
    fn on_blank(self) -> Self {
        if self.underline || self.reverse { self } else { Self { bg: self.bg, ..Self::default() } }
    }
}

impl std::fmt::Display for Style {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut words = Vec::new();
        words.extend(colour(self.fg));
        let attributes = [
            (self.bold, "bold"),
            (self.dim, "dim"),
            (self.italic, "italic"),
            (self.underline, "underline"),
            (self.reverse, "reverse"),
        ];
        words.extend(attributes.iter().filter(|(on, _)| *on).map(|(_, name)| (*name).to_owned()));
        words.extend(colour(self.bg).map(|colour| format!("on-{colour}")));
        f.write_str(&words.join(" "))
    }
}

fn colour(colour: Color) -> Option<String> {
    const NAMES: [&str; 8] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
    match colour {
        Color::Default => None,
        Color::Idx(index @ 0..8) => Some(NAMES[usize::from(index)].to_owned()),
        Color::Idx(index @ 8..16) => Some(format!("bright-{}", NAMES[usize::from(index - 8)])),
        Color::Idx(index) => Some(format!("c{index}")),
        Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
    }
}

fn joined(mut rows: Vec<String>) -> String {
    while rows.last().is_some_and(String::is_empty) {
        rows.pop();
    }
    rows.join("\n")
}

fn at_least_one(size: u16) -> NonZeroU16 {
    NonZeroU16::new(size).expect("a terminal has rows and columns")
}
