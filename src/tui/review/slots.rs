//! The rows of one file in the diff, as references into its lines, and the lines that are folded away.
//! Nothing here is painted.

use std::ops::Range;

use super::align::{Block, Text};
use super::comments::{Comment, CommentId, Target};
use super::model::Side;
use super::pairs::Pair;
use super::prepared::{Content, File};
use super::verdicts::Verdict;

/// A row of the diff. Lines are counted from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slot {
    Header,
    /// Something about the file, in words.
    Note(String),
    /// Unchanged lines that are folded away.
    Hidden {
        old: usize,
        new: usize,
        len: usize,
    },
    Same {
        old: usize,
        new: usize,
    },
    Removed {
        old: usize,
        pair: PairAt,
    },
    Added {
        new: usize,
        pair: PairAt,
    },
    /// Both sides of a changed row, side by side.
    Both {
        old: Option<usize>,
        new: Option<usize>,
        pair: PairAt,
    },
    Comment {
        id: CommentId,
        text: String,
    },
    /// Stands for changed lines that were judged, or above them when they are shown all the same.
    Judged {
        verdict: Verdict,
        block: usize,
        old: Range<usize>,
        new: Range<usize>,
        is_open: bool,
    },
    /// Between files.
    Gap,
}

/// Where in a text a pair is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairAt {
    block: usize,
    pair: usize,
}

/// What decides which rows a file has.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    pub folded: bool,
    pub side_by_side: bool,
    /// Unchanged lines that were asked for: ranges of the new side, sorted and apart.
    pub revealed: &'a [Range<usize>],
    /// Those on this file.
    pub comments: &'a [&'a Comment],
    /// What comments are folded to, in columns.
    pub comment_width: usize,
    /// Blocks that were judged, in order, and whether their lines are shown.
    pub judged: &'a [(usize, Verdict, bool)],
}

/// Unchanged lines around a change.
const CONTEXT: usize = 3;

/// Folding away less than this would save nothing.
const LEAST_HIDDEN: usize = 2;

impl Slot {
    /// The line of a side that the row shows.
    pub fn line(&self, side: Side) -> Option<usize> {
        match (self, side) {
            (Self::Same { old, .. } | Self::Removed { old, .. }, Side::Old) => Some(*old),
            (Self::Same { new, .. } | Self::Added { new, .. }, Side::New) => Some(*new),
            (Self::Both { old, .. }, Side::Old) => *old,
            (Self::Both { new, .. }, Side::New) => *new,
            _ => None,
        }
    }

    pub fn is_change(&self) -> bool {
        matches!(self, Self::Removed { .. } | Self::Added { .. } | Self::Both { .. } | Self::Judged { .. })
    }

    pub fn pair(&self) -> Option<PairAt> {
        match self {
            Self::Removed { pair, .. } | Self::Added { pair, .. } | Self::Both { pair, .. } => Some(*pair),
            _ => None,
        }
    }

    /// Which block of changed lines of its text it belongs to.
    pub fn block(&self) -> Option<usize> {
        match self {
            Self::Judged { block, .. } => Some(*block),
            other => other.pair().map(PairAt::block),
        }
    }
}

impl PairAt {
    /// Which block of its text.
    pub fn block(self) -> usize {
        self.block
    }

    /// Which pair of its block.
    pub fn pair(self) -> usize {
        self.pair
    }

    pub fn of(self, text: &Text) -> Option<&Pair> {
        match text.blocks.get(self.block)? {
            Block::Changed { pairs, .. } => pairs.get(self.pair),
            Block::Same { .. } => None,
        }
    }
}

/// All rows of a file.
pub fn lay(file: &File, plan: Plan<'_>) -> Vec<Slot> {
    let mut rows = Rows { plan, slots: vec![Slot::Header] };
    if !plan.folded {
        rows.comments_on(|target| *target == Target::File);
        rows.slots.extend(file.notes().into_iter().map(Slot::Note));
        if let Content::Text(text) = &file.content
            && text.blocks.iter().any(|block| matches!(block, Block::Changed { .. }))
        {
            rows.text(text);
        }
    }
    rows.slots.push(Slot::Gap);
    rows.slots
}

struct Rows<'a> {
    plan: Plan<'a>,
    slots: Vec<Slot>,
}

impl Rows<'_> {
    fn text(&mut self, text: &Text) {
        for (index, block) in text.blocks.iter().enumerate() {
            if let Block::Changed { old, new, .. } = block
                && let Some(verdict) = self.judged(index, old, new)
            {
                let is_open = matches!(verdict, Slot::Judged { is_open: true, .. });
                self.slots.push(verdict);
                if !is_open {
                    continue;
                }
            }
            match block {
                Block::Same { old, new, len } => {
                    let before = if index == 0 { 0 } else { CONTEXT };
                    let after = if index + 1 == text.blocks.len() { 0 } else { CONTEXT };
                    self.same((*old, *new, *len), before, after);
                }
                Block::Changed { pairs, .. } if self.plan.side_by_side => {
                    for (pair, Pair { old, new, .. }) in pairs.iter().enumerate() {
                        let pair = PairAt { block: index, pair };
                        self.line(Slot::Both { old: *old, new: *new, pair });
                    }
                }
                Block::Changed { pairs, .. } => {
                    let at = |pair| PairAt { block: index, pair };
                    let each = || pairs.iter().enumerate();
                    for (pair, old) in each().filter_map(|(pair, lines)| Some((pair, lines.old?))) {
                        self.line(Slot::Removed { old, pair: at(pair) });
                    }
                    for (pair, new) in each().filter_map(|(pair, lines)| Some((pair, lines.new?))) {
                        self.line(Slot::Added { new, pair: at(pair) });
                    }
                }
            }
        }
    }

    fn judged(&self, block: usize, old: &Range<usize>, new: &Range<usize>) -> Option<Slot> {
        let at = self.plan.judged.binary_search_by_key(&block, |(at, ..)| *at).ok()?;
        let (_, verdict, is_open) = self.plan.judged[at];
        Some(Slot::Judged { verdict, block, old: old.clone(), new: new.clone(), is_open })
    }

    /// A stretch of unchanged lines: so many of its ends, what was asked for, and folds between.
    fn same(&mut self, (old, new, len): (usize, usize, usize), before: usize, after: usize) {
        let end = new + len;
        let mut seen = Vec::new();
        seen.push(new..new + before.min(len));
        seen.extend(self.plan.revealed.iter().map(|range| range.start.max(new)..range.end.min(end)));
        for comment in self.plan.comments {
            if let Target::Lines { side, last, .. } = comment.target {
                let line = if side == Side::New { Some(last) } else { (last + new).checked_sub(old) };
                seen.extend(line.map(|line| line.max(new)..(line + 1).min(end)));
            }
        }
        seen.push(end - after.min(len)..end);
        let mut at = new;
        for range in union(seen) {
            // A few lines more cost no more rows than the fold would.
            let from = if range.start - at < LEAST_HIDDEN { at } else { range.start };
            self.hidden(old + (at - new), at, from - at);
            for line in from..range.end {
                self.line(Slot::Same { old: old + (line - new), new: line });
            }
            at = range.end;
        }
        if end - at < LEAST_HIDDEN {
            for line in at..end {
                self.line(Slot::Same { old: old + (line - new), new: line });
            }
        } else {
            self.hidden(old + (at - new), at, end - at);
        }
    }

    fn hidden(&mut self, old: usize, new: usize, len: usize) {
        if len > 0 {
            self.slots.push(Slot::Hidden { old, new, len });
        }
    }

    /// A row with a line, and the comments on it.
    fn line(&mut self, slot: Slot) {
        let lines = (slot.line(Side::Old), slot.line(Side::New));
        self.slots.push(slot);
        if !self.plan.comments.is_empty() {
            self.comments_on(|target| match target {
                Target::File => false,
                Target::Lines { side: Side::Old, last, .. } => lines.0 == Some(*last),
                Target::Lines { side: Side::New, last, .. } => lines.1 == Some(*last),
            });
        }
    }

    fn comments_on(&mut self, at: impl Fn(&Target) -> bool) {
        let width = self.plan.comment_width;
        for comment in self.plan.comments.iter().filter(|comment| at(&comment.target)) {
            let rows = comment.rows(width).into_iter();
            self.slots.extend(rows.map(|text| Slot::Comment { id: comment.id, text }));
        }
    }
}

/// Ranges that lie apart and in order, without empty ones.
pub fn union(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.retain(|range| range.start < range.end);
    ranges.sort_by_key(|range| range.start);
    let mut union: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match union.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => union.push(range),
        }
    }
    union
}
