//! Writes text into a part of the screen and nowhere else, and lays looks over each other.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::tui::look::{Look, Role};
use crate::tui::wrap::{columns, fit};

pub struct Pen<'a> {
    buf: &'a mut Buffer,
    style: &'a dyn Fn(Look) -> Style,
    /// Nothing is written outside.
    clip: Rect,
}

impl<'a> Pen<'a> {
    pub fn new(buf: &'a mut Buffer, area: Rect, style: &'a dyn Fn(Look) -> Style) -> Self {
        let clip = area.intersection(buf.area);
        Self { buf, style, clip }
    }

    /// What the theme says of a role, on the screen's own background.
    pub fn on_screen(&self, role: impl Into<Look>) -> Style {
        (self.style)(Look::new(Role::Text)).patch((self.style)(role.into()))
    }

    /// A role on a row that has a background of its own, which stays.
    pub fn on(&self, base: Style, look: impl Into<Look>) -> Style {
        Style { bg: base.bg, ..base.patch((self.style)(look.into())) }
    }

    /// Everything that the theme says of a role, over what is there.
    pub fn over(&self, base: Style, look: impl Into<Look>) -> Style {
        base.patch((self.style)(look.into()))
    }

    /// Whether a role can be told by its background alone; else its foreground has to stay.
    pub fn is_tinted(&self, role: Role) -> bool {
        let ground = (self.style)(Look::new(role)).bg;
        ground.is_some() && ground != Style::reset().bg
    }

    pub fn symbol(&self, x: u16, y: u16) -> &str {
        self.buf.cell((x, y)).map_or("", Cell::symbol)
    }

    /// What a cell looks like so far.
    pub fn under(&self, x: u16, y: u16) -> Style {
        self.buf.cell((x, y)).map_or_else(Style::default, Cell::style)
    }

    pub fn fill(&mut self, area: Rect, style: Style) {
        let area = area.intersection(self.clip);
        for position in area.positions() {
            let cell = &mut self.buf[position];
            cell.reset();
            cell.set_style(style);
        }
    }

    /// Writes into the first row of `area`, cut with `…`; says how many columns that took.
    pub fn text(&mut self, area: Rect, text: &str, style: Style) -> u16 {
        let area = area.intersection(self.clip);
        if area.is_empty() {
            return 0;
        }
        let width = usize::from(area.width);
        let (end, _) = self.buf.set_stringn(area.x, area.y, fit(text, width), width, style);
        end - area.x
    }

    /// The same from the right; says how many columns are left before it.
    pub fn text_right(&mut self, area: Rect, text: &str, style: Style) -> u16 {
        let wide = u16::try_from(columns(text)).unwrap_or(u16::MAX);
        let Some(left) = area.width.checked_sub(wide) else { return area.width };
        self.text(Rect { x: area.x + left, width: wide, ..area }, text, style);
        left
    }

    /// One grapheme at a cell of the screen, so many columns wide.
    pub fn grapheme(&mut self, (x, y): (u16, u16), grapheme: &str, wide: u16, style: Style) {
        let area = Rect { x, y, width: wide, height: 1 };
        if wide == 0 || area.intersection(self.clip) != area {
            return;
        }
        self.fill(area, style);
        self.buf[(x, y)].set_symbol(grapheme);
    }
}
