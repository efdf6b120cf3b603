//! What would conflict: told by itself, and when it is asked for.

use offshoot::agent::AgentEvent;
use offshoot::workbench::radar::{Clash, ConflictKind, Other, survey};
use offshoot::workbench::{Back, Command, EventKind, TabId};
use serde_json::json;

use super::desk::{Desk, TAB, new, prompt};
use crate::support::machine::{Machine, call, say, writes};

const OTHER: TabId = TabId(2);

/// Waits until both tabs were told this. On the way they may be told of states in between.
async fn told(desk: &mut Desk, first: &[Clash], second: &[Clash]) {
    let mut last = [None, None];
    while last != [Some(first.to_vec()), Some(second.to_vec())] {
        let event = desk.events.recv().await.expect("the tabs are open");
        if let EventKind::Radar(clashes) = event.kind {
            last[usize::from(event.tab == OTHER)] = Some(clashes);
        }
    }
}

fn changed(with: Other, path: &str) -> Clash {
    Clash { with, paths: vec![(path.to_owned(), ConflictKind::BothChanged)] }
}

#[tokio::test]
async fn each_tab_is_told_what_it_would_conflict_with() {
    let machine = Machine::new();
    machine.script(&[writes("README.md", "# Ours\n")]);
    let mut desk = Desk::new(machine);
    desk.workbench.watch();
    desk.open(TAB, new()).await;
    desk.turn("first").await;
    desk.open(OTHER, new()).await;
    let before = desk.machine.fingerprint();
    desk.send(prompt(OTHER, "first")).await;
    // Both write the same, so nothing conflicts before the one below is changed by hand.
    desk.ended().await;
    let worktree = desk.workbench.place().worktrees();
    std::fs::write(worktree.join("task-2/README.md"), "# Theirs\n").unwrap();
    desk.send(Command::Keep { tab: OTHER }).await;
    let with = |tab| [changed(Other::Tab(tab), "README.md")];
    told(&mut desk, &with(OTHER), &with(TAB)).await;
    before.assert_same(&desk.machine);
    desk.machine.write("README.md", "# Yours\n");
    desk.machine.commit_all("second");
    desk.send(Command::Undo { tab: TAB, back: Back::Turns(1) }).await;
    // The first has nothing of its own any more, the second conflicts with the user's.
    told(&mut desk, &[], &[changed(Other::Base("main".to_owned()), "README.md")]).await;
    desk.close(OTHER).await;
}

#[tokio::test]
async fn an_agent_is_told_what_another_one_changed_after_it_was_read() {
    let machine = Machine::new();
    let turns = [
        vec![call("read", json!({"path": "README.md"})), say("Read.")],
        vec![call("write", json!({"path": "README.md", "content": "new\n"})), say("Written.")],
    ];
    machine.script_with(&turns, "[agent]\nnotices = true\n");
    let mut desk = Desk::new(machine);
    desk.workbench.watch();
    desk.open(TAB, new()).await;
    desk.turn("look at it").await;
    desk.open(OTHER, new()).await;
    desk.send(prompt(OTHER, "first")).await;
    desk.ended().await;
    desk.send(prompt(OTHER, "second")).await;
    let told = desk
        .next(|kind| match kind {
            EventKind::Agent(AgentEvent::Notice(text)) if text.contains("README.md") => Some(text),
            _ => None,
        })
        .await;
    assert!(
        told.contains("another agent, \"first\" (offshoot/task-2), changed what you have read"),
        "{told}"
    );
    desk.prompt("go on").await;
    loop {
        let event = desk.events.recv().await.expect("the tabs are open");
        if event.tab == TAB && event.turn_end().is_some() {
            break;
        }
    }
    let refs = desk.machine.git(&["for-each-ref", "--format=%(refname)", "refs/offshoot/sessions"]);
    let recorded = desk.machine.git(&["log", "--format=%B", refs.lines().next().unwrap_or_default()]);
    assert!(recorded.contains("changed what you have read: README.md"), "{recorded}");
}

#[tokio::test]
async fn the_branches_of_a_repository_are_surveyed_and_nothing_is_left_behind() {
    let machine = Machine::new();
    machine.script(&[writes("README.md", "# Ours\n")]);
    let mut desk = Desk::new(machine);
    for tab in [TAB, OTHER] {
        desk.open(tab, new()).await;
        desk.send(prompt(tab, "first")).await;
        desk.ended().await;
        desk.close(tab).await;
    }
    desk.machine.write("README.md", "# Yours\n");
    desk.machine.commit_all("second");
    let (before, objects) = (desk.machine.fingerprint(), desk.machine.git(&["count-objects"]));
    let survey = survey(desk.workbench.place(), Vec::new()).await.unwrap();
    before.assert_same(&desk.machine);
    assert_eq!(desk.machine.git(&["count-objects"]), objects);
    let told: Vec<_> =
        survey.branches.iter().map(|one| (one.branch.as_str(), one.base.len(), one.others.len())).collect();
    assert_eq!(
        (survey.base.as_str(), told),
        ("main", vec![("offshoot/task-2", 1, 0), ("offshoot/task", 1, 0)])
    );
}
