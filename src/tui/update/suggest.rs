//! Writing in the composer, and what is offered above it: commands behind `/`, paths behind `@`.

use std::path::{Path, PathBuf};

use super::Actions;
use crate::tui::app::App;
use crate::tui::app::suggest::{Suggest, Suggested};
use crate::tui::commands;
use crate::tui::composer::{Around, Composer, Submission};
use crate::tui::message::{Action, Load};
use crate::tui::picker::{Item, Picker};

/// Rows of the list above the composer.
pub(super) const ROWS: u16 = 8;

/// Does something with the composer of the active tab, and offers what fits to it now.
pub(super) fn write(app: &mut App, work: impl FnOnce(&mut Composer, &Around)) -> Actions {
    let folder = app.facts.folder.clone();
    let find = |path: &Path| find_image(&folder, path);
    let around = Around { history: &app.history, image: &find };
    work(&mut app.tabs[app.active].composer, &around);
    offer(app)
}

/// Takes what is written.
pub(super) fn take(app: &mut App) -> Submission {
    let mut submission = Submission::default();
    write(app, |composer, around| submission = composer.take(around));
    submission
}

/// An image that is there, by a path that was typed or dropped.
fn find_image(folder: &Path, path: &Path) -> Option<PathBuf> {
    let path = folder.join(path);
    path.is_file().then_some(path)
}

/// Brings what is offered up to what is written.
pub(super) fn offer(app: &mut App) -> Actions {
    let tab = &mut app.tabs[app.active];
    let wanted = match (tab.composer.command(), tab.composer.completion()) {
        // Going through earlier prompts must not end at one that begins with a slash.
        _ if tab.composer.is_recalling() => None,
        (Some(command), _) if !command.args_started => Some((Suggested::Commands, command.word)),
        (_, Some(path)) => Some((Suggested::Paths, path.word)),
        _ => None,
    };
    let Some((what, word)) = wanted else {
        tab.suggest = None;
        return Vec::new();
    };
    let mut actions = Vec::new();
    if tab.suggest.as_ref().is_none_or(|suggest| suggest.what != what) {
        let picker = match what {
            Suggested::Commands => {
                let mut picker = Picker::new("");
                picker.set_items(command_items(&app.facts.user_commands));
                picker
            }
            Suggested::Paths => match &tab.files {
                Some(files) => {
                    let mut picker = Picker::paths("");
                    picker.set_items(path_items(files));
                    picker
                }
                None => {
                    let root = tab
                        .session
                        .as_ref()
                        .map_or_else(|| app.facts.checkout.clone(), |session| session.worktree.clone());
                    actions.push(Action::Load(Load::Files { tab: tab.id, root }));
                    Picker::loading("")
                }
            },
        };
        tab.suggest = Some(Suggest { what, picker });
    }
    if let Some(suggest) = &mut tab.suggest {
        suggest.picker.set_query(&word);
    }
    actions
}

fn command_items(own: &[crate::tui::custom::UserCommand]) -> Vec<Item<String>> {
    let shipped = commands::typed()
        .map(|spec| Item::new(spec.name, spec.name.to_owned()).detail(spec.doc).hint(spec.args));
    let own = own.iter().map(|own| Item::new(&own.name, own.name.clone()).detail(&own.doc).hint(&own.args));
    shipped.chain(own).collect()
}

pub(super) fn path_items(files: &[String]) -> Vec<Item<String>> {
    files.iter().map(|file| Item::new(file, file.clone())).collect()
}

/// `Tab`: takes what is offered.
pub(super) fn complete(app: &mut App) -> Actions {
    let tab = app.tab_mut();
    let Some(suggest) = &tab.suggest else { return Vec::new() };
    let Some(value) = suggest.picker.chosen().map(|item| item.value().clone()) else { return Vec::new() };
    let what = suggest.what;
    match what {
        Suggested::Commands => tab.composer.complete(&format!("/{value} ")),
        // A folder is gone into; behind a file one writes on.
        Suggested::Paths if value.ends_with('/') => tab.composer.complete(&format!("@{value}")),
        Suggested::Paths => tab.composer.complete(&format!("@{value} ")),
    }
    offer(app)
}

/// Whether `Enter` takes the chosen command instead of sending an unfinished name.
pub(super) fn takes_enter(app: &App) -> bool {
    let Some(suggest) = &app.tab().suggest else { return false };
    match suggest.what {
        Suggested::Paths => suggest.picker.chosen().is_some(),
        Suggested::Commands => {
            let word = app.tab().composer.command().map(|command| command.word).unwrap_or_default();
            let is_whole = commands::by_name(&word).is_some()
                || app.facts.user_commands.iter().any(|own| own.name == word);
            !is_whole && suggest.picker.chosen().is_some()
        }
    }
}
