//! A session read back from a hash, a branch or its id.

use std::ops::{ControlFlow, Range};

use super::walk::{anchor, nearest, walk};
use super::{Mark, SESSIONS, SessionError, list, session_ref};
use crate::chat::{Conversation, Entry, Usage};
use crate::git::codec::{Frame, Origin, Route, Stamp, StepKind, frames, people};
use crate::git::{CommitId, Repo};

/// A session as its commits tell it.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    pub id: String,
    /// Without `refs/heads/`.
    pub branch: Option<String>,
    /// The commit that holds the end of the conversation: a step, or a record on the session's ref.
    pub tip: CommitId,
    /// The commit whose files the session stands for.
    pub head: CommitId,
    pub title: Option<String>,
    pub forked_from: Option<Origin>,
    pub turn: u32,
    pub step: u32,
    /// The index that the next entry gets.
    pub next_index: usize,
    /// How many entries the branch itself holds; the rest stands in records.
    pub on_branch: usize,
    /// Indices of entries whose commits are gone from the line, for example dropped in a rebase.
    pub missing: Vec<Range<usize>>,
    pub conversation: Conversation,
    /// Its own steps, oldest first; `None` where they were not met: the branch was rebased since, or what
    /// stands above them says the whole conversation again.
    pub steps: Option<Vec<Mark>>,
    pub route: Option<Route>,
    pub total_usage: Usage,
    /// What could be priced; `None` when nothing could.
    pub total_cost_usd: Option<f64>,
}

/// What the last commit of a session says of it, without the conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Peek {
    pub stamp: Stamp,
    pub tip: CommitId,
    pub head: CommitId,
    /// Entries in the whole session.
    pub messages: usize,
    pub subject: String,
    /// The prompt as its commit quotes it, when it stands in the last commit.
    pub prompt: Option<String>,
    /// When the last commit was made, in seconds since 1970.
    pub time: i64,
}

/// The end of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Tail {
    /// The index of the first of `entries` in the whole conversation.
    pub first_index: usize,
    pub entries: Vec<Entry>,
}

/// Where to read: the commit to walk from, and the commit whose files count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub tip: CommitId,
    pub head: CommitId,
}

/// Reads a session whole. `rev` is a hash or its beginning, a branch, a session's id, or anything that
/// git resolves; without it, the session that was last worked on. Of a branch or an id, what was said
/// after its last step is read too; of a hash, what was said up to there.
///
/// # Errors
/// When nothing has that name, no session lies at it or below, or a commit of the session cannot be read.
pub fn load(repo: &Repo, rev: Option<&str>) -> Result<Session, SessionError> {
    read(repo, &find(repo, rev)?, rev)
}

/// The same from the trailers of one commit, whatever the length of the session.
pub fn peek(repo: &Repo, rev: Option<&str>) -> Result<Peek, SessionError> {
    let place = find(repo, rev)?;
    peek_at(repo, &place)?.ok_or_else(|| no_session(rev, &place))
}

/// The last `n` entries of the conversation that ends at a commit, and a few more where they stand in one
/// commit with those.
pub fn tail(repo: &Repo, tip: &CommitId, n: usize) -> Result<Tail, SessionError> {
    end(repo, tip, |entries, _| entries >= n)
}

/// The end of the conversation that a model needs: from the last commit that holds a whole context (the
/// session's start, a fork, a compaction). [`Conversation::context`] of it is that of the whole.
pub fn context(repo: &Repo, tip: &CommitId) -> Result<Tail, SessionError> {
    end(repo, tip, |_, frames| frames.iter().any(|frame| frame.stamp.keyframe))
}

fn end(
    repo: &Repo,
    tip: &CommitId,
    is_enough: impl Fn(usize, &[Frame<'_>]) -> bool,
) -> Result<Tail, SessionError> {
    let mut blocks: Vec<Vec<Entry>> = Vec::new();
    let mut first: Option<usize> = None;
    walk(repo, tip, None, |commit, frames| {
        for frame in frames.iter().rev().filter(|frame| !frame.messages.is_empty()) {
            if first.is_some_and(|first| frame.messages.end > first) {
                continue;
            }
            blocks.push(frame.entries().map_err(SessionError::codec(&commit.id))?);
            first = Some(frame.messages.start);
        }
        let entries: usize = blocks.iter().map(Vec::len).sum();
        Ok(if is_enough(entries, frames) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(Tail { first_index: first.unwrap_or_default(), entries: blocks.into_iter().rev().flatten().collect() })
}

pub(super) fn peek_at(repo: &Repo, place: &Place) -> Result<Option<Peek>, SessionError> {
    let Some((commit, stamp)) = nearest(repo, &place.tip)? else { return Ok(None) };
    let frames = frames(&commit.message).map_err(SessionError::codec(&commit.id))?;
    let mut messages = frames.iter().map(|frame| frame.messages.end).max().unwrap_or_default();
    if messages == 0 {
        let tail = tail(repo, &commit.id, 1)?;
        messages = tail.first_index + tail.entries.len();
    }
    let (subject, prompt, _) = people(&commit.message);
    Ok(Some(Peek {
        stamp,
        tip: commit.id,
        head: place.head.clone(),
        messages,
        subject,
        prompt,
        time: commit.time,
    }))
}

pub(super) fn read(repo: &Repo, place: &Place, rev: Option<&str>) -> Result<Session, SessionError> {
    let mut newest: Option<(CommitId, Stamp)> = None;
    let mut on_branch = None;
    // Newest first, as the walk meets them.
    let mut blocks: Vec<Vec<Entry>> = Vec::new();
    let mut missing = Vec::new();
    let (mut steps, mut met_head) = (Vec::new(), false);
    let mut next_index = 0;
    let mut first: Option<usize> = None;
    walk(repo, &place.tip, None, |commit, frames| {
        met_head |= commit.id == place.head;
        for frame in frames.iter().rev() {
            newest.get_or_insert_with(|| (commit.id.clone(), frame.stamp.clone()));
            if frame.stamp.kind == StepKind::Step {
                steps.push(Mark::of(commit, frame));
            }
            if frame.messages.is_empty() {
                continue;
            }
            if frame.stamp.kind == StepKind::Step {
                on_branch.get_or_insert(frame.messages.end);
            }
            let first_seen = first.unwrap_or(frame.messages.end);
            if first.is_none() {
                next_index = frame.messages.end;
            }
            // Said already by a commit above: a step picked twice.
            if frame.messages.start >= first_seen {
                continue;
            }
            if frame.messages.end < first_seen {
                missing.push(frame.messages.end..first_seen);
            }
            let mut entries = frame.entries().map_err(SessionError::codec(&commit.id))?;
            entries.truncate(first_seen - frame.messages.start);
            blocks.push(entries);
            first = Some(frame.messages.start);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let Some((tip, stamp)) = newest else { return Err(no_session(rev, place)) };
    if let Some(first) = first.filter(|&first| first > 0) {
        missing.push(0..first);
    }
    missing.reverse();
    Ok(Session {
        id: stamp.session,
        branch: stamp.branch,
        tip,
        head: place.head.clone(),
        title: stamp.title,
        forked_from: stamp.forked_from,
        turn: stamp.turn,
        step: stamp.step,
        next_index,
        on_branch: on_branch.unwrap_or_default(),
        missing,
        steps: Some(Mark::in_order(steps)).filter(|_| met_head || stamp.step == 0),
        conversation: Conversation::new(blocks.into_iter().rev().flatten().collect()),
        route: stamp.route,
        total_usage: stamp.total_usage,
        total_cost_usd: stamp.total_cost_usd,
    })
}

/// What a person means by `rev`.
pub(super) fn find(repo: &Repo, rev: Option<&str>) -> Result<Place, SessionError> {
    let Some(rev) = rev else {
        let last = list::latest(repo)?.ok_or(SessionError::NoSessions)?;
        return Ok(Place { tip: last.tip, head: last.head });
    };
    if !rev.contains('/')
        && let Some(tip) = repo.read_ref(&session_ref(rev)).unwrap_or_default()
    {
        return of_tip(repo, tip);
    }
    let branch = rev.strip_prefix("refs/heads/").unwrap_or(rev);
    if let Some(head) = repo.read_ref(&format!("refs/heads/{branch}")).unwrap_or_default() {
        return of_branch(repo, branch, head);
    }
    let tip = match repo.resolve(rev) {
        Ok(tip) => tip,
        // In a fresh clone the branches are those of the remote.
        Err(error) => match repo.fetched_branch(branch)? {
            Some(head) => head,
            // It may be the id of a session whose ref was not fetched, or the branch of one that is gone.
            None => return known(repo, rev)?.ok_or_else(|| error.into()),
        },
    };
    let head = head_of(repo, &tip)?;
    Ok(Place { tip, head })
}

/// A session by the tip of its ref: with the files of its branch, where that stands on the same step.
pub(super) fn of_tip(repo: &Repo, tip: CommitId) -> Result<Place, SessionError> {
    let commit = repo.commit(&tip)?;
    let stamp = frames(&commit.message).map_err(SessionError::codec(&tip))?.pop().map(|frame| frame.stamp);
    if let Some(Stamp { session, branch: Some(branch), .. }) = &stamp
        && let Some(head) = repo.read_ref(&format!("refs/heads/{branch}"))?
    {
        if continues(repo, &tip, &head, session)? {
            return Ok(Place { tip, head });
        }
        // The branch went on (or back) without the ref: it counts, as long as it is this session's.
        if anchor(repo, &head, session)?.is_some() {
            return Ok(Place { tip: head.clone(), head });
        }
    }
    let head = head_of(repo, &tip)?;
    Ok(Place { tip, head })
}

/// A session by its branch: with what was said since its last step, where the session's ref stands on it.
fn of_branch(repo: &Repo, branch: &str, head: CommitId) -> Result<Place, SessionError> {
    let mut tips: Vec<CommitId> = Vec::new();
    if let Some((_, stamp)) = nearest(repo, &head)?
        && stamp.branch.as_deref() == Some(branch)
    {
        tips.extend(repo.read_ref(&session_ref(&stamp.session))?);
    }
    if tips.is_empty() {
        // A session without a step yet is known by the name of its branch alone.
        tips = repo.refs(SESSIONS)?.into_iter().map(|(_, tip)| tip).collect();
        tips.reverse();
    }
    for tip in tips {
        let message = repo.commit(&tip)?.message;
        let stamp = frames(&message).map_err(SessionError::codec(&tip))?.pop().map(|frame| frame.stamp);
        if let Some(stamp) = stamp
            && stamp.branch.as_deref() == Some(branch)
            && continues(repo, &tip, &head, &stamp.session)?
        {
            return Ok(Place { tip, head });
        }
    }
    Ok(Place { tip: head.clone(), head })
}

/// Whether a session's tip says all that its branch says: both stand on the same step, also after a
/// rebase of the branch or a commit of a person on it.
fn continues(repo: &Repo, tip: &CommitId, head: &CommitId, session: &str) -> Result<bool, SessionError> {
    // A record may say the whole conversation again, so the step below is sought from its branch.
    let below = head_of(repo, tip)?;
    if below == *head {
        return Ok(true);
    }
    match (anchor(repo, &below, session)?, anchor(repo, head, session)?) {
        (Some(a), Some(b)) => Ok((a.stamp.step, a.entries) == (b.stamp.step, b.entries)),
        (None, None) => Ok(repo.is_ancestor(&below, head)?),
        _ => Ok(false),
    }
}

/// The commit whose files a commit stands for: for a record, the one on the branch.
pub(super) fn head_of(repo: &Repo, commit: &CommitId) -> Result<CommitId, SessionError> {
    let message = repo.commit(commit)?.message;
    let frames = frames(&message).map_err(SessionError::codec(commit))?;
    let named = frames.last().and_then(|frame| frame.stamp.head.as_deref());
    Ok(named.and_then(|id| CommitId::parse(id).ok()).unwrap_or_else(|| commit.clone()))
}

/// A session by its id or its branch, where neither is a reference.
fn known(repo: &Repo, name: &str) -> Result<Option<Place>, SessionError> {
    let found =
        list::list(repo)?.into_iter().find(|one| one.id == name || one.branch.as_deref() == Some(name));
    Ok(found.map(|one| Place { tip: one.tip, head: one.head }))
}

fn no_session(rev: Option<&str>, place: &Place) -> SessionError {
    SessionError::NoSession { rev: rev.map_or_else(|| place.tip.short().into(), str::to_owned) }
}
