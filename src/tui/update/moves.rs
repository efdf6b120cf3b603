//! Back and forth in a session: undo, redo, rewind. What would go is shown before anything goes.

use super::Actions;
use super::agent::list;
use super::run::Ran;
use crate::agent::Failure;
use crate::git::session::UndoPlan;
use crate::tui::app::layer::{Choice, Layer, ListKind, Question, Then, TurnsFor};
use crate::tui::app::{App, Tone};
use crate::tui::commands::Asked;
use crate::tui::look::{Piece, Role};
use crate::tui::message::{Action, Load};
use crate::tui::picker::Item;
use crate::tui::transcript::cell::Kind;
use crate::tui::wrap::clean;
use crate::workbench::words::count;
use crate::workbench::{Back, Command, Stat, TabId};

pub(super) fn undo(app: &mut App, asked: &Asked) -> Ran {
    let (turns, rest) = asked.flag("--turn");
    let number = match rest.as_str() {
        "" => 1,
        number => number
            .parse::<u32>()
            .ok()
            .filter(|number| *number > 0)
            .ok_or_else(|| asked.misuse(format!("\"{number}\" is no number of steps")))?,
    };
    Ok(plan(app, if turns { Back::Turns(number) } else { Back::Steps(number) }))
}

/// Has the preview of a move worked out.
fn plan(app: &mut App, back: Back) -> Actions {
    let tab = app.tab();
    let Some(session) = &tab.session else {
        app.toast("there is nothing to take back in this tab", Tone::Plain);
        return Vec::new();
    };
    if tab.is_working() {
        app.toast("the agent is at work: /abort stops it first", Tone::Bad);
        return Vec::new();
    }
    vec![Action::Load(Load::Undo { tab: tab.id, session: session.id.clone(), back })]
}

/// The preview is there: the user decides.
pub(super) fn planned(
    app: &mut App,
    tab: TabId,
    back: Back,
    plan: Result<Box<UndoPlan>, Failure>,
) -> Actions {
    let plan = match plan {
        Ok(plan) => plan,
        Err(failure) => {
            let kind = Kind::Failure { message: failure.message, hint: failure.hint };
            if let Some(tab) = app.by_id(tab) {
                tab.transcript.push(tab.turn, kind);
            }
            return Vec::new();
        }
    };
    let title = match back {
        Back::Steps(1) => "Take back the last step?".to_owned(),
        Back::Steps(steps) => format!("Take back the last {steps} steps?"),
        Back::Turns(1) => "Take back the last turn?".to_owned(),
        Back::Turns(turns) => format!("Take back the last {turns} turns?"),
        Back::Before(turn) => format!("Back to before turn {turn}?"),
    };
    let mut lines = Vec::new();
    files(&mut lines, "removed", &plan.removed, Role::Bad);
    files(&mut lines, "put back", &plan.changed, Role::Warn);
    files(&mut lines, "in the way, and in no commit", &plan.in_the_way, Role::Bad);
    if !plan.in_the_way.is_empty() {
        let text = "nothing moves before that is somewhere else";
        lines.push(vec![Piece::new(text, Role::Text)]);
    }
    if plan.removed.is_empty() && plan.changed.is_empty() {
        lines.push(vec![Piece::new("no file changes by it: only words go", Role::Text)]);
    }
    if !plan.by_people.is_empty() {
        let what = format!("{} that no agent made:", count(plan.by_people.len(), "commit"));
        lines.push(vec![Piece::new(format!("with it {what}"), Role::Warn)]);
    }
    for one in &plan.by_people {
        let text = format!("  {} {}", one.commit.short(), clean(&one.subject));
        lines.push(vec![Piece::new(text, Role::Text)]);
    }
    if plan.has_uncommitted {
        let text = "the worktree has work that no commit holds; it is committed and kept first";
        lines.push(vec![Piece::new(text, Role::Text)]);
    }
    lines.push(vec![Piece::new("Ignored files stay. Nothing is lost: /redo goes forward.", Role::Dim)]);
    app.layers.push(Layer::Question(Question {
        title,
        lines,
        scroll: 0,
        yes: "take back".to_owned(),
        no: "stay".to_owned(),
        chooses_yes: true,
        then: Then::Move { tab, back },
    }));
    Vec::new()
}

fn files(lines: &mut Vec<Vec<Piece>>, what: &str, files: &[std::path::PathBuf], role: Role) {
    if files.is_empty() {
        return;
    }
    lines.push(vec![Piece::new(format!("{} {what}:", count(files.len(), "file")), role)]);
    for file in files {
        let name = clean(&file.display().to_string()).into_owned();
        lines.push(vec![Piece::new(format!("  {name}"), Role::Text)]);
    }
}

pub(super) fn redo(app: &mut App) -> Actions {
    let tab = app.tab();
    if tab.is_working() {
        app.toast("the agent is at work: /abort stops it first", Tone::Bad);
        return Vec::new();
    }
    match &tab.session {
        Some(_) => vec![Action::Send(Command::Redo { tab: tab.id })],
        None => {
            app.toast("there is nothing to redo in this tab", Tone::Plain);
            Vec::new()
        }
    }
}

pub(super) fn rewind(app: &mut App, asked: &Asked) -> Ran {
    if asked.args.is_empty() {
        return Ok(pick_turn(app, TurnsFor::Rewind));
    }
    let turn = asked.args.parse::<u32>().ok().filter(|turn| (1..=app.tab().turn).contains(turn));
    let turn = turn.ok_or_else(|| {
        let turns = count(app.tab().turn as usize, "turn");
        asked.misuse(format!("there is no turn \"{}\": this tab has {turns}", asked.args))
    })?;
    Ok(rewind_to(app, turn))
}

/// Back to before a turn of the user's.
pub(super) fn rewind_to(app: &mut App, turn: u32) -> Actions {
    plan(app, Back::Before(turn))
}

/// The user's turns, the last one first. How much each changed is counted meanwhile.
fn pick_turn(app: &mut App, what: TurnsFor) -> Actions {
    let items = turns(app, &[]);
    let title = match what {
        TurnsFor::Rewind => "Back to before which turn?",
        TurnsFor::Branch => "Branch from before which turn?",
    };
    list(app, ListKind::Turns(what), title, items);
    let tab = app.tab();
    let session = tab.session.as_ref().map(|session| session.id.clone());
    session.map(|session| Action::Load(Load::Turns { tab: tab.id, session })).into_iter().collect()
}

/// It is known how much each turn changed.
pub(super) fn turns_are(app: &mut App, tab: TabId, counted: &[(u32, Stat)]) {
    if app.tab().id != tab {
        return;
    }
    let items = turns(app, counted);
    for layer in &mut app.layers {
        if let Layer::List(list) = layer
            && matches!(list.kind, ListKind::Turns(_))
        {
            list.picker.set_items(items.clone());
        }
    }
}

fn turns(app: &App, counted: &[(u32, Stat)]) -> Vec<Item<Choice>> {
    let item = |turn: u32, text: &str| {
        let line = clean(text.lines().next().unwrap_or_default()).into_owned();
        let changed = counted.iter().find(|(of, _)| *of == turn).map(|(_, stat)| {
            format!("{} +{} −{} · ", count(stat.files, "file"), stat.insertions, stat.deletions)
        });
        let hint = format!("{}turn {turn}", changed.unwrap_or_default());
        Item::new(&line, Choice::Turn(turn)).hint(&hint)
    };
    let cells = app.tab().transcript.cells().iter().rev();
    cells
        .filter_map(|cell| match &cell.kind {
            Kind::Prompt(text) => Some(item(cell.turn, text)),
            _ => None,
        })
        .collect()
}
