//! Carrying a plan out: objects first, then the heads that are kept, then files and the branch together.

use std::path::PathBuf;

use super::{Blocked, LandHow, LandPlan};
use crate::git::session::keep::{keep_with_tip, release_name};
use crate::git::session::{SessionError, keep};
use crate::git::{CommitId, Expect, GitError, Repo};

/// Whose heads are kept of a branch that no session worked on.
const NOBODY: &str = "landed";

/// What was landed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LandedAs {
    /// The commits that were written, oldest first.
    pub commits: Vec<CommitId>,
    /// The branch's head now.
    pub commit: CommitId,
    pub into: String,
    /// Its head before.
    pub before: Option<CommitId>,
    /// The work trees whose files went along.
    pub checkouts: Vec<PathBuf>,
    /// The ref that keeps the head which was landed.
    pub kept: String,
}

/// Does what a plan says. `known` are secrets to mask in its words.
///
/// # Errors
/// When the plan cannot be carried out, or one of the branches moved since it was made. Then nothing is changed.
pub fn land_apply(repo: &Repo, plan: &LandPlan, known: &[String]) -> Result<LandedAs, SessionError> {
    refuse(plan)?;
    if let Some(name) = &plan.source {
        let found = repo.read_ref(name)?;
        if found.as_ref() != Some(&plan.head) {
            let (name, expected) = (name.clone(), Some(plan.head.clone()));
            return Err(GitError::RefMoved { name, expected, found }.into());
        }
    }
    let mut at = plan.tip.clone();
    let mut commits = Vec::new();
    for draft in &plan.drafts {
        let parents: Vec<CommitId> = at.iter().chain(&draft.parents).cloned().collect();
        let message = match &draft.message {
            Some(message) => message.clone(),
            None => plan.record.message(&plan.message, known),
        };
        let commit = repo.write_commit(&draft.tree, &parents, &message)?;
        commits.push(commit.clone());
        at = Some(commit);
    }
    let nothing = || SessionError::NothingToLand {
        name: plan.name.clone(),
        into: plan.into.clone(),
        why: "it comes to no commit".to_owned(),
    };
    let commit = at.filter(|_| !commits.is_empty()).ok_or_else(nothing)?;
    let owner = plan.session.as_deref().unwrap_or(NOBODY);
    let mut kept = vec![keep(repo, owner, &plan.head, "land")?];
    if let Some(before) = plan.tip.as_ref().filter(|_| !plan.makes_branch) {
        kept.push(keep_with_tip(repo, owner, before, Some(&commit), BEFORE)?);
    }
    match move_branch(repo, plan, &commit) {
        Ok(checkouts) => {
            let kept = kept.swap_remove(0);
            let (into, before) = (plan.into.clone(), plan.tip.clone().filter(|_| !plan.makes_branch));
            Ok(LandedAs { commits, commit, into, before, checkouts, kept })
        }
        Err(error) => {
            for name in kept {
                release_name(repo, &name)?;
            }
            Err(error.into())
        }
    }
}

/// Why a head is kept: it is where a branch stood before something was landed in it.
pub(super) const BEFORE: &str = "target";

fn move_branch(repo: &Repo, plan: &LandPlan, commit: &CommitId) -> Result<Vec<PathBuf>, GitError> {
    let reason = match &plan.how {
        LandHow::Squash => format!("offshoot: landed {}", plan.name),
        LandHow::Merge => format!("offshoot: merged {}", plan.name),
        LandHow::Pick(_) => format!("offshoot: picked from {}", plan.name),
    };
    if plan.makes_branch {
        repo.update_ref(&format!("refs/heads/{}", plan.into), commit, Expect::Absent, &reason)?;
        return Ok(Vec::new());
    }
    let carried = repo.carry(&plan.into, plan.tip.as_ref(), commit, &reason)?;
    Ok(carried.into_iter().map(|checkout| checkout.path).collect())
}

fn refuse(plan: &LandPlan) -> Result<(), SessionError> {
    if !plan.conflicts.is_empty() {
        return Err(SessionError::Conflicts {
            name: plan.name.clone(),
            into: plan.into.clone(),
            conflicts: plan.conflicts.clone(),
        });
    }
    if !plan.unresolved.is_empty() {
        return Err(SessionError::Unresolved { name: plan.name.clone(), paths: plan.unresolved.clone() });
    }
    if !plan.untouched.is_empty() {
        return Err(SessionError::Untouched { name: plan.name.clone(), paths: plan.untouched.clone() });
    }
    for fate in &plan.checkouts {
        let path = fate.path.clone();
        match &fate.blocked {
            None => {}
            Some(Blocked::UnderWay(doing)) => return Err(GitError::UnderWay { path, doing }.into()),
            Some(Blocked::InTheWay(obstacles)) => {
                return Err(GitError::InTheWay { path, obstacles: obstacles.clone() }.into());
            }
        }
    }
    Ok(())
}
