//! What becomes of a turn whose backend failed, or is not good enough: another one goes on with the same
//! conversation, worktree and permissions, the same one is asked again later, or the turn ends. Who may go on is
//! the router's to say; whether, the user's, in advance (`router.fallback`) or when asked.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Agent;
use super::control::Control;
use super::event::{AgentEvent, Failure, Resort, Stuck};
use super::services::Situation;
use super::turn::{Attempt, Order, Task, Tried, TurnSum};
use super::work::Stop;
use crate::backends::Backend;
use crate::backends::health::now_ms;
use crate::chat::{EntryKind, ErrorClass, Message, estimate_tokens};
use crate::config::Fallback;
use crate::ledger::TaskClass;
use crate::routing::{self, Cause, Confidence, Decision, Purse};

/// How long the user may choose before the next backend goes on by itself.
const CHOOSE: Duration = Duration::from_secs(10);

/// How long a backend is left alone that does not say how long.
const LEFT_ALONE: Duration = Duration::from_secs(30);

/// So often a backend is asked again without anybody having chosen it.
const UNASKED_WAITS: usize = 5;

/// An attempt that ended, and not well.
pub(super) struct Fall<'a> {
    pub order: &'a Order,
    pub all: &'a TurnSum,
    pub failed: &'a Attempt,
    pub failure: &'a Failure,
    /// Why somebody else should go on; `None` when nobody would do better.
    pub cause: Option<&'a Cause>,
    /// Everybody who was tried, the failed one last.
    pub tried: &'a [Tried],
}

/// A backend that could go on.
struct Successor {
    decision: Decision,
    backend: Backend,
    /// The user wants to be asked before.
    needs_leave: bool,
}

impl Agent {
    /// Who answers, given who was tried already and why the last of them was left.
    pub(super) fn decide(
        &self,
        order: &Order,
        all: &TurnSum,
        tried: &[String],
        after: Option<&Cause>,
    ) -> Result<(Decision, Backend), Failure> {
        let budgets = self.purses(order, all.spent());
        let context = self.session.conversation.in_context();
        let said: u64 = context
            .iter()
            .filter_map(|entry| entry.kind.message())
            .map(|message| estimate_tokens(&message.parts))
            .sum();
        let prompt = estimate_tokens(&Message::user(order.prompt.clone()).parts);
        let situation = Situation {
            task: Some(routing::task_class(self.mode_in(order.role.as_deref()))),
            context_tokens: self.session.conversation.last_context().max(said) + prompt,
            tried,
            after,
            budgets: &budgets,
        };
        self.services.decide(order, &situation)
    }

    /// What was spent, and what may be. `turn`: by the attempts of this turn, in US dollars.
    pub(super) fn purses(&self, order: &Order, turn: f64) -> [Purse; 3] {
        let budget = order.budget(&self.services.settings.budget);
        let session = self.session.cost_usd + self.pending.cost.priced() + self.brood.spent.priced();
        let purse = |of, spent_usd, limit_usd| Purse { of, spent_usd, limit_usd };
        [
            purse("turn", turn, budget.turn_usd),
            purse("session", session, budget.session_usd),
            purse("day", self.day_cost + turn, budget.day_usd),
        ]
    }

    pub(super) fn task_class(&self, attempt: &Attempt) -> TaskClass {
        routing::task_class(self.mode(attempt))
    }

    /// Why somebody else should go on after a failure, if that would help.
    pub(super) fn cause_of(&self, failure: &Failure, attempt: &mut Attempt) -> Option<Cause> {
        attempt.watched.observed.failure = Some(failure.class);
        let confidence = attempt
            .confidence
            .clone()
            .unwrap_or(Confidence { value: self.services.weights.prior, signals: Vec::new() });
        let policy = &self.services.settings.router;
        routing::escalate(policy, &attempt.watched.observed, &confidence, attempt.backend.is_local())
    }

    /// Whether somebody could go on with a turn that its backend has not failed at yet.
    pub(super) fn could_go_on(&self, task: &Task<'_>, attempt: &Attempt, cause: &Cause) -> bool {
        let successor = self.successor(task.order, task.before, cause, task.tried, attempt.backend.id());
        successor.is_some_and(|next| self.can_ask || !next.needs_leave)
    }

    /// A backend that takes another one's place may need leave before it is asked anything.
    pub(super) async fn leave_to_stand_in(
        &mut self,
        order: &Order,
        all: &TurnSum,
        attempt: &mut Attempt,
        control: &mut Control,
    ) -> Result<(), Stop> {
        while attempt.decision.needs_leave() {
            let Some(stands_in) = attempt.decision.stands_in.clone() else { return Ok(()) };
            let to = attempt.backend.id().to_owned();
            let message = stands_in.why.clone();
            let failure =
                Failure::new(ErrorClass::Unreachable, format!("{} cannot answer: {message}", stands_in.from))
                    .hint(unasked(&to));
            if !self.can_ask {
                return Err(Stop::Final(failure));
            }
            let stuck = Stuck {
                id: format!("{}-0", self.session.conversation.turn()),
                from: stands_in.from.clone(),
                to: Some(to),
                error_class: failure.class,
                message,
                otherwise: None,
                resort: None,
            };
            match self.ask_how_to_go_on(stuck, control).await? {
                Resort::FallBack => return Ok(()),
                Resort::Stop => return Err(Stop::Final(failure)),
                Resort::Wait => {
                    let left = self.services.health.state(&stands_in.from, now_ms()).retry_in_ms;
                    self.wait(Duration::from_millis(left), control).await?;
                    let (decision, backend) = self.decide(order, all, &[], None)?;
                    *attempt = self.attempt(order, 1, decision, backend);
                    let turn = self.session.conversation.turn();
                    self.frame(turn, attempt)?;
                }
            }
        }
        Ok(())
    }

    /// The next attempt at the turn; `None` when there is none, and the failure is the turn's.
    pub(super) async fn onward(
        &mut self,
        fall: &Fall<'_>,
        control: &mut Control,
    ) -> Result<Option<Attempt>, Stop> {
        let Fall { order, all, failed, failure, tried, .. } = *fall;
        let (_, before) = tried.split_last().map_or((None, tried), |(last, before)| (Some(last), before));
        let successor =
            fall.cause.and_then(|cause| self.successor(order, all, cause, before, failed.backend.id()));
        let needs_leave = successor.as_ref().is_some_and(|next| next.needs_leave);
        let is_limited = failure.class == ErrorClass::RateLimit;
        let resort = if self.can_ask && (is_limited || needs_leave) {
            let alone = failed.retry_after.unwrap_or(LEFT_ALONE);
            let again = tried.iter().filter(|one| one.backend == failed.backend.id()).count();
            let otherwise = match &successor {
                Some(next) if !next.needs_leave => Some((alone.min(CHOOSE), Resort::FallBack)),
                _ if is_limited && again <= UNASKED_WAITS => Some((alone, Resort::Wait)),
                _ => None,
            };
            let stuck = Stuck {
                id: format!("{}-{}", self.session.conversation.turn(), failed.number),
                from: failed.backend.id().to_owned(),
                to: successor.as_ref().map(|next| next.decision.backend.clone()),
                error_class: failure.class,
                message: failure.message.clone(),
                otherwise,
                resort: None,
            };
            let asked = Instant::now();
            let resort = self.ask_how_to_go_on(stuck, control).await?;
            if resort == Resort::Wait && is_limited {
                // What is left of it, when the user chose before the time was over.
                self.wait(alone.saturating_sub(asked.elapsed()), control).await?;
            }
            resort
        } else if needs_leave {
            let to = successor.map(|next| next.decision.backend).unwrap_or_default();
            return Err(Stop::Final(failure.clone().hint(unasked(&to))));
        } else {
            Resort::FallBack
        };
        match (resort, successor) {
            (Resort::FallBack, Some(next)) => self.hand_over(order, failed, failure, next).await.map(Some),
            (Resort::Wait, _) => self.ask_again(order, failed).await.map(Some),
            (Resort::Stop | Resort::FallBack, _) => Ok(None),
        }
    }

    /// Who could go on after `last` was left, if anybody may.
    fn successor(
        &self,
        order: &Order,
        all: &TurnSum,
        cause: &Cause,
        before: &[Tried],
        last: &str,
    ) -> Option<Successor> {
        let fallback = self.services.settings.router.fallback;
        if order.backend.is_some() || fallback == Fallback::Never {
            return None;
        }
        let mut names: Vec<String> = before.iter().map(|tried| tried.backend.clone()).collect();
        names.push(last.to_owned());
        let (decision, backend) = self.decide(order, all, &names, Some(cause)).ok()?;
        Some(Successor { decision, backend, needs_leave: fallback == Fallback::Ask })
    }

    /// Asks the user, under a countdown if there is one.
    async fn ask_how_to_go_on(&mut self, mut stuck: Stuck, control: &mut Control) -> Result<Resort, Stop> {
        self.emit(AgentEvent::Stuck(stuck.clone())).await;
        let otherwise = stuck.otherwise;
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
                    // Where nobody else may go on, there is nothing to fall back on.
                    if id == stuck.id && (resort != Resort::FallBack || stuck.to.is_some()) {
                        break Some(resort);
                    }
                }
                resort = &mut countdown => break Some(resort),
            }
        };
        stuck.resort = Some(chosen.unwrap_or(Resort::Stop));
        self.emit(AgentEvent::Stuck(stuck)).await;
        chosen.ok_or(Stop::Interrupted)
    }

    async fn wait(&self, time: Duration, control: &Control) -> Result<(), Stop> {
        tokio::select! {
            biased;
            () = control.cancel.cancelled() => Err(Stop::Interrupted),
            () = sleep(time) => Ok(()),
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

/// An attempt that was left before it failed, in the words of a failure.
pub(super) fn left(attempt: &Attempt, cause: &Cause) -> Failure {
    let class = cause.class().unwrap_or(ErrorClass::Verification);
    Failure::new(class, format!("{} was taken off it: {cause}", attempt.backend.id()))
}

fn unasked(to: &str) -> String {
    format!(
        "{to} could go on, but nobody is there to say so (router.fallback = \"ask\"): name it with --backend {to}, or \
         set router.fallback to \"auto\""
    )
}
