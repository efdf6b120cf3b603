//! Writing: what is offered, what waits in line, what was written before.

use super::*;
use crate::tui::keys::Keymap;

#[test]
fn a_slash_offers_commands() {
    let mut studio = Studio::new(80, 24);
    studio.keys("type:/");
    insta::assert_snapshot!(studio.screen(), @r"
     1 new ○                                                                 parser
      offshoot  parser  on main

      Backends  local

      /        commands
      @        paths
      ! $      shell commands, programs
      Ctrl-T   another tab
      Ctrl-R   earlier prompts
      /resume  earlier sessions
      F1       help

    › new       opens a tab: a branch and an agent of its own, from your …  [prompt]
      branch    opens a tab that …  [--rev N] [--from HASH] [--no-worktree] [prompt]
      branches  lists the branches, open and closed; Enter opens one
      compare    [N] [--with BACKEND[/MODEL][@ROLE],…] [--role R,…] [--new] [prompt]
      tab       goes to a tab, renam…  [N | next | previous | rename TITLE | move N]
      merge     merges this tab into the one that it left, or anot…  [TAB or BRANCH]
      land      brings this branch home to yours; shows first what it does
      close     closes the tab; its branch and conversation stay
    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ /
     ○ idle  Ctrl-P commands  Alt-D diff  Ctrl-B panel  F1 help
    ");
    studio.keys("type:mo");
    insta::assert_snapshot!(studio.rows(-8, -1), @r"
    › model        chooses who answers in this tab, or le…  [BACKEND[/MODEL] | auto]
      mouse        hands the mouse to the terminal, or takes it back
      import       opens a tab with an exported conversation                    FILE
      permissions  says what this tab's agent may …  [read-only | ask | auto | full]
    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ /mo
     ○ idle  Ctrl-P commands  Alt-D diff  Ctrl-B panel  F1 help
    ");
    studio.keys("tab");
    insta::assert_snapshot!(studio.rows(-3, -1), @r"
    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ /model
     ○ idle  Ctrl-P commands  Alt-D diff  Ctrl-B panel  F1 help
    ");
}

#[test]
fn enter_finishes_a_name_before_it_runs() {
    let mut studio = Studio::new(80, 24);
    studio.keys("type:/perm").keys("enter");
    assert_eq!(studio.app.tab().composer.text(), "/permissions ");
    studio.keys("enter");
    assert!(studio.shows("What this tab's agent may do unasked"));
}

#[test]
fn an_at_sign_offers_the_files_of_the_worktree() {
    let mut studio = finished(80, 24);
    studio.did();
    studio.keys("type:look at @par");
    insta::assert_snapshot!(studio.did(), @"load files of tab 1 in /home/ada/.local/share/offshoot/worktrees/parser/fix-the-failing-test");
    insta::assert_snapshot!(studio.rows(-5, -1), @r"
      looking…
    ── offshoot/fix-the-failing-test ─────────────────────────────────────── auto ──
    ❯ look at @par
     ✓ done  Ctrl-P commands  Alt-D diff  Ctrl-B panel  local/qwen3-coder  20 %  $0
    ");
    let files =
        ["Cargo.toml", "src/", "src/parser.rs", "src/parser/list.rs", "tests/parser.rs", "docs/漢字.md"];
    let tab = studio.agent().id();
    studio.loads(Loaded::Files { tab, files: files.map(str::to_owned).into() });
    insta::assert_snapshot!(studio.rows(-8, -1), @r"
       1 step · 6.4k in, 210 out · $0

    › src/parser.rs
      tests/parser.rs
      src/parser/list.rs
    ── offshoot/fix-the-failing-test ─────────────────────────────────────── auto ──
    ❯ look at @par
     ✓ done  Ctrl-P commands  Alt-D diff  Ctrl-B panel  local/qwen3-coder  20 %  $0
    ");
    studio.keys("down").keys("enter");
    insta::assert_snapshot!(studio.rows(-3, -1), @r"
    ── offshoot/fix-the-failing-test ─────────────────────────────────────── auto ──
    ❯ look at @tests/parser.rs
     ✓ done  Ctrl-P commands  Alt-D diff  Ctrl-B panel  local/qwen3-coder  20 %  $0
    ");
    assert_eq!(studio.did(), "");
}

#[test]
fn prompts_wait_in_line_while_the_agent_works() {
    let mut studio = at_work(80, 24);
    studio.did();
    studio.says("then write the docs");
    insta::assert_snapshot!(studio.did(), @r#"
    remember "then write the docs"
    prompt tab 1: "then write the docs"
    "#);
    studio.agent().has_in_line(&[
        "then write the docs",
        "and tidy up\nall of it",
        "then rest",
        "then go home",
    ]);
    insta::assert_snapshot!(studio.rows(-8, -1), @r"
     ⋯ then write the docs
     ⋯ and tidy up
     ⋯ then rest  and 1 more
    ── offshoot/fix-the-failing-test ─────────────────────────────────────── auto ──
    ❯ what you send now waits in line; Ctrl-C stops the agent
     ◐ working 0 s  4 in line  Ctrl-P commands  Alt-D diff        local/qwen3-coder
    ");
    studio.keys("alt-q");
    insta::assert_snapshot!(studio.screen(), @r"
     1 fix the failing test ◐                                                parser
     ▌ fix the failing test

     → local/qwen3-coder  it is local, and up




    ╭─ Prompts that wait: Enter takes one back to edit ────────────────────────────╮
    │›                                                                          4/4│
    │› then write the docs                                                        1│
    │  and tidy up                                                                2│
    │  then rest                                                                  3│
    │  then go home                                                               4│
    ╰──────────────────────────────────────────────────────────────────────────────╯



     ⋯ then write the docs
     ⋯ and tidy up
     ⋯ then rest  and 1 more
    ── offshoot/fix-the-failing-test ─────────────────────────────────────── auto ──
    ❯ what you send now waits in line; Ctrl-C stops the agent
     Enter takes it back to edit · Tab drops it
    ");
    studio.keys("down").keys("enter");
    insta::assert_snapshot!(studio.did(), @"drop prompt 2 of tab 1");
    assert_eq!(studio.app.tab().composer.text(), "and tidy up\nall of it");
}

#[test]
fn words_are_handed_to_a_working_agent() {
    let mut studio = at_work(80, 24);
    studio.did();
    studio.keys("type:use a map").keys("ctrl-enter");
    insta::assert_snapshot!(studio.did(), @r#"
    remember "use a map"
    steer tab 1: "use a map"
    "#);
    insta::assert_snapshot!(studio.last_row(), @" the agent gets it before its next call of the model          local/qwen3-coder");
}

#[test]
fn earlier_prompts_are_found_again() {
    let mut studio = Studio::new(80, 24);
    for prompt in ["fix the failing test", "write the docs\nof the parser", "rename depth to level"] {
        studio.app.history.push(prompt);
    }
    studio.keys("ctrl-r");
    insta::assert_snapshot!(studio.screen(), @r"
     1 new ○                                                                 parser

      offshoot  parser  on main

      Each tab is a branch with an agent of its own; each step that changes files
      is a commit.
      Your checkout is never touched.

      Backends  local
    ╭─ Earlier prompts ────────────────────────────────────────────────────────────╮
    │›                                                                          3/3│
    │› rename depth to level                                                       │
    │  write the docs                                                       +1 line│
    │  fix the failing test                                                        │
    ╰──────────────────────────────────────────────────────────────────────────────╯
      /resume  earlier sessions
      F1       help




    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ what shall be done?
     ○ idle
    ");
    studio.keys("type:docs").keys("enter");
    insta::assert_snapshot!(studio.rows(-4, -1), @r"
    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ write the docs
      of the parser
     ○ idle  Ctrl-P commands  Alt-D diff  Ctrl-B panel  F1 help
    ");
    studio.keys("ctrl-c").keys("up");
    assert!(studio.shows("write the docs"), "{}", studio.screen());
}

#[test]
fn a_large_paste_is_a_chip() {
    let mut studio = Studio::new(80, 24);
    let log = numbered(40, |number| format!("error {number}\n"));
    studio.keys("type:why ").pastes(&log).keys("type: ?");
    insta::assert_snapshot!(studio.rows(-3, -1), @r"
    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ why [pasted 40 lines] ?
     ○ idle  Ctrl-P commands  Alt-D diff  Ctrl-B panel  F1 help
    ");
    studio.keys("enter");
    let did = studio.did();
    assert!(did.contains("error 40"), "{did}");
}

#[test]
fn a_long_prompt_grows_upwards_and_scrolls() {
    let mut studio = Studio::new(60, 16);
    for number in 1..=12 {
        studio.keys(&format!("type:line {number}")).keys("ctrl-j");
    }
    insta::assert_snapshot!(studio.screen(), @r"
     1 new ○                                             parser
      offshoot  parser  on main

      Backends  local

      /        commands
      @        paths
      ! $      shell commands, programs
      Ctrl-T   another tab
      Ctrl-R   earlier prompts
    ──────────────────────────────────────────────────── auto ──
    ❯ line 10
      line 11
      line 12

     ○ idle  Ctrl-P commands  Alt-D diff  Ctrl-B panel  F1 help
    ");
}

#[test]
fn vi_says_its_mode() {
    let mut studio = Studio::new(80, 24);
    studio.runs("vim");
    studio.keys("type:hello");
    insta::assert_snapshot!(studio.rows(-3, -1), @r"
    ──────────────────────────────────────────────────────────────── insert  auto ──
    ❯ hello
     vi keys in the composer: Esc leaves the insert mode
    ");
    studio.keys("esc");
    insta::assert_snapshot!(studio.rows(-3, -1), @r"
    ──────────────────────────────────────────────────────────────── normal  auto ──
    ❯ hello
     vi keys in the composer: Esc leaves the insert mode
    ");
    studio.keys("v");
    insta::assert_snapshot!(studio.rows(-3, -3), @"──────────────────────────────────────────────────────────────── visual  auto ──");
    // Out of the normal mode nothing else is left but to read.
    studio.keys("esc").keys("esc");
    assert_eq!(studio.app.tab().composer.text(), "hello");
}

#[test]
fn a_wrong_command_says_what_was_meant() {
    let mut studio = Studio::new(80, 24);
    studio.runs("modle");
    insta::assert_snapshot!(studio.rows(2, 5), @r"
    ✗ there is no command /modle
      did you mean /model? `/help` lists them all
    ");
}

#[test]
fn a_key_of_a_tab_that_is_not_there_says_so_and_nothing_more() {
    let mut studio = Studio::new(80, 24);
    studio.keys("alt-9");
    assert!(studio.app.tab().transcript.is_empty());
    insta::assert_snapshot!(studio.last_row(), @r#" /tab: there is no tab "9": 1 tab is open"#);
}

#[test]
fn the_keys_of_the_help_are_the_ones_that_are_bound() {
    let mut studio = Studio::new(80, 24);
    let known = |name: &str| crate::tui::commands::by_name(name).is_some();
    let text = "[global]\n\"ctrl-t\" = \"none\"\n\"f2\" = \"new\"\n";
    let file = std::path::Path::new("keys.toml");
    studio.app.keymap = Keymap::load(Some((file, text)), &known).unwrap();
    studio.frame();
    insta::assert_snapshot!(studio.row_with("another tab"), @"  F2       another tab");
}
