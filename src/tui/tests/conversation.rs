//! A turn: what the agent says, does and commits, and how it ends.

use super::*;
use crate::agent::{AgentEvent, VerifyState};
use crate::workbench::{Audience, EventKind, Stat};

#[test]
fn an_answer_is_read_while_it_arrives() {
    let mut studio = at_work(80, 24);
    studio.waits(3);
    studio
        .agent()
        .says("## What I found\n\nThe depth is counted *twi")
        .says("ce*:\n\n- once in `open`\n- once");
    insta::assert_snapshot!(studio.screen(), @r"
     1 fix the failing test ◐                                                parser
     ▌ fix the failing test

     → local/qwen3-coder  it is local, and up

       What I found
       The depth is counted twice:

       • once in open
       • once











    ── offshoot/fix-the-failing-test ─────────────────────────────────────── auto ──
    ❯ what you send now waits in line; Ctrl-C stops the agent
     ◐ working 3 s  Ctrl-P commands  Alt-D diff  Ctrl-B panel     local/qwen3-coder
    ");
    studio.agent().says(" in `close`\n\n```rust\nfn open(&mut self) {\n    self.depth += 1;");
    insta::assert_snapshot!(studio.rows(5, -4), @r"
    What I found
    The depth is counted twice:

    • once in open
    • once in close

      fn open(&mut self) {
          self.depth += 1;
    ");
}

#[test]
fn a_turn_that_is_done_shows_its_steps() {
    insta::assert_snapshot!(finished(80, 24).screen(), @r"
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

       1 step · 6.4k in, 210 out · $0




    ── offshoot/fix-the-failing-test ─────────────────────────────────────── auto ──
    ❯ what shall be done?
     ✓ done  Ctrl-P commands  Alt-D diff  Ctrl-B panel  local/qwen3-coder  20 %  $0
    ");
}

#[test]
fn a_turn_that_is_done_on_other_screens() {
    insta::assert_snapshot!(finished(40, 10).screen(), @r"
     1 fix the failing test ✓ +1 −1
       The depth was counted twice. It is
       depth now:

         let depth = list.depth();

       1 step · 6.4k in, 210 out · $0
    ── offshoot/fix-the-failin… ──── auto ──
    ❯ what shall be done?
     ✓ done     local/qwen3-coder  20 %  $0
    ");
    insta::assert_snapshot!("done-120x40", finished(120, 40).screen());
    insta::assert_snapshot!("done-200x50", finished(200, 50).screen());
}

#[test]
fn tool_calls_open_all_at_once() {
    let mut studio = finished(80, 30);
    studio.keys("ctrl-o");
    insta::assert_snapshot!(studio.screen(), @r"
     1 fix the failing test ✓ +1 −1                                          parser
     ▌ fix the failing test

     → local/qwen3-coder  it is local, and up
     ∴ The test wants the depth of the innermost list.
       Let me look at it first.

       I look at the test first.

     ✗ bash cargo test nested  (exit code 101, 2 lines)
       │ cargo test nested (exit code 101, 2 lines)
     ✓ edit src/parser.rs: 1 replacement
       │ - depth + 1
       │ + depth
     ◆ 9f31c07e Count the innermost list once  1 file +1 −1

       The depth was counted twice. It is depth now:

         let depth = list.depth();

       1 step · 6.4k in, 210 out · $0






    ── offshoot/fix-the-failing-test ─────────────────────────────────────── auto ──
    ❯ what shall be done?
     tool calls and thinking are shown opened           local/qwen3-coder  20 %  $0
    ");
    studio.keys("ctrl-o");
    assert!(!studio.shows("test nested ... FAILED"));
}

#[test]
fn a_running_command_shows_its_last_lines() {
    let mut studio = at_work(80, 24);
    let lines = numbered(20, |number| format!("compiling crate {number}\n"));
    studio.agent().calls("c1", "bash", json!({ "command": "cargo build" })).prints("c1", &lines);
    insta::assert_snapshot!(studio.rows(5, 12), @r"
    ● bash cargo build
      │ … 16 lines before
      │ compiling crate 17
      │ compiling crate 18
      │ compiling crate 19
      │ compiling crate 20
    ");
    studio.agent().gets("c1", "cargo build (ok, 20 lines)", &lines);
    insta::assert_snapshot!(studio.rows(5, 12), @"✓ bash cargo build (ok, 20 lines)");
}

#[test]
fn what_a_call_is_about_is_told_in_a_line() {
    let mut studio = at_work(80, 24);
    studio
        .agent()
        .calls("r", "read", json!({ "path": "src/parser.rs", "offset": 10, "limit": 40 }))
        .gets("r", "src/parser.rs: 40 lines", "fn")
        .calls("g", "grep", json!({ "pattern": "depth", "path": "src" }))
        .gets("g", "12 matches in 3 files", "x")
        .calls("w", "write", json!({ "path": "src/new.rs", "content": "fn new() {}\n" }))
        .fails_at("w", "src/new.rs exists already")
        .calls("b", "bash", json!({ "command": "cd sub\ncargo test --all-features --no-fail-fast -- --nocapture nested::lists::deep" }))
        .calls("x", "mystery", json!({}));
    insta::assert_snapshot!(studio.rows(5, 12), @r"
    ✓ read src/parser.rs: 40 lines
    ✓ grep 12 matches in 3 files
    ✗ write src/new.rs  exists already
    ● bash cd sub
    ● mystery
    ");
}

#[test]
fn a_failure_says_what_to_do_next() {
    let mut studio = at_work(80, 24);
    studio
        .agent()
        .falls_back("local", "anthropic", "connection refused")
        .goes_to("anthropic", "claude-sonnet-4-5", "local cannot be reached")
        .fails(
            "anthropic answered 401: the key is not valid",
            "set ANTHROPIC_API_KEY to a key of your account, or choose another backend with /model",
        )
        .ends(EndReason::Failed);
    insta::assert_snapshot!(studio.screen(), @r"
     1 fix the failing test ✗                                                parser
     ▌ fix the failing test

     → local/qwen3-coder  it is local, and up
     ↷ local → anthropic  connection refused
     → anthropic/claude-sonnet-4-5  local cannot be reached

     ✗ anthropic answered 401: the key is not valid
       set ANTHROPIC_API_KEY to a key of your account, or choose another backend
       with /model
     ■ failed










    ── offshoot/fix-the-failing-test ─────────────────────────────────────── auto ──
    ❯ what shall be done?
     ✗ failed  Ctrl-P commands  Alt-D diff              anthropic/claude-sonnet-4-5
    ");
}

#[test]
fn an_answer_that_breaks_off_begins_anew() {
    let mut studio = at_work(80, 24);
    studio
        .agent()
        .thinks("hm")
        .says("The first half of an ans")
        .does(AgentEvent::Restarted)
        .says("Another answer.");
    insta::assert_snapshot!(studio.rows(2, 12), @r"
    ▌ fix the failing test

    → local/qwen3-coder  it is local, and up
    · the answer broke off and begins anew

      Another answer.
    ");
}

#[test]
fn thinking_is_a_line_that_opens() {
    let mut studio = at_work(80, 24);
    studio.agent().thinks(
        "First I should look at the parser, because the failing test names it and nothing else.\nThen",
    );
    insta::assert_snapshot!(studio.rows(5, 8), @"∴ First I should look at the parser, because the failing test names it and …");
    studio.keys("alt-r").keys("space");
    insta::assert_snapshot!(studio.rows(5, 10), @r"
    ▸∴ First I should look at the parser, because the failing test names it and
       nothing else.
       Then
    ");
}

#[test]
fn what_the_user_says_meanwhile_stands_where_the_agent_got_it() {
    let mut studio = at_work(80, 24);
    studio
        .agent()
        .says("I begin with the parser.")
        .does(AgentEvent::Steered { text: "no, begin with the tests\nand be quick".to_owned() })
        .says("With the tests then.")
        .does(AgentEvent::Notice("context compacted: 31.0k tokens became 4.2k".to_owned()))
        .verifies(VerifyState::Failed, "cargo test", Some(101))
        .verifies(VerifyState::Passed, "cargo test", Some(0))
        .verifies(VerifyState::NotRun, "cargo test", None)
        .ends(EndReason::Budget);
    insta::assert_snapshot!(studio.rows(2, -4), @r"
    ▌ fix the failing test

    → local/qwen3-coder  it is local, and up

      I begin with the parser.

    │ no, begin with the tests
    │ and be quick

      With the tests then.

    · context compacted: 31.0k tokens became 4.2k
    ✗ verification failed  cargo test  exit code 101
    ✓ verified  cargo test
    ○ not verified  cargo test

    ■ stopped: the budget is used up
    ");
}

#[test]
fn an_interrupted_turn_leaves_no_call_running() {
    let mut studio = at_work(80, 24);
    studio.agent().calls("c", "bash", json!({ "command": "sleep 600" }));
    studio.did();
    studio.keys("ctrl-c");
    assert_eq!(studio.did(), "interrupt tab 1");
    assert!(studio.last_row().starts_with(" ◐ stopping"), "{}", studio.last_row());
    studio.agent().ends(EndReason::Interrupted);
    insta::assert_snapshot!(studio.rows(5, -1), @r"
     ✗ bash sleep 600

     ■ interrupted














    ── offshoot/fix-the-failing-test ─────────────────────────────────────── auto ──
    ❯ what shall be done?
     ■ interrupted  Ctrl-P commands  Alt-D diff  Ctrl-B panel     local/qwen3-coder
    ");
}

#[test]
fn the_users_own_commands_run_in_the_tab() {
    let mut studio = finished(80, 30);
    studio.did();
    studio.says("!cargo test").says("!!git status").says("$vim src/parser.rs");
    insta::assert_snapshot!(studio.did(), @r#"
    remember "!cargo test"
    shell in tab 1: "cargo test"
    remember "!!git status"
    shell in tab 1 for the user alone: "git status"
    remember "$vim src/parser.rs"
    run "vim src/parser.rs" for tab 1
    "#);
    let lines = numbered(12, |number| format!("test number {number} ... ok\n"));
    studio.agent().runs(1, "cargo test", Audience::Model).outputs(1, "running 12 tests\n");
    insta::assert_snapshot!(studio.rows(-9, -1), @r"
    ── offshoot/fix-the-failing-test ─────────────────────────────────────── auto ──
    ❯ what shall be done?
     ! running a command  Ctrl-P commands  Alt-D diff   local/qwen3-coder  20 %  $0
    ");
    studio.agent().exits(1, 0, &lines).runs(2, "git status", Audience::User).exits(
        2,
        128,
        "not a repository\n",
    );
    insta::assert_snapshot!(studio.rows(-18, -1), @r"
       1 step · 6.4k in, 210 out · $0

     ! cargo test  1.2 s
       │ … 4 lines before
       │ test number 5 ... ok
       │ test number 6 ... ok
       │ test number 7 ... ok
       │ test number 8 ... ok
       │ test number 9 ... ok
       │ test number 10 ... ok
       │ test number 11 ... ok
       │ test number 12 ... ok

     ! git status  kept from the model  exit code 128 · 1.2 s
       │ not a repository
    ── offshoot/fix-the-failing-test ─────────────────────────────────────── auto ──
    ❯ what shall be done?
     ✓ done  Ctrl-P commands  Alt-D diff  Ctrl-B panel  local/qwen3-coder  20 %  $0
    ");
}

#[test]
fn edits_by_hand_are_commits_of_the_users() {
    let mut studio = finished(80, 30);
    let stat = Stat { files: 2, insertions: 5, deletions: 0 };
    let (commit, subject) = ("77aa".repeat(10), "Edits by hand".to_owned());
    studio.agent().tells(EventKind::Committed { commit, subject, stat });
    insta::assert_snapshot!(studio.row_with("Edits by hand"), @" ◆ 77aa77aa Edits by hand  by you  2 files +5");
}

#[test]
fn a_long_prompt_is_folded() {
    let mut studio = at_work(80, 24);
    let prompt = numbered(30, |number| format!("line {number} of the prompt\n"));
    studio.agent().begins(&prompt);
    insta::assert_snapshot!(studio.rows(-10, -4), @r"
    ▌ line 10 of the prompt
    ▌ line 11 of the prompt
    ▌ line 12 of the prompt
    ▌ … 18 more lines
    ");
}

#[test]
fn reading_back_stays_where_it_is_and_says_how_to_return() {
    let mut studio = at_work(80, 24);
    let lines = numbered(60, |number| format!("{number}. item\n"));
    studio.agent().says(&lines);
    studio.keys("pageup");
    let before = studio.rows(2, -5);
    studio.agent().says("61. item\n62. item\n63. item\n");
    assert_eq!(studio.rows(2, -5), before);
    insta::assert_snapshot!(studio.rows(-6, -1), @r"
       38. item
       39. item
       40. item                                                ↓ the end: Ctrl-End
    ── offshoot/fix-the-failing-test ─────────────────────────────────────── auto ──
    ❯ what you send now waits in line; Ctrl-C stops the agent
     ◐ working 0 s  Ctrl-P commands  Alt-D diff  Ctrl-B panel     local/qwen3-coder
    ");
    studio.keys("ctrl-end");
    assert!(studio.shows("63. item"));
}
