//! Several agents at once: switching, closing, and what happens behind one's back.

use super::user::{Gate, IDLE, User, WORKING, terminal};
use crate::support::machine::{Machine, bash, put, say, writes};

#[test]
fn several_tabs_work_at_once_and_alt_with_a_number_goes_to_one() {
    let machine = Machine::new();
    let gates = [Gate::new(&machine, "one"), Gate::new(&machine, "two")];
    let turn = |gate: &Gate, file: &str| {
        vec![bash(&gate.command()), put(file, "x\n"), say(&format!("Made {file}."))]
    };
    machine.scenes(&[("first", turn(&gates[0], "a.txt")), ("second", turn(&gates[1], "b.txt"))]);
    let user = User::at(machine, terminal());
    user.say("first");
    user.wait("● bash");
    user.press("ctrl-t");
    user.gone("● bash");
    user.say("second");
    user.wait("● bash");
    user.wait(" 1 first ");
    user.wait(" 2 second ");

    // The first ends while the second is looked at.
    gates[0].open();
    user.wait(" 1 first ✓ +1");
    assert_eq!(user.find("Made a.txt."), None);
    user.press("alt-1");
    user.wait("Made a.txt.");
    assert_eq!(user.find("▌ second"), None);
    user.press("alt-2");
    user.wait("▌ second");
    user.wait(WORKING);
    gates[1].open();
    user.wait("Made b.txt.");
    user.wait(IDLE);
    user.press("alt-.");
    user.wait("Made a.txt.");
    user.press("alt-,");
    user.wait("Made b.txt.");
    user.say("/tab 1");
    user.wait("Made a.txt.");

    assert_eq!(user.branches(), ["offshoot/first", "offshoot/second"]);
    assert!(user.machine.is_in("offshoot/first", "a.txt") && !user.machine.is_in("offshoot/first", "b.txt"));
    assert!(
        user.machine.is_in("offshoot/second", "b.txt") && !user.machine.is_in("offshoot/second", "a.txt")
    );
}

#[test]
fn closing_a_tab_with_unlanded_work_asks_and_its_branch_stays_and_is_listed() {
    let user = User::new(&[writes("a.txt", "a\n")]);
    user.turn("first", "Wrote a.txt.");
    user.wait("✓ +1");
    let tip = user.machine.git(&["rev-parse", "offshoot/first"]);
    user.press("ctrl-d");
    user.wait("Close \"first\"?");
    user.wait("Its branch changes 1 file; nothing of it is landed.");
    user.press("n");
    user.gone("Close \"first\"?");
    user.wait("Wrote a.txt.");
    user.say("/close");
    user.wait("Close \"first\"?");
    user.press("y");
    user.gone("Wrote a.txt.");
    user.wait(IDLE);
    assert_eq!(user.machine.git(&["rev-parse", "offshoot/first"]), tip);

    user.say("/branches");
    user.wait("offshoot/first");
    user.type_text("first");
    user.enter();
    user.wait("Wrote a.txt.");
    user.wait(" 1 first ");
    let log = user.machine.offshoot(&["log"]).finish();
    assert!(log.stdout.contains("offshoot/first"), "{log:?}");
}

#[test]
fn quitting_while_an_agent_works_asks_and_keeps_what_was_done() {
    let machine = Machine::new();
    let gate = Gate::new(&machine, "never");
    let command = format!("echo half > half.txt; {}", gate.command());
    machine.script(&[vec![put("a.txt", "a\n"), bash(&command)]]);
    let user = User::at(machine, terminal());
    user.say("first");
    user.wait("● bash");
    user.say("/exit --all");
    user.wait("Quit?");
    user.press("n");
    user.gone("Quit?");
    user.wait(WORKING);
    user.say("/exit --all");
    user.wait("Quit?");
    user.press("y");
    user.wait_exit();
    user.assert_restored();
    let branch = user.branch();
    assert_eq!(user.machine.file_at(&branch, "a.txt"), "a");
    assert_eq!(user.machine.file_at(&branch, "half.txt"), "half");
    assert_eq!(user.machine.git(&["status", "--porcelain"]), "");
}
