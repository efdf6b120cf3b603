//! Texts to be read: help, why, context, usage, records, health.

use super::*;
use crate::backends::health::HealthState;
use crate::config::BackendKind;
use crate::workbench::doctor::{BackendReport, Check, CheckState, Report};

#[test]
fn help_tells_of_commands() {
    let mut studio = Studio::new(80, 24);
    studio.keys("f1");
    insta::assert_snapshot!(studio.uncounted(), @r"
     1 new ○                                                                 parser
    ╭─ Help ───────────────────────────────────────────────────────────────────────╮
    │ Type a prompt and press Enter: the agent works on a branch and in a          │
    │ worktree of its own.                                                         │
    │ Every step in which files change is a commit. Your own checkout is never     │
    │ touched.                                                                     │
    │                                                                              │
    │ !command                   runs it in the tab's worktree, and tells the      │
    │                            model                                             │
    │ !!command                  the same, and the model is not told               │
    │ $command                   hands the terminal to a program, as in $vim       │
    │                            README.md                                         │
    │ @path                      completes a path; @role at the start of a prompt  │
    │                            chooses a role                                    │
    │ //                         at the start sends a prompt that begins with a    │
    │                            slash                                             │
    │                                                                              │
    │ Tabs and branches                                                            │
    │ /new [prompt]              opens a tab: a branch and an agent of its own,    │
    │                            from your last commit                             │
    ╰──────────────────────────────────────────────────────── ##/### · Esc closes ─╯
    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ what shall be done?
     ○ idle
    ");
    studio.keys("end");
    insta::assert_snapshot!(studio.uncounted(), @r"
     1 new ○                                                                 parser
    ╭─ Help ───────────────────────────────────────────────────────────────────────╮
    │ /help [COMMAND]            tells of commands and keys                        │
    │ /health [probe]            tells how each backend fares; probe asks them all │
    │ /restart                   restarts the local model server, with your own    │
    │                            command                                           │
    │ /doctor                    checks git, settings, folders, sandbox, the       │
    │                            local runtime and backends                        │
    │ /status                    says what is open, where it works, and what it    │
    │                            cost                                              │
    │ /worktrees                 lists the worktrees with their sizes, states and  │
    │                            ports                                             │
    │ /gc [--builds]             frees worktrees that are done with, with          │
    │                            --builds also build output; asks first            │
    │ /ledger [N | stats | verify] shows the last runs on record, their sums, or   │
    │                              lines that cannot be read                       │
    │ /usage                     shows tokens and cost of this tab and of today    │
    │ /config [KEY]              shows the settings in force and who set them      │
    │                                                                              │
    │ /keys lists the keys                                                         │
    ╰─────────────────────────────────────────────────────── ###/### · Esc closes ─╯
    ──────────────────────────────────────────────────────────────────────── auto ──
    ❯ what shall be done?
     ○ idle
    ");
    studio.keys("up");
    assert_ne!(studio.uncounted(), studio.keys("end").uncounted());
    studio.keys("q");
    assert!(studio.app.layers.is_empty());
    insta::assert_snapshot!("help-40x10", studio.resizes(40, 10).keys("f1").uncounted());
}

#[test]
fn help_of_one_command() {
    let mut studio = Studio::new(80, 24);
    studio.runs("help exit");
    insta::assert_snapshot!(studio.rows(3, 9), @r"
    │ /exit [--all]                                                                │
    │ closes the tab, with --all every tab and the program                         │
    │ also                       quit                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    ");
}

#[test]
fn why_tells_how_a_backend_was_chosen() {
    let mut studio = finished(80, 24);
    studio.agent().begins("again").goes_to("anthropic", "claude-sonnet-4-5", "local cannot be reached");
    studio.keys("alt-w");
    insta::assert_snapshot!(studio.screen(), @r"
     1 fix the failing test ◐ +1 −1                                          parser
    ╭─ Why this backend ───────────────────────────────────────────────────────────╮
    │ turn 2                                                                       │
    │ anthropic/claude-sonnet-4-5                                                  │
    │ reason        local cannot be reached                                        │
    │ confidence    0.82                                                           │
    │ signal        edit_failures 0.90 ×2  8 of 9 edits fitted at once             │
    │ signal        repeats 0.10 ×0.5  the same call 3 times                       │
    │ passed over   local: connection refused                                      │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    ╰───────────────────────────────────────────────────────────────── Esc closes ─╯
    ── offshoot/fix-the-failing-test ─────────────────────────────────────── auto ──
    ❯ what you send now waits in line; Ctrl-C stops the agent
     ◐ working 0 s                            anthropic/claude-sonnet-4-5  20 %  $0
    ");
    studio.keys("esc").runs("why 2");
    assert!(!studio.shows("turn 1"));
}

#[test]
fn context_tells_what_fills_the_window() {
    let mut studio = finished(80, 24);
    studio.runs("context");
    insta::assert_snapshot!(studio.rows(3, 12), @r"
    │ used          6.6k tokens of 32.0k (20 %)                                    │
    │ system prompt     2.4k  █████████                                            │
    │ tools             3.1k  ████████████                                         │
    │ user               300  █                                                    │
    │ tool results       600  ██                                                   │
    │                                                                              │
    │ the parts are estimates; /clear begins anew                                  │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    ");
}

#[test]
fn usage_and_ledger_are_told() {
    let mut studio = super::panel::full(80, 24);
    studio.runs("usage");
    insta::assert_snapshot!(studio.screen(), @r"
     1 fix the failing test ✓ +121 −1 ⚠                                      parser
    ╭─ Usage ──────────────────────────────────────────────────────────────────────╮
    │ This tab, since it was opened                                                │
    │ input         6.4k                                                           │
    │ cache read    0                                                              │
    │ cache write   0                                                              │
    │ output        210                                                            │
    │ cost          $0                                                             │
    │                                                                              │
    │ Today, all sessions                                                          │
    │ local/qwen3-coder        12 runs    60.4k in     3.2k out  $0                │
    │ openai/gpt-5.2            2 runs    13.0k in      800 out  $0.02  1 unpriced │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    ╰───────────────────────────────────────────────────────────────── Esc closes ─╯
    ── offshoot/fix-the-failing-test ─────────────────────────────────────── auto ──
    ❯ what shall be done?
     ✓ done                                             local/qwen3-coder  20 %  $0
    ");
    studio.keys("esc").runs("ledger");
    insta::assert_snapshot!(studio.rows(3, 8), @r"
    │ ■ 01-01 11:40  openai/qwen3-coder  6.4k in, 210 out  $0.02                   │
    │   offshoot/fix-the-failing-test                                              │
    │ ✓ 01-01 11:03  local/qwen3-coder  6.4k in, 210 out  $0                       │
    │   offshoot/fix-the-failing-test                                              │
    │ ✗ 01-01 11:02  openai/qwen3-coder  overloaded  6.4k in, 210 out  unpriced    │
    │   offshoot/fix-the-failing-test                                              │
    ");
}

#[test]
fn errors_are_kept_with_their_hints() {
    let mut studio = at_work(80, 24);
    studio
        .agent()
        .fails("local cannot be reached: connection refused", "is the server up? `ollama serve` starts one");
    studio.waits(300);
    studio.runs("errors");
    insta::assert_snapshot!(studio.rows(3, 7), @r"
    │   5m  fix the failing test  local cannot be reached: connection refused      │
    │       is the server up? `ollama serve` starts one                            │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    ");
}

#[test]
fn status_tells_where_a_tab_works() {
    let mut studio = finished(80, 24);
    studio.runs("status");
    insta::assert_snapshot!(studio.rows(3, 20), @r"
    │ repository    /home/ada/parser                                               │
    │ your branch   main                                                           │
    │ tabs          1                                                              │
    │                                                                              │
    │ fix the failing test                                                         │
    │ branch        offshoot/fix-the-failing-test                                  │
    │ worktree      /home/ada/.local/share/offshoot/worktrees/parser/fix-the-faili │
    │               ng-test                                                        │
    │ session       S1                                                             │
    │ turns         1                                                              │
    │ cost          $0 since it was opened                                         │
    │ verification  none                                                           │
    │ budget        no limit                                                       │
    │ answers       whom the router chooses                                        │
    │ role          none                                                           │
    │ permissions   auto                                                           │
    │ theme         dusk                                                           │
    │                                                                              │
    ");
}

#[test]
fn health_is_asked_when_that_is_wanted() {
    let mut studio = Studio::new(80, 24);
    studio.did();
    studio.runs("health probe");
    assert!(studio.shows("reading …"));
    let report = |id: &str, state, latency_ms, message: Option<&str>| BackendReport {
        id: id.to_owned(),
        kind: BackendKind::OpenaiChat,
        local: true,
        state,
        latency_ms,
        version: None,
        message: message.map(str::to_owned),
    };
    studio.loads(Loaded::Probed(vec![
        report("local", HealthState::Up, Some(12), None),
        report("openai", HealthState::Open, None, Some("529 overloaded")),
        report("anthropic", HealthState::Unconfigured, None, Some("ANTHROPIC_API_KEY is not set")),
    ]));
    insta::assert_snapshot!(studio.rows(3, 10), @r"
    │ ● local         up  12 ms                                                    │
    │ ◐ openai        resting after failures                                       │
    │   529 overloaded                                                             │
    │ ○ anthropic     not set up                                                   │
    │   ANTHROPIC_API_KEY is not set                                               │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    ");
}

#[test]
fn the_doctors_findings_come_with_hints() {
    let mut studio = Studio::new(80, 24);
    studio.runs("doctor");
    let check = |id, state, message: &str, hint: Option<&str>| Check {
        id,
        state,
        message: message.to_owned(),
        hint: hint.map(str::to_owned),
    };
    let checks = vec![
        check("git", CheckState::Ok, "2.51.0", None),
        check(
            "sandbox",
            CheckState::Warn,
            "this kernel has no Landlock",
            Some("commands run without a sandbox"),
        ),
        check("backends", CheckState::Fail, "none can answer", Some("set a key, or start a local server")),
    ];
    studio.loads(Loaded::Doctor(Report { ok: false, checks, backends: Vec::new() }));
    insta::assert_snapshot!(studio.rows(3, 10), @r"
    │ ✓ git       2.51.0                                                           │
    │ ! sandbox   this kernel has no Landlock                                      │
    │             commands run without a sandbox                                   │
    │ ✗ backends  none can answer                                                  │
    │             set a key, or start a local server                               │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    ");
}

#[test]
fn a_text_of_another_width_is_wrapped_anew() {
    let mut studio = Studio::new(120, 40);
    studio.keys("f1").keys("pagedown").resizes(50, 12).keys("end").resizes(120, 40);
    assert!(studio.shows("/keys lists the keys"), "{}", studio.screen());
}
