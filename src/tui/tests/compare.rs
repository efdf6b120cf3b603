//! `/compare`: choosing who takes part, the table, and what is done with what they made.

use crate::agent::{EndReason, Failure, VerifyState};
use crate::chat::ErrorClass;
use crate::git::{ChangeKind, FileChange};
use crate::tui::app::facts::Facts;
use crate::tui::message::Loaded;
use crate::workbench::compare::{Ground, Mixed, Offer};
use crate::workbench::{EventKind, Uncommitted};

use super::studio::Studio;
use super::told;

fn two_backends(width: u16, height: u16) -> Studio {
    let facts = Facts {
        backends: vec![told::up("local"), told::up("other"), told::without_key("anthropic")],
        ..told::facts()
    };
    Studio::of(width, height, facts)
}

fn ground() -> Ground {
    Ground { base: "9f31".repeat(10), tip: None, stem: "offshoot/fix-it".to_owned(), notices: Vec::new() }
}

/// Answers what the comparison begins with.
fn grounded(studio: &mut Studio, ground: Result<Ground, Failure>) {
    let loads = studio.actions();
    let found = loads.into_iter().find_map(|action| match action {
        crate::tui::message::Action::Load(crate::tui::message::Load::Comparison {
            tab,
            prompt,
            candidates,
            ..
        }) => Some((tab, prompt, candidates)),
        _ => None,
    });
    let (tab, prompt, candidates) = found.expect("a comparison is to begin");
    studio.loads(Loaded::Comparison { tab, prompt, candidates, ground });
}

/// Two who were given the same prompt.
fn begun(width: u16, height: u16) -> Studio {
    let mut studio = two_backends(width, height);
    studio
        .says("/compare --with local,other@review fix it")
        .loads(Loaded::Uncommitted(Some(Uncommitted::Exclude)));
    grounded(&mut studio, Ok(ground()));
    studio
}

/// The same, once both are done.
pub(super) fn done(width: u16, height: u16) -> Studio {
    let mut studio = begun(width, height);
    studio
        .agent_of(1)
        .opens("fix-it-a")
        .begins("fix it")
        .goes_to("local", "qwen3-coder", "you chose it")
        .uses(6_400, 210, Some(0.0))
        .commits("9f31c07e6d1b2a4c5e8f", "Fix it", (1, 2, 1))
        .changes(&[("src/a.rs", 2, 1)]);
    studio.waits(75);
    studio.agent_of(1).verifies(VerifyState::Passed, "make test", Some(0)).ends(EndReason::Done);
    studio
        .agent_of(2)
        .opens("fix-it-b")
        .begins("fix it")
        .goes_to("other", "opus", "you chose it")
        .uses(64_000, 2_100, Some(0.42))
        .commits("1f31c07e6d1b2a4c5e8f", "Fix it", (3, 20, 10))
        .changes(&[("src/a.rs", 10, 10), ("src/b.rs", 10, 0)])
        .conflicts_in(&["src/a.rs"])
        .fails("the check still fails", "")
        .ends(EndReason::Failed);
    studio
}

#[test]
fn each_gets_the_same_prompt_on_a_branch_of_its_own_from_the_same_commit() {
    let mut studio = begun(80, 24);
    insta::assert_snapshot!(studio.did(), @r"
    open tab 2: at 9f319f319f319f319f319f319f319f319f319f31, branch offshoot/fix-it-a
    open tab 3: at 9f319f319f319f319f319f319f319f319f319f31, branch offshoot/fix-it-b
    ");
    insta::assert_snapshot!(studio.screen(), @r"
     1 ‖1a local ◌  2 ‖1b other @review ◌                                    parser
     ▌ fix it

       its branch and worktree are being made …



    ╭─ Comparison 1: fix it ───────────────────────────────────────────────────────╮
    │      candidate↓      state    check  changes  steps  time  tokens  cost      │
    │ ›  a local           opening  –                   0    0s       0    $0      │
    │    b other @review   opening  –                   0    0s       0    $0      │
    │                                                                              │
    │ offshoot/fix-it-a                                                            │
    │ all start from 9f319f319f · no budget                                        │
    ╰──────────────────────────────────────────────────────────────────────────────╯






    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ what shall be done?
     Enter go  Space mark  d diff  s sort  k keep  t take  v check  x stop  r ask
    ");
    studio.agent_of(1).opens("fix-it-a");
    studio.agent_of(2).opens("fix-it-b");
    insta::assert_snapshot!(studio.did(), @r#"
    prompt tab 2: "fix it", backend local
    prompt tab 3: "fix it", backend other, role review
    "#);
}

#[test]
fn the_table_tells_how_they_fare() {
    let studio = done(80, 24);
    insta::assert_snapshot!(studio.screen(), @r"
     1 ‖1a local ✓ +2 −1  2 ‖1b other @review ✗ +20 −10 ⚠                    parser
     · candidate a of 2: all start from 9f319f319f

     ▌ fix it

     → local/qwen3-coder  you chose it

    ╭─ Comparison 1: fix it ───────────────────────────────────────────────────────╮
    │      candidate↓         state  check      changes steps time tokens  cost    │
    │ ›  a local/qwen3-coder  done   passed     1 +2 −1     1 1m15   6.6k    $0    │
    │    b other/opus @review failed –      2 +20 −10 ⚠     1   0s  66.1k $0.42    │
    │                                                                              │
    │ offshoot/fix-it-a                                                            │
    │ all start from 9f319f319f · no budget                                        │
    ╰──────────────────────────────────────────────────────────────────────────────╯






    ── offshoot/fix-it-a ─────────────────────────────────────────────────── auto ──
    ❯ what shall be done?
     other @review failed after 0 ms                    local/qwen3-coder  20 %  $0
    ");
    let studio = done(140, 30);
    insta::assert_snapshot!(studio.rows(8, 20), @r"
    ◆ 9f31c07e Fix it  1 file +2 −1                                                                    │   repeats 0.10 ×0.5
    ✓ verified  make test                                                                              │     the same call 3 times
                                                                                                       │   edit_failures 0.90 ×2
      1 step · ╭─ Comparison 1: fix it ───────────────────────────────────────────────────────────────────────────────────────────╮ once
               │      candidate↓          state   check       changes  steps  time  tokens   cost                                 │_API_KEY i…
               │ ›  a local/qwen3-coder   done    passed      1 +2 −1      1  1m15    6.6k     $0                                 │
               │    b other/opus @review  failed  –       2 +20 −10 ⚠      1    0s   66.1k  $0.42                                 │
               │                                                                                                                  │
               │ offshoot/fix-it-a                                                                                                │
               │ all start from 9f319f319f · no budget                                                                            │
               ╰──────────────────────────────────────────────────────────────────────────────────────────────────────────────────╯
                                                                                                       │ Context                 6.6k of 32.0k
                                                                                                       │ ━━━━━━━──────────────────────────────
    ");
    let studio = done(40, 10);
    insta::assert_snapshot!(studio.screen(), @r"
    ╭─ Comparison 1: fix it ───────────────╮
    │      candidate↓   state      changes │
    │ ›  a local/qwen3… done       1 +2 −1 │
    │    b other/opus … failed 2 +20 −10 ⚠ │
    │                                      │
    │ offshoot/fix-it-a                    │
    │ all start from 9f319f319f · no budg… │
    ╰──────────────────────────────────────╯
    ❯ what shall be done?
     other @review failed after 0 ms
    ");
}

#[test]
fn who_takes_part_is_marked_in_a_list() {
    let mut studio = two_backends(80, 24);
    studio.keys("type:fix it").keys("alt-c");
    insta::assert_snapshot!(studio.screen(), @r"
     1 new ○                                                                 parser

      offshoot  parser  on main

      Each tab is a branch with an agent of its own; each step that changes files
      is a commit.
    ╭─ Compare: the same prompt to whom? ──────────────────────────────────────────╮
    │›                                                                          6/6│
    │Backends                                                                      │
    │› [ ] auto     whom the router chooses                                        │
    │  [ ] local    qwen3-coder                                                    │
    │  [ ] other    qwen3-coder                                                    │
    │Roles, each with its own backend                                              │
    │  [ ] @coding                                                                 │
    │  [ ] @debug                                                                  │
    │  [ ] @review                                                                 │
    ╰──────────────────────────────────────────────────────────────────────────────╯




    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ fix it
     space marks · → again (differs by chance, no seed is set) · ← less · Enter goes
    ");
    studio.keys("enter");
    insta::assert_snapshot!(studio.last_row(), @" mark 2 at least: space marks one, → takes it once more (or /compare --with a,b)");
    studio.keys("down").keys("space").keys("right").keys("down").keys("space").keys("left").keys("space");
    insta::assert_snapshot!(studio.rows(9, 16), @r"
    │Backends                                                                      │
    │  [ ] auto     whom the router chooses                                        │
    │  [2] local    qwen3-coder                                                  ×2│
    │› [●] other    qwen3-coder                                                    │
    │Roles, each with its own backend                                              │
    │  [ ] @coding                                                                 │
    │  [ ] @debug                                                                  │
    │  [ ] @review                                                                 │
    ");
    studio.did();
    studio.keys("enter");
    assert_eq!(studio.did(), "remember \"fix it\"\nload uncommitted");
    studio.loads(Loaded::Uncommitted(Some(Uncommitted::Exclude)));
    grounded(&mut studio, Ok(ground()));
    let names: Vec<String> =
        studio.app.comparisons[0].rows.iter().map(crate::workbench::compare::Row::name).collect();
    assert_eq!(names, ["local", "local", "other"]);
    assert!(studio.app.tabs.iter().all(|tab| tab.composer.is_empty()));
}

#[test]
fn without_a_prompt_it_is_asked_for() {
    let mut studio = two_backends(80, 24);
    studio.says("/compare 3");
    insta::assert_snapshot!(studio.last_row(), @" prompt for all:");
    studio.keys("type:fix it").keys("enter").loads(Loaded::Uncommitted(Some(Uncommitted::Include)));
    grounded(&mut studio, Ok(ground()));
    assert_eq!(studio.app.comparisons[0].rows.len(), 3);
    // Whoever thinks better of it has lost nothing.
    let mut studio = two_backends(80, 24);
    studio.says("/compare 3").keys("esc");
    assert!(studio.app.layers.is_empty() && studio.app.setup.is_none());
}

#[test]
fn what_cannot_be_compared_is_said_plainly() {
    let mut studio = two_backends(100, 30);
    for (line, told) in [
        ("/compare 1 fix it", "a comparison takes 2 at least, and this names 1"),
        ("/compare 9 fix it", "a comparison takes 8 at most, and this names 9"),
        ("/compare --with local,nobody fix it", "there is no backend \"nobody\" (local, other, anthropic)"),
        ("/compare --with local,anthropic fix it", "anthropic cannot be asked: ANTHROPIC_API_KEY is not set"),
        ("/compare 2 --role cook fix it", "there is no role \"cook\" (coding, debug, review)"),
        ("/compare --with", "--with needs backends"),
        ("/compare --wiht a", "there is no --wiht"),
    ] {
        studio.says(line);
        assert!(studio.shows(told), "{line}:\n{}", studio.screen());
        studio.app.tab_mut().transcript.clear();
    }
    studio.says("/compare 2 fix it").loads(Loaded::Uncommitted(Some(Uncommitted::Exclude)));
    grounded(&mut studio, Err(Failure::new(ErrorClass::NotFound, "a (local): it rests")));
    assert!(studio.shows("a (local): it rests"));
    assert_eq!(studio.app.tab().composer.text(), "fix it");
    assert_eq!((studio.app.tabs.len(), studio.app.comparisons.len()), (1, 0));
}

#[test]
fn rows_are_sorted_when_the_user_says_so_and_the_cursor_stays_on_its_row() {
    let mut studio = done(100, 24);
    let letters = |studio: &Studio| {
        let one = &studio.app.comparisons[0];
        (one.order.iter().map(|at| one.rows[*at].letter).collect::<String>(), one.rows[one.cursor].letter)
    };
    studio.keys("down");
    assert_eq!(letters(&studio), ("ab".to_owned(), 'b'));
    for order in ["ab", "ab", "ab", "ab", "ba"] {
        studio.keys("s");
        assert_eq!(letters(&studio), (order.to_owned(), 'b'));
    }
    insta::assert_snapshot!(studio.row_with("candidate"), @" · candidate a of 2: all start from 9f319f319f");
    studio.keys("up").keys("up");
    assert_eq!(letters(&studio), ("ba".to_owned(), 'b'));
    studio.keys("end");
    assert_eq!(letters(&studio), ("ba".to_owned(), 'a'));
}

#[test]
fn one_is_shown_against_the_base_and_two_against_each_other() {
    let mut studio = done(100, 24);
    studio.did();
    studio.keys("down").keys("d");
    insta::assert_snapshot!(studio.did(), @r#"load diff "b other/opus @review against the base": Between { from: Some("9f319f319f319f319f319f319f319f319f319f31"), to: "offshoot/fix-it-b" }"#);
    studio.keys("space").keys("up").keys("m").keys("d");
    insta::assert_snapshot!(studio.did(), @r#"load diff "b other/opus @review → a local/qwen3-coder": Between { from: Some("offshoot/fix-it-b"), to: "offshoot/fix-it-a" }"#);
}

#[test]
fn the_table_opens_again_and_leads_to_its_tabs() {
    let mut studio = done(100, 24);
    studio.keys("down").keys("enter");
    assert_eq!((studio.app.active, studio.app.layers.len()), (1, 0));
    insta::assert_snapshot!(studio.first_row(), @" 1 ‖1a local ✓ +2 −1  2 ‖1b other @review ✗ +20 −10 ⚠                                        parser");
    insta::assert_snapshot!(studio.last_row(), @" other @review failed after 0 ms                                           other/opus  206 %  $0.42");
    studio.says("/compare");
    assert!(studio.shows("Comparison 1: fix it"));
    // A tab that its user closes leaves its row, and is opened again from there.
    studio.keys("esc").keys("ctrl-d").keys("y");
    studio.did();
    let tab = studio.app.comparisons[0].tabs[1];
    studio.take(crate::tui::message::Message::Workbench(crate::workbench::Event {
        tab,
        session: String::new(),
        kind: EventKind::Closed,
    }));
    studio.keys("alt-c");
    insta::assert_snapshot!(studio.row_with("other/opus"), @"│ ›  b other/opus @review  failed ×  –       2 +20 −10 ⚠      1    0s   66.1k  $0.42               │");
    studio.keys("enter");
    insta::assert_snapshot!(studio.did(), @"load standing of offshoot/fix-it-b");
}

#[test]
fn stopping_verifying_and_asking_more_go_to_those_who_are_meant() {
    let mut studio = begun(100, 24);
    studio.agent_of(1).opens("fix-it-a").begins("fix it");
    studio.agent_of(2).opens("fix-it-b").begins("fix it");
    studio.did();
    studio.keys("x");
    assert_eq!(studio.did(), "interrupt tab 2");
    studio.agent_of(1).ends(EndReason::Interrupted);
    studio.agent_of(2).ends(EndReason::Done);
    studio.did();
    studio.keys("r").keys("type:and test it").keys("enter");
    insta::assert_snapshot!(studio.did(), @r#"
    remember "and test it"
    prompt tab 2: "and test it", backend local
    prompt tab 3: "and test it", backend other, role review
    "#);
    studio.keys("down").keys("space").keys("r").keys("type:again").keys("enter");
    insta::assert_snapshot!(studio.did(), @r#"
    remember "again"
    prompt tab 3: "again", backend other, role review
    "#);
    studio.keys("v");
    insta::assert_snapshot!(studio.did(), @r#"load verification { tab: tabid(3), root: "/home/ada/.local/share/offshoot/worktrees/parser/fix-it-b", chosen: none, run: true }"#);
}

#[test]
fn one_is_kept_and_the_others_are_archived_after_a_question() {
    let mut studio = done(80, 24);
    studio.did();
    studio.keys("k");
    insta::assert_snapshot!(studio.screen(), @r"
     1 ‖1a local ✓ +2 −1  2 ‖1b other @review ✗ +20 −10 ⚠                    parser
     · candidate a of 2: all start from 9f319f319f

     ▌ fix it

     → local/qwen3-coder  you chose it

    ╭─ Comparison 1: fix it ───────────────────────────────────────────────────────╮
    │      c╭─ Keep a local/qwen3-coder? ──────────────────────────────────╮ost    │
    │ ›  a l│ a stays open on offshoot/fix-it-a.                           │ $0    │
    │    b o│ b is closed and archived; what was done and said stays:      │.42    │
    │       │   offshoot/fix-it-b                                          │       │
    │ offsho│ /branches lists them, /resume opens one again.               │       │
    │ all st│                                                              │       │
    ╰───────│   keep it, archive the rest      not yet                     │───────╯
            ╰────────────────────────────────── y · n · Tab · Enter · Esc ─╯





    ── offshoot/fix-it-a ─────────────────────────────────────────────────── auto ──
    ❯ what shall be done?
     other @review failed after 0 ms                    local/qwen3-coder  20 %  $0
    ");
    studio.keys("n");
    assert_eq!((studio.did(), studio.app.tabs.len()), (String::new(), 2));
    studio.keys("k").keys("y");
    insta::assert_snapshot!(studio.did(), @"close tab 3");
    assert_eq!(studio.app.tabs.len(), 1);
    let tab = studio.app.comparisons[0].tabs[1];
    studio.take(crate::tui::message::Message::Workbench(crate::workbench::Event {
        tab,
        session: "S3".to_owned(),
        kind: EventKind::Closed,
    }));
    insta::assert_snapshot!(studio.did(), @r#"load archive(["s3"])"#);
    studio.loads(Loaded::Archived(Ok(vec!["S3".to_owned()])));
    insta::assert_snapshot!(studio.last_row(), @" 1 session archived: /branches lists them, Enter opens one again");
    // It is over: the next one is another.
    studio.says("/compare");
    assert!(studio.shows("Compare: the same prompt to whom?"));
}

#[test]
fn files_of_several_are_taken_into_a_new_branch() {
    let change = |path: &str, kind| FileChange {
        path: path.into(),
        old_path: None,
        kind,
        insertions: 10,
        deletions: 2,
        binary: false,
    };
    let offer = |letter, files| Offer { letter, branch: format!("offshoot/fix-it-{letter}"), files };
    let mut studio = done(80, 24);
    studio.did();
    studio.keys("t");
    insta::assert_snapshot!(studio.did(), @r#"load offers { comparison: 1, base: "9f319f319f319f319f319f319f319f319f319f31", rows: [('a', "offshoot/fix-it-a"), ('b', "offshoot/fix-it-b")] }"#);
    let offers = vec![
        offer('a', vec![change("src/a.rs", ChangeKind::Modified)]),
        offer('b', vec![change("src/a.rs", ChangeKind::Modified), change("src/b.rs", ChangeKind::Added)]),
    ];
    studio.loads(Loaded::Offers { comparison: 1, offers: Ok(offers) });
    studio.keys("space").keys("down").keys("space");
    insta::assert_snapshot!(studio.screen(), @r"
     1 ‖1a local ✓ +2 −1  2 ‖1b other @review ✗ +20 −10 ⚠                    parser
     · candidate a of 2: all start from 9f319f319f

     ▌ fix it

     → local/qwen3-coder  you chose it

    ╭─ Comparison 1: fix it ───────────────────────────────────────────────────────╮
    │      candidate↓         state  check      changes steps time tokens  cost    │
    ╭─ Take which files into a new branch? ────────────────────────────────────────╮
    │›                                                                          3/3│
    │  [●] a src/a.rs                                                        +10 −2│
    │› [●] b src/a.rs                                                        +10 −2│
    │  [ ] b src/b.rs                                                    new +10 −2│
    ╰──────────────────────────────────────────────────────────────────────────────╯






    ── offshoot/fix-it-a ─────────────────────────────────────────────────── auto ──
    ❯ what shall be done?
     other @review failed after 0 ms                    local/qwen3-coder  20 %  $0
    ");
    studio.keys("enter");
    insta::assert_snapshot!(studio.did(), @r#"load take { comparison: 1, base: "9f319f319f319f319f319f319f319f319f319f31", stem: "offshoot/fix-it", picks: [pick { letter: 'a', who: "local/qwen3-coder", branch: "offshoot/fix-it-a", paths: ["src/a.rs"] }, pick { letter: 'b', who: "other/opus @review", branch: "offshoot/fix-it-b", paths: ["src/a.rs"] }] }"#);
    let failure = Failure::new(ErrorClass::NotFound, "from b (other/opus): src/a.rs was changed since");
    studio.loads(Loaded::Taken { comparison: 1, mixed: Err(failure) });
    assert!(studio.shows("src/a.rs was changed since") && studio.shows("[●] b src/a.rs"));
    studio.keys("space").keys("down").keys("space").keys("enter");
    studio.did();
    let mixed = Mixed {
        branch: "offshoot/fix-it-mix".to_owned(),
        commits: vec!["1".repeat(40), "2".repeat(40)],
        files: 2,
    };
    studio.loads(Loaded::Taken { comparison: 1, mixed: Ok(mixed) });
    insta::assert_snapshot!(studio.did(), @"load standing of offshoot/fix-it-mix");
    insta::assert_snapshot!(studio.last_row(), @" 2 files from 2 candidates on offshoot/fix-it-mix");
}

#[test]
fn over_the_branch_that_takes_from_several_a_review_of_a_candidate_takes_hunks_over() {
    let mut studio = done(80, 24);
    let mixed = Mixed { branch: "offshoot/fix-it-mix".to_owned(), commits: Vec::new(), files: 0 };
    studio.loads(Loaded::Taken { comparison: 1, mixed: Ok(mixed) });
    let mix = studio.app.tab().id;
    studio.agent().opens("fix-it-mix");
    studio.keys("alt-c").keys("d");
    assert_eq!(studio.app.tab().id, mix);
    studio.keys("esc").keys("alt-1").keys("alt-c").keys("down").keys("d");
    assert_eq!(studio.app.tab().id, studio.app.comparisons[0].tabs[1]);
}
