//! Keys in what lies over the screen: lists, texts, questions, lines, approvals.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    Actions, agent, approvals, compare, compare_keys, compare_pick, compare_take, landing, look, moves,
    prompt, review, review_keys, route, session, suggest, tabs, worktrees,
};
use crate::tui::app::layer::{Choice, Layer, Line, LineKind, List, ListKind, Question, Then, TurnsFor};
use crate::tui::app::tab::{Phase, Tab};
use crate::tui::app::{App, Tone};
use crate::tui::commands::{self, Do};
use crate::tui::message::{Action, Load, Run};
use crate::tui::picker::PickerAct;
use crate::workbench::{Audience, Command, Uncommitted};

/// What a command means in a list or a dialog; `None` when it means what it means everywhere.
pub(super) fn act(app: &mut App, does: Do) -> Option<Actions> {
    match app.layers.last() {
        Some(Layer::List(_)) => list(app, does),
        Some(Layer::Text(_)) => text(app, does),
        Some(Layer::Land(_)) => landing::act(app, does),
        Some(Layer::Question(_)) => question(app, does),
        Some(Layer::Line(_)) => line(app, does),
        Some(Layer::Asked { tab, .. }) => {
            let tab = *tab;
            approvals::act(app, tab, does)
        }
        Some(Layer::Review(_)) => None,
        Some(Layer::Comparison(_)) => compare_keys::act(app, does),
        None => {
            let tab = app.tab().id;
            app.asks()?;
            approvals::act(app, tab, does)
        }
    }
}

fn question(app: &mut App, does: Do) -> Option<Actions> {
    let Some(Layer::Question(question)) = app.layers.last_mut() else { return None };
    let answer = match does {
        Do::DialogYes | Do::DialogAlways => true,
        Do::DialogNo => false,
        Do::DialogAccept => question.chooses_yes,
        Do::DialogNext | Do::DialogPrevious => {
            question.chooses_yes = !question.chooses_yes;
            return Some(Vec::new());
        }
        Do::DialogScrollDown => return Some(read_on(question, 1)),
        Do::DialogScrollUp => return Some(read_on(question, -1)),
        Do::DialogPageDown => return Some(read_on(question, 10)),
        Do::DialogPageUp => return Some(read_on(question, -10)),
        Do::DialogCancel => {
            let Some(Layer::Question(question)) = app.layers.pop() else { return None };
            if matches!(question.then, Then::Uncommitted) {
                give_back(app);
            }
            return Some(Vec::new());
        }
        _ => return None,
    };
    let Some(Layer::Question(question)) = app.layers.pop() else { return None };
    Some(answered(app, question, answer))
}

/// How far it can be read is known where it is laid out.
fn read_on(question: &mut Question, rows: isize) -> Actions {
    question.scroll = question.scroll.saturating_add_signed(rows);
    Vec::new()
}

fn answered(app: &mut App, question: Question, answer: bool) -> Actions {
    match (question.then, answer) {
        (Then::Uncommitted, yes) => {
            let what = if yes { Uncommitted::Include } else { Uncommitted::Exclude };
            let mut actions = vec![Action::KeepChoice(what)];
            actions.extend(prompt::uncommitted_is(app, Some(what)));
            actions
        }
        (_, false) => Vec::new(),
        (Then::CloseTab(tab), true) => tabs::close_now(app, tab),
        (Then::Quit, true) => tabs::quit(app),
        (Then::Resolve { tab, wish }, true) => vec![Action::Load(Load::Resolution { tab, wish })],
        (Then::Free(planned), true) => {
            let (plan, options) = *planned;
            worktrees::free(app, plan, options)
        }
        (Then::KeepOne { comparison, place }, true) => compare_keys::keep(app, comparison, place),
        (Then::Move { tab, back }, true) => vec![Action::Send(Command::Undo { tab, back })],
    }
}

/// What was asked before the question is the user's again.
fn give_back(app: &mut App) {
    compare::give_up(app);
    for tab in &mut app.tabs {
        if matches!(tab.phase, Phase::Opening { is_asked: false, .. }) {
            give_words_back(tab);
            tab.phase = Phase::Fresh;
        }
    }
}

/// What was to follow once the tab is open stands in its composer again, before what is being written.
pub(super) fn give_words_back(tab: &mut Tab) {
    let Phase::Opening { then, .. } = &mut tab.phase else { return };
    let words = std::mem::take(then).into_iter().filter_map(|command| match command {
        Command::Prompt { order, .. } => Some(order.prompt),
        Command::Shell { command, audience: Audience::Model, .. } => Some(format!("!{command}")),
        Command::Shell { command, audience: Audience::User, .. } => Some(format!("!!{command}")),
        _ => None,
    });
    let draft = Some(tab.composer.text()).filter(|draft| !draft.is_empty());
    let text = words.chain(draft).collect::<Vec<_>>().join("\n\n");
    tab.composer.set_text(&text);
}

fn text(app: &mut App, does: Do) -> Option<Actions> {
    let screen = ratatui::layout::Rect::new(0, 0, app.size.0, app.size.1);
    let page = crate::tui::view::text_rows(screen).saturating_sub(1).max(1);
    let Some(Layer::Text(text)) = app.layers.last_mut() else { return None };
    match does {
        Do::ListDown => text.scroll += 1,
        Do::ListUp => text.scroll = text.scroll.saturating_sub(1),
        Do::ListPageDown => text.scroll += page,
        Do::ListPageUp => text.scroll = text.scroll.saturating_sub(page),
        Do::ListFirst => text.scroll = 0,
        Do::ListLast => text.scroll = usize::MAX / 2,
        Do::ListClose | Do::ListAccept => {
            app.layers.pop();
        }
        _ => return None,
    }
    Some(Vec::new())
}

fn line(app: &mut App, does: Do) -> Option<Actions> {
    match does {
        Do::ListClose => {
            if matches!(app.layers.pop(), Some(Layer::Line(line)) if line.kind == LineKind::CompareAll) {
                app.setup = None;
            }
            Some(Vec::new())
        }
        Do::ListAccept => {
            let Some(Layer::Line(line)) = app.layers.pop() else { return None };
            Some(written(app, line))
        }
        Do::ListClear => {
            let Some(Layer::Line(line)) = app.layers.last_mut() else { return None };
            line.text.clear();
            line.cursor = 0;
            Some(Vec::new())
        }
        Do::ListFirst | Do::ListLast => {
            let Some(Layer::Line(line)) = app.layers.last_mut() else { return None };
            line.cursor = if does == Do::ListFirst { 0 } else { line.text.chars().count() };
            Some(Vec::new())
        }
        // Other keys of lists have no meaning here.
        Do::ListUp | Do::ListDown | Do::ListPageUp | Do::ListPageDown | Do::ListComplete => Some(Vec::new()),
        _ => None,
    }
}

/// A line is written: it is searched for, or put in the review.
fn written(app: &mut App, line: Line) -> Actions {
    match line.kind {
        LineKind::Find => {
            let text = line.text;
            if !app.tab_mut().transcript.search(&text) {
                app.toast(format!("\"{text}\" is not here"), Tone::Plain);
            }
            Vec::new()
        }
        LineKind::FindInReview | LineKind::Comment => review_keys::written(app, line),
        LineKind::CompareAll => compare::prompt_is(app, line.text),
        LineKind::CompareMore if line.text.trim().is_empty() => Vec::new(),
        LineKind::CompareMore => compare_keys::follow_up(app, &line.text),
    }
}

/// Letters go to the filter of a list, or into a line. In a text, which has no use for them, they mean what
/// they mean to pagers.
pub(super) fn typed(app: &mut App, event: KeyEvent) -> Actions {
    match app.layers.last_mut() {
        Some(Layer::Land(_)) => {
            if let KeyCode::Char(letter) = event.code {
                return landing::typed(app, letter);
            }
        }
        Some(Layer::Text(_)) => {
            let does = match event.code {
                KeyCode::Char('q') => Do::ListClose,
                KeyCode::Char('j') => Do::ListDown,
                KeyCode::Char('k') => Do::ListUp,
                KeyCode::Char(' ' | 'f') => Do::ListPageDown,
                KeyCode::Char('b') => Do::ListPageUp,
                KeyCode::Char('g') => Do::ListFirst,
                KeyCode::Char('G') => Do::ListLast,
                _ => return Vec::new(),
            };
            return text(app, does).unwrap_or_default();
        }
        Some(Layer::List(list)) => match marks(&list.kind, event.code) {
            Some(by) => mark(app, by),
            None => {
                list.picker.input(event);
                preview(app);
            }
        },
        Some(Layer::Line(line)) => {
            let is_comment = line.kind == LineKind::Comment;
            match (event.code, event.modifiers) {
                // The same keys as in the prompt.
                (KeyCode::Char('j'), KeyModifiers::CONTROL)
                | (KeyCode::Enter, KeyModifiers::ALT | KeyModifiers::SHIFT)
                    if is_comment =>
                {
                    line.insert("\n");
                }
                (KeyCode::Char('g'), KeyModifiers::CONTROL) if is_comment => {
                    let text = line.text.clone();
                    let tab = app.tab().id;
                    return vec![Action::Run(Run::Prompt { tab, text })];
                }
                _ => line.input(event),
            }
        }
        _ => {}
    }
    Vec::new()
}

/// The user's editor gave back what is being written here; `None` when nothing is.
pub(super) fn edited(app: &mut App, text: &str) -> Option<()> {
    let Some(Layer::Line(line)) = app.layers.last_mut() else { return None };
    line.text = cleaned(text.trim_end());
    line.cursor = line.text.chars().count();
    Some(())
}

/// Lines without what a terminal would obey.
fn cleaned(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.split('\n').map(crate::tui::wrap::clean).collect::<Vec<_>>().join("\n")
}
/// What a key does in a list of which several are taken: more, less, or on and off. Others go to the filter.
fn marks(kind: &ListKind, code: KeyCode) -> Option<isize> {
    match (kind, code) {
        (ListKind::Candidates(_) | ListKind::Files(_), KeyCode::Char(' ')) => Some(0),
        (ListKind::Candidates(_), KeyCode::Right) => Some(1),
        (ListKind::Candidates(_), KeyCode::Left) => Some(-1),
        _ => None,
    }
}

fn mark(app: &mut App, by: isize) {
    compare_pick::take_times(app, by);
    if by == 0 {
        compare_take::mark(app);
    }
}

pub(super) fn paste(app: &mut App, text: &str) -> Actions {
    let first = crate::tui::wrap::clean(text.lines().next().unwrap_or_default()).into_owned();
    if let Some(Layer::Line(line)) = app.layers.last_mut()
        && line.kind == LineKind::Comment
    {
        line.insert(&cleaned(text.trim_end()));
        return Vec::new();
    }
    match app.layers.last_mut() {
        Some(Layer::List(list)) => {
            let query = format!("{}{first}", list.picker.query());
            list.picker.set_query(&query);
        }
        Some(Layer::Line(line)) => line.insert(&first),
        _ => {}
    }
    Vec::new()
}

fn list(app: &mut App, does: Do) -> Option<Actions> {
    let act = match does {
        Do::ListUp => PickerAct::Up,
        Do::ListDown => PickerAct::Down,
        Do::ListPageUp => PickerAct::PageUp,
        Do::ListPageDown => PickerAct::PageDown,
        Do::ListFirst => PickerAct::First,
        Do::ListLast => PickerAct::Last,
        Do::ListClear => PickerAct::Clear,
        Do::ListClose => {
            let Some(Layer::List(list)) = app.layers.pop() else { return None };
            if let ListKind::Themes { before } = list.kind {
                let _ = look::wear(app, &before);
            }
            return Some(Vec::new());
        }
        Do::ListAccept if is_marked_list(app) => {
            let actions = compare_pick::accept(app);
            return Some(if actions.is_empty() { compare_take::accept(app) } else { actions });
        }
        Do::ListAccept => {
            let Some(Layer::List(list)) = app.layers.pop() else { return None };
            return Some(chosen(app, &list));
        }
        Do::ListComplete => return Some(other(app)),
        _ => return None,
    };
    let Some(Layer::List(list)) = app.layers.last_mut() else { return None };
    list.picker.act(act);
    preview(app);
    Some(Vec::new())
}

fn is_marked_list(app: &App) -> bool {
    let is_it = |list: &List| matches!(list.kind, ListKind::Candidates(_) | ListKind::Files(_));
    matches!(app.layers.last(), Some(Layer::List(list)) if is_it(list))
}

/// A theme is worn while one looks at its name.
fn preview(app: &mut App) {
    let Some(Layer::List(list)) = app.layers.last() else { return };
    if let (ListKind::Themes { .. }, Some(item)) = (&list.kind, list.picker.chosen())
        && let Choice::Theme(name) = item.value().clone()
    {
        let _ = look::wear(app, &name);
    }
}

fn chosen(app: &mut App, list: &List) -> Actions {
    let Some(choice) = list.picker.chosen().map(|item| item.value().clone()) else { return Vec::new() };
    match choice {
        Choice::Command(name) => match commands::by_name(name) {
            // What needs arguments is written, to be finished.
            Some(spec) if needs_arguments(spec.args) => suggest::write(app, |composer, _| {
                composer.set_text(&format!("/{name} "));
            }),
            _ => prompt::typed(app, name),
        },
        Choice::Prompt(text) => suggest::write(app, |composer, _| composer.set_text(&text)),
        Choice::Session(rev) => tabs::open_session(app, rev),
        Choice::Backend { backend, model } => route::choose(app, backend, model),
        Choice::Role(role) => agent::choose_role(app, role),
        Choice::Mode(mode) => agent::allow(app, mode),
        Choice::Theme(name) => {
            let _ = look::wear(app, &name);
            look::keep_theme(app, &name)
        }
        Choice::Turn(turn) => match list.kind {
            ListKind::Turns(TurnsFor::Branch) => tabs::fork(app, None, Some(turn), false, ""),
            _ => moves::rewind_to(app, turn),
        },
        Choice::Log { session, commit: None, .. } => tabs::open_session(app, session),
        Choice::Log { commit: Some(commit), .. } => review::one_step(app, &commit, ""),
        Choice::Queued(id) => session::take_back(app, id),
        Choice::Comment(id) => review_keys::go_to(app, id),
        Choice::Candidate(_) | Choice::File(..) | Choice::Nothing => Vec::new(),
    }
}

fn needs_arguments(args: &str) -> bool {
    !args.is_empty() && !args.starts_with('[')
}

/// `Tab` in a list: branches off in the log, drops from the queue, writes a command, else fills the filter.
fn other(app: &mut App) -> Actions {
    let Some(Layer::List(list)) = app.layers.last_mut() else { return Vec::new() };
    let Some(item) = list.picker.chosen() else { return Vec::new() };
    let label = item.label().to_owned();
    match item.value().clone() {
        Choice::Log { session, commit, turn } => {
            app.layers.pop();
            let turn = Some(turn).filter(|turn| commit.is_none() && *turn > 0);
            tabs::fork(app, Some(commit.unwrap_or(session)), turn, false, "")
        }
        Choice::Candidate(_) | Choice::File(..) => {
            mark(app, 0);
            Vec::new()
        }
        Choice::Queued(id) => {
            let tab = app.tab().id;
            vec![Action::Send(Command::Requeue { tab, id, prompt: None })]
        }
        Choice::Command(name) => {
            app.layers.pop();
            suggest::write(app, |composer, _| composer.set_text(&format!("/{name} ")))
        }
        Choice::Turn(turn) => {
            app.layers.pop();
            tabs::fork(app, None, Some(turn), false, "")
        }
        _ => {
            list.picker.set_query(&label);
            Vec::new()
        }
    }
}

impl Line {
    fn input(&mut self, event: KeyEvent) {
        let plain = event.modifiers.difference(KeyModifiers::SHIFT).is_empty();
        let count = self.text.chars().count();
        match event.code {
            KeyCode::Char(character) if plain => self.insert(character.encode_utf8(&mut [0; 4])),
            KeyCode::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.remove();
            }
            KeyCode::Delete if self.cursor < count => self.remove(),
            KeyCode::Left => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Right => self.cursor = (self.cursor + 1).min(count),
            _ => {}
        }
    }

    fn insert(&mut self, text: &str) {
        let at = self.at(self.cursor);
        self.text.insert_str(at, text);
        self.cursor += text.chars().count();
    }

    fn remove(&mut self) {
        let at = self.at(self.cursor);
        self.text.remove(at);
    }

    /// The byte of a character.
    fn at(&self, character: usize) -> usize {
        self.text.char_indices().nth(character).map_or(self.text.len(), |(at, _)| at)
    }
}
