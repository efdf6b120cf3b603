//! The conversation of a tab: its queue, its history, search, export and import, clearing, copying.

use super::Actions;
use super::agent::list;
use super::run::Ran;
use super::tabs::open_list;
use crate::agent::{Failure, Persona};
use crate::tui::app::layer::{Choice, Layer, ListKind, Text, Topic};
use crate::tui::app::tab::Phase;
use crate::tui::app::{App, Tone};
use crate::tui::commands::Asked;
use crate::tui::message::{Action, Load};
use crate::tui::picker::Item;
use crate::tui::transcript::cell::Kind;
use crate::tui::wrap::clean;
use crate::workbench::history::Hit;
use crate::workbench::words::count;
use crate::workbench::{BranchName, Command, Start, TabId, Uncommitted};

pub(super) fn queue(app: &mut App, asked: &Asked) -> Ran {
    let tab = app.tab();
    let id = tab.id;
    let (word, number) = asked.args.split_once(char::is_whitespace).unwrap_or((asked.args, ""));
    let find = |number: &str| {
        let place = number.trim().parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        place.and_then(|place| tab.queue.get(place)).cloned().ok_or_else(|| {
            asked.misuse(format!(
                "no prompt \"{number}\" waits: the line has {}",
                count(tab.queue.len(), "prompt")
            ))
        })
    };
    match word {
        "" => {
            list(app, ListKind::Queue, "Prompts that wait: Enter takes one back to edit", Vec::new());
            refresh_queue(app, id);
            Ok(Vec::new())
        }
        "edit" => {
            let queued = find(number)?;
            Ok(take_back(app, queued.id))
        }
        "drop" => Ok(vec![Action::Send(Command::Requeue { tab: id, id: find(number)?.id, prompt: None })]),
        "clear" => Ok(tab
            .queue
            .iter()
            .map(|queued| Action::Send(Command::Requeue { tab: id, id: queued.id, prompt: None }))
            .collect()),
        other => Err(asked.misuse(format!("\"{other}\" is none of edit, drop and clear"))),
    }
}

/// A waiting prompt goes back to the composer.
pub(super) fn take_back(app: &mut App, queued: u64) -> Actions {
    let tab = app.tab_mut();
    let Some(prompt) = tab.queue.iter().find(|one| one.id == queued).map(|one| one.prompt.clone()) else {
        return Vec::new();
    };
    tab.composer.set_text(&prompt);
    vec![Action::Send(Command::Requeue { tab: tab.id, id: queued, prompt: None })]
}

/// An open list of the queue shows what waits now.
pub(super) fn refresh_queue(app: &mut App, id: TabId) {
    if app.tab().id != id {
        return;
    }
    let items: Vec<Item<Choice>> = app
        .tab()
        .queue
        .iter()
        .enumerate()
        .map(|(place, queued)| {
            let line = clean(queued.prompt.lines().next().unwrap_or_default()).into_owned();
            Item::new(&line, Choice::Queued(queued.id)).hint(&format!("{}", place + 1))
        })
        .collect();
    for layer in &mut app.layers {
        if let Layer::List(list) = layer
            && list.kind == ListKind::Queue
        {
            list.picker.set_items(items.clone());
        }
    }
}

/// Earlier prompts, to be sent again.
pub(super) fn prompts(app: &mut App) -> Actions {
    let items = app.history.entries().map(|prompt| {
        let mut lines = prompt.lines();
        let line = clean(lines.next().unwrap_or_default()).into_owned();
        let more = lines.count();
        let hint = if more > 0 { format!("+{}", count(more, "line")) } else { String::new() };
        Item::new(&line, Choice::Prompt(prompt.to_owned())).hint(&hint)
    });
    let items = items.collect();
    list(app, ListKind::Prompts, "Earlier prompts", items);
    Vec::new()
}

/// The conversation whole, to be read.
pub(super) fn history(app: &mut App, asked: &Asked) -> Actions {
    let (raw, _) = asked.flag("--raw");
    let Some(session) = &app.tab().session else {
        app.toast("nothing was said in this tab yet", Tone::Plain);
        return Vec::new();
    };
    let rev = session.id.clone();
    app.layers.push(Layer::Text(Text::awaited("History", Topic::History)));
    vec![Action::Load(Load::History { rev, raw })]
}

pub(super) fn search(app: &mut App, asked: &Asked) -> Ran {
    if asked.args.is_empty() {
        return Err(asked.misuse("say what to search for"));
    }
    open_list(app, ListKind::Hits, "Found in all sessions");
    Ok(vec![Action::Load(Load::Search(asked.args.to_owned()))])
}

pub(super) fn found(app: &mut App, text: &str, hits: Result<Vec<Hit>, Failure>) {
    let items = match hits {
        Ok(hits) => hits
            .into_iter()
            .map(|hit| {
                let choice = Choice::Log { session: hit.session.clone(), commit: None, turn: hit.turn };
                let line = clean(hit.line.trim()).into_owned();
                Item::new(&line, choice).detail(&hit.title).hint(&format!("turn {}", hit.turn))
            })
            .collect(),
        Err(failure) => {
            app.toast(failure.message, Tone::Bad);
            Vec::new()
        }
    };
    let empty = format!("\"{text}\" was said in no session");
    set_items(app, &ListKind::Hits, items, &empty);
}

/// Fills an open list.
pub(super) fn set_items(app: &mut App, kind: &ListKind, items: Vec<Item<Choice>>, empty: &str) {
    for layer in &mut app.layers {
        if let Layer::List(list) = layer
            && list.kind == *kind
        {
            list.picker.set_items(items);
            list.picker.set_empty(empty);
            return;
        }
    }
}

pub(super) fn export(app: &mut App, asked: &Asked) -> Ran {
    let tab = app.tab();
    let Some(session) = &tab.session else { return Err(asked.misuse("nothing was said in this tab yet")) };
    // The user's own words say where, counted from where they started offshoot. Without any, nothing is put
    // in their checkout.
    let file = match asked.args {
        "" => app.facts.exports.join(format!("{}.md", session.branch.replace('/', "-"))),
        name => app.facts.folder.join(name),
    };
    Ok(vec![Action::Load(Load::Export { tab: tab.id, rev: session.id.clone(), file })])
}

pub(super) fn import(app: &mut App, asked: &Asked) -> Ran {
    if asked.args.is_empty() {
        return Err(asked.misuse("say which file: one that /export wrote with a name that ends in .jsonl"));
    }
    let file = app.facts.folder.join(asked.args);
    let name =
        file.file_stem().map_or_else(|| "import".to_owned(), |stem| stem.to_string_lossy().into_owned());
    let tab = app.add_tab();
    tab.title.clone_from(&name);
    tab.phase = Phase::Opening { is_asked: true, then: Vec::new() };
    let start = Start::Import { file, branch: BranchName::From(name), uncommitted: Uncommitted::Exclude };
    let tab = tab.id;
    Ok(vec![Action::Send(Command::Open { tab, start, permissions: None })])
}

pub(super) fn clear(app: &mut App, asked: &Asked) -> Ran {
    let (soft, rest) = asked.flag("--soft");
    let file = match rest.strip_prefix("--config") {
        Some(file) if !file.trim().is_empty() => Some(file.trim().to_owned()),
        Some(_) => return Err(asked.misuse("--config needs a file")),
        None if rest.is_empty() => None,
        None => return Err(asked.misuse(format!("\"{rest}\" is none of its flags"))),
    };
    let tab = app.tab_mut();
    if let Some(file) = file {
        let (tab, file) = (tab.id, app.facts.folder.join(file));
        return Ok(vec![Action::Load(Load::Persona { tab, file, soft })]);
    }
    if soft {
        tab.transcript.clear();
        let text = "the screen is cleared; the model still knows what was said";
        tab.transcript.push(tab.turn, Kind::Notice(text.to_owned()));
        return Ok(Vec::new());
    }
    if !tab.is_open() {
        app.toast("nothing was said in this tab yet", Tone::Plain);
        return Ok(Vec::new());
    }
    Ok(vec![Action::Send(Command::Clear { tab: tab.id, persona: None })])
}

/// A set-up was read: the tab's agent gets it.
pub(super) fn persona_is(
    app: &mut App,
    tab: TabId,
    soft: bool,
    persona: Result<Persona, Failure>,
) -> Actions {
    let Some(tab) = app.by_id(tab) else { return Vec::new() };
    let persona = match persona {
        Ok(persona) => Persona { keep_context: persona.keep_context || soft, ..persona },
        Err(failure) => {
            let kind = Kind::Failure { message: failure.message, hint: failure.hint };
            tab.transcript.push(tab.turn, kind);
            return Vec::new();
        }
    };
    match &mut tab.phase {
        Phase::Idle(_) | Phase::Working(_) => {}
        Phase::Opening { then, .. } => {
            then.insert(0, Command::Clear { tab: tab.id, persona: Some(persona) });
            return Vec::new();
        }
        Phase::Fresh => {
            // There is nothing to be cleared yet.
            tab.persona = Some(Persona { keep_context: true, ..persona });
            app.toast("the set-up holds from the first prompt on", Tone::Good);
            return Vec::new();
        }
        Phase::Closed => return Vec::new(),
    }
    vec![Action::Send(Command::Clear { tab: tab.id, persona: Some(persona) })]
}

pub(super) fn was_cleared(app: &mut App, place: usize, persona: Option<String>, kept: bool) {
    let tab = &mut app.tabs[place];
    let mut text = if kept {
        "the conversation is kept".to_owned()
    } else {
        tab.transcript.clear();
        tab.context = None;
        "the model begins anew: it knows nothing of what was said; git holds it all, and /undo --turn brings it back".to_owned()
    };
    if let Some(name) = persona {
        text = format!("set up as {name}; {text}");
    }
    tab.transcript.push(tab.turn, Kind::Notice(text));
}

pub(super) fn copy(app: &mut App, asked: &Asked) -> Ran {
    let transcript = &app.tab().transcript;
    let cells = transcript.cells();
    let is_answer = |at: &usize| matches!(cells[*at].kind, Kind::Answer(_));
    let text = match asked.args {
        "" | "answer" => {
            let last = (0..cells.len()).rev().find(is_answer);
            let from = last.map(|last| (0..=last).rev().take_while(is_answer).last().unwrap_or(last));
            let range = from.zip(last).map(|(from, last)| from..=last);
            let parts = range.into_iter().flatten().filter_map(|at| match &cells[at].kind {
                Kind::Answer(answer) => Some(answer.block.source()),
                _ => None,
            });
            parts.collect::<String>().trim_end().to_owned()
        }
        "code" => (0..cells.len())
            .rev()
            .find_map(|at| match &cells[at].kind {
                Kind::Answer(answer) if answer.block.code().is_some() => transcript.text_of(at),
                _ => None,
            })
            .unwrap_or_default(),
        "all" => (0..cells.len()).filter_map(|at| transcript.text_of(at)).collect::<Vec<_>>().join("\n\n"),
        other => return Err(asked.misuse(format!("\"{other}\" is none of answer, code and all"))),
    };
    if text.is_empty() {
        app.toast("there is nothing of that to copy", Tone::Plain);
        return Ok(Vec::new());
    }
    Ok(copied(app, text))
}

pub(super) fn copied(app: &mut App, text: String) -> Actions {
    let lines = text.lines().count();
    app.toast(format!("{} copied", count(lines, "line")), Tone::Good);
    vec![Action::Copy(text)]
}
