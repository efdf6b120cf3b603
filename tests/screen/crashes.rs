//! Ends that nobody wished for: kills, signals, a terminal that is closed; and coming back after them.

use rustix::process::Signal;
use serde_json::json;

use super::user::{Gate, IDLE, User, WORKING, terminal};
use crate::support::machine::{Machine, bash, put, say, writes};
use crate::support::screen::Ended;

/// In the middle of a turn: a step is committed, a command runs that has changed a file.
fn in_the_middle(machine: Machine) -> (User, Gate) {
    let gate = Gate::new(&machine, "turn");
    let command = format!("echo half > half.txt; echo halfway; {}", gate.command());
    machine.scenes(&[
        ("before", writes("before.txt", "before\n")),
        ("first", vec![put("a.txt", "a\n"), bash(&command), say("Never said.")]),
        ("go on", vec![say("Gone on.")]),
    ]);
    let user = User::at(machine, terminal());
    user.turn("before", "Wrote before.txt.");
    user.say("first");
    user.wait("│ halfway");
    (user, gate)
}

/// Everything is back, and it goes on.
fn assert_back(user: &User) {
    user.wait("▌ before");
    user.wait("Wrote before.txt.");
    user.wait("▌ first");
    user.wait("write a.txt");
    user.wait("bash");
    user.wait(IDLE);
    user.turn("go on", "Gone on.");
    let branch = user.branch();
    for file in ["before.txt", "a.txt", "half.txt"] {
        assert!(user.machine.is_in(&branch, file), "{file}");
    }
    assert_eq!(user.machine.git(&["status", "--porcelain"]), "");
}

#[test]
fn killed_in_the_middle_of_a_turn_everything_that_was_shown_is_back() {
    let (user, _gate) = in_the_middle(Machine::new());
    let checkout = user.machine.fingerprint();
    user.kill(Signal::KILL);
    assert_eq!(user.wait_exit(), Ended::Signal(9));
    let user = user.again(&["resume"]);
    user.wait("recovered after a crash");
    assert_back(&user);
    checkout.assert_same(&user.machine);
}

#[test]
fn words_that_were_streamed_when_it_was_killed_are_back() {
    let machine = Machine::new();
    machine.scenes(&[
        ("first", vec![json!({ "text": "I was just about to say it all", "stall": true })]),
        ("go on", vec![say("Gone on.")]),
    ]);
    let user = User::at(machine, terminal());
    user.say("first");
    user.wait("I was just about to say it all");
    user.kill(Signal::KILL);
    user.wait_exit();
    let user = user.again(&["resume"]);
    user.wait("I was just about to say it all");
    user.wait(IDLE);
    user.turn("go on", "Gone on.");
}

#[test]
fn a_termination_gives_the_terminal_back_and_keeps_the_session() {
    let (user, _gate) = in_the_middle(Machine::new());
    user.kill(Signal::TERM);
    user.wait_exit();
    user.assert_restored();
    let user = user.again(&["resume"]);
    assert_back(&user);
}

#[test]
fn a_hangup_keeps_the_session() {
    let (user, _gate) = in_the_middle(Machine::new());
    user.kill(Signal::HUP);
    user.wait_exit();
    user.assert_restored();
    let user = user.again(&["resume"]);
    assert_back(&user);
}

#[test]
fn ctrl_z_puts_it_to_sleep_and_fg_brings_it_back() {
    let machine = Machine::new();
    let gate = Gate::new(&machine, "turn");
    machine.script(&[vec![bash(&gate.command()), say("Done.")], vec![say("Gone on.")]]);
    let screen = machine.offshoot(&[]).on(terminal().job());
    let user = User::seated(machine, screen);
    let modes = user.modes();
    user.say("first");
    user.wait("● bash");
    user.press("ctrl-z");
    user.wait_stopped();
    user.assert_restored();
    // The shell writes, the window changes, and then it comes back.
    user.resize(90, 25);
    user.cont();
    user.wait("● bash");
    user.wait(WORKING);
    assert_eq!(user.modes(), modes);
    gate.open();
    user.wait("Done.");
    user.wait(IDLE);
    user.turn("second", "Gone on.");
    user.quit();
}

#[test]
fn the_session_that_was_resumed_last_is_named_when_it_is_not_there() {
    let machine = Machine::new();
    machine.script(&[]);
    let screen = machine.offshoot(&["resume"]).on(terminal());
    assert_eq!(screen.wait_exit(), Ended::Code(1));
    screen.wait("session");
}
