//! Where an edit applies: exactly, or at the first rung of a ladder of tolerant matches that has one
//! place for it. A rung with several places ends the search, since going on would be guessing.

use std::ops::Range;

use super::anchors;
use super::fold::{Fold, Folded, strip_line_numbers, unescape, unescape_html};
use super::lines::{Likeness, Lines};
use super::transplant::{Part, Shift, line_for_line, transplant, with_endings};

/// Lines that are compared in all places together.
const MAX_COMPARED: usize = 200_000;

/// How strictly an edit was matched, strictest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rung {
    Exact,
    LineEndings,
    TrailingWhitespace,
    Indentation,
    Punctuation,
    LineNumbers,
    Escapes,
    Anchors,
}

/// Which of several places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occurrences {
    One,
    All,
}

/// A place in the text, in bytes, and what comes there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    pub range: Range<usize>,
    pub text: String,
}

/// What is to be done for an edit. The splices are in order and do not overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub rung: Rung,
    pub splices: Vec<Splice>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Miss {
    Nowhere,
    /// Several places, by their first lines, from 1.
    Several {
        rung: Rung,
        lines: Vec<usize>,
    },
}

/// What is looked for, as it was given.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    old: &'a str,
    new: &'a str,
    occurrences: Occurrences,
    /// The line, from 1, that it should be at.
    hint: Option<usize>,
}

/// Lines of a file that stand for lines of an old text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub parts: Vec<Part>,
}

impl Rung {
    /// What to tell the model of a match that was not exact.
    pub fn note(self) -> Option<&'static str> {
        Some(match self {
            Self::Exact => return None,
            Self::LineEndings => "matched but for line endings; those of the file are kept",
            Self::TrailingWhitespace => {
                "matched but for blanks at line ends or blank lines around; the file's are kept"
            }
            Self::Indentation => "matched but for indentation; the new text was indented as the file is",
            Self::Punctuation => "matched but for the look of quotes, dashes or blanks",
            Self::LineNumbers => "matched without the line numbers, which are not part of the file",
            Self::Escapes => "matched after taking one level of escapes away, from the new text too",
            Self::Anchors => {
                "matched by its first and last lines, with small differences between; check the result"
            }
        })
    }
}

/// Finds where `old` stands in the file and what is to take its place.
pub fn locate(file: &Lines, old: &str, new: &str, occurrences: Occurrences) -> Result<Found, Miss> {
    if let Some(found) = plain(file, Wanted { old, new, occurrences, hint: None })? {
        return Ok(found);
    }
    if let Some((old, first)) = strip_line_numbers(old) {
        let new = strip_line_numbers(new).map_or_else(|| new.to_owned(), |(new, _)| new);
        if let Some(found) = plain(file, Wanted { old: &old, new: &new, occurrences, hint: Some(first) })? {
            return Ok(Found { rung: Rung::LineNumbers, ..found });
        }
    }
    for unescape in [unescape, unescape_html] {
        if let Some(old) = unescape(old) {
            let new = unescape(new).unwrap_or_else(|| new.to_owned());
            if let Some(found) = plain(file, Wanted { old: &old, new: &new, occurrences, hint: None })? {
                return Ok(Found { rung: Rung::Escapes, ..found });
            }
        }
    }
    Err(Miss::Nowhere)
}

/// The last rung, apart from the others, since it has to be asked whether the edit is already made
/// before it.
pub fn locate_by_anchors(file: &Lines, old: &str, new: &str) -> Result<Found, Miss> {
    let (old, new) = (line_texts(old), line_texts(new));
    let (old, new) = without_outer_blanks(&old, &new);
    let places: Vec<Place> = anchors::find(file, old, 0).into_iter().map(|parts| Place { parts }).collect();
    one_place(file, old, new, &places, Rung::Anchors, None)?.ok_or(Miss::Nowhere)
}

/// The places where whole lines stand, at the strictest rung that has any, from line `from` on.
pub fn line_places(file: &Lines, old: &[&str], from: usize) -> Option<(Rung, Vec<Place>)> {
    const RUNGS: [(Likeness, Rung); 4] = [
        (Likeness::Same, Rung::Exact),
        (Likeness::TrimEnd, Rung::TrailingWhitespace),
        (Likeness::Trim, Rung::Indentation),
        (Likeness::Punctuation, Rung::Punctuation),
    ];
    // More than one place is too many for most, so that a few are as good as all of them.
    let enough = (MAX_COMPARED / old.len().max(1)).max(2);
    RUNGS.into_iter().find_map(|(likeness, rung)| {
        let places: Vec<Place> = file
            .find(old, likeness, from)
            .into_iter()
            .take(enough)
            .map(|first| Place { parts: line_for_line(first, old.len()) })
            .filter(|place| shift(file, old, place).is_some())
            .collect();
        (!places.is_empty()).then_some((rung, places))
    })
}

/// What `new` becomes at a place of `old`. `None` when it would change what `old` does not show.
pub fn replace_lines(file: &Lines, old: &[&str], new: &[&str], place: &Place) -> Option<Splice> {
    // Where the indentation follows no rule, as after an anchor match, the new text stays as it is.
    let shift = shift(file, old, place).unwrap_or_default();
    let text = transplant(file, old, new, &place.parts, &shift)?;
    Some(Splice { range: file.range(place.lines()), text })
}

/// The texts of the lines.
pub fn line_texts(text: &str) -> Vec<&str> {
    text.lines().collect()
}

impl Place {
    /// The lines of the file, from 0.
    pub fn lines(&self) -> Range<usize> {
        let start = self.parts.first().map_or(0, |part| part.file.start);
        start..self.parts.last().map_or(start, |part| part.file.end)
    }
}

/// The rungs that take the text as it was given.
fn plain(file: &Lines, wanted: Wanted) -> Result<Option<Found>, Miss> {
    let Wanted { old, new, hint, .. } = wanted;
    let exact: Vec<Range<usize>> = ranges(file.text, old);
    if let Some(found) = by_characters(file, wanted, exact, Rung::Exact)? {
        return Ok(Some(found));
    }
    if file.text.contains('\r') || old.contains('\r') {
        let folded = by_folding(file, old, Fold::LineEndings);
        if let Some(found) = by_characters(file, wanted, folded, Rung::LineEndings)? {
            return Ok(Some(found));
        }
    }
    if old.trim().is_empty() {
        return Ok(None);
    }
    let (old_lines, new_lines) = (line_texts(old), line_texts(new));
    let (inner_old, inner_new) = without_outer_blanks(&old_lines, &new_lines);
    for (old, new) in [(old_lines.as_slice(), new_lines.as_slice()), (inner_old, inner_new)] {
        if let Some((rung, places)) = line_places(file, old, 0) {
            // Whole lines that are the same were found as characters, but for blank lines around.
            let rung = rung.max(Rung::TrailingWhitespace);
            return one_place(file, old, new, &places, rung, hint);
        }
    }
    let folded = by_folding(file, old, Fold::Punctuation);
    by_characters(file, Wanted { occurrences: Occurrences::One, ..wanted }, folded, Rung::Punctuation)
}

/// What to do about matches within lines.
fn by_characters(
    file: &Lines,
    wanted: Wanted,
    places: Vec<Range<usize>>,
    rung: Rung,
) -> Result<Option<Found>, Miss> {
    let line = |place: &Range<usize>| file.line_at(place.start) + 1;
    let places = match places.len() {
        0 => return Ok(None),
        1 => places,
        _ if wanted.occurrences == Occurrences::All => places,
        _ => match places.iter().find(|place| Some(line(place)) == wanted.hint) {
            Some(place) => vec![place.clone()],
            None => return Err(Miss::Several { rung, lines: places.iter().map(line).collect() }),
        },
    };
    // Who writes `\r` in the old text means line endings as written.
    let is_literal = rung == Rung::Exact && wanted.old.contains('\r');
    let plain_new = wanted.new.replace("\r\n", "\n");
    let splices = places
        .into_iter()
        .map(|range| {
            let text = if is_literal {
                wanted.new.to_owned()
            } else {
                let ending = file.ending_near(file.line_at(range.start));
                with_endings(&file.text[range.clone()], &plain_new, ending)
            };
            Splice { range, text }
        })
        .collect();
    Ok(Some(Found { rung, splices }))
}

fn one_place(
    file: &Lines,
    old: &[&str],
    new: &[&str],
    places: &[Place],
    rung: Rung,
    hint: Option<usize>,
) -> Result<Option<Found>, Miss> {
    let line = |place: &Place| place.lines().start + 1;
    let place = match places {
        [] => return Ok(None),
        [place] => place,
        _ => match places.iter().find(|place| Some(line(place)) == hint) {
            Some(place) => place,
            None => return Err(Miss::Several { rung, lines: places.iter().map(line).collect() }),
        },
    };
    let splice = replace_lines(file, old, new, place);
    Ok(splice.map(|splice| Found { rung, splices: vec![splice] }))
}

fn by_folding(file: &Lines, old: &str, fold: Fold) -> Vec<Range<usize>> {
    let text = Folded::new(file.text, fold);
    let old = Folded::new(old, fold);
    if old.text.trim().is_empty() && fold == Fold::Punctuation {
        return Vec::new();
    }
    ranges(&text.text, &old.text).iter().filter_map(|range| text.original(range)).collect()
}

fn ranges(text: &str, wanted: &str) -> Vec<Range<usize>> {
    if wanted.is_empty() {
        return Vec::new();
    }
    text.match_indices(wanted).map(|(at, found)| at..at + found.len()).collect()
}

/// How the file's indentation differs from the model's, where it does so by a rule.
fn shift<'f: 'a, 'a>(file: &Lines<'f>, old: &[&'a str], place: &Place) -> Option<Shift<'a>> {
    let pairs = place
        .parts
        .iter()
        .filter(|part| part.old.len() == 1 && part.file.len() == 1)
        .map(|part| -> (&'a str, &'a str) { (old[part.old.start], file.all[part.file.start].text) });
    Shift::new(pairs)
}

/// Both without the blank lines at their edges.
fn without_outer_blanks<'a>(old: &'a [&'a str], new: &'a [&'a str]) -> (&'a [&'a str], &'a [&'a str]) {
    fn trim<'a>(lines: &'a [&'a str]) -> &'a [&'a str] {
        let is_text = |line: &&str| !line.trim().is_empty();
        let start = lines.iter().position(is_text).unwrap_or(lines.len());
        let end = lines.iter().rposition(is_text).map_or(start, |last| last + 1);
        &lines[start..end]
    }
    (trim(old), trim(new))
}
