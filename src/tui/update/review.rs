//! `/diff` and `/review`: which changes are shown, and the review of them.

use super::Actions;
use super::run::Ran;
use crate::agent::Failure;
use crate::chat::ErrorClass;
use crate::tui::app::layer::{Layer, ReviewLayer};
use crate::tui::app::{App, Tone};
use crate::tui::commands::{Asked, Misuse};
use crate::tui::message::{Action, Load, Shown};
use crate::tui::review::Review;
use crate::workbench::TabId;
use crate::workbench::review::Range;

/// Fewer digits are a tab's number, and no hash.
const LEAST_HASH: usize = 4;

pub(super) fn diff(app: &mut App, asked: &Asked) -> Ran {
    let (all, rest) = asked.flag("--all");
    match sides(app, asked, &rest)?.as_slice() {
        [] if all => Ok(branch(app)),
        [] => Ok(turn(app)),
        sides => between(app, asked, sides),
    }
}

/// The whole branch, to be judged; or what else is named.
pub(super) fn review(app: &mut App, asked: &Asked) -> Ran {
    match sides(app, asked, asked.args)?.as_slice() {
        [] => Ok(branch(app)),
        sides => between(app, asked, sides),
    }
}

/// A state that the user named.
struct Side {
    /// As it was written.
    word: String,
    rev: String,
    /// Where the branch of a tab began.
    start: Option<String>,
}

fn between(app: &App, asked: &Asked, sides: &[Side]) -> Ran {
    let (title, from, to) = match sides {
        [one] => {
            let title = format!("{} against where {} began", one.word, one.began());
            (title, one.start.clone().or_else(|| start(app)), one.rev.clone())
        }
        [a, b] => (format!("{} → {}", a.word, b.word), Some(a.rev.clone()), b.rev.clone()),
        _ => return Err(asked.misuse("it takes two at most: tabs, branches or hashes")),
    };
    Ok(vec![load(app.tab().id, title, Range::Between { from, to })])
}

/// `1`, `tab 2`, a branch, a hash, `a..b`.
fn sides(app: &App, asked: &Asked, words: &str) -> Result<Vec<Side>, Misuse> {
    let words = words.replace("..", " ");
    let mut words = words.split_whitespace().filter(|word| !matches!(*word, "→" | "->"));
    let mut sides = Vec::new();
    while let Some(word) = words.next() {
        let (word, number) = match word {
            "tab" => {
                let number = words.next().unwrap_or_default();
                (format!("tab {number}"), number)
            }
            word => (word.to_owned(), word),
        };
        let is_number = number.len() < LEAST_HASH && number.chars().all(|c| c.is_ascii_digit());
        if !is_number && word.starts_with("tab ") || number.is_empty() {
            return Err(asked.misuse("say which tab: tab 2"));
        }
        sides.push(if is_number { of_tab(app, asked, word, number)? } else { Side::rev(word) });
    }
    Ok(sides)
}

fn of_tab(app: &App, asked: &Asked, word: String, number: &str) -> Result<Side, Misuse> {
    let place = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let tab = place
        .and_then(|place| app.tabs.get(place))
        .ok_or_else(|| asked.misuse(format!("there is no tab {number}")))?;
    let session = tab.session.as_ref();
    let session = session.ok_or_else(|| asked.misuse(format!("tab {number} has no branch yet")))?;
    let start = Some(session.start.clone()).filter(|start| !start.is_empty());
    Ok(Side { word, rev: session.branch.clone(), start })
}

impl Side {
    fn rev(word: String) -> Self {
        Self { rev: word.clone(), word, start: None }
    }

    fn began(&self) -> &'static str {
        if self.start.is_some() { "it" } else { "this tab" }
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
    shown: Result<Shown, Failure>,
) -> Actions {
    let Shown { prepared, from, to } = match shown {
        Ok(shown) => shown,
        Err(failure) if is_unborn(app, tab, &range, &failure) => return nothing(app),
        Err(failure) => {
            super::program::tell(app, &failure);
            return Vec::new();
        }
    };
    // The user went to another tab meanwhile.
    if app.tab().id != tab {
        return Vec::new();
    }
    let before = super::review_keys::take_away(app);
    let serial = app.next_serial();
    let remarks = app.by_id(tab).map(|tab| tab.remarks.clone()).unwrap_or_default();
    let title_shown = crate::tui::wrap::clean(&title).into_owned();
    let mut review = Review::new(title_shown, prepared).with_remarks(&to, remarks);
    if let Some(before) = before.filter(|before| before.tab == tab) {
        review.look_like(&before.review);
        if before.range == range {
            review.go_where(&before.review);
        }
    }
    app.layers.push(Layer::Review(Box::new(ReviewLayer { review, serial, tab, range, title, from, to })));
    Vec::new()
}

/// Whether git does not know of the tab's own work yet: its first turn has not come to a commit.
fn is_unborn(app: &App, tab: TabId, range: &Range, failure: &Failure) -> bool {
    let session = app.place_of(tab).and_then(|place| app.tabs[place].session.as_ref());
    failure.class == ErrorClass::NotFound
        && session.is_some_and(|own| match range {
            Range::Turn { session, .. } => *session == own.id,
            Range::Between { to, .. } => *to == own.branch,
            Range::Step(_) | Range::Whole(_) => false,
        })
}

/// What is shown is looked up again, where it may be another by now.
pub(super) fn refresh(app: &App, tab: TabId) -> Actions {
    let shown = app.layers.iter().find_map(|layer| match layer {
        Layer::Review(review) if review.tab == tab => Some(review),
        _ => None,
    });
    match shown {
        Some(layer) if matches!(layer.range, Range::Between { .. }) => {
            vec![load(tab, layer.title.clone(), layer.range.clone())]
        }
        _ => Vec::new(),
    }
}
