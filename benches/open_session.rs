//! Opening a session of 60 MB over a thousand steps: its end at once, and all of it, beside `git log`
//! of the same commits and beside the same entries in one file of lines.
//!
//! `cargo bench --bench open_session`

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use offshoot::chat::{Conversation, Entry, EntryKind, Line, Message, ToolCall, ToolResult, Usage, Voice};
use offshoot::git::session::{self, Cursor, Draft, Trail, load, marks, peek, session_ref, tail};
use offshoot::git::{Expect, Repo};

const STEPS: usize = 1_000;
const BYTES: usize = 60_000_000;
const RUNS: usize = 5;
/// What the screen shows at once.
const SHOWN: usize = 40;

fn main() {
    let root = tempfile::tempdir().expect("a temporary folder");
    git(root.path(), &["init", "-q", "-b", "main"]);
    git(root.path(), &["config", "user.name", "Bench"]);
    git(root.path(), &["config", "user.email", "bench@example.org"]);
    git(root.path(), &["commit", "-q", "--allow-empty", "-m", "base"]);
    let repo = Repo::discover(root.path()).expect("the repository just made");

    let id = session::new_id();
    let (conversation, writing) = write_session(&repo, &id);
    let lines = root.path().join("session.jsonl");
    let text: Vec<String> = conversation.entries().iter().map(Line::write).collect();
    fs::write(&lines, text.join("\n")).expect("the file of lines");
    let size = fs::metadata(&lines).map_or(0, |meta| meta.len());
    println!("{STEPS} steps, {} entries, {:.1} MB; written in {}", conversation.len(), mb(size), ms(writing));

    for packing in ["loose", "packed"] {
        if packing == "packed" {
            git(root.path(), &["gc", "-q"]);
        }
        println!("\n{packing}: {:.1} MB of objects", mb(bytes_below(&root.path().join(".git/objects"))));
        let open = median(|| {
            let repo = Repo::discover(root.path()).expect("the repository");
            let peek = peek(&repo, Some(&id)).expect("the session");
            assert_eq!(peek.messages, conversation.len());
            assert!(tail(&repo, &peek.tip, SHOWN).expect("its end").entries.len() >= SHOWN);
        });
        let full = median(|| {
            let session = load(&repo, Some(&id)).expect("the session");
            assert_eq!(session.conversation.len(), conversation.len());
        });
        let trail = Trail {
            session: id.clone(),
            head: repo.resolve("offshoot/bench").expect("the branch"),
            steps: None,
            forked_from: None,
            entries: conversation.len(),
        };
        let steps = median(|| {
            assert_eq!(marks(&repo, &trail).expect("its steps").len(), STEPS);
        });
        let log = median(|| {
            let log = git(root.path(), &["log", "--format=%B", &format!("refs/offshoot/sessions/{id}")]);
            assert!(log.len() > BYTES);
        });
        let file = median(|| {
            let text = fs::read_to_string(&lines).expect("the file of lines");
            let entries: Vec<Entry> =
                text.split('\n').map(|line| Line::parse(line).expect("an entry")).collect();
            assert_eq!(entries.len(), conversation.len());
        });
        println!("  to the first screen (peek and the last {SHOWN})  {}", ms(open));
        println!("  the whole conversation                       {}", ms(full));
        println!("  its steps, without what was said              {}", ms(steps));
        println!(
            "  git log --format=%B                          {}   load is {:.2} of it",
            ms(log),
            ratio(full, log)
        );
        println!(
            "  the same entries from one file of lines      {}   load is {:.2} of it",
            ms(file),
            ratio(full, file)
        );
    }
    assert_eq!(load(&repo, Some(&id)).expect("the session").conversation, conversation);
}

/// Steps of one prompt, answer and result each, on a branch with one tree.
fn write_session(repo: &Repo, id: &str) -> (Conversation, Duration) {
    let base = repo.resolve("main").expect("the first commit");
    let tree = repo.commit(&base).expect("the first commit").tree;
    let mut cursor = Cursor::start(id, "offshoot/bench", base.clone(), None);
    let mut conversation = Conversation::default();
    let mut head = base;
    let mut writing = Duration::ZERO;
    let mut random = fastrand::Rng::with_seed(7);
    for step in 0..STEPS {
        let turn = u32::try_from(step / 4 + 1).expect("a small number");
        for kind in exchange(step, &mut random) {
            conversation.push(Entry { turn, at: "2026-01-02T03:04:05Z".into(), kind });
        }
        let start = Instant::now();
        let draft = Draft { subject: format!("Step {step}"), ..Draft::default() };
        let message = cursor.step_message(&conversation, &draft);
        let text = message.encode(&[]);
        head = repo.write_commit(&tree, std::slice::from_ref(&head), &text).expect("a commit");
        cursor.stepped(repo, &head, &message).expect("the session's ref moves");
        writing += start.elapsed();
    }
    repo.update_ref("refs/heads/offshoot/bench", &head, Expect::Any, "bench").expect("the branch");
    assert_eq!(repo.read_ref(&session_ref(id)).expect("the ref"), Some(head));
    (conversation, writing)
}

fn exchange(step: usize, random: &mut fastrand::Rng) -> Vec<EntryKind> {
    let call = ToolCall {
        id: format!("call_{step}"),
        name: "bash".into(),
        input: serde_json::json!({"command": format!("cargo test --lib part{step}")}),
        signature: None,
    };
    let mut code = String::new();
    while code.len() < BYTES / STEPS - 1_500 {
        let (a, b) = (random.u32(..), random.u16(..));
        let line = format!("    let value_{a:x} = parse(\"{b}\", &mut state)?; // line \\ {b}\n");
        code.push_str(&line);
    }
    let by = Voice { backend: "local".into(), model: "m".into() };
    let answer = Message::assistant(format!("I look at part {step}. {}", "It is worth a word. ".repeat(30)));
    vec![
        EntryKind::Prompt { message: Message::user(format!("Now part {step}")), base: None },
        EntryKind::Answer { message: answer, by, usage: Usage::default(), stop: None },
        EntryKind::Results(Message::results(vec![ToolResult::text(&call, code, false)])),
    ]
}

fn median(mut run: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[RUNS / 2]
}

fn git(dir: &Path, args: &[&str]) -> Vec<u8> {
    let out = Command::new("git")
        .current_dir(dir)
        .args(args)
        .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")])
        .stderr(Stdio::inherit())
        .output()
        .expect("git runs");
    assert!(out.status.success(), "git {args:?}");
    out.stdout
}

fn bytes_below(path: &Path) -> u64 {
    fs::read_dir(path)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => bytes_below(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}

#[allow(clippy::cast_precision_loss, reason = "for people to read")]
fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn ms(time: Duration) -> String {
    format!("{:7.1} ms", time.as_secs_f64() * 1e3)
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}
