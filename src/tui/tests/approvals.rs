//! Calls that wait for the user.

use super::*;
use crate::agent::AgentEvent;
use crate::agent::{Approval, ApprovalState};

#[test]
fn an_agent_asks_above_the_prompt() {
    let mut studio = at_work(80, 24);
    studio.agent().asks(
        "c7",
        "bash",
        json!({ "command": "git push origin main" }),
        "runs `git push origin main`, which the rule `bash(git push *)` asks about",
    );
    insta::assert_snapshot!(studio.screen(), @r"
     1 fix the failing test ?                                                parser
     ▌ fix the failing test

     → local/qwen3-coder  it is local, and up

     ? asks bash git push origin main  because it runs `git push origin main`, whi…










    ▌ The agent asks
    ▌ bash  because it runs `git push origin main`, which the rule `bash(git push
    ▌ *)` asks about
    ▌ git push origin main
    ▌ y allow once  a allow for the session  n deny  Esc stop the agent
    ── offshoot/fix-the-failing-test ─────────────────────────────────────── auto ──
    ❯ answer with y, a or n, or write on
     ? waiting for you 0 s                                        local/qwen3-coder
    ");
    studio.did();
    studio.keys("y");
    assert_eq!(studio.did(), "answer c7 of tab 1: Allow");
    assert!(!studio.shows("The agent asks"));
}

#[test]
fn each_answer_has_a_key() {
    for (key, deed) in [
        ("y", "answer c7 of tab 1: Allow"),
        ("a", "answer c7 of tab 1: AllowForSession"),
        ("n", "answer c7 of tab 1: Deny"),
        ("esc", "interrupt tab 1"),
    ] {
        let mut studio = at_work(80, 24);
        studio.agent().asks("c7", "bash", json!({ "command": "git push" }), "runs `git`");
        studio.did();
        assert_eq!(studio.keys(key).did(), deed, "{key}");
    }
}

#[test]
fn what_one_writes_is_not_taken_for_an_answer() {
    let mut studio = at_work(80, 24);
    studio.keys("type:look");
    studio.agent().asks(
        "c7",
        "bash",
        json!({ "command": "git push" }),
        "runs `git push origin main`, which the rule `bash(git push *)` asks about",
    );
    studio.did();
    studio.keys("type: any way you like");
    assert_eq!(studio.did(), "");
    insta::assert_snapshot!(studio.rows(-7, -1), @r"
    ▌ bash  because it runs `git push origin main`, which the rule `bash(git push
    ▌ *)` asks about
    ▌ git push
    ▌ Alt-A answer it; what you write stays
    ── offshoot/fix-the-failing-test ─────────────────────────────────────── auto ──
    ❯ look any way you like
     ? waiting for you 0 s  Ctrl-P commands  Alt-D diff           local/qwen3-coder
    ");
    studio.keys("alt-a").keys("n");
    assert_eq!(studio.did(), "answer c7 of tab 1: Deny");
    assert!(studio.shows("look any way you like"));
}

#[test]
fn one_can_go_elsewhere_while_an_agent_asks() {
    let mut studio = at_work(80, 24);
    studio.agent().asks("c7", "bash", json!({ "command": "git push" }), "runs `git`");
    studio.keys("ctrl-t").keys("alt-1").keys("alt-2").keys("alt-,");
    assert_eq!(studio.app.active, 0);
    assert!(studio.shows("The agent asks"));
}

#[test]
fn a_tab_in_the_background_is_answered_from_where_one_is() {
    let mut studio = at_work(80, 24);
    studio.keys("ctrl-t").keys("type:meanwhile");
    studio.did();
    studio.agent_of(1).asks(
        "c7",
        "bash",
        json!({ "command": "git push origin main" }),
        "runs `git push origin main`, which the rule `bash(git push *)` asks about",
    );
    insta::assert_snapshot!(studio.did(), @r#"notify "offshoot: fix the failing test": "asks: bash git push origin main""#);
    insta::assert_snapshot!(studio.screen(), @r"
     1 fix the failing test ?  2 new ○                                       parser

      offshoot  parser  on main

      Each tab is a branch with an agent of its own; each step that changes files
      is a commit.
      Your checkout is never touched.

      Backends  local

      /        commands
      @        paths
      ! $      shell commands, programs
      Ctrl-T   another tab
      Ctrl-R   earlier prompts
      /resume  earlier sessions
      F1       help




    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ meanwhile
     fix the failing test asks: bash git push origin main
    ");
    studio.waits(10);
    insta::assert_snapshot!(studio.last_row(), @" ○ idle  tab 1 asks: Alt-A  Ctrl-P commands  Alt-D diff  Ctrl-B panel  F1 help");
    studio.keys("alt-a");
    insta::assert_snapshot!(studio.screen(), @r"
     1 fix the failing test ?  2 new ○                                       parser

      offshoot  parser  on main

      Each tab is a branch with an agent of its own; each step that changes files
      is a commit.
      Your checkout is never touched.

      Backends  local
    ╭─ fix the failing test asks ──────────────────────────────────────────────────╮
    │ bash  because it runs `git push origin main`, which the rule `bash(git push  │
    │ *)` asks about                                                               │
    │ git push origin main                                                         │
    ╰──────────────── y allow once · a allow for the session · n deny · Esc later ─╯
      Ctrl-R   earlier prompts
      /resume  earlier sessions
      F1       help




    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ meanwhile
     ○ idle
    ");
    studio.keys("a");
    assert_eq!(studio.did(), "answer c7 of tab 1: AllowForSession");
    assert_eq!(studio.app.active, 1);
    assert!(studio.shows("meanwhile"));
}

#[test]
fn what_was_answered_elsewhere_is_not_asked_any_more() {
    let mut studio = at_work(80, 24);
    studio.keys("ctrl-t");
    let input = json!({ "command": "git push" });
    studio.agent_of(1).asks("c7", "bash", input.clone(), "runs `git`");
    studio.keys("alt-a");
    assert!(studio.shows("git push"));
    let decision = ApprovalState::Denied;
    let denied =
        Approval { id: "c7".into(), tool: "bash".into(), input, reason: "runs `git`".into(), decision };
    studio.agent_of(1).does(AgentEvent::Approval(denied));
    assert!(studio.app.layers.is_empty());
    studio.keys("alt-1");
    insta::assert_snapshot!(studio.row_with("denied"), @" ✗ denied bash git push  because it runs `git`");
}

#[test]
fn all_of_what_is_asked_about_can_be_read() {
    let mut studio = at_work(80, 24);
    let command = numbered(40, |number| format!("rm -r build/part-{number}\n"));
    studio.agent().asks("c7", "bash", json!({ "command": command }), "runs `rm`");
    insta::assert_snapshot!(studio.screen(), @r"
     1 fix the failing test ?                                                parser
     ▌ fix the failing test

     → local/qwen3-coder  it is local, and up

     ? asks bash rm -r build/part-1  because it runs `rm`





    ▌ The agent asks
    ▌ bash  because it runs `rm`
    ▌ rm -r build/part-1
    ▌ rm -r build/part-2
    ▌ rm -r build/part-3
    ▌ rm -r build/part-4
    ▌ rm -r build/part-5
    ▌ rm -r build/part-6
    ▌ … and 34 more lines
    ▌ y allow once  a allow for the session  n deny  Esc stop the agent
    ── offshoot/fix-the-failing-test ─────────────────────────────────────── auto ──
    ❯ answer with y, a or n, or write on
     ? waiting for you 0 s                                        local/qwen3-coder
    ");
    studio.keys("alt-a");
    insta::assert_snapshot!(studio.screen(), @r"
     1 fix the failing test ?                                                parser
     ▌ fix the failing test
    ╭─ fix the failing test asks ──────────────────────────────────────────────────╮
    │ bash  because it runs `rm`                                                   │
    │ rm -r build/part-1                                                           │
    │ rm -r build/part-2                                                           │
    │ rm -r build/part-3                                                           │
    │ rm -r build/part-4                                                           │
    │ rm -r build/part-5                                                           │
    │ rm -r build/part-6                                                           │
    │ rm -r build/part-7                                                           │
    │ rm -r build/part-8                                                           │
    │ rm -r build/part-9                                                           │
    │ rm -r build/part-10                                                          │
    │ rm -r build/part-11                                                          │
    │ rm -r build/part-12                                                          │
    │ rm -r build/part-13                                                          │
    │ rm -r build/part-14                                                          │
    │ rm -r build/part-15                                                          │
    │ rm -r build/part-16                                                          │
    │ rm -r build/part-17                                                          │
    ╰──────── 18/41 · y allow once · a allow for the session · n deny · Esc later ─╯
    ❯ answer with y, a or n, or write on
     ? waiting for you 0 s                                        local/qwen3-coder
    ");
    studio.keys("pagedown").keys("pagedown").keys("pagedown").keys("pagedown");
    assert!(studio.shows("build/part-40"), "{}", studio.screen());
    studio.did();
    studio.keys("y");
    assert_eq!(studio.did(), "answer c7 of tab 1: Allow");
}

#[test]
fn several_calls_are_asked_one_after_the_other() {
    let mut studio = at_work(80, 24);
    for (id, command) in [("c1", "git push"), ("c2", "sudo make install")] {
        studio.agent().asks(id, "bash", json!({ "command": command }), "runs `git`");
    }
    assert!(studio.shows("The agent asks (2 wait)"));
    studio.keys("y");
    assert!(studio.shows("sudo make install"));
    studio.keys("n");
    insta::assert_snapshot!(studio.did(), @r#"
    remember "fix the failing test"
    load uncommitted
    open tab 1: new, branch from "fix the failing test", without uncommitted work
    prompt tab 1: "fix the failing test"
    answer c1 of tab 1: Allow
    answer c2 of tab 1: Deny
    "#);
}

#[test]
fn a_small_screen_has_room_for_the_question() {
    let mut studio = at_work(40, 10);
    studio.agent().asks(
        "c7",
        "bash",
        json!({ "command": "git push origin main" }),
        "runs `git push origin main`, which the rule `bash(git push *)` asks about",
    );
    insta::assert_snapshot!(studio.screen(), @r"
     1 fix the failing test ?        parser

     ? asks bash git push origin main  bec…
    ▌ The agent asks
    ▌ bash  because it runs `git push
    ▌ origin main`, which the rule
    ▌ y once  a session  n no  Esc stop
    ── offshoot/fix-the-failin… ──── auto ──
    ❯ answer with y, a or n, or write on
     ? waiting for you 0 s
    ");
}
