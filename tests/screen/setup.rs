//! New worktrees that are made ready while somebody looks on.

use super::user::{Gate, IDLE, User, terminal};
use crate::support::machine::{Machine, bash, say};

#[test]
fn a_setup_command_is_seen_at_work_and_the_first_prompt_waits_for_it() {
    let machine = Machine::new();
    let gate = Gate::new(&machine, "setup");
    let command = format!("echo fetching all; {} > made.log; echo fetched", gate.command());
    let settings = format!("[worktree]\nsetup = [\"{command}\"]\n");
    machine.script_with(&[vec![bash("cat made.log"), say("Answered.")]], &settings);
    let user = User::at(machine, terminal());
    user.say("first");
    user.wait("setting up: echo fetching all");
    user.wait("│ fetching all");
    user.wait("⋯ first");
    assert_eq!(user.find("Answered."), None);
    gate.open();
    user.turn_ends("Answered.");
    user.wait("│ fetched");
    assert_eq!(user.find("setting up"), None);
}

#[test]
fn a_setup_that_fails_leaves_a_tab_that_works() {
    let machine = Machine::new();
    let settings = "[worktree]\nsetup = [\"echo no such package; exit 7\", \"echo never\"]\n";
    machine.script_with(&[vec![say("Answered.")], vec![say("Again.")]], settings);
    let user = User::at(machine, terminal());
    user.turn("first", "Answered.");
    user.wait("│ no such package");
    user.wait("setup failed: echo no such package; exit 7: exit code 7");
    user.wait("/setup runs it again");
    assert_eq!(user.find("! echo never"), None);
    user.say("/setup");
    user.wait_for(
        |view| view.text().iter().filter(|row| row.contains("setup failed")).count() == 2,
        "two failures",
    );
    user.turn("second", "Again.");
}

#[test]
fn esc_skips_the_setup_and_the_prompt_goes_on() {
    let machine = Machine::new();
    machine.script_with(
        &[vec![say("Answered.")]],
        "[worktree]\nsetup = [\"echo for ever; sleep 600\", \"echo never\"]\n",
    );
    let user = User::at(machine, terminal());
    user.say("first");
    user.wait("│ for ever");
    user.press("ctrl-c");
    user.turn_ends("Answered.");
    user.wait("setup was skipped: /setup runs it again");
}

#[test]
fn programs_that_get_the_terminal_know_the_worktree_too() {
    let user = User::new(&[vec![say("Answered.")]]);
    user.turn("first", "Answered.");
    user.say("$test -n \"$OFFSHOOT_PORT\" -a \"$OFFSHOOT_WORKTREE\" = \"$PWD\" && exit 5");
    user.wait("exit code 5");
}

#[test]
fn worktrees_are_listed_and_freed_after_a_question() {
    let machine = Machine::new();
    machine.script(&[vec![say("Answered.")]]);
    machine.run_well(&["--branch", "offshoot/old", "one"]);
    let user = User::at(machine, terminal());
    user.say("/worktrees");
    user.wait("Worktrees");
    user.wait("offshoot/old  landed");
    user.esc();
    user.gone("in all; /gc tells");
    user.say("/gc");
    user.wait("can be freed. Free it?");
    user.wait("offshoot/old: all that it has is in your branch");
    user.press("y");
    user.wait("1 worktree");
    user.wait(IDLE);
    let left = user.machine.git(&["worktree", "list"]);
    assert!(!left.contains("offshoot/old") && user.branches() == ["offshoot/old"], "{left}");
}
