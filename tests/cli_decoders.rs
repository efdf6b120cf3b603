//! What external CLIs printed, as recorded in `fixtures/cli/<cli>/<case>` (`stdout`, `stderr`, `exit`), and what it
//! decodes to (`expected`, one event in a line). All of them ran on a scripted model: one call of it is 1234 tokens
//! in, 200 of them cached, and 56 out, 7 of them reasoning. The cases are named after what the model did; those that
//! begin with `our-` are no recordings, but written after what the CLIs are known to print.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use offshoot::backends::cli::decode::{Decoded, Decoder, RunFacts, by_name};
use offshoot::backends::cli::{CliEvent, Exit};
use offshoot::chat::{StopReason, Usage};
use proptest::prelude::*;

#[test]
fn every_recording_decodes_to_what_happened() {
    let mut wrong = String::new();
    let mut seen = 0;
    for case in Recording::all() {
        seen += 1;
        let told = case.told();
        let expected = std::fs::read_to_string(case.dir.join("expected")).unwrap_or_default();
        if told != expected {
            writeln!(wrong, "=== {} decodes to\n{told}", case.name()).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(seen > 90, "only {seen} recordings were found");
}

#[test]
fn an_answer_that_speaks_of_a_failure_is_none() {
    for case in Recording::all().into_iter().filter(|case| case.case == "main") {
        let words = "Error: 429 Too Many Requests: rate limit exceeded, 401 Unauthorized";
        let stdout = case.stdout.replace("Here is the new file:", words).replace("done", words);
        let (events, decoded) = run(case.decoder().as_mut(), &stdout, &case.stderr, case.exit);
        assert_eq!(decoded.outcome, Ok(StopReason::End), "{}", case.name());
        let said = events.iter().any(|event| matches!(event, CliEvent::Text(text) if text.contains("429")));
        assert!(said, "{} keeps the answer: {events:?}", case.name());
    }
}

#[test]
fn what_is_counted_over_a_session_counts_once() {
    for cli in ["codex", "qwen", "goose"] {
        let case = Recording::all().into_iter().find(|case| case.name() == format!("{cli}/main")).unwrap();
        let reasoning = if cli == "codex" { 7 } else { 0 };
        let half = Usage { input: 1034, output: 56, cache_read: 200, cache_write: 0, reasoning };
        let facts = RunFacts { backend: cli.into(), counted: Some(half) };
        let (_, decoded) = run(by_name(cli, facts).unwrap().as_mut(), &case.stdout, "", case.exit);
        assert_eq!(decoded.usage, Some(half), "{cli}");
        assert_eq!(decoded.counted.unwrap().input, 2068, "{cli}");
    }
}

#[test]
fn a_recording_that_is_cut_off_is_no_success_without_a_word() {
    for case in Recording::all().into_iter().filter(|case| case.case == "main") {
        let mut decoder = case.decoder();
        let outcome = decoder.end(Exit::Signal(9), "", &mut Vec::new()).outcome;
        let error = outcome.unwrap_err();
        assert!(error.message.starts_with(&format!("backend \"{}\": ", case.cli)), "{}", error.message);
        assert!(error.message.contains("signal 9"), "{}", error.message);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever a CLI prints: no decoder panics, each id is used once, each result has its call, and words that are
    /// to be shown are one clean line.
    #[test]
    fn no_decoder_stumbles_over_garbled_output(
        seed in any::<proptest::sample::Index>(),
        cuts in proptest::collection::vec((any::<proptest::sample::Index>(), 0_u8..7), 0..12),
    ) {
        let all = Recording::all();
        let case = &all[seed.index(all.len())];
        let stdout = garbled(&case.stdout, &cuts);
        let stderr = garbled(&case.stderr, &cuts);
        for name in NAMES {
            let facts = RunFacts { backend: "b".into(), counted: None };
            let mut decoder = by_name(name, facts).unwrap();
            let (events, decoded) = run(decoder.as_mut(), &stdout, &stderr, case.exit);
            check(&events, &decoded);
        }
    }
}

const NAMES: [&str; 12] = [
    "codex", "claude", "gemini", "qwen", "opencode", "cline", "continue", "droid", "goose", "aider", "gptme",
    "text",
];

/// The text with lines cut, doubled, swapped, and with values of other types.
fn garbled(text: &str, cuts: &[(proptest::sample::Index, u8)]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (at, how) in cuts {
        if lines.is_empty() {
            break;
        }
        let at = at.index(lines.len());
        let line = lines[at].clone();
        match how {
            0 => lines[at] = line.chars().take(line.chars().count() / 2).collect(),
            1 => lines.insert(at, line),
            2 => lines.swap(at, 0),
            3 => drop(lines.remove(at)),
            4 => lines[at] = line.replace(":\"", ":[1,\"").replace("\",", "\"],"),
            5 => lines[at] = line.replace("1234", "18446744073709551615").replace("\":{", "\":null,\"x\":{"),
            _ => {
                let huge = format!("text\":\"\\u001b[2J\\u0007{}", "é".repeat(50_000));
                lines[at] =
                    line.replacen("text\":\"", &huge, 1).replacen("message\":\"", "message\":\"\\u009b2J", 1);
            }
        }
    }
    lines.join("\n")
}

fn check(events: &[CliEvent], decoded: &Decoded) {
    let mut open = std::collections::HashSet::new();
    let mut used = std::collections::HashSet::new();
    let clean = |words: &str| {
        assert!(!words.chars().any(char::is_control), "{words:?}");
        assert!(words.len() < 4_000, "{} bytes", words.len());
    };
    for event in events {
        match event {
            CliEvent::ToolCall { call, .. } => {
                assert!(used.insert(call.id.clone()), "{} is used twice", call.id);
                open.insert(call.id.clone());
            }
            CliEvent::ToolResult { id, .. } => assert!(open.remove(id), "{id} was not open"),
            CliEvent::Notice(words) | CliEvent::Retry { message: words, .. } => clean(words),
            CliEvent::Text(text) | CliEvent::Thinking(text) => assert!(!text.is_empty()),
            CliEvent::Ended(_) => panic!("the end is told by the engine"),
            _ => {}
        }
    }
    let broken = events.windows(2).any(|pair| pair == [CliEvent::Break, CliEvent::Break]);
    assert!(!broken, "two breaks in a row");
    if let Err(error) = &decoded.outcome {
        clean(&error.message);
    }
}

/// What a CLI printed in one run.
struct Recording {
    dir: PathBuf,
    cli: String,
    case: String,
    stdout: String,
    stderr: String,
    exit: Exit,
}

impl Recording {
    fn all() -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cli");
        let mut all: Vec<Self> = folders(&root).iter().flat_map(|cli| folders(cli)).map(Self::read).collect();
        all.sort_by_key(Self::name);
        all
    }

    fn read(dir: PathBuf) -> Self {
        let text = |name| std::fs::read_to_string(dir.join(name));
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        let exit: i32 = text("exit").unwrap().trim().parse().unwrap();
        Self {
            cli: name(dir.parent().unwrap()),
            case: name(&dir),
            stdout: text("stdout").unwrap(),
            stderr: text("stderr").unwrap_or_default(),
            exit: if exit < 0 { Exit::Signal(-exit) } else { Exit::Code(exit) },
            dir,
        }
    }

    fn name(&self) -> String {
        format!("{}/{}", self.cli, self.case)
    }

    /// Runs in which a CLI was asked for plain text are read as such.
    fn decoder(&self) -> Box<dyn Decoder> {
        let name = if self.case.starts_with("text") { "text" } else { &self.cli };
        by_name(name, RunFacts { backend: self.cli.clone(), counted: None }).unwrap()
    }

    fn told(&self) -> String {
        let (events, decoded) = run(self.decoder().as_mut(), &self.stdout, &self.stderr, self.exit);
        let mut told: String = events.iter().map(|event| shown(event) + "\n").collect();
        match &decoded.outcome {
            Ok(reason) => writeln!(told, "end {reason:?}").unwrap(),
            Err(error) => {
                let status = error.status.map(|status| format!(" {status}")).unwrap_or_default();
                writeln!(told, "end {}{status} {}", error.class, error.message).unwrap();
                if let Some(hint) = &error.hint {
                    writeln!(told, "hint {hint}").unwrap();
                }
            }
        }
        if let Some(usage) = decoded.usage {
            writeln!(told, "used {}", tokens(usage)).unwrap();
        }
        if let Some(counted) = decoded.counted {
            writeln!(told, "counted {}", tokens(counted)).unwrap();
        }
        if let Some(cost) = decoded.cost_usd {
            writeln!(told, "cost {cost:.6}").unwrap();
        }
        told
    }
}

/// As the engine hands them on: lines without their newline, then the last of standard error.
fn run(decoder: &mut dyn Decoder, stdout: &str, stderr: &str, exit: Exit) -> (Vec<CliEvent>, Decoded) {
    let mut events = Vec::new();
    for line in stdout.lines() {
        decoder.line(line, &mut events);
    }
    for line in stderr.lines() {
        decoder.error_line(line, &mut events);
    }
    let least = stderr.len().saturating_sub(8 * 1024);
    let tail = (least..=stderr.len()).find(|at| stderr.is_char_boundary(*at)).unwrap();
    let end = decoder.end(exit, &stderr[tail..], &mut events);
    (events, end)
}

fn shown(event: &CliEvent) -> String {
    match event {
        CliEvent::Session(id) => format!("session {id}"),
        CliEvent::Model(name) => format!("model {name}"),
        CliEvent::Text(text) => format!("text {text:?}"),
        CliEvent::Thinking(text) => format!("thinking {text:?}"),
        CliEvent::Break => "break".into(),
        CliEvent::ToolCall { call, kind } => {
            format!("call {} {} {kind:?} {}", call.id, call.name, call.input)
        }
        CliEvent::ToolOutput { id, text } => format!("output {id} {text:?}"),
        CliEvent::ToolResult { id, is_error, content } => {
            format!("{} {id} {content:?}", if *is_error { "failed" } else { "result" })
        }
        CliEvent::Permission { id, .. } => format!("permission {id}"),
        CliEvent::Usage(usage) => format!("usage {}", tokens(*usage)),
        CliEvent::Retry { attempt, class, message } => format!("retry {attempt} {class} {message}"),
        CliEvent::Notice(words) => format!("notice {words}"),
        CliEvent::Ended(_) => "ended".into(),
    }
}

fn tokens(usage: Usage) -> String {
    let Usage { input, output, cache_read, cache_write, reasoning } = usage;
    format!("in {input} out {output} read {cache_read} write {cache_write} reasoning {reasoning}")
}

fn folders(dir: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
}
