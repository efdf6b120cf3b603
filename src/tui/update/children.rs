//! Sub-agents: their tabs, which nobody opened by hand, and the list of those that a tab's agent gave work to.

use super::Actions;
use super::agent::list;
use super::session::set_items;
use crate::agent::{ChildNews, ChildState};
use crate::chat::sanitise;
use crate::tui::app::App;
use crate::tui::app::layer::{Choice, ListKind};
use crate::tui::app::tab::{Child, Phase};
use crate::tui::picker::Item;
use crate::tui::transcript::cell::Kind;
use crate::tui::words::child;
use crate::tui::wrap::clean;
use crate::workbench::{Parentage, TabId};

/// A tab for an agent that another tab's agent started: behind that one and its others, and not gone to. `None` when
/// nobody is there to see it.
pub(super) fn add(app: &mut App, id: TabId, parentage: &Parentage) -> Option<usize> {
    let parent = app.place_of(parentage.tab).filter(|_| !app.is_ending)?;
    let behind = app.tabs[parent + 1..].iter().take_while(|tab| is_below(app, tab.id, parentage.tab)).count();
    let place = parent + 1 + behind;
    let from = format!(
        "does a part of what \"{}\" is at; once that is merged, this tab closes by itself",
        clean(&app.tabs[parent].title)
    );
    let tab = app.insert_tab(place, id);
    tab.title = clean(&sanitise(&parentage.title)).into_owned();
    tab.child = Some(Child { parent: parentage.tab, state: ChildState::Working });
    tab.transcript.push(0, Kind::Notice(from));
    Some(place)
}

/// Whether a tab was opened for the agent of another one, or for one of its.
pub fn is_below(app: &App, tab: TabId, above: TabId) -> bool {
    let parent = |id: TabId| {
        let tab = app.tabs.iter().find(|tab| tab.id == id)?;
        tab.child.map(|child| child.parent)
    };
    std::iter::successors(parent(tab), |id| parent(*id)).take(app.tabs.len()).any(|id| id == above)
}

/// Something became of work that the agent of a tab gave away.
pub(super) fn told(app: &mut App, place: usize, news: &ChildNews) {
    let tab = &mut app.tabs[place];
    let id = tab.id;
    match tab.children.iter_mut().find(|known| known.call == news.call) {
        Some(known) => known.clone_from(news),
        None => tab.children.push(news.clone()),
    }
    if !news.session.is_empty() {
        let is_it = |session: &crate::tui::app::tab::Session| session.id == news.session;
        let its = app.tabs.iter_mut().find(|tab| tab.session.as_ref().is_some_and(is_it));
        if let Some(child) = its.and_then(|tab| tab.child.as_mut()) {
            child.state = news.state;
        }
    }
    if app.tab().id == id {
        let items = items(app);
        set_items(app, &ListKind::Agents, items, EMPTY);
    }
}

/// The work of sub-agents whose branches these are is in the tab of who started them after all.
pub(super) fn merged(app: &mut App, parent: TabId, branches: &[String]) {
    let Some(tab) = app.by_id(parent) else { return };
    let is_it = |news: &&mut ChildNews| news.branch.as_ref().is_some_and(|branch| branches.contains(branch));
    let mut sessions = Vec::new();
    for news in tab.children.iter_mut().filter(is_it) {
        news.state = ChildState::Merged;
        sessions.push(news.session.clone());
    }
    for tab in &mut app.tabs {
        if let (Some(child), Some(session)) = (&mut tab.child, &tab.session)
            && sessions.contains(&session.id)
        {
            child.state = ChildState::Merged;
        }
    }
    tidy(app, parent);
}

/// Closes the tabs of those whose work is done and brought in, once the agent that gave it is done too: unless the
/// user looks at one. What did not go well stays to be seen.
pub(super) fn tidy(app: &mut App, parent: TabId) {
    if app.by_id(parent).is_some_and(|tab| tab.is_working()) {
        return;
    }
    let active = app.tab().id;
    let is_done = |child: &Child| {
        child.parent == parent && matches!(child.state, ChildState::Done | ChildState::Merged)
    };
    app.tabs.retain(|tab| {
        let is_over = matches!(tab.phase, Phase::Closed) && tab.child.as_ref().is_some_and(is_done);
        tab.id == active || !is_over || !tab.composer.is_empty()
    });
    app.active = app.place_of(active).unwrap_or_default();
}

const EMPTY: &str = "this tab's agent has given no work to others";

/// The list of those that the tab's agent started.
pub(super) fn agents(app: &mut App) -> Actions {
    let items = items(app);
    list(app, ListKind::Agents, "Sub-agents of this tab", items);
    let items = self::items(app);
    set_items(app, &ListKind::Agents, items, EMPTY);
    Vec::new()
}

fn items(app: &App) -> Vec<Item<Choice>> {
    let item = |news: &ChildNews| {
        let choice = match news.session.as_str() {
            "" => Choice::Nothing,
            session => Choice::Session(session.to_owned()),
        };
        let branch = news.branch.as_deref().unwrap_or_default();
        Item::new(&clean(&sanitise(&news.title)), choice).detail(&clean(branch)).hint(&child(news))
    };
    app.tab().children.iter().map(item).collect()
}

/// The session of the sub-agent whose call is under the cursor.
pub(super) fn here(app: &App) -> Option<String> {
    let tab = app.tab();
    let Kind::Call(call) = &tab.transcript.at_cursor()?.kind else { return None };
    let news = tab.children.iter().find(|news| news.call == call.id)?;
    Some(news.session.clone()).filter(|session| !session.is_empty())
}
