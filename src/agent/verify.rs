//! Whether the work holds: the project's own command, run in the worktree after a turn that changed files, and then
//! another backend's look at the change, if one is wanted.

use std::time::Duration;

use super::Agent;
use super::control::Control;
use super::event::{AgentEvent, Failure, VerifyState};
use super::turn::{Attempt, Task};
use super::work::Stop;
use crate::chat::{EntryKind, ErrorClass, Message};
use crate::tools::shell::End;
use crate::tools::verification::{self, Detected};

impl Agent {
    /// Whether the turn is done, by the project's own check and by another backend's: `false` when the model was told
    /// what is wrong and goes on.
    pub(super) async fn holds(
        &mut self,
        task: &Task<'_>,
        attempt: &mut Attempt,
        corrections: &mut u32,
        control: &mut Control,
    ) -> Result<bool, Stop> {
        Ok(self.verify(task, attempt, corrections, control).await?
            && self.review(task, attempt, corrections, control).await?)
    }

    async fn verify(
        &mut self,
        task: &Task<'_>,
        attempt: &mut Attempt,
        corrections: &mut u32,
        control: &mut Control,
    ) -> Result<bool, Stop> {
        let settings = self.services.settings.verify.clone();
        let configured = task.order.verify.clone().unwrap_or(settings.command);
        let changed = !attempt.steps.is_empty() || !task.before.commits.is_empty();
        if configured.trim().is_empty() || !changed {
            return Ok(true);
        }
        let found = verification::in_force(&configured, &self.session.worktree);
        let Some(Detected { command, .. }) = found else {
            let notice = "not verified: nothing here tells how; set verify.command".to_owned();
            self.emit(AgentEvent::Notice(notice)).await;
            attempt.verify = Some(VerifyState::NotRun);
            return Ok(true);
        };
        let limit = Duration::from_secs(settings.timeout_seconds);
        let process = self.tools.shell.process(&command, &self.session.worktree, Some(limit));
        let (state, exit, text) = match process.run(&control.cancel, |_| {}).await {
            Ok(finished) => {
                let (state, exit) = match finished.end {
                    End::Exited(0) => (VerifyState::Passed, Some(0)),
                    // A shell's way to say that there is no such command.
                    End::Exited(code @ (126 | 127)) => (VerifyState::NotRun, Some(code)),
                    End::Exited(code) => (VerifyState::Failed, Some(code)),
                    End::Signalled(_) | End::TimedOut | End::Cancelled => (VerifyState::Failed, None),
                };
                (state, exit, finished.output.text)
            }
            Err(error) => (VerifyState::NotRun, None, error.to_string()),
        };
        if control.cancel.is_cancelled() {
            return Err(Stop::Interrupted);
        }
        attempt.verify = Some(state);
        attempt.watched.check(state);
        self.emit(AgentEvent::Verify { state, command: command.clone(), exit }).await;
        // What the command left behind must not be taken for the user's edits later.
        let summary = format!("Files changed by `{command}`.");
        let step = self.commit_step(task.turn, crate::git::Touched::Scan, summary).await?;
        if let Some(step) = step {
            attempt.took(step);
        }
        match state {
            VerifyState::Passed => Ok(true),
            VerifyState::NotRun => {
                let notice = format!("not verified: `{command}` could not be run: {}", text.trim());
                self.emit(AgentEvent::Notice(notice)).await;
                Ok(true)
            }
            VerifyState::Failed if *corrections < self.services.settings.router.max_local_retries => {
                *corrections += 1;
                let how = match exit {
                    Some(code) => format!("failed with exit code {code}"),
                    None => "was killed before it ended".to_owned(),
                };
                let words = format!("The check `{command}` {how}. Its output:\n\n{text}\n\nMend it.");
                self.say(task.turn, EntryKind::Steer(Message::user(words)))?;
                Ok(false)
            }
            VerifyState::Failed => {
                let hint =
                    "the work so far is committed; look at it with `offshoot show`, or say how to go on";
                let message = format!("the check `{command}` still fails");
                Err(Failure::new(ErrorClass::Verification, message).hint(hint).into())
            }
        }
    }
}
