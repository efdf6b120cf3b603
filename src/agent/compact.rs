//! Compaction: when the context is nearly full, a summary takes the place of what was said. Nothing
//! is lost by it: git holds the whole conversation.

use super::call::{Audience, CallEnd};
use super::control::Control;
use super::event::{AgentEvent, Failure};
use super::turn::Attempt;
use super::work::Stop;
use super::{Agent, prompt};
use crate::chat::{EntryKind, ErrorClass, Message, Part, estimate_tokens};
use crate::wire::Request;

/// Characters that stay of a tool result when the summary's own request has to shrink.
const SHORT_RESULT: usize = 600;

impl Agent {
    /// Whether the next call may not fit.
    pub(super) fn is_nearly_full(&self, attempt: &Attempt) -> bool {
        let Some(window) = self.context_window(attempt) else { return false };
        #[allow(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
        let (used, window) = (self.session.conversation.last_context() as f64, window as f64);
        self.session.conversation.in_context().len() > 4
            && used > window * self.services.settings.agent.compact_at
    }

    pub(super) fn context_window(&self, attempt: &Attempt) -> Option<u64> {
        attempt
            .backend
            .settings()
            .context_window
            .or_else(|| self.services.prices.context_window(&attempt.model))
    }

    /// Asks the model for a summary and lets the context begin anew with it.
    pub(super) async fn compact(
        &mut self,
        turn: u32,
        attempt: &mut Attempt,
        control: &mut Control,
    ) -> Result<(), Stop> {
        self.emit(AgentEvent::Notice("the context is nearly full: writing a summary to go on with".into()))
            .await;
        let window = self.context_window(attempt).unwrap_or(32_000);
        let mut messages = shrink(self.session.conversation.context(), window / 2);
        messages.push(Message::user(prompt::COMPACT));
        let request = Request {
            model: attempt.model.clone(),
            system: attempt.system.clone(),
            messages,
            max_output_tokens: attempt.backend.settings().max_output_tokens,
            stream: true,
            ..Request::default()
        };
        // The summary is for the model: to the user it would look like an answer.
        let called = match self.call(attempt, &request, Audience::Nobody, &control.cancel).await {
            CallEnd::Answered(called) => called,
            CallEnd::Interrupted(called) => {
                self.count(attempt, called.usage).await;
                return Err(Stop::Interrupted);
            }
            CallEnd::Unjournaled(error) => return Err(error.into()),
            CallEnd::Failed(error, _) => return Err(Failure::from(error).into()),
        };
        self.count(attempt, called.usage).await;
        let summary = called.message.text();
        if summary.trim().is_empty() {
            return Err(Failure::new(ErrorClass::BadResponse, "the summary was empty").into());
        }
        let dropped =
            self.session.conversation.in_context().iter().filter_map(|entry| entry.kind.message()).count();
        let prompt = self.session.conversation.prompt(turn).unwrap_or_default();
        let text = format!(
            "This conversation was compacted. What was said before, in short:\n\n{}\n\nThe user's last words were:\n\n\
             {prompt}\n\nGo on from there.",
            summary.trim()
        );
        self.say(turn, EntryKind::Summary(Message::user(text)))?;
        self.emit(AgentEvent::Notice(format!(
            "compacted: {dropped} messages gave way to a summary; git holds them all"
        )))
        .await;
        Ok(())
    }
}

/// Shortens old tool results until the messages fit in so many tokens, roughly.
fn shrink(mut messages: Vec<Message>, tokens: u64) -> Vec<Message> {
    let size =
        |messages: &[Message]| messages.iter().map(|message| estimate_tokens(&message.parts)).sum::<u64>();
    let mut total = size(&messages);
    for message in &mut messages {
        if total <= tokens {
            break;
        }
        let before = estimate_tokens(&message.parts);
        for part in &mut message.parts {
            let Part::ToolResult(result) = part else { continue };
            let text = result.content_text();
            if text.len() > SHORT_RESULT {
                let head: String = text.chars().take(SHORT_RESULT).collect();
                result.content = vec![Part::Text(format!("{head}\n[shortened]"))];
            }
        }
        total = total.saturating_sub(before - estimate_tokens(&message.parts).min(before));
    }
    messages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{ToolCall, ToolResult};

    #[test]
    fn old_results_are_shortened_first() {
        let call =
            ToolCall { id: "1".into(), name: "read".into(), input: serde_json::json!({}), signature: None };
        let long = || Message::results(vec![ToolResult::text(&call, "x".repeat(8000), false)]);
        let messages = shrink(vec![long(), long()], 2500);
        let lengths: Vec<usize> =
            messages.iter().map(|m| m.tool_results().next().unwrap().content_text().len()).collect();
        assert!(lengths[0] < 700, "{lengths:?}");
        assert_eq!(lengths[1], 8000);
    }
}
