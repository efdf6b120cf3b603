//! `offshoot undo` and `offshoot redo`.

use serde_json::json;

use super::args::{AgentArgs, Common, RedoArgs, UndoArgs};
use super::output;
use super::{Done, Trouble, base, place};
use crate::chat::sanitise;
use crate::git::session::UndoScope;
use crate::workbench::words::count;
use crate::workbench::{Back, Command, EventKind, Moved, Start, TabId, Workbench, history};

const TAB: TabId = TabId(1);

pub(super) async fn undo(common: &Common, args: &UndoArgs) -> Done {
    if args.count == 0 {
        return Err(Trouble::usage("nothing to undo: -n is 0", "say how many, from 1"));
    }
    if args.dry_run {
        return preview(common, args).await;
    }
    let back = if args.turn { Back::Turns(args.count) } else { Back::Steps(args.count) };
    carry_out(common, args.rev.clone(), Command::Undo { tab: TAB, back }).await
}

pub(super) async fn redo(common: &Common, args: &RedoArgs) -> Done {
    carry_out(common, args.rev.clone(), Command::Redo { tab: TAB }).await
}

async fn preview(common: &Common, args: &UndoArgs) -> Done {
    let base = base(common, &AgentArgs::default())?;
    let place = place(common, &base).await?;
    let scope = if args.turn { UndoScope::Turns(args.count) } else { UndoScope::Steps(args.count) };
    let plan = history::undo_plan(&place, args.rev.clone(), scope).await?;
    if common.json {
        output::print_json(&json!({
            "branch": plan.branch, "from": plan.from.to_string(), "to": plan.to.to_string(),
            "files_removed": plan.removed, "files_changed": plan.changed,
        }));
    } else {
        output::print(&format!(
            "{} would go from {} to {}\n",
            plan.branch,
            plan.from.short(),
            plan.to.short()
        ));
        output::print(&files(&plan.removed, &plan.changed));
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
            "files_removed": moved.files_removed, "files_changed": moved.files_changed,
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
        if is_back {
            output::note("nothing is lost: `offshoot redo` goes forward again");
        }
    }
}

fn files(removed: &[std::path::PathBuf], changed: &[std::path::PathBuf]) -> String {
    let mut text = String::new();
    for (word, paths) in [("removed", removed), ("restored", changed)] {
        if !paths.is_empty() {
            text.push_str(&format!("{word} {}:\n", count(paths.len(), "file")));
        }
        for path in paths.iter().take(50) {
            text.push_str(&format!("  {}\n", sanitise(&path.display().to_string())));
        }
    }
    text
}
