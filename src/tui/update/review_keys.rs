//! What commands mean in the diff review.

use super::agent::list;
use super::{Actions, prompt, review, review_choice, session};
use crate::tui::app::layer::{Choice, Layer, Line, LineKind, ListKind, ReviewLayer};
use crate::tui::app::{App, Tone};
use crate::tui::commands::Do;
use crate::tui::message::{Action, Run};
use crate::tui::picker::Item;
use crate::tui::review::{Act, CommentId, Focus, Scope};
use crate::tui::wrap::clean;
use crate::workbench::words::count;

/// `None` when the command means here what it means everywhere.
pub(super) fn act(app: &mut App, does: Do, args: &str) -> Option<Actions> {
    let layer = top(app)?;
    let act = match does {
        Do::ScrollUp => Act::Up,
        Do::ScrollDown => Act::Down,
        Do::ScrollHalfUp => Act::HalfPageUp,
        Do::ScrollHalfDown => Act::HalfPageDown,
        Do::ScrollPageUp => Act::PageUp,
        Do::ScrollPageDown => Act::PageDown,
        Do::ScrollTop => Act::Top,
        Do::ScrollBottom => Act::Bottom,
        Do::SideLeft => Act::ScrollLeft,
        Do::SideRight => Act::ScrollRight,
        Do::HunkNext => Act::NextHunk,
        Do::HunkPrevious => Act::PreviousHunk,
        Do::FileNext => Act::NextFile,
        Do::FilePrevious => Act::PreviousFile,
        Do::FilesFocus if layer.review.focus() == Focus::Files => Act::FocusDiff,
        Do::FilesFocus => Act::FocusFiles,
        Do::SideBySide => Act::ToggleLayout,
        Do::Fold => Act::Open,
        Do::Expand => Act::Expand,
        Do::Select => Act::Select,
        Do::FindNext => Act::SearchNext,
        Do::FindPrevious => Act::SearchPrevious,
        Do::Find => {
            app.layers.push(Layer::Line(Line::new("search", LineKind::FindInReview)));
            return Some(Vec::new());
        }
        Do::Accept => return Some(review_choice::accept(app, Scope::Here)),
        Do::AcceptFile => return Some(review_choice::accept(app, Scope::File)),
        Do::Revert => return Some(review_choice::revert(app, Scope::Here)),
        Do::RevertFile => return Some(review_choice::revert(app, Scope::File)),
        Do::Take => return Some(review_choice::take(app, Scope::Here)),
        Do::TakeFile => return Some(review_choice::take(app, Scope::File)),
        Do::Comment => return Some(comment(app)),
        Do::Comments => return Some(comments(app)),
        Do::CommentDrop => match layer.review.comment_here().map(|comment| comment.id) {
            Some(id) => Act::DropComment(id),
            None => {
                app.toast("there is no comment on this line", Tone::Plain);
                return Some(Vec::new());
            }
        },
        Do::CommentsSend => return Some(send(app)),
        Do::EditFile => return Some(edit(app)),
        Do::Scope => return Some(scope(app, args)),
        Do::Yank => return Some(copy(app)),
        Do::Leave | Do::Interrupt => return Some(leave(app)),
        _ => return None,
    };
    let is_remark = matches!(act, Act::DropComment(_));
    layer.review.act(act);
    if is_remark {
        keep(app);
    }
    Some(Vec::new())
}

pub(super) fn top(app: &mut App) -> Option<&mut ReviewLayer> {
    app.layers.iter_mut().rev().find_map(|layer| match layer {
        Layer::Review(review) => Some(&mut **review),
        _ => None,
    })
}

/// A line is written: it is searched for, or becomes a comment.
pub(super) fn written(app: &mut App, line: Line) -> Actions {
    let Some(layer) = top(app) else { return Vec::new() };
    match line.kind {
        LineKind::FindInReview => layer.review.act(Act::Search(line.text)),
        LineKind::Comment => match layer.review.comment_here().map(|comment| comment.id) {
            Some(id) if !layer.review.is_selecting() => layer.review.act(Act::EditComment(id, line.text)),
            _ => layer.review.act(Act::Comment(line.text)),
        },
        LineKind::Find | LineKind::CompareAll | LineKind::CompareMore => {}
    }
    keep(app);
    Vec::new()
}

/// What was said in the review is the tab's, whatever becomes of the review.
pub(super) fn keep(app: &mut App) {
    let Some(layer) = top(app) else { return };
    let (id, remarks) = (layer.tab, layer.review.remarks());
    if let Some(tab) = app.by_id(id) {
        tab.remarks = remarks;
    }
}

/// All comments, to go to one of them.
fn comments(app: &mut App) -> Actions {
    let Some(layer) = top(app) else { return Vec::new() };
    let remarks = layer.review.remarks();
    if remarks.comments().is_empty() {
        app.toast("there are no comments yet: c writes one", Tone::Plain);
        return Vec::new();
    }
    let items = remarks.comments().iter().map(|remark| {
        let words = remark.text.lines().next().unwrap_or_default();
        Item::new(&clean(&remark.place()), Choice::Comment(remark.id())).detail(&clean(words))
    });
    list(app, ListKind::Comments, "Comments", items.collect());
    Vec::new()
}

/// To a comment that was picked.
pub(super) fn go_to(app: &mut App, id: CommentId) -> Actions {
    let Some(layer) = top(app) else { return Vec::new() };
    if layer.review.comments().iter().any(|comment| comment.id == id) {
        layer.review.act(Act::ShowComment(id));
    } else {
        app.toast("its lines are not in what is shown here: 3 shows the whole branch", Tone::Plain);
    }
    Vec::new()
}

fn comment(app: &mut App) -> Actions {
    let Some(layer) = top(app) else { return Vec::new() };
    let mut line = Line::new("comment", LineKind::Comment);
    if let Some(comment) = layer.review.comment_here().filter(|_| !layer.review.is_selecting()) {
        line.text.clone_from(&comment.text);
        line.cursor = line.text.chars().count();
    } else if layer.review.comment_place().is_none() {
        app.toast("there is no line here to comment on", Tone::Plain);
        return Vec::new();
    }
    app.layers.push(Layer::Line(line));
    Vec::new()
}

/// All comments as one prompt for the agent whose work it is.
fn send(app: &mut App) -> Actions {
    let Some(layer) = top(app) else { return Vec::new() };
    let remarks = layer.review.remarks();
    let (comments, text) = (remarks.comments().len(), remarks.prompt());
    let tab = layer.tab;
    if comments == 0 {
        app.toast("there are no comments yet: c writes one", Tone::Plain);
        return Vec::new();
    }
    let Some(place) = app.place_of(tab) else {
        app.toast("the tab whose work this is was closed", Tone::Bad);
        return Vec::new();
    };
    take_away(app);
    app.active = place;
    app.tab_mut().remarks.forget_comments();
    app.toast(format!("{} sent", count(comments, "comment")), Tone::Good);
    prompt::ask(app, text)
}

fn edit(app: &mut App) -> Actions {
    let Some(layer) = top(app) else { return Vec::new() };
    let tab = layer.tab;
    let Some((path, line)) = layer.review.at().map(|(path, line)| (path.to_owned(), line)) else {
        app.toast("there is no line here to go to", Tone::Plain);
        return Vec::new();
    };
    let session = app.by_id(tab).and_then(|tab| tab.session.as_ref());
    match session.map(|session| session.worktree.join(&path)) {
        Some(path) => vec![Action::Run(Run::File { tab, path, line })],
        None => Vec::new(),
    }
}

fn scope(app: &mut App, args: &str) -> Actions {
    match args {
        "step" => review::step(app),
        "branch" => review::branch(app),
        _ => review::turn(app),
    }
}

fn copy(app: &mut App) -> Actions {
    let Some(layer) = top(app) else { return Vec::new() };
    match layer.review.copied() {
        Some(text) => session::copied(app, text),
        None => Vec::new(),
    }
}

/// Ends a selection or a search first; then the review.
fn leave(app: &mut App) -> Actions {
    let Some(layer) = top(app) else { return Vec::new() };
    if layer.review.is_selecting() || layer.review.search().is_some() {
        layer.review.act(Act::Cancel);
        return Vec::new();
    }
    let waiting = take_away(app).map_or(0, |layer| layer.review.remarks().comments().len());
    if waiting > 0 {
        let text = format!("{} kept for this tab: S in /review sends them", count(waiting, "comment"));
        app.toast(text, Tone::Plain);
    }
    Vec::new()
}

/// Closes the review, if one is open. What was said in it stays with the tab.
pub(super) fn take_away(app: &mut App) -> Option<ReviewLayer> {
    keep(app);
    let at = app.layers.iter().rposition(|layer| matches!(layer, Layer::Review(_)))?;
    match app.layers.remove(at) {
        Layer::Review(layer) => Some(*layer),
        _ => None,
    }
}
