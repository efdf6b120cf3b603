//! Paints a review. It changes nothing, and looks only at the rows that are on the screen.

mod code;
mod list;
mod pen;
mod rows;
mod scope;
mod title;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::geometry::Panes;
use super::state::{Focus, Review};
use crate::tui::look::{Look, Role};
use pen::Pen;
use rows::Rows;

/// Paints the review into the area that it was fitted to; `style` is what the theme says of a look.
pub fn render(review: &Review, area: Rect, buf: &mut Buffer, style: &dyn Fn(Look) -> Style) {
    let panes = Panes::of(area, review.list_shown, review.focus == Focus::Files);
    let mut pen = Pen::new(buf, area, style);
    let screen = pen.on_screen(Role::Text);
    pen.fill(area, screen);
    title::paint(review, panes.title, &mut pen);
    list::paint(review, panes, &mut pen);
    if review.entries.is_empty() {
        let line = Rect { y: panes.diff.y + panes.diff.height / 3, height: 1, ..panes.diff };
        let room = Rect { x: line.x + 2, width: line.width.saturating_sub(2), ..line };
        let dim = pen.on_screen(Role::Dim);
        pen.text(room, "Nothing changed.", dim);
        return;
    }
    Rows::new(review, panes.diff).paint(&mut pen);
}
