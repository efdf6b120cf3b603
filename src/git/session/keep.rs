//! Heads that a session moved away from, each on a ref of its own, so that nothing is ever lost.

use std::time::{SystemTime, UNIX_EPOCH};

use super::load::find;
use super::{KEPT, SessionError};
use crate::git::{CommitId, Expect, GitError, Repo};

/// Why a head is kept that nobody moved away from.
const CLOSE: &str = "close";
/// Marks the ref of a session's tip that is kept beside the head of its branch.
const TIP: &str = ".tip";

/// A kept head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The full name of its ref.
    pub name: String,
    pub session: String,
    pub commit: CommitId,
    /// The end of the conversation then, where that was said after the last step.
    pub tip: Option<CommitId>,
    /// One word: `undo`, `redo`, `close`, `land`, `crash`, `moved`, `uncommitted` …
    pub why: String,
    /// When, in milliseconds since 1970.
    pub at: u64,
}

/// Keeps a commit under `refs/offshoot/kept/<session>/<milliseconds>-<why>`, and gives that name.
pub fn keep(repo: &Repo, session: &str, commit: &CommitId, why: &str) -> Result<String, SessionError> {
    keep_with_tip(repo, session, commit, None, why)
}

/// The same, with the end of the conversation where that is another commit.
pub(super) fn keep_with_tip(
    repo: &Repo,
    session: &str,
    commit: &CommitId,
    tip: Option<&CommitId>,
    why: &str,
) -> Result<String, SessionError> {
    let why: String = why.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    // A clock that was set back must not put the newest head below an older one.
    let last = of_session(repo, session)?.first().map_or(0, |kept| kept.at);
    let mut at = u64::try_from(now).unwrap_or_default().max(last + 1);
    loop {
        let name = format!("{KEPT}{session}/{at}-{why}");
        match repo.update_ref(&name, commit, Expect::Absent, "offshoot: kept") {
            Err(GitError::RefExists { .. }) => at += 1,
            Err(error) => return Err(error.into()),
            Ok(()) => {
                if let Some(tip) = tip.filter(|tip| *tip != commit) {
                    repo.update_ref(&format!("{name}{TIP}"), tip, Expect::Any, "offshoot: kept")?;
                }
                return Ok(name);
            }
        }
    }
}

/// Keeps the head of a session that is closed, in place of the one that was kept when it was closed before.
/// What landed needs nobody to keep it.
pub fn keep_closed(repo: &Repo, session: &str) -> Result<(), SessionError> {
    let place = find(repo, Some(session))?;
    if let Some(into) = repo.head()?.commit
        && repo.is_ancestor(&place.head, &into)?
    {
        return Ok(());
    }
    let before: Vec<Kept> = of_session(repo, session)?.into_iter().filter(|kept| kept.why == CLOSE).collect();
    if before.first().is_some_and(|kept| kept.commit == place.head) {
        return Ok(());
    }
    keep_with_tip(repo, session, &place.head, Some(&place.tip), CLOSE)?;
    for kept in before {
        // One that the new head does not hold is somebody's only way back.
        if repo.is_ancestor(&kept.commit, &place.head)? {
            release(repo, &kept)?;
        }
    }
    Ok(())
}

/// All kept heads, newest first.
pub fn kept(repo: &Repo) -> Result<Vec<Kept>, SessionError> {
    under(repo, KEPT)
}

pub(super) fn of_session(repo: &Repo, session: &str) -> Result<Vec<Kept>, SessionError> {
    under(repo, &format!("{KEPT}{session}/"))
}

/// Lets go of a kept head.
pub(super) fn release(repo: &Repo, kept: &Kept) -> Result<(), SessionError> {
    repo.delete_ref(&kept.name, Expect::At(&kept.commit))?;
    repo.delete_ref(&format!("{}{TIP}", kept.name), Expect::Any)?;
    Ok(())
}

/// Lets go of a kept head by the name of its ref.
pub(super) fn release_name(repo: &Repo, name: &str) -> Result<(), SessionError> {
    repo.delete_ref(name, Expect::Any)?;
    repo.delete_ref(&format!("{name}{TIP}"), Expect::Any)?;
    Ok(())
}

fn under(repo: &Repo, prefix: &str) -> Result<Vec<Kept>, SessionError> {
    let refs = repo.refs(prefix)?;
    let mut found: Vec<Kept> = refs
        .iter()
        .filter(|(name, _)| !name.ends_with(TIP))
        .filter_map(|(name, commit)| {
            let (session, last) = name.strip_prefix(KEPT)?.split_once('/')?;
            let (at, why) = last.split_once('-')?;
            let tip_name = format!("{name}{TIP}");
            let tip = refs.iter().find(|(name, _)| *name == tip_name).map(|(_, tip)| tip.clone());
            Some(Kept {
                name: name.clone(),
                session: session.into(),
                commit: commit.clone(),
                tip,
                why: why.into(),
                at: at.parse().ok()?,
            })
        })
        .collect();
    found.sort_by_key(|kept| std::cmp::Reverse(kept.at));
    Ok(found)
}
