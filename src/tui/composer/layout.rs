//! How the text lies in so many columns: soft wrap, and where on the screen a place in the text is. It
//! paints nothing.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::buffer::Pos;
use super::chips::{self, Chips};
use super::clean;

const TAB: usize = 4;

/// What a cell shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ink {
    /// So many bytes of the line; nothing for what has no width.
    Text(Range<usize>),
    Chip(String),
    Blank,
}

/// One stop of the text on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    pub col: usize,
    pub x: usize,
    pub width: usize,
    pub ink: Ink,
}

/// One row of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct VisualRow {
    /// The line of the text.
    pub line: usize,
    /// The columns of the text that it shows.
    pub cols: Range<usize>,
    pub cells: Vec<Cell>,
}

#[derive(Debug)]
pub(super) struct Layout {
    /// Never empty.
    pub rows: Vec<VisualRow>,
}

/// Where a place is on the screen, from the upper left of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    pub row: usize,
    pub x: usize,
}

impl Layout {
    /// The last column is left free for the cursor and for the space that a row breaks at.
    pub fn new(lines: &[String], chips: &Chips, width: usize) -> Self {
        let width = width.max(2);
        let mut rows = Vec::new();
        for (number, line) in lines.iter().enumerate() {
            wrap(number, line, &measure(line, chips, width), width, &mut rows);
        }
        Self { rows }
    }

    pub fn spot(&self, pos: Pos) -> Spot {
        let after = self
            .rows
            .partition_point(|row| row.line < pos.row || row.line == pos.row && row.cols.start <= pos.col);
        let row = after.saturating_sub(1);
        Spot { row, x: self.rows[row].x_of(pos.col) }
    }

    /// The place nearest to a spot.
    pub fn pos(&self, spot: Spot) -> Pos {
        let index = spot.row.min(self.rows.len() - 1);
        let row = &self.rows[index];
        let hit = row.cells.iter().find(|cell| spot.x < cell.x + cell.width);
        let goes_on = self.rows.get(index + 1).is_some_and(|next| next.line == row.line);
        let col = match (hit, row.cells.last()) {
            (Some(cell), _) => cell.col,
            // The end of a row that goes on is the start of the next.
            (None, Some(last)) if goes_on => last.col,
            (None, _) => row.cols.end,
        };
        Pos { row: row.line, col }
    }
}

impl VisualRow {
    fn x_of(&self, col: usize) -> usize {
        match self.cells.iter().find(|cell| cell.col >= col) {
            Some(cell) => cell.x,
            None => self.cells.last().map_or(0, |cell| cell.x + cell.width),
        }
    }
}

/// A stop before it has a row.
struct Token {
    col: usize,
    width: usize,
    kind: Kind,
}

enum Kind {
    Word(Range<usize>),
    /// May be torn from its neighbours: what is two columns wide.
    Wide(Range<usize>),
    Space,
    Tab,
    Chip(String),
}

fn measure(line: &str, chips: &Chips, width: usize) -> Vec<Token> {
    let mut col = 0;
    let mut tokens = Vec::new();
    for (at, grapheme) in line.grapheme_indices(true) {
        let range = at..at + grapheme.len();
        let first = grapheme.chars().next().unwrap_or(' ');
        let (width, kind) = if first == '\t' {
            (TAB, Kind::Tab)
        } else if chips::is_chip(first) {
            let label = clipped(chips.label(first), width - 1);
            (label.width(), Kind::Chip(label))
        } else if first.is_whitespace() {
            (grapheme.width(), Kind::Space)
        } else if grapheme.width() > 1 {
            (grapheme.width(), Kind::Wide(range))
        } else {
            (grapheme.width(), Kind::Word(range))
        };
        tokens.push(Token { col, width, kind });
        col += grapheme.chars().count();
    }
    tokens
}

fn wrap(number: usize, line: &str, tokens: &[Token], width: usize, rows: &mut Vec<VisualRow>) {
    let end_col = line.chars().count();
    let col_of = |index: usize| tokens.get(index).map_or(end_col, |token: &Token| token.col);
    let (mut start, mut index, mut x) = (0, 0, 0);
    let mut cells: Vec<Cell> = Vec::new();
    let mut may_break = None;
    while let Some(token) = tokens.get(index) {
        let hangs = matches!(token.kind, Kind::Space | Kind::Tab);
        let limit = if hangs { width } else { width - 1 };
        let wants = if matches!(token.kind, Kind::Tab) { TAB - x % TAB } else { token.width };
        let wants = if hangs && x < width { wants.min(width - x) } else { wants };
        if x + wants > limit && index > start {
            let at = may_break.filter(|at| *at > start).unwrap_or(index);
            cells.truncate(at - start);
            rows.push(VisualRow {
                line: number,
                cols: col_of(start)..col_of(at),
                cells: std::mem::take(&mut cells),
            });
            (start, index, x) = (at, at, 0);
            may_break = None;
            continue;
        }
        let wants = wants.min(limit);
        let ink = match &token.kind {
            Kind::Chip(label) => Ink::Chip(label.clone()),
            Kind::Word(range) | Kind::Wide(range) if token.width <= limit => Ink::Text(range.clone()),
            Kind::Space | Kind::Tab | Kind::Word(_) | Kind::Wide(_) => Ink::Blank,
        };
        cells.push(Cell { col: token.col, x, width: wants, ink });
        x += wants;
        index += 1;
        let wide = |token: &Token| matches!(token.kind, Kind::Wide(_));
        if hangs || wide(token) || tokens.get(index).is_some_and(wide) {
            may_break = Some(index);
        }
    }
    let full = x >= width;
    rows.push(VisualRow { line: number, cols: col_of(start)..end_col, cells });
    if full {
        // The cursor behind a space in the last column needs a row.
        rows.push(VisualRow { line: number, cols: end_col..end_col, cells: Vec::new() });
    }
}

/// At most so many columns of a text, with a sign if it goes on. Holds no control characters.
pub(super) fn clipped(text: &str, width: usize) -> String {
    let text = clean::line(text);
    if text.width() <= width {
        return text;
    }
    let mut out = String::new();
    for grapheme in text.graphemes(true) {
        if out.width() + grapheme.width() + 1 > width {
            break;
        }
        out.push_str(grapheme);
    }
    if width > 0 {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, width: usize) -> Vec<String> {
        let lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
        let layout = Layout::new(&lines, &Chips::default(), width);
        let shown =
            |row: &VisualRow| lines[row.line].chars().skip(row.cols.start).take(row.cols.len()).collect();
        layout.rows.iter().map(shown).collect()
    }

    #[test]
    fn rows_break_at_spaces_which_hang() {
        assert_eq!(rows("hello world again", 6), ["hello ", "world ", "again"]);
        assert_eq!(rows("a\n\nb", 6), ["a", "", "b"]);
        assert_eq!(rows("aaa  bbb", 4), ["aaa ", " ", "bbb"]);
    }

    #[test]
    fn a_long_word_is_broken_at_the_edge() {
        assert_eq!(rows("abcdefgh", 4), ["abc", "def", "gh"]);
        assert_eq!(rows("x abcdefgh", 4), ["x ", "abc", "def", "gh"]);
    }

    #[test]
    fn wide_and_joined_graphemes_are_never_cut() {
        assert_eq!(rows("漢字漢字", 4), ["漢", "字", "漢", "字"]);
        assert_eq!(rows("漢字漢字", 5), ["漢字", "漢字"]);
        assert_eq!(rows("ab👩‍👩‍👧cd", 5), ["ab👩‍👩‍👧", "cd"]);
        assert_eq!(rows("e\u{301}e\u{301}e\u{301}", 3), ["e\u{301}e\u{301}", "e\u{301}"]);
    }

    #[test]
    fn a_space_in_the_last_column_gives_the_cursor_a_row() {
        let lines = ["abc ".to_owned()];
        let layout = Layout::new(&lines, &Chips::default(), 4);
        assert_eq!(layout.spot(Pos::new(0, 3)), Spot { row: 0, x: 3 });
        assert_eq!(layout.spot(Pos::new(0, 4)), Spot { row: 1, x: 0 });
    }

    #[test]
    fn spots_and_places_answer_each_other() {
        let lines: Vec<String> = ["héllo 漢字 wörld\tx", "", "👩‍👩‍👧 שלום"].map(String::from).into();
        for width in 2..20 {
            let layout = Layout::new(&lines, &Chips::default(), width);
            for row in &layout.rows {
                for cell in &row.cells {
                    assert!(cell.x + cell.width <= width, "{width}: {cell:?}");
                    let pos = Pos::new(row.line, cell.col);
                    if cell.width > 0 {
                        assert_eq!(layout.pos(layout.spot(pos)), pos, "{width}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_long_label_is_cut_with_a_sign() {
        assert_eq!(clipped("漢字漢字", 6), "漢字…");
        assert_eq!(clipped("abc", 3), "abc");
        assert_eq!(clipped("abc", 0), "");
    }
}
