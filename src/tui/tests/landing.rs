//! `/land` and `/merge` on the screen, with real plans of a real repository.

use std::path::PathBuf;

use super::studio::Studio;
use crate::git::session::{LandHow, LandPlan, LandWish, LandedAs, land_plan};
use crate::git::testing::Fixture;
use crate::git::{Conflict, ConflictKind};
use crate::tui::message::{Action, Load, Loaded, Message, Returned};
use crate::workbench::landing::InBranch;
use crate::workbench::merging::{Merging, Pair};
use crate::workbench::{EventKind, Stat};

/// A branch with a file of its own, to be landed in `main`; with a change on `main` that conflicts, if wanted.
fn repository(conflicts: bool) -> Fixture {
    let fixture = Fixture::new();
    fixture.git(&["checkout", "-q", "-b", "offshoot/parser"]);
    fixture.write("parser.rs", "fn parse() {}\n");
    fixture.write("README.md", "parser\n");
    fixture.commit_all("add a parser");
    fixture.git(&["checkout", "-q", "main"]);
    if conflicts {
        fixture.write("README.md", "main\n");
        fixture.commit_all("main");
    }
    fixture
}

fn plan(fixture: &Fixture, how: LandHow) -> (LandWish, LandPlan) {
    let wish = LandWish { rev: Some("offshoot/parser".to_owned()), how, ..LandWish::default() };
    let plan = land_plan(&fixture.repo(), &wish).unwrap();
    (wish, plan)
}

/// Hashes are not the same twice.
fn screen(studio: &mut Studio) -> String {
    let text = studio.screen();
    let is_hash = |word: &str| word.len() >= 10 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut out = String::new();
    for piece in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let word = piece.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let shown =
            if is_hash(word) { piece.replace(word, &"0".repeat(word.len())) } else { piece.to_owned() };
        out.push_str(&shown);
    }
    out
}

fn with_tab() -> Studio {
    let mut studio = Studio::new(100, 30);
    studio.agent_of(1).opens("parser");
    studio.did();
    studio
}

#[test]
fn a_landing_is_shown_first_and_its_words_can_be_changed() {
    let fixture = repository(false);
    let mut studio = with_tab();
    studio.says("/land");
    assert!(studio.did().contains("plan to land offshoot/parser as squash"));
    let (wish, ready) = plan(&fixture, LandHow::Squash);
    studio.loads(Loaded::Land { wish, plan: Ok(Box::new(ready)) });
    let shown = screen(&mut studio);
    for words in [
        "Land offshoot/parser in main",
        "1 commit as one commit",
        "added    parser.rs  +1 −0",
        "your checkout goes along",
        "Add a parser",
        "Enter lands · Tab kind · d diff · e message · Esc leaves",
    ] {
        assert!(shown.contains(words), "{words}\n{shown}");
    }
    studio.keys("d");
    assert!(studio.did().contains("diff"), "the difference as it would land");
    studio.keys("e");
    assert!(studio.did().contains("edit the message"));
    studio.take(Message::Returned(Returned::Message { text: Ok("My words\n\nand why\n".to_owned()) }));
    assert!(screen(&mut studio).contains("My words"));
    studio.keys("enter");
    let landing = studio.did();
    assert!(landing.contains("landing of offshoot/parser as squash, \"My words\\n\\nand why\""), "{landing}");
    // Once more is not twice.
    studio.keys("enter");
    assert_eq!(studio.did(), "");
}

#[test]
fn what_was_landed_and_how_it_is_taken_back_are_lines_of_their_own() {
    let fixture = repository(false);
    let mut studio = with_tab();
    let tab = studio.app.tab().id;
    let (_, plan) = plan(&fixture, LandHow::Squash);
    let landed = LandedAs {
        commit: plan.head.clone(),
        commits: vec![plan.head.clone()],
        into: "main".to_owned(),
        before: plan.tip.clone(),
        checkouts: vec![PathBuf::from("/home/ada/parser")],
        kept: String::new(),
    };
    studio.loads(Loaded::Landing { tab, landed: Ok(Box::new((plan, landed))) });
    let row = studio.row_with("to take it back: offshoot land --undo");
    assert!(!row.contains("went along"), "{row}");
    assert!(studio.shows("the files of the checkout went along"), "{}", studio.screen());
}

#[test]
fn what_was_said_of_one_kind_of_landing_is_not_said_of_the_next() {
    let fixture = repository(true);
    let mut studio = with_tab();
    studio.says("/land");
    let (wish, conflicting) = plan(&fixture, LandHow::Squash);
    studio.loads(Loaded::Land { wish, plan: Ok(Box::new(conflicting)) });
    studio.keys("enter");
    assert!(studio.shows("it cannot land like this"), "{}", studio.screen());
    studio.keys("tab");
    assert!(!studio.shows("it cannot land like this"), "{}", studio.screen());
}

#[test]
fn the_kinds_of_landing_are_turned_through() {
    let fixture = repository(false);
    let mut studio = with_tab();
    studio.says("/land --into main");
    studio.did();
    for kind in ["merge", "pick", "squash"] {
        studio.keys("tab");
        assert!(studio.did().contains(&format!("as {kind}")), "{kind}");
    }
    // An answer to what was asked before is not shown.
    let (wish, ready) = plan(&fixture, LandHow::Merge);
    studio.loads(Loaded::Land { wish, plan: Ok(Box::new(ready)) });
    assert!(screen(&mut studio).contains("reading …"));
}

#[test]
fn a_landing_that_conflicts_names_the_paths_and_offers_an_agent() {
    let fixture = repository(true);
    let mut studio = with_tab();
    studio.says("/land");
    let (wish, conflicting) = plan(&fixture, LandHow::Squash);
    studio.loads(Loaded::Land { wish, plan: Ok(Box::new(conflicting)) });
    studio.did();
    let shown = screen(&mut studio);
    assert!(shown.contains("conflict: README.md: changed on both sides"), "{shown}");
    studio.keys("enter");
    assert_eq!(studio.did(), "", "it does not land");
    studio.keys("r");
    assert!(studio.did().contains("resolution of offshoot/parser as squash"));
    assert!(studio.app.layers.is_empty());
}

#[test]
fn a_landed_tab_is_marked() {
    let mut studio = with_tab();
    let tab = studio.app.tab().id;
    let landed = InBranch { into: "main".to_owned(), commit: Some("1".repeat(40)), since: 0 };
    studio.loads(Loaded::Landed { tab, standing: Some(landed.clone()) });
    assert!(screen(&mut studio).lines().next().unwrap().contains('⇣'));
    assert_eq!(landed.told(), "landed in main as 1111111111");
    studio.loads(Loaded::Landed { tab, standing: Some(InBranch { since: 2, ..landed.clone() }) });
    assert!(!screen(&mut studio).contains('⇣'));
    assert!(InBranch { since: 2, ..landed }.told().ends_with(", 2 steps since"));
}

#[test]
fn a_child_goes_into_the_tab_that_it_left_and_is_closed() {
    let mut studio = with_tab();
    studio.keys("ctrl-t");
    studio.agent_of(2).opens("child");
    studio.did();
    studio.says("/merge");
    assert!(studio.did().contains("and its parent"));
    let session = |studio: &Studio, place: usize| studio.app.tabs[place].session.clone().unwrap().id;
    let (parent, child) = (session(&studio, 0), session(&studio, 1));
    let pair = Pair {
        child: child.clone(),
        name: "offshoot/child".to_owned(),
        parent,
        into: "offshoot/parser".to_owned(),
    };
    studio.loads(Loaded::Pair(Ok(pair)));
    assert!(studio.did().contains(&format!("merge {child} into tab 1")));
    let merging = Merging::Merged {
        child: "offshoot/child".to_owned(),
        session: Some(child),
        commit: "1".repeat(40),
        subject: "Merge".to_owned(),
        stat: Stat::default(),
    };
    studio.agent_of(1).tells(EventKind::Merging(merging));
    assert!(studio.did().contains("close tab 2"));
    assert_eq!((studio.app.tabs.len(), studio.app.active), (1, 0));
    assert!(screen(&mut studio).contains("offshoot/child was merged into this tab"));
}

#[test]
fn a_merge_that_conflicts_leaves_both_tabs_and_asks() {
    let mut studio = with_tab();
    let conflicts = vec![Conflict { path: PathBuf::from("src/a.rs"), kind: ConflictKind::DeletedByUs }];
    let (child, into) = ("offshoot/child".to_owned(), "offshoot/parser".to_owned());
    studio.agent_of(1).tells(EventKind::Merging(Merging::Conflicts { child, into, conflicts }));
    let shown = screen(&mut studio);
    assert!(shown.contains("src/a.rs: deleted here, changed there"), "{shown}");
    studio.keys("y");
    assert!(studio.did().contains("resolution of offshoot/child as squash, into offshoot/parser"));
    let is_waiting = |action: &Action| matches!(action, Action::Load(Load::Pair { .. }));
    assert!(!studio.actions().iter().any(is_waiting));
}
