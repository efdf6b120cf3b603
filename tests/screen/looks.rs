//! Colours, and terminals that have none.

use vt100::Color;

use super::user::{IDLE, User, terminal};
use crate::support::machine::{Machine, say, writes};
use crate::support::screen::{Ended, Screen, View};

/// The colours of all cells.
fn colours(screen: &Screen) -> Vec<(Color, Color)> {
    let (cols, rows) = screen.look(View::size);
    let cells = (0..rows).flat_map(|row| (0..cols).map(move |col| (col, row)));
    cells.map(|(col, row)| screen.style_at(col, row)).map(|style| (style.fg, style.bg)).collect()
}

#[test]
fn a_theme_is_worn_while_its_name_is_chosen_and_esc_takes_it_off() {
    let user = User::new(&[]);
    user.wait("on main");
    let before = user.styled_snapshot();
    let bar = |view: &View| view.style_at(99, 29).bg;
    let dark = user.look(bar);
    user.say("/theme");
    user.wait("Themes");
    user.type_text("paper");
    user.wait_for(|view| bar(view) != dark, "another colour of the bar");
    user.esc();
    user.gone("Themes");
    assert_eq!(user.styled_snapshot(), before);
    user.say("/theme paper");
    user.wait("theme paper");
    user.wait_for(|view| bar(view) != dark, "another colour of the bar");
    user.say("/theme nonsense");
    user.wait("nonsense");
    user.wait(IDLE);
}

#[test]
fn no_color_means_no_colour() {
    let machine = Machine::new();
    machine.script(&[vec![say("# Words\n\n```rust\nfn main() {}\n```\n\n**bold**")]]);
    let screen = machine.offshoot(&[]).env("NO_COLOR", "1").on(terminal());
    let user = User::seated(machine, screen);
    user.turn("first", "fn main() {}");
    user.say("/theme");
    user.wait("Themes");
    assert!(colours(&user).iter().all(|pair| *pair == (Color::Default, Color::Default)));
    // What is chosen can be told all the same.
    assert!(user.styled_snapshot().contains("reverse"), "{}", user.styled_snapshot());
}

#[test]
fn a_dumb_terminal_is_told_what_works_there_and_that_works() {
    let machine = Machine::new();
    machine.script(&[writes("a.txt", "a\n")]);
    let screen = machine.offshoot(&[]).env("TERM", "dumb").on(terminal());
    assert_eq!(screen.wait_exit(), Ended::Code(2));
    screen.wait("this terminal (TERM=dumb) cannot show a screen");
    screen.wait("offshoot --plain");

    let screen = machine.offshoot(&["--plain"]).env("TERM", "dumb").on(terminal());
    screen.wait("/exit --all ends");
    screen.type_text("first\n");
    screen.wait("Wrote a.txt.");
    assert!(!screen.raw().contains(&0x1b), "{}", screen.snapshot());
    screen.type_text("/exit --all\n");
    screen.wait("1 tab has work that is not landed");
    screen.type_text("y\n");
    assert_eq!(screen.wait_exit(), Ended::Code(0));
    assert!(machine.is_in("offshoot/first", "a.txt"));
}
