//! Where a CLI may write and what it may read, from what the tab's commands may and what its profile asks for. The
//! helper enforces it.

use std::path::{Path, PathBuf};

use super::profile::Profile;
use super::{CliJob, GitPlaces};
use crate::backends::BackendError;
use crate::chat::ErrorClass;
use crate::tools::shell::{Environment, Network, SandboxPolicy};

/// What a run may do to the worktree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Look,
    Work,
}

/// The sandbox of a run. `env` is what the CLI gets.
///
/// # Errors
/// When the user closed the network to commands: a CLI and its commands have the same one.
pub(super) fn sandbox(
    id: &str,
    profile: &Profile,
    job: &CliJob,
    env: &Environment,
    tab: &SandboxPolicy,
    access: Access,
) -> Result<SandboxPolicy, BackendError> {
    if tab.network == Network::Closed {
        let message = format!("backend \"{id}\" cannot reach its model: commands have no network here");
        let hint = "set sandbox.network = true, or use a backend that offshoot calls itself";
        return Err(BackendError::new(ErrorClass::NotFound, message).with_hint(hint));
    }
    let mut writable = tab.writable.clone();
    writable.push(job.temporary.clone());
    writable.extend(profile.writable.iter().filter_map(|place| state(place, env)));
    match access {
        Access::Work => {
            writable.push(job.dir.clone());
            writable.extend(job.git.iter().flat_map(git));
        }
        Access::Look => {
            let dir = real(&job.dir);
            // A place around the worktree would open it, and so would one within.
            writable.retain(|place| {
                let place = real(place);
                !dir.starts_with(&place) && !place.starts_with(&dir)
            });
        }
    }
    let needs: Vec<PathBuf> = profile.needs.iter().filter_map(|place| below(place, env)).collect();
    let mut policy = SandboxPolicy { writable, ..tab.clone() };
    policy.hidden.retain(|hidden| !needs.contains(hidden));
    Ok(policy)
}

/// What makes git in the CLI's hands leave alone what is the user's: no hooks, no signatures, no housekeeping, and
/// no name of theirs on its commits.
pub(super) fn git_variables() -> impl Iterator<Item = (String, String)> {
    const SETTINGS: &[(&str, &str)] = &[
        ("user.name", "offshoot"),
        ("user.email", "offshoot@localhost"),
        ("core.hooksPath", "/dev/null"),
        ("core.fsmonitor", "false"),
        ("commit.gpgSign", "false"),
        ("tag.gpgSign", "false"),
        ("gc.auto", "0"),
        ("maintenance.auto", "false"),
    ];
    let count = ("GIT_CONFIG_COUNT".to_owned(), SETTINGS.len().to_string());
    std::iter::once(count).chain(SETTINGS.iter().enumerate().flat_map(|(at, (name, value))| {
        [
            (format!("GIT_CONFIG_KEY_{at}"), (*name).to_owned()),
            (format!("GIT_CONFIG_VALUE_{at}"), (*value).to_owned()),
        ]
    }))
}

/// What `git commit` in the worktree writes to: never settings, hooks or the branches of others.
fn git(places: &GitPlaces) -> Vec<PathBuf> {
    let mut writable = vec![places.common.join("objects"), places.own.clone()];
    let folder = Path::new(&places.branch).parent().filter(|folder| folder.components().count() > 2);
    // The folder of a branch without one holds all branches of the user's: it stays closed.
    for dir in folder.into_iter().flat_map(|at| [places.common.join(at), places.common.join("logs").join(at)])
    {
        // One that cannot be made is missing in the sandbox, and git says so.
        let _ = std::fs::create_dir_all(&dir);
        writable.push(dir);
    }
    writable
}

/// A place of the CLI's own; a directory is there afterwards.
fn state(place: &str, env: &Environment) -> Option<PathBuf> {
    let path = below(place, env)?;
    if place.ends_with('/') {
        // A rule of the sandbox can only name what exists.
        let _ = std::fs::create_dir_all(&path);
    }
    Some(path)
}

/// `~/…` below the home that the CLI gets, `$NAME/…` below a variable's value, or an absolute path.
fn below(place: &str, env: &Environment) -> Option<PathBuf> {
    let (variable, rest) = match place.strip_prefix('$') {
        Some(place) => place.split_once('/').unwrap_or((place, "")),
        None => match place.strip_prefix("~/") {
            Some(rest) => ("HOME", rest),
            None => return Some(PathBuf::from(place)).filter(|path| path.is_absolute()),
        },
    };
    let base = env.get(variable).filter(|value| !value.is_empty())?;
    // Without a slash at its end, as it stands in lists.
    Some(Path::new(base).join(rest).components().collect()).filter(|path: &PathBuf| path.is_absolute())
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
