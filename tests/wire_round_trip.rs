//! A history goes out as a request of each format and comes back the same, but for what each format
//! is documented to lose.

use offshoot::chat::{Image, Message, Part, Role, Signature, ToolCall, ToolResult, ToolSpec, WireFormat};
use offshoot::wire::{Dialect, Effort, Request, decode_request, encode_request, openai_chat};
use proptest::prelude::*;
use serde_json::{Value, json};

const FORMATS: [WireFormat; 4] =
    [WireFormat::OpenaiChat, WireFormat::OpenaiResponses, WireFormat::Anthropic, WireFormat::Gemini];

fn text() -> impl Strategy<Value = String> {
    // Words that no provider would reject as blank, among them what JSON has to escape.
    "[a-zß\"\\\\{}<>\n🙂]{0,12}[a-z]"
}

fn image() -> impl Strategy<Value = Part> {
    "[A-Za-z0-9+/]{4}".prop_map(|data| Part::Image(Image { media_type: "image/png".into(), data }))
}

fn signature(format: WireFormat) -> impl Strategy<Value = Signature> {
    ("[a-z]{1,6}", any::<bool>()).prop_map(move |(word, odd)| {
        let data = match format {
            WireFormat::OpenaiChat => json!("reasoning_content"),
            WireFormat::OpenaiResponses => json!({"id": format!("rs_{word}"), "encrypted_content": word}),
            WireFormat::Anthropic if odd => json!({ "redacted": word }),
            WireFormat::Anthropic => json!({ "signature": word }),
            WireFormat::Gemini => json!({ "thoughtSignature": word }),
        };
        Signature { wire: format, data }
    })
}

fn thinking() -> impl Strategy<Value = Part> {
    let format = prop::sample::select(FORMATS.to_vec());
    (text(), prop::option::of(format.prop_flat_map(signature))).prop_map(|(text, signature)| {
        let redacted = signature.as_ref().is_some_and(|s| s.data.get("redacted").is_some());
        Part::Thinking { text: if redacted { String::new() } else { text }, signature }
    })
}

fn input() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({})),
        (text(), any::<i32>()).prop_map(|(s, n)| json!({"path": s, "n": n, "deep": {"list": [n, null, s]}})),
    ]
}

/// Calls without ids; those come with the history.
fn call() -> impl Strategy<Value = (String, Value)> {
    (prop::sample::select(vec!["read", "write", "ls"]).prop_map(str::to_owned), input())
}

#[derive(Debug, Clone)]
enum Turn {
    User(Vec<Part>),
    Assistant(Vec<Part>, Vec<(String, Value)>, Vec<Vec<Part>>),
}

fn turn() -> impl Strategy<Value = Turn> {
    let part = || prop_oneof![4 => text().prop_map(Part::Text), 1 => image()];
    let said = prop_oneof![3 => text().prop_map(Part::Text), 2 => thinking()];
    prop_oneof![
        prop::collection::vec(part(), 1..3).prop_map(Turn::User),
        (
            prop::collection::vec(said, 0..4),
            prop::collection::vec(call(), 0..4),
            prop::collection::vec(prop::collection::vec(text().prop_map(Part::Text), 1..2), 4),
        )
            .prop_map(|(said, calls, results)| Turn::Assistant(said, calls, results)),
    ]
}

/// A history as the agent keeps it: each call is answered, ids are unique.
fn history() -> impl Strategy<Value = Vec<Message>> {
    prop::collection::vec(turn(), 1..8).prop_map(|turns| {
        let mut messages = vec![Message::user("begin")];
        let mut count = 0;
        for turn in turns {
            match turn {
                Turn::User(parts) => messages.push(Message { role: Role::User, parts }),
                Turn::Assistant(mut parts, calls, results) => {
                    let mut answers = Vec::new();
                    for ((name, input), content) in calls.into_iter().zip(results) {
                        count += 1;
                        let call = ToolCall { id: format!("call_{count}"), name, input, signature: None };
                        let (id, name) = (call.id.clone(), call.name.clone());
                        answers.push(ToolResult { id, name, is_error: false, content });
                        parts.push(Part::ToolCall(call));
                    }
                    messages.push(Message { role: Role::Assistant, parts });
                    if !answers.is_empty() {
                        messages.push(Message::results(answers));
                    }
                }
            }
        }
        messages
    })
}

/// The history as it comes back: what the modules of the formats document, in the test's own words.
fn expected(messages: &[Message], format: WireFormat, dialect: Dialect) -> Vec<Message> {
    let mut out: Vec<Message> = Vec::new();
    for message in messages {
        let mut parts = message.parts.clone();
        // Reasoning goes to the format that signed it.
        parts.retain(|part| match part {
            Part::Thinking { signature, .. } => signature.as_ref().is_some_and(|s| s.wire == format),
            _ => true,
        });
        // Nothing follows it: it is left out, but for Gemini, where it signs what stands before it.
        if format != WireFormat::Gemini {
            while matches!(parts.last(), Some(Part::Thinking { .. })) {
                parts.pop();
            }
        }
        if parts.iter().all(|part| matches!(part, Part::Thinking { .. })) {
            continue;
        }
        if format == WireFormat::OpenaiChat && message.role == Role::Assistant {
            parts = chat_order(&parts, dialect);
        }
        // One text part per block: neighbours stay apart in all formats but chat.
        match out.last_mut() {
            Some(last) if last.role == message.role => last.parts.extend(parts),
            _ => out.push(Message { role: message.role, parts }),
        }
    }
    out
}

/// Chat has one reasoning text, one text, and the calls, in this order.
fn chat_order(parts: &[Part], dialect: Dialect) -> Vec<Part> {
    let joined = |pick: fn(&Part) -> Option<&String>| {
        let texts: Vec<&str> = parts.iter().filter_map(pick).map(String::as_str).collect();
        texts.join("\n")
    };
    let thought = joined(|part| match part {
        Part::Thinking { text, .. } => Some(text),
        _ => None,
    });
    let said = joined(|part| match part {
        Part::Text(text) => Some(text),
        _ => None,
    });
    let calls: Vec<Part> = parts.iter().filter(|part| matches!(part, Part::ToolCall(_))).cloned().collect();
    let mut out = Vec::new();
    if dialect == Dialect::Deepseek && !calls.is_empty() && !thought.is_empty() {
        let signature = Signature { wire: WireFormat::OpenaiChat, data: json!("reasoning_content") };
        out.push(Part::Thinking { text: thought, signature: Some(signature) });
    }
    if !said.is_empty() {
        out.push(Part::Text(said));
    }
    out.extend(calls);
    out
}

/// Messages of one role that follow each other as one.
fn merged(messages: Vec<Message>) -> Vec<Message> {
    let mut out: Vec<Message> = Vec::new();
    for message in messages {
        match out.last_mut() {
            Some(last) if last.role == message.role => last.parts.extend(message.parts),
            _ => out.push(message),
        }
    }
    out
}

fn request(messages: Vec<Message>) -> Request {
    let parameters = json!({"type": "object", "properties": {"path": {"type": "string", "description": "where"}},
        "required": ["path"]});
    Request {
        model: "some-model".into(),
        system: "You are brief.".into(),
        messages,
        tools: vec![ToolSpec { name: "read".into(), description: "Reads.".into(), parameters }],
        max_output_tokens: Some(4000),
        temperature: Some(0.5),
        effort: None,
        logprobs: false,
        stream: true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_history_goes_out_and_comes_back(messages in history()) {
        for format in FORMATS {
            let sent = request(messages.clone());
            let back = decode_request(format, &encode_request(format, &sent)).unwrap();
            prop_assert_eq!(
                merged(back.messages),
                expected(&messages, format, Dialect::Plain),
                "{:?}",
                format
            );
            prop_assert_eq!(back.tools, sent.tools);
            prop_assert_eq!((back.system, back.temperature), (sent.system, sent.temperature));
            prop_assert_eq!(back.max_output_tokens, sent.max_output_tokens);
            if format != WireFormat::Gemini {
                prop_assert_eq!((back.model, back.stream), (sent.model, sent.stream));
            }
        }
        let sent = request(messages.clone());
        let body = openai_chat::encode_request(&sent, Dialect::Deepseek);
        let back = openai_chat::decode_request(&body).unwrap();
        prop_assert_eq!(merged(back.messages), expected(&messages, WireFormat::OpenaiChat, Dialect::Deepseek));
    }

    /// Whatever is thrown away or moved in it, no history makes a request that a provider rejects.
    #[test]
    fn a_damaged_history_makes_a_request_that_is_accepted(
        messages in history(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8), 0..4),
    ) {
        let mut messages = messages;
        for (at, kind) in damage {
            if messages.is_empty() {
                break;
            }
            let at = at.index(messages.len());
            match kind {
                0 => {
                    messages.remove(at);
                }
                1 => {
                    let copy = messages[at].clone();
                    messages.push(copy);
                }
                2 => {
                    messages[at].parts.pop();
                }
                _ => messages.insert(at, Message::user("  ")),
            }
        }
        for format in FORMATS {
            let body = encode_request(format, &request(messages.clone()));
            check(format, &body)?;
            // What was put right once stays as it is.
            let back = decode_request(format, &body).unwrap();
            let again = Request { model: "some-model".into(), stream: true, ..back };
            let second = decode_request(format, &encode_request(format, &again)).unwrap();
            prop_assert_eq!(second.messages, again.messages);
        }
    }
}

/// The rules by which providers reject a request.
fn check(format: WireFormat, body: &Value) -> Result<(), TestCaseError> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    match format {
        WireFormat::OpenaiChat => {
            let mut open: Vec<Value> = Vec::new();
            let mut seen = Vec::new();
            for message in list(&body["messages"]) {
                if message["role"] == "tool" {
                    let at = open.iter().position(|id| *id == message["tool_call_id"]);
                    prop_assert!(at.is_some(), "a result without a call: {}", message);
                    open.remove(at.unwrap());
                    continue;
                }
                prop_assert!(open.is_empty(), "calls without results: {:?}", open);
                prop_assert!(message["content"] != "", "empty: {}", message);
                open = list(&message["tool_calls"]).iter().map(|call| call["id"].clone()).collect();
                for id in &open {
                    prop_assert!(!seen.contains(id), "an id twice: {}", id);
                    seen.push(id.clone());
                }
                prop_assert!(!message["content"].is_null() || !open.is_empty());
            }
            prop_assert!(open.is_empty());
        }
        WireFormat::OpenaiResponses => {
            let items = list(&body["input"]);
            for (at, item) in items.iter().enumerate() {
                let has = |kind: &str, range: &[Value]| {
                    range.iter().any(|i| i["type"] == kind && i["call_id"] == item["call_id"])
                };
                match item["type"].as_str().unwrap() {
                    "function_call" => prop_assert!(has("function_call_output", &items[at..])),
                    "function_call_output" => prop_assert!(has("function_call", &items[..at])),
                    "reasoning" => {
                        let next = items.get(at + 1).map(|next| next["type"].as_str().unwrap());
                        prop_assert!(matches!(next, Some("reasoning" | "message" | "function_call")));
                    }
                    _ => {}
                }
            }
        }
        WireFormat::Anthropic => {
            let messages = list(&body["messages"]);
            let mut open: Vec<Value> = Vec::new();
            for (at, message) in messages.iter().enumerate() {
                let role = if at % 2 == 0 { "user" } else { "assistant" };
                prop_assert_eq!(&message["role"], role);
                let blocks = list(&message["content"]);
                prop_assert!(!blocks.is_empty());
                let results: Vec<_> = blocks
                    .iter()
                    .take_while(|b| b["type"] == "tool_result")
                    .map(|b| b["tool_use_id"].clone())
                    .collect();
                prop_assert_eq!(&results, &open);
                prop_assert!(blocks[results.len()..].iter().all(|b| b["type"] != "tool_result"));
                open = blocks.iter().filter(|b| b["type"] == "tool_use").map(|b| b["id"].clone()).collect();
                let final_block = blocks.last().unwrap();
                prop_assert!(role == "user" || !final_block["type"].as_str().unwrap().ends_with("thinking"));
                prop_assert!(blocks.iter().all(|b| b["text"].as_str().is_none_or(|t| !t.trim().is_empty())));
            }
            prop_assert!(open.is_empty());
            prop_assert!(body.to_string().matches("cache_control").count() <= 4);
        }
        WireFormat::Gemini => {
            let mut open = 0;
            for content in list(&body["contents"]) {
                let parts = list(&content["parts"]);
                prop_assert!(!parts.is_empty());
                let count = |key: &str| parts.iter().filter(|part| part.get(key).is_some()).count();
                prop_assert_eq!(count("functionResponse"), open);
                open = count("functionCall");
            }
            prop_assert_eq!(open, 0);
        }
    }
    Ok(())
}

fn one_round(result: ToolResult, arguments: Value, id: &str) -> Vec<Message> {
    let call = ToolCall { id: id.into(), name: "shot".into(), input: arguments, signature: None };
    let result = ToolResult { id: id.into(), name: "shot".into(), ..result };
    let said = Message { role: Role::Assistant, parts: vec![Part::ToolCall(call)] };
    vec![Message::user("look"), said, Message::results(vec![result])]
}

fn picture() -> Part {
    Part::Image(Image { media_type: "image/png".into(), data: "AAAA".into() })
}

fn result(content: Vec<Part>, is_error: bool) -> ToolResult {
    ToolResult { id: String::new(), name: String::new(), is_error, content }
}

#[test]
fn images_in_results_go_where_the_format_takes_them() {
    let messages = one_round(result(vec![Part::Text("done".into()), picture()], false), json!({}), "a");
    for format in FORMATS {
        let back = decode_request(format, &encode_request(format, &request(messages.clone()))).unwrap();
        let within =
            back.messages.iter().flat_map(Message::tool_results).any(|r| r.content.contains(&picture()));
        let behind = back.messages.iter().any(|m| m.role == Role::User && m.parts.contains(&picture()));
        let inside = matches!(format, WireFormat::Anthropic | WireFormat::OpenaiResponses);
        assert_eq!((within, behind), (inside, !inside), "{format:?}");
    }
}

#[test]
fn a_failed_tool_is_told_as_such_where_the_format_can() {
    let messages = one_round(result(vec![Part::Text("no such file".into())], true), json!({}), "a");
    for format in FORMATS {
        let back = decode_request(format, &encode_request(format, &request(messages.clone()))).unwrap();
        let result = back.messages.iter().flat_map(Message::tool_results).next().unwrap().clone();
        let told = matches!(format, WireFormat::Anthropic | WireFormat::Gemini);
        assert_eq!((result.is_error, result.content_text().as_str()), (told, "no such file"), "{format:?}");
    }
}

#[test]
fn arguments_that_are_no_object_and_odd_ids_are_made_acceptable() {
    let id = "functions.shot:0/ü and much longer than any provider takes, by far, really";
    let messages = one_round(result(vec![], false), json!("{oops"), id);
    for format in FORMATS {
        let body = encode_request(format, &request(messages.clone()));
        let back = decode_request(format, &body).unwrap();
        let call = back.messages.iter().flat_map(Message::tool_calls).next().unwrap();
        assert_eq!(call.input, json!({"invalid_json": "{oops"}), "{format:?}");
        let fine = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        assert!(call.id.len() <= 64 && call.id.chars().all(fine), "{format:?}: {}", call.id);
        let answered = back.messages.iter().flat_map(Message::tool_results).next().unwrap();
        assert_eq!(answered.id, call.id);
    }
}

#[test]
fn effort_is_said_in_the_words_of_each_model() {
    let body = |format, model: &str, effort| {
        let sent = Request { model: model.into(), effort, ..request(vec![Message::user("hi")]) };
        encode_request(format, &sent)
    };
    let high = Some(Effort::High);
    let chat = body(WireFormat::OpenaiChat, "gpt-5.1", high);
    assert_eq!((&chat["reasoning_effort"], &chat["max_completion_tokens"]), (&json!("high"), &json!(4000)));
    assert!(chat.get("temperature").is_none() && chat.get("max_tokens").is_none());
    let responses = body(WireFormat::OpenaiResponses, "gpt-5.1", high);
    assert_eq!(responses["reasoning"], json!({"summary": "auto", "effort": "high"}));
    assert_eq!(
        (&responses["store"], &responses["include"]),
        (&json!(false), &json!(["reasoning.encrypted_content"]))
    );
    assert!(body(WireFormat::OpenaiResponses, "gpt-4.1", None).get("include").is_none());
    let claude = body(WireFormat::Anthropic, "claude-sonnet-4-5", high);
    assert_eq!(claude["thinking"], json!({"type": "enabled", "budget_tokens": 1952}));
    assert!(claude.get("temperature").is_none());
    let adaptive = body(WireFormat::Anthropic, "claude-opus-4-7", high);
    assert_eq!(
        (&adaptive["thinking"]["type"], &adaptive["output_config"]),
        (&json!("adaptive"), &json!({"effort": "high"}))
    );
    let flash = body(WireFormat::Gemini, "gemini-2.5-flash", high);
    let thinking = json!({"includeThoughts": true, "thinkingBudget": 24576});
    assert_eq!(flash["generationConfig"]["thinkingConfig"], thinking);
    let three = body(WireFormat::Gemini, "gemini-3-pro-preview", Some(Effort::Low));
    assert_eq!(three["generationConfig"]["thinkingConfig"]["thinkingLevel"], "low");
}

#[test]
fn anthropic_marks_what_can_be_cached() {
    let messages = vec![Message::user("one"), Message::assistant("1"), Message::user("two")];
    let body = encode_request(WireFormat::Anthropic, &request(messages));
    let marked = |value: &Value| value.get("cache_control").is_some();
    assert!(marked(&body["system"][0]) && marked(&body["tools"][0]));
    let marks: Vec<bool> =
        body["messages"].as_array().unwrap().iter().map(|m| marked(&m["content"][0])).collect();
    assert_eq!(marks, [true, false, true]);
}

#[test]
fn calls_of_another_model_get_past_the_signature_check_of_gemini_3() {
    let messages = one_round(result(vec![], false), json!({}), "a");
    let sent = Request { model: "gemini-3-pro".into(), ..request(messages) };
    let body = encode_request(WireFormat::Gemini, &sent);
    assert!(body["contents"][1]["parts"][0]["thoughtSignature"].is_string());
    let back = decode_request(WireFormat::Gemini, &body).unwrap();
    assert_eq!(back.messages.iter().flat_map(Message::tool_calls).next().unwrap().signature, None);
}

#[test]
fn what_is_no_request_is_named() {
    for (format, body, word) in [
        (WireFormat::OpenaiChat, json!({}), "messages"),
        (WireFormat::OpenaiChat, json!({"messages": [{"role": "oracle"}]}), "oracle"),
        (WireFormat::OpenaiResponses, json!({"input": 7}), "input"),
        (
            WireFormat::OpenaiResponses,
            json!({"previous_response_id": "r", "input": "x"}),
            "previous_response_id",
        ),
        (WireFormat::Anthropic, json!({"messages": [{"role": "user"}]}), "content"),
        (WireFormat::Gemini, json!({"model": "m"}), "contents"),
        (
            WireFormat::Anthropic,
            json!({"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "url"}}]}]}),
            "URL",
        ),
    ] {
        let error = decode_request(format, &body).unwrap_err();
        assert!(error.message.contains(word), "{error}");
    }
}
