//! Reading the transcript with a cursor.

use super::*;
use crate::workbench::{EventKind, SetupEnd, SetupEvent};
use crossterm::event::{MouseButton, MouseEventKind};

#[test]
fn a_cursor_walks_through_what_was_said() {
    let mut studio = finished(80, 24);
    studio.keys("esc");
    insta::assert_snapshot!(studio.screen(), @r"
     1 fix the failing test ✓ +1 −1                                          parser
     ▌ fix the failing test

     → local/qwen3-coder  it is local, and up
     ∴ The test wants the depth of the innermost list. …

       I look at the test first.

     ✗ bash cargo test nested  (exit code 101, 2 lines)
     ✓ edit src/parser.rs: 1 replacement
     ◆ 9f31c07e Count the innermost list once  1 file +1 −1

       The depth was counted twice. It is depth now:

         let depth = list.depth();

    ▸  1 step · 6.4k in, 210 out · $0




    ── offshoot/fix-the-failing-test ─────────────────────────────────────── auto ──
    ❯ what shall be done?
     ✓ done  Space open  / search  y copy  b branch     local/qwen3-coder  20 %  $0
    ");
    studio.keys("[");
    insta::assert_snapshot!(studio.row_with("▸"), @"▸▌ fix the failing test");
    studio.keys("}").keys("}");
    insta::assert_snapshot!(studio.row_with("▸"), @"▸∴ The test wants the depth of the innermost list. …");
    studio.keys("i");
    assert!(!studio.shows("▸"));
    assert_eq!(studio.cursor(), Some((2, 22)));
}

#[test]
fn a_search_goes_from_hit_to_hit() {
    let mut studio = finished(80, 24);
    studio.keys("esc").keys("g g").keys("/").keys("type:depth");
    insta::assert_snapshot!(studio.last_row(), @" search: depth");
    studio.keys("enter").marked();
    insta::assert_snapshot!(studio.looks_of("▸"), @r"
    [accent on selected] ▸
    [selected on selected] ∴
    [selected on selected italic] The test wants the
    [match_current on match_current italic] depth
    [selected on selected italic]  of the innermost list. …
    [selected on selected]
    ");
    let mut places = Vec::new();
    for _ in 0..4 {
        places.push(studio.place_of("▸").unwrap().1);
        studio.keys("n");
    }
    assert!(places[0] < places[1] && places[1] < places[2] && places[3] == places[0], "{places:?}");
    studio.keys("N");
    assert_eq!(studio.place_of("▸").unwrap().1, places[0]);
    studio.keys("/").keys("type:xyzzy").keys("enter");
    insta::assert_snapshot!(studio.last_row(), @r#" "xyzzy" is not here                                local/qwen3-coder  20 %  $0"#);
}

#[test]
fn a_selection_is_copied_as_logical_lines() {
    let mut studio = at_work(60, 24);
    studio.agent().says(
        "One line that is so long that it has to be wrapped twice at this width of the screen, at least.\n\n> quoted\n\n- item",
    );
    studio.did();
    studio.keys("esc").keys("v").keys("up").keys("up").keys("up").keys("up").keys("up").keys("up").keys("y");
    insta::assert_snapshot!(studio.did(), @r#"copy "One line that is so long that it has to be wrapped twice at this width of the screen, at least.\n\nquoted\n\n• item""#);
    insta::assert_snapshot!(studio.last_row(), @" 5 lines copied                           local/qwen3-coder");
}

#[test]
fn the_mouse_selects_and_copies() {
    let mut studio = finished(80, 24);
    let (x, y) = studio.place_of("I look at").unwrap();
    studio.did();
    studio
        .mouse(MouseEventKind::Down(MouseButton::Left), x + 2, y)
        .mouse(MouseEventKind::Drag(MouseButton::Left), x + 8, y)
        .mouse(MouseEventKind::Up(MouseButton::Left), x + 8, y);
    assert_eq!(studio.did(), "copy \"look at\"");
}

#[test]
fn one_branches_from_where_one_reads() {
    let mut studio = finished(80, 24);
    studio.agent().begins("now the docs").says("Done.").ends(EndReason::Done);
    studio.did();
    studio.keys("esc").keys("b");
    assert_eq!(studio.did(), "open tab 2: fork S1 before turn 2, branch from \"fix the failing test again\"");
    insta::assert_snapshot!(studio.screen(), @r"
     1 fix the failing test ✓ +1 −1  2 fix the failing test ag… ◌            parser

       its branch and worktree are being made …


















    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ what shall be done?
     ◌ opening  Ctrl-P commands  Alt-D diff  Ctrl-B panel  F1 help
    ");
}

#[test]
fn one_goes_back_and_reviews_from_where_one_reads() {
    let mut studio = finished(80, 24);
    studio.agent().begins("now the docs").says("Done.").ends(EndReason::Done);
    studio.did();
    studio.keys("esc").keys("[").keys("[").keys("u");
    assert_eq!(studio.did(), "load undo of Before(1) in tab 1");
    studio.keys("esc").keys("d");
    insta::assert_snapshot!(studio.did(), @r#"load diff "turn 2": Turn { session: "S1", turn: 2 }"#);
    studio.keys("[").keys("[").keys("}").keys("}").keys("}").keys("}").keys("}").keys("}").keys("d");
    insta::assert_snapshot!(studio.did(), @r#"load diff "9f31c07e Count the innermost list once": Step("9f31c07e6d1b2a4c5e8f")"#);
}

#[test]
fn what_can_follow_a_key_is_told() {
    let mut studio = finished(80, 24);
    studio.keys("esc").keys("z");
    insta::assert_snapshot!(studio.last_row(), @" z  z scroll-centre  a fold                         local/qwen3-coder  20 %  $0");
    studio.keys("esc");
    assert!(studio.shows("▸"));
}

#[test]
fn reading_goes_on_while_an_answer_is_taken_back() {
    let mut studio = at_work(80, 24);
    let lines = numbered(60, |number| format!("{number}. item\n\n"));
    studio.agent().says(&lines);
    studio.keys("esc").keys("up").keys("up");
    studio.agent().does(crate::agent::AgentEvent::Restarted);
    studio.keys("up").keys("down").keys("v").keys("G").keys("y").keys("{");
    studio.agent().says("anew");
    studio.keys("g g").keys("G");
    assert!(studio.shows("anew"), "{}", studio.screen());
}

#[test]
fn what_is_copied_is_the_item_under_the_cursor() {
    let mut studio = finished(80, 24);
    studio.did();
    studio.keys("esc").keys("{").keys("y");
    insta::assert_snapshot!(studio.did(), @r#"copy "let depth = list.depth();""#);
    studio.keys("esc").runs("copy code");
    insta::assert_snapshot!(studio.did(), @r#"
    remember "/copy code"
    copy "let depth = list.depth();"
    "#);
}

#[test]
fn esc_skips_a_setup_that_runs_and_reads_when_none_does() {
    let mut studio = finished(80, 24);
    let doing = SetupEvent::Doing { what: "npm ci".to_owned(), so_far: String::new() };
    studio.agent().tells(EventKind::Setup(doing));
    studio.did();
    studio.keys("type:next").keys("esc");
    insta::assert_snapshot!(studio.did(), @"interrupt tab 1");
    assert!(studio.shows("skipping the setup") && !studio.shows("▸"), "{}", studio.screen());
    studio.agent().tells(EventKind::Setup(SetupEvent::Ended(SetupEnd::Skipped)));
    studio.keys("ctrl-u").keys("esc");
    assert!(studio.shows("▸"), "{}", studio.screen());
}
