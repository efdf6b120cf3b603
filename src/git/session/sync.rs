//! Sessions moved from one repository to another, by their refs: what a remote holds of a session, how that stands
//! to what is here, and the two ways of making them the same. Nothing of it rides on a plain push or fetch.

use std::collections::HashSet;

use super::keep::of_session;
use super::{SESSIONS, SessionError, load, session_ref};
use crate::git::{CommitId, Push, Remote, Repo};

/// Where the sessions of a remote are as they were fetched last: `refs/offshoot/remotes/<remote>/<id>`.
const REMOTES: &str = "refs/offshoot/remotes/";

/// How a session there stands to the one here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// It is here only.
    Absent,
    Same,
    /// It went on here.
    Behind,
    /// It stands where an undo here left it.
    Undone,
    /// It went on there, or in both places.
    Elsewhere,
}

/// A session that was to be pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub session: String,
    /// How it stood before.
    pub stand: Stand,
    /// Why the remote refused it.
    pub refused: Option<String>,
}

/// A session as it was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub session: String,
    pub theirs: CommitId,
    /// What is here; `None` when it is new.
    pub ours: Option<CommitId>,
    pub news: News,
}

/// What a fetch brings of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    New,
    /// It went on there.
    Further,
    /// Nothing: it is the same, or went on here only.
    None,
    /// It went on in both places.
    Both,
    /// How it stands cannot be told, and why.
    Unclear(String),
}

/// Pushes sessions. One that went on elsewhere is left as it is there.
pub fn push(repo: &Repo, remote: &Remote, sessions: &[String]) -> Result<Vec<Sent>, SessionError> {
    let there = repo.remote_refs(remote, SESSIONS)?;
    let mut sent = Vec::new();
    let mut pushes = Vec::new();
    for session in sessions {
        let name = session_ref(session);
        let Some(ours) = repo.read_ref(&name)? else {
            return Err(SessionError::NoSession { rev: session.clone() });
        };
        let theirs = there.get(&name);
        let stand = stand(repo, session, &ours, theirs)?;
        if matches!(stand, Stand::Absent | Stand::Behind | Stand::Undone) {
            pushes.push(Push { name, commit: ours, expected: theirs.cloned() });
        }
        sent.push(Sent { session: session.clone(), stand, refused: None });
    }
    let refused = repo.push(remote, &pushes)?;
    for one in &mut sent {
        one.refused = refused.get(&session_ref(&one.session)).cloned();
    }
    Ok(sent)
}

/// How what a remote has of a session stands to what is here.
fn stand(
    repo: &Repo,
    session: &str,
    ours: &CommitId,
    theirs: Option<&CommitId>,
) -> Result<Stand, SessionError> {
    let Some(theirs) = theirs else { return Ok(Stand::Absent) };
    if theirs == ours {
        return Ok(Stand::Same);
    }
    // What is not here cannot be a part of what is.
    if repo.commit(theirs).is_err() {
        return Ok(Stand::Elsewhere);
    }
    if goes_on(repo, theirs, ours)? {
        return Ok(Stand::Behind);
    }
    for kept in of_session(repo, session)? {
        if goes_on(repo, theirs, kept.tip.as_ref().unwrap_or(&kept.commit))? {
            return Ok(Stand::Undone);
        }
    }
    Ok(Stand::Elsewhere)
}

/// Whether a session went on from one of its ends to another. The words since a step stand in records beside the
/// branch, and the next step says them again: history alone does not tell.
fn goes_on(repo: &Repo, from: &CommitId, to: &CommitId) -> Result<bool, SessionError> {
    if repo.is_ancestor(from, to)? {
        return Ok(true);
    }
    let (from, to) = (load(repo, Some(from.as_str()))?, load(repo, Some(to.as_str()))?);
    let is_same = from.id == to.id && to.conversation.entries().starts_with(from.conversation.entries());
    Ok(is_same && repo.is_ancestor(&from.head, &to.head)?)
}

/// Fetches all sessions of a remote, beside those that are here: no session moves.
pub fn fetch(repo: &Repo, remote: &Remote) -> Result<Vec<Received>, SessionError> {
    let place = format!("{REMOTES}{}/", place_of(&remote.name));
    repo.fetch(remote, SESSIONS, &place)?;
    let there: HashSet<String> = repo.remote_refs(remote, SESSIONS)?.into_keys().collect();
    let mut received = Vec::new();
    for (name, theirs) in repo.refs(&place)? {
        let Some(session) = name.strip_prefix(&place).filter(|id| there.contains(&session_ref(id))) else {
            continue;
        };
        let ours = repo.read_ref(&session_ref(session))?;
        let news = match &ours {
            None => News::New,
            // One that is broken there keeps nobody from the others.
            Some(ours) => {
                news(repo, session, ours, &theirs).unwrap_or_else(|error| News::Unclear(error.to_string()))
            }
        };
        received.push(Received { session: session.to_owned(), theirs, ours, news });
    }
    received.sort_by(|a, b| a.session.cmp(&b.session));
    Ok(received)
}

fn news(repo: &Repo, session: &str, ours: &CommitId, theirs: &CommitId) -> Result<News, SessionError> {
    Ok(match stand(repo, session, ours, Some(theirs))? {
        Stand::Same | Stand::Behind | Stand::Undone | Stand::Absent => News::None,
        Stand::Elsewhere if goes_on(repo, ours, theirs)? => News::Further,
        Stand::Elsewhere => News::Both,
    })
}

/// A remote's name as a part of a ref's; those that cannot be one are written in another way.
fn place_of(remote: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    remote.chars().map(|c| if plain(c) { c } else { '-' }).collect()
}
