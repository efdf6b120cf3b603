//! A model server on loopback that plays a script: one reply per request, in any of the wire formats,
//! whole or broken in the ways that servers break. Its streams are written out here by hand, apart
//! from the encoders of the library, so that they are evidence for its decoders.
//!
//! It runs on a thread of its own: a test may block while a child process talks to it. A GET (for the
//! list of models) uses up no reply. Instead of a script, a function can find the reply to each request.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use offshoot::chat::WireFormat;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The name of the only model that the list of models has.
pub const MODEL: &str = "test-model";

type Answers = Box<dyn Fn(&Received) -> Reply + Send + Sync>;

pub struct ModelServer {
    address: std::net::SocketAddr,
    format: WireFormat,
    shared: Arc<Shared>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

struct Shared {
    format: WireFormat,
    script: Mutex<VecDeque<Reply>>,
    /// Answers everything, GETs too, in place of the script.
    answers: Option<Answers>,
    probe: Mutex<Reply>,
    received: Mutex<Vec<Received>>,
    gone: watch::Sender<usize>,
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Received {
    pub method: String,
    /// With the query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// `Null` when the body was no JSON.
    pub body: Value,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl ModelServer {
    /// Starts a server that plays `script`; requests beyond it are answered with status 500.
    #[allow(clippy::unused_async, reason = "tests await it, and may have something to wait for one day")]
    pub async fn start(format: WireFormat, script: Vec<Reply>) -> Self {
        Self::start_blocking(format, script)
    }

    /// The same, from a test without a runtime.
    pub fn start_blocking(format: WireFormat, script: Vec<Reply>) -> Self {
        Self::serve(format, script, None)
    }

    /// Starts a server that finds its reply to each request, GETs too, by a function. Replies that say something
    /// name their format.
    pub fn answering(answers: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        Self::serve(WireFormat::OpenaiChat, Vec::new(), Some(Box::new(answers)))
    }

    fn serve(format: WireFormat, script: Vec<Reply>, answers: Option<Answers>) -> Self {
        let shared = Arc::new(Shared {
            format,
            script: Mutex::new(script.into()),
            answers,
            probe: Mutex::new(Reply::json(200, json!({"object": "list", "data": [{"id": MODEL}]}))),
            received: Mutex::new(Vec::new()),
            gone: watch::Sender::new(0),
        });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let serving = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                let accept = async {
                    loop {
                        let (stream, _) = listener.accept().await.unwrap();
                        tokio::spawn(connection(stream, Arc::clone(&serving)));
                    }
                };
                tokio::select! { () = accept => {}, _ = stopped => {} }
            });
        });
        Self { address, format, shared, stop: Some(stop), thread: Some(thread) }
    }

    /// Without a path.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The base URL as the settings want it.
    pub fn url(&self) -> String {
        match self.format {
            WireFormat::OpenaiChat | WireFormat::OpenaiResponses => format!("http://{}/v1", self.address),
            WireFormat::Anthropic | WireFormat::Gemini => format!("http://{}", self.address),
        }
    }

    /// `kind` in the settings.
    pub fn kind(&self) -> &'static str {
        match self.format {
            WireFormat::OpenaiChat => "openai-chat",
            WireFormat::OpenaiResponses => "openai-responses",
            WireFormat::Anthropic => "anthropic",
            WireFormat::Gemini => "gemini",
        }
    }

    /// A `[backends.<id>]` table for this server, local and without a key.
    pub fn settings(&self, id: &str) -> String {
        let (kind, url) = (self.kind(), self.url());
        format!(
            "[backends.{id}]\nkind = \"{kind}\"\nbase_url = \"{url}\"\nmodel = \"{MODEL}\"\nlocal = true\n"
        )
    }

    /// More replies, behind those that are left.
    pub fn push(&self, reply: Reply) {
        self.shared.script.lock().unwrap().push_back(reply);
    }

    /// What GETs are answered with from now on.
    pub fn answer_probes(&self, reply: Reply) {
        *self.shared.probe.lock().unwrap() = reply;
    }

    /// The POSTs received so far.
    pub fn requests(&self) -> Vec<Received> {
        self.received("POST")
    }

    /// All requests of a method.
    pub fn received(&self, method: &str) -> Vec<Received> {
        self.shared.received.lock().unwrap().iter().filter(|r| r.method == method).cloned().collect()
    }

    /// Replies that nobody has asked for yet.
    pub fn left(&self) -> usize {
        self.shared.script.lock().unwrap().len()
    }

    /// Waits until so many clients have gone away from replies that stall.
    pub async fn wait_gone(&self, count: usize) {
        self.shared.gone.subscribe().wait_for(|gone| *gone >= count).await.unwrap();
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// How one request is answered.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Body,
    /// Tokens of the prompt (cached ones included), of them cached, of the answer, of them reasoning.
    usage: (u64, u64, u64, u64),
    stop: Option<Stop>,
    /// Otherwise that of the server.
    format: Option<WireFormat>,
    /// The connection is cut or falls silent after so many bytes of the body.
    cut: Option<usize>,
    stall: Option<usize>,
    drip: Option<usize>,
}

#[derive(Debug, Clone)]
enum Body {
    Say(Vec<Piece>),
    Raw(Vec<u8>),
    /// Not even a status.
    Nothing,
    /// The connection is closed without an answer.
    HangUp,
}

/// What a model says, piece by piece.
#[derive(Debug, Clone)]
pub enum Piece {
    Text(String),
    Thinking(String),
    Call(String, Value),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    End,
    ToolUse,
    MaxTokens,
    Refusal,
}

impl Reply {
    fn new(status: u16, body: Body) -> Self {
        let headers = Vec::new();
        Self {
            status,
            headers,
            body,
            usage: (1200, 200, 56, 7),
            stop: None,
            format: None,
            cut: None,
            stall: None,
            drip: None,
        }
    }

    /// An answer of several pieces.
    pub fn say(pieces: Vec<Piece>) -> Self {
        Self::new(200, Body::Say(pieces)).header("content-type", "text/event-stream")
    }

    pub fn text(text: &str) -> Self {
        Self::say(vec![Piece::Text(text.into())])
    }

    pub fn thinking(thought: &str, text: &str) -> Self {
        Self::say(vec![Piece::Thinking(thought.into()), Piece::Text(text.into())])
    }

    /// One call.
    pub fn tool(name: &str, input: Value) -> Self {
        Self::tools(vec![(name, input)])
    }

    /// Several calls at once.
    pub fn tools(calls: Vec<(&str, Value)>) -> Self {
        Self::say(calls.into_iter().map(|(name, input)| Piece::Call(name.into(), input)).collect())
    }

    /// JSON with a status: errors, and answers of servers that do not stream.
    pub fn json(status: u16, body: Value) -> Self {
        Self::new(status, Body::Raw(body.to_string().into())).header("content-type", "application/json")
    }

    /// An error as its provider words it: `{"error": {"message": …}}`.
    pub fn status(status: u16, message: &str) -> Self {
        Self::json(status, json!({"error": {"message": message, "type": "test", "code": null}}))
    }

    /// A page, as from a proxy or a wrong address.
    pub fn html() -> Self {
        let page = "<!DOCTYPE html><html><body><h1>It works!</h1></body></html>";
        Self::new(200, Body::Raw(page.into())).header("content-type", "text/html; charset=utf-8")
    }

    /// Bytes of an event stream.
    pub fn events(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(200, Body::Raw(bytes.into())).header("content-type", "text/event-stream")
    }

    pub fn empty() -> Self {
        Self::events("")
    }

    /// Silence, from the first byte on, until the client goes away.
    pub fn stall() -> Self {
        Self::new(200, Body::Nothing)
    }

    pub fn hang_up() -> Self {
        Self::new(200, Body::HangUp)
    }

    /// A text whose connection is cut after so many bytes of the body.
    pub fn cut_after(bytes: usize) -> Self {
        Self::text("this answer will never be read to its end").cut_at(bytes)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Tokens of the prompt (cached ones included), of them cached, of the answer, of them reasoning.
    pub fn usage(mut self, prompt: u64, cached: u64, output: u64, reasoning: u64) -> Self {
        self.usage = (prompt, cached, output, reasoning);
        self
    }

    /// Otherwise it follows from the pieces.
    pub fn stop(mut self, stop: Stop) -> Self {
        self.stop = Some(stop);
        self
    }

    pub fn in_format(mut self, format: WireFormat) -> Self {
        self.format = Some(format);
        self
    }

    pub fn cut_at(mut self, bytes: usize) -> Self {
        self.cut = Some(bytes);
        self
    }

    /// Falls silent after so many bytes of the body, until the client goes away.
    pub fn stall_at(mut self, bytes: usize) -> Self {
        self.stall = Some(bytes);
        self
    }

    /// Sends the body in pieces of so many bytes.
    pub fn drip(mut self, bytes: usize) -> Self {
        self.drip = Some(bytes);
        self
    }
}

async fn connection(mut stream: TcpStream, shared: Arc<Shared>) {
    let Some(request) = read_request(&mut stream).await else { return };
    let n = {
        let mut received = shared.received.lock().unwrap();
        received.push(request.clone());
        received.len()
    };
    let reply = if let Some(answers) = &shared.answers {
        answers(&request)
    } else if request.method == "GET" {
        shared.probe.lock().unwrap().clone()
    } else {
        let next = shared.script.lock().unwrap().pop_front();
        next.unwrap_or_else(|| Reply::status(500, "the script of the test has no more replies"))
    };
    if answer(&mut stream, &reply, shared.format, n).await.is_none() {
        shared.gone.send_modify(|gone| *gone += 1);
    }
}

/// `None` when the client went away.
async fn answer(stream: &mut TcpStream, reply: &Reply, format: WireFormat, n: usize) -> Option<()> {
    let body = match &reply.body {
        Body::Nothing => return wait_until_gone(stream).await,
        Body::HangUp => return Some(()),
        Body::Raw(bytes) => bytes.clone(),
        Body::Say(pieces) => render(pieces, reply, reply.format.unwrap_or(format), n).into_bytes(),
    };
    let mut head =
        format!("HTTP/1.1 {} Scripted\r\nconnection: close\r\ntransfer-encoding: chunked\r\n", reply.status);
    for (name, value) in &reply.headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all((head + "\r\n").as_bytes()).await.ok()?;
    let end = reply.cut.or(reply.stall).unwrap_or(body.len()).min(body.len());
    for piece in body[..end].chunks(reply.drip.unwrap_or(usize::MAX)) {
        let framed = [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
        stream.write_all(&framed).await.ok()?;
        stream.flush().await.ok()?;
        tokio::task::yield_now().await;
    }
    if reply.stall.is_some() {
        return wait_until_gone(stream).await;
    }
    if reply.cut.is_none() {
        stream.write_all(b"0\r\n\r\n").await.ok()?;
        stream.shutdown().await.ok();
    }
    Some(())
}

async fn wait_until_gone(stream: &mut TcpStream) -> Option<()> {
    let mut buffer = [0; 256];
    // Nobody waits longer than this for a test that hangs.
    let gone = async { while matches!(stream.read(&mut buffer).await, Ok(n) if n > 0) {} };
    tokio::time::timeout(Duration::from_secs(60), gone).await.ok();
    None
}

async fn read_request(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        match stream.read(&mut buffer).await {
            Ok(n) if n > 0 => bytes.extend_from_slice(&buffer[..n]),
            _ => return None,
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, n)| n.parse().ok());
    let wanted = end + 4 + length.unwrap_or(0);
    while bytes.len() < wanted {
        match stream.read(&mut buffer).await {
            Ok(n) if n > 0 => bytes.extend_from_slice(&buffer[..n]),
            _ => return None,
        }
    }
    let body = serde_json::from_slice(&bytes[end + 4..]).unwrap_or(Value::Null);
    Some(Received { method, path, headers, body })
}

/// The words of a text, each with the blank behind it.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(' ')
}

/// Arguments cut in two.
fn halves(json: &str) -> [&str; 2] {
    let middle = (json.len() / 2..json.len()).find(|at| json.is_char_boundary(*at)).unwrap_or(json.len());
    let (head, tail) = json.split_at(middle);
    [head, tail]
}

fn render(pieces: &[Piece], reply: &Reply, format: WireFormat, n: usize) -> String {
    let has_calls = pieces.iter().any(|piece| matches!(piece, Piece::Call(..)));
    let stop = reply.stop.unwrap_or(if has_calls { Stop::ToolUse } else { Stop::End });
    match format {
        WireFormat::OpenaiChat => chat(pieces, reply.usage, stop, n),
        WireFormat::OpenaiResponses => responses(pieces, reply.usage, stop, n),
        WireFormat::Anthropic => anthropic(pieces, reply.usage, stop, n),
        WireFormat::Gemini => gemini(pieces, reply.usage, stop, n),
    }
}

type Usage = (u64, u64, u64, u64);

fn chat(pieces: &[Piece], (prompt, cached, output, reasoning): Usage, stop: Stop, n: usize) -> String {
    let mut out = String::new();
    let mut emit = |choices: Value, usage: Value| {
        let chunk = json!({"id": format!("chatcmpl-{n}"), "object": "chat.completion.chunk", "created": 1,
            "model": MODEL, "choices": choices, "usage": usage});
        out += &format!("data: {chunk}\n\n");
    };
    let delta = |delta: Value, finish: Value| json!([{"index": 0, "delta": delta, "finish_reason": finish}]);
    emit(delta(json!({"role": "assistant", "content": null}), Value::Null), Value::Null);
    let mut call = 0;
    for piece in pieces {
        match piece {
            Piece::Text(text) => {
                words(text).for_each(|w| emit(delta(json!({"content": w}), Value::Null), Value::Null));
            }
            Piece::Thinking(text) => {
                words(text)
                    .for_each(|w| emit(delta(json!({"reasoning_content": w}), Value::Null), Value::Null));
            }
            Piece::Call(name, input) => {
                let begin = json!({"tool_calls": [{"index": call, "id": format!("call_{n}_{call}"),
                    "type": "function", "function": {"name": name, "arguments": ""}}]});
                emit(delta(begin, Value::Null), Value::Null);
                for half in halves(&input.to_string()) {
                    let more = json!({"tool_calls": [{"index": call, "function": {"arguments": half}}]});
                    emit(delta(more, Value::Null), Value::Null);
                }
                call += 1;
            }
        }
    }
    let reason = match stop {
        Stop::End => "stop",
        Stop::ToolUse => "tool_calls",
        Stop::MaxTokens => "length",
        Stop::Refusal => "content_filter",
    };
    emit(delta(json!({}), reason.into()), Value::Null);
    emit(
        json!([]),
        json!({"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output,
            "prompt_tokens_details": {"cached_tokens": cached},
            "completion_tokens_details": {"reasoning_tokens": reasoning}}),
    );
    out + "data: [DONE]\n\n"
}

fn anthropic(pieces: &[Piece], (prompt, cached, output, _): Usage, stop: Stop, n: usize) -> String {
    let mut out = String::new();
    let mut emit = |event: Value| {
        let name = event["type"].as_str().unwrap().to_owned();
        out += &format!("event: {name}\ndata: {event}\n\n");
    };
    emit(json!({"type": "message_start", "message": {"id": format!("msg_{n}"), "type": "message",
        "role": "assistant", "model": MODEL, "content": [], "stop_reason": null, "stop_sequence": null,
        "usage": {"input_tokens": prompt - cached, "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": cached, "output_tokens": 1}}}));
    emit(json!({"type": "ping"}));
    for (at, piece) in pieces.iter().enumerate() {
        let block = match piece {
            Piece::Text(_) => json!({"type": "text", "text": ""}),
            Piece::Thinking(_) => json!({"type": "thinking", "thinking": "", "signature": ""}),
            Piece::Call(name, _) => {
                json!({"type": "tool_use", "id": format!("toolu_{n}_{at}"), "name": name, "input": {}})
            }
        };
        emit(json!({"type": "content_block_start", "index": at, "content_block": block}));
        let mut delta =
            |delta: Value| emit(json!({"type": "content_block_delta", "index": at, "delta": delta}));
        match piece {
            Piece::Text(text) => words(text).for_each(|w| delta(json!({"type": "text_delta", "text": w}))),
            Piece::Thinking(text) => {
                words(text).for_each(|w| delta(json!({"type": "thinking_delta", "thinking": w})));
                delta(json!({"type": "signature_delta", "signature": format!("sig-{n}-{at}")}));
            }
            Piece::Call(_, input) => halves(&input.to_string())
                .into_iter()
                .for_each(|half| delta(json!({"type": "input_json_delta", "partial_json": half}))),
        }
        emit(json!({"type": "content_block_stop", "index": at}));
    }
    let reason = match stop {
        Stop::End => "end_turn",
        Stop::ToolUse => "tool_use",
        Stop::MaxTokens => "max_tokens",
        Stop::Refusal => "refusal",
    };
    emit(json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null},
        "usage": {"output_tokens": output}}));
    emit(json!({"type": "message_stop"}));
    out
}

fn responses(pieces: &[Piece], (prompt, cached, output, reasoning): Usage, stop: Stop, n: usize) -> String {
    let mut out = String::new();
    let mut number = 0;
    let mut emit = |mut event: Value| {
        event["sequence_number"] = number.into();
        number += 1;
        let name = event["type"].as_str().unwrap().to_owned();
        out += &format!("event: {name}\ndata: {event}\n\n");
    };
    let mut response = json!({"id": format!("resp_{n}"), "object": "response", "created_at": 1, "model": MODEL,
        "status": "in_progress", "error": null, "incomplete_details": null, "output": [], "usage": null});
    emit(json!({"type": "response.created", "response": response}));
    let mut items = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        let (item, opened) = match piece {
            Piece::Text(text) => {
                let whole = json!({"id": format!("msg_{at}"), "type": "message", "status": "completed",
                    "role": "assistant", "content": [{"type": "output_text", "text": text, "annotations": []}]});
                let mut open = whole.clone();
                open["content"] = json!([]);
                (whole, open)
            }
            Piece::Thinking(text) => {
                let whole = json!({"id": format!("rs_{n}_{at}"), "type": "reasoning",
                    "summary": [{"type": "summary_text", "text": text}],
                    "encrypted_content": format!("enc-{n}-{at}")});
                (whole, json!({"id": format!("rs_{n}_{at}"), "type": "reasoning", "summary": []}))
            }
            Piece::Call(name, input) => {
                let whole = json!({"id": format!("fc_{at}"), "type": "function_call", "status": "completed",
                    "call_id": format!("call_{n}_{at}"), "name": name, "arguments": input.to_string()});
                let mut open = whole.clone();
                open["arguments"] = "".into();
                (whole, open)
            }
        };
        emit(json!({"type": "response.output_item.added", "output_index": at, "item": opened}));
        let id = item["id"].clone();
        let mut delta = |kind: &str, text: &str| {
            emit(json!({"type": kind, "item_id": id, "output_index": at, "delta": text}));
        };
        match piece {
            Piece::Text(text) => words(text).for_each(|w| delta("response.output_text.delta", w)),
            Piece::Thinking(text) => {
                words(text).for_each(|w| delta("response.reasoning_summary_text.delta", w));
            }
            Piece::Call(_, input) => halves(&input.to_string())
                .into_iter()
                .for_each(|half| delta("response.function_call_arguments.delta", half)),
        }
        emit(json!({"type": "response.output_item.done", "output_index": at, "item": item}));
        items.push(item);
    }
    let (status, reason) = match stop {
        Stop::End | Stop::ToolUse => ("completed", Value::Null),
        Stop::MaxTokens => ("incomplete", json!({"reason": "max_output_tokens"})),
        Stop::Refusal => ("incomplete", json!({"reason": "content_filter"})),
    };
    response["status"] = status.into();
    response["incomplete_details"] = reason;
    response["output"] = items.into();
    response["usage"] = json!({"input_tokens": prompt, "input_tokens_details": {"cached_tokens": cached},
        "output_tokens": output, "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": prompt + output});
    emit(json!({"type": format!("response.{status}"), "response": response}));
    out
}

fn gemini(pieces: &[Piece], (prompt, cached, output, reasoning): Usage, stop: Stop, n: usize) -> String {
    let mut out = String::new();
    let mut emit = |parts: Value, finish: Option<&str>| {
        let mut candidate = json!({"content": {"parts": parts, "role": "model"}, "index": 0});
        if let Some(finish) = finish {
            candidate["finishReason"] = finish.into();
        }
        let chunk = json!({"candidates": [candidate], "usageMetadata": {"promptTokenCount": prompt,
            "cachedContentTokenCount": cached, "candidatesTokenCount": output - reasoning,
            "thoughtsTokenCount": reasoning, "totalTokenCount": prompt + output},
            "modelVersion": MODEL, "responseId": format!("resp{n}")});
        out += &format!("data: {chunk}\r\n\r\n");
    };
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Text(text) => words(text).for_each(|w| emit(json!([{"text": w}]), None)),
            Piece::Thinking(text) => {
                words(text).for_each(|w| emit(json!([{"text": w, "thought": true}]), None));
            }
            Piece::Call(name, input) => emit(
                json!([{"functionCall": {"name": name, "args": input}, "thoughtSignature": format!("sig-{n}-{at}")}]),
                None,
            ),
        }
    }
    let reason = match stop {
        Stop::End | Stop::ToolUse => "STOP",
        Stop::MaxTokens => "MAX_TOKENS",
        Stop::Refusal => "SAFETY",
    };
    emit(json!([{"text": ""}]), Some(reason));
    out
}
