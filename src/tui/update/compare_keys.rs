//! What keys mean in the table of a comparison.

use super::{Actions, compare, compare_take, layers, limits, prompt, tabs};
use crate::tui::app::compare::Comparison;
use crate::tui::app::layer::{Layer, Line, LineKind, Question, Then};
use crate::tui::app::tab::Phase;
use crate::tui::app::{App, Tone};
use crate::tui::commands::Do;
use crate::tui::look::{Piece, Role};
use crate::tui::message::{Action, Load};
use crate::workbench::compare::{Fate, State};
use crate::workbench::review::Range;
use crate::workbench::words::count;

/// `None` when the command means here what it means everywhere.
pub(super) fn act(app: &mut App, does: Do) -> Option<Actions> {
    let now = app.clock.now;
    let number = shown(app)?;
    let comparison = app.comparison_mut(number)?;
    match does {
        Do::ListUp => comparison.go(-1),
        Do::ListDown => comparison.go(1),
        Do::ListFirst => comparison.go(isize::MIN),
        Do::ListLast => comparison.go(isize::MAX),
        Do::CompareSort => comparison.sort_by(comparison.sort.next(), now),
        Do::CompareMark => comparison.mark(),
        Do::ListAccept => return Some(enter(app, number)),
        Do::CompareDiff => return Some(diff(app, number)),
        Do::CompareTake => return Some(compare_take::open(app, number)),
        Do::CompareKeep => return Some(ask_to_keep(app, number)),
        Do::CompareVerify => return Some(verify(app, number, false)),
        Do::CompareVerifyAll => return Some(verify(app, number, true)),
        Do::CompareStop => {
            let tabs: Vec<_> = comparison.chosen().into_iter().map(|at| comparison.tabs[at]).collect();
            let actions: Actions = tabs.into_iter().flat_map(|tab| compare::stop(app, tab)).collect();
            if actions.is_empty() {
                app.toast("nothing runs there", Tone::Plain);
            }
            return Some(actions);
        }
        Do::CompareAsk => {
            app.layers.push(Layer::Line(Line::new("follow-up", LineKind::CompareMore)));
        }
        Do::ListClose | Do::Leave | Do::Interrupt => {
            app.layers.pop();
        }
        _ => return None,
    }
    Some(Vec::new())
}

/// The comparison whose table is open.
fn shown(app: &App) -> Option<u32> {
    app.layers.iter().rev().find_map(|layer| match layer {
        Layer::Comparison(number) => Some(*number),
        _ => None,
    })
}

/// Goes to the tab of the row; one that was closed is opened again.
fn enter(app: &mut App, number: u32) -> Actions {
    let Some((tab, row)) = app.comparison(number).map(|one| (one.tabs[one.cursor], &one.rows[one.cursor]))
    else {
        return Vec::new();
    };
    let branch = row.branch.clone();
    if let Some(place) = app.place_of(tab) {
        app.layers.pop();
        return tabs::show(app, place);
    }
    app.layers.pop();
    let actions = tabs::open_session(app, branch);
    let tab = app.tab().id;
    if let Some(comparison) = app.comparison_mut(number) {
        let at = comparison.cursor;
        comparison.tabs[at] = tab;
    }
    actions
}

/// The row against where all began; of two that are marked, one against the other.
fn diff(app: &mut App, number: u32) -> Actions {
    let Some(comparison) = app.comparison(number) else { return Vec::new() };
    let name = |at: usize| format!("{} {}", comparison.rows[at].letter, comparison.rows[at].name());
    let branch = |at: usize| comparison.rows[at].branch.clone();
    let (at, title, from, to) = match comparison.chosen().as_slice() {
        [a, b] => (*b, format!("{} → {}", name(*a), name(*b)), branch(*a), branch(*b)),
        [one] => {
            (*one, format!("{} against the base", name(*one)), comparison.ground.base.clone(), branch(*one))
        }
        _ => {
            app.toast("two can be compared with each other: unmark the others", Tone::Bad);
            return Vec::new();
        }
    };
    // Comments are for the agent whose work is on the right; over the branch that takes from several, hunks come
    // over to that.
    let takes_over = comparison.mix == Some(app.tab().id);
    if let Some(place) = app.place_of(comparison.tabs[at]).filter(|_| !takes_over) {
        app.active = place;
    }
    let range = Range::Between { from: Some(from), to };
    vec![Action::Load(Load::Diff { tab: app.tab().id, title, range })]
}

fn verify(app: &mut App, number: u32, all: bool) -> Actions {
    let Some(comparison) = app.comparison(number) else { return Vec::new() };
    let places = if all { (0..comparison.rows.len()).collect() } else { comparison.chosen() };
    let tabs: Vec<_> = places.into_iter().map(|at| comparison.tabs[at]).collect();
    let actions: Actions = tabs.into_iter().filter_map(|tab| limits::check_in(app, tab)).collect();
    if actions.is_empty() {
        app.toast("its tab is not open: Enter opens it again", Tone::Bad);
    }
    actions
}

/// The same words to the marked ones, or to all.
pub(super) fn follow_up(app: &mut App, text: &str) -> Actions {
    let Some(comparison) = shown(app).and_then(|number| app.comparison(number)) else { return Vec::new() };
    let places = if comparison.marked.is_empty() {
        (0..comparison.rows.len()).collect()
    } else {
        comparison.marked.clone()
    };
    let tabs: Vec<_> = places.into_iter().map(|at| comparison.tabs[at]).collect();
    let active = app.active;
    let mut actions = prompt::remember(app, text);
    let mut asked = 0;
    for tab in tabs {
        let Some(place) = app.place_of(tab).filter(|place| !matches!(app.tabs[*place].phase, Phase::Closed))
        else {
            continue;
        };
        app.active = place;
        actions.extend(prompt::ask(app, text.to_owned()));
        asked += 1;
    }
    app.active = active;
    app.toast(format!("asked of {}", count(asked, "candidate")), Tone::Good);
    actions
}

fn ask_to_keep(app: &mut App, number: u32) -> Actions {
    let Some(comparison) = app.comparison(number) else { return Vec::new() };
    let row = &comparison.rows[comparison.cursor];
    if row.session.is_none() {
        app.toast(format!("{} has nothing to keep", row.letter), Tone::Bad);
        return Vec::new();
    }
    let text = |text: String| vec![Piece::new(text, Role::Text)];
    let others = others(comparison);
    let letters: Vec<String> = others.iter().map(|at| comparison.rows[*at].letter.to_string()).collect();
    let working = others.iter().filter(|at| comparison.rows[**at].state().is_running()).count();
    let mut lines =
        vec![text(format!("{} stays open on {}.", row.letter, crate::tui::wrap::clean(&row.branch)))];
    if working > 0 {
        lines.push(text(format!(
            "{} at work: that is stopped, and what was done is committed.",
            if working == 1 { "1 agent is".to_owned() } else { format!("{working} agents are") }
        )));
    }
    lines.push(text(format!(
        "{}; what was done and said stays:",
        match letters.as_slice() {
            [one] => format!("{one} is closed and archived"),
            several => format!("{} are closed and archived", several.join(", ")),
        }
    )));
    for at in &others {
        lines.push(vec![Piece::new(
            format!("  {}", crate::tui::wrap::clean(&comparison.rows[*at].branch)),
            Role::Dim,
        )]);
    }
    lines.push(vec![Piece::new("/branches lists them, /resume opens one again.", Role::Dim)]);
    let question = Question {
        title: format!("Keep {} {}?", row.letter, crate::tui::wrap::clean(&row.name())),
        lines,
        scroll: 0,
        yes: "keep it, archive the rest".to_owned(),
        no: "not yet".to_owned(),
        chooses_yes: true,
        then: Then::KeepOne { comparison: number, place: comparison.cursor },
    };
    app.layers.push(Layer::Question(question));
    Vec::new()
}

fn others(comparison: &Comparison) -> Vec<usize> {
    (0..comparison.rows.len()).filter(|at| *at != comparison.cursor).collect()
}

/// One is chosen: the tabs of the others are closed, and their sessions put away.
pub(super) fn keep(app: &mut App, number: u32, place: usize) -> Actions {
    app.layers.retain(|layer| !matches!(layer, Layer::Comparison(_)));
    let mut actions = Actions::new();
    let Some(comparison) = app.comparison_mut(number) else { return actions };
    comparison.is_settled = true;
    let kept = comparison.tabs[place];
    let mut closed = Vec::new();
    let mut away = Vec::new();
    for (at, row) in comparison.rows.iter_mut().enumerate() {
        if at == place {
            row.fate = Fate::Kept;
            continue;
        }
        // Of one that is open, the last words are put on record first.
        if row.fate == Fate::Open && !(row.session.is_none() && row.state() == State::Failed) {
            closed.push(comparison.tabs[at]);
        } else {
            away.extend(row.session.clone());
        }
        row.fate = Fate::Archived;
    }
    let gone: Vec<_> = comparison.tabs.iter().copied().filter(|tab| *tab != kept).collect();
    if let Some(place) = app.place_of(kept) {
        actions.extend(tabs::show(app, place));
    }
    for tab in gone {
        if let Some(place) = app.place_of(tab) {
            layers::give_words_back(&mut app.tabs[place]);
            actions.extend(tabs::close_now(app, tab));
        }
    }
    if !away.is_empty() {
        actions.push(Action::Load(Load::Archive(away)));
    }
    if let Some(place) = app.place_of(kept) {
        actions.extend(tabs::show(app, place));
    }
    actions
}
