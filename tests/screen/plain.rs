//! `--plain`: the same as lines.

use crate::support::machine::{Machine, put, say, writes};

/// Runs it with lines that are piped in.
fn plain(machine: &Machine, lines: &str) -> String {
    let run = machine.offshoot(&["--plain"]).input(lines).finish();
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(!run.stdout.contains('\x1b') && !run.stderr.contains('\x1b'), "{run:?}");
    run.stdout
}

#[test]
fn a_session_through_a_pipe_is_readable_and_does_what_the_screen_does() {
    let machine = Machine::new();
    machine.script(&[vec![put("a.txt", "a\n"), say("It is **there**.")]]);
    let before = machine.fingerprint();
    let out = plain(&machine, "write a\n/log\n/exit\n");
    for line in ["write a", "write a.txt", "It is there.", "1 file +1", "● write a", "1. write a"] {
        assert!(out.contains(line), "{line:?} is not in:\n{out}");
    }
    assert_eq!(machine.file_at("offshoot/write-a", "a.txt"), "a");
    before.assert_same(&machine);
}

#[test]
fn questions_are_answered_by_lines() {
    let machine = Machine::new();
    machine.script(&[writes("a.txt", "a\n"), writes("b.txt", "b\n")]);
    machine.write("README.md", "# Mine\n");
    let out = plain(&machine, "first\ny\nsecond\n/undo\ny\n!ls\n/exit\n");
    for line in [
        "Your checkout has changes that are not committed.",
        "Take back the last step?",
        "/redo goes forward",
    ] {
        assert!(out.contains(line), "{line:?} is not in:\n{out}");
    }
    assert!(machine.is_in("offshoot/first", "a.txt") && !machine.is_in("offshoot/first", "b.txt"));
    assert_eq!(machine.file_at("offshoot/first", "README.md"), "# Mine");
}

#[test]
fn what_there_is_nothing_to_choose_in_takes_no_line_and_a_list_gives_way_to_a_command() {
    let machine = Machine::new();
    machine.script(&[writes("a.txt", "a\n")]);
    let out = plain(&machine, "write a\n/land --dry-run\n/agents\n/resume\n/help undo\n/exit --all\ny\n");
    assert!(out.contains("Land offshoot/write-a"), "{out}");
    assert!(out.contains("a number chooses") && out.contains("/undo"), "{out}");
    assert!(!out.contains("(n: leave)") && !out.contains("y or n?"), "{out}");
    assert!(!machine.is_in("main", "a.txt"));
}

#[test]
fn an_approval_is_asked_and_answered() {
    let machine = Machine::new();
    machine.script(&[vec![put("a.txt", "a\n"), put("b.txt", "b\n"), say("Well.")]]);
    let run = machine.offshoot(&["--plain", "--permissions", "ask"]).input("first\ny\nn\n/exit\n").finish();
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("Well."), "{}", run.stdout);
    assert!(
        machine.is_in("offshoot/first", "a.txt") && !machine.is_in("offshoot/first", "b.txt"),
        "{}",
        run.stdout
    );
}

#[test]
fn who_answered_and_why_is_told_there_too() {
    let machine = Machine::new();
    machine
        .script_with(&[writes("a.txt", "a\n"), vec![say("Well.")]], "[verify]\ncommand = \"test -f a.txt\"");
    let lines = "first\n/why\n/verify\n/verify run\n/budget turn 2\n/budget\n/route\n\n/health\n/ledger stats\n/exit\n";
    let out = plain(&machine, lines);
    for line in [
        "script/player  answered",
        "verified      passed",
        "command       test -f a.txt",
        "set by        verify.command",
        "limit $2.00",
        "answers now",
        "● script  up",
        "By outcome",
    ] {
        assert!(out.contains(line), "{line:?} is not in:\n{out}");
    }
    let again = plain(&machine, "/resume offshoot/first\n/why 1\n/exit\n");
    for line in ["turn 1  first", "script/player  answered", "verified      passed", "commit        "] {
        assert!(again.contains(line), "{line:?} is not in:\n{again}");
    }
    // Without its ledger, what the commits say is left.
    std::fs::remove_file(machine.state().join("run_ledger.jsonl")).unwrap();
    let bare = plain(&machine, "/resume offshoot/first\n/why 1\n/exit\n");
    assert!(bare.contains("script/player") && bare.contains("reason  "), "{bare}");
}

#[test]
fn tabs_and_branches_work_there_too() {
    let machine = Machine::new();
    machine.script(&[writes("a.txt", "a\n"), writes("b.txt", "b\n")]);
    let out =
        plain(&machine, "first\nsecond\n/branch --rev 2 variant\n/tab 1\n/status\n/nonsense\n/exit --all\n");
    for line in ["[first]", "[variant]", "Status", "nonsense"] {
        assert!(out.contains(line), "{line:?} is not in:\n{out}");
    }
    let log = machine.git(&["log", "--format=%s", "main..offshoot/variant"]);
    assert_eq!(log.lines().count(), 2, "{log}");
}

#[test]
fn a_session_is_resumed_as_lines() {
    let machine = Machine::new();
    machine.script(&[writes("a.txt", "a\n"), writes("b.txt", "b\n")]);
    plain(&machine, "first\n");
    let run = machine.offshoot(&["--plain", "resume"]).input("second\n").finish();
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("Wrote a.txt.") && run.stdout.contains("Wrote b.txt."), "{}", run.stdout);
    assert!(machine.is_in("offshoot/first", "b.txt"));
}
