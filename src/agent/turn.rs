//! A turn: from the user's words to the model's last ones, over as many calls, rounds of tools and
//! backends as it takes.

use std::time::{Duration, Instant};

use super::Agent;
use super::bill::Bill;
use super::control::Control;
use super::escalation::{Fall, left};
use super::event::{AgentEvent, EndReason, Failure, Routed, StepTaken, TurnEnd};
use super::observe::Watched;
use super::work::{Stop, WorkEnd};
use crate::backends::health::now_ms;
use crate::backends::{Backend, BackendError};
use crate::chat::{EntryKind, ErrorClass, Message, Outcome, Setup, Usage, Voice};
use crate::config::{BudgetSettings, PermissionMode};
use crate::routing::{self, Confidence, Decision};
use crate::wire::Effort;

/// What the user wants done.
#[derive(Debug, Clone, Default)]
pub struct Order {
    pub prompt: String,
    pub backend: Option<String>,
    pub model: Option<String>,
    pub role: Option<String>,
    /// US dollars for this turn, in place of the settings' limit; 0 is none.
    pub budget_usd: Option<f64>,
    /// The same for the session, and for the day.
    pub session_budget_usd: Option<f64>,
    pub day_budget_usd: Option<f64>,
    /// Command that checks the work, instead of the settings' one.
    pub verify: Option<String>,
    /// Calls of the model that it may take: no more than the settings allow.
    pub max_steps: Option<u32>,
    /// How long it may take, in place of the settings' time.
    pub timeout: Option<Duration>,
}

impl Order {
    /// The limits in force: its own, where it has them.
    pub fn budget(&self, general: &BudgetSettings) -> BudgetSettings {
        BudgetSettings {
            turn_usd: self.budget_usd.unwrap_or(general.turn_usd),
            session_usd: self.session_budget_usd.unwrap_or(general.session_usd),
            day_usd: self.day_budget_usd.unwrap_or(general.day_usd),
        }
    }
}

/// One backend's share of a turn: a line of the ledger.
pub(super) struct Attempt {
    pub number: u32,
    pub decision: Decision,
    pub backend: Backend,
    pub model: String,
    pub role: Option<String>,
    pub effort: Option<Effort>,
    /// The system prompt, the same for all its calls under the same permissions.
    pub system: String,
    /// The permissions that the frame on record tells.
    pub framed: PermissionMode,
    /// When it began: RFC 3339, UTC.
    pub at: String,
    pub started: Instant,
    pub usage: Usage,
    pub cost: Bill,
    pub first_token: Option<Duration>,
    pub output_length: usize,
    pub steps: Vec<StepTaken>,
    pub verify: Option<super::event::VerifyState>,
    pub watched: Watched,
    /// As far as something was observed of its work.
    pub confidence: Option<Confidence>,
    /// See [`Agent::protected`].
    pub protected_before: u32,
    /// How long its backend wants to be left alone, since it failed.
    pub retry_after: Option<Duration>,
    /// What those used who reviewed it: it has lines of its own in the ledger.
    pub reviews: TurnSum,
    /// What those cost that it gave work to: they have lines of their own, too.
    pub children: Bill,
    /// It looks at another's work.
    pub is_review: bool,
    /// What was shown of an answer that broke off for good.
    pub broken_off: Option<Message>,
}

/// What an attempt works at.
pub(super) struct Task<'a> {
    pub turn: u32,
    pub order: &'a Order,
    /// What the attempts before it came to.
    pub before: &'a TurnSum,
    /// Who made them.
    pub tried: &'a [Tried],
}

/// A backend that failed in this turn.
pub(super) struct Tried {
    pub backend: String,
    pub class: ErrorClass,
    pub elapsed: Duration,
}

impl Agent {
    /// Runs one turn to its end. The last event is always `TurnEnded`, and what it tells is returned.
    pub async fn turn(&mut self, mut order: Order, control: &mut Control) -> TurnEnd {
        if self.heritage.is_none() {
            self.take_mentioned_role(&mut order);
        }
        self.brood.started = 0;
        self.keep_choice(&mut order);
        let turn = self.session.conversation.next_turn();
        let mut all = TurnSum::default();
        let end = match self.decide(&order, &all, &[], None) {
            Err(failure)
                if failure.class == ErrorClass::Quota
                    && self.purses(&order, 0.0).iter().any(|purse| purse.empty().is_some()) =>
            {
                Err(Stop::Budget(failure.message))
            }
            Err(failure) => Err(failure.into()),
            Ok((decision, backend)) => {
                let attempt = self.attempt(&order, 1, decision, backend);
                let general = Duration::from_secs(self.services.settings.agent.turn_timeout_seconds);
                let limit = order.timeout.unwrap_or(general);
                let user = control.cancel.clone();
                let both = user.child_token();
                control.cancel = both.clone();
                let attempts = self.attempts(turn, &order, attempt, &mut all, control);
                tokio::pin!(attempts);
                let end = tokio::select! {
                    end = &mut attempts => end,
                    () = tokio::time::sleep(limit), if !limit.is_zero() => {
                        both.cancel();
                        attempts.await
                    }
                };
                match end {
                    Err(Stop::Interrupted) if !user.is_cancelled() => {
                        Err(out_of_time(limit, order.timeout.is_some()).into())
                    }
                    end => end,
                }
            }
        };
        self.finish(end, all).await
    }

    /// Works at the turn with the attempt's backend. While its breaker is half-open only a few calls may try it: who
    /// comes too late is told so, like any failure.
    async fn try_it(&mut self, task: &Task<'_>, attempt: &mut Attempt, control: &mut Control) -> WorkEnd {
        let id = attempt.backend.id().to_owned();
        if let Err(reason) = self.services.health.begin(&id, now_ms())
            && task.order.backend.is_none()
        {
            let message = format!("{id} may not be asked now: {reason}");
            return Err(Failure::new(ErrorClass::Overloaded, message).into());
        }
        let end = match attempt.backend.as_cli().cloned() {
            Some(cli) => self.host(&cli, task, attempt, control).await,
            None => self.work(task, attempt, control).await,
        };
        let is_ours = matches!(&end, Err(Stop::Failed(failure))
            if matches!(failure.class, ErrorClass::Cancelled | ErrorClass::Internal));
        if is_ours || matches!(end, Err(Stop::Interrupted | Stop::Budget(_) | Stop::Final(_) | Stop::Left(_)))
        {
            // Nothing was learnt of the backend: another call may try it.
            self.services.health.record(&id, Some((ErrorClass::Cancelled, "")), None, now_ms());
        }
        end
    }

    /// The first attempt, and others while a backend's failure lets another one try.
    async fn attempts(
        &mut self,
        turn: u32,
        order: &Order,
        mut attempt: Attempt,
        all: &mut TurnSum,
        control: &mut Control,
    ) -> WorkEnd {
        self.begin(turn, order, &mut attempt).await?;
        self.leave_to_stand_in(order, all, &mut attempt, control).await?;
        let mut tried: Vec<Tried> = Vec::new();
        loop {
            self.announce(&attempt).await;
            let task = Task { turn, order, before: all, tried: &tried };
            let end = self.try_it(&task, &mut attempt, control).await;
            all.add(&attempt);
            self.write_ledger(turn, order, &attempt, &tried, &end).await;
            let (failure, cause) = match end {
                Err(Stop::Failed(failure)) => {
                    let cause = self.cause_of(&failure, &mut attempt);
                    (failure, cause)
                }
                Err(Stop::Left(cause)) => (left(&attempt, &cause), Some(cause)),
                end => return end,
            };
            tried.push(Tried {
                backend: attempt.backend.id().to_owned(),
                class: failure.class,
                elapsed: attempt.started.elapsed(),
            });
            let next = if control.cancel.is_cancelled() {
                None
            } else {
                let fall = Fall {
                    order,
                    all,
                    failed: &attempt,
                    failure: &failure,
                    cause: cause.as_ref(),
                    tried: &tried,
                };
                match self.onward(&fall, control).await {
                    Ok(next) => next,
                    Err(stop) => {
                        self.keep_broken_off(turn, &mut attempt)?;
                        return Err(stop);
                    }
                }
            };
            match next {
                Some(next) => attempt = next,
                None => {
                    self.keep_broken_off(turn, &mut attempt)?;
                    return Err(with_others(failure, &tried).into());
                }
            }
        }
    }

    /// `@role` in a prompt does what `--role` does, where none was given.
    fn take_mentioned_role(&self, order: &mut Order) {
        if order.role.is_none() {
            let roles = &self.services.settings.roles;
            let (role, _) = routing::mention(&order.prompt, |name| roles.contains_key(name));
            order.role = role.map(str::to_owned);
        }
    }

    /// A backend that the user chose answers until they choose another one, or a role.
    fn keep_choice(&mut self, order: &mut Order) {
        if let Some(backend) = &order.backend {
            let model = order.model.clone().unwrap_or_default();
            self.session.chosen = Some(Voice { backend: backend.clone(), model });
        } else if order.role.is_none() {
            self.fill_in_choice(order);
        }
    }

    pub(super) fn fill_in_choice(&self, order: &mut Order) {
        if let Some(chosen) = self.session.chosen.clone()
            && self.services.backends.contains_key(&chosen.backend)
        {
            order.backend = Some(chosen.backend);
            order.model = order.model.take().or(Some(chosen.model).filter(|model| !model.is_empty()));
        }
        if let Some(persona) = &self.persona {
            order.role.clone_from(&persona.role);
            order.model = order.model.take().or_else(|| persona.model.clone());
        }
    }

    pub(super) fn attempt(
        &self,
        order: &Order,
        number: u32,
        decision: Decision,
        backend: Backend,
    ) -> Attempt {
        let role = order.role.as_ref().and_then(|name| self.services.settings.roles.get(name));
        let of_role = |value: Option<&String>| value.cloned();
        // A model is one of its backend's: another one does not know it.
        let is_roles = number == 1
            && role.and_then(|role| role.backend.as_ref()).is_none_or(|backend| *backend == decision.backend);
        let model = order
            .model
            .clone()
            .filter(|_| number == 1 && decision.stands_in.is_none())
            .or_else(|| of_role(role.and_then(|role| role.model.as_ref())).filter(|_| is_roles))
            .or_else(|| backend.model().map(str::to_owned))
            .unwrap_or_default();
        let effort = role
            .and_then(|role| role.effort.as_deref())
            .or(backend.settings().effort.as_deref())
            .and_then(|effort| effort.parse().ok());
        Attempt {
            number,
            confidence: decision.confidence.clone(),
            decision,
            backend,
            model,
            role: order.role.clone(),
            effort,
            system: String::new(),
            framed: self.permissions,
            at: super::now(),
            started: Instant::now(),
            usage: Usage::default(),
            cost: Bill::default(),
            first_token: None,
            output_length: 0,
            steps: Vec::new(),
            verify: None,
            watched: Watched::default(),
            protected_before: self.protected,
            retry_after: None,
            reviews: TurnSum::default(),
            children: Bill::default(),
            is_review: false,
            broken_off: None,
        }
    }

    /// Edits made by hand since the last step become a commit of the user's; then the prompt is on
    /// record before anybody is asked.
    async fn begin(&mut self, turn: u32, order: &Order, attempt: &mut Attempt) -> Result<(), Failure> {
        self.keep_owed_step().await?;
        self.keep_edits_by_hand().await?;
        let base = self.head().await?;
        self.frame(turn, attempt)?;
        let kind = EntryKind::Prompt { message: Message::user(order.prompt.clone()), base };
        self.say(turn, kind)?;
        self.emit(AgentEvent::TurnBegan { turn, prompt: order.prompt.clone() }).await;
        Ok(())
    }

    /// Puts the frame of the answers to come on record, where it differs from the one in force.
    pub(super) fn frame(&mut self, turn: u32, attempt: &mut Attempt) -> Result<(), Failure> {
        attempt.system = self.system_prompt(attempt);
        attempt.framed = self.mode(attempt);
        let setup = Setup {
            digest: super::prompt::digest(&attempt.system),
            voice: attempt.voice(),
            role: attempt.role.clone(),
            permissions: attempt.framed.name().to_owned(),
            // An external CLI has tools of its own.
            tools: match attempt.backend.as_cli() {
                Some(_) => Vec::new(),
                None => self.tool_specs(attempt).into_iter().map(|tool| tool.name).collect(),
            },
        };
        if self.session.conversation.setup() != Some(&setup) {
            self.say(turn, EntryKind::Setup(setup))?;
        }
        Ok(())
    }

    async fn announce(&mut self, attempt: &Attempt) {
        self.pending.route = Some(super::record::route(attempt));
        let routed = Routed {
            decision: attempt.decision.clone(),
            model: attempt.model.clone(),
            role: attempt.role.clone(),
        };
        self.emit(AgentEvent::Route(routed)).await;
    }

    /// Brings everything said on record in git, and tells how the turn ended.
    async fn finish(&mut self, end: WorkEnd, all: TurnSum) -> TurnEnd {
        let (mut outcome, mut reason, text) = match end {
            Ok(text) => (Outcome::Ok, EndReason::Done, text),
            Err(Stop::Interrupted) => (Outcome::Aborted, EndReason::Interrupted, String::new()),
            Err(Stop::Budget(message)) => {
                let failure = Failure::new(ErrorClass::Quota, message.clone())
                    .hint("raise --budget-usd or the [budget] settings; what was done so far is committed");
                self.emit(AgentEvent::Error(failure)).await;
                (Outcome::Error, EndReason::Budget, message)
            }
            Err(Stop::Left(cause)) => {
                let failure =
                    Failure::new(cause.class().unwrap_or(ErrorClass::Verification), cause.to_string());
                self.emit(AgentEvent::Error(failure)).await;
                (Outcome::Error, EndReason::Failed, String::new())
            }
            Err(Stop::Failed(failure) | Stop::Final(failure)) => {
                self.emit(AgentEvent::Error(failure)).await;
                (Outcome::Error, EndReason::Failed, String::new())
            }
        };
        // What ended the turn may be over; when it is not, it was told, and the next start commits it.
        let owed = self.keep_owed_step().await;
        if owed.is_ok()
            && let Err(failure) = self.keep_turn().await
        {
            // What git does not hold is not done, whatever the model says of it.
            self.emit(AgentEvent::Error(failure)).await;
            (outcome, reason) = (Outcome::Error, EndReason::Failed);
        }
        self.day_cost += all.spent();
        let (commits, usage, cost_usd) = (all.commits, all.usage, all.cost.total());
        let end = TurnEnd { outcome, reason, text, commits, usage, cost_usd };
        self.emit(AgentEvent::TurnEnded(end.clone())).await;
        end
    }
}

/// What all attempts of a turn came to.
#[derive(Debug, Default)]
pub(super) struct TurnSum {
    pub commits: Vec<String>,
    pub usage: Usage,
    pub cost: Bill,
    /// Of those that were given work, beside.
    pub children: Bill,
}

impl TurnSum {
    /// US dollars that count against a budget.
    pub fn spent(&self) -> f64 {
        self.cost.priced() + self.children.priced()
    }

    fn add(&mut self, attempt: &Attempt) {
        self.commits.extend(attempt.steps.iter().map(|step| step.commit.clone()));
        self.children.join(&attempt.children);
        for (usage, cost) in [(attempt.usage, &attempt.cost), (attempt.reviews.usage, &attempt.reviews.cost)]
        {
            self.usage += usage;
            self.cost.join(cost);
        }
    }
}

impl Attempt {
    pub(super) fn took(&mut self, step: StepTaken) {
        self.watched.step(&step);
        self.steps.push(step);
    }

    /// Adds what a reviewer used.
    pub(super) fn join(&mut self, reviewer: &Self) {
        self.reviews.usage += reviewer.usage;
        self.reviews.cost.join(&reviewer.cost);
    }

    pub(super) fn voice(&self) -> Voice {
        Voice { backend: self.backend.id().to_owned(), model: self.model.clone() }
    }
}

impl Failure {
    pub fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), hint: None }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<BackendError> for Failure {
    fn from(error: BackendError) -> Self {
        let hint = error.hint.or_else(|| {
            Some(
                "try again: what was said and done so far is kept; or pick another backend with --backend"
                    .into(),
            )
        });
        Self { class: error.class, message: error.message, hint }
    }
}

/// The last failure, and who failed before it.
fn with_others(mut failure: Failure, tried: &[Tried]) -> Failure {
    let (_, before) = tried.split_last().map_or((None, tried), |(last, before)| (Some(last), before));
    if !before.is_empty() {
        let others: Vec<String> =
            before.iter().map(|one| format!("{} ({})", one.backend, one.class)).collect();
        failure.message = format!("{}; tried before: {}", failure.message, others.join(", "));
    }
    failure
}

fn out_of_time(limit: Duration, is_child: bool) -> Failure {
    let key = if is_child { "agent.child_timeout_seconds" } else { "agent.turn_timeout_seconds" };
    Failure::new(ErrorClass::Timeout, format!("the turn took longer than {} s", limit.as_secs()))
        .hint(format!("raise {key}, or send the prompt again to go on"))
}
