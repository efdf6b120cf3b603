//! What lies around offshoot: settings, git, the terminal, the sandbox, folders, the ledger.

use std::time::Duration;

use super::{Check, CheckState};
use crate::git::{Engine, GitError, Owner};
use crate::tools::shell::{self, Sandbox};
use crate::workbench::Base;

/// No git is at work for so long.
const LONG_AGO: Duration = Duration::from_secs(600);

pub(super) fn settings(base: &Base) -> Check {
    let warnings = &base.loaded.warnings;
    match warnings.first() {
        None => {
            let file = &base.loaded.user_file;
            let there = if file.exists() { "" } else { " (not there: the shipped settings hold)" };
            Check::new("settings", CheckState::Ok, format!("{}{there}", file.display()), None)
        }
        Some(first) => {
            let more = warnings.len() - 1;
            let and = if more > 0 { format!(" (and {more} more)") } else { String::new() };
            let message = format!("{}{and}", first.message);
            Check::new("settings", CheckState::Warn, message, Some(first.hint.clone()))
        }
    }
}

pub(super) fn git(base: &Base) -> Check {
    match &base.repo {
        Ok(repo) => {
            let by = match repo.engine() {
                Engine::Library => "in this process".to_owned(),
                Engine::Program { because } => format!("by the git program ({because})"),
            };
            Check::new("git", CheckState::Ok, format!("{}, served {by}", repo.checkout().display()), None)
        }
        Err(error) => {
            let state = match **error {
                GitError::NotARepository { .. } => CheckState::Skipped,
                _ => CheckState::Fail,
            };
            Check::new("git", state, error.to_string(), error.hint())
        }
    }
}

/// Locks of git that were left behind. Those of a git at work come and go.
pub(super) async fn locks(base: &Base) -> Option<Check> {
    let repo = base.repo.clone().ok()?;
    let locks = tokio::task::spawn_blocking(move || repo.locks()).await.ok()?;
    let left = locks.into_iter().find(|lock| lock.owner == Owner::Nobody || lock.age > LONG_AGO);
    Some(match left {
        None => Check::new("locks", CheckState::Ok, "no lock of git is left behind", None),
        Some(lock) => Check::new("locks", CheckState::Warn, lock.to_string(), Some(lock.hint())),
    })
}

/// The terminal as the environment tells of it. A report that is piped or read by a program needs none.
pub(super) fn terminal(base: &Base) -> Check {
    let env = &base.options.env;
    let Some(term) = env.get("TERM") else {
        return Check::new("terminal", CheckState::Skipped, "TERM is not set: this is no terminal", None);
    };
    if term == "dumb" {
        let hint = "the screen needs more than this; `offshoot --plain` works here".to_owned();
        return Check::new("terminal", CheckState::Warn, "TERM is dumb", Some(hint));
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| env.get(name)).unwrap_or_default();
    let is_utf8 = |name: &str| name.to_ascii_lowercase().replace('-', "").contains("utf8");
    if !locale.is_empty() && !is_utf8(locale) {
        let hint = "lines and marks may come out wrong; set LANG to a UTF-8 locale".to_owned();
        let message = format!("{term}, but the locale {locale} is not UTF-8");
        return Check::new("terminal", CheckState::Warn, message, Some(hint));
    }
    let colours = match env.get("COLORTERM") {
        Some("truecolor" | "24bit") => ", all colours",
        _ if term.contains("256color") => ", 256 colours",
        _ => "",
    };
    Check::new("terminal", CheckState::Ok, format!("{term}{colours}"), None)
}

pub(super) fn sandbox(base: &Base) -> Check {
    if !base.services.settings.sandbox.enabled {
        return Check::new("sandbox", CheckState::Warn, "turned off in the settings", None);
    }
    match shell::probe() {
        Sandbox::Available => {
            Check::new("sandbox", CheckState::Ok, "commands of agents are confined to their worktree", None)
        }
        Sandbox::Unavailable(reason) => {
            let hint = "commands run unconfined; use permissions ask, or a newer kernel".to_owned();
            Check::new("sandbox", CheckState::Warn, reason, Some(hint))
        }
    }
}

pub(super) fn folders(base: &Base) -> Vec<Check> {
    let paths = base.paths();
    [("data", &paths.data), ("state", &paths.state), ("cache", &paths.cache)]
        .into_iter()
        .map(|(id, path)| {
            // The first folder above that exists is where one would be made.
            let there = path.ancestors().find(|folder| folder.exists());
            let writable =
                there.is_some_and(|folder| rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok());
            let shown = path.display().to_string();
            if writable {
                Check::new(id, CheckState::Ok, shown, None)
            } else {
                let hint = format!("check its permissions, or set OFFSHOOT_{}_DIR", id.to_uppercase());
                Check::new(id, CheckState::Fail, format!("{shown} cannot be written"), Some(hint))
            }
        })
        .collect()
}

pub(super) fn ledger(base: &Base) -> Check {
    let ledger = &base.services.ledger;
    let shown = ledger.path().display().to_string();
    match ledger.check() {
        Ok(report) if report.bad.is_empty() => {
            Check::new("ledger", CheckState::Ok, format!("{shown}: {} entries", report.entries), None)
        }
        Ok(report) => {
            let message = format!(
                "{shown}: {} of {} lines cannot be read",
                report.bad.len(),
                report.entries + report.bad.len()
            );
            let hint = "`offshoot ledger verify` lists them; they are passed over".to_owned();
            Check::new("ledger", CheckState::Warn, message, Some(hint))
        }
        Err(error) => {
            Check::new("ledger", CheckState::Warn, error.to_string(), Some(error.hint().to_owned()))
        }
    }
}
