//! Actions in words that tests can compare.

use crate::git::session::{LandHow, LandWish};
use crate::tui::message::{Action, Load, Run};
use crate::workbench::{Audience, Back, BranchName, Command, Start, Uncommitted};

/// Looked up again and again, whatever was done.
pub fn is_routine(action: &Action) -> bool {
    matches!(
        action,
        Action::Load(Load::Health | Load::Ledger | Load::Spent | Load::Changes { .. } | Load::Landed { .. })
            | Action::Title(_)
    )
}

pub fn words(action: &Action) -> String {
    match action {
        Action::Send(command) => sent(command),
        Action::Load(load) => format!("load {}", loaded(load)),
        Action::Copy(text) => format!("copy {text:?}"),
        Action::Notify(notice) => format!("notify {:?}: {:?}", notice.title, notice.body),
        Action::Title(title) => format!("title {title:?}"),
        Action::Remember(text) => format!("remember {text:?}"),
        Action::Run(Run::Shell { tab, command, .. }) => format!("run {command:?} for tab {}", tab.0),
        Action::Run(Run::Prompt { tab, text }) => format!("edit the prompt {text:?} of tab {}", tab.0),
        Action::Run(Run::File { tab, path, line }) => {
            format!("edit {}:{line} of tab {}", path.display(), tab.0)
        }
        Action::Run(Run::Message { text, .. }) => format!("edit the message {text:?}"),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn sent(command: &Command) -> String {
    let tab = command.tab().0;
    match command {
        Command::Open { start, .. } => format!("open tab {tab}: {}", start_of(start)),
        Command::Prompt { order, .. } => {
            let mut words = format!("prompt tab {tab}: {:?}", order.prompt);
            for (name, value) in [("backend", &order.backend), ("model", &order.model), ("role", &order.role)]
            {
                if let Some(value) = value {
                    words.push_str(&format!(", {name} {value}"));
                }
            }
            if let Some(verify) = &order.verify {
                words.push_str(&format!(", verified by {verify:?}"));
            }
            let limits = [order.budget_usd, order.session_budget_usd, order.day_budget_usd];
            for (name, usd) in ["turn", "session", "day"].into_iter().zip(limits) {
                if let Some(usd) = usd.filter(|usd| *usd > 0.0) {
                    words.push_str(&format!(", ${usd} a {name}"));
                }
            }
            words
        }
        Command::Steer { text, .. } => format!("steer tab {tab}: {text:?}"),
        Command::Requeue { id, prompt: None, .. } => format!("drop prompt {id} of tab {tab}"),
        Command::Requeue { id, prompt: Some(text), .. } => {
            format!("change prompt {id} of tab {tab}: {text:?}")
        }
        Command::Interrupt { .. } => format!("interrupt tab {tab}"),
        Command::Answer { call, answer, .. } => format!("answer {call} of tab {tab}: {answer:?}"),
        Command::Resort { id, resort, .. } => format!("go on with {id} of tab {tab}: {resort:?}"),
        Command::SetPermissions { mode, .. } => format!("permissions of tab {tab}: {mode}"),
        Command::Shell { command, audience, .. } => {
            let to = if *audience == Audience::User { " for the user alone" } else { "" };
            format!("shell in tab {tab}{to}: {command:?}")
        }
        Command::Undo { back, .. } => match back {
            Back::Steps(steps) => format!("undo {steps} steps of tab {tab}"),
            Back::Turns(turns) => format!("undo {turns} turns of tab {tab}"),
            Back::Before(turn) => format!("back to before turn {turn} in tab {tab}"),
        },
        Command::Merge { child, .. } => format!("merge {child} into tab {tab}"),
        Command::Redo { .. } => format!("redo in tab {tab}"),
        Command::Close { .. } => format!("close tab {tab}"),
        Command::Keep { .. } => format!("keep what was edited in tab {tab}"),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn start_of(start: &Start) -> String {
    let branch = |name: &BranchName| match name {
        BranchName::Given(name) => name.clone(),
        BranchName::From(words) => format!("from {words:?}"),
    };
    let turn = |turn: &Option<u32>| turn.map(|turn| format!(" before turn {turn}")).unwrap_or_default();
    match start {
        Start::New { branch: name, uncommitted } => {
            let with = if *uncommitted == Uncommitted::Include { "with" } else { "without" };
            format!("new, branch {}, {with} uncommitted work", branch(name))
        }
        Start::At { commit, branch: name } => format!("at {commit}, branch {}", branch(name)),
        Start::Continue { rev: Some(rev) } => format!("continue {rev}"),
        Start::Continue { rev: None } => "continue the last".to_owned(),
        Start::Fork { rev, turn: at, branch: name } => {
            format!("fork {rev}{}, branch {}", turn(at), branch(name))
        }
        Start::Resolve { rev, base, branch: name } => {
            format!("resolve {rev} at {base}, branch {}", branch(name))
        }
        Start::Aside { rev, turn: at } => format!("aside {rev}{}", turn(at)),
        Start::Import { file, branch: name, .. } => {
            format!("import {}, branch {}", file.display(), branch(name))
        }
        Start::Recover { session, .. } => format!("recover {session}"),
    }
}

fn loaded(load: &Load) -> String {
    match load {
        Load::Files { tab, root } => format!("files of tab {} in {}", tab.0, root.display()),
        Load::Diff { title, range, .. } => format!("diff {title:?}: {range:?}"),
        Load::Undo { tab, back, .. } => format!("undo of {back:?} in tab {}", tab.0),
        Load::Blame(question) => format!("blame of {} in {:?}", question.what, question.version),
        Load::Bisect { tab, session, command } => {
            format!("bisect of {session} in tab {} with {command}", tab.0)
        }
        Load::StopBisect(tab) => format!("stop of the bisect of tab {}", tab.0),
        Load::Turns { session, .. } => format!("turns of {session}"),
        Load::Search(text) => format!("search {text:?}"),
        Load::Settings(key) => format!("settings {}", key.as_deref().unwrap_or("all")),
        Load::Export { rev, file, .. } => format!("export of {rev} to {}", file.display()),
        Load::History { rev, raw } => format!("history of {rev}{}", if *raw { ", raw" } else { "" }),
        Load::Persona { file, soft, .. } => {
            format!("persona {}{}", file.display(), if *soft { ", soft" } else { "" })
        }
        Load::Land { wish, .. } => format!("plan to land {}", landing(wish)),
        Load::Landing { wish, .. } => format!("landing of {}", landing(wish)),
        Load::Resolution { wish, .. } => format!("resolution of {}", landing(wish)),
        Load::Pair { child, into, .. } => {
            format!("pair of {child} and {}", into.as_deref().unwrap_or("its parent"))
        }
        Load::Standing { rev, .. } => format!("standing of {rev}"),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn landing(wish: &LandWish) -> String {
    let LandWish { rev, into, how, message, .. } = wish;
    let mut text = format!("{} as {}", rev.as_deref().unwrap_or("the last"), how.name());
    if let LandHow::Pick(steps) = how {
        text.push_str(&format!(" of {steps}"));
    }
    if let Some(into) = into {
        text.push_str(&format!(", into {into}"));
    }
    if let Some(message) = message {
        text.push_str(&format!(", {message:?}"));
    }
    text
}
