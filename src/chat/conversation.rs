//! The conversation of a session: entries in the order in which they happened, append-only.

use super::{Message, Part, StopReason, ToolResult, Usage};

/// Everything said in a session. Entries are never changed or removed; compaction appends a summary
/// and says again what it keeps.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Conversation {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The turn that it belongs to, from 1.
    pub turn: u32,
    /// RFC 3339, UTC.
    pub at: String,
    pub kind: EntryKind,
}

#[derive(Debug, Clone, PartialEq)]
pub enum EntryKind {
    /// What the model works with from here on.
    Setup(Setup),
    /// The user's words that begin a turn. `base` is the commit that the worktree stood at.
    Prompt { message: Message, base: Option<String> },
    /// The user's words, or a notice, within a turn.
    Steer(Message),
    /// What a model said.
    Answer { message: Message, by: Voice, usage: Usage, stop: Option<StopReason> },
    /// What its tool calls gave.
    Results(Message),
    /// Stands for all that was said before it; the context of a model begins here.
    Summary(Message),
}

/// Who answered: ids as in the settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Voice {
    pub backend: String,
    pub model: String,
}

/// The frame of an answer, kept so that a session can be continued as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setup {
    /// `sha256:` and the hex digest of the system prompt.
    pub digest: String,
    pub voice: Voice,
    pub role: Option<String>,
    pub permissions: String,
    pub tools: Vec<String>,
}

impl Conversation {
    pub fn new(entries: Vec<Entry>) -> Self {
        Self { entries }
    }

    pub fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The number of the last turn begun; 0 before the first.
    pub fn turn(&self) -> u32 {
        self.entries.last().map_or(0, |entry| entry.turn)
    }

    /// The number of the turn that the next prompt begins: a new one, unless the last was not begun by a
    /// prompt, but by a clear of the context.
    pub fn next_turn(&self) -> u32 {
        let last = self.turn();
        let mut of_last = self.entries.iter().rev().take_while(|entry| entry.turn == last);
        if of_last.any(|entry| matches!(entry.kind, EntryKind::Prompt { .. })) {
            last + 1
        } else {
            last.max(1)
        }
    }

    /// The messages that a model is sent: all since the last summary, that one included. Messages of
    /// one role that follow each other are kept apart.
    pub fn context(&self) -> Vec<Message> {
        self.in_context().iter().filter_map(|entry| entry.kind.message().cloned()).collect()
    }

    /// The entries that a model still sees: all since the last summary, that one included.
    pub fn in_context(&self) -> &[Entry] {
        let from =
            self.entries.iter().rposition(|e| matches!(e.kind, EntryKind::Summary(_))).unwrap_or_default();
        &self.entries[from..]
    }

    /// Tokens that filled the context in the last call; 0 when no call tells.
    pub fn last_context(&self) -> u64 {
        let last = self.in_context().iter().rev().find_map(|entry| match &entry.kind {
            EntryKind::Answer { usage, .. } => Some(usage.total()),
            _ => None,
        });
        last.unwrap_or_default()
    }

    /// The frame in force.
    pub fn setup(&self) -> Option<&Setup> {
        self.entries.iter().rev().find_map(|entry| match &entry.kind {
            EntryKind::Setup(setup) => Some(setup),
            _ => None,
        })
    }

    /// What was said before turn `turn`, and the commit that the files stood at when the user began it.
    /// `None` when there is no such turn.
    pub fn before_turn(&self, turn: u32) -> Option<(Self, Option<&str>)> {
        // The frame of the turn, or a clear of the context, may stand before its prompt: it belongs to the turn.
        let begin = self.entries.iter().position(|entry| entry.turn == turn)?;
        let base =
            self.entries[begin..].iter().take_while(|entry| entry.turn == turn).find_map(
                |entry| match &entry.kind {
                    EntryKind::Prompt { base, .. } => Some(base.as_deref()),
                    _ => None,
                },
            );
        Some((Self { entries: self.entries[..begin].to_vec() }, base.flatten()))
    }

    /// The numbers of the turns, oldest first: those that the user began, and one that was begun by a clear
    /// of the context alone.
    pub fn turns(&self) -> Vec<u32> {
        let begins = |kind: &EntryKind| matches!(kind, EntryKind::Prompt { .. });
        let prompts = self.entries.iter().filter(|entry| begins(&entry.kind));
        let mut turns: Vec<u32> = prompts.map(|entry| entry.turn).collect();
        let last = self.turn();
        let mut of_last = self.entries.iter().rev().take_while(|entry| entry.turn == last);
        if turns.last() != Some(&last) && of_last.any(|entry| matches!(entry.kind, EntryKind::Summary(_))) {
            turns.push(last);
        }
        turns
    }

    /// The text of the prompt that began turn `turn`.
    pub fn prompt(&self, turn: u32) -> Option<String> {
        self.entries.iter().rev().find_map(|entry| match &entry.kind {
            EntryKind::Prompt { message, .. } if entry.turn == turn => Some(message.text()),
            _ => None,
        })
    }

    /// The first line of what the user said first.
    pub fn title(&self) -> Option<String> {
        self.title_since(0)
    }

    /// The same of what goes on from another conversation: the first words since turn `turn`, or those of the other
    /// one as long as there are none.
    pub fn title_since(&self, turn: u32) -> Option<String> {
        let title = |entry: &Entry| match &entry.kind {
            EntryKind::Prompt { message, .. } => message.text().lines().next().map(str::to_owned),
            _ => None,
        };
        let mut own = self.entries.iter().filter(|entry| entry.turn >= turn);
        own.find_map(title).or_else(|| self.entries.iter().find_map(title))
    }

    /// Results for the calls that have none, with `text` as their content: every provider wants each
    /// call answered.
    pub fn missing_results(&self, text: &str) -> Option<Message> {
        let last = self.entries.iter().rposition(|e| matches!(e.kind, EntryKind::Answer { .. }))?;
        let answered: Vec<&str> = self.entries[last..]
            .iter()
            .filter_map(|entry| match &entry.kind {
                EntryKind::Results(message) => Some(message),
                _ => None,
            })
            .flat_map(Message::tool_results)
            .map(|result| result.id.as_str())
            .collect();
        let missing: Vec<ToolResult> = self.entries[last]
            .kind
            .message()
            .into_iter()
            .flat_map(Message::tool_calls)
            .filter(|call| !answered.contains(&call.id.as_str()))
            .map(|call| ToolResult::text(call, text, true))
            .collect();
        (!missing.is_empty()).then(|| Message::results(missing))
    }
}

impl EntryKind {
    /// The message within; a frame has none.
    pub fn message(&self) -> Option<&Message> {
        match self {
            Self::Setup(_) => None,
            Self::Prompt { message, .. }
            | Self::Steer(message)
            | Self::Answer { message, .. }
            | Self::Results(message)
            | Self::Summary(message) => Some(message),
        }
    }
}

/// A rough count of tokens: four bytes each, and a flat price for an image. For meters only.
pub fn estimate_tokens(parts: &[Part]) -> u64 {
    parts
        .iter()
        .map(|part| match part {
            Part::Text(text) | Part::Thinking { text, .. } => text.len() as u64 / 4,
            Part::ToolCall(call) => (call.name.len() + call.input.to_string().len()) as u64 / 4,
            Part::ToolResult(result) => estimate_tokens(&result.content),
            Part::Image(_) => 1500,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::chat::{Role, ToolCall};

    fn entry(turn: u32, kind: EntryKind) -> Entry {
        Entry { turn, at: String::new(), kind }
    }

    fn prompt(turn: u32, text: &str, base: &str) -> Entry {
        entry(turn, EntryKind::Prompt { message: Message::user(text), base: Some(base.into()) })
    }

    fn answer(turn: u32, message: Message) -> Entry {
        let kind = EntryKind::Answer { message, by: Voice::default(), usage: Usage::default(), stop: None };
        entry(turn, kind)
    }

    #[test]
    fn the_conversation_before_a_turn_ends_with_the_turn_before() {
        let conversation = Conversation::new(vec![
            entry(1, EntryKind::Setup(Setup::default())),
            prompt(1, "one", "a"),
            answer(1, Message::assistant("1")),
            entry(2, EntryKind::Setup(Setup::default())),
            prompt(2, "two", "b"),
            answer(2, Message::assistant("2")),
        ]);
        let (before, base) = conversation.before_turn(2).unwrap();
        assert_eq!((before.len(), base), (3, Some("b")));
        assert_eq!(conversation.before_turn(1).unwrap().0.len(), 0);
        assert!(conversation.before_turn(3).is_none());
    }

    #[test]
    fn a_clear_of_the_context_begins_the_turn_of_the_prompt_that_follows() {
        let mut conversation = Conversation::new(vec![prompt(1, "one", "a")]);
        assert_eq!((Conversation::default().next_turn(), conversation.next_turn()), (1, 2));
        assert_eq!(conversation.turns(), [1]);
        conversation.push(entry(2, EntryKind::Summary(Message::user("cleared"))));
        assert_eq!((conversation.next_turn(), conversation.turns()), (2, vec![1, 2]));
        assert_eq!(conversation.before_turn(2).unwrap().0.len(), 1);
        conversation.push(entry(2, EntryKind::Setup(Setup::default())));
        conversation.push(prompt(2, "two", "b"));
        conversation.push(entry(2, EntryKind::Summary(Message::user("compacted"))));
        assert_eq!((conversation.next_turn(), conversation.turns()), (3, vec![1, 2]));
        let (before, base) = conversation.before_turn(2).unwrap();
        assert_eq!((before.len(), base), (1, Some("b")));
    }

    #[test]
    fn the_context_begins_at_the_last_summary() {
        let conversation = Conversation::new(vec![
            prompt(1, "one", "a"),
            entry(1, EntryKind::Summary(Message::user("in short"))),
            answer(1, Message::assistant("1")),
        ]);
        let texts: Vec<_> = conversation.context().iter().map(Message::text).collect();
        assert_eq!(texts, ["in short", "1"]);
    }

    #[test]
    fn each_call_without_a_result_gets_one() {
        let call = |id: &str| {
            Part::ToolCall(ToolCall { id: id.into(), name: "ls".into(), input: json!({}), signature: None })
        };
        let said = Message { role: Role::Assistant, parts: vec![call("a"), call("b")] };
        let mut conversation = Conversation::new(vec![answer(1, said.clone())]);
        let first = said.tool_calls().next().unwrap().clone();
        conversation.push(entry(
            1,
            EntryKind::Results(Message::results(vec![ToolResult::text(&first, "ok", false)])),
        ));
        let missing = conversation.missing_results("interrupted").unwrap();
        assert_eq!(missing.tool_results().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["b"]);
        conversation.push(entry(1, EntryKind::Results(missing)));
        assert!(conversation.missing_results("interrupted").is_none());
    }
}
