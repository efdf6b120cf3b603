//! What is missing or broken: each is named, with what to do next, and what can go on does.

use std::fs;

use super::user::{IDLE, User, terminal};
use crate::support::machine::{Machine, put, say, write, writes};
use crate::support::screen::{Ended, Screen};

/// Ends at once, with both texts told.
#[track_caller]
fn refused(screen: &Screen, code: i32, thing: &str, next: &str) {
    assert_eq!(screen.wait_exit(), Ended::Code(code), "{}", screen.snapshot());
    let text = screen.text().join("");
    assert!(text.contains(thing) && text.contains(next), "{thing:?}, {next:?}: {}", screen.snapshot());
    assert!(!screen.alternate_screen() && screen.is_cooked());
}

#[test]
fn without_a_backend_it_says_what_to_do_and_typing_works() {
    let user = User::at(Machine::new(), terminal());
    user.wait("No backend is configured yet.");
    user.gone("Looking for model servers");
    user.type_text("words that are mine");
    user.wait("❯ words that are mine");
    user.enter();
    user.wait("✗ ");
    user.wait("no backend is configured");
    user.wait("[backends.");
    user.wait(IDLE);
    user.say("/doctor");
    user.wait("Doctor");
    user.esc();
    user.gone("Doctor");
    user.quit();
}

#[test]
fn without_a_repository_it_says_how_to_get_one() {
    let machine = Machine::without_repository();
    machine.script(&[writes("a.txt", "a\n")]);
    refused(&machine.offshoot(&[]).on(terminal()), 2, "git repository", "offshoot --init");
    let user = User::with(machine, terminal(), &["--init"]);
    user.turn("first", "Wrote a.txt.");
    assert!(user.machine.is_in("offshoot/first", "a.txt"));
}

#[test]
fn broken_settings_are_named_with_their_place() {
    let machine = Machine::new();
    machine.settings("[ui]\ntheme = \n");
    let screen = machine.offshoot(&[]).on(terminal());
    refused(&screen, 2, "config.toml:2:9", "correct the line");
    machine.settings("[ui]\nthem = \"paper\"\n");
    let screen = machine.offshoot(&[]).on(terminal());
    screen.wait("them");
}

#[test]
fn keys_that_cannot_be_read_are_named_and_the_shipped_ones_hold() {
    let machine = Machine::new();
    machine.script(&[vec![say("Answer.")]]);
    write(&machine.path("config/offshoot"), "keys.toml", "[global]\n\"ctrl-t\" = \"nonsense\"\n");
    let user = User::at(machine, terminal());
    user.wait("keys.toml");
    user.say("/errors");
    user.wait("Errors");
    user.wait("nonsense");
    user.esc();
    user.gone("Errors");
    user.press("ctrl-t");
    user.wait(" 2 new");
    user.turn("first", "Answer.");
    // A folder cannot be read at all.
    let keys = user.machine.path("config/offshoot/keys.toml");
    fs::remove_file(&keys).unwrap();
    fs::create_dir(&keys).unwrap();
    let user = user.again(&[]);
    user.wait("keys.toml");
    user.wait(IDLE);
}

#[test]
fn a_theme_that_is_not_there_is_named_and_another_is_worn() {
    let machine = Machine::new();
    machine.script_with(&[vec![say("Answer.")]], "[ui]\ntheme = \"nonsense\"\n");
    let user = User::at(machine, terminal());
    user.wait("nonsense");
    user.turn("first", "Answer.");
}

#[test]
fn a_state_folder_that_cannot_be_written_is_named_and_the_work_goes_on_or_says_why_not() {
    let machine = Machine::new();
    machine.script(&[vec![put("a.txt", "a\n"), say("Answer.")]]);
    // A file in its place: not even root can write below it.
    fs::write(machine.path("state"), "").unwrap();
    let user = User::at(machine, terminal());
    user.say("first");
    user.wait("state/offshoot");
    let state = user.machine.path("state").display().to_string();
    user.say("/errors");
    user.wait(&state);
}

#[test]
fn a_data_folder_that_cannot_be_written_is_named_and_the_words_come_back() {
    let machine = Machine::new();
    machine.script(&[vec![put("a.txt", "a\n"), say("Answer.")]]);
    fs::write(machine.path("data"), "").unwrap();
    let before = machine.fingerprint();
    let user = User::at(machine, terminal());
    user.say("first");
    user.wait("✗ ");
    user.wait("/data");
    user.wait("❯ first");
    before.assert_same(&user.machine);
    // It is mended, and sent again.
    fs::remove_file(user.machine.path("data")).unwrap();
    user.enter();
    user.wait("Answer.");
}
