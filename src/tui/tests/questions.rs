//! Questions: what goes is shown before anything goes.

use std::path::PathBuf;

use super::*;
use crate::git::CommitId;
use crate::git::session::{PeoplesCommit, UndoPlan, UndoScope};
use crate::workbench::Back;

fn plan(removed: &[&str], changed: &[&str]) -> Box<UndoPlan> {
    let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect();
    let commit = CommitId::parse(&"9f31".repeat(10)).unwrap();
    Box::new(UndoPlan {
        session: "S1".to_owned(),
        branch: "offshoot/fix-the-failing-test".to_owned(),
        scope: UndoScope::Steps(1),
        from: commit.clone(),
        to: commit,
        removed: paths(removed),
        changed: paths(changed),
        in_the_way: Vec::new(),
        by_people: Vec::new(),
        has_uncommitted: true,
        entries: 3,
    })
}

#[test]
fn an_undo_shows_what_goes_first() {
    let mut studio = finished(80, 24);
    studio.did();
    studio.keys("alt-u");
    assert_eq!(studio.did(), "load undo of Steps(1) in tab 1");
    let tab = studio.agent().id();
    let many: Vec<String> = (1..=11).map(|number| format!("src/generated/{number}.rs")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    studio.loads(Loaded::Undo { tab, back: Back::Steps(1), plan: Ok(plan(&many, &["src/parser.rs"])) });
    insta::assert_snapshot!(studio.screen(), @r"
     1 fix the failing test ✓ +1 −1                                          parser
     ▌ fix the failing test
            ╭─ Take back the last step? ───────────────────────────────────╮
     → local│ 11 files removed:                                            │
     ∴ The t│   src/generated/1.rs                                         │
            │   src/generated/2.rs                                         │
       I loo│   src/generated/3.rs                                         │
            │   src/generated/4.rs                                         │
     ✗ bash │   src/generated/5.rs                                         │
     ✓ edit │   src/generated/6.rs                                         │
     ◆ 9f31c│   src/generated/7.rs                                         │
            │   src/generated/8.rs                                         │
       The d│   src/generated/9.rs                                         │
            │   src/generated/10.rs                                        │
         let│   src/generated/11.rs                                        │
            │ 1 file put back:                                             │
       1 ste│   src/parser.rs                                              │
            │ the worktree has work that no commit holds; it is committed  │
            │ and kept first                                               │
            │                                                              │
            │   take back      stay                                        │
    ── offsh╰───────────── 16/17 · ↓ reads on · y · n · Tab · Enter · Esc ─╯ auto ──
    ❯ what shall be done?
     ✓ done                                             local/qwen3-coder  20 %  $0
    ");
    assert!(!studio.shows("Nothing is lost: /redo goes forward."));
    studio.keys("pagedown");
    assert!(studio.shows("Nothing is lost: /redo goes forward.") && studio.shows("17/17 ·"));
    studio.keys("pageup");
    assert!(studio.shows("11 files removed:"));
    studio.keys("y");
    assert_eq!(studio.did(), "undo 1 steps of tab 1");
}

#[test]
fn commits_of_the_users_that_go_with_an_undo_are_named() {
    let mut studio = finished(80, 24);
    let tab = studio.agent().id();
    let mut plan = plan(&[], &["src/parser.rs"]);
    let commit = plan.from.clone();
    plan.by_people = vec![PeoplesCommit { commit, subject: "Revert a hunk\u{1b}[31m".to_owned() }];
    studio.loads(Loaded::Undo { tab, back: Back::Steps(1), plan: Ok(plan) });
    let shown = studio.screen();
    assert!(shown.contains("with it 1 commit that no agent made:"), "{shown}");
    assert!(shown.contains(" Revert a hunk"), "{shown}");
}

#[test]
fn an_undo_can_be_declined() {
    for keys in ["n", "esc", "tab enter", "right enter", "ctrl-c"] {
        let mut studio = finished(80, 24);
        let tab = studio.agent().id();
        studio.loads(Loaded::Undo { tab, back: Back::Turns(2), plan: Ok(plan(&[], &[])) });
        assert!(studio.shows("Take back the last 2 turns?"));
        studio.did();
        studio.keys(keys);
        assert_eq!(studio.did(), "", "{keys}");
        assert!(studio.app.layers.is_empty(), "{keys}");
    }
}

#[test]
fn closing_a_tab_with_unlanded_work_asks() {
    let mut studio = finished(80, 24);
    studio.did();
    studio.keys("ctrl-d");
    insta::assert_snapshot!(studio.screen(), @r#"
     1 fix the failing test ✓ +1 −1                                          parser
     ▌ fix the failing test

     → local/qwen3-coder  it is local, and up
     ∴ The test wants the depth of the innermost list. …

       I look at the test first.

     ✗ bash ╭─ Close "fix the failing test"? ──────────────────────────────╮
     ✓ edit │ Its branch changes 1 file; nothing of it is landed.          │
     ◆ 9f31c│ offshoot/fix-the-failing-test and its conversation stay:     │
            │ /resume opens them again.                                    │
       The d│                                                              │
            │   close      stay                                            │
         let╰────────────────────────────────── y · n · Tab · Enter · Esc ─╯

       1 step · 6.4k in, 210 out · $0




    ── offshoot/fix-the-failing-test ─────────────────────────────────────── auto ──
    ❯ what shall be done?
     ✓ done                                             local/qwen3-coder  20 %  $0
    "#);
    studio.keys("y");
    assert_eq!(studio.did(), "close tab 1");
    assert_eq!(studio.app.tabs.len(), 1);
    assert_eq!(studio.app.tab().title, "new");
}

#[test]
fn a_tab_in_which_something_is_written_is_not_closed_by_a_key() {
    let mut studio = Studio::new(80, 24);
    studio.keys("ctrl-t").keys("type:some words").keys("ctrl-d");
    assert_eq!(studio.app.tabs.len(), 2);
}

#[test]
fn a_question_on_a_small_screen_keeps_its_answers() {
    let mut studio = finished(40, 10);
    studio.keys("ctrl-d");
    insta::assert_snapshot!(studio.screen(), @r#"
    ╭─ Close "fix the failing test"? ──────╮
    │ Its branch changes 1 file; nothing   │
    │ of it is landed.                     │
    │ offshoot/fix-the-failing-test and    │
    │ its conversation stay: /resume       │
    │ opens them again.                    │
    │                                      │
    │   close      stay                    │
    ╰────────── y · n · Tab · Enter · Esc ─╯
     ✓ done     local/qwen3-coder  20 %  $0
    "#);
}

#[test]
fn uncommitted_work_is_asked_about_once() {
    let mut studio = Studio::new(80, 24);
    studio.says("fix the failing test").loads(Loaded::Uncommitted(None));
    insta::assert_snapshot!(studio.screen(), @r"
     1 fix the failing test ◌                                                parser
     ▌ fix the failing test

       its branch and worktree are being made …




            ╭─ Uncommitted work ───────────────────────────────────────────╮
            │ Your checkout has changes that are not committed.            │
            │ Shall the agent start from a snapshot of them?               │
            │ Your checkout stays as it is either way. Asked once for      │
            │ this repository.                                             │
            │                                                              │
            │   from a snapshot      from the last commit                  │
            ╰────────────────────────────────── y · n · Tab · Enter · Esc ─╯





    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ what shall be done?
     ◌ opening
    ");
    studio.did();
    studio.keys("n");
    insta::assert_snapshot!(studio.did(), @r#"
    keepchoice(exclude)
    open tab 1: new, branch from "fix the failing test", without uncommitted work
    "#);
}

#[test]
fn words_come_back_when_the_question_is_not_answered() {
    let mut studio = Studio::new(80, 24);
    studio.says("fix the failing test").loads(Loaded::Uncommitted(None));
    studio.did();
    studio.keys("esc");
    assert_eq!(studio.did(), "");
    insta::assert_snapshot!(studio.rows(-3, -1), @r"
    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ fix the failing test
     ○ idle  Ctrl-P commands  Alt-D diff  Ctrl-B panel  F1 help
    ");
    studio.keys("enter");
    assert_eq!(studio.did(), "load uncommitted");
}

#[test]
fn quitting_while_agents_work_asks() {
    let mut studio = at_work(80, 24);
    studio.keys("ctrl-t");
    studio.did();
    studio.runs("exit --all");
    insta::assert_snapshot!(studio.rows(8, 16), @r"
    Backen╭─ Quit? ──────────────────────────────────────────────────────╮
          │ An agent is at work: it is stopped, and what was done is     │
    /     │ committed.                                                   │
    @     │ `offshoot resume` finds every session again.                 │
    ! $   │                                                              │
    Ctrl-T│   quit      stay                                             │
    Ctrl-R╰────────────────────────────────── y · n · Tab · Enter · Esc ─╯
    /resume  earlier sessions
    ");
    studio.did();
    studio.keys("y");
    assert_eq!(studio.did(), "close tab 1");
    studio.agent_of(1).tells(crate::workbench::EventKind::Closed);
    assert_eq!(studio.did(), "quit");
}
