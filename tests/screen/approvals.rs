//! An agent that asks, in the tab that is looked at and behind it.

use super::user::{IDLE, User, terminal};
use crate::support::machine::{Machine, bash, put, say};

fn asking(scenes: &[(&str, Vec<serde_json::Value>)]) -> User {
    let machine = Machine::new();
    machine.scenes(scenes);
    User::with(machine, terminal(), &["--permissions", "ask"])
}

#[test]
fn y_allows_a_call_and_n_denies_it_and_the_model_hears_of_both() {
    let replies = vec![put("a.txt", "a\n"), put("b.txt", "b\n"), say("As you say.")];
    let user = asking(&[("first", replies)]);
    user.say("first");
    user.wait("The agent asks");
    user.wait("y allow once");
    user.wait(" 1 first ?");
    // Nothing is done yet.
    assert_eq!(user.branches().len(), 1);
    assert!(!user.machine.is_in("offshoot/first", "a.txt"));
    user.press("y");
    user.wait("allowed write a.txt");
    user.wait("asks write b.txt");
    user.press("n");
    user.wait("denied write b.txt");
    user.wait("As you say.");
    user.wait(IDLE);
    let branch = user.branch();
    assert!(user.machine.is_in(&branch, "a.txt") && !user.machine.is_in(&branch, "b.txt"));
    assert!(user.recorded().contains("the user did not allow this call"));
    assert_eq!((user.bells(), user.osc(9)), (0, vec![]), "the user looks at it already");
}

#[test]
fn a_allows_the_like_for_the_session() {
    let run = || bash("echo more >> log.txt");
    let user =
        asking(&[("first", vec![run(), run(), say("Twice.")]), ("second", vec![run(), say("Thrice.")])]);
    user.say("first");
    user.wait("a allow for the session");
    user.press("a");
    user.turn_ends("Twice.");
    user.turn("second", "Thrice.");
    assert_eq!(user.machine.file_at(&user.branch(), "log.txt"), "more\nmore\nmore");
}

#[test]
fn words_that_are_being_written_are_no_answer() {
    let user = asking(&[("first", vec![put("a.txt", "a\n"), say("Done.")]), ("yes", vec![say("Later.")])]);
    user.say("first");
    user.type_text("yes");
    user.wait("The agent asks");
    user.wait("❯ yes");
    user.wait("Alt-A answer it; what you write stays");
    user.press("alt-a");
    user.wait("first asks");
    user.press("y");
    user.wait("Done.");
    user.wait("❯ yes");
    user.enter();
    user.wait("Later.");
}

#[test]
fn a_tab_in_the_background_calls_and_is_answered_without_leaving_the_other() {
    let user = asking(&[("first", vec![put("a.txt", "a\n"), say("Done.")])]);
    user.say("first");
    user.press("ctrl-t");
    user.wait("offshoot  my räpo");
    user.type_text("half a sen");
    user.wait("❯ half a sen");
    user.wait("tab 1 asks: Alt-A");
    user.wait(" 1 first ?");
    user.wait_for(|view| view.bells() == 1, "a bell");
    let messages = user.osc(9);
    assert_eq!(messages, ["offshoot: first: asks: write a.txt"]);
    assert_eq!(user.osc(777), ["notify;offshoot: first;asks: write a.txt"]);
    user.press("alt-a");
    user.wait("first asks");
    user.wait("a.txt");
    user.press("y");
    user.gone("first asks");
    // Still here, and told of the end.
    user.wait_for(|view| view.bells() == 2, "a second bell");
    user.wait(" 1 first ✓ +1");
    user.wait("❯ half a sen");
    assert!(user.osc(9)[1].starts_with("offshoot: first: is done after "), "{:?}", user.osc(9));
    assert_eq!(user.machine.file_at("offshoot/first", "a.txt"), "a");
    user.press("alt-a");
    user.wait("no agent waits for you");
}

#[test]
fn a_user_who_looks_elsewhere_is_called() {
    let user = asking(&[("first", vec![put("a.txt", "a\n"), say("Done.")])]);
    user.say("first");
    user.focus(false);
    user.wait("The agent asks");
    // Whichever came first: the question or the other window.
    if user.bells() == 0 {
        user.press("y");
    } else {
        user.focus(true);
        user.focus(false);
        user.press("y");
    }
    user.wait("Done.");
    user.wait_for(|view| view.bells() > 0, "a bell");
    user.wait(IDLE);
}
