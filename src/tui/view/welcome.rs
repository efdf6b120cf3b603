//! What an empty tab shows: where one is, who could answer, and what to do first.

use ratatui::layout::Rect;

use super::paint::Painter;
use crate::tui::app::App;
use crate::tui::app::tab::Phase;
use crate::tui::keys::Context;
use crate::tui::look::{Piece, Role, Row};
use crate::tui::places::MARGIN;
use crate::tui::wrap::{Hanging, clean, wrap};
use crate::workbench::Command;

/// Rows below which the screen says only what one needs to begin.
const LOW: u16 = 14;

pub(super) fn paint(painter: &mut Painter, app: &App, area: Rect) {
    let width = usize::from(area.width.saturating_sub(2 * MARGIN + 2)).min(96);
    if matches!(app.tab().phase, Phase::Opening { .. } | Phase::Working(_)) {
        return pending(painter, app, area);
    }
    let rows = rows(app, width, area.height < LOW);
    let free = usize::from(area.height).saturating_sub(rows.len());
    let top = u16::try_from((free / 3).min(4)).unwrap_or_default();
    let inner = Rect {
        x: area.x + MARGIN + 1,
        y: area.y + top,
        width: area.width.saturating_sub(MARGIN + 2),
        height: area.height.saturating_sub(top),
    };
    painter.rows(inner, &rows);
}

/// What was asked for before there is anybody to answer.
fn pending(painter: &mut Painter, app: &App, area: Rect) {
    let Phase::Opening { then, .. } = &app.tab().phase else { return };
    let asked = then.iter().filter_map(|command| match command {
        Command::Prompt { order, .. } => Some(order.prompt.as_str()),
        Command::Shell { command, .. } => Some(command.as_str()),
        _ => None,
    });
    let width = usize::from(area.width.saturating_sub(2 * MARGIN));
    let bar = Hanging::bar(vec![Piece::new("▌ ", Role::UserBar)]);
    let mut rows: Vec<Row> = asked
        .flat_map(str::lines)
        .take(usize::from(area.height))
        .flat_map(|line| wrap(&[Piece::new(clean(line), Role::User)], width, &bar))
        .map(|row| row.filled(Role::User))
        .collect();
    rows.push(Row::default());
    rows.push(Row::of("  its branch and worktree are being made …", Role::Dim));
    let inner = Rect { x: area.x + MARGIN, width: area.width.saturating_sub(2 * MARGIN), ..area };
    painter.rows(inner, &rows);
}

fn rows(app: &App, width: usize, is_low: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    let branch = app.facts.user_branch.as_deref().unwrap_or("no branch");
    let mut add = |pieces: &[Piece]| rows.extend(wrap(pieces, width, &Hanging::default()));
    add(&[
        Piece::new("offshoot", Role::Heading),
        Piece::new(format!("  {}", clean(&app.facts.repository)), Role::Text),
        Piece::new(format!("  on {}", clean(branch)), Role::Dim),
    ]);
    add(&[]);
    if let Some(demo) = app.facts.demo.and_then(|prompts| prompts.first()) {
        add(&[
            Piece::new("This is a demonstration: a throw-away repository and a scripted model. ", Role::Text),
            Piece::new("Tools, commits and branches are real.", Role::Dim),
        ]);
        add(&[]);
        add(&[
            Piece::new("Try  ", Role::Dim),
            Piece::new(*demo, Role::Accent),
            Piece::new("  and press Enter.", Role::Dim),
        ]);
        add(&[]);
    } else {
        if !is_low {
            add(&[Piece::new(
                "Each tab is a branch with an agent of its own; each step that changes files is a commit.",
                Role::Text,
            )]);
            add(&[Piece::new("Your checkout is never touched.", Role::Text)]);
            add(&[]);
        }
        for line in backends(app) {
            add(&line);
        }
        add(&[]);
    }
    for line in &app.facts.recovered {
        add(&[
            Piece::new("↺ ", Role::Warn),
            Piece::new(line.as_str(), Role::Text),
            Piece::new("  /resume opens it", Role::Dim),
        ]);
    }
    if !app.facts.recovered.is_empty() {
        add(&[]);
    }
    let bound = |command: &str| {
        let keys = app.keymap.keys_for(Context::Composer, command).into_iter().next();
        keys.unwrap_or_else(|| format!("/{command}"))
    };
    for (keys, what) in [
        ("/".to_owned(), "commands"),
        ("@".to_owned(), "paths"),
        ("! $".to_owned(), "shell commands, programs"),
        (bound("new"), "another tab"),
        (bound("history-search"), "earlier prompts"),
        ("/resume".to_owned(), "earlier sessions"),
        (bound("help"), "help"),
    ] {
        add(&[Piece::new(format!("{keys:<9}"), Role::Accent), Piece::new(what, Role::Dim)]);
    }
    rows
}

/// Who could answer. Where nobody can, what was found on this machine and what to do with it.
fn backends(app: &App) -> Vec<Vec<Piece>> {
    let facts = &app.facts;
    let usable: Vec<&str> =
        facts.backends.iter().filter(|one| one.missing.is_none()).map(|one| one.id.as_str()).collect();
    if !usable.is_empty() {
        return vec![vec![
            Piece::new("Backends  ", Role::Dim),
            Piece::new(clean(&usable.join(" · ")), Role::Text),
        ]];
    }
    let mut lines = vec![vec![Piece::new("No backend is configured yet.", Role::Warn)]];
    for backend in &facts.backends {
        if let Some(missing) = &backend.missing {
            lines.push(vec![Piece::new(format!("  {}: {}", backend.id, clean(missing)), Role::Dim)]);
        }
    }
    let Some(found) = &facts.found else {
        lines.push(vec![Piece::new("Looking for model servers, CLIs and keys on this machine …", Role::Dim)]);
        return lines;
    };
    if found.servers.is_empty() && found.clis.is_empty() && found.keys.is_empty() {
        let text =
            "Nothing was found on this machine: no model server on the usual ports, no coding CLI, no key.";
        lines.push(vec![Piece::new(text, Role::Dim)]);
    }
    for server in &found.servers {
        let models = server.models.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
        lines.push(vec![
            Piece::new("  found ", Role::Good),
            Piece::new(format!("{} at {}", clean(&server.what), clean(&server.url)), Role::Text),
            Piece::new(format!("  {}", clean(&models)), Role::Dim),
        ]);
    }
    if let Some(server) = found.servers.first() {
        let model = server.models.first().map_or("…", String::as_str);
        lines.push(vec![Piece::new(
            "  To use it, put this in the settings (offshoot config path tells where):",
            Role::Dim,
        )]);
        for line in [
            "[backends.local]".to_owned(),
            "kind = \"openai-chat\"".to_owned(),
            format!("base_url = \"{}\"", clean(&server.url)),
            format!("model = \"{}\"", clean(model)),
            "local = true".to_owned(),
        ] {
            lines.push(vec![Piece::new(format!("    {line}"), Role::Code)]);
        }
    }
    for key in &found.keys {
        lines.push(vec![
            Piece::new("  found ", Role::Good),
            Piece::new(format!("the key {}", clean(key)), Role::Text),
        ]);
    }
    if !found.clis.is_empty() {
        let names: Vec<&str> = found.clis.iter().map(|cli| cli.name.as_str()).collect();
        lines.push(vec![
            Piece::new("  found ", Role::Good),
            Piece::new(clean(&names.join(", ")), Role::Text),
            Piece::new("  installed here", Role::Dim),
        ]);
    }
    lines.push(vec![Piece::new(
        "Set ANTHROPIC_API_KEY, OPENAI_API_KEY, GEMINI_API_KEY or DEEPSEEK_API_KEY and start again, or describe a local server under [backends.local]. `offshoot demo` needs none of them.",
        Role::Dim,
    )]);
    lines
}
