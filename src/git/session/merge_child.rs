//! Merging a child into the session that it left: the files of both, in a commit with two parents. The message is that
//! of a step of the parent, with a record of the child; the child's own conversation is below the second parent.

use super::load::{find, peek, read};
use super::markers::unresolved;
use super::undo::UNCOMMITTED;
use super::{Cursor, Draft, SessionError, keep};
use crate::chat::{Conversation, EntryKind};
use crate::git::Conflict;
use crate::git::codec::{Origin, StepMessage};
use crate::git::{CommitId, DiffStat, ObjectId, Repo, StepOptions, Touched, Worktree};

/// Characters of the child's last answer that its record holds.
const ANSWER: usize = 1_000;

/// What is merged into a parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    pub head: CommitId,
    /// As people call it: its branch, or what it was named by.
    pub name: String,
    /// `None` of a branch on which no agent worked.
    pub session: Option<String>,
    pub title: String,
    pub turns: u32,
    pub steps: u32,
    /// The last words of its agent.
    pub answer: String,
}

/// What would come of merging a child. Nothing was changed yet.
#[derive(Debug, Clone, PartialEq)]
pub enum ChildPlan {
    /// It fits, and both come to this.
    Fits(ObjectId),
    Conflicts(Vec<Conflict>),
    /// The parent has all of it already.
    Nothing,
}

/// What came of merging a child.
#[derive(Debug, Clone, PartialEq)]
pub enum ChildMerge {
    Merged(Box<MergedChild>),
    /// Nothing was changed.
    Conflicts(Vec<Conflict>),
    /// The parent has all of it already.
    Nothing,
}

#[derive(Debug, Clone, PartialEq)]
pub struct MergedChild {
    /// The step by which it was merged.
    pub commit: CommitId,
    pub subject: String,
    /// Against the parent's head.
    pub stat: DiffStat,
}

impl Child {
    /// What a revision, a branch or a session's id means as a child.
    pub fn of(repo: &Repo, rev: &str) -> Result<Self, SessionError> {
        let name = rev.strip_prefix("refs/heads/").unwrap_or(rev).to_owned();
        let branch = repo.read_ref(&format!("refs/heads/{name}"))?;
        let is_own = match (peek(repo, Some(rev)), &branch) {
            // A branch of the user's may stand on the steps of somebody else's.
            (Ok(peek), Some(_)) => peek.stamp.branch.as_deref() == Some(&*name),
            (Ok(_), None) => true,
            (Err(_), _) => false,
        };
        if !is_own {
            let head = match branch {
                Some(head) => head,
                None => repo.resolve(rev)?,
            };
            let title = repo.commit(&head)?.subject().to_owned();
            return Ok(Self { head, name, session: None, title, turns: 0, steps: 0, answer: String::new() });
        }
        let session = read(repo, &find(repo, Some(rev))?, Some(rev))?;
        let answer = session.conversation.entries().iter().rev().find_map(|entry| match &entry.kind {
            EntryKind::Answer { message, .. } => {
                Some(message.text().trim().to_owned()).filter(|text| !text.is_empty())
            }
            _ => None,
        });
        Ok(Self {
            head: session.head,
            name: session.branch.unwrap_or(name),
            session: Some(session.id),
            title: session.title.unwrap_or_default(),
            turns: session.turn,
            steps: session.step,
            answer: answer.unwrap_or_default(),
        })
    }

    /// In a line.
    pub fn subject(&self) -> String {
        let title = self.title.lines().next().unwrap_or_default();
        if title.is_empty() {
            format!("Merge {}", self.name)
        } else {
            format!("Merge {}: {title}", self.name)
        }
    }

    fn record(&self) -> String {
        let mut text = format!("Merged {} at {}", self.name, self.head.short());
        if let Some(session) = &self.session {
            text.push_str(&format!(" (session {session}, turns: {}, steps: {})", self.turns, self.steps));
        }
        text.push_str(".\n");
        if !self.answer.is_empty() {
            let short: String = self.answer.chars().take(ANSWER).collect();
            let more = if short.len() < self.answer.len() { " […]" } else { "" };
            text.push_str(&format!("\nIts last answer:\n{short}{more}\n"));
        }
        text
    }
}

/// What would come of merging a child into a parent at `head`.
///
/// # Errors
/// When conflicts stand in the child's files that nobody resolved.
pub fn plan_child(repo: &Repo, head: &CommitId, child: &Child) -> Result<ChildPlan, SessionError> {
    if repo.is_ancestor(&child.head, head)? {
        return Ok(ChildPlan::Nothing);
    }
    let merged = repo.merge(head, &child.head)?;
    if !merged.is_clean() {
        return Ok(ChildPlan::Conflicts(merged.conflicts));
    }
    let base = repo.merge_base(head, &child.head)?;
    let stat = repo.diff(base.as_deref(), &child.head)?;
    let paths = unresolved(repo, &child.head, Some(head), &stat)?;
    if !paths.is_empty() {
        return Err(SessionError::Unresolved { name: child.name.clone(), paths });
    }
    Ok(ChildPlan::Fits(merged.tree))
}

/// Merges a child into the session that `cursor` writes, in its worktree. What the worktree holds uncommitted is
/// committed first. `draft` tells route and cost of what the parent said since its last step; subject and summary are
/// made here.
///
/// # Errors
/// When a file of the child's would take the place of one that git does not follow, or holds conflicts that nobody
/// resolved, besides those of git. Then nothing was changed, except that uncommitted work is committed.
#[allow(clippy::too_many_arguments, reason = "what is merged, into what, and what was said of both")]
pub fn merge_child(
    repo: &Repo,
    worktree: &mut Worktree,
    cursor: &mut Cursor,
    conversation: &Conversation,
    child: &Child,
    draft: &Draft,
    known: &[String],
) -> Result<ChildMerge, SessionError> {
    if worktree.is_dirty()? {
        worktree.commit(&Touched::Scan, &|_| UNCOMMITTED.into(), &StepOptions::default())?;
    }
    let Some(head) = worktree.head()? else { return Ok(ChildMerge::Nothing) };
    let tree = match plan_child(repo, &head, child)? {
        ChildPlan::Fits(tree) => tree,
        ChildPlan::Conflicts(conflicts) => return Ok(ChildMerge::Conflicts(conflicts)),
        ChildPlan::Nothing => return Ok(ChildMerge::Nothing),
    };
    cursor.sync(repo, &head)?;
    let draft = Draft { subject: child.subject(), summary: child.record(), ..draft.clone() };
    let mut message: StepMessage = cursor.step_message(conversation, &draft);
    message.stamp.merged = Some(Origin {
        commit: child.head.to_string(),
        session: child.session.clone().unwrap_or_default(),
        turn: child.turns,
    });
    let stat = repo.diff(Some(&head), &tree)?;
    let parents = [head.clone(), child.head.clone()];
    let commit = repo.write_commit(&tree, &parents, &message.encode(known))?;
    keep(repo, child.session.as_deref().unwrap_or(cursor.session()), &child.head, "merged")?;
    repo.carry(worktree.branch(), Some(&head), &commit, &format!("commit (merge): {}", child.subject()))?;
    cursor.stepped(repo, &commit, &message)?;
    let subject = message.first_line(known);
    Ok(ChildMerge::Merged(Box::new(MergedChild { commit, subject, stat })))
}
