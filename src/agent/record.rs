//! What an agent says goes on record: first in the journal, then in git, as steps on the branch and
//! as records on the session's ref.

use std::sync::{Arc, Mutex, PoisonError};

use super::bill::Bill;
use super::event::{AgentEvent, Edits, Failure, StepTaken};
use super::journal::JournaledChild;
use super::round::Round;
use super::turn::Attempt;
use super::wording::{self, Change, Verb};
use super::{Agent, Recovered, Replay, now, observe};
use crate::chat::{Entry, EntryKind, ErrorClass, Message, Part, Role, StopReason, ToolResult, Usage};
use crate::git::codec::{Route, StepMessage};
use crate::git::redact::redact_entry;
use crate::git::session::{Cursor, Draft, SessionError};
use crate::git::{
    self, ChangeKind, CommitId, Committed, DiffStat, GitError, LeftOut, Repo, StepOptions, Worktree,
};
use crate::tools;

/// The git side of an agent: blocking, so it is only used on threads that may block.
#[derive(Clone)]
pub(super) struct Keeper {
    pub repo: Repo,
    pub held: Arc<Mutex<Held>>,
}

/// What only one thread may use at a time.
pub struct Held {
    /// `None` of an agent that only looks on: it commits nothing.
    pub worktree: Option<Worktree>,
    pub cursor: Cursor,
}

impl Held {
    /// The commit whose files count: that of the branch; of an agent that only looks on, the one that it
    /// began with. `None` in a repository without commits.
    pub fn head(&self) -> Result<Option<CommitId>, GitError> {
        match &self.worktree {
            Some(worktree) => worktree.head(),
            None => Ok(Some(self.cursor.head().clone())),
        }
    }

    /// Commits what changed, if anything did, and tells what was seen and not taken.
    fn commit(
        &mut self,
        touched: &git::Touched,
        message: &dyn Fn(&DiffStat) -> String,
        merged: &[CommitId],
    ) -> Result<(Option<Committed>, Vec<LeftOut>), GitError> {
        let Some(worktree) = &mut self.worktree else { return Ok((None, Vec::new())) };
        let committed = worktree.commit(
            touched,
            message,
            &StepOptions { extra_parents: merged.to_vec(), ..StepOptions::default() },
        )?;
        Ok((committed, worktree.left_out().to_vec()))
    }
}

/// What is still to be said of the next commit.
#[derive(Debug, Clone, Default)]
pub(super) struct Pending {
    /// Since the last commit.
    pub cost: Bill,
    pub route: Option<Route>,
    /// No step of the present turn is committed yet.
    pub is_first: bool,
    /// What was brought into the files from other branches: parents of the next step.
    pub merged: Vec<CommitId>,
}

impl Keeper {
    /// Runs `work` where it may block.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Repo, &mut Held) -> Result<T, SessionError> + Send + 'static,
    ) -> Result<T, Failure> {
        let keeper = self.clone();
        tokio::task::spawn_blocking(move || {
            let mut held = keeper.held.lock().unwrap_or_else(PoisonError::into_inner);
            work(&keeper.repo, &mut held)
        })
        .await
        .map_err(|_| Failure::new(ErrorClass::Internal, "the git thread died"))?
        .map_err(Failure::from)
    }
}

impl Agent {
    /// Adds an entry to the conversation, journaled before anybody sees it.
    pub(super) fn say(&mut self, turn: u32, kind: EntryKind) -> Result<(), Failure> {
        let entry = Entry { turn, at: now(), kind };
        let masked = redact_entry(&entry, &self.services.secrets);
        self.journal.entry(self.session.conversation.len(), &masked)?;
        self.add(entry);
        Ok(())
    }

    fn add(&mut self, entry: Entry) {
        if matches!(entry.kind, EntryKind::Prompt { .. }) {
            self.pending.is_first = true;
        }
        Arc::make_mut(&mut self.session.conversation).push(entry);
    }

    /// The commit that the branch stands at; `None` in a repository without commits.
    pub async fn head(&self) -> Result<Option<String>, Failure> {
        self.keeper.run(|_, held| Ok(held.head()?.map(|commit| commit.to_string()))).await
    }

    /// Commits what somebody changed in the worktree by hand since the last step.
    pub(super) async fn keep_edits_by_hand(&mut self) -> Result<(), Failure> {
        let (kept, left_out) = self
            .keeper
            .run(|_, held| {
                let message = |stat: &DiffStat| {
                    let subject = wording::subject("", true, &changes(stat));
                    format!("{subject}\n\nEdited by hand in the worktree, not by an agent.\n")
                };
                Ok(held.commit(&git::Touched::Scan, &message, &[])?)
            })
            .await?;
        self.tell_left_out(&left_out).await;
        if let Some(kept) = kept {
            let edits = Edits {
                commit: kept.commit.to_string(),
                subject: wording::subject("", true, &changes(&kept.stat)),
                files: kept.stat.files.len(),
                insertions: kept.stat.insertions,
                deletions: kept.stat.deletions,
            };
            self.emit(AgentEvent::Edits(edits)).await;
        }
        Ok(())
    }

    /// Commits the files that a round changed, with everything said since the last step.
    pub(super) async fn keep_step(
        &mut self,
        turn: u32,
        attempt: &mut Attempt,
        answer: &Message,
        round: Round,
    ) -> Result<Option<StepTaken>, Failure> {
        let touched = match round.touched {
            tools::Touched::Nothing => return Ok(None),
            tools::Touched::Paths(paths) => git::Touched::Paths(paths),
            tools::Touched::Unknown => git::Touched::Scan,
        };
        let summary = wording::paragraph(answer, &round.results, &round.summaries);
        self.owes_step = true;
        let taken = self.commit_step(turn, touched, summary).await?;
        self.owes_step = false;
        if let Some(step) = &taken {
            attempt.took(step.clone());
        }
        Ok(taken)
    }

    /// Commits what changed in the worktree as the session's next step; `None` when nothing did.
    pub(super) async fn commit_step(
        &mut self,
        turn: u32,
        touched: git::Touched,
        summary: String,
    ) -> Result<Option<StepTaken>, Failure> {
        let is_first = self.pending.is_first;
        let draft = Draft {
            subject: String::new(),
            summary,
            route: self.pending.route.clone(),
            cost_usd: self.pending.cost.total(),
        };
        let prompt = prompt_of(self, turn);
        let secrets = self.services.secrets.clone();
        let conversation = self.session.conversation.clone();
        let merged = self.pending.merged.clone();
        let (committed, left_out, step, subject) = self
            .keeper
            .run(move |repo, held| {
                if let Some(head) = held.head()? {
                    held.cursor.sync(repo, &head)?;
                }
                let step = held.cursor.step_message(&conversation, &draft);
                let worded = |stat: &DiffStat| {
                    let subject = wording::subject(&prompt, is_first, &changes(stat));
                    StepMessage { subject, ..step.clone() }
                };
                let message = |stat: &DiffStat| worded(stat).encode(&secrets);
                let (committed, left_out) = held.commit(&touched, &message, &merged)?;
                let mut subject = String::new();
                if let Some(committed) = &committed {
                    held.cursor.stepped(repo, &committed.commit, &step)?;
                    subject = worded(&committed.stat).first_line(&secrets);
                }
                Ok((committed, left_out, held.cursor.step(), subject))
            })
            .await?;
        self.tell_left_out(&left_out).await;
        let Some(committed) = committed else { return Ok(None) };
        self.pending.is_first = false;
        self.pending.merged.clear();
        self.session.step = step;
        self.told_git()?;
        let protected = committed.stat.files.iter().filter(|file| observe::is_protected(&file.path)).count();
        self.protected = self.protected.saturating_add(u32::try_from(protected).unwrap_or(u32::MAX));
        let taken = StepTaken {
            commit: committed.commit.to_string(),
            turn,
            step,
            subject,
            files: committed.stat.files.len(),
            insertions: committed.stat.insertions,
            deletions: committed.stat.deletions,
        };
        self.emit(AgentEvent::Step(taken.clone())).await;
        Ok(Some(taken))
    }

    /// Commits the step that could not be committed before, when there is one.
    pub(super) async fn keep_owed_step(&mut self) -> Result<(), Failure> {
        if !self.owes_step {
            return Ok(());
        }
        let turn = self.session.conversation.turn();
        let summary = "Committed late: it could not be committed when it was made.".to_owned();
        self.commit_step(turn, git::Touched::Scan, summary).await?;
        self.owes_step = false;
        Ok(())
    }

    /// Puts what was said since the last step on the session's ref, and shrinks the journal.
    pub(super) async fn keep_turn(&mut self) -> Result<(), Failure> {
        let prompt = prompt_of(self, self.session.conversation.turn());
        self.keep_said(&wording::subject(&prompt, true, &[])).await
    }

    /// The same under a subject of its own.
    pub(super) async fn keep_said(&mut self, subject: &str) -> Result<(), Failure> {
        let turn = self.session.conversation.turn();
        if let Some(results) = self.session.conversation.missing_results("interrupted before it had a result")
        {
            self.say(turn, EntryKind::Results(results))?;
        }
        if self.session.recorded < self.session.conversation.len() {
            let draft = Draft {
                subject: subject.to_owned(),
                summary: String::new(),
                route: self.pending.route.clone(),
                cost_usd: self.pending.cost.total(),
            };
            let secrets = self.services.secrets.clone();
            let conversation = self.session.conversation.clone();
            self.keeper
                .run(move |repo, held| match held.head()? {
                    Some(head) => held.cursor.record(repo, &head, &conversation, &draft, &secrets),
                    None => Ok(None),
                })
                .await?;
            self.told_git()?;
        }
        self.journal.shrink(self.session.conversation.len())?;
        Ok(())
    }

    /// What was seen and not committed is told once.
    async fn tell_left_out(&mut self, left_out: &[LeftOut]) {
        for one in left_out {
            let message = format!("not committed: {one}");
            if self.told_left_out.insert(message.clone()) {
                self.emit(AgentEvent::Notice(message)).await;
            }
        }
    }

    pub(super) fn told_git(&mut self) -> Result<(), Failure> {
        self.session.recorded = self.session.conversation.len();
        self.session.cost_usd += std::mem::take(&mut self.pending.cost).priced();
        self.journal.committed(self.session.recorded)?;
        Ok(())
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        let class = match &error {
            SessionError::Git(error) => class_of(error),
            _ => ErrorClass::Internal,
        };
        Self { class, hint: error.hint(), message: error.to_string() }
    }
}

impl From<GitError> for Failure {
    fn from(error: GitError) -> Self {
        Self { class: class_of(&error), hint: error.hint(), message: error.to_string() }
    }
}

fn class_of(error: &GitError) -> ErrorClass {
    match error {
        GitError::NotARepository { .. }
        | GitError::UnknownRevision { .. }
        | GitError::BranchMissing { .. }
        | GitError::NoSuchFile { .. }
        | GitError::NoSuchLine { .. }
        | GitError::WorktreeMissing { .. } => ErrorClass::NotFound,
        _ => ErrorClass::Internal,
    }
}

fn prompt_of(agent: &Agent, turn: u32) -> String {
    agent.session.conversation.prompt(turn).unwrap_or_default()
}

pub(super) fn route(attempt: &Attempt) -> Route {
    Route {
        backend: attempt.backend.id().to_owned(),
        model: attempt.model.clone(),
        reason: attempt.decision.reason.clone(),
    }
}

/// The changes of a commit in the words of a subject.
fn changes(stat: &DiffStat) -> Vec<Change> {
    stat.files
        .iter()
        .map(|file| Change {
            verb: match file.kind {
                ChangeKind::Added => Verb::Create,
                ChangeKind::Deleted => Verb::Delete,
                ChangeKind::Renamed => Verb::Rename,
                _ => Verb::Edit,
            },
            path: file.path.display().to_string(),
        })
        .collect()
}

/// What is told of an agent that was at work when the program was stopped.
fn lost_child(child: &JournaledChild) -> String {
    let place = match &child.branch {
        Some(branch) => format!("what it did is on its branch {branch}, session {}", child.session),
        None => format!("what it said is in session {}", child.session),
    };
    format!(
        "lost to a crash: offshoot was stopped while this sub-agent was at work; {place}. Nothing of it is merged."
    )
}

/// See [`Agent::recover`].
pub(super) async fn recover(agent: &mut Agent, replay: Replay) -> Result<Recovered, Failure> {
    let before = agent.session.conversation.len();
    for (index, entry) in replay.entries {
        // What git holds already is skipped; nothing can be said after a gap. The journal has the rest,
        // and keeps it: a second crash in here must lose nothing either.
        if index == agent.session.conversation.len() {
            agent.add(entry);
        }
    }
    let turn = agent.session.conversation.turn();
    if !replay.text.is_empty() || !replay.thinking.is_empty() {
        let mut parts = Vec::new();
        if !replay.thinking.is_empty() {
            parts.push(Part::Thinking { text: replay.thinking, signature: None });
        }
        if !replay.text.is_empty() {
            parts.push(Part::Text(replay.text));
        }
        let by = agent.session.conversation.setup().map(|setup| setup.voice.clone()).unwrap_or_default();
        let message = Message { role: Role::Assistant, parts };
        let stop = Some(StopReason::Interrupted);
        agent.say(turn, EntryKind::Answer { message, by, usage: Usage::default(), stop })?;
    }
    let mut results = replay.results;
    let children = replay.children;
    let open = agent.session.conversation.missing_results("offshoot was stopped before this had a result");
    if let Some(open) = open {
        let lost = open.tool_results().filter(|one| !results.iter().any(|told| told.id == one.id));
        let lost: Vec<_> = lost
            .map(|one| match children.iter().find(|child| child.call == one.id) {
                Some(child) => ToolResult { content: vec![Part::Text(lost_child(child))], ..one.clone() },
                None => one.clone(),
            })
            .collect();
        results.extend(lost);
    }
    if !results.is_empty() {
        agent.say(turn, EntryKind::Results(Message::results(results)))?;
    }
    let summary = "Recovered after offshoot was stopped in the middle of a turn.".to_owned();
    let step = agent.commit_step(turn, git::Touched::Scan, summary).await?;
    agent.keep_turn().await?;
    Ok(Recovered { messages: agent.session.conversation.len() - before, step })
}
