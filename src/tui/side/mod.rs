//! What the side panel tells, as rows: routing, changes, health, context, usage, the ledger's tail. Some
//! rows stand for something that can be opened.

mod changes;
mod health;
mod ledger;
mod routing;
mod usage;

use ratatui::layout::Rect;

use super::app::{App, Focus};
use super::look::{Piece, Role, Row};
use super::wrap::fit;

pub use changes::line_counts;
pub use health::state;
pub use routing::{confidence, of_signal};

/// What a row stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    File(String),
    /// The turn of a decision.
    Route(u32),
    Backend(String),
    Ledger(usize),
    Context,
    Usage,
}

/// A part of the panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Changes,
    Routing,
    Health,
    Context,
    Usage,
    Ledger,
}

impl Target {
    pub fn section(&self) -> Section {
        match self {
            Self::File(_) => Section::Changes,
            Self::Route(_) => Section::Routing,
            Self::Backend(_) => Section::Health,
            Self::Context => Section::Context,
            Self::Usage => Section::Usage,
            Self::Ledger(_) => Section::Ledger,
        }
    }
}

/// A row, and what it stands for.
pub struct Line {
    pub row: Row,
    pub target: Option<Target>,
}

/// All rows of the panel.
pub fn lines(app: &App, width: u16) -> Vec<Line> {
    let width = usize::from(width);
    let mut lines = Vec::new();
    changes::changes(app, width, &mut lines);
    routing::routing(app, width, &mut lines);
    health::health(app, width, &mut lines);
    usage::context(app, width, &mut lines);
    usage::usage(app, width, &mut lines);
    ledger::ledger(app, width, &mut lines);
    lines
}

/// What can be opened, in the order of the rows.
pub fn targets(app: &App) -> Vec<Target> {
    lines(app, app.panel.columns(app.size.0)).into_iter().filter_map(|line| line.target).collect()
}

/// The panel's rows within its border.
pub fn inner(panel: Rect) -> Rect {
    Rect { x: panel.x + 2, width: panel.width.saturating_sub(3), ..panel }
}

/// The first row that is shown: as it was scrolled, and so that the cursor is seen while it has the keys.
pub fn top(app: &App, panel: Rect) -> usize {
    let lines = lines(app, inner(panel).width);
    let height = usize::from(panel.height);
    let top = app.panel.scroll.min(lines.len().saturating_sub(height));
    match row_of_target(&lines, app.panel.cursor).filter(|_| app.focus() == Focus::Panel) {
        Some(row) => top.clamp((row + 1).saturating_sub(height), row),
        None => top,
    }
}

/// The row of a target, counted among those that can be opened.
pub fn row_of_target(lines: &[Line], target: usize) -> Option<usize> {
    let mut rows = lines.iter().enumerate().filter(|(_, line)| line.target.is_some());
    rows.nth(target).map(|(row, _)| row)
}

/// Which of the targets lies at a row, counted from the first.
pub fn target_at(app: &App, width: u16, row: usize) -> Option<usize> {
    let lines = lines(app, width);
    lines.get(row)?.target.as_ref()?;
    Some(lines[..row].iter().filter(|line| line.target.is_some()).count())
}

fn heading(title: &str, note: &str, width: usize, lines: &mut Vec<Line>) {
    if !lines.is_empty() {
        lines.push(plain(Vec::new()));
    }
    let note = fit(note, width.saturating_sub(title.len() + 2)).into_owned();
    let gap = width.saturating_sub(title.len() + super::wrap::columns(&note));
    lines.push(plain(vec![
        Piece::new(title, Role::Heading),
        Piece::new(" ".repeat(gap), Role::Text),
        Piece::new(note, Role::Dim),
    ]));
}

fn plain(pieces: Vec<Piece>) -> Line {
    Line { row: Row::new(pieces), target: None }
}

fn dim(text: &str, width: usize) -> Line {
    plain(vec![Piece::new(fit(text, width), Role::Dim)])
}
