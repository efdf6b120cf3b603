//! `offshoot merge`: a child session into the one that it left.

use serde_json::json;

use super::args::{AgentArgs, Common, MergeArgs};
use super::output;
use super::{Done, FAILED, Trouble, base, place};
use crate::chat::sanitise;
use crate::git::Conflict;
use crate::git::session::ChildPlan;
use crate::workbench::merging::{self, Pair};
use crate::workbench::words::{count, path_text};
use crate::workbench::{Command, EventKind, Merging, Start, TabId, Workbench};

const TAB: TabId = TabId(1);

pub(super) async fn run(common: &Common, args: MergeArgs) -> Done {
    let base = base(common, &AgentArgs::default())?;
    let place = place(common, &base).await?;
    let pair = merging::pair(&place, args.child, args.into, |_| false).await?;
    if args.dry_run {
        let plan = merging::preview(&place, &pair).await?;
        let conflicts = if let ChildPlan::Conflicts(conflicts) = &plan { &conflicts[..] } else { &[] };
        if common.json {
            output::print_json(&as_json(&pair, None, conflicts));
        }
        let text = match plan {
            ChildPlan::Conflicts(conflicts) => return conflicting(common, &pair, &conflicts),
            ChildPlan::Fits(_) => format!("{} would be merged into {}\n", pair.name, pair.into),
            ChildPlan::Nothing => has_all(&pair),
        };
        if !common.json {
            output::print(&sanitise(&text));
        }
        return Ok(0);
    }
    let (workbench, mut events) = Workbench::new(place);
    let start = Start::Continue { rev: Some(pair.parent.clone()) };
    workbench.send(Command::Open { tab: TAB, start, permissions: None }).await;
    let mut waiting = Some(Command::Merge { tab: TAB, child: pair.child.clone() });
    let mut came = None;
    while let Some(event) = events.recv().await {
        match event.kind {
            EventKind::Opened(_) => {}
            EventKind::Merging(merging) => came = Some(Ok(merging)),
            EventKind::Failed(failure) if event.session.is_empty() => return Err(failure.into()),
            EventKind::Failed(failure) => came = Some(Err(failure)),
            EventKind::Closed => break,
            _ => continue,
        }
        let next = waiting.take().unwrap_or(Command::Close { tab: TAB });
        workbench.send(next).await;
    }
    match came {
        Some(Ok(Merging::Conflicts { conflicts, .. })) => {
            if common.json {
                output::print_json(&as_json(&pair, None, &conflicts));
            }
            conflicting(common, &pair, &conflicts)
        }
        Some(Ok(merging)) => {
            tell(common, &pair, &merging);
            Ok(0)
        }
        Some(Err(failure)) => Err(failure.into()),
        None => Err(Trouble::failed("the session ended before anything was merged")),
    }
}

fn tell(common: &Common, pair: &Pair, merging: &Merging) {
    if common.json {
        return output::print_json(&as_json(pair, Some(merging), &[]));
    }
    let text = match merging {
        Merging::Merged { commit, stat, .. } => format!(
            "{} merged into {} as {} · {} +{} -{}\n",
            pair.name,
            pair.into,
            commit.get(..10).unwrap_or(commit),
            count(stat.files, "file"),
            stat.insertions,
            stat.deletions
        ),
        _ => has_all(pair),
    };
    output::print(&sanitise(&text));
    if !common.quiet && matches!(merging, Merging::Merged { .. }) {
        output::note(&format!("to take it back: offshoot undo {}", pair.into));
    }
}

fn has_all(pair: &Pair) -> String {
    format!("{} has all of {} already\n", pair.into, pair.name)
}

fn conflicting(common: &Common, pair: &Pair, conflicts: &[Conflict]) -> Done {
    if common.json {
        return Ok(FAILED);
    }
    let listed: String =
        conflicts.iter().map(|one| format!("\n  {}: {}", one.path.display(), one.kind.words())).collect();
    Err(Trouble::failed(format!("{} conflicts with {}:{listed}", pair.name, pair.into)).hint(format!(
        "nothing was changed; an agent can resolve them: offshoot land {} --into {} --resolve",
        pair.name, pair.into
    )))
}

fn as_json(pair: &Pair, merging: Option<&Merging>, conflicts: &[Conflict]) -> serde_json::Value {
    let merged = match merging {
        Some(Merging::Merged { commit, stat, .. }) => json!({
            "commit": commit, "files": stat.files, "insertions": stat.insertions, "deletions": stat.deletions,
        }),
        _ => serde_json::Value::Null,
    };
    json!({
        "child": pair.name,
        "into": pair.into,
        "merged": merged,
        "conflicts": conflicts.iter().map(|one| json!({
            "path": path_text(&one.path), "kind": one.kind.name(), "message": one.kind.words(),
        })).collect::<Vec<_>>(),
    })
}
