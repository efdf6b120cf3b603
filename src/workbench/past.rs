//! What was said and done in an open session so far, for a screen that shows it: the conversation, and the
//! commits at their places in it. Reads git; changes nothing.

use std::collections::HashMap;
use std::sync::Arc;

use super::compare::mix_base;
use crate::chat::{Conversation, EntryKind};
use crate::git::session::{Mark, Session, SessionError, Trail, marks};
use crate::git::{CommitId, DiffStat, Repo};

/// Steps whose changes are counted when a session is opened: a long past is not read through for it.
const COUNTED: usize = 100;

/// What was said and done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    pub conversation: Arc<Conversation>,
    /// Oldest first; those of a session that this one was forked from too, up to the fork.
    pub steps: Vec<StepMark>,
}

/// A step commit, and its place in the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepMark {
    pub commit: String,
    pub turn: u32,
    pub step: u32,
    pub subject: String,
    /// The index of the last entry of the conversation that the commit carries.
    pub last_entry: usize,
    /// `None` of steps that are long past.
    pub stat: Option<Stat>,
}

/// How much a commit changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stat {
    pub files: usize,
    pub insertions: usize,
    pub deletions: usize,
}

impl From<&DiffStat> for Stat {
    fn from(diff: &DiffStat) -> Self {
        Self { files: diff.files.len(), insertions: diff.insertions, deletions: diff.deletions }
    }
}

/// The steps of a session, and what was counted of them already.
#[derive(Debug, Default)]
pub(super) struct Past {
    counted: HashMap<CommitId, Stat>,
}

/// The steps of a session as they were read.
#[derive(Debug)]
pub(super) struct Steps {
    pub marks: Vec<StepMark>,
    /// The commit at which the session's branch began.
    pub start: CommitId,
}

impl History {
    /// Of a session that is on record. Blocks.
    pub(super) fn of(repo: &Repo, session: Session) -> Result<Self, SessionError> {
        let steps = Past::default().read(
            repo,
            &Trail::from(&session),
            session.branch.as_deref(),
            &session.conversation,
        )?;
        Ok(Self { conversation: Arc::new(session.conversation), steps: steps.marks })
    }
}

impl Past {
    /// Blocks.
    pub fn read(
        &mut self,
        repo: &Repo,
        trail: &Trail,
        branch: Option<&str>,
        conversation: &Conversation,
    ) -> Result<Steps, SessionError> {
        let found = marks(repo, trail)?;
        let start = start(repo, trail, branch, conversation, &found);
        let uncounted = found.len().saturating_sub(COUNTED);
        let marks = found.into_iter().enumerate().map(|(at, mark)| StepMark {
            stat: if at < uncounted {
                self.counted.get(&mark.commit).copied()
            } else {
                self.count(repo, &mark)
            },
            commit: mark.commit.to_string(),
            turn: mark.turn,
            step: mark.step,
            subject: mark.subject,
            last_entry: mark.last_entry,
        });
        Ok(Steps { marks: marks.collect(), start })
    }

    /// How much each turn changed that changed anything, from before its first step to its last.
    pub fn turns(repo: &Repo, session: &Session) -> Result<Vec<(u32, Stat)>, SessionError> {
        let found = marks(repo, &Trail::from(session))?;
        let mut ends: Vec<(u32, Option<CommitId>, CommitId)> = Vec::new();
        for mark in found {
            match ends.last_mut() {
                Some((turn, _, last)) if *turn == mark.turn => *last = mark.commit,
                _ => ends.push((mark.turn, mark.parent, mark.commit)),
            }
        }
        let uncounted = ends.len().saturating_sub(COUNTED);
        let count = |(turn, from, to): (u32, Option<CommitId>, CommitId)| {
            Ok((turn, Stat::from(&repo.diff(from.as_deref(), &to)?)))
        };
        ends.into_iter().skip(uncounted).map(count).collect()
    }

    /// A commit that cannot be compared is shown without figures.
    fn count(&mut self, repo: &Repo, mark: &Mark) -> Option<Stat> {
        if let Some(stat) = self.counted.get(&mark.commit) {
            return Some(*stat);
        }
        let stat = Stat::from(&repo.diff(mark.parent.as_deref(), &mark.commit).ok()?);
        self.counted.insert(mark.commit.clone(), stat);
        Some(stat)
    }
}

/// The commit at which a session's branch began. Blocks.
pub(super) fn start_of(repo: &Repo, session: &Session) -> Result<CommitId, SessionError> {
    let trail = Trail::from(session);
    let marks = marks(repo, &trail)?;
    Ok(start(repo, &trail, session.branch.as_deref(), &session.conversation, &marks))
}

/// Where the branch began: at the fork, below what it took from others, or where the first prompt was sent. After a rebase neither is below
/// the branch any more; then its first step tells.
fn start(
    repo: &Repo,
    trail: &Trail,
    branch: Option<&str>,
    conversation: &Conversation,
    marks: &[Mark],
) -> CommitId {
    let forked = trail.forked_from.as_ref().map(|origin| origin.commit.clone());
    let prompted = || {
        conversation.entries().iter().find_map(|entry| match &entry.kind {
            EntryKind::Prompt { base, .. } => base.clone(),
            _ => None,
        })
    };
    let mixed = || mix_base(repo, branch?).map(|base| base.to_string());
    let told = forked.or_else(mixed).or_else(prompted).and_then(|commit| CommitId::parse(&commit).ok());
    let told = told.filter(|commit| repo.is_ancestor(commit, &trail.head).unwrap_or(false));
    let stepped = || marks.iter().find(|mark| mark.session == trail.session)?.parent.clone();
    told.or_else(stepped).unwrap_or_else(|| trail.head.clone())
}
