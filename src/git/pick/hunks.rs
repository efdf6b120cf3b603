//! The hunks of a text, and putting some of them into another state of it: pure, on bytes, so that whatever
//! a hunk does not touch stays as it is, line endings and broken characters included. It knows no files.

use std::collections::HashMap;
use std::ops::Range;

use similar::{Algorithm, DiffOp};

/// Lines of one version that became lines of the other; counted from 0. One side may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Hunk {
    pub old: Range<usize>,
    pub new: Range<usize>,
}

/// Why a change does not go in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// What it would change is not there, or not any more.
    Gone,
    /// It is there already.
    Already,
    /// There are several places that it could mean.
    Ambiguous,
}

/// Lines around a place that tell it from others.
const CONTEXT: usize = 3;

impl Hunk {
    /// What takes it back.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self { old: self.new.clone(), new: self.old.clone() }
    }
}

/// Runs of changed lines, from the first to the last. A text that only went over to other line endings has
/// none: what reads the same is the same there.
pub fn hunks<'a>(old: &'a [u8], new: &'a [u8]) -> Vec<Hunk> {
    let (old, new) = (Lines::of(old), Lines::of(new));
    let (from, to) = (old.usual_ending(), new.usual_ending());
    let is_exact = from.is_none() || to.is_none() || from == to;
    let mut names = Names::default();
    let mut name = |lines: &Lines<'a>| -> Vec<usize> {
        // A line without an end differs from one that has it, whatever ends the others.
        let word = |line: &'a [u8]| {
            if is_exact || !line.ends_with(b"\n") { (line, true) } else { (text(line), false) }
        };
        lines.0.iter().map(|line| names.of(word(line))).collect()
    };
    let (old, new) = (name(&old), name(&new));
    changed(&old, &new)
}

/// The same of sequences in which each line is a number.
pub fn changed(old: &[usize], new: &[usize]) -> Vec<Hunk> {
    let mut hunks: Vec<Hunk> = Vec::new();
    for op in similar::capture_diff_slices(Algorithm::Myers, old, new) {
        if matches!(op, DiffOp::Equal { .. }) {
            continue;
        }
        let (old, new) = (op.old_range(), op.new_range());
        match hunks.last_mut() {
            Some(last) if last.old.end == old.start && last.new.end == new.start => {
                last.old.end = old.end;
                last.new.end = new.end;
            }
            _ => hunks.push(Hunk { old, new }),
        }
    }
    hunks
}

/// Makes of `onto` what some of the hunks between `before` and `after` make of `before`: all of them, or none.
/// Each is looked for near its place, by its lines and those around it.
///
/// # Errors
/// With the first hunk that does not go in.
pub fn apply(before: &[u8], after: &[u8], hunks: &[Hunk], onto: &[u8]) -> Result<Vec<u8>, (usize, Unfit)> {
    let (before, after, onto) = (Lines::of(before), Lines::of(after), Lines::of(onto));
    let finder = Finder::new(&before, &after, &onto);
    let mut edits = Vec::with_capacity(hunks.len());
    for (at, hunk) in hunks.iter().enumerate() {
        edits.push((finder.place(hunk).map_err(|why| (at, why))?, at));
    }
    edits.sort_by_key(|(place, at)| (place.start, place.end, *at));
    if let Some(pair) = edits.windows(2).find(|pair| pair[0].0.end > pair[1].0.start) {
        return Err((pair[1].1, Unfit::Gone));
    }
    let mut result: Vec<Vec<u8>> = Vec::with_capacity(onto.0.len());
    let mut next = 0;
    for (place, at) in edits {
        result.extend(onto.0[next..place.start].iter().map(|line| line.to_vec()));
        result.extend(put(&before, &after, &hunks[at], &onto, &place));
        next = place.end;
    }
    result.extend(onto.0[next..].iter().map(|line| line.to_vec()));
    let ending: &[u8] = onto.usual_ending().or(after.usual_ending()).map_or(b"\n", Ending::bytes);
    let last = result.len().saturating_sub(1);
    for line in result.iter_mut().take(last).filter(|line| !line.ends_with(b"\n")) {
        line.extend_from_slice(ending);
    }
    let result = result.concat();
    if result == onto.0.concat() && !hunks.is_empty() { Err((0, Unfit::Already)) } else { Ok(result) }
}

/// The lines that a hunk brings, ended as those of the text that they go into.
fn put(before: &Lines, after: &Lines, hunk: &Hunk, onto: &Lines, place: &Range<usize>) -> Vec<Vec<u8>> {
    let ending = onto.usual_ending().filter(|ending| after.usual_ending().is_some_and(|own| own != *ending));
    let mut lines: Vec<Vec<u8>> = after.0[hunk.new.clone()]
        .iter()
        .map(|line| match ending {
            Some(ending) if line.ends_with(b"\n") => [text(line), ending.bytes()].concat(),
            _ => line.to_vec(),
        })
        .collect();
    // Whether the text ends with a newline is the hunk's to say only where it changes that.
    let is_ended = |line: Option<&&[u8]>| line.map(|line| line.ends_with(b"\n"));
    let (was, is) = (is_ended(before.0[hunk.old.clone()].last()), is_ended(after.0[hunk.new.clone()].last()));
    if was == is
        && place.end == onto.0.len()
        && let (Some(last), Some(ended)) = (lines.last_mut(), is_ended(onto.0[place.clone()].last()))
    {
        if !ended {
            last.truncate(text(last).len());
        } else if !last.ends_with(b"\n") {
            last.extend_from_slice(onto.usual_ending().map_or(b"\n", Ending::bytes));
        }
    }
    lines
}

/// Finds where a hunk goes in.
struct Finder {
    before: Vec<usize>,
    after: Vec<usize>,
    onto: Vec<usize>,
    /// Where a line of `before` is in `onto`, if it stayed.
    stayed: Vec<Option<usize>>,
    /// The same of `after`.
    arrived: Vec<Option<usize>>,
}

impl Finder {
    fn new<'a>(before: &Lines<'a>, after: &Lines<'a>, onto: &Lines<'a>) -> Self {
        let mut names = Names::default();
        let mut name = |lines: &Lines<'a>| -> Vec<usize> {
            lines.0.iter().map(|line| names.of((text(line), false))).collect()
        };
        let (before, after, onto) = (name(before), name(after), name(onto));
        let (stayed, arrived) = (places(&before, &onto), places(&after, &onto));
        Self { before, after, onto, stayed, arrived }
    }

    fn place(&self, hunk: &Hunk) -> Result<Range<usize>, Unfit> {
        if self.before == self.onto {
            return Ok(hunk.old.clone());
        }
        if self.after == self.onto && self.before != self.after {
            return Err(Unfit::Already);
        }
        // What is to come may be there, beside a line that looks like what is to go.
        if hunk.old.is_empty() && self.is_there(hunk) {
            return Err(Unfit::Already);
        }
        let kept = kept(&self.stayed, &hunk.old, self.onto.len());
        let found = match kept.filter(|place| hunk.old.is_empty() || self.is_told(hunk, place.start)) {
            Some(place) => Ok(place),
            None => self.search(hunk),
        };
        match found {
            Err(Unfit::Gone) if self.is_there(hunk) => Err(Unfit::Already),
            found => found,
        }
    }

    /// Whether the lines that the hunk brings stand in `onto` between the same neighbours.
    fn is_there(&self, hunk: &Hunk) -> bool {
        let with_neighbours = hunk.new.start.saturating_sub(1)..(hunk.new.end + 1).min(self.after.len());
        kept(&self.arrived, &with_neighbours, self.onto.len()).is_some_and(|place| {
            (hunk.new.start > 0 || place.start == 0)
                && (hunk.new.end < self.after.len() || place.end == self.onto.len())
        })
    }

    /// By what the lines say, and those around them.
    fn search(&self, hunk: &Hunk) -> Result<Range<usize>, Unfit> {
        let wanted = &self.before[hunk.old.clone()];
        let last = self.onto.len().checked_sub(wanted.len()).ok_or(Unfit::Gone)?;
        let expected = self.expected(hunk.old.start);
        let mut best: Vec<(usize, usize, usize)> = Vec::new();
        for at in (0..=last).filter(|at| self.onto[*at..].starts_with(wanted)) {
            if self.is_told(hunk, at) {
                let (above, below) = self.around(hunk, at);
                best.push((CONTEXT * 2 - above - below, at.abs_diff(expected), at));
            }
        }
        best.sort_unstable();
        match best.as_slice() {
            [] => Err(Unfit::Gone),
            [one, other, ..] if (one.0, one.1) == (other.0, other.1) => Err(Unfit::Ambiguous),
            [one, ..] => Ok(one.2..one.2 + wanted.len()),
        }
    }

    /// Whether a place that holds the lines of a hunk is sure to be the one that it means: a line or two may
    /// stand anywhere.
    fn is_told(&self, hunk: &Hunk, at: usize) -> bool {
        let (above, below) = self.around(hunk, at);
        // Only what is around tells where something is to be put in.
        let is_framed = above > 0 && below > 0 || !hunk.old.is_empty();
        is_framed && above + below + hunk.old.len() >= CONTEXT
    }

    /// How many of the lines above and below a hunk are above and below a place; the ends of the text count
    /// for all that would be there.
    fn around(&self, hunk: &Hunk, at: usize) -> (usize, usize) {
        let alike = |mut one: Vec<usize>, mut other: Vec<usize>| {
            let end = usize::MAX;
            one.resize(CONTEXT, end);
            other.resize(CONTEXT, end);
            one.iter().zip(&other).take_while(|(one, other)| one == other).count()
        };
        let above = |lines: &[usize], at: usize| lines[..at].iter().rev().take(CONTEXT).copied().collect();
        let below = |lines: &[usize], at: usize| lines[at..].iter().take(CONTEXT).copied().collect();
        (
            alike(above(&self.before, hunk.old.start), above(&self.onto, at)),
            alike(below(&self.before, hunk.old.end), below(&self.onto, at + hunk.old.len())),
        )
    }

    /// Where a line of `before` would be in `onto`, as the lines above it moved.
    fn expected(&self, line: usize) -> usize {
        let mut above = self.stayed[..line].iter().enumerate().rev();
        let known = above.find_map(|(at, place)| place.map(|place| place + (line - at)));
        known.unwrap_or(line)
    }
}

/// The place of lines that all stayed and still follow each other; of no lines, the place between those that
/// they lay between.
fn kept(stayed: &[Option<usize>], lines: &Range<usize>, len: usize) -> Option<Range<usize>> {
    if lines.is_empty() {
        let above = if lines.start == 0 { Some(0) } else { stayed[lines.start - 1].map(|at| at + 1) };
        let below = stayed.get(lines.start).copied().unwrap_or(Some(len));
        return above.filter(|above| Some(*above) == below).map(|at| at..at);
    }
    let first = stayed[lines.start]?;
    let follows = |(at, place): (usize, &Option<usize>)| *place == Some(first + at);
    let all = stayed[lines.clone()].iter().enumerate().all(follows);
    all.then(|| first..first + lines.len())
}

/// Where each line of one text is in the other, if it is there.
fn places(from: &[usize], to: &[usize]) -> Vec<Option<usize>> {
    let mut places = vec![None; from.len()];
    let (mut old, mut new) = (0, 0);
    let mut alike = |old: Range<usize>, new: usize| {
        for (place, at) in places[old].iter_mut().zip(new..) {
            *place = Some(at);
        }
    };
    for hunk in changed(from, to) {
        alike(old..hunk.old.start, new);
        (old, new) = (hunk.old.end, hunk.new.end);
    }
    alike(old..from.len(), new);
    places
}

/// Numbers for lines, the same for those that are the same.
#[derive(Default)]
struct Names<'a>(HashMap<(&'a [u8], bool), usize>);

impl<'a> Names<'a> {
    fn of(&mut self, line: (&'a [u8], bool)) -> usize {
        let next = self.0.len();
        *self.0.entry(line).or_insert(next)
    }
}

/// The lines of a text with what ends them.
struct Lines<'a>(Vec<&'a [u8]>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Lf,
    CrLf,
}

impl<'a> Lines<'a> {
    fn of(text: &'a [u8]) -> Self {
        Self(text.split_inclusive(|byte| *byte == b'\n').collect())
    }

    /// How most lines end; `None` when none is ended.
    fn usual_ending(&self) -> Option<Ending> {
        let ended = self.0.iter().filter(|line| line.ends_with(b"\n")).count();
        let crlf = self.0.iter().filter(|line| line.ends_with(b"\r\n")).count();
        match ended {
            0 => None,
            _ if ended - crlf >= crlf => Some(Ending::Lf),
            _ => Some(Ending::CrLf),
        }
    }
}

impl Ending {
    fn bytes(self) -> &'static [u8] {
        match self {
            Self::Lf => b"\n",
            Self::CrLf => b"\r\n",
        }
    }
}

/// A line without what ends it.
fn text(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hunk(old: Range<usize>, new: Range<usize>) -> Hunk {
        Hunk { old, new }
    }

    /// Applies the hunks of these numbers, forwards.
    fn forwards(before: &str, after: &str, which: &[usize], onto: &str) -> Result<String, Unfit> {
        let all = hunks(before.as_bytes(), after.as_bytes());
        let hunks: Vec<Hunk> = which.iter().map(|at| all[*at].clone()).collect();
        apply(before.as_bytes(), after.as_bytes(), &hunks, onto.as_bytes())
            .map(|bytes| String::from_utf8(bytes).unwrap())
            .map_err(|(_, why)| why)
    }

    /// Takes the hunks of these numbers back.
    fn back(before: &str, after: &str, which: &[usize], onto: &str) -> Result<String, Unfit> {
        let all = hunks(before.as_bytes(), after.as_bytes());
        let hunks: Vec<Hunk> = which.iter().map(|at| all[*at].reversed()).collect();
        apply(after.as_bytes(), before.as_bytes(), &hunks, onto.as_bytes())
            .map(|bytes| String::from_utf8(bytes).unwrap())
            .map_err(|(_, why)| why)
    }

    #[test]
    fn hunks_are_runs_of_changed_lines() {
        let found = |old: &str, new: &str| hunks(old.as_bytes(), new.as_bytes());
        assert_eq!(found("a\nb\nc\nd\n", "a\nB\nC\nd\ne\n"), [hunk(1..3, 1..3), hunk(4..4, 4..5)]);
        assert_eq!(found("", "a\nb"), [hunk(0..0, 0..2)]);
        assert_eq!(found("a\nb", "a\nb\n"), [hunk(1..2, 1..2)]);
        assert_eq!(found("a\n", "a\n"), []);
    }

    #[test]
    fn other_line_endings_everywhere_are_no_hunks_and_a_single_one_is() {
        let found = |old: &str, new: &str| hunks(old.as_bytes(), new.as_bytes());
        assert_eq!(found("a\nb\nc\n", "a\r\nB\r\nc\r\n"), [hunk(1..2, 1..2)]);
        assert_eq!(found("a\r\nb\r\nc\r\n", "a\r\nb\nc\r\n"), [hunk(1..2, 1..2)]);
    }

    #[test]
    fn one_hunk_goes_and_the_other_stays() {
        let (before, after) = ("a\nb\nc\nd\ne\n", "a\nB\nc\nd\nE\n");
        assert_eq!(back(before, after, &[0], after).unwrap(), "a\nb\nc\nd\nE\n");
        assert_eq!(back(before, after, &[1], after).unwrap(), "a\nB\nc\nd\ne\n");
        assert_eq!(back(before, after, &[1, 0], after).unwrap(), before);
        assert_eq!(forwards(before, after, &[1], before).unwrap(), "a\nb\nc\nd\nE\n");
    }

    #[test]
    fn a_hunk_is_found_where_later_steps_moved_it() {
        let (before, after) = ("a\nb\nc\nd\n", "a\nB\nc\nd\n");
        assert_eq!(back(before, after, &[0], "new\nnew\na\nB\nc\nd\n").unwrap(), "new\nnew\na\nb\nc\nd\n");
        // The lines around it changed: of a single line, nobody knows whether it is still the same.
        assert_eq!(back("x\nb\ny\n", "x\nB\ny\n", &[0], "X\nB\nY\n").err(), Some(Unfit::Gone));
        let (before, after) = ("x\none\ntwo\nthree\ny\n", "x\nONE\nTWO\nTHREE\ny\n");
        assert_eq!(back(before, after, &[0], "X\nONE\nTWO\nTHREE\nY\n").unwrap(), "X\none\ntwo\nthree\nY\n");
    }

    #[test]
    fn a_block_that_moved_elsewhere_is_found_by_what_it_says() {
        let function = |body: &str| format!("fn moved() {{\n    {body}\n}}\n");
        let before = format!("{}\nfn stays() {{\n    1;\n    2;\n    3;\n    4;\n}}\n", function("old();"));
        let after = format!("{}\nfn stays() {{\n    1;\n    2;\n    3;\n    4;\n}}\n", function("new();"));
        let onto = format!("fn stays() {{\n    1;\n    2;\n    3;\n    4;\n}}\n\n{}", function("new();"));
        let expected = format!("fn stays() {{\n    1;\n    2;\n    3;\n    4;\n}}\n\n{}", function("old();"));
        assert_eq!(back(&before, &after, &[0], &onto).unwrap(), expected);
    }

    #[test]
    fn of_places_that_look_alike_the_one_that_is_meant_is_taken() {
        let part = |what: &str| format!("{{\n  {what}\n}}\n");
        let before = [part("x"), part("x"), part("x")].concat();
        let after = [part("x"), part("y"), part("x")].concat();
        let onto = format!("head\n{}", [part("y"), part("y"), part("x")].concat());
        let expected = format!("head\n{}", [part("y"), part("x"), part("x")].concat());
        assert_eq!(back(&before, &after, &[0], &onto).unwrap(), expected);
    }

    #[test]
    fn what_is_not_there_any_more_is_said_and_nothing_changes() {
        let (before, after) = ("a\nb\nc\n", "a\nB\nc\n");
        assert_eq!(back(before, after, &[0], "a\nsomething else\nc\n"), Err(Unfit::Gone));
        assert_eq!(back(before, after, &[0], ""), Err(Unfit::Gone));
        assert_eq!(back(before, after, &[0], before), Err(Unfit::Already));
        assert_eq!(back(before, after, &[0], "head\na\nb\nc\ntail\n"), Err(Unfit::Already));
        assert_eq!(forwards(before, after, &[0], "head\na\nB\nc\ntail\n"), Err(Unfit::Already));
    }

    #[test]
    fn lines_that_came_go_and_lines_that_went_come_back_to_their_place() {
        let (short, long) = ("a\nb\nc\nd\n", "a\nb\nnew\nc\nd\n");
        assert_eq!(back(short, long, &[0], "first\na\nb\nnew\nc\nd\n").unwrap(), "first\na\nb\nc\nd\n");
        assert_eq!(back(long, short, &[0], "first\na\nb\nc\nd\n").unwrap(), "first\na\nb\nnew\nc\nd\n");
        assert_eq!(back(long, short, &[0], "first\na\nb\nnew\nc\nd\n"), Err(Unfit::Already));
        // Something else stands there now.
        assert_eq!(back(long, short, &[0], "a\nb\nelse\nc\nd\n"), Err(Unfit::Gone));
    }

    #[test]
    fn a_line_that_is_there_twice_is_not_taken_for_what_was_added() {
        assert_eq!(
            forwards("a\nx\nb\n", "a\nx\nx\nb\n", &[0], "head\na\nx\nb\n").unwrap(),
            "head\na\nx\nx\nb\n"
        );
    }

    #[test]
    fn line_endings_stay_those_of_the_file() {
        assert_eq!(back("a\nb\nc\n", "a\nB\nc\n", &[0], "a\r\nB\r\nc\r\n").unwrap(), "a\r\nb\r\nc\r\n");
        assert_eq!(back("a\nb\nc\n", "a\r\nB\r\nc\r\n", &[0], "a\r\nB\r\nc\r\n").unwrap(), "a\r\nb\r\nc\r\n");
        assert_eq!(
            back("a\r\nb\r\nc\r\n", "a\r\nb\nc\r\n", &[0], "a\r\nb\nc\r\n").unwrap(),
            "a\r\nb\r\nc\r\n"
        );
        assert_eq!(
            back("a\r\nb\r\nc\r\n", "a\r\nB\r\nc\r\n", &[0], "0\r\na\r\nB\r\nc\r\n").unwrap(),
            "0\r\na\r\nb\r\nc\r\n"
        );
    }

    #[test]
    fn the_end_without_a_newline_is_kept_and_brought_back() {
        assert_eq!(back("a\nb", "a\nB", &[0], "a\nB").unwrap(), "a\nb");
        assert_eq!(back("a\nb", "a\nb\n", &[0], "a\nb\n").unwrap(), "a\nb");
        assert_eq!(back("a\nb\n", "a\nb", &[0], "a\nb").unwrap(), "a\nb\n");
        // Lines that came behind it later are not glued to it.
        assert_eq!(back("a\nb\nc\nd", "a\nb\nc\nD", &[0], "a\nb\nc\nD\ne\n").unwrap(), "a\nb\nc\nd\ne\n");
        // A newline that came later stays.
        assert_eq!(back("a\nb\nc\nd", "a\nb\nc\nD", &[0], "0\na\nb\nc\nD\n").unwrap(), "0\na\nb\nc\nd\n");
        assert_eq!(back("a\nb\nc\nd\n", "a\nb\nc\nD\n", &[0], "0\na\nb\nc\nD").unwrap(), "0\na\nb\nc\nd");
    }

    #[test]
    fn a_part_of_a_hunk_can_be_taken_back() {
        let (before, after) = (b"a\nb\nc\n", b"a\n1\n2\n3\nc\n");
        let second = hunk(2..3, 1..1);
        assert_eq!(apply(after, before, &[second], after).unwrap(), b"a\n1\n3\nc\n");
        let swapped = hunk(1..2, 1..2);
        assert_eq!(apply(after, before, &[swapped], after).unwrap(), b"a\nb\n2\n3\nc\n");
    }

    #[test]
    fn bytes_that_are_no_text_stay_as_they_are() {
        let (before, after) = (b"caf\xe9\nb\n".as_slice(), b"caf\xe9\nB\n".as_slice());
        assert_eq!(apply(after, before, &[hunk(1..2, 1..2)], after).unwrap(), before);
    }
}
