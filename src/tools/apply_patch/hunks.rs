//! Hunks applied to the text of one file: each is found by the ladder that `edit` uses, all of them
//! in the text as it was, so that one cannot disturb another.

use std::ops::Range;

use super::super::edit::anchors;
use super::super::edit::ladder::{Place, Rung, Splice, line_places, replace_lines};
use super::super::edit::lines::{Likeness, Lines};
use super::super::edit::list;
use super::super::edit::nearest::nearest;
use super::super::omission;
use super::parse::Hunk;

/// A text with hunks applied.
#[derive(Debug, Default)]
pub struct Applied {
    pub text: String,
    /// The bytes that are new.
    pub changed: Vec<Range<usize>>,
    /// What to tell the model.
    pub notes: Vec<String>,
}

/// Why a hunk, counted from 1, does not apply.
#[derive(Debug, thiserror::Error)]
#[error("hunk {number} of {count}: {problem}")]
pub struct HunkError {
    number: usize,
    count: usize,
    problem: Problem,
}

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("its lines were not found. {0}")]
    Nowhere(String),
    #[error("its lines stand at {} places (lines {}): give more lines around the change, or a line above it after `@@`", .0.len(), list(.0))]
    Several(Vec<usize>),
    #[error("it changes lines that another hunk changes")]
    Overlap,
    #[error("{0}")]
    Omission(String),
}

/// What is known while the hunks of a file are placed.
struct Placing<'f, 't> {
    file: &'f Lines<'t>,
    /// The line after the last hunk.
    cursor: usize,
    /// By how many lines the last hunk stood further down than its number said.
    drift: isize,
    taken: Vec<Range<usize>>,
    notes: Vec<String>,
}

/// Where a hunk goes.
enum Spot {
    At(Splice),
    /// It is in the file already, at this line, from 1.
    Already(usize),
}

/// Applies all hunks, or tells which one does not apply.
pub fn apply(text: &str, hunks: &[Hunk]) -> Result<Applied, HunkError> {
    let file = Lines::new(text);
    let mut placing = Placing { file: &file, cursor: 0, drift: 0, taken: Vec::new(), notes: Vec::new() };
    let mut splices: Vec<Splice> = Vec::new();
    let mut final_newline = None;
    for (index, hunk) in hunks.iter().enumerate() {
        let number = index + 1;
        let fail = |problem| HunkError { number, count: hunks.len(), problem };
        if !hunk.changes() {
            continue;
        }
        if let Some(line) = omission::placeholder(&hunk.old.join("\n"), &hunk.new.join("\n")) {
            return Err(fail(Problem::Omission(omission::refusal(line))));
        }
        match placing.place(hunk, &hunks[index..], number).map_err(fail)? {
            Spot::At(splice) => splices.push(splice),
            Spot::Already(line) => {
                placing.notes.push(format!("hunk {number}: already applied, at line {line}"));
            }
        }
        if let Some(wanted) = hunk.final_newline
            && splices.last().is_some_and(|splice| splice.range.end == text.len())
        {
            final_newline = Some(wanted);
        }
    }
    splices.sort_by_key(|splice| (splice.range.start, splice.range.end));
    let mut applied = Applied { notes: placing.notes, ..Applied::default() };
    let mut kept = 0;
    for splice in &splices {
        applied.text.push_str(&text[kept..splice.range.start]);
        let start = applied.text.len();
        applied.text.push_str(&splice.text);
        applied.changed.push(start..applied.text.len());
        kept = splice.range.end;
    }
    applied.text.push_str(&text[kept..]);
    end_with(&mut applied.text, final_newline, file.ending_near(0));
    let length = applied.text.len();
    for range in &mut applied.changed {
        *range = range.start.min(length)..range.end.min(length);
    }
    Ok(applied)
}

impl Placing<'_, '_> {
    fn place(&mut self, hunk: &Hunk, rest: &[Hunk], number: usize) -> Result<Spot, Problem> {
        let (anchor, missing) = self.anchor(hunk);
        if hunk.old.is_empty() {
            return Ok(Spot::At(self.insert(hunk, anchor)));
        }
        let (old, new) = (texts(&hunk.old), texts(&hunk.new));
        let variants = [(old.as_slice(), new.as_slice()), without_outer_blanks(&old, &new)];
        for (old, new) in variants {
            let Some((rung, places)) = self.places(old, anchor) else { continue };
            let place = self.choose(&places, hunk, anchor, rest)?;
            if let Some(note) = rung.note() {
                self.notes.push(format!("hunk {number}: {note}"));
            }
            return self.take(old, new, &place, hunk).map(Spot::At);
        }
        if let Some(line) = self.applied_at(&new) {
            return Ok(Spot::Already(line));
        }
        let (old, new) = without_outer_blanks(&old, &new);
        let places: Vec<Place> = anchors::find(self.file, old, 0)
            .into_iter()
            .map(|parts| Place { parts })
            .filter(|place| replace_lines(self.file, old, new, place).is_some())
            .collect();
        if !places.is_empty() {
            let place = self.choose(&places, hunk, anchor, rest)?;
            self.notes.push(format!("hunk {number}: {}", Rung::Anchors.note().unwrap_or_default()));
            return self.take(old, new, &place, hunk).map(Spot::At);
        }
        Err(Problem::Nowhere(self.near(old, missing.as_deref())))
    }

    /// The line that the last of the hunk's anchors stands at, and the first that is missing.
    fn anchor(&self, hunk: &Hunk) -> (Option<usize>, Option<String>) {
        let mut at = None;
        for anchor in &hunk.anchors {
            let from = at.map_or(self.cursor, |at| at + 1);
            match self.find_line(anchor, from).or_else(|| self.find_line(anchor, 0)) {
                Some(line) => at = Some(line),
                None => return (at, Some(anchor.clone())),
            }
        }
        (at, None)
    }

    fn find_line(&self, wanted: &str, from: usize) -> Option<usize> {
        const LIKE: [Likeness; 3] = [Likeness::TrimEnd, Likeness::Trim, Likeness::Punctuation];
        let whole =
            LIKE.into_iter().find_map(|likeness| self.file.find(&[wanted], likeness, from).first().copied());
        // Often only the beginning of the line is given.
        let begins = |line: &str| line.trim_start().starts_with(wanted.trim());
        let lines = || self.file.all.iter().enumerate().skip(from);
        whole.or_else(|| lines().find(|(_, line)| begins(line.text)).map(|(at, _)| at))
    }

    /// The places where the lines stand, below the anchor where there are any.
    fn places(&self, old: &[&str], anchor: Option<usize>) -> Option<(Rung, Vec<Place>)> {
        let is_free = |place: &Place| !self.is_taken(&place.lines());
        let free = |from| {
            let (rung, mut places) = line_places(self.file, old, from)?;
            places.retain(is_free);
            (!places.is_empty()).then_some((rung, places))
        };
        anchor.and_then(free).or_else(|| free(0))
    }

    /// The place that is meant: the only one, the nearest to the line number, the first below the
    /// anchor or, for hunks in a row that are all alike, the next.
    fn choose(
        &self,
        places: &[Place],
        hunk: &Hunk,
        anchor: Option<usize>,
        rest: &[Hunk],
    ) -> Result<Place, Problem> {
        let start = |place: &Place| place.lines().start;
        let at_end =
            places.iter().rev().find(|place| hunk.at_end && place.lines().end == self.file.all.len());
        let chosen = match (places, at_end) {
            ([place], _) | (_, Some(place)) => Some(place),
            _ if hunk.line.is_some() => {
                let wanted = hunk.line.unwrap_or(1).saturating_sub(1).saturating_add_signed(self.drift);
                places.iter().min_by_key(|place| start(place).abs_diff(wanted))
            }
            _ if anchor.is_some() => places.first(),
            _ => {
                let below: Vec<&Place> = places.iter().filter(|place| start(place) >= self.cursor).collect();
                let alike = rest.iter().take_while(|other| other.old == hunk.old).count();
                let is_meant = below.len() == 1 || (alike > 1 && below.len() == alike);
                below.first().copied().filter(|_| is_meant)
            }
        };
        match chosen {
            Some(place) => Ok(place.clone()),
            None => Err(Problem::Several(places.iter().map(|place| start(place) + 1).collect())),
        }
    }

    fn take(&mut self, old: &[&str], new: &[&str], place: &Place, hunk: &Hunk) -> Result<Splice, Problem> {
        let lines = place.lines();
        if self.is_taken(&lines) {
            return Err(Problem::Overlap);
        }
        let splice = replace_lines(self.file, old, new, place)
            .ok_or_else(|| Problem::Nowhere(self.near(old, None)))?;
        if let Some(line) = hunk.line {
            self.drift = lines.start.cast_signed() - line.saturating_sub(1).cast_signed();
        }
        self.cursor = lines.end;
        self.taken.push(lines);
        Ok(splice)
    }

    /// Lines that replace none: below the anchor, below the line of the number, or at the end.
    fn insert(&mut self, hunk: &Hunk, anchor: Option<usize>) -> Splice {
        let count = self.file.all.len();
        let by_number = hunk.line.filter(|_| !hunk.at_end).map(|line| line.saturating_add_signed(self.drift));
        let at = anchor.map(|line| line + 1).or(by_number).unwrap_or(count).min(count);
        let ending = self.file.ending_near(at.saturating_sub(1));
        let mut text: String = hunk.new.iter().flat_map(|line| [line.as_str(), ending]).collect();
        let at_byte = self.file.range(at..at).start;
        if at == count && !text.is_empty() && self.file.all.last().is_some_and(|line| line.end.is_empty()) {
            // The file has no line end at its end, and gets none.
            text.truncate(text.len() - ending.len());
            text.insert_str(0, ending);
        }
        self.cursor = at;
        Splice { range: at_byte..at_byte, text }
    }

    fn is_taken(&self, lines: &Range<usize>) -> bool {
        self.taken.iter().any(|taken| taken.start < lines.end && lines.start < taken.end)
    }

    /// The line, from 1, at which the new lines already stand, where they are long enough to tell.
    fn applied_at(&self, new: &[&str]) -> Option<usize> {
        let letters: usize = new.iter().map(|line| line.trim().len()).sum();
        if letters < 12 {
            return None;
        }
        let (rung, places) = line_places(self.file, new, 0)?;
        let place = places.first().filter(|_| rung <= Rung::TrailingWhitespace)?;
        Some(place.lines().start + 1)
    }

    fn near(&self, old: &[&str], missing_anchor: Option<&str>) -> String {
        let anchor = missing_anchor.map_or(String::new(), |a| format!("Nor was `@@ {a}`. "));
        match nearest(self.file, old) {
            Some(lines) => format!("{anchor}The nearest lines of the file are:\n{lines}"),
            None => format!(
                "{anchor}The file has {} lines and none is like them: read it again.",
                self.file.all.len()
            ),
        }
    }
}

/// Gives the text a line end at its end, or takes it away.
fn end_with(text: &mut String, newline: Option<bool>, ending: &str) {
    match newline {
        Some(true) if !text.is_empty() && !text.ends_with('\n') => text.push_str(ending),
        Some(false) => {
            let end = text.strip_suffix('\n').map(|text| text.strip_suffix('\r').unwrap_or(text).len());
            text.truncate(end.unwrap_or(text.len()));
        }
        _ => {}
    }
}

fn texts(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).collect()
}

/// Both without the blank lines that they begin and end with alike.
fn without_outer_blanks<'a>(old: &'a [&'a str], new: &'a [&'a str]) -> (&'a [&'a str], &'a [&'a str]) {
    let is_blank = |(a, b): &(&&str, &&str)| a.trim().is_empty() && b.trim().is_empty();
    let start = old.iter().zip(new).take_while(is_blank).count();
    let (old, new) = (&old[start..], &new[start..]);
    let end = old.iter().rev().zip(new.iter().rev()).take_while(is_blank).count();
    (&old[..old.len() - end], &new[..new.len() - end])
}
