//! `offshoot gc`: what finished sessions no longer need.

use std::time::Duration;

use serde_json::json;

use super::args::{AgentArgs, Common, GcArgs};
use super::output::{self, Tone, toned};
use super::{Done, base, place, shown};
use crate::chat::sanitise;
use crate::git::session::{GcItem, GcOptions, GcPlan, Verdict};
use crate::workbench::words::{bytes, count, freeable, freed, path_text};
use crate::workbench::worktrees;

pub(super) async fn run(common: &Common, args: &GcArgs) -> Done {
    let base = base(common, &AgentArgs::default())?;
    let place = place(common, &base).await?;
    let days = |days: u32| Duration::from_secs(u64::from(days) * 86_400);
    let options = GcOptions {
        kept_older_than: args.kept_older_than.map(days),
        unused_for: args.older_than.map(days),
        builds: args.builds,
        into: None,
    };
    let plan = worktrees::gc_plan(&place, options.clone()).await?;
    let rows: Vec<_> = plan.items.iter().map(row).collect();
    if !common.json {
        output::print(&table(&plan));
    }
    if !args.apply {
        if common.json {
            output::print_json(&json!({
                "items": rows, "kept": plan.kept.len(), "leftovers": plan.leftovers.len(), "applied": false,
            }));
        } else {
            let text = freeable(&plan);
            output::note(&format!("{text}; `offshoot gc --apply` does it. Branches and sessions stay."));
        }
        return Ok(0);
    }
    let done = worktrees::gc_apply(&place, plan, options).await?;
    if common.json {
        output::print_json(&json!({
            "items": rows, "kept": done.kept, "applied": true, "freed": done.worktrees, "builds": done.builds,
            "leftovers": done.leftovers, "bytes": done.bytes,
        }));
    } else {
        for (path, why) in &done.stayed {
            output::note(&format!("{} stayed: {why}", shown(path)));
        }
        output::print(&format!("{}\n", freed(&done)));
    }
    Ok(0)
}

fn row(item: &GcItem) -> serde_json::Value {
    let (is_free, why) = told(item);
    let builds: Vec<_> = item
        .builds
        .iter()
        .map(|build| json!({"path": path_text(&build.path), "bytes": build.bytes}))
        .collect();
    json!({
        "session": item.session, "branch": item.branch, "path": path_text(&item.path), "bytes": item.bytes,
        "free": is_free, "reason": why, "builds": builds, "frees_builds": item.frees_builds,
    })
}

fn told(item: &GcItem) -> (bool, &str) {
    match &item.verdict {
        Verdict::Free(why) => (true, why),
        Verdict::Stay(why) => (false, why),
    }
}

fn table(plan: &GcPlan) -> String {
    let mut text = String::new();
    for item in &plan.items {
        let (is_free, why) = told(item);
        text.push_str(&format!(
            "{} {:>9}  {}  {}\n",
            if is_free { toned("free", Tone::Good) } else { toned("stay", Tone::Quiet) },
            bytes(item.bytes),
            sanitise(&item.branch.clone().unwrap_or_else(|| shown(&item.path))),
            toned(&sanitise(why), Tone::Quiet)
        ));
        for build in item.builds.iter().filter(|_| item.frees_builds && !is_free) {
            text.push_str(&format!(
                "{} {:>9}    {}\n",
                toned("free", Tone::Good),
                bytes(build.bytes),
                sanitise(&build.path.display().to_string())
            ));
        }
    }
    let leftovers: u64 = plan.leftovers.iter().map(|leftover| leftover.bytes).sum();
    if !plan.leftovers.is_empty() {
        let what = count(plan.leftovers.len(), "unfinished object");
        text.push_str(&format!(
            "{} {:>9}  {what} of killed processes\n",
            toned("free", Tone::Good),
            bytes(leftovers)
        ));
    }
    text
}
