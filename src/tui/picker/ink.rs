//! Text as graphemes with styles: highlighted, cut and put on a row without ever parting one.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::tui::fuzzy::Target;
use crate::tui::look::{Look, Role};

pub(super) type Glyph = (String, Style);

/// Paints looks on one ground: their own grounds would tear holes into a box or a chosen row.
#[derive(Clone, Copy)]
pub(super) struct Brush<'a> {
    styles: &'a dyn Fn(Look) -> Style,
    pub ground: Style,
}

impl<'a> Brush<'a> {
    pub fn new(styles: &'a dyn Fn(Look) -> Style, ground: Role) -> Self {
        Self { styles, ground: styles(ground.into()) }
    }

    /// On another ground, which lies over this one.
    pub fn on(self, ground: Role) -> Self {
        Self { ground: self.ground.patch((self.styles)(ground.into())), ..self }
    }

    pub fn ink(&self, look: impl Into<Look>) -> Style {
        Style { bg: self.ground.bg, ..self.ground.patch((self.styles)(look.into())) }
    }
}

pub(super) fn glyphs(text: &str, style: Style) -> Vec<Glyph> {
    text.graphemes(true).map(|grapheme| (grapheme.to_owned(), style)).collect()
}

pub(super) fn highlight(glyphs: &mut [Glyph], letters: &[usize], style: Style) {
    for letter in letters {
        if let Some(glyph) = glyphs.get_mut(*letter) {
            glyph.1 = style;
        }
    }
}

/// As much as fits, with a sign for what does not. Paths lose their start: their end says more.
pub(super) fn cut(glyphs: Vec<Glyph>, width: usize, target: Target) -> Vec<Glyph> {
    let all: usize = glyphs.iter().map(|glyph| glyph.0.width()).sum();
    if all <= width {
        return glyphs;
    }
    let sign = |glyph: Option<&Glyph>| ("…".to_owned(), glyph.map_or(Style::new(), |glyph| glyph.1));
    let mut room = width.saturating_sub(1);
    let mut fits = |glyph: &&Glyph| {
        let left = room.checked_sub(glyph.0.width());
        room = left.unwrap_or(0);
        left.is_some()
    };
    let mut kept: Vec<Glyph> = match target {
        Target::Plain => glyphs.iter().take_while(&mut fits).cloned().collect(),
        Target::Path => {
            let mut end: Vec<Glyph> = glyphs.iter().rev().take_while(&mut fits).cloned().collect();
            end.reverse();
            end
        }
    };
    match target {
        _ if width == 0 => {}
        Target::Plain => kept.push(sign(kept.last())),
        Target::Path => kept.insert(0, sign(kept.first())),
    }
    kept
}

/// Puts glyphs on the first row of an area; gives the columns used.
pub(super) fn put(buf: &mut Buffer, area: Rect, glyphs: &[Glyph]) -> usize {
    let mut used = 0;
    for (text, style) in glyphs {
        let width = text.width();
        let Ok(x) = u16::try_from(used) else { break };
        if used + width > usize::from(area.width) || area.is_empty() {
            break;
        }
        if width > 0 {
            buf.set_stringn(area.x + x, area.y, text, width, *style);
        }
        used += width;
    }
    used
}

pub(super) fn put_right(buf: &mut Buffer, area: Rect, glyphs: &[Glyph]) {
    let width: usize = glyphs.iter().map(|glyph| glyph.0.width()).sum();
    put(buf, inset(area, usize::from(area.width).saturating_sub(width)), glyphs);
}

pub(super) fn inset(area: Rect, columns: usize) -> Rect {
    let columns = u16::try_from(columns).unwrap_or(u16::MAX).min(area.width);
    Rect { x: area.x + columns, width: area.width - columns, ..area }
}
