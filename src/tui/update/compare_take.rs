//! Files of several candidates, chosen from a list, into a branch of their own.

use std::collections::BTreeSet;

use super::{Actions, tabs};
use crate::agent::Failure;
use crate::git::ChangeKind;
use crate::tui::app::compare::Shelf;
use crate::tui::app::layer::{Choice, Layer, List, ListKind};
use crate::tui::app::{App, Tone};
use crate::tui::look::{Piece, Role};
use crate::tui::message::{Action, Load};
use crate::tui::picker::{Item, Picker};
use crate::tui::wrap::clean;
use crate::workbench::compare::{Mixed, Offer, Pick};
use crate::workbench::words::count;

/// Looks up what the marked candidates changed, or all.
pub(super) fn open(app: &mut App, number: u32) -> Actions {
    let Some(comparison) = app.comparison(number) else { return Vec::new() };
    let is_wanted = |at: &usize| comparison.marked.is_empty() || comparison.marked.contains(at);
    let rows = comparison.rows.iter().enumerate().filter(|(at, _)| is_wanted(at));
    let rows = rows.map(|(_, row)| (row.letter, row.branch.clone())).collect();
    vec![Action::Load(Load::Offers { comparison: number, base: comparison.ground.base.clone(), rows })]
}

/// What there is to take is known.
pub(super) fn offered(app: &mut App, comparison: u32, offers: Result<Vec<Offer>, Failure>) {
    let offers = match offers {
        Ok(offers) => offers,
        Err(failure) => return super::program::tell(app, &failure),
    };
    if offers.iter().all(|offer| offer.files.is_empty()) {
        app.toast("none of them changed a file yet", Tone::Plain);
        return;
    }
    let picker = Picker::paths("Take which files into a new branch?");
    let kind = ListKind::Files(Shelf { comparison, offers, marked: BTreeSet::new() });
    app.layers.push(Layer::List(Box::new(List { picker, kind })));
    refresh(app);
}

fn refresh(app: &mut App) {
    let Some(Layer::List(list)) = app.layers.last_mut() else { return };
    let ListKind::Files(shelf) = &list.kind else { return };
    let mut items = Vec::new();
    for (one, offer) in shelf.offers.iter().enumerate() {
        for (at, file) in offer.files.iter().enumerate() {
            let is_marked = shelf.marked.contains(&(one, at));
            let path = clean(&file.path.display().to_string()).into_owned();
            let label = format!("{} {path}", offer.letter);
            let (mark, tone) = if is_marked { ("[●] ", Role::Accent) } else { ("[ ] ", Role::Dim) };
            let what = match file.kind {
                ChangeKind::Added => "new",
                ChangeKind::Deleted => "deleted",
                ChangeKind::Modified => "",
                ChangeKind::Renamed => "moved",
                ChangeKind::ModeChanged | ChangeKind::TypeChanged => "mode",
            };
            let counts = format!("{what} +{} −{}", file.insertions, file.deletions);
            let item = Item::new(&label, Choice::File(one, at))
                .shown_as(vec![Piece::new(mark, tone), Piece::new(label.clone(), Role::Text)])
                .hint(counts.trim());
            items.push(item);
        }
    }
    list.picker.set_items(items);
}

/// Marks the file that is chosen, or lets go of it.
pub(super) fn mark(app: &mut App) {
    let Some(Layer::List(list)) = app.layers.last_mut() else { return };
    let Some(Choice::File(one, at)) = list.picker.chosen().map(|item| item.value().clone()) else { return };
    let ListKind::Files(shelf) = &mut list.kind else { return };
    if !shelf.marked.remove(&(one, at)) {
        shelf.marked.insert((one, at));
    }
    refresh(app);
}

/// The marked files are taken; without any, the branch is made for hunks. The list stays until that has worked.
pub(super) fn accept(app: &mut App) -> Actions {
    let Some(Layer::List(list)) = app.layers.last() else { return Vec::new() };
    let ListKind::Files(shelf) = &list.kind else { return Vec::new() };
    let Some(comparison) = app.comparison(shelf.comparison) else { return Vec::new() };
    let mut picks = Vec::new();
    for (one, offer) in shelf.offers.iter().enumerate() {
        let taken = offer.files.iter().enumerate().filter(|(at, _)| shelf.marked.contains(&(one, *at)));
        let paths: Vec<_> = taken.map(|(_, file)| file.path.display().to_string()).collect();
        let row = comparison.rows.iter().find(|row| row.letter == offer.letter);
        if let Some(row) = row.filter(|_| !paths.is_empty()) {
            picks.push(Pick::of(row, paths));
        }
    }
    vec![Action::Load(Load::Take {
        comparison: comparison.number,
        base: comparison.ground.base.clone(),
        stem: comparison.ground.stem.clone(),
        picks,
    })]
}

/// The new branch is there: a tab goes on from it, and what is reviewed over that can be taken over.
pub(super) fn taken(app: &mut App, number: u32, mixed: Result<Mixed, Failure>) -> Actions {
    let mixed = match mixed {
        Ok(mixed) => mixed,
        Err(failure) => {
            super::program::tell(app, &failure);
            return Vec::new();
        }
    };
    app.layers.retain(|layer| match layer {
        Layer::List(list) => !matches!(list.kind, ListKind::Files(_)),
        Layer::Comparison(_) => false,
        _ => true,
    });
    let text = match mixed.commits.len() {
        0 => format!(
            "{} begins where all began: the table's d, and there t, takes hunks over to it",
            mixed.branch
        ),
        several => {
            format!("{} from {} on {}", count(mixed.files, "file"), count(several, "candidate"), mixed.branch)
        }
    };
    app.toast(text, Tone::Good);
    let actions = tabs::open_session(app, mixed.branch);
    let tab = app.tab().id;
    if let Some(comparison) = app.comparison_mut(number) {
        comparison.mix = Some(tab);
    }
    actions
}
