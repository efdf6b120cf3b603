//! Branches and their worktrees, taken for a session: no other process works on one meanwhile.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::{BranchName, Place};
use crate::agent::Failure;
use crate::agent::journal::{JournalError, SessionLock};
use crate::chat::ErrorClass;
use crate::git::{CommitId, GitError, Repo, Worktree};

/// How often a name is made up before giving in to whoever takes them all.
const NAME_TRIES: u32 = 16;

/// A branch that no other process may work on meanwhile: its session may not be known to git yet.
pub(super) struct HeldBranch {
    pub name: String,
    pub lock: SessionLock,
}

/// The name of the lock of a branch, among those of sessions.
pub(super) fn lock_name(branch: &str) -> String {
    format!("branch-{}", branch.replace('%', "%25").replace('/', "%2F"))
}

fn hold(place: &Place, branch: &str) -> Result<HeldBranch, Failure> {
    let name = lock_name(branch);
    let lock = SessionLock::take(&place.journals(), &name).map_err(|error| match &error {
        JournalError::Locked { .. } => {
            let message = format!("branch {branch} is open in another offshoot process");
            Failure::new(ErrorClass::Internal, message).hint(error.hint())
        }
        JournalError::Io { .. } => error.into(),
    })?;
    Ok(HeldBranch { name: branch.to_owned(), lock })
}

/// The worktree of a branch that stands already.
pub(super) fn attach(place: &Place, branch: &str) -> Result<(HeldBranch, Worktree), Failure> {
    let held = hold(place, branch)?;
    let worktree = place.repo.attach_worktree(branch, &folder(place, branch)?)?;
    Ok((held, worktree))
}

/// A new branch in a worktree of its own. A made-up name that another process took in the meantime is
/// made up again.
pub(super) fn create(
    place: &Place,
    branch: &BranchName,
    base: Option<&CommitId>,
) -> Result<(HeldBranch, Worktree), Failure> {
    match branch {
        BranchName::Given(name) => {
            place.repo.check_branch_name(name)?;
            create_at(place, name, base)?
        }
        BranchName::From(words) => create_free(place, &|repo| repo.branch_name(words), base),
    }
}

/// The same for work that the branch `parent` gives away.
pub(super) fn create_child(
    place: &Place,
    parent: &str,
    words: &str,
    base: &CommitId,
) -> Result<(HeldBranch, Worktree), Failure> {
    create_free(place, &|repo| repo.child_branch_name(parent, words), Some(base))
}

fn create_free(
    place: &Place,
    name: &dyn Fn(&Repo) -> Result<String, GitError>,
    base: Option<&CommitId>,
) -> Result<(HeldBranch, Worktree), Failure> {
    let mut tries = 0;
    loop {
        tries += 1;
        match create_at(place, &name(&place.repo)?, base) {
            Err(GitError::RefExists { .. } | GitError::PathOccupied { .. }) if tries < NAME_TRIES => {}
            created => return created?,
        }
    }
}

/// Apart: that the name is taken already, and that the branch could not be held.
fn create_at(
    place: &Place,
    name: &str,
    base: Option<&CommitId>,
) -> Result<Result<(HeldBranch, Worktree), Failure>, GitError> {
    let worktree = place.repo.create_worktree(name, base, &folder(place, name)?)?;
    Ok(hold(place, name).map(|held| (held, worktree)))
}

/// Git stumbles over a worktree that another process is making at the same moment: ours are made one after
/// the other. Held until the file is dropped.
pub(super) fn lock_worktrees(path: &Path) -> Result<File, Failure> {
    let failed = |error: io::Error| {
        let message = format!("cannot lock {}: {error}", path.display());
        Failure::new(ErrorClass::Internal, message).hint("check the permissions of the state directory")
    };
    let file = File::options().create(true).append(true).open(path).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

/// The folder of a branch's worktree: the one that it has, else one where nothing is in the way, such as
/// what a repository left that stood at the same place before. Branches that differ in their slashes only
/// get folders of their own.
fn folder(place: &Place, branch: &str) -> Result<PathBuf, GitError> {
    let root = place.worktrees();
    let held =
        place.repo.worktrees()?.into_iter().find(|held| {
            held.branch.as_deref() == Some(branch) && !held.is_main && held.path.starts_with(&root)
        });
    if let Some(held) = held {
        return Ok(held.path);
    }
    let short = branch.strip_prefix("offshoot/").unwrap_or(branch);
    let name = short.replace('%', "%25").replace('/', "%2F");
    let numbered = (2..).map(|number| root.join(format!("{name}-{number}")));
    let free = std::iter::once(root.join(&name)).chain(numbered).find(|path| !path.exists());
    Ok(free.unwrap_or_else(|| root.join(name)))
}

pub(super) fn head_of(worktree: &Worktree) -> Result<CommitId, Failure> {
    worktree.head()?.ok_or_else(|| {
        Failure::new(ErrorClass::Internal, format!("branch \"{}\" has no commit", worktree.branch()))
    })
}
