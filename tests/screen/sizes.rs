//! Windows of all sizes, and such that change while an agent speaks.

use serde_json::json;

use super::user::{IDLE, User, WORKING, sized};
use crate::support::machine::{Machine, say, writes};

#[test]
fn a_hundred_resizes_while_an_agent_speaks_leave_the_screen_right() {
    let machine = Machine::new();
    let words = (0..400).map(|n| format!("Word {n} of **many**, and `code`.\n\n")).collect::<Vec<_>>();
    let words = words.concat() + "That was all.";
    machine.play(&json!({ "chunk": 12, "delay_ms": 1, "turn": [{ "reply": [say(&words)] }] }), "");
    let user = User::at(machine, sized(100, 30));
    user.say("first");
    user.wait("Word 3 of many");
    for n in 0..100_u16 {
        user.resize(20 + n * 37 % 140, 5 + n * 13 % 50);
    }
    user.wait_for(|view| view.size() == (20 + 99 * 37 % 140, 5 + 99 * 13 % 50), "the last size");
    user.resize(100, 30);
    user.wait("That was all.");
    user.wait(IDLE);
    assert_painted_right(&user);
}

/// What is shown is what a frame that is painted anew shows.
#[track_caller]
fn assert_painted_right(user: &User) {
    user.type_text("barrier");
    user.wait("❯ barrier");
    let before = user.styled_snapshot();
    user.press("ctrl-l");
    user.type_text("s");
    user.wait("❯ barriers");
    user.press("backspace");
    user.gone("❯ barriers");
    assert_eq!(user.styled_snapshot(), before);
}

#[test]
fn forty_columns_and_ten_rows_are_enough() {
    let machine = Machine::new();
    machine
        .script(&[writes("a.txt", "a\n"), vec![say("A sentence that is longer than the screen is wide.")]]);
    let user = User::at(machine, sized(40, 10));
    user.turn("first", "Wrote a.txt.");
    user.turn("second", "screen is wide.");
    user.say("/help");
    user.wait("Help");
    user.esc();
    user.gone("Help");
    user.say("/log");
    user.wait("● first");
    user.esc();
    user.gone("● first");
    user.say("/diff --all");
    user.wait("a.txt");
    user.type_text("q");
    user.wait(IDLE);
    user.say("/undo --turn");
    user.wait("Take back the last turn?");
    user.press("n");
    user.wait(IDLE);
    assert_painted_right(&user);
}

#[test]
fn the_smallest_screen_still_takes_a_prompt() {
    let machine = Machine::new();
    machine.script(&[vec![say("Short.")]]);
    let screen = machine.offshoot(&[]).on(sized(20, 5));
    screen.wait("❯ what shall");
    screen.type_text("first\n");
    screen.wait("100 in, 10 out");
    // One that is smaller says so, and nothing is lost.
    screen.resize(19, 5);
    screen.wait("too small");
    screen.resize(20, 4);
    screen.wait("too small");
    screen.resize(1, 1);
    screen.resize(60, 12);
    screen.wait("▌ first");
    screen.wait("Short.");
    screen.wait(IDLE);
}

#[test]
fn a_window_that_grows_while_a_dialog_is_open_keeps_it() {
    let machine = Machine::new();
    machine.script(&[vec![json!({ "text": "Hm", "stall": true })]]);
    let user = User::at(machine, sized(60, 12));
    user.say("first");
    user.wait(WORKING);
    user.say("/exit --all");
    user.wait("Quit?");
    user.resize(120, 40);
    user.wait("Routing");
    user.wait("Quit?");
    user.resize(40, 10);
    user.wait("Quit?");
    user.press("n");
    user.gone("Quit?");
}
