//! A step is a commit with the conversation that made it.

use crate::support::machine::{Machine, put, say};

#[test]
fn each_file_changing_step_is_a_commit_on_the_branch() {
    let machine = Machine::new();
    machine.script(&[vec![put("a.py", "a = 1\n"), put("b.py", "b = 2\n"), say("Both are there.")]]);
    let before = machine.fingerprint();
    let run = machine.run_well(&["make a and b"]);
    let branch = run.branch();
    assert_eq!(run.commits().len(), 2);
    let log = machine.git(&["log", "--format=%H", &format!("main..{branch}")]);
    let mut told = run.commits();
    told.reverse();
    assert_eq!(log.lines().collect::<Vec<_>>(), told);
    let subject = machine.git(&["log", "-1", "--format=%s", &run.commits()[0]]);
    assert_eq!(subject, "make a and b");
    before.assert_same(&machine);
}
