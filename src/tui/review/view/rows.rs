//! The rows of the diff, from the first on the screen to the last.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::code::{Code, Tint};
use super::list::{comment_mark, counts, judged_mark, letter_look};
use super::pen::Pen;
use super::scope::scope_of;
use crate::tui::look::{Look, Role};
use crate::tui::review::align::{Endings, Text};
use crate::tui::review::geometry::Columns;
use crate::tui::review::lines::Ending;
use crate::tui::review::model::{Side, letter};
use crate::tui::review::notes::mode_names;
use crate::tui::review::prepared::File;
use crate::tui::review::shown::shown;
use crate::tui::review::slots::{PairAt, Slot};
use crate::tui::review::state::{Entry, Focus, Review};
use crate::tui::review::verdicts::Verdict;
use crate::tui::wrap::{clean, columns, fit_end};

pub struct Rows<'a> {
    review: &'a Review,
    area: Rect,
    columns: Columns,
}

/// A line of a side, and what it is there.
#[derive(Clone, Copy)]
struct Line {
    side: Side,
    at: usize,
    kind: Kind,
    pair: Option<PairAt>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Same,
    Removed,
    Added,
}

/// What a row looks like besides what it shows.
#[derive(Clone, Copy)]
struct Stand {
    cursor: bool,
    selected: bool,
}

impl<'a> Rows<'a> {
    pub fn new(review: &'a Review, area: Rect) -> Self {
        Self { review, area, columns: Columns { width: area.width, ..review.columns() } }
    }

    pub fn paint(&self, pen: &mut Pen<'_>) {
        if self.area.is_empty() {
            return;
        }
        let selected = self.review.selected();
        for y in 0..self.area.height {
            let row = self.review.top + usize::from(y);
            let row = if y == 0 { self.review.pinned().unwrap_or(row) } else { row };
            let Some((file, slot)) = self.review.slot(row) else { break };
            let line = Rect { y: self.area.y + y, height: 1, ..self.area };
            let selected = selected.contains(&row) && !matches!(slot, Slot::Comment { .. });
            let stand = Stand { cursor: row == self.review.cursor, selected };
            self.slot(pen, line, file, slot, stand);
            if stand.cursor && self.review.focus == Focus::Diff {
                let under = pen.under(line.x, line.y);
                pen.grapheme((line.x, line.y), "▌", 1, pen.on(under, Role::Accent));
            }
        }
    }

    fn slot(&self, pen: &mut Pen<'_>, line: Rect, file: usize, slot: &Slot, stand: Stand) {
        let entry = &self.review.entries[file];
        let text = entry.file.text();
        match (slot, text) {
            (Slot::Header, _) => self.header(pen, line, file, entry),
            (Slot::Note(note), _) => {
                let style = base(pen, Role::Notice, stand);
                pen.fill(line, style);
                pen.text(indented(line, self.columns.comment_indent()), note, style);
            }
            (Slot::Comment { text, .. }, _) => self.comment(pen, line, text, stand),
            (Slot::Hidden { new, len, .. }, Some(_)) => {
                self.hidden(pen, line, &entry.file, (*new, *len), stand);
            }
            (Slot::Judged { verdict, old, new, .. }, _) => {
                let style = base(pen, Role::Hunk, stand);
                pen.fill(line, style);
                let room = indented(line, self.columns.comment_indent());
                let role = if *verdict == Verdict::Reverted { Role::Warn } else { Role::Good };
                let used = pen.text(room, verdict.said(), pen.on(style, role));
                let counts = format!("−{} +{}", old.len(), new.len());
                pen.text(indented(room, used + 2), &counts, pen.on(style, Role::Dim));
            }
            (Slot::Same { old, new }, Some(text)) => {
                let shows = |side, at| Line { side, at, kind: Kind::Same, pair: None };
                let (old, new) = (shows(Side::Old, *old), shows(Side::New, *new));
                if self.review.is_side_by_side() && !text.is_one_sided() {
                    self.both(pen, line, file, [Some(old), Some(new)], stand);
                } else {
                    self.unified(pen, line, file, [Some(old), Some(new)], stand);
                }
            }
            (Slot::Removed { old, pair }, Some(_)) => {
                let old = Line { side: Side::Old, at: *old, kind: Kind::Removed, pair: Some(*pair) };
                self.unified(pen, line, file, [Some(old), None], stand);
            }
            (Slot::Added { new, pair }, Some(_)) => {
                let new = Line { side: Side::New, at: *new, kind: Kind::Added, pair: Some(*pair) };
                self.unified(pen, line, file, [None, Some(new)], stand);
            }
            (Slot::Both { old, new, pair }, Some(_)) => {
                let shows = |side, kind, at| Line { side, at, kind, pair: Some(*pair) };
                let old = old.map(|at| shows(Side::Old, Kind::Removed, at));
                let new = new.map(|at| shows(Side::New, Kind::Added, at));
                self.both(pen, line, file, [old, new], stand);
            }
            (Slot::Gap, _) | (_, None) => {}
        }
    }

    fn header(&self, pen: &mut Pen<'_>, line: Rect, index: usize, entry: &Entry) {
        let file = &entry.file;
        let base = pen.on_screen(Role::FileHeader);
        pen.fill(line, base);
        let mut room = Rect { x: line.x + 1, width: line.width.saturating_sub(2), ..line };
        let comments = self.review.comments.iter().filter(|comment| comment.file == index).count();
        let modes = file.mode_change().map(|modes| (mode_names(modes), Role::Dim));
        let parts =
            modes.into_iter().chain(comment_mark(comments)).chain(judged_mark(entry)).chain(counts(file));
        for (text, role) in parts.collect::<Vec<_>>().into_iter().rev() {
            if room.width < 24 {
                break;
            }
            room.width = pen.text_right(room, &text, pen.on(base, role)).saturating_sub(1);
        }
        let mut say = |pen: &mut Pen<'_>, text: &str, style: Style| {
            let used = pen.text(room, text, style);
            room = Rect { x: room.x + used, width: room.width - used, ..room };
            usize::from(room.width)
        };
        say(pen, if entry.folded { "▸ " } else { "▾ " }, pen.on(base, Role::Dim));
        say(pen, letter(file.kind), pen.on(base, letter_look(file.kind)));
        let left = say(pen, " ", base);
        let path = clean(&file.path);
        let strong = pen.on(base, Look::new(Role::FileHeader).with(Modifier::BOLD));
        if let Some(old) = &file.old_path {
            let old = clean(old);
            let old_room = left.saturating_sub(3 + columns(&path)).max(left / 3);
            say(pen, &fit_end(&old, old_room), base);
            say(pen, " → ", pen.on(base, Role::Dim));
        }
        let left = say(pen, "", base);
        let path = fit_end(&path, left);
        let (folder, name) =
            path.rsplit_once('/').map_or((0, &*path), |(folder, name)| (folder.len() + 1, name));
        say(pen, &path[..folder], base);
        say(pen, name, strong);
    }

    fn hidden(&self, pen: &mut Pen<'_>, line: Rect, file: &File, (new, len): (usize, usize), stand: Stand) {
        let style = base(pen, Role::Hunk, stand);
        pen.fill(line, style);
        let room = indented(line, self.columns.comment_indent());
        let used = pen.text(room, &format!("⋯ {len} lines"), style);
        let rest = indented(room, used + 2);
        if rest.width > 12
            && let Some(text) = file.text()
            && let Some(scope) = scope_of(&file.path, &text.new, new + len)
        {
            pen.text(rest, &scope, pen.on(style, Role::Dim));
        }
    }

    fn comment(&self, pen: &mut Pen<'_>, line: Rect, text: &str, stand: Stand) {
        let style = base(pen, Role::Comment, stand);
        let screen = base(pen, Role::Text, stand);
        pen.fill(line, screen);
        let room = indented(line, self.columns.comment_indent());
        pen.fill(room, style);
        pen.grapheme((room.x, room.y), "┃", 1, style);
        pen.text(indented(room, 2), text, style);
    }

    fn unified(
        &self,
        pen: &mut Pen<'_>,
        row: Rect,
        file: usize,
        [old, new]: [Option<Line>; 2],
        stand: Stand,
    ) {
        let Some(line) = new.or(old) else { return };
        let base = base(pen, line.kind.line_role(), stand);
        pen.fill(row, base);
        let one_sided = self.review.entries[file].file.text().is_some_and(Text::is_one_sided);
        let columns = if one_sided { self.columns.with_one_number() } else { self.columns };
        let digits = columns.digits;
        let mut x = row.x + 1;
        let numbers: &[Option<Line>] = if columns.numbers > 1 { &[old, new] } else { &[new.or(old)] };
        for number in numbers {
            if let Some(line) = number {
                self.number(pen, Rect { x, width: digits, ..row }, file, *line, (base, stand.cursor));
            }
            x += digits + 1;
        }
        let sign = pen.over(base, line.kind.number_role());
        pen.text(Rect { x, width: 1, ..row }.intersection(row), line.kind.sign(), sign);
        let area = indented(row, columns.unified_text());
        self.code(pen, area, file, line, base);
    }

    fn both(&self, pen: &mut Pen<'_>, row: Rect, file: usize, lines: [Option<Line>; 2], stand: Stand) {
        let right = self.columns.right;
        let screen = base(pen, Role::Text, stand);
        pen.fill(row, screen);
        let halves = [Rect { width: right.saturating_sub(1).min(row.width), ..row }, indented(row, right)];
        for (index, (half, line)) in halves.into_iter().zip(lines).enumerate() {
            let gutter = Rect { x: half.x + u16::from(index == 0), ..half }.intersection(half);
            let Some(line) = line else {
                let faint = pen.on(screen, Role::Faint);
                for x in gutter.x..gutter.right() {
                    pen.grapheme((x, row.y), "╱", 1, faint);
                }
                continue;
            };
            let base = base(pen, line.kind.line_role(), stand);
            pen.fill(half, base);
            let digits = self.columns.digits;
            let number = Rect { width: digits.min(gutter.width), ..gutter };
            self.number(pen, number, file, line, (base, stand.cursor));
            let sign = pen.over(base, line.kind.number_role());
            pen.text(indented(gutter, digits + 1), line.kind.sign(), sign);
            self.code(pen, indented(gutter, self.columns.gutter()), file, line, base);
        }
        let separator = pen.on(screen, Role::Faint);
        pen.grapheme((halves[0].right(), row.y), "│", 1, separator);
    }

    fn number(&self, pen: &mut Pen<'_>, area: Rect, file: usize, line: Line, (base, cursor): (Style, bool)) {
        let style = pen.over(base, line.kind.number_role());
        let style = match self.review.is_commented(file, line.side, line.at) {
            true => pen.on(style, Look::new(Role::Comment).with(Modifier::BOLD)),
            false if cursor => pen.on(style, Look::new(Role::Strong)),
            false => style,
        };
        let text = format!("{:>1$}", line.at + 1, usize::from(area.width));
        pen.text(area, &text, style);
    }

    fn code(&self, pen: &mut Pen<'_>, area: Rect, file: usize, line: Line, base: Style) {
        let entry = &self.review.entries[file];
        let Some(text) = entry.file.text() else { return };
        let lines = if line.side == Side::Old { &text.old } else { &text.new };
        let shown = shown(lines.get(line.at));
        let spans = match (&entry.dress, line.side) {
            (Some(dress), Side::Old) => dress.old.line(line.at),
            (Some(dress), Side::New) => dress.new.line(line.at),
            (None, _) => &[],
        };
        let marks = line.pair.and_then(|pair| pair.of(text)).map(|pair| text.marks(pair));
        let words = match (marks, line.side) {
            (Some(marks), Side::Old) => marks.old.as_slice(),
            (Some(marks), Side::New) => marks.new.as_slice(),
            (None, _) => &[],
        };
        let found = match &self.review.search {
            Some(search) => search.marks(file, line.side, line.at, &shown),
            None => Vec::new(),
        };
        let syntax = line.kind == Kind::Same || pen.is_tinted(line.kind.line_role());
        let word = if line.kind == Kind::Removed { Role::RemovedWord } else { Role::AddedWord };
        let tail = tail(text, lines.ending(line.at));
        let code = Code { text: &shown, spans, words, found: &found, tail };
        code.paint(pen, area, self.review.left, Tint { line: base, word, syntax });
    }
}

/// The look of a whole row.
fn base(pen: &Pen<'_>, role: Role, stand: Stand) -> Style {
    let style = pen.on_screen(role);
    if !stand.selected {
        return style;
    }
    let selection = pen.over(style, Role::Selection);
    if pen.is_tinted(Role::Selection) { Style { fg: style.fg, ..selection } } else { selection }
}

impl Kind {
    fn line_role(self) -> Role {
        match self {
            Self::Same => Role::Context,
            Self::Removed => Role::Removed,
            Self::Added => Role::Added,
        }
    }

    fn number_role(self) -> Role {
        match self {
            Self::Same => Role::LineNumber,
            Self::Removed => Role::RemovedNumber,
            Self::Added => Role::AddedNumber,
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Same => " ",
            Self::Removed => "−",
            Self::Added => "+",
        }
    }
}

/// What is said behind a line whose ending is not that of the file.
fn tail(text: &Text, ending: Ending) -> &'static str {
    match (ending, text.endings) {
        (Ending::Missing, _) => "  no newline at the end",
        (Ending::CrLf, Endings::Kept { usual: Some(Ending::Lf) }) => "␍",
        (Ending::Lf, Endings::Kept { usual: Some(Ending::CrLf) }) => "␊",
        _ => "",
    }
}

fn indented(area: Rect, columns: u16) -> Rect {
    let columns = columns.min(area.width);
    Rect { x: area.x + columns, width: area.width - columns, ..area }
}
