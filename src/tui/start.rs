//! From the settings to a running screen. Nothing here takes long: what does is looked up once the first
//! frame is there.

use std::path::PathBuf;
use std::sync::Arc;

use super::app::facts::{Facts, Trouble};
use super::app::{App, Parts, Prefs, Tone};
use super::commands;
use super::composer::{History, HistoryFile};
use super::custom;
use super::keys::Keymap;
use super::message::{Action, Load};
use super::remembered::RememberedFile;
use super::runtime::{Desk, Files, FullScreen, Plain, clock};
use super::terminal::{Terminal, Wants};
use super::theme::{Background, Depth, Themes};
use super::update;
use crate::agent::Failure;
use crate::chat::ErrorClass;
use crate::workbench::{Opening, Place, state};

/// Opens the workbench on the screen, and returns when the user quits.
///
/// # Errors
/// When the terminal cannot be used.
pub async fn run(place: Arc<Place>, opening: Opening) -> Result<(), Failure> {
    let env = place.base.options.env.clone();
    let lookup = move |name: &str| env.get(name).map(str::to_owned);
    let settings = &place.base.services.settings.ui;
    let wants = Wants::of(settings.mouse, &lookup);
    let state = &place.base.paths().state;
    let files = Files {
        prompts: HistoryFile::new(state.join("prompts.jsonl")),
        looks: RememberedFile::new(state.join("screen.toml")),
    };
    let mut app = app(&place, &opening, &files.looks, &lookup);
    let first = first(&mut app, &opening);
    let broken = |error: std::io::Error| {
        Failure::new(ErrorClass::Internal, format!("the terminal cannot be used: {error}"))
            .hint("`offshoot --plain` needs no screen, `offshoot run \"…\"` no person")
    };
    if opening.is_plain {
        return Plain::new(Desk::new(app, place, files)).run(first).await.map_err(broken);
    }
    let terminal = Terminal::enter(wants).map_err(broken)?;
    app.size = terminal.size().map_err(broken)?;
    let screen = FullScreen::new(Desk::new(app, place, files), terminal).map_err(broken)?;
    screen.run(first).await.map_err(broken)
}

fn app(
    place: &Place,
    opening: &Opening,
    looks: &RememberedFile,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> App {
    let base = &place.base;
    let settings = &base.services.settings;
    let clock = clock();
    let mut troubles = Vec::new();
    let folders = vec![base.paths().config.join("themes")];
    let themes = Themes::load(&folders);
    let depth = Depth::of(lookup);
    let background = lookup("COLORFGBG").and_then(|value| Background::of_colorfgbg(&value));
    let mut wished = settings.ui.theme.clone();
    if wished.is_empty() {
        wished = looks.read().theme.unwrap_or_default();
    }
    let (theme, problem) = themes.choose(&wished, background, depth);
    troubles.extend(problem.map(|error| (error.to_string(), error.hint().to_owned())));
    let keymap = match keymap(&base.paths().config.join("keys.toml")) {
        Ok(keymap) => keymap,
        Err(trouble) => {
            troubles.push(trouble);
            Keymap::shipped()
        }
    };
    for warning in keymap.warnings() {
        troubles.push((warning.to_string(), "bind one of them to another key".to_owned()));
    }
    let checkout = place.repo.checkout().to_owned();
    let repository =
        checkout.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let own = custom::discover(&custom::folders(&base.paths().config, &checkout));
    let facts = Facts {
        repository,
        checkout,
        folder: base.options.cwd.clone(),
        exports: base.paths().data.join("exports"),
        backends: state::health(base),
        weights: base.services.weights.clone(),
        threshold: settings.router.local_confidence_threshold,
        verify: settings.verify.command.clone(),
        budget: settings.budget,
        roles: settings.roles.keys().cloned().collect(),
        user_commands: own,
        demo: opening.demo,
        ..Facts::default()
    };
    let prefs = Prefs {
        mouse: settings.ui.mouse,
        vim: settings.ui.vim,
        theme: wished,
        permissions: settings.agent.permissions,
        depth,
        background,
        has_more_keys: has_more_keys(lookup),
    };
    let mut app = App::new(Parts {
        clock,
        size: (80, 24),
        facts,
        prefs,
        keymap,
        theme,
        themes,
        history: History::new(),
        shows_panel: settings.ui.side_panel,
    });
    for (message, hint) in troubles {
        app.toast(format!("{message} (/errors tells more)"), Tone::Bad);
        let at = i64::try_from(app.clock.unix_ms / 1000).unwrap_or_default();
        app.facts.went_wrong(Trouble { at, tab: "settings".to_owned(), message, hint: Some(hint) });
    }
    app
}

/// What is done once the first frame is there.
fn first(app: &mut App, opening: &Opening) -> Vec<Action> {
    let mut actions = vec![
        Action::Load(Load::UserBranch),
        Action::Load(Load::Recover),
        Action::Title(format!("offshoot · {}", app.facts.repository)),
        Action::Load(Load::Ledger),
        Action::Load(Load::Spent),
    ];
    if !app.facts.has_backend() {
        actions.push(Action::Load(Load::Found));
    }
    opening.recovered.iter().for_each(|one| update::tell_recovered(app, one));
    // A session that a crash cut off is on record before it is opened.
    app.facts.awaited.clone_from(&opening.resume);
    if let Some(prompt) = &opening.prompt {
        actions.extend(update::say(app, prompt));
    }
    actions
}

fn keymap(file: &PathBuf) -> Result<Keymap, (String, String)> {
    let known = |name: &str| commands::by_name(name).is_some();
    let text = match std::fs::read_to_string(file) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            let message = format!("cannot read {}: {error}", file.display());
            return Err((message, "the shipped keys hold".to_owned()));
        }
    };
    let user = text.as_deref().map(|text| (file.as_path(), text));
    Keymap::load(user, &known).map_err(|error| (error.to_string(), error.hint().to_owned()))
}

/// Whether the terminal is likely to report keys such as `Ctrl-1`: it is not asked, since one that does not
/// answer would hold up the start. The first such key that arrives settles it.
fn has_more_keys(lookup: &dyn Fn(&str) -> Option<String>) -> bool {
    if lookup("TMUX").is_some() {
        return false;
    }
    let terminal = lookup("TERM_PROGRAM").unwrap_or_default().to_lowercase();
    let term = lookup("TERM").unwrap_or_default();
    ["ghostty", "wezterm", "rio", "iterm.app"].contains(&terminal.as_str())
        || ["kitty", "foot", "alacritty", "ghostty"].iter().any(|name| term.contains(name))
}
