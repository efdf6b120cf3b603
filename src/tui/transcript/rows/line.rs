//! What is told in a line: commits, routes, approvals, checks, failures, ends of turns.

use super::{INDENT, blank, marked, one_row};
use crate::agent::{ApprovalState, VerifyState};
use crate::tui::look::{Piece, Role, Row};
use crate::tui::side::line_counts;
use crate::tui::transcript::cell::{Approval, Commit, Counts, Route, Verify};
use crate::tui::wrap::{clean, fit};
use crate::workbench::words::count;

/// Letters of a hash that are shown.
const HASH: usize = 8;

pub(super) fn commit(commit: &Commit, width: usize) -> Vec<Row> {
    let hash = commit.hash.get(..HASH).unwrap_or(&commit.hash);
    let mut left =
        vec![Piece::new(hash, Role::Commit), blank(1), Piece::new(clean(&commit.subject), Role::Text)];
    if commit.step.is_none() {
        left.push(Piece::new("  by you", Role::Dim));
    }
    let right = commit.counts.map(counts).unwrap_or_default();
    vec![one_row(("◆", Role::Commit), &left, &right, width)]
}

/// `2 files +12 −3`
pub(super) fn counts(counts: Counts) -> Vec<Piece> {
    let mut pieces = vec![Piece::new(format!("{} ", count(counts.files, "file")), Role::Dim)];
    pieces.extend(line_counts(counts.insertions, counts.deletions));
    pieces
}

pub(super) fn route(route: &Route, width: usize) -> Vec<Row> {
    let (mark, role) = if route.is_fallback { ("↷", Role::Warn) } else { ("→", Role::Dim) };
    let left = [
        Piece::new(clean(&route.who), if route.is_fallback { Role::Warn } else { Role::Text }),
        Piece::new(format!("  {}", clean(&route.why)), Role::Dim),
    ];
    vec![one_row((mark, role), &left, &[], width)]
}

pub(super) fn approval(approval: &Approval, width: usize) -> Vec<Row> {
    let (mark, role, word) = match approval.state {
        ApprovalState::Pending => ("?", Role::Waiting, "asks"),
        ApprovalState::Allowed => ("✓", Role::Good, "allowed"),
        ApprovalState::Denied => ("✗", Role::Bad, "denied"),
    };
    let left = [
        Piece::new(word, role),
        Piece::new(format!(" {}", clean(&approval.about)), Role::Text),
        Piece::new(format!("  because it {}", clean(&approval.reason)), Role::Dim),
    ];
    vec![one_row((mark, role), &left, &[], width)]
}

pub(super) fn verify(verify: &Verify, width: usize) -> Vec<Row> {
    let (mark, role, word) = match verify.state {
        VerifyState::Passed => ("✓", Role::Good, "verified"),
        VerifyState::Failed => ("✗", Role::Bad, "verification failed"),
        VerifyState::NotRun => ("○", Role::Warn, "not verified"),
    };
    let exit = match verify.exit {
        Some(code) if code != 0 => format!("  exit code {code}"),
        _ => String::new(),
    };
    let left = [
        Piece::new(word, role),
        Piece::new(format!("  {}", clean(&verify.command)), Role::Text),
        Piece::new(exit, Role::Dim),
    ];
    vec![one_row((mark, role), &left, &[], width)]
}

pub(super) fn failure(message: &str, hint: Option<&str>, width: usize) -> Vec<Row> {
    let mut rows = marked("✗", Role::Bad, message, Role::Bad, width);
    if let Some(hint) = hint {
        rows.extend(marked(" ", Role::Dim, hint, Role::Dim, width));
    }
    rows
}

pub(super) fn end(text: &str, is_good: bool, width: usize) -> Vec<Row> {
    let text = fit(&clean(text), width.saturating_sub(INDENT)).into_owned();
    let role = if is_good { Role::Dim } else { Role::Bad };
    let mark = if is_good { "  " } else { "■ " };
    vec![Row {
        pieces: vec![Piece::new(mark, role), Piece::new(text, role)],
        decoration: 1,
        ..Row::default()
    }]
}
