//! `offshoot land`: a branch brought home, or its conflicts given to an agent.

use serde_json::json;

use super::args::{AgentArgs, Common, LandArgs};
use super::output::{self, Tone, toned};
use super::run::{drive, order};
use super::{Done, FAILED, base, place};
use crate::chat::sanitise;
use crate::git::session::{LandHow, LandPlan, LandWish};
use crate::workbench::words::path_text;
use crate::workbench::{Place, landing};

pub(super) async fn run(common: &Common, args: LandArgs) -> Done {
    let base = base(common, &args.agent)?;
    let place = place(common, &base).await?;
    if args.undo {
        return undo(common, &place, args.rev.or(args.into), args.dry_run).await;
    }
    let wish = wish(&args);
    if args.resolve {
        return resolve(common, place, wish, &args.agent).await;
    }
    let plan = landing::plan(&place, wish.clone()).await?;
    if !common.json && !common.quiet {
        print(&plan);
    }
    if args.dry_run || (common.json && !plan.is_ready()) {
        if common.json {
            output::print_json(&landing::as_json(&plan, None));
        } else if plan.is_ready() && !common.quiet {
            output::note("nothing was done: without --dry-run it lands");
        }
        return Ok(if plan.is_ready() { 0 } else { FAILED });
    }
    let (plan, landed) = landing::land(&place, wish, plan).await?;
    if common.json {
        output::print_json(&landing::as_json(&plan, Some(&landed)));
        return Ok(0);
    }
    output::print(&format!("{}\n", toned(&sanitise(&landing::done(&plan, &landed)), Tone::Good)));
    if !common.quiet {
        output::note(&landing::takes_back(&plan, &landed));
    }
    Ok(0)
}

fn wish(args: &LandArgs) -> LandWish {
    let how = match (&args.pick, args.merge) {
        (Some(steps), _) => LandHow::Pick(steps.clone()),
        (None, true) => LandHow::Merge,
        (None, false) => LandHow::Squash,
    };
    LandWish {
        rev: args.rev.clone(),
        into: args.into.clone(),
        how,
        message: args.message.clone(),
        as_is: args.as_is,
    }
}

fn print(plan: &LandPlan) {
    let mut text = String::new();
    for line in landing::list(plan) {
        text.push_str(&format!("{}\n", sanitise(&line)));
    }
    if !plan.message.is_empty() {
        text.push('\n');
        for line in plan.message.lines() {
            text.push_str(format!("    {}", sanitise(line)).trim_end());
            text.push('\n');
        }
        text.push('\n');
    }
    output::print(&text);
}

/// Takes back the last landing in a branch.
async fn undo(common: &Common, place: &Place, branch: Option<String>, is_dry: bool) -> Done {
    let plan = landing::undo_plan(place, branch).await?;
    if !is_dry {
        landing::undo(place, plan.clone()).await?;
    }
    if common.json {
        output::print_json(&json!({
            "branch": plan.branch, "from": plan.from.to_string(), "to": plan.to.to_string(),
            "files": plan.stat.files.iter().map(|file| path_text(&file.path)).collect::<Vec<_>>(), "done": !is_dry,
        }));
    } else if is_dry {
        let line = format!("{} would go from {} to {}\n", plan.branch, plan.from.short(), plan.to.short());
        output::print(&sanitise(&line));
    } else {
        output::print(&format!("{}\n", sanitise(&landing::undone(&plan))));
    }
    Ok(0)
}

/// An agent resolves the conflicts on a branch of its own.
async fn resolve(common: &Common, place: std::sync::Arc<Place>, wish: LandWish, agent: &AgentArgs) -> Done {
    let resolution = landing::resolution(&place, wish).await?;
    let told = format!("what conflicts of {} and {} is resolved here", resolution.name, resolution.into);
    if !common.quiet && !common.json {
        output::note(&told);
    }
    let code = drive(common, place, resolution.start, Some(order(agent, resolution.prompt))).await?;
    if code == 0 && !common.quiet && !common.json {
        output::note("look at what it did, and land it: offshoot land");
    }
    Ok(code)
}
