//! `offshoot undo` and `offshoot redo`.

use serde_json::json;

use super::args::{AgentArgs, Common, RedoArgs, UndoArgs};
use super::output;
use super::{Done, Trouble, base, place};
use crate::chat::sanitise;
use crate::workbench::words::{self, count, path_texts};
use crate::workbench::{Back, Command, EventKind, Moved, Start, TabId, Workbench, history};

const TAB: TabId = TabId(1);

pub(super) async fn undo(common: &Common, args: &UndoArgs) -> Done {
    if args.count == 0 {
        return Err(Trouble::usage("nothing to undo: -n is 0", "say how many, from 1"));
    }
    let back = match args.to_turn {
        Some(turn) => Back::Before(turn),
        None if args.turn => Back::Turns(args.count),
        None => Back::Steps(args.count),
    };
    if args.dry_run {
        return preview(common, args.rev.clone(), back).await;
    }
    carry_out(common, args.rev.clone(), Command::Undo { tab: TAB, back }).await
}

pub(super) async fn redo(common: &Common, args: &RedoArgs) -> Done {
    carry_out(common, args.rev.clone(), Command::Redo { tab: TAB }).await
}

async fn preview(common: &Common, rev: Option<String>, back: Back) -> Done {
    let base = base(common, &AgentArgs::default())?;
    let place = place(common, &base).await?;
    let plan = history::undo_plan(&place, rev, back.into()).await?;
    if common.json {
        output::print_json(&json!({
            "branch": plan.branch, "from": plan.from.to_string(), "to": plan.to.to_string(),
            "files_removed": path_texts(&plan.removed), "files_changed": path_texts(&plan.changed),
            "in_the_way": path_texts(&plan.in_the_way), "uncommitted": plan.has_uncommitted,
            "commits_by_people": plan.by_people.iter().map(|one| json!({
                "commit": one.commit.to_string(), "subject": one.subject,
            })).collect::<Vec<_>>(),
        }));
    } else {
        output::print(&format!(
            "{} would go from {} to {}\n",
            plan.branch,
            plan.from.short(),
            plan.to.short()
        ));
        output::print(&files(&plan.removed, &plan.changed));
        if !plan.by_people.is_empty() {
            output::print(&format!(
                "with it {} that no agent made:\n",
                count(plan.by_people.len(), "commit")
            ));
        }
        for one in &plan.by_people {
            output::print(&format!("  {} {}\n", one.commit.short(), sanitise(&one.subject)));
        }
        if !plan.in_the_way.is_empty() {
            let names: Vec<String> = plan.in_the_way.iter().map(|path| path.display().to_string()).collect();
            output::note(&format!(
                "in the way, and in no commit, so nothing would move: {}",
                names.join(", ")
            ));
        }
        if plan.has_uncommitted {
            output::note("the worktree has work that no commit holds; it is committed and kept first");
        }
        output::note("ignored files stay as they are");
    }
    Ok(0)
}

async fn carry_out(common: &Common, rev: Option<String>, command: Command) -> Done {
    let base = base(common, &AgentArgs::default())?;
    let place = place(common, &base).await?;
    let (workbench, mut events) = Workbench::new(place);
    workbench.send(Command::Open { tab: TAB, start: Start::Continue { rev }, permissions: None }).await;
    let is_back = matches!(command, Command::Undo { .. });
    let mut waiting = Some(command);
    let mut branch = String::new();
    let mut failed = None;
    while let Some(event) = events.recv().await {
        match event.kind {
            EventKind::Opened(opened) => branch = opened.branch,
            EventKind::Moved(moved) => tell(common, &branch, &moved, is_back),
            EventKind::Failed(failure) if event.session.is_empty() => return Err(failure.into()),
            EventKind::Failed(failure) => failed = Some(failure),
            EventKind::Closed => break,
            _ => continue,
        }
        let next = waiting.take().unwrap_or(Command::Close { tab: TAB });
        workbench.send(next).await;
    }
    failed.map_or(Ok(0), |failure| Err(failure.into()))
}

fn tell(common: &Common, branch: &str, moved: &Moved, is_back: bool) {
    if common.json {
        output::print_json(&json!({
            "branch": branch, "from": moved.from, "to": moved.to, "turn": moved.turn, "step": moved.step,
            "files_removed": path_texts(&moved.files_removed), "files_changed": path_texts(&moved.files_changed),
            "by_hand": words::by_hand(&moved.by_hand),
        }));
        return;
    }
    output::print(&format!(
        "{branch} is at {} (turn {}, step {})\n",
        &moved.to[..10],
        moved.turn,
        moved.step
    ));
    if !common.quiet {
        output::print(&files(&moved.files_removed, &moved.files_changed));
        if let Some(told) = words::by_hand(&moved.by_hand) {
            output::note(&told);
        }
        if is_back {
            output::note(&format!("nothing is lost: `offshoot redo {branch}` goes forward again"));
        } else {
            output::note(&format!("`offshoot undo {branch} --dry-run` shows the way back"));
        }
    }
}

fn files(removed: &[std::path::PathBuf], changed: &[std::path::PathBuf]) -> String {
    let mut text = String::new();
    for (word, paths) in [("removed", removed), ("restored", changed)] {
        if !paths.is_empty() {
            text.push_str(&format!("{word} {}:\n", count(paths.len(), "file")));
        }
        for path in paths {
            text.push_str(&format!("  {}\n", sanitise(&path.display().to_string())));
        }
    }
    text
}
