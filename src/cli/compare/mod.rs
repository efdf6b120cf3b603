//! `offshoot compare`: one task to several agents side by side, and the table of how they fared.

mod drive;
mod report;

use std::sync::Arc;

use super::args::{AgentArgs, Common, CompareArgs};
use super::run::{self, Printer, uncommitted};
use super::{Done, Trouble, options, output, place};
use crate::agent::Order;
use crate::workbench::compare::{Begin, Candidate, Ground, PlanError, Wish, ground};
use crate::workbench::{Base, Place, history};

/// What is to be driven.
struct Plan {
    place: Arc<Place>,
    ground: Ground,
    candidates: Vec<Candidate>,
    order: Order,
    /// How many work at once.
    jobs: usize,
    keep: Option<String>,
}

pub(super) async fn run(common: &Common, args: CompareArgs) -> Done {
    let done = match prepare(common, &args).await {
        Ok(plan) => drive::drive(common, plan).await,
        Err(trouble) => Err(trouble),
    };
    done.inspect_err(|trouble| Printer::new(common).end_in_trouble(trouble))
}

async fn prepare(common: &Common, args: &CompareArgs) -> Result<Plan, Trouble> {
    let prompt = run::task(&args.task)?;
    let candidates = candidates(args)?;
    if args.jobs == Some(0) {
        return Err(Trouble::usage("--jobs is 0", "let one work at least"));
    }
    // Several work at once, and nobody can answer all of them: what asks is denied, as in a pipe.
    let options = crate::workbench::Options { can_ask: false, ..options(common, &args.agent)? };
    let base = Base::load(options)
        .map_err(|failure| Trouble { code: super::BAD_USAGE, ..Trouble::from(failure) })?;
    if !common.quiet {
        for warning in &base.loaded.warnings {
            output::note(&format!("{}; {}", warning.message, warning.hint));
        }
    }
    let place = place(common, &base).await?;
    let begin = match &args.from {
        Some(rev) => {
            let (session, _) = history::load(&place, Some(rev.clone())).await?;
            Begin::Session { id: rev.clone(), branch: session.branch.unwrap_or_else(|| rev.clone()) }
        }
        None => Begin::Checkout(uncommitted(args.uncommitted, true, &place).await?),
    };
    let ground = ground(&place, begin, &prompt, &candidates)
        .await
        .map_err(|failure| Trouble { code: run::code_of(&failure), ..failure.into() })?;
    let order = run::order(&AgentArgs { role: None, ..args.agent.clone() }, prompt);
    let jobs = args.jobs.unwrap_or(candidates.len());
    Ok(Plan { place, ground, candidates, order, jobs, keep: args.keep.clone() })
}

fn candidates(args: &CompareArgs) -> Result<Vec<Candidate>, Trouble> {
    let wrong = |error: PlanError| Trouble::usage(error.to_string(), error.hint());
    let mut wish = Wish { number: args.n, ..Wish::default() };
    for list in &args.with {
        wish.add(list).map_err(wrong)?;
    }
    let roles = args.agent.role.as_deref().unwrap_or_default().split(',').map(str::trim);
    wish.roles = roles.filter(|role| !role.is_empty()).map(str::to_owned).collect();
    if wish.with.is_empty() && (args.agent.backend.is_some() || args.agent.model.is_some()) {
        let (backend, model) = (args.agent.backend.clone(), args.agent.model.clone());
        wish.with.push((Candidate { backend, model, role: None }, 1));
    }
    wish.candidates().map_err(wrong)
}
