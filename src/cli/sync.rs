//! `offshoot push` and `offshoot fetch`: sessions to a remote and from one.

use std::io::IsTerminal;

use serde_json::{Value, json};

use super::args::{AgentArgs, Common, FetchArgs, PushArgs};
use super::output::{self, Tone, toned};
use super::{Done, FAILED, Trouble, base, place};
use crate::chat::sanitise;
use crate::workbench::sync::{self, Came, Synced, Which};
use crate::workbench::words::count;

pub(super) async fn push(common: &Common, args: &PushArgs) -> Done {
    let base = base(common, &AgentArgs::default())?;
    let place = place(common, &base).await?;
    let mut names = args.what.clone();
    let mut remote = args.remote.clone();
    // As with git, the first word may be the remote.
    if remote.is_none()
        && let Some(first) = names.first()
        && (is_address(first) || sync::remotes(&place).await?.contains(first))
    {
        remote = Some(names.remove(0));
    }
    if args.all && !names.is_empty() {
        return Err(Trouble::usage("--all and names exclude each other", "leave one of them out"));
    }
    let which = match (args.all, names.is_empty()) {
        (true, _) => Which::All,
        (false, true) => Which::Last,
        (false, false) => Which::These(names),
    };
    let is_last = which == Which::Last;
    let synced = sync::push(&place, remote, which, can_ask()).await?;
    let code = tell(common, &synced);
    if is_last && !common.json && !common.quiet {
        output::note("only the session worked on last; --all sends every one, or name them");
    }
    Ok(code)
}

pub(super) async fn fetch(common: &Common, args: &FetchArgs) -> Done {
    let base = base(common, &AgentArgs::default())?;
    let place = place(common, &base).await?;
    let synced = sync::fetch(&place, args.remote.clone(), can_ask()).await?;
    let code = tell(common, &synced);
    let is_new = synced.sessions.iter().any(|one| one.came == Came::New);
    if is_new && !common.json && !common.quiet {
        output::note("`offshoot resume BRANCH` goes on with one");
    }
    Ok(code)
}

/// A name that can only be a place: a path or a URL.
fn is_address(word: &str) -> bool {
    word.contains("://") || word.starts_with(['/', '.']) || word.contains('@')
}

fn can_ask() -> bool {
    std::io::stdin().is_terminal()
}

/// Tells what came of it; a session that could not be moved makes it a failure.
fn tell(common: &Common, synced: &Synced) -> u8 {
    let is_done = synced.sessions.iter().all(|one| one.came.is_done());
    let code = if is_done { 0 } else { FAILED };
    if common.json {
        let rows: Vec<Value> = synced
            .sessions
            .iter()
            .map(|one| {
                let (theirs, reason) = match &one.came {
                    Came::Diverged { theirs } => (theirs.as_deref(), None),
                    Came::Held(why) => (None, Some(why)),
                    _ => (None, None),
                };
                json!({"session": one.session, "branch": one.branch, "title": one.title,
                       "state": one.came.name(), "theirs": theirs, "reason": reason})
            })
            .collect();
        output::print_json(&json!({"remote": synced.remote, "sessions": rows}));
        return code;
    }
    let mut text = String::new();
    for one in synced.sessions.iter().filter(|one| one.came != Came::Current) {
        let tone = if one.came.is_done() { Tone::Good } else { Tone::Bad };
        text.push_str(&format!("{}\n", toned(&sanitise(&one.told()), tone)));
    }
    let current = synced.sessions.iter().filter(|one| one.came == Came::Current).count();
    if current > 0 || synced.sessions.is_empty() {
        text.push_str(&format!(
            "{} up to date with {}\n",
            count(current, "session"),
            sanitise(&synced.remote)
        ));
    }
    output::print(&text);
    code
}
