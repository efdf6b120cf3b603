//! Merging a child session into its parent: which two they are, and what is told of it.

use std::path::Path;

use super::held::lock_name;
use super::open::OpenTab;
use super::{Place, Stat};
use crate::agent::journal::{JournalError, SessionLock};
use crate::agent::{Failure, journal};
use crate::chat::ErrorClass;
use crate::git::session::{self, Child, ChildMerge, ChildPlan, SessionError};
use crate::git::{Conflict, GitError, Repo, StepOptions, Touched, WorktreeInfo};

/// A child and the session that it is to be merged into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The child's session, or its branch where no agent worked on it.
    pub child: String,
    /// As people call it.
    pub name: String,
    /// The parent's session.
    pub parent: String,
    /// Its branch.
    pub into: String,
}

/// What came of merging a child.
#[derive(Debug, Clone, PartialEq)]
pub enum Merging {
    Merged {
        child: String,
        session: Option<String>,
        commit: String,
        subject: String,
        stat: Stat,
    },
    /// Nothing was changed.
    Conflicts {
        child: String,
        into: String,
        conflicts: Vec<Conflict>,
    },
    /// The parent has all of it already.
    Nothing {
        child: String,
    },
}

/// Which session a child is to be merged into: the one named, that for which it resolves conflicts, or the one that it
/// left. `is_ours` tells whether this process has a session open.
///
/// # Errors
/// When it left none, or another process works on the child.
pub async fn pair(
    place: &Place,
    child: String,
    into: Option<String>,
    is_ours: impl Fn(&str) -> bool + Send + 'static,
) -> Result<Pair, Failure> {
    let journals = place.journals();
    place
        .git(move |repo| {
            let (child, stamp) = match Child::of(repo, &child)? {
                one if one.session.is_some() => {
                    let stamp = session::peek(repo, Some(&child))?.stamp;
                    (one, Some(stamp))
                }
                one => (one, None),
            };
            if let Some(id) = child.session.as_deref().filter(|id| !is_ours(id))
                && journal::is_locked(&journals, id)
            {
                let why = format!("{} is open in another offshoot process", child.name);
                return Err(Failure::new(ErrorClass::Internal, why).hint("close it there, or merge it there"));
            }
            let resolved_for = session::resolved_for(repo, &child.head, stamp.as_ref())?;
            let left =
                stamp.as_ref().and_then(|stamp| stamp.forked_from.as_ref()).map(|left| left.session.clone());
            let Some(parent) = into.or(resolved_for).or(left).filter(|parent| !parent.is_empty()) else {
                let why = format!("{} was not branched off from another session", child.name);
                return Err(Failure::new(ErrorClass::NotFound, why)
                    .hint("say into which it is to be merged, or land it in your branch"));
            };
            let parent = session::peek(repo, Some(&parent))?.stamp;
            let into = parent.branch.clone().ok_or_else(|| {
                Failure::new(ErrorClass::Internal, "the session that it left has no branch".to_owned())
                    .hint("say into which it is to be merged")
            })?;
            if child.session.as_ref() == Some(&parent.session) {
                return Err(SessionError::IntoItself { branch: into }.into());
            }
            let rev = child.session.clone().unwrap_or_else(|| child.name.clone());
            Ok(Pair { child: rev, name: child.name, parent: parent.session, into })
        })
        .await
}

/// What would come of merging.
///
/// # Errors
/// When the merge would fail.
pub async fn preview(place: &Place, pair: &Pair) -> Result<ChildPlan, Failure> {
    let (child, into) = (pair.child.clone(), pair.into.clone());
    place
        .git(move |repo| {
            let child = Child::of(repo, &child)?;
            session::plan_child(repo, &repo.resolve(&into)?, &child)
        })
        .await
}

impl OpenTab {
    /// Merges a child into this session. What the child's worktree holds uncommitted is committed there first, when it is
    /// one of ours.
    pub async fn merge(&mut self, place: &Place, child: &str) -> Result<Merging, Failure> {
        let rev = child.to_owned();
        let (journals, worktrees) = (place.journals(), place.worktrees());
        let child = place
            .git(move |repo| {
                let child = Child::of(repo, &rev)?;
                let locks = hold_idle(&journals, &child)?;
                let kept = keep_edits(repo, &child, &worktrees);
                locks.into_iter().for_each(SessionLock::release);
                Ok::<_, Failure>(if kept? { Child::of(repo, &rev)? } else { child })
            })
            .await?;
        let (name, session) = (child.name.clone(), child.session.clone());
        Ok(match self.agent.merge(child).await? {
            ChildMerge::Merged(merged) => Merging::Merged {
                child: name,
                session,
                commit: merged.commit.to_string(),
                subject: merged.subject,
                stat: Stat {
                    files: merged.stat.files.len(),
                    insertions: merged.stat.insertions,
                    deletions: merged.stat.deletions,
                },
            },
            ChildMerge::Conflicts(conflicts) => {
                Merging::Conflicts { child: name, into: self.opened.branch.clone(), conflicts }
            }
            ChildMerge::Nothing => Merging::Nothing { child: name },
        })
    }
}

/// Holds the child's session and branch, so far as no tab has them open: nobody begins to work on it meanwhile.
///
/// # Errors
/// When somebody has it open and is in the middle of a turn: what is in the worktree is half a step.
fn hold_idle(journals: &Path, child: &Child) -> Result<Vec<SessionLock>, Failure> {
    let Some(session) = &child.session else { return Ok(Vec::new()) };
    let mut locks = Vec::new();
    let mut is_open = false;
    for name in [session.clone(), lock_name(&child.name)] {
        match SessionLock::take(journals, &name) {
            Ok(lock) => locks.push(lock),
            Err(JournalError::Locked { .. }) => is_open = true,
            Err(error) => return Err(error.into()),
        }
    }
    if is_open && journal::replay(journals, session)?.is_some_and(|replay| replay.is_pending()) {
        locks.into_iter().for_each(SessionLock::release);
        let why = format!("{} is at work", child.name);
        return Err(Failure::new(ErrorClass::Internal, why).hint("stop it, or merge when it is done"));
    }
    Ok(locks)
}

/// Commits what somebody changed by hand in the child's worktree. `true` when there was anything. One that the user made
/// elsewhere is theirs.
fn keep_edits(repo: &Repo, child: &Child, worktrees: &Path) -> Result<bool, GitError> {
    if child.session.is_none() {
        return Ok(false);
    }
    let held = repo.worktrees()?.into_iter().find(|held| held.branch.as_deref() == Some(&*child.name));
    let is_ours = |held: &WorktreeInfo| !held.is_main && !held.is_missing && held.path.starts_with(worktrees);
    let Some(held) = held.filter(is_ours) else { return Ok(false) };
    let mut worktree = repo.attach_worktree(&child.name, &held.path)?;
    let message = "Edit by hand\n\nEdited by hand in the worktree, not by an agent.\n";
    let made = worktree.commit(&Touched::Scan, &|_| message.to_owned(), &StepOptions::default())?;
    Ok(made.is_some())
}
