//! Agents that speak the Agent Client Protocol, as real processes: shell scripts, of good and of bad conduct.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use offshoot::backends::cli::{CliBackend, CliEnd, CliEvent, CliJob, CliRun, CliSetting, Resume, ToolKind};
use offshoot::chat::{ErrorClass, StopReason};
use offshoot::config::{BackendSettings, PermissionMode};
use offshoot::tools::shell::{Environment, SandboxPolicy};
use tokio_util::sync::CancellationToken;

/// What every agent does: it greets, opens a session and loads one, with its history. `$1` of `answer` is a result;
/// `turn`, `asked_to_stop` and `last` are what a test makes of it.
const AGENT: &str = r#"
say() { printf '%s\n' "$1"; }
answer() { say "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":$1}"; }
update() { say "{\"method\":\"session/update\",\"params\":{\"sessionId\":\"s-1\",\"update\":$1}}"; }
text() { update "{\"sessionUpdate\":\"agent_message_chunk\",\"content\":{\"type\":\"text\",\"text\":\"$1\"}}"; }
done_with() { id=$prompt; answer "{\"stopReason\":\"$1\",\"usage\":{\"inputTokens\":5,\"outputTokens\":2,\"totalTokens\":7}}"; }
ask() {
    say '{"id":"q-1","method":"session/request_permission","params":{"sessionId":"s-1","toolCall":{"toolCallId":"t-1","title":"Write hello.txt","kind":"edit","rawInput":{"path":"hello.txt"}},"options":[{"optionId":"always","name":"A","kind":"allow_always"},{"optionId":"yes","name":"Y","kind":"allow_once"},{"optionId":"no","name":"N","kind":"reject_once"}]}}'
}
"#;

const LOOP: &str = r#"
echo 'starting the agent' >&2
while IFS= read -r line; do
    rest=${line#*\"id\":}; id=${rest%%,*}
    case $line in
    *'"method":"initialize"'*) answer '{"protocolVersion":1,"agentCapabilities":{"loadSession":true}}' ;;
    *'"method":"session/new"'*) answer '{"sessionId":"s-1"}' ;;
    *'"method":"session/load"'*) text 'said long ago'; answer '{}' ;;
    *'"method":"session/prompt"'*) prompt=$id; turn ;;
    *'"method":"session/cancel"'*) asked_to_stop ;;
    esac
done
last
"#;

struct World {
    root: tempfile::TempDir,
    settings: &'static str,
}

impl World {
    /// With an agent whose `turn`, `asked_to_stop` and `last` are defined by this script.
    fn new(script: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let world = Self { root, settings: "" };
        for dir in ["bin", "tree", "home", "tmp"] {
            fs::create_dir(world.path(dir)).unwrap();
        }
        let defaults = "turn() { text done; done_with end_turn; }\nasked_to_stop() { :; }\nlast() { :; }\n";
        let text = format!("#!/bin/sh\n{AGENT}{defaults}{script}\n{LOOP}");
        fs::write(world.path("bin/agent"), text).unwrap();
        fs::set_permissions(world.path("bin/agent"), fs::Permissions::from_mode(0o755)).unwrap();
        let profile = "program = \"agent\"\ninstall = \"get agent\"\nlog_in = \"agent login\"\nstart = [\"@prompt\"]\n\
            prompt.args = [\"{prompt}\"]\nend.grace_seconds = 0.2\n[acp]\nargs = [\"acp\", \"@more\"]\n";
        fs::write(world.path("agent.toml"), profile).unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn backend(&self) -> CliBackend {
        let profile = self.path("agent.toml");
        let text = format!("kind = \"acp\"\nprofile = \"{}\"\n{}", profile.display(), self.settings);
        let settings: BackendSettings = toml::from_str(&text).unwrap();
        let path = format!("{}:/usr/bin:/bin", self.path("bin").display());
        CliBackend::new("mine", &settings, &|name| (name == "PATH").then(|| path.clone())).unwrap()
    }

    fn start(&self, permissions: PermissionMode, resume: Option<&str>, cancel: &CancellationToken) -> CliRun {
        let parent = [("PATH".into(), "/usr/bin:/bin".into())];
        let env = Environment::new(parent, &[], &self.path("home"), &self.path("tmp"));
        let setting = CliSetting { env, sandbox: SandboxPolicy::default() };
        let job = CliJob {
            prompt: "create hello.txt".into(),
            dir: self.path("tree"),
            git: None,
            temporary: self.path("tmp"),
            model: None,
            effort: None,
            permissions,
            resume: resume.map(|id| Resume { id: id.into(), counted: None }),
            session: "unused".into(),
        };
        self.backend().start(job, &setting, cancel).unwrap()
    }

    /// Everything that it tells, up to its end. Its questions are answered with `allow`.
    async fn run(&self, permissions: PermissionMode, allow: bool) -> (Vec<CliEvent>, CliEnd) {
        let run = self.start(permissions, None, &CancellationToken::new());
        hear(run, allow).await
    }
}

async fn hear(mut run: CliRun, allow: bool) -> (Vec<CliEvent>, CliEnd) {
    let mut events = Vec::new();
    loop {
        match run.next().await.expect("an end") {
            CliEvent::Ended(end) => return (events, end),
            event => {
                if let CliEvent::Permission { id, .. } = &event {
                    run.answer(id, allow);
                }
                events.push(event);
            }
        }
    }
}

fn text(events: &[CliEvent]) -> String {
    let pieces = events.iter().filter_map(|event| match event {
        CliEvent::Text(text) => Some(text.as_str()),
        _ => None,
    });
    pieces.collect()
}

const ASKS: &str = r#"
turn() {
    text 'I will.'
    ask
    IFS= read -r reply
    case $reply in
    *'"optionId":"yes"'*) echo hi >hello.txt; status=completed ;;
    *) status=failed ;;
    esac
    update "{\"sessionUpdate\":\"tool_call_update\",\"toolCallId\":\"t-1\",\"status\":\"$status\"}"
    done_with end_turn
}"#;

#[tokio::test]
async fn an_agent_asks_and_does_what_it_may() {
    let world = World::new(ASKS);
    let (events, end) = world.run(PermissionMode::Ask, true).await;
    assert_eq!(end.outcome, Ok(StopReason::End));
    assert_eq!(end.usage.unwrap().output, 2);
    assert_eq!(events[0], CliEvent::Session("s-1".into()));
    assert_eq!(events[1], CliEvent::Text("I will.".into()));
    assert!(matches!(&events[2], CliEvent::Permission { id, kind: ToolKind::Edit, .. } if id == "q-1"));
    assert!(matches!(&events[3], CliEvent::ToolCall { call, .. } if call.input["path"] == "hello.txt"));
    assert!(matches!(&events[4], CliEvent::ToolResult { is_error: false, .. }));
    assert_eq!(fs::read_to_string(world.path("tree/hello.txt")).unwrap(), "hi\n");
}

#[tokio::test]
async fn what_it_may_not_it_does_not() {
    for (permissions, allow) in [(PermissionMode::Ask, false), (PermissionMode::ReadOnly, true)] {
        let world = World::new(ASKS);
        let (events, end) = world.run(permissions, allow).await;
        assert_eq!(end.outcome, Ok(StopReason::End));
        let asked = events.iter().any(|event| matches!(event, CliEvent::Permission { .. }));
        assert_eq!(asked, permissions == PermissionMode::Ask);
        assert!(!world.path("tree/hello.txt").exists());
    }
}

#[tokio::test]
async fn a_session_goes_on_without_its_history_being_told_again() {
    let world = World::new("");
    let run = world.start(PermissionMode::Auto, Some("s-1"), &CancellationToken::new());
    let (events, end) = hear(run, true).await;
    assert_eq!(end.outcome, Ok(StopReason::End));
    assert_eq!(events, [CliEvent::Session("s-1".into()), CliEvent::Text("done".into())]);
}

/// Runs a turn that says `ready`, and interrupts it then.
async fn interrupted(script: &str) -> (CliEnd, Duration) {
    let world = World::new(script);
    let cancel = CancellationToken::new();
    let mut run = world.start(PermissionMode::Auto, None, &cancel);
    loop {
        match run.next().await.unwrap() {
            CliEvent::Text(text) if text == "ready" => break,
            CliEvent::Ended(end) => panic!("{end:?}"),
            _ => {}
        }
    }
    let began = Instant::now();
    cancel.cancel();
    let (_, end) = hear(run, true).await;
    (end, began.elapsed())
}

#[tokio::test]
async fn an_agent_that_is_interrupted_may_say_what_it_used() {
    let script = "turn() { text ready; }\nasked_to_stop() { done_with cancelled; }";
    let (end, elapsed) = interrupted(script).await;
    assert_eq!(end.outcome.unwrap_err().class, ErrorClass::Cancelled);
    assert_eq!(end.usage.unwrap().input, 5);
    assert!(elapsed < Duration::from_secs(1), "{elapsed:?}");
}

#[tokio::test]
async fn an_agent_that_does_not_want_to_end_is_ended() {
    let script = "trap '' TERM HUP INT\nturn() { text ready; while :; do sleep 1000; done; }";
    let (end, elapsed) = interrupted(script).await;
    assert_eq!(end.outcome.unwrap_err().class, ErrorClass::Cancelled);
    assert!(elapsed < Duration::from_secs(1), "{elapsed:?}");
}

#[tokio::test]
async fn an_agent_that_stays_after_its_turn_is_ended() {
    let world = World::new("last() { trap '' TERM; while :; do sleep 1000; done; }");
    let began = Instant::now();
    let (_, end) = world.run(PermissionMode::Auto, true).await;
    assert_eq!(end.outcome, Ok(StopReason::End));
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn an_agent_that_dies_in_its_turn_leaves_its_last_words() {
    let world = World::new(
        "turn() { text 'I wi'; echo 'panic: out of luck' >&2; printf '{\"id\":3,\"res'; exit 3; }",
    );
    let (events, end) = world.run(PermissionMode::Auto, true).await;
    assert_eq!(text(&events), "I wi");
    let error = end.outcome.unwrap_err();
    assert_eq!(error.class, ErrorClass::BadResponse);
    assert!(error.message.contains("(exit code 3): panic: out of luck"), "{error}");
}

#[tokio::test]
async fn an_agent_that_is_none_says_what_it_is() {
    let world = World::new("echo \"error: unknown option 'acp'\" >&2; exit 2");
    let (_, end) = world.run(PermissionMode::Auto, true).await;
    let error = end.outcome.unwrap_err();
    assert_eq!(error.class, ErrorClass::NotFound);
    assert!(error.message.contains("does not take its command line"), "{error}");
}

#[tokio::test]
async fn garbage_between_the_messages_is_passed_over() {
    let world = World::new(
        "turn() { echo 'Warning: {'; echo '{\"method\":'; printf 'a\\377\\000b\\n'; head -c 3000000 /dev/zero | tr '\\0' x; echo; \
         text done; done_with end_turn; }",
    );
    let (events, end) = world.run(PermissionMode::Auto, true).await;
    assert_eq!(end.outcome, Ok(StopReason::End));
    assert_eq!(text(&events), "done");
    assert!(
        events
            .iter()
            .any(|event| matches!(event, CliEvent::Notice(notice) if notice.contains("could not be read")))
    );
}

#[tokio::test]
async fn an_agent_that_falls_silent_is_given_up() {
    let mut world = World::new("turn() { text 'I wi'; }");
    world.settings = "idle_timeout_seconds = 0.3";
    let (events, end) = world.run(PermissionMode::Auto, true).await;
    assert_eq!(text(&events), "I wi");
    assert_eq!(end.outcome.unwrap_err().class, ErrorClass::Timeout);
}

#[tokio::test]
async fn an_agent_that_retries_without_end_is_given_up_for_the_reason_that_it_tells() {
    let mut world = World::new(
        "turn() { n=1; while :; do echo \"Attempt $n failed. Retrying with backoff... Error: fetch failed\" >&2; n=$((n + 1)); done; }",
    );
    let profile = fs::read_to_string(world.path("agent.toml")).unwrap();
    fs::write(world.path("agent.toml"), format!("decoder = \"gemini\"\n{profile}")).unwrap();
    world.settings = "max_retries = 3";
    let (events, end) = world.run(PermissionMode::Auto, true).await;
    assert_eq!(events.iter().filter(|event| matches!(event, CliEvent::Retry { .. })).count(), 3);
    assert_eq!(end.outcome.unwrap_err().class, ErrorClass::Unreachable);
}

#[tokio::test]
async fn an_agent_that_asks_without_end_and_reads_nothing_is_given_up() {
    let world = World::new("turn() { yes '{\"id\":7,\"method\":\"fs/read_text_file\",\"params\":{}}'; }");
    let (_, end) = world.run(PermissionMode::Auto, true).await;
    let error = end.outcome.unwrap_err();
    assert_eq!(error.class, ErrorClass::BadResponse);
    assert!(error.message.contains("faster than it reads"), "{error}");
}

#[tokio::test]
async fn an_agent_that_wants_a_login_says_how() {
    let world = World::new(
        "turn() { say \"{\\\"id\\\":$id,\\\"error\\\":{\\\"code\\\":-32000,\\\"message\\\":\\\"Authentication required\\\"}}\"; }",
    );
    let (_, end) = world.run(PermissionMode::Auto, true).await;
    let error = end.outcome.unwrap_err();
    assert_eq!((error.class, error.hint()), (ErrorClass::Auth, Some("log in: agent login")));
}

#[test]
fn a_profile_without_acp_is_no_agent() {
    let settings: BackendSettings = toml::from_str("kind = \"acp\"\nprofile = \"aider\"").unwrap();
    let error = CliBackend::new("mine", &settings, &|_| None).unwrap_err();
    assert_eq!(
        error.message,
        "backend \"mine\": its profile has no [acp], so it is no agent of the protocol"
    );
    assert_eq!(error.hint(), Some("use backends.mine.kind = \"cli\""));
}
