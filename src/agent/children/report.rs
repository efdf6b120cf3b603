//! What an agent gets to read of one that it started.

use super::Ended;
use crate::agent::event::{ChildState, EndReason};
use crate::agent::fit;
use crate::git::{Brought, DiffStat};
use crate::tools::output::{Cap, cap_text};
use crate::tools::{ToolOutput, Touched};

/// Files that are listed.
const LISTED: usize = 60;

/// What became of the work.
#[derive(Debug)]
pub(super) enum Fate {
    /// It changed no file.
    Nothing,
    Brought(Brought),
    /// It did not come to its end: its work stays where it is.
    Unfinished,
    /// It could not be brought in, though nothing conflicts.
    Failed(String),
}

/// A report, and what front-ends show of it.
pub(super) struct Told {
    pub output: ToolOutput,
    pub state: ChildState,
}

pub(super) fn report(title: &str, ended: &Ended, changed: &DiffStat, fate: Fate, cap: usize) -> Told {
    let mut text = format!("\"{}\" {}\n", one_line(title, 120), how(ended));
    if let Some(branch) = &ended.branch {
        text.push_str(&format!("Branch: {branch}, session {}\n", ended.session));
    } else {
        text.push_str(&format!("Session {}; it only looked.\n", ended.session));
    }
    for step in &ended.steps {
        let short = step.commit.get(..10).unwrap_or(&step.commit);
        text.push_str(&format!("  {short} {} +{} -{}\n", step.subject, step.insertions, step.deletions));
    }
    let (state, touched) = match fate {
        Fate::Nothing => {
            text.push_str("It changed no file.\n");
            (end_state(ended.reason), Touched::Nothing)
        }
        Fate::Brought(Brought::Files(files)) => {
            text.push_str("Its changes are merged into your files:\n");
            list(&mut text, changed);
            (ChildState::Merged, Touched::Paths(files))
        }
        Fate::Brought(Brought::Conflicts(conflicts)) => {
            text.push_str("CONFLICT: its changes do not fit your files. None of them was merged, and yours are as they were:\n");
            for conflict in &conflicts {
                text.push_str(&format!(
                    "  {}: {} (yours is \"here\")\n",
                    conflict.path.display(),
                    conflict.kind.words()
                ));
            }
            text.push_str("It changed:\n");
            list(&mut text, changed);
            text.push_str(&stays(ended));
            (ChildState::Conflict, Touched::Nothing)
        }
        Fate::Unfinished => {
            text.push_str("What it had changed is not merged:\n");
            list(&mut text, changed);
            text.push_str(&stays(ended));
            (end_state(ended.reason), Touched::Nothing)
        }
        Fate::Failed(why) => {
            text.push_str(&format!("Its changes could not be merged: {why}\n"));
            list(&mut text, changed);
            text.push_str(&stays(ended));
            (ChildState::Failed, Touched::Nothing)
        }
    };
    if let Some(path) = &ended.left_behind {
        text.push_str(&format!("Files that no commit takes are left in {}\n", path.display()));
    }
    let answer = ended.text.trim();
    if !answer.is_empty() {
        text.push_str("\nIts answer:\n");
        text.push_str(&cap_text(answer, Cap::of_bytes(cap)).text);
        text.push('\n');
    }
    let is_error = !matches!(state, ChildState::Merged | ChildState::Done);
    let summary = if is_error {
        state.name().to_owned()
    } else {
        format!("{} · {}", one_line(title, 60), state.name())
    };
    let mut output = if is_error { ToolOutput::error(text) } else { ToolOutput::ok(text, "") };
    output.summary = summary;
    output.touched = touched;
    Told { output, state }
}

/// Text on one line, cut where it is long.
pub(super) fn one_line(text: &str, columns: usize) -> String {
    fit(&text.split_whitespace().collect::<Vec<_>>().join(" "), columns)
}

fn how(ended: &Ended) -> String {
    let cost = match ended.spent.total() {
        Some(usd) => format!("${usd:.4}"),
        None => "at a cost that is not known".to_owned(),
    };
    let steps = match ended.steps.len() {
        1 => "1 step".to_owned(),
        steps => format!("{steps} steps"),
    };
    let trouble = ended.trouble.as_ref().map(|trouble| format!(": {trouble}")).unwrap_or_default();
    let word = match ended.reason {
        EndReason::Done => "is done".to_owned(),
        EndReason::Failed => format!("FAILED{trouble}"),
        EndReason::Budget => format!("stopped at its budget{trouble}"),
        EndReason::Interrupted => "was interrupted by the user".to_owned(),
    };
    format!("{word} ({steps}, {cost})")
}

fn stays(ended: &Ended) -> String {
    let branch = ended.branch.as_deref().unwrap_or_default();
    format!("All of it is committed on {branch}: `git diff HEAD...{branch}` shows it.\n")
}

fn end_state(reason: EndReason) -> ChildState {
    match reason {
        EndReason::Done => ChildState::Done,
        EndReason::Failed | EndReason::Budget => ChildState::Failed,
        EndReason::Interrupted => ChildState::Interrupted,
    }
}

fn list(text: &mut String, changed: &DiffStat) {
    for file in changed.files.iter().take(LISTED) {
        text.push_str(&format!("  {} +{} -{}\n", file.path.display(), file.insertions, file.deletions));
    }
    if changed.files.len() > LISTED {
        text.push_str(&format!("  … and {} more\n", changed.files.len() - LISTED));
    }
}
