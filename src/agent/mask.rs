//! Keeps the values that are known to be secret, keys above all, out of what is shown and journaled of
//! a conversation, even when a server or a file repeats them. What goes to git is masked there.

use std::sync::Arc;

use serde_json::Value;

use super::Services;
use super::event::AgentEvent;
use crate::git::redact::{SHORTEST_KNOWN, redact_known, redact_value};

/// Masks an answer while it streams. A text that may be the beginning of a secret waits for what comes
/// behind it.
pub(super) struct Mask {
    services: Arc<Services>,
    held: Option<Said>,
}

/// What may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    Text(String),
    Thinking(String),
}

impl Mask {
    pub(super) fn new(services: Arc<Services>) -> Self {
        Self { services, held: None }
    }

    pub(super) fn text(&mut self, text: &str) -> Vec<Said> {
        self.push(text, Said::Text)
    }

    pub(super) fn thinking(&mut self, text: &str) -> Vec<Said> {
        self.push(text, Said::Thinking)
    }

    /// What waits still, when nothing can come behind it any more.
    pub(super) fn flush(&mut self) -> Vec<Said> {
        self.held.take().into_iter().collect()
    }

    fn push(&mut self, text: &str, kind: fn(String) -> Said) -> Vec<Said> {
        let is_same = self.held.as_ref().is_some_and(|held| held.is_of(kind));
        let mut ready = if is_same { Vec::new() } else { self.flush() };
        let mut whole = self.held.take().map(Said::into_text).unwrap_or_default();
        whole.push_str(text);
        let masked = redact_known(&whole, &self.services.secrets);
        let (now, later) = masked.split_at(beginning(&masked, &self.services.secrets));
        if !later.is_empty() {
            self.held = Some(kind(later.to_owned()));
        }
        if !now.is_empty() {
            ready.push(kind(now.to_owned()));
        }
        ready
    }
}

impl Said {
    fn is_of(&self, kind: fn(String) -> Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(&kind(String::new()))
    }

    fn into_text(self) -> String {
        match self {
            Self::Text(text) | Self::Thinking(text) => text,
        }
    }
}

/// Where the longest end of the text begins that a secret may begin with; the text's length if none.
fn beginning(text: &str, known: &[String]) -> usize {
    let longest = known
        .iter()
        .filter(|secret| secret.len() >= SHORTEST_KNOWN)
        .filter_map(|secret| {
            (1..secret.len().min(text.len() + 1))
                .rev()
                .find(|length| secret.is_char_boundary(*length) && text.ends_with(&secret[..*length]))
        })
        .max();
    text.len() - longest.unwrap_or(0)
}

/// The event with every known value masked.
pub(super) fn event(mut event: AgentEvent, known: &[String]) -> AgentEvent {
    let text = |text: &mut String| {
        if let std::borrow::Cow::Owned(masked) = redact_known(text, known) {
            *text = masked;
        }
    };
    let value = |value: &mut Value| redact_value(value, &|text| redact_known(text, known).into_owned());
    match &mut event {
        AgentEvent::TurnBegan { prompt: said, .. }
        | AgentEvent::Steered { text: said }
        | AgentEvent::Fallback { message: said, .. }
        | AgentEvent::ToolProgress { text: said, .. }
        | AgentEvent::Verify { command: said, .. }
        | AgentEvent::Notice(said) => text(said),
        AgentEvent::ToolResult { summary, content, .. } => {
            text(summary);
            text(content);
        }
        AgentEvent::ToolCall { input, .. } => value(input),
        AgentEvent::Approval(approval) => {
            value(&mut approval.input);
            text(&mut approval.reason);
        }
        AgentEvent::Step(step) => text(&mut step.subject),
        AgentEvent::Edits(edits) => text(&mut edits.subject),
        AgentEvent::Stuck(stuck) => text(&mut stuck.message),
        AgentEvent::Error(failure) => text(&mut failure.message),
        AgentEvent::Child(news) => text(&mut news.title),
        AgentEvent::TurnEnded(end) => text(&mut end.text),
        // These came through a `Mask`, or say nothing of the conversation.
        AgentEvent::Text(_)
        | AgentEvent::Thinking(_)
        | AgentEvent::Route(_)
        | AgentEvent::Restarted
        | AgentEvent::Confidence(_)
        | AgentEvent::Model(_)
        | AgentEvent::Usage { .. }
        | AgentEvent::Context(_) => {}
    }
    event
}

#[cfg(test)]
mod tests {
    use super::beginning;

    #[test]
    fn only_what_a_secret_may_begin_with_waits() {
        let known = ["topsecret-123".to_owned(), "ärger-und-not".to_owned(), "short".to_owned()];
        for (text, waits) in [
            ("it is top", "top"),
            ("it is topsecret-12", "topsecret-12"),
            ("it is topsecret 12", ""),
            ("ends in t", "t"),
            ("mit ä", "ä"),
            ("it is sho", ""),
            ("", ""),
        ] {
            assert_eq!(&text[beginning(text, &known)..], waits, "{text}");
        }
    }
}
