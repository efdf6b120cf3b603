//! Between a change and its picture: what is in sight is laid out, and what was not worked out yet for it
//! is asked for. Painting then finds everything ready.

use ratatui::layout::Rect;

use super::app::App;
use super::app::layer::{Layer, Text};
use super::app::tab::Tab;
use super::look::{Piece, Role, Row};
use super::markdown::Block;
use super::message::{Action, Load};
use super::places::Places;
use super::view::{last_line, last_scroll, review_area, text_columns, text_rows};
use super::wrap::{Hanging, wrap};

/// Files of a review whose code is being coloured at once.
const DRESSING: usize = 2;

/// Makes everything ready that the next frame shows.
pub fn arrange(app: &mut App) -> Vec<Action> {
    let places = Places::of(app);
    let screen = Rect::new(0, 0, app.size.0, app.size.1);
    let input = places.input();
    let tab = app.tab_mut();
    let id = tab.id;
    tab.composer.set_width(input.width);
    tab.transcript.arrange(places.line(), places.transcript.height);
    let blocks: Vec<(usize, Block)> = tab.transcript.uncoloured();
    let mut actions: Vec<Action> = blocks
        .into_iter()
        .map(|(cell, block)| Action::Load(Load::Colours { tab: id, cell, block }))
        .collect();
    for layer in &mut app.layers {
        match layer {
            Layer::Text(text) => lay_out(text, screen),
            Layer::Land(landing) => lay_out(&mut landing.text, screen),
            Layer::Asked { tab, scroll } => {
                let asks = app.tabs.iter().find(|one| one.id == *tab).and_then(Tab::asks);
                *scroll = (*scroll).min(asks.map_or(0, |asks| last_scroll(asks, app.clock.now, screen)));
            }
            Layer::Question(question) => {
                question.scroll = question.scroll.min(last_line(question, screen));
            }
            Layer::Review(layer) => {
                layer.review.fit(review_area(screen));
                for _ in 0..DRESSING {
                    let Some(undressed) = layer.review.to_dress() else { break };
                    let serial = layer.serial;
                    actions.push(Action::Load(Load::Dress { serial, undressed }));
                }
            }
            _ => {}
        }
    }
    actions
}

/// The lines of a text as rows of the screen's width.
fn lay_out(text: &mut Text, screen: Rect) {
    let width = text_columns(screen);
    if text.rows.as_ref().is_none_or(|(of, _)| *of != width) {
        text.rows = Some((width, text.lines.iter().flat_map(|line| wrapped(line, width)).collect()));
    }
    let rows = text.rows.as_ref().map_or(0, |(_, rows)| rows.len());
    text.scroll = text.scroll.min(rows.saturating_sub(text_rows(screen)));
}

/// A line of a text. What stands behind a label stays behind it, where that leaves room for words.
fn wrapped(line: &[Piece], width: usize) -> Vec<Row> {
    match line {
        [label, rest @ ..] if label.text.ends_with(' ') && !rest.is_empty() && label.width() * 2 < width => {
            let blank = Piece::new(" ".repeat(label.width()), Role::Text);
            let hanging = Hanging { first: vec![label.clone()], decoration: 0, rest: vec![blank] };
            wrap(rest, width, &hanging)
        }
        line => wrap(line, width, &Hanging::default()),
    }
}
