//! When nothing happens, nothing is done.

use super::user::{User, sized};
use crate::support::machine::{Machine, writes};

#[test]
fn an_idle_screen_writes_nothing() {
    let machine = Machine::new();
    machine.script(&[writes("a.txt", "a\n")]);
    let user = User::at(machine, sized(140, 40));
    user.turn("first", "Wrote a.txt.");
    user.wait(" 1 first ✓ +1");
    // Time passes: more than enough for anything that moves by itself.
    pass(&user);
    let before = user.bytes_written();
    pass(&user);
    pass(&user);
    assert_eq!(user.bytes_written(), before);
    // It still listens, and one letter costs no more than a letter does.
    user.type_text("x");
    user.wait("❯ x");
    pass(&user);
    let cost = user.bytes_written() - before;
    assert!(cost < 600, "a letter cost {cost} bytes");
}

/// Other programs run to their end, one after the other.
fn pass(user: &User) {
    for _ in 0..8 {
        assert_eq!(user.machine.offshoot(&["doctor"]).finish().code, Some(0));
    }
}
