//! The task of one tab: opens its session, then carries out its commands one after the other, and
//! steers the turn that runs.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::FutureExt;
use tokio::sync::mpsc;

use super::open::{self, OpenTab};
use super::{Command, Event, EventKind, Place, Start, TabId};
use crate::agent::{self, EndReason, Failure, Order};
use crate::chat::ErrorClass;
use crate::config::PermissionMode;

/// Starts the task. It ends with a `Closed` event, or with `Failed` when it could not open.
pub(super) fn spawn(
    place: Arc<Place>,
    tab: TabId,
    start: Start,
    permissions: Option<PermissionMode>,
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<Event>,
) {
    tokio::spawn(async move {
        let told = events.clone();
        let task = tokio::spawn(run(place, tab, start, permissions, commands, events));
        if task.await.is_err() {
            let failure = Failure::new(ErrorClass::Internal, "the tab's task died").hint(
                "this is a bug in offshoot; the session is on record: `offshoot resume` opens it again",
            );
            let kind = EventKind::Failed(failure);
            let _ = told.send(Event { tab, session: String::new(), kind }).await;
            let _ = told.send(Event { tab, session: String::new(), kind: EventKind::Closed }).await;
        }
    });
}

async fn run(
    place: Arc<Place>,
    tab: TabId,
    start: Start,
    permissions: Option<PermissionMode>,
    mut commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<Event>,
) {
    let mut open = match open::open(&place, start, permissions).await {
        Ok(open) => open,
        Err(failure) => {
            let kind = EventKind::Failed(failure);
            let _ = events.send(Event { tab, session: String::new(), kind }).await;
            return;
        }
    };
    let session = open.agent.session().id.clone();
    let tell = move |kind| {
        let event = Event { tab, session: session.clone(), kind };
        let events = events.clone();
        async move {
            // A receiver that is gone has no use for events; the work goes on and is on record.
            let _ = events.send(event).await;
        }
    };
    tell(EventKind::Opened(open.opened.clone())).await;
    let to_agent = tell.clone();
    open.agent.tell(Arc::new(move |event| to_agent(EventKind::Agent(event)).boxed()));

    let mut queue: VecDeque<Order> = VecDeque::new();
    let mut last = Order::default();
    loop {
        let order = match queue.pop_front() {
            Some(order) => order,
            None => match commands.recv().await {
                None | Some(Command::Close { .. }) => break,
                Some(Command::Prompt { order, .. }) => order,
                Some(Command::Undo { back, .. }) => {
                    tell(outcome(open.undo(back).await)).await;
                    continue;
                }
                Some(Command::Redo { .. }) => {
                    tell(outcome(open.redo().await)).await;
                    continue;
                }
                // The turn that the words were meant for has ended.
                Some(Command::Steer { text, .. }) => Order { prompt: text, ..last.clone() },
                // There is nothing to stop or answer.
                Some(_) => continue,
            },
        };
        last.clone_from(&order);
        if !work(&mut open, order, &mut commands, &mut queue, &tell).await {
            break;
        }
    }
    open.close(&place).await;
    tell(EventKind::Closed).await;
}

/// Runs one turn under the commands that arrive meanwhile. `false` when the tab is to be closed.
async fn work<Told: Future<Output = ()>>(
    open: &mut OpenTab,
    order: Order,
    commands: &mut mpsc::Receiver<Command>,
    queue: &mut VecDeque<Order>,
    tell: &impl Fn(EventKind) -> Told,
) -> bool {
    let (mut control, reins) = agent::control();
    let same = order.clone();
    let mut turn = Box::pin(open.agent.turn(order, &mut control));
    let mut is_open = true;
    loop {
        let command = tokio::select! {
            biased;
            end = &mut turn => {
                drop(turn);
                let unheard = control.unheard();
                if end.reason != EndReason::Interrupted && !unheard.is_empty() {
                    queue.push_front(Order { prompt: unheard.join("\n\n"), ..same });
                }
                return is_open;
            }
            command = commands.recv(), if is_open => command,
        };
        match command {
            None | Some(Command::Close { .. }) => {
                reins.interrupt();
                is_open = false;
            }
            Some(Command::Interrupt { .. }) => {
                queue.clear();
                reins.interrupt();
            }
            Some(Command::Prompt { order, .. }) => queue.push_back(order),
            Some(Command::Steer { text, .. }) => {
                if !reins.steer(text) {
                    tell(EventKind::Failed(Failure::new(
                        ErrorClass::Internal,
                        "too many words wait for the agent already",
                    )))
                    .await;
                }
            }
            Some(Command::Answer { call, answer, .. }) => {
                reins.answer(call, answer);
            }
            Some(Command::Undo { .. } | Command::Redo { .. } | Command::Open { .. }) => {
                tell(EventKind::Failed(
                    Failure::new(ErrorClass::Internal, "the agent is at work").hint("interrupt it first"),
                ))
                .await;
            }
        }
    }
}

fn outcome(moved: Result<super::Moved, Failure>) -> EventKind {
    match moved {
        Ok(moved) => EventKind::Moved(moved),
        Err(failure) => EventKind::Failed(failure),
    }
}
