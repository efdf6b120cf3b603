//! The client against agents: recorded ones, and ones that misbehave.

#![allow(clippy::needless_pass_by_value, reason = "JSON in place reads better")]

mod conduct;
mod recorded;

use std::path::PathBuf;

use serde_json::{Value, json};

use super::Setup;
use super::client::{Client, Out};
use crate::backends::cli::decode::Decoded;
use crate::backends::cli::profile::Acp;
use crate::backends::cli::{CliEvent, CliJob};
use crate::chat::Usage;
use crate::config::PermissionMode;

fn setup(permissions: PermissionMode) -> Setup {
    Setup {
        backend: "agent".into(),
        login: None,
        profile: Acp::default(),
        job: CliJob {
            prompt: "create hello.txt containing hi".into(),
            dir: "/tree".into(),
            git: None,
            temporary: "/tmp".into(),
            model: None,
            effort: None,
            permissions,
            resume: None,
            session: "00000000-0000-4000-8000-000000000000".into(),
        },
    }
}

/// A client, what it told, and what it sent and nobody has read yet.
struct Talk {
    client: Client,
    events: Vec<CliEvent>,
    sent: Vec<Value>,
}

impl Talk {
    fn new(setup: Setup) -> Self {
        let mut out = Out::default();
        let client = Client::start(setup, &mut out);
        let mut talk = Self { client, events: Vec::new(), sent: Vec::new() };
        talk.take(out);
        talk
    }

    /// With a session, and its prompt sent.
    fn prompted(setup: Setup) -> Self {
        let mut talk = Self::new(setup);
        talk.reply(json!({ "protocolVersion": 1 }));
        talk.reply(json!({ "sessionId": "s" }));
        assert_eq!(talk.method(), "session/prompt");
        talk
    }

    fn line(&mut self, line: &str) {
        let mut out = Out::default();
        self.client.line(line, &mut out);
        self.take(out);
    }

    /// The agent answers the last request.
    #[allow(clippy::needless_pass_by_value, reason = "tests read better with what `json!` makes")]
    fn reply(&mut self, result: Value) {
        let id = self.sent.pop().unwrap()["id"].clone();
        self.line(&json!({ "id": id, "result": result }).to_string());
    }

    fn fail(&mut self, code: i64, message: &str) {
        let id = self.sent.pop().unwrap()["id"].clone();
        self.line(&json!({ "id": id, "error": { "code": code, "message": message } }).to_string());
    }

    #[allow(clippy::needless_pass_by_value, reason = "tests read better with what `json!` makes")]
    fn update(&mut self, update: Value) {
        let params = json!({ "sessionId": "s", "update": update });
        self.line(&json!({ "method": "session/update", "params": params }).to_string());
    }

    fn say(&mut self, text: &str) {
        self.update(
            json!({ "sessionUpdate": "agent_message_chunk", "content": { "type": "text", "text": text } }),
        );
    }

    fn answer(&mut self, id: &str, allow: bool) {
        let mut out = Out::default();
        self.client.answer(id, allow, &mut out);
        self.take(out);
    }

    fn cancel(&mut self) {
        let mut out = Out::default();
        self.client.cancel(&mut out);
        self.take(out);
    }

    /// The method of the last message that was sent.
    fn method(&self) -> &str {
        self.sent.last().and_then(|sent| sent["method"].as_str()).unwrap_or_default()
    }

    fn told(&mut self) -> Vec<String> {
        self.events.drain(..).map(|event| words(&event)).collect()
    }

    fn end(&self) -> Decoded {
        assert!(self.client.is_over());
        self.client.end()
    }

    fn take(&mut self, out: Out) {
        self.events.extend(out.events);
        self.sent.extend(out.lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap()));
    }
}

/// An event on one line.
fn words(event: &CliEvent) -> String {
    match event {
        CliEvent::Session(id) => format!("session {id}"),
        CliEvent::Model(model) => format!("model {model}"),
        CliEvent::Text(text) => format!("text {text:?}"),
        CliEvent::Thinking(text) => format!("thinking {text:?}"),
        CliEvent::Break => "break".into(),
        CliEvent::ToolCall { call, kind } => {
            format!("call {} {} {kind:?} {}", call.id, call.name, call.input)
        }
        CliEvent::ToolOutput { id, text } => format!("output {id} {text:?}"),
        CliEvent::ToolResult { id, is_error, content } => {
            format!("{} {id} {content:?}", if *is_error { "failed" } else { "done" })
        }
        CliEvent::Permission { id, call, kind } => {
            format!("permission {id} for {} {} {kind:?} {}", call.id, call.name, call.input)
        }
        CliEvent::Usage(usage) => format!("usage {}", usage_words(usage)),
        CliEvent::Retry { attempt, class, message } => format!("retry {attempt} {class} {message:?}"),
        CliEvent::Notice(notice) => format!("notice {notice:?}"),
        CliEvent::Ended(_) => "ended".into(),
    }
}

fn usage_words(usage: &Usage) -> String {
    let Usage { input, output, cache_read, cache_write, reasoning } = usage;
    format!(
        "input={input} output={output} cache_read={cache_read} cache_write={cache_write} reasoning={reasoning}"
    )
}

fn end_words(end: &Decoded) -> String {
    let outcome = match &end.outcome {
        Ok(stop) => format!("{stop:?}"),
        Err(error) => format!("{} {:?} hint {:?}", error.class, error.message, error.hint),
    };
    let usage = end.usage.as_ref().map_or("none".into(), usage_words);
    format!("end {outcome}; usage {usage}; cost {:?}", end.cost_usd)
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/acp").join(name)
}
