//! What agents ask of the user, also those of tabs in the background: calls to be allowed, turns that are
//! stuck.

use super::{Actions, agent};
use crate::agent::{Answer, Resort};
use crate::tui::app::asks::Asks;
use crate::tui::app::layer::Layer;
use crate::tui::app::{App, Tone};
use crate::tui::commands::Do;
use crate::tui::message::Action;
use crate::tui::transcript::Move;
use crate::workbench::{Command, TabId};

/// Shows what waits, of the active tab first.
pub(super) fn go(app: &mut App) -> Actions {
    let active = app.tab().id;
    let waiting = |id: &TabId| app.tabs.iter().any(|tab| tab.id == *id && tab.asks().is_some());
    let first = std::iter::once(active).chain(app.tabs.iter().map(|tab| tab.id)).find(waiting);
    match first {
        Some(tab) => app.layers.push(Layer::Asked { tab, scroll: 0 }),
        None => app.toast("no agent waits for you", Tone::Plain),
    }
    Vec::new()
}

/// A command where a tab asks something; `None` when it means what it means everywhere.
pub(super) fn act(app: &mut App, id: TabId, does: Do) -> Option<Actions> {
    let is_call = matches!(app.by_id(id)?.asks()?, Asks::Call(_));
    Some(match does {
        Do::DialogYes if is_call => answer(app, id, Answer::Allow),
        Do::DialogAlways if is_call => answer(app, id, Answer::AllowForSession),
        Do::DialogNo if is_call => answer(app, id, Answer::Deny),
        Do::DialogWait if !is_call => resort(app, id, Resort::Wait),
        Do::DialogFallBack if !is_call => resort(app, id, Resort::FallBack),
        Do::DialogStop if !is_call => resort(app, id, Resort::Stop),
        Do::DialogCancel if app.layers.is_empty() => agent::abort(app),
        Do::DialogCancel => {
            app.layers.pop();
            Vec::new()
        }
        Do::DialogYes
        | Do::DialogAlways
        | Do::DialogNo
        | Do::DialogWait
        | Do::DialogFallBack
        | Do::DialogStop
        | Do::DialogAccept
        | Do::DialogNext
        | Do::DialogPrevious => {
            tell_keys(app, id);
            Vec::new()
        }
        Do::DialogScrollDown => scrolled(app, 1),
        Do::DialogScrollUp => scrolled(app, -1),
        Do::DialogPageDown => scrolled(app, 10),
        Do::DialogPageUp => scrolled(app, -10),
        _ => return None,
    })
}

fn scrolled(app: &mut App, rows: isize) -> Actions {
    match app.layers.last_mut() {
        Some(Layer::Asked { scroll, .. }) => *scroll = scroll.saturating_add_signed(rows),
        _ => app.tab_mut().transcript.go(Move::Rows(rows)),
    }
    Vec::new()
}

fn tell_keys(app: &mut App, id: TabId) {
    let Some(asks) = app.by_id(id).and_then(|tab| tab.asks()) else { return };
    let [keys, _] = crate::tui::dialog::keys(asks);
    let keys: Vec<String> = keys.iter().map(|(key, does)| format!("{key}: {does}")).collect();
    app.toast(keys.join(", "), Tone::Plain);
}

/// Answers the oldest call of a tab.
fn answer(app: &mut App, id: TabId, answer: Answer) -> Actions {
    let Some(tab) = app.by_id(id) else { return Vec::new() };
    let Some(asked) = tab.approvals.pop_front() else { return Vec::new() };
    settled(app, id);
    vec![Action::Send(Command::Answer { tab: id, call: asked.id, answer })]
}

/// Says how a tab's turn goes on.
fn resort(app: &mut App, id: TabId, resort: Resort) -> Actions {
    let Some(tab) = app.by_id(id) else { return Vec::new() };
    let Some(standstill) = tab.standstill.take_if(|one| one.resorts().any(|way| way == resort)) else {
        tell_keys(app, id);
        return Vec::new();
    };
    settled(app, id);
    vec![Action::Send(Command::Resort { tab: id, id: standstill.stuck.id, resort })]
}

/// The dialog of a tab goes on to what is asked next, from its beginning, or is gone.
fn settled(app: &mut App, id: TabId) {
    let waits = app.by_id(id).is_some_and(|tab| tab.asks().is_some());
    app.layers.retain_mut(|layer| match layer {
        Layer::Asked { tab, scroll } if *tab == id => {
            *scroll = 0;
            waits
        }
        _ => true,
    });
}
