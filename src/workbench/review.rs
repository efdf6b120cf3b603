//! What changed, for somebody who reviews it: in a step, in a turn, between any two states; which
//! is told without changing anything. These read; nothing is changed, and nothing is left behind.

use super::Place;
use super::past::start_of;
use crate::agent::{Failure, fit};
use crate::chat::ErrorClass;
use crate::git::codec::{StepKind, frames};
use crate::git::session::{self, Mark, SessionError, Trail, marks};
use crate::git::{CommitId, DiffStat, GitError, Hunk, Repo, hunks};

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
    /// All that a branch or a session changed since it began; the last session, when none is named.
    Whole(Option<String>),
}

/// Two states: commits, in full. `None` where everything is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ends {
    pub from: Option<String>,
    pub to: String,
    /// What it is, in a line.
    pub title: String,
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

/// The states of a range, without looking at what differs.
pub async fn ends_of(place: &Place, range: Range) -> Result<Ends, Failure> {
    place
        .git(move |repo| {
            let (from, to, title) = ends(repo, range)?;
            Ok::<_, Failure>(Ends { from: from.map(|from| from.to_string()), to: to.to_string(), title })
        })
        .await
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

/// The same as a patch that `git apply` takes: exact to the byte, also of files that are no text.
pub async fn patch(place: &Place, from: Option<String>, to: String) -> Result<Vec<u8>, Failure> {
    place
        .git(move |repo| {
            let from = first(repo, from.as_deref())?;
            Ok::<_, Failure>(repo.exact_patch(from.as_deref(), &*commit(repo, &to)?)?)
        })
        .await
}

/// The runs of changed lines of a file, in the order of their numbers.
pub fn hunks_of(file: &FileDiff) -> Vec<Hunk> {
    match &file.body {
        Body::Text { old, new } => hunks(old.as_bytes(), new.as_bytes()),
        _ => Vec::new(),
    }
}

/// Lines of a file as it is in a state, counted from 1, both included.
///
/// # Errors
/// When there is no such file, or it has no such lines.
pub async fn lines(
    place: &Place,
    rev: String,
    path: String,
    (first, last): (usize, usize),
) -> Result<Vec<String>, Failure> {
    place
        .git(move |repo| {
            let at = commit(repo, &rev)?;
            let missing = |message: String| Failure::new(ErrorClass::NotFound, message);
            let blob = repo.blob(&at, std::path::Path::new(&path))?;
            let bytes = blob.ok_or_else(|| {
                missing(format!("there is no file {path} in {}", at.short()))
                    .hint("name it as `offshoot review` lists it, relative to the top of the repository")
            })?;
            let text = String::from_utf8_lossy(&bytes);
            let all: Vec<&str> = text.lines().collect();
            let wanted = all.get(first.saturating_sub(1)..last).filter(|_| first > 0 && first <= last);
            let wanted = wanted.ok_or_else(|| {
                missing(format!("{path} has no lines {first} to {last}"))
                    .hint(format!("its lines go from 1 to {}", all.len()))
            })?;
            Ok::<_, Failure>(wanted.iter().map(|line| (*line).to_owned()).collect())
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
        Range::Whole(rev) => whole(repo, rev.as_deref()),
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

fn whole(repo: &Repo, rev: Option<&str>) -> Result<(Option<CommitId>, CommitId, String), Failure> {
    let session = match (session::load(repo, rev), rev) {
        (Ok(session), _) => session,
        // A branch without a session began where it left what is checked out.
        (Err(SessionError::NoSession { .. }), Some(rev)) => {
            let to = commit(repo, rev)?;
            let head = repo.head()?.commit;
            let from = head.map(|head| repo.merge_base(&head, &to)).transpose()?.flatten();
            return Ok((from, to, rev.to_owned()));
        }
        (Err(error), _) => return Err(error.into()),
    };
    let from = start_of(repo, &session)?;
    let branch =
        session.branch.as_deref().filter(|branch| rev.is_none_or(|rev| rev == *branch || rev == session.id));
    // What the user did on the branch since the last step counts.
    let tip = branch.map(|branch| repo.read_ref(&format!("refs/heads/{branch}"))).transpose()?.flatten();
    let tip = tip.filter(|tip| repo.is_ancestor(&session.head, tip).unwrap_or(false));
    let title = session.branch.unwrap_or(session.id);
    Ok((Some(from), tip.unwrap_or(session.head), title))
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
