//! The only place where what is shown changes: a message in, actions out. Nothing here waits, reads or
//! writes anything but the state.

mod agent;
mod answers;
mod approvals;
mod bisect;
mod blame;
mod children;
mod compare;
mod compare_keys;
mod compare_pick;
mod compare_take;
mod events;
mod health;
mod keys;
mod landing;
mod layers;
mod limits;
mod look;
mod merging;
mod mouse;
mod moves;
mod panel;
mod program;
mod prompt;
mod radar;
mod reading;
mod records;
mod review;
mod review_choice;
mod review_keys;
mod route;
mod run;
mod session;
mod suggest;
mod sync;
mod tabs;
mod why;
mod worktrees;

use crossterm::event::Event as TerminalEvent;

use crate::tui::app::{App, Tone};
use crate::tui::message::{Action, Load, Message, Returned};

pub use agent::interrupt;
pub use answers::tell_recovered;
pub use children::is_below;
pub use events::worked_for;
pub use prompt::say;

/// Rows of what is offered above the composer.
pub const OFFERED: u16 = suggest::ROWS;

/// What has to be done, in order.
pub type Actions = Vec<Action>;

pub fn update(app: &mut App, message: Message) -> Actions {
    if app.toast.as_ref().is_some_and(|toast| toast.until <= app.clock.now) {
        app.toast = None;
    }
    match message {
        Message::Terminal(event) => terminal(app, event),
        Message::Workbench(event) => events::update(app, event),
        Message::Loaded(loaded) => answers::update(app, loaded),
        Message::Returned(returned) => came_back(app, returned),
        Message::Woken => woken(app),
        Message::Ended => tabs::quit(app),
    }
}

/// Time has passed: what counts down is looked at again.
fn woken(app: &mut App) -> Actions {
    let counts_down = app.facts.backends.iter().any(|backend| backend.retry_in_ms > 0);
    if counts_down { vec![Action::Load(Load::Health)] } else { Vec::new() }
}

/// A command in what lies over the screen.
pub fn in_layer(app: &mut App, does: crate::tui::commands::Do) -> Actions {
    layers::act(app, does).unwrap_or_default()
}

fn terminal(app: &mut App, event: TerminalEvent) -> Actions {
    match event {
        TerminalEvent::Key(key) => keys::update(app, key),
        TerminalEvent::Paste(text) => keys::paste(app, &text),
        TerminalEvent::Mouse(mouse) => mouse::update(app, mouse),
        TerminalEvent::Resize(width, height) => {
            app.size = (width, height);
            Vec::new()
        }
        TerminalEvent::FocusGained => {
            app.is_watched = true;
            Vec::new()
        }
        TerminalEvent::FocusLost => {
            app.is_watched = false;
            Vec::new()
        }
    }
}

fn came_back(app: &mut App, returned: Returned) -> Actions {
    match returned {
        Returned::Shell { tab, command, end } => program::shell_ended(app, tab, &command, &end),
        Returned::Prompt { tab, text } => {
            match text {
                Ok(text) => {
                    if layers::edited(app, &text).is_some() {
                        return Vec::new();
                    }
                    if let Some(tab) = app.by_id(tab) {
                        tab.composer.set_text(text.trim_end());
                    }
                }
                Err(error) => app.toast(error, Tone::Bad),
            }
            Vec::new()
        }
        Returned::Message { text } => {
            landing::message_is(app, text);
            Vec::new()
        }
        Returned::File { tab, end } => {
            if let Err(error) = end {
                app.toast(error, Tone::Bad);
            }
            vec![Action::Send(crate::workbench::Command::Keep { tab })]
        }
    }
}
