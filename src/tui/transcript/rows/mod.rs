//! How each kind of cell looks, as rows of a given width. Marks stand in the first column, words from
//! the third on, so that the eye can run down either.

mod call;
mod line;
mod said;

use super::cell::{Fold, Kind};
use crate::tui::look::{Piece, Role, Row};
use crate::tui::wrap::{Hanging, columns, fit, wrap};
use crate::tui::{markdown, wrap as lines};

/// Rows of a prompt that are shown closed.
pub const CLOSED_PROMPT: usize = 12;
/// Rows of a command's output that are shown closed.
pub const CLOSED_OUTPUT: usize = 8;
/// Rows of anything that are shown opened; the rest is counted.
const OPEN: usize = 200;
/// Columns that words are set in from the left.
const INDENT: usize = 2;

/// The rows of a cell; at least one.
pub fn rows(kind: &Kind, width: usize, fold: Fold) -> Vec<Row> {
    let rows = match kind {
        Kind::Prompt(text) => said::prompt(text, width, fold),
        Kind::Steer(text) => said::steer(text, width),
        Kind::Answer(answer) => said::answer(answer, width),
        Kind::Thinking(text) => said::thinking(text, width, fold),
        Kind::Summary(text) => said::summary(text, width, fold),
        Kind::Call(one) => call::call(one, width, fold),
        Kind::Shell(run) => call::shell(run, width, fold),
        Kind::Commit(commit) => line::commit(commit, width),
        Kind::Route(route) => line::route(route, width),
        Kind::Approval(approval) => line::approval(approval, width),
        Kind::Verify(verify) => line::verify(verify, width),
        Kind::Notice(text) => marked("·", Role::Notice, text, Role::Notice, width),
        Kind::Failure { message, hint } => line::failure(message, hint.as_deref(), width),
        Kind::End { text, is_good } => line::end(text, *is_good, width),
    };
    if rows.is_empty() { vec![Row::default()] } else { rows }
}

/// Whether a blank row belongs between two cells.
pub fn wants_gap(before: &Kind, next: &Kind) -> bool {
    use Kind as K;
    match (before, next) {
        (K::Answer(above), K::Answer(below)) => markdown::wants_gap(&above.block, &below.block),
        // What an agent does in one go stands together.
        (
            K::Call(_) | K::Commit(_) | K::Approval(_) | K::Notice(_) | K::Thinking(_) | K::Verify(_),
            K::Call(_) | K::Commit(_) | K::Approval(_) | K::Notice(_) | K::Thinking(_) | K::Verify(_),
        )
        | (K::Route(_), K::Route(_) | K::Notice(_) | K::Thinking(_) | K::Call(_))
        | (K::Notice(_), K::Route(_) | K::Failure { .. })
        | (K::Failure { .. }, K::End { .. }) => false,
        _ => true,
    }
}

/// A mark, and words behind it that wrap under themselves.
fn marked(mark: &str, mark_role: Role, text: &str, role: Role, width: usize) -> Vec<Row> {
    let mut all = Vec::new();
    let mut hanging = mark_before(mark, mark_role);
    for line in text.lines() {
        all.extend(wrap(&[Piece::new(lines::clean(line), role)], width, &hanging));
        hanging = indent();
    }
    all
}

fn mark_before(mark: &str, role: Role) -> Hanging {
    let blanks = INDENT.saturating_sub(columns(mark));
    let mark = Piece::new(format!("{mark}{}", " ".repeat(blanks)), role);
    Hanging { first: vec![mark], decoration: 1, rest: vec![blank(INDENT)] }
}

fn indent() -> Hanging {
    Hanging::bar(vec![blank(INDENT)])
}

fn blank(count: usize) -> Piece {
    Piece::new(" ".repeat(count), Role::Text)
}

/// One row: a mark, words that are cut where they don't fit, and something at the right end.
fn one_row(mark: (&str, Role), left: &[Piece], right: &[Piece], width: usize) -> Row {
    let blanks = INDENT.saturating_sub(columns(mark.0));
    let mut pieces = vec![Piece::new(format!("{}{}", mark.0, " ".repeat(blanks)), mark.1)];
    let tail: usize = lines::pieces_columns(right);
    let room = width.saturating_sub(INDENT);
    // Where both don't fit, what is at the right gives way.
    let (room, right) =
        if tail + 8 > room { (room, &[][..]) } else { (room - tail - usize::from(tail > 0) * 2, right) };
    pieces.extend(lines::fit_pieces(left, room));
    if !right.is_empty() {
        pieces.push(blank(2));
        pieces.extend(right.iter().cloned());
    }
    Row { pieces, decoration: 1, ..Row::default() }
}

/// Lines of output behind a bar, cut at the right edge.
fn output<'a>(lines_of: impl Iterator<Item = &'a str>, width: usize, role: Role) -> Vec<Row> {
    let room = width.saturating_sub(INDENT + 2);
    lines_of
        .map(|line| {
            let text = fit(&lines::clean(line), room).into_owned();
            Row { pieces: vec![bar(), Piece::new(text, role)], decoration: 1, ..Row::default() }
        })
        .collect()
}

fn bar() -> Piece {
    Piece::new("  │ ", Role::Faint)
}

fn more(text: String) -> Row {
    Row { pieces: vec![bar(), Piece::new(text, Role::Dim)], decoration: 2, ..Row::default() }
}
