//! External CLIs as backends, through the program: their words, tools and changes become ours. The CLIs are scripts
//! that print what a real one prints.
#![cfg(unix)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use offshoot::chat::WireFormat;
use serde_json::{Value, json};
use support::machine::{Finished, Machine, call, say};
use support::model_server::{ModelServer, Reply};

/// What the scripts print with: lines of one of the shipped decoders.
const WORDS: &str = r#"#!/bin/sh
line() { printf '%s\n' "$1"; }
model() { line '{"type":"system","subtype":"init","session_id":"'$id'","model":"model-x"}'; }
say() { line '{"type":"assistant","session_id":"'$id'","message":{"content":[{"type":"text","text":"'"$1"'"}]}}'; }
call() { line '{"type":"assistant","session_id":"'$id'","message":{"content":[{"type":"tool_use","id":"'$1'","name":"'$2'","input":'"$3"'}]}}'; }
result() { line '{"type":"user","session_id":"'$id'","message":{"content":[{"type":"tool_result","tool_use_id":"'$1'","content":"'"$2"'"}]}}'; }
end() { line '{"type":"result","subtype":"success","is_error":false,"result":"","stop_reason":"end_turn","session_id":"'$id'","total_cost_usd":0.5,"usage":{"input_tokens":1000,"cache_creation_input_tokens":0,"cache_read_input_tokens":200,"output_tokens":56}}'; }
id=native-1
"#;

const PROFILE: &str = r#"
install = "get it"
decoder = "claude"
start = ["start", "@permissions", "@model", "@prompt"]
resume = ["resume", "{id}", "@permissions", "@model", "@prompt"]
leaves = [".cache-of-mine"]
[prompt]
args = ["{prompt}"]
[model]
args = ["--model", "{model}"]
[permissions]
read-only.args = ["--plan"]
"#;

/// A machine with a CLI `tool` that runs this script; `$1` is `start` or `resume`. What it was started with is in the
/// file `args`, one run after the other.
struct Desk {
    machine: Machine,
    tool: PathBuf,
}

impl Desk {
    fn new(script: &str) -> Self {
        Self::with(script, "")
    }

    fn with(script: &str, settings: &str) -> Self {
        Self::on(Machine::new(), script, settings)
    }

    fn on(machine: Machine, script: &str, settings: &str) -> Self {
        let tool = machine.path("tool");
        let desk = Self { machine, tool };
        desk.plays(script);
        let profile = desk.machine.path("tool.toml");
        fs::write(&profile, format!("program = \"{}\"\n{PROFILE}", desk.tool.display())).unwrap();
        desk.machine.settings(&format!(
            "{settings}\n[backends.tool]\nkind = \"cli\"\nprofile = \"{}\"\n[agent]\nenv_allow = [\"LLVM_PROFILE_FILE\"]\n",
            profile.display()
        ));
        desk
    }

    fn plays(&self, script: &str) {
        let told = "printf '%s\\n' \"$*\" >> \"$TMPDIR/args\" || true\n";
        fs::write(&self.tool, format!("{WORDS}{told}{script}")).unwrap();
        fs::set_permissions(&self.tool, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn run(&self, args: &[&str]) -> Finished {
        self.machine.run(&[&["--backend", "tool"], args].concat())
    }

    fn run_well(&self, args: &[&str]) -> Finished {
        let run = self.run(args);
        assert_eq!(run.code, Some(0), "{}\n{}", run.stdout, run.stderr);
        run
    }
}

const MAKES_TWO_FILES: &str = r#"
model
say 'I make two files.'
call t1 Write '{"file_path":"a"}'
echo 1 > a
result t1 'made a'
# A CLI does not wait for us; this one does, since two steps are wanted.
while [ "$(git rev-list --count HEAD)" -lt 2 ]; do :; done
call t2 Bash '{"command":"echo 2 > b"}'
echo 2 > b
result t2 'made b'
say 'Done.'
end
"#;

#[test]
fn what_a_cli_says_and_does_becomes_ours() {
    let desk = Desk::new(MAKES_TWO_FILES);
    let before = desk.machine.fingerprint();
    let run = desk.run_well(&["make a and b"]);
    before.assert_same(&desk.machine);
    let texts: String =
        run.all("text").iter().map(|event| event["text"].as_str().unwrap().to_owned()).collect();
    assert!(texts.contains("I make two files.") && texts.contains("Done."), "{texts}");
    assert_eq!(run.commits().len(), 2, "{}", run.stdout);
    let calls: Vec<_> = run.all("tool_call").iter().map(|event| event["name"].clone()).collect();
    assert_eq!(calls, ["Write", "Bash"]);
    assert_eq!(run.all("tool_result").len(), 2);
    let last = run.commits().last().unwrap().clone();
    assert_eq!(desk.machine.file_at(&last, "a") + &desk.machine.file_at(&last, "b"), "12");
    assert!(
        desk.machine.trailer(&last, "Offshoot-Route").starts_with("tool/model-x"),
        "the CLI told its model"
    );
    let usage = run.one("usage");
    assert_eq!(
        (&usage["input"], &usage["cache_read"], &usage["output"], &usage["cost_usd"]),
        (&json!(1000), &json!(200), &json!(56), &json!(0.5))
    );
    let line = desk.machine.ledger().pop().unwrap();
    assert_eq!(
        (&line["route"], &line["outcome"], &line["cost_usd"]),
        (&json!("tool"), &json!("ok"), &json!(0.5))
    );
    // The conversation is in the commits, calls with their results.
    let session = desk.machine.offshoot(&["--json", "show", &last]).finish();
    assert!(session.stdout.contains("made b"), "{}", session.stdout);
    let lines: Vec<Value> = run.commits().iter().flat_map(|commit| desk.machine.block(commit)).collect();
    assert_eq!(lines.iter().filter(|line| line["role"] == "tool").count(), 2);
}

#[test]
fn what_a_cli_does_not_tell_is_unpriced_and_not_nothing() {
    let desk = Desk::new("echo 1 > a; echo Done.");
    let profile = desk.machine.path("tool.toml");
    let text = fs::read_to_string(&profile).unwrap().replace("decoder = \"claude\"", "decoder = \"text\"");
    fs::write(&profile, text).unwrap();
    let run = desk.run_well(&["make a"]);
    let usage = desk.machine.trailer(&run.commits()[0], "Offshoot-Usage");
    assert!(usage.contains("cost_usd=unpriced"), "{usage}");
    let line = desk.machine.ledger().pop().unwrap();
    assert_eq!(line.get("cost_usd"), Some(&Value::Null), "{line}");
}

#[test]
fn a_tab_goes_on_in_the_clis_own_session_and_after_an_undo_does_not() {
    let desk = Desk::new("say \"$*\" | tr '\\n' ' '; echo; echo \"$1\" > mode; echo \"$*\" > told; end");
    let first = desk.run_well(&["--branch", "offshoot/work", "first words"]);
    let told = |run: &Finished| desk.machine.file_at(run.commits().last().unwrap(), "told");
    assert_eq!(told(&first), "start first words");
    let second = desk.run_well(&["--branch", "offshoot/work", "second words"]);
    assert_eq!(told(&second), "resume native-1 second words", "it has heard all that was before");
    let undone = desk.machine.offshoot(&["undo", "--turn", "offshoot/work"]).finish();
    assert_eq!(undone.code, Some(0), "{}", undone.stderr);
    let third = desk.run_well(&["--branch", "offshoot/work", "third words"]);
    let third = told(&third);
    assert!(
        third.starts_with("start ") && third.contains("first words") && third.ends_with("third words"),
        "{third}"
    );
    assert!(!third.contains("second words"), "what was taken back is not told: {third}");
}

#[test]
fn a_native_session_that_is_gone_is_told_everything_anew() {
    let desk = Desk::new(
        "[ $1 = start ] || { echo 'No conversation found with session ID' >&2; exit 1; }; echo \"$*\" > told; say Done.; end",
    );
    desk.run_well(&["--branch", "offshoot/work", "first words"]);
    let second = desk.run_well(&["--branch", "offshoot/work", "second words"]);
    let told = desk.machine.file_at(second.commits().last().unwrap(), "told");
    assert!(
        told.starts_with("start ") && told.contains("first words") && told.ends_with("second words"),
        "{told}"
    );
    assert!(
        second.all("notice").iter().any(|notice| notice["message"].as_str().unwrap().contains("anew")),
        "{}",
        second.stdout
    );
}

#[test]
fn commits_of_a_cli_are_folded_into_our_step() {
    let desk = Desk::new(
        "call t1 Bash '{\"command\":\"git commit\"}'; echo 1 > a; git add a && git -c user.name=C -c user.email=c@d commit -qm 'by the CLI'\n\
         result t1 ok; say Done.; end",
    );
    let before = desk.machine.fingerprint();
    let run = desk.run_well(&["make a"]);
    before.assert_same(&desk.machine);
    let [commit] = &run.commits()[..] else { panic!("one step: {}", run.stdout) };
    assert_eq!(
        desk.machine.git(&["log", "-1", "--format=%P", commit]),
        desk.machine.git(&["rev-parse", "main"])
    );
    assert!(desk.machine.is_in(commit, "a"));
    let message = desk.machine.git(&["log", "-1", "--format=%B", commit]);
    assert!(message.contains("by the CLI"), "{message}");
    let kept = desk.machine.git(&["for-each-ref", "--format=%(contents:subject)", "refs/offshoot/kept/"]);
    assert!(kept.contains("by the CLI"), "nothing is lost: {kept}");
}

#[test]
fn a_cli_that_looks_at_an_older_commit_and_comes_back_undoes_nothing() {
    let desk = Desk::new(
        "call t1 Bash '{}'; echo 1 > a; result t1 ok\n\
         while [ \"$(git rev-list --count HEAD)\" -lt 2 ]; do :; done\n\
         call t2 Bash '{}'; git checkout -q --detach HEAD~1; result t2 ok; say 'I looked.'\n\
         call t3 Bash '{}'; git checkout -q offshoot/make-a; result t3 ok; say Done.; end",
    );
    let run = desk.run_well(&["make a"]);
    let [step] = &run.commits()[..] else { panic!("one step: {}", run.stdout) };
    assert!(desk.machine.is_in(step, "a"), "{}", run.stdout);
    assert_eq!(desk.machine.git_in(&run.worktree(), &["status", "--porcelain"]), "");
}

#[test]
fn what_a_cli_makes_in_a_repository_without_commits_is_a_step() {
    let machine = Machine::without_commits(&[]);
    let desk = Desk::on(machine, "echo 1 > a; say Done.; end", "");
    let run = desk.run_well(&["make a"]);
    assert!(desk.machine.is_in(run.commits().last().unwrap(), "a"), "{}", run.stdout);
}

#[test]
fn who_may_only_look_changes_nothing() {
    let desk = Desk::new("echo 1 > a 2>&1; echo more >> README.md; say \"I $2 it.\"; end");
    for sandbox in ["true", "false"] {
        let run = desk
            .machine
            .offshoot(&["run", "--json", "--backend", "tool", "--permissions", "read-only", "look"])
            .env("OFFSHOOT_SANDBOX__ENABLED", sandbox)
            .finish();
        assert_eq!(run.code, Some(0), "{}\n{}", run.stdout, run.stderr);
        assert!(run.commits().is_empty());
        assert_eq!(desk.machine.git_in(&run.worktree(), &["status", "--porcelain"]), "");
        let notices = run.all("notice").iter().map(ToString::to_string).collect::<String>();
        assert_eq!(notices.contains("taken back"), sandbox == "false", "{notices}");
        assert_eq!(desk.machine.ledger().pop().unwrap()["task_class"], "advisory");
    }
}

#[test]
fn a_failing_cli_is_followed_by_the_next_backend_which_hears_what_it_did() {
    let server = ModelServer::start_blocking(WireFormat::OpenaiChat, vec![Reply::text("All there.")]);
    let failing = "say 'I begin.'; call t1 Write '{}'; echo 1 > a; result t1 'made a'\n\
        line '{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":true,\"api_error_status\":429,\"result\":\"API Error: 429 rate limit\",\"terminal_reason\":\"api_error\",\"session_id\":\"native-1\"}'\n\
        exit 1";
    let desk =
        Desk::with(failing, &format!("[router]\norder = [\"tool\", \"next\"]\n{}", server.settings("next")));
    let run = desk.machine.run(&["make a"]);
    assert_eq!(run.code, Some(0), "{}\n{}", run.stdout, run.stderr);
    assert_eq!(run.one("fallback")["error_class"], "rate_limit");
    let commit = run.commits()[0].clone();
    assert!(desk.machine.trailer(&commit, "Offshoot-Route").starts_with("tool/"), "its step is its own");
    let sent = server.requests()[0].body["messages"].to_string();
    assert!(sent.contains("I begin.") && sent.contains("made a") && sent.contains("make a"), "{sent}");
}

#[test]
fn a_cli_hears_what_another_backend_said_and_did_before() {
    let server = ModelServer::start_blocking(
        WireFormat::OpenaiChat,
        vec![Reply::tool("write", json!({"path": "a", "content": "1\n"})), Reply::text("Made it.")],
    );
    let desk = Desk::with("echo \"$*\" > told; say Done.; end", &server.settings("http"));
    desk.machine.run_well(&["--backend", "http", "--branch", "offshoot/work", "make a"]);
    let run = desk.run_well(&["--branch", "offshoot/work", "now look at it"]);
    let told = desk.machine.file_at(run.commits().last().unwrap(), "told");
    for part in ["user: make a", "http called write", "http: Made it.", "now look at it"] {
        assert!(told.contains(part), "{part} is missing: {told}");
    }
    // And back again.
    server.push(Reply::text("I see."));
    desk.machine.run_well(&["--backend", "http", "--branch", "offshoot/work", "what did it do?"]);
    let sent = server.requests().last().unwrap().body["messages"].to_string();
    assert!(sent.contains("now look at it") && sent.contains("Done."), "{sent}");
}

#[test]
fn a_check_that_fails_goes_back_to_the_cli() {
    let desk = Desk::with(
        "echo $1 > mode; case $* in *Mend*) echo good > a;; *) echo bad > a;; esac; say Done.; end",
        "[router]\nmax_local_retries = 1\n[verify]\ncommand = \"grep -q good a\"\n",
    );
    let run = desk.run_well(&["make a"]);
    let states: Vec<_> = run.all("verify").iter().map(|event| event["state"].clone()).collect();
    assert_eq!(states, ["failed", "passed"]);
    assert_eq!(desk.machine.file_at(run.commits().last().unwrap(), "mode"), "resume");
}

#[test]
fn an_interrupted_cli_is_gone_with_all_it_started_and_its_work_is_kept() {
    let desk = Desk::new(
        "call t1 Bash '{}'; echo 1 > a; (sleep 600 & echo $! > pid; wait) & say 'working'; sleep 600; end",
    );
    let mut run = desk.machine.offshoot(&["run", "--json", "--backend", "tool", "make a"]).start();
    let session = run.wait_for("session");
    run.wait_for("text");
    let worktree = PathBuf::from(session["worktree"].as_str().unwrap());
    let pid = loop {
        match fs::read_to_string(worktree.join("pid")) {
            Ok(text) if text.ends_with('\n') => break text.trim().to_owned(),
            _ => std::thread::yield_now(),
        }
    };
    let began = std::time::Instant::now();
    run.interrupt();
    let done = run.finish();
    assert_eq!(done.code, Some(130), "{}", done.stdout);
    assert!(began.elapsed() < std::time::Duration::from_secs(20));
    assert!(!PathBuf::from(format!("/proc/{pid}")).exists(), "what it started runs on");
    assert_eq!(done.commits().len(), 1, "{}", done.stdout);
    assert_eq!(done.one("end")["outcome"], "aborted");
    assert_eq!(desk.machine.ledger().pop().unwrap()["outcome"], "aborted");
}

#[test]
fn where_each_change_is_asked_for_nobody_there_lets_no_cli_in() {
    let desk = Desk::new("echo 1 > a; say Done.; end");
    let run = desk.run(&["--permissions", "ask", "make a"]);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    assert_eq!(run.one("approval")["decision"], "denied");
    assert!(run.commits().is_empty() && !run.worktree().join("a").exists());
    assert!(run.one("error")["hint"].as_str().unwrap().contains("--permissions"), "{}", run.stdout);
}

#[test]
fn a_cli_that_is_not_there_or_makes_no_sense_is_told_of() {
    let machine = Machine::new();
    let profile = machine.path("mine.toml");
    let with = |text: &str| {
        fs::write(&profile, text).unwrap();
        machine.settings(&format!("[backends.mine]\nkind = \"cli\"\nprofile = \"{}\"\n", profile.display()));
        machine.run(&["--backend", "mine", "x"])
    };
    let missing = with(
        "program = \"no-such-cli\"\ninstall = \"get no-such-cli there\"\nstart = [\"@prompt\"]\n[prompt]\nargs = [\"{prompt}\"]\n",
    );
    assert_ne!(missing.code, Some(0));
    assert!(
        missing.complaints().contains("no-such-cli")
            && missing.complaints().contains("get no-such-cli there"),
        "{}",
        missing.complaints()
    );
    let wrong =
        with("program = \"x\"\ninstall = \"y\"\nstrat = [\"@prompt\"]\n[prompt]\nargs = [\"{prompt}\"]\n");
    let said = wrong.complaints();
    assert!(said.contains("mine.toml") && said.contains("strat") && said.contains("start"), "{said}");
    let doctor: Value =
        serde_json::from_str(&machine.offshoot(&["doctor", "--json"]).finish().stdout).unwrap();
    assert!(doctor["backends"].to_string().contains("strat"), "{doctor}");
}

#[test]
fn a_cli_does_work_that_an_agent_gave_away() {
    let machine = Machine::new();
    let task = json!({ "title": "By the tool", "task": "make a file", "backend": "tool" });
    machine.scenes(&[("split it", vec![call("agent", task), say("It did.")])]);
    let settings = fs::read_to_string(machine.path("config/offshoot/config.toml")).unwrap();
    let script =
        "model\ncall t1 Write '{\"file_path\":\"a\"}'\necho 1 > a\nresult t1 'made a'\nsay 'Made a.'\nend\n";
    let desk = Desk::on(machine, script, &settings);
    let run = desk.machine.run_well(&["split it"]);
    let news = run.all("agent").pop().unwrap();
    assert_eq!(
        (&news["state"], &news["steps"], &news["cost_usd"]),
        (&json!("merged"), &json!(1), &json!(0.5))
    );
    assert_eq!(desk.machine.file_at("offshoot/split-it", "a"), "1");
    assert_eq!(desk.machine.file_at("offshoot/split-it--by-the-tool", "a"), "1");
    let ledger = desk.machine.ledger();
    let child = ledger.iter().find(|line| line.get("parent_session").is_some()).unwrap();
    assert_eq!((&child["backend"], &child["cost_usd"]), (&json!("tool"), &json!(0.5)));
}
