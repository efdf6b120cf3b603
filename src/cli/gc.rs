//! `offshoot gc`: what finished sessions no longer need.

use std::time::Duration;

use serde_json::json;

use super::args::{AgentArgs, Common, GcArgs};
use super::output::{self, Tone, toned};
use super::{Done, base, place, shown};
use crate::git::session::{GcOptions, Verdict};
use crate::workbench::history;
use crate::workbench::words::count;

pub(super) async fn run(common: &Common, args: &GcArgs) -> Done {
    let base = base(common, &AgentArgs::default())?;
    let place = place(common, &base).await?;
    let options = GcOptions {
        kept_older_than: args.kept_older_than.map(|days| Duration::from_secs(u64::from(days) * 86_400)),
        into: None,
    };
    let plan = history::gc_plan(&place, options).await?;
    let mut freeable = 0;
    let mut rows = Vec::new();
    let mut text = String::new();
    for item in &plan.items {
        let (is_free, why) = match &item.verdict {
            Verdict::Free(why) => (true, why),
            Verdict::Stay(why) => (false, why),
        };
        if is_free {
            freeable += item.bytes;
        }
        rows.push(json!({
            "session": item.session, "branch": item.branch, "path": item.path, "bytes": item.bytes,
            "free": is_free, "reason": why,
        }));
        text.push_str(&format!(
            "{} {:>9}  {}  {}\n",
            if is_free { toned("free", Tone::Good) } else { toned("stay", Tone::Quiet) },
            bytes(item.bytes),
            item.branch.clone().unwrap_or_else(|| shown(&item.path)),
            toned(why, Tone::Quiet)
        ));
    }
    if !common.json {
        output::print(&text);
    }
    if !args.apply {
        if common.json {
            output::print_json(&json!({"items": rows, "kept": plan.kept.len(), "applied": false}));
        } else {
            let kept = if plan.kept.is_empty() {
                String::new()
            } else {
                format!(" and {}", count(plan.kept.len(), "kept head"))
            };
            output::note(&format!(
                "{}{kept} can be freed; `offshoot gc --apply` does it. Branches and sessions stay.",
                bytes(freeable)
            ));
        }
        return Ok(0);
    }
    let freed = history::gc_apply(&place, plan).await?;
    if common.json {
        output::print_json(&json!({
            "items": rows, "kept": freed.kept, "applied": true, "freed": freed.worktrees, "bytes": freed.bytes,
        }));
    } else {
        for (path, why) in &freed.stayed {
            output::note(&format!("{} stayed: {why}", shown(path)));
        }
        output::print(&format!(
            "freed {} in {}, dropped {}\n",
            bytes(freed.bytes),
            count(freed.worktrees.len(), "worktree"),
            count(freed.kept, "kept head")
        ));
    }
    Ok(0)
}

#[allow(clippy::cast_precision_loss, reason = "a rounded figure for a person")]
fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.1} kB", count as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", count as f64 / 1e6),
        _ => format!("{:.1} GB", count as f64 / 1e9),
    }
}
