//! Sessions sent to a remote and fetched from one, so that somebody else, or another machine, goes on with them. A
//! session that is open here, or went on in both places, is left as it is; nothing of anybody's is overwritten.

use std::path::PathBuf;

use super::Place;
use super::held::{lock_name, lock_worktrees};
use crate::agent::Failure;
use crate::agent::journal::SessionLock;
use crate::chat::ErrorClass;
use crate::git::session::sync::{self, News, Received};
use crate::git::session::{self, SessionError, session_ref};
use crate::git::{CommitId, Expect, GitError, Remote, Repo};

pub use crate::git::session::sync::Stand;

/// The remote that git itself would take.
const USUAL: &str = "origin";

/// Which sessions to push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The one that was last worked on.
    Last,
    All,
    /// By their ids, branches or hashes.
    These(Vec<String>),
}

/// A session on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    pub session: String,
    pub branch: Option<String>,
    pub title: String,
    pub came: Came,
}

/// What came of moving a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    /// It was not there before.
    New,
    /// It went on from what was there.
    Updated,
    /// It was there already.
    Current,
    /// It went on in both places; theirs, where it is known here.
    Diverged { theirs: Option<String> },
    /// It cannot be moved now, and why.
    Held(String),
}

/// What a push or a fetch came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synced {
    pub remote: String,
    pub sessions: Vec<Moved>,
}

impl Came {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Updated => "updated",
            Self::Current => "current",
            Self::Diverged { .. } => "diverged",
            Self::Held(_) => "held",
        }
    }

    /// Whether the session is the same in both places now, or as far as it should be.
    pub const fn is_done(&self) -> bool {
        matches!(self, Self::New | Self::Updated | Self::Current)
    }
}

impl Moved {
    /// In a line, for a person.
    pub fn told(&self) -> String {
        let name = self.branch.as_deref().unwrap_or(&self.session);
        let what = match &self.came {
            Came::New => "new".to_owned(),
            Came::Updated => "brought up to date".to_owned(),
            Came::Current => "up to date".to_owned(),
            Came::Diverged { theirs: Some(theirs) } => format!(
                "went on in both places; yours stays, `offshoot resume {}` opens theirs on a branch of its own",
                theirs.get(..10).unwrap_or(theirs)
            ),
            Came::Diverged { theirs: None } => "went on there as well: fetch first".to_owned(),
            Came::Held(why) => why.clone(),
        };
        format!("{name}: {what}")
    }
}

/// The names of the remotes that are set up.
pub async fn remotes(place: &Place) -> Result<Vec<String>, Failure> {
    place.git(Repo::remotes).await
}

/// Sends sessions to a remote, the usual one when none is named. `can_ask`: somebody is at the terminal who may be
/// asked for a password.
pub async fn push(
    place: &Place,
    remote: Option<String>,
    which: Which,
    can_ask: bool,
) -> Result<Synced, Failure> {
    place
        .git(move |repo| {
            let remote = Remote { name: chosen(repo, remote)?, can_ask };
            let sessions = match which {
                Which::All => session::list(repo)?.into_iter().map(|one| one.id).collect(),
                Which::Last => {
                    let last = session::latest(repo)?.ok_or(SessionError::NoSessions)?;
                    vec![last.id]
                }
                Which::These(names) => {
                    let id = |name: &String| session::peek(repo, Some(name)).map(|peek| peek.stamp.session);
                    names.iter().map(id).collect::<Result<Vec<_>, _>>()?
                }
            };
            let sent = sync::push(repo, &remote, &sessions)?;
            let sessions = sent.into_iter().map(|sent| {
                let came = match (sent.refused, sent.stand) {
                    (Some(why), _) => Came::Held(format!("refused by the remote: {why}")),
                    (None, Stand::Absent) => Came::New,
                    (None, Stand::Behind | Stand::Undone) => Came::Updated,
                    (None, Stand::Same) => Came::Current,
                    (None, Stand::Elsewhere) => Came::Diverged { theirs: None },
                };
                moved(repo, sent.session, came)
            });
            Ok::<_, Failure>(Synced { remote: remote.name, sessions: sessions.collect() })
        })
        .await
}

/// Fetches the sessions of a remote, the usual one when none is named.
pub async fn fetch(place: &Place, remote: Option<String>, can_ask: bool) -> Result<Synced, Failure> {
    let ground = Ground {
        journals: place.journals(),
        root: place.worktrees(),
        worktrees_lock: place.worktrees_lock(),
    };
    place
        .git(move |repo| {
            let remote = Remote { name: chosen(repo, remote)?, can_ask };
            let mut sessions = Vec::new();
            for one in sync::fetch(repo, &remote)? {
                let came = match &one.news {
                    News::None => Came::Current,
                    News::Unclear(why) => Came::Held(format!("what is there cannot be read: {why}")),
                    News::Both => Came::Diverged { theirs: Some(one.theirs.to_string()) },
                    News::New | News::Further => match SessionLock::take(&ground.journals, &one.session) {
                        Err(_) => Came::Held("open here: close it, then fetch again".to_owned()),
                        Ok(lock) => {
                            let came = receive(repo, &ground, &one);
                            lock.release();
                            // The others are fetched all the same.
                            came.unwrap_or_else(|failure| Came::Held(failure.message))
                        }
                    },
                };
                sessions.push(moved(repo, one.session, came));
            }
            Ok::<_, Failure>(Synced { remote: remote.name, sessions })
        })
        .await
}

/// Where worktrees lie, and what keeps others away from them.
struct Ground {
    journals: PathBuf,
    root: PathBuf,
    worktrees_lock: PathBuf,
}

/// Brings a session here to where it is there. Its branch and worktree go with it.
fn receive(repo: &Repo, ground: &Ground, one: &Received) -> Result<Came, Failure> {
    let name = session_ref(&one.session);
    let Some(ours) = &one.ours else {
        repo.update_ref(&name, &one.theirs, Expect::Absent, "offshoot: fetched")?;
        return Ok(Came::New);
    };
    let theirs = session::peek(repo, Some(one.theirs.as_str()))?;
    let before = session::peek(repo, Some(&one.session))?;
    if let Some(branch) = &before.stamp.branch {
        let at = repo.read_ref(&format!("refs/heads/{branch}"))?;
        if let Some(at) = at.filter(|at| *at != theirs.head) {
            if at != before.head && !repo.is_ancestor(&at, &theirs.head)? {
                return Ok(Came::Held(format!("branch {branch} has commits here that it lacks there")));
            }
            if let Some(held) = advance(repo, ground, branch, &at, &theirs.head)? {
                return Ok(held);
            }
        }
    }
    repo.update_ref(&name, &one.theirs, Expect::At(ours), "offshoot: fetched")?;
    Ok(Came::Updated)
}

/// Moves a branch forward, with the files of its worktree when nothing there would be lost.
fn advance(
    repo: &Repo,
    ground: &Ground,
    branch: &str,
    from: &CommitId,
    to: &CommitId,
) -> Result<Option<Came>, Failure> {
    let _one_at_a_time = lock_worktrees(&ground.worktrees_lock)?;
    let Ok(hold) = SessionLock::take(&ground.journals, &lock_name(branch)) else {
        return Ok(Some(Came::Held(format!("branch {branch} is open here: close it, then fetch again"))));
    };
    let done = carry(repo, ground, branch, from, to);
    hold.release();
    done
}

/// Under the lock of the branch.
fn carry(
    repo: &Repo,
    ground: &Ground,
    branch: &str,
    from: &CommitId,
    to: &CommitId,
) -> Result<Option<Came>, Failure> {
    let held = repo.worktrees()?.into_iter().find(|held| held.branch.as_deref() == Some(branch));
    match held {
        Some(held) if held.is_missing => {}
        Some(held) if held.is_main || !held.path.starts_with(&ground.root) => {
            let why = format!("branch {branch} is checked out at {}", held.path.display());
            return Ok(Some(Came::Held(why)));
        }
        Some(held) => {
            let worktree = repo.attach_worktree(branch, &held.path)?;
            if worktree.tree_now()? != repo.commit(from)?.tree {
                let why = format!("its worktree {} has changes that no commit has", held.path.display());
                return Ok(Some(Came::Held(why)));
            }
        }
        None => {}
    }
    // What no commit could hold, such as ignored files, is looked for there.
    match repo.carry(branch, Some(from), to, "offshoot: fetched") {
        Ok(_) => Ok(None),
        Err(error @ (GitError::InTheWay { .. } | GitError::UnderWay { .. } | GitError::RefMoved { .. })) => {
            Ok(Some(Came::Held(error.to_string())))
        }
        Err(error) => Err(error.into()),
    }
}

fn moved(repo: &Repo, session: String, came: Came) -> Moved {
    let peek = session::peek(repo, Some(&session)).ok();
    let (branch, title) = match peek {
        Some(peek) => (peek.stamp.branch, peek.stamp.title.unwrap_or_default()),
        None => (None, String::new()),
    };
    Moved { session, branch, title, came }
}

/// The remote that is meant: a name, a path or an address; without one, the usual one or the only one.
fn chosen(repo: &Repo, named: Option<String>) -> Result<String, Failure> {
    if let Some(name) = named {
        if name.starts_with('-') {
            return Err(GitError::UnknownRemote { name }.into());
        }
        return Ok(name);
    }
    let remotes = repo.remotes()?;
    match remotes.as_slice() {
        [] => Err(Failure::new(ErrorClass::NotFound, "this repository has no remote")
            .hint("add one with `git remote add origin ADDRESS`, or name a path or an address")),
        [only] => Ok(only.clone()),
        several if several.iter().any(|name| name == USUAL) => Ok(USUAL.to_owned()),
        several => Err(Failure::new(ErrorClass::NotFound, "this repository has several remotes")
            .hint(format!("name one of {}", several.join(", ")))),
    }
}
