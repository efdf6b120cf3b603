//! Calls that wait for the user, also those of tabs in the background.

use super::Actions;
use crate::agent::Answer;
use crate::tui::app::layer::Layer;
use crate::tui::app::{App, Tone};
use crate::tui::message::Action;
use crate::workbench::{Command, TabId};

/// Shows the call that waits the longest, of the active tab first.
pub(super) fn go(app: &mut App) -> Actions {
    let active = app.tab().id;
    let waiting = |id: &TabId| app.tabs.iter().any(|tab| tab.id == *id && !tab.approvals.is_empty());
    let first = std::iter::once(active).chain(app.tabs.iter().map(|tab| tab.id)).find(waiting);
    match first {
        Some(tab) => app.layers.push(Layer::Approval { tab, scroll: 0 }),
        None => app.toast("no agent waits for you", Tone::Plain),
    }
    Vec::new()
}

/// Answers the oldest call of a tab.
pub(super) fn answer(app: &mut App, id: TabId, answer: Answer) -> Actions {
    let Some(tab) = app.by_id(id) else { return Vec::new() };
    let Some(asked) = tab.approvals.pop_front() else { return Vec::new() };
    let waits = !tab.approvals.is_empty();
    // The next one is read from its beginning.
    app.layers.retain_mut(|layer| match layer {
        Layer::Approval { tab, scroll } if *tab == id => {
            *scroll = 0;
            waits
        }
        _ => true,
    });
    vec![Action::Send(Command::Answer { tab: id, call: asked.id, answer })]
}
