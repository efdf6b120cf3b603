//! `offshoot run`: one task without a screen.

mod drive;
mod events;
mod json;

use std::io::{IsTerminal, Read};
use std::sync::Arc;
use std::time::Duration;

use super::args::{AgentArgs, Common, RunArgs, Uncommitted as UncommittedArg};
use super::{Done, Trouble, base, output, place};
use crate::agent::{Failure, Order};
use crate::workbench::{Base, BranchName, Place, Start, Uncommitted};
pub(super) use drive::{code_of, drive};
pub(super) use events::Printer;
pub(super) use json::Json;

/// How long standard input may take without a word about it.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) async fn run(common: &Common, args: RunArgs) -> Done {
    match prepare(common, &args).await {
        Ok((place, start, order)) => drive(common, place, start, Some(order)).await,
        Err(trouble) => {
            // A program that reads events gets an end in every case.
            Printer::new(common).end_in_trouble(&trouble);
            Err(trouble)
        }
    }
}

async fn prepare(common: &Common, args: &RunArgs) -> Result<(Arc<Place>, Start, Order), Trouble> {
    let prompt = task(&args.task)?;
    let base = base(common, &args.agent)?;
    let base = if args.init { init(common, &args.agent, base)? } else { base };
    let place = place(common, &base).await?;
    let starts_new = args.resume.is_none()
        && args.from.is_none()
        && args.branch.as_ref().is_none_or(|name| !place.knows_branch(name));
    let uncommitted = uncommitted(args.uncommitted, starts_new, &place).await?;
    let start = start(args, &prompt, &place, uncommitted);
    Ok((place, start, order(&args.agent, prompt)))
}

/// The task from the arguments and, when something is piped in, from standard input.
pub(super) fn task(words: &[String]) -> Result<String, Trouble> {
    let mut task = words.join(" ");
    // An open terminal is the user's keyboard, and a missing one is nothing.
    if !std::io::stdin().is_terminal() {
        let bytes =
            piped().map_err(|error| Trouble::failed(format!("cannot read standard input: {error}")))?;
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

/// Standard input to its end. When it is long in coming, the user is told what is waited for.
fn piped() -> std::io::Result<Vec<u8>> {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes);
        // Only a receiver that waits no more is gone.
        let _ = sender.send(read);
    });
    let read = receiver.recv_timeout(PATIENCE).or_else(|_| {
        output::note(
            "waiting for the end of standard input, which is part of the task (`</dev/null` gives none)",
        );
        receiver.recv()
    });
    read.unwrap_or_else(|_| Ok(Vec::new()))
}

pub(super) fn order(agent: &AgentArgs, prompt: String) -> Order {
    Order {
        prompt,
        backend: agent.backend.clone(),
        model: agent.model.clone(),
        role: agent.role.clone(),
        budget_usd: agent.budget_usd,
        verify: agent.verify.clone(),
        ..Order::default()
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
pub(super) async fn uncommitted(
    flag: Option<UncommittedArg>,
    starts_new: bool,
    place: &Arc<Place>,
) -> Result<Uncommitted, Trouble> {
    match flag {
        Some(UncommittedArg::Include) => return Ok(Uncommitted::Include),
        Some(UncommittedArg::Exclude) => return Ok(Uncommitted::Exclude),
        None => {}
    }
    if let Some(what) = place.remembered_uncommitted() {
        return Ok(what);
    }
    if !starts_new || !place.base.options.can_ask {
        return Ok(Uncommitted::Include);
    }
    if !place.has_uncommitted().await? {
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

impl Trouble {
    pub(super) fn failure(&self) -> Failure {
        Failure { class: self.class, message: self.message.clone(), hint: self.hint.clone() }
    }
}
