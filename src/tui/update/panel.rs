//! What commands mean in the side panel.

use super::{Actions, agent, health, records, review, why};
use crate::tui::app::layer::Layer;
use crate::tui::app::{App, Focus};
use crate::tui::commands::Do;
use crate::tui::message::Action;
use crate::tui::review::Act;
use crate::tui::side::{self, Target};

/// `None` when the command means here what it means everywhere.
pub(super) fn act(app: &mut App, does: Do) -> Option<Actions> {
    let rows = side::targets(app);
    let last = rows.len().saturating_sub(1);
    let at = app.panel.cursor.min(last);
    let section = |row: usize| rows.get(row).map(Target::section);
    app.panel.cursor = match does {
        Do::ScrollDown => (at + 1).min(last),
        Do::ScrollUp => at.saturating_sub(1),
        Do::ScrollHalfDown => (at + 8).min(last),
        Do::ScrollHalfUp => at.saturating_sub(8),
        Do::ScrollTop => 0,
        Do::ScrollBottom => last,
        Do::PanelNext => (at..=last).find(|row| section(*row) != section(at)).unwrap_or(0),
        Do::PanelPrevious => {
            let before = (0..at).rev().find(|row| section(*row) != section(at)).unwrap_or(last);
            (0..=before).rev().take_while(|row| section(*row) == section(before)).last().unwrap_or(before)
        }
        Do::PanelOpen | Do::Fold => return Some(open(app, rows.get(at))),
        Do::Leave => {
            app.focus = Focus::Composer;
            return Some(Vec::new());
        }
        _ => return None,
    };
    Some(Vec::new())
}

/// Opens what a row of the panel stands for.
pub(super) fn open(app: &mut App, target: Option<&Target>) -> Actions {
    match target {
        Some(Target::File(path)) => {
            app.panel.wanted_file = Some(path.clone());
            review::branch(app)
        }
        Some(Target::Route(turn)) => why::open(app, *turn),
        Some(Target::Backend(_)) => health::open(app),
        Some(Target::Ledger(_)) => records::open_last(app),
        Some(Target::Context) => agent::context(app),
        Some(Target::Usage) => records::usage(app),
        None => Vec::new(),
    }
}

/// The review that was opened from the panel shows the file that was chosen there.
pub(super) fn go_to_wanted(app: &mut App) -> Vec<Action> {
    if let Some(path) = app.panel.wanted_file.take()
        && let Some(Layer::Review(layer)) = app.layers.last_mut()
    {
        layer.review.act(Act::ShowFile(path));
    }
    Vec::new()
}
