//! Other futures and the way back: branches from earlier turns, the log, undo, redo, rewind.

use serde_json::Value;

use super::user::{IDLE, User, sized};
use crate::support::machine::{Machine, writes};

const NAMES: [&str; 4] = ["one", "two", "three", "four"];

/// After turns that each wrote a file, in a terminal that has room for all of them.
fn after_turns(count: usize) -> User {
    let turns: Vec<Vec<Value>> =
        NAMES.iter().map(|name| writes(&format!("{name}.txt"), &format!("{name}\n"))).collect();
    let machine = Machine::new();
    machine.script(&turns);
    let user = User::at(machine, sized(100, 60));
    for name in &NAMES[..count] {
        user.turn(&format!("ask {name}"), &format!("Wrote {name}.txt."));
    }
    user
}

/// The text files that a branch holds.
fn files(user: &User, branch: &str) -> Vec<String> {
    let files = user.machine.git(&["ls-tree", "--name-only", branch]);
    files.lines().filter(|name| name.ends_with("txt")).map(str::to_owned).collect()
}

/// The prompts that are shown, from the first.
fn prompts(user: &User) -> Vec<String> {
    user.text().iter().filter_map(|row| row.trim().strip_prefix("▌ ")).map(str::to_owned).collect()
}

#[test]
fn branching_from_each_of_four_turns_opens_exactly_what_was_before_it_and_leaves_the_parent_alone() {
    let user = after_turns(4);
    let parent = user.branch();
    let tip = user.machine.git(&["rev-parse", &parent]);
    let sessions = user.machine.git(&["for-each-ref", "refs/offshoot/sessions"]);
    let shown = user.text()[1..55].to_vec();
    let checkout = user.machine.fingerprint();
    for turn in 1..=4 {
        user.say(&format!("/branch --rev {turn} variant {turn}"));
        user.wait(&format!("▌ variant {turn}"));
        let name = NAMES[turn - 1];
        // The script answers by how many prompts the model sees: so many, and no more.
        user.wait(&format!("Wrote {name}.txt."));
        user.wait(IDLE);
        let mut wanted: Vec<String> = NAMES[..turn - 1].iter().map(|name| format!("ask {name}")).collect();
        wanted.push(format!("variant {turn}"));
        assert_eq!(prompts(&user), wanted);

        let branch = format!("offshoot/variant-{turn}");
        user.wait(&format!(" {branch} "));
        let mut names: Vec<String> = NAMES[..turn].iter().map(|name| format!("{name}.txt")).collect();
        names.sort();
        assert_eq!(files(&user, &branch), names);
        assert_eq!(user.subjects(&branch).len(), turn);
        // The steps before the turn are the parent's own.
        let base = user.machine.git(&["merge-base", &branch, &parent]);
        assert_eq!(base, user.machine.git(&["rev-parse", &format!("{parent}~{}", 5 - turn)]));

        user.press("alt-1");
        user.wait("▌ ask four");
        assert_eq!(user.text()[1..55], shown);
    }
    assert_eq!(user.machine.git(&["rev-parse", &parent]), tip);
    let now = user.machine.git(&["for-each-ref", "refs/offshoot/sessions"]);
    for session in sessions.lines() {
        assert!(now.contains(session), "{session} is not in\n{now}");
    }
    checkout.assert_same(&user.machine);
}

#[test]
fn a_branch_without_a_prompt_waits_with_the_conversation_and_the_files_of_before() {
    let user = after_turns(2);
    user.say("/branch --rev 2");
    user.gone("▌ ask two");
    user.wait("▌ ask one");
    user.wait(IDLE);
    user.wait(" offshoot/ask-one-again ");
    user.say("!ls *.txt");
    user.wait("│ one.txt");
    assert_eq!(user.find("│ two.txt"), None);
    user.say("/branch --rev 3");
    user.wait("this tab has 1 turn");
}

#[test]
fn a_turn_is_branched_from_where_one_reads_it() {
    let user = after_turns(3);
    let parent = user.branch();
    let tip = user.machine.git(&["rev-parse", &parent]);
    // Esc reads the transcript; the cursor goes up to the first prompt.
    user.esc();
    user.wait(" branch");
    user.type_text("gg");
    user.wait_for(|view| view.find("▸").is_some_and(|(_, row)| row == 1), "the cursor at the top");
    user.type_text("]");
    user.wait_for(
        |view| view.find("▸").zip(view.find("▌ ask two")).is_some_and(|(at, two)| at.1 == two.1),
        "the cursor at the second prompt",
    );
    user.type_text("b");
    user.gone("▌ ask three");
    user.wait("▌ ask one");
    user.wait(IDLE);
    assert_eq!(prompts(&user), ["ask one"]);
    user.turn("another two", "Wrote two.txt.");
    assert_eq!(user.machine.git(&["rev-parse", &parent]), tip);
    let branches = user.branches();
    assert_eq!(branches.len(), 2, "{branches:?}");
    let branch = branches.iter().find(|branch| **branch != parent).unwrap();
    assert_eq!(files(&user, branch), ["one.txt", "two.txt"]);
}

#[test]
fn the_log_shows_the_tree_and_opens_branches_and_diffs_from_it() {
    let user = after_turns(2);
    user.say("/branch --rev 2 fork");
    user.wait("▌ fork");
    user.wait("Wrote two.txt.");
    user.wait(IDLE);
    user.say("/log");
    user.wait("● ask one");
    user.wait("1. ask one");
    user.wait("2. ask two");
    user.wait("└● fork");
    user.wait("offshoot/fork");
    // A step's changes.
    user.type_text("ask two");
    user.gone("1. ask one");
    user.press("down");
    user.enter();
    user.gone("Sessions, turns and steps");
    user.wait("two.txt");
    user.wait("hunk");
    user.type_text("q");
    user.wait(IDLE);
    // Another future from a turn of it.
    user.say("/log");
    user.wait("2. ask two");
    user.type_text("ask two");
    user.gone("1. ask one");
    user.press("tab");
    user.gone("Sessions, turns and steps");
    user.wait("another future of \"ask one\": from before turn 2");
    user.wait(IDLE);
    assert_eq!(prompts(&user), ["ask one"]);
    // Enter on a session goes to its tab.
    user.say("/log");
    user.wait("2. fork");
    user.type_text("2. fork");
    user.gone("1. ask one");
    user.enter();
    user.wait("▌ fork");
    user.wait(IDLE);
}

#[test]
fn an_undo_shows_what_would_go_and_a_redo_brings_it_back() {
    let user = after_turns(2);
    let branch = user.branch();
    let tip = user.machine.git(&["rev-parse", &branch]);
    user.say("/undo");
    user.wait("Take back the last step?");
    user.wait("1 file removed:");
    user.wait("  two.txt");
    user.press("n");
    user.gone("Take back the last step?");
    assert_eq!(user.machine.git(&["rev-parse", &branch]), tip);
    user.press("alt-u");
    user.wait("Take back the last step?");
    user.press("y");
    user.wait("now at turn 1, step 1; 1 file removed");
    assert_eq!(files(&user, &branch), ["one.txt"]);
    // What the model is told of would be lost by a redo, which is refused then.
    user.say("!!ls *.txt");
    user.wait("│ one.txt");
    assert_eq!(user.find("│ two.txt"), None);
    user.say("/redo");
    user.wait("now at turn 2, step 2");
    assert_eq!(user.machine.git(&["rev-parse", &branch]), tip);
    user.wait("Wrote two.txt.");
}

#[test]
fn rewinding_goes_back_to_before_a_turn_that_is_picked() {
    let user = after_turns(3);
    let branch = user.branch();
    user.say("/rewind");
    user.wait("Back to before which turn?");
    user.wait("turn 3");
    user.press("down");
    user.enter();
    user.wait("Back to before turn 2?");
    user.wait("2 files removed:");
    user.enter();
    user.wait("now at turn 1, step 1; 2 files removed");
    assert_eq!(prompts(&user), ["ask one"]);
    assert_eq!(files(&user, &branch), ["one.txt"]);
    // It goes on from there.
    user.turn("ask again", "Wrote two.txt.");
    assert_eq!(prompts(&user), ["ask one", "ask again"]);
}

#[test]
fn a_conversation_is_resumed_from_a_list_in_another_run() {
    let user = after_turns(2);
    let shown = prompts(&user);
    user.press("ctrl-t");
    user.gone("▌ ask one");
    user.turn("another session", "Wrote one.txt.");
    user.quit();
    let user = user.again(&[]);
    user.wait(IDLE);
    user.say("/resume");
    user.wait("Sessions");
    user.wait("another session");
    user.type_text("ask one");
    user.gone("another session");
    user.enter();
    user.wait("Wrote two.txt.");
    user.wait(IDLE);
    assert_eq!(prompts(&user), shown[..2]);
    user.turn("go on", "Wrote three.txt.");
}
