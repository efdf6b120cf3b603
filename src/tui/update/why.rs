//! Why a turn went as it went: who was asked, what spoke for and against them, how it ended and what it cost.
//! What this program saw itself is told at once; what is on record follows.

use std::time::Duration;

use super::Actions;
use super::agent::row;
use super::run::Ran;
use crate::agent::Failure;
use crate::chat::{Outcome, Usage};
use crate::ledger::{Entry, Verify};
use crate::routing::{Confidence, Signal, Weights};
use crate::tui::app::App;
use crate::tui::app::layer::{Layer, Text, Topic};
use crate::tui::app::tab::{Routing, Tab};
use crate::tui::commands::Asked;
use crate::tui::look::{Piece, Role};
use crate::tui::message::{Action, Load};
use crate::tui::side;
use crate::tui::words::duration;
use crate::tui::wrap::clean;
use crate::workbench::TabId;
use crate::workbench::why::Told;
use crate::workbench::words::{dollars, tokens};

type Line = Vec<Piece>;

/// What confidence is held against.
#[derive(Clone, Copy)]
struct Policy<'a> {
    threshold: f64,
    weights: &'a Weights,
}

impl<'a> Policy<'a> {
    fn of(app: &'a App) -> Self {
        Self { threshold: app.facts.threshold, weights: &app.facts.weights }
    }
}

/// Letters of a hash that are shown.
const HASH: usize = 8;

pub(super) fn why(app: &mut App, asked: &Asked) -> Ran {
    let tab = app.tab();
    let turn = match asked.args {
        "" => tab.routes.back().map_or(tab.turn, |latest| latest.turn),
        number => number.parse::<u32>().map_err(|_| asked.misuse(format!("\"{number}\" is no turn")))?,
    };
    Ok(open(app, turn))
}

/// Opens what is known of a turn of the active tab.
pub(super) fn open(app: &mut App, turn: u32) -> Actions {
    let is_awaited = app.tab().session.is_some() && app.tab().routes.iter().all(|one| one.turn != turn);
    let lines = if is_awaited {
        vec![vec![Piece::new("reading …", Role::Dim)]]
    } else {
        lines(app.tab(), turn, Policy::of(app), None)
    };
    let text = Text::new("Why this backend", lines).about(Topic::Why);
    let tab = app.tab();
    let (text, actions) = match &tab.session {
        Some(session) => {
            let load = Load::Why { tab: tab.id, session: session.id.clone(), turn };
            (text.awaiting(), vec![Action::Load(load)])
        }
        None => (text, Vec::new()),
    };
    app.layers.push(Layer::Text(text));
    actions
}

/// What is on record of it is there.
pub(super) fn told(app: &mut App, tab: TabId, turn: u32, told: Result<Vec<Told>, Failure>) {
    let policy = Policy::of(app);
    let Some(tab) = app.place_of(tab).map(|place| &app.tabs[place]) else { return };
    let lines = match told {
        Ok(told) => {
            let mut lines = lines(tab, turn, policy, told.iter().find(|one| one.turn == turn));
            let turns = told.iter().map(|one| one.turn).max().unwrap_or(tab.turn).max(tab.turn);
            if turns > 1 {
                lines.push(Vec::new());
                let text = format!("/why N tells of turn N, from 1 to {turns}");
                lines.push(vec![Piece::new(text, Role::Dim)]);
            }
            lines
        }
        Err(failure) => {
            let mut lines = lines(tab, turn, policy, None);
            lines.push(Vec::new());
            lines.push(vec![Piece::new(clean(&failure.message), Role::Bad)]);
            lines
        }
    };
    super::program::replace(app, Topic::Why, lines);
}

fn lines(tab: &Tab, turn: u32, policy: Policy, told: Option<&Told>) -> Vec<Line> {
    let live: Vec<&Routing> = tab.routes.iter().filter(|one| one.turn == turn).collect();
    let entries: &[Entry] = told.map_or(&[], |told| &told.attempts);
    let mut lines = Vec::new();
    let mut begin = vec![Piece::new(format!("turn {turn}"), Role::Heading)];
    let words =
        told.and_then(|told| told.steps.iter().flat_map(|step| &step.prompts).find(|(at, _)| *at == turn));
    if let Some((_, prompt)) = words {
        let first = clean(prompt.lines().next().unwrap_or_default()).into_owned();
        begin.push(Piece::new(format!("  {first}"), Role::Text));
    }
    lines.push(begin);
    lost(entries, &mut lines);
    // Attempts are numbered from 1, also where the lines of the first ones are gone.
    let last = entries.iter().filter_map(|entry| entry.attempt).max().unwrap_or_default() as usize;
    for number in 0..last.max(live.len()) {
        let entry = entries.iter().find(|entry| entry.attempt.is_some_and(|at| at as usize == number + 1));
        attempt(live.get(number).copied(), entry, policy, &mut lines);
    }
    if live.is_empty() && entries.is_empty() {
        trailers(told, &mut lines);
    }
    if lines.len() == 1 {
        let text = if turn == 0 { "no turn was routed in this tab yet" } else { "nothing is known of it" };
        return vec![vec![Piece::new(text, Role::Dim)]];
    }
    if let Some(told) = told {
        commits(told, &mut lines);
    }
    lines
}

/// Backends whose own lines are gone, and that a later one still names.
fn lost(entries: &[Entry], lines: &mut Vec<Line>) {
    let Some(last) = entries.last() else { return };
    let is_told = |backend: &str| entries.iter().any(|entry| entry.backend.as_deref() == Some(backend));
    for tried in last.tried.iter().filter(|tried| !is_told(&tried.backend)) {
        let took = duration(Duration::from_millis(tried.ms));
        lines.push(row("tried", &format!("{}: {} after {took}", tried.backend, tried.error_class)));
    }
}

fn attempt(live: Option<&Routing>, entry: Option<&Entry>, policy: Policy, lines: &mut Vec<Line>) {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let (backend, model) = match (live, entry) {
        (Some(live), _) => (live.routed.decision.backend.clone(), live.routed.model.clone()),
        (None, Some(entry)) => (text(&entry.backend), text(&entry.model)),
        (None, None) => return,
    };
    let mut head = vec![
        Piece::new(clean(&backend), Role::Strong),
        Piece::new(format!("/{}", clean(&model)), Role::Text),
    ];
    head.extend(entry.and_then(outcome));
    lines.push(head);
    let role = live.and_then(|live| live.routed.role.clone()).or_else(|| entry?.role.clone());
    lines.extend(role.map(|role| row("role", &role)));
    let reason = live.map(|live| live.routed.decision.reason.clone()).or_else(|| entry?.reason.clone());
    lines.extend(reason.map(|reason| row("reason", &reason)));
    match live.and_then(|live| live.routed.decision.confidence.as_ref()) {
        Some(sure) => seen(sure, policy, lines),
        None => lines.extend(entry.into_iter().flat_map(|entry| recorded(entry, policy))),
    }
    for rejected in live.iter().flat_map(|live| &live.routed.decision.rejected) {
        lines.push(row("passed over", &format!("{}: {}", rejected.backend, rejected.reason)));
    }
    if let Some(entry) = entry {
        account(entry, lines);
    }
}

fn outcome(entry: &Entry) -> Option<Piece> {
    let (text, role) = match (entry.outcome?, entry.error_class) {
        (Outcome::Ok, _) => ("  answered".to_owned(), Role::Good),
        (Outcome::Aborted, _) => ("  was stopped".to_owned(), Role::Warn),
        (Outcome::Error, Some(class)) => (format!("  failed: {class}"), Role::Bad),
        (Outcome::Error, None) => ("  failed".to_owned(), Role::Bad),
    };
    Some(Piece::new(text, role))
}

/// The confidence with all that led to it.
fn seen(sure: &Confidence, policy: Policy, lines: &mut Vec<Line>) {
    lines.push(labelled("confidence", vec![side::confidence(sure, policy.threshold)]));
    for signal in &sure.signals {
        let mut pieces = side::of_signal(signal);
        if !signal.source.is_empty() {
            pieces.push(Piece::new(format!("  {}", clean(&signal.source)), Role::Dim));
        }
        lines.push(labelled("signal", pieces));
    }
}

/// The same from the ledger, which keeps the values; they count as they do now.
fn recorded(entry: &Entry, policy: Policy) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(value) = entry.confidence {
        let sure = Confidence { value, signals: Vec::new() };
        lines.push(labelled("confidence", vec![side::confidence(&sure, policy.threshold)]));
    }
    lines.extend(entry.signals.iter().map(|(name, value)| {
        let weight = policy.weights.of(name);
        let signal = Signal { name: name.clone(), value: *value, weight, source: String::new() };
        labelled("signal", side::of_signal(&signal))
    }));
    lines
}

/// What it came to.
fn account(entry: &Entry, lines: &mut Vec<Line>) {
    match entry.verify {
        Some(Verify::Passed) => lines.push(labelled("verified", vec![Piece::new("passed", Role::Good)])),
        Some(Verify::Failed) => lines.push(labelled("verified", vec![Piece::new("failed", Role::Bad)])),
        Some(Verify::NotRun) => lines.push(row("verified", "not run")),
        None => {}
    }
    let cost = entry.cost_usd.map(|cost| dollars(cost.usd()));
    if let Some(usage) = &entry.usage {
        lines.push(row("used", &format!("{}  {}", used(usage), cost.unwrap_or_default())));
    } else if let Some(cost) = cost {
        lines.push(row("cost", &cost));
    }
    if let Some(took) = entry.duration_ms {
        let first = entry
            .first_token_ms
            .map(|ms| format!(", the first word after {}", duration(Duration::from_millis(ms))));
        let took = duration(Duration::from_millis(took));
        lines.push(row("took", &format!("{took}{}", first.unwrap_or_default())));
    }
}

fn used(usage: &Usage) -> String {
    let input = usage.input + usage.cache_read + usage.cache_write;
    format!("{} in, {} out", tokens(input), tokens(usage.output))
}

/// What the commits alone tell: whom they are of, why, and what it cost.
fn trailers(told: Option<&Told>, lines: &mut Vec<Line>) {
    let mut last = None;
    for step in told.into_iter().flat_map(|told| &told.steps) {
        let Some(route) = step.route.as_ref().filter(|route| last != Some(*route)) else { continue };
        last = Some(route);
        lines.push(vec![
            Piece::new(clean(&route.backend), Role::Strong),
            Piece::new(format!("/{}", clean(&route.model)), Role::Text),
        ]);
        if !route.reason.is_empty() {
            lines.push(row("reason", &route.reason));
        }
        lines.push(row("used", &format!("{}  {}", used(&step.usage), dollars(step.cost_usd))));
    }
}

fn commits(told: &Told, lines: &mut Vec<Line>) {
    use crate::git::codec::StepKind;
    for step in told.steps.iter().filter(|step| step.kind == StepKind::Step) {
        let hash = step.commit.to_string();
        let by = step.route.as_ref().map(|route| format!("  {}", clean(&route.backend))).unwrap_or_default();
        lines.push(labelled(
            "commit",
            vec![
                Piece::new(hash.get(..HASH).unwrap_or(&hash), Role::Commit),
                Piece::new(format!(" {}", clean(&step.subject)), Role::Text),
                Piece::new(by, Role::Dim),
            ],
        ));
    }
}

fn labelled(name: &str, pieces: Vec<Piece>) -> Line {
    let mut line = vec![Piece::new(format!("{name:<14}"), Role::Dim)];
    line.extend(pieces);
    line
}
