//! The last rung: a block of which the first and last line are found and what is between is nearly
//! what the model wrote.

use similar::{Algorithm, DiffOp};

use super::lines::{Likeness, Lines};
use super::transplant::Part;

/// The least likeness of a whole block, from 0 to 1.
const MIN_BLOCK: f64 = 0.8;

/// The least likeness of two lines that are taken for each other.
const MIN_LINE: f64 = 0.5;

/// Places that are looked at; more of them say that the lines are no anchors.
const MAX_PLACES: usize = 100;

/// Lines of a block that are compared.
const MAX_LINES: usize = 500;

/// The blocks of the file, from line `from` on, that stand for `old`: with the parts that correspond.
pub fn find(file: &Lines, old: &[&str], from: usize) -> Vec<Vec<Part>> {
    if old.len() < 3 || old.len() > MAX_LINES {
        return Vec::new();
    }
    let (Some(first), Some(last)) = (old.first(), old.last()) else { return Vec::new() };
    let is_anchor = |line: &str| !line.trim().is_empty();
    if !is_anchor(first) || !is_anchor(last) {
        return Vec::new();
    }
    let starts = file.find(&[first], Likeness::Punctuation, from);
    let ends = file.find(&[last], Likeness::Punctuation, from);
    if starts.len() > MAX_PLACES {
        return Vec::new();
    }
    let slack = (old.len() / 4).max(2);
    let mut found: Vec<(f64, Vec<Part>)> = Vec::new();
    for start in starts {
        let shortest = start + old.len().saturating_sub(slack).max(2) - 1;
        let longest = start + old.len() + slack;
        let near = ends.partition_point(|end| *end < shortest);
        let best = ends[near..]
            .iter()
            .take_while(|end| **end < longest)
            .map(|end| compare(file, old, start, end + 1))
            .filter(|(likeness, _)| *likeness >= MIN_BLOCK)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        found.extend(best);
    }
    found.into_iter().map(|(_, parts)| parts).collect()
}

/// How alike the block of the file is to `old`, from 0 to 1, and what corresponds.
fn compare(file: &Lines, old: &[&str], start: usize, end: usize) -> (f64, Vec<Part>) {
    let keys = |lines: &mut dyn Iterator<Item = &str>| -> Vec<String> {
        lines.map(|line| Likeness::Punctuation.key(line).into_owned()).collect()
    };
    let model = keys(&mut old.iter().copied());
    let real = keys(&mut file.all[start..end].iter().map(|line| line.text));
    let mut parts = Vec::new();
    let (mut alike, mut total) = (0.0, 0.0);
    let mut weigh = |left: &str, right: &str| {
        let likeness = if left == right { 1.0 } else { line_likeness(left, right) };
        // A blank line says little, but something.
        #[expect(clippy::cast_precision_loss, reason = "lines are far shorter than 2^52")]
        let weight = left.len().max(right.len()).max(1) as f64;
        alike += likeness * weight;
        total += weight;
        likeness
    };
    let mut is_possible = true;
    for op in similar::capture_diff_slices(Algorithm::Myers, &model, &real) {
        let (o, f) = (op.old_range(), op.new_range());
        let pairwise = matches!(op, DiffOp::Equal { .. }) || o.len() == f.len();
        if pairwise {
            for (o, f) in o.zip(f) {
                is_possible &= weigh(&model[o], &real[f]) >= MIN_LINE;
                parts.push(Part { old: o..o + 1, file: start + f..start + f + 1 });
            }
        } else {
            for line in o.clone() {
                weigh(&model[line], "");
            }
            for line in f.clone() {
                weigh("", &real[line]);
            }
            parts.push(Part { old: o, file: start + f.start..start + f.end });
        }
    }
    (if is_possible { alike / f64::max(total, 1.0) } else { 0.0 }, parts)
}

/// From 0 to 1. Long lines are compared by their beginnings.
pub fn line_likeness(left: &str, right: &str) -> f64 {
    let head = |line: &str| -> String { line.chars().take(300).collect() };
    strsim::normalized_levenshtein(&head(left), &head(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "fn f() {\n    let a = compute_first(1);\n    let b = compute_second(2);\n    a + b\n}\n\nfn g() {\n    other();\n}\n";

    #[test]
    fn a_block_is_found_by_its_edges() {
        let file = Lines::new(FILE);
        let old =
            ["fn f() {", "    let a = compute_frist(1);", "    let b = compute_second(2);", "    a + b", "}"];
        let found = find(&file, &old, 0);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0][1], Part { old: 1..2, file: 1..2 });
    }

    #[test]
    fn a_block_that_is_too_different_is_not() {
        let file = Lines::new(FILE);
        for old in [
            &["fn f() {", "    something(entirely, different);", "    and_more();", "    a + b", "}"][..],
            &["fn f() {", "}"],
            &["fn h() {", "    let a = compute_first(1);", "}"],
        ] {
            assert_eq!(find(&file, old, 0), Vec::<Vec<Part>>::new(), "{old:?}");
        }
    }
}
