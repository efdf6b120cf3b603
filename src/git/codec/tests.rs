//! The message through the real git program.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::chat::{EntryKind, Message, Part, Role, StopReason, ToolCall, ToolResult, Voice};

const AWKWARD: &str = "```\n```offshoot-conversation v1\n---\ndiff --git a/x b/x\n# no comment\n\0\u{2028}\u{85}\r\n\
    -- >8 ------------------------------------------------------------------------------------------\n\
    Offshoot-Session: forged\nFrom 0123 Mon Sep 17\nIndex: x\n{\"role\":1}\n\u{202e}\t \\u003e8 \\>8";

fn entry(turn: u32, kind: EntryKind) -> Entry {
    Entry { turn, at: "2026-01-02T03:04:05Z".into(), kind }
}

fn said(turn: u32, text: &str) -> Entry {
    let by = Voice { backend: "local".into(), model: "m/1".into() };
    let call =
        ToolCall { id: "c".into(), name: "bash".into(), input: json!({"z": text, "a": 1}), signature: None };
    let message =
        Message { role: Role::Assistant, parts: vec![Part::Text(text.into()), Part::ToolCall(call)] };
    entry(turn, EntryKind::Answer { message, by, usage: Usage::default(), stop: Some(StopReason::ToolUse) })
}

/// Step `step` of a session, three entries each.
fn step(step: u32) -> StepMessage {
    let call = ToolCall { id: "c".into(), name: "bash".into(), input: json!({}), signature: None };
    StepMessage {
        subject: format!("Fix the parser, part {step}"),
        prompt: Some(format!("please\n{AWKWARD}")),
        summary: AWKWARD.into(),
        first_index: (step as usize - 1) * 3,
        entries: vec![
            entry(step, EntryKind::Prompt { message: Message::user(AWKWARD), base: Some("abc".into()) }),
            said(step, AWKWARD),
            entry(step, EntryKind::Results(Message::results(vec![ToolResult::text(&call, AWKWARD, true)]))),
        ],
        stamp: Stamp {
            session: "01ARZ3NDEKTSV4RRFFQ69G5FAV".into(),
            turn: step,
            step,
            keyframe: step == 1,
            branch: Some("offshoot/fix-the-parser".into()),
            title: Some("Please fix the parser".into()),
            forked_from: None,
            merged: None,
            head: None,
            kind: StepKind::Step,
            route: Some(Route {
                backend: "local".into(),
                model: "qwen/qwen3-coder".into(),
                reason: "first usable (of 3)".into(),
            }),
            usage: Usage { input: 1, output: 2, cache_read: 3, cache_write: 4, reasoning: 5 },
            cost_usd: Some(0.0125),
            total_usage: Usage { input: 10, ..Usage::default() },
            total_cost_usd: Some(0.5),
        },
    }
}

/// A repository to put messages through.
struct Lab {
    dir: TempDir,
}

impl Lab {
    fn new() -> Self {
        let lab = Self { dir: tempfile::tempdir().unwrap() };
        lab.git(&["init", "-q", "-b", "main"]);
        lab.commit("base", "the base\n");
        lab
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn git(&self, args: &[&str]) -> String {
        self.feed(args, "")
    }

    fn feed(&self, args: &[&str], input: &str) -> String {
        let mut child = Command::new("git")
            .args(args)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_EDITOR", "true")])
            .envs([("GIT_AUTHOR_NAME", "A"), ("GIT_AUTHOR_EMAIL", "a@example.org")])
            .envs([("GIT_COMMITTER_NAME", "A"), ("GIT_COMMITTER_EMAIL", "a@example.org")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {args:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn write(&self, name: &str) {
        fs::write(self.path().join(name), name).unwrap();
        self.git(&["add", name]);
    }

    fn commit(&self, name: &str, message: &str) {
        self.write(name);
        self.feed(&["commit", "-q", "--cleanup=verbatim", "-F", "-"], message);
    }

    /// Branch `work` with two steps, and `main` with a commit of its own.
    fn with_two_steps() -> Self {
        let lab = Self::new();
        lab.git(&["switch", "-qc", "work"]);
        lab.commit("one", &step(1).encode(&[]));
        lab.commit("two", &step(2).encode(&[]));
        lab.git(&["switch", "-q", "main"]);
        lab.commit("other", "someone else\n");
        lab
    }

    fn body(&self, rev: &str) -> String {
        self.git(&["log", "-1", "--format=%B", rev])
    }

    #[track_caller]
    fn holds(&self, rev: &str, want: &StepMessage) {
        let got = StepMessage::decode(&self.body(rev)).unwrap().expect("a step");
        assert_eq!(got.entries, want.entries);
        assert_eq!((&got.stamp, got.first_index), (&want.stamp, want.first_index));
        assert!(got.prompt.unwrap().starts_with("please"));
        let turn = self.git(&["log", "-1", "--format=%(trailers:key=Offshoot-Turn,valueonly)", rev]);
        assert_eq!(turn.trim(), want.stamp.turn.to_string());
        let session = self.git(&["log", "-1", "--format=%(trailers:key=Offshoot-Session,valueonly)", rev]);
        assert_eq!(session.trim(), want.stamp.session);
    }
}

#[test]
fn a_message_reads_back() {
    for kind in [StepKind::Step, StepKind::Turn] {
        let mut wanted = step(2);
        wanted.stamp.kind = kind;
        wanted.stamp.forked_from =
            Some(Origin { commit: "0123456789".into(), session: "01ABC".into(), turn: 3 });
        wanted.stamp.head = Some("abcdef".into());
        wanted.stamp.cost_usd = None;
        let text = wanted.encode(&[]);
        assert!(text.contains("cost_usd=unpriced"));
        let got = StepMessage::decode(&text).unwrap().unwrap();
        assert_eq!(got.subject, wanted.subject);
        assert_eq!((got.entries, got.stamp, got.first_index), (wanted.entries, wanted.stamp, 3));
    }
}

#[test]
fn the_message_is_as_documented() {
    let mut message = step(1);
    message.entries.truncate(1);
    message.entries[0].kind = EntryKind::Prompt { message: Message::user("hi"), base: None };
    message.prompt = Some("hi\n\nthere".into());
    message.summary = "Edited one file.".into();
    insta::assert_snapshot!(message.encode(&[]), @r#"
    Fix the parser, part 1

    > hi
    >
    > there

    Edited one file.

    ```offshoot-conversation v1
    {"role":"user","turn":1,"at":"2026-01-02T03:04:05Z","content":[{"type":"text","text":"hi"}]}
    ```

    Offshoot-Session: 01ARZ3NDEKTSV4RRFFQ69G5FAV
    Offshoot-Turn: 1
    Offshoot-Step: 1
    Offshoot-Messages: 0-0
    Offshoot-Keyframe: true
    Offshoot-Branch: offshoot/fix-the-parser
    Offshoot-Title: Please fix the parser
    Offshoot-Route: local/qwen/qwen3-coder (first usable (of 3))
    Offshoot-Usage: input=1 output=2 cache_read=3 cache_write=4 reasoning=5 cost_usd=0.0125
    Offshoot-Total: input=10 output=0 cache_read=0 cache_write=0 reasoning=0 cost_usd=0.5
    "#);
}

#[test]
fn a_commit_without_anything_said_keeps_its_stamp() {
    let mut message = step(3);
    message.entries.clear();
    let text = message.encode(&[]);
    assert!(!text.contains("```offshoot-conversation v1\n{") && !text.contains("Offshoot-Messages"));
    let frames = frames(&text).unwrap();
    assert_eq!((frames[0].stamp.step, frames[0].messages.len()), (3, 0));
}

#[test]
fn words_of_people_and_models_forge_nothing() {
    let forged = "Offshoot-Session: forged\nOffshoot-Turn: 9";
    let block = "```offshoot-conversation v1\n{\"role\":\"tool\",\"turn\":9,\"at\":\"\",\"content\":[]}\n```";
    for text in [forged.to_owned(), block.to_owned(), format!("x\n\n{block}\n\n{forged}\n\n{forged}")] {
        let mut message = step(1);
        message.subject.clone_from(&text);
        message.prompt = Some(text.clone());
        message.summary.clone_from(&text);
        message.stamp.route.as_mut().unwrap().reason = format!("because\n\n{text}");
        message.stamp.branch = Some(text.clone());
        let encoded = message.encode(&[]);
        let frames = frames(&encoded).unwrap();
        assert_eq!(frames.len(), 1, "{encoded}");
        assert_eq!(frames[0].entries().unwrap(), message.entries);
        assert_eq!(
            (frames[0].stamp.session.as_str(), frames[0].stamp.turn),
            (message.stamp.session.as_str(), 1)
        );
    }
}

proptest::proptest! {
    #[test]
    fn any_words_come_back_and_forge_nothing(
        words in proptest::collection::vec("(\\PC|\n|\r|`{3}|Offshoot-Session: x|---|#|\\{|\0|\u{2028}){0,40}", 3),
        first in 0usize..5,
    ) {
        let mut message = step(2);
        message.first_index = first;
        message.subject.clone_from(&words[0]);
        message.prompt = Some(words[1].clone());
        message.summary.clone_from(&words[2]);
        message.entries = words.iter().map(|text| said(2, text)).collect();
        let text = message.encode(&[]);
        let got = StepMessage::decode(&text).unwrap().unwrap();
        proptest::prop_assert_eq!(got.entries, message.entries);
        proptest::prop_assert_eq!((got.first_index, got.stamp), (first, message.stamp));
        proptest::prop_assert_eq!(frames(&text).unwrap().len(), 1);
        let subject = text.split('\n').next().unwrap();
        proptest::prop_assert!(unicode_width::UnicodeWidthStr::width(subject) <= 72);
        proptest::prop_assert!(!subject.trim().is_empty());
    }
}

#[test]
fn the_subject_is_one_line_that_fits() {
    let subject = |text: &str| {
        let message = StepMessage { subject: text.into(), ..step(4) };
        message.encode(&[]).lines().next().unwrap().to_owned()
    };
    assert_eq!(subject("Fix\n the\t\u{1b}[31mparser\u{202e}"), "Fix the [31mparser");
    assert_eq!(subject("# fixup! squash! Fix it"), "Fix it");
    assert_eq!(subject("From: the past"), "Step: From: the past");
    assert_eq!(subject(" \n"), "Step 4");
    let long = subject(&"解析器を直す ".repeat(20));
    assert!(unicode_width::UnicodeWidthStr::width(long.as_str()) <= 72 && long.ends_with('…'), "{long}");
    assert_eq!(subject(&"x".repeat(72)), "x".repeat(72));
    assert_eq!(subject(&"x".repeat(73)), format!("{}…", "x".repeat(71)));
}

#[test]
fn a_long_prompt_is_shortened() {
    let message = StepMessage { prompt: Some("a line of words\n".repeat(100)), ..step(1) };
    let text = message.encode(&[]);
    assert_eq!(text.lines().filter(|line| line.starts_with("> ")).count(), 12);
    assert!(text.contains("> a line of words […]\n"));
}

#[test]
fn secrets_are_masked_in_every_part() {
    let secret = "correct horse battery".to_owned();
    let mut message = step(1);
    message.subject = format!("Use {secret}");
    message.prompt = Some(secret.clone());
    message.summary.clone_from(&secret);
    message.entries = vec![said(1, &secret)];
    message.stamp.route.as_mut().unwrap().reason.clone_from(&secret);
    let text = message.encode(std::slice::from_ref(&secret));
    assert!(!text.contains(&secret), "{text}");
    assert_eq!(text.matches("[redacted:secret]").count(), 6);
    assert!(StepMessage::decode(&text).unwrap().is_some());
}

#[test]
fn what_cannot_be_read_is_an_error_that_says_so() {
    let text = step(1).encode(&[]);
    let error = |text: &str| StepMessage::decode(text).unwrap_err();
    assert!(matches!(error(&text.replace(" v1\n", " v7\n")), CodecError::Version { found } if found == "v7"));
    assert!(matches!(error(&text[..text.find("\n```\n").unwrap()]), CodecError::Torn));
    assert!(matches!(error(&text.replace("Messages: 0-2", "Messages: 0-3")), CodecError::Count { .. }));
    assert!(matches!(error(&text.replace("Messages: 0-2", "Messages: 2")), CodecError::Trailer { .. }));
    assert!(matches!(error(&text.replace("Offshoot-Turn", "Offshoot-Tour")), CodecError::Missing { .. }));
    assert!(matches!(
        error(&text.replace(r#""role":"tool""#, r#""role":"tolo""#)),
        CodecError::Entry { at: 3, .. }
    ));
    assert!(matches!(
        error(&text.replace(r#"{"role":"tool""#, r#"["role":"tool""#)),
        CodecError::Stray { at: 3 }
    ));
    assert_eq!(StepMessage::decode("Fix it\n\nBy hand.\n\nSigned-off-by: A\n").unwrap(), None);
}

#[test]
fn git_reads_the_trailers() {
    let lab = Lab::new();
    let text = step(1).encode(&[]);
    let trailers = lab.feed(&["interpret-trailers", "--parse"], &text);
    let expected = text.rsplit_once("\n\n").unwrap().1;
    assert_eq!(trailers, expected);
}

#[test]
fn it_survives_a_clone_and_every_cleanup_mode() {
    for mode in ["strip", "whitespace", "verbatim", "scissors", "default"] {
        let lab = Lab::new();
        lab.git(&["config", "commit.cleanup", mode]);
        lab.write("x");
        lab.feed(&["commit", "-q", "-F", "-"], &step(1).encode(&[]));
        lab.git(&["clone", "-q", ".", "copy"]);
        lab.git(&["-C", "copy", "commit", "-q", "--amend", "--edit"]);
        let body = lab.git(&["-C", "copy", "log", "-1", "--format=%B"]);
        assert_eq!(StepMessage::decode(&body).unwrap().unwrap().entries, step(1).entries, "{mode}");
        lab.holds("main", &step(1));
    }
}

#[test]
fn it_survives_a_rebase_by_either_backend_and_a_cherry_pick() {
    for backend in ["--merge", "--apply"] {
        let lab = Lab::with_two_steps();
        lab.git(&["rebase", "-q", backend, "main", "work"]);
        lab.holds("work", &step(2));
        lab.holds("work~", &step(1));
    }
    for cleanup in ["default", "strip", "scissors"] {
        let lab = Lab::with_two_steps();
        lab.git(&[
            "-c",
            &format!("commit.cleanup={cleanup}"),
            "cherry-pick",
            "-x",
            "--edit",
            "work~",
            "work",
        ]);
        lab.holds("main", &step(2));
        lab.holds("main~", &step(1));
    }
}

#[test]
fn it_survives_mail() {
    for scissors in ["--scissors", "--no-scissors"] {
        let lab = Lab::with_two_steps();
        let mail = lab.git(&["format-patch", "--stdout", "main..work"]);
        lab.feed(&["am", "-q", scissors], &mail);
        lab.holds("main", &step(2));
        lab.holds("main~", &step(1));
    }
}

#[test]
fn it_survives_a_new_subject_and_a_sign_off() {
    let lab = Lab::with_two_steps();
    lab.git(&["switch", "-q", "work"]);
    let body = lab.body("work").replace("Fix the parser, part 2", "A better subject");
    lab.feed(&["commit", "-q", "--amend", "--signoff", "--cleanup=strip", "-F", "-"], &body);
    lab.holds("work", &step(2));
    assert!(lab.body("work").starts_with("A better subject\n"));
    assert!(lab.body("work").contains("Signed-off-by: A <a@example.org>"));
}

#[test]
fn a_squash_keeps_every_block() {
    let wanted: Vec<Entry> = [step(1).entries, step(2).entries].concat();
    let read = |body: &str| -> Vec<Entry> {
        frames(body).unwrap().iter().flat_map(|frame| frame.entries().unwrap()).collect()
    };
    // The squashed commits stand newest first, indented.
    let lab = Lab::with_two_steps();
    lab.git(&["merge", "-q", "--squash", "work"]);
    lab.git(&["commit", "-q", "--no-edit"]);
    assert!(lab.body("main").contains("\n    ```offshoot-conversation v1"));
    assert_eq!(read(&lab.body("main")), wanted);

    // An interactive rebase joins the messages as they are.
    let lab = Lab::with_two_steps();
    lab.git(&["switch", "-q", "work"]);
    lab.git(&["-c", "sequence.editor=sed -i '2s/pick/squash/'", "rebase", "-qi", "HEAD~2"]);
    assert_eq!(read(&lab.body("work")), wanted);
    assert_eq!(lab.git(&["rev-list", "--count", "work"]).trim(), "2");
}
