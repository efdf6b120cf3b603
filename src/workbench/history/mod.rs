//! What there is to know of sessions without opening one: for logs, reports and pickers. These read;
//! what they find is plain data.

mod branches;
mod export;
mod import;
mod search;

use serde::Serialize;
use serde_json::Value;

pub use branches::{BranchLine, branches};
pub use export::{Form, export, export_jsonl, export_markdown};
pub(super) use import::read as import;
pub use search::{Hit, search};

use super::past::Past;
use super::{Base, Place, Stat};
use crate::agent::Failure;
use crate::agent::journal;
use crate::chat::{Entry, ErrorClass, Line, Usage};
use crate::git::codec::{StepKind, StepMessage};
use crate::git::session::{self, Session, SessionTree, UndoPlan, UndoScope};
use crate::git::{DiffStat, GitError};

/// The sessions of a repository as trees, the last one worked on first.
pub async fn log(place: &Place) -> Result<Vec<SessionTree>, Failure> {
    place.git(session::log_tree).await
}

/// Where a revision stands in its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// At its end: the session can go on from here.
    AtTip,
    /// The session went on since.
    Behind,
}

/// The session at a revision, up to there; the last one when `rev` is `None`.
pub async fn load(place: &Place, rev: Option<String>) -> Result<(Session, Standing), Failure> {
    place
        .git(move |repo| {
            let at = session::peek(repo, rev.as_deref())?;
            // What the session's own ref and branch say counts as its end.
            let end = session::list(repo)?.into_iter().find(|one| one.id == at.stamp.session);
            Ok::<_, session::SessionError>(match end {
                // With what was said since its last step.
                Some(end) if end.head == at.head => (session::load(repo, Some(&end.id))?, Standing::AtTip),
                Some(_) => (session::load(repo, rev.as_deref())?, Standing::Behind),
                None => (session::load(repo, rev.as_deref())?, Standing::AtTip),
            })
        })
        .await
}

/// Whether a session ends at a revision. Reads no conversation.
pub async fn standing(place: &Place, rev: String) -> Result<Standing, Failure> {
    place
        .git(move |repo| {
            let at = match session::peek(repo, Some(&rev)) {
                Ok(at) => at,
                // A branch that no session has been on: one begins at its end.
                Err(session::SessionError::NoSession { .. }) => return Ok(Standing::AtTip),
                Err(error) => return Err(error),
            };
            let end = session::list(repo)?.into_iter().find(|one| one.id == at.stamp.session);
            let is_tip = end.is_none_or(|end| end.head == at.head);
            Ok::<_, session::SessionError>(if is_tip { Standing::AtTip } else { Standing::Behind })
        })
        .await
}

/// What an undo would do; of a session that somebody works in, with the files as they lie there now.
pub async fn undo_plan(place: &Place, rev: Option<String>, scope: UndoScope) -> Result<UndoPlan, Failure> {
    place
        .git(move |repo| {
            let session = session::load(repo, rev.as_deref())?;
            session::undo_plan(repo, None, &session, scope)
        })
        .await
}

/// A head that a session moved away from, or was closed at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptLine {
    /// Opens it again, on a branch of its own where the session went on since.
    pub commit: String,
    pub reference: String,
    pub session: String,
    pub branch: Option<String>,
    pub why: String,
    pub subject: String,
    /// In milliseconds since 1970.
    pub at: u64,
}

/// All heads that are kept, the newest first.
pub async fn kept(place: &Place) -> Result<Vec<KeptLine>, Failure> {
    place
        .git(|repo| {
            let sessions = session::list(repo)?;
            let line = |one: session::Kept| {
                let own = sessions.iter().find(|own| own.id == one.session);
                Ok::<_, session::SessionError>(KeptLine {
                    subject: repo.commit(&one.commit)?.subject().to_owned(),
                    // The end of what was said, where that was after the last step.
                    commit: one.tip.unwrap_or(one.commit).to_string(),
                    reference: one.name,
                    branch: own.and_then(|own| own.branch.clone()),
                    session: one.session,
                    why: one.why,
                    at: one.at,
                })
            };
            session::kept(repo)?.into_iter().map(line).collect::<Result<Vec<_>, _>>()
        })
        .await
}

/// How much each turn of a session changed, of those that changed anything.
pub async fn turns(place: &Place, rev: String) -> Result<Vec<(u32, Stat)>, Failure> {
    place
        .git(move |repo| {
            let session = session::load(repo, Some(&rev))?;
            Past::turns(repo, &session)
        })
        .await
}

/// One step, whole.
#[derive(Debug, Clone)]
pub struct StepView {
    pub commit: String,
    pub author: String,
    /// Seconds since 1970.
    pub time: i64,
    pub message: StepMessage,
    pub stat: DiffStat,
    /// A unified diff against the first parent.
    pub patch: String,
}

/// The step at `rev`: a hash, or a branch or session for its last step.
pub async fn show(place: &Place, rev: &str) -> Result<StepView, Failure> {
    let rev = rev.to_owned();
    place
        .git(move |repo| {
            let commit = match repo.resolve(&rev) {
                Ok(commit) => commit,
                // A session's id is no revision.
                Err(GitError::UnknownRevision { .. }) => session::load(repo, Some(&rev))?.tip,
                Err(error) => return Err(Failure::from(error)),
            };
            let data = repo.commit(&commit)?;
            let message = StepMessage::decode(&data.message)
                .map_err(|error| Failure::new(ErrorClass::NotFound, error.to_string()).hint(error.hint()))?
                .ok_or_else(|| {
                    Failure::new(
                        ErrorClass::NotFound,
                        format!("commit {} is no step of a session", commit.short()),
                    )
                    .hint(format!("`git show {}` shows it; `offshoot log` lists the steps", commit.short()))
                })?;
            let before = match (message.stamp.kind, data.parents.first()) {
                (StepKind::Step, Some(parent)) => Some(repo.commit(parent)?.tree),
                (StepKind::Step, None) => None,
                // A record has the files of the commit below.
                (StepKind::Turn, _) => Some(data.tree.clone()),
            };
            Ok(StepView {
                commit: commit.to_string(),
                author: data.author.name.clone(),
                time: data.time,
                stat: repo.diff(before.as_ref(), &data.tree)?,
                patch: repo.patch(before.as_ref(), &data.tree)?,
                message,
            })
        })
        .await
}

/// A conversation entry in the JSON in which commits keep it.
pub fn entry_json(entry: &Entry) -> Value {
    serde_json::to_value(Line::from(entry)).unwrap_or_default()
}

/// What everything run today has cost so far, in US dollars: a limit may be set at any time.
pub fn cost_today(base: &Base) -> f64 {
    let today = crate::agent::now();
    let day = &today[..10];
    let entries = base.services.ledger.since(day).unwrap_or_default();
    entries
        .iter()
        .filter(|entry| entry.timestamp.starts_with(day))
        .filter_map(|entry| entry.cost_usd.and_then(crate::ledger::Cost::usd))
        .sum()
}

/// A session in a list.
#[derive(Debug, Clone, Serialize)]
pub struct SessionLine {
    pub id: String,
    pub branch: Option<String>,
    pub title: String,
    /// `working` while a process has it open, `interrupted` when one died with it, else `idle`.
    pub state: &'static str,
    pub turns: u32,
    pub steps: u32,
    pub usage: Usage,
    pub cost_usd: Option<f64>,
    /// Seconds since 1970.
    pub updated: i64,
}

/// All sessions, the last one worked on first.
pub async fn sessions(place: &Place) -> Result<Vec<SessionLine>, Failure> {
    let journals = place.journals();
    let list = place.git(session::list).await?;
    // A session in its first turn may be known by its journal alone.
    let young = journal::sessions(&journals).into_iter().filter(|id| list.iter().all(|one| one.id != *id));
    let young = young.filter_map(|id| {
        let branch = journal::replay(&journals, &id).ok()??.header.branch;
        let state = Some(state(&journals, &id)).filter(|state| *state != "idle")?;
        Some(SessionLine {
            state,
            id,
            branch: Some(branch).filter(|branch| !branch.is_empty()),
            title: String::new(),
            turns: 1,
            steps: 0,
            usage: Usage::default(),
            cost_usd: None,
            updated: jiff::Timestamp::now().as_second(),
        })
    });
    let mut lines: Vec<SessionLine> = young.collect();
    lines.extend(list.into_iter().map(|one| SessionLine {
        state: state(&journals, &one.id),
        id: one.id,
        branch: one.branch,
        title: one.title,
        turns: one.turns,
        steps: one.steps,
        usage: one.usage,
        cost_usd: one.cost_usd,
        updated: one.updated,
    }));
    Ok(lines)
}

/// `working` while a process has a session open, `interrupted` when one died with it, else `idle`.
pub(super) fn state(journals: &std::path::Path, id: &str) -> &'static str {
    if journal::is_locked(journals, id) {
        "working"
    } else if journal::replay(journals, id).ok().flatten().is_some_and(|replay| replay.is_pending()) {
        "interrupted"
    } else {
        "idle"
    }
}
