//! `/diff`: which changes are shown, and the review of them.

use super::Actions;
use super::run::Ran;
use crate::agent::Failure;
use crate::tui::app::layer::{Layer, ReviewLayer};
use crate::tui::app::{App, Tone};
use crate::tui::commands::Asked;
use crate::tui::message::{Action, Load};
use crate::tui::review::{Prepared, Review};
use crate::workbench::TabId;
use crate::workbench::review::Range;

pub(super) fn diff(app: &mut App, asked: &Asked) -> Ran {
    let (all, rest) = asked.flag("--all");
    let words: Vec<&str> = rest.split_whitespace().collect();
    match words.as_slice() {
        [] if all => Ok(branch(app)),
        [] => Ok(turn(app)),
        [one] => {
            let to = rev(app, one);
            Ok(vec![load(
                app.tab().id,
                format!("{one} against where this tab began"),
                Range::Between { from: start(app), to },
            )])
        }
        [a, b] => {
            let range = Range::Between { from: Some(rev(app, a)), to: rev(app, b) };
            Ok(vec![load(app.tab().id, format!("{a} → {b}"), range)])
        }
        _ => Err(asked.misuse("it takes two at most: tabs, branches or hashes")),
    }
}

/// A tab's number means its branch; anything else is what it says.
fn rev(app: &App, word: &str) -> String {
    let place = word.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let tab = place.and_then(|place| app.tabs.get(place));
    match tab.and_then(|tab| tab.session.as_ref()) {
        Some(session) => session.branch.clone(),
        None => word.to_owned(),
    }
}

fn start(app: &App) -> Option<String> {
    let session = app.tab().session.as_ref()?;
    Some(session.start.clone()).filter(|start| !start.is_empty())
}

fn load(tab: TabId, title: String, range: Range) -> Action {
    Action::Load(Load::Diff { tab, title, range })
}

/// What the last turn changed.
pub(super) fn turn(app: &mut App) -> Actions {
    let tab = app.tab();
    match (&tab.session, tab.turn) {
        (Some(session), turn) if turn > 0 => {
            vec![load(tab.id, format!("turn {turn}"), Range::Turn { session: session.id.clone(), turn })]
        }
        (Some(_), _) => branch(app),
        (None, _) => nothing(app),
    }
}

/// What the last step changed.
pub(super) fn step(app: &mut App) -> Actions {
    let commits = app.tab().transcript.cells().iter().rev();
    let last = commits.filter_map(|cell| match &cell.kind {
        crate::tui::transcript::cell::Kind::Commit(commit) => Some(commit.clone()),
        _ => None,
    });
    match last.into_iter().next() {
        Some(commit) => one_step(app, &commit.hash, &commit.subject),
        None => nothing(app),
    }
}

pub(super) fn one_step(app: &App, hash: &str, subject: &str) -> Actions {
    let short = hash.get(..8).unwrap_or(hash);
    vec![load(app.tab().id, format!("{short} {subject}"), Range::Step(hash.to_owned()))]
}

/// What the whole branch changed.
pub(super) fn branch(app: &mut App) -> Actions {
    let Some(session) = &app.tab().session else { return nothing(app) };
    let range = Range::Between { from: start(app), to: session.branch.clone() };
    vec![load(app.tab().id, session.branch.clone(), range)]
}

fn nothing(app: &mut App) -> Actions {
    app.toast("nothing was changed in this tab yet", Tone::Plain);
    Vec::new()
}

/// The changes are there: they are shown, in place of others that are.
pub(super) fn loaded(
    app: &mut App,
    tab: TabId,
    title: String,
    range: Range,
    prepared: Result<Prepared, Failure>,
) -> Actions {
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(failure) => {
            super::program::tell(app, &failure);
            return Vec::new();
        }
    };
    // The user went to another tab meanwhile.
    if app.tab().id != tab {
        return Vec::new();
    }
    let actions = super::review_keys::put_away(app);
    let serial = app.next_serial();
    let review = Review::new(crate::tui::wrap::clean(&title).into_owned(), prepared);
    app.layers.push(Layer::Review(Box::new(ReviewLayer { review, serial, tab, range, title })));
    actions
}
