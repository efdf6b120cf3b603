//! The screen as a picture of the state. It only paints: it changes nothing, starts nothing, and names
//! roles of the theme, never colours.

mod compare;
mod composer;
mod layers;
mod paint;
mod panel;
mod status;
pub mod tabs;
mod transcript;
mod welcome;

pub use layers::{last_line, last_scroll, review_area, text_columns, text_rows};

use ratatui::Frame;
use ratatui::layout::Rect;

use super::app::App;
use super::app::layer::Layer;
use super::look::Role;
use super::places::Places;
use paint::Painter;

/// Smaller ones cannot hold anything.
const NARROWEST: u16 = 20;
const LOWEST: u16 = 5;

pub fn view(app: &App, frame: &mut Frame) {
    let screen = frame.area();
    let places = Places::of(app);
    let mut painter = Painter::new(frame.buffer_mut(), &app.theme);
    painter.fill(screen, Role::Text);
    if screen.width < NARROWEST || screen.height < LOWEST {
        painter.text(screen.x, screen.y, screen.width, "too small", Role::Warn);
        return;
    }
    if let Some(Layer::Review(layer)) = review(app) {
        layers::review(&mut painter, app, layer, screen);
    } else {
        tabs::paint(&mut painter, app, places.tabs);
        transcript::paint(&mut painter, app, &places);
        panel::paint(&mut painter, app, places.panel);
        composer::paint(&mut painter, app, &places);
        status::paint(&mut painter, app, places.status);
    }
    // What the review lies over is hidden by it.
    let review = app.layers.iter().rposition(|layer| matches!(layer, Layer::Review(_)));
    for layer in &app.layers[review.unwrap_or_default()..] {
        layers::paint(&mut painter, app, layer, screen);
    }
    if let Some(at) = cursor(app, &places) {
        frame.set_cursor_position(at);
    }
}

fn review(app: &App) -> Option<&Layer> {
    app.layers.iter().rev().find(|layer| matches!(layer, Layer::Review(_)))
}

/// Where the terminal's cursor stands: where what is typed appears.
pub(super) fn cursor(app: &App, places: &Places) -> Option<ratatui::layout::Position> {
    use super::app::Focus;
    let screen = Rect::new(0, 0, app.size.0, app.size.1);
    match (app.layers.last(), app.focus()) {
        (Some(layer), _) => layers::cursor(layer, screen),
        (None, Focus::Composer) => app.tab().composer.cursor_position(places.input()),
        (None, _) => None,
    }
}
