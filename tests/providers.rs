//! Every kind of HTTP backend through the program: what a model's server says, well or badly, ends up
//! in events, commits, the ledger and the next request as it should, and no key ends up anywhere.
#![cfg(unix)]

mod support;

use std::fs;
use std::path::Path;

use offshoot::chat::WireFormat;
use serde_json::{Value, json};

use support::machine::{Finished, Machine, Offshoot};
use support::model_server::{ModelServer, Piece, Reply, Stop};

/// It looks like no provider's key, so that only knowing it helps to strike it out.
const KEY: &str = "kreuzotter-7741-borretsch";

const KINDS: [(&str, WireFormat); 5] = [
    ("openai-chat", WireFormat::OpenaiChat),
    ("openai-responses", WireFormat::OpenaiResponses),
    ("anthropic", WireFormat::Anthropic),
    ("gemini", WireFormat::Gemini),
    ("deepseek", WireFormat::OpenaiChat),
];

/// A machine whose only backend is a server of one kind, with a key.
struct Lab {
    kind: &'static str,
    machine: Machine,
    server: ModelServer,
}

impl Lab {
    fn new(kind: &'static str, format: WireFormat, script: Vec<Reply>) -> Self {
        let machine = Machine::new();
        let server = ModelServer::start_blocking(format, script);
        let lab = Self { kind, machine, server };
        lab.settings("max_retries = 0");
        lab
    }

    /// More settings of the backend.
    fn settings(&self, more: &str) {
        let (kind, url) = (self.kind, self.server.url());
        self.machine.settings(&format!(
            "[backends.x]\nkind = \"{kind}\"\nbase_url = \"{url}\"\nmodel = \"test-model\"\n\
             api_key_env = \"ACCESS\"\n{more}\n"
        ));
    }

    fn offshoot(&self, args: &[&str]) -> Offshoot {
        self.machine.offshoot(args).env("ACCESS", KEY)
    }

    fn run(&self, args: &[&str]) -> Finished {
        self.offshoot(&[&["run", "--backend", "x", "--json"], args].concat()).finish()
    }

    fn run_well(&self) -> Finished {
        let done = self.run(&["do it"]);
        assert_eq!(done.code, Some(0), "{}: {}{}", self.kind, done.stdout, done.stderr);
        done
    }

    /// A run that fails with a class: told once, with `end` last, in the ledger, and with nothing lost.
    fn run_badly(&self, class: &str) -> Finished {
        let done = self.run(&["do it"]);
        failed(&done, class, self.kind);
        let line = self.machine.ledger().pop().unwrap();
        assert_eq!(
            (&line["outcome"], &line["error_class"]),
            (&json!("error"), &json!(class)),
            "{}",
            self.kind
        );
        done
    }
}

/// The marks of a run that failed.
fn failed(done: &Finished, class: &str, what: &str) {
    assert_eq!(done.code, Some(1), "{what}: {}{}", done.stdout, done.stderr);
    let error = done.one("error");
    assert_eq!(error["error_class"], class, "{what}: {error}");
    let end = done.one("end");
    assert_eq!(end["outcome"], "error", "{what}");
    assert_eq!(done.events().last().unwrap()["type"], "end", "{what}");
    assert!(!done.stderr.contains("panicked"), "{what}: {}", done.stderr);
}

/// The same for each kind, all at once.
fn each(test: impl Fn(&'static str, WireFormat) + Sync) {
    std::thread::scope(|scope| {
        for (kind, format) in KINDS {
            let test = &test;
            scope.spawn(move || test(kind, format));
        }
    });
}

fn text(text: &str) -> Piece {
    Piece::Text(text.into())
}

fn write(path: &str, content: &str) -> Piece {
    Piece::Call("write".into(), json!({ "path": path, "content": content }))
}

#[test]
fn a_turn_with_thinking_and_two_calls_of_one_name() {
    each(|kind, format| {
        let lab = Lab::new(
            kind,
            format,
            vec![
                Reply::say(vec![
                    Piece::Thinking("Two files are needed.".into()),
                    text("I write both."),
                    write("a.txt", "one\n"),
                    write("b.txt", "two\n"),
                ]),
                Reply::text("All done.").usage(1500, 900, 20, 5),
            ],
        );
        let done = lab.run_well();
        let said: String = done.all("text").iter().map(|e| e["text"].as_str().unwrap().to_owned()).collect();
        assert_eq!(said, "I write both.All done.", "{kind}");
        let thought: String =
            done.all("thinking").iter().map(|e| e["text"].as_str().unwrap().to_owned()).collect();
        assert_eq!(thought, "Two files are needed.", "{kind}");
        assert_eq!(done.one("end")["text"], "All done.", "{kind}");

        let calls = done.all("tool_call");
        assert_eq!(calls.len(), 2, "{kind}");
        assert_ne!(calls[0]["id"], calls[1]["id"], "{kind}");
        for (call, path) in calls.iter().zip(["a.txt", "b.txt"]) {
            assert_eq!((&call["name"], &call["input"]["path"]), (&json!("write"), &json!(path)), "{kind}");
        }
        let results = done.all("tool_result");
        assert_eq!(results.iter().map(|r| &r["id"]).collect::<Vec<_>>(), [&calls[0]["id"], &calls[1]["id"]]);
        assert!(results.iter().all(|result| result["is_error"] == false), "{kind}");

        let [commit] = &done.commits()[..] else { panic!("{kind}: {}", done.stdout) };
        assert_eq!(lab.machine.file_at(commit, "a.txt"), "one", "{kind}");
        assert_eq!(lab.machine.file_at(commit, "b.txt"), "two", "{kind}");

        // Anthropic does not count reasoning apart.
        let reasoning = |n: u64| if kind == "anthropic" { 0 } else { n };
        let usage = done.all("usage");
        for (event, (input, read, output, thought)) in
            usage.iter().zip([(1000, 200, 56, reasoning(7)), (600, 900, 20, reasoning(5))])
        {
            assert_eq!(event["input"], input, "{kind}: {event}");
            assert_eq!(event["cache_read"], read, "{kind}: {event}");
            assert_eq!(event["cache_write"], 0, "{kind}: {event}");
            assert_eq!(event["output"], output, "{kind}: {event}");
            assert_eq!(event["reasoning"], thought, "{kind}: {event}");
        }
        assert_eq!(usage.len(), 2, "{kind}");
        let trailer = lab.machine.trailer(commit, "Offshoot-Usage");
        assert!(trailer.starts_with("input=1000 output=56 cache_read=200"), "{kind}: {trailer}");
        let [line] = &lab.machine.ledger()[..] else { panic!("{kind}: one line of the ledger") };
        assert_eq!(line["usage"]["input"], 1600, "{kind}: {line}");
        assert_eq!(line["usage"]["cache_read"], 1100, "{kind}: {line}");
        assert_eq!(line["usage"]["output"], 76, "{kind}: {line}");
        assert_eq!((&line["outcome"], &line["backend"]), (&json!("ok"), &json!("x")), "{kind}");
        assert_eq!(line["cost_usd"], Value::Null, "{kind}: no price is known");

        carried_back(kind, &lab.server.requests()[1].body);
    });
}

/// The second request tells the model what it thought, with its signature, and both results.
fn carried_back(kind: &str, body: &Value) {
    let whole = body.to_string();
    match kind {
        "openai-chat" | "deepseek" => {
            let messages = body["messages"].as_array().unwrap();
            let answer = messages.iter().find(|m| m["role"] == "assistant").unwrap();
            let ids: Vec<&Value> =
                answer["tool_calls"].as_array().unwrap().iter().map(|call| &call["id"]).collect();
            let results: Vec<&Value> =
                messages.iter().filter(|m| m["role"] == "tool").map(|m| &m["tool_call_id"]).collect();
            assert_eq!((ids.len(), &ids), (2, &results), "{kind}: {whole}");
            if kind == "deepseek" {
                assert_eq!(answer["reasoning_content"], "Two files are needed.", "{kind}");
            }
        }
        "openai-responses" => {
            let input = body["input"].as_array().unwrap();
            let of = |kind: &str| input.iter().filter(|item| item["type"] == kind).collect::<Vec<_>>();
            assert_eq!(of("reasoning")[0]["encrypted_content"], "enc-1-0", "{whole}");
            let ids: Vec<_> = of("function_call").iter().map(|item| &item["call_id"]).collect();
            let results: Vec<_> = of("function_call_output").iter().map(|item| &item["call_id"]).collect();
            assert_eq!((ids.len(), &ids), (2, &results), "{whole}");
        }
        "anthropic" => {
            let messages = body["messages"].as_array().unwrap();
            let answer = messages.iter().find(|m| m["role"] == "assistant").unwrap();
            let thinking = &answer["content"][0];
            assert_eq!((&thinking["type"], &thinking["signature"]), (&json!("thinking"), &json!("sig-1-0")));
            let last = messages.last().unwrap()["content"].as_array().unwrap();
            assert_eq!(last.iter().filter(|part| part["type"] == "tool_result").count(), 2, "{whole}");
        }
        "gemini" => {
            let contents = body["contents"].as_array().unwrap();
            let parts: Vec<&Value> =
                contents.iter().flat_map(|content| content["parts"].as_array().unwrap()).collect();
            let calls: Vec<_> = parts.iter().filter(|part| part.get("functionCall").is_some()).collect();
            assert_eq!(calls.len(), 2, "{whole}");
            assert_eq!(calls[0]["thoughtSignature"], "sig-1-2", "{whole}");
            assert_eq!(calls[1]["thoughtSignature"], "sig-1-3", "{whole}");
            assert_eq!(parts.iter().filter(|part| part.get("functionResponse").is_some()).count(), 2);
        }
        _ => unreachable!("{kind}"),
    }
}

#[test]
fn an_answer_cut_off_at_its_limit_is_a_failure() {
    each(|kind, format| {
        let lab = Lab::new(kind, format, vec![Reply::text("It is long").stop(Stop::MaxTokens)]);
        let done = lab.run_badly("truncated");
        assert!(done.one("error")["hint"].as_str().unwrap().contains("max_output_tokens"), "{kind}");
    });
}

#[test]
fn a_refusal_is_a_failure() {
    each(|kind, format| {
        let lab = Lab::new(kind, format, vec![Reply::text("No.").stop(Stop::Refusal)]);
        lab.run_badly("refused");
    });
}

/// An error of the server's in the middle of an answer.
fn broken_stream(kind: &str) -> &'static str {
    match kind {
        "openai-chat" | "deepseek" => concat!(
            "data: {\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",",
            "\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Half\"},",
            "\"finish_reason\":null}]}\n\n",
            "data: {\"error\":{\"message\":\"The server is overloaded.\",\"type\":\"server_error\",\"code\":503}}\n\n",
        ),
        "openai-responses" => concat!(
            "event: response.output_text.delta\n",
            "data: {\"type\":\"response.output_text.delta\",\"item_id\":\"m\",\"output_index\":0,",
            "\"content_index\":0,\"delta\":\"Half\"}\n\n",
            "event: response.failed\n",
            "data: {\"type\":\"response.failed\",\"response\":{\"id\":\"r\",\"status\":\"failed\",\"output\":[],",
            "\"error\":{\"code\":\"server_error\",\"message\":\"The server is overloaded.\"}}}\n\n",
        ),
        "anthropic" => concat!(
            "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"type\":\"message\",",
            "\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"stop_reason\":null,",
            "\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n",
            "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,",
            "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,",
            "\"delta\":{\"type\":\"text_delta\",\"text\":\"Half\"}}\n\n",
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",",
            "\"message\":\"Overloaded\"}}\n\n",
        ),
        _ => concat!(
            "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"Half\"}]},\"index\":0}]}\r\n\r\n",
            "data: {\"error\":{\"code\":503,\"message\":\"The model is overloaded.\",\"status\":\"UNAVAILABLE\"}}\r\n\r\n",
        ),
    }
}

#[test]
fn an_error_in_mid_stream_is_retried_and_then_told() {
    each(|kind, format| {
        let lab = Lab::new(kind, format, vec![Reply::events(broken_stream(kind))]);
        lab.run_badly("overloaded");

        // What had come of the first answer is not taken for a part of the second.
        let lab = Lab::new(kind, format, vec![Reply::events(broken_stream(kind)), Reply::text("Whole.")]);
        lab.settings("max_retries = 1");
        let done = lab.run_well();
        assert_eq!(done.one("end")["text"], "Whole.", "{kind}");
        assert_eq!(lab.machine.ledger().len(), 1, "{kind}");
        let branch = done.branch();
        assert!(!lab.machine.git(&["log", "--format=%B", "--all"]).contains("Half"), "{kind} {branch}");
    });
}

#[test]
fn too_many_requests_are_sent_again_when_the_server_says() {
    each(|kind, format| {
        let limited = Reply::status(429, "slow down").header("retry-after", "0");
        let lab = Lab::new(kind, format, vec![limited.clone(), limited, Reply::text("Now.")]);
        lab.settings("max_retries = 2");
        let done = lab.run_well();
        assert_eq!(done.one("end")["text"], "Now.", "{kind}");
        assert!(done.all("error").is_empty(), "{kind}");
        assert_eq!(lab.server.requests().len(), 3, "{kind}");

        // A server that wants to be left alone for an hour is given up at once.
        let limited = Reply::status(429, "slow down").header("retry-after", "3600");
        let lab = Lab::new(kind, format, vec![limited]);
        lab.settings("max_retries = 4");
        lab.run_badly("rate_limit");
    });
}

#[test]
fn a_connection_that_breaks_is_made_again() {
    each(|kind, format| {
        let lab = Lab::new(kind, format, vec![Reply::hang_up(), Reply::text("Back.")]);
        lab.settings("max_retries = 1");
        assert_eq!(lab.run_well().one("end")["text"], "Back.", "{kind}");

        let lab = Lab::new(kind, format, vec![Reply::hang_up()]);
        lab.run_badly("unreachable");

        let lab =
            Lab::new(kind, format, vec![Reply::text("a rather long answer of several words").cut_at(300)]);
        lab.run_badly("bad_response");
    });
}

#[test]
fn a_stream_that_ends_without_a_word_of_its_end_is_no_answer() {
    each(|kind, format| {
        let whole = broken_stream(kind);
        let half = &whole[..whole
            .find("data: {\"error\"")
            .or(whole.find("event: response.failed"))
            .or(whole.find("event: error"))
            .unwrap()];
        let lab = Lab::new(kind, format, vec![Reply::events(half)]);
        lab.run_badly("bad_response");
        let lab = Lab::new(kind, format, vec![Reply::empty()]);
        lab.run_badly("bad_response");
    });
}

/// An answer of a server that does not stream.
fn whole_answer(kind: &str) -> Value {
    match kind {
        "openai-chat" | "deepseek" => json!({"id": "c", "object": "chat.completion", "created": 1,
            "model": "m", "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
                "role": "assistant", "content": "Here.", "tool_calls": [{"id": "call_1", "type": "function",
                "function": {"name": "write", "arguments": "{\"path\":\"n.txt\",\"content\":\"n\\n\"}"}}]}}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}}),
        "openai-responses" => json!({"id": "r", "object": "response", "created_at": 1, "model": "m",
            "status": "completed", "output": [
                {"type": "message", "id": "m", "role": "assistant", "status": "completed",
                 "content": [{"type": "output_text", "text": "Here.", "annotations": []}]},
                {"type": "function_call", "id": "f", "call_id": "call_1", "name": "write",
                 "status": "completed", "arguments": "{\"path\":\"n.txt\",\"content\":\"n\\n\"}"}],
            "usage": {"input_tokens": 10, "output_tokens": 4, "total_tokens": 14}}),
        "anthropic" => json!({"id": "m", "type": "message", "role": "assistant", "model": "m",
            "content": [{"type": "text", "text": "Here."}, {"type": "tool_use", "id": "t", "name": "write",
                "input": {"path": "n.txt", "content": "n\n"}}],
            "stop_reason": "tool_use", "usage": {"input_tokens": 10, "output_tokens": 4}}),
        _ => {
            json!({"candidates": [{"index": 0, "finishReason": "STOP", "content": {"role": "model", "parts": [
                {"text": "Here."},
                {"functionCall": {"name": "write", "args": {"path": "n.txt", "content": "n\n"}}}]}}],
            "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 4, "totalTokenCount": 14}})
        }
    }
}

#[test]
fn a_server_that_does_not_stream_is_understood() {
    each(|kind, format| {
        let lab = Lab::new(kind, format, vec![Reply::json(200, whole_answer(kind)), Reply::text("Done.")]);
        let done = lab.run_well();
        assert_eq!(lab.machine.file_at(&done.commits()[0], "n.txt"), "n", "{kind}");
        assert_eq!(done.all("usage")[0]["input"], 10, "{kind}");
    });
}

#[test]
fn every_status_has_its_class_and_a_next_step() {
    each(|kind, format| {
        for (reply, class, hint) in [
            (Reply::status(401, "wrong key"), "auth", "ACCESS"),
            (Reply::status(403, "not allowed"), "auth", "ACCESS"),
            (Reply::status(404, "The model `test-model` does not exist"), "not_found", "--model"),
            (Reply::status(402, "Insufficient Balance"), "quota", "backend"),
            (Reply::status(429, "slow down"), "rate_limit", "later"),
            (Reply::status(500, "it broke"), "overloaded", "later"),
            (Reply::status(529, "overloaded"), "overloaded", "later"),
            (Reply::status(400, "bad schema"), "bad_response", ""),
            (Reply::html(), "bad_response", "base_url"),
            (Reply::html().with_status(502), "overloaded", "base_url"),
            (Reply::json(200, json!({})), "bad_response", ""),
            (Reply::json(200, json!("nonsense")), "bad_response", ""),
            (Reply::events("this is no event stream"), "bad_response", ""),
            (
                Reply::json(302, json!({})).header("location", "https://example.org/x"),
                "bad_response",
                "base_url",
            ),
        ] {
            let lab = Lab::new(kind, format, vec![reply]);
            let done = lab.run_badly(class);
            let error = done.one("error");
            assert!(error["message"].as_str().unwrap().contains("\"x\""), "{kind}: {error}");
            assert!(error["hint"].as_str().unwrap_or_default().contains(hint), "{kind}: {error}");
        }
    });
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    each(|kind, format| {
        let lab = Lab::new(kind, format, vec![Reply::stall()]);
        lab.settings("max_retries = 0\nidle_timeout_seconds = 0.3");
        let done = lab.run_badly("timeout");
        assert!(done.one("error")["hint"].as_str().unwrap().contains("idle_timeout_seconds"), "{kind}");
        let lab = Lab::new(kind, format, vec![Reply::text("some words and more").stall_at(200)]);
        lab.settings("max_retries = 0\nidle_timeout_seconds = 0.3");
        lab.run_badly("timeout");
    });
}

#[test]
fn no_key_is_kept_or_shown_even_when_the_server_repeats_it() {
    each(|kind, format| {
        let half = KEY.len() / 2;
        let lab = Lab::new(
            kind,
            format,
            vec![
                Reply::say(vec![
                    Piece::Thinking(format!("The key is {KEY} I think.")),
                    // Cut into words, so that the key comes in two deltas.
                    text(&format!("Your key is {KEY}, or {} {}.", &KEY[..half], &KEY[half..])),
                    write("k.txt", &format!("key = {KEY}\n")),
                    Piece::Call("bash".into(), json!({"command": "env; cat k.txt; printenv ACCESS"})),
                ])
                .drip(7),
                Reply::text(KEY),
            ],
        );
        let done = lab.run_well();
        let shown = done.stdout + &done.stderr;
        assert!(!shown.contains(KEY), "{kind}: {shown}");
        lab.server.push(Reply::status(401, &format!("wrong key {KEY} in the request")));
        let done = lab.run(&["again", "--branch", &done_branch(&lab)]);
        assert_eq!(done.code, Some(1), "{kind}");
        assert!(!(done.stdout + &done.stderr).contains(KEY), "{kind}");
        lab.server.push(Reply::status(429, &format!("key {KEY}: slow down")).header("retry-after", "0"));
        lab.server.push(Reply::json(500, json!({"error": {"message": KEY}})));
        lab.settings("max_retries = 1");
        let done =
            lab.offshoot(&["run", "--backend", "x", "once more"]).env("OFFSHOOT_LOG", "trace").finish();
        assert_eq!(done.code, Some(1), "{kind}");
        assert!(!(done.stdout + &done.stderr).contains(KEY), "{kind}");

        let doctor = lab.offshoot(&["doctor", "--json"]).finish();
        let config = lab.offshoot(&["config", "show"]).finish();
        assert!(!(doctor.stdout + &config.stdout + &doctor.stderr).contains(KEY), "{kind}");
        for folder in ["state", "cache", "config"] {
            assert_without_key(&lab.machine.path(folder));
        }
        let objects = lab.machine.git(&[
            "cat-file",
            "--batch-all-objects",
            "--batch-check=%(objectname) %(objecttype)",
        ]);
        for line in objects.lines() {
            let (id, what) = line.split_once(' ').unwrap();
            // A file that the agent wrote holds what it wrote.
            if what != "tree" && what != "blob" {
                let object = lab.machine.git(&["cat-file", what, id]);
                assert!(!object.contains(KEY), "{kind}: {object}");
            }
        }
    });
}

fn done_branch(lab: &Lab) -> String {
    lab.machine.git(&["for-each-ref", "--format=%(refname:short)", "--count=1", "refs/heads/offshoot/"])
}

fn assert_without_key(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_without_key(&path);
        } else {
            let bytes = fs::read(&path).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains(KEY), "the key is in {}", path.display());
        }
    }
}
