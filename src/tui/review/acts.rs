//! What a reader can do in a review. Keys and commands are bound to these elsewhere.

use super::choice::Scope;
use super::comments::{Comment, CommentId, Target};
use super::geometry::Panes;
use super::model::Side;
use super::slots::Slot;
use super::state::{Focus, Layout, Review};

/// One thing that the reader does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    Up,
    Down,
    HalfPageUp,
    HalfPageDown,
    PageUp,
    PageDown,
    Top,
    Bottom,
    /// Long lines are cut; these show what lies beside.
    ScrollLeft,
    ScrollRight,
    ScrollHome,
    NextHunk,
    PreviousHunk,
    NextFile,
    PreviousFile,
    NextComment,
    PreviousComment,
    /// The obvious thing to do with the row under the cursor: fold a file, unfold lines, enter a file of
    /// the list.
    Open,
    /// Folds or unfolds the file under the cursor.
    FoldFile,
    FoldAll,
    /// Shows more unchanged lines around the cursor.
    Expand,
    /// Shows all unchanged lines of the file, or folds them again.
    ExpandFile,
    /// Side by side, or one below the other.
    ToggleLayout,
    SetLayout(Layout),
    /// To the file of this path, if it is one of those that differ.
    ShowFile(String),
    /// Shows or hides the list of files.
    ToggleFiles,
    FocusFiles,
    FocusDiff,
    /// An empty text ends the search.
    Search(String),
    SearchNext,
    SearchPrevious,
    /// Begins a selection of lines at the cursor, or ends it.
    Select,
    /// Ends the selection; without one, the search.
    Cancel,
    /// On the selected lines, on the line under the cursor, or on the file whose header it is.
    Comment(String),
    /// Without text, the comment goes.
    EditComment(CommentId, String),
    DropComment(CommentId),
    /// To where a comment stands.
    ShowComment(CommentId),
    /// Says that a part is good, or that it is open again.
    Accept(Scope),
}

/// Columns that a long line moves at once.
const SIDESTEP: usize = 8;

/// Unchanged lines that are shown at once.
const MORE_LINES: usize = 20;

impl Review {
    pub fn act(&mut self, act: Act) {
        let page = isize::try_from(self.height().saturating_sub(2).max(1)).unwrap_or(1);
        let on_files = self.focus == Focus::Files;
        match act {
            Act::Up if on_files => self.go_to_file(self.current_file().saturating_sub(1)),
            Act::Down if on_files => self.go_to_file((self.current_file() + 1).min(self.last_file())),
            Act::Top if on_files => self.go_to_file(0),
            Act::Bottom if on_files => self.go_to_file(self.last_file()),
            Act::Open if on_files => self.set_focus(Focus::Diff),
            Act::Up => self.step(-1),
            Act::Down => self.step(1),
            Act::HalfPageUp => self.turn(-(page / 2).max(1)),
            Act::HalfPageDown => self.turn((page / 2).max(1)),
            Act::PageUp => self.turn(-page),
            Act::PageDown => self.turn(page),
            Act::Top => self.step(isize::MIN),
            Act::Bottom => self.step(isize::MAX),
            Act::ScrollLeft => self.left = self.left.saturating_sub(SIDESTEP),
            Act::ScrollRight => self.left = self.left.saturating_add(SIDESTEP).min(super::shown::LONGEST),
            Act::ScrollHome => self.left = 0,
            Act::NextHunk => self.next_hunk(true),
            Act::PreviousHunk => self.next_hunk(false),
            Act::NextFile => self.next_file(true),
            Act::PreviousFile => self.next_file(false),
            Act::NextComment => self.next_comment(true),
            Act::PreviousComment => self.next_comment(false),
            Act::Open => self.open(),
            Act::FoldFile => self.fold_file(),
            Act::FoldAll => self.fold_all(),
            Act::Expand => self.expand(MORE_LINES),
            Act::ExpandFile => self.expand_file(),
            Act::ToggleLayout => {
                let layout = if self.is_side_by_side() { Layout::Unified } else { Layout::SideBySide };
                self.rearrange(|review| review.layout = layout);
            }
            Act::SetLayout(layout) => self.rearrange(|review| review.layout = layout),
            Act::ShowFile(path) => {
                if let Some(file) = self.entries.iter().position(|entry| entry.file.path == path) {
                    self.go_to_file(file);
                }
            }
            Act::ToggleFiles => self.toggle_files(),
            Act::FocusFiles => self.set_focus(Focus::Files),
            Act::FocusDiff => self.set_focus(Focus::Diff),
            Act::Search(text) => self.start_search(&text),
            Act::SearchNext => self.go_to_hit(super::search::Way::Next),
            Act::SearchPrevious => self.go_to_hit(super::search::Way::Previous),
            Act::Select => {
                self.selecting = if self.selecting.is_some() { None } else { Some(self.cursor) };
            }
            Act::Cancel => {
                if self.selecting.take().is_none() {
                    self.search = None;
                }
            }
            Act::Comment(text) => self.add_comment(&text),
            Act::EditComment(id, text) if text.trim().is_empty() => self.drop_comment(id),
            Act::EditComment(id, text) => self.rearrange(|review| {
                if let Some(comment) = review.comments.iter_mut().find(|comment| comment.id == id) {
                    text.trim().clone_into(&mut comment.text);
                }
            }),
            Act::DropComment(id) => self.drop_comment(id),
            Act::ShowComment(id) => self.show_comment(id),
            Act::Accept(scope) => self.accept(scope),
        }
    }

    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }

    /// The comment under the cursor, or one on the line under it.
    pub fn comment_here(&self) -> Option<&Comment> {
        let (file, slot) = self.slot(self.cursor)?;
        let here = |comment: &&Comment| match (slot, comment.target) {
            (Slot::Comment { id, .. }, _) => comment.id == *id,
            (Slot::Header, Target::File) => comment.file == file,
            (_, Target::Lines { side, last, .. }) => comment.file == file && slot.line(side) == Some(last),
            _ => false,
        };
        self.comments.iter().find(here)
    }

    /// What a comment would be about now: the path, and the lines counted from 1.
    pub fn comment_place(&self) -> Option<String> {
        let (file, target) = self.target()?;
        let path = &self.entries.get(file)?.file.path;
        Some(match target {
            Target::File => path.clone(),
            Target::Lines { side, .. } => {
                let old = if side == Side::Old { " (old)" } else { "" };
                format!("{path}:{}{old}", target.lines())
            }
        })
    }

    /// The lines that are selected, or the one under the cursor, as they stand in the file.
    pub fn copied(&self) -> Option<String> {
        let (file, target) = self.target()?;
        let text = self.entries.get(file)?.file.text();
        match (target, text) {
            (Target::Lines { side, first, last }, Some(text)) => {
                let lines = if side == Side::Old { &text.old } else { &text.new };
                Some((first..=last).map(|line| lines.get(line)).collect::<Vec<_>>().join("\n"))
            }
            _ => Some(self.entries.get(file)?.file.path.clone()),
        }
    }

    /// The file under the cursor and the line in its new state that is nearest, counted from 1: where an
    /// editor should open it.
    pub fn at(&self) -> Option<(&str, usize)> {
        let (file, slot) = self.slot(self.cursor)?;
        let entry = &self.entries[file];
        let from = self.cursor - entry.start;
        let new = match slot {
            Slot::Hidden { new, .. } => Some(*new),
            Slot::Judged { new, .. } => Some(new.start),
            Slot::Comment { .. } => entry.slots[..from].iter().rev().find_map(|slot| slot.line(Side::New)),
            _ => entry.slots[from..].iter().find_map(|slot| match slot {
                Slot::Hidden { new, .. } => Some(*new),
                _ => slot.line(Side::New),
            }),
        };
        let last = || entry.file.text().map_or(0, |text| text.new.len().saturating_sub(1));
        Some((&entry.file.path, new.unwrap_or_else(last) + 1))
    }

    fn last_file(&self) -> usize {
        self.entries.len().saturating_sub(1)
    }

    /// By a page or a part of one: screen and cursor together.
    fn turn(&mut self, rows: isize) {
        let height = self.height();
        self.top = self.top.saturating_add_signed(rows).min(self.total().saturating_sub(height));
        self.step(rows);
    }

    pub(super) fn set_focus(&mut self, focus: Focus) {
        if self.focus != focus {
            self.rearrange(|review| review.focus = focus);
        }
    }

    fn toggle_files(&mut self) {
        if Panes::is_wide(self.area) {
            self.rearrange(|review| {
                review.list_shown = !review.list_shown;
                if !review.list_shown {
                    review.focus = Focus::Diff;
                }
            });
        } else {
            self.set_focus(if self.focus == Focus::Files { Focus::Diff } else { Focus::Files });
        }
    }

    fn open(&mut self) {
        match self.slot(self.cursor) {
            Some((_, Slot::Hidden { .. })) => self.expand(MORE_LINES),
            Some((_, Slot::Header)) => self.fold_file(),
            Some((file, Slot::Judged { block, .. })) => {
                let block = *block;
                self.rearrange(|review| {
                    let opened = &mut review.entries[file].opened;
                    if !opened.remove(&block) {
                        opened.insert(block);
                    }
                });
            }
            _ => {}
        }
    }

    fn fold_file(&mut self) {
        let file = self.current_file();
        if file < self.entries.len() {
            self.rearrange(|review| review.entries[file].folded ^= true);
        }
    }

    /// Folds all files while one is open.
    fn fold_all(&mut self) {
        let fold = self.entries.iter().any(|entry| !entry.folded);
        self.rearrange(|review| {
            for entry in &mut review.entries {
                entry.folded = fold;
            }
        });
    }

    fn target(&self) -> Option<(usize, Target)> {
        let file = self.current_file();
        let entry = self.entries.get(file)?;
        let rows = if self.selecting.is_some() { self.selected() } else { self.cursor..self.cursor + 1 };
        let slots = entry.slots.get(rows.start - entry.start..rows.end - entry.start)?;
        let lines = |side: Side| {
            let first = slots.iter().find_map(|slot| slot.line(side))?;
            let last = slots.iter().rev().find_map(|slot| slot.line(side))?;
            Some(Target::Lines { side, first, last })
        };
        // What was added or stayed is there to be worked on; what is gone is spoken of only alone.
        let target = lines(Side::New).or_else(|| lines(Side::Old));
        let beside = || match slots {
            [Slot::Comment { id, .. }] => {
                self.comments.iter().find(|comment| comment.id == *id).map(|comment| comment.target)
            }
            [Slot::Hidden { .. } | Slot::Judged { .. }] => None,
            _ => Some(Target::File),
        };
        Some((file, target.or_else(beside)?))
    }

    fn add_comment(&mut self, text: &str) {
        let text = text.trim();
        let Some((file, target)) = self.target() else { return };
        if text.is_empty() {
            return;
        }
        let comment = Comment { id: CommentId(self.next_comment), file, target, text: text.to_owned() };
        self.next_comment += 1;
        self.rearrange(|review| {
            review.comments.push(comment);
            review.selecting = None;
        });
        self.selecting = None;
    }

    fn show_comment(&mut self, id: CommentId) {
        let Some(comment) = self.comments.iter().find(|comment| comment.id == id) else { return };
        let (file, target) = (comment.file, comment.target);
        if let Target::Lines { side, last, .. } = target {
            self.reveal(file, side, last);
        }
        let Some(entry) = self.entries.get(file) else { return };
        let shows = |slot: &Slot| matches!(slot, Slot::Comment { id: here, .. } if *here == id);
        let row = entry.start + entry.slots.iter().position(shows).unwrap_or(0);
        self.go_to(row);
    }

    fn drop_comment(&mut self, id: CommentId) {
        // The cursor should not go with the comment that it stands on.
        while matches!(self.slot(self.cursor), Some((_, Slot::Comment { id: here, .. })) if *here == id) {
            self.cursor -= 1;
        }
        self.rearrange(|review| review.comments.retain(|comment| comment.id != id));
    }
}
