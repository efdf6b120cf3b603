//! Finding out which step broke something: begun here, told of as it goes on, answered with the step.

use super::Actions;
use super::agent::list;
use super::run::Ran;
use crate::agent::Failure;
use crate::git::session::Credit;
use crate::tui::app::layer::{Choice, ListKind};
use crate::tui::app::{App, Tone};
use crate::tui::commands::Asked;
use crate::tui::message::{Action, Load};
use crate::tui::picker::Item;
use crate::tui::transcript::cell::Kind;
use crate::tui::wrap::clean;
use crate::workbench::TabId;
use crate::workbench::bisect::{Culprit, Found, Progress, no_answer, tried};
use crate::workbench::blame::{credited, prompt};
use crate::workbench::words::count;

pub(super) fn bisect(app: &mut App, asked: &Asked) -> Ran {
    let tab = app.tab_mut();
    let id = tab.id;
    match (asked.args, tab.is_bisecting) {
        ("", _) => Err(asked.misuse("say the command that tells good from bad: /bisect cargo test")),
        ("stop", true) => Ok(stop(app, id)),
        ("stop", false) => {
            app.toast("nothing is being bisected in this tab", Tone::Plain);
            Ok(Vec::new())
        }
        (_, true) => Err(asked.misuse("a command is being tried already: /bisect stop ends that")),
        (command, false) => {
            let Some(session) = tab.session.as_ref().map(|session| session.id.clone()) else {
                return Err(asked.misuse("this tab has no steps yet"));
            };
            tab.is_bisecting = true;
            Ok(vec![Action::Load(Load::Bisect { tab: id, session, command: command.to_owned() })])
        }
    }
}

/// Stops what is being tried for a tab, if anything is.
pub(super) fn stop(app: &App, id: TabId) -> Actions {
    let is_on = app.tabs.iter().any(|tab| tab.id == id && tab.is_bisecting);
    is_on.then_some(Action::Load(Load::StopBisect(id))).into_iter().collect()
}

pub(super) fn goes_on(app: &mut App, id: TabId, progress: &Progress) {
    let text = match progress {
        Progress::Began { command, commits, known } => {
            let before = if *known > 0 { format!(", {known} known from before") } else { String::new() };
            format!("trying `{command}` at {}{before}; /bisect stop ends it", count(*commits, "step"))
        }
        Progress::Tried { at, of, told, left } => tried(*at, *of, *told, *left),
        Progress::Trying { .. } | Progress::Output(_) => return,
    };
    tell(app, id, &text);
}

pub(super) fn ended(app: &mut App, id: TabId, command: &str, found: Result<Found, Failure>) {
    if let Some(tab) = app.by_id(id) {
        tab.is_bisecting = false;
    }
    let found = match found {
        Ok(found) => found,
        Err(failure) => return fail(app, id, &failure.message, failure.hint),
    };
    if let Some((why, hint)) = no_answer(&found, command) {
        return fail(app, id, &why, Some(hint));
    }
    let (title, culprits) = match found {
        Found::Culprit(one) => (format!("This broke `{command}`"), vec![*one]),
        Found::Between(all) => (format!("One of these broke `{command}`"), all),
        _ => return,
    };
    for culprit in &culprits {
        let words = prompt(&culprit.credit).map(|words| format!(": {words}")).unwrap_or_default();
        tell(app, id, &format!("`{command}` broke with {}{words}", credited(&culprit.credit)));
    }
    // The answer must not come over what the user is at.
    if app.tab().id != id || !app.layers.is_empty() {
        app.toast(format!("it is known what broke `{command}`"), Tone::Good);
        return;
    }
    let items = culprits.iter().map(item).collect();
    list(app, ListKind::Log, &clean(&title), items);
}

/// Enter shows what the step changed.
fn item(culprit: &Culprit) -> Item<Choice> {
    let (session, turn) = match &culprit.credit {
        Credit::Step(step) => (step.session.clone(), step.turn),
        Credit::Person(_) => (String::new(), 0),
    };
    let label = match (prompt(&culprit.credit), &culprit.credit) {
        (Some(words), _) => words.to_owned(),
        (None, Credit::Step(step)) => step.subject.clone(),
        (None, Credit::Person(person)) => person.subject.clone(),
    };
    let stat = &culprit.stat;
    let hint = format!("{} +{} −{}", count(stat.files.len(), "file"), stat.insertions, stat.deletions);
    let choice = Choice::Log { session, commit: Some(culprit.commit.to_string()), turn };
    Item::new(&clean(&label), choice).detail(&clean(&credited(&culprit.credit))).hint(&hint)
}

fn tell(app: &mut App, id: TabId, text: &str) {
    if let Some(tab) = app.by_id(id) {
        tab.transcript.push(tab.turn, Kind::Notice(clean(text).into_owned()));
    }
}

fn fail(app: &mut App, id: TabId, message: &str, hint: Option<String>) {
    let kind = Kind::Failure {
        message: clean(message).into_owned(),
        hint: hint.map(|hint| clean(&hint).into_owned()),
    };
    if let Some(tab) = app.by_id(id) {
        tab.transcript.push(tab.turn, kind);
    }
}
