//! The bar of tabs.

use super::*;
use crate::workbench::TabId;
use crate::workbench::radar::Other;
use crossterm::event::{MouseButton, MouseEventKind};

fn ten(width: u16) -> Studio {
    let mut studio = Studio::new(width, 24);
    for number in 1..=10 {
        if number > 1 {
            studio.keys("ctrl-t");
        }
        studio
            .says(&format!("task number {number} with many words"))
            .loads(Loaded::Uncommitted(Some(Uncommitted::Exclude)));
        studio.agent().opens(&format!("task-{number}")).begins("task").changes(&[(
            "a.rs",
            number * 10,
            number,
        )]);
    }
    studio
}

#[test]
fn every_tab_shows_its_state() {
    let mut studio = Studio::new(120, 24);
    let states =
        [(EndReason::Done, "done"), (EndReason::Failed, "failed"), (EndReason::Interrupted, "stopped")];
    for (reason, words) in states {
        studio.says(words).loads(Loaded::Uncommitted(Some(Uncommitted::Exclude)));
        studio.agent().opens(words).begins(words).ends(reason);
        studio.keys("ctrl-t");
    }
    studio.says("asking").loads(Loaded::Uncommitted(Some(Uncommitted::Exclude)));
    studio.agent().opens("asking").begins("asking").asks(
        "c",
        "bash",
        json!({ "command": "x" }),
        "runs `git`",
    );
    studio.keys("ctrl-t").says("opening").keys("ctrl-t");
    studio.says("working").loads(Loaded::Uncommitted(Some(Uncommitted::Exclude)));
    studio.agent_of(6).opens("working").begins("working").changes(&[("a", 12, 3)]).conflicts_in(&["a"]);
    studio.agent_of(1).clashes(Other::Tab(TabId(6)), &["a"]);
    insta::assert_snapshot!(studio.first_row(), @" 1 done ✓ ≠6  2 failed ✗  3 stopped ■  4 asking ?  5 opening ◌  6 working ◐ +12 −3 ⚠                             parser");
}

#[test]
fn ten_tabs_with_long_titles_fit_somehow() {
    let mut studio = ten(200);
    insta::assert_snapshot!(studio.first_row(), @" 1 task number … ◐  2 task number … ◐  3 task number … ◐  4 task number … ◐  5 task number … ◐  6 task number … ◐  7 task number … ◐  8 task number … ◐  9 task number … ◐  10 task number … ◐");
    insta::assert_snapshot!(studio.resizes(120, 24).first_row(), @" ‹  2 task … ◐  3 task … ◐  4 task … ◐  5 task … ◐  6 task … ◐  7 task … ◐  8 task … ◐  9 task … ◐  10 task … ◐");
    insta::assert_snapshot!(studio.resizes(80, 24).first_row(), @" ‹  5 task … ◐  6 task … ◐  7 task … ◐  8 task … ◐  9 task … ◐  10 task … ◐");
    insta::assert_snapshot!(studio.keys("alt-1").first_row(), @" 1 task … ◐  2 task … ◐  3 task … ◐  4 task … ◐  5 task … ◐  6 task … ◐  ›");
    insta::assert_snapshot!(studio.keys("alt-5").first_row(), @" 1 task … ◐  2 task … ◐  3 task … ◐  4 task … ◐  5 task … ◐  6 task … ◐  ›");
    insta::assert_snapshot!(studio.resizes(40, 10).first_row(), @" ‹  4 task … ◐  5 task … ◐  ›");
}

#[test]
fn the_active_tab_is_always_in_sight() {
    let mut studio = ten(80);
    for width in [20, 30, 40, 50, 80, 120] {
        studio.resizes(width, 24);
        for tab in 1..=10 {
            studio.runs(&format!("tab {tab}"));
            let number = format!(" {tab} ");
            assert!(studio.first_row().contains(&number), "{tab} at {width}: {}", studio.first_row());
        }
    }
}

#[test]
fn a_click_goes_to_a_tab_and_the_middle_button_closes_it() {
    let mut studio = Studio::new(80, 24);
    studio.keys("ctrl-t").keys("ctrl-t");
    let (x, y) = studio.place_of(" 2 new").unwrap();
    studio.mouse(MouseEventKind::Down(MouseButton::Left), x + 3, y);
    assert_eq!(studio.app.active, 1);
    studio.mouse(MouseEventKind::Down(MouseButton::Middle), x + 3, y);
    assert_eq!(studio.app.tabs.len(), 2);
}

#[test]
fn a_tab_in_the_background_calls_when_it_is_done() {
    let mut studio = at_work(80, 24);
    studio.keys("ctrl-t");
    studio.did();
    studio.waits(75);
    studio.agent_of(1).says("Done.").ends(EndReason::Done);
    insta::assert_snapshot!(studio.did(), @r#"notify "offshoot: fix the failing test": "is done after 1 min 15 s""#);
    insta::assert_snapshot!(studio.last_row(), @" fix the failing test is done after 1 min 15 s");
    studio.waits(7);
    insta::assert_snapshot!(studio.last_row(), @" ○ idle  Ctrl-P commands  Alt-D diff  Ctrl-B panel  F1 help");
}

#[test]
fn tabs_are_renamed_moved_and_gone_through() {
    let mut studio = Studio::new(80, 24);
    studio.keys("ctrl-t").runs("tab rename parser").keys("ctrl-t").runs("tab move 1");
    insta::assert_snapshot!(studio.first_row(), @" 1 new ○  2 new ○  3 parser ○                                            parser");
    studio.keys("alt-.");
    assert_eq!(studio.app.active, 1);
    studio.keys("alt-,").keys("alt-,");
    assert_eq!(studio.app.active, 2);
}
