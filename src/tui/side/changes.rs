//! What the branch of the tab changes, and what would conflict.

use super::{Line, Target, dim, heading, plain};
use crate::tui::app::App;
use crate::tui::look::{Piece, Role, Row};
use crate::tui::radar;
use crate::tui::wrap::{clean, columns, fit, fit_end, pieces_columns};
use crate::workbench::words::count;

/// Files that are shown; the rest is counted.
const FILES: usize = 12;
/// Conflicts that are shown.
const CLASHES: usize = 4;

pub(super) fn changes(app: &App, width: usize, lines: &mut Vec<Line>) {
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
        let room = width.saturating_sub(pieces_columns(&counts) + 3);
        // The end of a path tells most.
        let shown = fit_end(&clean(&path), room).into_owned();
        let gap = room.saturating_sub(columns(&shown)) + 1;
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
    for line in radar::lines(app, tab).into_iter().take(CLASHES) {
        lines.push(plain(vec![Piece::new(fit(&clean(&line), width), Role::Warn)]));
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
