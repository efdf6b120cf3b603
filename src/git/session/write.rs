//! A session as it grows: what its next commit carries, and its ref moved with it.

use std::cell::RefCell;

use super::load::Session;
use super::walk::anchor;
use super::{SessionError, keep, session_ref};
use crate::chat::{Conversation, EntryKind, Usage};
use crate::git::codec::{Origin, Route, Stamp, StepKind, StepMessage};
use crate::git::{CommitId, Committed, DiffStat, Expect, Repo, StepOptions, Touched, Worktree};

/// Where a session stands in git, held by whoever writes it. One writer per session: the ref is moved
/// by compare-and-swap, so a second one gets [`crate::git::GitError::RefMoved`] and loses nothing.
#[derive(Debug, Clone)]
pub struct Cursor {
    session: String,
    branch: String,
    forked_from: Option<Origin>,
    /// The branch's last commit that is known here, and the entries that its line holds.
    head: CommitId,
    on_branch: usize,
    /// The session's last commit, the commit of the branch that it stands on, and its entries.
    tip: Option<CommitId>,
    tip_head: CommitId,
    at_tip: usize,
    /// Entries whose usage is in `total`.
    counted: usize,
    /// Where the session's ref is.
    ref_at: Option<CommitId>,
    /// What the ref holds and the tip does not continue, to be kept before the ref moves.
    aside: Option<CommitId>,
    step: u32,
    total: Spent,
    total_at_head: Spent,
}

/// What the writer of a commit knows and the conversation does not say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Draft {
    /// What was done, in the imperative.
    pub subject: String,
    /// A few lines for a reader; may be empty.
    pub summary: String,
    pub route: Option<Route>,
    /// The cost of what was said since the last commit of either kind; `None` when it has no price.
    pub cost_usd: Option<f64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Spent {
    usage: Usage,
    cost_usd: Option<f64>,
}

impl Cursor {
    /// A session that begins at a commit: that which its branch was made at. One without a branch (an empty
    /// name) writes records only.
    pub fn start(
        session: impl Into<String>,
        branch: impl Into<String>,
        base: CommitId,
        forked_from: Option<Origin>,
    ) -> Self {
        Self {
            session: session.into(),
            branch: branch.into(),
            forked_from,
            head: base.clone(),
            on_branch: 0,
            tip: None,
            tip_head: base,
            at_tip: 0,
            counted: 0,
            ref_at: None,
            aside: None,
            step: 0,
            total: Spent::default(),
            total_at_head: Spent::default(),
        }
    }

    /// A session that goes on where it was loaded, on the branch that it is on.
    pub fn resume(repo: &Repo, session: &Session) -> Result<Self, SessionError> {
        let ref_at = repo.read_ref(&session_ref(&session.id))?;
        let anchor = anchor(repo, &session.head, &session.id)?;
        let total = Spent { usage: session.total_usage, cost_usd: session.total_cost_usd };
        // With a hole in it, the conversation is said again from its start by the next commit.
        let mut is_whole = session.missing.is_empty();
        let tip_head = super::load::head_of(repo, &session.tip)?;
        // A rebase may have dropped steps that the session's own line still has.
        if is_whole && !repo.is_ancestor(&tip_head, &session.head)? {
            is_whole = super::walk::is_whole(repo, &session.head, &session.id)?;
        }
        let on_branch = if is_whole { anchor.as_ref().map_or(0, |a| a.entries) } else { 0 };
        Ok(Self {
            session: session.id.clone(),
            branch: session.branch.clone().unwrap_or_default(),
            forked_from: session.forked_from.clone(),
            head: session.head.clone(),
            on_branch,
            tip: Some(session.tip.clone()),
            tip_head,
            at_tip: if is_whole { session.next_index } else { 0 },
            counted: session.conversation.len(),
            aside: ref_at.clone().filter(|at| *at != session.tip),
            ref_at,
            step: session.step,
            total,
            total_at_head: anchor.map_or_else(Spent::default, |a| Spent {
                usage: a.stamp.total_usage,
                cost_usd: a.stamp.total_cost_usd,
            }),
        })
    }

    /// Moves the session's ref to the session's end, where a crash came between a commit and that, or
    /// where the ref was not fetched.
    pub fn settle(&mut self, repo: &Repo) -> Result<(), SessionError> {
        repo.clear_ref_lock(&session_ref(&self.session))?;
        repo.clear_ref_locks_in(&format!("{}{}", super::KEPT, self.session))?;
        match self.tip.clone() {
            Some(tip) if self.ref_at.as_ref() != Some(&tip) => self.move_ref(repo, &tip),
            _ => Ok(()),
        }
    }

    /// The commit of the branch that the session stands on, as far as is known here.
    pub fn head(&self) -> &CommitId {
        &self.head
    }

    pub fn session(&self) -> &str {
        &self.session
    }

    /// The first turn that is not another session's.
    pub fn own_from(&self) -> u32 {
        self.forked_from.as_ref().map_or(0, |origin| origin.turn)
    }

    /// Where the session left another one.
    pub fn forked_from(&self) -> Option<&Origin> {
        self.forked_from.as_ref()
    }

    pub fn branch(&self) -> &str {
        &self.branch
    }

    /// The session's last commit, once there is one.
    pub fn tip(&self) -> Option<&CommitId> {
        self.tip.as_ref()
    }

    /// Step commits so far.
    pub fn step(&self) -> u32 {
        self.step
    }

    /// Takes note of where the branch is now. Commits of people on top change nothing; after a rebase or
    /// a reset by hand, what the branch no longer holds goes into the next commit again.
    pub fn sync(&mut self, repo: &Repo, head: &CommitId) -> Result<(), SessionError> {
        if *head == self.head {
            return Ok(());
        }
        if !repo.is_ancestor(&self.head, head)? {
            let anchor = anchor(repo, head, &self.session)?;
            self.on_branch = anchor.as_ref().map_or(0, |a| a.entries).min(self.on_branch);
            self.total_at_head = anchor.map_or_else(Spent::default, |a| Spent {
                usage: a.stamp.total_usage,
                cost_usd: a.stamp.total_cost_usd,
            });
        }
        self.head = head.clone();
        Ok(())
    }

    /// The message of the next step: everything said since the branch's last one. Call [`Self::sync`]
    /// with the commit that will be its parent before, and [`Self::stepped`] after.
    pub fn step_message(&self, conversation: &Conversation, draft: &Draft) -> StepMessage {
        let total = self.total_with(conversation, draft);
        // What was recorded since the last step is carried by this one, and so is its price.
        let since_head = Spent {
            usage: minus(total.usage, self.total_at_head.usage),
            cost_usd: draft.cost_usd.and(total.cost_usd).map(|now| {
                let then = self.total_at_head.cost_usd.unwrap_or_default();
                (now - then).max(0.0)
            }),
        };
        self.message(StepKind::Step, conversation, self.on_branch, (since_head, total), draft)
    }

    /// Commits what changed in the worktree as a step, with everything said since the last one, and
    /// moves the session's ref. Nothing when no file changed. `draft` is asked once the difference is
    /// known.
    pub fn step_in(
        &mut self,
        worktree: &mut Worktree,
        changes: (&Touched, &StepOptions),
        conversation: &Conversation,
        draft: &dyn Fn(&DiffStat) -> Draft,
        known: &[String],
    ) -> Result<Option<Committed>, SessionError> {
        let repo = worktree.repo().clone();
        if let Some(head) = worktree.head()? {
            self.sync(&repo, &head)?;
        }
        let written = RefCell::new(StepMessage::default());
        let build = |stat: &DiffStat| {
            let message = self.step_message(conversation, &draft(stat));
            let text = message.encode(known);
            written.replace(message);
            text
        };
        let (touched, options) = changes;
        let Some(committed) = worktree.commit(touched, &build, options)? else { return Ok(None) };
        self.stepped(&repo, &committed.commit, &written.into_inner())?;
        Ok(Some(committed))
    }

    /// The step's commit was made, and the branch stands at it: moves the session's ref there.
    pub fn stepped(
        &mut self,
        repo: &Repo,
        commit: &CommitId,
        message: &StepMessage,
    ) -> Result<(), SessionError> {
        self.move_ref(repo, commit)?;
        self.step = message.stamp.step;
        self.head = commit.clone();
        self.on_branch = message.first_index + message.entries.len();
        self.total = Spent { usage: message.stamp.total_usage, cost_usd: message.stamp.total_cost_usd };
        self.total_at_head = self.total;
        self.tip_head = commit.clone();
        self.at_tip = self.on_branch;
        self.counted = self.on_branch;
        Ok(())
    }

    /// Writes what was said since the last commit to the session's ref, as a commit with the files of
    /// `head`, the branch's present commit. The branch does not move. Nothing when nothing was said.
    pub fn record(
        &mut self,
        repo: &Repo,
        head: &CommitId,
        conversation: &Conversation,
        draft: &Draft,
        known: &[String],
    ) -> Result<Option<CommitId>, SessionError> {
        self.sync(repo, head)?;
        let on_top = self.tip.clone().filter(|_| self.tip_head == self.head && self.at_tip >= self.on_branch);
        let (parent, first) = match on_top {
            Some(tip) => (tip, self.at_tip),
            None => (self.head.clone(), self.on_branch),
        };
        if first >= conversation.len() {
            return Ok(None);
        }
        let total = self.total_with(conversation, draft);
        let spent = Spent { usage: minus(total.usage, self.total.usage), cost_usd: draft.cost_usd };
        let mut message = self.message(StepKind::Turn, conversation, first, (spent, total), draft);
        message.stamp.head = Some(self.head.to_string());
        let tree = repo.commit(&self.head)?.tree;
        let commit = repo.write_commit(&tree, &[parent], &message.encode(known))?;
        self.move_ref(repo, &commit)?;
        self.total = total;
        self.tip_head = self.head.clone();
        self.at_tip = conversation.len();
        self.counted = conversation.len();
        Ok(Some(commit))
    }

    fn message(
        &self,
        kind: StepKind,
        conversation: &Conversation,
        first: usize,
        (spent, total): (Spent, Spent),
        draft: &Draft,
    ) -> StepMessage {
        let first = first.min(conversation.len());
        let entries = conversation.entries()[first..].to_vec();
        let prompt = entries.iter().rev().find_map(|entry| match &entry.kind {
            EntryKind::Prompt { message, .. } => Some(message.text()),
            _ => None,
        });
        let is_compaction = entries.iter().any(|entry| matches!(entry.kind, EntryKind::Summary(_)));
        StepMessage {
            subject: draft.subject.clone(),
            prompt,
            summary: draft.summary.clone(),
            first_index: first,
            stamp: Stamp {
                session: self.session.clone(),
                turn: conversation.turn(),
                step: if kind == StepKind::Step { self.step + 1 } else { self.step },
                kind,
                keyframe: first == 0 || is_compaction,
                branch: Some(self.branch.clone()).filter(|branch| !branch.is_empty()),
                title: conversation.title_since(self.own_from()),
                forked_from: self.forked_from.clone(),
                merged: None,
                head: None,
                route: draft.route.clone(),
                usage: spent.usage,
                cost_usd: spent.cost_usd,
                total_usage: total.usage,
                total_cost_usd: total.cost_usd,
            },
            entries,
        }
    }

    fn total_with(&self, conversation: &Conversation, draft: &Draft) -> Spent {
        let mut usage = self.total.usage;
        for entry in conversation.entries().iter().skip(self.counted) {
            if let EntryKind::Answer { usage: used, .. } = &entry.kind {
                usage += *used;
            }
        }
        let cost_usd = match (self.total.cost_usd, draft.cost_usd) {
            (None, None) => None,
            (before, now) => Some(before.unwrap_or_default() + now.unwrap_or_default()),
        };
        Spent { usage, cost_usd }
    }

    fn move_ref(&mut self, repo: &Repo, to: &CommitId) -> Result<(), SessionError> {
        if let Some(aside) = &self.aside {
            keep::keep(repo, &self.session, aside, "moved")?;
        }
        let expect = self.ref_at.as_ref().map_or(Expect::Absent, Expect::At);
        repo.update_ref(&session_ref(&self.session), to, expect, "offshoot: the session went on")?;
        self.aside = None;
        self.ref_at = Some(to.clone());
        self.tip = Some(to.clone());
        Ok(())
    }
}

fn minus(a: Usage, b: Usage) -> Usage {
    Usage {
        input: a.input.saturating_sub(b.input),
        output: a.output.saturating_sub(b.output),
        cache_read: a.cache_read.saturating_sub(b.cache_read),
        cache_write: a.cache_write.saturating_sub(b.cache_write),
        reasoning: a.reasoning.saturating_sub(b.reasoning),
    }
}
