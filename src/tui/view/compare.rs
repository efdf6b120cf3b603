//! The table of a comparison, over the screen.

use ratatui::layout::Rect;

use super::layers::{box_width, centred, footer, frame, inside};
use super::paint::Painter;
use crate::agent::VerifyState;
use crate::tui::app::App;
use crate::tui::app::compare::Comparison;
use crate::tui::look::{Look, Piece, Role};
use crate::tui::wrap::{clean, columns, fit, pad};
use crate::workbench::compare::{Column, Fate, Row, State, cell};
use crate::workbench::words::dollars;

/// Columns that the table takes at most.
const WIDEST: u16 = 116;
/// Columns that a name has at least; others are left out before that.
const NAME: usize = 14;
/// What is left out first where there is no room.
const LEAST: [Column; 5] = [Column::Steps, Column::Tokens, Column::Time, Column::Check, Column::Cost];
/// Before the name: the cursor, the mark, the letter.
const HEAD: usize = 5;

pub(super) fn paint(painter: &mut Painter, app: &App, number: u32, screen: Rect) {
    let Some(comparison) = app.comparison(number) else { return };
    let width = box_width(screen, WIDEST);
    let rows = u16::try_from(comparison.rows.len()).unwrap_or_default();
    let height = (rows + 6).min(screen.height.saturating_sub(1));
    let area = centred(Rect { height: screen.height.saturating_sub(1), ..screen }, width, height);
    let title = format!("Comparison {number}: {}", first_line(&comparison.prompt));
    let title = fit(&title, usize::from(width).saturating_sub(6)).into_owned();
    frame(painter, area, (&title, Role::PopupTitle));
    let inner = inside(area);
    let room = usize::from(inner.width);
    let lines = lines(app, comparison, room, usize::from(inner.height));
    for (y, line) in (inner.y..inner.bottom()).zip(lines) {
        if line.is_cursor {
            painter.fill(Rect::new(inner.x, y, inner.width, 1), Role::Selected);
        }
        painter.pieces(inner.x, y, inner.width, &line.pieces);
    }
    // What passes is read first.
    if app.toast.is_none() {
        footer(painter, screen, &keys(app));
    }
}

struct Line {
    pieces: Vec<Piece>,
    is_cursor: bool,
}

fn lines(app: &App, comparison: &Comparison, room: usize, height: usize) -> Vec<Line> {
    let plain = |pieces| Line { pieces, is_cursor: false };
    let time = comparison.time(app.clock.now);
    let widths = widths(comparison, time, room);
    let mut lines = vec![plain(head(comparison, &widths))];
    // Everything but the rows takes so many lines.
    let shown = height.saturating_sub(4).max(1);
    let at = comparison.order.iter().position(|place| *place == comparison.cursor).unwrap_or_default();
    let from = (at + 1).saturating_sub(shown);
    for place in comparison.order.iter().skip(from).take(shown) {
        let is_cursor = *place == comparison.cursor;
        lines.push(Line { pieces: row(comparison, *place, is_cursor, &widths, time), is_cursor });
    }
    lines.push(plain(Vec::new()));
    lines.push(plain(about(comparison, room)));
    lines.push(plain(vec![Piece::new(fit(&shared(app, comparison), room), Role::Dim)]));
    lines
}

/// The columns that have room, each with its width, and the blanks between them.
struct Widths {
    columns: Vec<(Column, usize)>,
    gap: usize,
}

/// The name has what the others leave. Where that is little, they stand closer, and then some are left out.
fn widths(comparison: &Comparison, time: std::time::Duration, room: usize) -> Widths {
    let width = |column: Column| {
        let cells = comparison.rows.iter().map(|row| columns(&shown(row, column, time)));
        cells.max().unwrap_or_default().max(columns(&title(comparison, column)))
    };
    let mut all: Vec<(Column, usize)> =
        Column::ALL[1..].iter().map(|column| (*column, width(*column))).collect();
    let left = |all: &[(Column, usize)], gap: usize| {
        room.saturating_sub(HEAD + all.iter().map(|(_, width)| width + gap).sum::<usize>())
    };
    let longest = comparison.rows.iter().map(|row| columns(&clean(&row.name()))).max().unwrap_or_default();
    let gap = if left(&all, 2) >= longest.max(NAME) { 2 } else { 1 };
    for column in LEAST {
        if left(&all, gap) >= NAME {
            break;
        }
        all.retain(|(one, _)| *one != column);
    }
    let name = longest.max(NAME).min(left(&all, gap));
    all.insert(0, (Column::Candidate, name));
    Widths { columns: all, gap }
}

fn title(comparison: &Comparison, column: Column) -> String {
    let mark = if column == comparison.sort { "↓" } else { "" };
    format!("{}{mark}", column.title())
}

/// A cell as it is shown here.
fn shown(row: &Row, column: Column, time: std::time::Duration) -> String {
    let text = clean(&cell(row, column, time)).into_owned();
    match column {
        Column::Changes if row.conflicts > 0 => format!("{text} ⚠"),
        Column::State if row.fate == Fate::Closed => format!("{text} ×"),
        _ => text,
    }
}

fn head(comparison: &Comparison, widths: &Widths) -> Vec<Piece> {
    let mut pieces = vec![Piece::new(" ".repeat(HEAD), Role::Dim)];
    for (column, width) in &widths.columns {
        let role = if *column == comparison.sort { Role::Accent } else { Role::Dim };
        pieces.push(Piece::new(aligned(&title(comparison, *column), *column, *width), role));
        pieces.push(Piece::new(" ".repeat(widths.gap), Role::Dim));
    }
    pieces
}

fn row(
    comparison: &Comparison,
    place: usize,
    is_cursor: bool,
    widths: &Widths,
    time: std::time::Duration,
) -> Vec<Piece> {
    let row = &comparison.rows[place];
    let is_marked = comparison.marked.contains(&place);
    let ink = |role: Role| Look::new(if is_cursor { Role::Selected } else { role });
    let mut pieces = vec![
        Piece::new(if is_cursor { "›" } else { " " }, ink(Role::Accent)),
        Piece::new(if is_marked { "● " } else { "  " }, ink(Role::Accent)),
        Piece::new(format!("{} ", row.letter), ink(Role::Strong)),
    ];
    for (column, width) in &widths.columns {
        let text = aligned(&shown(row, *column, time), *column, *width);
        pieces.push(Piece::new(text, ink(role_of(row, *column))));
        pieces.push(Piece::new(" ".repeat(widths.gap), ink(Role::Text)));
    }
    pieces
}

fn aligned(text: &str, column: Column, width: usize) -> String {
    let text = fit(text, width);
    match column {
        Column::Candidate | Column::State | Column::Check => pad(&text, width),
        _ => format!("{}{text}", " ".repeat(width.saturating_sub(columns(&text)))),
    }
}

fn role_of(row: &Row, column: Column) -> Role {
    match column {
        Column::State => match (row.fate, row.state()) {
            (Fate::Archived | Fate::Closed, _) | (_, State::Waiting) => Role::Dim,
            (_, State::Done) => Role::Good,
            (_, State::Working | State::Opening) => Role::Working,
            (_, State::Asks) => Role::Waiting,
            (_, State::Failed) => Role::Bad,
            (_, State::OverBudget | State::Stopped) => Role::Warn,
        },
        Column::Check => match row.verified {
            Some(VerifyState::Passed) => Role::Good,
            Some(VerifyState::Failed) => Role::Bad,
            Some(VerifyState::NotRun) => Role::Warn,
            None => Role::Dim,
        },
        Column::Changes if row.conflicts > 0 => Role::Warn,
        Column::Candidate | Column::Changes => Role::Text,
        _ => Role::Dim,
    }
}

/// Of the row under the cursor: its branch, and what went wrong.
fn about(comparison: &Comparison, room: usize) -> Vec<Piece> {
    let Some(row) = comparison.rows.get(comparison.cursor) else { return Vec::new() };
    let branch = clean(&row.branch).into_owned();
    let mut pieces = vec![Piece::new(fit(&branch, room), Role::Accent)];
    let left = room.saturating_sub(columns(&branch) + 2);
    let trouble = match (&row.trouble, row.conflicts) {
        (Some(trouble), _) => first_line(trouble),
        (None, 0) => return pieces,
        (None, 1) => "1 file would conflict with your branch".to_owned(),
        (None, files) => format!("{files} files would conflict with your branch"),
    };
    pieces.push(Piece::new(
        format!("  {}", fit(&trouble, left)),
        if row.trouble.is_some() { Role::Bad } else { Role::Warn },
    ));
    pieces
}

/// What holds for all of them.
fn shared(app: &App, comparison: &Comparison) -> String {
    let budget = comparison.tabs.iter().find_map(|tab| app.tabs.iter().find(|one| one.id == *tab));
    let budget = budget.map_or(app.facts.budget, |tab| tab.budget);
    let limit = |usd: f64, of: &str| (usd > 0.0).then(|| format!("{} a {of} each", dollars(Some(usd))));
    let limits: Vec<String> = [limit(budget.turn_usd, "turn"), limit(budget.session_usd, "session")]
        .into_iter()
        .flatten()
        .collect();
    let limits = if limits.is_empty() { "no budget".to_owned() } else { limits.join(", ") };
    format!("{} · {limits}", comparison.ground.told())
}

fn first_line(text: &str) -> String {
    clean(text.lines().next().unwrap_or_default()).into_owned()
}

/// The keys, as they are bound.
fn keys(app: &App) -> String {
    let wanted = [
        ("list-accept", "go"),
        ("compare-mark", "mark"),
        ("compare-diff", "diff"),
        ("compare-sort", "sort"),
        ("compare-keep", "keep"),
        ("compare-take", "take"),
        ("compare-verify", "check"),
        ("compare-stop", "stop"),
        ("compare-ask", "ask"),
    ];
    let context = crate::tui::keys::Context::Compare;
    let bound = wanted.iter().filter_map(|(command, what)| {
        Some(format!("{} {what}", app.keymap.keys_for(context, command).into_iter().next()?))
    });
    bound.collect::<Vec<_>>().join("  ")
}
