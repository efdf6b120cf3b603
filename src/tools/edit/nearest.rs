//! What a model is shown when its old text is not in the file: the real lines that are most like it,
//! and where they first differ.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::Range;

use super::anchors::line_likeness;
use super::lines::{Likeness, Line, Lines};
use crate::tools::changes::shorten;

/// Lines that are shown.
const MAX_SHOWN: usize = 30;

/// Lines shown before and after the nearest ones.
const CONTEXT: usize = 2;

/// By how many lines a place may move, and how many of its lines are compared letter by letter.
const MAX_SETTLED: usize = 10;

/// The part of the old text's words that the lines must have.
const MIN_SHARE: f64 = 0.2;

/// The lines of the file that are most like `old`, numbered; `None` when none is.
pub fn nearest(file: &Lines, old: &[&str]) -> Option<String> {
    let place = nearest_lines(file, old)?;
    let keys = |line: &str| Likeness::TrimEnd.key(line).into_owned();
    let wanted = old.iter().skip_while(|line| line.trim().is_empty());
    let difference = place.clone().zip(wanted).find(|(at, old)| keys(file.all[*at].text) != keys(old));
    let centre = difference.map_or(place.start, |(at, _)| at);
    let mut shown = String::new();
    for at in window(&place, centre, file.all.len()) {
        // Writing to a string cannot fail.
        let _ = writeln!(shown, "{}\t{}", at + 1, shorten(file.all[at].text));
    }
    if let Some((at, old)) = difference {
        let real = shorten(file.all[at].text);
        let _ = write!(shown, "First difference: line {} is `{real}`, given was `{}`", at + 1, shorten(old));
    }
    Some(shown)
}

/// As many lines as `old` has, at the place that shares most with it. Rare words count most. Takes
/// time in proportion to the file.
fn nearest_lines(file: &Lines, old: &[&str]) -> Option<Range<usize>> {
    let blank = old.iter().take_while(|line| line.trim().is_empty()).count();
    let old = &old[blank..];
    let mut words: HashMap<&str, (f64, usize)> = HashMap::new();
    for word in old.iter().flat_map(|line| words_of(line)) {
        words.entry(word).or_default().0 += 1.0;
    }
    for word in file.all.iter().flat_map(|line| words_of(line.text)) {
        if let Some((_, seen)) = words.get_mut(word) {
            *seen += 1;
        }
    }
    let weights: HashMap<&str, f64> =
        words.iter().map(|(word, (_, seen))| (*word, word_weight(*seen))).collect();
    let total: f64 = words.iter().map(|(word, (count, _))| weights[word] * count).sum();
    let weight = |line: &str| -> f64 { words_of(line).filter_map(|word| weights.get(word)).sum() };
    let lines: Vec<f64> = file.all.iter().map(|line| weight(line.text)).collect();
    // No line is worth more than the old text's heaviest: one long line would else draw everything.
    let most = old.iter().map(|line| weight(line)).fold(0.0, f64::max);
    let size = old.len().clamp(1, file.all.len().max(1));
    let mut sum: f64 = 0.0;
    let mut best = (0.0, 0);
    for (at, line) in lines.iter().enumerate() {
        sum += line.min(most);
        if at >= size {
            sum -= lines[at - size].min(most);
        }
        if sum > best.0 + 1e-9 {
            best = (sum, at);
        }
    }
    let (sum, last) = best;
    if total <= 0.0 || sum / total < MIN_SHARE {
        return None;
    }
    let start = settle(file, old, (last + 1).saturating_sub(size));
    Some(start..(start + size).min(file.all.len()))
}

/// Moves a place by a few lines to where most lines are the same one for one, or else most alike.
fn settle(file: &Lines, old: &[&str], start: usize) -> usize {
    let reach = old.len().min(MAX_SETTLED);
    let pairs = |from: usize| file.all.get(from..).unwrap_or_default().iter().zip(old).take(MAX_SHOWN);
    let same = |from: usize| {
        let is_same = |(line, old): &(&Line, &&str)| line.text.trim() == old.trim() && !old.trim().is_empty();
        pairs(from).filter(is_same).count()
    };
    let alike = |from: usize| -> f64 {
        pairs(from).take(MAX_SETTLED).map(|(line, old)| line_likeness(line.text.trim(), old.trim())).sum()
    };
    let mut best = (same(start), alike(start), start);
    for from in start.saturating_sub(reach)..=start + reach {
        let found = (same(from), alike(from), from);
        if found.0 > best.0 || (found.0 == best.0 && found.1 > best.1 + 1e-9) {
            best = found;
        }
    }
    best.2
}

/// What a word is worth that the file has `seen` times. One that it lacks is likely a mistake.
fn word_weight(seen: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a file has far fewer words than 2^52")]
    let seen = seen as f64;
    if seen == 0.0 { 0.5 } else { 1.0 / seen.sqrt() }
}

fn words_of(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// The lines to show around `centre`.
fn window(place: &Range<usize>, centre: usize, lines: usize) -> Range<usize> {
    let start = place.start.saturating_sub(CONTEXT);
    let end = (place.end + CONTEXT).min(lines);
    if end - start <= MAX_SHOWN {
        return start..end;
    }
    let start = centre.saturating_sub(MAX_SHOWN / 2).clamp(start, end - MAX_SHOWN);
    start..start + MAX_SHOWN
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::tests::numbered;

    #[test]
    fn the_nearest_lines_are_shown_with_the_first_difference() {
        let text = "use a;\n\nfn one() {\n    first();\n}\n\nfn two(count: u32) {\n    second(count);\n}\n";
        let shown =
            nearest(&Lines::new(text), &["fn two(count: usize) {", "    second(count);", "}"]).unwrap();
        assert_eq!(
            shown,
            "5\t}\n6\t\n7\tfn two(count: u32) {\n8\t    second(count);\n9\t}\n\
             First difference: line 7 is `fn two(count: u32) {`, given was `fn two(count: usize) {`"
        );
    }

    #[test]
    fn nothing_is_shown_when_nothing_is_like_it() {
        assert_eq!(nearest(&Lines::new("a\nb\n"), &["completely different words"]), None);
        assert_eq!(nearest(&Lines::new(""), &["a"]), None);
        assert_eq!(nearest(&Lines::new("a\n"), &["}"]), None);
    }

    #[test]
    fn a_large_file_is_searched_quickly() {
        let text = numbered("some words in line", 100_000).replace("line 77777\n", "a rare line 77777\n");
        let old: Vec<&str> = "another rare line 77777\nsome words in line 77778\nwrong".lines().collect();
        let start = std::time::Instant::now();
        let shown = nearest(&Lines::new(&text), &old).unwrap();
        assert!(shown.contains("77777\tsome words in a rare line 77777\n"), "{shown}");
        assert!(start.elapsed().as_secs() < 3, "{:?}", start.elapsed());
    }
}
