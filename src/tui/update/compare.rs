//! `/compare`: who takes part, the tabs that are opened for them, and what becomes known of each.

use super::run::Ran;
use super::{Actions, agent, compare_pick, prompt, tabs};
use crate::agent::Failure;
use crate::tui::app::compare::{Comparison, Setup};
use crate::tui::app::layer::{Layer, Line, LineKind};
use crate::tui::app::tab::Phase;
use crate::tui::app::{App, Tone};
use crate::tui::commands::Asked;
use crate::tui::message::{Action, Load};
use crate::workbench::compare::{Begin, Candidate, Fate, Ground, Row, Wish};
use crate::workbench::words::count;
use crate::workbench::{Command, EventKind, TabId, Uncommitted};

/// What stands behind `/compare`.
#[derive(Default)]
struct Words {
    wish: Wish,
    /// Another one, though one is open.
    is_new: bool,
    prompt: String,
}

pub(super) fn compare(app: &mut App, asked: &Asked) -> Ran {
    let words = words(asked)?;
    let Words { mut wish, is_new, prompt } = words;
    let names_nobody = wish.with.is_empty() && wish.roles.is_empty() && wish.number.is_none();
    let open = app.compared(app.tab().id).map(|(one, _)| one.number);
    let open = open.or_else(|| app.comparisons.iter().rev().find(|one| one.is_open()).map(|one| one.number));
    if let Some(number) = open.filter(|_| names_nobody && prompt.is_empty() && !is_new) {
        show(app, number);
        return Ok(Vec::new());
    }
    let prompt = if prompt.is_empty() { app.tab().composer.text().trim().to_owned() } else { prompt };
    if names_nobody {
        compare_pick::offer(app, prompt);
        return Ok(Vec::new());
    }
    if wish.with.is_empty() && wish.roles.is_empty() {
        let choice = app.tab().choice.clone();
        let own = Candidate { backend: choice.backend, model: choice.model, role: choice.role };
        wish.with.push((own, 1));
    }
    let candidates = wish.candidates().map_err(|error| asked.misuse(format!("{error}; {}", error.hint())))?;
    for candidate in &candidates {
        known(app, candidate).map_err(|why| asked.misuse(why))?;
    }
    Ok(begin(app, candidates, prompt))
}

fn words(asked: &Asked) -> Result<Words, crate::tui::commands::Misuse> {
    let mut words = Words::default();
    let mut rest = asked.args.trim();
    loop {
        let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let after = after.trim_start();
        match word {
            "--new" => {
                words.is_new = true;
                rest = after;
            }
            "--with" | "--role" => {
                let (value, after) = after.split_once(char::is_whitespace).unwrap_or((after, ""));
                if value.is_empty() || value.starts_with("--") {
                    let what = if word == "--with" {
                        "backends: --with local,claude/opus"
                    } else {
                        "roles: --role plan,coding"
                    };
                    return Err(asked.misuse(format!("{word} needs {what}")));
                }
                if word == "--with" {
                    let told = |error: crate::workbench::compare::PlanError| {
                        asked.misuse(format!("{error}; {}", error.hint()))
                    };
                    words.wish.add(value).map_err(told)?;
                } else {
                    let roles = value.split(',').map(str::trim).filter(|role| !role.is_empty());
                    words.wish.roles.extend(roles.map(str::to_owned));
                }
                rest = after.trim_start();
            }
            flag if flag.starts_with("--") => return Err(asked.misuse(format!("there is no {flag}"))),
            number if words.wish.number.is_none() && number.parse::<usize>().is_ok() => {
                words.wish.number = number.parse().ok();
                rest = after;
            }
            _ => {
                return Ok(Words { prompt: rest.to_owned(), ..words });
            }
        }
    }
}

/// Why nobody is of that name, if so.
fn known(app: &App, candidate: &Candidate) -> Result<(), String> {
    let backends = &app.facts.backends;
    if let Some(id) = &candidate.backend {
        let all = || backends.iter().map(|one| one.id.as_str()).collect::<Vec<_>>().join(", ");
        let found = backends.iter().find(|one| one.id == *id);
        let found = found.ok_or_else(|| format!("there is no backend \"{id}\" ({})", all()))?;
        if let Some(missing) = &found.missing {
            return Err(format!("{id} cannot be asked: {missing}"));
        }
    }
    match &candidate.role {
        Some(role) if !app.facts.roles.contains(role) => {
            Err(format!("there is no role \"{role}\" ({})", app.facts.roles.join(", ")))
        }
        _ => Ok(()),
    }
}

/// The table over the screen.
pub(super) fn show(app: &mut App, number: u32) {
    app.layers.retain(|layer| !matches!(layer, Layer::Comparison(_)));
    app.layers.push(Layer::Comparison(number));
}

/// It is known who takes part: what is still missing is asked for, one after the other.
pub(super) fn begin(app: &mut App, candidates: Vec<Candidate>, prompt: String) -> Actions {
    if prompt.trim().is_empty() {
        app.setup = Some(Setup::Prompt { candidates });
        app.layers.push(Layer::Line(Line::new("prompt for all", LineKind::CompareAll)));
        return Vec::new();
    }
    let mut actions = prompt::remember(app, &prompt);
    if app.tab().composer.text().trim() == prompt {
        app.tab_mut().composer.set_text("");
    }
    let tab = app.tab();
    match &tab.session {
        Some(session) => {
            let begin = Begin::Session { id: session.id.clone(), branch: session.branch.clone() };
            actions.push(load(tab.id, begin, prompt, candidates));
        }
        None => {
            app.setup = Some(Setup::Uncommitted { candidates, prompt });
            actions.push(Action::Load(Load::Uncommitted));
        }
    }
    actions
}

/// The prompt for all was written.
pub(super) fn prompt_is(app: &mut App, prompt: String) -> Actions {
    match app.setup.take() {
        Some(Setup::Prompt { candidates }) if !prompt.trim().is_empty() => begin(app, candidates, prompt),
        _ => Vec::new(),
    }
}

/// It is known what becomes of uncommitted work.
pub(super) fn uncommitted_is(app: &mut App, what: Uncommitted) -> Actions {
    match app.setup.take() {
        Some(Setup::Uncommitted { candidates, prompt }) => {
            vec![load(app.tab().id, Begin::Checkout(what), prompt, candidates)]
        }
        other => {
            app.setup = other;
            Vec::new()
        }
    }
}

/// The user does not want to say more: their prompt is theirs again.
pub(super) fn give_up(app: &mut App) {
    if let Some(Setup::Uncommitted { prompt, .. }) = app.setup.take() {
        give_back(app, &prompt);
    }
}

fn give_back(app: &mut App, prompt: &str) {
    if app.tab().composer.is_empty() {
        app.tab_mut().composer.set_text(prompt);
    }
}

fn load(tab: TabId, begin: Begin, prompt: String, candidates: Vec<Candidate>) -> Action {
    Action::Load(Load::Comparison { tab, begin, prompt, candidates })
}

/// It is known where all begin: a tab is opened for each.
pub(super) fn ground_is(
    app: &mut App,
    parent: TabId,
    prompt: String,
    candidates: Vec<Candidate>,
    ground: Result<Ground, Failure>,
) -> Actions {
    let ground = match ground {
        Ok(ground) => ground,
        Err(failure) => {
            super::program::tell(app, &failure);
            give_back(app, &prompt);
            return Vec::new();
        }
    };
    let parent = app.place_of(parent).unwrap_or(app.active);
    let parent = &app.tabs[parent];
    let (id, permissions, budget, verify) =
        (parent.id, parent.permissions, parent.budget, parent.verify.clone());
    let is_blank = matches!(parent.phase, Phase::Fresh) && parent.composer.is_empty();
    let order = parent.order(prompt.clone());
    let number = app.comparisons.last().map_or(1, |last| last.number + 1);
    let mut comparison = Comparison::new(number, prompt, ground, app.clock.now);
    let mut actions = Actions::new();
    let all = candidates.len();
    for (at, candidate) in candidates.into_iter().enumerate() {
        let mut row = Row::new(at, candidate.clone(), comparison.ground.branch(at));
        row.opens();
        let start = comparison.ground.start(at);
        let mut origin = format!("candidate {} of {all}: {}", row.letter, comparison.ground.told());
        for notice in &comparison.ground.notices {
            origin.push_str(&format!("; {notice}"));
        }
        let tab = app.add_tab();
        tab.title = candidate.name();
        tab.choice.backend.clone_from(&candidate.backend);
        tab.choice.model.clone_from(&candidate.model);
        tab.choice.role.clone_from(&candidate.role);
        (tab.permissions, tab.budget, tab.verify) = (permissions, budget, verify.clone());
        tab.origin = Some(origin);
        let ordered = Command::Prompt { tab: tab.id, order: candidate.order(order.clone()) };
        tab.phase = Phase::Opening { is_asked: true, then: vec![ordered] };
        comparison.add(row, tab.id);
        actions.push(Action::Send(Command::Open { tab: tab.id, start, permissions: Some(permissions) }));
    }
    let first = comparison.tabs[0];
    app.comparisons.push(comparison);
    // A tab in which nothing was said has served its turn.
    if is_blank && let Some(place) = app.place_of(id) {
        app.tabs.remove(place);
    }
    app.active = app.place_of(first).unwrap_or_default();
    actions.extend(tabs::show(app, app.active));
    show(app, number);
    actions
}

/// Something happened in a tab: its row tells of it, wherever the tab is.
pub(super) fn note(app: &mut App, tab: TabId, event: &EventKind) -> Actions {
    let now = app.clock.now;
    let mut actions = Actions::new();
    for comparison in &mut app.comparisons {
        let Some(place) = comparison.place_of(tab) else { continue };
        let time = comparison.time(now);
        let row = &mut comparison.rows[place];
        row.take(event, time);
        // Now everything that was said in it is on record.
        if matches!(event, EventKind::Closed) && row.fate == Fate::Archived {
            let sessions = row.session.iter().cloned().collect();
            actions.push(Action::Load(Load::Archive(sessions)));
        }
    }
    actions
}

/// The session of a tab is known.
pub(super) fn session_is(app: &mut App, tab: TabId, session: &str) {
    for comparison in &mut app.comparisons {
        if let Some(place) = comparison.place_of(tab) {
            comparison.rows[place].session = Some(session.to_owned());
        }
    }
}

/// What the branch of a tab changes was worked out anew.
pub(super) fn measured(app: &mut App, tab: TabId) {
    let Some(place) = app.place_of(tab) else { return };
    let Some(changes) = &app.tabs[place].changes else { return };
    for comparison in &mut app.comparisons {
        if let Some(at) = comparison.place_of(tab) {
            comparison.rows[at].measured(changes);
        }
    }
}

/// A check is about to be run in a tab.
pub(super) fn checks(app: &mut App, tab: TabId, command: &str) {
    for comparison in &mut app.comparisons {
        if let Some(place) = comparison.place_of(tab) {
            comparison.rows[place].checks(command.to_owned());
        }
    }
}

/// The sessions of those who were not kept are put away.
pub(super) fn archived(app: &mut App, sessions: Result<Vec<String>, Failure>) {
    match sessions {
        Ok(sessions) if sessions.is_empty() => {}
        Ok(sessions) => {
            let text = format!(
                "{} archived: /branches lists them, Enter opens one again",
                count(sessions.len(), "session")
            );
            app.toast(text, Tone::Good);
        }
        Err(failure) => super::program::tell(app, &failure),
    }
}

/// Stops what runs in a tab.
pub(super) fn stop(app: &mut App, tab: TabId) -> Actions {
    let active = app.active;
    let Some(place) = app.place_of(tab).filter(|place| app.tabs[*place].is_busy()) else { return Vec::new() };
    app.active = place;
    let actions = agent::abort(app);
    app.active = active;
    actions
}
