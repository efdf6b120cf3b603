//! A turn: from the user's words to the model's last ones, over as many calls, rounds of tools and
//! backends as it takes.

use std::time::{Duration, Instant};

use super::call::{CallEnd, Called};
use super::control::Control;
use super::event::{AgentEvent, EndReason, Failure, Routed, StepTaken, TurnEnd};
use super::guard::{LoopGuard, Verdict};
use super::{Agent, cost_of};
use crate::backends::{Backend, BackendError};
use crate::chat::{EntryKind, ErrorClass, Message, Outcome, Setup, StopReason, ToolCall, Usage, Voice};
use crate::config::Fallback;
use crate::routing::Decision;
use crate::wire::Effort;

/// What the user wants done.
#[derive(Debug, Clone, Default)]
pub struct Order {
    pub prompt: String,
    pub backend: Option<String>,
    pub model: Option<String>,
    pub role: Option<String>,
    /// US dollars for this turn.
    pub budget_usd: Option<f64>,
    /// Command that checks the work, instead of the settings' one.
    pub verify: Option<String>,
}

/// One backend's share of a turn: a line of the ledger.
pub(super) struct Attempt {
    pub number: u32,
    pub decision: Decision,
    pub backend: Backend,
    pub model: String,
    pub role: Option<String>,
    pub effort: Option<Effort>,
    /// When it began: RFC 3339, UTC.
    pub at: String,
    pub started: Instant,
    pub usage: Usage,
    /// `None` once a call was unpriced.
    pub cost_usd: Option<f64>,
    pub first_token: Option<Duration>,
    pub output_length: usize,
    pub steps: Vec<StepTaken>,
    pub verify: Option<super::event::VerifyState>,
}

/// A backend that failed in this turn.
pub(super) struct Tried {
    pub backend: String,
    pub class: ErrorClass,
    pub elapsed: Duration,
}

/// Why the work of an attempt ended.
pub(super) enum WorkEnd {
    Done(String),
    Interrupted,
    Budget(String),
    Failed(Failure),
}

impl Agent {
    /// Runs one turn to its end. The last event is always `TurnEnded`, and what it tells is returned.
    pub async fn turn(&mut self, mut order: Order, control: &mut Control) -> TurnEnd {
        self.keep_choice(&mut order);
        let turn = self.session.conversation.turn() + 1;
        self.emit(AgentEvent::TurnBegan { turn, prompt: order.prompt.clone() }).await;
        let mut tried = Vec::new();
        let mut all = TurnSum::default();
        let end = match self.services.decide(&order, &names(&tried)) {
            Err(failure) => WorkEnd::Failed(failure),
            Ok((decision, backend)) => {
                let mut attempt = self.attempt(&order, 1, decision, backend);
                match self.begin(turn, &order, &attempt).await {
                    Err(failure) => WorkEnd::Failed(failure),
                    Ok(()) => loop {
                        self.announce(&attempt).await;
                        let end = self.work(turn, &order, &mut attempt, &all, control).await;
                        all.add(&attempt);
                        self.write_ledger(turn, &order, &attempt, &tried, &end).await;
                        let WorkEnd::Failed(failure) = end else { break end };
                        tried.push(Tried {
                            backend: attempt.backend.id().to_owned(),
                            class: failure.class,
                            elapsed: attempt.started.elapsed(),
                        });
                        match self.fall_back(&order, &attempt, &failure, &tried).await {
                            Some(next) => attempt = next,
                            None => break WorkEnd::Failed(failure),
                        }
                    },
                }
            }
        };
        self.finish(end, all).await
    }

    /// A backend that the user chose answers until they choose another one, or a role.
    fn keep_choice(&mut self, order: &mut Order) {
        if let Some(backend) = &order.backend {
            let model = order.model.clone().unwrap_or_default();
            self.session.chosen = Some(Voice { backend: backend.clone(), model });
        } else if let Some(chosen) = self.session.chosen.clone().filter(|_| order.role.is_none())
            && self.services.backends.contains_key(&chosen.backend)
        {
            order.backend = Some(chosen.backend);
            order.model = order.model.take().or(Some(chosen.model).filter(|model| !model.is_empty()));
        }
    }

    fn attempt(&self, order: &Order, number: u32, decision: Decision, backend: Backend) -> Attempt {
        let role = order.role.as_ref().and_then(|name| self.services.settings.roles.get(name));
        let of_role = |value: Option<&String>| value.cloned();
        let model = order
            .model
            .clone()
            .filter(|_| number == 1)
            .or_else(|| of_role(role.and_then(|role| role.model.as_ref())).filter(|_| number == 1))
            .or_else(|| backend.model().map(str::to_owned))
            .unwrap_or_default();
        let effort = role
            .and_then(|role| role.effort.as_deref())
            .or(backend.settings().effort.as_deref())
            .and_then(|effort| effort.parse().ok());
        Attempt {
            number,
            decision,
            backend,
            model,
            role: order.role.clone(),
            effort,
            at: super::now(),
            started: Instant::now(),
            usage: Usage::default(),
            cost_usd: Some(0.0),
            first_token: None,
            output_length: 0,
            steps: Vec::new(),
            verify: None,
        }
    }

    /// Edits made by hand since the last step become a commit of the user's; then the prompt is on
    /// record before anybody is asked.
    async fn begin(&mut self, turn: u32, order: &Order, attempt: &Attempt) -> Result<(), Failure> {
        self.keep_edits_by_hand().await?;
        let base = self.head().await?;
        self.frame(turn, attempt)?;
        let kind = EntryKind::Prompt { message: Message::user(order.prompt.clone()), base };
        self.say(turn, kind)?;
        Ok(())
    }

    /// Puts the frame of the answers to come on record, where it differs from the one in force.
    fn frame(&mut self, turn: u32, attempt: &Attempt) -> Result<(), Failure> {
        let setup = Setup {
            digest: super::prompt::digest(&self.system_prompt(attempt)),
            voice: attempt.voice(),
            role: attempt.role.clone(),
            permissions: self.mode(attempt).name().to_owned(),
            tools: self.tool_specs(attempt).into_iter().map(|tool| tool.name).collect(),
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

    async fn work(
        &mut self,
        turn: u32,
        order: &Order,
        attempt: &mut Attempt,
        before: &TurnSum,
        control: &mut Control,
    ) -> WorkEnd {
        let settings = self.services.settings.agent.clone();
        let mut guard = LoopGuard::new(settings.max_identical_calls);
        let limit = Duration::from_secs(settings.turn_timeout_seconds);
        let mut corrections = 0;
        let mut empty = 0;
        let mut compacted = false;
        for _ in 0..settings.max_steps.max(1) {
            if control.cancel.is_cancelled() {
                return WorkEnd::Interrupted;
            }
            if !limit.is_zero() && attempt.started.elapsed() > limit {
                let message = format!("the turn took longer than {} s", limit.as_secs());
                return WorkEnd::Failed(
                    Failure::new(ErrorClass::Timeout, message)
                        .hint("raise agent.turn_timeout_seconds, or send the prompt again to go on"),
                );
            }
            self.tell_unpriced(order, attempt).await;
            if let Some(message) = self.over_budget(order, attempt, before) {
                return WorkEnd::Budget(message);
            }
            while let Ok(words) = control.steer.try_recv() {
                if let Err(failure) = self.say(turn, EntryKind::Steer(Message::user(words))) {
                    return WorkEnd::Failed(failure);
                }
            }
            if !compacted && self.is_nearly_full(attempt) {
                compacted = true;
                match self.compact(turn, attempt, control).await {
                    Ok(()) => {}
                    Err(WorkEnd::Failed(failure)) => {
                        self.emit(AgentEvent::Notice(format!("not compacted: {}", failure.message))).await;
                    }
                    Err(end) => return end,
                }
            }
            let request = self.request(attempt);
            let backend = attempt.backend.clone();
            let called = match self.call(&backend, &request, &control.cancel).await {
                CallEnd::Answered(called) => called,
                CallEnd::Interrupted(called) => return self.interrupted(turn, attempt, called).await,
                CallEnd::Unjournaled(error) => return WorkEnd::Failed(error.into()),
                CallEnd::Failed(error) if error.class == ErrorClass::ContextOverflow && !compacted => {
                    compacted = true;
                    match self.compact(turn, attempt, control).await {
                        Ok(()) => continue,
                        Err(WorkEnd::Failed(_)) => return WorkEnd::Failed(error.into()),
                        Err(end) => return end,
                    }
                }
                CallEnd::Failed(error) => return WorkEnd::Failed(error.into()),
            };
            attempt.first_token = attempt.first_token.or(called.first_token);
            let answer = self.understand(attempt, called.message);
            self.count(attempt, called.usage, &answer).await;
            let calls: Vec<ToolCall> = answer.tool_calls().cloned().collect();
            if answer.parts.is_empty() {
                empty += 1;
                if empty <= 1 && called.stop != Some(StopReason::Refusal) {
                    let nudge = "Your answer was empty. Go on, or say that you are done.";
                    match self.say(turn, EntryKind::Steer(Message::user(nudge))) {
                        Ok(()) => continue,
                        Err(failure) => return WorkEnd::Failed(failure),
                    }
                }
            }
            let text = answer.text();
            let kind = EntryKind::Answer {
                message: answer.clone(),
                by: attempt.voice(),
                usage: called.usage,
                stop: called.stop,
            };
            if let Err(failure) = self.say(turn, kind) {
                return WorkEnd::Failed(failure);
            }
            if calls.is_empty() {
                match ended(called.stop, answer.parts.is_empty(), attempt) {
                    Some(failure) => return WorkEnd::Failed(failure),
                    None if !control.steer.is_empty() => continue,
                    None => {}
                }
                match self.verify(turn, order, attempt, &mut corrections, control).await {
                    Ok(true) => return WorkEnd::Done(text),
                    Ok(false) => continue,
                    Err(end) => return end,
                }
            }

            let round = match self.round(&calls, called.stop, attempt, control).await {
                Ok(round) => round,
                Err(failure) => return WorkEnd::Failed(failure),
            };
            let results = round.results.clone();
            if let Err(failure) = self.say(turn, EntryKind::Results(Message::results(round.results.clone())))
            {
                return WorkEnd::Failed(failure);
            }
            let interrupted = round.interrupted;
            let step = match self.keep_step(turn, attempt, &answer, round).await {
                Ok(step) => step,
                Err(failure) => return WorkEnd::Failed(failure),
            };
            if interrupted {
                return WorkEnd::Interrupted;
            }
            match guard.judge(&calls, &results, step.is_some()) {
                Verdict::GoOn => {}
                Verdict::Warn(words) => {
                    if let Err(failure) = self.say(turn, EntryKind::Steer(Message::user(words))) {
                        return WorkEnd::Failed(failure);
                    }
                }
                Verdict::Stop(class, message) => {
                    return WorkEnd::Failed(
                        Failure::new(class, message).hint(
                            "what was done so far is committed; say how to go on, or pick another model",
                        ),
                    );
                }
            }
        }
        let message = format!("stopped after {} calls of the model in one turn", settings.max_steps);
        WorkEnd::Failed(
            Failure::new(ErrorClass::ToolLoop, message)
                .hint("send another prompt to go on, or raise agent.max_steps"),
        )
    }

    /// Keeps what had been said and done when the user interrupted.
    async fn interrupted(&mut self, turn: u32, attempt: &mut Attempt, called: Called) -> WorkEnd {
        if !called.usage.is_zero() {
            self.count(attempt, called.usage, &called.message).await;
        }
        if !called.message.parts.is_empty() {
            let kind = EntryKind::Answer {
                message: called.message,
                by: attempt.voice(),
                usage: called.usage,
                stop: Some(StopReason::Interrupted),
            };
            if let Err(failure) = self.say(turn, kind) {
                return WorkEnd::Failed(failure);
            }
        }
        WorkEnd::Interrupted
    }

    pub(super) async fn count(&mut self, attempt: &mut Attempt, usage: Usage, answer: &Message) {
        let cost = cost_of(&self.services, attempt, usage);
        attempt.usage += usage;
        attempt.cost_usd = attempt.cost_usd.zip(cost).map(|(sum, more)| sum + more);
        attempt.output_length += answer.text().len();
        self.pending.cost_usd = self.pending.cost_usd.zip(cost).map(|(sum, more)| sum + more);
        self.session.last_context = usage.total();
        self.emit(AgentEvent::Usage { usage, cost_usd: cost }).await;
    }

    /// A budget in money says nothing of calls without a price: the user should know.
    async fn tell_unpriced(&mut self, order: &Order, attempt: &Attempt) {
        let budget = &self.services.settings.budget;
        let is_limited = order.budget_usd.is_some_and(|usd| usd > 0.0)
            || budget.turn_usd > 0.0
            || budget.session_usd > 0.0
            || budget.day_usd > 0.0;
        if is_limited && attempt.cost_usd.is_none() && !self.told_unpriced {
            self.told_unpriced = true;
            self.emit(AgentEvent::Notice(format!(
                "the budget does not hold for {}/{}: its price is not known; add it to prices.json beside the settings",
                attempt.backend.id(),
                attempt.model
            )))
            .await;
        }
    }

    fn over_budget(&self, order: &Order, attempt: &Attempt, before: &TurnSum) -> Option<String> {
        let budget = &self.services.settings.budget;
        let turn = before.cost_usd.unwrap_or(0.0) + attempt.cost_usd.unwrap_or(0.0);
        let session = self.session.cost_usd + self.pending.cost_usd.unwrap_or(0.0);
        let day = self.day_cost + turn;
        let limits = [
            ("turn", turn, order.budget_usd.unwrap_or(budget.turn_usd)),
            ("session", session, budget.session_usd),
            ("day", day, budget.day_usd),
        ];
        limits
            .into_iter()
            .find(|(_, spent, limit)| *limit > 0.0 && spent >= limit)
            .map(|(what, spent, limit)| format!("the {what} has cost ${spent:.4}, its budget is ${limit:.4}"))
    }

    async fn fall_back(
        &mut self,
        order: &Order,
        failed: &Attempt,
        failure: &Failure,
        tried: &[Tried],
    ) -> Option<Attempt> {
        let may = order.backend.is_none() && self.services.settings.router.fallback == Fallback::Auto;
        if !may || !can_another_do_better(failure.class) {
            return None;
        }
        let (decision, backend) = self.services.decide(order, &names(tried)).ok()?;
        let event = AgentEvent::Fallback {
            from: failed.backend.id().to_owned(),
            to: decision.backend.clone(),
            error_class: failure.class,
            message: failure.message.clone(),
        };
        self.emit(event).await;
        let next = self.attempt(order, failed.number + 1, decision, backend);
        let turn = self.session.conversation.turn();
        self.frame(turn, &next).ok()?;
        Some(next)
    }

    /// Brings everything said on record in git, and tells how the turn ended.
    async fn finish(&mut self, end: WorkEnd, all: TurnSum) -> TurnEnd {
        let (outcome, reason, text) = match end {
            WorkEnd::Done(text) => (Outcome::Ok, EndReason::Done, text),
            WorkEnd::Interrupted => (Outcome::Aborted, EndReason::Interrupted, String::new()),
            WorkEnd::Budget(message) => {
                let failure = Failure::new(ErrorClass::Quota, message.clone())
                    .hint("raise --budget-usd or the [budget] settings; what was done so far is committed");
                self.emit(AgentEvent::Error(failure)).await;
                (Outcome::Error, EndReason::Budget, message)
            }
            WorkEnd::Failed(failure) => {
                self.emit(AgentEvent::Error(failure)).await;
                (Outcome::Error, EndReason::Failed, String::new())
            }
        };
        if let Err(failure) = self.keep_turn().await {
            self.emit(AgentEvent::Error(failure)).await;
        }
        let end =
            TurnEnd { outcome, reason, text, commits: all.commits, usage: all.usage, cost_usd: all.cost_usd };
        self.emit(AgentEvent::TurnEnded(end.clone())).await;
        end
    }
}

/// What all attempts of a turn came to.
#[derive(Debug)]
pub(super) struct TurnSum {
    commits: Vec<String>,
    usage: Usage,
    cost_usd: Option<f64>,
}

impl Default for TurnSum {
    fn default() -> Self {
        Self { commits: Vec::new(), usage: Usage::default(), cost_usd: Some(0.0) }
    }
}

impl TurnSum {
    fn add(&mut self, attempt: &Attempt) {
        self.commits.extend(attempt.steps.iter().map(|step| step.commit.clone()));
        self.usage += attempt.usage;
        self.cost_usd = self.cost_usd.zip(attempt.cost_usd).map(|(sum, more)| sum + more);
    }
}

impl Attempt {
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
        Self { class: error.class, message: error.message, hint: error.hint }
    }
}

fn names(tried: &[Tried]) -> Vec<String> {
    tried.iter().map(|tried| tried.backend.clone()).collect()
}

/// Whether an answer without tool calls ends the turn badly.
fn ended(stop: Option<StopReason>, is_empty: bool, attempt: &Attempt) -> Option<Failure> {
    let id = attempt.backend.id();
    match stop {
        Some(StopReason::Refusal) => Some(
            Failure::new(ErrorClass::Refused, format!("{id} refused to answer"))
                .hint("say it differently, or pick another backend with --backend"),
        ),
        Some(StopReason::MaxTokens) => Some(
            Failure::new(
                ErrorClass::Truncated,
                format!("the answer of {id} was cut off at its output limit"),
            )
            .hint(format!(
                "raise max_output_tokens under [backends.{id}], or ask it to go on in smaller pieces"
            )),
        ),
        _ if is_empty => Some(
            Failure::new(ErrorClass::BadResponse, format!("{id} gave an empty answer twice"))
                .hint("try again, or pick another backend with --backend"),
        ),
        _ => None,
    }
}

/// Whether the failure is the backend's and not the task's.
fn can_another_do_better(class: ErrorClass) -> bool {
    matches!(
        class,
        ErrorClass::Unreachable
            | ErrorClass::Timeout
            | ErrorClass::Auth
            | ErrorClass::NotFound
            | ErrorClass::RateLimit
            | ErrorClass::Quota
            | ErrorClass::Overloaded
            | ErrorClass::BadResponse
    )
}
