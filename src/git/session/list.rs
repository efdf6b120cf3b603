//! The sessions of a repository, and the steps of each.

use std::ops::ControlFlow;

use super::load::{Peek, Place, find, of_tip, peek_at};
use super::walk::walk;
use super::{SESSIONS, SessionError};
use crate::chat::Usage;
use crate::git::codec::{Origin, Route, StepKind, people};
use crate::git::{CommitId, Repo};

/// A session in one line.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionSummary {
    pub id: String,
    /// Without `refs/heads/`.
    pub branch: Option<String>,
    /// The first words of the session.
    pub title: String,
    /// Seconds since 1970, when the id tells it.
    pub started: Option<i64>,
    /// When its last commit was made, in seconds since 1970.
    pub updated: i64,
    pub turns: u32,
    pub steps: u32,
    /// Entries in the whole session.
    pub messages: usize,
    pub tip: CommitId,
    pub head: CommitId,
    /// The subject of its last commit.
    pub subject: String,
    /// Who answered last.
    pub route: Option<Route>,
    pub usage: Usage,
    pub cost_usd: Option<f64>,
    pub forked_from: Option<Origin>,
}

/// One commit of a session.
#[derive(Debug, Clone, PartialEq)]
pub struct StepSummary {
    pub commit: CommitId,
    pub kind: StepKind,
    pub turn: u32,
    pub step: u32,
    pub subject: String,
    /// As the commit quotes it, when this is the first to answer it.
    pub prompt: Option<String>,
    /// Every turn that begins in this commit, with the words that began it.
    pub prompts: Vec<(u32, String)>,
    pub route: Option<Route>,
    pub usage: Usage,
    pub cost_usd: Option<f64>,
    /// Seconds since 1970.
    pub time: i64,
}

/// A session with its steps, and the sessions that left it.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionTree {
    pub summary: SessionSummary,
    /// Oldest first.
    pub steps: Vec<StepSummary>,
    /// Newest first.
    pub forks: Vec<SessionTree>,
}

/// All sessions, the last one worked on first: by their refs, and in a fresh clone by the branches
/// `offshoot/*`, also those that were only fetched. One that cannot be read does not hide the others.
pub fn list(repo: &Repo) -> Result<Vec<SessionSummary>, SessionError> {
    let mut found: Vec<SessionSummary> = Vec::new();
    for (name, tip) in repo.refs(SESSIONS)? {
        match of_tip(repo, tip).and_then(|place| peek_at(repo, &place)) {
            Ok(Some(peek)) => found.push(peek.into()),
            Ok(None) => tracing::warn!(name, "the ref of a session leads to no session"),
            Err(error) => tracing::warn!(name, %error, "a session was left out"),
        }
    }
    let fetched = repo.refs("refs/remotes/")?.into_iter().filter(|(name, _)| name.contains("/offshoot/"));
    for (name, head) in repo.refs("refs/heads/offshoot/")?.into_iter().chain(fetched) {
        let place = Place { tip: head.clone(), head };
        match peek_at(repo, &place) {
            // A branch may just have been made on top of another session's commit.
            Ok(Some(peek)) if peek.stamp.branch.as_ref().is_some_and(|branch| name.ends_with(branch)) => {
                if found.iter().all(|session| session.id != peek.stamp.session) {
                    found.push(peek.into());
                }
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(name, %error, "a branch was left out"),
        }
    }
    found.sort_by(|a, b| (b.updated, &b.id).cmp(&(a.updated, &a.id)));
    Ok(found)
}

/// The session that was last worked on: not one of a sub-agent, which is nobody's to go on with unless they say so.
pub fn latest(repo: &Repo) -> Result<Option<SessionSummary>, SessionError> {
    let is_task = |one: &SessionSummary| one.forked_from.as_ref().is_some_and(Origin::is_task);
    let all = list(repo)?;
    let at = all.iter().position(|one| !is_task(one)).unwrap_or_default();
    Ok(all.into_iter().nth(at))
}

/// The commits of a session, oldest first, up to and including `rev`.
pub fn steps(repo: &Repo, rev: Option<&str>) -> Result<Vec<StepSummary>, SessionError> {
    steps_to(repo, &find(repo, rev)?.tip)
}

/// All sessions with their steps; each that left another one stands under it.
pub fn log_tree(repo: &Repo) -> Result<Vec<SessionTree>, SessionError> {
    let mut trees = Vec::new();
    for summary in list(repo)? {
        let steps = steps_to(repo, &summary.tip)?;
        trees.push(SessionTree { summary, steps, forks: Vec::new() });
    }
    Ok(nest(trees))
}

fn nest(mut trees: Vec<SessionTree>) -> Vec<SessionTree> {
    // A fork is always younger than its parent, and ids sort by time: the youngest goes in first.
    trees.sort_by(|a, b| b.summary.id.cmp(&a.summary.id));
    let mut roots: Vec<SessionTree> = Vec::new();
    let mut rest: std::collections::VecDeque<SessionTree> = trees.into();
    while let Some(tree) = rest.pop_front() {
        let parent = tree.summary.forked_from.as_ref().map(|origin| &origin.session);
        match rest.iter_mut().find(|other| Some(&other.summary.id) == parent) {
            Some(parent) => parent.forks.push(tree),
            None => roots.push(tree),
        }
    }
    roots.sort_by_key(|tree| std::cmp::Reverse(tree.summary.updated));
    roots
}

fn steps_to(repo: &Repo, tip: &CommitId) -> Result<Vec<StepSummary>, SessionError> {
    let mut steps = Vec::new();
    walk(repo, tip, None, |commit, frames| {
        for frame in frames.iter().rev() {
            let (subject, prompt, _) = people(&commit.message);
            let stamp = frame.stamp.clone();
            steps.push(StepSummary {
                commit: commit.id.clone(),
                kind: stamp.kind,
                turn: stamp.turn,
                step: stamp.step,
                subject,
                prompt,
                prompts: frame.prompts(),
                route: stamp.route,
                usage: stamp.usage,
                cost_usd: stamp.cost_usd,
                time: commit.time,
            });
        }
        Ok(ControlFlow::Continue(()))
    })?;
    steps.reverse();
    Ok(steps)
}

impl From<Peek> for SessionSummary {
    fn from(peek: Peek) -> Self {
        let Peek { stamp, tip, head, messages, subject, time, .. } = peek;
        let started = ulid::Ulid::from_string(&stamp.session).ok();
        Self {
            started: started.and_then(|id| i64::try_from(id.timestamp_ms() / 1000).ok()),
            title: stamp.title.or_else(|| stamp.branch.clone()).unwrap_or_else(|| subject.clone()),
            id: stamp.session,
            branch: stamp.branch,
            updated: time,
            turns: stamp.turn,
            steps: stamp.step,
            messages,
            tip,
            head,
            subject,
            route: stamp.route,
            usage: stamp.total_usage,
            cost_usd: stamp.total_cost_usd,
            forked_from: stamp.forked_from,
        }
    }
}
