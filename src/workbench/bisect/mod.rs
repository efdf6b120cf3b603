//! Which step of a session broke something: a command is tried at its commits, in a worktree that is thrown away, and
//! the answer is the prompt. What was found so far is on disk, so that a search can be interrupted.

mod search;
mod span;
mod state;
mod trial;

use std::path::PathBuf;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

pub use search::Verdict;
pub use state::Told;

use self::search::{Next, left, next};
use self::span::Span;
use self::state::{State, Store};
use self::trial::Trial;
use super::Place;
use crate::agent::Failure;
use crate::agent::journal::{JournalError, SessionLock};
use crate::backends::health::now_ms;
use crate::chat::ErrorClass;
use crate::git::session::{Credit, Credits, SessionError};
use crate::git::{CommitId, DiffStat};

/// What is searched for, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Without one, the last search that did not end goes on.
    pub command: Option<String>,
    /// A session, a branch or a commit of one; the last session when `None`.
    pub session: Option<String>,
    /// Where it held; the start of the session when `None`.
    pub from: Option<String>,
    /// Where it does not; the last step of the session when `None`.
    pub to: Option<String>,
}

/// How far a search is.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// So many commits, of which so many are known from before.
    Began {
        command: String,
        commits: usize,
        known: usize,
    },
    Trying {
        at: usize,
        of: usize,
        commit: String,
        subject: String,
    },
    /// Output of the command, as it came.
    Output(String),
    Tried {
        at: usize,
        of: usize,
        told: Told,
        left: u32,
    },
}

/// How a search ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// This is where it broke.
    Culprit(Box<Culprit>),
    /// One of these broke it; the others could not be told.
    Between(Vec<Culprit>),
    /// The command fails at the start already.
    StartIsBad { commit: CommitId, exit: i32 },
    /// The command succeeds at the end still.
    EndIsGood { commit: CommitId },
    /// The command cannot tell of an end.
    EndIsSkipped { commit: CommitId },
}

/// A commit that broke it, or may have.
#[derive(Debug, Clone, PartialEq)]
pub struct Culprit {
    pub commit: CommitId,
    pub credit: Credit,
    /// Against its first parent.
    pub stat: DiffStat,
    pub told: Option<Told>,
}

/// Tries the command until the answer is there. Cancelled, it stops the command; what was found so far is kept.
///
/// # Errors
/// When there is no such session or commit, the command asks to stop (from exit code 128 on), or it was cancelled.
pub async fn bisect(
    place: &Arc<Place>,
    wanted: Wanted,
    cancel: &CancellationToken,
    tell: &mut (dyn FnMut(Progress) + Send),
) -> Result<Found, Failure> {
    let store = store(place);
    let (mut state, span) = begin(place, &store, wanted).await?;
    let key = state.key();
    let lock = SessionLock::take(store.folder(), &key).map_err(|error| match error {
        JournalError::Locked { .. } => {
            let message = format!("`{}` is being tried by another offshoot process", state.command);
            Failure::new(ErrorClass::Internal, message).hint("wait for it, or stop it")
        }
        error @ JournalError::Io { .. } => error.into(),
    })?;
    // Whoever held the lock may have found more.
    if let Some(known) = store.read(&key) {
        state.verdicts = known.verdicts;
    }
    state.updated = now_ms();
    store.write(&state)?;
    sweep(place, &store).await?;
    let mut trial = None;
    let done = search(place, &store, (&mut state, &span), &mut trial, cancel, tell).await;
    if let Some(trial) = trial {
        trial.end(place).await;
    }
    let found = done?;
    store.forget(&key);
    lock.release();
    Ok(found)
}

/// Forgets what searches found: that of a command in a session, or all of this repository. Gives how many.
///
/// # Errors
/// When one is under way.
pub async fn forget(place: &Arc<Place>, wanted: &Wanted) -> Result<usize, Failure> {
    let store = store(place);
    let session = match &wanted.session {
        Some(session) => Some(span::session_of(place, Some(session.clone())).await?.id),
        None => None,
    };
    let is_meant = |state: &State| {
        wanted.command.as_ref().is_none_or(|command| *command == state.command)
            && session.as_ref().is_none_or(|session| *session == state.session)
    };
    let mut forgotten = 0;
    for state in store.all().iter().filter(|state| is_meant(state)) {
        let lock = SessionLock::take(store.folder(), &state.key())?;
        store.forget(&state.key());
        lock.release();
        forgotten += 1;
    }
    sweep(place, &store).await?;
    Ok(forgotten)
}

fn store(place: &Place) -> Store {
    Store::new(place.base.paths().state.join("bisect").join(place.repo.folder_name()))
}

/// Where the worktrees of searches are.
fn trees(place: &Place) -> PathBuf {
    place.base.paths().data.join("bisect").join(place.repo.folder_name())
}

/// The search as it stands, and the commits that it is about.
async fn begin(place: &Place, store: &Store, wanted: Wanted) -> Result<(State, Span), Failure> {
    let Some(command) = wanted.command else {
        let Some(last) = store.all().into_iter().next() else {
            return Err(Failure::new(ErrorClass::NotFound, "there is no search to go on with")
                .hint("begin one: offshoot bisect --run \"cargo test\""));
        };
        let span = Span::between(place, last.from.clone(), last.to.clone()).await?;
        return Ok((last, span));
    };
    let session = span::session_of(place, wanted.session).await?;
    let from = wanted.from.unwrap_or_else(|| session.start.clone());
    let to = wanted.to.unwrap_or_else(|| session.head.clone());
    let span = Span::between(place, from, to).await?;
    let mut state = State::new(&session.id, &command, span.first().as_str(), span.last().as_str());
    if let Some(known) = store.read(&state.key()) {
        state.verdicts = known.verdicts;
    }
    Ok((state, span))
}

async fn search(
    place: &Arc<Place>,
    store: &Store,
    (state, span): (&mut State, &Span),
    trial: &mut Option<Trial>,
    cancel: &CancellationToken,
    tell: &mut (dyn FnMut(Progress) + Send),
) -> Result<Found, Failure> {
    let told = |state: &State, at: usize| state.verdicts.get(span.commits[at].as_str()).copied();
    let mut known: Vec<Option<Verdict>> =
        (0..span.commits.len()).map(|at| told(state, at).map(|told| told.verdict)).collect();
    let of = span.commits.len() - 1;
    let command = state.command.clone();
    tell(Progress::Began { command, commits: of, known: known.iter().flatten().count() });
    loop {
        let at = match next(&known) {
            Next::Test(at) => at,
            Next::Found(at) => {
                return Ok(Found::Culprit(Box::new(culprit(place, span, at, told(state, at)).await?)));
            }
            Next::Between(first, last) => {
                let mut all = Vec::new();
                for at in first..=last {
                    all.push(culprit(place, span, at, told(state, at)).await?);
                }
                return Ok(Found::Between(all));
            }
            Next::StartIsBad => {
                let exit = told(state, 0).map_or(1, |told| told.exit);
                return Ok(Found::StartIsBad { commit: span.first().clone(), exit });
            }
            Next::EndIsGood => return Ok(Found::EndIsGood { commit: span.last().clone() }),
            Next::EndIsSkipped(at) => return Ok(Found::EndIsSkipped { commit: span.commits[at].clone() }),
        };
        let commit = &span.commits[at];
        let subject = span.subject(place, at).await?;
        tell(Progress::Trying { at, of, commit: commit.to_string(), subject });
        if trial.is_none() {
            let path = trees(place).join(state.key());
            let made = trial.insert(Trial::begin(place, path, &state.key(), commit).await?);
            made.make_ready(place, cancel, &mut |text| tell(Progress::Output(text))).await?;
        }
        let Some(trial) = trial.as_ref() else { continue };
        let told = trial
            .run(place, commit, &state.command, cancel, &mut |text| tell(Progress::Output(text)))
            .await?;
        known[at] = Some(told.verdict);
        state.verdicts.insert(commit.to_string(), told);
        state.updated = now_ms();
        store.write(state)?;
        tell(Progress::Tried { at, of, told, left: left(&known) });
    }
}

async fn culprit(place: &Place, span: &Span, at: usize, told: Option<Told>) -> Result<Culprit, Failure> {
    let commit = span.commits[at].clone();
    place
        .git(move |repo| {
            let credit = Credits::new(repo).of(&commit)?;
            let parent = repo.commit(&commit)?.parents.into_iter().next();
            let stat = repo.diff(parent.as_deref(), &commit)?;
            Ok::<_, SessionError>(Culprit { commit, credit, stat, told })
        })
        .await
}

/// Removes the worktrees of searches that nobody is at any more.
async fn sweep(place: &Place, store: &Store) -> Result<(), Failure> {
    let (root, locks) = (trees(place), store.folder().to_owned());
    place
        .git(move |repo| {
            for entry in std::fs::read_dir(&root).into_iter().flatten().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                // One's own is held too: it is made anew.
                if let Ok(lock) = SessionLock::take(&locks, &name) {
                    repo.drop_scratch(&entry.path())?;
                    lock.release();
                }
            }
            Ok::<_, Failure>(())
        })
        .await
}

/// Where a commit stands in what is searched, in words.
pub fn place_in(at: usize, of: usize) -> String {
    if at == 0 { "the start".to_owned() } else { format!("step {at} of {of}") }
}

/// What became of a commit, in a line.
pub fn tried(at: usize, of: usize, told: Told, left: u32) -> String {
    let more = if left == 0 { String::new() } else { format!(", about {left} more") };
    format!("{} {}{more}", place_in(at, of), told.verdict.name())
}

/// Why there is no answer, and what to do about it; nothing when there is one.
pub fn no_answer(found: &Found, command: &str) -> Option<(String, String)> {
    Some(match found {
        Found::Culprit(_) | Found::Between(_) => return None,
        Found::StartIsBad { commit, exit } => {
            let why = if *exit == 127 { ": the shell does not find it" } else { "" };
            (
                format!("`{command}` fails at the start already ({}), with exit code {exit}{why}", commit.short()),
                "what it tests was never there, or it needs something that a fresh worktree lacks; --from names another start".to_owned(),
            )
        }
        Found::EndIsGood { commit } => (
            format!("`{command}` succeeds at the end still ({}): nothing is broken there", commit.short()),
            "what fails may be uncommitted, or in another session: --session, --to".to_owned(),
        ),
        Found::EndIsSkipped { commit } => (
            format!("`{command}` cannot tell of commit {}, where the search begins", commit.short()),
            "both ends have to be told: name others with --from and --to".to_owned(),
        ),
    })
}
