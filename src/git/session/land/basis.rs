//! What is landed, into what, and from where on its changes count.

use super::{LandWish, resolved_for};
use crate::git::codec::{Stamp, frames};
use crate::git::session::load::{find, peek};
use crate::git::session::{SessionError, Target, WasLanded};
use crate::git::{CommitId, Repo};

/// What is landed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Source {
    pub name: String,
    pub head: CommitId,
    /// What the last step says of the session, where it is one's.
    pub stamp: Option<Stamp>,
}

/// The branch that it is landed in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Goal {
    pub branch: String,
    pub tip: Option<CommitId>,
    pub is_new: bool,
}

/// Where the changes to land begin.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Basis {
    /// Changes are told against this commit; without one, against where the histories parted.
    pub base: Option<CommitId>,
    pub before: Option<WasLanded>,
}

pub(super) fn source(repo: &Repo, rev: Option<&str>) -> Result<Source, SessionError> {
    let Some(rev) = rev else {
        let peek = peek(repo, None)?;
        let name = peek.stamp.branch.clone().unwrap_or_else(|| peek.head.short().to_owned());
        return Ok(Source { name, head: peek.head, stamp: Some(peek.stamp) });
    };
    let name = rev.strip_prefix("refs/heads/").unwrap_or(rev);
    let branch = repo.read_ref(&format!("refs/heads/{name}"))?;
    match (find(repo, Some(rev)).and_then(|place| Ok((place, peek(repo, Some(rev))?))), branch) {
        // A branch of the user's may stand on steps of a session and be none.
        (Ok((_, peek)), Some(head)) if peek.stamp.branch.as_deref() == Some(name) => {
            Ok(Source { name: name.to_owned(), head, stamp: Some(peek.stamp) })
        }
        (_, Some(head)) => Ok(Source { name: name.to_owned(), head, stamp: None }),
        (Ok((place, peek)), None) => {
            let is_whole = peek.head == place.head && peek.stamp.session == rev;
            let name = match (&peek.stamp.branch, is_whole) {
                (Some(branch), true) => branch.clone(),
                _ => rev.to_owned(),
            };
            Ok(Source { name, head: place.head, stamp: Some(peek.stamp) })
        }
        (Err(SessionError::NoSession { .. }), None) => {
            Ok(Source { name: rev.to_owned(), head: repo.resolve(rev)?, stamp: None })
        }
        (Err(error), None) => Err(error),
    }
}

pub(super) fn goal(repo: &Repo, wish: &LandWish, source: &Source) -> Result<Goal, SessionError> {
    let here = repo.head()?;
    let branch = match &wish.into {
        Some(name) => name.strip_prefix("refs/heads/").unwrap_or(name).to_owned(),
        None => match resolved_for(repo, &source.head, source.stamp.as_ref())? {
            Some(branch) => branch,
            None => here.branch.clone().ok_or(SessionError::NoTarget)?,
        },
    };
    repo.check_branch_name(&branch)?;
    if branch == source.name {
        return Err(SessionError::IntoItself { branch });
    }
    let tip = repo.read_ref(&format!("refs/heads/{branch}"))?;
    if tip.is_some() || here.branch.as_ref() == Some(&branch) {
        return Ok(Goal { branch, tip, is_new: false });
    }
    Ok(Goal { branch, tip: here.commit, is_new: true })
}

pub(super) fn basis(repo: &Repo, source: &Source, tip: Option<&CommitId>) -> Result<Basis, SessionError> {
    let Some(tip) = tip else { return Ok(Basis { base: None, before: None }) };
    let standing = Target::new(repo, tip)?.standing(&source.head)?;
    if let Some(before) = standing.landing
        && !repo.leads_to(&source.head, &before.commit)
    {
        return Ok(Basis { base: Some(before.head.clone()), before: Some(before) });
    }
    anew(repo, source, tip)
}

/// The same as if nothing had been landed before.
pub(super) fn anew(repo: &Repo, source: &Source, tip: &CommitId) -> Result<Basis, SessionError> {
    // What a session began with of the user's own uncommitted work is not its to land; unless the target was merged
    // into it since, and its files are what somebody made of both.
    let parted = repo.merge_base(&source.head, tip)?;
    for id in repo.line(&source.head, std::slice::from_ref(tip))? {
        if repo.commit(&id)?.is_snapshot() && parted.as_ref().is_none_or(|parted| repo.leads_to(&id, parted))
        {
            return Ok(Basis { base: Some(id), before: None });
        }
    }
    Ok(Basis { base: None, before: None })
}

/// What a step commit says of itself.
pub(super) fn stamp_of(message: &str) -> Option<Stamp> {
    frames(message).ok()?.pop().map(|frame| frame.stamp)
}
