//! Sub-agents on the screen: tabs behind their parent's, which come and go by themselves.

use super::user::{Gate, IDLE, User, terminal};
use crate::support::machine::{Machine, bash, call, put, say};
use serde_json::json;

fn user(gate: &str, child: &str) -> (User, Gate) {
    let machine = Machine::new();
    let gate = Gate::new(&machine, gate);
    machine.scenes(&[
        (
            "split it",
            vec![
                call("agent", json!({ "title": "Write the notes", "task": "notes please" })),
                put("mine.txt", "mine\n"),
                say("All of it is there."),
            ],
        ),
        ("notes please", vec![bash(&gate.command()), put("notes.txt", child), say("The notes are written.")]),
        ("go on here", vec![say("Gone on.")]),
    ]);
    (User::at(machine, terminal()), gate)
}

#[test]
fn a_sub_agent_has_a_tab_behind_its_parents_that_closes_when_both_are_done() {
    let (user, gate) = user("one", "notes\n");
    user.say("split it");
    user.wait("2 ↳ Write the notes");
    user.wait("● agent Write the notes");
    user.wait("working");
    assert!(user.find("▌ split it").is_some(), "the user stays where they are");

    // What it does is there to be looked at.
    user.say("/agents");
    user.wait("Sub-agents of this tab");
    user.press("enter");
    user.wait("▌ notes please");
    user.wait("● bash");
    user.press("alt-1");
    user.wait("▌ split it");
    gate.open();
    user.wait("All of it is there.");
    user.wait("merged · 1 step");
    user.wait(IDLE);
    user.gone("↳ Write");
    assert_eq!(user.branches(), ["offshoot/split-it", "offshoot/split-it--write-the-notes"]);
    assert!(user.machine.is_in("offshoot/split-it", "notes.txt"));

    // It is found again, and can be gone on with.
    user.say("/branches");
    user.wait("split-it--write-the-notes");
    user.press("esc");
    user.gone("split-it--write-the-notes");
    user.say("/agents");
    user.wait("Sub-agents of this tab");
    user.press("enter");
    user.wait("The notes are written.");
    user.say("go on here");
    user.wait("Gone on.");
}

#[test]
fn the_tab_of_one_that_the_user_looks_at_stays_and_goes_on_when_they_say_something() {
    let (user, gate) = user("two", "notes\n");
    user.say("split it");
    user.wait("2 ↳ Write the notes");
    user.press("alt-2");
    user.wait("● bash");
    gate.open();
    user.wait("The notes are written.");
    user.wait(" 1 split it ✓");
    user.wait("2 ↳ Write the notes ✓");
    user.say("go on here");
    user.wait("Gone on.");
    user.gone("↳");
}
