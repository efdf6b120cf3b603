//! Which removed line became which added line, within one stretch of changed lines. What differs within
//! two such lines is `words`'s business.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::OnceLock;

use super::lines::Lines;
use super::words::{Marks, words};

/// A row of the side-by-side view: a line of each side, or of one.
#[derive(Debug)]
pub struct Pair {
    pub old: Option<usize>,
    pub new: Option<usize>,
    /// Whether the one became the other; otherwise they only share a row.
    pub alike: bool,
    /// Found when the pair is first painted.
    pub(super) marks: OnceLock<Marks>,
}

impl Pair {
    fn new(old: Option<usize>, new: Option<usize>, alike: bool) -> Self {
        Self { old, new, alike, marks: OnceLock::new() }
    }
}

/// So many pairs of lines are compared for one stretch. In a longer one lines meet by their order.
const MOST_IN_STRETCH: usize = 2_500;

/// Of 1000: lines that share less are not alike.
const LEAST_ALIKE: usize = 450;

/// Pairs the lines of a stretch in order, so that lines that have most in common meet. `budget` is how
/// many comparisons the file may still have: a diff has to open at once, however large it is.
pub fn pair(old: &Lines, new: &Lines, ranges: (Range<usize>, Range<usize>), budget: &mut usize) -> Vec<Pair> {
    let (old_range, new_range) = ranges;
    let comparisons = old_range.len() * new_range.len();
    if comparisons <= 1 || comparisons > MOST_IN_STRETCH || comparisons > *budget {
        let mut pairs = Vec::with_capacity(old_range.len().max(new_range.len()));
        meet(&mut pairs, old_range, new_range, true);
        return pairs;
    }
    *budget -= comparisons;
    let bags = |lines: &Lines, range: &Range<usize>| -> Vec<Bag> {
        range.clone().map(|line| Bag::of(lines.get(line))).collect()
    };
    let mut pairs = Vec::new();
    let (mut old_at, mut new_at) = (old_range.start, new_range.start);
    for (old_line, new_line) in best(&bags(old, &old_range), &bags(new, &new_range)) {
        let (old_line, new_line) = (old_range.start + old_line, new_range.start + new_line);
        meet(&mut pairs, old_at..old_line, new_at..new_line, false);
        pairs.push(Pair::new(Some(old_line), Some(new_line), true));
        (old_at, new_at) = (old_line + 1, new_line + 1);
    }
    meet(&mut pairs, old_at..old_range.end, new_at..new_range.end, false);
    pairs
}

/// Line by line, and what is left of the longer side alone.
fn meet(pairs: &mut Vec<Pair>, old: Range<usize>, new: Range<usize>, alike: bool) {
    for at in 0..old.len().max(new.len()) {
        let line = |range: &Range<usize>| Some(range.start + at).filter(|line| *line < range.end);
        let (old, new) = (line(&old), line(&new));
        pairs.push(Pair::new(old, new, alike && old.is_some() && new.is_some()));
    }
}

/// The words of a line, sorted, as numbers that are quick to compare.
struct Bag(Vec<u64>);

impl Bag {
    fn of(line: &str) -> Self {
        let hash = |word: &str| {
            let mut hasher = DefaultHasher::new();
            word.hash(&mut hasher);
            hasher.finish()
        };
        let mut bag: Vec<u64> =
            words(line).into_iter().filter(|word| !word.trim().is_empty()).map(hash).collect();
        bag.sort_unstable();
        Self(bag)
    }

    /// How much two lines share, of 1000.
    fn shared(&self, other: &Self) -> usize {
        let total = self.0.len() + other.0.len();
        if total == 0 {
            return 1000;
        }
        let (mut mine, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut common = 0;
        while let (Some(left), Some(right)) = (mine.peek(), theirs.peek()) {
            match left.cmp(right) {
                std::cmp::Ordering::Less => _ = mine.next(),
                std::cmp::Ordering::Greater => _ = theirs.next(),
                std::cmp::Ordering::Equal => {
                    common += 1;
                    _ = (mine.next(), theirs.next());
                }
            }
        }
        2000 * common / total
    }
}

/// The pairs, in order and without crossing, whose lines share most together.
fn best(old: &[Bag], new: &[Bag]) -> Vec<(usize, usize)> {
    let width = new.len() + 1;
    let shared: Vec<usize> = old.iter().flat_map(|old| new.iter().map(|new| old.shared(new))).collect();
    let alike = |o: usize, n: usize| Some(shared[o * new.len() + n]).filter(|shared| *shared >= LEAST_ALIKE);
    // The most that the lines from here on can share.
    let mut most = vec![0; (old.len() + 1) * width];
    for o in (0..old.len()).rev() {
        for n in (0..new.len()).rev() {
            let apart = most[(o + 1) * width + n].max(most[o * width + n + 1]);
            let together = alike(o, n).map_or(0, |shared| shared + most[(o + 1) * width + n + 1]);
            most[o * width + n] = apart.max(together);
        }
    }
    let (mut o, mut n) = (0, 0);
    let mut pairs = Vec::new();
    while o < old.len() && n < new.len() {
        let here = most[o * width + n];
        if alike(o, n).is_some_and(|shared| shared + most[(o + 1) * width + n + 1] == here) {
            pairs.push((o, n));
            (o, n) = (o + 1, n + 1);
        } else if most[(o + 1) * width + n] == here {
            o += 1;
        } else {
            n += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pairs as `old new`, with `=` between lines that are alike.
    fn paired(old: &str, new: &str, budget: usize) -> Vec<String> {
        let (old, new) = (Lines::of(old.to_owned()), Lines::of(new.to_owned()));
        let mut budget = budget;
        let pairs = pair(&old, &new, (0..old.len(), 0..new.len()), &mut budget);
        let show = |line: Option<usize>| line.map_or("-".to_owned(), |line| line.to_string());
        let one = |pair: &Pair| {
            format!("{}{}{}", show(pair.old), if pair.alike { "=" } else { " " }, show(pair.new))
        };
        pairs.iter().map(one).collect()
    }

    const OLD: &str = "let total = sum(items);\nprintln!(\"{total}\");\n";
    const NEW: &str = "// Adds them up.\nlet total: u32 = sum(items);\nlog(1);\nprintln!(\"{total}!\");\n";

    #[test]
    fn lines_meet_those_that_they_have_most_in_common_with() {
        assert_eq!(paired(OLD, NEW, 100), ["- 0", "0=1", "- 2", "1=3"]);
    }

    #[test]
    fn lines_without_a_counterpart_share_rows() {
        assert_eq!(paired("a b c\nx y z\n", "1 2 3\nx y q\n", 100), ["0 0", "1=1"]);
    }

    #[test]
    fn without_a_budget_lines_meet_by_their_order() {
        assert_eq!(paired(OLD, NEW, 7), ["0=0", "1=1", "- 2", "- 3"]);
    }

    #[test]
    fn a_single_line_meets_its_successor() {
        assert_eq!(paired("one\n", "two\n", 0), ["0=0"]);
        assert_eq!(paired("", "two\n", 0), ["- 0"]);
    }
}
