//! How much changed, and how it looks now: the counts of a summary and the numbered snippet that a
//! model gets back.

use std::collections::HashMap;
use std::fmt;

use similar::{Algorithm, DiffOp};

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
}
