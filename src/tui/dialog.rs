//! What is asked of the user, as lines: an agent's approval, a question.

use super::look::{Piece, Role, Row};
use super::wrap::{Hanging, clean, wrap};
use crate::agent::Approval;
use crate::workbench::words::{count, describe};

/// Rows of what is asked about that are shown above the prompt.
const SHOWN: usize = 8;
/// Lines of it that anybody would read.
const READ: usize = 1_000;

/// What an approval is about, the whole of it, in rows of a width.
pub fn approval(asked: &Approval, width: usize) -> Vec<Row> {
    let none = Hanging::default();
    let mut rows = Vec::new();
    let head = [
        Piece::new(clean(&asked.tool), Role::Strong),
        Piece::new(format!("  because it {}", clean(&asked.reason)), Role::Dim),
    ];
    rows.extend(wrap(&head, width, &none));
    let about = about(asked);
    for line in about.lines().take(READ) {
        rows.extend(wrap(&[Piece::new(clean(line), Role::Code)], width, &none));
    }
    let more = about.lines().count().saturating_sub(READ);
    if more > 0 {
        rows.push(Row::of(format!("… and {}", count(more, "more line")), Role::Warn));
    }
    rows
}

/// Its first rows, and how many there are beyond.
pub fn approval_start(asked: &Approval, width: usize) -> Vec<Row> {
    let mut rows = approval(asked, width);
    if rows.len() > SHOWN {
        let more = rows.len() - SHOWN + 1;
        rows.truncate(SHOWN - 1);
        rows.push(Row::of(format!("… and {}", count(more, "more line")), Role::Warn));
    }
    rows
}

/// Rows that an approval takes above the composer.
pub fn approval_rows(asked: &Approval, width: u16) -> u16 {
    let rows = approval_start(asked, usize::from(width).saturating_sub(4)).len() + 2;
    u16::try_from(rows).unwrap_or(u16::MAX)
}

/// The whole of what it would do: a person must see what they allow.
fn about(asked: &Approval) -> String {
    let text = |key: &str| asked.input.get(key).and_then(serde_json::Value::as_str);
    match text("command").or_else(|| text("patch")) {
        Some(command) => command.to_owned(),
        None => {
            let line = describe(&asked.tool, &asked.input);
            line.strip_prefix(&asked.tool).unwrap_or(&line).trim_start().to_owned()
        }
    }
}
