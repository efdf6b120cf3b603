//! What becomes of a turn whose backend failed, or is not good enough: another one goes on with the same
//! conversation, worktree and permissions, the same one is asked again later, or the turn ends. Who may go on is
//! the router's to say; whether, the user's, in advance (`router.fallback`) or when asked.

use std::time::Duration;

use tokio::time::sleep;

use super::Agent;
use super::control::Control;
use super::event::{AgentEvent, Failure, Resort, Stuck};
use super::turn::{Attempt, Order, Tried};
use super::work::Stop;
use crate::backends::Backend;
use crate::chat::{EntryKind, ErrorClass, Message};
use crate::config::Fallback;
use crate::routing::Decision;

/// How long the user may choose before the next backend goes on by itself.
const CHOOSE: Duration = Duration::from_secs(10);

/// How long a backend is left alone that does not say how long.
const LEFT_ALONE: Duration = Duration::from_secs(30);

/// So often a backend is asked again without anybody having chosen it.
const UNASKED_WAITS: usize = 5;

/// A backend that could go on.
struct Successor {
    decision: Decision,
    backend: Backend,
    /// The user wants to be asked before.
    needs_leave: bool,
}

impl Agent {
    /// The next attempt at the turn; `None` when there is none, and the failure is the turn's.
    pub(super) async fn onward(
        &mut self,
        order: &Order,
        failed: &Attempt,
        failure: &Failure,
        tried: &[Tried],
        control: &mut Control,
    ) -> Result<Option<Attempt>, Stop> {
        let successor = self.successor(order, failure, tried);
        let needs_leave = successor.as_ref().is_some_and(|next| next.needs_leave);
        let is_limited = failure.class == ErrorClass::RateLimit;
        let resort = if self.can_ask && (is_limited || needs_leave) {
            self.ask_how_to_go_on(failed, failure, successor.as_ref(), tried, control).await?
        } else if successor.is_some() && !needs_leave {
            Resort::FallBack
        } else {
            Resort::Stop
        };
        if resort == Resort::Stop && needs_leave && !self.can_ask {
            let to = successor.map(|next| next.decision.backend).unwrap_or_default();
            let hint = format!(
                "{to} could go on, but nobody is there to say so (router.fallback = \"ask\"): name it with --backend {to}, \
                 or set router.fallback to \"auto\""
            );
            return Err(Stop::Final(Failure { hint: Some(hint), ..failure.clone() }));
        }
        match (resort, successor) {
            (Resort::FallBack, Some(next)) => self.hand_over(order, failed, failure, next).await.map(Some),
            (Resort::Wait, _) => self.ask_again(order, failed).await.map(Some),
            (Resort::Stop | Resort::FallBack, _) => Ok(None),
        }
    }

    /// Who could go on, if anybody may.
    fn successor(&self, order: &Order, failure: &Failure, tried: &[Tried]) -> Option<Successor> {
        let needs_leave = match self.services.settings.router.fallback {
            Fallback::Auto => false,
            Fallback::Ask => true,
            Fallback::Never => return None,
        };
        if order.backend.is_some() || !can_another_do_better(failure.class) {
            return None;
        }
        let names: Vec<String> = tried.iter().map(|tried| tried.backend.clone()).collect();
        let (decision, backend) = self.services.decide(order, &names).ok()?;
        Some(Successor { decision, backend, needs_leave })
    }

    async fn ask_how_to_go_on(
        &mut self,
        failed: &Attempt,
        failure: &Failure,
        successor: Option<&Successor>,
        tried: &[Tried],
        control: &mut Control,
    ) -> Result<Resort, Stop> {
        let is_limited = failure.class == ErrorClass::RateLimit;
        let alone = failed.retry_after.unwrap_or(LEFT_ALONE);
        let again = tried.iter().filter(|one| one.backend == failed.backend.id()).count();
        let otherwise = match successor {
            Some(next) if !next.needs_leave => Some((alone.min(CHOOSE), Resort::FallBack)),
            _ if is_limited && again <= UNASKED_WAITS => Some((alone, Resort::Wait)),
            _ => None,
        };
        let mut stuck = Stuck {
            id: format!("{}-{}", self.session.conversation.turn(), failed.number),
            from: failed.backend.id().to_owned(),
            to: successor.map(|next| next.decision.backend.clone()),
            error_class: failure.class,
            message: failure.message.clone(),
            otherwise,
            resort: None,
        };
        self.emit(AgentEvent::Stuck(stuck.clone())).await;
        let countdown = async {
            match otherwise {
                Some((time, resort)) => {
                    sleep(time).await;
                    resort
                }
                None => std::future::pending().await,
            }
        };
        tokio::pin!(countdown);
        let chosen = loop {
            tokio::select! {
                biased;
                () = control.cancel.cancelled() => break None,
                Some((id, resort)) = control.resorts.recv() => {
                    // Nobody else may go on: there is nothing to fall back on.
                    if id == stuck.id && (resort != Resort::FallBack || successor.is_some()) {
                        break Some(resort);
                    }
                }
                resort = &mut countdown => break Some(resort),
            }
        };
        if chosen == Some(Resort::Wait) && otherwise.is_none_or(|(_, then)| then != Resort::Wait) {
            // The user would rather wait: that is still to be done.
            tokio::select! {
                () = control.cancel.cancelled() => {}
                () = sleep(if is_limited { alone } else { Duration::ZERO }) => {}
            }
        }
        stuck.resort = Some(chosen.unwrap_or(Resort::Stop));
        self.emit(AgentEvent::Stuck(stuck)).await;
        if control.cancel.is_cancelled() {
            Err(Stop::Interrupted)
        } else {
            Ok(chosen.unwrap_or(Resort::Stop))
        }
    }

    async fn hand_over(
        &mut self,
        order: &Order,
        failed: &Attempt,
        failure: &Failure,
        next: Successor,
    ) -> Result<Attempt, Stop> {
        self.drop_broken_off(failed).await?;
        let event = AgentEvent::Fallback {
            from: failed.backend.id().to_owned(),
            to: next.decision.backend.clone(),
            error_class: failure.class,
            message: failure.message.clone(),
        };
        self.emit(event).await;
        let mut attempt = self.attempt(order, failed.number + 1, next.decision, next.backend);
        let turn = self.session.conversation.turn();
        self.frame(turn, &mut attempt)?;
        self.brief_successor(turn, failed, failure)?;
        Ok(attempt)
    }

    /// The same backend once more.
    async fn ask_again(&mut self, order: &Order, failed: &Attempt) -> Result<Attempt, Stop> {
        self.drop_broken_off(failed).await?;
        let decision = Decision { reason: "asked again after a wait".to_owned(), ..failed.decision.clone() };
        let mut attempt = self.attempt(order, failed.number + 1, decision, failed.backend.clone());
        attempt.model.clone_from(&failed.model);
        let turn = self.session.conversation.turn();
        self.frame(turn, &mut attempt)?;
        Ok(attempt)
    }

    /// What was shown of an answer that broke off stands for nothing when somebody begins anew.
    async fn drop_broken_off(&mut self, failed: &Attempt) -> Result<(), Stop> {
        if failed.broken_off.is_some() {
            self.journal.restart()?;
            self.emit(AgentEvent::Restarted).await;
        }
        Ok(())
    }

    /// Tells who goes on that somebody worked on it before, and why they do no longer.
    fn brief_successor(&mut self, turn: u32, failed: &Attempt, failure: &Failure) -> Result<(), Stop> {
        let has_worked = self
            .session
            .conversation
            .entries()
            .iter()
            .rev()
            .take_while(|entry| entry.turn == turn)
            .any(|entry| matches!(entry.kind, EntryKind::Answer { .. }));
        if !has_worked {
            return Ok(());
        }
        let words = format!(
            "Another model ({}) worked on this before you and was taken off it: {}. What it said and did stands \
             above; its changes are in the worktree. Look at what is there, and go on from it.",
            failed.backend.id(),
            failure.message
        );
        self.say(turn, EntryKind::Steer(Message::user(words)))?;
        Ok(())
    }
}

/// Whether another backend may come to a better end.
fn can_another_do_better(class: ErrorClass) -> bool {
    match class {
        ErrorClass::Unreachable
        | ErrorClass::Timeout
        | ErrorClass::Auth
        | ErrorClass::NotFound
        | ErrorClass::RateLimit
        | ErrorClass::Quota
        | ErrorClass::Overloaded
        | ErrorClass::ContextOverflow
        | ErrorClass::Refused
        | ErrorClass::Truncated
        | ErrorClass::BadResponse
        | ErrorClass::ToolLoop
        | ErrorClass::EditFailures
        | ErrorClass::Verification => true,
        // The user's doing, or ours.
        ErrorClass::Cancelled | ErrorClass::Internal => false,
    }
}
