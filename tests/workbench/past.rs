//! What a tab tells of its past: the conversation, and the commits at their places in it.

use offshoot::chat::EntryKind;
use offshoot::workbench::{Back, BranchName, Command, History, Start, Stat, TabId};

use super::desk::{Desk, TAB, new};
use crate::support::machine::{Machine, put, say, writes};

const OTHER: TabId = TabId(2);

fn script(machine: &Machine) {
    machine.script(&[
        vec![put("a", "1\n"), put("b", "1\n2\n"), say("Two files.")],
        vec![say("No file.")],
        writes("a", "2\n"),
        writes("c", "1\n"),
    ]);
}

/// Turn, step and subject of each step, and what the entry says that it comes after.
fn steps(history: &History) -> Vec<(u32, u32, String)> {
    history.steps.iter().map(|step| (step.turn, step.step, step.subject.clone())).collect()
}

fn wanted(steps: &[(u32, u32, &str)]) -> Vec<(u32, u32, String)> {
    steps.iter().map(|(turn, step, subject)| (*turn, *step, (*subject).to_owned())).collect()
}

/// Each step stands after the results of the round that made it.
fn assert_in_place(history: &History) {
    let entries = history.conversation.entries();
    for step in &history.steps {
        let entry = &entries[step.last_entry];
        assert_eq!(entry.turn, step.turn);
        assert!(matches!(entry.kind, EntryKind::Results(_)), "{:?}", entry.kind);
    }
    assert!(history.steps.windows(2).all(|pair| pair[0].last_entry < pair[1].last_entry));
}

#[tokio::test]
async fn a_session_that_is_opened_again_tells_what_was_said_and_done() {
    let machine = Machine::new();
    script(&machine);
    let mut desk = Desk::new(machine);
    let opened = desk.open(TAB, new()).await;
    let start = desk.machine.git(&["rev-parse", "HEAD"]);
    assert_eq!((opened.title.as_str(), &opened.start), ("", &start));
    assert_eq!(opened.history, History::default());
    for prompt in ["one\nand more", "two", "three"] {
        desk.turn(prompt).await;
    }
    desk.close(TAB).await;

    let opened = desk.open(TAB, Start::Continue { rev: None }).await;
    assert_eq!((opened.title.as_str(), &opened.start), ("one", &start));
    assert_eq!((opened.turns, opened.steps), (3, 3));
    let history = &opened.history;
    assert_eq!(steps(history), wanted(&[(1, 1, "one"), (1, 2, "one: create b"), (3, 3, "three")]));
    assert_in_place(history);
    let count = |files, insertions, deletions| Some(Stat { files, insertions, deletions });
    let stats: Vec<_> = history.steps.iter().map(|step| step.stat).collect();
    assert_eq!(stats, [count(1, 1, 0), count(1, 2, 0), count(1, 1, 1)]);
    let commits = desk.machine.git(&["log", "--reverse", "--format=%H", &format!("main..{}", opened.branch)]);
    assert_eq!(history.steps.iter().map(|step| step.commit.as_str()).collect::<Vec<_>>().join("\n"), commits);
    assert_eq!(opened.chosen, None);
}

#[tokio::test]
async fn an_undo_and_a_redo_tell_the_past_as_it_is_then() {
    let machine = Machine::new();
    script(&machine);
    let mut desk = Desk::new(machine);
    desk.open(TAB, new()).await;
    for prompt in ["one", "two", "three"] {
        desk.turn(prompt).await;
    }
    let moved = desk.moved(Command::Undo { tab: TAB, back: Back::Turns(1) }).await;
    assert_eq!(steps(&moved.history), wanted(&[(1, 1, "one"), (1, 2, "one: create b")]));
    assert_eq!(moved.history.conversation.turn(), 2);
    assert_in_place(&moved.history);
    let moved = desk.moved(Command::Undo { tab: TAB, back: Back::Steps(1) }).await;
    assert_eq!(steps(&moved.history), wanted(&[(1, 1, "one")]));
    assert_in_place(&moved.history);
    let moved = desk.moved(Command::Undo { tab: TAB, back: Back::Turns(1) }).await;
    assert_eq!(moved.history, History::default());
    for count in [1, 2, 3] {
        let moved = desk.moved(Command::Redo { tab: TAB }).await;
        assert_eq!(moved.history.steps.len(), count);
        assert_in_place(&moved.history);
    }
}

#[tokio::test]
async fn a_fork_tells_the_steps_that_it_goes_on_from() {
    let machine = Machine::new();
    script(&machine);
    let mut desk = Desk::new(machine);
    let parent = desk.open(TAB, new()).await;
    for prompt in ["one", "two", "three"] {
        desk.turn(prompt).await;
    }
    let branch = || BranchName::From("fork".into());
    let whole = Start::Fork { rev: parent.branch.clone(), turn: None, branch: branch() };
    let opened = desk.open(OTHER, whole).await;
    let three = wanted(&[(1, 1, "one"), (1, 2, "one: create b"), (3, 3, "three")]);
    assert_eq!((steps(&opened.history), opened.title.as_str()), (three, "one"));
    assert_in_place(&opened.history);
    assert_eq!(opened.start, desk.machine.git(&["rev-parse", &parent.branch]));
    desk.close(OTHER).await;

    let early = Start::Fork { rev: parent.branch.clone(), turn: Some(3), branch: branch() };
    let opened = desk.open(OTHER, early).await;
    assert_eq!(steps(&opened.history), wanted(&[(1, 1, "one"), (1, 2, "one: create b")]));
    assert_eq!(opened.start, desk.machine.git(&["rev-parse", &format!("{}~", parent.branch)]));
    let fork = opened.branch;
    desk.send(super::desk::prompt(OTHER, "else")).await;
    desk.ended().await;
    desk.close(OTHER).await;
    let opened = desk.open(OTHER, Start::Continue { rev: Some(fork.clone()) }).await;
    let last = opened.history.steps.last().unwrap();
    assert_eq!((opened.history.steps.len(), last.turn, last.step), (3, 3, 1));
    assert_in_place(&opened.history);

    // And a fork of the fork.
    let again = Start::Fork { rev: fork, turn: None, branch: branch() };
    let opened = desk.open(TabId(3), again).await;
    assert_eq!(opened.history.steps.len(), 3);
    assert_in_place(&opened.history);
}

#[tokio::test]
async fn after_a_rebase_the_branch_begins_where_it_was_put() {
    let machine = Machine::new();
    script(&machine);
    let mut desk = Desk::new(machine);
    let opened = desk.open(TAB, new()).await;
    desk.turn("one").await;
    desk.close(TAB).await;
    desk.machine.git(&["commit", "-q", "--allow-empty", "--amend", "-m", "another start"]);
    desk.machine.git_in(&opened.worktree, &["rebase", "-q", "--onto", "main", &opened.start]);
    let opened = desk.open(TAB, Start::Continue { rev: Some(opened.branch) }).await;
    assert_eq!(opened.start, desk.machine.git(&["rev-parse", "main"]));
    assert_eq!(opened.history.steps.len(), 2);
}

#[tokio::test]
async fn what_is_long_past_is_not_counted() {
    let machine = Machine::new();
    let many = (0..102).map(|number| put("a", &format!("{number}\n"))).chain([say("Done.")]);
    machine.script_with(&[many.collect()], "[agent]\nmax_steps = 200\n");
    let mut desk = Desk::new(machine);
    desk.open(TAB, new()).await;
    desk.turn("count").await;
    desk.close(TAB).await;
    let opened = desk.open(TAB, Start::Continue { rev: None }).await;
    let counted: Vec<bool> = opened.history.steps.iter().map(|step| step.stat.is_some()).collect();
    assert_eq!(counted.len(), 102);
    assert!(!counted[0] && !counted[1] && counted[2..].iter().all(|counted| *counted));
}
