//! What one sees first.

use std::path::PathBuf;

use super::*;
use crate::tui::app::facts::Facts;
use crate::workbench::state::{Found, FoundCli, FoundServer};
use told::{facts, resting, up, without_key};

#[test]
fn the_first_screen_says_where_one_is_and_what_to_do() {
    insta::assert_snapshot!(Studio::new(80, 24).screen(), @r"
     1 new ○                                                                 parser

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
    ❯ what shall be done?
     ○ idle  Ctrl-P commands  Alt-D diff  Ctrl-B panel  F1 help
    ");
}

#[test]
fn the_smallest_screen_still_takes_a_prompt() {
    let mut studio = Studio::new(40, 10);
    insta::assert_snapshot!(studio.screen(), @r"
     1 new ○                         parser
      offshoot  parser  on main

      Backends  local

      /        commands
      @        paths
    ──────────────────────────────── auto ──
    ❯ what shall be done?
     ○ idle  Ctrl-P commands  Alt-D diff
    ");
    studio.keys("type:fix the failing test in the parser, please");
    insta::assert_snapshot!(studio.screen(), @r"
     1 new ○                         parser
      offshoot  parser  on main

      Backends  local

      /        commands
    ──────────────────────────────── auto ──
    ❯ fix the failing test in the parser,
      please
     ○ idle  Ctrl-P commands  Alt-D diff
    ");
    assert_eq!(studio.resizes(19, 10).rows(1, 1), "too small");
    assert_eq!(studio.resizes(40, 4).rows(1, 1), "too small");
}

#[test]
fn a_wide_screen_has_the_side_panel() {
    insta::assert_snapshot!(Studio::new(120, 40).screen(), @r"
     1 new ○                                                                                                         parser
                                                                                    │ Changes
                                                                                    │ none yet
                                                                                    │
                                                                                    │ Routing
      offshoot  parser  on main                                                     │ no turn yet
                                                                                    │
      Each tab is a branch with an agent of its own; each step that changes files   │ Health
      is a commit.                                                                  │ ● local  ▃▃▄▃█▃ 350 ms
      Your checkout is never touched.                                               │ ○ anthropic  not set up
                                                                                    │
      Backends  local                                                               │
                                                                                    │
      /        commands                                                             │
      @        paths                                                                │
      ! $      shell commands, programs                                             │
      Ctrl-T   another tab                                                          │
      Ctrl-R   earlier prompts                                                      │
      /resume  earlier sessions                                                     │
      F1       help                                                                 │
                                                                                    │
                                                                                    │
                                                                                    │
                                                                                    │
                                                                                    │
                                                                                    │
                                                                                    │
                                                                                    │
                                                                                    │
                                                                                    │
                                                                                    │
                                                                                    │
                                                                                    │
                                                                                    │
                                                                                    │
                                                                                    │
                                                                                    │
    ──────────────────────────────────────────────────────────────────────── auto ──│
    ❯ what shall be done?                                                           │
     ○ idle  Ctrl-P commands  Alt-D diff  Ctrl-B panel  F1 help
    ");
}

#[test]
fn the_prompt_is_where_the_cursor_is() {
    let mut studio = Studio::new(80, 24);
    assert_eq!(studio.cursor(), Some((2, 22)));
    studio.keys("type:abc");
    assert_eq!(studio.cursor(), Some((5, 22)));
    studio.keys("ctrl-j");
    assert_eq!(studio.cursor(), Some((2, 22)));
}

#[test]
fn without_a_backend_it_looks_for_one() {
    let mut studio = Studio::of(80, 24, Facts { backends: vec![without_key("anthropic")], ..facts() });
    insta::assert_snapshot!(studio.rows(2, -3), @r"
      offshoot  parser  on main

      Each tab is a branch with an agent of its own; each step that changes files
      is a commit.
      Your checkout is never touched.

      No backend is configured yet.
        anthropic: ANTHROPIC_API_KEY is not set
      Looking for model servers, CLIs and keys on this machine …

      /        commands
      @        paths
      ! $      shell commands, programs
      Ctrl-T   another tab
      Ctrl-R   earlier prompts
      /resume  earlier sessions
      F1       help


    ──────────────────────────────────────────────────────────────────────── auto ──
    ");
    studio.loads(Loaded::Found(Found::default()));
    insta::assert_snapshot!(studio.rows(2, -3), @r"
      offshoot  parser  on main

      Each tab is a branch with an agent of its own; each step that changes files
      is a commit.
      Your checkout is never touched.

      No backend is configured yet.
        anthropic: ANTHROPIC_API_KEY is not set
      Nothing was found on this machine: no model server on the usual ports, no
      coding CLI, no key.
      Set ANTHROPIC_API_KEY, OPENAI_API_KEY, GEMINI_API_KEY or DEEPSEEK_API_KEY
      and start again, or describe a local server under [backends.local].
      `offshoot demo` needs none of them.

      /        commands
      @        paths
      ! $      shell commands, programs
      Ctrl-T   another tab
      Ctrl-R   earlier prompts
      /resume  earlier sessions
    ──────────────────────────────────────────────────────────────────────── auto ──
    ");
}

#[test]
fn what_was_found_can_be_pasted_into_the_settings() {
    let mut studio = Studio::of(100, 34, facts());
    let found = Found {
        servers: vec![FoundServer {
            url: "http://127.0.0.1:11434/v1".to_owned(),
            what: "Ollama".to_owned(),
            models: ["qwen3-coder:30b", "llama3.3", "gemma3", "phi4"].map(str::to_owned).into(),
        }],
        clis: ["claude", "codex"]
            .map(|name| FoundCli { name: name.to_owned(), path: PathBuf::from("/usr/bin").join(name) })
            .into(),
        keys: vec!["OPENAI_API_KEY".to_owned()],
    };
    studio.loads(Loaded::Found(found));
    insta::assert_snapshot!(studio.screen(), @r#"
     1 new ○                                                                                     parser

      offshoot  parser  on main

      Each tab is a branch with an agent of its own; each step that changes files is a commit.
      Your checkout is never touched.

      No backend is configured yet.
        found Ollama at http://127.0.0.1:11434/v1  qwen3-coder:30b, llama3.3, gemma3
        To use it, put this in the settings (offshoot config path tells where):
          [backends.local]
          kind = "openai-chat"
          base_url = "http://127.0.0.1:11434/v1"
          model = "qwen3-coder:30b"
          local = true
        found the key OPENAI_API_KEY
        found claude, codex  installed here
      Set ANTHROPIC_API_KEY, OPENAI_API_KEY, GEMINI_API_KEY or DEEPSEEK_API_KEY and start again, or
      describe a local server under [backends.local]. `offshoot demo` needs none of them.

      /        commands
      @        paths
      ! $      shell commands, programs
      Ctrl-T   another tab
      Ctrl-R   earlier prompts
      /resume  earlier sessions
      F1       help




    ──────────────────────────────────────────────────────────────────────────────────────────── auto ──
    ❯ what shall be done?
     ○ idle  Ctrl-P commands  Alt-D diff  Ctrl-B panel  F1 help
    "#);
}

#[test]
fn the_demonstration_says_what_to_type() {
    let demo: Option<&[&str]> = Some(&["fix the failing test"]);
    let mut studio = Studio::of(80, 24, Facts { backends: vec![up("demo")], demo, ..facts() });
    insta::assert_snapshot!(studio.screen(), @r"
     1 new ○                                                                 parser


      offshoot  parser  on main

      This is a demonstration: a throw-away repository and a scripted model.
      Tools, commits and branches are real.

      Try  fix the failing test  and press Enter.

      /        commands
      @        paths
      ! $      shell commands, programs
      Ctrl-T   another tab
      Ctrl-R   earlier prompts
      /resume  earlier sessions
      F1       help




    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ fix the failing test
     ○ idle  Ctrl-P commands  Alt-D diff  Ctrl-B panel  F1 help
    ");
    insta::assert_snapshot!(studio.resizes(40, 10).screen(), @r"
     1 new ○                         parser
      offshoot  parser  on main

      This is a demonstration: a
      throw-away repository and a
      scripted model. Tools, commits and
      branches are real.
    ──────────────────────────────── auto ──
    ❯ fix the failing test
     ○ idle  Ctrl-P commands  Alt-D diff
    ");
}

#[test]
fn what_a_crash_left_is_told() {
    let mut studio = Studio::of(80, 24, Facts { backends: vec![up("local"), resting("openai")], ..facts() });
    let session = crate::workbench::RecoveredSession {
        session: "S9".to_owned(),
        branch: "offshoot/fix".to_owned(),
        result: Ok(crate::agent::Recovered { messages: 3, step: None }),
    };
    studio.loads(Loaded::Recovered(vec![session]));
    insta::assert_snapshot!(studio.screen(), @r"
     1 new ○                                                                 parser

      offshoot  parser  on main

      Each tab is a branch with an agent of its own; each step that changes files
      is a commit.
      Your checkout is never touched.

      Backends  local · openai

      ↺ recovered after a crash on offshoot/fix: 3 messages  /resume opens it

      /        commands
      @        paths
      ! $      shell commands, programs
      Ctrl-T   another tab
      Ctrl-R   earlier prompts
      /resume  earlier sessions
      F1       help


    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ what shall be done?
     recovered after a crash on offshoot/fix: 3 messages
    ");
}

#[test]
fn the_first_prompt_opens_a_session_once_it_is_known_what_it_starts_from() {
    let mut studio = Studio::new(80, 24);
    studio.says("fix the failing test");
    insta::assert_snapshot!(studio.did(), @r#"
    remember "fix the failing test"
    load uncommitted
    "#);
    insta::assert_snapshot!(studio.screen(), @r"
     1 fix the failing test ◌                                                parser
     ▌ fix the failing test

       its branch and worktree are being made …

















    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ what shall be done?
     ◌ opening  Ctrl-P commands  Alt-D diff  Ctrl-B panel  F1 help
    ");
    studio.loads(Loaded::Uncommitted(Some(Uncommitted::Include)));
    insta::assert_snapshot!(studio.did(), @r#"open tab 1: new, branch from "fix the failing test", with uncommitted work"#);
    studio.agent().opens("fix-the-failing-test");
    insta::assert_snapshot!(studio.did(), @r#"prompt tab 1: "fix the failing test""#);
    insta::assert_snapshot!(studio.screen(), @r"
     1 fix the failing test ◐                                                parser




















    ── offshoot/fix-the-failing-test ─────────────────────────────────────── auto ──
    ❯ what you send now waits in line; Ctrl-C stops the agent
     ◐ working 0 s  Ctrl-P commands  Alt-D diff  Ctrl-B panel  F1 help
    ");
}
