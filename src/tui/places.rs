//! Where on the screen everything lies. Derived from the state, for painting and for the mouse alike.

use ratatui::layout::Rect;

use super::app::App;
use super::app::layer::Layer;
use super::look::Piece;
use super::view::tabs as tab_bar;
use super::{dialog, update};

/// Columns at either side of the transcript.
pub const MARGIN: u16 = 1;
/// Columns of text in a line at most: longer ones are hard to read.
const LONGEST_LINE: u16 = 130;
/// Columns of the mark before the prompt.
pub const MARK: u16 = 2;
/// Prompts that wait and are shown.
const WAITING: usize = 3;

#[derive(Debug, Clone, Copy, Default)]
pub struct Places {
    pub tabs: Rect,
    pub transcript: Rect,
    /// Prompts that wait.
    pub queue: Rect,
    /// What an agent asks, or what is offered while one types.
    pub above: Rect,
    /// The line over the composer.
    pub rule: Rect,
    /// With the mark before it.
    pub composer: Rect,
    pub status: Rect,
    pub panel: Rect,
}

impl Places {
    pub fn of(app: &App) -> Self {
        let (width, height) = app.size;
        let panel = app.panel.columns(width);
        let main = width - panel;
        let tabs = u16::from(height > 3);
        let status = u16::from(height > 2);
        let body = height - tabs - status;
        let tab = app.tab();
        let wanted = tab.composer.height(main.saturating_sub(MARK + MARGIN));
        let composer = wanted.clamp(1, (body / 3).max(1)).min(body);
        let rule = u16::from(body > composer);
        let mut rest = body - composer - rule;
        let mut take = |wanted: u16, keep: u16| {
            let taken = wanted.min(rest.saturating_sub(keep));
            rest -= taken;
            taken
        };
        let above = match (&tab.suggest, tab.asks()) {
            (Some(suggest), _) => take(suggest.picker.rows(update::OFFERED), 1),
            (None, Some(asks)) if !is_shown_over(app) => {
                take(dialog::rows_above(asks, app.clock.now, main), 2)
            }
            _ => 0,
        };
        let queue = take(u16::try_from(tab.queue.len().min(WAITING)).unwrap_or_default(), 2);
        let mut y = 0;
        let mut below = |width: u16, height: u16| {
            y += height;
            Rect::new(0, y - height, width, height)
        };
        let tabs = below(width, tabs);
        let transcript = below(main, rest);
        let queue = below(main, queue);
        let above = below(main, above);
        let rule = below(main, rule);
        let composer = below(main, composer);
        let status = below(width, status);
        let panel = Rect::new(main, tabs.height, panel, body);
        Self { tabs, transcript, queue, above, rule, composer, status, panel }
    }

    /// Columns that rows of the transcript have.
    pub fn line(&self) -> u16 {
        self.transcript.width.saturating_sub(2 * MARGIN).min(LONGEST_LINE)
    }

    /// The composer without its mark.
    pub fn input(&self) -> Rect {
        let mark = MARK.min(self.composer.width);
        Rect {
            x: self.composer.x + mark,
            width: self.composer.width.saturating_sub(mark + MARGIN),
            ..self.composer
        }
    }
}

/// What the active tab asks lies over the screen already.
fn is_shown_over(app: &App) -> bool {
    let id = app.tab().id;
    app.layers.iter().any(|layer| matches!(layer, Layer::Asked { tab, .. } if *tab == id))
}

/// The tab whose name lies at a column of the tab bar.
pub fn tab_at(app: &App, column: u16) -> Option<usize> {
    let mut x = 0;
    for (place, label) in tab_bar::labels(app, app.size.0) {
        let width: usize = label.iter().map(Piece::width).sum();
        x += u16::try_from(width).unwrap_or(u16::MAX);
        if column < x {
            return Some(place);
        }
    }
    None
}
