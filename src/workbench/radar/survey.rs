//! What would conflict of the branches of a repository, whether they are open in a tab or not.

use crate::agent::Failure;
use crate::git::session::{self, SessionError};
use crate::git::{CommitId, Conflict, GitError, Repo};
use crate::workbench::Place;

/// Branches that are compared each with each when none are named: the last ones worked on.
const SURVEYED: usize = 16;

/// Branches, and which of them would conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// What the user has checked out.
    pub base: String,
    pub branches: Vec<Surveyed>,
}

/// A branch, and what it would conflict with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surveyed {
    pub branch: String,
    pub head: String,
    /// With the base.
    pub base: Vec<Conflict>,
    /// With other branches, by their names.
    pub others: Vec<(String, Vec<Conflict>)>,
}

/// What would conflict of the branches that have not landed yet, or of those that are named.
pub async fn survey(place: &Place, named: Vec<String>) -> Result<Survey, Failure> {
    place.git(move |repo| surveyed(repo, &named)).await
}

fn surveyed(repo: &Repo, named: &[String]) -> Result<Survey, Failure> {
    let here = repo.head()?;
    let base = match (&here.branch, &here.commit) {
        (Some(branch), _) => branch.clone(),
        (None, Some(commit)) => commit.short().to_owned(),
        (None, None) => String::new(),
    };
    let mut heads: Vec<(String, CommitId)> = Vec::new();
    if named.is_empty() {
        for one in session::list(repo)? {
            let Some(branch) = one.branch.filter(|branch| heads.iter().all(|(name, _)| name != branch))
            else {
                continue;
            };
            let Some(head) = repo.read_ref(&format!("refs/heads/{branch}"))? else { continue };
            let has_landed = match &here.commit {
                Some(into) => session::landed(repo, &head, into)?.is_safe(),
                None => false,
            };
            if !has_landed {
                heads.push((branch, head));
            }
            if heads.len() == SURVEYED {
                break;
            }
        }
    } else {
        for name in named {
            let head = match repo.resolve(name) {
                Ok(head) => head,
                Err(GitError::UnknownRevision { .. }) => session::peek(repo, Some(name))?.head,
                Err(error) => return Err(SessionError::from(error).into()),
            };
            heads.push((name.clone(), head));
        }
    }
    let mut branches: Vec<Surveyed> = Vec::new();
    for (branch, head) in &heads {
        let base = match &here.commit {
            Some(base) => repo.conflicts(base, head)?,
            None => Vec::new(),
        };
        branches.push(Surveyed { branch: branch.clone(), head: head.to_string(), base, others: Vec::new() });
    }
    for at in 0..heads.len() {
        for other in at + 1..heads.len() {
            let conflicts = repo.conflicts(&heads[at].1, &heads[other].1)?;
            if !conflicts.is_empty() {
                let turned = conflicts.iter().map(Conflict::turned).collect();
                branches[at].others.push((heads[other].0.clone(), conflicts));
                branches[other].others.push((heads[at].0.clone(), turned));
            }
        }
    }
    Ok(Survey { base, branches })
}
