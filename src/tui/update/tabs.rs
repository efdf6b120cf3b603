//! Tabs: opened, gone to, renamed, closed.

use super::Actions;
use super::prompt;
use super::run::Ran;
use crate::agent::Failure;
use crate::tui::app::layer::{Layer, List, ListKind, Question, Then};
use crate::tui::app::tab::{Phase, Tab};
use crate::tui::app::{App, Focus, Tone};
use crate::tui::commands::Asked;
use crate::tui::look::{Piece, Role};
use crate::tui::message::{Action, Load};
use crate::tui::picker::Picker;
use crate::tui::transcript::cell::Kind;
use crate::tui::wrap::clean;
use crate::workbench::history::Standing;
use crate::workbench::words::count;
use crate::workbench::{BranchName, Command, Start, TabId};

pub(super) fn new(app: &mut App, words: &str) -> Actions {
    app.add_tab();
    if words.is_empty() { Vec::new() } else { prompt::ask(app, words.to_owned()) }
}

/// Another future: from before a turn, from a step, or from here.
pub(super) fn branch(app: &mut App, asked: &Asked) -> Ran {
    let mut rev = None;
    let mut turn = None;
    let mut aside = false;
    let mut rest = asked.args;
    while let Some(flag) = rest.strip_prefix("--") {
        let (name, after) = flag.split_once(char::is_whitespace).unwrap_or((flag, ""));
        let after = after.trim_start();
        let value = |what: &str| -> Result<(&str, &str), _> {
            let (value, after) = after.split_once(char::is_whitespace).unwrap_or((after, ""));
            if value.is_empty() {
                Err(asked.misuse(format!("--{name} needs {what}")))
            } else {
                Ok((value, after.trim_start()))
            }
        };
        rest = match name {
            "rev" => {
                let (number, after) = value("the number of a turn")?;
                turn = Some(number.parse::<u32>().ok().filter(|turn| *turn > 0).ok_or_else(|| {
                    asked.misuse(format!("\"{number}\" is no turn: turns are counted from 1"))
                })?);
                after
            }
            "from" => {
                let (hash, after) = value("a step's hash, a branch or a session")?;
                rev = Some(hash.to_owned());
                after
            }
            "no-worktree" => {
                aside = true;
                after
            }
            other => return Err(asked.misuse(format!("there is no --{other}"))),
        };
    }
    Ok(fork(app, rev, turn, aside, rest.trim()))
}

/// Opens a tab that goes on from a session: from its end, or from before one of its turns.
pub(super) fn fork(
    app: &mut App,
    rev: Option<String>,
    turn: Option<u32>,
    aside: bool,
    words: &str,
) -> Actions {
    let session = app.tab().session.as_ref().map(|session| session.id.clone());
    let Some(rev) = rev.or(session) else {
        app.toast("there is nothing to branch from yet: /new opens another tab", Tone::Bad);
        return Vec::new();
    };
    // It may be that of another tab, as the log names it.
    let has_it = |tab: &&Tab| tab.session.as_ref().is_some_and(|one| one.id == rev || one.branch == rev);
    let parent = app.tabs.iter().find(has_it).unwrap_or_else(|| app.tab());
    if turn.is_some_and(|turn| turn > parent.turn) && has_it(&parent) {
        let text = format!(
            "this tab has {}: /branch --rev N goes from 1 to {}",
            count(parent.turn as usize, "turn"),
            parent.turn
        );
        app.toast(text, Tone::Bad);
        return Vec::new();
    }
    let is_own = parent.session.as_ref().is_some_and(|own| own.id == rev || own.branch == rev);
    let title = if is_own { parent.title.clone() } else { short(&rev).to_owned() };
    let (choice, permissions) = (parent.choice.clone(), parent.permissions);
    let origin = match turn {
        Some(turn) => format!(
            "another future of \"{}\": from before turn {turn}, with the files as they stood then",
            clean(&title)
        ),
        None => format!("another future of \"{}\": from here on", clean(&title)),
    };
    let name = match (words.is_empty(), is_own) {
        (false, _) => words.to_owned(),
        (true, true) => format!("{title} again"),
        (true, false) => format!("from {title}"),
    };
    let start = if aside {
        Start::Aside { rev, turn }
    } else {
        Start::Fork { rev, turn, branch: BranchName::From(name.clone()) }
    };
    let tab = app.add_tab();
    tab.choice = choice;
    tab.permissions = permissions;
    tab.origin = Some(origin);
    tab.title =
        name.lines().next().unwrap_or_default().split_whitespace().take(6).collect::<Vec<_>>().join(" ");
    let id = tab.id;
    let mut then = Vec::new();
    if !words.is_empty() {
        then.push(Command::Prompt { tab: id, order: tab.order(words.to_owned()) });
    }
    tab.phase = Phase::Opening { is_asked: true, then };
    vec![Action::Send(Command::Open { tab: id, start, permissions: Some(permissions) })]
}

/// A hash or an id as people write it.
fn short(rev: &str) -> &str {
    let is_id = rev.len() >= 20 && rev.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_id { &rev[..8] } else { rev }
}

pub(super) fn branches(app: &mut App) -> Actions {
    open_list(app, ListKind::Branches, "Branches");
    vec![Action::Load(Load::Branches)]
}

pub(super) fn resume(app: &mut App, rev: &str) -> Actions {
    if rev.is_empty() {
        open_list(app, ListKind::Sessions, "Sessions");
        return vec![Action::Load(Load::Sessions)];
    }
    open_session(app, rev.to_owned())
}

pub(super) fn open_list(app: &mut App, kind: ListKind, title: &str) {
    let picker = Picker::loading(title);
    app.layers.push(Layer::List(Box::new(List { picker, kind })));
}

/// Goes to the tab of a session, or opens it in one.
pub(super) fn open_session(app: &mut App, rev: String) -> Actions {
    let is_it = |tab: &Tab| {
        tab.session
            .as_ref()
            .is_some_and(|session| session.id == rev || session.branch == rev && !session.is_aside)
    };
    if let Some(place) = app.tabs.iter().position(is_it) {
        return show(app, place);
    }
    let is_unused = matches!(app.tab().phase, Phase::Fresh | Phase::Closed) && app.tab().composer.is_empty();
    if !is_unused {
        app.add_tab();
    }
    let tab = app.tab_mut();
    tab.transcript.clear();
    tab.phase = Phase::Opening { is_asked: true, then: Vec::new() };
    vec![Action::Load(Load::Standing { tab: tab.id, rev })]
}

/// It is known whether a session ends where it is to be opened: it goes on from there, or another one does.
pub(super) fn standing_is(
    app: &mut App,
    id: TabId,
    rev: String,
    standing: Result<Standing, Failure>,
) -> Actions {
    let Some(tab) = app.by_id(id) else { return Vec::new() };
    let start = match standing {
        Ok(Standing::AtTip) => Start::Continue { rev: Some(rev) },
        Ok(Standing::Behind) => {
            tab.origin = Some("another future: the session went on from here".to_owned());
            let branch = BranchName::From(rev.clone());
            Start::Fork { rev, turn: None, branch }
        }
        Err(failure) => {
            tab.phase = Phase::Fresh;
            let kind = Kind::Failure { message: failure.message, hint: failure.hint };
            tab.transcript.push(tab.turn, kind);
            return Vec::new();
        }
    };
    vec![Action::Send(Command::Open { tab: id, start, permissions: None })]
}

pub(super) fn tab(app: &mut App, asked: &Asked) -> Ran {
    let (word, rest) = asked.args.split_once(char::is_whitespace).unwrap_or((asked.args, ""));
    let rest = rest.trim();
    match word {
        "" | "next" => Ok(go(app, 1)),
        "previous" => Ok(go(app, -1)),
        "rename" if rest.is_empty() => Err(asked.misuse("say the title")),
        "rename" => {
            let tab = app.tab_mut();
            tab.title = clean(rest).into_owned();
            tab.is_named = true;
            Ok(title(app))
        }
        "move" => {
            let place = place(app, asked, rest)?;
            let tab = app.tabs.remove(app.active);
            app.tabs.insert(place, tab);
            app.active = place;
            Ok(Vec::new())
        }
        number => {
            let place = place(app, asked, number)?;
            Ok(show(app, place))
        }
    }
}

fn place(app: &App, asked: &Asked, number: &str) -> Result<usize, crate::tui::commands::Misuse> {
    let place = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    place.filter(|place| *place < app.tabs.len()).ok_or_else(|| {
        asked.misuse(format!("there is no tab \"{number}\": {} open", are(app.tabs.len(), "tab")))
    })
}

/// `1 tab is`, `2 tabs are`.
fn are(number: usize, thing: &str) -> String {
    format!("{} {}", count(number, thing), if number == 1 { "is" } else { "are" })
}

pub(super) fn go(app: &mut App, by: isize) -> Actions {
    let count = app.tabs.len().cast_signed();
    let place = (app.active.cast_signed() + by).rem_euclid(count);
    show(app, place.cast_unsigned())
}

pub(super) fn show(app: &mut App, place: usize) -> Actions {
    if place >= app.tabs.len() {
        return Vec::new();
    }
    // A review belongs to the tab over which it lies.
    let owner = app.tabs[place].id;
    let is_others = |layer: &Layer| matches!(layer, Layer::Review(review) if review.tab != owner);
    if app.layers.iter().any(is_others) {
        super::review_keys::take_away(app);
    }
    app.active = place;
    app.focus = if app.tab().transcript.cursor().is_some() { Focus::Transcript } else { Focus::Composer };
    app.tab_mut().is_unseen = false;
    app.matcher.reset();
    title(app)
}

fn title(app: &App) -> Actions {
    vec![Action::Title(format!("{} · {}", app.tab().title, app.facts.repository))]
}

/// Closes the active tab, after a question where that takes something out of sight.
pub(super) fn close(app: &mut App) -> Actions {
    let tab = app.tab();
    let id = tab.id;
    let unlanded = tab.changes.as_ref().filter(|_| !tab.is_landed()).map_or(0, |changes| changes.files.len());
    let mut lines: Vec<Vec<Piece>> = under_way(app, tab).iter().map(|line| plain(line)).collect();
    if lines.is_empty() && unlanded == 0 {
        return close_now(app, id);
    }
    if unlanded > 0 {
        lines.push(plain(&format!(
            "Its branch changes {}; nothing of it is landed.",
            count(unlanded, "file")
        )));
    }
    let stays = match &tab.session {
        Some(session) if !session.is_aside => {
            format!("{} and its conversation stay: /resume opens them again.", session.branch)
        }
        Some(_) => "The worktree that it looks at and the conversation stay.".to_owned(),
        None => "Nothing was said in it yet.".to_owned(),
    };
    lines.push(vec![Piece::new(stays, Role::Dim)]);
    app.layers.push(Layer::Question(Question {
        title: format!("Close \"{}\"?", app.tab().title),
        lines,
        scroll: 0,
        yes: "close".to_owned(),
        no: "stay".to_owned(),
        chooses_yes: true,
        then: Then::CloseTab(id),
    }));
    Vec::new()
}

/// What is stopped when a tab is closed.
fn under_way(app: &App, tab: &Tab) -> Vec<String> {
    let mut lines = Vec::new();
    if tab.is_working() {
        let is_its = |one: &&Tab| one.is_working() && super::children::is_below(app, one.id, tab.id);
        lines.push(match app.tabs.iter().filter(is_its).count() {
            0 => "Its agent is at work: that is stopped, and what was done is committed.".to_owned(),
            its => format!(
                "Its agent and {} are at work: they are stopped, and what they did is committed.",
                count(its, "sub-agent")
            ),
        });
    }
    let shells = tab.shells + tab.sent_shells;
    if shells > 0 {
        let runs = if shells == 1 {
            "1 command of yours runs".to_owned()
        } else {
            format!("{shells} commands of yours run")
        };
        lines.push(format!("{runs} in it: that is stopped, and what it changed is committed."));
    }
    if !tab.queue.is_empty() {
        lines.push(format!("{} in line: nobody will answer.", count(tab.queue.len(), "prompt")));
    }
    if tab.is_opening() {
        lines.push("It is being opened.".to_owned());
    }
    if tab.is_bisecting {
        lines.push("A command is being tried at its steps: what was found so far is kept.".to_owned());
    }
    lines
}

pub(super) fn close_now(app: &mut App, id: TabId) -> Actions {
    let Some(place) = app.place_of(id) else { return Vec::new() };
    let tab = &app.tabs[place];
    let has_task = !matches!(tab.phase, Phase::Fresh | Phase::Closed);
    let was_last = app.tabs.len() == 1;
    let is_blank = matches!(tab.phase, Phase::Fresh) && tab.composer.is_empty();
    if was_last && is_blank {
        return ask_to_quit(app);
    }
    let stop_bisect = super::bisect::stop(app, id);
    app.tabs.remove(place);
    if app.tabs.is_empty() {
        app.add_tab();
    }
    if app.active > place || app.active >= app.tabs.len() {
        app.active = app.active.saturating_sub(1);
    }
    let mut actions = stop_bisect;
    actions.extend(show(app, app.active));
    if has_task {
        actions.push(Action::Send(Command::Close { tab: id }));
    }
    actions
}

/// Closes every tab and the program, after a question where that stops something or takes unlanded work out of sight.
pub(super) fn exit_all(app: &mut App) -> Actions {
    let unlanded = app.tabs.iter().filter(|tab| tab.has_unlanded()).count();
    ask(app, unlanded)
}

/// Ends the program, after a question where that stops something.
pub(super) fn ask_to_quit(app: &mut App) -> Actions {
    ask(app, 0)
}

fn ask(app: &mut App, unlanded: usize) -> Actions {
    // Whoever asks while everything is being closed does not want to wait.
    if app.is_ending {
        return vec![Action::Quit];
    }
    let is_at_work = |tab: &&Tab| tab.is_working() || tab.is_opening() || !tab.queue.is_empty();
    let working = app.tabs.iter().filter(is_at_work).count();
    let commands: usize = app.tabs.iter().map(|tab| tab.shells + tab.sent_shells).sum();
    let mut lines = Vec::new();
    match working {
        0 => {}
        1 => lines.push(plain("An agent is at work: it is stopped, and what was done is committed.")),
        working => lines.push(plain(&format!(
            "{working} agents are at work: they are stopped, and what was done is committed."
        ))),
    }
    match commands {
        0 => {}
        1 => lines.push(plain("1 command of yours runs: it is stopped.")),
        commands => lines.push(plain(&format!("{commands} commands of yours run: they are stopped."))),
    }
    match unlanded {
        0 => {}
        1 => lines.push(plain("1 tab has work that is not landed: its branch stays.")),
        tabs => lines.push(plain(&format!("{tabs} tabs have work that is not landed: their branches stay."))),
    }
    if lines.is_empty() {
        return quit(app);
    }
    lines.push(vec![Piece::new("`offshoot resume` finds every session again.", Role::Dim)]);
    app.layers.push(Layer::Question(Question {
        title: "Quit?".to_owned(),
        lines,
        scroll: 0,
        yes: "quit".to_owned(),
        no: "stay".to_owned(),
        chooses_yes: true,
        then: Then::Quit,
    }));
    Vec::new()
}

/// Closes everything, and then the program.
pub(super) fn quit(app: &mut App) -> Actions {
    if std::mem::replace(&mut app.is_ending, true) {
        return Vec::new();
    }
    app.layers.clear();
    let open = |tab: &Tab| !matches!(tab.phase, Phase::Fresh | Phase::Closed) && !is_waiting_to_open(tab);
    let actions: Actions = app
        .tabs
        .iter()
        .filter(|tab| open(tab))
        .map(|tab| Action::Send(Command::Close { tab: tab.id }))
        .collect();
    app.tabs.retain(open);
    if app.tabs.is_empty() {
        app.add_tab();
        return vec![Action::Quit];
    }
    app.active = app.active.min(app.tabs.len() - 1);
    actions
}

/// The workbench was not told of it yet.
fn is_waiting_to_open(tab: &Tab) -> bool {
    matches!(tab.phase, Phase::Opening { is_asked: false, .. })
}

fn plain(text: &str) -> Vec<Piece> {
    vec![Piece::new(text, Role::Text)]
}
