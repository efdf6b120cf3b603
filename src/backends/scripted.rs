//! A backend that plays a script: for the demonstration, for tests, and for trying a set-up without
//! a model. It is deterministic and has no state of its own: which reply comes next follows from the
//! conversation that it is sent, so a resumed session goes on where the script was.
//!
//! A script is a TOML file:
//!
//! ```toml
//! # Replies to the first prompt, in order, one for each call of the model.
//! [[turn]]
//! when = "parser"            # optional: only for a prompt that contains this text
//!
//! [[turn.reply]]
//! thinking = "Where is it?"  # optional
//! text = "I look first."     # optional
//! usage = { input = 900, output = 40 }
//!
//! [[turn.reply.call]]        # any number of tool calls
//! tool = "read"
//! input = { path = "src/parser.rs" }
//!
//! [[turn.reply]]
//! text = "Done."
//! stop = "end"               # end, tool_use, max_tokens, refusal
//! error = { class = "overloaded", message = "too many", times = 1 }   # fail so often before answering
//! cut = true                 # the stream breaks off after the text
//! stall = true               # nothing more comes, until the caller gives up
//! ```
//!
//! Turns are used in order, the nth for the nth message of the user's that the model sees: words that
//! offshoot itself puts in (a failed check, a summary) count too. A turn with `when` is used for every
//! such message that contains the text, before those. At its top a script may set `chunk` (characters of
//! each delta, 24 by default) and `delay_ms` (pause between deltas, 0 by default).

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use serde::Deserialize;
use serde_json::Value;

use super::{BackendError, Deltas, Probe, ProbeState};
use crate::chat::{Delta, ErrorClass, Message, Part, Role, StopReason, Usage};
use crate::config::BackendSettings;
use crate::wire::Request;

/// A script, loaded.
#[derive(Debug, Clone)]
pub struct Scripted {
    id: String,
    settings: Arc<BackendSettings>,
    script: Arc<Script>,
    /// How often the reply with an `error` has failed so far, by turn and reply.
    failures: Arc<Vec<Vec<AtomicU32>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    #[serde(default = "default_chunk")]
    chunk: usize,
    #[serde(default)]
    delay_ms: u64,
    #[serde(default, rename = "turn")]
    turns: Vec<Turn>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    when: Option<String>,
    #[serde(default, rename = "reply")]
    replies: Vec<Reply>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reply {
    #[serde(default)]
    thinking: String,
    #[serde(default)]
    text: String,
    #[serde(default, rename = "call")]
    calls: Vec<Call>,
    #[serde(default)]
    usage: Usage,
    stop: Option<StopReason>,
    error: Option<Failure>,
    #[serde(default)]
    cut: bool,
    #[serde(default)]
    stall: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    tool: String,
    #[serde(default)]
    input: Value,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Failure {
    class: ErrorClass,
    #[serde(default)]
    message: String,
    /// 0: always.
    #[serde(default)]
    times: u32,
}

fn default_chunk() -> usize {
    24
}

impl Scripted {
    /// Reads the script that the settings name.
    ///
    /// # Errors
    /// When the file cannot be read or is not a script.
    pub fn new(id: &str, settings: &BackendSettings) -> Result<Self, BackendError> {
        let path = settings.script.as_deref().ok_or_else(|| {
            BackendError::new(ErrorClass::NotFound, format!("backend \"{id}\" has no script"))
                .with_hint(format!("name one: script = \"…\" under [backends.{id}]"))
        })?;
        let text = std::fs::read_to_string(path).map_err(|error| {
            let message = format!("backend \"{id}\": cannot read script {}: {error}", path.display());
            BackendError::new(ErrorClass::NotFound, message)
        })?;
        Self::parse(id, settings, &text).map_err(|mut error| {
            error.message = format!("{}: {}", path.display(), error.message);
            error
        })
    }

    fn parse(id: &str, settings: &BackendSettings, text: &str) -> Result<Self, BackendError> {
        let script: Script = toml::from_str(text)
            .map_err(|error| BackendError::new(ErrorClass::BadResponse, format!("not a script: {error}")))?;
        let failures =
            script.turns.iter().map(|turn| turn.replies.iter().map(|_| AtomicU32::new(0)).collect());
        Ok(Self {
            id: id.to_owned(),
            settings: Arc::new(settings.clone()),
            failures: Arc::new(failures.collect()),
            script: Arc::new(script),
        })
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn settings(&self) -> &BackendSettings {
        &self.settings
    }

    /// A script that was read is up.
    pub(super) fn probe(&self) -> Probe {
        let turns = self.script.turns.len();
        Probe {
            state: ProbeState::Up,
            latency_ms: Some(0),
            version: None,
            message: Some(format!("a script of {turns} turn{}", if turns == 1 { "" } else { "s" })),
        }
    }

    /// The deltas of the reply that comes next in the conversation of `request`.
    ///
    /// # Errors
    /// When the script says so, or has no reply left.
    pub fn stream(&self, request: &Request) -> Result<Deltas, BackendError> {
        let place = Place::of(&request.messages);
        let (turn, reply) = self.find(&place).ok_or_else(|| {
            BackendError::new(
                // Trying again would not help.
                ErrorClass::NotFound,
                format!("the script has no reply {} to prompt {}", place.reply + 1, place.turn + 1),
            )
            .with_hint("add a [[turn.reply]] to the script, or pick another backend")
        })?;
        if let Some(failure) = &self.script.turns[turn].replies[reply].error {
            let failed = self.failures[turn][reply].fetch_add(1, Ordering::Relaxed);
            if failure.times == 0 || failed < failure.times {
                return Err(BackendError::new(failure.class, failure.message.clone()));
            }
        }
        let reply = self.script.turns[turn].replies[reply].clone();
        let delay = Duration::from_millis(self.script.delay_ms);
        let id = format!("t{}r{}", place.turn + 1, place.reply + 1);
        let pieces = stream::iter(reply.deltas(self.script.chunk, &id)).then(move |delta| async move {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            delta
        });
        Ok(if reply.stall { pieces.chain(stream::pending()).boxed() } else { pieces.boxed() })
    }

    fn find(&self, place: &Place) -> Option<(usize, usize)> {
        let turns = &self.script.turns;
        let matching = turns
            .iter()
            .position(|turn| turn.when.as_deref().is_some_and(|when| place.prompt.contains(when)))
            .or_else(|| {
                let unconditional = turns.iter().enumerate().filter(|(_, turn)| turn.when.is_none());
                unconditional.map(|(at, _)| at).nth(place.turn)
            })?;
        (place.reply < turns[matching].replies.len()).then_some((matching, place.reply))
    }
}

impl Reply {
    fn deltas(&self, chunk: usize, id: &str) -> Vec<Result<Delta, BackendError>> {
        let mut deltas: Vec<Delta> = Vec::new();
        deltas.extend(pieces(&self.thinking, chunk).map(Delta::Thinking));
        deltas.extend(pieces(&self.text, chunk).map(Delta::Text));
        if self.cut {
            let error = BackendError::new(ErrorClass::BadResponse, "the stream broke off");
            return deltas.into_iter().map(Ok).chain([Err(error)]).collect();
        }
        for (index, call) in self.calls.iter().enumerate() {
            let (id, name) = (format!("{id}c{}", index + 1), call.tool.clone());
            deltas.push(Delta::ToolCall { index, id, name, signature: None });
            let json = if call.input.is_null() { "{}".to_owned() } else { call.input.to_string() };
            deltas.push(Delta::ToolInput { index, json });
        }
        deltas.push(Delta::Usage(self.usage));
        if !self.stall {
            let told = if self.calls.is_empty() { StopReason::End } else { StopReason::ToolUse };
            deltas.push(Delta::Stop(self.stop.unwrap_or(told)));
        }
        deltas.into_iter().map(Ok).collect()
    }
}

fn pieces(text: &str, chunk: usize) -> impl Iterator<Item = String> {
    let characters: Vec<char> = text.chars().collect();
    let pieces: Vec<String> = characters.chunks(chunk.max(1)).map(|piece| piece.iter().collect()).collect();
    pieces.into_iter()
}

/// Where a conversation stands: how many prompts came before, and how many replies since the last.
struct Place {
    turn: usize,
    reply: usize,
    prompt: String,
}

impl Place {
    fn of(messages: &[Message]) -> Self {
        let is_prompt = |message: &&Message| {
            message.role == Role::User && message.parts.iter().any(|part| matches!(part, Part::Text(_)))
        };
        let last = messages.iter().rposition(|message| is_prompt(&message)).unwrap_or(0);
        Self {
            turn: messages.iter().filter(is_prompt).count().saturating_sub(1),
            reply: messages[last..].iter().filter(|message| message.role == Role::Assistant).count(),
            prompt: messages.get(last).map(Message::text).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;

    use super::*;
    use crate::chat::Assembler;

    const SCRIPT: &str = r#"
        chunk = 3
        [[turn]]
        [[turn.reply]]
        text = "I look."
        usage = { input = 10, output = 2 }
        [[turn.reply.call]]
        tool = "read"
        input = { path = "a" }
        [[turn.reply]]
        text = "Done."
        error = { class = "overloaded", message = "busy", times = 1 }
        [[turn]]
        when = "again"
        [[turn.reply]]
        text = "Half"
        cut = true
    "#;

    fn script(text: &str) -> Result<Scripted, BackendError> {
        let settings: BackendSettings = toml::from_str("kind = \"scripted\"").unwrap();
        Scripted::parse("script", &settings, text)
    }

    async fn play(script: &Scripted, messages: Vec<Message>) -> Result<Message, BackendError> {
        let mut stream = script.stream(&Request { messages, ..Request::default() })?;
        let mut assembler = Assembler::default();
        while let Some(delta) = stream.next().await {
            assembler.push(delta?);
        }
        Ok(assembler.finish())
    }

    #[tokio::test]
    async fn the_conversation_tells_which_reply_comes_next() {
        let script = script(SCRIPT).unwrap();
        let first = play(&script, vec![Message::user("go")]).await.unwrap();
        assert_eq!(first.text(), "I look.");
        assert_eq!(first.tool_calls().next().unwrap().name, "read");
        let then = vec![Message::user("go"), first];
        assert_eq!(play(&script, then.clone()).await.unwrap_err().class, ErrorClass::Overloaded);
        assert_eq!(play(&script, then).await.unwrap().text(), "Done.");
    }

    #[tokio::test]
    async fn a_turn_with_a_condition_answers_the_prompts_that_meet_it() {
        let script = script(SCRIPT).unwrap();
        let error = play(&script, vec![Message::user("once again")]).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::BadResponse, "{}", error.message);
    }

    #[tokio::test]
    async fn a_script_that_has_ended_says_so() {
        let script = script(SCRIPT).unwrap();
        let messages = vec![Message::user("a"), Message::assistant("b"), Message::user("c")];
        let error = play(&script, messages).await.unwrap_err();
        assert!(error.message.contains("no reply 1 to prompt 2"), "{}", error.message);
    }

    #[test]
    fn a_misspelt_field_is_named() {
        let error = script("[[turn]]\n[[turn.reply]]\ntxet = \"\"").unwrap_err();
        assert!(error.message.contains("txet"), "{}", error.message);
    }
}
