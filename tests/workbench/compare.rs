//! One prompt to several agents from the same commit: what they begin with, what becomes of each, and what is taken
//! or put away afterwards.

use std::collections::BTreeMap;
use std::time::Duration;

use offshoot::workbench::compare::{
    self, Begin, Candidate, Fate, Ground, Pick, Row, State, archive, best, ground, letter, offers, take,
};
use offshoot::workbench::{Command, EventKind, Start, TabId, Uncommitted, history};
use serde_json::json;

use super::desk::{Desk, TAB, new};
use crate::support::machine::{Machine, put, say, writes};

/// Two who write different files, and one who fails.
fn three() -> Machine {
    let machine = Machine::new();
    machine.scripts(
        &[
            ("one", &[vec![put("src/main.rs", "fn main() { one() }\n"), put("one.txt", "1\n"), say("One.")]]),
            ("two", &[vec![put("src/main.rs", "fn main() { two() }\n"), put("two.txt", "2\n"), say("Two.")]]),
            ("broken", &[vec![json!({ "error": { "class": "auth", "message": "not logged in" } })]]),
        ],
        "fallback = \"never\"",
    );
    machine
}

fn candidates(names: &str) -> Vec<Candidate> {
    names.split(',').map(|name| name.parse().unwrap()).collect()
}

async fn begin(desk: &Desk, begin: Begin, names: &str) -> Ground {
    ground(desk.workbench.place(), begin, "fix it", &candidates(names)).await.unwrap()
}

fn tab(at: usize) -> TabId {
    TabId(10 + u32::try_from(at).unwrap())
}

/// Runs all to their ends, and closes them.
async fn run(desk: &mut Desk, ground: &Ground, names: &str, prompt: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = candidates(names)
        .into_iter()
        .enumerate()
        .map(|(at, candidate)| Row::new(at, candidate, ground.branch(at)))
        .collect();
    for (at, row) in rows.iter_mut().enumerate() {
        row.opens();
        desk.send(Command::Open { tab: tab(at), start: ground.start(at), permissions: None }).await;
    }
    while rows.iter().any(|row| row.fate == Fate::Open) {
        let event = desk.events.recv().await.unwrap();
        let at = usize::try_from(event.tab.0 - 10).unwrap();
        rows[at].session = Some(event.session.clone());
        rows[at].take(&event.kind, Duration::ZERO);
        if matches!(event.kind, EventKind::Opened(_)) {
            let order = offshoot::agent::Order { prompt: prompt.into(), ..Default::default() };
            let order = rows[at].candidate.order(order);
            desk.send(Command::Prompt { tab: tab(at), order }).await;
        }
        if event.turn_end().is_some() {
            desk.send(Command::Close { tab: tab(at) }).await;
        }
    }
    rows
}

#[tokio::test]
async fn all_begin_at_the_same_commit_and_one_that_fails_leaves_the_others_alone() {
    let machine = three();
    let before = machine.fingerprint();
    let mut desk = Desk::new(machine);
    let names = "one,broken,two";
    let ground = begin(&desk, Begin::Checkout(Uncommitted::Exclude), names).await;
    let rows = run(&mut desk, &ground, names, "fix it").await;
    let states: Vec<State> = rows.iter().map(Row::state).collect();
    assert_eq!(states, [State::Done, State::Failed, State::Done]);
    assert_eq!(rows[1].trouble.as_deref(), Some("not logged in"));
    assert_eq!(rows.iter().map(|row| row.steps).collect::<Vec<_>>(), [2, 0, 2]);
    assert_eq!(best(&rows, Duration::ZERO), Some(0));
    let machine = &desk.machine;
    let main = machine.git(&["rev-parse", "main"]);
    assert_eq!(ground.base, main);
    for letter in ["a", "c"] {
        let branch = format!("offshoot/fix-it-{letter}");
        assert_eq!(machine.git(&["merge-base", "main", &branch]), main);
        assert_eq!(machine.git(&["rev-list", "--count", &format!("main..{branch}")]), "2");
        let record = machine.git(&["log", "--format=%B", &format!("main..{branch}")]);
        let prompts =
            record.lines().filter(|line| line.starts_with("{\"") && line.contains("\"text\":\"fix it\""));
        assert_eq!(prompts.count(), 1, "{record}");
    }
    before.assert_same(machine);
    // Each is on the ledger as any run is.
    let backends: Vec<String> =
        machine.ledger().iter().map(|entry| entry["backend"].as_str().unwrap().to_owned()).collect();
    assert!(["one", "two", "broken"].iter().all(|id| backends.iter().any(|one| one == id)), "{backends:?}");
}

#[tokio::test]
async fn uncommitted_work_is_taken_up_once_for_all() {
    let machine = three();
    machine.write("README.md", "# Changed\n");
    let before = machine.fingerprint();
    let mut desk = Desk::new(machine);
    let ground = begin(&desk, Begin::Checkout(Uncommitted::Include), "one,two").await;
    assert!(ground.notices[0].contains("one snapshot"));
    let rows = run(&mut desk, &ground, "one,two", "fix it").await;
    for row in &rows {
        assert_eq!(desk.machine.git(&["rev-parse", &format!("{}~2", row.branch)]), ground.base);
        assert_eq!(desk.machine.file_at(&row.branch, "README.md"), "# Changed");
    }
    before.assert_same(&desk.machine);
}

#[tokio::test]
async fn they_go_on_with_the_conversation_of_the_tab_that_they_leave() {
    let machine = Machine::new();
    machine.scripts(
        &[
            ("one", &[writes("first.txt", "1\n"), vec![say("Just words.")], writes("a.txt", "a\n")]),
            ("two", &[vec![say("-")], vec![say("-")], writes("b.txt", "b\n")]),
        ],
        "",
    );
    let mut desk = Desk::new(machine);
    desk.open(TAB, new()).await;
    desk.turn("first words").await;
    desk.turn("second words").await;
    let branch = desk.machine.git(&["for-each-ref", "--format=%(refname:short)", "refs/heads/offshoot"]);
    let sessions = history::sessions(desk.workbench.place()).await.unwrap();
    let id = sessions[0].id.clone();
    desk.close(TAB).await;
    let ground = begin(&desk, Begin::Session { id, branch: branch.clone() }, "one,two").await;
    assert_eq!(ground.base, desk.machine.git(&["rev-parse", &branch]));
    let rows = run(&mut desk, &ground, "one,two", "third words").await;
    for (row, file) in rows.iter().zip(["a.txt", "b.txt"]) {
        assert_eq!(row.state(), State::Done, "{:?}", row.trouble);
        assert!(desk.machine.is_in(&row.branch, "first.txt") && desk.machine.is_in(&row.branch, file));
        let (session, _) = history::load(desk.workbench.place(), row.session.clone()).await.unwrap();
        let prompts: Vec<String> = (1..=3).filter_map(|turn| session.conversation.prompt(turn)).collect();
        assert_eq!(prompts, ["first words", "second words", "third words"]);
    }
}

#[tokio::test]
async fn nothing_is_made_when_one_of_them_cannot_be_asked() {
    let desk = Desk::new(three());
    let before = desk.machine.git(&["for-each-ref"]);
    let begin = Begin::Checkout(Uncommitted::Exclude);
    let refused =
        ground(desk.workbench.place(), begin, "fix it", &candidates("one,nobody")).await.unwrap_err();
    assert!(refused.message.starts_with("b (nobody): "), "{}", refused.message);
    assert_eq!(desk.machine.git(&["for-each-ref"]), before);
}

#[tokio::test]
async fn branches_of_two_comparisons_keep_apart_and_know_their_fellows() {
    let mut desk = Desk::new(three());
    desk.machine.git(&["branch", "offshoot/fix-it-b"]);
    let ground = begin(&desk, Begin::Checkout(Uncommitted::Exclude), "one,two").await;
    assert_eq!(ground.stem, "offshoot/fix-it-2");
    run(&mut desk, &ground, "one,two", "fix it").await;
    let repo = desk.workbench.place().repo.clone();
    let member = compare::member(&repo, "offshoot/fix-it-2-a").unwrap().unwrap();
    assert_eq!((member.letter, member.others), ('a', vec!["offshoot/fix-it-2-b".to_owned()]));
    assert_eq!(compare::member(&repo, "offshoot/fix-it-b").unwrap(), None);
    assert_eq!(compare::member(&repo, "main").unwrap(), None);
}

#[tokio::test]
async fn archived_sessions_lose_nothing_and_are_opened_again() {
    let mut desk = Desk::new(three());
    let ground = begin(&desk, Begin::Checkout(Uncommitted::Exclude), "one,two").await;
    let rows = run(&mut desk, &ground, "one,two", "fix it").await;
    let refs = |desk: &Desk| {
        desk.machine.git(&["for-each-ref", "refs/heads", "refs/offshoot/sessions", "refs/offshoot/kept"])
    };
    let before = refs(&desk);
    let id = rows[1].session.clone().unwrap();
    assert_eq!(archive(desk.workbench.place(), vec![id.clone()]).await.unwrap(), std::slice::from_ref(&id));
    assert_eq!(refs(&desk), before);
    let archived = async |desk: &Desk| {
        let all = history::branches(desk.workbench.place()).await.unwrap();
        let archived: Vec<String> = all.into_iter().filter(|one| one.archived).map(|one| one.name).collect();
        archived
    };
    assert_eq!(archived(&desk).await, [rows[1].branch.clone()]);
    let opened = desk.open(TAB, Start::Continue { rev: Some(rows[1].branch.clone()) }).await;
    assert_eq!((opened.branch.as_str(), opened.turns), (rows[1].branch.as_str(), 1));
    assert_eq!(archived(&desk).await, Vec::<String>::new());
    desk.close(TAB).await;
}

#[tokio::test]
async fn files_of_two_are_taken_into_a_branch_with_a_commit_for_each() {
    let machine = three();
    let before = machine.fingerprint();
    let mut desk = Desk::new(machine);
    let ground = begin(&desk, Begin::Checkout(Uncommitted::Exclude), "one,two").await;
    let rows = run(&mut desk, &ground, "one,two", "fix it").await;
    let place = desk.workbench.place();
    let branches = rows.iter().map(|row| (row.letter, row.branch.clone())).collect();
    let offered: BTreeMap<char, Vec<String>> = offers(place, ground.base.clone(), branches)
        .await
        .unwrap()
        .into_iter()
        .map(|offer| (offer.letter, offer.files.iter().map(|file| file.path.display().to_string()).collect()))
        .collect();
    assert_eq!(offered[&'a'], ["one.txt", "src/main.rs"]);
    assert_eq!(offered[&'b'], ["src/main.rs", "two.txt"]);

    let pick = |at: usize, paths: &[&str]| {
        Pick::of(&rows[at], paths.iter().map(|path| (*path).to_owned()).collect())
    };
    let (base, stem) = (ground.base.clone(), ground.stem.clone());
    let clash = vec![pick(0, &["src/main.rs"]), pick(1, &["src/main.rs"])];
    let refused = take(place, base.clone(), stem.clone(), clash).await.unwrap_err();
    assert!(refused.message.starts_with("from b (two/two-model): src/main.rs"), "{}", refused.message);
    assert_eq!(desk.machine.git(&["for-each-ref", "refs/heads/offshoot/fix-it-mix"]), "");
    let mixed = take(
        place,
        base.clone(),
        stem.clone(),
        vec![pick(0, &["one.txt"]), pick(1, &["src/main.rs", "two.txt"])],
    )
    .await
    .unwrap();
    assert_eq!((mixed.branch.as_str(), mixed.commits.len(), mixed.files), ("offshoot/fix-it-mix", 2, 3));
    let machine = &desk.machine;
    assert_eq!(machine.file_at(&mixed.branch, "src/main.rs"), "fn main() { two() }");
    assert!(machine.is_in(&mixed.branch, "one.txt") && machine.is_in(&mixed.branch, "two.txt"));
    assert_eq!(machine.git(&["rev-parse", &format!("{}~2", mixed.branch)]), base);
    let told = machine.git(&["log", "-1", "--format=%B", &mixed.branch]);
    let session = rows[1].session.as_deref().unwrap();
    assert!(told.starts_with("Take 2 files\n"), "{told}");
    let whose =
        format!("candidate b, two/two-model, on offshoot/fix-it-b (session {session}, turn 1, step 2)");
    assert!(told.contains(&whose), "{told}");
    // Another one beside it; and a session begins on the first.
    let again = take(place, base, stem, vec![pick(0, &["one.txt"])]).await.unwrap();
    assert_eq!(again.branch, "offshoot/fix-it-mix-2");
    before.assert_same(machine);
    let opened = desk.open(TAB, Start::Continue { rev: Some(mixed.branch.clone()) }).await;
    // What was taken is its own work, also once more was done on it.
    assert_eq!((opened.branch, opened.turns, opened.start), (mixed.branch.clone(), 0, ground.base.clone()));
    desk.turn("fix it").await;
    desk.close(TAB).await;
    let opened = desk.open(TAB, Start::Continue { rev: Some(mixed.branch) }).await;
    assert_eq!((opened.turns, opened.start), (1, ground.base));
    desk.close(TAB).await;
}

#[test]
fn letters_go_as_far_as_candidates_do() {
    assert_eq!((0..compare::MOST).map(letter).collect::<String>(), "abcdefgh");
}
