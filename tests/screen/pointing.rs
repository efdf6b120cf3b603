//! The mouse, and what is copied with it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::user::{IDLE, User, sized, terminal};
use crate::support::machine::{Machine, say, writes};

/// What was copied last.
fn copied(user: &User) -> String {
    let last = user.wait_until("something copied", |view| view.osc(52).last().cloned());
    String::from_utf8(STANDARD.decode(last.strip_prefix("c;").unwrap()).unwrap()).unwrap()
}

#[test]
fn a_click_on_a_tab_goes_there() {
    let user = User::new(&[writes("a.txt", "a\n")]);
    user.turn("first", "Wrote a.txt.");
    user.press("ctrl-t");
    user.gone("Wrote a.txt.");
    let (col, row) = user.wait(" 1 first");
    assert_eq!(row, 0);
    user.mouse_click(col + 3, row);
    user.wait("Wrote a.txt.");
    let (col, _) = user.wait(" 2 new");
    user.mouse_click(col + 3, 0);
    user.gone("Wrote a.txt.");
}

#[test]
fn the_wheel_scrolls_and_what_is_new_does_not_take_the_reader_away() {
    let lines = (0..100).map(|n| format!("Line {n}.\n\n")).collect::<Vec<_>>().concat();
    let machine = Machine::new();
    machine.script(&[vec![say(&lines)], vec![say(&lines.replace("Line", "New line"))]]);
    let user = User::at(machine, terminal());
    user.turn("first", "Line 99.");
    user.mouse_scroll(10, 10, -3);
    user.gone("Line 99.");
    user.wait("the end: Ctrl-End");
    user.wait("Line 93.");
    // What a command of the user's prints comes below.
    let seen = user.text()[1..20].to_vec();
    user.say("!echo more");
    user.wait_for(|view| view.row(0).contains("✓"), "its end");
    assert_eq!(user.text()[1..20], seen);
    user.press("ctrl-end");
    user.wait("│ more");
}

#[test]
fn a_drag_copies_logical_lines_without_the_bar_and_without_breaks() {
    let prompt = "a prompt that is so long that it has to be wrapped in a window of this width";
    let answer = "An answer of one long line that does not fit in a window of this width either, so that it is wrapped.";
    let machine = Machine::new();
    machine.script(&[vec![say(&format!("{answer}\n\n- one\n- two"))]]);
    let user = User::at(machine, sized(60, 24));
    user.turn(prompt, "two");
    let from = user.wait("▌ a prompt");
    let (_, last) = user.wait("this width");
    user.mouse_drag(from, (58, last));
    assert_eq!(copied(&user), prompt);
    user.wait("1 line copied");
    let from = user.wait("An answer");
    let to = user.wait("two");
    user.mouse_drag(from, (to.0 + 3, to.1));
    user.wait_for(|view| view.osc(52).len() == 2, "a second copy");
    let text = copied(&user);
    assert!(text.starts_with(&format!("{answer}\n")), "{text}");
    assert!(text.contains("one\n") && text.ends_with("two"), "{text}");
    // From within a word to within another.
    let (col, row) = user.wait("An answer");
    user.mouse_drag((col + 3, row), (col + 8, row));
    user.wait_for(|view| view.osc(52).len() == 3, "a third copy");
    assert_eq!(copied(&user), "answer");
}

#[test]
fn the_last_answer_and_its_code_are_copied_by_a_command() {
    let user =
        User::new(&[vec![say("Here it is:\n\n```rust\nfn main() {\n    run();\n}\n```\n\nThat is it.")]]);
    user.turn("first", "That is it.");
    user.say("/copy code");
    assert_eq!(copied(&user).trim_end(), "fn main() {\n    run();\n}");
    user.say("/copy");
    user.wait_for(|view| view.osc(52).len() == 2, "a second copy");
    assert_eq!(copied(&user), "Here it is:\n\n```rust\nfn main() {\n    run();\n}\n```\n\nThat is it.");
    user.esc();
    user.wait("▸");
    user.type_text("y");
    user.wait_for(|view| view.osc(52).len() == 3, "a third copy");
    user.type_text("q");
    user.wait(IDLE);
}

#[test]
fn the_mouse_can_be_left_to_the_terminal() {
    use crate::support::screen::Modes;
    let user = User::new(&[]);
    assert_ne!(user.modes().mouse, Modes::default().mouse);
    user.say("/mouse");
    user.wait_for(|view| view.modes().mouse == Modes::default().mouse, "the mouse given back");
    user.say("/mouse");
    user.wait_for(|view| view.modes().mouse != Modes::default().mouse, "the mouse taken");
}
