//! What the user chooses in a review: hunks and files that are good, that go, or that come over.

use super::events::measure;
use super::review_keys::{keep, top};
use super::{Actions, review};
use crate::agent::Failure;
use crate::tui::app::layer::{Layer, ReviewLayer};
use crate::tui::app::tab::Amending;
use crate::tui::app::{App, Tone};
use crate::tui::message::Action;
use crate::tui::review::{Act, Choice, Scope, Verdict};
use crate::tui::transcript::cell::{Commit, Counts, Kind};
use crate::workbench::Command;
use crate::workbench::amend::{Amend, Amended, Way};
use crate::workbench::review::Range;

/// It is good: it is folded away, and stays so while it is the same.
pub(super) fn accept(app: &mut App, scope: Scope) -> Actions {
    let Some(layer) = top(app) else { return Vec::new() };
    let Some(choice) = layer.review.choice(scope) else { return no_choice(app) };
    if choice.keys.is_empty() {
        app.toast("a part of a hunk is accepted with the rest of it", Tone::Plain);
        return Vec::new();
    }
    layer.review.act(Act::Accept(scope));
    if let (0, all) = layer.review.open_parts() {
        app.toast(format!("all {all} are judged"), Tone::Good);
    }
    keep(app);
    Vec::new()
}

/// It goes from the tab's branch, or comes back where it went.
pub(super) fn revert(app: &mut App, scope: Scope) -> Actions {
    amend(app, scope, |choice| match choice.verdict {
        Some(Verdict::Reverted) => (Way::Take, None),
        _ => (Way::Revert, Some(Verdict::Reverted)),
    })
}

/// It comes over to the tab's branch, or goes from there again.
pub(super) fn take(app: &mut App, scope: Scope) -> Actions {
    amend(app, scope, |choice| match choice.verdict {
        Some(Verdict::Taken) => (Way::Revert, None),
        _ => (Way::Take, Some(Verdict::Taken)),
    })
}

fn amend(app: &mut App, scope: Scope, how: fn(&Choice) -> (Way, Option<Verdict>)) -> Actions {
    let Some(layer) = top(app) else { return Vec::new() };
    let Some(choice) = layer.review.choice(scope) else { return no_choice(app) };
    let (way, verdict) = how(&choice);
    let (id, about, from, to) = (layer.tab, about(layer), layer.from.clone(), layer.to.clone());
    let refused = match app.by_id(id) {
        None => Some("the tab whose branch this would change was closed"),
        Some(tab) => match &tab.session {
            None => Some("this tab has no branch yet: ask its agent something first"),
            Some(session) if session.is_aside => {
                Some("this tab only looks on: branch off with a worktree first")
            }
            Some(_) if !tab.is_open() => Some("this tab's session is closed: /resume opens it again"),
            Some(_) if tab.is_working() => {
                Some("the agent is at work: wait for the end of its turn, or /abort it")
            }
            Some(_) if tab.amending.is_some() => Some("one after the other: the last one is not done yet"),
            Some(_) => None,
        },
    };
    if let Some(why) = refused {
        app.toast(why, Tone::Bad);
        return Vec::new();
    }
    let Choice { pick, keys, .. } = choice;
    let amend = Amend { way, from, to: to.clone(), picks: vec![pick], about };
    if let Some(tab) = app.by_id(id) {
        tab.amending = Some(Amending { state: to, keys, verdict });
    }
    vec![Action::Send(Command::Amend { tab: id, amend })]
}

/// Whose changes these are, for the commit's message.
fn about(layer: &ReviewLayer) -> String {
    match &layer.range {
        Range::Step(_) => format!("step {}", layer.title),
        Range::Turn { session, turn } => format!("turn {turn} of session {session}"),
        Range::Between { from: Some(from), to } => {
            format!("{to} since {}", from.get(..10).filter(|_| from.len() == 40).unwrap_or(from))
        }
        Range::Between { from: None, to } => to.clone(),
        Range::Whole(_) => layer.title.clone(),
    }
}

fn no_choice(app: &mut App) -> Actions {
    app.toast("there is no hunk here: ] goes to the next one", Tone::Plain);
    Vec::new()
}

/// What was chosen is on the tab's branch.
pub(super) fn amended(app: &mut App, place: usize, amended: Amended) -> Actions {
    let tab = &mut app.tabs[place];
    let id = tab.id;
    let Amended { commit: hash, subject, stat, .. } = amended;
    let counts = Counts { files: stat.files, insertions: stat.insertions, deletions: stat.deletions };
    let short = hash.get(..10).unwrap_or(&hash).to_owned();
    let commit = Commit { hash, subject: subject.clone(), counts: Some(counts), step: None };
    tab.transcript.push(tab.turn, Kind::Commit(commit));
    tab.files = None;
    let mut actions = measure(tab);
    if let Some(Amending { state, keys, verdict }) = tab.amending.take() {
        tab.remarks.did(&state, &keys, verdict);
        for layer in &mut app.layers {
            if let Layer::Review(layer) = layer
                && layer.tab == id
                && layer.to == state
            {
                layer.review.did(&state, &keys, verdict);
            }
        }
        // What is cut off at the edge is the subject, and not how it is taken back.
        app.toast(format!("`git revert {short}` undoes it: {subject}"), Tone::Good);
    }
    actions.extend(review::refresh(app, id));
    actions
}

/// Something could not be carried out: in a review, nobody would see it in the transcript.
pub(super) fn failed(app: &mut App, place: usize, failure: &Failure) {
    if app.tabs[place].amending.take().is_some() {
        super::program::tell(app, failure);
    }
}
