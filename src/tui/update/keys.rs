//! Keys: what they are bound to where they are pressed, and else what whoever has the focus makes of them.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{Actions, layers, run, suggest};
use crate::tui::app::layer::Layer;
use crate::tui::app::{App, Focus};
use crate::tui::keys::{Context, Key, Outcome};
use crate::tui::picker::PickerAct;

pub(super) fn update(app: &mut App, event: KeyEvent) -> Actions {
    if event.kind == KeyEventKind::Release {
        return Vec::new();
    }
    // A key that is held down must not answer one question after the other.
    if event.kind == KeyEventKind::Repeat && app.context().is_asking() {
        return Vec::new();
    }
    note_protocol(app, event);
    if let Some(actions) = offered(app, event) {
        return actions;
    }
    if takes_first(app, event) {
        return typed(app, event);
    }
    let Some(key) = Key::of_event(&event) else { return typed(app, event) };
    let context = app.context();
    match app.matcher.press(&app.keymap, context, key) {
        Outcome::Command(line) => run::bound(app, &line),
        Outcome::Pending | Outcome::Cancelled => Vec::new(),
        // What an agent asks leaves the other keys as they are.
        Outcome::Unbound(_) if context.is_asking() && app.layers.is_empty() => {
            match app.matcher.press(&app.keymap, Context::Composer, key) {
                Outcome::Command(line) => run::bound(app, &line),
                Outcome::Pending | Outcome::Cancelled => Vec::new(),
                Outcome::Unbound(_) => typed(app, event),
            }
        }
        Outcome::Unbound(_) => typed(app, event),
    }
}

/// What only a terminal with more keys can report tells that this one has them.
fn note_protocol(app: &mut App, event: KeyEvent) {
    let is_more = match event.code {
        KeyCode::Char(character) => {
            event.modifiers == KeyModifiers::CONTROL
                && (character.is_ascii_digit() || matches!(character, ',' | '.'))
        }
        KeyCode::Enter => event.modifiers.intersects(KeyModifiers::SHIFT | KeyModifiers::CONTROL),
        _ => false,
    };
    app.prefs.has_more_keys |= is_more;
}

/// Keys that move in the list above the composer, while there is one.
fn offered(app: &mut App, event: KeyEvent) -> Option<Actions> {
    if app.context() != Context::Composer || app.tab().suggest.is_none() {
        return None;
    }
    let act = match (event.code, event.modifiers) {
        (KeyCode::Up, KeyModifiers::NONE) | (KeyCode::Char('p'), KeyModifiers::CONTROL) => PickerAct::Up,
        (KeyCode::Down, KeyModifiers::NONE) | (KeyCode::Char('n'), KeyModifiers::CONTROL) => PickerAct::Down,
        (KeyCode::Esc, _) => {
            app.tab_mut().suggest = None;
            return Some(Vec::new());
        }
        (KeyCode::Enter, KeyModifiers::NONE) if suggest::takes_enter(app) => {
            return Some(suggest::complete(app));
        }
        _ => return None,
    };
    if let Some(suggest) = &mut app.tab_mut().suggest {
        suggest.picker.chosen()?;
        suggest.picker.act(act);
    }
    Some(Vec::new())
}

/// Where vi keys are on, the composer's normal mode has its own meaning for `Esc`.
fn takes_first(app: &App, event: KeyEvent) -> bool {
    use crate::tui::composer::ViMode;
    app.context() == Context::Composer
        && event.code == KeyCode::Esc
        && app.tab().composer.mode().is_some_and(|mode| mode != ViMode::Normal)
}

/// A key that is bound to nothing goes to whoever has the focus.
fn typed(app: &mut App, event: KeyEvent) -> Actions {
    match app.layers.last_mut() {
        Some(Layer::List(_) | Layer::Line(_) | Layer::Text(_) | Layer::Land(_)) => {
            return layers::typed(app, event);
        }
        Some(_) => return Vec::new(),
        None => {}
    }
    if app.focus() != Focus::Composer {
        return Vec::new();
    }
    suggest::write(app, |composer, around| {
        composer.input(event, around);
    })
}

pub(super) fn paste(app: &mut App, text: &str) -> Actions {
    match app.layers.last_mut() {
        Some(Layer::List(_) | Layer::Line(_)) => layers::paste(app, text),
        Some(_) => Vec::new(),
        None => {
            app.focus = Focus::Composer;
            suggest::write(app, |composer, around| composer.paste(text, around))
        }
    }
}
