//! What the user takes back or takes over in a review becomes a commit of theirs, and the files follow.

use offshoot::agent::Order;
use offshoot::workbench::amend::{Amend, Amended, Hunk, Part, Pick, Way, compose};
use offshoot::workbench::{Command, EventKind, TabId};

use super::desk::{Desk, TAB, new};
use crate::support::machine::{Machine, bash, put, say};

const BEFORE: &str = "one\ntwo\nthree\nfour\nfive\nsix\n";
const AFTER: &str = "one\nTWO\nthree\nfour\nfive\nSIX\n";

fn machine() -> Machine {
    let machine = Machine::new();
    machine.write("list", BEFORE);
    machine.commit_all("second");
    machine
}

fn hunk(path: &str, at: usize) -> Pick {
    Pick { path: path.into(), part: Part::Hunks(vec![Hunk { old: at..at + 1, new: at..at + 1 }]) }
}

fn file(path: &str) -> Pick {
    Pick { path: path.into(), part: Part::File }
}

fn amend(way: Way, from: &str, to: &str, picks: &[Pick]) -> Amend {
    Amend {
        way,
        from: Some(from.to_owned()),
        to: to.to_owned(),
        picks: picks.to_vec(),
        about: "turn 1 of the test".to_owned(),
    }
}

/// Sends it and waits for what comes of it.
async fn carry_out(desk: &mut Desk, tab: TabId, amend: Amend) -> Result<Amended, String> {
    desk.send(Command::Amend { tab, amend }).await;
    desk.next(|kind| match kind {
        EventKind::Amended(amended) => Some(Ok(*amended)),
        EventKind::Failed(failure) => Some(Err(failure.message)),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn a_hunk_is_taken_back_as_a_commit_of_the_users_and_the_session_goes_on() {
    let machine = machine();
    machine.script(&[
        vec![put("list", AFTER), put("new", "new\n"), say("Done.")],
        vec![put("list", &format!("zero\n{AFTER}")), say("Moved.")],
        vec![bash("cat list"), put("after", "1\n"), say("Seen.")],
    ]);
    let mut desk = Desk::new(machine);
    let opened = desk.open_new().await;
    let first = desk.turn("first").await.commits[1].clone();
    desk.turn("second").await;
    let print = desk.machine.fingerprint();

    let revert = amend(Way::Revert, &opened.start, &first, &[hunk("list", 1)]);
    let amended = carry_out(&mut desk, TAB, revert.clone()).await.unwrap();
    assert_eq!(amended.subject, "Revert a hunk of list");
    let read = |path: &str| std::fs::read_to_string(opened.worktree.join(path)).unwrap();
    assert_eq!(read("list"), "zero\none\ntwo\nthree\nfour\nfive\nSIX\n");
    let git = |args: &[&str]| desk.machine.git(args);
    assert_eq!(git(&["rev-parse", &opened.branch]), amended.commit);
    assert_eq!(git(&["-C", &opened.worktree.display().to_string(), "status", "--porcelain"]), "");
    let message = git(&["log", "-1", "--format=%an%n%B", &opened.branch]);
    assert!(message.contains("Taken back by the user in a review of turn 1 of the test"), "{message}");
    assert!(!message.contains("Offshoot-"), "{message}");
    let range = format!("{0}~..{0}", opened.branch);
    assert_eq!(git(&["diff", "--numstat", &range]), "1\t1\tlist");
    print.assert_same(&desk.machine);

    let again = carry_out(&mut desk, TAB, revert).await.unwrap_err();
    assert_eq!(again, "list stands like that already");
    // What is undone can be done again.
    let take = amend(Way::Take, &opened.start, &first, &[hunk("list", 1)]);
    assert_eq!(carry_out(&mut desk, TAB, take).await.unwrap().subject, "Take a hunk of list");
    assert_eq!(read("list"), format!("zero\n{AFTER}"));
    carry_out(&mut desk, TAB, amend(Way::Revert, &opened.start, &first, &[file("new"), hunk("list", 5)]))
        .await
        .unwrap();
    assert!(!opened.worktree.join("new").exists());

    // The model gets to know, and the next step stands on top.
    desk.turn("third").await;
    let recorded = desk.recorded();
    assert!(recorded.contains("[In a review I took back a part of the changes"), "{recorded}");
    assert_eq!(
        desk.machine.git(&["show", &format!("{}:list", opened.branch)]),
        "zero\none\nTWO\nthree\nfour\nfive\nsix"
    );
    let subjects = desk.machine.git(&["log", "--format=%s", &format!("main..{}", opened.branch)]);
    assert_eq!(
        subjects.lines().filter(|line| line.starts_with("Revert") || line.starts_with("Take")).count(),
        3
    );
    print.assert_same(&desk.machine);
}

#[tokio::test]
async fn what_the_user_wrote_by_hand_is_committed_first_and_never_lost() {
    let machine = machine();
    machine.script(&[vec![
        put("list", AFTER),
        put(".gitignore", "kept.txt\n"),
        bash("rm README.md"),
        say("Done."),
    ]]);
    let mut desk = Desk::new(machine);
    let opened = desk.open_new().await;
    let steps = desk.turn("first").await.commits;
    std::fs::write(opened.worktree.join("list"), format!("{AFTER}by hand\n")).unwrap();
    let revert = amend(Way::Revert, &opened.start, &opened.branch, &[hunk("list", 1)]);
    carry_out(&mut desk, TAB, revert).await.unwrap();
    let read = |path: &str| std::fs::read_to_string(opened.worktree.join(path)).unwrap();
    assert_eq!(read("list"), "one\ntwo\nthree\nfour\nfive\nSIX\nby hand\n");
    assert_eq!(
        desk.machine.git(&["rev-list", "--count", &format!("{}..{}", steps.last().unwrap(), opened.branch)]),
        "2"
    );

    // A file that git ignores stands where one is to come back.
    std::fs::write(opened.worktree.join(".gitignore"), "README.md\n").unwrap();
    std::fs::write(opened.worktree.join("README.md"), "precious\n").unwrap();
    let back = amend(Way::Revert, &opened.start, steps.last().unwrap(), &[file("README.md")]);
    let refused = carry_out(&mut desk, TAB, back).await.unwrap_err();
    assert!(refused.contains("README.md"), "{refused}");
    assert_eq!(read("README.md"), "precious\n");
}

#[tokio::test]
async fn it_is_refused_while_the_agent_works() {
    let machine = machine();
    machine.script(&[vec![bash("tail -f /dev/null"), say("Done.")]]);
    let mut desk = Desk::new(machine);
    let opened = desk.open_new().await;
    desk.send(Command::Prompt { tab: TAB, order: Order { prompt: "first".into(), ..Order::default() } })
        .await;
    let refused =
        carry_out(&mut desk, TAB, amend(Way::Revert, &opened.start, &opened.branch, &[file("list")])).await;
    assert_eq!(refused.unwrap_err(), "the agent is at work");
    desk.send(Command::Interrupt { tab: TAB }).await;
    desk.ended().await;
}

#[tokio::test]
async fn parts_of_another_tab_are_taken_over_and_parts_of_several_become_a_branch() {
    const OTHER: TabId = TabId(2);
    let machine = machine();
    machine.script(&[vec![put("list", AFTER), put("theirs", "1\n"), say("Done.")]]);
    let mut desk = Desk::new(machine);
    let one = desk.open_new().await;
    desk.turn("first").await;
    let other = desk.open(OTHER, new()).await;
    let take = amend(Way::Take, &one.start, &one.branch, &[hunk("list", 5), file("theirs")]);
    let amended = carry_out(&mut desk, OTHER, take.clone()).await.unwrap();
    assert_eq!(amended.subject, "Take parts of 2 files");
    let read = |path: &str| std::fs::read_to_string(other.worktree.join(path)).unwrap();
    assert_eq!((read("list"), read("theirs")), (BEFORE.replace("six", "SIX"), "1\n".to_owned()));

    let place = desk.workbench.place();
    let second = amend(Way::Take, &one.start, &one.branch, &[hunk("list", 1)]);
    let made = compose(place, "main".into(), vec![take.clone(), second]).await.unwrap();
    assert_eq!(desk.machine.git(&["show", &format!("{made}:list")]), AFTER.trim_end());
    assert_eq!(
        desk.machine.git(&["log", "--format=%s", &format!("main..{made}")]),
        "Take a hunk of list\nTake parts of 2 files"
    );
    let refused = compose(place, one.branch.clone(), vec![take]).await.unwrap_err();
    assert_eq!(refused.message, "list stands like that already; theirs stands like that already");
}
