//! Which lines of a file stayed, came and went. It knows nothing of how they are shown.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Instant;

use similar::{Algorithm, DiffOp};

use super::lines::{Ending, Lines};
use super::model::Counts;
use super::pairs::{Pair, pair};
use super::shown::shown;
use super::words::Marks;

/// Both sides of a text file and how their lines correspond.
#[derive(Debug)]
pub struct Text {
    pub old: Lines,
    pub new: Lines,
    /// From the first line to the last; no two of a kind follow each other.
    pub blocks: Vec<Block>,
    pub endings: Endings,
}

/// Lines are counted from 0.
#[derive(Debug)]
pub enum Block {
    Same { old: usize, new: usize, len: usize },
    Changed { old: Range<usize>, new: Range<usize>, pairs: Vec<Pair> },
}

/// How the lines of the two sides end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endings {
    /// Alike, or one side has none.
    Kept { usual: Option<Ending> },
    /// The file went over from one to the other. That is said once and makes no line a changed line.
    Converted { from: Ending, to: Ending },
}

/// What counts as the same line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// A file that only went over to other line endings has not changed.
    Readably,
    /// Each byte, as a patch has to.
    Exactly,
}

/// So many pairs of lines of one file are compared with each other.
const PAIR_BUDGET: usize = 25_000;

impl Text {
    /// The same two sides, byte by byte.
    pub fn exactly(&self) -> Self {
        Self::align(self.old.text().to_owned(), self.new.text().to_owned(), Compare::Exactly, None)
    }

    /// Past the deadline the rest is aligned more roughly, but never wrongly.
    pub fn align(old: String, new: String, compare: Compare, deadline: Option<Instant>) -> Self {
        let (old, new) = (Lines::of(old), Lines::of(new));
        let endings = Endings::between(&old, &new);
        let by_ending = compare == Compare::Exactly || matches!(endings, Endings::Kept { .. });
        let (old_ids, new_ids) = identities(&old, &new, by_ending);
        let ops = similar::capture_diff_slices_deadline(Algorithm::Myers, &old_ids, &new_ids, deadline);
        let mut blocks: Vec<Block> = Vec::with_capacity(ops.len());
        let mut budget = PAIR_BUDGET;
        for (old_range, new_range, same) in merged(&ops) {
            blocks.push(if same {
                Block::Same { old: old_range.start, new: new_range.start, len: old_range.len() }
            } else {
                let pairs = pair(&old, &new, (old_range.clone(), new_range.clone()), &mut budget);
                Block::Changed { old: old_range, new: new_range, pairs }
            });
        }
        Self { old, new, blocks, endings }
    }

    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for block in &self.blocks {
            if let Block::Changed { old, new, .. } = block {
                counts += Counts { insertions: new.len(), deletions: old.len() };
            }
        }
        counts
    }

    /// The words that differ between the two lines of a pair.
    pub fn marks<'a>(&self, pair: &'a Pair) -> &'a Marks {
        pair.marks.get_or_init(|| match (pair.old, pair.new) {
            (Some(old), Some(new)) if pair.alike => {
                Marks::between(&shown(self.old.get(old)), &shown(self.new.get(new)))
            }
            _ => Marks::default(),
        })
    }

    /// Whether one side has no lines at all.
    pub fn is_one_sided(&self) -> bool {
        self.old.is_empty() || self.new.is_empty()
    }
}

impl Endings {
    fn between(old: &Lines, new: &Lines) -> Self {
        match (old.usual_ending(), new.usual_ending()) {
            (Some(from), Some(to)) if from != to => Self::Converted { from, to },
            (old, new) => Self::Kept { usual: new.or(old) },
        }
    }
}

/// A number for each line, the same for lines that are the same.
fn identities(old: &Lines, new: &Lines, by_ending: bool) -> (Vec<usize>, Vec<usize>) {
    let mut known: HashMap<(&str, Ending), usize> = HashMap::with_capacity(old.len());
    let mut number = |(line, ending)| {
        let ending = if by_ending || ending == Ending::Missing { ending } else { Ending::Lf };
        let next = known.len();
        *known.entry((line, ending)).or_insert(next)
    };
    (old.iter().map(&mut number).collect(), new.iter().map(&mut number).collect())
}

/// What stayed and what changed, by turns.
fn merged(ops: &[DiffOp]) -> Vec<(Range<usize>, Range<usize>, bool)> {
    let mut merged: Vec<(Range<usize>, Range<usize>, bool)> = Vec::with_capacity(ops.len());
    for op in ops {
        let (old, new) = (op.old_range(), op.new_range());
        let same = matches!(op, DiffOp::Equal { .. });
        match merged.last_mut() {
            Some(last) if last.2 == same => {
                last.0.end = old.end;
                last.1.end = new.end;
            }
            _ => merged.push((old, new, same)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn align(old: &str, new: &str) -> Text {
        Text::align(old.to_owned(), new.to_owned(), Compare::Readably, None)
    }

    /// The blocks as `=2` and `-1+3`.
    fn blocks(text: &Text) -> String {
        let one = |block: &Block| match block {
            Block::Same { len, .. } => format!("={len}"),
            Block::Changed { old, new, .. } => format!("-{}+{}", old.len(), new.len()),
        };
        text.blocks.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn lines_that_stayed_and_changed_come_by_turns() {
        let text = align("a\nb\nc\nd\n", "a\nB\nC\nd\ne\n");
        assert_eq!(blocks(&text), "=1 -2+2 =1 -0+1");
        assert_eq!(text.counts(), Counts { insertions: 3, deletions: 2 });
    }

    #[test]
    fn an_empty_file_has_no_blocks() {
        assert_eq!(blocks(&align("", "")), "");
        assert_eq!(blocks(&align("", "a\nb")), "-0+2");
    }

    #[test]
    fn a_newline_that_came_at_the_end_is_a_change_of_that_line() {
        assert_eq!(blocks(&align("a\nb", "a\nb\n")), "=1 -1+1");
    }

    #[test]
    fn new_line_endings_everywhere_change_no_line() {
        let text = align("a\nb\nc\n", "a\r\nB\r\nc\r\n");
        assert_eq!(blocks(&text), "=1 -1+1 =1");
        assert_eq!(text.endings, Endings::Converted { from: Ending::Lf, to: Ending::CrLf });
    }

    #[test]
    fn a_single_new_line_ending_is_a_change() {
        let text = align("a\r\nb\r\nc\r\n", "a\r\nb\nc\r\n");
        assert_eq!(blocks(&text), "=1 -1+1 =1");
        assert_eq!(text.endings, Endings::Kept { usual: Some(Ending::CrLf) });
    }

    #[test]
    fn exactly_compared_each_line_ending_counts() {
        let text = Text::align("a\nb\n".to_owned(), "a\r\nb\r\n".to_owned(), Compare::Exactly, None);
        assert_eq!(blocks(&text), "-2+2");
    }

    #[test]
    fn past_the_deadline_every_line_is_still_there() {
        let lines = |step: usize| {
            (0..3000).flat_map(|n| [(n * step % 97).to_string(), "\n".to_owned()]).collect::<String>()
        };
        let text = Text::align(lines(3), lines(5), Compare::Readably, Some(Instant::now()));
        let (mut old_at, mut new_at) = (0, 0);
        for block in &text.blocks {
            let (old, new) = match block {
                Block::Same { old, new, len } => {
                    for line in 0..*len {
                        assert_eq!(text.old.get(old + line), text.new.get(new + line));
                    }
                    (*old..old + len, *new..new + len)
                }
                Block::Changed { old, new, .. } => (old.clone(), new.clone()),
            };
            assert_eq!((old.start, new.start), (old_at, new_at));
            (old_at, new_at) = (old.end, new.end);
        }
        assert_eq!((old_at, new_at), (3000, 3000));
    }
}
