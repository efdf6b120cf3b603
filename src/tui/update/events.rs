//! What the workbench tells.

use std::time::Instant;

use super::{Actions, children};
use crate::agent::{AgentEvent, ApprovalState, EndReason, Failure, TurnEnd};
use crate::chat::sanitise;
use crate::tui::app::asks::Standstill;
use crate::tui::app::facts::Trouble;
use crate::tui::app::layer::Layer;
use crate::tui::app::tab::{Last, Phase, Session, Setup, Tab, Work};
use crate::tui::app::{App, Tone};
use crate::tui::message::{Action, Load};
use crate::tui::terminal::Notice;
use crate::tui::transcript::cell::{Commit, Counts, Kind};
use crate::workbench::words::{describe, recovered};
use crate::workbench::{Event, EventKind, Moved, Opened, SetupEnd, SetupEvent, ShellEvent, TabId};

pub(super) fn update(app: &mut App, event: Event) -> Actions {
    let id = event.tab;
    let place = match &event.kind {
        EventKind::Opened(opened) => match &opened.parent {
            Some(parentage) => children::add(app, id, parentage),
            None => app.place_of(id),
        },
        _ => app.place_of(id),
    };
    if matches!(event.kind, EventKind::Opened(_)) {
        super::compare::session_is(app, id, &event.session);
    }
    let mut noted = super::compare::note(app, id, &event.kind);
    if let Some(place) = place {
        noted.extend(in_tab(app, place, event));
    }
    noted
}

fn in_tab(app: &mut App, place: usize, event: Event) -> Actions {
    let id = event.tab;
    match event.kind {
        EventKind::Opened(opened) => was_opened(app, place, event.session, *opened),
        EventKind::Agent(agent) => told(app, place, agent),
        EventKind::Moved(moved) => was_moved(app, place, &moved),
        EventKind::Merging(merging) => super::merging::merged(app, place, merging),
        EventKind::Failed(failure) => failed(app, place, failure),
        EventKind::Closed => was_closed(app, id),
        EventKind::Queue(queue) => {
            let tab = &mut app.tabs[place];
            let first = tab.queue.first();
            if let Some(taken) = first.filter(|first| queue.iter().all(|queued| queued.id != first.id)) {
                tab.sent = Some(taken.prompt.clone());
            }
            tab.queue = queue;
            super::session::refresh_queue(app, id);
            Vec::new()
        }
        EventKind::Dropped(prompts) => {
            // What was not begun is the user's again.
            let tab = &mut app.tabs[place];
            let mut text = prompts.join("\n\n");
            if !tab.composer.is_empty() {
                text = format!("{text}\n\n{}", tab.composer.text());
            }
            tab.composer.set_text(&text);
            Vec::new()
        }
        EventKind::Permissions(mode) => {
            app.tabs[place].permissions = mode;
            Vec::new()
        }
        EventKind::Shell(shell) => {
            let tab = &mut app.tabs[place];
            match &shell {
                ShellEvent::Began { .. } => {
                    tab.shells += 1;
                    tab.sent_shells = tab.sent_shells.saturating_sub(1);
                }
                ShellEvent::Ended { .. } => tab.shells = tab.shells.saturating_sub(1),
                ShellEvent::Output { .. } => {}
            }
            tab.transcript.feed_shell(tab.turn, &shell);
            Vec::new()
        }
        EventKind::Setup(setup) => {
            let now = app.clock.now;
            set_up(&mut app.tabs[place], setup, now)
        }
        EventKind::Committed { commit, subject, stat } => {
            let tab = &mut app.tabs[place];
            let counts = Counts { files: stat.files, insertions: stat.insertions, deletions: stat.deletions };
            let commit = Commit { hash: commit, subject, counts: Some(counts), step: None };
            tab.transcript.push(tab.turn, Kind::Commit(commit));
            let mut actions = measure(tab);
            actions.extend(super::landing::refresh(app, id));
            actions
        }
        EventKind::Amended(amended) => super::review_choice::amended(app, place, *amended),
        EventKind::Radar(clashes) => {
            app.tabs[place].clashes = clashes;
            Vec::new()
        }
        EventKind::Cleared { persona, kept } => {
            super::session::was_cleared(app, place, persona, kept);
            Vec::new()
        }
    }
}

fn was_opened(app: &mut App, place: usize, session: String, opened: Opened) -> Actions {
    let now = app.clock.now;
    let tab = &mut app.tabs[place];
    let then = match std::mem::replace(&mut tab.phase, Phase::Idle(Last::Nothing)) {
        Phase::Opening { then, .. } => then,
        _ => Vec::new(),
    };
    tab.session = Some(Session {
        id: session,
        branch: opened.branch.clone(),
        worktree: opened.worktree,
        variables: opened.variables,
        start: opened.start,
        is_aside: opened.is_aside,
    });
    tab.turn = opened.turns;
    tab.permissions = opened.permissions;
    tab.context = opened.context;
    if let Some(voice) = opened.chosen {
        tab.choice.backend = Some(voice.backend);
        tab.choice.model = Some(voice.model).filter(|model| !model.is_empty());
    }
    if !opened.title.is_empty() {
        tab.call_after(&opened.title);
    }
    if !opened.history.conversation.is_empty() {
        tab.transcript.replay(&opened.history);
    }
    if let Some(origin) = tab.origin.take() {
        tab.transcript.push(tab.turn, Kind::Notice(origin));
    }
    if let Some(what) = &opened.recovered {
        tab.transcript.push(tab.turn, Kind::Notice(recovered(&opened.branch, what)));
    }
    for notice in opened.notices {
        tab.transcript.push(tab.turn, Kind::Notice(notice));
    }
    let mut actions: Actions = Vec::new();
    for command in then {
        match &command {
            crate::workbench::Command::Prompt { order, .. } => {
                tab.sent = Some(order.prompt.clone());
                tab.phase = Phase::Working(Work { since: now, is_stopping: false });
            }
            crate::workbench::Command::Shell { .. } => tab.sent_shells += 1,
            _ => {}
        }
        actions.push(Action::Send(command));
    }
    tab.files = None;
    actions.extend(measure(tab));
    actions
}

/// Its worktree is made ready.
fn set_up(tab: &mut Tab, event: SetupEvent, now: Instant) -> Actions {
    match event {
        SetupEvent::Doing { what, so_far } => {
            let same = tab.setup.take().filter(|setup| setup.what == what);
            let since = same.map_or(now, |setup| setup.since);
            tab.setup = Some(Setup { what, so_far, since });
        }
        SetupEvent::Notice(text) => tab.transcript.push(tab.turn, Kind::Notice(sanitise(&text).into_owned())),
        SetupEvent::Ended(end) => {
            tab.setup = None;
            // New files can be completed.
            tab.files = None;
            if end == SetupEnd::Skipped {
                let text = "setup was skipped: /setup runs it again".to_owned();
                tab.transcript.push(tab.turn, Kind::Notice(text));
            }
            if let Some(failure) = end.failure() {
                let message = sanitise(&failure.message).into_owned();
                tab.transcript.push(tab.turn, Kind::Failure { message, hint: failure.hint });
            }
            // The time that the agent works begins now.
            if let Phase::Working(work) = &mut tab.phase {
                work.since = now;
            }
        }
    }
    Vec::new()
}

/// The counts of the tab's branch are worked out anew.
pub(super) fn measure(tab: &Tab) -> Actions {
    let Some(session) = tab.session.as_ref().filter(|session| !session.is_aside) else { return Vec::new() };
    let from = Some(session.start.clone()).filter(|start| !start.is_empty());
    vec![
        Action::Load(Load::Changes { tab: tab.id, from, to: session.branch.clone() }),
        Action::Load(Load::Landed { tab: tab.id, rev: session.branch.clone() }),
    ]
}

fn told(app: &mut App, place: usize, event: AgentEvent) -> Actions {
    let now = app.clock.now;
    let is_active = place == app.active;
    let tab = &mut app.tabs[place];
    match &event {
        AgentEvent::TurnBegan { turn, prompt } => {
            tab.sent = None;
            tab.turn = *turn;
            tab.call_after(prompt);
            tab.phase = Phase::Working(Work { since: now, is_stopping: false });
        }
        AgentEvent::Route(routed) => tab.routed(tab.turn, routed.clone()),
        AgentEvent::Model(model) => {
            if let Some(latest) = tab.routes.back_mut() {
                latest.routed.model.clone_from(model);
            }
        }
        AgentEvent::Confidence(confidence) => {
            if let Some(latest) = tab.routes.back_mut() {
                latest.routed.decision.confidence = Some(confidence.clone());
            }
        }
        AgentEvent::Usage { usage, cost_usd } => {
            tab.usage += *usage;
            tab.cost = tab.cost.zip(*cost_usd).map(|(all, one)| all + one);
        }
        AgentEvent::Child(news) => {
            tab.transcript.feed(tab.turn, &event);
            children::told(app, place, news);
            return Vec::new();
        }
        AgentEvent::Context(context) => tab.context = Some(context.clone()),
        AgentEvent::Step(step) => tab.last_step = Some(step.clone()),
        AgentEvent::Verify { state, exit, .. } => tab.verified = Some((*state, *exit)),
        _ => {}
    }
    let turn = tab.turn;
    // A prompt that nobody could take is told of all the same.
    if let (AgentEvent::Error(_), Some(prompt)) =
        (&event, tab.sent.take_if(|_| matches!(event, AgentEvent::Error(_))))
    {
        tab.transcript.push(turn, Kind::Prompt(prompt));
    }
    tab.transcript.feed(turn, &event);
    match event {
        AgentEvent::Route(_) | AgentEvent::Fallback { .. } => vec![Action::Load(Load::Health)],
        AgentEvent::Step(_) => {
            tab.files = None;
            measure(tab)
        }
        AgentEvent::Approval(asked) => {
            tab.approvals.retain(|one| one.id != asked.id);
            if asked.decision != ApprovalState::Pending {
                close_answered(app);
                return Vec::new();
            }
            let what = describe(&asked.tool, &asked.input);
            tab.approvals.push_back(asked);
            tab.is_unseen |= !is_active;
            let title = tab.title.clone();
            call_user(app, is_active, &title, &format!("asks: {what}"))
        }
        AgentEvent::Stuck(stuck) => {
            tab.standstill = None;
            if stuck.resort.is_some() {
                close_answered(app);
                return vec![Action::Load(Load::Health)];
            }
            let what = format!("is stuck: {} cannot answer ({})", stuck.from, stuck.error_class);
            tab.standstill = Some(Standstill::new(stuck, now));
            tab.is_unseen |= !is_active;
            let title = tab.title.clone();
            let mut actions = vec![Action::Load(Load::Health)];
            actions.extend(call_user(app, is_active, &title, &what));
            actions
        }
        AgentEvent::Error(failure) => {
            keep_trouble(app, place, &failure);
            vec![Action::Load(Load::Health)]
        }
        AgentEvent::TurnEnded(end) => turn_ended(app, place, &end),
        _ => Vec::new(),
    }
}

fn turn_ended(app: &mut App, place: usize, end: &TurnEnd) -> Actions {
    let is_active = place == app.active;
    let tab = &mut app.tabs[place];
    let took = match tab.phase {
        Phase::Working(work) => app.clock.now.saturating_duration_since(work.since),
        _ => std::time::Duration::ZERO,
    };
    tab.phase = Phase::Idle(match end.reason {
        EndReason::Done => Last::Done,
        EndReason::Failed | EndReason::Budget => Last::Failed,
        EndReason::Interrupted => Last::Interrupted,
    });
    tab.approvals.clear();
    tab.standstill = None;
    tab.sent = None;
    let id = tab.id;
    // Who gave the work is told of it; the user is when that one is done.
    let is_child = tab.child.is_some_and(|child| !child.state.is_over());
    tab.is_unseen |= !is_active && (!is_child || end.reason != EndReason::Done);
    let title = tab.title.clone();
    let mut actions = vec![Action::Load(Load::Ledger), Action::Load(Load::Health), Action::Load(Load::Spent)];
    actions.extend(measure(tab));
    close_answered(app);
    children::tidy(app, id);
    if is_child {
        return actions;
    }
    // Tabs may have gone.
    let is_active = app.tab().id == id;
    let word = match end.reason {
        EndReason::Done => "is done",
        EndReason::Failed => "failed",
        EndReason::Budget => "has used up its budget",
        EndReason::Interrupted => return actions,
    };
    let text = format!("{word} after {}", crate::tui::words::duration(took));
    actions.extend(call_user(app, is_active, &title, &text));
    actions
}

/// Calls for the user where they do not look.
fn call_user(app: &mut App, is_active: bool, title: &str, what: &str) -> Actions {
    if is_active && app.is_watched {
        return Vec::new();
    }
    if !is_active {
        app.toast(format!("{title} {what}"), Tone::Plain);
    }
    let notice = Notice {
        title: format!("offshoot: {}", crate::tui::wrap::clean(title)),
        body: crate::tui::wrap::clean(what).into_owned(),
    };
    vec![Action::Notify(notice)]
}

/// A dialog about what is asked no longer is gone.
fn close_answered(app: &mut App) {
    let waiting: Vec<TabId> = app.tabs.iter().filter(|tab| tab.asks().is_some()).map(|tab| tab.id).collect();
    app.layers.retain(|layer| !matches!(layer, Layer::Asked { tab, .. } if !waiting.contains(tab)));
}

fn was_moved(app: &mut App, place: usize, moved: &Moved) -> Actions {
    let tab = &mut app.tabs[place];
    tab.turn = moved.turn;
    tab.routes.retain(|one| one.turn <= moved.turn);
    tab.last_step = None;
    tab.files = None;
    tab.transcript.replay(&moved.history);
    let gone = moved.files_removed.len();
    let mut text = match (moved.turn, moved.step) {
        (0, _) => "back at the beginning".to_owned(),
        (turn, 0) => format!("now at turn {turn}, before any step"),
        (turn, step) => format!("now at turn {turn}, step {step}"),
    };
    if gone > 0 {
        text.push_str(&format!("; {} removed", crate::workbench::words::count(gone, "file")));
    }
    let back = moved.files_changed.len();
    if back > 0 {
        text.push_str(&format!("; {} put back", crate::workbench::words::count(back, "file")));
    }
    text.push_str(if moved.is_forward { "; /undo goes back again" } else { "; /redo goes forward again" });
    tab.transcript.push(tab.turn, Kind::Notice(text));
    if let Some(told) = crate::workbench::words::by_hand(&moved.by_hand) {
        tab.transcript.push(tab.turn, Kind::Notice(crate::tui::wrap::clean(&told).into_owned()));
    }
    measure(tab)
}

fn failed(app: &mut App, place: usize, failure: Failure) -> Actions {
    keep_trouble(app, place, &failure);
    super::review_choice::failed(app, place, &failure);
    let tab = &mut app.tabs[place];
    tab.sent_shells = 0;
    if matches!(tab.phase, Phase::Opening { .. }) {
        super::layers::give_words_back(tab);
        // A tab that was to go on from another one is no place for something else.
        tab.phase = if tab.origin.take().is_some() { Phase::Closed } else { Phase::Fresh };
    }
    let kind = Kind::Failure { message: failure.message, hint: failure.hint };
    tab.transcript.push(tab.turn, kind);
    Vec::new()
}

fn keep_trouble(app: &mut App, place: usize, failure: &Failure) {
    let trouble = Trouble {
        at: i64::try_from(app.clock.unix_ms / 1000).unwrap_or_default(),
        tab: app.tabs[place].title.clone(),
        message: failure.message.clone(),
        hint: failure.hint.clone(),
    };
    app.facts.went_wrong(trouble);
}

fn was_closed(app: &mut App, id: TabId) -> Actions {
    if let Some(place) = app.place_of(id) {
        let tab = &mut app.tabs[place];
        // One that the user closed is gone already.
        tab.phase = Phase::Closed;
        let parent = tab.child.map(|child| child.parent);
        if let Some(parent) = parent.filter(|_| !app.is_ending) {
            children::tidy(app, parent);
        }
        if app.is_ending {
            // There is always a tab, also in the last picture.
            if app.tabs.len() == 1 {
                return vec![Action::Quit];
            }
            app.tabs.remove(place);
            app.active = app.active.min(app.tabs.len() - 1);
        }
    }
    Vec::new()
}

/// How long a tab has been at work.
pub fn worked_for(tab: &Tab, now: Instant) -> Option<std::time::Duration> {
    match tab.phase {
        Phase::Working(work) => Some(now.saturating_duration_since(work.since)),
        _ => None,
    }
}
