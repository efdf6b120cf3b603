//! What real agents said, played back to our client. In the recordings `>` marks what a client of another make sent
//! and `<` what the agent said; what comes of it stands beside each.

use std::collections::{HashMap, VecDeque};
use std::fs;

use serde_json::{Value, json};

use super::{Talk, end_words, fixture, setup};
use crate::backends::cli::profile::{Counts, ModelBy};
use crate::backends::cli::{CliEvent, Resume};
use crate::config::PermissionMode;

struct Recording {
    agent: VecDeque<Value>,
    /// The method of each request of the recorded client, by its id.
    methods: HashMap<String, String>,
}

impl Recording {
    fn read(name: &str) -> Self {
        let text = fs::read_to_string(fixture(&format!("{name}.lines"))).unwrap();
        let mut recording = Self { agent: VecDeque::new(), methods: HashMap::new() };
        for line in text.lines() {
            let (side, message) = line.split_once(' ').unwrap();
            let message: Value = serde_json::from_str(message).unwrap();
            if side == "<" {
                recording.agent.push_back(message);
            } else if let Some(method) = message["method"].as_str() {
                recording.methods.insert(message["id"].to_string(), method.to_owned());
            }
        }
        recording
    }

    fn method_of(&self, message: &Value) -> Option<&str> {
        let answers = message.get("method").is_none();
        answers.then(|| self.methods[&message["id"].to_string()].as_str())
    }

    /// Plays the agent until the client has its end. Every question is answered with yes. An answer waits until our
    /// client has asked, which may choose a mode and a model in another order; what it never asks has no answer.
    fn play(mut self, talk: &mut Talk) {
        let mut asked: HashMap<String, Value> = HashMap::new();
        let mut early: Vec<(String, Value)> = Vec::new();
        while !talk.client.is_over() {
            for sent in talk.sent.drain(..).filter(|sent| sent.get("method").is_some()) {
                asked.insert(sent["method"].as_str().unwrap().to_owned(), sent["id"].clone());
            }
            if let Some(at) = early.iter().position(|(method, _)| asked.contains_key(method)) {
                let (method, mut answer) = early.remove(at);
                answer["id"] = asked.remove(&method).unwrap();
                talk.line(&answer.to_string());
                continue;
            }
            let Some(message) = self.agent.pop_front() else { break };
            if let Some(method) = self.method_of(&message) {
                early.push((method.to_owned(), message));
                continue;
            }
            let told = talk.events.len();
            talk.line(&message.to_string());
            let question = talk.events[told..].iter().find_map(|event| match event {
                CliEvent::Permission { id, .. } => Some(id.clone()),
                _ => None,
            });
            match (message["method"].as_str(), question) {
                (_, Some(id)) => talk.answer(&id, true),
                (Some("session/update"), None) => {}
                (_, None) => assert_eq!(talk.sent.last().unwrap()["error"]["code"], -32601, "{message}"),
            }
        }
    }
}

/// The events of a recording, one a line, and its end.
fn check(name: &str, expected: &str, mut talk: Talk, recording: Recording) {
    recording.play(&mut talk);
    let mut told = talk.told().join("\n");
    told.push('\n');
    told.push_str(&end_words(&talk.end()));
    told.push('\n');
    let path = fixture(expected);
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(told, expected, "\n--- {name} told ---\n{told}");
}

#[test]
fn recorded_agents_become_events() {
    for name in ["claude", "cline", "codex", "droid", "gemini", "goose", "gptme", "opencode", "qwen"] {
        let mut setup = setup(PermissionMode::Auto);
        let profile = &mut setup.profile;
        match name {
            "codex" => {
                profile.mode.insert(PermissionMode::Auto, "auto".into());
            }
            "droid" => {
                profile.mode.insert(PermissionMode::Auto, "auto-low".into());
                profile.model = ModelBy::SetModel;
                setup.job.model = Some("custom:fake-0".into());
            }
            "goose" => (profile.usage, profile.edits) = (Counts::LastCall, vec!["write".into()]),
            "opencode" => profile.usage = Counts::LastCall,
            "cline" => {
                profile.edits = vec!["apply_patch".into()];
                setup.job.model = Some("gpt-4o".into());
            }
            _ => {}
        }
        check(name, &format!("{name}.events"), Talk::new(setup), Recording::read(name));
    }
}

/// The recordings of these go on with the same session loaded: here that comes before the prompt.
#[test]
fn the_history_of_a_session_that_goes_on_is_not_told_again() {
    for name in ["goose", "opencode"] {
        let mut recording = Recording::read(name);
        let at = |recording: &Recording, method: &str| {
            recording.agent.iter().position(|message| recording.method_of(message) == Some(method)).unwrap()
        };
        let (opened, answered) = (at(&recording, "session/new"), at(&recording, "session/prompt"));
        let history = recording.agent.split_off(answered + 1);
        let turn = recording.agent.split_off(opened + 1);
        recording.agent.extend(history);
        recording.agent.extend(turn);
        let mut setup = setup(PermissionMode::Auto);
        setup.profile.usage = Counts::LastCall;
        let id = if name == "goose" { "20261120_1" } else { "ses_e079de08fffelTFvB2viofNFqA" };
        setup.job.resume = Some(Resume { id: id.into(), counted: None });
        if name == "goose" {
            setup.profile.edits = vec!["write".into()];
        }
        check(name, &format!("{name}.events"), Talk::new(setup), recording);
    }
}

#[test]
fn read_only_refuses_what_recorded_agents_want_to_change() {
    for name in ["claude", "cline", "gemini", "goose", "opencode"] {
        let recording = Recording::read(name);
        let mut talk = Talk::new(setup(PermissionMode::ReadOnly));
        let (mut refused, mut answers) = (0, VecDeque::new());
        // Only as far as the question: what comes after it was recorded with leave.
        let until =
            recording.agent.iter().position(|message| message["method"] == "session/request_permission");
        for (index, message) in recording.agent.iter().enumerate().take(until.unwrap() + 1) {
            if let Some(method) = recording.method_of(message) {
                let sent = talk.sent.pop().unwrap();
                assert_eq!(sent["method"], method, "{name} {index}");
                answers.push_back(json!({ "id": sent["id"], "result": message["result"] }));
                talk.line(&answers.pop_front().unwrap().to_string());
            } else {
                talk.line(&message.to_string());
            }
        }
        for sent in &talk.sent {
            let option = sent["result"]["outcome"]["optionId"].as_str();
            refused += usize::from(
                option.is_some_and(|option| ["reject", "cancel", "reject_once"].contains(&option)),
            );
        }
        assert_eq!(refused, 1, "{name}: {:?}", talk.sent);
        assert!(talk.told().iter().any(|told| told.starts_with("notice")), "{name}");
    }
}
