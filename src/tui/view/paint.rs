//! Putting pieces and rows on the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::tui::cells;
use crate::tui::look::{Look, Piece, Role, Row};
use crate::tui::theme::Theme;

pub(super) struct Painter<'a> {
    pub buffer: &'a mut Buffer,
    pub theme: &'a Theme,
}

impl<'a> Painter<'a> {
    pub fn new(buffer: &'a mut Buffer, theme: &'a Theme) -> Self {
        Self { buffer, theme }
    }

    pub fn style(&self, look: impl Into<Look>) -> Style {
        self.theme.style(look.into())
    }

    /// An area without text, in the look of a role.
    pub fn fill(&mut self, area: Rect, role: Role) {
        let area = area.intersection(self.buffer.area);
        cells::part_area(self.buffer, area);
        let style = Style::reset().patch(self.theme.role(Role::Text)).patch(self.theme.role(role));
        for y in area.y..area.bottom() {
            for x in area.x..area.right() {
                let cell = &mut self.buffer[(x, y)];
                cell.reset();
                cell.set_style(style);
            }
        }
    }

    /// Text in at most so many columns; gives the column behind it.
    pub fn text(&mut self, x: u16, y: u16, width: u16, text: &str, look: impl Into<Look>) -> u16 {
        self.styled(x, y, width, text, self.theme.style(look.into()))
    }

    pub fn styled(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
        if y >= self.buffer.area.bottom() || x >= self.buffer.area.right() {
            return x;
        }
        if !text.is_empty() {
            cells::part(self.buffer, x, y);
        }
        let width = width.min(self.buffer.area.right() - x);
        self.buffer.set_stringn(x, y, text, usize::from(width), style).0
    }

    /// Pieces one after the other, over the background that is there; gives the column behind them.
    pub fn pieces(&mut self, x: u16, y: u16, width: u16, pieces: &[Piece]) -> u16 {
        let end = x.saturating_add(width);
        let mut at = x;
        for piece in pieces {
            at = self.text(at, y, end.saturating_sub(at), &piece.text, piece.look);
        }
        at
    }

    /// Pieces that end at the right edge of an area; gives the column where they begin.
    pub fn right(&mut self, area: Rect, y: u16, pieces: &[Piece]) -> u16 {
        let width: usize = pieces.iter().map(Piece::width).sum();
        let width = u16::try_from(width).unwrap_or(u16::MAX).min(area.width);
        let x = area.right() - width;
        self.pieces(x, y, width, pieces);
        x
    }

    /// A row, over the whole width of an area's line.
    pub fn row(&mut self, area: Rect, y: u16, row: &Row) {
        if y >= area.bottom() {
            return;
        }
        let Some(ground) = row.fill else {
            self.pieces(area.x, y, area.width, &row.pieces);
            return;
        };
        self.fill(Rect::new(area.x, y, area.width, 1), ground);
        let mut x = area.x;
        for piece in &row.pieces {
            let style = self.theme.on(ground, piece.look);
            x = self.styled(x, y, area.right().saturating_sub(x), &piece.text, style);
        }
    }

    pub fn rows<'r>(&mut self, area: Rect, rows: impl IntoIterator<Item = &'r Row>) {
        for (y, row) in (area.y..area.bottom()).zip(rows) {
            self.row(area, y, row);
        }
    }

    /// The same text in another look.
    pub fn restyle(&mut self, area: Rect, role: Role) {
        let style = self.theme.role(role);
        self.buffer.set_style(area.intersection(self.buffer.area), style);
    }
}
