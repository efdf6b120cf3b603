//! Branches, search, export and import.

use offshoot::chat::Role;
use offshoot::workbench::history::{self, branches, export_jsonl, export_markdown, search};
use offshoot::workbench::{Back, BranchName, Command, Start, TabId, Uncommitted};
use serde_json::json;

use super::desk::{Desk, TAB, new};
use crate::support::machine::{Machine, bash, put, say, writes};

const OTHER: TabId = TabId(2);

fn import(file: &std::path::Path) -> Start {
    let branch = BranchName::From("imported".into());
    Start::Import { file: file.to_owned(), branch, uncommitted: Uncommitted::Exclude }
}

#[tokio::test]
async fn branches_tell_their_sessions_and_whether_they_have_landed() {
    let machine = Machine::new();
    machine.script(&[writes("a", "1\n"), writes("a", "2\n")]);
    machine.git(&["branch", "mine"]);
    let mut desk = Desk::new(machine);
    let opened = desk.open(TAB, new()).await;
    desk.turn("first words").await;
    desk.turn("second").await;
    let place = desk.workbench.place().clone();
    let session =
        desk.machine.git(&["for-each-ref", "--format=%(refname:lstrip=3)", "refs/offshoot/sessions"]);
    let head = desk.machine.git(&["rev-parse", &opened.branch]);

    let lines = branches(&place).await.unwrap();
    let own = lines.iter().find(|line| line.name == opened.branch).unwrap();
    assert_eq!((own.session.as_ref(), own.title.as_str()), (Some(&session), "first words"));
    assert_eq!((own.head.as_str(), own.turns, own.steps, own.state), (head.as_str(), 2, 2, "working"));
    assert!(!own.landed && !own.is_current && own.kept.is_empty());
    let of = |name: &str| lines.iter().find(|line| line.name == name).unwrap();
    assert!(of("main").is_current && !of("main").landed);
    let mine = of("mine");
    assert_eq!((mine.session.as_ref(), mine.title.as_str(), mine.landed), (None, "first", true));
    assert_eq!(lines.len(), 3);

    desk.moved(Command::Undo { tab: TAB, back: Back::Turns(1) }).await;
    desk.close(TAB).await;
    // Squashed by hand.
    desk.machine.write("a", "1\n");
    desk.machine.commit_all("a of theirs");
    let lines = branches(&place).await.unwrap();
    let own = lines.iter().find(|line| line.name == opened.branch).unwrap();
    assert!(own.landed && own.state == "idle" && own.turns == 1, "{own:?}");
    assert!(own.kept[0].starts_with(&format!("refs/offshoot/kept/{session}/")), "{:?}", own.kept);
}

#[tokio::test]
async fn words_are_found_in_all_that_was_said_and_once_in_what_forks_share() {
    let machine = Machine::new();
    machine.script(&[
        vec![bash("echo The Needle; echo hay"), say("It is in line one:\nthe needle.")],
        vec![say("Another needle.")],
    ]);
    let mut desk = Desk::new(machine);
    let opened = desk.open_new().await;
    desk.turn("where is the NEEDLE?").await;
    let place = desk.workbench.place().clone();
    let found = search(&place, "needle".into(), 10).await.unwrap();
    let wanted = [
        (Role::Assistant, "the needle."),
        (Role::Tool, "The Needle"),
        (Role::Assistant, r#"bash {"command":"echo The Needle; echo hay"}"#),
        (Role::User, "where is the NEEDLE?"),
    ];
    assert_eq!(found.iter().map(|hit| (hit.role, hit.line.as_str())).collect::<Vec<_>>(), wanted);
    assert!(found.iter().all(|hit| hit.turn == 1 && hit.branch.as_ref() == Some(&opened.branch)));
    assert!(found[0].at >= found[3].at && found[0].title == "where is the NEEDLE?");

    let fork = Start::Fork { rev: opened.branch, turn: None, branch: BranchName::From("fork".into()) };
    desk.open(OTHER, fork).await;
    desk.send(super::desk::prompt(OTHER, "and now?")).await;
    desk.ended().await;
    let found = search(&place, "NEEDLE".into(), 10).await.unwrap();
    assert_eq!((found.len(), found[0].line.as_str(), found[0].turn), (5, "Another needle.", 2));
    assert_eq!(search(&place, "needle".into(), 2).await.unwrap().len(), 2);
    assert_eq!(search(&place, " ".into(), 10).await.unwrap(), []);
    assert_eq!(search(&place, "haystack".into(), 10).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_exported_is_imported_to_the_byte_and_on_record_at_once() {
    let machine = Machine::new();
    machine.script(&[
        vec![
            json!({ "thinking": "Hm.", "text": "So:", "call": [{ "tool": "ls", "input": {} }] }),
            say("Done."),
        ],
        writes("a", "1\n"),
        vec![say("Three.")],
    ]);
    let mut desk = Desk::new(machine);
    desk.open(TAB, new()).await;
    desk.turn("first").await;
    desk.turn("second").await;
    desk.close(TAB).await;
    let opened = desk.open(TAB, Start::Continue { rev: None }).await;
    let base = desk.workbench.place().base.clone();
    let exported = export_jsonl(&base, &opened.history.conversation);
    assert_eq!(exported.lines().count(), opened.history.conversation.len());
    let file = desk.machine.path("talk.jsonl");
    std::fs::write(&file, &exported).unwrap();

    let imported = desk.open(OTHER, import(&file)).await;
    assert_eq!((imported.title.as_str(), imported.turns, imported.steps), ("first", 2, 0));
    assert_ne!(imported.branch, opened.branch);
    assert_eq!(export_jsonl(&base, &imported.history.conversation), exported);
    let (session, _) = history::load(desk.workbench.place(), Some(imported.branch.clone())).await.unwrap();
    assert_eq!(export_jsonl(&base, &session.conversation), exported);
    // The model goes on from it.
    desk.send(super::desk::prompt(OTHER, "third")).await;
    assert_eq!(desk.ended().await.text, "Three.");

    // And from the message of a commit.
    let message = desk.machine.git(&["log", "-1", "--format=%B", &opened.branch]);
    std::fs::write(&file, message).unwrap();
    assert_eq!(desk.open(TabId(3), import(&file)).await.turns, 2);
}

#[tokio::test]
async fn a_file_that_cannot_be_imported_leaves_nothing() {
    let machine = Machine::new();
    machine.script(&[vec![say("One.")]]);
    let file = machine.path("talk.jsonl");
    std::fs::write(&file, "{\"role\":\"oracle\"}\n").unwrap();
    let before = machine.git(&["for-each-ref"]);
    let mut desk = Desk::new(machine);
    desk.send(Command::Open { tab: TAB, start: import(&file), permissions: None }).await;
    let why = desk.failure().await;
    assert!(why.contains("talk.jsonl, line 1: "), "{why}");
    assert_eq!(desk.machine.git(&["for-each-ref"]), before);
    assert_eq!(desk.machine.git(&["worktree", "list"]).lines().count(), 1);
}

#[tokio::test]
async fn a_page_reads_well_and_holds_neither_escapes_nor_secrets() {
    let machine = Machine::new();
    let long = "topsecret-1234567";
    machine.script(&[vec![
        json!({ "thinking": "A <b> & c.", "text": "Now:", "call": [{ "tool": "bash", "input": { "command": "echo '```'; echo \u{1b}[31mred" } }] }),
        put("a.txt", "1\n"),
        say(&format!("Done with {long}.")),
    ]]);
    let mut desk = Desk::with(machine, &[("SHOP_API_KEY", long)], false);
    desk.open_new().await;
    desk.turn("write\na file").await;
    desk.close(TAB).await;
    let opened = desk.open(TAB, Start::Continue { rev: None }).await;
    let page = export_markdown(&desk.workbench.place().base, &opened.history);
    let commit = &opened.history.steps[0].commit[..10];
    assert!(!page.contains(long) && !page.contains('\u{1b}'), "{page}");
    let begin = "# write\n\n## 1. You\n\nwrite\na file\n\n### script/player\n\n<details>\n<summary>Reasoning</summary>\n\nA <b> & c.\n\n</details>\n\nNow:\n\n<details>\n<summary>bash echo '```'; echo red</summary>\n\n````json\n";
    assert!(page.starts_with(begin), "{page}");
    assert!(page.contains("\n````\n```\nred\n````\n\n</details>\n"), "{page}");
    let end = format!("\n> commit `{commit}` write · 1 file, +1 -0\n\n### script/player\n\nDone with ");
    assert!(page.contains(&end), "{page}");
}
