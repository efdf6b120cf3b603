//! How much changed, and how it looks now: the counts of a summary and the numbered snippet that a
//! model gets back.

use std::collections::HashMap;
use std::fmt;
use std::fmt::Write as _;
use std::ops::Range;

use similar::{Algorithm, DiffOp};

/// Lines that a snippet shows around a change.
const CONTEXT: usize = 3;

/// Lines of one change that a snippet shows; the middle of a longer one is left out.
const MAX_SNIPPET: usize = 30;

/// Above this many differing lines they are counted without being aligned, which would take time
/// with the square of them.
const MAX_ALIGNED: usize = 4000;

/// Lines added and removed; shown as `+3 -1`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub added: usize,
    pub removed: usize,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{} -{}", self.added, self.removed)
    }
}

/// The lines added and removed between two texts. A line that changed counts as both.
pub fn count(old: &str, new: &str) -> Counts {
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[start..], &new[start..]);
    let end = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[..old.len() - end], &new[..new.len() - end]);
    if old.len() + new.len() > MAX_ALIGNED { count_unaligned(old, new) } else { count_aligned(old, new) }
}

/// The lines of `text` at `range` (in bytes) with some around, numbered.
pub fn snippet(text: &str, range: Range<usize>) -> String {
    let first = text[..range.start].matches('\n').count();
    let changed = text[range.clone()].lines().count().max(1);
    let from = first.saturating_sub(CONTEXT);
    let lines: Vec<&str> = text.lines().skip(from).take(first - from + changed + CONTEXT).collect();
    let mut shown = String::new();
    for (index, line) in lines.iter().enumerate() {
        if lines.len() > MAX_SNIPPET && index == MAX_SNIPPET / 2 {
            let _ = writeln!(shown, "[… {} lines]", lines.len() - MAX_SNIPPET);
        }
        if lines.len() <= MAX_SNIPPET || index < MAX_SNIPPET / 2 || index >= lines.len() - MAX_SNIPPET / 2 {
            // Writing to a string cannot fail.
            let _ = writeln!(shown, "{}\t{}", from + index + 1, shorten(line));
        }
    }
    shown
}

/// A line for showing, cut when it is very long.
pub fn shorten(line: &str) -> String {
    match line.char_indices().nth(400) {
        None => line.to_owned(),
        Some((at, _)) => format!("{} [… cut]", &line[..at]),
    }
}

fn count_aligned(old: &[&str], new: &[&str]) -> Counts {
    let mut counts = Counts::default();
    for op in similar::capture_diff_slices(Algorithm::Myers, old, new) {
        match op {
            DiffOp::Equal { .. } => {}
            DiffOp::Delete { old_len, .. } => counts.removed += old_len,
            DiffOp::Insert { new_len, .. } => counts.added += new_len,
            DiffOp::Replace { old_len, new_len, .. } => {
                counts.removed += old_len;
                counts.added += new_len;
            }
        }
    }
    counts
}

/// Lines that one side has more of than the other.
fn count_unaligned(old: &[&str], new: &[&str]) -> Counts {
    let mut balance: HashMap<&str, isize> = HashMap::new();
    for line in new {
        *balance.entry(line).or_default() += 1;
    }
    for line in old {
        *balance.entry(line).or_default() -= 1;
    }
    let mut counts = Counts::default();
    for more in balance.into_values() {
        if more > 0 {
            counts.added += more.unsigned_abs();
        } else {
            counts.removed += more.unsigned_abs();
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::tests::numbered;

    #[test]
    fn lines_are_counted_as_added_and_removed() {
        let cases = [
            ("", "a\nb\n", "+2 -0"),
            ("a\nb\nc\n", "a\nx\nc\n", "+1 -1"),
            ("a\nb\n", "a\n", "+0 -1"),
            ("a\n", "a\n", "+0 -0"),
            ("a", "a\n", "+1 -1"),
            ("a\nb\nc\nd\n", "b\nc\nx\nd\n", "+1 -1"),
        ];
        for (old, new, wanted) in cases {
            assert_eq!(count(old, new).to_string(), wanted, "{old:?} {new:?}");
        }
    }

    #[test]
    fn a_text_rewritten_from_end_to_end_is_counted_quickly() {
        let start = std::time::Instant::now();
        assert_eq!(
            count(&numbered("old", 100_000), &numbered("new", 100_000)),
            Counts { added: 100_000, removed: 100_000 }
        );
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }

    #[test]
    fn a_snippet_shows_the_change_with_its_numbers() {
        let text = numbered("line", 10);
        let at = text.find("line 5").unwrap();
        assert_eq!(
            snippet(&text, at..at + 7),
            "2\tline 2\n3\tline 3\n4\tline 4\n5\tline 5\n6\tline 6\n7\tline 7\n8\tline 8\n"
        );
        let long = numbered("n", 100);
        let shown = snippet(&long, 0..long.len());
        assert_eq!(shown.lines().count(), MAX_SNIPPET + 1);
        assert!(shown.contains("15\tn 15\n[… 70 lines]\n86\tn 86\n"), "{shown}");
        assert_eq!(snippet("", 0..0), "");
    }
}
