//! Cells of the screen and the wide characters in them, which take two.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::wrap::columns;

/// Where something is to be painted from this cell on, a wide character that would be cut in half goes.
pub fn part(buffer: &mut Buffer, x: u16, y: u16) {
    let Some(before) = x.checked_sub(1).filter(|before| *before >= buffer.area.x) else { return };
    if let Some(cell) = buffer.cell_mut((before, y))
        && cell.symbol().len() > 1
        && columns(cell.symbol()) > 1
    {
        cell.set_symbol(" ");
    }
}

/// The same at the left edge of an area.
pub fn part_area(buffer: &mut Buffer, area: Rect) {
    for y in area.y..area.bottom() {
        part(buffer, area.x, y);
    }
}
