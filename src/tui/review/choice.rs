//! What the reader chooses: the hunk under the cursor, the lines selected, or the file; and the verdicts that
//! come of it.

use std::ops::Range;

use super::align::{Block, Text};
use super::model::{Change, Side};
use super::slots::{PairAt, Slot};
use super::state::Review;
use super::verdicts::{Key, Verdict};
use crate::workbench::amend::{Hunk, Part, Pick};

/// How much is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The selection, or what is under the cursor: a hunk; at the head of a file, all of it.
    Here,
    File,
}

/// A part of the difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub pick: Pick,
    /// The parts that are in it whole.
    pub keys: Vec<Key>,
    /// What was thought of all of them up to now.
    pub verdict: Option<Verdict>,
}

impl Review {
    /// What is chosen; `None` where there is no change.
    pub fn choice(&self, scope: Scope) -> Option<Choice> {
        let file = self.current_file();
        let entry = self.entries.get(file)?;
        let blocks = match (scope, self.selecting.is_some()) {
            (Scope::File, _) => None,
            (Scope::Here, true) => Some(self.selected_hunks()?),
            (Scope::Here, false) => match (self.block_here(), entry.file.text()) {
                (Some(block), Some(text)) => Some(vec![(block, whole(text, block)?)]),
                _ if self.is_at_head() => None,
                _ => return None,
            },
        };
        let is_all = |hunks: &[(usize, Hunk)]| {
            matches!(entry.file.kind, Change::Added | Change::Deleted)
                && entry.file.text().is_some_and(|text| {
                    hunks.len() == entry.file.parts.len()
                        && hunks.iter().all(|(block, hunk)| whole(text, *block).as_ref() == Some(hunk))
                })
        };
        // The only hunk of a file that came or went is the file.
        let blocks = blocks.filter(|hunks| !is_all(hunks));
        let parts = entry.file.parts.iter().zip(&entry.verdicts);
        let meant: Vec<(&Key, Option<Verdict>)> = match &blocks {
            None => parts.map(|(part, verdict)| (&part.key, *verdict)).collect(),
            Some(hunks) => parts
                .filter(|(part, _)| {
                    let text = entry.file.text();
                    hunks.iter().any(|(block, hunk)| {
                        part.block == Some(*block)
                            && text.and_then(|text| whole(text, *block)).as_ref() == Some(hunk)
                    })
                })
                .map(|(part, verdict)| (&part.key, *verdict))
                .collect(),
        };
        let first = meant.first().and_then(|(_, verdict)| *verdict);
        let verdict = first.filter(|first| meant.iter().all(|(_, verdict)| *verdict == Some(*first)));
        let keys = meant.into_iter().map(|(key, _)| key.clone()).collect();
        let part = match blocks {
            None => Part::File,
            Some(hunks) => Part::Hunks(hunks.into_iter().map(|(_, hunk)| hunk).collect()),
        };
        Some(Choice { pick: Pick { path: entry.file.path.clone(), part }, keys, verdict })
    }

    /// Says what is thought of parts from now on, and goes on to the next that nobody judged yet.
    pub fn judge(&mut self, keys: &[Key], verdict: Option<Verdict>) {
        // Arranging keeps a selection where it was: this one has served.
        self.selecting = None;
        self.rearrange(|review| {
            for entry in &mut review.entries {
                let mut is_meant = false;
                for (part, of) in entry.file.parts.iter().zip(&mut entry.verdicts) {
                    if keys.contains(&part.key) {
                        *of = verdict;
                        entry.opened.retain(|block| Some(*block) != part.block);
                        is_meant = true;
                    }
                }
                if is_meant {
                    entry.folded = entry.is_judged();
                }
            }
        });
        if verdict.is_some() {
            self.go_to_open();
        }
    }

    /// Parts that nobody judged yet, and all.
    pub fn open_parts(&self) -> (usize, usize) {
        let verdicts = || self.entries.iter().flat_map(|entry| &entry.verdicts);
        (verdicts().filter(|verdict| verdict.is_none()).count(), verdicts().count())
    }

    /// Accepts what is chosen; what was accepted is open again.
    pub(super) fn accept(&mut self, scope: Scope) {
        let Some(choice) = self.choice(scope) else { return };
        let verdict = Some(Verdict::Accepted).filter(|_| choice.verdict != Some(Verdict::Accepted));
        self.judge(&choice.keys, verdict);
    }

    /// To the next part that nobody judged, in this file or behind it.
    fn go_to_open(&mut self) {
        let is_open = |row: &usize| match self.slot(*row) {
            Some((file, Slot::Header)) => {
                let entry = &self.entries[file];
                entry
                    .file
                    .parts
                    .iter()
                    .zip(&entry.verdicts)
                    .any(|(part, verdict)| verdict.is_none() && (part.block.is_none() || entry.folded))
            }
            Some((file, slot)) => {
                let entry = &self.entries[file];
                !matches!(slot, Slot::Judged { .. })
                    && slot.is_change()
                    && slot.block().is_some_and(|block| entry.verdict_of(block).is_none())
            }
            None => false,
        };
        if let Some(row) = (self.cursor..self.total()).find(is_open) {
            self.go_to(row);
        }
    }

    /// Whether the cursor stands where it means the whole file.
    fn is_at_head(&self) -> bool {
        matches!(self.slot(self.cursor), Some((_, Slot::Header | Slot::Note(_))))
    }

    /// The block of changed lines that the cursor stands in, also on a comment in it.
    fn block_here(&self) -> Option<usize> {
        let (file, _) = self.slot(self.cursor)?;
        let entry = &self.entries[file];
        let slots = entry.slots[..=self.cursor - entry.start].iter().rev();
        slots.into_iter().find(|slot| !matches!(slot, Slot::Comment { .. }))?.block()
    }

    /// What is selected of each block.
    fn selected_hunks(&self) -> Option<Vec<(usize, Hunk)>> {
        let entry = self.entries.get(self.current_file())?;
        let text = entry.file.text()?;
        let rows = self.selected();
        let slots = entry.slots.get(rows.start - entry.start..rows.end - entry.start)?;
        let mut hunks: Vec<(usize, Hunk)> = Vec::new();
        for slot in slots {
            let Some(block) = slot.block() else { continue };
            if hunks.last().is_none_or(|(last, _)| *last != block) {
                let of_block: Vec<&Slot> = slots.iter().filter(|slot| slot.block() == Some(block)).collect();
                hunks.push((block, part_of(text, block, &of_block)?));
            }
        }
        (!hunks.is_empty()).then_some(hunks)
    }
}

/// All of a block.
fn whole(text: &Text, block: usize) -> Option<Hunk> {
    match text.blocks.get(block)? {
        Block::Changed { old, new, .. } => Some(Hunk { old: old.clone(), new: new.clone() }),
        Block::Same { .. } => None,
    }
}

/// The lines of a block that some of its rows show. Where they show none of a side, the place between its lines.
fn part_of(text: &Text, block: usize, rows: &[&Slot]) -> Option<Hunk> {
    if rows.iter().any(|slot| matches!(slot, Slot::Judged { .. })) {
        return whole(text, block);
    }
    let Block::Changed { old, new, pairs } = text.blocks.get(block)? else { return None };
    let shown = || rows.iter().filter_map(|slot| slot.pair()).map(PairAt::pair);
    let (first, last) = (shown().min()?, shown().max()?);
    let side = |side: Side, all: &Range<usize>| {
        let lines = || rows.iter().filter_map(|slot| slot.line(side));
        match (lines().min(), lines().max()) {
            (Some(first), Some(last)) => first..last + 1,
            // What became of a line stands behind it.
            _ => {
                let above = match side {
                    Side::Old => pairs[..=last].iter().filter_map(|pair| pair.old).count(),
                    Side::New => pairs[..first].iter().filter_map(|pair| pair.new).count(),
                };
                all.start + above..all.start + above
            }
        }
    };
    Some(Hunk { old: side(Side::Old, old), new: side(Side::New, new) })
}
