//! One line of code: its syntax, its changed words and what a search found, cut to its columns.

use std::ops::Range;

use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use super::pen::Pen;
use crate::tui::look::{Look, Role};
use crate::tui::wrap::columns;

/// A line and what is known of its parts, all in bytes of the text.
pub struct Code<'a> {
    pub text: &'a str,
    pub spans: &'a [(usize, Look)],
    pub words: &'a [Range<usize>],
    /// The hits of a search; `true` for the one that the reader stands at.
    pub found: &'a [(Range<usize>, bool)],
    /// Said behind the line, which is not part of it.
    pub tail: &'a str,
}

/// How the kind of a line shows.
#[derive(Clone, Copy)]
pub struct Tint {
    pub line: Style,
    /// The role of words that differ.
    pub word: Role,
    /// Whether syntax may have the foreground.
    pub syntax: bool,
}

impl Code<'_> {
    /// Paints the columns from `left` on.
    pub fn paint(&self, pen: &mut Pen<'_>, area: Rect, left: usize, tint: Tint) {
        let width = usize::from(area.width);
        let mut styles = Styles { code: self, tint, span: 0, span_end: 0, until: 0, style: tint.line };
        let mut column = 0;
        for (at, grapheme) in self.text.grapheme_indices(true) {
            let wide = columns(grapheme);
            let end = column + wide;
            if end > left + width {
                cut(pen, area, tint);
                return;
            }
            if end > left {
                let style = styles.at(at, pen);
                // Of a wide character that the left edge cuts, nothing is shown.
                if column < left {
                    pen.fill(Rect { width: narrow(end - left), height: 1, ..area }, style);
                } else {
                    pen.grapheme((area.x + narrow(column - left), area.y), grapheme, narrow(wide), style);
                }
            }
            column = end;
        }
        let used = narrow(column.saturating_sub(left)).min(area.width);
        if !self.tail.is_empty() && column >= left {
            let room = Rect { x: area.x + used, width: area.width - used, ..area };
            pen.text(room, self.tail, pen.on(tint.line, Role::Dim));
        }
    }
}

/// The style of each byte, asked for from left to right.
struct Styles<'a> {
    code: &'a Code<'a>,
    tint: Tint,
    span: usize,
    span_end: usize,
    /// The style holds up to here.
    until: usize,
    style: Style,
}

impl Styles<'_> {
    fn at(&mut self, at: usize, pen: &Pen<'_>) -> Style {
        if at >= self.until {
            self.change(at, pen);
        }
        self.style
    }

    fn change(&mut self, at: usize, pen: &Pen<'_>) {
        let spans = self.code.spans;
        while self.span_end <= at && self.span < spans.len() {
            self.span_end += spans[self.span].0;
            self.span += 1;
        }
        let mut style = self.tint.line;
        self.until = usize::MAX;
        if at < self.span_end {
            self.until = self.span_end;
            if self.tint.syntax {
                style = pen.on(style, spans[self.span - 1].1);
            }
        }
        if self.within(self.code.words.iter(), at) {
            // A theme without backgrounds has to say it by other means, so it gets the foreground too.
            let word = pen.over(style, self.tint.word);
            style = if pen.is_tinted(self.tint.word) { Style { fg: style.fg, ..word } } else { word };
        }
        let found = self.code.found;
        if self.within(found.iter().map(|(range, _)| range), at) {
            let current = found.iter().any(|(range, current)| *current && range.contains(&at));
            style = pen.over(style, if current { Role::MatchCurrent } else { Role::Match });
        }
        self.style = style;
    }

    /// Whether one of the ranges is here; where that changes next, the style ends.
    fn within<'r>(&mut self, ranges: impl Iterator<Item = &'r Range<usize>>, at: usize) -> bool {
        for range in ranges {
            if at < range.start {
                self.until = self.until.min(range.start);
                return false;
            }
            if at < range.end {
                self.until = self.until.min(range.end);
                return true;
            }
        }
        false
    }
}

/// Says at the right edge that the line goes on.
fn cut(pen: &mut Pen<'_>, area: Rect, tint: Tint) {
    let Some(last) = area.width.checked_sub(1) else { return };
    let x = area.x + last;
    // Half of a wide character would be left of it.
    if last > 0 && columns(pen.symbol(x - 1, area.y)) > 1 {
        pen.grapheme((x - 1, area.y), " ", 1, tint.line);
    }
    pen.grapheme((x, area.y), "…", 1, pen.on(tint.line, Role::Dim));
}

fn narrow(columns: usize) -> u16 {
    u16::try_from(columns).unwrap_or(u16::MAX)
}
