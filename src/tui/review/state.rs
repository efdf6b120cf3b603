//! What the reader sees of a review at the moment: which rows there are, where the cursor stands, what
//! is folded. Acts change it in `acts`, and `view` paints it.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use ratatui::layout::Rect;

use super::comments::{Comment, CommentId, Target};
use super::geometry::{Columns, Panes};
use super::model::{Counts, Side};
use super::prepared::{Dressed, File, Prepared, Spans, Undressed};
use super::remarks::{Remark, Remarks};
use super::search::Search;
use super::slots::{Plan, Slot, lay};
use super::verdicts::Verdict;

/// A diff being read.
#[derive(Debug)]
pub struct Review {
    pub(super) title: String,
    pub(super) entries: Vec<Entry>,
    pub(super) area: Rect,
    pub(super) layout: Layout,
    pub(super) focus: Focus,
    pub(super) list_shown: bool,
    /// Rows of the diff are counted over all files.
    pub(super) cursor: usize,
    /// The first row on the screen.
    pub(super) top: usize,
    /// So many columns of each line lie left of the screen.
    pub(super) left: usize,
    pub(super) list: Vec<ListRow>,
    pub(super) list_top: usize,
    /// Where a selection of lines began; it ends at the cursor.
    pub(super) selecting: Option<usize>,
    pub(super) search: Option<Search>,
    pub(super) comments: Vec<Comment>,
    pub(super) next_comment: usize,
    /// Comments on lines that are not in this review.
    pub(super) elsewhere: Vec<Remark>,
    /// What was said of other states.
    pub(super) kept: Remarks,
    counts: Counts,
    /// Columns of the largest line number.
    digits: u16,
}

/// How the two sides are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// Side by side where there is room.
    #[default]
    Auto,
    SideBySide,
    Unified,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Focus {
    #[default]
    Diff,
    Files,
}

/// A file and how it is shown.
#[derive(Debug)]
pub(super) struct Entry {
    pub file: Arc<File>,
    /// How its lines look, once that was asked for and as far as it is known.
    pub dress: Option<Dress>,
    pub folded: bool,
    /// What is thought of each of its parts.
    pub verdicts: Vec<Option<Verdict>>,
    /// Blocks that were judged and are shown all the same.
    pub opened: BTreeSet<usize>,
    /// Unchanged lines of the new side that were asked for.
    pub revealed: Vec<Range<usize>>,
    pub slots: Vec<Slot>,
    /// Its first row among all rows.
    pub start: usize,
}

/// The looks of both sides' lines.
#[derive(Debug, Default)]
pub(super) struct Dress {
    pub old: Spans,
    pub new: Spans,
}

/// A row of the list of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ListRow {
    Folder(String),
    File(usize),
}

/// A row by what it shows, so that it is found again when rows come and go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Anchor {
    file: usize,
    spot: Spot,
}

#[derive(Debug, Clone, Copy)]
enum Spot {
    Header,
    Line(Side, usize),
    Comment(CommentId, usize),
}

impl Review {
    pub fn new(title: impl Into<String>, prepared: Prepared) -> Self {
        let entry = |file: Arc<File>| Entry {
            verdicts: vec![None; file.parts.len()],
            opened: BTreeSet::new(),
            file,
            dress: None,
            folded: false,
            revealed: Vec::new(),
            slots: Vec::new(),
            start: 0,
        };
        let entries: Vec<Entry> = prepared.files.into_iter().map(entry).collect();
        let mut counts = Counts::default();
        for entry in &entries {
            counts += entry.file.counts;
        }
        let mut review = Self {
            digits: digits(&entries),
            counts,
            title: title.into(),
            list: list_rows(&entries),
            entries,
            area: Rect::new(0, 0, 80, 24),
            layout: Layout::default(),
            focus: Focus::default(),
            list_shown: true,
            cursor: 0,
            top: 0,
            left: 0,
            list_top: 0,
            selecting: None,
            search: None,
            comments: Vec::new(),
            next_comment: 0,
            elsewhere: Vec::new(),
            kept: Remarks::default(),
        };
        review.lay_all();
        review
    }

    /// To be called whenever the screen's size changed, before the review is painted there.
    pub fn fit(&mut self, area: Rect) {
        if self.area != area {
            self.rearrange(|review| review.area = area);
        }
    }

    /// A file whose code should be highlighted next: one that is on the screen, or the one after. Each is
    /// given once, and files that nobody looks at are never given.
    pub fn to_dress(&mut self) -> Option<Undressed> {
        let first = self.file_of(self.top);
        let last = self.file_of(self.top + self.height());
        let mut near = std::iter::once(self.current_file()).chain(first..=last + 1);
        let waits = |index: &usize| self.entries.get(*index).is_some_and(|entry| entry.dress.is_none());
        let index = near.find(waits)?;
        self.entries[index].dress = Some(Dress::default());
        Some(Undressed { index, file: Arc::clone(&self.entries[index].file) })
    }

    /// Takes looks that were made of a file that [`to_dress`](Self::to_dress) gave, in the order in which
    /// they were told.
    pub fn dressed(&mut self, dressed: Dressed) {
        if let Some(Entry { dress: Some(dress), .. }) = self.entries.get_mut(dressed.index) {
            dress.old.append(dressed.old);
            dress.new.append(dressed.new);
        }
    }

    /// As another review is shown.
    pub fn look_like(&mut self, other: &Self) {
        self.rearrange(|review| {
            review.area = other.area;
            review.layout = other.layout;
            review.focus = other.focus;
            review.list_shown = other.list_shown;
        });
    }

    /// To where the reader stood in an earlier review of the same, as near as can be.
    pub fn go_where(&mut self, other: &Self) {
        let Some(entry) = other.entries.get(other.current_file()) else { return };
        let Some(file) = self.entries.iter().position(|one| one.file.path == entry.file.path) else {
            let file = other.current_file().min(self.entries.len().saturating_sub(1));
            return self.go_to_file(file);
        };
        for one in &mut self.entries {
            let before = other.entries.iter().find(|other| other.file.path == one.file.path);
            one.folded |= before.is_some_and(|before| before.folded && !before.is_judged());
        }
        self.rearrange(|_| {});
        let into = other.cursor - entry.start;
        let start = self.entries[file].start;
        self.cursor = start + into.min(self.entries[file].slots.len().saturating_sub(1));
        self.top = self.cursor.saturating_sub(other.cursor.saturating_sub(other.top));
        self.settle();
    }

    pub fn layout(&self) -> Layout {
        self.layout
    }

    pub fn focus(&self) -> Focus {
        self.focus
    }

    pub fn is_selecting(&self) -> bool {
        self.selecting.is_some()
    }

    /// Of all files together.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The file that the cursor is in; 0 when there is none.
    pub(super) fn current_file(&self) -> usize {
        self.file_of(self.cursor)
    }

    pub(super) fn file_of(&self, row: usize) -> usize {
        self.entries.partition_point(|entry| entry.start <= row).saturating_sub(1)
    }

    /// A row of the diff and the file that it belongs to.
    pub(super) fn slot(&self, row: usize) -> Option<(usize, &Slot)> {
        let file = self.file_of(row);
        let entry = self.entries.get(file)?;
        Some((file, entry.slots.get(row - entry.start)?))
    }

    pub(super) fn total(&self) -> usize {
        self.entries.last().map_or(0, |entry| entry.start + entry.slots.len())
    }

    pub(super) fn panes(&self) -> Panes {
        Panes::of(self.area, self.list_shown, self.focus == Focus::Files)
    }

    pub(super) fn columns(&self) -> Columns {
        Columns::of(self.panes().diff.width, self.digits)
    }

    /// Whether files are shown side by side, those aside that have only one side.
    pub fn is_side_by_side(&self) -> bool {
        let columns = self.columns();
        match self.layout {
            Layout::Auto => columns.prefers_sides(),
            Layout::SideBySide => columns.allows_sides(),
            Layout::Unified => false,
        }
    }

    /// The rows that are selected, all in the cursor's file; none without a selection.
    pub(super) fn selected(&self) -> Range<usize> {
        let (Some(from), Some(entry)) = (self.selecting, self.entries.get(self.current_file())) else {
            return 0..0;
        };
        let (first, last) = (from.min(self.cursor), from.max(self.cursor));
        first.max(entry.start)..(last + 1).min(entry.start + entry.slots.len())
    }

    /// Makes a change after which rows may be others, and keeps the cursor where it was.
    pub(super) fn rearrange(&mut self, change: impl FnOnce(&mut Self)) {
        let cursor = self.anchor(self.cursor);
        let selecting = self.selecting.and_then(|row| self.anchor(row));
        let above = self.cursor.saturating_sub(self.top);
        change(self);
        self.lay_all();
        self.cursor = cursor.map_or(0, |anchor| self.row_of(anchor));
        self.selecting = selecting.map(|anchor| self.row_of(anchor));
        self.top = self.cursor.saturating_sub(above);
        self.settle();
    }

    fn anchor(&self, row: usize) -> Option<Anchor> {
        let (file, shown) = self.slot(row)?;
        let spot = match shown {
            Slot::Header | Slot::Note(_) | Slot::Gap => Spot::Header,
            Slot::Hidden { new, .. } => Spot::Line(Side::New, *new),
            Slot::Judged { old, new, .. } if new.is_empty() => Spot::Line(Side::Old, old.start),
            Slot::Judged { new, .. } => Spot::Line(Side::New, new.start),
            Slot::Comment { id, .. } => {
                let slots = &self.entries[file].slots;
                let first = slots.iter().position(|slot| is_comment(slot, *id)).unwrap_or(0);
                Spot::Comment(*id, row - self.entries[file].start - first)
            }
            _ => match (shown.line(Side::New), shown.line(Side::Old)) {
                (Some(line), _) => Spot::Line(Side::New, line),
                (None, Some(line)) => Spot::Line(Side::Old, line),
                (None, None) => Spot::Header,
            },
        };
        Some(Anchor { file, spot })
    }

    /// The row that shows a line, or the fold that it is in, or the header of its file.
    pub(super) fn row_of_line(&self, file: usize, side: Side, line: usize) -> usize {
        self.row_of(Anchor { file, spot: Spot::Line(side, line) })
    }

    fn row_of(&self, anchor: Anchor) -> usize {
        let Some(entry) = self.entries.get(anchor.file) else { return 0 };
        let slots = &entry.slots;
        let found = match anchor.spot {
            Spot::Header => None,
            Spot::Comment(id, row) => {
                let first = slots.iter().position(|slot| is_comment(slot, id));
                let rows = slots.iter().filter(|slot| is_comment(slot, id)).count();
                first.map(|first| first + row.min(rows.saturating_sub(1)))
            }
            Spot::Line(side, line) => slots.iter().position(|slot| match slot {
                Slot::Hidden { old, new, len } => {
                    let first = if side == Side::Old { *old } else { *new };
                    (first..first + len).contains(&line)
                }
                Slot::Judged { old, new, is_open: false, .. } => {
                    if side == Side::Old {
                        old.contains(&line)
                    } else {
                        new.contains(&line)
                    }
                }
                _ => slot.line(side) == Some(line),
            }),
        };
        entry.start + found.unwrap_or(0)
    }

    fn lay_all(&mut self) {
        let side_by_side = self.is_side_by_side();
        let comment_width = self.columns().comment();
        let mut start = 0;
        for (index, entry) in self.entries.iter_mut().enumerate() {
            let comments: Vec<&Comment> =
                self.comments.iter().filter(|comment| comment.file == index).collect();
            let judged: Vec<(usize, Verdict, bool)> = entry.judged().collect();
            let one_sided = entry.file.text().is_none_or(super::align::Text::is_one_sided);
            let plan = Plan {
                folded: entry.folded,
                side_by_side: side_by_side && !one_sided,
                revealed: &entry.revealed,
                comments: &comments,
                comment_width,
                judged: &judged,
            };
            entry.slots = lay(&entry.file, plan);
            entry.start = start;
            start += entry.slots.len();
        }
    }

    /// Whether a line is what a comment of this file is about.
    pub(super) fn is_commented(&self, file: usize, side: Side, line: usize) -> bool {
        self.comments.iter().filter(|comment| comment.file == file).any(|comment| match comment.target {
            Target::File => false,
            Target::Lines { side: on, first, last } => on == side && (first..=last).contains(&line),
        })
    }
}

impl Entry {
    /// Whether each of its parts was judged.
    pub fn is_judged(&self) -> bool {
        self.verdicts.iter().all(Option::is_some)
    }

    pub fn verdict_of(&self, block: usize) -> Option<Verdict> {
        let at = self.file.parts.binary_search_by_key(&Some(block), |part| part.block).ok()?;
        self.verdicts[at]
    }

    /// Blocks that were judged, and whether they are shown.
    fn judged(&self) -> impl Iterator<Item = (usize, Verdict, bool)> {
        self.file.parts.iter().zip(&self.verdicts).filter_map(|(part, verdict)| {
            let block = part.block?;
            Some((block, (*verdict)?, self.opened.contains(&block)))
        })
    }
}

fn is_comment(slot: &Slot, of: CommentId) -> bool {
    matches!(slot, Slot::Comment { id, .. } if *id == of)
}

/// Columns for any line number, so that text begins at the same column in all files.
fn digits(entries: &[Entry]) -> u16 {
    let texts = entries.iter().filter_map(|entry| entry.file.text());
    let most = texts.map(|text| text.old.len().max(text.new.len())).max().unwrap_or(0);
    u16::try_from(most.max(100).ilog10() + 1).unwrap_or(3)
}

/// Each folder once, before the files in it that follow each other.
fn list_rows(entries: &[Entry]) -> Vec<ListRow> {
    let mut rows = Vec::with_capacity(entries.len());
    let mut folder = "";
    for (index, entry) in entries.iter().enumerate() {
        let of = entry.file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if of != folder {
            rows.push(ListRow::Folder(if of.is_empty() { "./".to_owned() } else { format!("{of}/") }));
            folder = of;
        }
        rows.push(ListRow::File(index));
    }
    rows
}
