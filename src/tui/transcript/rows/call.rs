//! Tool calls and the user's own commands: a line each, and behind it what they said and changed.

use similar::{ChangeTag, TextDiff};

use super::{CLOSED_OUTPUT, INDENT, OPEN, bar, blank, more, one_row, output};
use crate::tui::look::{Piece, Role, Row};
use crate::tui::transcript::cell::{Call, CallState, Detail, Fold, ShellRun};
use crate::tui::transcript::tail::Tail;
use crate::tui::wrap::{clean, fit};

/// Rows of a running tool's output.
const RUNNING: usize = 4;

pub(super) fn call(call: &Call, width: usize, fold: Fold) -> Vec<Row> {
    let (mark, role) = match call.state {
        CallState::Running => ("●", Role::Working),
        CallState::Good => ("✓", Role::Good),
        CallState::Bad => ("✗", Role::Bad),
    };
    if let Some(child) = &call.child {
        let state = match call.state {
            CallState::Running => Role::Working,
            CallState::Good => Role::Dim,
            CallState::Bad => Role::Bad,
        };
        let left = [
            Piece::new(call.name.as_str(), Role::Tool),
            blank(1),
            Piece::new(clean(&call.about), Role::Text),
        ];
        let mut rows = vec![one_row((mark, role), &left, &[Piece::new(clean(child), state)], width)];
        if fold == Fold::Open {
            rows.extend(detail(&call.detail, width));
            rows.extend(tail(&call.output, OPEN, width));
        }
        return rows;
    }
    // A summary often begins with what the call is about.
    let rest = call.summary.strip_prefix(&call.about).unwrap_or(&call.summary);
    let (about, rest) = match call.state {
        CallState::Good if !call.summary.is_empty() => (call.summary.as_str(), ""),
        CallState::Bad => (call.about.as_str(), rest.trim_start()),
        CallState::Good | CallState::Running => (call.about.as_str(), ""),
    };
    let mut left =
        vec![Piece::new(call.name.as_str(), Role::Tool), blank(1), Piece::new(clean(about), Role::Text)];
    if !rest.is_empty() {
        left.push(Piece::new(format!("  {}", clean(rest)), Role::Bad));
    }
    let mut rows = vec![one_row((mark, role), &left, &[], width)];
    match (call.state, fold) {
        (_, Fold::Open) => {
            rows.extend(detail(&call.detail, width));
            rows.extend(tail(&call.output, OPEN, width));
        }
        (CallState::Running, Fold::Closed) => rows.extend(tail(&call.output, RUNNING, width)),
        (_, Fold::Closed) => {}
    }
    rows
}

pub(super) fn shell(run: &ShellRun, width: usize, fold: Fold) -> Vec<Row> {
    let (role, end) = match &run.end {
        None => (Role::Working, vec![Piece::new("running", Role::Working)]),
        Some(end) => {
            let role = if end.is_good { Role::Good } else { Role::Bad };
            (role, vec![Piece::new(clean(&end.text), if end.is_good { Role::Dim } else { Role::Bad })])
        }
    };
    let mut left = vec![Piece::new(clean(&run.command), Role::Strong)];
    if run.is_private {
        left.push(Piece::new("  kept from the model", Role::Dim));
    }
    let mut rows = vec![one_row(("!", role), &left, &end, width)];
    rows.extend(tail(&run.output, if fold == Fold::Open { OPEN } else { CLOSED_OUTPUT }, width));
    rows
}

fn tail(tail: &Tail, shown: usize, width: usize) -> Vec<Row> {
    let (before, lines) = tail.last(shown);
    let mut rows = Vec::new();
    if before > 0 {
        rows.push(more(format!("… {before} lines before")));
    }
    rows.extend(output(lines, width, Role::ToolOutput));
    rows
}

fn detail(detail: &Detail, width: usize) -> Vec<Row> {
    match detail {
        Detail::Nothing => Vec::new(),
        Detail::Command(text) | Detail::Input(text) => output(text.lines().take(OPEN), width, Role::Code),
        Detail::Change { old, new, .. } => change(old, new, width),
    }
}

/// The lines that a change takes away and puts in their place.
fn change(old: &str, new: &str, width: usize) -> Vec<Row> {
    let diff = TextDiff::from_lines(old, new);
    let room = width.saturating_sub(INDENT + 4);
    let mut rows = Vec::new();
    for change in diff.iter_all_changes() {
        if rows.len() == OPEN {
            rows.push(more("…".to_owned()));
            break;
        }
        let (sign, role) = match change.tag() {
            ChangeTag::Delete => ("-", Role::Removed),
            ChangeTag::Insert => ("+", Role::Added),
            ChangeTag::Equal => (" ", Role::Context),
        };
        let text = fit(&clean(change.value().trim_end_matches(['\n', '\r'])), room).into_owned();
        let pieces = vec![bar(), Piece::new(format!("{sign} "), role), Piece::new(text, role)];
        rows.push(Row { pieces, decoration: 2, ..Row::default() });
    }
    rows
}
