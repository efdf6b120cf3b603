//! Lists to choose from.

use super::*;
use crate::chat::Usage;
use crate::git::CommitId;
use crate::git::codec::StepKind;
use crate::git::session::{SessionSummary, SessionTree, StepSummary};
use crate::tui::theme::Depth;
use crate::workbench::history::{BranchLine, Hit, SessionLine};
use studio::NOON;

const NOW: i64 = (NOON / 1000).cast_signed();

#[test]
fn the_palette_finds_a_command() {
    let mut studio = Studio::new(80, 24);
    studio.keys("ctrl-p");
    insta::assert_snapshot!(studio.uncounted(), @r"
     1 new ○                                                                 parser

      offshoot  parser  on main

    ╭─ Commands ───────────────────────────────────────────────────────────────────╮
    │›                                                                        ##/##│
    │› abort      stops the turn and its commands; what was done is committed      │
    │  agents     lists the sub-agents of this tab, at work and done; Enter goes t…│
    │  approvals  goes to what an agent asks, in whichever tab                Alt-A│
    │  bisect     finds the prompt that broke a command, in a worktree of its own,…│
    │  blame      tells which step, prompt and model are behind the lines of a file│
    │  branch     opens a tab that goes on from before your turn N (or from HASH, …│
    │  branches   lists the branches, open and closed; Enter opens one        Alt-B│
    │  budget     shows what was spent and the limits, or sets one for this tab    │
    │  clear      begins the model's context anew; --soft keeps it, --config gives…│
    │  close      closes the tab; its branch and conversation stay           Ctrl-D│
    │  compare    sends one prompt to N tabs that start from the same commi…  Alt-C│
    │  config     shows the settings in force and who set them                     │
    │  context    says what fills the model's window                               │
    ╰──────────────────────────────────────────────────────────────────────────────╯

    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ what shall be done?
     Enter runs it · Tab writes it
    ");
    studio.keys("type:usag").keys("enter");
    assert!(studio.shows("This tab, since it was opened"));
}

#[test]
fn a_command_that_needs_words_is_written_to_be_finished() {
    let mut studio = Studio::new(80, 24);
    studio.keys("ctrl-p").keys("type:steer").keys("enter");
    assert_eq!(studio.app.tab().composer.text(), "/steer ");
}

#[test]
fn the_palette_on_a_small_screen() {
    let mut studio = Studio::new(40, 10);
    studio.keys("ctrl-p");
    insta::assert_snapshot!(studio.uncounted(), @r"
     1 new ○                         parser
    ╭─ Commands ───────────────────────────╮
    │›                                ##/##│
    │› abort      stops the turn and its c…│
    │  agents     lists the sub-agents of …│
    │  approvals  goes to what an a…  Alt-A│
    │  bisect     finds the prompt that br…│
    ╰──────────────────────────────────────╯
    ❯ what shall be done?
     Enter runs it · Tab writes it
    ");
}

#[test]
fn keys_are_listed_by_where_they_hold() {
    let mut studio = Studio::new(80, 24);
    studio.runs("keys");
    insta::assert_snapshot!(studio.uncounted(), @r"
     1 new ○                                                                 parser

      offshoot  parser  on main

    ╭─ Keys ───────────────────────────────────────────────────────────────────────╮
    │›                                                                      ###/###│
    │› Ctrl-C           interrupt-or-quit  stops the agent; clears the pro…  global│
    │  Ctrl-D           close              closes the tab; its branch and …  global│
    │  Ctrl-Z           suspend            puts the program in the backgro…  global│
    │  Ctrl-L           redraw             paints the screen anew            global│
    │  F1               help               tells of commands and keys        global│
    │  Ctrl-P           palette            finds a command                   global│
    │  Ctrl-T           new                opens a tab: a branch and an ag…  global│
    │  Alt-1            tab 1              goes to a tab, renames or moves…  global│
    │  Alt-2            tab 2              goes to a tab, renames or moves…  global│
    │  Alt-3            tab 3              goes to a tab, renames or moves…  global│
    │  Alt-4            tab 4              goes to a tab, renames or moves…  global│
    │  Alt-5            tab 5              goes to a tab, renames or moves…  global│
    │  Alt-6            tab 6              goes to a tab, renames or moves…  global│
    ╰──────────────────────────────────────────────────────────────────────────────╯

    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ what shall be done?
     ○ idle
    ");
    studio.keys("type:branch-here");
    insta::assert_snapshot!(studio.row_with("opens a tab from before"), @"│› b                branch-here  opens a tab from before this turn       scroll│");
}

#[test]
fn who_answers_is_chosen() {
    let mut studio = Studio::new(80, 24);
    studio.keys("alt-m");
    insta::assert_snapshot!(studio.screen(), @r"
     1 new ○                                                                 parser

      offshoot  parser  on main

      Each tab is a branch with an agent of its own; each step that changes files
      is a commit.
      Your checkout is never touched.

      Backends  local
    ╭─ Who answers in this tab ────────────────────────────────────────────────────╮
    │›                                                                          3/3│
    │› auto       the router chooses                                               │
    │  local      qwen3-coder                                                    up│
    │  anthropic  claude-sonnet-4-5                    ANTHROPIC_API_KEY is not set│
    ╰──────────────────────────────────────────────────────────────────────────────╯
      /resume  earlier sessions
      F1       help




    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ what shall be done?
     ○ idle
    ");
    studio.keys("down").keys("enter");
    insta::assert_snapshot!(studio.last_row(), @" local answers in this tab");
    studio.did();
    studio.says("hello").loads(Loaded::Uncommitted(Some(Uncommitted::Exclude)));
    studio.agent().opens("hello");
    insta::assert_snapshot!(studio.did(), @r#"
    remember "hello"
    load uncommitted
    open tab 1: new, branch from "hello", without uncommitted work
    prompt tab 1: "hello", backend local
    "#);
}

#[test]
fn what_the_agent_may_do_is_chosen() {
    let mut studio = finished(80, 24);
    studio.did();
    studio.runs("permissions");
    insta::assert_snapshot!(studio.screen(), @r"
     1 fix the failing test ✓ +1 −1                                          parser
     ▌ fix the failing test

     → local/qwen3-coder  it is local, and up
     ∴ The test wants the depth of the innermost list. …

       I look at the test first.

    ╭─ What this tab's agent may do unasked ───────────────────────────────────────╮
    │›                                                                          4/4│
    │› read-only  looks, never changes                                             │
    │  ask        asks before each change and each command                         │
    │  auto       edits in its worktree freely, commands by rule                   │
    │  full       asks for nothing                                                 │
    ╰──────────────────────────────────────────────────────────────────────────────╯

       1 step · 6.4k in, 210 out · $0




    ── offshoot/fix-the-failing-test ─────────────────────────────────────── auto ──
    ❯ what shall be done?
     ✓ done                                             local/qwen3-coder  20 %  $0
    ");
    studio.keys("down").keys("enter");
    assert!(studio.did().ends_with("permissions of tab 1: ask"));
    insta::assert_snapshot!(studio.rows(-3, -1), @r"
    ── offshoot/fix-the-failing-test ──────────────────────────────────────── ask ──
    ❯ what shall be done?
     permissions: ask                                   local/qwen3-coder  20 %  $0
    ");
}

#[test]
fn a_role_is_chosen() {
    let mut studio = finished(80, 24);
    studio.runs("role debug");
    insta::assert_snapshot!(studio.rows(-3, -1), @r"
    ── offshoot/fix-the-failing-test ─────────────────────────────── @debug  auto ──
    ❯ what shall be done?
     the agent works as debug                           local/qwen3-coder  20 %  $0
    ");
}

#[test]
fn a_theme_is_worn_while_one_looks_at_its_name() {
    let mut studio = Studio::new(80, 24);
    studio.runs("theme");
    insta::assert_snapshot!(studio.screen(), @r"
     1 new ○                                                                 parser

      offshoot  parser  on main

      Each tab is a branch with an agent of its own; each step that changes files
    ╭─ Themes ─────────────────────────────────────────────────────────────────────╮
    │›                                                                        10/10│
    │› dusk                                                                    dark│
    │  paper                                                                  light│
    │  moss                                                                    dark│
    │  ember                                                                   dark│
    │  fathom                                                                  dark│
    │  rime                                                                   light│
    │  contrast-dark                                                           dark│
    │  contrast-light                                                         light│
    │  ansi                                                 your terminal's colours│
    │  mono                                                 your terminal's colours│
    ╰──────────────────────────────────────────────────────────────────────────────╯



    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ what shall be done?
     ○ idle
    ");
    studio.keys("down");
    assert_eq!(studio.app.theme.name(), "paper");
    studio.keys("esc");
    assert_eq!(studio.app.theme.name(), "dusk");
    studio.wears("mono", Depth::None);
    studio.runs("theme moss");
    assert_eq!(studio.app.theme.name(), "mono");
}

fn summary(id: &str, title: &str, turns: u32, steps: u32) -> SessionSummary {
    let commit = CommitId::parse(&"9f31".repeat(10)).unwrap();
    SessionSummary {
        id: id.to_owned(),
        branch: Some(format!("offshoot/{}", title.replace(' ', "-"))),
        title: title.to_owned(),
        started: None,
        updated: NOW - 7_300,
        turns,
        steps,
        messages: 9,
        tip: commit.clone(),
        head: commit,
        subject: String::new(),
        route: None,
        usage: Usage::default(),
        cost_usd: Some(0.0),
        forked_from: None,
    }
}

fn step(number: u32, subject: &str, prompts: &[(u32, &str)]) -> StepSummary {
    StepSummary {
        commit: CommitId::parse(&format!("{number:x}").repeat(40)[..40]).unwrap(),
        kind: StepKind::Step,
        turn: 1,
        step: number,
        subject: subject.to_owned(),
        prompt: None,
        prompts: prompts.iter().map(|(turn, words)| (*turn, (*words).to_owned())).collect(),
        route: None,
        usage: Usage::default(),
        cost_usd: Some(0.012),
        time: NOW - 7_400,
    }
}

fn log() -> Vec<SessionTree> {
    let fork = SessionTree {
        summary: summary("S2", "try it with a map", 3, 1),
        steps: vec![step(3, "Keep the depths in a map", &[(2, "try it with a map")])],
        forks: Vec::new(),
    };
    vec![SessionTree {
        summary: summary("S1", "fix the failing test", 2, 2),
        steps: vec![
            step(1, "Count the innermost list once", &[(1, "fix the failing test\nand say why")]),
            step(2, "Say in the docs what depth means", &[(2, "now the docs")]),
        ],
        forks: vec![fork],
    }]
}

#[test]
fn the_log_is_a_tree_of_sessions_turns_and_steps() {
    let mut studio = Studio::new(80, 24);
    studio.did();
    studio.keys("alt-l");
    assert_eq!(studio.did(), "load log");
    insta::assert_snapshot!(studio.rows(8, 16), @r"
      Backends  local
    ╭─ Sessions, turns and steps ──────────────────────────────────────────────────╮
    │›                                                                             │
    │  looking…                                                                    │
    │                                                                              │
    ╰──────────────────────────────────────────────────────────────────────────────╯
      Ctrl-R   earlier prompts
      /resume  earlier sessions
    ");
    studio.loads(Loaded::Log(Ok(log())));
    insta::assert_snapshot!(studio.screen(), @r"
     1 new ○                                                                 parser

      offshoot  parser  on main

      Each tab is a branch with an agent of its own; each step that changes files
      is a commit.
    ╭─ Sessions, turns and steps ──────────────────────────────────────────────────╮
    │›                                                                          8/8│
    │› ● fix the failing test                  offshoot/fi…  2 turns · 2 steps · 2h│
    │    1. fix the failing test                                                   │
    │       ◆ 1111111111 Count the innermost…                                 $0.01│
    │    2. now the docs                                                           │
    │       ◆ 2222222222 Say in the docs wha…                                 $0.01│
    │    └● try it with a map                  offshoot/try…  3 turns · 1 step · 2h│
    │      2. try it with a map                                                    │
    │         ◆ 3333333333 Keep the depths i…                                 $0.01│
    ╰──────────────────────────────────────────────────────────────────────────────╯




    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ what shall be done?
     Enter opens the session or shows the step · Tab branches off here
    ");
    studio.keys("down").keys("down").keys("down").keys("tab");
    insta::assert_snapshot!(studio.did(), @r#"open tab 2: fork S1 before turn 2, branch from "from S1""#);
}

#[test]
fn a_step_of_the_log_is_shown() {
    let mut studio = Studio::new(80, 24);
    studio.keys("alt-l").loads(Loaded::Log(Ok(log())));
    studio.did();
    studio.keys("down").keys("down").keys("enter");
    insta::assert_snapshot!(studio.did(), @r#"load diff "11111111 ": Step("1111111111111111111111111111111111111111")"#);
}

#[test]
fn branches_are_listed_with_what_they_are() {
    let line = |name: &str, title: &str, steps: u32| BranchLine {
        name: name.to_owned(),
        session: Some(format!("session of {name}")).filter(|_| steps > 0),
        title: title.to_owned(),
        head: "9f31".repeat(10),
        steps,
        turns: 1,
        state: "idle",
        updated: NOW - 90_000,
        landed: false,
        landed_in: None,
        is_current: false,
        archived: false,
        kept: Vec::new(),
    };
    let mut studio = Studio::new(80, 24);
    studio.keys("alt-b");
    studio.loads(Loaded::Branches(Ok(vec![
        BranchLine { state: "working", ..line("offshoot/fix-the-failing-test", "fix the failing test", 2) },
        BranchLine { landed: true, archived: true, ..line("offshoot/docs", "write the docs", 1) },
        BranchLine { kept: vec!["a".to_owned()], ..line("offshoot/try", "try it with a map", 7) },
        BranchLine { is_current: true, ..line("main", "", 0) },
    ])));
    insta::assert_snapshot!(studio.screen(), @r"
     1 new ○                                                                 parser

      offshoot  parser  on main

      Each tab is a branch with an agent of its own; each step that changes files
      is a commit.
      Your checkout is never touched.

    ╭─ Branches ───────────────────────────────────────────────────────────────────╮
    │›                                                                          4/4│
    │› offshoot/fix-the-failing-test  fix the failing test  working    2 steps · 1d│
    │  offshoot/docs                  write the d…  1 step · 1d · landed · archived│
    │  offshoot/try                   try it with a map       7 steps · 1d · 1 kept│
    │  main                                                          1d · yours now│
    ╰──────────────────────────────────────────────────────────────────────────────╯
      /resume  earlier sessions
      F1       help




    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ what shall be done?
     ○ idle
    ");
    studio.did();
    studio.keys("down").keys("enter");
    insta::assert_snapshot!(studio.did(), @"load standing of session of offshoot/docs");
}

#[test]
fn earlier_sessions_are_opened_again() {
    let line = |id: &str, title: &str, turns, steps, state| SessionLine {
        id: id.to_owned(),
        branch: Some(format!("offshoot/{}", title.replace(' ', "-"))),
        title: title.to_owned(),
        state,
        turns,
        steps,
        usage: Usage::default(),
        cost_usd: Some(0.0),
        updated: NOW - 200,
    };
    let mut studio = Studio::new(80, 24);
    studio.runs("resume");
    insta::assert_snapshot!(studio.rows(9, 14), @r"
      Backends  local
    ╭─ Sessions ───────────────────────────────────────────────────────────────────╮
    │›                                                                             │
    │  looking…                                                                    │
    │                                                                              │
    ╰──────────────────────────────────────────────────────────────────────────────╯
    ");
    studio.loads(Loaded::Sessions(Ok(vec![
        line("S1", "fix the failing test", 2, 1, "idle"),
        line("S2", "a title that is longer than what fits in a list of this width", 1, 12, "interrupted"),
    ])));
    insta::assert_snapshot!(studio.rows(8, 15), @r"
      Backends  local
    ╭─ Sessions ───────────────────────────────────────────────────────────────────╮
    │›                                                                          2/2│
    │› fix the failing test                    offshoot/fix…  2 turns · 1 step · 3m│
    │  a title that is longer than what fits…  offshoot/a-…  1 turn · 12 steps · 3m│
    ╰──────────────────────────────────────────────────────────────────────────────╯
      Ctrl-R   earlier prompts
    ");
    studio.did();
    studio.keys("enter");
    insta::assert_snapshot!(studio.did(), @"load standing of S1");
}

#[test]
fn what_was_said_is_found_in_all_sessions() {
    let mut studio = Studio::new(80, 24);
    studio.runs("search depth");
    let hit = |turn, line: &str| Hit {
        session: "S1".to_owned(),
        branch: None,
        title: "fix the failing test".to_owned(),
        turn,
        role: crate::chat::Role::User,
        line: line.to_owned(),
        at: String::new(),
    };
    let hits = vec![hit(1, "  the depth is counted twice"), hit(2, "what does depth mean?")];
    studio.loads(Loaded::Search { text: "depth".to_owned(), hits: Ok(hits) });
    insta::assert_snapshot!(studio.screen(), @r"
     1 new ○                                                                 parser

      offshoot  parser  on main

      Each tab is a branch with an agent of its own; each step that changes files
      is a commit.
      Your checkout is never touched.

      Backends  local
    ╭─ Found in all sessions ──────────────────────────────────────────────────────╮
    │›                                                                          2/2│
    │› the depth is counted twice  fix the failing test                      turn 1│
    │  what does depth mean?       fix the failing test                      turn 2│
    ╰──────────────────────────────────────────────────────────────────────────────╯
      Ctrl-R   earlier prompts
      /resume  earlier sessions
      F1       help




    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ what shall be done?
     Enter opens the session · Tab branches off there
    ");
    let mut studio = Studio::new(80, 24);
    studio.runs("search nothing").loads(Loaded::Search { text: "nothing".to_owned(), hits: Ok(Vec::new()) });
    assert!(studio.shows("\"nothing\" was said in no session"));
}

#[test]
fn a_turn_to_go_back_to_is_picked() {
    let mut studio = finished(80, 24);
    studio.agent().begins("now the docs").says("Done.").ends(EndReason::Done);
    studio.did();
    studio.runs("rewind");
    insta::assert_snapshot!(studio.rows(8, 15), @r"
     ✓ edit src/parser.rs: 1 replacement
     ◆ 9f31c07e Count the innermost list once  1 file +1 −1
    ╭─ Back to before which turn? ─────────────────────────────────────────────────╮
    │›                                                                          2/2│
    │› now the docs                                                          turn 2│
    │  fix the failing test                                                  turn 1│
    ╰──────────────────────────────────────────────────────────────────────────────╯
       1 step · 6.4k in, 210 out · $0
    ");
    studio.keys("down").keys("tab");
    assert!(
        studio
            .did()
            .ends_with("open tab 2: fork S1 before turn 1, branch from \"fix the failing test again\"")
    );
}
