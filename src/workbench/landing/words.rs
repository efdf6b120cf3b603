//! Landings told: to a person in lines, to programs as JSON. Names are as git has them: who shows them sanitises them.

use serde_json::{Value, json};

use crate::git::session::{Blocked, LandHow, LandPlan, LandUndo, LandedAs};
use crate::git::{ChangeKind, ConflictKind, DiffStat, Obstacle};
use crate::workbench::words::{count, path_text, path_texts};

/// Files that are listed.
const FILES: usize = 40;
/// Commits that are listed.
const COMMITS: usize = 30;

/// A plan in lines, without its message.
pub fn list(plan: &LandPlan) -> Vec<String> {
    let mut lines = vec![head(plan)];
    if plan.makes_branch {
        lines.push(format!("{} is made for it, from {}", plan.into, tip(plan)));
    }
    if let Some(before) = &plan.before {
        lines
            .push(format!("it was landed before as {}: only what is new comes along", before.commit.short()));
    }
    for one in plan.commits.iter().take(COMMITS) {
        let step = one.step.map_or_else(|| "     ".to_owned(), |step| format!("{step:>4} "));
        lines.push(format!("{step} {} {}", one.commit.short(), one.subject));
    }
    lines.extend(more(plan.commits.len(), COMMITS, "commit"));
    for one in &plan.skipped {
        lines.push(format!("{} {} is there already: passed over", one.commit.short(), one.subject));
    }
    lines.extend(files(&plan.stat));
    if let Some(commit) = &plan.conflicting {
        lines.push(format!("{} does not go on top:", commit.short()));
    }
    lines.extend(
        plan.conflicts.iter().map(|one| format!("conflict: {}: {}", one.path.display(), one.kind.words())),
    );
    lines.extend(
        plan.unresolved.iter().map(|path| format!("unresolved: {} holds conflict markers", path.display())),
    );
    lines.extend(
        plan.untouched
            .iter()
            .map(|path| format!("untouched: {} conflicted, and is as it was then", path.display())),
    );
    lines.extend(fates(plan));
    if plan.leaves_uncommitted {
        lines.push("its worktree holds work that is not committed: that does not come along".to_owned());
    }
    if !matches!(plan.how, LandHow::Squash) && plan.session.is_some() {
        lines.push(format!(
            "the steps come with their conversation: whoever pushes {} pushes it too",
            plan.into
        ));
    }
    lines
}

/// What was landed, in a line.
pub fn done(plan: &LandPlan, landed: &LandedAs) -> String {
    let mut text = format!("{} landed in {} as {}", plan.name, landed.into, landed.commit.short());
    if landed.commits.len() > 1 {
        text.push_str(&format!(" ({})", count(landed.commits.len(), "commit")));
    }
    text
}

/// How it is taken back.
pub fn takes_back(plan: &LandPlan, landed: &LandedAs) -> String {
    if plan.makes_branch {
        return format!("to take it back: git branch -D {}", landed.into);
    }
    let revert = match plan.how {
        LandHow::Merge => format!("git revert -m 1 {}", landed.commit.short()),
        _ if landed.commits.len() > 1 => {
            format!(
                "git revert {}..{}",
                landed.before.as_ref().map_or("", |id| id.short()),
                landed.commit.short()
            )
        }
        _ => format!("git revert {}", landed.commit.short()),
    };
    format!("to take it back: offshoot land --undo --into {}, or once it is pushed: {revert}", landed.into)
}

/// A landing that was taken back.
pub fn undone(plan: &LandUndo) -> String {
    format!("{} is back at {}; {} stays on record", plan.branch, plan.to.short(), plan.from.short())
}

/// A plan, and what came of it, for programs.
pub fn as_json(plan: &LandPlan, landed: Option<&LandedAs>) -> Value {
    let commit = |one: &crate::git::session::Landable| json!({"commit": one.commit.to_string(), "subject": one.subject, "turn": one.turn, "step": one.step});
    let checkouts: Vec<Value> = plan
        .checkouts
        .iter()
        .map(|fate| {
            let (state, in_the_way, doing) = match &fate.blocked {
                None => ("updated", Vec::new(), None),
                Some(Blocked::UnderWay(doing)) => ("busy", Vec::new(), Some(*doing)),
                Some(Blocked::InTheWay(found)) => ("blocked", found.iter().map(obstacle).collect(), None),
            };
            json!({
                "path": path_text(&fate.path), "main": fate.is_main, "state": state, "in_the_way": in_the_way, "doing": doing,
            })
        })
        .collect();
    json!({
        "branch": plan.name,
        "head": plan.head.to_string(),
        "session": plan.session,
        "into": plan.into,
        "target": plan.tip.as_ref().map(ToString::to_string),
        "new_branch": plan.makes_branch,
        "kind": plan.how.name(),
        "landed_before": plan.before.as_ref().map(|before| before.commit.to_string()),
        "commits": plan.commits.iter().map(commit).collect::<Vec<_>>(),
        "skipped": plan.skipped.iter().map(commit).collect::<Vec<_>>(),
        "files": plan.stat.files.iter().map(|file| json!({
            "path": path_text(&file.path), "old_path": file.old_path.as_deref().map(path_text), "kind": kind(file.kind),
            "insertions": file.insertions, "deletions": file.deletions,
        })).collect::<Vec<_>>(),
        "insertions": plan.stat.insertions,
        "deletions": plan.stat.deletions,
        "message": plan.message,
        "conflicts": plan.conflicts.iter().map(|one| json!({
            "path": path_text(&one.path), "kind": one.kind.name(), "message": one.kind.words(),
        })).collect::<Vec<_>>(),
        "unresolved": path_texts(&plan.unresolved),
        "untouched": path_texts(&plan.untouched),
        "checkouts": checkouts,
        "ready": plan.is_ready(),
        "landed": landed.map(|landed| json!({
            "commit": landed.commit.to_string(),
            "commits": landed.commits.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "before": landed.before.as_ref().map(ToString::to_string),
            "checkouts": landed.checkouts,
            "kept": landed.kept,
        })),
    })
}

/// Which version of a conflicting file stands there, where it is not both.
pub(super) fn version(kind: ConflictKind) -> &'static str {
    match kind {
        ConflictKind::BothChanged | ConflictKind::BothAdded => "; both versions stand in it",
        ConflictKind::DeletedByUs => "; that of there is kept until you decide",
        ConflictKind::DeletedByThem => "; that of here is kept until you decide",
        ConflictKind::Binary | ConflictKind::Submodule => "; that of here is kept",
        ConflictKind::Renamed | ConflictKind::Mode | ConflictKind::FileAndFolder => "; look at both names",
    }
}

fn head(plan: &LandPlan) -> String {
    let what = match &plan.how {
        LandHow::Squash => format!("{} as one commit", count(plan.commits.len(), "commit")),
        LandHow::Merge => format!("{} by a merge", count(plan.commits.len(), "commit")),
        LandHow::Pick(_) => format!("{} picked", count(plan.commits.len(), "step")),
    };
    format!("{} → {} at {}: {what}", plan.name, plan.into, tip(plan))
}

fn tip(plan: &LandPlan) -> &str {
    plan.tip.as_ref().map_or("nothing", |tip| tip.short())
}

fn files(stat: &DiffStat) -> Vec<String> {
    let mut lines =
        vec![format!("{}, +{} −{}:", count(stat.files.len(), "file"), stat.insertions, stat.deletions)];
    for file in stat.files.iter().take(FILES) {
        let from = file.old_path.as_ref().map_or_else(String::new, |old| format!("{} → ", old.display()));
        let counts = if file.binary {
            "binary".to_owned()
        } else {
            format!("+{} −{}", file.insertions, file.deletions)
        };
        lines.push(format!("  {:<8} {from}{}  {counts}", kind(file.kind), file.path.display()));
    }
    lines.extend(more(stat.files.len(), FILES, "file"));
    lines
}

fn fates(plan: &LandPlan) -> Vec<String> {
    let mut lines = Vec::new();
    for fate in &plan.checkouts {
        let place = if fate.is_main {
            "your checkout".to_owned()
        } else {
            format!("the worktree {}", fate.path.display())
        };
        match &fate.blocked {
            None => lines.push(format!("{place} goes along; other changes there stay as they are")),
            Some(Blocked::UnderWay(doing)) => {
                lines.push(format!("{place} is in the middle of a {doing}: end that first"));
            }
            Some(Blocked::InTheWay(found)) => {
                lines.push(format!("{place} has work that would be lost:"));
                lines.extend(
                    found
                        .iter()
                        .take(FILES)
                        .map(|one| format!("  {} {}", one.path.display(), one.why.words())),
                );
                lines.extend(more(found.len(), FILES, "path"));
                lines.push(format!(
                    "  land in a branch of its own (--into offshoot-landed/{}), commit or stash that work and land then, or leave the branch as it is",
                    plan.name.rsplit('/').next().unwrap_or_default()
                ));
            }
        }
    }
    if plan.checkouts.is_empty() && plan.conflicts.is_empty() {
        lines.push(format!("nobody has {} checked out: only the branch moves", plan.into));
    }
    lines
}

fn more(all: usize, shown: usize, what: &str) -> Option<String> {
    let more = all.checked_sub(shown).filter(|more| *more > 0)?;
    Some(format!("  and {}", count(more, &format!("more {what}"))))
}

fn obstacle(one: &Obstacle) -> Value {
    json!({"path": path_text(&one.path), "why": one.why.name(), "message": one.why.words()})
}

fn kind(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "added",
        ChangeKind::Modified => "changed",
        ChangeKind::Deleted => "deleted",
        ChangeKind::Renamed => "renamed",
        ChangeKind::ModeChanged => "mode",
        ChangeKind::TypeChanged => "type",
    }
}
