//! `offshoot compare`: one task to several, side by side, without a screen.

use serde_json::{Value, json};

use crate::support::machine::{Machine, bash, put, say};

fn two() -> Machine {
    let machine = Machine::new();
    machine.scripts(
        &[
            ("one", &[vec![put("a.txt", "good\n"), say("One.")]]),
            ("two", &[vec![put("a.txt", "bad\n"), put("b.txt", "b\n"), say("Two.")]]),
            ("broken", &[vec![json!({ "error": { "class": "auth", "message": "not logged in" } })]]),
        ],
        "fallback = \"never\"",
    );
    machine
}

fn rows(finished: &crate::support::machine::Finished) -> Vec<Value> {
    let last = finished.events().pop().unwrap();
    assert_eq!(last["type"], "comparison", "{}", finished.stdout);
    last["rows"].as_array().unwrap().clone()
}

#[test]
fn a_task_is_given_to_several_and_the_table_ends_it() {
    let machine = two();
    let before = machine.fingerprint();
    let done = machine
        .offshoot(&["compare", "fix it", "--with", "one,two,broken", "--verify", "grep good a.txt"])
        .finish();
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let table: Vec<Vec<&str>> = done.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(table[0][..4], ["candidate", "state", "check", "changes"], "{}", done.stdout);
    assert_eq!(table[1][..7], ["a", "one/one-model", "done", "passed", "1", "+1", "−0"], "{}", done.stdout);
    assert_eq!(table[2][..4], ["b", "two/two-model", "failed", "failed"], "{}", done.stdout);
    assert_eq!(table[3][..3], ["c", "broken/broken-model", "failed"], "{}", done.stdout);
    assert!(done.stdout.contains("c: not logged in"), "{}", done.stdout);
    assert!(
        done.stderr.contains("offshoot/fix-it-a") && done.stderr.contains("all start from"),
        "{}",
        done.stderr
    );
    assert_eq!(machine.file_at("offshoot/fix-it-a", "a.txt"), "good");
    before.assert_same(&machine);
}

#[test]
fn events_carry_the_letter_of_their_candidate() {
    let machine = two();
    let done = machine
        .offshoot(&["--json", "compare", "fix it", "--n", "2", "--with", "one,two", "--jobs", "1"])
        .finish();
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let events = done.events();
    let (last, others) = events.split_last().unwrap();
    assert!(
        others.iter().all(|event| event["candidate"] == "a" || event["candidate"] == "b"),
        "{}",
        done.stdout
    );
    // One after the other, as there is room.
    let letters: String = others.iter().map(|event| event["candidate"].as_str().unwrap()).collect();
    assert_eq!(letters.trim_start_matches('a').trim_start_matches('b'), "", "{letters}");
    assert_eq!(done.all("end").len(), 2);
    assert_eq!(last["base"], machine.git(&["rev-parse", "main"]));
    let rows = rows(&done);
    assert_eq!(
        (&rows[0]["state"], &rows[0]["steps"], &rows[0]["insertions"]),
        (&json!("done"), &json!(1), &json!(1))
    );
    assert_eq!(
        (&rows[1]["backend"], &rows[1]["files"], &rows[1]["branch"]),
        (&json!("two"), &json!(2), &json!("offshoot/fix-it-b"))
    );
}

#[test]
fn the_best_is_kept_and_the_others_stay_on_their_branches() {
    let machine = two();
    let done = machine
        .offshoot(&[
            "--json",
            "compare",
            "fix it",
            "--with",
            "two,one",
            "--verify",
            "grep good a.txt",
            "--keep",
            "best",
        ])
        .finish();
    let rows = rows(&done);
    assert_eq!((&rows[0]["fate"], &rows[1]["fate"]), (&json!("archived"), &json!("kept")), "{}", done.stdout);
    assert_eq!(done.events().pop().unwrap()["kept"], "b");
    let archived = machine.git(&["for-each-ref", "--format=%(refname)", "refs/offshoot/archived"]);
    assert_eq!(archived, format!("refs/offshoot/archived/{}", rows[0]["session"].as_str().unwrap()));
    assert!(machine.is_in("offshoot/fix-it-a", "b.txt"));
    let log = machine.offshoot(&["log"]).finish();
    assert!(
        log.stdout.contains("compared with offshoot/fix-it-b") && log.stdout.contains("archived"),
        "{}",
        log.stdout
    );
}

#[test]
fn nobody_who_succeeds_is_a_failure_and_a_wish_that_cannot_be_met_is_bad_usage() {
    let machine = two();
    let code = |args: &[&str]| {
        let done = machine.offshoot(&[&["compare"], args].concat()).finish();
        (done.code, done.stderr)
    };
    assert_eq!(code(&["fix it", "--with", "broken×2"]).0, Some(1));
    for (args, told) in [
        (&["fix it"][..], "a comparison takes 2 at least"),
        (&["fix it", "--n", "9"], "8 at most"),
        (&["fix it", "--with", "one,nobody"], "b (nobody): "),
        (&["fix it", "--with", "one,two", "--keep", "z"], "--keep z names none of"),
        (&["--with", "one,two"], "there is no task"),
    ] {
        let (code, stderr) = code(args);
        assert!(stderr.contains(told), "{args:?}: {stderr}");
        assert_eq!(code, Some(2), "{args:?}: {stderr}");
    }
}

#[test]
fn an_interruption_ends_all_of_them() {
    let machine = Machine::new();
    machine.scripts(
        &[
            ("one", &[vec![put("a.txt", "a\n"), bash("sleep 600")]]),
            ("two", &[vec![put("b.txt", "b\n"), bash("sleep 600")]]),
        ],
        "",
    );
    let mut running = machine.offshoot(&["--json", "compare", "fix it", "--with", "one,two"]).start();
    running.wait_for("step");
    running.wait_for("step");
    running.interrupt();
    let done = running.finish();
    assert_eq!(done.code, Some(130), "{}\n{}", done.stdout, done.stderr);
    let states: Vec<Value> = rows(&done).iter().map(|row| row["state"].clone()).collect();
    assert_eq!(states, ["stopped", "stopped"]);
    assert!(machine.is_in("offshoot/fix-it-a", "a.txt") && machine.is_in("offshoot/fix-it-b", "b.txt"));
}
