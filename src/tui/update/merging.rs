//! `/merge`: which two tabs, what came of it, and conflicts given to an agent.

use super::landing::rev_of;
use super::{Actions, children, tabs};
use crate::agent::Failure;
use crate::git::Conflict;
use crate::git::session::LandWish;
use crate::tui::app::layer::{Layer, Question, Then};
use crate::tui::app::tab::{Phase, Tab};
use crate::tui::app::{App, Tone};
use crate::tui::commands::Asked;
use crate::tui::look::{Piece, Role};
use crate::tui::message::{Action, Load};
use crate::tui::transcript::cell::Kind;
use crate::tui::wrap::clean;
use crate::workbench::merging::Pair;
use crate::workbench::{Command, Merging, Start};

/// Conflicts that a question names.
const NAMED: usize = 12;

/// Without a word, this tab goes into the one that it left; else what is named comes into this one.
pub(super) fn merge(app: &mut App, asked: &Asked) -> Actions {
    let tab = app.tab();
    let Some(session) = tab.session.as_ref().filter(|session| !session.is_aside) else {
        app.toast("there is nothing to merge in this tab yet", Tone::Plain);
        return Vec::new();
    };
    let (child, into) = match asked.args {
        "" => (session.id.clone(), None),
        word => (rev_of(app, word), Some(session.id.clone())),
    };
    let id = tab.id;
    let is_child = |tab: &&Tab| {
        tab.session.as_ref().is_some_and(|one| one.id == child || one.branch == child && !one.is_aside)
    };
    if let Some(tab) = app.tabs.iter().find(is_child).filter(|tab| tab.is_busy()) {
        let text = format!("\"{}\" is at work: /abort stops it, or wait until it is done", clean(&tab.title));
        app.toast(text, Tone::Bad);
        return Vec::new();
    }
    let ours = app.tabs.iter().filter_map(|tab| tab.session.as_ref()).map(|one| one.id.clone()).collect();
    vec![Action::Load(Load::Pair { tab: id, child, into, ours })]
}

/// It is known which two are to be merged.
pub(super) fn pair_is(app: &mut App, pair: Result<Pair, Failure>) -> Actions {
    let pair = match pair {
        Ok(pair) => pair,
        Err(failure) => {
            super::program::tell(app, &failure);
            return Vec::new();
        }
    };
    let is_parent = |tab: &Tab| tab.session.as_ref().is_some_and(|session| session.id == pair.parent);
    if let Some(tab) = app.tabs.iter().find(|tab| is_parent(tab)) {
        if tab.is_busy() {
            let text = format!("\"{}\" is at work: merge when it is done", clean(&tab.title));
            app.toast(text, Tone::Bad);
            return Vec::new();
        }
        let id = tab.id;
        return vec![Action::Send(Command::Merge { tab: id, child: pair.child })];
    }
    // The parent is opened for it, beside the child.
    let tab = app.add_tab();
    let id = tab.id;
    tab.title = clean(&pair.into).into_owned();
    let then = vec![Command::Merge { tab: id, child: pair.child }];
    tab.phase = Phase::Opening { is_asked: true, then };
    let start = Start::Continue { rev: Some(pair.parent) };
    vec![Action::Send(Command::Open { tab: id, start, permissions: None })]
}

/// What came of merging a child into the tab at `place`.
pub(super) fn merged(app: &mut App, place: usize, merging: Merging) -> Actions {
    match merging {
        Merging::Merged { child, session, .. } => {
            let tab = &mut app.tabs[place];
            let parent = tab.id;
            let text = format!(
                "{child} was merged into this tab; its branch and conversation stay. /undo takes it back"
            );
            tab.transcript.push(tab.turn, Kind::Notice(clean(&text).into_owned()));
            let mut actions = super::events::measure(tab);
            let is_child = |tab: &Tab| {
                tab.id != parent && tab.session.as_ref().is_some_and(|one| Some(&one.id) == session.as_ref())
            };
            let own = app.tabs.iter().find(|tab| is_child(tab)).map(|tab| (tab.id, tab.resolves.clone()));
            let mut came = vec![child.clone()];
            if let Some((id, resolved)) = own {
                came.extend(resolved);
                actions.extend(tabs::close_now(app, id));
            }
            children::merged(app, parent, &came);
            if let Some(place) = app.place_of(parent) {
                actions.extend(tabs::show(app, place));
            }
            app.toast(format!("{child} was merged and closed"), Tone::Good);
            actions
        }
        Merging::Conflicts { child, into, conflicts } => {
            ask_to_resolve(app, place, &child, &into, &conflicts);
            Vec::new()
        }
        Merging::Nothing { child } => {
            app.toast(format!("all of {child} is in this tab already"), Tone::Plain);
            Vec::new()
        }
    }
}

fn ask_to_resolve(app: &mut App, place: usize, child: &str, into: &str, conflicts: &[Conflict]) {
    let tab = &mut app.tabs[place];
    let listed: Vec<String> = conflicts
        .iter()
        .map(|one| format!("  {}: {}", clean(&one.path.display().to_string()), one.kind.words()))
        .collect();
    let text = format!("{child} conflicts with this branch; nothing was changed:\n{}", listed.join("\n"));
    tab.transcript.push(tab.turn, Kind::Failure { message: text, hint: None });
    let tab = tab.id;
    let mut lines: Vec<Vec<Piece>> =
        listed.iter().take(NAMED).map(|line| vec![Piece::new(line.clone(), Role::Text)]).collect();
    if listed.len() > NAMED {
        lines.push(vec![Piece::new(format!("  and {} more", listed.len() - NAMED), Role::Dim)]);
    }
    lines.push(vec![Piece::new(
        "Nothing was changed. An agent can resolve them in a tab of its own.",
        Role::Dim,
    )]);
    let wish = LandWish { rev: Some(child.to_owned()), into: Some(into.to_owned()), ..LandWish::default() };
    app.layers.push(Layer::Question(Question {
        title: format!("{} conflicts with {}", clean(child), clean(into)),
        lines,
        scroll: 0,
        yes: "resolve".to_owned(),
        no: "leave".to_owned(),
        chooses_yes: false,
        then: Then::Resolve { tab, wish },
    }));
}
