//! Work that an agent gives to others: each in a branch and a worktree of its own, what they made brought in or told
//! of, nothing dropped.

use serde_json::{Value, json};

use crate::support::machine::{Finished, Machine, call, calls, put, say};

const PARENT: &str = "offshoot/split-the-work";

fn machine(scenes: &[(&str, Vec<Value>)]) -> Machine {
    let machine = Machine::new();
    machine.write("poem.txt", "roses\nare\nred\n");
    machine.commit_all("a poem");
    machine.scenes(scenes);
    machine
}

fn ask(title: &str, task: &str) -> (&'static str, Value) {
    ("agent", json!({ "title": title, "task": task }))
}

/// What the parent's model was told of its calls, in order.
fn told(machine: &Machine, run: &Finished) -> Vec<(bool, String)> {
    let session = own(run)["session"].as_str().unwrap().to_owned();
    let log =
        machine.git(&["log", "--first-parent", "--format=%B", &format!("refs/offshoot/sessions/{session}")]);
    let results = log.lines().filter_map(|line| serde_json::from_str::<Value>(line.trim()).ok());
    let mut found: Vec<(String, bool, String)> = Vec::new();
    for message in results {
        for part in message["content"].as_array().into_iter().flatten() {
            let id = part["id"].as_str().unwrap_or_default().to_owned();
            let text = part.to_string();
            if text.contains("tool_result") && found.iter().all(|(known, ..)| *known != id) {
                found.push((id, part["is_error"] == true, text.replace("\\n", "\n")));
            }
        }
    }
    found.sort();
    found.into_iter().map(|(_, is_error, text)| (is_error, text)).collect()
}

/// The event that tells of the session that was asked for.
fn own(run: &Finished) -> Value {
    run.all("session").into_iter().find(|event| event.get("parent").is_none()).unwrap()
}

fn worktrees(machine: &Machine) -> usize {
    machine.git(&["worktree", "list"]).lines().count()
}

/// A11
#[test]
fn of_two_that_change_the_same_line_one_is_merged_and_the_other_is_told_of_as_a_conflict() {
    let machine = machine(&[
        (
            "split the work",
            vec![
                calls(vec![ask("Blue", "colour: blue"), ask("Green", "colour: green")]),
                say("One of them fitted."),
            ],
        ),
        ("colour: blue", vec![put("poem.txt", "roses\nare\nblue\n"), say("It is blue now.")]),
        (
            "colour: green",
            vec![put("poem.txt", "roses\nare\ngreen\n"), put("extra.txt", "more\n"), say("It is green now.")],
        ),
    ]);
    let before = machine.fingerprint();
    let run = machine.run_well(&["split the work"]);
    before.assert_same(&machine);

    // Both are reported: the first merged, the second with what conflicts.
    let told = told(&machine, &run);
    assert_eq!(told.len(), 2, "{told:?}");
    let (is_error, blue) = &told[0];
    assert!(
        !is_error && blue.contains("merged into your files") && blue.contains("It is blue now."),
        "{blue}"
    );
    let (is_error, green) = &told[1];
    assert!(is_error & green.contains("CONFLICT"), "{green}");
    assert!(
        green.contains("poem.txt: changed on both sides") && green.contains("It is green now."),
        "{green}"
    );
    assert!(green.contains(&format!("{PARENT}--green")), "{green}");

    // The parent holds the first one's work, as a merge of its branch, and nothing of the second's.
    assert_eq!(machine.file_at(PARENT, "poem.txt"), "roses\nare\nblue");
    assert!(!machine.is_in(PARENT, "extra.txt"));
    let parents = machine.git(&["log", "-1", "--format=%P", PARENT]);
    let blue_head = machine.git(&["rev-parse", &format!("{PARENT}--blue")]);
    assert_eq!(parents.split(' ').nth(1), Some(blue_head.as_str()));

    // Nothing is dropped: both branches are there, their worktrees are not.
    assert_eq!(machine.file_at(&format!("{PARENT}--green"), "poem.txt"), "roses\nare\ngreen");
    assert_eq!(machine.file_at(&format!("{PARENT}--green"), "extra.txt"), "more");
    assert_eq!(worktrees(&machine), 2);

    // Events of theirs say whose they are; the last line is the end of the session that was asked for.
    let session = own(&run)["session"].clone();
    let theirs: Vec<Value> = run.events().into_iter().filter(|event| event["parent"] == session).collect();
    assert!(theirs.iter().all(|event| event["session"] != session));
    assert_eq!(theirs.iter().filter(|event| event["type"] == "step").count(), 3);
    let events = run.events();
    let last = events.last().unwrap();
    assert_eq!((&last["type"], &last["session"]), (&json!("end"), &session));
    assert_eq!(run.all("end").len(), 1);
    let states: Vec<(String, String)> = run
        .all("agent")
        .iter()
        .map(|event| {
            let text = |key: &str| event[key].as_str().unwrap().to_owned();
            (text("title"), text("state"))
        })
        .collect();
    for state in [("Blue", "waiting"), ("Blue", "working"), ("Blue", "merged"), ("Green", "conflict")] {
        assert!(states.contains(&(state.0.to_owned(), state.1.to_owned())), "{states:?}");
    }

    // Each has lines of its own in the ledger, and nothing is counted twice.
    let ledger = machine.ledger();
    assert_eq!(ledger.len(), 3);
    let of_children: Vec<&Value> = ledger.iter().filter(|line| line["parent_session"] == session).collect();
    assert_eq!(of_children.len(), 2);
    let parent = ledger.iter().find(|line| line["session"] == session).unwrap();
    assert_eq!(parent["usage"]["input"], 200, "{parent}");
    assert!(parent.get("parent_session").is_none());

    // The conversation goes on from its branch alone, and the log shows who gave the work.
    let log = machine.report(&["log"]);
    assert!(log.to_string().contains("--green"), "{log}");
}

#[test]
fn one_that_is_started_sees_what_the_same_answer_changed_before_and_both_are_one_step() {
    let machine = machine(&[
        (
            "split the work",
            vec![
                calls(vec![
                    ("write", json!({ "path": "half.txt", "content": "half\n" })),
                    ask("Other half", "finish it"),
                ]),
                say("Done."),
            ],
        ),
        (
            "finish it",
            vec![
                call("read", json!({ "path": "half.txt" })),
                calls(vec![("bash", json!({ "command": "cat half.txt half.txt > whole.txt" }))]),
                say("It is whole."),
            ],
        ),
    ]);
    let run = machine.run_well(&["--permissions", "full", "split the work"]);
    let session = own(&run)["session"].clone();
    let steps: Vec<Value> = run.all("step").into_iter().filter(|step| step["session"] == session).collect();
    assert_eq!(steps.len(), 1, "{steps:?}");
    assert_eq!(machine.file_at(PARENT, "whole.txt"), "half\nhalf");
    assert_eq!(machine.file_at(PARENT, "half.txt"), "half");
    let first = machine.git(&["rev-parse", &format!("{PARENT}~1")]);
    assert_eq!(first, machine.git(&["rev-parse", "main"]), "one step on top of where it began");

    // An undo takes both back, and leaves the other's branch. Without a name it is that of the session that was
    // asked for.
    assert_eq!(machine.offshoot(&["undo"]).finish().code, Some(0));
    assert_eq!(machine.git(&["rev-parse", PARENT]), machine.git(&["rev-parse", "main"]));
    assert_eq!(machine.file_at(&format!("{PARENT}--other-half"), "whole.txt"), "half\nhalf");
}

#[test]
fn how_deep_and_how_many_are_bounded_and_the_refusal_says_so() {
    let machine = Machine::new();
    let scenes = [
        (
            "split the work",
            vec![calls(vec![ask("One", "first level"), ask("Two", "too many")]), say("Done.")],
        ),
        ("first level", vec![calls(vec![ask("Deeper", "second level")]), say("Down.")]),
        ("second level", vec![calls(vec![ask("Deepest", "third level")]), say("At the bottom.")]),
    ];
    let scenes: Vec<Value> =
        scenes.iter().map(|(when, reply)| json!({ "when": when, "reply": reply })).collect();
    machine.play(&json!({ "turn": scenes }), "[agent]\nmax_children_per_turn = 1\n");
    let run = machine.run_well(&["split the work"]);
    let refusals: Vec<String> = run
        .all("tool_result")
        .iter()
        .filter(|result| result["is_error"] == true)
        .map(|result| result["summary"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        refusals,
        [
            "not run: sub-agents go 2 deep at most (agent.max_depth), and you are at depth 2",
            "not run: this turn has started 1 sub-agents, and 1 are the most (agent.max_children_per_turn)",
        ]
    );
    assert_eq!(run.all("session").len(), 3);
    assert_eq!(worktrees(&machine), 2);
}

#[test]
fn one_that_runs_out_of_calls_is_told_of_with_what_it_had_done() {
    let machine = machine(&[
        (
            "split the work",
            vec![
                call("agent", json!({ "title": "Long", "task": "never ends", "max_steps": 2 })),
                say("It was too much."),
            ],
        ),
        (
            "never ends",
            vec![put("one.txt", "1\n"), put("two.txt", "2\n"), put("three.txt", "3\n"), say("Done.")],
        ),
    ]);
    let run = machine.run_well(&["split the work"]);
    let (is_error, told) = told(&machine, &run).remove(0);
    assert!(is_error && told.contains("FAILED: stopped after 2 calls of the model in one turn"), "{told}");
    assert!(told.contains("two.txt +1 -0") && !told.contains("three.txt"), "{told}");
    assert!(!machine.is_in(PARENT, "one.txt"));
    assert!(machine.is_in(&format!("{PARENT}--long"), "two.txt"));
    assert_eq!(worktrees(&machine), 2);
}

#[test]
fn one_that_only_looks_has_no_branch_and_sees_what_no_commit_has_yet() {
    let machine = machine(&[
        (
            "split the work",
            vec![
                calls(vec![
                    ("write", json!({ "path": "half.txt", "content": "half\n" })),
                    ("agent", json!({ "title": "Look", "task": "look closely", "read_only": true })),
                ]),
                say("Done."),
            ],
        ),
        (
            "look closely",
            vec![call("read", json!({ "path": "half.txt" })), put("not.txt", "no\n"), say("It says half.")],
        ),
    ]);
    let run = machine.run_well(&["split the work"]);
    let results = run.all("tool_result");
    let of_child: Vec<&Value> = results.iter().filter(|result| result.get("parent").is_some()).collect();
    assert_eq!((&of_child[0]["is_error"], &of_child[1]["is_error"]), (&json!(false), &json!(true)));
    let told = told(&machine, &run);
    assert!(
        told.iter().any(|(_, text)| text.contains("It says half.") && text.contains("it only looked")),
        "{told:?}"
    );
    let branches = machine.git(&["for-each-ref", "--format=%(refname:short)", "refs/heads/offshoot"]);
    assert_eq!(branches, PARENT);
    assert!(!machine.is_in(PARENT, "not.txt"));
}

#[test]
fn an_interruption_stops_all_and_commits_what_they_did() {
    let machine = machine(&[
        ("split the work", vec![calls(vec![ask("A", "task a"), ask("B", "task b")]), say("Never said.")]),
        ("task a", vec![put("a.txt", "a\n"), json!({ "text": "Still at it", "stall": true })]),
        ("task b", vec![put("b.txt", "b\n"), json!({ "text": "Still at it", "stall": true })]),
    ]);
    let mut run = machine.offshoot(&["run", "--json", "split the work"]).start();
    run.wait_for("step");
    run.wait_for("step");
    run.interrupt();
    let run = run.finish();
    assert_eq!(run.code, Some(130), "{}", run.stderr);
    assert_eq!(machine.file_at(&format!("{PARENT}--a"), "a.txt"), "a");
    assert_eq!(machine.file_at(&format!("{PARENT}--b"), "b.txt"), "b");
    assert_eq!(worktrees(&machine), 2);
    let told = told(&machine, &run);
    assert!(told.iter().all(|(is_error, text)| *is_error && text.contains("was interrupted")), "{told:?}");
    assert_eq!(told.len(), 2);
}

#[test]
fn after_a_crash_all_are_on_record_and_the_call_says_where() {
    let machine = machine(&[
        ("split the work", vec![calls(vec![ask("A", "task a")]), say("Never said.")]),
        ("task a", vec![put("a.txt", "a\n"), json!({ "text": "Still at it", "stall": true })]),
        ("go on", vec![say("Gone on.")]),
    ]);
    let mut run = machine.offshoot(&["run", "--json", "split the work"]).start();
    let child = run.wait_for("step");
    let said = run.wait_for("text");
    let killed = run.kill();
    assert_eq!(killed.code, None);
    let again = machine.run_well(&["--branch", PARENT, "go on"]);
    assert_eq!(again.session(), child["parent"].as_str().unwrap());
    let told = told(&machine, &again);
    let (is_error, text) = &told[0];
    assert!(is_error & text.contains("lost to a crash"), "{text}");
    assert!(text.contains(&format!("{PARENT}--a")), "{text}");
    assert!(text.contains(child["session"].as_str().unwrap()), "{text}");
    assert_eq!(machine.file_at(&format!("{PARENT}--a"), "a.txt"), "a");
    let shown = machine.git(&[
        "log",
        "--format=%B",
        &format!("refs/offshoot/sessions/{}", child["session"].as_str().unwrap()),
    ]);
    let said = said["text"].as_str().unwrap().trim();
    assert!(shown.contains(said), "what had been shown of its answer is kept:\n{shown}");
}

#[test]
fn after_a_crash_before_their_first_step_they_still_belong_to_who_started_them() {
    let machine = machine(&[
        ("split the work", vec![calls(vec![ask("A", "task a")]), say("Never said.")]),
        ("task a", vec![json!({ "text": "I begin", "stall": true })]),
    ]);
    let mut run = machine.offshoot(&["run", "--json", "split the work"]).start();
    let said = loop {
        let event = run.wait_for("text");
        if event.get("parent").is_some() {
            break event;
        }
    };
    run.kill();
    let (child, parent) = (said["session"].clone(), said["parent"].clone());
    // What is resumed without a name is what the user asked for.
    let resumed = machine.offshoot(&["resume"]).finish();
    assert!(resumed.code == Some(0) && resumed.stderr.contains(PARENT), "{resumed:?}");
    assert!(!resumed.stderr.contains(&format!("resume {PARENT}--a")), "{}", resumed.stderr);
    let log = machine.report(&["log"]);
    assert_eq!((log.as_array().unwrap().len(), &log[0]["session"]), (1, &parent), "{log}");
    let fork = &log[0]["forks"][0];
    assert_eq!((&fork["session"], &fork["forked_from"]["session"]), (&child, &parent), "{log}");
    assert_eq!(fork["forked_from"]["turn"], 0);
}

#[test]
fn what_one_may_cost_is_a_share_of_what_is_left_and_counts_for_who_started_it() {
    let machine = machine(&[]);
    let paid = |mut reply: Value| {
        reply["usage"] = json!({ "input": 100_000, "output": 0 });
        reply
    };
    let puts = (0..8).map(|number| paid(put(&format!("{number}.txt"), "x\n")));
    machine.scenes(&[
        ("split the work", vec![paid(calls(vec![ask("Dear", "spend it")])), paid(say("Never said."))]),
        ("spend it", puts.collect()),
    ]);
    let script = machine.path("script.toml");
    machine.settings(&format!(
        "[router]\norder = [\"dear\"]\n[backends.dear]\nkind = \"scripted\"\nmodel = \"claude-haiku-4-5\"\n\
         script = \"{}\"\n",
        script.display()
    ));
    // Ten cents a call: one for the parent, four for what is left.
    let run = machine.run(&["--budget-usd", "0.5", "split the work"]);
    assert_eq!(run.code, Some(3), "{}\n{}", run.stdout, run.stderr);
    let (is_error, told) = told(&machine, &run).remove(0);
    assert!(
        is_error && told.contains("stopped at its budget") && told.contains("(4 steps, $0.4000)"),
        "{told}"
    );
    assert!(machine.is_in(&format!("{PARENT}--dear"), "3.txt"));
    let session = own(&run)["session"].clone();
    let ledger = machine.ledger();
    let parent = ledger.iter().find(|line| line["session"] == session).unwrap();
    let cents = |line: &Value| (line["cost_usd"].as_f64().unwrap() * 100.0).round();
    assert_eq!((cents(parent), ledger.iter().map(cents).sum::<f64>()), (10.0, 50.0));
}

#[test]
fn without_json_what_they_do_is_told_indented_and_by_name() {
    let machine = machine(&[
        ("split the work", vec![calls(vec![ask("Notes", "write notes")]), say("All done.")]),
        ("write notes", vec![put("notes.txt", "n\n"), say("The notes are there.")]),
    ]);
    let run = machine.offshoot(&["run", "split the work"]).finish();
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(run.stdout, "All done.\n", "a pipe gets the answer that was asked for alone");
    let told: Vec<&str> = run.stderr.lines().collect();
    let begins = |start: &str| told.iter().any(|line| line.starts_with(start));
    assert!(begins(&format!("  ↳ Notes · {PARENT}--notes")), "{}", run.stderr);
    assert!(begins("    ✓ write notes.txt") && begins("  ✓ agent Notes · merged"), "{}", run.stderr);
}
