//! What lies over the screen.

use std::time::Instant;

use ratatui::layout::{Position, Rect};

use super::paint::Painter;
use super::status;
use crate::tui::app::App;
use crate::tui::app::asks::Asks;
use crate::tui::app::layer::{Layer, Line, LineKind, ListKind, Question, ReviewLayer, Text};
use crate::tui::dialog;
use crate::tui::look::{Look, Piece, Role, Row};
use crate::tui::review;
use crate::tui::wrap::{Hanging, clean, columns, wrap};
use crate::workbench::TabId;

/// Columns that a question has at most.
const QUESTION: u16 = 64;
/// Columns that a text to be read has at most.
const READING: u16 = 110;
/// Rows that a comment being written has at most.
const WRITING: u16 = 8;
/// Columns of a box with what an agent asks.
const ASKING: u16 = 90;

pub(super) fn review(painter: &mut Painter, app: &App, layer: &ReviewLayer, screen: Rect) {
    let footer = Rect { y: screen.bottom() - 1, height: 1, ..screen };
    let area = review_area(screen);
    let theme = painter.theme;
    review::render(&layer.review, area, painter.buffer, &|look: Look| theme.whole(look));
    status::paint(painter, app, footer);
}

/// Where the review lies: everywhere but in the last line.
pub fn review_area(screen: Rect) -> Rect {
    Rect { height: screen.height.saturating_sub(1), ..screen }
}

pub(super) fn paint(painter: &mut Painter, app: &App, layer: &Layer, screen: Rect) {
    let theme = painter.theme;
    match layer {
        Layer::Review(_) => {}
        Layer::Comparison(number) => super::compare::paint(painter, app, *number, screen),
        Layer::List(list) => {
            list.picker.render_popup(screen, painter.buffer, &|look: Look| theme.style(look));
            // What passes is read first.
            if app.toast.is_none() {
                footer(painter, screen, hints(&list.kind));
            }
        }
        Layer::Text(text) => read(painter, text, screen, "Esc closes"),
        Layer::Land(landing) => read(painter, &landing.text, screen, &landing.keys()),
        Layer::Question(one) => question(painter, one, screen),
        Layer::Line(line) => write(painter, line, screen),
        Layer::Asked { tab, scroll } => asked(painter, app, *tab, *scroll, screen),
    }
}

pub(super) fn cursor(layer: &Layer, screen: Rect) -> Option<Position> {
    match layer {
        Layer::List(list) => list.picker.cursor_popup(screen),
        Layer::Line(line) => {
            let before: String = line.text.chars().take(line.cursor).collect();
            let row = before.matches('\n').count();
            let before = before.rsplit('\n').next().unwrap_or_default();
            let start = columns(label(line)) + 2;
            let x = u16::try_from(start + columns(before)).unwrap_or(u16::MAX);
            let area = line_area(line, screen);
            let y = u16::try_from(row.saturating_sub(hidden_rows(line, area))).unwrap_or_default();
            Some(Position::new((area.x + x).min(area.right().saturating_sub(1)), area.y + y))
        }
        _ => None,
    }
}

/// Which other key a list has.
fn hints(kind: &ListKind) -> &'static str {
    match kind {
        ListKind::Log => "Enter opens the session or shows the step · Tab branches off here",
        ListKind::Turns(_) => "Enter takes it · Tab branches off instead",
        ListKind::Queue => "Enter takes it back to edit · Tab drops it",
        ListKind::Agents => "Enter goes there",
        ListKind::Commands => "Enter runs it · Tab writes it",
        ListKind::Candidates(_) => {
            "space marks · → again (differs by chance, no seed is set) · ← less · Enter goes on"
        }
        ListKind::Files(_) => {
            "space marks a file · Enter takes the marked ones into a new branch (none: for hunks)"
        }
        ListKind::Hits => "Enter opens the session · Tab branches off there",
        _ => "",
    }
}

pub(super) fn footer(painter: &mut Painter, screen: Rect, text: &str) {
    if !text.is_empty() {
        let area = Rect { y: screen.bottom() - 1, height: 1, ..screen };
        painter.fill(area, Role::Bar);
        painter.text(area.x + 1, area.y, area.width.saturating_sub(1), text, Role::BarDim);
    }
}

fn read(painter: &mut Painter, text: &Text, screen: Rect, keys: &str) {
    let area = text_area(screen);
    frame(painter, area, (&text.title, Role::PopupTitle));
    let inner = inside(area);
    let Some((_, rows)) = &text.rows else { return };
    let top = text.scroll.min(rows.len().saturating_sub(usize::from(inner.height)));
    painter.rows(inner, &rows[top..]);
    let shown = top + usize::from(inner.height);
    let note = if rows.len() > usize::from(inner.height) {
        format!(" {}/{} · {keys} ", shown.min(rows.len()), rows.len())
    } else {
        format!(" {keys} ")
    };
    note_below(painter, area, &note);
}

/// Where a text to be read lies.
pub fn text_area(screen: Rect) -> Rect {
    let width = box_width(screen, READING);
    // The bar of tabs above stays in sight, and the prompt below.
    let is_high = screen.height > 16;
    let height = screen.height.saturating_sub(if is_high { 4 } else { 0 });
    Rect { y: screen.y + u16::from(is_high), ..centred(screen, width, height) }
}

/// The columns in which it is wrapped.
pub fn text_columns(screen: Rect) -> usize {
    usize::from(inside(text_area(screen)).width)
}

/// The rows of it that are seen at once.
pub fn text_rows(screen: Rect) -> usize {
    usize::from(inside(text_area(screen)).height)
}

/// What a tab asks, as much of it as there is room for.
fn asked(painter: &mut Painter, app: &App, id: TabId, scroll: usize, screen: Rect) {
    let Some(tab) = app.tabs.iter().find(|tab| tab.id == id) else { return };
    let Some(asks) = tab.asks() else { return };
    let rows = asked_of(asks, app.clock.now, screen);
    let shown = rows.len().min(asked_room(screen));
    let top = scroll.min(rows.len() - shown);
    let what = match asks {
        Asks::Call(_) => "asks",
        Asks::Stuck(_) => "is stuck",
    };
    let title = format!("{} {what}", clean(&tab.title));
    let [long, short] = dialog::keys(asks);
    let keys = if screen.width < 70 { short } else { long };
    let keys = keys.iter().map(|(key, does)| format!("{key} {does} · ")).collect::<String>();
    let mut keys = format!("{keys}Esc later");
    if shown < rows.len() {
        keys = format!("{}/{} · {keys}", top + shown, rows.len());
    }
    let width = box_width(screen, ASKING);
    boxed(painter, screen, width, (&title, Role::Waiting), &rows[top..top + shown], &keys);
}

fn asked_of(asks: Asks, now: Instant, screen: Rect) -> Vec<Row> {
    dialog::asked(asks, now, usize::from(box_width(screen, ASKING)).saturating_sub(4))
}

/// The rows of it that are seen at once.
fn asked_room(screen: Rect) -> usize {
    usize::from(screen.height.saturating_sub(if screen.height > 16 { 6 } else { 2 }))
}

/// Whoever reads it needs to go no farther.
pub fn last_scroll(asks: Asks, now: Instant, screen: Rect) -> usize {
    asked_of(asks, now, screen).len().saturating_sub(asked_room(screen))
}

fn question(painter: &mut Painter, question: &Question, screen: Rect) {
    let width = box_width(screen, QUESTION);
    let lines = question_lines(question, screen);
    let room = question_room(screen).min(lines.len());
    let top = question.scroll.min(lines.len() - room);
    let mut rows = lines[top..top + room].to_vec();
    rows.push(Row::default());
    let button = |text: &str, is_chosen: bool| {
        Piece::new(format!("  {text}  "), if is_chosen { Role::Selected } else { Role::Dim })
    };
    rows.push(Row::new(vec![
        button(&question.yes, question.chooses_yes),
        Piece::new("  ", Role::Popup),
        button(&question.no, !question.chooses_yes),
    ]));
    let mut keys = "y · n · Tab · Enter · Esc".to_owned();
    if room < lines.len() {
        keys = format!("{}/{} · ↓ reads on · {keys}", top + room, lines.len());
    }
    boxed(painter, screen, width, (&question.title, Role::PopupTitle), &rows, &keys);
}

fn question_lines(question: &Question, screen: Rect) -> Vec<Row> {
    let room = usize::from(box_width(screen, QUESTION)).saturating_sub(4);
    question.lines.iter().flat_map(|line| wrap(line, room, &Hanging::default())).collect()
}

/// The rows of a question that are seen at once, above its answers.
fn question_room(screen: Rect) -> usize {
    asked_room(screen).saturating_sub(2).max(1)
}

/// Whoever reads a question needs to go no farther.
pub fn last_line(question: &Question, screen: Rect) -> usize {
    question_lines(question, screen).len().saturating_sub(question_room(screen))
}

fn boxed(painter: &mut Painter, screen: Rect, width: u16, title: (&str, Role), rows: &[Row], keys: &str) {
    let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(2).min(screen.height);
    let area = centred(screen, width, height);
    frame(painter, area, title);
    let inner = inside(area);
    // Where not all fits, the last rows say what can be answered.
    let skipped = rows.len().saturating_sub(usize::from(inner.height));
    painter.rows(inner, &rows[skipped..]);
    note_below(painter, area, &format!(" {keys} "));
}

pub(super) fn frame(painter: &mut Painter, area: Rect, title: (&str, Role)) {
    painter.fill(area, Role::Popup);
    let across = "─".repeat(usize::from(area.width.saturating_sub(2)));
    let last = area.bottom().saturating_sub(1);
    painter.text(area.x, area.y, area.width, &format!("╭{across}╮"), Role::PopupBorder);
    painter.text(area.x, last, area.width, &format!("╰{across}╯"), Role::PopupBorder);
    for y in area.y + 1..last {
        painter.text(area.x, y, 1, "│", Role::PopupBorder);
        painter.text(area.right() - 1, y, 1, "│", Role::PopupBorder);
    }
    let room = area.width.saturating_sub(4);
    painter.text(area.x + 2, area.y, room, &format!(" {} ", title.0), title.1);
}

fn note_below(painter: &mut Painter, area: Rect, note: &str) {
    let width = u16::try_from(columns(note)).unwrap_or(u16::MAX);
    if width + 4 <= area.width {
        painter.text(area.right() - 2 - width, area.bottom() - 1, width, note, Role::Dim);
    }
}

fn write(painter: &mut Painter, line: &Line, screen: Rect) {
    let area = line_area(line, screen);
    painter.fill(area, Role::Popup);
    let x = painter.text(area.x + 1, area.y, area.width - 1, label(line), Role::PopupTitle);
    let room = area.right().saturating_sub(x + 1);
    let rows = line.text.split('\n').skip(hidden_rows(line, area));
    for (y, row) in (area.y..area.bottom()).zip(rows) {
        // The end of what is written stays in sight.
        let shown = crate::tui::wrap::fit_end(row, usize::from(room)).into_owned();
        painter.text(x + 1, y, room, &shown, Role::Input);
    }
    let hint = "Enter keeps it · Ctrl-J new line · Ctrl-G editor";
    if line.kind == LineKind::Comment && line.text.is_empty() && columns(hint) + 2 < usize::from(room) {
        painter.text(x + 2, area.y, room - 2, hint, Role::Dim);
    }
}

/// Rows at the top of what is written that have no room; the cursor's row has some.
fn hidden_rows(line: &Line, area: Rect) -> usize {
    let before = line.text.chars().take(line.cursor).filter(|c| *c == '\n').count();
    (before + 1).saturating_sub(usize::from(area.height))
}

fn label(line: &Line) -> &'static str {
    match line.kind {
        LineKind::Find | LineKind::FindInReview => "search:",
        LineKind::Comment => "comment:",
        LineKind::CompareAll => "prompt for all:",
        LineKind::CompareMore => "ask them:",
    }
}

/// A line is written at the bottom, over the status; several lines grow from there.
fn line_area(line: &Line, screen: Rect) -> Rect {
    let rows = line.text.matches('\n').count() + 1;
    let height = u16::try_from(rows).unwrap_or(u16::MAX).min(WRITING).min(screen.height);
    Rect { y: screen.bottom().saturating_sub(height), height, ..screen }
}

pub(super) fn inside(area: Rect) -> Rect {
    Rect {
        x: area.x + 2,
        y: area.y + 1,
        width: area.width.saturating_sub(4),
        height: area.height.saturating_sub(2),
    }
}

/// A box that would leave but a few columns at its sides takes those too: letters that peep out there
/// would only be noise.
pub(super) fn box_width(screen: Rect, wanted: u16) -> u16 {
    if screen.width < wanted + 12 { screen.width } else { wanted }
}

pub(super) fn centred(screen: Rect, width: u16, height: u16) -> Rect {
    Rect {
        x: screen.x + (screen.width - width) / 2,
        y: screen.y + (screen.height - height) / 2,
        width,
        height,
    }
}
