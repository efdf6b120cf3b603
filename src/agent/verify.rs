//! Verification: the project's own command, run in the worktree after a turn that changed files.

use std::time::Duration;

use super::Agent;
use super::control::Control;
use super::event::{AgentEvent, Failure, VerifyState};
use super::turn::{Attempt, Order, WorkEnd};
use crate::chat::{EntryKind, ErrorClass, Message};
use crate::tools::shell::End;

impl Agent {
    /// Whether the turn is done: `false` when the model was told of a failure and goes on.
    pub(super) async fn verify(
        &mut self,
        turn: u32,
        order: &Order,
        attempt: &mut Attempt,
        corrections: &mut u32,
        control: &mut Control,
    ) -> Result<bool, WorkEnd> {
        let settings = self.services.settings.verify.clone();
        let command = order.verify.clone().unwrap_or(settings.command);
        if command.trim().is_empty() || attempt.steps.is_empty() {
            return Ok(true);
        }
        let limit = Duration::from_secs(settings.timeout_seconds);
        let process = self.tools.shell.process(&command, &self.session.worktree, Some(limit));
        let (exit, text) = match process.run(&control.cancel, |_| {}).await {
            Ok(finished) => match finished.end {
                End::Exited(code) => (Some(code), finished.output.text),
                // Out of time, or killed: it did not pass.
                _ => (Some(1), finished.output.text),
            },
            Err(error) => (None, error.to_string()),
        };
        if control.cancel.is_cancelled() {
            return Err(WorkEnd::Interrupted);
        }
        let state = match exit {
            // A shell's way to say that there is no such command.
            Some(126 | 127) | None => VerifyState::NotRun,
            Some(0) => VerifyState::Passed,
            Some(_) => VerifyState::Failed,
        };
        attempt.verify = Some(state);
        self.emit(AgentEvent::Verify { state, command: command.clone(), exit }).await;
        // What the command left behind must not be taken for the user's edits later.
        let summary = format!("Files changed by `{command}`.");
        let step = self.commit_step(turn, crate::git::Touched::Scan, summary).await;
        match step {
            Ok(Some(step)) => attempt.steps.push(step),
            Ok(None) => {}
            Err(failure) => return Err(WorkEnd::Failed(failure)),
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
                let words = format!(
                    "The check `{command}` failed with exit code {}. Its output:\n\n{}\n\nMend it.",
                    exit.unwrap_or_default(),
                    text
                );
                self.say(turn, EntryKind::Steer(Message::user(words))).map_err(WorkEnd::Failed)?;
                Ok(false)
            }
            VerifyState::Failed => Err(WorkEnd::Failed(
                Failure::new(ErrorClass::Verification, format!("the check `{command}` still fails")).hint(
                    "the work so far is committed; look at it with `offshoot show`, or say how to go on",
                ),
            )),
        }
    }
}
