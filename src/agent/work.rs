//! The work of one attempt at a turn: ask the model, run the tools that it calls, commit what they
//! changed, and again, until the model is done or something ends it.

use super::call::{Audience, CallEnd, Called};
use super::control::Control;
use super::event::{AgentEvent, Failure};
use super::guard::{LoopGuard, Verdict};
use super::turn::{Attempt, Task};
use super::{Agent, JournalError, cost_of};
use crate::chat::{EntryKind, ErrorClass, Message, Part, StopReason, ToolCall, Usage};
use crate::routing::{Cause, Purse};

/// Why work ended before it was done.
pub(super) enum Stop {
    Interrupted,
    Budget(String),
    Failed(Failure),
    /// Nobody else would come to a better end.
    Final(Failure),
    /// Another one goes on: nothing has failed yet, but the work is not trusted.
    Left(Cause),
}

/// The last words of work that was done, or why it ended before.
pub(super) type WorkEnd = Result<String, Stop>;

/// Whether the context may be compacted before the next call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Compaction {
    Possible,
    /// No answer came since: again would not help.
    Done,
    /// It cannot be done in this turn.
    Failed,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<JournalError> for Stop {
    fn from(error: JournalError) -> Self {
        Self::Failed(error.into())
    }
}

impl Agent {
    pub(super) async fn work(
        &mut self,
        task: &Task<'_>,
        attempt: &mut Attempt,
        control: &mut Control,
    ) -> WorkEnd {
        let turn = task.turn;
        let settings = self.services.settings.agent.clone();
        let mut guard = LoopGuard::new(settings.max_identical_calls);
        let mut corrections = 0;
        let mut silences = 0;
        let mut compaction = Compaction::Possible;
        let max_steps =
            task.order.max_steps.map_or(settings.max_steps, |own| own.min(settings.max_steps)).max(1);
        for _ in 0..max_steps {
            if control.cancel.is_cancelled() {
                return Err(Stop::Interrupted);
            }
            self.tell_unpriced(task, attempt).await;
            if let Some(message) = self.over_budget(task, attempt) {
                return Err(Stop::Budget(message));
            }
            self.listen(turn, attempt, control).await?;
            if compaction == Compaction::Possible && self.is_nearly_full(attempt) {
                match self.compact(turn, attempt, control).await {
                    Ok(()) => compaction = Compaction::Done,
                    Err(Stop::Failed(failure)) => {
                        compaction = Compaction::Failed;
                        self.emit(AgentEvent::Notice(format!("not compacted: {}", failure.message))).await;
                    }
                    Err(stop) => return Err(stop),
                }
            }
            let request = self.request(attempt);
            let called = match self.call(attempt, &request, Audience::User, &control.cancel).await {
                CallEnd::Answered(called) => called,
                CallEnd::Interrupted(called) => {
                    self.keep_interrupted(turn, attempt, called).await?;
                    return Err(Stop::Interrupted);
                }
                CallEnd::Unjournaled(error) => return Err(error.into()),
                CallEnd::Failed(error, _)
                    if error.class == ErrorClass::ContextOverflow && compaction == Compaction::Possible =>
                {
                    match self.compact(turn, attempt, control).await {
                        Ok(()) => compaction = Compaction::Done,
                        Err(Stop::Failed(_)) => return Err(Failure::from(error).into()),
                        Err(stop) => return Err(stop),
                    }
                    continue;
                }
                CallEnd::Failed(error, said) => {
                    attempt.broken_off = said;
                    attempt.retry_after = error.retry_after;
                    return Err(Failure::from(error).into());
                }
            };
            if compaction == Compaction::Done {
                compaction = Compaction::Possible;
            }
            attempt.first_token = attempt.first_token.or(called.first_token);
            let answer = self.understand(attempt, called.message);
            let calls: Vec<ToolCall> = answer.tool_calls().cloned().collect();
            let text = answer.text();
            let is_empty = calls.is_empty() && text.trim().is_empty();
            attempt.watched.answer(called.stop, is_empty, called.certainty);
            let kind = EntryKind::Answer {
                message: answer.clone(),
                by: attempt.voice(),
                usage: called.usage,
                stop: called.stop,
            };
            self.say(turn, kind)?;
            attempt.output_length += text.len();
            self.count(attempt, called.usage).await;
            self.emit(AgentEvent::Context(self.measure(attempt))).await;
            if calls.is_empty() {
                let is_silent = text.trim().is_empty();
                let was_stopped = matches!(called.stop, Some(StopReason::Refusal | StopReason::MaxTokens));
                if is_silent && !was_stopped && silences == 0 {
                    silences += 1;
                    let nudge = "Your answer was empty. Go on, or say that you are done.";
                    self.say(turn, EntryKind::Steer(Message::user(nudge)))?;
                    continue;
                }
                if let Some(failure) = ended_badly(called.stop, is_silent, attempt) {
                    return Err(failure.into());
                }
                if !control.steer.is_empty() {
                    continue;
                }
                if self.holds(task, attempt, &mut corrections, control).await? {
                    self.estimate(task, attempt).await;
                    return Ok(text);
                }
                self.judge(task, attempt).await?;
                continue;
            }

            let round = self.round(&calls, called.stop, task, attempt, control).await?;
            let results = round.results.clone();
            self.say(turn, EntryKind::Results(Message::results(round.results.clone())))?;
            let interrupted = round.interrupted;
            let step = self.keep_step(turn, attempt, &answer, round).await?;
            if interrupted {
                return Err(Stop::Interrupted);
            }
            let verdict = guard.judge(&calls, &results, step.is_some());
            attempt.watched.round(&calls, &results, guard.repeats());
            match verdict {
                Verdict::GoOn => self.judge(task, attempt).await?,
                Verdict::Warn(words) => {
                    self.say(turn, EntryKind::Steer(Message::user(words)))?;
                    self.judge(task, attempt).await?;
                }
                Verdict::Stop(class, message) => {
                    let hint = "what was done so far is committed; say how to go on, or pick another model";
                    return Err(Failure::new(class, message).hint(hint).into());
                }
            }
        }
        let message = format!("stopped after {} of the model in one turn", calls_of(max_steps));
        let hint = "send another prompt to go on, or raise agent.max_steps";
        Err(Stop::Final(Failure::new(ErrorClass::ToolLoop, message).hint(hint)))
    }

    /// Takes up what came from outside since the last call: other permissions, notes, the user's words.
    pub(super) async fn listen(
        &mut self,
        turn: u32,
        attempt: &mut Attempt,
        control: &mut Control,
    ) -> Result<(), Stop> {
        self.heed(control);
        if self.mode(attempt) != attempt.framed {
            self.frame(turn, attempt)?;
        }
        for note in control.unheard_notes() {
            self.say(turn, EntryKind::Steer(Message::user(note)))?;
        }
        while let Ok(text) = control.steer.try_recv() {
            self.say(turn, EntryKind::Steer(Message::user(text.clone())))?;
            self.emit(AgentEvent::Steered { text }).await;
        }
        Ok(())
    }

    /// Goes by the permissions that the user set last.
    pub(super) fn heed(&mut self, control: &mut Control) {
        self.permissions = control.new_permissions().unwrap_or(self.permissions);
    }

    /// Keeps what had been said when the user interrupted.
    async fn keep_interrupted(
        &mut self,
        turn: u32,
        attempt: &mut Attempt,
        called: Called,
    ) -> Result<(), Failure> {
        if !called.message.parts.is_empty() {
            let mut message = called.message;
            self.make_ids_unique(&mut message);
            attempt.output_length += message.text().len();
            let stop = Some(StopReason::Interrupted);
            let kind = EntryKind::Answer { message, by: attempt.voice(), usage: called.usage, stop };
            self.say(turn, kind)?;
        }
        if !called.usage.is_zero() {
            self.count(attempt, called.usage).await;
        }
        Ok(())
    }

    /// Keeps the words of an answer that broke off for good: they were shown. Its calls were not run,
    /// and go.
    pub(super) fn keep_broken_off(&mut self, turn: u32, attempt: &mut Attempt) -> Result<(), Failure> {
        let Some(mut message) = attempt.broken_off.take() else { return Ok(()) };
        message.parts.retain(|part| !matches!(part, Part::ToolCall(_)));
        if message.parts.is_empty() {
            return Ok(());
        }
        let stop = Some(StopReason::Interrupted);
        self.say(turn, EntryKind::Answer { message, by: attempt.voice(), usage: Usage::default(), stop })
    }

    /// Adds what a call used to the sums, and tells it.
    pub(super) async fn count(&mut self, attempt: &mut Attempt, usage: Usage) {
        let cost = cost_of(&self.services, attempt, usage);
        self.add_up(attempt, usage, cost).await;
    }

    /// The same of a run of an external CLI. What it reckons itself counts where we know no price.
    pub(super) async fn count_hosted(
        &mut self,
        attempt: &mut Attempt,
        told: Option<Usage>,
        reckoned: Option<f64>,
    ) {
        let is_local = attempt.backend.is_local();
        if told.is_none() && reckoned.is_none() {
            // Nobody knows what it used: that is not nothing.
            let cost = is_local.then_some(0.0);
            attempt.cost.add(cost);
            self.pending.cost.add(cost);
            return;
        }
        let usage = told.unwrap_or_default();
        let cost = cost_of(&self.services, attempt, usage).or(reckoned.filter(|_| !is_local));
        self.add_up(attempt, usage, cost).await;
    }

    async fn add_up(&mut self, attempt: &mut Attempt, usage: Usage, cost: Option<f64>) {
        attempt.usage += usage;
        attempt.cost.add(cost);
        self.pending.cost.add(cost);
        self.emit(AgentEvent::Usage { usage, cost_usd: cost }).await;
    }

    /// A budget in money says nothing of calls without a price: the user should know.
    pub(super) async fn tell_unpriced(&mut self, task: &Task<'_>, attempt: &Attempt) {
        let budget = task.order.budget(&self.services.settings.budget);
        let is_limited = budget.turn_usd > 0.0 || budget.session_usd > 0.0 || budget.day_usd > 0.0;
        if is_limited && attempt.cost.total().is_none() && !self.told_unpriced {
            self.told_unpriced = true;
            self.emit(AgentEvent::Notice(format!(
                "the budget does not hold for {}/{}: its price is not known; add it to prices.json beside the settings",
                attempt.backend.id(),
                attempt.model
            )))
            .await;
        }
    }

    pub(super) fn over_budget(&self, task: &Task<'_>, attempt: &Attempt) -> Option<String> {
        self.purses(task.order, spent(task, attempt)).iter().find_map(Purse::empty)
    }
}

/// US dollars that a turn has cost so far.
pub(super) fn spent(task: &Task<'_>, attempt: &Attempt) -> f64 {
    task.before.spent() + attempt.cost.priced() + attempt.reviews.cost.priced() + attempt.children.priced()
}

fn calls_of(steps: u32) -> String {
    format!("{steps} call{}", if steps == 1 { "" } else { "s" })
}

/// Whether an answer without tool calls ends the turn badly.
pub(super) fn ended_badly(stop: Option<StopReason>, is_silent: bool, attempt: &Attempt) -> Option<Failure> {
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
        _ if is_silent => Some(
            Failure::new(ErrorClass::BadResponse, format!("{id} gave an empty answer twice"))
                .hint("try again, or pick another backend with --backend"),
        ),
        _ => None,
    }
}
