//! Paints the composer, and says where things are on the screen. It changes nothing.

use ratatui::buffer::Buffer as Screen;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::Composer;
use super::buffer::{Pos, part};
use super::kind::{self, Kind};
use super::layout::{Cell, Ink, Layout, Spot, VisualRow, clipped};
use crate::tui::look::{Look, Role};

impl Composer {
    /// How many rows it wants at a width; at least one.
    pub fn height(&self, width: u16) -> u16 {
        u16::try_from(self.layout(width).rows.len()).unwrap_or(u16::MAX)
    }

    /// Paints the text into an area. When it is taller than the area, the rows around the cursor are shown.
    pub fn render(&self, area: Rect, screen: &mut Screen, style: &dyn Fn(Look) -> Style) {
        let area = area.intersection(screen.area);
        screen.set_style(area, style(Role::Input.into()));
        if area.is_empty() {
            return;
        }
        if self.is_empty() {
            let text = clipped(&self.placeholder, usize::from(area.width));
            screen.set_stringn(area.x, area.y, text, area.width.into(), style(Role::Placeholder.into()));
            return;
        }
        let layout = self.layout(area.width);
        let top = self.top(&layout, area);
        let paint = Paint { area, style, selection: self.selection(), sign: self.sign() };
        for (y, row) in (area.y..area.bottom()).zip(layout.rows.iter().skip(top)) {
            paint.row(screen, y, row, self.buffer.line(row.line));
        }
    }

    /// Where the terminal's cursor belongs, when the composer is shown in an area.
    pub fn cursor_position(&self, area: Rect) -> Option<Position> {
        if area.is_empty() {
            return None;
        }
        let layout = self.layout(area.width);
        let spot = layout.spot(self.buffer.cursor());
        let y = u16::try_from(spot.row.checked_sub(self.top(&layout, area))?).ok()?;
        let x = u16::try_from(spot.x).ok()?.min(area.width - 1);
        (y < area.height).then(|| Position::new(area.x + x, area.y + y))
    }

    /// Puts the cursor where the mouse is; with `select`, what it passes is selected.
    pub fn click(&mut self, area: Rect, at: Position, select: bool) {
        if area.is_empty() {
            return;
        }
        let layout = self.layout(area.width);
        let row = self.top(&layout, area) + usize::from(at.y.saturating_sub(area.y));
        let x = usize::from(at.x.saturating_sub(area.x));
        let pos = layout.pos(Spot { row, x });
        self.stop_run();
        self.goal = None;
        self.go_to(pos, select);
        self.settle();
    }

    /// The first row that is shown: the cursor is kept in the middle where the text has more rows than the
    /// area.
    fn top(&self, layout: &Layout, area: Rect) -> usize {
        let height = usize::from(area.height);
        let cursor = layout.spot(self.buffer.cursor()).row;
        cursor.saturating_sub(height / 2).min(layout.rows.len().saturating_sub(height))
    }

    /// Where the start of the text ends that makes something other than a prompt of it.
    fn sign(&self) -> Pos {
        let line = self.buffer.line(0);
        let end = match kind::parse(line) {
            Kind::Prompt(_) => 0,
            Kind::Slash { name, .. } => 1 + name.chars().count(),
            Kind::BangBang { .. } => 2,
            Kind::Bang { .. } | Kind::Dollar { .. } => 1,
        };
        Pos::new(0, end)
    }
}

struct Paint<'a> {
    area: Rect,
    style: &'a dyn Fn(Look) -> Style,
    selection: Option<(Pos, Pos)>,
    sign: Pos,
}

impl Paint<'_> {
    fn row(&self, screen: &mut Screen, y: u16, row: &VisualRow, line: &str) {
        for cell in &row.cells {
            let Ok(x) = u16::try_from(cell.x) else { return };
            let room = self.area.width.saturating_sub(x);
            if cell.width == 0 || room == 0 {
                continue;
            }
            let style = (self.style)(self.role(row, cell).into());
            let width = u16::try_from(cell.width).unwrap_or(u16::MAX).min(room);
            screen.set_style(Rect::new(self.area.x + x, y, width, 1), style);
            let text = match &cell.ink {
                Ink::Text(bytes) => &line[bytes.clone()],
                Ink::Chip(label) => label,
                Ink::Blank => continue,
            };
            screen.set_stringn(self.area.x + x, y, text, width.into(), style);
        }
        self.selected_line_end(screen, y, row, line);
    }

    fn role(&self, row: &VisualRow, cell: &Cell) -> Role {
        let pos = Pos::new(row.line, cell.col);
        match &cell.ink {
            _ if self.selects(pos) => Role::Selection,
            Ink::Chip(_) => Role::Chip,
            _ if pos < self.sign => Role::Accent,
            Ink::Text(_) | Ink::Blank => Role::Input,
        }
    }

    fn selects(&self, pos: Pos) -> bool {
        self.selection.is_some_and(|(from, to)| from <= pos && pos < to)
    }

    /// So that a selected empty line is seen.
    fn selected_line_end(&self, screen: &mut Screen, y: u16, row: &VisualRow, line: &str) {
        let end = Pos::new(row.line, row.cols.end);
        let x = row.cells.last().map_or(0, |cell| cell.x + cell.width);
        if part(line, row.cols.end, usize::MAX).is_empty()
            && self.selects(end)
            && let Ok(x) = u16::try_from(x)
            && x < self.area.width
        {
            screen.set_style(Rect::new(self.area.x + x, y, 1, 1), (self.style)(Role::Selection.into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Color;

    use super::*;

    /// Styles that name some roles by a colour, to find them again on the screen.
    fn style(look: Look) -> Style {
        match look.role {
            Role::Chip => Style::new().fg(Color::Red),
            Role::Selection => Style::new().fg(Color::Blue),
            Role::Accent => Style::new().fg(Color::Green),
            Role::Placeholder => Style::new().fg(Color::Gray),
            _ => Style::new().fg(Color::White),
        }
    }

    fn painted(composer: &Composer, width: u16, height: u16) -> (Vec<String>, Screen) {
        let area = Rect::new(0, 0, width, height);
        let mut screen = Screen::empty(area);
        composer.render(area, &mut screen, &style);
        let row = |y| (0..width).map(|x| screen[(x, y)].symbol()).collect::<String>();
        ((0..height).map(row).collect(), screen)
    }

    fn colours(screen: &Screen, y: u16, colour: Color) -> String {
        (0..screen.area.width).map(|x| if screen[(x, y)].fg == colour { '#' } else { '.' }).collect()
    }

    #[test]
    fn an_empty_composer_shows_its_placeholder() {
        let mut composer = Composer::new(false);
        composer.set_placeholder("Ask for\u{7} something");
        let (rows, screen) = painted(&composer, 10, 2);
        assert_eq!(rows, ["Ask for s…", "          "]);
        assert_eq!(colours(&screen, 0, Color::Gray), "##########");
        assert_eq!(
            (composer.height(10), composer.cursor_position(screen.area)),
            (1, Some(Position::new(0, 0)))
        );
    }

    #[test]
    fn wide_characters_tabs_and_joined_emoji_lie_in_their_columns() {
        let mut composer = Composer::new(false);
        composer.pasted("漢\tx👩‍👩‍👧e\u{301}y");
        let (rows, screen) = painted(&composer, 12, 1);
        assert_eq!(rows, ["漢   x👩‍👩‍👧 e\u{301}y   "]);
        assert_eq!(composer.cursor_position(screen.area), Some(Position::new(9, 0)));
    }

    #[test]
    fn chips_signs_and_selections_are_seen() {
        let mut composer = Composer::new(false);
        composer.type_keys("/fix ");
        composer.pasted(&"x\n".repeat(9));
        composer.type_keys(" now<s-left><s-left>");
        let (rows, screen) = painted(&composer, 30, 1);
        assert_eq!(rows, ["/fix [pasted 9 lines] now     "]);
        assert_eq!(colours(&screen, 0, Color::Green), "####..........................");
        assert_eq!(colours(&screen, 0, Color::Red), ".....################.........");
        assert_eq!(colours(&screen, 0, Color::Blue), ".......................##.....");
    }

    #[test]
    fn a_selected_line_end_is_seen() {
        let mut composer = Composer::new(false);
        composer.type_keys("a<enter><enter>b<s-up><s-up>");
        let (_, screen) = painted(&composer, 4, 3);
        let rows: Vec<String> = (0..3).map(|y| colours(&screen, y, Color::Blue)).collect();
        assert_eq!(rows, [".#..", "#...", "#..."]);
    }

    #[test]
    fn a_text_taller_than_its_area_is_shown_around_the_cursor() {
        let mut composer = Composer::new(false);
        composer.type_keys("1<enter>2<enter>3<enter>4<enter>5");
        assert_eq!(composer.height(4), 5);
        let area = Rect::new(0, 0, 4, 3);
        assert_eq!(painted(&composer, 4, 3).0, ["3   ", "4   ", "5   "]);
        assert_eq!(composer.cursor_position(area), Some(Position::new(1, 2)));
        composer.type_keys("<up><up>");
        assert_eq!(painted(&composer, 4, 3).0, ["2   ", "3   ", "4   "]);
        assert_eq!(composer.cursor_position(area), Some(Position::new(1, 1)));
        composer.type_keys("<up><up>");
        assert_eq!(painted(&composer, 4, 3).0, ["1   ", "2   ", "3   "]);
    }

    #[test]
    fn a_click_puts_the_cursor_there_and_a_drag_selects() {
        let area = Rect::new(2, 1, 6, 3);
        let mut composer = Composer::new(false);
        composer.type_keys("abcde fg<enter>漢字");
        composer.click(area, Position::new(5, 1), false);
        assert_eq!(composer.shown(), "abc|de fg\n漢字");
        composer.click(area, Position::new(5, 3), true);
        assert_eq!(composer.shown(), "abc^de fg\n漢|字");
        composer.click(area, Position::new(60, 60), false);
        assert_eq!(composer.shown(), "abcde fg\n漢字|");
    }
}
