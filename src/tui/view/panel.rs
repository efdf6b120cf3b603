//! The side panel.

use ratatui::layout::Rect;

use super::paint::Painter;
use crate::tui::app::{App, Focus};
use crate::tui::look::Role;
use crate::tui::side;

pub(super) fn paint(painter: &mut Painter, app: &App, area: Rect) {
    if area.width < 4 || area.height == 0 {
        return;
    }
    let is_focused = app.focus() == Focus::Panel;
    let border = if is_focused { Role::BorderFocus } else { Role::Border };
    for y in area.y..area.bottom() {
        painter.text(area.x, y, 1, "│", border);
    }
    let inner = side::inner(area);
    let lines = side::lines(app, inner.width);
    let at_cursor = side::row_of_target(&lines, app.panel.cursor);
    let top = side::top(app, area);
    for (number, (y, line)) in (area.y..area.bottom()).zip(&lines[top..]).enumerate() {
        painter.row(inner, y, &line.row);
        if is_focused && at_cursor == Some(top + number) {
            painter.restyle(Rect { x: area.x + 1, y, width: area.width - 1, height: 1 }, Role::Selected);
        }
    }
}
