//! One tab from its opening to its end: shows what happens, asks the user where the agent asks, and
//! stops the turn when the user wants that.

use std::sync::Arc;

use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::sync::Mutex;

use super::events::Printer;
use super::read_line;
use crate::agent::{AgentEvent, Answer, ApprovalState, EndReason, Failure, Order, Resort, Stuck, TurnEnd};
use crate::chat::{Outcome, Usage, sanitise};
use crate::cli::args::Common;
use crate::cli::signals::Signals;
use crate::cli::{BAD_USAGE, BUDGET, Done, FAILED, INTERRUPTED, Trouble, output};
use crate::workbench::words::describe;
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
    // The user is asked one thing at a time, whichever agents ask.
    let terminal = Arc::new(Mutex::new(()));
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
            EventKind::Opened(_) if event.tab == TAB => match &order {
                Some(order) if interrupts == 0 => {
                    workbench.send(Command::Prompt { tab: TAB, order: order.clone() }).await;
                }
                _ => close = true,
            },
            EventKind::Failed(failure) if event.session.is_empty() && event.tab == TAB => {
                return Err(failure.clone().into());
            }
            EventKind::Agent(AgentEvent::Approval(approval))
                if approval.decision == ApprovalState::Pending =>
            {
                let (tab, call) = (event.tab, approval.id.clone());
                let about = (tab != TAB).then(|| describe(&approval.tool, &approval.input));
                let terminal = Arc::clone(&terminal);
                answers.push(
                    async move {
                        let _mine = terminal.lock().await;
                        Command::Answer { tab, call, answer: ask(about.as_deref()).await }
                    }
                    .boxed(),
                );
            }
            EventKind::Agent(AgentEvent::Stuck(stuck)) if stuck.resort.is_none() => {
                let (tab, stuck) = (event.tab, stuck.clone());
                let terminal = Arc::clone(&terminal);
                answers.push(
                    async move {
                        let _mine = terminal.lock().await;
                        let resort = ask_how_to_go_on(&stuck).await;
                        Command::Resort { tab, id: stuck.id, resort }
                    }
                    .boxed(),
                );
            }
            // The interruption ended the setup alone; what was asked for is not wanted any more either.
            EventKind::Setup(SetupEvent::Ended(_)) if interrupts > 0 && !is_closing => {
                workbench.send(Command::Interrupt { tab: TAB }).await;
            }
            EventKind::Closed if event.tab == TAB => break,
            _ => {}
        }
        if let Some(end) = event.turn_end().filter(|_| event.tab == TAB) {
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
pub(in crate::cli) fn code_of(failure: &Failure) -> u8 {
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
async fn ask(about: Option<&str>) -> Answer {
    let about = about.map(|about| format!("{}: ", sanitise(about))).unwrap_or_default();
    output::told(&format!("{about}allow? [y]es, [a]lways in this session, [N]o: "));
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
