use std::path::Path;

use super::*;
use crate::backends::cli::decode::Decoded;
use crate::backends::cli::{CliEnd, ToolKind};
use crate::chat::{ErrorClass, StopReason, ToolCall, Usage};
use crate::tools::output::Cap;
use crate::tools::shell::{Environment, SandboxPolicy};

/// Reads lines of one word and the rest: `say hello`, `retry busy`, `call 1`, `done 1`, `usage 7`, `fail no`.
#[derive(Default)]
struct Plain {
    usage: Option<Usage>,
    failed: Option<String>,
    broken: u32,
}

impl Decoder for Plain {
    fn line(&mut self, line: &str, events: &mut Vec<CliEvent>) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.to_owned();
        let event = match word {
            "say" => CliEvent::Text(rest),
            "retry" => CliEvent::Retry { attempt: 1, class: ErrorClass::Overloaded, message: rest },
            "call" => {
                let input = serde_json::Value::Null;
                let call = ToolCall { id: rest, name: "bash".into(), input, signature: None };
                CliEvent::ToolCall { call, kind: ToolKind::Other }
            }
            "done" => CliEvent::ToolResult { id: rest, is_error: false, content: String::new() },
            "usage" => {
                self.usage = Some(Usage { input: rest.parse().unwrap(), ..Usage::default() });
                return;
            }
            "fail" => {
                self.failed = Some(rest);
                return;
            }
            _ => return,
        };
        events.push(event);
    }

    fn broken(&mut self, _events: &mut Vec<CliEvent>) {
        self.broken += 1;
    }

    fn end(&mut self, _exit: Exit, _stderr: &str, events: &mut Vec<CliEvent>) -> Decoded {
        if self.broken > 0 {
            events.push(CliEvent::Notice(format!("{} broken", self.broken)));
        }
        let outcome = match self.failed.take() {
            Some(message) => Err(BackendError::new(ErrorClass::RateLimit, message)),
            None => Ok(StopReason::End),
        };
        Decoded { outcome, usage: self.usage, counted: None, cost_usd: None }
    }
}

struct Bench {
    dir: tempfile::TempDir,
    cancel: CancellationToken,
    silence: Duration,
    stdin: Option<String>,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { dir, cancel: CancellationToken::new(), silence: Duration::from_secs(60), stdin: None }
    }

    fn start(&self, script: &str) -> CliRun {
        let dir: &Path = self.dir.path();
        let profile =
            "program = \"tool\"\ninstall = \"get tool\"\nstart = [\"@prompt\"]\n[prompt]\nargs = []\n";
        let process = Process {
            program: "sh".into(),
            args: vec!["-c".into(), script.into()],
            dir: dir.to_owned(),
            env: Environment::new([("PATH".into(), "/usr/bin:/bin".into())], &[], dir, dir),
            sandbox: SandboxPolicy::default(),
            timeout: None,
            cap: Cap::COMMAND,
        };
        let launch = Launch {
            process,
            stdin: self.stdin.clone(),
            prompt_file: None,
            before: Before::default(),
            watch: Watch::new(self.silence, 2),
            grace: Duration::from_secs(2),
            session: Some("its-name".into()),
            words: Words::new("mine", &toml::from_str(profile).unwrap(), vec!["very-secret".into()]),
        };
        start(launch, Box::new(Plain::default()), &self.cancel).unwrap()
    }

    /// All that was told, and the end.
    async fn run(&self, script: &str) -> (Vec<CliEvent>, CliEnd) {
        all(self.start(script)).await
    }
}

async fn all(mut run: CliRun) -> (Vec<CliEvent>, CliEnd) {
    let mut events = Vec::new();
    while let Some(event) = run.next().await {
        events.push(event);
    }
    match events.pop() {
        Some(CliEvent::Ended(end)) => (events, end),
        other => panic!("not an end: {other:?}"),
    }
}

async fn run(script: &str) -> (Vec<CliEvent>, CliEnd) {
    Bench::new().run(script).await
}

fn failure(end: CliEnd) -> (ErrorClass, String) {
    let error = end.outcome.unwrap_err();
    (error.class, error.message)
}

fn say(text: &str) -> CliEvent {
    CliEvent::Text(text.into())
}

fn session() -> CliEvent {
    CliEvent::Session("its-name".into())
}

#[tokio::test]
async fn what_it_prints_is_told_in_order_and_the_end_comes_last() {
    let (events, end) = run("echo say one; echo banner; echo usage 7; echo say two; exit 3").await;
    assert_eq!(events, [say("one"), say("two"), session()]);
    assert_eq!(end.outcome, Ok(StopReason::End));
    assert_eq!(end.usage.unwrap().input, 7);
}

#[tokio::test]
async fn an_error_counts_whatever_the_exit_code() {
    let (_, end) = run("echo say half; echo fail too many, very-secret; exit 0").await;
    assert_eq!(failure(end), (ErrorClass::RateLimit, "too many, [redacted:secret]".into()));
}

#[tokio::test]
async fn an_end_without_a_word_is_a_failure_that_says_what_standard_error_said() {
    let (events, end) = run("echo 'no model, very-secret' >&2; exit 0").await;
    assert_eq!(events, []);
    let said = "backend \"mine\": tool said nothing (exit code 0): no model, [redacted:secret]";
    assert_eq!(failure(end), (ErrorClass::BadResponse, said.into()));
}

#[tokio::test]
async fn an_old_one_does_not_know_its_command_line() {
    let (_, end) = run("echo \"error: unexpected argument '--json' found\" >&2; exit 2").await;
    assert_eq!(
        end.outcome.as_ref().unwrap_err().hint(),
        Some("another version may know it: update it (get tool)")
    );
    assert_eq!(failure(end).0, ErrorClass::NotFound);
}

#[tokio::test]
async fn a_silent_one_is_ended() {
    let bench = Bench { silence: Duration::from_secs(1), ..Bench::new() };
    let (events, end) = bench.run("echo say one; sleep 1000").await;
    assert_eq!(events, [say("one"), session()]);
    let said = "backend \"mine\": tool said nothing for 1 seconds";
    assert_eq!(failure(end), (ErrorClass::Timeout, said.into()));
}

#[tokio::test]
async fn one_that_complains_without_end_is_silent_too() {
    let bench = Bench { silence: Duration::from_millis(200), ..Bench::new() };
    let (_, end) = bench.run("echo call 1; echo done 1; yes trouble >&2").await;
    assert_eq!(failure(end).0, ErrorClass::Timeout);
}

#[tokio::test]
async fn a_tool_may_be_silent_longer() {
    let bench = Bench { silence: Duration::from_secs(1), ..Bench::new() };
    let (_, end) = bench.run("echo call 1; sleep 1.3; echo done 1; echo say good").await;
    assert_eq!(end.outcome, Ok(StopReason::End));
}

#[tokio::test]
async fn retries_without_end_are_cut_with_their_own_class() {
    let (_, end) = run("while :; do echo retry busy, very-secret; done").await;
    let said = "backend \"mine\": tool failed 3 times in a row: busy, [redacted:secret]";
    assert_eq!(failure(end), (ErrorClass::Overloaded, said.into()));
}

#[tokio::test]
async fn half_a_line_at_the_end_is_broken_and_a_whole_one_without_a_newline_is_not() {
    let (events, end) = run("echo say one; printf '{\"type\":\"te'").await;
    assert_eq!(events, [say("one"), CliEvent::Notice("1 broken".into()), session()]);
    assert_eq!(end.outcome, Ok(StopReason::End));
    assert_eq!(run("printf 'say one'").await.0, [say("one"), session()]);
}

#[tokio::test]
async fn a_flood_on_standard_error_holds_nothing_up() {
    let (events, end) = run("yes trouble | head -c 3000000 >&2; echo say good").await;
    assert_eq!((events, end.outcome), (vec![say("good"), session()], Ok(StopReason::End)));
}

#[tokio::test]
async fn one_endless_line_is_broken_and_the_run_goes_on() {
    let (events, end) = run("head -c 64000000 /dev/zero; echo; echo say good").await;
    assert_eq!(events, [say("good"), CliEvent::Notice("1 broken".into()), session()]);
    assert_eq!(end.outcome, Ok(StopReason::End));
}

#[tokio::test]
async fn its_input_is_empty_or_what_it_is_given() {
    let script = "echo say $(wc -c)";
    assert_eq!(run(script).await.0, [say("0"), session()]);
    let stdin = Some("x".repeat(300_000));
    let (events, _) = Bench { stdin, ..Bench::new() }.run(script).await;
    assert_eq!(events, [say("300000"), session()]);
    let stdin = Some("x".repeat(300_000));
    let (events, _) = Bench { stdin, ..Bench::new() }.run("echo say unread").await;
    assert_eq!(events, [say("unread"), session()]);
}

#[tokio::test]
async fn an_interrupted_one_is_gone_within_a_second_whatever_it_ignores() {
    let bench = Bench::new();
    let mut run = bench.start("trap '' TERM INT HUP; echo say ready; while :; do sleep 1000; done");
    assert_eq!(run.next().await, Some(say("ready")));
    let asked = std::time::Instant::now();
    bench.cancel.cancel();
    let (events, end) = all(run).await;
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    assert_eq!(events, [session()]);
    assert_eq!(failure(end), (ErrorClass::Cancelled, "interrupted".into()));
}

#[tokio::test]
async fn what_an_interrupted_one_says_at_last_counts_for_its_usage_only() {
    let bench = Bench::new();
    let script =
        "trap 'echo say goodbye; echo usage 9; exit 0' TERM; echo say ready; while :; do sleep 0.01; done";
    let mut run = bench.start(script);
    assert_eq!(run.next().await, Some(say("ready")));
    bench.cancel.cancel();
    let (events, end) = all(run).await;
    assert_eq!(events, [session()]);
    assert_eq!((end.usage.unwrap().input, failure(end).0), (9, ErrorClass::Cancelled));
}

#[tokio::test]
async fn an_interrupt_does_not_wait_for_a_slow_listener() {
    let bench = Bench::new();
    let mut run = bench.start("yes say more");
    assert_eq!(run.next().await, Some(say("more")));
    bench.cancel.cancel();
    let (_, end) = all(run).await;
    assert_eq!(failure(end).0, ErrorClass::Cancelled);
}

#[tokio::test]
async fn a_dropped_run_leaves_no_process() {
    let bench = Bench::new();
    let path = bench.dir.path().join("alive");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let ended = std::thread::spawn(move || drop(std::fs::read(path).unwrap()));
    let mut run = bench.start("exec 9>alive; trap '' TERM; sleep 1000 & echo say ready; wait");
    assert_eq!(run.next().await, Some(say("ready")));
    drop(run);
    tokio::task::spawn_blocking(|| ended.join().unwrap()).await.unwrap();
}
