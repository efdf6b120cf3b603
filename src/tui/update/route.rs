//! Who answers in a tab: what the router would do, and what its user chose.

use super::Actions;
use super::agent::{list, when_open};
use super::run::Ran;
use crate::tui::app::layer::{Choice, ListKind};
use crate::tui::app::{App, Tone};
use crate::tui::commands::{Asked, Misuse};
use crate::tui::picker::Item;
use crate::tui::side;
use crate::tui::wrap::clean;
use crate::workbench::Command;
use crate::workbench::state::BackendLine;

pub(super) fn model(app: &mut App, asked: &Asked) -> Ran {
    match asked.args {
        "" => {
            offer(app, "Who answers in this tab");
            Ok(Vec::new())
        }
        "auto" => Ok(choose(app, None, None)),
        named => {
            let (backend, model) =
                named.split_once('/').map_or((named, None), |(id, model)| (id, Some(model)));
            known(app, asked, backend)?;
            Ok(choose(app, Some(backend.to_owned()), model.map(str::to_owned)))
        }
    }
}

/// The route that is in force and all candidates; or the choice of one, with the model that it has itself.
pub(super) fn route(app: &mut App, asked: &Asked) -> Ran {
    match asked.args {
        "" => {
            let tab = app.tab();
            let title = match (&tab.choice.backend, tab.routes.back()) {
                (Some(backend), _) => format!("{} was chosen", clean(backend)),
                (None, Some(latest)) => {
                    let decision = &latest.routed.decision;
                    format!("Now {}: {}", clean(&decision.backend), clean(&decision.reason))
                }
                (None, None) => "The router chooses".to_owned(),
            };
            offer(app, &title);
            Ok(Vec::new())
        }
        "auto" => Ok(choose(app, None, None)),
        backend => {
            known(app, asked, backend)?;
            Ok(choose(app, Some(backend.to_owned()), None))
        }
    }
}

/// All backends in the router's order, each with how it is and why the latest turn did not go to it.
fn offer(app: &mut App, title: &str) {
    let auto = Choice::Backend { backend: None, model: None };
    let mut items = vec![Item::new("auto", auto).detail("the router chooses")];
    for backend in &app.facts.backends {
        let choice = Choice::Backend { backend: Some(backend.id.clone()), model: None };
        let model = backend.model.clone().unwrap_or_default();
        items.push(Item::new(&backend.id, choice).detail(&model).hint(&standing(app, backend)));
    }
    list(app, ListKind::Backends, title, items);
}

fn standing(app: &App, backend: &BackendLine) -> String {
    if let Some(missing) = &backend.missing {
        return clean(missing).into_owned();
    }
    let latest = app.tab().routes.back().map(|latest| &latest.routed.decision);
    if latest.is_some_and(|decision| decision.backend == backend.id) {
        return "answers now".to_owned();
    }
    let (.., word) = side::state(backend);
    if !word.is_empty() {
        return word;
    }
    let rejected = latest.and_then(|decision| decision.rejected.iter().find(|one| one.backend == backend.id));
    rejected.map_or_else(|| "up".to_owned(), |rejected| clean(&rejected.reason).into_owned())
}

fn known(app: &App, asked: &Asked, backend: &str) -> Result<(), Misuse> {
    if app.facts.backends.iter().any(|known| known.id == backend) {
        return Ok(());
    }
    let known: Vec<&str> = app.facts.backends.iter().map(|known| known.id.as_str()).collect();
    let known = if known.is_empty() { "none is configured".to_owned() } else { known.join(", ") };
    Err(asked.misuse(format!("there is no backend \"{backend}\" ({known})")))
}

pub(super) fn choose(app: &mut App, backend: Option<String>, model: Option<String>) -> Actions {
    let text = match (&backend, &model) {
        (None, _) => "the router chooses who answers".to_owned(),
        (Some(backend), None) => format!("{backend} answers in this tab"),
        (Some(backend), Some(model)) => format!("{backend}/{model} answers in this tab"),
    };
    let tab = app.tab_mut();
    let was_chosen = tab.choice.backend.is_some();
    let is_auto = backend.is_none();
    tab.choice.backend = backend;
    tab.choice.model = model;
    let id = tab.id;
    let actions =
        if is_auto && was_chosen { when_open(tab, Command::Unchoose { tab: id }) } else { Vec::new() };
    app.toast(text, Tone::Good);
    actions
}
