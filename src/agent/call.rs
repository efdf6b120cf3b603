//! One call of a model: streamed, journaled, shown, retried while that may help, stopped at once.

use std::time::{Duration, Instant};

use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use super::event::AgentEvent;
use super::{Agent, JournalError};
use crate::backends::health::now_ms;
use crate::backends::{Backend, BackendError};
use crate::chat::{Assembler, Delta, ErrorClass, Message, StopReason, Usage};
use crate::wire::Request;

/// Retries of a server that does not listen.
const UNREACHABLE_RETRIES: u32 = 2;

/// What a call gave.
pub(super) struct Called {
    pub message: Message,
    pub usage: Usage,
    pub stop: Option<StopReason>,
    /// From the request to the first delta.
    pub first_token: Option<Duration>,
}

pub(super) enum CallEnd {
    Answered(Called),
    /// With what had been said until then.
    Interrupted(Called),
    Failed(BackendError),
    /// The journal can't be written: nothing may be shown any more.
    Unjournaled(JournalError),
}

enum StreamEnd {
    Whole,
    Cancelled,
    Broken(BackendError),
    Unjournaled(JournalError),
}

impl Agent {
    pub(super) async fn call(
        &mut self,
        backend: &Backend,
        request: &Request,
        cancel: &CancellationToken,
    ) -> CallEnd {
        let policy = backend.retry_policy();
        let mut attempt = 0;
        loop {
            let began = Instant::now();
            let mut assembler = Assembler::default();
            let mut first_token = None;
            let end = self.stream(backend, request, cancel, &mut assembler, &mut first_token).await;
            let usage = assembler.usage();
            let stop = assembler.stop();
            let called = |message| Called { message, usage, stop, first_token };
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
                    attempt += 1;
                    // Nobody listens there: waiting long for that to change helps nobody.
                    let is_hopeless = error.class == ErrorClass::Unreachable && attempt > UNREACHABLE_RETRIES;
                    let Some(delay) = policy.delay(attempt, &error, fastrand::f64()).filter(|_| !is_hopeless)
                    else {
                        return CallEnd::Failed(error);
                    };
                    if !assembler.is_empty() {
                        if let Err(error) = self.journal.restart() {
                            return CallEnd::Unjournaled(error);
                        }
                        self.emit(AgentEvent::Restarted).await;
                    }
                    self.emit(AgentEvent::Notice(format!(
                        "{}: {}; trying again in {} ({attempt} of {})",
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
        cancel: &CancellationToken,
        assembler: &mut Assembler,
        first_token: &mut Option<Duration>,
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
            first_token.get_or_insert_with(|| began.elapsed());
            // Journaled before it is shown: what was shown is never lost.
            let journaled = match &delta {
                Delta::Text(text) => self.journal.text(text),
                Delta::Thinking(text) => self.journal.thinking(text),
                _ => Ok(()),
            };
            if let Err(error) = journaled {
                return StreamEnd::Unjournaled(error);
            }
            match &delta {
                Delta::Text(text) => self.emit(AgentEvent::Text(text.clone())).await,
                Delta::Thinking(text) => self.emit(AgentEvent::Thinking(text.clone())).await,
                _ => {}
            }
            assembler.push(delta);
        }
    }
}

fn seconds(delay: Duration) -> String {
    if delay < Duration::from_secs(1) {
        format!("{} ms", delay.as_millis())
    } else {
        format!("{:.0} s", delay.as_secs_f64().ceil())
    }
}
