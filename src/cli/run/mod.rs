//! `offshoot run`: one task without a screen.

mod events;
mod json;

use std::io::{IsTerminal, Read};
use std::sync::Arc;

use tokio::sync::mpsc;

use super::args::{AgentArgs, Common, RunArgs, Uncommitted as UncommittedArg};
use super::{BUDGET, Done, FAILED, INTERRUPTED, Trouble, base, output, place};
use crate::agent::{EndReason, Failure, Order, TurnEnd};
use crate::chat::{Outcome, Usage};
use crate::git::Repo;
use crate::workbench::{
    Base, BranchName, Command, Event, EventKind, Place, Start, TabId, Uncommitted, Workbench,
};
use events::Printer;
pub(super) use events::describe;

const TAB: TabId = TabId(1);

pub(super) async fn run(common: &Common, args: RunArgs) -> Done {
    let told = session(common, args).await;
    if let (Err(trouble), true) = (&told, common.json) {
        // A program that reads events gets an end in every case.
        Printer::new(common).end_without_session(trouble);
    }
    told
}

async fn session(common: &Common, args: RunArgs) -> Done {
    let prompt = task(&args.task)?;
    let base = base(common, &args.agent)?;
    let base = if args.init { init(common, &args.agent, base)? } else { base };
    let place = place(common, &base).await?;
    let uncommitted = uncommitted(&args, &place).await?;
    let start = start(&args, &prompt, &place, uncommitted);
    let order = order(&args.agent, prompt);
    drive(common, place, start, Some(order)).await
}

/// Opens a session, runs the order if there is one, and closes.
pub(super) async fn drive(common: &Common, place: Arc<Place>, start: Start, order: Option<Order>) -> Done {
    let (workbench, mut events) = Workbench::new(place);
    if let Some(order) = &order {
        // Nothing is made for a task that nobody can take.
        workbench.check(order).map_err(|failure| Trouble { code: code_of(&failure), ..failure.into() })?;
    }
    let mut printer = Printer::new(common);
    workbench.send(Command::Open { tab: TAB, start, permissions: None }).await;
    let mut ended: Option<TurnEnd> = None;
    let mut signals = Signals::new()?;
    let mut interrupts = 0;
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = signals.next() => {
                interrupts += 1;
                if interrupts > 1 {
                    // The journal holds what was said; the next start brings it on record.
                    std::process::exit(i32::from(INTERRUPTED));
                }
                workbench.send(Command::Interrupt { tab: TAB }).await;
                continue;
            }
        };
        let Some(event) = event else { break };
        printer.show(&event);
        match &event.kind {
            EventKind::Opened(_) => match &order {
                Some(order) if interrupts == 0 => {
                    workbench.send(Command::Prompt { tab: TAB, order: order.clone() }).await;
                }
                _ => workbench.send(Command::Close { tab: TAB }).await,
            },
            EventKind::Failed(failure) if event.session.is_empty() => {
                return Err(failure.clone().into());
            }
            EventKind::Agent(crate::agent::AgentEvent::Approval(approval)) => {
                answer(&workbench, approval).await;
            }
            EventKind::Closed => break,
            _ => {}
        }
        if let Some(end) = event.turn_end() {
            ended = Some(end.clone());
            workbench.send(Command::Close { tab: TAB }).await;
        }
    }
    drain(&mut events, &mut printer);
    let code = match &ended {
        None if order.is_none() => 0,
        None => FAILED,
        Some(end) => match end.reason {
            EndReason::Done => 0,
            EndReason::Failed => FAILED,
            EndReason::Budget => BUDGET,
            EndReason::Interrupted => INTERRUPTED,
        },
    };
    printer.end(&ended.unwrap_or(TurnEnd {
        outcome: if code == 0 { Outcome::Ok } else { Outcome::Error },
        reason: EndReason::Done,
        text: String::new(),
        commits: Vec::new(),
        usage: Usage::default(),
        cost_usd: Some(0.0),
    }));
    Ok(code)
}

/// Settings that name nobody are the user's to mend; a backend that is down just failed.
fn code_of(failure: &Failure) -> u8 {
    use crate::chat::ErrorClass as E;
    match failure.class {
        E::Unreachable | E::Timeout | E::RateLimit | E::Quota | E::Overloaded | E::BadResponse => FAILED,
        _ => super::BAD_USAGE,
    }
}

fn drain(events: &mut mpsc::Receiver<Event>, printer: &mut Printer) {
    while let Ok(event) = events.try_recv() {
        printer.show(&event);
    }
}

/// The task from the arguments and, when something is piped in, from standard input.
pub(super) fn task(words: &[String]) -> Result<String, Trouble> {
    let mut task = words.join(" ");
    // An open terminal is the user's keyboard, and a missing one is nothing.
    if !std::io::stdin().is_terminal() {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map_err(|error| Trouble::failed(format!("cannot read standard input: {error}")))?;
        let piped = String::from_utf8_lossy(&bytes);
        let piped = piped.trim_end();
        if !piped.trim().is_empty() {
            task = if task.trim().is_empty() { piped.to_owned() } else { format!("{task}\n\n{piped}") };
        }
    }
    if task.trim().is_empty() {
        return Err(Trouble::usage("there is no task", "say one: offshoot run \"fix the failing test\""));
    }
    Ok(task)
}

pub(super) fn order(agent: &AgentArgs, prompt: String) -> Order {
    Order {
        prompt,
        backend: agent.backend.clone(),
        model: agent.model.clone(),
        role: agent.role.clone(),
        budget_usd: agent.budget_usd,
        verify: agent.verify.clone(),
    }
}

fn start(args: &RunArgs, prompt: &str, place: &Place, uncommitted: Uncommitted) -> Start {
    let branch = || match &args.branch {
        Some(name) => BranchName::Given(name.clone()),
        None => BranchName::From(prompt.to_owned()),
    };
    if let Some(rev) = args.resume.as_ref().or(args.from.as_ref()) {
        return Start::Fork { rev: rev.clone(), turn: args.turn, branch: branch() };
    }
    if let Some(name) = &args.branch
        && place.knows_branch(name)
    {
        return Start::Continue { rev: Some(name.clone()) };
    }
    Start::New { branch: branch(), uncommitted }
}

/// What becomes of uncommitted work: as the flag says, else as the user said before, else as they say
/// now. Where nobody can be asked, the session starts from what the user sees in their checkout.
async fn uncommitted(args: &RunArgs, place: &Arc<Place>) -> Result<Uncommitted, Trouble> {
    match args.uncommitted {
        Some(UncommittedArg::Include) => return Ok(Uncommitted::Include),
        Some(UncommittedArg::Exclude) => return Ok(Uncommitted::Exclude),
        None => {}
    }
    let starts_new = args.resume.is_none()
        && args.from.is_none()
        && args.branch.as_ref().is_none_or(|name| !place.knows_branch(name));
    if let Some(what) = place.remembered_uncommitted() {
        return Ok(what);
    }
    if !starts_new || !place.base.options.can_ask {
        return Ok(Uncommitted::Include);
    }
    if !place.git(Repo::has_uncommitted).await? {
        return Ok(Uncommitted::Include);
    }
    output::told("there is uncommitted work here: start from a snapshot of it? [Y]es, [n]o (asked once): ");
    let what = match read_line().await.trim().to_lowercase().as_str() {
        "n" | "no" => Uncommitted::Exclude,
        _ => Uncommitted::Include,
    };
    place.remember_uncommitted(what);
    Ok(what)
}

/// A line that the user types.
async fn read_line() -> String {
    tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        let _ = std::io::stdin().read_line(&mut line);
        line
    })
    .await
    .unwrap_or_default()
}

/// Makes a repository where there is none, since the user said so.
fn init(common: &Common, agent: &AgentArgs, base: Base) -> Result<Base, Trouble> {
    if base.repo.is_ok() {
        return Ok(base);
    }
    crate::workbench::init(&base.options.cwd)?;
    super::base(&Common { quiet: true, ..common.clone() }, agent)
}

/// Asks the user on the terminal; without one the agent has denied the call already.
async fn answer(workbench: &Workbench, approval: &crate::agent::Approval) {
    use crate::agent::{Answer, ApprovalState};
    if approval.decision != ApprovalState::Pending {
        return;
    }
    output::told("allow? [y]es, [a]lways in this session, [N]o: ");
    let line = read_line().await;
    let answer = match line.trim().to_lowercase().as_str() {
        "y" | "yes" => Answer::Allow,
        "a" | "always" => Answer::AllowForSession,
        _ => Answer::Deny,
    };
    workbench.send(Command::Answer { tab: TAB, call: approval.id.clone(), answer }).await;
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

impl Trouble {
    pub(super) fn failure(&self) -> Failure {
        Failure { class: self.class, message: self.message.clone(), hint: self.hint.clone() }
    }
}
