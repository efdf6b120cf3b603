//! Paints a picker. It changes nothing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{self, Span};
use ratatui::widgets::{Block, BorderType, Clear, Widget};
use unicode_width::UnicodeWidthStr;

use super::ink::{Brush, cut, glyphs, highlight, inset, put, put_right};
use super::item::flat;
use super::place::{Line, PROMPT, Shape};
use super::{Item, Picker};
use crate::tui::cells;
use crate::tui::fuzzy::Target;
use crate::tui::look::{Look, Piece, Role};

impl<T> Picker<T> {
    /// As a box in the middle of the screen, with title and query.
    pub fn render_popup(&self, screen: Rect, buf: &mut Buffer, style: &dyn Fn(Look) -> Style) {
        self.render(Shape::Popup, screen, buf, style);
    }

    /// As rows at the bottom of an area, without a query: that is typed in the composer below.
    pub fn render_attached(&self, area: Rect, buf: &mut Buffer, style: &dyn Fn(Look) -> Style) {
        self.render(Shape::Attached, area, buf, style);
    }

    fn render(&self, shape: Shape, area: Rect, buf: &mut Buffer, style: &dyn Fn(Look) -> Style) {
        let places = self.places(shape, area.intersection(buf.area));
        if places.outer.is_empty() {
            return;
        }
        let brush = Brush::new(style, Role::Popup);
        cells::part_area(buf, places.outer);
        Clear.render(places.outer, buf);
        buf.set_style(places.outer, brush.ground);
        if shape == Shape::Popup {
            let border = brush.ink(Role::PopupBorder);
            let mut title = vec![Span::styled("─", border)];
            if !self.title.is_empty() {
                title.push(Span::styled(format!(" {} ", self.title), brush.ink(Role::PopupTitle)));
            }
            Block::bordered()
                .border_type(BorderType::Rounded)
                .style(brush.ground)
                .border_style(border)
                .title(text::Line::from(title))
                .render(places.outer, buf);
            self.paint_query(places.query, buf, brush);
        }
        self.paint_list(places.list, buf, brush);
        self.paint_preview(places.preview, buf, brush);
    }

    fn paint_query(&self, area: Rect, buf: &mut Buffer, brush: Brush) {
        let mut line = glyphs(PROMPT, brush.ink(Role::Accent));
        line.extend(glyphs(&self.query, brush.ink(Role::Input)));
        let room = usize::from(area.width).saturating_sub(1);
        let used = put(buf, area, &cut(line, room, Target::Path));
        let count = match (self.total, self.loading) {
            (0, true) => String::new(),
            (total, more) => format!(" {}/{total}{}", self.matched, if more { "…" } else { "" }),
        };
        if used + count.width() < usize::from(area.width) {
            put_right(buf, area, &glyphs(&count, brush.ink(Role::Dim)));
        }
    }

    fn paint_list(&self, area: Rect, buf: &mut Buffer, brush: Brush) {
        let lines = self.lines();
        if lines.is_empty() {
            let text = if self.loading { "looking…" } else { &self.empty_text };
            let text = glyphs(&format!("  {text}"), brush.ink(Role::Dim));
            put(buf, area, &cut(text, area.width.into(), Target::Plain));
            return;
        }
        let first = self.first(&lines, area.height);
        let seen = &lines[first..lines.len().min(first + usize::from(area.height))];
        let label_width = self.label_width(seen, area.width);
        for (y, line) in (area.y..area.bottom()).zip(seen) {
            let row = Rect { y, height: 1, ..area };
            match line {
                Line::Group(name) => {
                    let name = glyphs(name, brush.ink(Look::new(Role::Dim).with(Modifier::BOLD)));
                    put(buf, row, &cut(name, row.width.into(), Target::Plain));
                }
                Line::Item(place) => self.paint_item(*place, row, label_width, buf, brush),
            }
        }
    }

    /// How wide labels are, so that what stands behind them is aligned.
    fn label_width(&self, seen: &[Line], width: u16) -> usize {
        let items: Vec<&Item<T>> = seen
            .iter()
            .filter_map(|line| match line {
                Line::Item(place) => self.item(*place),
                Line::Group(_) => None,
            })
            .collect();
        let width = usize::from(width).saturating_sub(PROMPT.width());
        if items.iter().all(|item| item.detail_text().is_empty()) {
            return width;
        }
        items
            .iter()
            .map(|item| item.pieces().iter().map(Piece::width).sum())
            .max()
            .unwrap_or(0)
            .min(width / 2)
    }

    fn paint_item(&self, place: usize, row: Rect, label_width: usize, buf: &mut Buffer, brush: Brush) {
        let (Some(item), Some(shown)) = (self.item(place), self.shown.get(place)) else { return };
        let chosen = place == self.chosen;
        let brush = if chosen { brush.on(Role::Selected) } else { brush };
        let ink = |look: Look| if chosen { brush.ground } else { brush.ink(look) };
        let fuzzy = brush.ink(Role::Fuzzy);
        buf.set_style(row, brush.ground);

        let mark = if chosen { PROMPT } else { "  " };
        put(buf, row, &glyphs(mark, brush.ink(Role::Accent)));
        let (row, hint) = (inset(row, PROMPT.width()), item.hint_text());
        let mut room = usize::from(row.width);
        if !hint.is_empty() && hint.width() + 2 < room {
            room -= hint.width() + 2;
            put_right(buf, row, &glyphs(hint, ink(Role::Dim.into())));
        }

        let pieces = item.pieces();
        let text: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
        let mut label: Vec<_> =
            pieces.iter().flat_map(|piece| glyphs(&piece.text, ink(piece.look))).collect();
        highlight(&mut label, &item.letters_in(&text, &shown.letters), fuzzy);
        let label_width = label_width.min(room);
        put(buf, row, &cut(label, label_width, self.target));

        let behind = label_width + 2;
        if !item.detail_text().is_empty() && behind < room {
            let detail = item.detail_text();
            let mut text = glyphs(detail, ink(Role::Dim.into()));
            highlight(&mut text, &item.letters_in(detail, &shown.letters), fuzzy);
            put(buf, inset(row, behind), &cut(text, room - behind, Target::Plain));
        }
    }

    fn paint_preview(&self, area: Rect, buf: &mut Buffer, brush: Brush) {
        if area.is_empty() {
            return;
        }
        for y in area.y..area.bottom() {
            buf.set_string(area.x - 1, y, "│", brush.ink(Role::Faint));
        }
        for (y, row) in (area.y..area.bottom()).zip(&self.preview) {
            let pieces =
                row.pieces.iter().flat_map(|piece| glyphs(&flat(&piece.text), brush.ink(piece.look)));
            let line = Rect { y, height: 1, ..area };
            put(buf, line, &cut(pieces.collect(), area.width.into(), Target::Plain));
        }
    }

    fn item(&self, place: usize) -> Option<&Item<T>> {
        self.items.get(self.shown.get(place)?.index)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use ratatui::layout::Position;
    use ratatui::style::Color;

    use super::super::PickerAct;
    use super::super::tests::picker;
    use super::*;
    use crate::tui::look::Row;

    fn style(look: Look) -> Style {
        match look.role {
            Role::Fuzzy => Style::new().fg(Color::Red),
            Role::Selected => Style::new().bg(Color::Blue),
            _ => Style::new(),
        }
    }

    pub fn area(width: usize, height: usize) -> Rect {
        Rect::new(2, 1, u16::try_from(width).unwrap(), u16::try_from(height).unwrap())
    }

    /// Paints, and holds that nothing is painted outside of what the picker says it covers.
    pub fn paint_within<T>(picker: &Picker<T>, shape: Shape, area: Rect) -> Buffer {
        let mut buf = Buffer::empty(Rect::new(0, 0, area.right() + 2, area.bottom() + 2));
        let covered = picker.places(shape, area).outer;
        assert_eq!(covered, covered.intersection(area), "{covered:?} is not within {area:?}");
        picker.render(shape, area, &mut buf, &style);
        for position in buf.area.positions() {
            assert!(covered.contains(position) || buf[position].symbol() == " ", "painted at {position}");
        }
        if shape == Shape::Popup
            && let Some(cursor) = picker.cursor_popup(area)
        {
            assert!(covered.contains(cursor));
        }
        buf
    }

    fn rows(buf: &Buffer, area: Rect) -> Vec<String> {
        let mut rows = Vec::new();
        for y in area.rows() {
            let mut row = String::new();
            let mut skip = 0;
            for cell in y.columns().map(|at| &buf[(at.x, at.y)]) {
                if skip == 0 {
                    row.push_str(cell.symbol());
                    skip = cell.symbol().width();
                }
                skip = skip.saturating_sub(1);
            }
            rows.push(row.trim_end().to_owned());
        }
        rows
    }

    fn painted<T>(picker: &Picker<T>, shape: Shape, width: usize, height: usize) -> String {
        let area = area(width, height);
        let buf = paint_within(picker, shape, area);
        rows(&buf, picker.places(shape, area).outer).join("\n")
    }

    fn commands() -> Picker<usize> {
        let mut picker = Picker::new("Commands");
        let item = |name: &str, detail: &str, hint: &str, group: &str| {
            let label = vec![Piece::new(format!("/{name}"), Role::Text)];
            Item::new(name, 0).shown_as(label).detail(detail).hint(hint).group(group)
        };
        picker.set_items(vec![
            item("branch", "a tab from an earlier turn", "ctrl-b", "tabs"),
            item("close", "close the tab", "", "tabs"),
            item("model", "choose who answers", "alt-m", "agent"),
        ]);
        picker
    }

    #[test]
    fn an_attached_list_has_groups_details_and_hints() {
        insta::assert_snapshot!(painted(&commands(), Shape::Attached, 40, 20), @r"
        tabs
        › /branch  a tab from an earlie…  ctrl-b
          /close   close the tab
        agent
          /model   choose who answers      alt-m
        ");
    }

    #[test]
    fn a_popup_has_a_border_a_query_and_counts() {
        let mut picker = commands();
        picker.set_query("o");
        insta::assert_snapshot!(painted(&picker, Shape::Popup, 60, 20), @r"
        ╭─ Commands ───────────────────────────────────────────────╮
        │› o                                                    2/3│
        │› /close  close the tab                                   │
        │  /model  choose who answers                         alt-m│
        │                                                          │
        │                                                          │
        │                                                          │
        ╰──────────────────────────────────────────────────────────╯
        ");
    }

    #[test]
    fn a_popup_works_on_a_small_screen() {
        let keys: Vec<String> =
            (0..20).map(|number| format!("session number {number} of many 漢字")).collect();
        let mut picker = picker(&keys.iter().map(String::as_str).collect::<Vec<_>>());
        picker.act(PickerAct::PageDown);
        insta::assert_snapshot!(painted(&picker, Shape::Popup, 40, 10), @r"
        ╭─ Title 漢 ───────────────────────────╮
        │›                                20/20│
        │  session number 8 of many 漢字       │
        │  session number 9 of many 漢字       │
        │› session number 10 of many 漢字      │
        │  session number 11 of many 漢字      │
        ╰──────────────────────────────────────╯
        ");
    }

    #[test]
    fn nothing_found_and_still_looking_are_told() {
        let mut picker = picker(&["a"]);
        picker.set_query("zzz");
        picker.set_empty("no such command");
        assert_eq!(painted(&picker, Shape::Attached, 30, 5), "  no such command");
        picker.set_loading(true);
        assert_eq!(painted(&picker, Shape::Attached, 30, 5), "  looking…");
    }

    #[test]
    fn a_long_path_loses_its_start() {
        let mut picker = Picker::filtered_elsewhere("", Target::Path);
        picker.set_found(vec![(Item::new("src/tui/composer/history.rs", ()), vec![0, 17])], 1, 1);
        assert_eq!(painted(&picker, Shape::Attached, 20, 5), "› …mposer/history.rs");
    }

    #[test]
    fn matched_letters_and_the_chosen_row_are_seen() {
        let mut picker = commands();
        picker.set_query("mo");
        let area = area(12, 5);
        let buf = paint_within(&picker, Shape::Attached, area);
        let row = picker.places(Shape::Attached, area).outer;
        assert_eq!((row.y, row.height), (area.bottom() - 1, 1));
        let seen = |hit: &dyn Fn(&ratatui::buffer::Cell) -> bool| -> String {
            row.columns().map(|at| if hit(&buf[(at.x, at.y)]) { '#' } else { '.' }).collect()
        };
        assert_eq!(seen(&|cell| cell.fg == Color::Red), "...##.......");
        assert_eq!(seen(&|cell| cell.bg == Color::Blue), "############");
    }

    #[test]
    fn a_preview_is_shown_where_there_is_room() {
        let mut picker = picker(&["one", "two"]);
        picker.set_preview(vec![Row::of("first line", Role::Text), Row::of("second 漢字 line", Role::Dim)]);
        insta::assert_snapshot!(painted(&picker, Shape::Popup, 110, 20), @r"
        ╭─ Title 漢 ────────────────────────────────────────────────────────────────╮
        │›                                                                       2/2│
        │› one                                │first line                           │
        │  two                                │second 漢字 line                     │
        ╰───────────────────────────────────────────────────────────────────────────╯
        ");
        assert!(!painted(&picker, Shape::Popup, 60, 20).contains("first"));
    }

    #[test]
    fn a_click_chooses_the_row_under_the_mouse() {
        let mut picker = commands();
        let area = area(40, 20);
        let top = picker.places(Shape::Attached, area).outer.y;
        assert!(picker.click_attached(area, Position::new(10, top + 4)));
        assert_eq!(picker.chosen().map(Item::label), Some("model"));
        assert!(!picker.click_attached(area, Position::new(10, top)));
        assert!(!picker.click_attached(area, Position::new(10, 0)));
        assert_eq!(picker.chosen().map(Item::label), Some("model"));
    }
}
