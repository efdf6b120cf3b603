//! The program itself: help, keys, where things stand, settings, programs of the user's.

use super::Actions;
use super::agent::{list, row};
use super::run::Ran;
use super::tabs::open_list;
use crate::agent::Failure;
use crate::git::session::{SessionTree, StepSummary};
use crate::tui::app::layer::{Choice, Layer, ListKind, Text, Topic};
use crate::tui::app::{App, Tone};
use crate::tui::commands::{self, Asked, Group, Misuse};
use crate::tui::keys::Context;
use crate::tui::look::{Piece, Role};
use crate::tui::message::{Action, Load, Run};
use crate::tui::picker::Item;
use crate::tui::transcript::cell::Kind;
use crate::tui::words::ago;
use crate::tui::wrap::clean;
use crate::workbench::TabId;
use crate::workbench::words::{count, dollars};

pub(super) fn palette(app: &mut App) -> Actions {
    let mut items: Vec<Item<Choice>> = commands::TABLE
        .iter()
        .filter(|spec| spec.group.is_typed())
        .map(|spec| {
            let keys = app.keymap.keys_for(Context::Composer, spec.name).join(" ");
            Item::new(spec.name, Choice::Command(spec.name)).detail(spec.doc).hint(&keys)
        })
        .collect();
    items.sort_by(|a, b| a.label().cmp(b.label()));
    list(app, ListKind::Commands, "Commands", items);
    Vec::new()
}

pub(super) fn help(app: &mut App, asked: &Asked) -> Ran {
    let mut lines = Vec::new();
    if asked.args.is_empty() {
        if let Some(Layer::Review(_)) = app.layers.last() {
            lines.extend(review_keys(app));
            lines.push(Vec::new());
        }
        lines.push(text(
            "Type a prompt and press Enter: the agent works on a branch and in a worktree of its own.",
        ));
        lines.push(text("Every step in which files change is a commit. Your own checkout is never touched."));
        lines.push(Vec::new());
        lines.push(pair("!command", "runs it in the tab's worktree, and tells the model"));
        lines.push(pair("!!command", "the same, and the model is not told"));
        lines.push(pair("$command", "hands the terminal to a program, as in $vim README.md"));
        lines.push(pair("@path", "completes a path; @role at the start of a prompt chooses a role"));
        lines.push(pair("//", "at the start sends a prompt that begins with a slash"));
        for group in Group::TYPED {
            lines.push(Vec::new());
            lines.push(heading(group.title()));
            for spec in commands::TABLE.iter().filter(|spec| spec.group == group) {
                let usage = format!("/{} {}", spec.name, spec.args);
                lines.push(pair(usage.trim_end(), spec.doc));
            }
        }
        if !app.facts.user_commands.is_empty() {
            lines.push(Vec::new());
            lines.push(heading("Your own"));
            for own in &app.facts.user_commands {
                let usage = format!("/{} {}", own.name, own.args);
                lines.push(pair(usage.trim_end(), &own.doc));
            }
        }
        lines.push(Vec::new());
        lines.push(vec![Piece::new("/keys lists the keys", Role::Dim)]);
    } else {
        let name = asked.args.trim_start_matches('/');
        let spec = commands::by_name(name).ok_or_else(|| match commands::parse(name) {
            Err(Misuse::Unknown(name, near)) => Misuse::Unknown(name, near),
            Err(other) => other,
            Ok(asked) => asked.misuse("has no help"),
        })?;
        lines.push(heading(format!("/{} {}", spec.name, spec.args).trim_end()));
        lines.push(text(spec.doc));
        if !spec.aliases.is_empty() {
            lines.push(pair("also", &spec.aliases.join(", ")));
        }
        let keys = app.keymap.keys_for(Context::Composer, spec.name);
        if !keys.is_empty() {
            lines.push(pair("keys", &keys.join(", ")));
        }
    }
    app.layers.push(Layer::Text(Text::new("Help", lines)));
    Ok(Vec::new())
}

/// The keys of the review, for who asks in it.
fn review_keys(app: &App) -> Vec<Vec<Piece>> {
    let mut lines = vec![heading(Group::Reviewing.title())];
    for binding in app.keymap.bindings(Context::Review) {
        let (name, args) = binding.command.split_once(' ').unwrap_or((&binding.command, ""));
        let doc = commands::by_name(name).map_or("", |spec| spec.doc);
        let doc = if args.is_empty() { doc.to_owned() } else { format!("{doc}: {args}") };
        lines.push(pair(&binding.shown(), &doc));
    }
    lines
}

pub(super) fn keys(app: &mut App) -> Actions {
    let mut items = Vec::new();
    for context in Context::ALL {
        for binding in app.keymap.bindings(context) {
            let name = binding.command.split(' ').next().unwrap_or_default();
            let doc = commands::by_name(name).map_or("", |spec| spec.doc);
            let label = format!("{:<16} {}", binding.shown(), binding.command);
            items.push(Item::new(&label, Choice::Nothing).detail(doc).hint(context.name()));
        }
    }
    let more = if app.prefs.has_more_keys {
        ""
    } else {
        " (this terminal may not report Ctrl-1 … and Ctrl-Enter)"
    };
    list(app, ListKind::Keys, &format!("Keys{more}"), items);
    Vec::new()
}

pub(super) fn errors(app: &mut App) -> Actions {
    let now = i64::try_from(app.clock.unix_ms / 1000).unwrap_or_default();
    let mut lines = Vec::new();
    for trouble in app.facts.errors.iter().rev() {
        lines.push(vec![
            Piece::new(format!("{:>4}  ", ago(trouble.at, now)), Role::Dim),
            Piece::new(clean(&trouble.tab), Role::Accent),
            Piece::new(format!("  {}", clean(&trouble.message)), Role::Bad),
        ]);
        if let Some(hint) = &trouble.hint {
            lines.push(vec![Piece::new("      ", Role::Text), Piece::new(clean(hint), Role::Dim)]);
        }
    }
    if lines.is_empty() {
        lines.push(vec![Piece::new("nothing went wrong since the start", Role::Dim)]);
    }
    app.layers.push(Layer::Text(Text::new("Errors", lines)));
    Vec::new()
}

/// Puts news in a text that is open.
pub(super) fn replace(app: &mut App, topic: Topic, lines: Vec<Vec<Piece>>) {
    for layer in app.layers.iter_mut().rev() {
        if let Layer::Text(text) = layer
            && text.topic == topic
        {
            text.set_lines(lines);
            return;
        }
    }
}

pub(super) fn status(app: &mut App) -> Actions {
    let tab = app.tab();
    let mut lines = vec![
        row("repository", &app.facts.checkout.display().to_string()),
        row("your branch", app.facts.user_branch.as_deref().unwrap_or("none")),
        row("tabs", &app.tabs.len().to_string()),
        Vec::new(),
        heading(&clean(&tab.title)),
    ];
    match &tab.session {
        None => lines.push(vec![Piece::new("no session yet: it begins with the first prompt", Role::Dim)]),
        Some(session) => {
            lines.push(row("branch", &session.branch));
            lines.push(row("worktree", &session.worktree.display().to_string()));
            lines.push(row("session", &session.id));
            lines.push(row("turns", &tab.turn.to_string()));
            lines.push(row("cost", &format!("{} since it was opened", dollars(tab.cost))));
        }
    }
    lines.push(row("verification", &super::limits::verification(app)));
    lines.push(row("budget", &super::limits::budget_in_short(app)));
    lines.push(row("answers", tab.choice.backend.as_deref().unwrap_or("whom the router chooses")));
    lines.push(row("role", tab.choice.role.as_deref().unwrap_or("none")));
    lines.push(row("permissions", tab.permissions.name()));
    lines.push(row("theme", app.theme.name()));
    app.layers.push(Layer::Text(Text::new("Status", lines).about(Topic::Status)));
    Vec::new()
}

pub(super) fn config(app: &mut App, key: &str) -> Actions {
    app.layers.push(Layer::Text(Text::awaited("Settings", Topic::Settings)));
    vec![Action::Load(Load::Settings(Some(key.to_owned()).filter(|key| !key.is_empty())))]
}

pub(super) fn log(app: &mut App) -> Actions {
    open_list(app, ListKind::Log, "Sessions, turns and steps");
    vec![Action::Load(Load::Log)]
}

/// The tree as rows of a list.
pub(super) fn log_items(trees: &[SessionTree], now: i64) -> Vec<Item<Choice>> {
    let mut items = Vec::new();
    for tree in trees {
        tree_items(tree, 0, now, &mut items);
    }
    items
}

fn tree_items(tree: &SessionTree, depth: usize, now: i64, items: &mut Vec<Item<Choice>>) {
    let summary = &tree.summary;
    let indent = "  ".repeat(depth);
    let branch = summary.branch.clone().unwrap_or_default();
    let sign = if depth == 0 { "●" } else { "└●" };
    // What another session had said before this one left it is told there.
    let own = summary.forked_from.as_ref().map_or(0, |origin| origin.turn);
    let said = tree.steps.iter().flat_map(|step| &step.prompts).find(|(turn, _)| *turn >= own);
    let title = match (own, said) {
        (0, _) | (_, None) => &summary.title,
        (_, Some((_, prompt))) => prompt,
    };
    let label = format!("{indent}{sign} {}", clean(title.lines().next().unwrap_or_default()));
    let choice = Choice::Log { session: summary.id.clone(), commit: None, turn: 0 };
    let hint = format!(
        "{} · {} · {}",
        count(summary.turns as usize, "turn"),
        count(summary.steps as usize, "step"),
        ago(summary.updated, now)
    );
    items.push(Item::new(&label, choice).detail(&branch).hint(&hint));
    let mut turn = 0;
    for step in &tree.steps {
        for (number, prompt) in step.prompts.iter().filter(|(number, _)| *number >= own) {
            turn = *number;
            let line = clean(prompt.lines().next().unwrap_or_default()).into_owned();
            let choice = Choice::Log { session: summary.id.clone(), commit: None, turn };
            items.push(Item::new(&format!("{indent}  {turn}. {line}"), choice));
        }
        if step.kind == crate::git::codec::StepKind::Step {
            items.push(step_item(step, &summary.id, turn, &indent));
        }
    }
    for fork in tree.forks.iter().rev() {
        tree_items(fork, depth + 1, now, items);
    }
}

fn step_item(step: &StepSummary, session: &str, turn: u32, indent: &str) -> Item<Choice> {
    let label = format!("{indent}     ◆ {} {}", step.commit.short(), clean(&step.subject));
    let choice = Choice::Log { session: session.to_owned(), commit: Some(step.commit.to_string()), turn };
    let route =
        step.route.as_ref().map(|route| format!("{}/{}", route.backend, route.model)).unwrap_or_default();
    Item::new(&label, choice).hint(format!("{route} {}", dollars(step.cost_usd)).trim_start())
}

/// The prompt in the user's editor.
pub(super) fn editor(app: &mut App) -> Actions {
    let tab = app.tab_mut();
    vec![Action::Run(Run::Prompt { tab: tab.id, text: tab.composer.text() })]
}

pub(super) fn shell_ended(app: &mut App, id: TabId, command: &str, end: &Result<i32, String>) -> Actions {
    let Some(tab) = app.by_id(id) else { return Vec::new() };
    let text = match end {
        Ok(0) => format!("$ {command}"),
        Ok(code) => format!("$ {command} · exit code {code}"),
        Err(error) => {
            let message = format!("$ {command}: {error}");
            tab.transcript.push(tab.turn, Kind::Failure { message, hint: None });
            return Vec::new();
        }
    };
    tab.transcript.push(tab.turn, Kind::Notice(clean(&text).into_owned()));
    vec![Action::Send(crate::workbench::Command::Keep { tab: id })]
}

/// Tells a failure of something that was looked up.
pub(super) fn tell(app: &mut App, failure: &Failure) {
    let hint = failure.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
    app.toast(format!("{}{hint}", failure.message), Tone::Bad);
}

pub(super) fn heading(text: &str) -> Vec<Piece> {
    vec![Piece::new(text, Role::Heading)]
}

fn text(words: &str) -> Vec<Piece> {
    vec![Piece::new(words, Role::Text)]
}

fn pair(left: &str, right: &str) -> Vec<Piece> {
    vec![Piece::new(format!("{left:<26} "), Role::Accent), Piece::new(clean(right), Role::Text)]
}
