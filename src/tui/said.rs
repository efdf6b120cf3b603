//! What the screen shows, as plain text: for `--plain`.

use std::time::Instant;

use super::app::App;
use super::app::asks::Asks;
use super::app::compare::Comparison;
use super::app::landing::Landing;
use super::app::layer::{Layer, Question};
use super::app::tab::Tab;
use super::commands::Do;
use super::dialog;
use super::keys::Context;
use super::look::Row;
use super::picker::PickerAct;
use super::transcript::Transcript;
use super::transcript::cell::{CallState, Kind};
use super::update::{self, Actions};
use crate::agent::Resort;

/// Rows of a list that are printed.
const CHOICES: usize = 40;

/// How many cells from `from` on will not change any more.
pub fn whole(transcript: &Transcript, from: usize) -> usize {
    let cells = transcript.cells();
    let grows = transcript.growing();
    (from..cells.len())
        .find(|at| {
            grows == Some(*at)
                || match &cells[*at].kind {
                    Kind::Call(call) => call.state == CallState::Running,
                    Kind::Shell(run) => run.end.is_none(),
                    _ => false,
                }
        })
        .unwrap_or(cells.len())
}

/// A cell as lines.
pub fn cell(transcript: &Transcript, at: usize, columns: usize) -> String {
    lines(&transcript.rows_of(at, columns))
}

/// What lies over the screen, as lines.
pub fn layer(layer: &Layer, app: &App, columns: usize) -> String {
    let (tabs, now) = (app.tabs.as_slice(), app.clock.now);
    match layer {
        Layer::List(list) => {
            if list.picker.is_loading() {
                return String::new();
            }
            let mut text = format!("{}\n", list.picker.title());
            let items: Vec<String> = list
                .picker
                .found()
                .take(CHOICES)
                .enumerate()
                .map(|(place, item)| {
                    let line = format!(
                        "{:>3}. {}  {}  {}",
                        place + 1,
                        item.label(),
                        item.detail_text(),
                        item.hint_text()
                    );
                    format!("{}\n", line.trim_end())
                })
                .collect();
            text.push_str(&items.concat());
            let end = if items.is_empty() {
                "nothing to choose from"
            } else {
                "a number chooses, Enter or the next command closes"
            };
            text.push_str(&format!("({end})\n"));
            text
        }
        Layer::Text(one) if one.is_loading() => String::new(),
        Layer::Text(one) => {
            let mut text = format!("{}\n", one.title);
            for line in &one.lines {
                let line: String = line.iter().map(|piece| piece.text.as_str()).collect();
                text.push_str(&format!("  {}\n", line.trim_end()));
            }
            text
        }
        Layer::Land(landing) if landing.is_loading() => String::new(),
        Layer::Land(landing) => preview(landing),
        Layer::Question(question) => about(question),
        Layer::Asked { tab: id, .. } => tabs
            .iter()
            .find(|tab| tab.id == *id)
            .and_then(Tab::asks)
            .map(|asks| asked(asks, now, columns))
            .unwrap_or_default(),
        Layer::Review(layer) => crate::chat::sanitise(&layer.review.unified()).into_owned(),
        Layer::Line(_) => String::new(),
        Layer::Comparison(number) => app.comparison(*number).map(comparison_at(now)).unwrap_or_default(),
    }
}

/// Whether something waits for an answer after it was told. What there is nothing to choose in does not.
pub fn waits(layer: &Layer) -> bool {
    match layer {
        Layer::List(list) => list.picker.found().next().is_some(),
        Layer::Land(landing) => landing.can_land(),
        Layer::Question(_) | Layer::Asked { .. } => true,
        Layer::Text(_) | Layer::Review(_) | Layer::Line(_) | Layer::Comparison(_) => false,
    }
}

/// The table of a comparison.
fn comparison_at(now: Instant) -> impl Fn(&Comparison) -> String {
    move |one| {
        let prompt = super::wrap::clean(one.prompt.lines().next().unwrap_or_default()).into_owned();
        let table = crate::workbench::compare::text(&one.rows, one.time(now));
        format!("Comparison {}: {prompt}\n{table}(/compare shows it again)\n", one.number)
    }
}

/// What an agent asks, and what answers it.
pub fn asked(asks: Asks, now: Instant, columns: usize) -> String {
    let [keys, _] = dialog::keys(asks);
    let keys: Vec<String> = keys.iter().map(|(key, does)| format!("{key}: {does}")).collect();
    format!("{}({})\n", lines(&dialog::asked(asks, now, columns)), keys.join(", "))
}

fn preview(landing: &Landing) -> String {
    let mut text = format!("{}\n", landing.text.title);
    for line in &landing.text.lines {
        let line: String = line.iter().map(|piece| piece.text.as_str()).collect();
        text.push_str(format!("  {line}").trim_end());
        text.push('\n');
    }
    if landing.can_land() {
        text.push_str("(y: land, n: leave)\n");
    }
    text
}

fn about(question: &Question) -> String {
    let mut text = format!("{}\n", super::wrap::clean(&question.title));
    for line in &question.lines {
        let line: String = line.iter().map(|piece| piece.text.as_str()).collect();
        text.push_str(&format!("  {line}\n"));
    }
    text.push_str(&format!("(y: {}, n: {})\n", question.yes, question.no));
    text
}

/// Whether a line is meant for an open list: a number, or nothing to close it.
pub fn chooses(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Takes an item of the open list by its number.
pub fn choose(app: &mut App, word: &str) -> Actions {
    let Some(Layer::List(list)) = app.layers.last_mut() else { return Vec::new() };
    let count = list.picker.found().count();
    match word.parse::<usize>().ok().and_then(|number| number.checked_sub(1)).filter(|place| *place < count) {
        Some(place) => {
            list.picker.act(PickerAct::First);
            for _ in 0..place {
                list.picker.act(PickerAct::Down);
            }
            update::in_layer(app, Do::ListAccept)
        }
        None => update::in_layer(app, Do::ListClose),
    }
}

/// Answers the open question, or what an agent asks.
pub fn answer(app: &mut App, word: &str) -> Actions {
    let is_stuck = app.context() == Context::Stuck;
    let does = match word.to_lowercase().as_str() {
        "y" | "yes" if !is_stuck => Do::DialogYes,
        "a" | "always" if !is_stuck => Do::DialogAlways,
        "n" | "no" if !is_stuck => Do::DialogNo,
        "w" | "wait" if is_stuck => Do::DialogWait,
        "f" | "fall back" | "fallback" if is_stuck => Do::DialogFallBack,
        "s" | "stop" if is_stuck => Do::DialogStop,
        _ => {
            let text = if is_stuck { "w to wait, f to fall back, s to stop?" } else { "y or n?" };
            app.toast(text, super::app::Tone::Plain);
            return Vec::new();
        }
    };
    update::in_layer(app, does)
}

/// Closes what waits for an answer as one who does not want it.
pub fn decline(app: &mut App) -> Actions {
    let does = match app.layers.last() {
        Some(Layer::List(_) | Layer::Text(_) | Layer::Line(_) | Layer::Land(_)) => Do::ListClose,
        Some(Layer::Question(_)) => Do::DialogCancel,
        Some(Layer::Review(_) | Layer::Comparison(_)) => {
            app.layers.pop();
            return Vec::new();
        }
        // Time goes on without anybody; where it does not help, nothing does.
        Some(Layer::Asked { .. }) | None if app.context() == Context::Stuck => match app.asks() {
            Some(Asks::Stuck(standstill)) => match standstill.stuck.otherwise {
                Some((_, Resort::Wait)) => Do::DialogWait,
                Some((_, Resort::FallBack)) => Do::DialogFallBack,
                Some((_, Resort::Stop)) | None => Do::DialogStop,
            },
            _ => Do::DialogStop,
        },
        Some(Layer::Asked { .. }) | None => Do::DialogNo,
    };
    update::in_layer(app, does)
}

fn lines(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        text.push_str(row.text().trim_end());
        text.push('\n');
    }
    text
}
