//! What fills the context of a model: how much by the provider's own count, where it tells, and by a rough
//! estimate for each kind of thing in it. For a meter; nothing is decided by it.

use super::Agent;
use super::services::Situation;
use super::turn::{Attempt, Order};
use crate::chat::{Conversation, EntryKind, Part, ToolSpec, estimate_tokens};
use crate::config::ToolCallStyle;

/// What fills a context.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContextUse {
    /// Tokens in it now: as the provider counted them, where it did, else estimated.
    pub used: u64,
    /// Tokens that fit in it; `None` when nobody told.
    pub window: Option<u64>,
    /// Estimated tokens of each kind that there is, in the order of [`ContextPart::ALL`].
    pub parts: Vec<(ContextPart, u64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ContextPart {
    /// The system prompt, the project's instructions in it.
    System,
    /// What the model is told of its tools.
    Tools,
    /// What the user said, and what is said on their behalf.
    User,
    Assistant,
    Thinking,
    ToolCalls,
    ToolResults,
    /// What stands for everything before it.
    Summary,
}

impl ContextPart {
    pub const ALL: [Self; 8] = [
        Self::System,
        Self::Tools,
        Self::User,
        Self::Assistant,
        Self::Thinking,
        Self::ToolCalls,
        Self::ToolResults,
        Self::Summary,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system prompt",
            Self::Tools => "tools",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Thinking => "thinking",
            Self::ToolCalls => "tool calls",
            Self::ToolResults => "tool results",
            Self::Summary => "summary",
        }
    }
}

impl ContextUse {
    /// Of a conversation under a system prompt and with tools.
    pub fn of(system: &str, tools: &[ToolSpec], conversation: &Conversation, window: Option<u64>) -> Self {
        let mut tokens = [0_u64; ContextPart::ALL.len()];
        let mut add = |part: ContextPart, count: u64| tokens[part as usize] += count;
        add(ContextPart::System, system.len() as u64 / 4);
        add(ContextPart::Tools, tools.iter().map(tool_tokens).sum());
        let entries = conversation.in_context();
        for entry in entries {
            let whole = |entry: &EntryKind| entry.message().map_or(0, |m| estimate_tokens(&m.parts));
            match &entry.kind {
                EntryKind::Setup(_) => {}
                kind @ (EntryKind::Prompt { .. } | EntryKind::Steer(_)) => {
                    add(ContextPart::User, whole(kind));
                }
                kind @ EntryKind::Summary(_) => add(ContextPart::Summary, whole(kind)),
                kind @ EntryKind::Results(_) => add(ContextPart::ToolResults, whole(kind)),
                EntryKind::Answer { message, .. } => {
                    for part in &message.parts {
                        add(part_of_answer(part), estimate_tokens(std::slice::from_ref(part)));
                    }
                }
            }
        }
        let estimated = tokens.iter().sum();
        let parts = ContextPart::ALL.into_iter().zip(tokens).filter(|(_, tokens)| *tokens > 0).collect();
        Self { used: told(conversation).unwrap_or(estimated), window, parts }
    }
}

/// The provider's count at its last answer, and an estimate of what was said since. An answer that broke
/// off was not counted.
fn told(conversation: &Conversation) -> Option<u64> {
    let entries = conversation.in_context();
    let (at, counted) = entries.iter().enumerate().rev().find_map(|(at, entry)| match &entry.kind {
        EntryKind::Answer { usage, .. } if !usage.is_zero() => Some((at, usage.total())),
        _ => None,
    })?;
    let since = entries[at + 1..].iter().filter_map(|entry| entry.kind.message());
    Some(counted + since.map(|message| estimate_tokens(&message.parts)).sum::<u64>())
}

fn part_of_answer(part: &Part) -> ContextPart {
    match part {
        Part::Thinking { .. } => ContextPart::Thinking,
        Part::ToolCall(_) => ContextPart::ToolCalls,
        Part::ToolResult(_) => ContextPart::ToolResults,
        Part::Text(_) | Part::Image(_) => ContextPart::Assistant,
    }
}

fn tool_tokens(tool: &ToolSpec) -> u64 {
    (tool.name.len() + tool.description.len() + tool.parameters.to_string().len()) as u64 / 4
}

impl Agent {
    /// What fills the context that the next call would have; nothing before anything was said.
    pub fn context_use(&self) -> Option<ContextUse> {
        let conversation = &self.session.conversation;
        if conversation.is_empty() {
            return None;
        }
        let mut order = Order::default();
        self.fill_in_choice(&mut order);
        // Without anybody to ask there is no prompt to measure, and still a conversation.
        let Ok((decision, backend)) = self.services.decide(&order, &Situation::default()) else {
            return Some(ContextUse::of("", &[], conversation, None));
        };
        let mut attempt = self.attempt(&order, 1, decision, backend);
        attempt.system = self.system_prompt(&attempt);
        Some(self.measure(&attempt))
    }

    pub(super) fn measure(&self, attempt: &Attempt) -> ContextUse {
        let is_text = attempt.backend.settings().tool_calls == ToolCallStyle::Text;
        // In the text protocol the system prompt tells of the tools.
        let tools = if is_text { Vec::new() } else { self.tool_specs(attempt) };
        let window = self.context_window(attempt);
        ContextUse::of(&attempt.system, &tools, &self.session.conversation, window)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::chat::{Entry, Message, Role, ToolCall, ToolResult, Usage, Voice};

    fn entry(kind: EntryKind) -> Entry {
        Entry { turn: 1, at: String::new(), kind }
    }

    fn prompt(text: &str) -> Entry {
        entry(EntryKind::Prompt { message: Message::user(text), base: None })
    }

    fn answer(parts: Vec<Part>, usage: Usage) -> Entry {
        let message = Message { role: Role::Assistant, parts };
        entry(EntryKind::Answer { message, by: Voice::default(), usage, stop: None })
    }

    #[test]
    fn each_kind_is_estimated_and_the_sum_stands_in_for_a_count() {
        let call = ToolCall { id: "1".into(), name: "read".into(), input: json!({}), signature: None };
        let result = ToolResult::text(&call, "r".repeat(80), false);
        let conversation = Conversation::new(vec![
            prompt(&"p".repeat(40)),
            answer(
                vec![
                    Part::Thinking { text: "t".repeat(16), signature: None },
                    Part::Text("a".repeat(24)),
                    Part::ToolCall(call),
                ],
                Usage::default(),
            ),
            entry(EntryKind::Results(Message::results(vec![result]))),
            entry(EntryKind::Steer(Message::user("s".repeat(8)))),
        ]);
        let tool = ToolSpec { name: "read".into(), description: "d".repeat(32), parameters: json!({}) };
        let found = ContextUse::of(&"s".repeat(400), &[tool], &conversation, Some(1000));
        let wanted = vec![
            (ContextPart::System, 100),
            (ContextPart::Tools, 9),
            (ContextPart::User, 12),
            (ContextPart::Assistant, 6),
            (ContextPart::Thinking, 4),
            (ContextPart::ToolCalls, 1),
            (ContextPart::ToolResults, 20),
        ];
        assert_eq!(found, ContextUse { used: 152, window: Some(1000), parts: wanted });
    }

    #[test]
    fn a_providers_count_is_taken_with_what_was_said_since() {
        let usage = Usage { input: 900, output: 100, ..Usage::default() };
        let mut conversation = Conversation::new(vec![prompt("p"), answer(vec![], usage)]);
        conversation.push(answer(vec![Part::Text("broke off".repeat(4))], Usage::default()));
        conversation.push(prompt(&"p".repeat(40)));
        assert_eq!(ContextUse::of("", &[], &conversation, None).used, 1019);
    }

    #[test]
    fn what_a_summary_stands_for_counts_no_more() {
        let usage = Usage { input: 900, ..Usage::default() };
        let conversation = Conversation::new(vec![
            prompt("long ago"),
            answer(vec![Part::Text("long".repeat(100))], usage),
            entry(EntryKind::Summary(Message::user("s".repeat(40)))),
        ]);
        let found = ContextUse::of("", &[], &conversation, None);
        assert_eq!((found.used, found.parts), (10, vec![(ContextPart::Summary, 10)]));
    }
}
