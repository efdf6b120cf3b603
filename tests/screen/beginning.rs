//! From an empty tab to the first commit, and what stands in the way.

use super::user::{IDLE, User, terminal};
use crate::support::machine::{Machine, put, say, writes};

#[test]
fn a_prompt_becomes_tool_calls_and_a_commit_on_a_branch_and_the_checkout_stays_as_it_was() {
    let user = User::new(&[vec![
        put("src/parser.rs", "pub fn parse() {}\n"),
        put("src/lexer.rs", "pub fn lex() {}\n"),
        say("The parser is **there**."),
    ]]);
    let before = user.machine.fingerprint();
    user.say("write a parser");
    user.wait("▌ write a parser");
    user.wait("write src/parser.rs");
    user.wait("write src/lexer.rs");
    let (_, row) = user.wait("◆ ");
    user.wait("The parser is there.");
    user.wait(IDLE);
    user.wait("2 steps");
    user.wait(" 1 write a parser ✓ +2");

    let branch = user.branch();
    assert_eq!(branch, "offshoot/write-a-parser");
    user.wait(&format!(" {branch} "));
    let hash = user.row(row).trim().split(' ').nth(1).unwrap().to_owned();
    assert_eq!(user.machine.git(&["merge-base", &branch, &hash]), user.machine.git(&["rev-parse", &hash]));
    assert_eq!(user.machine.file_at(&branch, "src/parser.rs"), "pub fn parse() {}");
    assert_eq!(user.machine.file_at(&branch, "src/lexer.rs"), "pub fn lex() {}");
    for subject in user.subjects(&branch) {
        user.wait(&subject);
    }
    before.assert_same(&user.machine);
    user.quit();
    before.assert_same(&user.machine);
    assert_eq!(user.machine.git(&["status", "--porcelain"]), "");
}

#[test]
fn starting_and_quitting_without_a_prompt_leaves_nothing_behind() {
    let user = User::new(&[]);
    let before = user.machine.fingerprint();
    user.type_text("never sent");
    user.wait("never sent");
    // The first takes the words, the second ends it.
    user.press("ctrl-c");
    user.gone("never sent");
    user.quit();
    before.assert_same(&user.machine);
    assert_eq!(user.machine.git(&["for-each-ref", "--format=%(refname)"]), "refs/heads/main");
    assert_eq!(user.machine.git(&["worktree", "list"]).lines().count(), 1);
    assert_eq!(user.machine.git(&["status", "--porcelain"]), "");
    assert!(!user.machine.data().join("worktrees").exists());
}

#[test]
fn a_dirty_checkout_asks_once_whether_its_changes_count() {
    let machine = Machine::new();
    machine.script(&[writes("a.txt", "a\n")]);
    machine.write("src/main.rs", "fn main() { /* mine */ }\n");
    machine.write("notes.md", "mine\n");
    let before = machine.fingerprint();
    let user = User::at(machine, terminal());
    user.say("first");
    user.wait("Your checkout has changes that are not committed.");
    user.press("y");
    user.wait("Wrote a.txt.");
    user.wait(IDLE);
    let branch = user.branch();
    assert_eq!(user.machine.file_at(&branch, "src/main.rs"), "fn main() { /* mine */ }");
    assert_eq!(user.machine.file_at(&branch, "notes.md"), "mine");

    // Another tab, and another run of the program, do not ask again.
    user.press("ctrl-t");
    user.gone("Wrote a.txt.");
    user.turn("second", "Wrote a.txt.");
    let user = user.again(&[]);
    user.wait(IDLE);
    user.turn("third", "Wrote a.txt.");
    assert_eq!(user.machine.file_at("offshoot/third", "notes.md"), "mine");
    before.assert_same(&user.machine);
}

#[test]
fn with_no_for_an_answer_the_agent_starts_from_the_last_commit() {
    let machine = Machine::new();
    machine.script(&[writes("a.txt", "a\n")]);
    machine.write("src/main.rs", "fn main() { /* mine */ }\n");
    let before = machine.fingerprint();
    let user = User::at(machine, terminal());
    user.say("first");
    user.wait("Your checkout has changes that are not committed.");
    user.esc();
    // Not yet: the words are in the composer again.
    user.gone("Your checkout has changes");
    user.wait("❯ first");
    assert_eq!(user.branches(), [""; 0]);
    user.enter();
    user.wait("Your checkout has changes that are not committed.");
    user.press("n");
    user.wait("Wrote a.txt.");
    user.wait(IDLE);
    assert_eq!(user.machine.file_at(&user.branch(), "src/main.rs"), "fn main() {}");
    before.assert_same(&user.machine);
}

#[test]
fn keys_typed_before_the_first_frame_are_not_lost() {
    let machine = Machine::new();
    machine.script(&[writes("a.txt", "a\n")]);
    let screen = machine.offshoot(&[]).on(terminal());
    screen.type_text("an early bird");
    screen.wait("❯ an early bird");
    screen.enter();
    screen.wait("Wrote a.txt.");
    screen.wait(IDLE);
}

#[test]
fn much_that_is_typed_at_once_arrives_whole() {
    let user = User::new(&[]);
    for round in 0..20 {
        let words = format!("{}.{round:02}", "abcdefghij".repeat(6));
        user.type_text(&words);
        user.wait(&words);
        user.press("ctrl-c");
        user.wait(IDLE);
    }
}
