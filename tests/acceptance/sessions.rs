//! Sessions that go on: resumed, continued, branched off, moved back and forth, also in a fresh clone.

use serde_json::{Value, json};

use crate::support::machine::{Finished, Machine, bash, put, say, writes};

/// A file change, words alone, a file change.
fn three_turns(machine: &Machine) -> [Finished; 3] {
    machine.script(&[
        writes("one.txt", "1\n"),
        vec![say("Blue, of course.")],
        writes("three.txt", "3\n"),
        vec![put("four.txt", "4\n"), say("Four is there.")],
        vec![say("Five.")],
    ]);
    let first = machine.run_well(&["write one"]);
    let branch = first.branch();
    let second = machine.run_well(&["--branch", &branch, "which colour?"]);
    let third = machine.run_well(&["--branch", &branch, "write three"]);
    [first, second, third]
}

/// What was said in the conversation that a model was sent last, as `show` tells it of the session.
fn words(machine: &Machine, rev: &str) -> String {
    let resumed = machine.offshoot(&["resume", rev]).finish();
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    resumed.stdout
}

/// A4
#[test]
fn a_killed_session_is_back_from_the_hash_alone() {
    let machine = Machine::new();
    let [first, _, third] = three_turns(&machine);
    // Killed in the middle of the next turn.
    machine.script(&[
        writes("one.txt", "1\n"),
        vec![say("Blue, of course.")],
        writes("three.txt", "3\n"),
        vec![bash("touch ran; sleep 60"), say("never")],
    ]);
    let mut running = machine.offshoot(&["run", "--json", "--branch", &first.branch(), "wait"]).start();
    running.wait_for("tool_call");
    let killed = running.kill();
    assert_eq!(killed.code, None);

    let hash = &third.commits()[0];
    machine.script(&[vec![], vec![], vec![], writes("four.txt", "4\n")]);
    let resumed = machine.run_well(&["--resume", hash, "write four"]);
    assert_eq!(machine.git(&["rev-parse", &format!("{}~1", resumed.branch())]), *hash);
    let told = words(&machine, &resumed.branch());
    for word in ["write one", "which colour?", "Blue, of course.", "write three", "write four"] {
        assert!(told.contains(word), "{word} in {told}");
    }
    assert!(!told.contains("wait"), "what came after the hash is not in it: {told}");
    // What came after it is not lost either.
    let old = words(&machine, &first.branch());
    assert!(old.contains("[4] you\nwait"), "{old}");
}

#[test]
fn the_latest_session_comes_back_with_the_turns_that_changed_nothing() {
    let machine = Machine::new();
    let [first, ..] = three_turns(&machine);
    machine.script(&[vec![], vec![], vec![], vec![say("Green.")]]);
    machine.run_well(&["--branch", &first.branch(), "and now?"]);
    let resumed = machine.offshoot(&["resume"]).finish();
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    assert!(resumed.stdout.contains("Green."), "{}", resumed.stdout);
    assert!(resumed.stderr.contains("4 turns, 2 steps"), "{}", resumed.stderr);
    // The turn is on the session's ref, not on the branch.
    let tip = machine.git(&["rev-parse", &format!("refs/offshoot/sessions/{}", first.session())]);
    let head = machine.git(&["rev-parse", &first.branch()]);
    assert_ne!(tip, head);
    assert_eq!(
        machine.git(&["rev-parse", &format!("{tip}^{{tree}}")]),
        machine.git(&["rev-parse", &format!("{head}^{{tree}}")])
    );
}

#[test]
fn a_branch_continues_its_session_or_starts_one() {
    let machine = Machine::new();
    let [first, second, third] = three_turns(&machine);
    assert_eq!(first.session(), second.session());
    assert_eq!(first.session(), third.session());
    assert_eq!(third.one("step")["turn"], 3);
    assert_eq!(third.one("step")["step"], 2);

    // A name that is free, and one that a person made.
    let named = machine.run_well(&["--branch", "topic/mine", "write one"]);
    assert_eq!(named.branch(), "topic/mine");
    assert_ne!(named.session(), first.session());
    assert_eq!(machine.git(&["rev-parse", "topic/mine~1"]), machine.git(&["rev-parse", "main"]));
    machine.git(&["branch", "theirs", "main"]);
    let theirs = machine.run_well(&["--branch", "theirs", "write one"]);
    assert_eq!(theirs.branch(), "theirs");
    assert_eq!(machine.git(&["rev-parse", "theirs~1"]), machine.git(&["rev-parse", "main"]));
    let again = machine.run_well(&["--branch", "theirs", "which colour?"]);
    assert_eq!(again.session(), theirs.session());

    for bad in ["", "a b", "-x", "a..b", "refs/heads/x/", "HEAD", "@{-1}"] {
        let run = machine.run(&[&format!("--branch={bad}"), "write one"]);
        assert!(matches!(run.code, Some(1 | 2)), "{bad:?}: {:?}", run.code);
        assert_eq!(run.all("end").len(), 1);
        assert!(run.complaints().contains("branch"), "{bad:?}: {}", run.complaints());
    }
}

/// A7
#[test]
fn a_turn_of_the_past_is_branched_from_exactly() {
    let machine = Machine::new();
    machine.script(&[
        writes("one.txt", "1\n"),
        vec![say("Blue.")],
        writes("three.txt", "3\n"),
        writes("four.txt", "4\n"),
    ]);
    let parent = machine.run_well(&["write one"]);
    let branch = parent.branch();
    let after_one = parent.commits()[0].clone();
    machine.run_well(&["--branch", &branch, "which colour?"]);
    machine.run_well(&["--branch", &branch, "write three"]);
    // Between the turns: a merge and an edit by hand.
    let worktree = parent.worktree();
    machine.git(&["branch", "side", "main"]);
    machine.git(&["worktree", "add", "-q", machine.path("side").to_str().unwrap(), "side"]);
    crate::support::machine::write(&machine.path("side"), "side.txt", "side\n");
    machine.git_in(&machine.path("side"), &["add", "-A"]);
    machine.git_in(&machine.path("side"), &["commit", "-qm", "side"]);
    machine.git_in(&worktree, &["merge", "-q", "--no-ff", "-m", "merge side", "side"]);
    crate::support::machine::write(&worktree, "hand.txt", "by hand\n");
    machine.run_well(&["--branch", &branch, "write four"]);
    let tip = machine.git(&["rev-parse", &branch]);
    let print = machine.fingerprint();

    for (turn, base, prompts) in [
        ("2", after_one.clone(), vec!["write one"]),
        ("3", after_one.clone(), vec!["write one", "which colour?"]),
        ("1", machine.git(&["rev-parse", "main"]), vec![]),
    ] {
        let turns = prompts.len();
        machine.script(&[vec![], vec![], vec![], vec![], writes("x", "x\n")][4 - turns..]);
        let child = machine.run_well(&["--from", &tip, "--turn", turn, "something else"]);
        assert_ne!(child.session(), parent.session());
        assert_eq!(machine.git(&["rev-parse", &format!("{}~1", child.branch())]), base, "turn {turn}");
        assert_eq!(child.one("step")["turn"], turns + 1);
        let told = words(&machine, &child.branch());
        let you: Vec<&str> = told
            .lines()
            .zip(told.lines().skip(1))
            .filter(|(head, _)| head.ends_with("] you"))
            .map(|(_, line)| line)
            .collect();
        assert_eq!(you, [prompts, vec!["something else"]].concat(), "{told}");
        assert_eq!(child.one("route")["backend"], "script");
        assert_eq!(child.one("route")["model"], "player");
    }
    assert_eq!(machine.git(&["rev-parse", &branch]), tip);
    assert_eq!(machine.git_in(&worktree, &["status", "--porcelain"]), "");
    print.assert_same(&machine);

    for turn in ["0", "6", "99"] {
        let run = machine.run(&["--from", &tip, "--turn", turn, "x"]);
        assert!(matches!(run.code, Some(1 | 2)), "{turn}");
        assert!(run.complaints().contains("turn"), "{}", run.complaints());
    }
}

#[test]
fn a_fresh_clone_has_all_that_resuming_needs() {
    let machine = Machine::new();
    let [first, ..] = three_turns(&machine);
    let (branch, head) = (first.branch(), machine.git(&["rev-parse", &first.branch()]));
    machine.script(&[vec![], vec![], vec![], vec![say("Green.")], writes("five.txt", "5\n")]);
    machine.run_well(&["--branch", &branch, "and now?"]);

    // Another machine, which has the branch only as a remote's.
    let other = Machine::without_repository();
    let (from, to) = (machine.repo.display().to_string(), other.repo.display().to_string());
    other.git_in(&other.path("."), &["clone", "-q", &from, &to]);
    other.script(&[vec![], vec![], vec![], writes("four.txt", "4\n"), writes("five.txt", "5\n")]);
    let print = other.fingerprint();
    let told = words(&other, &head);
    assert!(told.contains("Blue, of course.") && told.contains("write three"), "{told}");
    let resumed = other.run_well(&["--resume", &head, "go on"]);
    assert_eq!(other.git(&["rev-parse", &format!("{}~1", resumed.branch())]), head);
    let log = other.report(&["log"]);
    assert!(log.to_string().contains("write one"), "{log}");
    print.assert_same(&other);

    // With the refs the last words are there as well.
    let other = Machine::without_repository();
    let to = other.repo.display().to_string();
    other.git_in(&other.path("."), &["clone", "-q", &from, &to]);
    other.git(&["fetch", "-q", "origin", "refs/offshoot/*:refs/offshoot/*"]);
    other.script(&[vec![], vec![], vec![], vec![], writes("five.txt", "5\n")]);
    let told = other.offshoot(&["resume"]).finish();
    assert!(told.stdout.contains("Green."), "{}\n{}", told.stdout, told.stderr);
    let resumed = other.run_well(&["--branch", &branch, "write five"]);
    assert_eq!(resumed.session(), first.session());
    assert_eq!(resumed.one("step")["turn"], 5);
    assert_eq!(other.git(&["rev-parse", &format!("{branch}~1")]), head);
}

#[test]
fn rebased_picked_and_mailed_steps_still_resume() {
    let machine = Machine::new();
    let [first, ..] = three_turns(&machine);
    let branch = first.branch();
    machine.write("main.txt", "main went on\n");
    machine.commit_all("main went on");
    machine.git(&["worktree", "add", "-q", "-b", "copy", machine.path("copy").to_str().unwrap(), &branch]);
    let copy = machine.path("copy");
    machine.git_in(&copy, &["rebase", "-q", "main"]);
    let told = words(&machine, "copy");
    assert!(
        told.contains("write one") && told.contains("Blue, of course.") && told.contains("write three"),
        "{told}"
    );
    let patches = machine.path("patches").display().to_string();
    machine.git(&["format-patch", "-q", "-o", &patches, &format!("main..{branch}")]);
    machine.git_in(&copy, &["reset", "-q", "--hard", "main"]);
    let mut mails: Vec<String> =
        std::fs::read_dir(&patches).unwrap().map(|mail| mail.unwrap().path().display().to_string()).collect();
    mails.sort();
    let mails: Vec<&str> = mails.iter().map(String::as_str).collect();
    machine.git_in(&copy, &[&["am", "-q"], &mails[..]].concat());
    machine.git_in(&copy, &["commit", "-q", "--amend", "--no-edit"]);
    let told = words(&machine, "copy");
    assert!(
        told.contains("write one") && told.contains("Blue, of course.") && told.contains("write three"),
        "{told}"
    );
}

#[test]
fn undo_and_redo_move_the_branch_and_lose_nothing() {
    let machine = Machine::new();
    machine.script(&[
        vec![put("a.txt", "1\n"), put("b.txt", "2\n"), say("Two steps.")],
        vec![say("Words.")],
        writes("c.txt", "3\n"),
        writes("d.txt", "4\n"),
    ]);
    let first = machine.run_well(&["two steps"]);
    let branch = first.branch();
    let [a, b] = first.commits().try_into().unwrap();
    machine.run_well(&["--branch", &branch, "words"]);
    let c = machine.run_well(&["--branch", &branch, "third"]).commits()[0].clone();
    let worktree = first.worktree();
    let head = |machine: &Machine| machine.git(&["rev-parse", &branch]);
    let print = machine.fingerprint();

    let plan = machine.report(&["undo", "--dry-run"]);
    assert_eq!(plan["from"], *c);
    assert!(plan["files_removed"].to_string().contains("c.txt"), "{plan}");
    assert_eq!(head(&machine), c, "a dry run does nothing");

    let moved = machine.report(&["undo", &branch]);
    assert_eq!((&moved["from"], &moved["to"]), (&Value::from(c.clone()), &Value::from(b.clone())));
    assert_eq!(head(&machine), b);
    assert!(!worktree.join("c.txt").exists() && worktree.join("b.txt").exists());
    assert!(
        machine
            .git(&["for-each-ref", "--contains", &c, "refs/offshoot/kept/"])
            .contains("refs/offshoot/kept/")
    );

    let moved = machine.report(&["redo"]);
    assert_eq!(moved["to"], *c);
    assert_eq!(head(&machine), c);
    assert!(worktree.join("c.txt").exists());
    assert!(words(&machine, &branch).contains("third"));

    let said = |machine: &Machine| machine.ledger().last().unwrap().clone();
    let told = said(&machine);
    assert_eq!((&told["kept"], &told["turn"], &told["commits"]), (&json!(true), &json!(3), &json!([c])));
    assert_eq!(told["run_id"], machine.ledger()[2]["run_id"]);
    assert_eq!(told.get("route"), None);
    let undone = machine.ledger()[3].clone();
    assert_eq!((&undone["kept"], &undone["commits"]), (&json!(false), &json!([c])));
    let status = machine.report(&["status"]);
    assert_eq!(status["routes"]["local"], 3, "what is said afterwards is no run");

    machine.report(&["undo", "-n", "2"]);
    assert_eq!(head(&machine), a);
    machine.report(&["redo"]);
    assert_eq!(head(&machine), c);
    machine.report(&["undo", "--turn"]);
    assert_eq!(head(&machine), b);
    let told = words(&machine, &branch);
    assert!(told.contains("Words.") && !told.contains("third"), "{told}");

    // Work goes on from there, and the other future is still reachable.
    let next = machine.run_well(&["--branch", &branch, "fourth"]);
    assert_eq!(machine.git(&["rev-parse", &format!("{branch}~1")]), b);
    assert_eq!(next.one("step")["turn"], 3);
    print.assert_same(&machine);
    machine.git(&["gc", "-q", "--prune=now"]);
    assert!(words(&machine, &c).contains("third"));
    let none = machine.offshoot(&["redo"]).finish();
    assert_eq!(none.code, Some(1), "{}", none.stdout);
    let far = machine.offshoot(&["undo", "-n", "99"]).finish();
    assert_eq!(far.code, Some(1), "{}", far.stdout);
    assert_eq!(machine.offshoot(&["undo", "-n", "0"]).finish().code, Some(2));
}

#[test]
fn undo_keeps_what_was_not_committed() {
    let machine = Machine::new();
    machine.script(&[writes("a.txt", "1\n"), writes("b.txt", "2\n")]);
    let run = machine.run_well(&["one"]);
    machine.run_well(&["--branch", &run.branch(), "two"]);
    crate::support::machine::write(&run.worktree(), "b.txt", "mine\n");
    crate::support::machine::write(&run.worktree(), "new.txt", "mine too\n");
    machine.report(&["undo"]);
    assert!(!run.worktree().join("b.txt").exists());
    let kept = machine.git(&["for-each-ref", "--format=%(objectname)", "refs/offshoot/kept/"]);
    let is_kept = |path: &str, text: &str| {
        kept.lines().any(|rev| machine.is_in(rev, path) && machine.file_at(rev, path) == text)
    };
    assert!(is_kept("b.txt", "mine") && is_kept("new.txt", "mine too"), "{kept}");
}

#[test]
fn log_and_show_tell_people_and_programs() {
    let machine = Machine::new();
    let empty = machine.offshoot(&["log"]).finish();
    assert_eq!((empty.code, empty.stdout.as_str()), (Some(0), ""));
    assert!(empty.stderr.contains("no sessions here yet"), "{}", empty.stderr);
    assert_eq!(machine.report(&["log"]), serde_json::json!([]));

    let [first, ..] = three_turns(&machine);
    let commit = first.commits()[0].clone();
    let fork = machine.run_well(&["--from", &commit, "which colour?"]);
    let log = machine.report(&["log"]);
    let tree = log.as_array().unwrap().iter().find(|tree| tree["session"] == *first.session()).unwrap();
    assert_eq!((&tree["turns"], &tree["steps"]), (&Value::from(3), &Value::from(2)));
    assert_eq!(tree["forks"][0]["session"], *fork.session());
    assert_eq!(tree["commits"][0]["commit"], *commit);
    assert_eq!(tree["commits"][0]["prompt"], "write one");
    assert_eq!(tree["commits"][0]["backend"], "script");
    let text = machine.offshoot(&["log"]).finish().stdout;
    for part in [&first.branch(), &fork.branch(), "[1] write one", "script/player", "$0", &commit[..10]] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "no colours in a pipe");

    let shown = machine.report(&["show", &commit]);
    assert_eq!(shown["commit"], *commit);
    assert_eq!((&shown["turn"], &shown["step"]), (&Value::from(1), &Value::from(1)));
    assert_eq!(shown["files"][0]["path"], "one.txt");
    assert!(shown["diff"].as_str().unwrap().contains("+1"), "{shown}");
    let text = machine.offshoot(&["show", &commit[..8]]).finish();
    assert_eq!(text.code, Some(0), "{}", text.stderr);
    for part in ["write one", "call write", "one.txt", "+1", "script/player", "100 in"] {
        assert!(text.stdout.contains(part), "{part} in\n{}", text.stdout);
    }
    assert!(!machine.offshoot(&["show", "--no-diff", &commit]).finish().stdout.contains("diff --git"));
    for nothing in ["main", "0123456789", "no-such-branch"] {
        let none = machine.offshoot(&["show", nothing]).finish();
        assert_eq!(none.code, Some(1), "{nothing}");
        assert!(none.stderr.contains("hint:") && none.stdout.is_empty(), "{}", none.stderr);
    }
}

/// A8, as far as git alone merges.
#[test]
fn a_merge_of_two_sessions_loses_neither() {
    let machine = Machine::new();
    machine.script(&[writes("one.txt", "1\n"), writes("two.txt", "2\n"), vec![say("Both.")]]);
    let parent = machine.run_well(&["write one"]);
    let child = machine.run_well(&["--from", &parent.commits()[0], "write in the child"]);
    let merge = ["merge", "-q", "--no-ff", "-m", "both lines", &child.branch()];
    machine.git_in(&parent.worktree(), &merge);
    let again = machine.run_well(&["--branch", &parent.branch(), "and now?"]);
    assert_eq!(again.session(), parent.session());
    let told = words(&machine, &parent.branch());
    assert!(told.contains("write one") && told.contains("and now?"), "{told}");
    assert!(words(&machine, &child.branch()).contains("write in the child"));
    assert_eq!(machine.git(&["rev-list", "--count", "--merges", &parent.branch()]), "1");
}
