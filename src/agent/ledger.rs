//! What an attempt leaves in the ledger.

use std::time::Duration;

use super::Agent;
use super::event::{AgentEvent, VerifyState};
use super::turn::{Attempt, Order, Task, Tried};
use super::work::{Stop, WorkEnd};
use crate::chat::{ErrorClass, Outcome};
use crate::config::PermissionMode;
use crate::ledger::{self, Cost, Entry, TaskClass, Verify};
use crate::routing::Confidence;

impl Agent {
    /// Appends a line on the attempt. A ledger that cannot be written is told of and stops nothing.
    pub(super) async fn write_ledger(
        &mut self,
        turn: u32,
        order: &Order,
        attempt: &Attempt,
        tried: &[Tried],
        end: &WorkEnd,
    ) {
        let (outcome, error_class) = match end {
            Ok(_) => (Outcome::Ok, None),
            Err(Stop::Interrupted) => (Outcome::Aborted, Some(ErrorClass::Cancelled)),
            // The user's own limit: nothing that the backend did.
            Err(Stop::Budget(_)) => (Outcome::Aborted, Some(ErrorClass::Quota)),
            Err(Stop::Failed(failure) | Stop::Final(failure)) => (Outcome::Error, Some(failure.class)),
            Err(Stop::Left(cause)) => {
                (Outcome::Error, Some(cause.class().unwrap_or(ErrorClass::Verification)))
            }
        };
        let is_read_only = attempt.is_review || self.mode(attempt) == PermissionMode::ReadOnly;
        let id = attempt.backend.id().to_owned();
        let entry = Entry {
            schema: 1,
            run_id: if attempt.is_review {
                format!("{}-review", Entry::run_of(&self.session.id, turn))
            } else {
                Entry::run_of(&self.session.id, turn)
            },
            timestamp: attempt.at.clone(),
            session: Some(self.session.id.clone()),
            branch: Some(self.session.branch.clone()),
            parent_session: self.heritage.as_ref().map(|heritage| heritage.parent.clone()),
            turn: Some(turn),
            attempt: Some(attempt.number),
            role: attempt.role.clone(),
            task_class: Some(if is_read_only { TaskClass::Advisory } else { TaskClass::Change }),
            task_length: Some(order.prompt.chars().count() as u64),
            route: Some(if attempt.decision.local { "local".to_owned() } else { id.clone() }),
            backend: Some(id),
            model: Some(attempt.model.clone()).filter(|model| !model.is_empty()),
            reason: Some(attempt.decision.reason.clone()),
            confidence: attempt.confidence.as_ref().map(|confidence| confidence.value),
            signals: attempt.confidence.as_ref().map(Confidence::values).unwrap_or_default(),
            tried: tried
                .iter()
                .map(|tried| ledger::Tried {
                    backend: tried.backend.clone(),
                    error_class: tried.class,
                    ms: millis(tried.elapsed),
                })
                .collect(),
            outcome: Some(outcome),
            error_class,
            // What nobody checked was not run: it is never a pass.
            verify: Some(match attempt.verify {
                Some(VerifyState::Passed) => Verify::Passed,
                Some(VerifyState::Failed) => Verify::Failed,
                Some(VerifyState::NotRun) | None => Verify::NotRun,
            }),
            output_length: Some(attempt.output_length as u64),
            usage: Some(attempt.usage),
            cost_usd: Some(match attempt.cost.total() {
                _ if attempt.backend.is_local() => Cost::Local,
                Some(usd) => Cost::Usd(usd),
                None => Cost::Unpriced,
            }),
            price_date: self
                .services
                .prices
                .date_of(&attempt.model)
                .filter(|_| !attempt.backend.is_local())
                .map(str::to_owned),
            first_token_ms: attempt.first_token.map(millis),
            duration_ms: Some(millis(attempt.started.elapsed())),
            steps: Some(u32::try_from(attempt.steps.len()).unwrap_or(u32::MAX)),
            commits: attempt.steps.iter().map(|step| step.commit.clone()).collect(),
            files_changed: Some(attempt.steps.iter().map(|step| step.files as u64).sum()),
            insertions: Some(attempt.steps.iter().map(|step| step.insertions as u64).sum()),
            deletions: Some(attempt.steps.iter().map(|step| step.deletions as u64).sum()),
            kept: None,
        };
        if let Err(error) = self.services.ledger.append(&entry) {
            self.emit(AgentEvent::Notice(format!("not in the ledger: {error}"))).await;
        }
    }
}

impl Agent {
    /// The line of a backend that reviewed a turn.
    pub(super) async fn write_review(
        &mut self,
        task: &Task<'_>,
        reviewer: &Attempt,
        said: &Result<String, Stop>,
    ) {
        let end = match said {
            Ok(said) => Ok(said.clone()),
            Err(Stop::Failed(failure)) => Err(Stop::Failed(failure.clone())),
            Err(_) => Err(Stop::Interrupted),
        };
        self.write_ledger(task.turn, task.order, reviewer, &[], &end).await;
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
