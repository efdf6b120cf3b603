//! What the user sends: a prompt, a command, something for the shell.

use super::{Actions, run, suggest};
use crate::routing::NoRoute;
use crate::tui::app::layer::{Layer, Question, Then};
use crate::tui::app::tab::{Phase, Work};
use crate::tui::app::{App, Tone};
use crate::tui::commands;
use crate::tui::composer::{Kind, parse};
use crate::tui::look::{Piece, Role};
use crate::tui::message::{Action, Load, Run};
use crate::tui::transcript::cell::Kind as CellKind;
use crate::workbench::{Audience, BranchName, Command, Start, TabId, Uncommitted};

/// Sends what is written in the composer.
pub(super) fn send(app: &mut App) -> Actions {
    if app.tab().composer.is_empty() {
        return Vec::new();
    }
    let submission = suggest::take(app);
    let mut text = submission.text;
    if text.trim().is_empty() && submission.images.is_empty() {
        return Vec::new();
    }
    let mut actions = remember(app, &text);
    for image in submission.images {
        text.push_str(&format!("\n{}", image.display()));
    }
    match parse(&text) {
        Kind::Slash { name, args } => {
            let line = format!("{name} {args}");
            actions.extend(typed(app, line.trim_end()));
        }
        Kind::Bang { command } => actions.extend(shell(app, command, Audience::Model)),
        Kind::BangBang { command } => actions.extend(shell(app, command, Audience::User)),
        Kind::Dollar { command } => actions.extend(hand_over(app, command)),
        Kind::Prompt(prompt) => actions.extend(ask(app, prompt)),
    }
    actions
}

/// Sends a line as if it had been written in the composer.
pub fn say(app: &mut App, line: &str) -> Actions {
    app.tab_mut().composer.set_text(line);
    send(app)
}

/// Keeps what was written, to be found again.
pub(super) fn remember(app: &mut App, text: &str) -> Actions {
    if app.history.push(text) { vec![Action::Remember(text.to_owned())] } else { Vec::new() }
}

/// A typed command, the user's own ones included.
pub(super) fn typed(app: &mut App, line: &str) -> Actions {
    let (name, args) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let own = app.facts.user_commands.iter().find(|command| command.name == name);
    match (commands::parse(line), own) {
        (Ok(asked), _) => run::run(app, &asked),
        (Err(_), Some(own)) => {
            let prompt = own.prompt(args.trim());
            ask(app, prompt)
        }
        (Err(misuse), None) => {
            wrong(app, &misuse);
            Vec::new()
        }
    }
}

/// Says what is wrong with a command, in the transcript. Its words are the last in the history.
pub(super) fn wrong(app: &mut App, misuse: &commands::Misuse) {
    let hint = Some(misuse.hint());
    let tab = app.tab_mut();
    let turn = tab.turn;
    tab.transcript.push(turn, CellKind::Failure { message: misuse.to_string(), hint });
}

/// Asks the agent of the active tab.
pub(super) fn ask(app: &mut App, prompt: String) -> Actions {
    let now = app.clock.now;
    if matches!(app.tab().phase, Phase::Fresh) && !app.facts.has_backend() {
        // No branch is made for a prompt that nobody can take.
        let tab = app.tab_mut();
        let why = NoRoute::NothingConfigured;
        tab.transcript.push(0, CellKind::Prompt(prompt));
        tab.transcript.push(0, CellKind::Failure { message: why.to_string(), hint: Some(why.hint()) });
        return Vec::new();
    }
    let (role, prompt) = role_of(app, prompt);
    let tab = app.tab_mut();
    let mut order = tab.order(prompt.clone());
    if role.is_some() {
        order.role = role;
    }
    let id = tab.id;
    let command = Command::Prompt { tab: id, order };
    match &mut tab.phase {
        Phase::Fresh => {
            tab.call_after(&prompt);
            tab.transcript.go(crate::tui::transcript::Move::Bottom);
            open(app, id, vec![command])
        }
        Phase::Opening { then, .. } => {
            then.push(command);
            Vec::new()
        }
        Phase::Idle(_) => {
            tab.sent = Some(prompt);
            tab.phase = Phase::Working(Work { since: now, is_stopping: false });
            tab.transcript.go(crate::tui::transcript::Move::Bottom);
            vec![Action::Send(command)]
        }
        Phase::Working(_) => vec![Action::Send(command)],
        Phase::Closed if tab.child.is_some() && tab.session.is_some() => {
            // Its agent was done: from here on it is a tab like any other.
            tab.child = None;
            tab.phase = Phase::Opening { is_asked: true, then: vec![command] };
            let rev = tab.session.as_ref().map(|session| session.id.clone()).unwrap_or_default();
            vec![Action::Load(Load::Standing { tab: id, rev })]
        }
        Phase::Closed => {
            tab.composer.set_text(&prompt);
            app.toast("this tab's session is closed: /resume opens it again", Tone::Bad);
            Vec::new()
        }
    }
}

/// `@role` at the start of a prompt chooses the role for this one.
fn role_of(app: &App, prompt: String) -> (Option<String>, String) {
    let named = prompt.strip_prefix('@').and_then(|rest| rest.split_once(char::is_whitespace));
    match named {
        Some((name, rest)) if app.facts.roles.iter().any(|role| role == name) => {
            (Some(name.to_owned()), rest.trim_start().to_owned())
        }
        _ => (None, prompt),
    }
}

/// A new session for a tab that has none yet; what becomes of uncommitted work is found out first.
fn open(app: &mut App, id: TabId, then: Vec<Command>) -> Actions {
    if let Some(tab) = app.by_id(id) {
        let mut then = then;
        if let Some(persona) = tab.persona.take() {
            then.insert(0, Command::Clear { tab: id, persona: Some(persona) });
        }
        tab.phase = Phase::Opening { is_asked: false, then };
    }
    vec![Action::Load(Load::Uncommitted)]
}

/// It is known what becomes of uncommitted work: the tabs that wait for that are opened.
pub(super) fn uncommitted_is(app: &mut App, what: Option<Uncommitted>) -> Actions {
    let Some(uncommitted) = what else {
        if !app
            .layers
            .iter()
            .any(|layer| matches!(layer, Layer::Question(Question { then: Then::Uncommitted, .. })))
        {
            app.layers.push(Layer::Question(about_uncommitted()));
        }
        return Vec::new();
    };
    let mut actions = Vec::new();
    for tab in &mut app.tabs {
        let Phase::Opening { is_asked, then } = &mut tab.phase else { continue };
        if std::mem::replace(is_asked, true) {
            continue;
        }
        let words = then.iter().find_map(|command| match command {
            Command::Prompt { order, .. } => Some(order.prompt.clone()),
            Command::Shell { command, .. } => Some(command.clone()),
            _ => None,
        });
        let branch = BranchName::From(words.unwrap_or_else(|| "session".to_owned()));
        let start = Start::New { branch, uncommitted };
        let permissions = Some(tab.permissions);
        actions.push(Action::Send(Command::Open { tab: tab.id, start, permissions }));
    }
    actions.extend(super::compare::uncommitted_is(app, uncommitted));
    actions
}

fn about_uncommitted() -> Question {
    let line = |text: &str| vec![Piece::new(text, Role::Text)];
    Question {
        title: "Uncommitted work".to_owned(),
        lines: vec![
            line("Your checkout has changes that are not committed."),
            line("Shall the agent start from a snapshot of them?"),
            vec![Piece::new(
                "Your checkout stays as it is either way. Asked once for this repository.",
                Role::Dim,
            )],
        ],
        yes: "from a snapshot".to_owned(),
        no: "from the last commit".to_owned(),
        scroll: 0,
        chooses_yes: true,
        then: Then::Uncommitted,
    }
}

/// `!command` and `!!command`.
fn shell(app: &mut App, command: String, audience: Audience) -> Actions {
    if command.trim().is_empty() {
        app.toast("say which command: !cargo test", Tone::Bad);
        return Vec::new();
    }
    let tab = app.tab_mut();
    let id = tab.id;
    let words = command.clone();
    let command = Command::Shell { tab: id, command, audience };
    match &mut tab.phase {
        Phase::Fresh => {
            tab.call_after(&words);
            open(app, id, vec![command])
        }
        Phase::Opening { then, .. } => {
            then.push(command);
            Vec::new()
        }
        Phase::Idle(_) | Phase::Working(_) => {
            tab.sent_shells += 1;
            vec![Action::Send(command)]
        }
        Phase::Closed => Vec::new(),
    }
}

/// `$command`: the terminal is the program's until it ends.
fn hand_over(app: &mut App, command: String) -> Actions {
    let checkout = app.facts.checkout.clone();
    let tab = app.tab();
    let Some(session) = &tab.session else {
        let text = format!(
            "this tab has no worktree yet: ask its agent something first (your own files are in {})",
            checkout.display()
        );
        app.toast(text, Tone::Bad);
        let tab = app.tab_mut();
        tab.composer.set_text(&format!("${command}"));
        return Vec::new();
    };
    let (dir, variables) = (session.worktree.clone(), session.variables.clone());
    vec![Action::Run(Run::Shell { tab: tab.id, command, dir, variables })]
}

/// Hands words to the agent before its next call of the model.
pub(super) fn steer(app: &mut App, text: String) -> Actions {
    let tab = app.tab();
    if text.trim().is_empty() {
        app.toast("say what: /steer look at the tests first", Tone::Bad);
        return Vec::new();
    }
    if !tab.is_working() {
        return ask(app, text);
    }
    let tab = tab.id;
    app.toast("the agent gets it before its next call of the model", Tone::Plain);
    vec![Action::Send(Command::Steer { tab, text })]
}
