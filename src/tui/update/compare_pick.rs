//! The list in which it is marked who is to take part in a comparison.

use super::{Actions, compare};
use crate::tui::app::compare::{Pool, PoolLine};
use crate::tui::app::layer::{Choice, Layer, List, ListKind};
use crate::tui::app::{App, Tone};
use crate::tui::look::{Piece, Role};
use crate::tui::picker::{Item, Picker};
use crate::tui::wrap::clean;
use crate::workbench::compare::{Candidate, FEWEST, MOST, Wish};

/// Lists who could take part.
pub(super) fn offer(app: &mut App, prompt: String) {
    let line =
        |candidate, detail: &str, group| PoolLine { candidate, detail: detail.to_owned(), group, times: 0 };
    let mut choices = vec![line(Candidate::default(), "whom the router chooses", "Backends")];
    for backend in app.facts.backends.iter().filter(|backend| backend.missing.is_none()) {
        let candidate = Candidate { backend: Some(backend.id.clone()), ..Candidate::default() };
        let mut detail = backend.model.clone().unwrap_or_default();
        let (.., state) = crate::tui::side::state(backend);
        if !state.is_empty() {
            detail = format!("{detail}  {state}");
        }
        choices.push(line(candidate, detail.trim(), "Backends"));
    }
    for role in &app.facts.roles {
        let candidate = Candidate { role: Some(role.clone()), ..Candidate::default() };
        choices.push(line(candidate, "", "Roles, each with its own backend"));
    }
    let pool = Pool { choices, prompt };
    let picker = Picker::new("Compare: the same prompt to whom?");
    app.layers.push(Layer::List(Box::new(List { picker, kind: ListKind::Candidates(pool) })));
    refresh(app);
}

/// The open list shows who is taken how often.
fn refresh(app: &mut App) {
    let Some(Layer::List(list)) = app.layers.last_mut() else { return };
    let ListKind::Candidates(pool) = &list.kind else { return };
    let items = pool.choices.iter().enumerate().map(|(at, line)| {
        let name = clean(&line.candidate.name()).into_owned();
        let mark = match line.times {
            0 => "[ ] ".to_owned(),
            1 => "[●] ".to_owned(),
            times => format!("[{times}] "),
        };
        let tone = if line.times > 0 { Role::Accent } else { Role::Dim };
        Item::new(&name, Choice::Candidate(at))
            .shown_as(vec![Piece::new(mark, tone), Piece::new(name.clone(), Role::Text)])
            .detail(&clean(&line.detail))
            .hint(&if line.times > 1 { format!("×{}", line.times) } else { String::new() })
            .group(line.group)
    });
    let items = items.collect();
    list.picker.set_items(items);
}

/// Takes the one that is chosen once more, or once less; by nothing turns it on or off.
pub(super) fn take_times(app: &mut App, by: isize) {
    let Some(Layer::List(list)) = app.layers.last_mut() else { return };
    let Some(Choice::Candidate(at)) = list.picker.chosen().map(|item| item.value().clone()) else { return };
    let ListKind::Candidates(pool) = &mut list.kind else { return };
    let total = pool.total();
    let Some(line) = pool.choices.get_mut(at) else { return };
    let is_full = total >= MOST;
    match by {
        0 if line.times > 0 => line.times = 0,
        0 | 1 if is_full => {
            app.toast(format!("{MOST} take part at most"), Tone::Plain);
            return;
        }
        0 => line.times = 1,
        by => line.times = line.times.saturating_add_signed(by),
    }
    refresh(app);
}

/// Those who are marked take part.
pub(super) fn accept(app: &mut App) -> Actions {
    let Some(Layer::List(list)) = app.layers.last() else { return Vec::new() };
    let ListKind::Candidates(pool) = &list.kind else { return Vec::new() };
    let marked = pool.choices.iter().filter(|line| line.times > 0);
    let wish =
        Wish { with: marked.map(|line| (line.candidate.clone(), line.times)).collect(), ..Wish::default() };
    let prompt = pool.prompt.clone();
    match wish.candidates() {
        Ok(candidates) => {
            app.layers.pop();
            compare::begin(app, candidates, prompt)
        }
        Err(_) => {
            let text = format!(
                "mark {FEWEST} at least: space marks one, → takes it once more (or /compare --with a,b)"
            );
            app.toast(text, Tone::Bad);
            Vec::new()
        }
    }
}
