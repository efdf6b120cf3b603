//! What a CLI leaves in the worktree: its changes become steps of ours, its own commits part of them; where it may
//! only look, they are taken back.

use super::super::turn::Attempt;
use super::super::{Agent, Failure};
use super::told::Told;
use crate::agent::AgentEvent;
use crate::git::session::{self, SessionError};
use crate::git::{self, CommitId, DiffStat, GitError, StepOptions};

impl Agent {
    /// The commit on which the CLI's changes will be a step; `None` where nothing is committed, or was yet.
    pub(super) async fn base_to_fold_on(&self) -> Result<Option<CommitId>, Failure> {
        self.keeper.run(|_, held| Ok(if held.worktree.is_some() { held.head()? } else { None })).await
    }

    /// The same in the middle of a run: a CLI that has switched the worktree to another commit or branch is likely to come
    /// back by itself, and what it looks at there is no work of this branch.
    pub(super) async fn keep_hosted_step_here(
        &mut self,
        turn: u32,
        attempt: &mut Attempt,
        base: &mut Option<CommitId>,
        summary: String,
    ) -> Result<(), Failure> {
        let is_elsewhere = self
            .keeper
            .run(|_, held| match held.head() {
                Err(GitError::WrongBranch { .. }) => Ok(true),
                head => Ok(head.map(|_| false)?),
            })
            .await?;
        if is_elsewhere { Ok(()) } else { self.keep_hosted_step(turn, attempt, base, summary).await }
    }

    /// Commits what has changed since the last step. What the CLI committed by itself is folded in, and told in the
    /// step's words.
    pub(super) async fn keep_hosted_step(
        &mut self,
        turn: u32,
        attempt: &mut Attempt,
        base: &mut Option<CommitId>,
        summary: String,
    ) -> Result<(), Failure> {
        if self.looks_on {
            return Ok(());
        }
        let at = base.clone();
        let session = self.session.id.clone();
        let folded = self
            .keeper
            .run(move |repo, held| {
                let (Some(worktree), Some(at)) = (&mut held.worktree, at) else { return Ok(None) };
                let mut keep = |head: &CommitId| match session::keep(repo, &session, head, "folded") {
                    Ok(_) => Ok(()),
                    Err(SessionError::Git(error)) => Err(error),
                    Err(other) => Err(GitError::Corrupt {
                        path: repo.common_dir().to_owned(),
                        message: other.to_string(),
                    }),
                };
                Ok(worktree.fold(&at, &mut keep)?)
            })
            .await?;
        let mut summary = summary;
        if let Some(folded) = folded.filter(|folded| !folded.commits.is_empty()) {
            let told: Vec<String> = folded
                .commits
                .iter()
                .map(|(id, subject)| format!("- {} {subject}", id.to_string().get(..10).unwrap_or_default()))
                .collect();
            summary = format!(
                "{summary}\n\nCommitted by {} itself, and folded in here:\n{}",
                attempt.backend.id(),
                told.join("\n")
            );
            summary = summary.trim().to_owned();
        }
        self.owes_step = true;
        let step = self.commit_step(turn, git::Touched::Scan, summary).await?;
        self.owes_step = false;
        if let Some(step) = step {
            *base = CommitId::parse(&step.commit).ok();
            attempt.took(step);
        }
        Ok(())
    }

    /// What changed after the last tool that was told of, or without any.
    pub(super) async fn keep_rest(&mut self, told: &mut Told, attempt: &mut Attempt) -> Result<(), Failure> {
        let summary = format!("Files changed by {}.", attempt.backend.id());
        self.keep_hosted_step(told.turn, attempt, &mut told.base, summary).await
    }

    /// Who may only look has changed nothing: neither the files nor the branch. What it did is kept on a ref.
    pub(super) async fn take_back_changes(
        &mut self,
        backend: &str,
        base: Option<CommitId>,
    ) -> Result<(), Failure> {
        let Some(base) = base else { return Ok(()) };
        let session = self.session.id.clone();
        let changed = self
            .keeper
            .run(move |repo, held| {
                let Some(worktree) = &mut held.worktree else { return Ok(None) };
                let mut keep = |_: &CommitId| Ok(());
                worktree.fold(&base, &mut keep)?;
                if !worktree.is_dirty()? {
                    return Ok(None);
                }
                let message = |_: &DiffStat| "Changed by a backend that may only look\n".to_owned();
                let Some(made) = worktree.commit(&git::Touched::Scan, &message, &StepOptions::default())?
                else {
                    return Ok(None);
                };
                let kept = session::keep(repo, &session, &made.commit, "read-only")?;
                worktree.reset_to(&made.commit, &base)?;
                Ok(Some((made.stat.files.len(), kept)))
            })
            .await?;
        if let Some((files, kept)) = changed {
            let what = if files == 1 { "a file".to_owned() } else { format!("{files} files") };
            let notice =
                format!("{backend} changed {what} though it may only look: taken back, and kept as {kept}");
            self.emit(AgentEvent::Notice(notice)).await;
        }
        Ok(())
    }
}
