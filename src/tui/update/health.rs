//! How the backends and the program's surroundings are: as it is known, or asked now.

use std::time::Duration;

use super::Actions;
use super::agent::row;
use super::program::replace;
use super::run::Ran;
use crate::agent::Failure;
use crate::backends::health::HealthState;
use crate::chat::sanitise;
use crate::tui::app::layer::{Layer, Text, Topic};
use crate::tui::app::{App, Tone};
use crate::tui::commands::Asked;
use crate::tui::look::{Piece, Role};
use crate::tui::message::{Action, Load};
use crate::tui::side;
use crate::tui::transcript::cell::Kind;
use crate::tui::words::{ago, duration, sparkline};
use crate::tui::wrap::clean;
use crate::workbench::doctor::{BackendReport, CheckState, Report};
use crate::workbench::runtime::Restarted;
use crate::workbench::state::BackendLine;

type Line = Vec<Piece>;

pub(super) fn health(app: &mut App, asked: &Asked) -> Ran {
    match asked.args {
        "" => {
            let lines = known(app);
            app.layers.push(Layer::Text(Text::new("Health", lines)));
            Ok(Vec::new())
        }
        "probe" => Ok(probe(app)),
        other => Err(asked.misuse(format!("\"{other}\" is not probe"))),
    }
}

/// Opens what is known of the backends.
pub(super) fn open(app: &mut App) -> Actions {
    let lines = known(app);
    app.layers.push(Layer::Text(Text::new("Health", lines)));
    Vec::new()
}

fn probe(app: &mut App) -> Actions {
    app.layers.push(Layer::Text(Text::awaited("Health", Topic::Health)));
    vec![Action::Load(Load::Probe)]
}

fn known(app: &App) -> Vec<Line> {
    let mut lines = Vec::new();
    for backend in &app.facts.backends {
        if !lines.is_empty() {
            lines.push(Vec::new());
        }
        of_backend(backend, app.clock.unix_ms, &mut lines);
    }
    if lines.is_empty() {
        return nobody();
    }
    lines.push(Vec::new());
    lines.push(vec![Piece::new("as calls went; /health probe asks each of them now", Role::Dim)]);
    lines
}

fn of_backend(backend: &BackendLine, now_ms: u64, lines: &mut Vec<Line>) {
    let (mark, role, word) = side::state(backend);
    let word = if word.is_empty() { "up".to_owned() } else { word };
    let local = if backend.local { "  local" } else { "" };
    lines.push(vec![
        Piece::new(format!("{mark} "), role),
        Piece::new(clean(&backend.id), Role::Strong),
        Piece::new(format!("  {word}"), role),
        Piece::new(local, Role::Dim),
    ]);
    lines.extend(backend.model.as_ref().map(|model| row("model", model)));
    lines.extend(backend.missing.as_ref().map(|missing| row("missing", missing)));
    if let Some(latest) = backend.latencies_ms.last() {
        let latest = duration(Duration::from_millis(*latest));
        lines.push(row("first words", &format!("{} {latest}", sparkline(&backend.latencies_ms))));
    }
    if backend.failures > 0 {
        lines.push(row("failures", &format!("{} in a row", backend.failures)));
    }
    if let Some(error) = &backend.last_error {
        let seconds = |ms: u64| i64::try_from(ms / 1000).unwrap_or_default();
        let past = ago(seconds(error.at_ms), seconds(now_ms));
        let past = if past == "now" { "just now".to_owned() } else { format!("{past} ago") };
        let colon = if error.message.is_empty() { "" } else { ": " };
        lines.push(row("last error", &format!("{} {past}{colon}{}", error.class, error.message)));
    }
}

fn nobody() -> Vec<Line> {
    vec![
        vec![Piece::new("no backend is configured", Role::Text)],
        vec![Piece::new(crate::routing::NoRoute::NothingConfigured.hint(), Role::Dim)],
    ]
}

pub(super) fn probed(app: &mut App, backends: &[BackendReport]) -> Actions {
    let mut lines: Vec<Line> = backends.iter().flat_map(reported).collect();
    if lines.is_empty() {
        lines = nobody();
    }
    replace(app, Topic::Health, lines);
    vec![Action::Load(Load::Health)]
}

/// A backend as it was found when it was asked.
fn reported(backend: &BackendReport) -> Vec<Line> {
    use HealthState as H;
    let (mark, role, word) = match backend.state {
        H::Up => ("●", Role::Good, "up"),
        H::Down => ("●", Role::Bad, "down"),
        H::Open => ("◐", Role::Warn, "resting after failures"),
        H::Unconfigured => ("○", Role::Dim, "not set up"),
        H::Unknown => ("○", Role::Dim, "not called yet"),
    };
    let latency = backend.latency_ms.map(|ms| format!("  {ms} ms")).unwrap_or_default();
    let version = backend.version.as_ref().map(|version| format!("  {}", clean(version))).unwrap_or_default();
    let mut lines = vec![vec![
        Piece::new(format!("{mark} "), role),
        Piece::new(format!("{:<14}", clean(&backend.id)), Role::Strong),
        Piece::new(word, role),
        Piece::new(format!("{latency}{version}"), Role::Dim),
    ]];
    lines.extend(
        backend
            .message
            .as_ref()
            .map(|message| vec![Piece::new("  ", Role::Text), Piece::new(clean(message), Role::Dim)]),
    );
    lines
}

pub(super) fn doctor(app: &mut App) -> Actions {
    app.layers.push(Layer::Text(Text::awaited("Doctor", Topic::Doctor)));
    vec![Action::Load(Load::Doctor)]
}

pub(super) fn examined(app: &mut App, report: &Report) {
    let mut lines = Vec::new();
    for check in &report.checks {
        let (mark, role) = match check.state {
            CheckState::Ok => ("✓", Role::Good),
            CheckState::Warn => ("!", Role::Warn),
            CheckState::Fail => ("✗", Role::Bad),
            CheckState::Skipped => ("○", Role::Dim),
        };
        lines.push(vec![
            Piece::new(format!("{mark} "), role),
            Piece::new(format!("{:<10}", check.id), Role::Strong),
            Piece::new(clean(&check.message), Role::Text),
        ]);
        if let Some(hint) = check.hint.as_ref().filter(|_| check.state != CheckState::Ok) {
            lines.push(vec![Piece::new(" ".repeat(12), Role::Text), Piece::new(clean(hint), Role::Dim)]);
        }
    }
    lines.extend(report.backends.iter().flat_map(reported));
    replace(app, Topic::Doctor, lines);
}

/// The user's command that restarts the local model server is run: only here, and by its own name.
pub(super) fn restart(app: &mut App) -> Actions {
    app.toast("restarting the local runtime …", Tone::Plain);
    vec![Action::Load(Load::Restart)]
}

pub(super) fn restarted(app: &mut App, done: Result<Restarted, Failure>) -> Actions {
    let tab = app.tab_mut();
    let kind = match done {
        Ok(done) => {
            let took = duration(done.took);
            let text = format!("the local runtime was restarted in {took} with `{}`", done.command);
            Kind::Notice(clean(&text).into_owned())
        }
        Err(failure) => Kind::Failure {
            message: clean_lines(&failure.message),
            hint: failure.hint.map(|hint| clean(&hint).into_owned()),
        },
    };
    tab.transcript.push(tab.turn, kind);
    app.toast = None;
    vec![Action::Load(Load::Health)]
}

/// What a command printed has lines, which stay.
fn clean_lines(text: &str) -> String {
    sanitise(text).lines().map(clean).collect::<Vec<_>>().join("\n")
}
