//! The list of files: status, name, comments and counts, under their folders.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::pen::Pen;
use crate::tui::look::{Look, Role};
use crate::tui::review::geometry::Panes;
use crate::tui::review::model::{Change, Counts, letter};
use crate::tui::review::prepared::{Content, File};
use crate::tui::review::state::{Entry, Focus, ListRow, Review};
use crate::tui::review::verdicts::Verdict;
use crate::tui::wrap::{clean, fit_end};

pub fn paint(review: &Review, panes: Panes, pen: &mut Pen<'_>) {
    let mut area = panes.list;
    if area.is_empty() {
        return;
    }
    if !panes.diff.is_empty() {
        area.width -= 1;
        let line = if review.focus == Focus::Files { Role::BorderFocus } else { Role::Faint };
        let line = pen.on_screen(line);
        for y in area.y..area.bottom() {
            pen.grapheme((area.right(), y), "│", 1, line);
        }
    }
    let current = review.current_file();
    let rows = || review.list.iter().skip(review.list_top).take(usize::from(area.height));
    let widths = Widths::of(review, rows());
    for (y, row) in (area.y..area.bottom()).zip(rows()) {
        let line = Rect { y, height: 1, ..area };
        match row {
            ListRow::Folder(path) => {
                let room = Rect { x: line.x + 1, width: line.width.saturating_sub(2), ..line };
                let dim = pen.on_screen(Role::Dim);
                pen.text(room, &fit_end(&clean(path), usize::from(room.width)), dim);
            }
            ListRow::File(file) => {
                let comments = review.comments.iter().filter(|comment| comment.file == *file).count();
                let shown = Shown {
                    entry: &review.entries[*file],
                    comments,
                    is_current: *file == current,
                    focused: review.focus == Focus::Files,
                };
                shown.paint(line, widths, pen);
            }
        }
    }
}

/// Columns of the counts, so that they stand below each other.
#[derive(Clone, Copy, Default)]
struct Widths {
    insertions: usize,
    deletions: usize,
}

impl Widths {
    fn of<'a>(review: &Review, rows: impl Iterator<Item = &'a ListRow>) -> Self {
        let mut widths = Self::default();
        for row in rows {
            if let ListRow::File(file) = row {
                let Counts { insertions, deletions } = review.entries[*file].file.counts;
                widths.insertions = widths.insertions.max(signed("+", insertions).chars().count());
                widths.deletions = widths.deletions.max(signed("−", deletions).chars().count());
            }
        }
        widths
    }
}

/// A file in the list.
struct Shown<'a> {
    entry: &'a Entry,
    comments: usize,
    is_current: bool,
    focused: bool,
}

impl Shown<'_> {
    fn paint(&self, line: Rect, widths: Widths, pen: &mut Pen<'_>) {
        let file = &self.entry.file;
        let base = pen.on_screen(if self.is_current { Role::Selected } else { Role::Text });
        pen.fill(line, base);
        if self.is_current {
            let bar = pen.on(base, if self.focused { Role::Accent } else { Role::Faint });
            pen.grapheme((line.x, line.y), "▌", 1, bar);
        }
        let mut room = Rect { x: line.x + 1, width: line.width.saturating_sub(2), ..line };
        let marks = comment_mark(self.comments).into_iter().chain(judged_mark(self.entry));
        for (text, role) in marks.chain(self.counts(widths)).collect::<Vec<_>>().into_iter().rev() {
            // The name matters more than the counts.
            if room.width < 16 {
                break;
            }
            room.width = pen.text_right(room, &text, pen.on(base, role)).saturating_sub(1);
        }
        let look = pen.on(base, letter_look(file.kind));
        let used = pen.text(room, letter(file.kind), look) + 1;
        room = Rect { x: room.x + used, width: room.width.saturating_sub(used), ..room };
        let name = file.path.rsplit_once('/').map_or(file.path.as_str(), |(_, name)| name);
        let style = match (self.entry.folded, self.is_current) {
            (true, _) => pen.on(base, Role::Dim),
            (false, true) => pen.on(base, Look::new(Role::Selected).with(Modifier::BOLD)),
            (false, false) => base,
        };
        pen.text(room, &clean(name), style);
    }

    fn counts(&self, widths: Widths) -> Vec<(String, Role)> {
        let file = &self.entry.file;
        let Counts { insertions, deletions } = file.counts;
        if insertions + deletions == 0 {
            return counts(file);
        }
        let mut parts = vec![(format!("{:>1$}", signed("+", insertions), widths.insertions), Role::Good)];
        if widths.deletions > 0 {
            parts.push((format!("{:>1$}", signed("−", deletions), widths.deletions), Role::Bad));
        }
        parts
    }
}

/// How the letter of a change shows.
pub fn letter_look(kind: Change) -> Look {
    let role = match kind {
        Change::Added => Role::Good,
        Change::Deleted => Role::Bad,
        Change::Modified | Change::ModeChanged => Role::Warn,
        Change::Renamed | Change::TypeChanged => Role::Info,
    };
    Look::new(role).with(Modifier::BOLD)
}

/// The counts of a file, from left to right.
pub fn counts(file: &File) -> Vec<(String, Role)> {
    let signs = [("+", file.counts.insertions, Role::Good), ("−", file.counts.deletions, Role::Bad)];
    let changed = signs.into_iter().filter(|(_, count, _)| *count > 0);
    let mut parts: Vec<_> = changed.map(|(sign, count, role)| (signed(sign, count), role)).collect();
    match file.content {
        Content::Binary { .. } => parts.push(("binary".to_owned(), Role::Dim)),
        Content::TooLarge { .. } => parts.push(("large".to_owned(), Role::Dim)),
        Content::Submodule { .. } => parts.push(("submodule".to_owned(), Role::Dim)),
        Content::Text(_) => {}
    }
    parts
}

/// Nothing for zero.
fn signed(sign: &str, count: usize) -> String {
    if count == 0 { String::new() } else { format!("{sign}{count}") }
}

/// Whether all of a file was judged, and how.
pub fn judged_mark(entry: &Entry) -> Option<(String, Role)> {
    let is_gone = entry.verdicts.iter().all(|verdict| *verdict == Some(Verdict::Reverted));
    let mark = if is_gone { ("↶", Role::Warn) } else { ("✓", Role::Good) };
    entry.is_judged().then(|| (mark.0.to_owned(), mark.1))
}

/// How many comments a file has, when it has any.
pub fn comment_mark(comments: usize) -> Option<(String, Role)> {
    (comments > 0).then(|| (format!("◆{comments}"), Role::Comment))
}
