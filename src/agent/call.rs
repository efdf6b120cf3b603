//! One call of a model: streamed, journaled, shown, retried while that may help, stopped at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use super::event::AgentEvent;
use super::mask::{Mask, Said};
use super::turn::Attempt;
use super::{Agent, JournalError};
use crate::backends::health::now_ms;
use crate::backends::{Backend, BackendError};
use crate::chat::{Assembler, Certainty, Delta, ErrorClass, Message, StopReason, Usage};
use crate::wire::Request;

/// Retries of a server that does not listen.
const UNREACHABLE_RETRIES: u32 = 2;

/// The longest wait on a rate limit before the user is asked, where somebody can be asked.
const UNASKED_WAIT: Duration = Duration::from_secs(5);

/// What a call gave.
pub(super) struct Called {
    pub message: Message,
    pub usage: Usage,
    pub stop: Option<StopReason>,
    /// How sure the model was, where its server tells.
    pub certainty: Option<Certainty>,
    /// From the request to the first delta.
    pub first_token: Option<Duration>,
}

/// Who is shown an answer while it arrives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    User,
    Nobody,
}

pub(super) enum CallEnd {
    Answered(Called),
    /// With what had been said until then.
    Interrupted(Called),
    /// With what had been shown of the answer.
    Failed(BackendError, Option<Message>),
    /// The journal can't be written: nothing may be shown any more.
    Unjournaled(JournalError),
}

enum StreamEnd {
    Whole,
    Cancelled,
    Broken(BackendError),
    Unjournaled(JournalError),
}

/// What has come of an answer so far.
struct Heard {
    assembler: Assembler,
    /// From the request to the first delta.
    first_token: Option<Duration>,
    mask: Mask,
}

impl Agent {
    pub(super) async fn call(
        &mut self,
        attempt: &mut Attempt,
        request: &Request,
        audience: Audience,
        cancel: &CancellationToken,
    ) -> CallEnd {
        let backend = &attempt.backend.clone();
        let policy = backend.retry_policy();
        let mut failures = 0;
        loop {
            let began = Instant::now();
            let mut heard = Heard {
                assembler: Assembler::default(),
                first_token: None,
                mask: Mask::new(Arc::clone(&self.services)),
            };
            let mut end = self.stream(backend, request, audience, cancel, &mut heard).await;
            let Heard { assembler, first_token, mut mask } = heard;
            if !matches!(end, StreamEnd::Unjournaled(_))
                && let Err(error) = self.show(mask.flush()).await
            {
                end = StreamEnd::Unjournaled(error);
            }
            let usage = assembler.usage();
            let stop = assembler.stop();
            let certainty = assembler.certainty();
            let called = |message| Called { message, usage, stop, certainty, first_token };
            match end {
                StreamEnd::Whole => {
                    self.services.health.record(backend.id(), None, Some(began.elapsed()), now_ms());
                    return CallEnd::Answered(called(assembler.finish()));
                }
                StreamEnd::Cancelled => {
                    let message = assembler.finish_interrupted();
                    return CallEnd::Interrupted(Called {
                        stop: Some(StopReason::Interrupted),
                        ..called(message)
                    });
                }
                StreamEnd::Unjournaled(error) => return CallEnd::Unjournaled(error),
                StreamEnd::Broken(error) => {
                    let failed = Some((error.class, error.message.as_str()));
                    self.services.health.record(backend.id(), failed, None, now_ms());
                    if !usage.is_zero() {
                        // Paid for all the same.
                        self.count(attempt, usage).await;
                    }
                    failures += 1;
                    let was_shown = audience == Audience::User && !assembler.is_empty();
                    // Nobody listens there: waiting long for that to change helps nobody.
                    let is_hopeless =
                        error.class == ErrorClass::Unreachable && failures > UNREACHABLE_RETRIES;
                    let delay = policy.delay(failures, &error, fastrand::f64()).filter(|_| !is_hopeless);
                    // Somebody is there who may have another idea than to wait for long.
                    let asks = self.can_ask && error.class == ErrorClass::RateLimit;
                    let Some(delay) = delay.filter(|delay| !asks || *delay <= UNASKED_WAIT) else {
                        let said = was_shown.then(|| assembler.finish_interrupted());
                        return CallEnd::Failed(
                            BackendError { retry_after: error.retry_after.or(delay), ..error },
                            said,
                        );
                    };
                    if was_shown {
                        if let Err(error) = self.journal.restart() {
                            return CallEnd::Unjournaled(error);
                        }
                        self.emit(AgentEvent::Restarted).await;
                    }
                    self.emit(AgentEvent::Notice(format!(
                        "{}: {}; trying again in {} ({failures} of {})",
                        backend.id(),
                        error.message,
                        seconds(delay),
                        policy.max_retries,
                    )))
                    .await;
                    tokio::select! {
                        () = tokio::time::sleep(delay) => {}
                        () = cancel.cancelled() => {
                            return CallEnd::Interrupted(Called {
                                stop: Some(StopReason::Interrupted),
                                ..called(Assembler::default().finish())
                            });
                        }
                    }
                }
            }
        }
    }

    async fn stream(
        &mut self,
        backend: &Backend,
        request: &Request,
        audience: Audience,
        cancel: &CancellationToken,
        heard: &mut Heard,
    ) -> StreamEnd {
        let began = Instant::now();
        let opened = tokio::select! {
            biased;
            () = cancel.cancelled() => return StreamEnd::Cancelled,
            opened = backend.stream(request, cancel) => opened,
        };
        let mut deltas = match opened {
            Ok(deltas) => deltas,
            Err(error) => return StreamEnd::Broken(error),
        };
        loop {
            let delta = tokio::select! {
                biased;
                () = cancel.cancelled() => return StreamEnd::Cancelled,
                delta = deltas.next() => delta,
            };
            let delta = match delta {
                None => return StreamEnd::Whole,
                Some(Err(error)) if error.class == ErrorClass::Cancelled => return StreamEnd::Cancelled,
                Some(Err(error)) => return StreamEnd::Broken(error),
                Some(Ok(delta)) => delta,
            };
            heard.first_token.get_or_insert_with(|| began.elapsed());
            let ready = match &delta {
                _ if audience != Audience::User => Vec::new(),
                Delta::Text(text) => heard.mask.text(text),
                Delta::Thinking(text) => heard.mask.thinking(text),
                _ => heard.mask.flush(),
            };
            if let Err(error) = self.show(ready).await {
                return StreamEnd::Unjournaled(error);
            }
            heard.assembler.push(delta);
        }
    }

    /// Journaled before it is shown: what was shown is never lost.
    pub(super) async fn show(&mut self, said: Vec<Said>) -> Result<(), JournalError> {
        for said in said {
            match said {
                Said::Text(text) => {
                    self.journal.text(&text)?;
                    self.emit(AgentEvent::Text(text)).await;
                }
                Said::Thinking(text) => {
                    self.journal.thinking(&text)?;
                    self.emit(AgentEvent::Thinking(text)).await;
                }
            }
        }
        Ok(())
    }
}

fn seconds(delay: Duration) -> String {
    if delay < Duration::from_secs(1) {
        format!("{} ms", delay.as_millis())
    } else {
        format!("{:.0} s", delay.as_secs_f64().ceil())
    }
}
