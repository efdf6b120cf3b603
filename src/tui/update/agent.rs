//! Who answers and what they may do; stopping them.

use super::Actions;
use super::run::Ran;
use crate::config::PermissionMode;
use crate::tui::app::layer::{Choice, Layer, List, ListKind, Text};
use crate::tui::app::tab::{Phase, Tab};
use crate::tui::app::{App, Focus, Tone};
use crate::tui::commands::{Asked, Do};
use crate::tui::look::{Piece, Role};
use crate::tui::message::Action;
use crate::tui::picker::{Item, Picker};
use crate::tui::words::percent;
use crate::workbench::Command;
use crate::workbench::words::tokens;

/// Sends a command to a tab that is open; to one that is being opened, before everything else. In a tab that
/// has no session yet, what it begins with says the same.
pub(super) fn when_open(tab: &mut Tab, command: Command) -> Actions {
    match &mut tab.phase {
        Phase::Idle(_) | Phase::Working(_) => vec![Action::Send(command)],
        Phase::Opening { then, .. } => {
            then.insert(0, command);
            Vec::new()
        }
        Phase::Fresh | Phase::Closed => Vec::new(),
    }
}

pub(super) fn role(app: &mut App, asked: &Asked) -> Ran {
    match asked.args {
        "" => {
            let mut items = vec![Item::new("none", Choice::Role(None)).detail("as the prompt is")];
            items
                .extend(app.facts.roles.iter().map(|role| Item::new(role, Choice::Role(Some(role.clone())))));
            list(app, ListKind::Roles, "Role of this tab's agent", items);
            Ok(Vec::new())
        }
        "none" => Ok(choose_role(app, None)),
        name if app.facts.roles.iter().any(|role| role == name) => {
            Ok(choose_role(app, Some(name.to_owned())))
        }
        name => {
            let known = app.facts.roles.join(", ");
            Err(asked.misuse(format!("there is no role \"{name}\" ({known})")))
        }
    }
}

pub(super) fn choose_role(app: &mut App, role: Option<String>) -> Actions {
    let text = match &role {
        None => "no role".to_owned(),
        Some(role) => format!("the agent works as {role}"),
    };
    app.tab_mut().choice.role = role;
    app.toast(text, Tone::Good);
    Vec::new()
}

pub(super) fn permissions(app: &mut App, asked: &Asked) -> Ran {
    if asked.args.is_empty() {
        let items = PermissionMode::ALL.into_iter().map(|mode| {
            let detail = match mode {
                PermissionMode::ReadOnly => "looks, never changes",
                PermissionMode::Ask => "asks before each change and each command",
                PermissionMode::Auto => "edits in its worktree freely, commands by rule",
                PermissionMode::Full => "asks for nothing",
            };
            Item::new(mode.name(), Choice::Mode(mode)).detail(detail)
        });
        let items = items.collect();
        list(app, ListKind::Modes, "What this tab's agent may do unasked", items);
        return Ok(Vec::new());
    }
    let mode = asked.args.parse::<PermissionMode>().map_err(|error| asked.misuse(error.to_string()))?;
    Ok(allow(app, mode))
}

pub(super) fn allow(app: &mut App, mode: PermissionMode) -> Actions {
    let tab = app.tab_mut();
    let id = tab.id;
    tab.permissions = mode;
    let command = Command::SetPermissions { tab: id, mode };
    let actions = when_open(tab, command);
    app.toast(format!("permissions: {mode}"), Tone::Good);
    actions
}

pub(super) fn tools(app: &mut App) -> Actions {
    let mut lines = Vec::new();
    for spec in crate::tools::specs(crate::config::EditFormat::default(), |_| true) {
        let doc = spec.description.split(". ").next().unwrap_or_default().to_owned();
        lines
            .push(vec![Piece::new(format!("{:<12} ", spec.name), Role::Accent), Piece::new(doc, Role::Text)]);
    }
    lines.push(Vec::new());
    let mode = format!("permissions of this tab: {} (/permissions changes them)", app.tab().permissions);
    lines.push(vec![Piece::new(mode, Role::Dim)]);
    app.layers.push(Layer::Text(Text::new("Tools", lines)));
    Vec::new()
}

pub(super) fn abort(app: &mut App) -> Actions {
    let tab = app.tab_mut();
    let id = tab.id;
    let is_busy = tab.is_busy();
    if tab.setup.is_some() {
        app.toast("skipping the setup", Tone::Plain);
        return vec![Action::Send(Command::Interrupt { tab: id })];
    }
    match &mut tab.phase {
        Phase::Working(work) => work.is_stopping = true,
        Phase::Opening { .. } => {
            // What was to follow is the user's again.
            super::layers::give_words_back(tab);
            return Vec::new();
        }
        _ if is_busy => {}
        _ => {
            app.toast("nothing runs in this tab", Tone::Plain);
            return Vec::new();
        }
    }
    vec![Action::Send(Command::Interrupt { tab: id })]
}

/// `Ctrl-C`: stops what runs; else empties the composer; else asks to quit.
pub fn interrupt(app: &mut App) -> Actions {
    match app.layers.last() {
        Some(Layer::Review(_)) => return super::review_keys::act(app, Do::Leave, "").unwrap_or_default(),
        Some(Layer::Comparison(_)) => {
            return super::compare_keys::act(app, Do::ListClose).unwrap_or_default();
        }
        Some(Layer::Question(_) | Layer::Asked { .. }) => {
            return super::layers::act(app, Do::DialogCancel).unwrap_or_default();
        }
        Some(_) => return super::layers::act(app, Do::ListClose).unwrap_or_default(),
        None => {}
    }
    if app.focus != Focus::Composer {
        app.focus = Focus::Composer;
        app.tab_mut().transcript.stop_reading();
        return Vec::new();
    }
    let tab = app.tab_mut();
    if tab.is_busy() {
        return abort(app);
    }
    if !tab.composer.is_empty() {
        let text = super::suggest::take(app).text;
        return super::prompt::remember(app, &text);
    }
    super::tabs::ask_to_quit(app)
}

/// Makes the tab's worktree ready once more.
pub(super) fn setup(app: &mut App) -> Actions {
    let tab = app.tab();
    if !tab.is_open() {
        app.toast("this tab has no worktree yet", Tone::Plain);
        return Vec::new();
    }
    vec![Action::Send(Command::Setup { tab: tab.id })]
}

/// What fills the model's window.
pub(super) fn context(app: &mut App) -> Actions {
    let mut lines = Vec::new();
    match &app.tab().context {
        None => lines.push(vec![Piece::new("no model was called in this tab yet", Role::Dim)]),
        Some(context) => {
            let of = context
                .window
                .map(|window| format!(" of {} ({} %)", tokens(window), percent(context.used, window)));
            lines.push(row("used", &format!("{} tokens{}", tokens(context.used), of.unwrap_or_default())));
            let all: u64 = context.parts.iter().map(|(_, part)| part).sum();
            for (part, size) in &context.parts {
                let share = percent(*size, all);
                let bar = "█".repeat(usize::try_from(share / 4).unwrap_or_default());
                lines.push(vec![
                    Piece::new(format!("{:<14}", part.name()), Role::Dim),
                    Piece::new(format!("{:>8}  ", tokens(*size)), Role::Text),
                    Piece::new(bar, Role::Accent),
                ]);
            }
            lines.push(Vec::new());
            lines.push(vec![Piece::new("the parts are estimates; /clear begins anew", Role::Dim)]);
        }
    }
    app.layers.push(Layer::Text(Text::new("Context", lines)));
    Vec::new()
}

pub(super) fn list(app: &mut App, kind: ListKind, title: &str, items: Vec<Item<Choice>>) {
    let mut picker = Picker::new(title);
    picker.set_items(items);
    app.layers.push(Layer::List(Box::new(List { picker, kind })));
}

/// A name, and what it is.
pub(super) fn row(name: &str, value: &str) -> Vec<Piece> {
    vec![Piece::new(format!("{name:<14}"), Role::Dim), Piece::new(crate::tui::wrap::clean(value), Role::Text)]
}
