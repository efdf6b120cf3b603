//! The diff review within the screen.

use super::diffs::{file, shown};
use super::*;
use crate::agent::Failure;
use crate::chat::ErrorClass;
use crate::tui::message::Shown;
use crate::tui::message::{Message, Returned};
use crate::workbench::amend::{Amend, Amended, Way};
use crate::workbench::review::Range;
use crate::workbench::{EventKind, Stat};

fn changes() -> Shown {
    let old = "fn depth(list: &List) -> usize {\n    let depth = list.depth() + 1;\n    depth\n}\n";
    let new = "fn depth(list: &List) -> usize {\n    let depth = list.depth();\n    depth\n}\n";
    shown(vec![file("docs/漢字.md", "", "# 深さ\n"), file("src/parser.rs", old, new)])
}

fn reviewing(width: u16, height: u16) -> Studio {
    let mut studio = finished(width, height);
    studio.keys("alt-d");
    let range = Range::Turn { session: "S1".to_owned(), turn: 1 };
    let tab = studio.app.tab().id;
    studio.loads(Loaded::Diff { tab, title: "turn 1".to_owned(), range, shown: Ok(changes()) });
    studio.did();
    studio
}

#[test]
fn what_changed_is_reviewed() {
    insta::assert_snapshot!(reviewing(80, 24).screen(), @r"
     turn 1  2 files  +2 −1                                                      0%
    ▌▾ A docs/漢字.md                                                            +1
       1 + # 深さ

     ▾ M src/parser.rs                                                        +1 −1
       1   1   fn depth(list: &List) -> usize {
       2     −     let depth = list.depth() + 1;
           2 +     let depth = list.depth();
       3   3       depth
       4   4   }













     ✓ done  ] hunk  a accept  r revert  c comment      local/qwen3-coder  20 %  $0
    ");
    insta::assert_snapshot!("review-200x50", reviewing(200, 50).screen());
    insta::assert_snapshot!(reviewing(40, 10).screen(), @r"
     turn 1  2 files  +2 −1              0%
    ▌▾ A docs/漢字.md                    +1
       1 + # 深さ

     ▾ M src/parser.rs                +1 −1
       1   fn depth(list: &List) -> usize {
       2 −     let depth = list.depth() + 1;
       2 +     let depth = list.depth();
       3       depth
     ✓ done     local/qwen3-coder  20 %  $0
    ");
}

#[test]
fn comments_become_a_prompt() {
    let mut studio = reviewing(80, 24);
    studio.keys("}").keys("j").keys("j").keys("c").keys("type:why not here?");
    insta::assert_snapshot!(studio.last_row(), @" comment: why not here?");
    studio.keys("enter");
    insta::assert_snapshot!(studio.screen(), @r"
     turn 1  2 files  +2 −1                                         1 comment   55%
     ▾ A docs/漢字.md                                                            +1
       1 + # 深さ

     ▾ M src/parser.rs                                                     ◆1 +1 −1
       1   1   fn depth(list: &List) -> usize {
    ▌  2     −     let depth = list.depth() + 1;
         ┃ why not here?
           2 +     let depth = list.depth();
       3   3       depth
       4   4   }












     ✓ done  ] hunk  a accept  r revert  c comment      local/qwen3-coder  20 %  $0
    ");
    studio.keys("S");
    insta::assert_snapshot!(studio.did(), @r#"prompt tab 1: "I have reviewed your changes and have one comment. Please see to it.\n\n## 1. `src/parser.rs:2`, as it was before the change\n\n```\n    let depth = list.depth() + 1;\n```\n\nwhy not here?\n""#);
    assert!(studio.app.layers.is_empty());
}

#[test]
fn comments_that_were_not_sent_are_there_again_when_the_review_is_opened_again() {
    for key in ["q", "esc", "ctrl-c"] {
        let mut studio = reviewing(80, 24);
        studio.keys("}").keys("j").keys("j").keys("c").keys("type:why?").keys("enter").keys(key);
        assert!(studio.app.layers.is_empty() && studio.app.tab().composer.is_empty(), "{key}");
        assert!(studio.shows("1 comment kept for this tab"), "{}", studio.screen());
        reopens(&mut studio);
        assert!(studio.shows("┃ why?"), "{key}: {}", studio.screen());
    }
}

/// Opens the review of the same turn again.
fn reopens(studio: &mut Studio) {
    studio.keys("alt-d");
    let range = Range::Turn { session: "S1".to_owned(), turn: 1 };
    let tab = studio.app.tab().id;
    studio.loads(Loaded::Diff { tab, title: "turn 1".to_owned(), range, shown: Ok(changes()) });
    studio.did();
}

#[test]
fn a_comment_follows_its_lines_into_another_review_and_waits_where_they_are_not() {
    let mut studio = reviewing(80, 24);
    studio.keys("}").keys("] j").keys("c").keys("type:why not here?").keys("enter");
    // The branch has more lines above, and another review has none of them.
    let range = Range::Between { from: None, to: "branch".to_owned() };
    let tab = studio.app.tab().id;
    let old = "fn depth(list: &List) -> usize {\n    list.depth() + 1\n}\n";
    let new = "// New.\n\nfn depth(list: &List) -> usize {\n    let depth = list.depth();\n    depth\n}\n";
    let branch = shown(vec![file("src/parser.rs", old, new)]);
    let load =
        |shown| Loaded::Diff { tab, title: "branch".to_owned(), range: range.clone(), shown: Ok(shown) };
    studio.loads(load(branch));
    let at = studio.place_of("┃ why not here?").unwrap().1;
    assert!(studio.row(at - 1).contains("let depth = list.depth();"), "{}", studio.screen());
    studio.loads(load(shown(vec![file("other.rs", "1\n", "2\n")])));
    assert!(!studio.shows("why not here?") && studio.shows("1 comment"), "{}", studio.screen());
    studio.keys("C");
    assert!(studio.row_with("why not here?").contains("src/parser.rs:4"), "{}", studio.screen());
    studio.keys("enter").keys("S");
    let sent = studio.did();
    assert!(sent.contains("`src/parser.rs:4`") && sent.contains("let depth = list.depth();"), "{sent}");
}

#[test]
fn a_comment_has_several_lines_and_all_are_listed() {
    let mut studio = reviewing(80, 24);
    studio.keys("}").keys("j").keys("v").keys("j").keys("c").keys("type:one").keys("ctrl-j").keys("type:two");
    insta::assert_snapshot!(studio.rows(-3, -1), @r"
    
    comment: one
             two
    ");
    assert_eq!(studio.cursor(), Some((13, 23)));
    studio.keys("enter").keys("C");
    insta::assert_snapshot!(studio.row_with("src/parser.rs:1"), @"│› src/parser.rs:1  one                                                        │");
    studio.keys("enter");
    assert!(studio.shows("┃ one") && studio.shows("┃ two"), "{}", studio.screen());
    studio.keys("c").keys("ctrl-g");
    assert_eq!(studio.did(), r#"edit the prompt "one\ntwo" of tab 1"#);
    let tab = studio.app.tab().id;
    studio.take(Message::Returned(Returned::Prompt { tab, text: Ok("three\n".to_owned()) })).keys("enter");
    assert!(studio.shows("┃ three") && !studio.shows("┃ one"), "{}", studio.screen());
    studio.keys("D");
    assert!(!studio.shows("┃"), "{}", studio.screen());
}

#[test]
fn accepted_hunks_fold_and_are_still_accepted_when_the_review_is_opened_again() {
    let mut studio = reviewing(80, 24);
    studio.keys("a");
    insta::assert_snapshot!(studio.rows(1, 10), @r"
     turn 1  2 files  +2 −1  1 of 2 hunks open                                  57%
     ▸ A docs/漢字.md                                                          ✓ +1

     ▾ M src/parser.rs                                                        +1 −1
       1   1   fn depth(list: &List) -> usize {
    ▌  2     −     let depth = list.depth() + 1;
           2 +     let depth = list.depth();
       3   3       depth
       4   4   }
    ");
    studio.keys("q");
    reopens(&mut studio);
    insta::assert_snapshot!(studio.first_row(), @" turn 1  2 files  +2 −1  1 of 2 hunks open                                   0%");
    studio.keys("}").keys("]").keys("a");
    insta::assert_snapshot!(studio.rows(1, 10), @r"
     turn 1  2 files  +2 −1  ✓ all 2                                           100%
     ▸ A docs/漢字.md                                                          ✓ +1

    ▌▸ M src/parser.rs                                                      ✓ +1 −1
    ");
    // A look at it, and another mind.
    studio.keys("space").keys("]").keys("space");
    insta::assert_snapshot!(studio.rows(1, 10), @r"
     turn 1  2 files  +2 −1  ✓ all 2                                            75%
     ▸ A docs/漢字.md                                                          ✓ +1

     ▾ M src/parser.rs                                                      ✓ +1 −1
       1   1   fn depth(list: &List) -> usize {
         ✓ accepted  −1 +1
       2     −     let depth = list.depth() + 1;
    ▌      2 +     let depth = list.depth();
       3   3       depth
       4   4   }
    ");
    studio.keys("a");
    insta::assert_snapshot!(studio.first_row(), @" turn 1  2 files  +2 −1  1 of 2 hunks open                                  71%");
}

#[test]
fn a_hunk_is_taken_back_and_the_review_says_so() {
    let mut studio = reviewing(80, 24);
    studio.keys("r");
    insta::assert_snapshot!(studio.did(), @r#"amend { tab: tabid(1), amend: amend { way: revert, from: some("1111111111111111111111111111111111111111"), to: "2222222222222222222222222222222222222222", picks: [pick { path: "docs/漢字.md", part: file }], about: "turn 1 of session s1" } }"#);
    studio.keys("}").keys("]").keys("r");
    assert!(studio.shows("one after the other"), "{}", studio.screen());
    studio.agent().tells(amended("Revert docs/漢字.md"));
    insta::assert_snapshot!(studio.last_row(), @" `git revert 4444444444` undoes it: Revert docs/漢字.md");
    insta::assert_snapshot!(studio.rows(1, 3), @r"
    turn 1  2 files  +2 −1  1 of 2 hunks open                                  57%
    ▸ A docs/漢字.md                                                          ↶ +1
    ");
    studio.keys("r");
    insta::assert_snapshot!(studio.did(), @r#"amend { tab: tabid(1), amend: amend { way: revert, from: some("1111111111111111111111111111111111111111"), to: "2222222222222222222222222222222222222222", picks: [pick { path: "src/parser.rs", part: hunks([hunk { old: 1..2, new: 1..2 }]) }], about: "turn 1 of session s1" } }"#);
    studio.agent().tells(EventKind::Failed(Failure::new(ErrorClass::NotFound, "its lines are gone")));
    assert!(studio.shows("its lines are gone"), "{}", studio.screen());
    // What went comes back by the same key.
    studio.keys("g g").keys("r");
    insta::assert_snapshot!(studio.did(), @r#"amend { tab: tabid(1), amend: amend { way: take, from: some("1111111111111111111111111111111111111111"), to: "2222222222222222222222222222222222222222", picks: [pick { path: "docs/漢字.md", part: file }], about: "turn 1 of session s1" } }"#);
    studio.agent().tells(amended("Take docs/漢字.md"));
    assert!(!studio.row_with("漢字.md").contains('✓'), "{}", studio.screen());
}

fn amended(subject: &str) -> EventKind {
    let amend =
        Amend { way: Way::Revert, from: None, to: String::new(), picks: Vec::new(), about: String::new() };
    let stat = Stat { files: 1, insertions: 0, deletions: 1 };
    let amended = Amended { amend, commit: "4".repeat(40), subject: subject.to_owned(), stat };
    EventKind::Amended(Box::new(amended))
}

#[test]
fn selected_lines_alone_go_or_come_over() {
    let mut studio = reviewing(80, 24);
    studio.keys("}").keys("]").keys("j").keys("v").keys("t");
    insta::assert_snapshot!(studio.did(), @r#"amend { tab: tabid(1), amend: amend { way: take, from: some("1111111111111111111111111111111111111111"), to: "2222222222222222222222222222222222222222", picks: [pick { path: "src/parser.rs", part: hunks([hunk { old: 2..2, new: 1..2 }]) }], about: "turn 1 of session s1" } }"#);
}

#[test]
fn help_in_the_review_begins_with_its_keys() {
    let mut studio = reviewing(100, 60);
    studio.keys("?");
    for doc in [
        "Reviewing",
        "side by side, or one below",
        "sends all comments",
        "selects lines",
        "to the list of files",
    ] {
        assert!(studio.shows(doc), "{doc}: {}", studio.screen());
    }
}

#[test]
fn lines_that_went_are_not_selected_any_more() {
    let mut studio = reviewing(80, 24);
    studio.keys("}").keys("]").keys("j").keys("v").keys("r");
    assert!(studio.did().contains("way: revert"));
    studio.agent().tells(amended("Revert part of src/parser.rs"));
    studio.keys("a");
    assert!(studio.shows("1 of 2 hunks open"), "the hunk is meant, not its lines: {}", studio.screen());
}

#[test]
fn before_anything_was_changed_a_diff_says_so_and_what_is_not_there_is_still_named() {
    let mut studio = Studio::new(80, 24);
    studio.agent_of(1).opens("fix-it").begins("fix it");
    studio.keys("alt-d");
    let tab = studio.app.tab().id;
    let missing = |name: &str| Failure::new(ErrorClass::NotFound, format!("no commit is named \"{name}\""));
    let session = studio.app.tab().session.clone().unwrap();
    let whole = Range::Between { from: None, to: session.branch.clone() };
    for range in [Range::Turn { session: session.id.clone(), turn: 1 }, whole] {
        let shown = Err(missing(&session.id));
        studio.loads(Loaded::Diff { tab, title: "turn 1".to_owned(), range, shown });
        assert!(studio.shows("nothing was changed in this tab yet"), "{}", studio.screen());
        assert!(!studio.shows("no commit is named"), "{}", studio.screen());
    }
    let range = Range::Between { from: None, to: "elsewhere".to_owned() };
    studio.loads(Loaded::Diff {
        tab,
        title: "elsewhere".to_owned(),
        range,
        shown: Err(missing("elsewhere")),
    });
    assert!(studio.shows("no commit is named \"elsewhere\""), "{}", studio.screen());
}

#[test]
fn nothing_is_taken_back_while_the_agent_works() {
    let mut studio = reviewing(80, 24);
    studio.agent().begins("something else");
    studio.keys("r");
    assert!(studio.shows("the agent is at work"), "{}", studio.screen());
    assert_eq!(studio.did(), "");
}

#[test]
fn what_is_compared_is_changed_by_a_key() {
    let mut studio = reviewing(80, 24);
    studio.keys("3");
    insta::assert_snapshot!(studio.did(), @r#"load diff "offshoot/fix-the-failing-test": Between { from: Some("1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c"), to: "offshoot/fix-the-failing-test" }"#);
    studio.keys("1");
    insta::assert_snapshot!(studio.did(), @r#"load diff "9f31c07e Count the innermost list once": Step("9f31c07e6d1b2a4c5e8f")"#);
    studio.keys("e");
    insta::assert_snapshot!(studio.did(), @"edit /home/ada/.local/share/offshoot/worktrees/parser/fix-the-failing-test/docs/漢字.md:1 of tab 1");
}

#[test]
fn two_tabs_are_compared() {
    let mut studio = finished(80, 24);
    studio.keys("ctrl-t");
    studio.says("try it").loads(Loaded::Uncommitted(Some(Uncommitted::Exclude)));
    studio.agent().opens("try-it");
    studio.did();
    studio.runs("diff 1 2");
    insta::assert_snapshot!(studio.did(), @r#"
    remember "/diff 1 2"
    load diff "1 → 2": Between { from: Some("offshoot/fix-the-failing-test"), to: "offshoot/try-it" }
    "#);
}
