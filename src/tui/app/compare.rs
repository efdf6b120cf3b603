//! Comparisons: tabs that were given the same prompt at the same commit, and the table of how they fare.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::workbench::TabId;
use crate::workbench::compare::{Candidate, Column, Fate, Ground, Row, order};

use super::App;

#[derive(Debug)]
pub struct Comparison {
    /// The tabs show it.
    pub number: u32,
    pub prompt: String,
    pub ground: Ground,
    pub rows: Vec<Row>,
    /// The tab of each row, the one that it had last.
    pub tabs: Vec<TabId>,
    /// The places of the rows as they are shown. It changes when the user sorts, so that no row ever slips away
    /// from under the cursor.
    pub order: Vec<usize>,
    pub sort: Column,
    /// The row that the cursor stands at, by its place in `rows`.
    pub cursor: usize,
    /// Rows that the user marked, in the order in which they did.
    pub marked: Vec<usize>,
    /// The tab of the branch into which things were taken from several.
    pub mix: Option<TabId>,
    /// One of them was chosen, and the others were put away.
    pub is_settled: bool,
    began: Instant,
}

/// A comparison about to begin: what is still missing.
#[derive(Debug)]
pub enum Setup {
    /// The prompt, which the user writes.
    Prompt { candidates: Vec<Candidate> },
    /// What becomes of uncommitted work.
    Uncommitted { candidates: Vec<Candidate>, prompt: String },
}

/// Who could take part, and how often each is to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    pub choices: Vec<PoolLine>,
    pub prompt: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolLine {
    pub candidate: Candidate,
    pub detail: String,
    pub group: &'static str,
    pub times: usize,
}

impl Pool {
    pub fn total(&self) -> usize {
        self.choices.iter().map(|line| line.times).sum()
    }
}

/// Files of candidates, and which of them are to be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelf {
    pub comparison: u32,
    pub offers: Vec<crate::workbench::compare::Offer>,
    /// The place of an offer, and that of a file in it.
    pub marked: BTreeSet<(usize, usize)>,
}

impl Comparison {
    pub fn new(number: u32, prompt: String, ground: Ground, began: Instant) -> Self {
        Self {
            number,
            prompt,
            ground,
            rows: Vec::new(),
            tabs: Vec::new(),
            order: Vec::new(),
            sort: Column::default(),
            cursor: 0,
            marked: Vec::new(),
            mix: None,
            is_settled: false,
            began,
        }
    }

    pub fn add(&mut self, row: Row, tab: TabId) {
        self.order.push(self.rows.len());
        self.rows.push(row);
        self.tabs.push(tab);
    }

    /// The time as its rows count it.
    pub fn time(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.began)
    }

    pub fn place_of(&self, tab: TabId) -> Option<usize> {
        self.tabs.iter().position(|one| *one == tab)
    }

    pub fn sort_by(&mut self, column: Column, now: Instant) {
        self.sort = column;
        self.order = order(&self.rows, column, self.time(now));
    }

    /// Moves the cursor so many rows down; it stops at the ends.
    pub fn go(&mut self, by: isize) {
        let at = self.order.iter().position(|place| *place == self.cursor).unwrap_or_default();
        let at = at.saturating_add_signed(by).min(self.order.len().saturating_sub(1));
        self.cursor = self.order.get(at).copied().unwrap_or_default();
    }

    pub fn mark(&mut self) {
        match self.marked.iter().position(|place| *place == self.cursor) {
            Some(at) => {
                self.marked.remove(at);
            }
            None => self.marked.push(self.cursor),
        }
    }

    /// What a key is about: the marked rows, or the one under the cursor.
    pub fn chosen(&self) -> Vec<usize> {
        if self.marked.is_empty() { vec![self.cursor] } else { self.marked.clone() }
    }

    /// Whether any of its tabs can still be chosen.
    pub fn is_open(&self) -> bool {
        !self.is_settled && self.rows.iter().any(|row| row.fate == Fate::Open)
    }
}

impl App {
    pub fn comparison(&self, number: u32) -> Option<&Comparison> {
        self.comparisons.iter().find(|one| one.number == number)
    }

    pub fn comparison_mut(&mut self, number: u32) -> Option<&mut Comparison> {
        self.comparisons.iter_mut().find(|one| one.number == number)
    }

    /// The comparison that a tab takes part in, and its place there.
    pub fn compared(&self, tab: TabId) -> Option<(&Comparison, usize)> {
        self.comparisons
            .iter()
            .rev()
            .filter(|one| !one.is_settled)
            .find_map(|one| Some((one, one.place_of(tab)?)))
    }
}
