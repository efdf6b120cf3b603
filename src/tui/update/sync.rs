//! A session sent to a remote, sessions fetched from one.

use super::Actions;
use crate::agent::Failure;
use crate::tui::app::{App, Tone};
use crate::tui::commands::Asked;
use crate::tui::message::{Action, Load};
use crate::tui::transcript::cell::Kind;
use crate::workbench::TabId;
use crate::workbench::sync::{Came, Moved, Synced};
use crate::workbench::words::count;

pub(super) fn push(app: &mut App, asked: &Asked) -> Actions {
    let Some(session) = app.tab().session.as_ref().map(|session| session.id.clone()) else {
        app.toast("there is nothing to send yet", Tone::Bad);
        return Vec::new();
    };
    app.toast("sending …", Tone::Plain);
    vec![Action::Load(Load::Push { tab: app.tab().id, session, remote: remote(asked) })]
}

pub(super) fn fetch(app: &mut App, asked: &Asked) -> Actions {
    app.toast("fetching …", Tone::Plain);
    vec![Action::Load(Load::Fetch { tab: app.tab().id, remote: remote(asked) })]
}

fn remote(asked: &Asked) -> Option<String> {
    Some(asked.args.trim().to_owned()).filter(|name| !name.is_empty())
}

pub(super) fn synced(app: &mut App, id: TabId, synced: Result<Synced, Failure>) {
    app.toast = None;
    let Some(tab) = app.by_id(id) else { return };
    let text = match synced {
        Ok(synced) => told(&synced),
        Err(failure) => {
            let hint = failure.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
            format!("{}{hint}", failure.message)
        }
    };
    tab.transcript.push(tab.turn, Kind::Notice(text));
}

fn told(synced: &Synced) -> String {
    let moved = |came: &Came| *came != Came::Current || synced.sessions.len() == 1;
    let lines: Vec<String> = synced.sessions.iter().filter(|one| moved(&one.came)).map(Moved::told).collect();
    if lines.is_empty() {
        return format!("{} up to date with {}", count(synced.sessions.len(), "session"), synced.remote);
    }
    format!("{}: {}", synced.remote, lines.join("; "))
}
