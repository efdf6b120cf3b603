//! What changed, for somebody who reviews it: in a step, in a turn, between any two states; which
//! is told without changing anything. These read; nothing is changed, and nothing is left behind.

use super::Place;
use crate::agent::{Failure, fit};
use crate::chat::ErrorClass;
use crate::git::codec::{StepKind, frames};
use crate::git::session::{self, Mark, Trail, marks};
use crate::git::{CommitId, DiffStat, GitError, Repo};

pub use crate::git::{Body, ChangeKind, FileDiff};

/// Columns of a title.
const TITLE_COLUMNS: usize = 72;

/// What to compare. Revisions are hashes, branches, ids of sessions, or anything that git resolves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Range {
    /// What a commit changed.
    Step(String),
    /// What a turn changed, by a session's id or branch; changes made by hand between its steps too.
    Turn { session: String, turn: u32 },
    /// From one state to another; from nothing when there is no first one.
    Between { from: Option<String>, to: String },
}

/// Two states and how they differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The commits, in full. `None` where everything is new.
    pub from: Option<String>,
    pub to: String,
    /// What it is, in a line.
    pub title: String,
    pub files: Vec<FileDiff>,
}

/// The difference with the content of the files.
pub async fn diff(place: &Place, range: Range) -> Result<Compared, Failure> {
    place
        .git(move |repo| {
            let (from, to, title) = ends(repo, range)?;
            let files = repo.contents(from.as_deref(), &to)?;
            let from = from.map(|from| from.to_string());
            Ok::<_, Failure>(Compared { from, to: to.to_string(), title, files })
        })
        .await
}

/// The files that differ and how many lines, without their content.
pub async fn changes(place: &Place, from: Option<String>, to: String) -> Result<DiffStat, Failure> {
    place
        .git(move |repo| {
            let from = first(repo, from.as_deref())?;
            Ok::<_, Failure>(repo.diff(from.as_deref(), &*commit(repo, &to)?)?)
        })
        .await
}

fn ends(repo: &Repo, range: Range) -> Result<(Option<CommitId>, CommitId, String), Failure> {
    match range {
        Range::Step(rev) => step(repo, &rev),
        Range::Turn { session, turn } => turn_ends(repo, &session, turn),
        Range::Between { from, to } => {
            let name = |rev: &str, at: &CommitId| {
                if at.as_str().starts_with(rev) { at.short().to_owned() } else { rev.to_owned() }
            };
            let (before, after) = (first(repo, from.as_deref())?, commit(repo, &to)?);
            let title = match (&from, &before) {
                (Some(from), Some(before)) => format!("{} to {}", name(from, before), name(&to, &after)),
                _ => name(&to, &after),
            };
            Ok((before, after, title))
        }
    }
}

fn step(repo: &Repo, rev: &str) -> Result<(Option<CommitId>, CommitId, String), Failure> {
    let data = repo.commit(&commit(repo, rev)?)?;
    let kind = frames(&data.message).ok().and_then(|frames| Some(frames.last()?.stamp.kind));
    let title = data.subject().to_owned();
    // A record has the files of the commit below.
    let before =
        if kind == Some(StepKind::Turn) { Some(data.id.clone()) } else { data.parents.first().cloned() };
    Ok((before, data.id, title))
}

fn turn_ends(repo: &Repo, rev: &str, turn: u32) -> Result<(Option<CommitId>, CommitId, String), Failure> {
    let session = session::load(repo, Some(rev))?;
    let prompt = session.conversation.prompt(turn).ok_or_else(|| {
        let last = session.conversation.turn();
        Failure::new(ErrorClass::NotFound, format!("session {rev} has no turn {turn}"))
            .hint(format!("its turns go from 1 to {last}"))
    })?;
    let mut steps: Vec<Mark> = marks(repo, &Trail::from(&session))?;
    steps.retain(|mark| mark.turn == turn);
    let title = fit(prompt.lines().next().unwrap_or_default(), TITLE_COLUMNS);
    Ok(match (steps.first(), steps.last()) {
        (Some(first), Some(last)) => (first.parent.clone(), last.commit.clone(), title),
        _ => (Some(session.head.clone()), session.head, title),
    })
}

pub(super) fn first(repo: &Repo, rev: Option<&str>) -> Result<Option<CommitId>, Failure> {
    rev.filter(|rev| !rev.is_empty()).map(|rev| commit(repo, rev)).transpose()
}

/// The commit whose files a revision means.
pub(super) fn commit(repo: &Repo, rev: &str) -> Result<CommitId, Failure> {
    match repo.resolve(rev) {
        Ok(commit) => Ok(commit),
        // A session's id is no revision, and a branch may only be on a remote.
        Err(error @ GitError::UnknownRevision { .. }) => match session::peek(repo, Some(rev)) {
            Ok(peek) => Ok(peek.head),
            Err(_) => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    }
}
