//! What a tab's turns are held to: the check that their work has to pass, and what they may cost.

use super::Actions;
use super::agent::row;
use super::run::Ran;
use crate::agent::VerifyState;
use crate::tools::verification::{AUTO, Detected};
use crate::tui::app::layer::{Layer, Text, Topic};
use crate::tui::app::tab::Tab;
use crate::tui::app::{App, Tone};
use crate::tui::commands::Asked;
use crate::tui::look::{Piece, Role};
use crate::tui::message::{Action, Load};
use crate::tui::wrap::clean;
use crate::workbench::words::dollars;
use crate::workbench::{Audience, Command, TabId};

pub(super) fn verify(app: &mut App, asked: &Asked) -> Ran {
    match asked.args {
        "" => {
            app.layers.push(Layer::Text(Text::awaited("Verification", Topic::Verification)));
            Ok(vec![look_up(app, false)])
        }
        "run" if app.tab().is_open() => Ok(vec![look_up(app, true)]),
        "run" => Err(asked.misuse("there is no worktree yet: it begins with the first prompt")),
        "off" => Ok(set_verify(app, "", "work in this tab is not verified")),
        AUTO => Ok(set_verify(app, AUTO, "work in this tab is checked as the project's files tell")),
        command => {
            let command = command.to_owned();
            Ok(set_verify(app, &command, &format!("work in this tab is checked with `{}`", clean(&command))))
        }
    }
}

/// Runs the check in a tab, if it is open.
pub(super) fn check_in(app: &App, id: TabId) -> Option<Action> {
    let tab = app.tabs.iter().find(|tab| tab.id == id && tab.is_open())?;
    Some(look_up_in(app, tab, true))
}

fn look_up(app: &App, run: bool) -> Action {
    look_up_in(app, app.tab(), run)
}

fn look_up_in(app: &App, tab: &Tab, run: bool) -> Action {
    let root = tab.session.as_ref().map_or(&app.facts.checkout, |session| &session.worktree).clone();
    Action::Load(Load::Verification { tab: tab.id, root, chosen: tab.verify.clone(), run })
}

fn set_verify(app: &mut App, command: &str, told: &str) -> Actions {
    app.tab_mut().verify = Some(command.to_owned());
    app.toast(told, Tone::Good);
    Vec::new()
}

/// It is known which command is in force; `origin` says who set it.
pub(super) fn verification_is(
    app: &mut App,
    id: TabId,
    found: Option<Detected>,
    origin: &str,
    run: bool,
) -> Actions {
    let Some(tab) = app.by_id(id) else { return Vec::new() };
    if !run {
        let lines = verification_lines(found.as_ref(), origin, tab.verified.as_ref());
        super::program::replace(app, Topic::Verification, lines);
        return Vec::new();
    }
    let Some(found) = found else {
        app.toast("nothing checks the work here: /verify COMMAND sets what does", Tone::Bad);
        return Vec::new();
    };
    tab.sent_shells += 1;
    super::compare::checks(app, id, &found.command);
    vec![Action::Send(Command::Shell { tab: id, command: found.command, audience: Audience::User })]
}

fn verification_lines(
    found: Option<&Detected>,
    origin: &str,
    last: Option<&(VerifyState, Option<i32>)>,
) -> Vec<Vec<Piece>> {
    let mut lines = match found {
        Some(found) => vec![row("command", &found.command), row("because", &found.why)],
        None => vec![row("command", "none: work is not verified")],
    };
    lines.push(row("set by", origin));
    if let Some((state, exit)) = last {
        let (word, role) = match state {
            VerifyState::Passed => ("passed", Role::Good),
            VerifyState::Failed => ("failed", Role::Bad),
            VerifyState::NotRun => ("not run", Role::Warn),
        };
        let exit = exit.filter(|code| *code != 0).map(|code| format!(", exit code {code}"));
        lines.push(vec![
            Piece::new(format!("{:<14}", "last time"), Role::Dim),
            Piece::new(format!("{word}{}", exit.unwrap_or_default()), role),
        ]);
    }
    lines.push(Vec::new());
    let text = "/verify run runs it now; /verify COMMAND, auto or off sets it for this tab";
    lines.push(vec![Piece::new(text, Role::Dim)]);
    lines
}

/// What checks the work of the active tab, in a few words.
pub(super) fn verification(app: &App) -> String {
    match app.tab().verify.as_deref().unwrap_or(&app.facts.verify).trim() {
        "" => "none".to_owned(),
        AUTO => "as the project's files tell".to_owned(),
        command => format!("`{command}`"),
    }
}

pub(super) fn budget(app: &mut App, asked: &Asked) -> Ran {
    if asked.args.is_empty() {
        let lines = budget_lines(app);
        app.layers.push(Layer::Text(Text::new("Budget", lines).about(Topic::Budget).awaiting()));
        return Ok(vec![Action::Load(Load::Spent)]);
    }
    let (span, amount) = asked.args.split_once(char::is_whitespace).unwrap_or((asked.args, ""));
    let usd = match amount.trim().trim_start_matches('$') {
        "" => return Err(asked.misuse("say how many US dollars; 0 is no limit")),
        "off" | "none" => 0.0,
        text => match text.parse::<f64>() {
            Ok(usd) if usd >= 0.0 && usd.is_finite() => usd,
            _ => return Err(asked.misuse(format!("\"{text}\" is no amount of US dollars"))),
        },
    };
    let budget = &mut app.tab_mut().budget;
    match span {
        "turn" => budget.turn_usd = usd,
        "session" => budget.session_usd = usd,
        "day" => budget.day_usd = usd,
        other => return Err(asked.misuse(format!("\"{other}\" is none of turn, session and day"))),
    }
    let text = if usd > 0.0 {
        format!("at most {} a {span}", dollars(Some(usd)))
    } else {
        format!("no limit for a {span}")
    };
    app.toast(format!("{text}, from this tab's next prompt on"), Tone::Good);
    Ok(Vec::new())
}

/// What was spent, and what may be.
pub(super) fn budget_lines(app: &App) -> Vec<Vec<Piece>> {
    let tab = app.tab();
    let today = app.facts.spent.as_ref().map(|spent| spent.total.cost_usd);
    let limit =
        |usd: f64| if usd > 0.0 { format!("limit {}", dollars(Some(usd))) } else { "no limit".to_owned() };
    let spent = |what: Option<f64>, usd: f64, note: &str| {
        let role = match what {
            Some(spent) if usd > 0.0 && spent >= usd => Role::Bad,
            Some(spent) if usd > 0.0 && spent >= 0.8 * usd => Role::Warn,
            _ => Role::Text,
        };
        vec![Piece::new(format!("{} {note}  ", dollars(what)), role), Piece::new(limit(usd), Role::Dim)]
    };
    let line = |name: &str, mut pieces: Vec<Piece>| {
        pieces.insert(0, Piece::new(format!("{name:<14}"), Role::Dim));
        pieces
    };
    vec![
        line("turn", vec![Piece::new(limit(tab.budget.turn_usd), Role::Dim)]),
        line("session", spent(tab.cost, tab.budget.session_usd, "since it was opened")),
        line("day", spent(today.or(Some(0.0)), tab.budget.day_usd, "today, all sessions")),
        Vec::new(),
        vec![Piece::new("/budget turn, session or day USD sets one for this tab; 0 is no limit", Role::Dim)],
    ]
}

/// The limits of the active tab, in a few words.
pub(super) fn budget_in_short(app: &App) -> String {
    let budget = &app.tab().budget;
    let spans = [("turn", budget.turn_usd), ("session", budget.session_usd), ("day", budget.day_usd)];
    let limits: Vec<String> = spans
        .into_iter()
        .filter(|(_, usd)| *usd > 0.0)
        .map(|(span, usd)| format!("{} a {span}", dollars(Some(usd))))
        .collect();
    if limits.is_empty() { "no limit".to_owned() } else { limits.join(", ") }
}
