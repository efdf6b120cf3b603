//! Streams as providers send them, in `fixtures/wire`: what they decode to, wherever they are cut.

use offshoot::chat::{Assembler, Certainty, Delta, ErrorClass, Message, Part, StopReason, Usage, WireFormat};
use offshoot::wire::{Decoder, Encoder, Response, WireError, decode_response, encode_response};
use serde_json::json;

fn fixture(name: &str) -> (WireFormat, Vec<u8>) {
    let formats = [
        ("openai-chat", WireFormat::OpenaiChat),
        ("openai-responses", WireFormat::OpenaiResponses),
        ("anthropic", WireFormat::Anthropic),
        ("gemini", WireFormat::Gemini),
    ];
    let format = formats.iter().find(|(prefix, _)| name.starts_with(prefix)).unwrap().1;
    let path = format!("{}/tests/fixtures/wire/{name}.sse", env!("CARGO_MANIFEST_DIR"));
    (format, std::fs::read(path).unwrap())
}

const ALL: [&str; 14] = [
    "anthropic-error",
    "anthropic-max-tokens",
    "anthropic-thinking-tools",
    "gemini-error",
    "gemini-max-tokens",
    "gemini-safety",
    "gemini-thinking-tools",
    "openai-chat-deepseek",
    "openai-chat-error",
    "openai-chat-odd-calls",
    "openai-chat-parallel-tools",
    "openai-responses-error",
    "openai-responses-incomplete",
    "openai-responses-reasoning-tools",
];

/// A decoder, what it has given, and the error that it ended with.
#[derive(Clone)]
struct Reading {
    decoder: Decoder,
    deltas: Vec<Delta>,
    error: Option<WireError>,
}

impl Reading {
    fn new(format: WireFormat) -> Self {
        Self { decoder: Decoder::new(format), deltas: Vec::new(), error: None }
    }

    fn push(&mut self, piece: &[u8]) {
        for bytes in [piece, &[]] {
            if self.error.is_none() {
                match self.decoder.push(bytes) {
                    Ok(more) => self.deltas.extend(more),
                    Err(error) => self.error = Some(error),
                }
            }
        }
    }

    fn finish(mut self) -> (Vec<Delta>, Option<WireError>) {
        if self.error.is_none() {
            match self.decoder.finish() {
                Ok(more) => self.deltas.extend(more),
                Err(error) => self.error = Some(error),
            }
        }
        (self.deltas, self.error)
    }
}

/// The deltas of a stream that arrives in these pieces, and the error it ends with.
fn decode<'a>(
    format: WireFormat,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Delta>, Option<WireError>) {
    let mut reading = Reading::new(format);
    for piece in pieces {
        reading.push(piece);
    }
    reading.finish()
}

fn assemble(deltas: Vec<Delta>) -> (Message, Usage, Option<StopReason>) {
    let mut assembler = Assembler::default();
    for delta in deltas {
        assembler.push(delta);
    }
    let (usage, stop) = (assembler.usage(), assembler.stop());
    (assembler.finish(), usage, stop)
}

fn answer(name: &str) -> (Message, Usage, Option<StopReason>) {
    let (format, bytes) = fixture(name);
    let (deltas, error) = decode(format, [bytes.as_slice()]);
    assert_eq!(error, None, "{name}");
    assemble(deltas)
}

/// A part as one line.
fn line(part: &Part) -> String {
    match part {
        Part::Text(text) => text.clone(),
        Part::Thinking { text, signature } => {
            let data = signature.as_ref().map_or_else(|| "unsigned".into(), |s| s.data.to_string());
            format!("({text}) {data}")
        }
        Part::ToolCall(call) => {
            let signed = call.signature.as_ref().map(|s| format!(" {}", s.data)).unwrap_or_default();
            format!("{}: {}{}{signed}", call.id, call.name, call.input)
        }
        other => panic!("{other:?}"),
    }
}

fn lines(message: &Message) -> Vec<String> {
    message.parts.iter().map(line).collect()
}

fn usage(input: u64, output: u64, cache_read: u64, cache_write: u64, reasoning: u64) -> Usage {
    Usage { input, output, cache_read, cache_write, reasoning }
}

#[test]
fn a_stream_cut_at_every_byte_gives_the_same_deltas() {
    for name in ALL {
        let (format, bytes) = fixture(name);
        let whole = decode(format, [bytes.as_slice()]);
        let mut head = Reading::new(format);
        for cut in 0..=bytes.len() {
            let mut reading = head.clone();
            reading.push(&bytes[cut..]);
            assert_eq!(reading.finish(), whole, "{name} cut at {cut}");
            head.push(bytes.get(cut..=cut).unwrap_or_default());
        }
        assert_eq!(decode(format, bytes.chunks(1)), whole, "{name} byte by byte");
        assert_eq!(decode(format, bytes.chunks(7)), whole, "{name} by seven");
    }
}

#[test]
fn a_stream_that_ends_too_early_is_an_error_and_never_a_wrong_answer() {
    for name in ALL.into_iter().filter(|name| !name.ends_with("error")) {
        let (format, bytes) = fixture(name);
        let whole = assemble(decode(format, [bytes.as_slice()]).0);
        let mut head = Reading::new(format);
        for end in 0..bytes.len() {
            let (deltas, error) = head.clone().finish();
            head.push(&bytes[end..=end]);
            match error {
                Some(error) => {
                    assert_eq!(error.class, ErrorClass::BadResponse, "{name} until {end}: {error}");
                }
                // Usage may still be missing; what was said may not.
                None => assert_eq!(assemble(deltas).0, whole.0, "{name} until {end}"),
            }
        }
    }
}

#[test]
fn parallel_calls_of_openai() {
    let (message, used, stop) = answer("openai-chat-parallel-tools");
    assert_eq!(
        lines(&message),
        [
            "I'll read both – größe.",
            r#"call_DdmO9pD3xa9XTPNJ32zg2hcA: read{"path":"a.rs"}"#,
            r#"call_Zp2KdbR7wq1Vn0sTnM5Xy8Lf: read{"path":"b.rs"}"#,
        ]
    );
    assert_eq!((used, stop), (usage(93, 46, 1024, 0, 0), Some(StopReason::ToolUse)));
}

#[test]
fn reasoning_and_cache_counters_of_deepseek() {
    let (message, used, stop) = answer("openai-chat-deepseek");
    assert_eq!(
        lines(&message),
        [
            r#"(The user wants a file.) "reasoning_content""#,
            "Writing it.",
            r#"call_00_aQx7pVQ1uM4zLJ0rY3b8Ejkd: write{"path":"x","content":"hi\n"}"#,
        ]
    );
    assert_eq!((used, stop), (usage(260, 120, 640, 0, 80), Some(StopReason::ToolUse)));
}

#[test]
fn calls_without_ids_all_at_index_0_with_whole_arguments() {
    let (message, _, stop) = answer("openai-chat-odd-calls");
    assert_eq!(
        lines(&message),
        [
            r#"(Two listings and one read.) "reasoning""#,
            r#"call_0_chatcmpl-77: ls{"path":"src"}"#,
            r#"call_1_chatcmpl-77: ls{"path":"tests"}"#,
            r#"call_2_chatcmpl-77: read{"path":"Cargo.toml","limit":5}"#,
            "call_3_chatcmpl-77: pwd{}",
        ]
    );
    assert_eq!(stop, Some(StopReason::ToolUse));
}

#[test]
fn signed_and_redacted_thinking_of_anthropic() {
    let (message, used, stop) = answer("anthropic-thinking-tools");
    assert_eq!(
        lines(&message),
        [
            r#"(Look at both files.) {"signature":"EqoBCkgIARAB"}"#,
            r#"() {"redacted":"EmwKAhgBEgy3va3pzix"}"#,
            "Reading – größe 🙂.",
            r#"toolu_01T1x1fJ34qAmk2tNTrN7Up6: read{"path":"a.rs"}"#,
            r#"toolu_01A09q90qw90lq917835lq9: read{"path":"b.rs"}"#,
        ]
    );
    assert_eq!((used, stop), (usage(4, 187, 18211, 312, 0), Some(StopReason::ToolUse)));
}

#[test]
fn encrypted_reasoning_of_responses() {
    let (message, used, stop) = answer("openai-responses-reasoning-tools");
    assert_eq!(
        lines(&message),
        [
            "(**Inspecting**\n\nBoth files.) {\"id\":\"rs_0a6b2c\",\"encrypted_content\":\"gAAAAABo-enc==\"}",
            "Reading – größe.",
            r#"call_9mA: read{"path":"a.rs"}"#,
            r#"call_9mB: read{"path":"b.rs"}"#,
        ]
    );
    assert_eq!((used, stop), (usage(242, 215, 3968, 0, 128), Some(StopReason::ToolUse)));
}

#[test]
fn thoughts_and_signed_calls_of_gemini() {
    let (message, used, stop) = answer("gemini-thinking-tools");
    assert_eq!(
        lines(&message),
        [
            "(**Looking**\nBoth files.) unsigned",
            "Reading – größe.",
            r#"gemini_mAhJaOLJFOqm1e8P8bXxkQ4_0: read{"path":"a.rs"} {"thoughtSignature":"CpwBAVKhc7n="}"#,
            r#"gemini_mAhJaOLJFOqm1e8P8bXxkQ4_1: read{"path":"b.rs"}"#,
        ]
    );
    assert_eq!((used, stop), (usage(254, 128, 2047, 0, 90), Some(StopReason::ToolUse)));
}

#[test]
fn answers_that_ran_into_a_limit_or_a_filter() {
    for name in ["anthropic-max-tokens", "openai-responses-incomplete", "gemini-max-tokens"] {
        let (message, used, stop) = answer(name);
        assert_eq!((message.text().as_str(), used), ("It was a dark and", usage(25, 16, 0, 0, 0)), "{name}");
        assert_eq!(stop, Some(StopReason::MaxTokens), "{name}");
    }
    assert_eq!(answer("gemini-safety").2, Some(StopReason::Refusal));
}

#[test]
fn errors_in_mid_stream_keep_what_was_said() {
    let cases = [
        ("openai-chat-error", 1, ErrorClass::Overloaded, "currently overloaded"),
        ("openai-responses-error", 0, ErrorClass::RateLimit, "Rate limit reached"),
        ("anthropic-error", 2, ErrorClass::Overloaded, "Overloaded"),
        ("gemini-error", 2, ErrorClass::Overloaded, "overloaded"),
    ];
    for (name, count, class, words) in cases {
        let (format, bytes) = fixture(name);
        let (deltas, error) = decode(format, [bytes.as_slice()]);
        let error = error.unwrap();
        assert_eq!((deltas.len(), error.class), (count, class), "{name}: {error}");
        assert!(error.message.contains(words), "{name}: {error}");
    }
}

/// What an answer is once it went through a format that is not its own: reasoning is unsigned there.
fn through(format: WireFormat, message: &Message, own: bool) -> Vec<String> {
    let strip = |part: &Part| match part {
        Part::Thinking { text, .. } if !own => (!text.is_empty()).then(|| format!("({text})")),
        Part::Thinking { text, signature } => {
            let kept = format != WireFormat::OpenaiChat && signature.is_some();
            (!text.is_empty() || kept).then(|| format!("({text})"))
        }
        Part::ToolCall(call) => Some(format!("{}{}", call.name, call.input)),
        other => Some(line(other)),
    };
    message.parts.iter().filter_map(strip).collect()
}

#[test]
fn what_we_serve_is_what_we_read_in_every_format() {
    let formats =
        [WireFormat::OpenaiChat, WireFormat::OpenaiResponses, WireFormat::Anthropic, WireFormat::Gemini];
    for name in ALL.into_iter().filter(|name| !name.ends_with("error")) {
        let (origin, bytes) = fixture(name);
        let deltas = decode(origin, [bytes.as_slice()]).0;
        let (message, used, stop) = assemble(deltas.clone());
        for format in formats {
            let mut encoder = Encoder::new(format, "answer-1", "m");
            let mut served: Vec<u8> = deltas.iter().flat_map(|delta| encoder.push(delta)).collect();
            served.extend(encoder.finish());
            let (again, error) = decode(format, [served.as_slice()]);
            assert_eq!(error, None, "{name} as {format:?}: {}", String::from_utf8_lossy(&served));
            let (said, counted, stopped) = assemble(again);
            let own = origin == format;
            assert_eq!(through(format, &said, own), through(format, &message, own), "{name} as {format:?}");
            assert_eq!(
                (counted.total(), counted.cache_read),
                (used.total(), used.cache_read),
                "{name} as {format:?}"
            );
            assert_eq!(stopped, stop, "{name} as {format:?}");

            let whole = Response {
                id: "answer-1".into(),
                model: "m".into(),
                message: message.clone(),
                usage: used,
                stop,
            };
            let read = decode_response(format, &encode_response(format, &whole)).unwrap();
            assert_eq!(read.stop, stop);
            assert_eq!(read.usage.total(), used.total());
            let calls = |message: &Message| message.tool_calls().map(|c| c.input.clone()).collect::<Vec<_>>();
            assert_eq!((calls(&read.message), read.message.text()), (calls(&message), message.text()));
        }
    }
}

#[test]
fn interleaved_calls_are_served_whole() {
    let call = |index, id: &str| Delta::ToolCall { index, id: id.into(), name: "f".into(), signature: None };
    let input = |index, json: &str| Delta::ToolInput { index, json: json.into() };
    let deltas = [
        call(0, "a"),
        call(1, "b"),
        input(1, "{\"n\":"),
        input(0, "{\"n\":0}"),
        input(1, "1}"),
        Delta::Stop(StopReason::ToolUse),
    ];
    for format in
        [WireFormat::OpenaiChat, WireFormat::OpenaiResponses, WireFormat::Anthropic, WireFormat::Gemini]
    {
        let mut encoder = Encoder::new(format, "x", "m");
        let mut served: Vec<u8> = deltas.iter().flat_map(|delta| encoder.push(delta)).collect();
        served.extend(encoder.finish());
        let (message, _, _) = assemble(decode(format, [served.as_slice()]).0);
        let inputs: Vec<_> = message.tool_calls().map(|c| (c.id.clone(), c.input.clone())).collect();
        assert_eq!(inputs, [("a".into(), json!({"n": 0})), ("b".into(), json!({"n": 1}))], "{format:?}");
    }
}

#[test]
fn an_error_that_we_serve_keeps_its_class() {
    for format in
        [WireFormat::OpenaiChat, WireFormat::OpenaiResponses, WireFormat::Anthropic, WireFormat::Gemini]
    {
        for class in [ErrorClass::Overloaded, ErrorClass::RateLimit, ErrorClass::Auth, ErrorClass::NotFound] {
            let served = Encoder::new(format, "x", "m").fail(&WireError::new(class, "too bad"));
            let error = decode(format, [served.as_slice()]).1.unwrap();
            assert_eq!((error.class, error.message.as_str()), (class, "too bad"), "{format:?}");
        }
    }
}

#[test]
fn log_probabilities_come_once_as_three_numbers_however_long_the_answer() {
    let chat = |logprobs: &str, rest: &str| {
        format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"a\"}},\"logprobs\":{logprobs}{rest}}}]}}\n\n"
        )
    };
    let of = |values: &[f64]| {
        let tokens: Vec<_> = values.iter().map(|value| json!({"token": "a", "logprob": value})).collect();
        json!({"content": tokens, "refusal": null}).to_string()
    };
    let stream = [
        chat(&of(&[-0.5, -1.5]), ""),
        chat("null", ""),
        chat(&of(&[-1.0]), ""),
        chat("{\"content\":[{\"token\":\"b\"},7]}", ",\"finish_reason\":\"stop\""),
        "data: [DONE]\n\n".to_owned(),
    ]
    .concat();
    let certainty = |deltas: &[Delta]| -> Vec<Certainty> {
        let of =
            |delta: &Delta| if let Delta::Certainty(certainty) = delta { Some(*certainty) } else { None };
        deltas.iter().filter_map(of).collect()
    };
    let three = Certainty { sum: -3.0, min: -1.5, tokens: 3 };
    let (deltas, error) = decode(WireFormat::OpenaiChat, [stream.as_bytes()]);
    assert_eq!((certainty(&deltas), error), (vec![three], None));
    // It comes after all text, so that it cuts nothing in two that has to be seen whole.
    assert!(matches!(deltas[deltas.len() - 2..], [Delta::Certainty(_), Delta::Stop(StopReason::End)]));
    let mut assembler = Assembler::default();
    for delta in deltas {
        assembler.push(delta);
    }
    assert_eq!(assembler.certainty(), Some(three));

    let said = |logprobs: &str| {
        format!(
            "data: {{\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"a\",\"logprobs\":{logprobs}}}\n\n"
        )
    };
    let stream = [
        said("[{\"logprob\":-0.5},{\"logprob\":-1.5}]"),
        said("[]"),
        said("[{\"logprob\":-1.0}]"),
        "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"output\":[]}}\n\n"
            .to_owned(),
    ]
    .concat();
    let (deltas, error) = decode(WireFormat::OpenaiResponses, [stream.as_bytes()]);
    assert_eq!((certainty(&deltas), error), (vec![three], None));

    let (deltas, _) =
        decode(WireFormat::OpenaiChat, [chat("null", ",\"finish_reason\":\"stop\"").as_bytes()]);
    assert_eq!(certainty(&deltas), []);
}
