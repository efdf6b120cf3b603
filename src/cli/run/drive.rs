//! One tab from its opening to its end: shows what happens, asks the user where the agent asks, and
//! stops the turn when the user wants that.

use std::sync::Arc;

use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};

use super::events::Printer;
use super::read_line;
use crate::agent::{AgentEvent, Answer, ApprovalState, EndReason, Failure, Order, Resort, Stuck, TurnEnd};
use crate::chat::{Outcome, Usage};
use crate::cli::args::Common;
use crate::cli::{BAD_USAGE, BUDGET, Done, FAILED, INTERRUPTED, Trouble, output};
use crate::workbench::{Command, EventKind, Place, SetupEvent, Start, TabId, Workbench};

const TAB: TabId = TabId(1);

/// Opens a session, runs the order if there is one, and closes. With `--json` the last line is an end
/// in every case.
pub(in crate::cli) async fn drive(
    common: &Common,
    place: Arc<Place>,
    start: Start,
    order: Option<Order>,
) -> Done {
    let mut printer = Printer::new(common);
    let driven = watch(&mut printer, place, start, order).await;
    if let Err(trouble) = &driven {
        printer.end_in_trouble(trouble);
    }
    driven
}

async fn watch(printer: &mut Printer, place: Arc<Place>, start: Start, order: Option<Order>) -> Done {
    let (workbench, mut events) = Workbench::new(place);
    if let Some(order) = &order {
        // Nothing is made for a task that nobody can take.
        workbench.check(order).map_err(|failure| Trouble { code: code_of(&failure), ..failure.into() })?;
    }
    let mut signals = Signals::new()?;
    workbench.send(Command::Open { tab: TAB, start, permissions: None }).await;
    let mut ended: Option<TurnEnd> = None;
    let mut answers = FuturesUnordered::new();
    let mut interrupts = 0;
    let mut is_closing = false;
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = signals.next() => {
                interrupts += 1;
                if interrupts > 1 {
                    // The journal holds what was said; the next start brings it on record.
                    std::process::exit(i32::from(INTERRUPTED));
                }
                if !is_closing {
                    workbench.send(Command::Interrupt { tab: TAB }).await;
                }
                continue;
            }
            Some(answer) = answers.next() => {
                if !is_closing {
                    workbench.send(answer).await;
                }
                continue;
            }
        };
        let Some(event) = event else { break };
        printer.show(&event);
        if printer.is_unread() && interrupts == 0 && !is_closing {
            // Whoever read the events is gone: nobody waits for the rest.
            interrupts += 1;
            workbench.send(Command::Interrupt { tab: TAB }).await;
        }
        let mut close = false;
        match &event.kind {
            EventKind::Opened(_) => match &order {
                Some(order) if interrupts == 0 => {
                    workbench.send(Command::Prompt { tab: TAB, order: order.clone() }).await;
                }
                _ => close = true,
            },
            EventKind::Failed(failure) if event.session.is_empty() => return Err(failure.clone().into()),
            EventKind::Agent(AgentEvent::Approval(approval))
                if approval.decision == ApprovalState::Pending =>
            {
                let call = approval.id.clone();
                answers.push(async move { Command::Answer { tab: TAB, call, answer: ask().await } }.boxed());
            }
            EventKind::Agent(AgentEvent::Stuck(stuck)) if stuck.resort.is_none() => {
                let stuck = stuck.clone();
                answers.push(
                    async move {
                        let resort = ask_how_to_go_on(&stuck).await;
                        Command::Resort { tab: TAB, id: stuck.id, resort }
                    }
                    .boxed(),
                );
            }
            // The interruption ended the setup alone; what was asked for is not wanted any more either.
            EventKind::Setup(SetupEvent::Ended(_)) if interrupts > 0 && !is_closing => {
                workbench.send(Command::Interrupt { tab: TAB }).await;
            }
            EventKind::Closed => break,
            _ => {}
        }
        if let Some(end) = event.turn_end() {
            ended = Some(end.clone());
            close = true;
        }
        if close {
            is_closing = true;
            workbench.send(Command::Close { tab: TAB }).await;
        }
    }
    let end = ended.unwrap_or_else(|| unworked(order.is_none()));
    let code = match end.reason {
        EndReason::Done => 0,
        EndReason::Failed => FAILED,
        EndReason::Budget => BUDGET,
        EndReason::Interrupted => INTERRUPTED,
    };
    printer.end(&end);
    Ok(code)
}

/// Settings that name nobody are the user's to mend; a backend that is down just failed.
fn code_of(failure: &Failure) -> u8 {
    use crate::chat::ErrorClass as E;
    match failure.class {
        E::Unreachable | E::Timeout | E::RateLimit | E::Quota | E::Overloaded | E::BadResponse => FAILED,
        _ => BAD_USAGE,
    }
}

/// The end of a session in which no turn was run: since none was wanted, or since the user interrupted
/// before it began.
fn unworked(is_wanted: bool) -> TurnEnd {
    let (outcome, reason) =
        if is_wanted { (Outcome::Ok, EndReason::Done) } else { (Outcome::Aborted, EndReason::Interrupted) };
    let (usage, cost_usd) = (Usage::default(), Some(0.0));
    TurnEnd { outcome, reason, text: String::new(), commits: Vec::new(), usage, cost_usd }
}

/// Asks the user on the terminal; without one the agent has denied the call already.
async fn ask() -> Answer {
    output::told("allow? [y]es, [a]lways in this session, [N]o: ");
    match read_line().await.trim().to_lowercase().as_str() {
        "y" | "yes" => Answer::Allow,
        "a" | "always" => Answer::AllowForSession,
        _ => Answer::Deny,
    }
}

/// The same of a turn that is stuck. An answer that nobody gives is given by the clock, if it runs.
async fn ask_how_to_go_on(stuck: &Stuck) -> Resort {
    let fall_back = if stuck.to.is_some() { "[f]all back, " } else { "" };
    loop {
        output::told(&format!("[w]ait, {fall_back}[s]top: "));
        match read_line().await.trim().to_lowercase().as_str() {
            "w" | "wait" => return Resort::Wait,
            "f" | "fall back" if stuck.to.is_some() => return Resort::FallBack,
            // The end of the input, too: nobody is there.
            "s" | "stop" | "" => return Resort::Stop,
            _ => {}
        }
    }
}

/// What asks the program to stop.
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> Result<Self, Trouble> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| {
            signal(kind).map_err(|error| Trouble::failed(format!("cannot listen for signals: {error}")))
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}
