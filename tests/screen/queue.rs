//! What is said while an agent works.

use super::user::{Gate, IDLE, User, WORKING, terminal};
use crate::support::machine::{Machine, bash, say};

/// In the middle of a turn that waits at a gate.
fn working() -> (User, Gate) {
    let machine = Machine::new();
    let gate = Gate::new(&machine, "turn");
    machine.scenes(&[
        ("first", vec![bash(&gate.command()), say("First is done.")]),
        ("second", vec![say("Second is done.")]),
        ("third", vec![say("Third is done.")]),
        // The words of a steer are the last message.
        ("mind the gap", vec![say("Minded.")]),
    ]);
    let user = User::at(machine, terminal());
    user.say("first");
    user.wait("● bash");
    user.wait(WORKING);
    (user, gate)
}

#[test]
fn a_prompt_that_is_sent_meanwhile_waits_and_is_asked_afterwards() {
    let (user, gate) = working();
    user.say("second");
    user.wait("⋯ second");
    user.wait("1 in line");
    assert_eq!(user.find("▌ second"), None);
    gate.open();
    user.wait("First is done.");
    user.wait("▌ second");
    user.wait("Second is done.");
    user.wait(IDLE);
    assert_eq!(user.find("⋯ "), None);
}

#[test]
fn prompts_that_wait_can_be_edited_and_dropped() {
    let (user, gate) = working();
    user.say("second wrong");
    user.wait("⋯ second wrong");
    user.say("third");
    user.wait("⋯ third");
    user.wait("2 in line");
    user.say("/queue edit 1");
    user.wait("❯ second wrong");
    user.wait("1 in line");
    user.press("ctrl-w");
    user.type_text("right");
    user.enter();
    user.wait("⋯ second right");
    // In the list: Tab drops, Enter takes back.
    user.press("alt-q");
    user.wait("Prompts that wait");
    user.press("tab");
    user.gone("⋯ third");
    user.esc();
    user.gone("Prompts that wait");
    user.wait("1 in line");
    gate.open();
    user.wait("Second is done.");
    user.wait(IDLE);
    user.wait("▌ second right");
    assert_eq!(user.find("▌ third"), None);
}

#[test]
fn words_are_handed_to_the_agent_before_its_next_call() {
    let (user, gate) = working();
    user.say("/steer mind the gap");
    user.wait("the agent gets it before its next call of the model");
    gate.open();
    user.wait("│ mind the gap");
    user.wait("Minded.");
    user.wait(IDLE);
    assert!(user.recorded().contains(r#""kind":"steer","content":[{"type":"text","text":"mind the gap"#));
}

#[test]
fn prompts_that_wait_when_the_agent_is_stopped_go_back_to_the_user() {
    let (user, _gate) = working();
    user.say("second");
    user.wait("⋯ second");
    user.press("ctrl-c");
    user.wait("■ interrupted");
    user.wait("❯ second");
    assert_eq!(user.find("▌ second"), None);
    user.enter();
    user.wait("Second is done.");
}
