//! How the client behaves towards agents of every conduct.

use serde_json::json;

use super::{Talk, end_words, setup};
use crate::backends::cli::profile::{Counts, ModelBy};
use crate::backends::cli::{CliEvent, Exit, Resume};
use crate::chat::{ErrorClass, StopReason};
use crate::config::PermissionMode::{Ask, Auto, ReadOnly};
use crate::wire::Effort;

fn class(talk: &Talk) -> ErrorClass {
    talk.end().outcome.unwrap_err().class
}

#[test]
fn an_agent_is_offered_neither_files_nor_terminals() {
    let talk = Talk::new(setup(Auto));
    let hello = &talk.sent[0];
    assert_eq!(hello["method"], "initialize");
    assert_eq!(hello["params"]["protocolVersion"], 1);
    let offered = &hello["params"]["clientCapabilities"];
    assert_eq!(offered["fs"], json!({ "readTextFile": false, "writeTextFile": false }));
    assert_eq!(offered["terminal"], false);
}

#[test]
fn a_turn_ends_for_the_reason_that_the_agent_gives() {
    let end = |reason: &str| {
        let mut talk = Talk::prompted(setup(Auto));
        talk.say("well");
        talk.reply(json!({ "stopReason": reason }));
        talk.end().outcome.map_err(|error| error.class)
    };
    assert_eq!(end("end_turn"), Ok(StopReason::End));
    assert_eq!(end("max_tokens"), Ok(StopReason::MaxTokens));
    assert_eq!(end("refusal"), Ok(StopReason::Refusal));
    assert_eq!(end("max_turn_requests"), Err(ErrorClass::ToolLoop));
    assert_eq!(end("cancelled"), Err(ErrorClass::BadResponse));
    assert_eq!(end("of a later version"), Ok(StopReason::End));
}

#[test]
fn a_turn_in_which_nothing_happened_is_a_failure() {
    let mut talk = Talk::prompted(setup(Auto));
    talk.reply(json!({ "stopReason": "end_turn" }));
    assert_eq!(class(&talk), ErrorClass::BadResponse);
}

#[test]
fn a_failure_that_is_told_as_an_answer_is_a_failure() {
    let mut setup = setup(Auto);
    setup.profile.failures = vec!["Ran into this error".into()];
    let mut talk = Talk::prompted(setup);
    talk.say("Ran into ");
    talk.say("this error: Rate limit exceeded (429).\n\nPlease retry.");
    talk.reply(json!({ "stopReason": "end_turn" }));
    assert_eq!(class(&talk), ErrorClass::RateLimit);
}

#[test]
fn an_agent_that_wants_a_login_gets_the_one_that_needs_no_browser() {
    let methods = json!([{ "id": "oauth", "name": "In the browser" },
        { "id": "key", "name": "Key", "description": "Set AGENT_KEY" }]);
    let mut with_key = setup(Auto);
    with_key.profile.auth = Some("key".into());
    let mut talk = Talk::new(with_key);
    talk.reply(json!({ "protocolVersion": 1, "authMethods": methods }));
    talk.fail(-32000, "Authentication required");
    assert_eq!(talk.method(), "authenticate");
    assert_eq!(talk.sent.last().unwrap()["params"]["methodId"], "key");
    talk.reply(json!({}));
    assert_eq!(talk.method(), "session/new");
    // Once.
    talk.fail(-32000, "Authentication required");
    assert_eq!(class(&talk), ErrorClass::Auth);

    let mut talk = Talk::new(setup(Auto));
    talk.reply(json!({ "protocolVersion": 1, "authMethods": methods }));
    talk.fail(-32000, "Authentication required");
    let error = talk.end().outcome.unwrap_err();
    assert_eq!((error.class, error.hint()), (ErrorClass::Auth, Some("In the browser; or Set AGENT_KEY")));
}

#[test]
fn another_version_of_the_protocol_is_told() {
    let mut talk = Talk::new(setup(Auto));
    talk.reply(json!({ "protocolVersion": 7 }));
    assert!(end_words(&talk.end()).contains("speaks version 7"), "{}", end_words(&talk.end()));
}

#[test]
fn a_session_goes_on_by_loading_it_or_by_resuming_it() {
    let open = |hello: serde_json::Value| {
        let mut setup = setup(Auto);
        setup.job.resume = Some(Resume { id: "s".into(), counted: None });
        let mut talk = Talk::new(setup);
        talk.reply(hello);
        talk
    };
    let mut talk = open(json!({ "protocolVersion": 1, "agentCapabilities": { "loadSession": true } }));
    assert_eq!(talk.method(), "session/load");
    assert_eq!(talk.sent.last().unwrap()["params"]["cwd"], "/tree");
    talk.say("what was said before");
    talk.reply(json!(null));
    assert_eq!(talk.told(), ["session s"]);
    assert_eq!(talk.method(), "session/prompt");

    let resume = json!({ "sessionCapabilities": { "resume": {} } });
    let talk = open(json!({ "protocolVersion": 1, "agentCapabilities": resume }));
    assert_eq!(talk.method(), "session/resume");

    let talk = open(json!({ "protocolVersion": 1 }));
    assert_eq!(class(&talk), ErrorClass::NotFound);

    let mut talk = open(json!({ "protocolVersion": 1, "agentCapabilities": { "loadSession": true } }));
    talk.fail(-32603, "Invalid session identifier");
    let error = talk.end().outcome.unwrap_err();
    assert_eq!(error.class, ErrorClass::NotFound);
    assert!(error.message.contains("cannot continue its session s: Invalid session identifier"), "{error}");

    let mut talk = open(json!({ "protocolVersion": 1, "agentCapabilities": { "loadSession": true } }));
    talk.fail(429, "Too many requests");
    assert_eq!(class(&talk), ErrorClass::RateLimit);
}

#[test]
fn model_effort_and_mode_are_chosen_before_the_prompt() {
    let mut setup = setup(Auto);
    setup.profile.model = ModelBy::SetModel;
    setup.profile.mode.insert(Auto, "act".into());
    setup.job.model = Some("small".into());
    setup.job.effort = Some(Effort::High);
    let mut talk = Talk::new(setup);
    talk.reply(json!({ "protocolVersion": 1 }));
    let effort = json!({ "type": "select", "id": "effort", "name": "Effort", "category": "thought_level",
        "currentValue": "low", "options": [{ "value": "low", "name": "Low" }, { "value": "high", "name": "High" }] });
    talk.reply(json!({
        "sessionId": "s",
        "modes": { "currentModeId": "plan", "availableModes": [{ "id": "plan", "name": "P" }, { "id": "act", "name": "A" }] },
        "models": { "currentModelId": "big", "availableModels": [{ "modelId": "big", "name": "Big" }] },
    }));
    assert_eq!(talk.method(), "session/set_model");
    // What can be chosen for a model is known when it is chosen.
    talk.update(json!({ "sessionUpdate": "config_option_update", "configOptions": [effort] }));
    talk.reply(json!({}));
    assert_eq!(
        talk.sent.last().unwrap()["params"],
        json!({ "sessionId": "s", "configId": "effort", "value": "high" })
    );
    talk.fail(-32602, "not now");
    assert_eq!(talk.method(), "session/set_mode");
    talk.reply(json!({}));
    assert_eq!(talk.method(), "session/prompt");
    assert_eq!(talk.told(), ["session s", "model small", "notice \"its effort stays as it was: not now\""]);
}

#[test]
fn a_model_that_is_not_to_be_had_is_a_failure_and_a_mode_is_a_word() {
    let mut with_model = setup(Auto);
    with_model.profile.model = ModelBy::SetModel;
    with_model.job.model = Some("other".into());
    let mut talk = Talk::new(with_model);
    talk.reply(json!({ "protocolVersion": 1 }));
    talk.reply(json!({ "sessionId": "s",
        "models": { "currentModelId": "big", "availableModels": [{ "modelId": "big", "name": "Big" }] } }));
    talk.fail(-32603, "no such model");
    let error = talk.end().outcome.unwrap_err();
    assert_eq!((error.class, error.hint()), (ErrorClass::NotFound, Some("it offers big")));

    let mut with_mode = setup(Auto);
    with_mode.profile.mode.insert(Auto, "act".into());
    let mut talk = Talk::prompted(with_mode);
    assert!(talk.told().iter().any(|told| told.contains("knows no mode \\\"act\\\"")));
}

#[allow(clippy::needless_pass_by_value, reason = "tests read better with what `json!` makes")]
fn asking(talk: &mut Talk, id: &str, kind: &str, options: serde_json::Value) {
    let call =
        json!({ "toolCallId": "t", "title": "rm -rf it", "kind": kind, "rawInput": { "command": "rm" } });
    let params = json!({ "sessionId": "s", "toolCall": call, "options": options });
    talk.line(&json!({ "id": id, "method": "session/request_permission", "params": params }).to_string());
}

fn options() -> serde_json::Value {
    json!([{ "optionId": "A", "name": "", "kind": "allow_always" }, { "optionId": "a", "name": "", "kind": "allow_once" },
        { "optionId": "R", "name": "", "kind": "reject_always" }, { "optionId": "r", "name": "", "kind": "reject_once" }])
}

#[test]
fn what_is_allowed_is_allowed_once_and_runs() {
    let mut talk = Talk::prompted(setup(Ask));
    talk.told();
    asking(&mut talk, "q", "execute", options());
    assert_eq!(talk.told(), ["permission q for t execute Other {\"command\":\"rm\"}"]);
    talk.answer("q", true);
    assert_eq!(
        talk.sent.last().unwrap()["result"]["outcome"],
        json!({ "outcome": "selected", "optionId": "a" })
    );
    assert_eq!(talk.told(), ["call t execute Other {\"command\":\"rm\"}"]);
    let sent = talk.sent.len();
    talk.answer("q", false);
    talk.answer("another", true);
    assert_eq!(talk.sent.len(), sent);
}

#[test]
fn what_is_refused_does_not_run_and_ends_no_turn_badly() {
    let mut talk = Talk::prompted(setup(Ask));
    asking(&mut talk, "q", "execute", options());
    talk.told();
    talk.answer("q", false);
    assert_eq!(talk.sent.pop().unwrap()["result"]["outcome"]["optionId"], "r");
    assert!(talk.told().is_empty());
    talk.say("as you wish");
    assert_eq!(talk.told(), ["text \"as you wish\""]);
    talk.reply(json!({ "stopReason": "cancelled" }));
    assert_eq!(talk.end().outcome, Ok(StopReason::End));
}

#[test]
fn what_would_have_been_changed_is_no_result_of_a_call_that_failed() {
    let mut talk = Talk::prompted(setup(Auto));
    talk.told();
    talk.update(json!({ "sessionUpdate": "tool_call", "toolCallId": "t", "title": "Edit", "kind": "edit",
        "rawInput": { "path": "a" }, "content": [{ "type": "diff", "path": "a", "newText": "x" }] }));
    talk.update(json!({ "sessionUpdate": "tool_call_update", "toolCallId": "t", "status": "failed" }));
    assert_eq!(talk.told(), ["call t Edit Edit {\"path\":\"a\"}", "failed t \"\""]);
}

#[test]
fn an_agent_that_offers_no_fitting_answer_is_told_that_it_is_cancelled() {
    let mut talk = Talk::prompted(setup(Ask));
    asking(&mut talk, "q", "edit", json!([{ "optionId": "r", "name": "", "kind": "reject_once" }]));
    talk.told();
    talk.answer("q", true);
    assert_eq!(talk.sent.last().unwrap()["result"]["outcome"], json!({ "outcome": "cancelled" }));
    assert!(talk.told().is_empty());
}

#[test]
fn read_only_asks_nobody_about_changes_and_lets_reading_be_asked() {
    let mut talk = Talk::prompted(setup(ReadOnly));
    talk.told();
    asking(&mut talk, "q", "edit", options());
    assert_eq!(talk.sent.last().unwrap()["result"]["outcome"]["optionId"], "r");
    assert_eq!(talk.told(), ["notice \"not allowed, because this is read-only: edit (rm)\""]);
    asking(&mut talk, "q2", "read", options());
    assert!(talk.told().iter().all(|told| !told.starts_with("notice")));
}

#[test]
fn a_cancelled_turn_cancels_its_questions_and_tells_what_it_used() {
    let mut setup = setup(Ask);
    setup.profile.usage = Counts::Turn;
    let mut talk = Talk::prompted(setup);
    asking(&mut talk, "q", "edit", options());
    let prompt = talk.sent[talk.sent.len() - 1].clone();
    talk.cancel();
    let [cancelled, told] = &talk.sent[talk.sent.len() - 2..] else { panic!() };
    assert_eq!(cancelled["result"]["outcome"]["outcome"], "cancelled");
    assert_eq!((&told["method"], &told["params"]["sessionId"]), (&json!("session/cancel"), &json!("s")));
    // It asks once more before it has heard of it.
    asking(&mut talk, "q2", "edit", options());
    assert_eq!(talk.sent.last().unwrap()["result"]["outcome"]["outcome"], "cancelled");
    let usage = json!({ "inputTokens": 5, "outputTokens": 2, "totalTokens": 7 });
    let answer = json!({ "id": prompt["id"], "result": { "stopReason": "cancelled", "usage": usage } });
    talk.line(&answer.to_string());
    let end = talk.end();
    assert_eq!(end.outcome.unwrap_err().class, ErrorClass::Cancelled);
    assert_eq!(end.usage.unwrap().input, 5);
}

#[test]
fn what_is_cancelled_before_the_turn_is_over_at_once() {
    let mut talk = Talk::new(setup(Auto));
    talk.cancel();
    assert_eq!(class(&talk), ErrorClass::Cancelled);
}

#[test]
fn requests_that_are_not_ours_are_refused_and_the_rest_is_passed_over() {
    let mut talk = Talk::prompted(setup(Auto));
    talk.told();
    for method in ["fs/read_text_file", "terminal/create", "private/method"] {
        talk.line(&json!({ "id": 3, "method": method, "params": {} }).to_string());
        assert_eq!(talk.sent.last().unwrap()["error"]["code"], -32601);
    }
    talk.line(&json!({ "id": 4, "method": "session/request_permission", "params": { "no": 1 } }).to_string());
    assert_eq!(talk.sent.last().unwrap()["error"]["code"], -32602);
    let sent = talk.sent.len();
    for line in [
        "starting…",
        "",
        "{\"id\":",
        "[1]",
        "{\"method\":\"unknown\"}",
        "{\"id\":99,\"result\":{}}",
        "{\"method\":\"session/update\",\"params\":{\"sessionId\":\"s\",\"update\":{\"sessionUpdate\":\"new\"}}}",
        "{\"method\":\"session/update\",\"params\":{\"sessionId\":\"other\",\"update\":{\"sessionUpdate\":\
         \"agent_message_chunk\",\"content\":{\"type\":\"text\",\"text\":\"of another\"}}}}",
    ] {
        talk.line(line);
    }
    assert_eq!(talk.sent.len(), sent);
    assert!(talk.told().is_empty());
}

#[test]
fn a_process_that_ends_in_a_turn_leaves_a_failure_with_its_last_words() {
    let mut talk = Talk::prompted(setup(Auto));
    talk.say("I will");
    talk.client.died(Exit::Code(1), "warning\nError: connect ECONNREFUSED 127.0.0.1:1\n");
    let error = talk.end().outcome.unwrap_err();
    assert_eq!(error.class, ErrorClass::Unreachable);
    assert!(error.message.contains("ended before its turn did (exit code 1): Error: connect"), "{error}");
}

#[test]
fn a_call_that_is_told_in_pieces_is_one_call_with_one_result() {
    let mut talk = Talk::prompted(setup(Auto));
    talk.told();
    talk.update(json!({ "sessionUpdate": "tool_call", "toolCallId": "t", "title": "Run", "kind": "execute", "rawInput": { "cwd": "/tree" } }));
    assert!(talk.told().is_empty());
    talk.update(
        json!({ "sessionUpdate": "tool_call_update", "toolCallId": "t", "rawInput": { "command": "ls" } }),
    );
    let output = |text: &str| {
        json!({ "sessionUpdate": "tool_call_update", "toolCallId": "t", "status": "in_progress",
        "content": [{ "type": "content", "content": { "type": "text", "text": text } }] })
    };
    talk.update(output("a\n"));
    talk.update(output("a\nb\n"));
    talk.update(output("b\n"));
    talk.update(json!({ "sessionUpdate": "tool_call_update", "toolCallId": "t", "status": "failed" }));
    talk.update(json!({ "sessionUpdate": "tool_call_update", "toolCallId": "t", "status": "completed" }));
    assert_eq!(
        talk.told(),
        [
            "call t Run Other {\"command\":\"ls\"}",
            "output t \"a\\n\"",
            "output t \"b\\n\"",
            "failed t \"b\\n\""
        ]
    );
}

#[test]
fn an_agent_that_opens_calls_without_end_is_not_kept_in_memory() {
    let mut talk = Talk::prompted(setup(Auto));
    talk.told();
    for number in 0..20_000 {
        talk.update(
            json!({ "sessionUpdate": "tool_call", "toolCallId": format!("t{number}"), "title": "Run",
            "status": "in_progress" }),
        );
    }
    assert!(talk.told().len() < 1000);
    talk.say("well");
    talk.reply(json!({ "stopReason": "end_turn" }));
    assert_eq!(talk.end().outcome, Ok(StopReason::End));
}

#[test]
fn messages_are_told_apart_by_their_ids() {
    let mut talk = Talk::prompted(setup(Auto));
    talk.told();
    for (id, text) in [("1", "a"), ("1", "b"), ("2", "c")] {
        talk.update(json!({ "sessionUpdate": "agent_message_chunk", "messageId": id,
            "content": { "type": "text", "text": text } }));
    }
    talk.update(json!({ "sessionUpdate": "agent_thought_chunk", "messageId": "2",
        "content": { "type": "text", "text": "hm" } }));
    assert_eq!(talk.told(), ["text \"a\"", "text \"b\"", "break", "text \"c\"", "thinking \"hm\""]);
}

#[test]
fn garbage_of_every_kind_breaks_nothing() {
    let mut random = fastrand::Rng::with_seed(7);
    let seeds: Vec<String> = ["claude", "goose", "qwen"]
        .iter()
        .flat_map(|name| {
            let text = std::fs::read_to_string(super::fixture(&format!("{name}.lines"))).unwrap();
            text.lines().filter_map(|line| line.strip_prefix("< ").map(str::to_owned)).collect::<Vec<_>>()
        })
        .collect();
    for _ in 0..200 {
        let mut talk = Talk::prompted(setup(Ask));
        for _ in 0..20 {
            let mut line = seeds[random.usize(..seeds.len())].clone().into_bytes();
            for _ in 0..random.usize(..4) {
                let at = random.usize(..line.len());
                match random.u8(..3) {
                    0 => line[at] = random.u8(32..127),
                    1 => line.truncate(at.max(1)),
                    _ => {
                        let piece = line[at..].to_vec();
                        line.splice(random.usize(..=at)..at, piece);
                    }
                }
            }
            talk.line(&String::from_utf8_lossy(&line));
            talk.answer("0", true);
        }
        let ids: Vec<&CliEvent> =
            talk.events.iter().filter(|event| matches!(event, CliEvent::Ended(_))).collect();
        assert!(ids.is_empty());
    }
}
