//! Conflicts that somebody is to resolve on a branch of its own: it begins with a merge of the target into the session's
//! work, in which both versions stand between markers.

use super::basis::{basis, goal, source};
use super::words::one_line;
use super::{LandHow, LandWish};
use crate::git::codec::Stamp;
use crate::git::session::SessionError;
use crate::git::{CommitId, Conflict, Repo};

/// The trailer that names the branch for which conflicts are resolved.
const RESOLVES: &str = "Offshoot-Resolves";

/// What stands above the list of what conflicts, in the message of the commit with which resolving begins.
pub(super) const LIST: &str = "To be resolved:";

/// Where resolving begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolving {
    /// What is to be landed, as people call it.
    pub name: String,
    pub session: Option<String>,
    /// The branch for which it is resolved.
    pub into: String,
    /// A merge of the target's head into the work's, written for it.
    pub base: CommitId,
    /// Ours is the work, theirs the target.
    pub conflicts: Vec<Conflict>,
}

/// Writes the commit with which resolving begins. No reference is moved.
///
/// # Errors
/// When nothing conflicts.
pub fn resolving(repo: &Repo, wish: &LandWish) -> Result<Resolving, SessionError> {
    let source = source(repo, wish.rev.as_deref())?;
    let goal = goal(repo, wish, &source)?;
    let calm = |why: &str| SessionError::NothingToLand {
        name: source.name.clone(),
        into: goal.branch.clone(),
        why: why.to_owned(),
    };
    if let LandHow::Pick(_) = wish.how {
        return Err(calm("steps that are picked one by one are not resolved for you: land the whole branch"));
    }
    let Some(tip) = goal.tip.as_ref() else { return Err(calm("there is nothing to conflict with")) };
    let basis = basis(repo, &source, Some(tip))?;
    let merged = match &basis.base {
        Some(base) => repo.merge_from(base, &source.head, tip)?,
        None => repo.merge(&source.head, tip)?,
    };
    if merged.is_clean() {
        return Err(calm("there is no conflict: land it"));
    }
    let listed: String = merged
        .conflicts
        .iter()
        .map(|conflict| {
            // A name may hold a newline, and what follows look like our trailer.
            let path = one_line(&conflict.path.to_string_lossy());
            format!("- {path}: {}\n", conflict.kind.words())
        })
        .collect();
    let message = format!(
        "Merge {} into {}, with conflicts\n\n{LIST}\n{listed}\n{RESOLVES}: {}\n",
        goal.branch, source.name, goal.branch
    );
    let base = repo.write_commit(&merged.tree, &[source.head.clone(), tip.clone()], &message)?;
    Ok(Resolving {
        name: source.name,
        session: source.stamp.map(|stamp| stamp.session),
        into: goal.branch,
        base,
        conflicts: merged.conflicts,
    })
}

/// The branch for which conflicts were resolved in a session, if that is what it was made for.
pub fn resolved_for(
    repo: &Repo,
    head: &CommitId,
    stamp: Option<&Stamp>,
) -> Result<Option<String>, SessionError> {
    let Some(origin) = stamp.and_then(|stamp| stamp.forked_from.as_ref()) else { return Ok(None) };
    let Ok(base) = CommitId::parse(&origin.commit) else { return Ok(None) };
    if !repo.leads_to(head, &base) {
        return Ok(None);
    }
    let message = repo.commit(&base)?.message;
    let told = message.lines().find_map(|line| line.strip_prefix(RESOLVES)?.strip_prefix(": "));
    Ok(told.map(|branch| branch.trim().to_owned()))
}
