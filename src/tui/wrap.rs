//! Text brought to columns: cleaned of what a terminal would obey, cut, padded, and folded into rows.
//! It knows nothing of markup or of screens. A line is measured as it is painted, grapheme by grapheme.

use std::borrow::Cow;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::look::{Piece, Role, Row};

/// Columns from one tab stop to the next.
pub const TAB: usize = 4;

const ELLIPSIS: &str = "…";

/// What stands before a line is left out where less than this would stay for the line.
const LEAST_ROOM: usize = 4;

/// What stands before the rows of one logical line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hanging {
    /// Before the first row.
    pub first: Vec<Piece>,
    /// So many pieces at the start of `first` are shown and not copied.
    pub decoration: usize,
    /// Before the rows that go on with the line; never copied.
    pub rest: Vec<Piece>,
}

impl Hanging {
    /// The same before every row, and not copied.
    pub fn bar(pieces: Vec<Piece>) -> Self {
        Self { decoration: pieces.len(), rest: pieces.clone(), first: pieces }
    }

    /// A mark before the first row, which is copied, and blanks of its width before the others.
    pub fn mark(mark: Piece) -> Self {
        let rest = vec![Piece::new(" ".repeat(columns(&mark.text)), Role::Text)];
        Self { first: vec![mark], decoration: 0, rest }
    }
}

/// One line of text without what a terminal or a layout would trip over: tabs become blanks up to the
/// next stop, a line break a blank, and control characters, marks that turn the direction of writing
/// and invisible characters go. What joins emoji and letters stays.
pub fn clean(text: &str) -> Cow<'_, str> {
    clean_at(text, 0)
}

/// The same for text that stands at a column, which says where the tab stops are.
pub fn clean_at(text: &str, column: usize) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let text = text.strip_suffix('\n').unwrap_or(text);
    if text.chars().all(is_clean) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len() + TAB);
    let mut column = column;
    let mut measured = 0;
    for character in text.chars() {
        match character {
            '\t' => {
                column += columns(&cleaned[measured..]);
                let blanks = TAB - column % TAB;
                cleaned.extend(std::iter::repeat_n(' ', blanks));
                column += blanks;
                measured = cleaned.len();
            }
            '\n' | '\u{2028}' | '\u{2029}' => cleaned.push(' '),
            plain if is_clean(plain) => cleaned.push(plain),
            _ => {}
        }
    }
    Cow::Owned(cleaned)
}

/// The last place at or before a byte where a text can be cut.
pub fn floor(text: &str, at: usize) -> usize {
    if at >= text.len() {
        return text.len();
    }
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

/// How many columns a text takes when it is painted.
pub fn columns(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).map(grapheme_columns).sum() }
}

/// The text, or as much of its start as fits with `…` behind it.
pub fn fit(text: &str, width: usize) -> Cow<'_, str> {
    if columns(text) <= width {
        return Cow::Borrowed(text);
    }
    match width {
        0 => Cow::Borrowed(""),
        _ => Cow::Owned(format!("{}{ELLIPSIS}", start_of(text, width - 1))),
    }
}

/// The text, or as much of its end as fits with `…` before it: for paths, whose end says most.
pub fn fit_end(text: &str, width: usize) -> Cow<'_, str> {
    if columns(text) <= width {
        return Cow::Borrowed(text);
    }
    if width == 0 {
        return Cow::Borrowed("");
    }
    let mut room = width - 1;
    let mut from = text.len();
    for (at, grapheme) in text.grapheme_indices(true).rev() {
        match room.checked_sub(grapheme_columns(grapheme)) {
            Some(left) => (room, from) = (left, at),
            None => break,
        }
    }
    Cow::Owned(format!("{ELLIPSIS}{}", &text[from..]))
}

/// Exactly `width` columns of text: cut with `…`, or filled up with blanks.
pub fn pad(text: &str, width: usize) -> String {
    let mut padded = fit(text, width).into_owned();
    padded.extend(std::iter::repeat_n(' ', width.saturating_sub(columns(&padded))));
    padded
}

/// A line of pieces cut as [`fit`] cuts; the `…` looks like what it cuts off.
pub fn fit_pieces(pieces: &[Piece], width: usize) -> Vec<Piece> {
    if pieces_columns(pieces) <= width {
        return pieces.to_vec();
    }
    if width == 0 {
        return Vec::new();
    }
    let mut room = width - 1;
    let mut fitted = Vec::new();
    for piece in pieces {
        let kept = start_of(&piece.text, room);
        if kept.len() < piece.text.len() {
            fitted.push(Piece::new(format!("{kept}{ELLIPSIS}"), piece.look));
            break;
        }
        room -= columns(kept);
        fitted.push(piece.clone());
    }
    fitted
}

/// The rows of one logical line. It breaks at blanks and between ideographs, and within a word that is
/// longer than a row. The blank at a break stays at the end of its row, so that what is copied of the
/// rows is the line; therefore a word and its blank share a row. Blanks at the end of the line that
/// don't fit are dropped. No row is wider than `width`: a grapheme that could never fit shows as `…`.
pub fn wrap(pieces: &[Piece], width: usize, hanging: &Hanging) -> Vec<Row> {
    let (first, rest) = (pieces_columns(&hanging.first), pieces_columns(&hanging.rest));
    let fits = first.max(rest) + LEAST_ROOM <= width;
    let none = Hanging::default();
    let (hanging, first, rest) = if fits { (hanging, first, rest) } else { (&none, 0, 0) };
    if width == 0 {
        return vec![Row::default()];
    }
    if first + pieces_columns(pieces) <= width {
        let pieces = hanging.first.iter().chain(pieces).cloned().collect();
        return vec![Row { decoration: hanging.decoration, ..Row::new(pieces) }];
    }
    let atoms = atoms(pieces, width - first.max(rest));
    let ranges = broken(&atoms, width - first, width - rest, AtBreak::Keep);
    let row = |(index, range): (usize, Range<usize>)| {
        let (before, decoration) = match index {
            0 => (&hanging.first, hanging.decoration),
            _ => (&hanging.rest, hanging.rest.len()),
        };
        let mut row = Row { decoration, continues: index > 0, ..Row::new(before.clone()) };
        append(&mut row.pieces, pieces, &atoms[range]);
        row
    };
    ranges.into_iter().enumerate().map(row).collect()
}

/// The same for a cell of a table, whose rows nobody copies as one line: blanks at breaks go, and with
/// them the column that [`wrap`] keeps for them.
pub fn fold(pieces: &[Piece], width: usize) -> Vec<Vec<Piece>> {
    if width == 0 {
        return vec![Vec::new()];
    }
    let atoms = atoms(pieces, width);
    let line = |range: Range<usize>| {
        let mut line = Vec::new();
        append(&mut line, pieces, &atoms[range]);
        line
    };
    broken(&atoms, width, width, AtBreak::Drop).into_iter().map(line).collect()
}

/// The columns of a line of pieces.
pub fn pieces_columns(pieces: &[Piece]) -> usize {
    pieces.iter().map(|piece| columns(&piece.text)).sum()
}

fn is_clean(character: char) -> bool {
    let invisible = matches!(
        character,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    );
    !character.is_control() && !invisible
}

/// The screen gives the halfwidth sound marks of kana a cell of their own, as terminals do.
fn grapheme_columns(grapheme: &str) -> usize {
    if grapheme.len() == 1 {
        return 1;
    }
    let marks = grapheme.chars().filter(|character| matches!(character, '\u{ff9e}' | '\u{ff9f}'));
    grapheme.width() + marks.count()
}

fn start_of(text: &str, width: usize) -> &str {
    if text.is_ascii() {
        return &text[..width.min(text.len())];
    }
    let mut room = width;
    for (at, grapheme) in text.grapheme_indices(true) {
        match room.checked_sub(grapheme_columns(grapheme)) {
            Some(left) => room = left,
            None => return &text[..at],
        }
    }
    text
}

/// A grapheme of a line of pieces.
#[derive(Debug, Clone, Copy)]
struct Atom {
    piece: usize,
    start: usize,
    end: usize,
    columns: usize,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blank,
    Letter,
    /// A row may end before and after it. Korean is not among them: it puts blanks between words.
    Ideograph,
    /// Punctuation that must not begin a row, and such that must not end one.
    Closing,
    Opening,
    /// Wider than any row.
    Oversized,
}

fn atoms(pieces: &[Piece], room: usize) -> Vec<Atom> {
    let mut atoms = Vec::with_capacity(pieces.iter().map(|piece| piece.text.len()).sum());
    for (piece, Piece { text, .. }) in pieces.iter().enumerate() {
        if text.is_ascii() {
            let atom = |(start, byte): (usize, u8)| {
                let kind = if byte == b' ' { Kind::Blank } else { Kind::Letter };
                Atom { piece, start, end: start + 1, columns: 1, kind }
            };
            atoms.extend(text.bytes().enumerate().map(atom));
            continue;
        }
        atoms.extend(text.grapheme_indices(true).map(|(start, grapheme)| {
            let end = start + grapheme.len();
            match grapheme_columns(grapheme) {
                columns if columns > room => Atom { piece, start, end, columns: 1, kind: Kind::Oversized },
                columns => Atom { piece, start, end, columns, kind: kind(grapheme) },
            }
        }));
    }
    atoms
}

#[rustfmt::skip]
fn kind(grapheme: &str) -> Kind {
    // A blank may carry a combining mark, and is a letter then.
    if matches!(grapheme, " " | "\u{3000}") {
        return Kind::Blank;
    }
    match grapheme.chars().next() {
        Some('、' | '。' | '，' | '．' | '！' | '？' | '：' | '；' | '）' | '］' | '｝' | '」' | '』' | '】' | '》' | '〉'
            | '〕' | '”' | '’' | '…' | '・' | 'ー' | '々' | '—') => Kind::Closing,
        Some('（' | '［' | '｛' | '「' | '『' | '【' | '《' | '〈' | '〔' | '“' | '‘') => Kind::Opening,
        Some('\u{2e80}'..='\u{9fff}' | '\u{a000}'..='\u{a4cf}' | '\u{f900}'..='\u{faff}'
            | '\u{ff00}'..='\u{ff60}' | '\u{20000}'..='\u{3fffd}') => Kind::Ideograph,
        _ => Kind::Letter,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AtBreak {
    Keep,
    Drop,
}

/// The atoms of each row; there is always at least one row.
fn broken(atoms: &[Atom], first: usize, rest: usize, blanks: AtBreak) -> Vec<Range<usize>> {
    let end = without_blanks(atoms, 0..atoms.len()).end;
    let mut rows = Vec::new();
    let mut room = first;
    let (mut start, mut at, mut used) = (0, 0, 0);
    // Where the row can end, once it holds a word: an indent alone is no row.
    let mut candidate = None;
    let mut worded = false;
    while at < end {
        let atom = atoms[at];
        if worded && may_break(atoms[at - 1], atom) {
            candidate = Some(at);
        }
        if used + atom.columns <= room || at == start {
            worded |= atom.kind != Kind::Blank;
            used += atom.columns;
            at += 1;
            continue;
        }
        let in_run = atom.kind == Kind::Blank && atoms[at - 1].kind == Kind::Blank;
        let is_dropped = atom.kind == Kind::Blank && blanks == AtBreak::Drop;
        let cut = candidate.filter(|_| !in_run && !is_dropped).unwrap_or(at);
        match blanks {
            AtBreak::Keep => {
                rows.push(start..cut);
                start = cut;
            }
            AtBreak::Drop => {
                rows.push(without_blanks(atoms, start..cut));
                start = cut + atoms[cut..end].iter().take_while(|atom| atom.kind == Kind::Blank).count();
            }
        }
        (at, used, room) = (start, 0, rest);
        (candidate, worded) = (None, false);
    }
    let mut last = end;
    if blanks == AtBreak::Keep {
        for atom in &atoms[end..] {
            used += atom.columns;
            last += usize::from(used <= room);
        }
    }
    rows.push(start..last);
    rows
}

fn without_blanks(atoms: &[Atom], range: Range<usize>) -> Range<usize> {
    let word = atoms[range.clone()].iter().rposition(|atom| atom.kind != Kind::Blank);
    range.start..word.map_or(range.start, |word| range.start + word + 1)
}

fn may_break(before: Atom, after: Atom) -> bool {
    let breaks = |kind| matches!(kind, Kind::Ideograph | Kind::Oversized);
    match (before.kind, after.kind) {
        (_, Kind::Blank | Kind::Closing) | (Kind::Opening, _) => false,
        (Kind::Blank, _) => true,
        // Those of ideographic scripts are wide; `’` may stand within a word.
        (Kind::Closing, Kind::Letter | Kind::Opening) => before.columns == 2,
        (before, after) => breaks(before) || breaks(after),
    }
}

fn append(row: &mut Vec<Piece>, pieces: &[Piece], atoms: &[Atom]) {
    for run in
        atoms.chunk_by(|a, b| a.piece == b.piece && a.kind != Kind::Oversized && b.kind != Kind::Oversized)
    {
        let (first, last) = (run[0], run[run.len() - 1]);
        let Piece { text, look } = &pieces[first.piece];
        let text = if first.kind == Kind::Oversized { ELLIPSIS } else { &text[first.start..last.end] };
        row.push(Piece::new(text, *look));
    }
}

#[cfg(test)]
#[path = "wrap/tests.rs"]
mod tests;
