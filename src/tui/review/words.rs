//! Which words of a replaced line differ from the line that took its place. It compares two lines only;
//! which lines belong together is decided by `pairs`.

use std::collections::HashMap;
use std::ops::Range;

use similar::{Algorithm, DiffTag};
use unicode_segmentation::UnicodeSegmentation;

/// The differing parts of the two lines, in bytes; both empty when so much differs that marks would
/// only be noise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    pub old: Vec<Range<usize>>,
    pub new: Vec<Range<usize>>,
}

/// Longer lines are compared only by how they begin and end.
const MOST_WORDS: usize = 400;

/// Below this share of common text, in percent, lines have nothing to do with each other.
const LEAST_COMMON: usize = 30;

impl Marks {
    pub fn between(old: &str, new: &str) -> Self {
        let (old_words, new_words) = (words(old), words(new));
        let changes = changes(&old_words, &new_words);
        let mut marks = Self::default();
        let mut kept = text_length(old);
        for (old_range, new_range) in changes {
            kept -= old_words[old_range.clone()].iter().map(|word| text_length(word)).sum::<usize>();
            mark(&mut marks.old, &old_words, old_range);
            mark(&mut marks.new, &new_words, new_range);
        }
        marks.drop_blanks(old, new);
        let most = text_length(old).max(text_length(new));
        if kept * 100 < most * LEAST_COMMON {
            return Self::default();
        }
        marks
    }
}

impl Marks {
    /// Beside other changes, moved blanks are noise; alone they are the change.
    fn drop_blanks(&mut self, old: &str, new: &str) {
        let is_text = |line: &str, mark: &Range<usize>| !line[mark.clone()].trim().is_empty();
        if !self.old.iter().any(|mark| is_text(old, mark)) && !self.new.iter().any(|mark| is_text(new, mark))
        {
            return;
        }
        for (marks, line) in [(&mut self.old, old), (&mut self.new, new)] {
            marks.retain(|mark| is_text(line, mark));
            for mark in marks {
                let text = &line[mark.clone()];
                mark.start += text.len() - text.trim_start().len();
                mark.end -= text.len() - text.trim_end().len();
            }
        }
    }
}

/// Names and numbers, runs of blanks, and everything else one by one. Together they are the line.
pub fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut run: Option<(Class, Range<usize>)> = None;
    for (at, grapheme) in line.grapheme_indices(true) {
        let class = class(grapheme);
        let end = at + grapheme.len();
        match &mut run {
            Some((of, range)) if *of == class && class != Class::Other => range.end = end,
            _ => {
                words.extend(run.take().map(|(_, range)| &line[range]));
                run = Some((class, at..end));
            }
        }
    }
    words.extend(run.map(|(_, range)| &line[range]));
    words
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Name,
    Blank,
    Other,
}

fn class(grapheme: &str) -> Class {
    match grapheme.chars().next() {
        // Scripts without blanks between words would make one word of a whole sentence.
        Some('\u{2e80}'..='\u{9fff}' | '\u{20000}'..='\u{3fffd}') => Class::Other,
        Some(first) if first.is_alphanumeric() || first == '_' => Class::Name,
        Some(first) if first.is_whitespace() => Class::Blank,
        _ => Class::Other,
    }
}

/// Ranges of words that differ.
fn changes(old: &[&str], new: &[&str]) -> Vec<(Range<usize>, Range<usize>)> {
    if old.len() > MOST_WORDS || new.len() > MOST_WORDS {
        let start = old.iter().zip(new).take_while(|(old, new)| old == new).count();
        let end = old[start..]
            .iter()
            .rev()
            .zip(new[start..].iter().rev())
            .take_while(|(old, new)| old == new)
            .count();
        return vec![(start..old.len() - end, start..new.len() - end)];
    }
    let mut known = HashMap::new();
    let mut number = |words: &[&str]| -> Vec<usize> {
        let number = |word: &&str| {
            let next = known.len();
            *known.entry((*word).to_owned()).or_insert(next)
        };
        words.iter().map(number).collect()
    };
    let (old_numbers, new_numbers) = (number(old), number(new));
    let ops = similar::capture_diff_slices(Algorithm::Myers, &old_numbers, &new_numbers);
    let mut changes: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    for op in ops.into_iter().filter(|op| op.tag() != DiffTag::Equal) {
        let (old_range, new_range) = (op.old_range(), op.new_range());
        match changes.last_mut() {
            // Two changes with a blank between them read better as one.
            Some(last)
                if blank(&old[last.0.end..old_range.start]) && blank(&new[last.1.end..new_range.start]) =>
            {
                last.0.end = old_range.end;
                last.1.end = new_range.end;
            }
            _ => changes.push((old_range, new_range)),
        }
    }
    changes
}

fn blank(words: &[&str]) -> bool {
    words.iter().all(|word| word.trim().is_empty())
}

fn mark(marks: &mut Vec<Range<usize>>, words: &[&str], range: Range<usize>) {
    if range.is_empty() {
        return;
    }
    let start: usize = words[..range.start].iter().map(|word| word.len()).sum();
    let length: usize = words[range].iter().map(|word| word.len()).sum();
    marks.push(start..start + length);
}

fn text_length(text: &str) -> usize {
    text.bytes().filter(|byte| !byte.is_ascii_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both lines with `[ ]` around what is marked.
    fn check(old: &str, new: &str, marked: [&str; 2]) {
        let marks = Marks::between(old, new);
        let show = |line: &str, ranges: &[Range<usize>]| {
            let mut text = line.to_owned();
            for range in ranges.iter().rev() {
                text.insert(range.end, ']');
                text.insert(range.start, '[');
            }
            text
        };
        assert_eq!([show(old, &marks.old), show(new, &marks.new)], marked);
    }

    #[test]
    fn a_changed_name_is_marked_whole() {
        check("let foo_bar = 1;", "let foo_baz = 1;", ["let [foo_bar] = 1;", "let [foo_baz] = 1;"]);
    }

    #[test]
    fn what_was_added_has_no_counterpart() {
        check("call(a)", "call(a, b)", ["call(a)", "call(a[, b])"]);
    }

    #[test]
    fn changes_with_a_blank_between_are_one() {
        check(
            "return the old value here;",
            "return a new value here;",
            ["return [the old] value here;", "return [a new] value here;"],
        );
    }

    #[test]
    fn lines_with_nothing_in_common_are_not_marked() {
        check("use std::fmt;", "    Ok(Some(number))", ["use std::fmt;", "    Ok(Some(number))"]);
    }

    #[test]
    fn moved_blanks_are_marked_only_when_nothing_else_changed() {
        check("  a = 1", "    a = 1", ["[  ]a = 1", "[    ]a = 1"]);
        check("  a = 1", "    a = 2", ["  a = [1]", "    a = [2]"]);
    }

    #[test]
    fn marks_never_cut_a_grapheme() {
        check("名前 = 「太郎」", "名前 = 「次郎」", ["名前 = 「[太]郎」", "名前 = 「[次]郎」"]);
        check("say 👩‍🚀 now", "say 👩‍🔬 now", ["say [👩‍🚀] now", "say [👩‍🔬] now"]);
    }

    #[test]
    fn a_very_long_line_is_compared_by_its_ends() {
        let line = |middle: &str| format!("{}{middle}{}", "a,".repeat(500), "b,".repeat(500));
        let Marks { old, new } = Marks::between(&line("x,"), &line("yy,"));
        assert_eq!((old.first(), new.first()), (Some(&(1000..1001)), Some(&(1000..1002))));
        assert_eq!((old.len(), new.len()), (1, 1));
    }

    #[test]
    fn the_words_of_a_line_are_the_line() {
        for line in ["", "a", "  fn x(y: &str) -> Vec<u8> {", "日本語 テキスト", "e\u{301}te\u{301}"] {
            assert_eq!(words(line).concat(), line);
        }
    }
}
