//! Reading the transcript: scrolling, searching, selecting, folding, and branching from where one reads.

use super::{Actions, agent, children, moves, review, session, tabs};
use crate::tui::app::layer::{Layer, Line, LineKind};
use crate::tui::app::{App, Focus, Tone};
use crate::tui::commands::Do;
use crate::tui::transcript::Move;
use crate::tui::transcript::cell::Kind;

pub(super) fn act(app: &mut App, does: Do) -> Actions {
    let to = match does {
        Do::ScrollUp => Move::Rows(-1),
        Do::ScrollDown => Move::Rows(1),
        Do::ScrollHalfUp => Move::Halves(-1),
        Do::ScrollHalfDown => Move::Halves(1),
        Do::ScrollPageUp => Move::Halves(-2),
        Do::ScrollPageDown => Move::Halves(2),
        Do::ScrollTop => Move::Top,
        Do::ScrollBottom => Move::Bottom,
        Do::PreviousTurn => Move::Turn(-1),
        Do::NextTurn => Move::Turn(1),
        Do::PreviousItem => Move::Cell(-1),
        Do::NextItem => Move::Cell(1),
        other => return other_than_moving(app, other),
    };
    app.tab_mut().transcript.go(to);
    Vec::new()
}

fn other_than_moving(app: &mut App, does: Do) -> Actions {
    match does {
        Do::Read => {
            let can_read = app.tab_mut().transcript.read();
            app.focus = if can_read { Focus::Transcript } else { app.focus };
        }
        Do::ReadWhenEmpty if app.tab().setup.is_some() => return agent::abort(app),
        Do::ReadWhenEmpty if app.tab().composer.is_empty() => return other_than_moving(app, Do::Read),
        Do::ScrollCentre => app.tab_mut().transcript.centre(),
        Do::Leave => leave(app),
        Do::Find => {
            // Hits are shown with the cursor.
            other_than_moving(app, Do::Read);
            app.layers.push(Layer::Line(Line::new("search", LineKind::Find)));
        }
        Do::FindNext => find(app, 1),
        Do::FindPrevious => find(app, -1),
        Do::Select => app.tab_mut().transcript.select_rows(),
        Do::Yank => return yank(app),
        Do::OpenHere => {
            return match children::here(app) {
                Some(session) => {
                    leave(app);
                    tabs::open_session(app, session)
                }
                None => other_than_moving(app, Do::Fold),
            };
        }
        Do::Fold => {
            let transcript = &mut app.tab_mut().transcript;
            if let Some(cursor) = transcript.cursor() {
                transcript.fold(cursor.cell);
            }
        }
        Do::BranchHere => {
            if let Some(turn) = turn(app) {
                leave(app);
                return tabs::fork(app, None, Some(turn), false, "");
            }
        }
        Do::RewindHere => {
            if let Some(turn) = turn(app) {
                leave(app);
                return moves::rewind_to(app, turn);
            }
        }
        Do::DiffHere => return diff(app),
        _ => {}
    }
    Vec::new()
}

pub(super) fn leave(app: &mut App) {
    app.focus = Focus::Composer;
    app.tab_mut().transcript.stop_reading();
}

/// The turn in which the user reads.
fn turn(app: &mut App) -> Option<u32> {
    let turn = app.tab().transcript.at_cursor().map(|cell| cell.turn).filter(|turn| *turn > 0);
    if turn.is_none() {
        app.toast("there is no turn here", Tone::Plain);
    }
    turn
}

fn find(app: &mut App, direction: isize) {
    let transcript = &mut app.tab_mut().transcript;
    match transcript.needle().map(str::to_owned) {
        None => app.toast("nothing was searched for yet", Tone::Plain),
        Some(needle) => {
            if transcript.find_next(direction) {
                app.focus = Focus::Transcript;
            } else {
                app.toast(format!("\"{needle}\" is not here"), Tone::Plain);
            }
        }
    }
}

fn yank(app: &mut App) -> Actions {
    let transcript = &mut app.tab_mut().transcript;
    let text = match transcript.copied() {
        Some(text) => Some(text),
        None => transcript.cursor().and_then(|cursor| transcript.text_of(cursor.cell)),
    };
    transcript.unselect();
    match text.filter(|text| !text.is_empty()) {
        Some(text) => session::copied(app, text),
        None => Vec::new(),
    }
}

/// What the step under the cursor changed, else its turn.
fn diff(app: &mut App) -> Actions {
    let Some(cell) = app.tab().transcript.at_cursor() else { return review::turn(app) };
    let turn = cell.turn;
    if let Kind::Commit(commit) = &cell.kind {
        return review::one_step(app, &commit.hash.clone(), &commit.subject.clone());
    }
    match &app.tab().session {
        Some(session) if turn > 0 => {
            let range = crate::workbench::review::Range::Turn { session: session.id.clone(), turn };
            let load =
                crate::tui::message::Load::Diff { tab: app.tab().id, title: format!("turn {turn}"), range };
            vec![crate::tui::message::Action::Load(load)]
        }
        _ => review::turn(app),
    }
}
