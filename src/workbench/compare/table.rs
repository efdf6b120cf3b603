//! The table of a comparison: what stands in each of its columns, and in which order its rows are. As text, for
//! whoever has no screen.

use std::cmp::Ordering;
use std::time::Duration;

use super::row::{Fate, Row};
use crate::agent::{VerifyState, fit};
use crate::chat::sanitise;
use crate::workbench::words::{dollars, tokens};

/// Columns of a candidate's name, in text.
const NAME: usize = 36;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Column {
    #[default]
    Candidate,
    State,
    Check,
    Changes,
    Steps,
    Time,
    Tokens,
    Cost,
}

impl Column {
    pub const ALL: [Self; 8] = [
        Self::Candidate,
        Self::State,
        Self::Check,
        Self::Changes,
        Self::Steps,
        Self::Time,
        Self::Tokens,
        Self::Cost,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::State => "state",
            Self::Check => "check",
            Self::Changes => "changes",
            Self::Steps => "steps",
            Self::Time => "time",
            Self::Tokens => "tokens",
            Self::Cost => "cost",
        }
    }

    /// The one to sort by next.
    #[must_use]
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|one| *one == self).unwrap_or_default();
        Self::ALL[(at + 1) % Self::ALL.len()]
    }
}

/// What stands in a cell. Names hold what models and settings say: who shows them sanitises them.
pub fn cell(row: &Row, column: Column, now: Duration) -> String {
    match column {
        Column::Candidate => row.name(),
        Column::State => match row.fate {
            Fate::Open | Fate::Closed => row.state().word().to_owned(),
            Fate::Kept => "kept".to_owned(),
            Fate::Archived => "archived".to_owned(),
        },
        Column::Check => check(row).to_owned(),
        Column::Changes => match row.changes {
            None => String::new(),
            Some(stat) if stat.files == 0 => "none".to_owned(),
            Some(stat) => format!("{} +{} −{}", stat.files, stat.insertions, stat.deletions),
        },
        Column::Steps => row.steps.to_string(),
        Column::Time => time(row.time(now)),
        Column::Tokens => tokens(row.tokens()),
        Column::Cost => dollars(row.cost_usd),
    }
}

fn check(row: &Row) -> &'static str {
    match row.verified {
        _ if row.is_checking() => "running",
        None => "–",
        Some(VerifyState::Passed) => "passed",
        Some(VerifyState::Failed) => "failed",
        Some(VerifyState::NotRun) => "not run",
    }
}

/// `42s`, `3m05`, `1h05`.
fn time(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..60 => format!("{seconds}s"),
        seconds @ 60..3600 => format!("{}m{:02}", seconds / 60, seconds % 60),
        seconds => format!("{}h{:02}", seconds / 3600, seconds % 3600 / 60),
    }
}

/// The places of the rows by a column, the better first; equal ones as they are.
pub fn order(rows: &[Row], by: Column, now: Duration) -> Vec<usize> {
    let mut places: Vec<usize> = (0..rows.len()).collect();
    places.sort_by(|a, b| compare(&rows[*a], &rows[*b], by, now));
    places
}

fn compare(a: &Row, b: &Row, by: Column, now: Duration) -> Ordering {
    let lines = |row: &Row| row.changes.map_or(usize::MAX, |stat| stat.insertions + stat.deletions);
    match by {
        Column::Candidate => a.letter.cmp(&b.letter),
        Column::State => a.state().cmp(&b.state()),
        Column::Check => rank(a).cmp(&rank(b)),
        Column::Changes => lines(a).cmp(&lines(b)),
        Column::Steps => a.steps.cmp(&b.steps),
        Column::Time => a.time(now).cmp(&b.time(now)),
        Column::Tokens => a.tokens().cmp(&b.tokens()),
        Column::Cost => price(a).total_cmp(&price(b)),
    }
}

pub(super) fn rank(row: &Row) -> u8 {
    match row.verified {
        Some(VerifyState::Passed) => 0,
        None => 1,
        Some(VerifyState::NotRun) => 2,
        Some(VerifyState::Failed) => 3,
    }
}

/// What has no price may be dear.
pub(super) fn price(row: &Row) -> f64 {
    row.cost_usd.unwrap_or(f64::INFINITY)
}

/// The table as text, for a person, with what went wrong below.
pub fn text(rows: &[Row], now: Duration) -> String {
    let mut lines = vec![Column::ALL.map(|column| column.title().to_owned())];
    lines.extend(rows.iter().map(|row| {
        Column::ALL.map(|column| {
            let text = sanitise(&cell(row, column, now)).replace('\n', " ");
            if column == Column::Candidate { format!("{}  {}", row.letter, fit(&text, NAME)) } else { text }
        })
    }));
    let width = |at: usize| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..Column::ALL.len()).map(width).collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        let mut cells: Vec<String> = Vec::new();
        for ((cell, width), column) in line.iter().zip(&widths).zip(Column::ALL) {
            let is_left = matches!(column, Column::Candidate | Column::State | Column::Check);
            let gap = " ".repeat(width - cell.chars().count());
            cells.push(if is_left { format!("{cell}{gap}") } else { format!("{gap}{cell}") });
        }
        let mut line = cells.join("  ");
        let row = number.checked_sub(1).and_then(|at| rows.get(at));
        if let Some(row) = row.filter(|row| row.conflicts > 0) {
            line.push_str(&format!("  ⚠ {}", crate::workbench::words::count(row.conflicts, "conflict")));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    for row in rows {
        if let Some(trouble) = &row.trouble {
            let trouble = sanitise(trouble).replace('\n', " ");
            text.push_str(&format!("{}: {}\n", row.letter, fit(&trouble, 200)));
        }
    }
    text
}
