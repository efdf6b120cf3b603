//! Reviewing what an agent changed, and telling it what is wrong with it.

use super::user::{IDLE, User, sized};
use crate::support::machine::{Machine, put, say};

fn after_a_change(cols: u16) -> User {
    let machine = Machine::new();
    machine.write("src/main.rs", "fn main() {\n    old_call();\n    kept();\n}\n");
    machine.commit_all("second");
    machine.script(&[
        vec![
            put("src/main.rs", "fn main() {\n    new_call();\n    kept();\n}\n"),
            put("notes.txt", "a note\n"),
            say("Changed."),
        ],
        vec![say("I see.")],
    ]);
    let user = User::at(machine, sized(cols, 40));
    user.turn("change it", "Changed.");
    user.say("/diff");
    user.wait("c comment");
    user
}

#[test]
fn a_wide_screen_shows_both_sides_and_a_comment_is_sent_with_the_line_that_it_is_about() {
    let user = after_a_change(140);
    let (_, row) = user.wait("old_call();");
    assert!(user.row(row).contains("new_call();"), "{}", user.row(row));
    user.wait("notes.txt");
    // To the changed line: the first hunk.
    user.type_text("/");
    user.wait("search:");
    user.type_text("new_call");
    user.enter();
    user.gone("search:");
    user.type_text("c");
    user.wait("comment:");
    user.type_text("name it better");
    user.enter();
    user.wait("name it better");
    user.gone("comment:");
    user.type_text("S");
    user.wait("1 comment sent");
    user.wait("I see.");
    user.wait(IDLE);
    let record = user.recorded();
    let is_it = |line: &&str| line.contains(r#""role":"user""#) && line.contains("name it better");
    let prompt = record.lines().find(is_it).unwrap();
    assert!(prompt.contains("src/main.rs") && prompt.contains("new_call();"), "{prompt}");
}

#[test]
fn a_narrow_screen_shows_one_column_and_s_changes_it() {
    let user = after_a_change(80);
    let (_, old) = user.wait("old_call();");
    let (_, new) = user.wait("new_call();");
    assert_eq!(new, old + 1);
    user.type_text("s");
    user.wait_for(
        |view| {
            view.find("old_call();").zip(view.find("new_call();")).is_some_and(|(old, new)| old.1 == new.1)
        },
        "both sides in one row",
    );
    user.type_text("q");
    user.wait(IDLE);
    user.wait("Changed.");
}

#[test]
fn a_comment_on_several_lines_is_edited_kept_and_sent() {
    let user = after_a_change(100);
    let print = user.machine.fingerprint();
    // The two changed lines, as one.
    user.type_text("}]vjc");
    user.wait("comment:");
    user.type_text("think again");
    user.press("ctrl-j");
    user.type_text("and again");
    user.enter();
    user.gone("comment:");
    user.wait("and again");
    user.type_text("q");
    user.wait("1 comment kept for this tab");
    user.say("/review");
    user.wait("think again");
    user.type_text("C");
    user.wait("src/main.rs:2");
    user.enter();
    user.type_text("c");
    user.wait("comment:");
    user.press("ctrl-u");
    user.type_text("use the old name");
    user.enter();
    user.gone("think again");
    user.type_text("S");
    user.wait("1 comment sent");
    user.turn_ends("I see.");
    let record = user.recorded();
    let is_it = |line: &&str| line.contains(r#""role":"user""#) && line.contains("use the old name");
    let prompt = record.lines().find(is_it).unwrap();
    assert!(prompt.contains("`src/main.rs:2`") && prompt.contains("new_call();"), "{prompt}");
    assert!(!prompt.contains("think again"), "{prompt}");
    print.assert_same(&user.machine);
}

#[test]
fn a_hunk_is_taken_back_as_a_commit_and_the_checkout_stays() {
    let user = after_a_change(100);
    let print = user.machine.fingerprint();
    let branch = user.branch();
    user.type_text("3");
    user.wait("offshoot/change-it");
    user.type_text("}]r");
    user.wait("undoes it: Revert a hunk of src/main.rs");
    user.gone("new_call();");
    let git = |args: &[&str]| user.machine.git(args);
    assert_eq!(
        git(&["show", &format!("{branch}:src/main.rs")]),
        "fn main() {\n    old_call();\n    kept();\n}"
    );
    assert_eq!(user.subjects(&branch).last().unwrap(), "Revert a hunk of src/main.rs");
    // The rest is good.
    user.wait("notes.txt");
    user.type_text("a");
    user.wait("✓ all 1");
    user.type_text("q");
    user.wait(IDLE);
    user.turn("go on", "I see.");
    assert!(user.recorded().contains("In a review I took back a part of the changes"));
    print.assert_same(&user.machine);
}

#[test]
fn the_last_step_and_the_whole_branch_can_be_looked_at() {
    let user = after_a_change(100);
    user.wait("notes.txt");
    user.wait("old_call();");
    user.type_text("1");
    user.gone("old_call();");
    user.wait("a note");
    user.type_text("3");
    user.wait("old_call();");
    user.wait("offshoot/change-it");
}
