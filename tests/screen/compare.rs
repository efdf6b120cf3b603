//! Several candidates for one prompt: the table while they work, two side by side, and choosing among them.

use super::user::{Gate, IDLE, User, sized};
use crate::support::machine::{Machine, bash, put, say};

/// Two who change the same file in different ways, each when its gate opens.
fn two() -> (Machine, [Gate; 2]) {
    let machine = Machine::new();
    let gates = [Gate::new(&machine, "one"), Gate::new(&machine, "two")];
    let turn = |gate: &Gate, name: &str| {
        vec![
            bash(&gate.command()),
            put("src/main.rs", &format!("fn main() {{ {name}() }}\n")),
            put(&format!("{name}.txt"), "x\n"),
            say(&format!("Done by {name}.")),
        ]
    };
    machine.scripts(
        &[("one", &[turn(&gates[0], "one"), vec![say("More by one.")]]), ("two", &[turn(&gates[1], "two")])],
        "",
    );
    (machine, gates)
}

#[test]
fn two_are_compared_and_one_is_kept_while_the_checkout_stays_as_it_is() {
    let (machine, gates) = two();
    let before = machine.fingerprint();
    let user = User::at(machine, sized(100, 30));
    user.say("/compare --with one,two fix it");
    user.wait("Comparison 1: fix it");
    user.wait("working");
    gates[1].open();
    user.wait_for(
        |view| view.find("done").is_some() && view.find("working").is_some(),
        "one done, one at work",
    );
    gates[0].open();
    user.gone("working");
    let (_, row) = user.wait("a one/one-model");
    assert!(user.row(row).contains("done") && user.row(row).contains("2 +2 −1"), "{}", user.row(row));
    let (_, row) = user.wait("b two/two-model");
    assert!(user.row(row).contains("2 +2 −1"), "{}", user.row(row));
    user.wait("‖1a");

    // Against the base, and back to the table.
    user.type_text("d");
    user.wait("a one/one-model against the base");
    user.wait("fn main() { one() }");
    user.type_text("q");
    user.wait("Comparison 1: fix it");
    // Two side by side.
    user.type_text("m");
    user.press("down");
    user.type_text("md");
    user.wait("a one/one-model → b two/two-model");
    user.wait("fn main() { one() }");
    user.wait("fn main() { two() }");
    user.type_text("q");
    user.wait("Comparison 1: fix it");

    user.type_text("k");
    user.wait("Keep b two/two-model?");
    user.wait("a is closed and archived");
    user.press("y");
    user.wait("1 session archived");
    user.gone("Comparison 1: fix it");
    user.wait("Done by two.");
    user.gone("‖1a");
    assert_eq!(user.branches(), ["offshoot/fix-it-a", "offshoot/fix-it-b"]);
    assert_eq!(user.machine.file_at("offshoot/fix-it-a", "src/main.rs"), "fn main() { one() }");
    user.say("/branches");
    user.wait("2 steps · now · archived");
    user.type_text("fix-it-a");
    user.enter();
    user.wait("Done by one.");
    user.wait(IDLE);
    before.assert_same(&user.machine);
}

#[test]
fn files_of_both_are_taken_into_a_tab_of_their_own() {
    let (machine, gates) = two();
    gates.iter().for_each(Gate::open);
    let user = User::at(machine, sized(80, 24));
    user.type_text("fix it");
    user.press("alt-c");
    user.wait("Compare: the same prompt to whom?");
    user.press("down");
    user.type_text(" ");
    user.press("down");
    user.type_text(" ");
    user.enter();
    user.wait("Comparison 1: fix it");
    user.wait_for(|view| (0..24).filter(|row| view.row(*row).contains("done")).count() == 2, "both done");
    user.type_text("t");
    user.wait("Take which files");
    user.wait("[ ] a one.txt");
    user.type_text(" ");
    user.press("down");
    user.press("down");
    user.type_text(" ");
    user.wait("[●] b src/main.rs");
    user.enter();
    user.wait("offshoot/fix-it-mix");
    user.wait(IDLE);
    user.gone("Comparison 1: fix it");
    assert_eq!(user.machine.file_at("offshoot/fix-it-mix", "src/main.rs"), "fn main() { two() }");
    assert!(
        user.machine.is_in("offshoot/fix-it-mix", "one.txt")
            && !user.machine.is_in("offshoot/fix-it-mix", "two.txt")
    );
    // The table is still at hand.
    user.say("/compare");
    user.wait("Comparison 1: fix it");
}
