//! Sessions that go on: in a clone, from an earlier step, beside each other, and with whom the user chose.

use crate::support::machine::{Finished, Machine, say, writes};

/// A machine whose "origin" has a session of three turns, the second of which changed nothing.
fn with_a_session() -> (Machine, Finished) {
    let machine = Machine::new();
    machine.script(&[
        writes("one.txt", "1\n"),
        vec![say("Nothing to do.")],
        writes("two.txt", "2\n"),
        writes("three.txt", "3\n"),
    ]);
    let first = machine.run_well(&["make one"]);
    for task in ["anything else?", "make two"] {
        machine.run_well(&["--branch", &first.branch(), task]);
    }
    (machine, first)
}

#[test]
fn the_log_tells_of_turns_that_changed_nothing() {
    let (machine, _) = with_a_session();
    let told = machine.offshoot(&["log"]).finish().stdout;
    let at = |text: &str| told.find(text).unwrap_or_else(|| panic!("{text} is missing:\n{told}"));
    assert!(at("[1] make one") < at("[2] anything else?") && at("[2] anything else?") < at("[3] make two"));
}

#[test]
fn a_clone_goes_on_with_the_session_of_a_branch_that_only_its_remote_has() {
    let (machine, first) = with_a_session();
    machine.git(&["clone", "-q", ".", "../clone"]);
    let clone = machine.path("clone");
    let args = ["run", "--json", "--branch", &first.branch(), "make three"];
    let went_on = machine.offshoot(&args).cwd(&clone).finish();
    assert_eq!(went_on.code, Some(0), "{}", went_on.stderr);
    assert_eq!(went_on.session(), first.session());
    assert_eq!(went_on.all("step")[0]["turn"], 4);
    let files = machine.git_in(&clone, &["ls-tree", "--name-only", &first.branch()]);
    assert!(["one.txt", "two.txt", "three.txt"].iter().all(|file| files.contains(file)), "{files}");
}

#[test]
fn an_earlier_step_in_a_clone_begins_a_line_of_its_own() {
    let (machine, first) = with_a_session();
    machine.git(&["clone", "-q", ".", "../clone"]);
    let clone = machine.path("clone");
    let step = first.commits()[0].clone();
    let resumed = machine.offshoot(&["resume", "--json", &step]).cwd(&clone).finish();
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    assert_ne!(resumed.session(), first.session());
    assert_ne!(resumed.branch(), first.branch());
    assert_eq!(machine.git_in(&clone, &["rev-parse", &resumed.branch()]).trim(), step);
}

#[test]
fn a_folder_that_another_repository_left_is_no_obstacle() {
    let (machine, first) = with_a_session();
    let clone = machine.path("clone");
    for _ in 0..2 {
        machine.git(&["clone", "-q", ".", "../clone"]);
        let resumed = machine.offshoot(&["resume", "--json", &first.branch()]).cwd(&clone).finish();
        assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
        assert!(resumed.worktree().join("two.txt").exists());
        std::fs::remove_dir_all(&clone).unwrap();
    }
}

#[test]
fn the_same_task_many_times_at_once_gets_a_branch_each() {
    let machine = Machine::new();
    machine.script(&[writes("one.txt", "1\n")]);
    let running: Vec<_> = (0..6).map(|_| machine.offshoot(&["run", "--json", "make one"]).start()).collect();
    let mut branches: Vec<String> = running
        .into_iter()
        .map(|running| {
            let finished = running.finish();
            assert_eq!(finished.code, Some(0), "{}{}", finished.stdout, finished.stderr);
            finished.branch()
        })
        .collect();
    branches.sort();
    branches.dedup();
    assert_eq!(branches.len(), 6, "{branches:?}");
    assert_eq!(machine.ledger().len(), 6);
}

#[test]
fn whom_the_user_chose_goes_on_answering() {
    let machine = Machine::new();
    machine.script(&[writes("one.txt", "1\n"), vec![say("Yes.")], vec![say("And no.")]]);
    let script = machine.path("script.toml").display().to_string();
    machine.settings(&format!(
        "[router]\norder = [\"a\", \"b\"]\n\
         [backends.a]\nkind = \"scripted\"\nscript = \"{script}\"\n\
         [backends.b]\nkind = \"scripted\"\nscript = \"{script}\"\nmodel = \"m\"\n"
    ));
    let first = machine.run_well(&["--backend", "b", "make one"]);
    let then = machine.run_well(&["--branch", &first.branch(), "is it good?"]);
    assert_eq!(then.one("route")["backend"], "b");
    let other = machine.run_well(&["--backend", "a", "--branch", &first.branch(), "sure?"]);
    assert_eq!(other.one("route")["backend"], "a");
}
