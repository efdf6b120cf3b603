//! How the screen looks: theme, side panel, mouse, folds.

use super::Actions;
use super::agent::list;
use super::run::Ran;
use crate::tui::app::layer::{Choice, ListKind};
use crate::tui::app::{App, Focus, Tone};
use crate::tui::commands::Asked;
use crate::tui::message::Action;
use crate::tui::picker::Item;
use crate::tui::remembered::Remembered;
use crate::tui::theme::Background;

pub(super) fn theme(app: &mut App, asked: &Asked) -> Ran {
    if asked.args.is_empty() {
        let items = app.themes.list().into_iter().map(|known| {
            let ground = match known.background {
                Some(Background::Dark) => "dark",
                Some(Background::Light) => "light",
                None => "your terminal's colours",
            };
            Item::new(&known.name, Choice::Theme(known.name.clone())).hint(ground)
        });
        let items = items.collect();
        let before = app.prefs.theme.clone();
        list(app, ListKind::Themes { before }, "Themes", items);
        return Ok(Vec::new());
    }
    wear(app, asked.args).map_err(|error| asked.misuse(error))?;
    Ok(keep_theme(app, asked.args))
}

/// The theme is the user's from now on.
pub(super) fn keep_theme(app: &mut App, name: &str) -> Actions {
    app.toast(format!("theme {name}"), Tone::Good);
    vec![Action::KeepLooks(Remembered { theme: Some(name.to_owned()) })]
}

/// Puts a theme on. The error says what is wrong with it.
pub(super) fn wear(app: &mut App, name: &str) -> Result<(), String> {
    let (theme, problem) = app.themes.choose(name, app.prefs.background, app.prefs.depth);
    if let Some(error) = problem {
        return Err(format!("{error}; {}", error.hint()));
    }
    app.theme = theme;
    name.clone_into(&mut app.prefs.theme);
    Ok(())
}

pub(super) fn panel(app: &mut App) -> Actions {
    app.panel.toggle(app.size.0);
    if app.panel.columns(app.size.0) == 0 {
        if app.focus == Focus::Panel {
            app.focus = Focus::Composer;
        }
        if app.panel.is_open {
            app.panel.is_open = false;
            app.toast("the screen is too narrow for the side panel", Tone::Plain);
        }
    }
    Vec::new()
}

pub(super) fn panel_focus(app: &mut App) -> Actions {
    if app.focus == Focus::Panel {
        app.focus = Focus::Composer;
        return Vec::new();
    }
    app.panel.open();
    if app.panel.columns(app.size.0) > 0 {
        app.focus = Focus::Panel;
    }
    Vec::new()
}

pub(super) fn panel_width(app: &mut App, by: i16) -> Actions {
    app.panel.resize(by, app.size.0);
    Vec::new()
}

pub(super) fn mouse(app: &mut App) -> Actions {
    app.prefs.mouse = !app.prefs.mouse;
    let text = if app.prefs.mouse {
        "the mouse works here: click, drag and scroll"
    } else {
        "the mouse is the terminal's: select as you are used to; /mouse takes it back"
    };
    app.toast(text, Tone::Good);
    vec![Action::Mouse(app.prefs.mouse)]
}

pub(super) fn vim(app: &mut App) -> Actions {
    app.prefs.vim = !app.prefs.vim;
    let vim = app.prefs.vim;
    app.tabs.iter_mut().for_each(|tab| tab.composer.set_vi(vim));
    let text = if vim {
        "vi keys in the composer: Esc leaves the insert mode"
    } else {
        "ordinary keys in the composer"
    };
    app.toast(text, Tone::Good);
    Vec::new()
}

pub(super) fn verbose(app: &mut App) -> Actions {
    let transcript = &mut app.tab_mut().transcript;
    let verbose = !transcript.is_verbose();
    transcript.set_verbose(verbose);
    let text = if verbose {
        "tool calls and thinking are shown opened"
    } else {
        "tool calls and thinking are closed"
    };
    app.toast(text, Tone::Plain);
    Vec::new()
}
