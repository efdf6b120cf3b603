//! The diff review within the screen.

use super::*;
use crate::tui::review::{Body, Change, FileDiff, Prepared};
use crate::workbench::review::Range;

fn changes() -> Prepared {
    let file = |path: &str, old: &str, new: &str| FileDiff {
        path: path.to_owned(),
        old_path: None,
        kind: if old.is_empty() { Change::Added } else { Change::Modified },
        old_mode: Some(0o100_644).filter(|_| !old.is_empty()),
        new_mode: Some(0o100_644),
        body: Body::Text { old: old.to_owned(), new: new.to_owned() },
    };
    let old = "fn depth(list: &List) -> usize {\n    let depth = list.depth() + 1;\n    depth\n}\n";
    let new = "fn depth(list: &List) -> usize {\n    let depth = list.depth();\n    depth\n}\n";
    let files = vec![file("docs/漢字.md", "", "# 深さ\n"), file("src/parser.rs", old, new)];
    Prepared::align(files, None)
}

fn reviewing(width: u16, height: u16) -> Studio {
    let mut studio = finished(width, height);
    studio.keys("alt-d");
    let range = Range::Turn { session: "S1".to_owned(), turn: 1 };
    let tab = studio.app.tab().id;
    studio.loads(Loaded::Diff { tab, title: "turn 1".to_owned(), range, prepared: Ok(changes()) });
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













     ✓ done  ] hunk  } file  s layout  c comment        local/qwen3-coder  20 %  $0
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












     ✓ done  ] hunk  } file  s layout  c comment        local/qwen3-coder  20 %  $0
    ");
    studio.keys("S");
    insta::assert_snapshot!(studio.did(), @r#"prompt tab 1: "I have reviewed your changes and have one comment. Please see to it.\n\n## 1. `src/parser.rs:2`, as it was before the change\n\n```\n    let depth = list.depth() + 1;\n```\n\nwhy not here?\n""#);
    assert!(studio.app.layers.is_empty());
}

#[test]
fn comments_that_were_not_sent_are_not_lost() {
    for key in ["q", "esc", "ctrl-c"] {
        let mut studio = reviewing(80, 24);
        studio.keys("}").keys("j").keys("j").keys("c").keys("type:why?").keys("enter").keys(key);
        assert!(studio.app.layers.is_empty(), "{key}");
        assert!(studio.app.tab().composer.text().contains("why?"), "{key}");
    }
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
