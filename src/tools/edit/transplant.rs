//! Puts new lines in the place of old ones that were not found letter for letter. The lines that the
//! edit does not mean to change keep what the file has, the others take on the file's indentation and
//! line endings.

use std::collections::HashMap;
use std::ops::Range;

use similar::{Algorithm, DiffOp};

use super::lines::{Likeness, Line, Lines, indent, split};

/// Which lines of the file stand for which lines of the old text. The parts follow each other and
/// cover both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub old: Range<usize>,
    pub file: Range<usize>,
}

/// A run of the result.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Piece {
    /// A line of the old text that stays.
    Keep(usize),
    /// A line of the new text.
    Insert(usize),
}

/// What the file's indentation is for the indentation that a model wrote.
#[derive(Debug, Default)]
pub struct Shift<'a> {
    of: HashMap<&'a str, &'a str>,
    /// By length, so that the nearest is found.
    known: Vec<&'a str>,
}

/// One part for each line: `old` stands in the file from line `first` on, line for line.
pub fn line_for_line(first: usize, lines: usize) -> Vec<Part> {
    (0..lines).map(|n| Part { old: n..n + 1, file: first + n..first + n + 1 }).collect()
}

/// The text that takes the place of the lines that `parts` cover. `None` when the edit would change
/// lines of the file that the old text does not show.
pub fn transplant(file: &Lines, old: &[&str], new: &[&str], parts: &[Part], shift: &Shift) -> Option<String> {
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return None };
    let pieces = pieces(old, new);
    let ending = file.ending_near(first.file.start);
    let mut result: Vec<(String, &str)> = Vec::new();
    let mut pieces = pieces.as_slice();
    let mut before = None;
    for part in parts {
        // Insertions before the part's first line, or deletions.
        let kept = part.old.clone().map(Piece::Keep);
        let start = pieces.iter().position(|p| matches!(p, Piece::Keep(o) if part.old.contains(o)));
        if part.old.is_empty() {
            // The file has lines that the old text leaves out: they stay, if both neighbours do.
            let after = pieces.first().copied();
            if before.is_none()
                || before != part.old.start.checked_sub(1)
                || after != Some(Piece::Keep(part.old.start))
            {
                return None;
            }
            extend(&mut result, file, part.file.clone());
            continue;
        }
        let Some(start) = start else {
            // Nothing of the part stays. What is inserted for it comes with the next piece.
            continue;
        };
        for piece in &pieces[..start] {
            insert(&mut result, piece, new, shift, ending);
        }
        pieces = &pieces[start..];
        let whole = pieces.len() >= part.old.len() && kept.eq(pieces[..part.old.len()].iter().copied());
        if whole {
            extend(&mut result, file, part.file.clone());
            pieces = &pieces[part.old.len()..];
            before = part.old.end.checked_sub(1);
            continue;
        }
        // Some of it changes: all of it is written anew.
        let end = pieces.iter().rposition(|p| matches!(p, Piece::Keep(o) if part.old.contains(o)))? + 1;
        for piece in &pieces[..end] {
            match piece {
                Piece::Keep(line) => result.push((shift.apply(old[*line]), ending)),
                Piece::Insert(_) => insert(&mut result, piece, new, shift, ending),
            }
        }
        pieces = &pieces[end..];
    }
    for piece in pieces {
        insert(&mut result, piece, new, shift, ending);
    }
    // Whether the last line of a file ends with a line end is the file's affair.
    let file_end = file.all[..last.file.end].last().map_or("", |line| line.end);
    if let Some((_, end)) = result.last_mut() {
        *end = file_end;
    }
    let count = result.len();
    Some(
        result
            .into_iter()
            .enumerate()
            .map(|(n, (line, end))| line + if end.is_empty() && n + 1 < count { ending } else { end })
            .collect(),
    )
}

/// `new` with the line endings of what it replaces: lines that stay keep theirs, others take the one
/// of the line whose place they take.
pub fn with_endings(replaced: &str, new: &str, ending: &str) -> String {
    let old = split(replaced);
    let new = split(new);
    let ends = |wanted: &str| old.iter().all(|line| line.end.is_empty() || line.end == wanted);
    if ends("\n") || ends("\r\n") {
        let ending = old.iter().map(|line| line.end).find(|end| !end.is_empty()).unwrap_or(ending);
        return new.iter().map(|line| join(line, ending)).collect();
    }
    let texts = |lines: &[Line]| -> Vec<String> { lines.iter().map(|line| line.text.to_owned()).collect() };
    let mut result = String::new();
    for op in similar::capture_diff_slices(Algorithm::Myers, &texts(&old), &texts(&new)) {
        let (old_range, new_range) = (op.old_range(), op.new_range());
        for (n, line) in new[new_range].iter().enumerate() {
            let model = old.get(old_range.start + n.min(old_range.len().saturating_sub(1)));
            let end = model.map(|line| line.end).filter(|end| !end.is_empty()).unwrap_or(ending);
            result.push_str(&join(line, end));
        }
    }
    result
}

impl<'a> Shift<'a> {
    /// From pairs of lines, the model's and the file's. `None` when one indentation of the model's
    /// stands for two of the file's.
    pub fn new(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<Self> {
        let mut of = HashMap::new();
        for (model, file) in pairs {
            if model.trim().is_empty() || file.trim().is_empty() {
                continue;
            }
            if *of.entry(indent(model)).or_insert(indent(file)) != indent(file) {
                return None;
            }
        }
        let mut known: Vec<&str> = of.keys().copied().collect();
        known.sort_by_key(|indent| (indent.len(), *indent));
        Some(Self { of, known })
    }

    /// Whether it changes nothing.
    pub fn is_none(&self) -> bool {
        self.of.iter().all(|(model, file)| model == file)
    }

    /// The line with the file's indentation.
    pub fn apply(&self, line: &str) -> String {
        let (indent, rest) = line.split_at(indent(line).len());
        if rest.is_empty() || self.is_none() {
            return line.to_owned();
        }
        if let Some(file) = self.of.get(indent) {
            return format!("{file}{rest}");
        }
        // Deeper than a known one: that much deeper.
        if let Some(known) = self.known.iter().rev().find(|known| indent.starts_with(**known)) {
            return format!("{}{}{rest}", self.of[known], self.unit(&indent[known.len()..]));
        }
        // Less deep than a known one: that much less deep.
        if let Some(known) = self.known.iter().find(|known| known.starts_with(indent)) {
            let less = self.unit(&known[indent.len()..]);
            let file = self.of[known];
            let kept =
                file.strip_suffix(less.as_str()).unwrap_or(if file.len() <= less.len() { "" } else { file });
            return format!("{kept}{rest}");
        }
        line.to_owned()
    }

    /// Further indentation in the file's measure: its tabs for the model's blanks, or its two blanks
    /// for the model's four, where the pairs show that it is so.
    fn unit(&self, more: &str) -> String {
        let pairs = || self.known.iter().map(|model| (*model, self.of[model]));
        let Some((model, file)) = pairs().find(|(model, _)| !model.is_empty()) else {
            return more.to_owned();
        };
        let (Some(from), Some(to)) = (model.chars().next(), file.chars().next()) else {
            return more.to_owned();
        };
        let in_proportion = pairs()
            .all(|(m, f)| m.len() * file.len() == f.len() * model.len() && is_all(m, from) && is_all(f, to));
        let is_shown = from != to || self.known.len() > 1;
        if in_proportion && is_shown && is_all(more, from) {
            return String::from(to).repeat(more.len() * file.len() / model.len());
        }
        more.to_owned()
    }
}

/// How the new text comes from the old: what stays, and what is inserted.
fn pieces(old: &[&str], new: &[&str]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    // Blanks at the end of a line are never what an edit is about.
    let keys = |lines: &[&str]| -> Vec<String> {
        lines.iter().map(|line| Likeness::TrimEnd.key(line).into_owned()).collect()
    };
    for op in similar::capture_diff_slices(Algorithm::Myers, &keys(old), &keys(new)) {
        match op {
            DiffOp::Equal { old_index, len, .. } => {
                pieces.extend((old_index..old_index + len).map(Piece::Keep));
            }
            DiffOp::Delete { .. } => {}
            DiffOp::Insert { .. } | DiffOp::Replace { .. } => {
                pieces.extend(op.new_range().map(Piece::Insert));
            }
        }
    }
    pieces
}

fn extend<'a>(result: &mut Vec<(String, &'a str)>, file: &Lines<'a>, range: Range<usize>) {
    result.extend(file.all[range].iter().map(|line| (line.text.to_owned(), line.end)));
}

fn insert<'a>(
    result: &mut Vec<(String, &'a str)>,
    piece: &Piece,
    new: &[&str],
    shift: &Shift,
    ending: &'a str,
) {
    if let Piece::Insert(line) = piece {
        result.push((shift.apply(new[*line]), ending));
    }
}

fn join(line: &Line, ending: &str) -> String {
    if line.end.is_empty() { line.text.to_owned() } else { format!("{}{ending}", line.text) }
}

fn is_all(text: &str, c: char) -> bool {
    text.chars().all(|found| found == c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replace(file: &str, first: usize, old: &[&str], new: &[&str]) -> Option<String> {
        let lines = Lines::new(file);
        let pairs = old.iter().zip(&lines.all[first..]).map(|(old, line)| (*old, line.text));
        let shift = Shift::new(pairs)?;
        transplant(&lines, old, new, &line_for_line(first, old.len()), &shift)
    }

    #[test]
    fn lines_that_stay_keep_what_the_file_has() {
        let file = "a  \r\nb\n“c”\r\nd";
        assert_eq!(
            replace(file, 0, &["a", "b", "\"c\""], &["a", "x", "\"c\""]).unwrap(),
            "a  \r\nx\r\n“c”\r\n"
        );
        assert_eq!(replace(file, 2, &["\"c\"", "d"], &["\"c\"", "d", "e"]).unwrap(), "“c”\r\nd\r\ne");
        assert_eq!(replace(file, 1, &["b", "\"c\""], &[]).unwrap(), "");
        assert_eq!(replace(file, 1, &["b"], &["x", "b", "y"]).unwrap(), "x\nb\ny\n");
    }

    #[test]
    fn new_lines_take_on_the_indentation_of_the_file() {
        let cases = [
            // Everything deeper.
            (
                "    if a:\n        b\n",
                &["if a:", "    b"][..],
                &["if a:", "    b", "    c", "d"][..],
                "    if a:\n        b\n        c\n    d\n",
            ),
            // Everything less deep.
            (
                "a {\n  b\n}\n",
                &["    a {", "      b", "    }"],
                &["    a {", "      x", "        y", "    }"],
                "a {\n  x\n    y\n}\n",
            ),
            // Tabs.
            (
                "\tif a {\n\t\tb\n\t}\n",
                &["    if a {", "        b", "    }"],
                &["    if a {", "        b", "            c", "    }"],
                "\tif a {\n\t\tb\n\t\t\tc\n\t}\n",
            ),
            // Two blanks for four.
            ("a:\n  b:\n", &["a:", "    b:"], &["a:", "    b:", "        c"], "a:\n  b:\n    c\n"),
            // Less deep than any line known.
            (
                "        a\n        b\n",
                &["      a", "      b"],
                &["      a", "    x", "      b"],
                "        a\n      x\n        b\n",
            ),
        ];
        for (file, old, new, wanted) in cases {
            assert_eq!(replace(file, 0, old, new).as_deref(), Some(wanted), "{file}");
        }
        assert_eq!(replace("  a\n    b\n", 0, &["a", "b"], &["x"]), None);
    }

    #[test]
    fn lines_that_only_the_file_has_stay_or_stand_in_the_way() {
        let file = Lines::new("a\nextra\nb\nc\n");
        let parts = [
            Part { old: 0..1, file: 0..1 },
            Part { old: 1..1, file: 1..2 },
            Part { old: 1..2, file: 2..3 },
            Part { old: 2..3, file: 3..4 },
        ];
        let edit = |new: &[&str]| transplant(&file, &["a", "b", "c"], new, &parts, &Shift::default());
        assert_eq!(edit(&["a", "b", "x"]).as_deref(), Some("a\nextra\nb\nx\n"));
        assert_eq!(edit(&["a", "x", "c"]), None);
        assert_eq!(edit(&["a", "x", "b", "c"]), None);
    }

    #[test]
    fn line_endings_follow_the_lines_that_are_replaced() {
        let cases = [
            ("a\r\nb\r\n", "x\ny\nz\n", "\n", "x\r\ny\r\nz\r\n"),
            ("a", "x\ny", "\r\n", "x\r\ny"),
            ("a\nb\r\nc\n", "a\nb\nx\n", "\n", "a\nb\r\nx\n"),
            ("a\nb\r\nc\n", "a\ny\nc\n", "\n", "a\ny\r\nc\n"),
            ("", "x\n", "\r\n", "x\r\n"),
        ];
        for (replaced, new, ending, wanted) in cases {
            assert_eq!(with_endings(replaced, new, ending), wanted, "{replaced:?}");
        }
    }
}
