//! What the side panel tells, as rows: routing, changes, health, context, usage, the ledger's tail. Some
//! rows stand for something that can be opened.

use std::time::Duration;

use crate::backends::health::HealthState;
use crate::ledger::Entry;
use crate::workbench::state::BackendLine;
use crate::workbench::words::{count, dollars, tokens};

use ratatui::layout::Rect;

use super::app::{App, Focus};
use super::look::{Piece, Role, Row};
use super::words::{duration, percent, sparkline};
use super::wrap::{clean, fit, fit_end};

/// Files, decisions and runs that are shown; the rest is counted.
const FILES: usize = 12;
const DECISIONS: usize = 4;
const RUNS: usize = 5;
/// Bars of a sparkline.
const BARS: usize = 12;

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
    changes(app, width, &mut lines);
    routing(app, width, &mut lines);
    health(app, width, &mut lines);
    context(app, width, &mut lines);
    usage(app, width, &mut lines);
    ledger(app, width, &mut lines);
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

fn changes(app: &App, width: usize, lines: &mut Vec<Line>) {
    let tab = app.tab();
    let Some(changes) = tab.changes.as_ref().filter(|changes| !changes.files.is_empty()) else {
        heading("Changes", "", width, lines);
        lines.push(dim("none yet", width));
        return;
    };
    let note =
        format!("{} +{} −{}", count(changes.files.len(), "file"), changes.insertions, changes.deletions);
    heading("Changes", &note, width, lines);
    for file in changes.files.iter().take(FILES) {
        use crate::git::ChangeKind as K;
        let (letter, role) = match file.kind {
            K::Added => ("A", Role::Good),
            K::Deleted => ("D", Role::Bad),
            K::Modified => ("M", Role::Warn),
            K::Renamed => ("R", Role::Info),
            K::ModeChanged | K::TypeChanged => ("T", Role::Info),
        };
        let counts = if file.binary {
            vec![Piece::new("binary", Role::Dim)]
        } else {
            line_counts(file.insertions, file.deletions)
        };
        let path = file.path.display().to_string();
        let room = width.saturating_sub(super::wrap::pieces_columns(&counts) + 3);
        // The end of a path tells most.
        let shown = fit_end(&clean(&path), room).into_owned();
        let gap = room.saturating_sub(super::wrap::columns(&shown)) + 1;
        let mut pieces = vec![
            Piece::new(format!("{letter} "), role),
            Piece::new(shown, Role::Text),
            Piece::new(" ".repeat(gap), Role::Text),
        ];
        pieces.extend(counts);
        lines.push(Line { row: Row::new(pieces), target: Some(Target::File(path)) });
    }
    if changes.files.len() > FILES {
        lines.push(dim(&format!("and {} more", changes.files.len() - FILES), width));
    }
    for path in tab.conflicts.iter().take(3) {
        let text =
            format!("⚠ conflicts with {}: {path}", app.facts.user_branch.as_deref().unwrap_or("your branch"));
        lines.push(plain(vec![Piece::new(fit(&clean(&text), width), Role::Warn)]));
    }
}

/// `+12 −3`, without what is nothing.
pub fn line_counts(insertions: usize, deletions: usize) -> Vec<Piece> {
    let mut counts = Vec::new();
    if insertions > 0 {
        counts.push(Piece::new(format!("+{insertions}"), Role::Good));
    }
    if deletions > 0 {
        let blank = if insertions > 0 { " " } else { "" };
        counts.push(Piece::new(format!("{blank}−{deletions}"), Role::Bad));
    }
    counts
}

fn routing(app: &App, width: usize, lines: &mut Vec<Line>) {
    heading("Routing", "", width, lines);
    let routes = &app.tab().routes;
    if routes.is_empty() {
        let text = match &app.tab().choice.backend {
            Some(backend) => format!("{backend} was chosen"),
            None => "no turn yet".to_owned(),
        };
        lines.push(dim(&clean(&text), width));
    }
    for one in routes.iter().rev().take(DECISIONS) {
        let decision = &one.routed.decision;
        let mut pieces = vec![
            Piece::new(format!("{} ", one.turn), Role::Dim),
            Piece::new(clean(&decision.backend), if decision.local { Role::Good } else { Role::Info }),
            Piece::new(format!("/{}", clean(&one.routed.model)), Role::Text),
        ];
        if let Some(confidence) = &decision.confidence {
            pieces.push(Piece::new(format!("  {:.2}", confidence.value), Role::Dim));
        }
        let row = Row::new(super::wrap::fit_pieces(&pieces, width));
        lines.push(Line { row, target: Some(Target::Route(one.turn)) });
        lines.push(dim(&format!("  {}", clean(&decision.reason)), width));
        for signal in decision.confidence.iter().flat_map(|confidence| &confidence.signals).take(3) {
            lines.push(dim(&format!("  {} {:.2}", clean(&signal.name), signal.value), width));
        }
        for rejected in decision.rejected.iter().take(3) {
            let text = format!("  not {}: {}", rejected.backend, rejected.reason);
            lines.push(plain(vec![Piece::new(fit(&clean(&text), width), Role::Dim)]));
        }
    }
}

fn health(app: &App, width: usize, lines: &mut Vec<Line>) {
    heading("Health", "", width, lines);
    if app.facts.backends.is_empty() {
        lines.push(dim("no backend is configured", width));
    }
    for backend in &app.facts.backends {
        lines.push(health_line(backend, width));
        if let Some((class, message)) = &backend.last_error
            && backend.state != HealthState::Up
        {
            let text = format!("  {class}: {message}");
            lines.push(plain(vec![Piece::new(fit(&clean(&text), width), Role::Dim)]));
        }
    }
}

fn health_line(backend: &BackendLine, width: usize) -> Line {
    let (mark, role, word) = match backend.state {
        _ if backend.missing.is_some() => ("○", Role::Dim, "not set up".to_owned()),
        HealthState::Up => ("●", Role::Good, String::new()),
        HealthState::Down => ("●", Role::Bad, "down".to_owned()),
        HealthState::Open => ("◐", Role::Warn, format!("again in {} s", backend.retry_in_ms.div_ceil(1000))),
        HealthState::Unconfigured => ("○", Role::Dim, "not set up".to_owned()),
        HealthState::Unknown => ("○", Role::Dim, "not called yet".to_owned()),
    };
    let latest = backend.latencies_ms.last().map(|ms| duration(Duration::from_millis(*ms)));
    let from = backend.latencies_ms.len().saturating_sub(BARS);
    let pieces = vec![
        Piece::new(format!("{mark} "), role),
        Piece::new(clean(&backend.id), Role::Text),
        Piece::new(if word.is_empty() { word } else { format!("  {word}") }, role),
        Piece::new(if latest.is_some() { "  " } else { "" }, Role::Text),
        Piece::new(sparkline(&backend.latencies_ms[from..]), Role::Info),
        Piece::new(latest.map(|time| format!(" {time}")).unwrap_or_default(), Role::Dim),
    ];
    let row = Row::new(super::wrap::fit_pieces(&pieces, width));
    Line { row, target: Some(Target::Backend(backend.id.clone())) }
}

fn context(app: &App, width: usize, lines: &mut Vec<Line>) {
    let Some(context) = &app.tab().context else { return };
    let note = match context.window {
        Some(window) => format!("{} of {}", tokens(context.used), tokens(window)),
        None => format!("{} tokens", tokens(context.used)),
    };
    heading("Context", &note, width, lines);
    if let Some(window) = context.window {
        let share = percent(context.used, window).min(100);
        let full = width * usize::try_from(share).unwrap_or_default() / 100;
        let role = if share >= 80 { Role::Warn } else { Role::Accent };
        let row = Row::new(vec![
            Piece::new("━".repeat(full), role),
            Piece::new("─".repeat(width - full), Role::Faint),
        ]);
        lines.push(Line { row, target: Some(Target::Context) });
    }
    let all: u64 = context.parts.iter().map(|(_, size)| size).sum();
    let mut parts = context.parts.clone();
    parts.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    for (part, size) in parts.iter().take(3) {
        let text = format!("{:<14}{:>4} %", part.name(), percent(*size, all));
        lines.push(dim(&text, width));
    }
}

fn usage(app: &App, width: usize, lines: &mut Vec<Line>) {
    let tab = app.tab();
    let used = &tab.usage;
    if used.output == 0 && app.facts.spent.as_ref().is_none_or(|spent| spent.lines.is_empty()) {
        return;
    }
    heading("Usage", &dollars(tab.cost), width, lines);
    let cached =
        if used.cache_read > 0 { format!(" ({} cached)", tokens(used.cache_read)) } else { String::new() };
    let text = format!(
        "{} in{cached}, {} out",
        tokens(used.input + used.cache_read + used.cache_write),
        tokens(used.output)
    );
    let row = Row::of(fit(&text, width), Role::Text);
    lines.push(Line { row, target: Some(Target::Usage) });
    if let Some(spent) = &app.facts.spent {
        let all = &spent.total;
        lines
            .push(dim(&format!("today {}, {}", dollars(Some(all.cost_usd)), count(all.calls, "run")), width));
    }
}

fn ledger(app: &App, width: usize, lines: &mut Vec<Line>) {
    if app.facts.ledger.is_empty() {
        return;
    }
    heading("Ledger", "", width, lines);
    for (place, entry) in app.facts.ledger.iter().rev().take(RUNS).enumerate() {
        lines.push(Line { row: ledger_row(entry, width), target: Some(Target::Ledger(place)) });
    }
}

fn ledger_row(entry: &Entry, width: usize) -> Row {
    use crate::chat::Outcome;
    let (mark, role) = match entry.outcome {
        Some(Outcome::Ok) => ("✓", Role::Good),
        Some(Outcome::Aborted) => ("■", Role::Warn),
        _ => ("✗", Role::Bad),
    };
    let time = entry.timestamp.get(11..16).unwrap_or_default();
    let class = entry.error_class.map(|class| format!(" {class}")).unwrap_or_default();
    let cost = dollars(entry.cost_usd.and_then(crate::ledger::Cost::usd));
    let took = entry.duration_ms.map(|ms| duration(Duration::from_millis(ms))).unwrap_or_default();
    let pieces = vec![
        Piece::new(format!("{mark} "), role),
        Piece::new(format!("{time} "), Role::Dim),
        Piece::new(clean(entry.backend.as_deref().unwrap_or("?")), Role::Text),
        Piece::new(class, Role::Bad),
        Piece::new(format!("  {took}  {cost}"), Role::Dim),
    ];
    Row::new(super::wrap::fit_pieces(&pieces, width))
}
