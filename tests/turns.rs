//! How turns end, and what of them stays on record.
#![cfg(unix)]

mod support;

use serde_json::json;
use support::machine::{Machine, bash, put, say, writes};

#[test]
fn a_turn_that_git_does_not_hold_is_not_done() {
    let machine = Machine::new();
    machine.script(&[vec![say("All is well.")]]);
    // A file where the session's ref would go.
    machine.write(".git/refs/offshoot", "");
    let run = machine.run(&["say something"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert_eq!(run.one("end")["outcome"], "error");
}

#[test]
fn words_of_an_answer_that_broke_off_for_good_stay_on_record() {
    let machine = Machine::new();
    let broken = json!({ "text": "It is in the parser, and", "cut": true });
    machine.script(&[vec![broken], vec![say("Done.")]]);
    let settings = std::fs::read_to_string(machine.path("config/offshoot/config.toml")).unwrap();
    machine.settings(&format!("{settings}max_retries = 0\n"));
    let run = machine.run(&["where is the fault?"]);
    assert_eq!(run.code, Some(1));
    let told: String = run.all("text").iter().map(|text| text["text"].as_str().unwrap().to_owned()).collect();
    let block = machine.block(&format!("refs/offshoot/sessions/{}", run.session()));
    let last = block.last().unwrap();
    assert_eq!(last["content"][0]["text"], told);
    assert_eq!(last["stop"], "interrupted");
    machine.run_well(&["--branch", &run.branch(), "go on"]);
}

#[test]
fn a_summary_is_not_shown_as_an_answer_and_may_be_written_more_than_once_in_a_turn() {
    let machine = Machine::new();
    let full = |command: &str| {
        let mut reply = bash(command);
        reply["usage"] = json!({ "input": 950, "output": 5 });
        reply
    };
    let script = json!({ "turn": [
        { "when": "Go on from there", "reply": [full("true 4"), full("true 5"), say("Done.")] },
        { "when": "a long task", "reply": [full("true 1"), full("true 2"), full("true 3")] },
        { "when": "grown too long", "reply": [say("SUMMARY")] },
    ]});
    std::fs::write(machine.path("long.toml"), toml::to_string(&script).unwrap()).unwrap();
    machine.settings(&format!(
        "[router]\norder = [\"s\"]\n[backends.s]\nkind = \"scripted\"\nlocal = true\ncontext_window = 1000\nscript = \"{}\"\n",
        machine.path("long.toml").display()
    ));
    let run = machine.run(&["a long task"]);
    assert!(!run.stdout.contains("SUMMARY\""), "{}", run.stdout);
    let compacted =
        run.all("notice").iter().filter(|n| n["message"].as_str().unwrap().starts_with("compacted")).count();
    assert!(compacted >= 2, "{}", run.stdout);
}

#[test]
fn a_turn_that_takes_too_long_is_stopped() {
    let machine = Machine::new();
    machine.script_with(
        &[vec![put("a", "1"), bash("sleep 60"), say("Done.")]],
        "[agent]\nturn_timeout_seconds = 1\n",
    );
    let run = machine.run(&["wait"]);
    assert_eq!(run.code, Some(1));
    assert_eq!(run.one("error")["error_class"], "timeout");
    assert_eq!(run.commits().len(), 1);
}

#[test]
fn a_quiet_run_tells_why_it_failed() {
    let machine = Machine::new();
    machine.script(&[vec![json!({ "text": "No.", "stop": "refusal" })]]);
    let mut command = machine.command(env!("CARGO_BIN_EXE_offshoot"), &machine.repo);
    let output =
        command.args(["run", "--quiet", "do it"]).stdin(std::process::Stdio::null()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains("error: script refused to answer"), "{told}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_reader_that_leaves_ends_the_run_in_good_order() {
    let machine = Machine::new();
    machine.script(&[vec![put("a", "1"), bash("sleep 60"), say("Done.")]]);
    let mut command = machine.command(env!("CARGO_BIN_EXE_offshoot"), &machine.repo);
    command
        .args(["run", "--json", "wait"])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped());
    let mut child = command.stderr(std::process::Stdio::null()).spawn().unwrap();
    // The reader takes the first line and is gone.
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut out, &mut String::new()).unwrap();
    drop(out);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let sessions = machine.git(&["for-each-ref", "refs/offshoot/sessions"]);
    assert_eq!(sessions.lines().count(), 1, "what was said is on record");
}

#[test]
fn several_turns_are_undone_at_once_as_the_preview_says() {
    let machine = Machine::new();
    machine.script(&[writes("a", "1"), writes("b", "1"), writes("c", "1")]);
    let run = machine.run_well(&["first"]);
    machine.run_well(&["--branch", &run.branch(), "second"]);
    machine.run_well(&["--branch", &run.branch(), "third"]);
    let undo = ["undo", "--turn", "-n", "2"];
    let plan = machine.report(&[&undo[..], &["--dry-run"]].concat());
    assert_eq!(plan["files_removed"], json!(["b", "c"]));
    let moved = machine.report(&undo);
    assert_eq!((&moved["to"], &moved["turn"]), (&plan["to"], &json!(1)));
    assert_eq!(moved["to"], run.commits()[0].as_str());
    assert_eq!(machine.report(&["redo"])["turn"], 3);
}
