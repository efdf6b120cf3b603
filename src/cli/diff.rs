//! `offshoot diff`: what changed, as a patch, as figures, as names or as JSON.

use std::io::IsTerminal;
use std::sync::Arc;

use serde_json::json;

use super::args::{AgentArgs, Common, DiffArgs, WhatArgs};
use super::output::{self, Tone, toned};
use super::{Done, Trouble, base, place};
use crate::chat::sanitise;
use crate::git::{ChangeKind, DiffStat};
use crate::workbench::Place;
use crate::workbench::history;
use crate::workbench::review::{self, Range};
use crate::workbench::words::{count, path_text};

/// Columns of a path in the list of figures.
const PATH_COLUMNS: usize = 60;

pub(super) async fn run(common: &Common, args: &DiffArgs) -> Done {
    let base = base(common, &AgentArgs::default())?;
    let place = place(common, &base).await?;
    let range = range(&place, &args.what, args.second.clone()).await?;
    let ends = review::ends_of(&place, range).await?;
    let (from, to) = (ends.from.clone(), ends.to.clone());
    let stat = || review::changes(&place, from.clone(), to.clone());
    if common.json {
        let stat = stat().await?;
        let patch = review::patch(&place, from.clone(), to.clone()).await?;
        output::print_json(&json!({
            "from": from, "to": to, "title": ends.title,
            "files": stat.files.iter().map(|file| json!({
                "path": path_text(&file.path), "old_path": file.old_path.as_deref().map(path_text), "change": change(file.kind),
                "insertions": file.insertions, "deletions": file.deletions, "binary": file.binary,
            })).collect::<Vec<_>>(),
            "insertions": stat.insertions, "deletions": stat.deletions,
            "patch": String::from_utf8_lossy(&patch),
        }));
    } else if args.name_only {
        let stat = stat().await?;
        let names = stat.files.iter().map(|file| format!("{}\n", shown(&file.path.display().to_string())));
        output::print(&names.collect::<String>());
    } else if args.stat {
        output::print(&figures(&stat().await?));
    } else {
        let patch = review::patch(&place, from.clone(), to.clone()).await?;
        if std::io::stdout().is_terminal() {
            output::print(&coloured(&String::from_utf8_lossy(&patch)));
        } else {
            output::print_bytes(&patch);
        }
    }
    Ok(0)
}

/// What is meant: one step, one turn, a branch since it began, or one state against another.
pub(super) async fn range(
    place: &Arc<Place>,
    what: &WhatArgs,
    second: Option<String>,
) -> Result<Range, Trouble> {
    let (first, second) = match (&what.rev, second) {
        (Some(first), None) => match first.split_once("..") {
            Some((a, b)) => (Some(a.to_owned()), Some(b.to_owned())),
            None => (Some(first.clone()), None),
        },
        (first, second) => (first.clone(), second),
    };
    match (first, second, &what.step, what.turn) {
        (None, None, Some(step), None) => Ok(Range::Step(step.clone())),
        (rev, None, None, Some(turn)) => {
            let session = match rev {
                Some(rev) => rev,
                None => history::load(place, None).await?.0.id,
            };
            Ok(Range::Turn { session, turn })
        }
        (rev, None, None, None) => Ok(Range::Whole(rev)),
        (Some(from), Some(to), None, None) => Ok(Range::Between { from: Some(from), to }),
        _ => Err(Trouble::usage(
            "--step and --turn say what is compared: no second state goes with them",
            "give `A B`, or `[BRANCH] --turn N`, or `--step HASH`",
        )),
    }
}

/// A change as one word.
pub(super) fn change(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "added",
        ChangeKind::Modified => "modified",
        ChangeKind::Deleted => "deleted",
        ChangeKind::Renamed => "renamed",
        ChangeKind::ModeChanged => "mode changed",
        ChangeKind::TypeChanged => "type changed",
    }
}

/// For a terminal, without what it would obey; as it is for a program.
fn shown(text: &str) -> String {
    if std::io::stdout().is_terminal() { sanitise(text).into_owned() } else { text.to_owned() }
}

fn figures(stat: &DiffStat) -> String {
    let mut text = String::new();
    let name = |file: &crate::git::FileChange| match &file.old_path {
        Some(old) => format!("{} → {}", old.display(), file.path.display()),
        None => file.path.display().to_string(),
    };
    let width = stat.files.iter().map(|file| name(file).chars().count()).max().unwrap_or(0).min(PATH_COLUMNS);
    for file in &stat.files {
        let what = match (file.binary, file.kind) {
            (true, _) => "binary".to_owned(),
            (false, ChangeKind::ModeChanged) => "mode".to_owned(),
            (false, _) => {
                let plus = toned(&format!("+{}", file.insertions), Tone::Good);
                format!("{plus} {}", toned(&format!("-{}", file.deletions), Tone::Bad))
            }
        };
        text.push_str(&format!(" {:<width$} | {what}\n", shown(&name(file))));
    }
    text.push_str(&format!(
        " {} changed, +{} -{}\n",
        count(stat.files.len(), "file"),
        stat.insertions,
        stat.deletions
    ));
    text
}

/// A patch for a person at a terminal.
fn coloured(patch: &str) -> String {
    let mut text = String::with_capacity(patch.len() * 2);
    let mut in_hunk = false;
    for line in patch.lines() {
        let shown = sanitise(line);
        in_hunk = (in_hunk || line.starts_with("@@")) && !line.starts_with("diff --git ");
        let tone = match line.as_bytes().first() {
            Some(b'@') if line.starts_with("@@") => Some(Tone::Quiet),
            Some(b'+') if in_hunk => Some(Tone::Good),
            Some(b'-') if in_hunk => Some(Tone::Bad),
            _ if !in_hunk => Some(Tone::Strong),
            _ => None,
        };
        match tone {
            Some(tone) => text.push_str(&toned(&shown, tone)),
            None => text.push_str(&shown),
        }
        text.push('\n');
    }
    text
}
