//! What changed in a step, in a turn and between two states, and what would conflict.

use offshoot::workbench::Start;
use offshoot::workbench::review::{self, Body, Range};

use super::desk::{Desk, TAB, new};
use crate::support::machine::{Machine, put, say, writes};

async fn diff(desk: &Desk, range: Range) -> review::Compared {
    review::diff(desk.workbench.place(), range).await.unwrap()
}

/// Path, old text and new text of each file.
fn texts(compared: &review::Compared) -> Vec<(&str, &str, &str)> {
    let texts = compared.files.iter().map(|file| match &file.body {
        Body::Text { old, new } => (file.path.as_str(), old.as_str(), new.as_str()),
        other => panic!("no text: {other:?}"),
    });
    texts.collect()
}

#[tokio::test]
async fn a_step_a_turn_and_a_branch_are_compared() {
    let machine = Machine::new();
    machine.script(&[
        vec![put("a", "1\n"), put("b", "1\n"), put("a", "2\n"), say("Done.")],
        vec![say("Nothing to do.")],
        writes("a", "3\n"),
    ]);
    let mut desk = Desk::new(machine);
    let opened = desk.open(TAB, new()).await;
    for prompt in ["first\nwords", "second", "third"] {
        desk.turn(prompt).await;
    }
    desk.close(TAB).await;
    let opened_again = desk.open(TAB, Start::Continue { rev: None }).await;
    let steps: Vec<String> = opened_again.history.steps.iter().map(|step| step.commit.clone()).collect();

    let step = diff(&desk, Range::Step(steps[2].clone())).await;
    assert_eq!((texts(&step), step.from.as_ref()), (vec![("a", "1\n", "2\n")], Some(&steps[1])));
    let whole = |turn| Range::Turn { session: opened.branch.clone(), turn };
    let turn = diff(&desk, whole(1)).await;
    assert_eq!(texts(&turn), [("a", "", "2\n"), ("b", "", "1\n")]);
    assert_eq!((turn.title.as_str(), turn.from.as_ref()), ("first", Some(&opened.start)));
    assert_eq!(diff(&desk, whole(2)).await.files, []);
    assert_eq!(texts(&diff(&desk, whole(3)).await), [("a", "2\n", "3\n")]);
    let missing = review::diff(desk.workbench.place(), whole(4)).await.unwrap_err();
    assert!(missing.message.ends_with("has no turn 4"), "{}", missing.message);

    let session =
        desk.machine.git(&["for-each-ref", "--format=%(refname:lstrip=3)", "refs/offshoot/sessions"]);
    for to in [opened.branch.clone(), session] {
        let between = diff(&desk, Range::Between { from: Some(opened.start.clone()), to: to.clone() }).await;
        assert_eq!(texts(&between), [("a", "", "3\n"), ("b", "", "1\n")]);
        let stat = review::changes(desk.workbench.place(), Some(opened.start.clone()), to).await.unwrap();
        assert_eq!((stat.files.len(), stat.insertions, stat.deletions), (2, 2, 0));
    }
    let all = diff(&desk, Range::Between { from: Some(String::new()), to: opened.branch.clone() }).await;
    assert_eq!((all.from, all.files.len()), (None, 5));
    // A record of words has no change of its own.
    let record = desk.machine.git(&["for-each-ref", "--format=%(objectname)", "refs/offshoot/sessions"]);
    assert_eq!(diff(&desk, Range::Step(record)).await.files, []);
    let unknown = review::diff(desk.workbench.place(), Range::Step("nowhere".into())).await.unwrap_err();
    assert!(unknown.message.contains("nowhere"));
}
