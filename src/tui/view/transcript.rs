//! The window over the transcript.

use ratatui::layout::Rect;

use super::paint::Painter;
use super::welcome;
use crate::tui::app::{App, Focus};
use crate::tui::look::{Piece, Role, Row};
use crate::tui::places::{MARGIN, Places};
use crate::tui::wrap::{clean, columns, fit};

pub(super) fn paint(painter: &mut Painter, app: &App, places: &Places) {
    let area = places.transcript;
    let transcript = &app.tab().transcript;
    if transcript.is_empty() {
        welcome::paint(painter, app, area);
    }
    let line = Rect { x: area.x + MARGIN, width: places.line(), ..area };
    for (y, (at, row)) in (area.y..area.bottom()).zip(transcript.window()) {
        painter.row(line, y, row);
        let is_here = app.focus() == Focus::Transcript && transcript.cursor() == Some(at);
        if is_here {
            painter.restyle(Rect::new(area.x, y, area.width, 1), Role::Selected);
            painter.text(area.x, y, 1, "▸", Role::Accent);
        }
        let role = if is_here { Role::MatchCurrent } else { Role::Match };
        marks(painter, line, y, row, &transcript.hits(&row.text()), role);
        if let Some((from, to)) = transcript.selected(at) {
            let from = u16::try_from(from).unwrap_or(u16::MAX).min(line.width);
            let end = u16::try_from(row.width().max(1)).unwrap_or(u16::MAX);
            let to = u16::try_from(to).unwrap_or(u16::MAX).min(line.width).min(end);
            painter.restyle(Rect::new(line.x + from, y, to.saturating_sub(from), 1), Role::Selection);
        }
    }
    if !transcript.follows() && area.height > 2 && app.focus() != Focus::Transcript {
        let keys = app.keymap.keys_for(app.context(), "scroll-bottom").into_iter().next().unwrap_or_default();
        let text = format!(" ↓ the end: {keys} ");
        let pieces = [Piece::new(text, Role::BarAccent)];
        painter.right(Rect { width: area.width.saturating_sub(1), ..area }, area.bottom() - 1, &pieces);
    }
    queue(painter, app, places.queue);
}

/// What a search found.
fn marks(painter: &mut Painter, area: Rect, y: u16, row: &Row, hits: &[std::ops::Range<usize>], role: Role) {
    if hits.is_empty() {
        return;
    }
    let text = row.text();
    for hit in hits {
        let column = |byte: usize| u16::try_from(columns(&text[..byte])).unwrap_or(u16::MAX);
        let (from, to) = (column(hit.start).min(area.width), column(hit.end).min(area.width));
        painter.restyle(Rect::new(area.x + from, y, to - from, 1), role);
    }
}

/// The prompts that wait.
fn queue(painter: &mut Painter, app: &App, area: Rect) {
    let waiting = &app.tab().queue;
    for (y, queued) in (area.y..area.bottom()).zip(waiting) {
        let is_last = y + 1 == area.bottom();
        let more = waiting.len() - usize::from(area.height);
        let line = clean(queued.prompt.lines().next().unwrap_or_default());
        let rest = if is_last && more > 0 { format!("  and {more} more") } else { String::new() };
        let room = usize::from(area.width).saturating_sub(4 + columns(&rest));
        let text = format!("{}{rest}", fit(&line, room));
        let pieces = [Piece::new(" ⋯ ", Role::Waiting), Piece::new(text, Role::Dim)];
        painter.pieces(area.x, y, area.width, &pieces);
    }
}
