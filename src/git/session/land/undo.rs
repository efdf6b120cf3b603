//! Taking a landing back, as long as nothing came after it.

use std::path::PathBuf;

use super::apply::BEFORE;
use crate::git::session::keep::{kept, release};
use crate::git::session::{Kept, SessionError};
use crate::git::{CommitId, DiffStat, Repo};

/// What taking back the last landing in a branch means.
#[derive(Debug, Clone, PartialEq)]
pub struct LandUndo {
    pub branch: String,
    /// The branch's head now, and after.
    pub from: CommitId,
    pub to: CommitId,
    /// What changes in the branch.
    pub stat: DiffStat,
    kept: Kept,
}

/// What it would mean to take back what was landed last. Without a branch, in the one that the user has checked out.
///
/// # Errors
/// When nothing was landed there, or something came after it.
pub fn land_undo_plan(repo: &Repo, branch: Option<&str>) -> Result<LandUndo, SessionError> {
    let branch = match branch {
        Some(name) => name.strip_prefix("refs/heads/").unwrap_or(name).to_owned(),
        None => repo.head()?.branch.ok_or(SessionError::NoTarget)?,
    };
    let nothing = || SessionError::NothingLanded { branch: branch.clone() };
    let from = repo.read_ref(&format!("refs/heads/{branch}"))?.ok_or_else(nothing)?;
    let kept = kept(repo)?.into_iter().find(|kept| kept.why == BEFORE && kept.tip.as_ref() == Some(&from));
    let kept = kept.ok_or_else(nothing)?;
    let stat = repo.diff(Some(&from), &kept.commit)?;
    Ok(LandUndo { branch, from, to: kept.commit.clone(), stat, kept })
}

/// Does it. Gives the work trees whose files went along.
///
/// # Errors
/// When the branch moved since, or something of the user's would be lost. Then nothing is changed.
pub fn land_undo(repo: &Repo, plan: &LandUndo) -> Result<Vec<PathBuf>, SessionError> {
    // What was landed stays reachable.
    let name = crate::git::session::keep(repo, &plan.kept.session, &plan.from, "unland")?;
    let carried = repo.carry(&plan.branch, Some(&plan.from), &plan.to, "offshoot: a landing taken back");
    match carried {
        Ok(carried) => {
            release(repo, &plan.kept)?;
            Ok(carried.into_iter().map(|checkout| checkout.path).collect())
        }
        Err(error) => {
            crate::git::session::keep::release_name(repo, &name)?;
            Err(error.into())
        }
    }
}
