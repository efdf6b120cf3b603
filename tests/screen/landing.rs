//! Bringing branches home on the screen: the preview of a landing, a merge into the parent, conflicts given to an agent.

use super::user::{IDLE, User, sized};
use crate::support::machine::{Machine, put, say, writes};

fn user() -> User {
    let machine = Machine::new();
    machine.scenes(&[
        ("make one", writes("one.txt", "1\n")),
        ("make two", writes("two.txt", "2\n")),
        ("these paths conflict", vec![put("README.md", "both\n"), say("Both are in it now.")]),
        ("readme", writes("README.md", "agent\n")),
    ]);
    User::at(machine, sized(110, 40))
}

#[test]
fn a_branch_is_landed_after_a_look_at_it() {
    let user = user();
    user.turn("make one", "Wrote one.txt.");
    user.machine.write("README.md", "my own, not committed\n");
    user.say("/land");
    user.wait("1 commit as one commit");
    user.wait("your checkout goes along");
    user.press("d");
    user.wait("s layout");
    user.press("q");
    user.wait("Enter lands");
    // By a merge, then as one commit again.
    user.press("tab");
    user.wait("1 commit by a merge");
    user.press("tab");
    user.wait("1 step picked");
    user.press("tab");
    user.wait("1 commit as one commit");
    user.press("enter");
    user.wait("landed in main as");
    user.wait("⇣");
    assert_eq!(user.machine.git(&["status", "--porcelain"]), " M README.md");
    assert_eq!(user.machine.git(&["log", "-1", "--format=%s", "main"]), "Make one");
    assert!(user.machine.is_in("main", "one.txt"));
    user.say("/land");
    user.wait("there is nothing to land");
    user.press("q");
    user.gone("there is nothing to land");
    user.quit();
}

#[test]
fn what_conflicts_is_resolved_in_a_tab_of_its_own_and_lands_from_there() {
    let user = user();
    user.turn("change the readme", "Wrote README.md.");
    user.machine.write("README.md", "user\n");
    user.machine.commit_all("user");
    user.say("/land");
    user.wait("conflict: README.md: changed on both sides");
    user.press("r");
    user.wait("Both are in it now.");
    user.wait(IDLE);
    assert!(user.branches().iter().any(|branch| branch.starts_with("offshoot/land-")));
    user.say("/land");
    user.wait("Enter lands");
    user.press("enter");
    user.wait("landed in main as");
    assert_eq!(user.machine.file_at("main", "README.md"), "both");
    assert_eq!(user.machine.git(&["status", "--porcelain"]), "");
    user.quit();
}

#[test]
fn a_tab_is_merged_into_the_one_that_it_left() {
    let user = user();
    user.turn("make one", "Wrote one.txt.");
    let parent = user.branch();
    user.say("/branch make two");
    user.wait("Wrote two.txt.");
    user.wait(IDLE);
    user.say("/merge");
    user.wait("was merged into this tab");
    user.gone("2 make two");
    assert!(user.machine.is_in(&parent, "two.txt"));
    assert_eq!(user.machine.git(&["log", "-1", "--format=%P", &parent]).split(' ').count(), 2);
    // It goes back as one step.
    user.say("/undo");
    user.wait("Take back the last step?");
    user.press("y");
    user.wait("now at turn");
    assert!(!user.machine.is_in(&parent, "two.txt"));
    user.quit();
}
