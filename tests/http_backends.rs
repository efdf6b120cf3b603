//! HTTP backends against a scripted server, in every format.

mod support;

use std::time::Duration;

use futures::StreamExt;
use offshoot::backends::{Backend, BackendError, ProbeState};
use offshoot::chat::{
    Assembler, Delta, ErrorClass, Message, Part, StopReason, ToolResult, Usage, WireFormat,
};
use offshoot::config::BackendSettings;
use offshoot::wire::Request;
use serde_json::{Value, json};
use support::model_server::{MODEL, ModelServer, Piece, Reply, Stop};
use tokio_util::sync::CancellationToken;

const FORMATS: [WireFormat; 4] =
    [WireFormat::OpenaiChat, WireFormat::OpenaiResponses, WireFormat::Anthropic, WireFormat::Gemini];

const KEY: &str = "very-secret-key-42";

/// A backend for the server with more settings, as TOML lines; `TEST_KEY` is set in its environment.
fn backend_with(server: &ModelServer, more: &str) -> Backend {
    let (kind, url) = (server.kind(), server.url());
    let text = format!("kind = \"{kind}\"\nbase_url = \"{url}\"\nmodel = \"{MODEL}\"\n{more}");
    let settings: BackendSettings = toml::from_str(&text).unwrap();
    Backend::new("mine", &settings, &|name| (name == "TEST_KEY").then(|| KEY.to_owned())).unwrap()
}

fn backend(server: &ModelServer) -> Backend {
    backend_with(server, "local = true")
}

fn request() -> Request {
    Request { system: "be brief".into(), messages: vec![Message::user("hi")], ..Request::default() }
}

async fn ask(backend: &Backend, request: &Request) -> Result<Vec<Delta>, BackendError> {
    let mut stream = backend.stream(request, &CancellationToken::new()).await?;
    let mut deltas = Vec::new();
    while let Some(delta) = stream.next().await {
        deltas.push(delta?);
    }
    Ok(deltas)
}

async fn answer(backend: &Backend) -> (Message, Usage, Option<StopReason>) {
    fold(ask(backend, &request()).await.unwrap())
}

fn fold(deltas: Vec<Delta>) -> (Message, Usage, Option<StopReason>) {
    let mut assembler = Assembler::default();
    for delta in deltas {
        assembler.push(delta);
    }
    let (usage, stop) = (assembler.usage(), assembler.stop());
    (assembler.finish(), usage, stop)
}

/// The error of the only request to a server that plays this reply.
async fn failure(format: WireFormat, reply: Reply) -> BackendError {
    let server = ModelServer::start(format, vec![reply]).await;
    ask(&backend(&server), &request()).await.unwrap_err()
}

#[tokio::test]
async fn text_thinking_and_usage_arrive_in_every_format() {
    for format in FORMATS {
        let server =
            ModelServer::start(format, vec![Reply::thinking("let me see", "all is well").drip(7)]).await;
        let (message, usage, stop) = answer(&backend(&server)).await;
        assert_eq!(message.text(), "all is well", "{format:?}");
        let Part::Thinking { text, signature } = &message.parts[0] else { panic!("{message:?}") };
        assert_eq!(text, "let me see");
        assert_eq!(signature.as_ref().map(|s| s.wire), (format != WireFormat::Gemini).then_some(format));
        let reasoning = if format == WireFormat::Anthropic { 0 } else { 7 };
        assert_eq!(usage, Usage { input: 1000, output: 56, cache_read: 200, cache_write: 0, reasoning });
        assert_eq!(stop, Some(StopReason::End));
    }
}

#[tokio::test]
async fn log_probabilities_are_asked_for_where_the_settings_say_so() {
    let wanted = async |format, more: &str| {
        let server = ModelServer::start(format, vec![Reply::text("hi")]).await;
        ask(&backend_with(&server, more), &request()).await.unwrap();
        server.requests()[0].body.clone()
    };
    let body = wanted(WireFormat::OpenaiChat, "logprobs = true").await;
    assert_eq!(body["logprobs"], true);
    let body = wanted(WireFormat::OpenaiChat, "local = true").await;
    assert_eq!(body.get("logprobs"), None);
    for format in [WireFormat::Anthropic, WireFormat::Gemini] {
        let body = wanted(format, "logprobs = true").await;
        assert!(!body.to_string().contains("logprobs"), "{format:?}");
    }
}

#[tokio::test]
async fn calls_of_one_name_go_out_and_back_in_every_format() {
    for format in FORMATS {
        let calls = vec![("read", json!({"path": "a"})), ("read", json!({"path": "b"})), ("ls", json!({}))];
        let server = ModelServer::start(format, vec![Reply::tools(calls), Reply::text("done")]).await;
        let backend = backend(&server);
        let (said, _, stop) = answer(&backend).await;
        assert_eq!(stop, Some(StopReason::ToolUse), "{format:?}");
        let inputs: Vec<_> = said.tool_calls().map(|call| (call.name.as_str(), call.input.clone())).collect();
        assert_eq!(
            inputs,
            [("read", json!({"path": "a"})), ("read", json!({"path": "b"})), ("ls", json!({}))]
        );
        let results: Vec<_> = said.tool_calls().map(|call| ToolResult::text(call, "ok", false)).collect();
        let messages = vec![Message::user("hi"), said.clone(), Message::results(results)];
        ask(&backend, &Request { messages, ..request() }).await.unwrap();
        // What the second request carries is the history that the first answer made.
        let sent = offshoot::wire::decode_request(format, &server.requests()[1].body).unwrap();
        let names: Vec<_> =
            sent.messages.iter().flat_map(Message::tool_results).map(|r| r.name.clone()).collect();
        assert_eq!(names, ["read", "read", "ls"], "{format:?}");
        let inputs: Vec<_> =
            sent.messages.iter().flat_map(Message::tool_calls).map(|c| c.input.clone()).collect();
        assert_eq!(inputs, [json!({"path": "a"}), json!({"path": "b"}), json!({})]);
        let ids = |messages: &[Message]| -> Vec<String> {
            messages.iter().flat_map(Message::tool_calls).map(|call| call.id.clone()).collect()
        };
        let answered: Vec<_> =
            sent.messages.iter().flat_map(Message::tool_results).map(|r| r.id.clone()).collect();
        assert_eq!(ids(&sent.messages), answered);
    }
}

#[tokio::test]
async fn reasoning_travels_back_where_it_came_from() {
    for format in [WireFormat::OpenaiResponses, WireFormat::Anthropic, WireFormat::Gemini] {
        let pieces = vec![Piece::Thinking("hm".into()), Piece::Call("ls".into(), json!({}))];
        let server = ModelServer::start(format, vec![Reply::say(pieces), Reply::text("done")]).await;
        let backend = backend(&server);
        let (said, _, _) = answer(&backend).await;
        let results = said.tool_calls().map(|call| ToolResult::text(call, "ok", false)).collect();
        let messages = vec![Message::user("hi"), said, Message::results(results)];
        ask(&backend, &Request { messages, ..request() }).await.unwrap();
        let body = server.requests()[1].body.to_string();
        let wanted = if format == WireFormat::OpenaiResponses { "enc-1-0" } else { "sig-1-" };
        assert!(body.contains(wanted), "{format:?}: {body}");
    }
}

#[tokio::test]
async fn why_a_model_stopped_is_told_in_every_format() {
    let cases = [(Stop::MaxTokens, StopReason::MaxTokens), (Stop::Refusal, StopReason::Refusal)];
    for format in FORMATS {
        for (stop, wanted) in cases {
            let server = ModelServer::start(format, vec![Reply::text("no").stop(stop)]).await;
            assert_eq!(answer(&backend(&server)).await.2, Some(wanted), "{format:?}");
        }
    }
}

#[tokio::test]
async fn a_connection_cut_anywhere_is_an_error_that_may_pass() {
    for format in FORMATS {
        for bytes in [0, 1, 60, 300] {
            let error = failure(format, Reply::cut_after(bytes)).await;
            assert!(error.is_transient(), "{format:?} at {bytes}: {error:?}");
        }
        // A stream that ends properly as HTTP, and yet too early.
        let error = failure(format, Reply::events("data: {\"id\": \"x\"}\n\n")).await;
        assert_eq!(error.class, ErrorClass::BadResponse, "{format:?}");
        assert!(error.message.contains("broke off"), "{error}");
    }
    let error = failure(WireFormat::OpenaiChat, Reply::hang_up()).await;
    assert_eq!(error.class, ErrorClass::Unreachable);
}

#[tokio::test]
async fn what_was_said_before_an_error_in_mid_stream_is_not_lost() {
    let streams = [
        (
            WireFormat::OpenaiChat,
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"so\"}}]}\n\n\
             data: {\"error\":{\"message\":\"the engine is overloaded\",\"type\":\"server_error\"}}\n\n",
        ),
        (
            WireFormat::Anthropic,
            "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\
             \"content_block\":{\"type\":\"text\",\"text\":\"so\"}}\n\nevent: error\ndata: {\"type\":\"error\",\
             \"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
        ),
        (
            WireFormat::OpenaiResponses,
            "data: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"so\"}\n\n\
             data: {\"type\":\"response.failed\",\"response\":{\"status\":\"failed\",\"error\":\
             {\"code\":\"server_error\",\"message\":\"The server had an error\"}}}\n\n",
        ),
        (
            WireFormat::Gemini,
            "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"so\"}]}}]}\n\n\
             data: {\"error\":{\"code\":503,\"message\":\"The model is overloaded.\",\"status\":\"UNAVAILABLE\"}}\n\n",
        ),
    ];
    for (format, stream) in streams {
        let server = ModelServer::start(format, vec![Reply::events(stream)]).await;
        let mut deltas = backend(&server).stream(&request(), &CancellationToken::new()).await.unwrap();
        assert_eq!(deltas.next().await.unwrap().unwrap(), Delta::Text("so".into()), "{format:?}");
        let error = deltas.next().await.unwrap().unwrap_err();
        assert_eq!(error.class, ErrorClass::Overloaded, "{format:?}: {error}");
        assert!(deltas.next().await.is_none());
    }
}

#[tokio::test]
async fn statuses_become_classes_with_a_next_step() {
    let cases = [
        (401, "Incorrect API key provided", ErrorClass::Auth, "TEST_KEY"),
        (404, "The model `test-model` does not exist", ErrorClass::NotFound, "backends.mine.model"),
        (402, "Insufficient Balance", ErrorClass::Quota, "billing"),
        (400, "This model's maximum context length is 8192 tokens", ErrorClass::ContextOverflow, "compact"),
        (500, "boom", ErrorClass::Overloaded, "later"),
        (529, "Overloaded", ErrorClass::Overloaded, "later"),
    ];
    for (status, message, class, hint) in cases {
        let server = ModelServer::start(WireFormat::OpenaiChat, vec![Reply::status(status, message)]).await;
        let backend = backend_with(&server, "api_key_env = \"TEST_KEY\"");
        let error = ask(&backend, &request()).await.unwrap_err();
        assert_eq!((error.class, error.status), (class, Some(status)), "{error}");
        assert!(error.message.contains(message) && error.message.contains("mine"), "{error}");
        assert!(error.hint().unwrap().contains(hint), "{error:?}");
    }
    let limited = Reply::status(429, "slow down").header("retry-after", "3");
    let error = failure(WireFormat::Anthropic, limited).await;
    assert_eq!((error.class, error.retry_after), (ErrorClass::RateLimit, Some(Duration::from_secs(3))));
}

#[tokio::test]
async fn keys_are_sent_in_headers_and_shown_nowhere() {
    for format in FORMATS {
        let echo = format!("bad key {KEY} and {}{}", "x".repeat(470), KEY);
        let script = vec![
            Reply::status(401, &echo),
            Reply::events(format!("data: {{\"error\":{{\"message\":\"stream of {KEY}\"}}}}\n\n")),
        ];
        let server = ModelServer::start(format, script).await;
        let backend =
            backend_with(&server, "api_key_env = \"TEST_KEY\"\nheaders = {x-more = \"a $TEST_KEY\"}");
        for _ in 0..2 {
            let error = ask(&backend, &request()).await.unwrap_err();
            let shown = format!("{error} {error:?} {backend:?}");
            assert!(!shown.contains("very-se"), "{shown}");
        }
        let sent = &server.requests()[0];
        assert!(!sent.path.contains(KEY) && !sent.body.to_string().contains(KEY));
        let (name, value) = match format {
            WireFormat::Anthropic => ("x-api-key", KEY.to_owned()),
            WireFormat::Gemini => ("x-goog-api-key", KEY.to_owned()),
            _ => ("authorization", format!("Bearer {KEY}")),
        };
        assert_eq!(sent.header(name), Some(value.as_str()));
        assert_eq!(sent.header("x-more"), Some(format!("a {KEY}").as_str()));
    }
}

#[tokio::test]
async fn what_is_no_stream_is_understood_or_named() {
    let error = failure(WireFormat::OpenaiChat, Reply::html()).await;
    assert_eq!(error.class, ErrorClass::BadResponse);
    assert!(error.message.contains("127.0.0.1") && error.message.contains("HTML"), "{error}");
    assert!(error.hint().unwrap().contains("base_url"));
    let error = failure(WireFormat::Gemini, Reply::empty()).await;
    assert!(error.class == ErrorClass::BadResponse && error.message.contains("empty"), "{error}");
    let body = json!({"error": {"message": "model not found", "code": "model_not_found"}});
    assert_eq!(failure(WireFormat::OpenaiChat, Reply::json(200, body)).await.class, ErrorClass::NotFound);
    let moved = Reply::status(307, "moved").header("location", "http://elsewhere.invalid/v1?key=1");
    let error = failure(WireFormat::OpenaiChat, moved).await;
    assert!(error.message.contains("elsewhere.invalid/v1") && !error.message.contains("key=1"), "{error}");

    let whole = json!({"id": "c", "model": MODEL, "choices": [{"index": 0, "finish_reason": "stop", "message":
        {"role": "assistant", "content": null, "tool_calls": [{"id": "x", "type": "function",
            "function": {"name": "ls", "arguments": "{\"path\":\".\"}"}}]}}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}});
    let server = ModelServer::start(WireFormat::OpenaiChat, vec![Reply::json(200, whole)]).await;
    let (message, usage, stop) = answer(&backend(&server)).await;
    assert_eq!(message.tool_calls().next().unwrap().input, json!({"path": "."}));
    assert_eq!((usage.input, usage.output, stop), (5, 2, Some(StopReason::ToolUse)));

    let pieces = json!([{"candidates": [{"content": {"parts": [{"text": "a"}]}}]},
        {"candidates": [{"content": {"parts": [{"text": "b"}]}, "finishReason": "STOP"}]}]);
    let server = ModelServer::start(WireFormat::Gemini, vec![Reply::json(200, pieces)]).await;
    assert_eq!(answer(&backend(&server)).await.0.text(), "ab");
}

#[tokio::test]
async fn cancelling_drops_the_connection_at_once() {
    for format in FORMATS {
        let script = vec![Reply::stall(), Reply::text(&"word ".repeat(60)).stall_at(3000)];
        let server = ModelServer::start(format, script).await;
        let backend = backend(&server);

        let cancel = CancellationToken::new();
        let waiting = tokio::spawn({
            let (backend, cancel) = (backend.clone(), cancel.clone());
            async move { backend.stream(&request(), &cancel).await.err() }
        });
        while server.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
        assert_eq!(waiting.await.unwrap().unwrap().class, ErrorClass::Cancelled);
        server.wait_gone(1).await;

        let cancel = CancellationToken::new();
        let mut stream = backend.stream(&request(), &cancel).await.unwrap();
        assert!(stream.next().await.unwrap().is_ok());
        cancel.cancel();
        let rest: Vec<_> = stream.collect().await;
        assert_eq!(rest.last().unwrap().as_ref().unwrap_err().class, ErrorClass::Cancelled);
        server.wait_gone(2).await;
    }
}

#[tokio::test]
async fn silence_ends_in_a_timeout_before_and_within_an_answer() {
    for reply in [Reply::stall(), Reply::text("one two").stall_at(400)] {
        let server = ModelServer::start(WireFormat::OpenaiChat, vec![reply]).await;
        let backend = backend_with(&server, "idle_timeout_seconds = 0.2");
        let error = ask(&backend, &request()).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Timeout, "{error}");
        server.wait_gone(1).await;
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_unreachable_and_named() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let text =
        format!("kind = \"openai-chat\"\nbase_url = \"http://{closed}/v1\"\nmodel = \"m\"\nlocal = true");
    let backend = Backend::new("mine", &toml::from_str(&text).unwrap(), &|_| None).unwrap();
    let error = ask(&backend, &request()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Unreachable);
    assert!(error.message.contains(&closed.to_string()) && error.message.contains("refused"), "{error}");
    let probe = backend.probe().await;
    assert_eq!(probe.state, ProbeState::Down);
    assert!(probe.message.unwrap().contains("refused"));
}

#[tokio::test]
async fn a_probe_asks_for_the_models_and_nothing_else() {
    for format in FORMATS {
        let server = ModelServer::start(format, vec![]).await;
        let probe = backend(&server).probe().await;
        assert_eq!((probe.state, probe.message), (ProbeState::Up, None), "{format:?}");
        assert!(probe.latency_ms.is_some());
        let paths: Vec<_> = server.received("GET").into_iter().map(|r| r.path).collect();
        let wanted = if format == WireFormat::Gemini { "/v1beta/models" } else { "/v1/models" };
        assert_eq!(paths, [wanted]);
        assert!(server.requests().is_empty());

        server.answer_probes(Reply::status(401, "no such key"));
        let probe = backend(&server).probe().await;
        assert!(probe.state == ProbeState::Down && probe.message.unwrap().contains("no such key"));
        server.answer_probes(Reply::html());
        assert_eq!(backend(&server).probe().await.state, ProbeState::Down);
        server.answer_probes(Reply::status(404, "not here"));
        assert_eq!(backend(&server).probe().await.state, ProbeState::Up);
        server.answer_probes(Reply::json(200, json!({"data": [{"id": "other"}]})));
        let probe = backend(&server).probe().await;
        assert!(probe.state == ProbeState::Up && probe.message.unwrap().contains("other"));
    }
}

#[tokio::test]
async fn a_backend_without_its_key_or_model_says_what_to_set() {
    let settings: BackendSettings = toml::from_str("kind = \"anthropic\"\nmodel = \"m\"").unwrap();
    let backend = Backend::new("cloud", &settings, &|_| None).unwrap();
    assert_eq!(backend.probe().await.state, ProbeState::Unconfigured);
    let error = ask(&backend, &request()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Auth);
    assert!(error.hint().unwrap().contains("ANTHROPIC_API_KEY"));

    let server = ModelServer::start(WireFormat::OpenaiChat, vec![]).await;
    let text = format!("kind = \"openai-chat\"\nbase_url = \"{}\"", server.url());
    let backend = Backend::new("local", &toml::from_str(&text).unwrap(), &|_| None).unwrap();
    let error = ask(&backend, &request()).await.unwrap_err();
    assert!(error.class == ErrorClass::NotFound && error.hint().unwrap().contains("backends.local.model"));
}

#[tokio::test]
async fn deepseek_gets_its_reasoning_back_with_the_calls() {
    let pieces = vec![Piece::Thinking("hm hm".into()), Piece::Call("ls".into(), json!({}))];
    let server =
        ModelServer::start(WireFormat::OpenaiChat, vec![Reply::say(pieces), Reply::text("ok")]).await;
    let text = format!("kind = \"deepseek\"\nbase_url = \"{}\"\nmodel = \"{MODEL}\"", server.url());
    let backend = Backend::new("deepseek", &toml::from_str(&text).unwrap(), &|_| None).unwrap();
    let (said, _, _) = answer(&backend).await;
    let results = said.tool_calls().map(|call| ToolResult::text(call, "ok", false)).collect();
    let messages = vec![Message::user("hi"), said, Message::results(results)];
    ask(&backend, &Request { messages, ..request() }).await.unwrap();
    let sent = &server.requests()[1].body["messages"][2];
    assert_eq!((&sent["reasoning_content"], &sent["content"]), (&json!("hm hm"), &Value::Null));
}
