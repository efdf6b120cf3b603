//! The side panel.

use super::*;
use crate::chat::{ErrorClass, Outcome, Usage};
use crate::ledger::{Cost, Entry};
use crate::workbench::state::{Spent, SpentLine};
use told::{resting, up, without_key};

fn entry(at: &str, backend: &str, outcome: Outcome, cost: Option<f64>) -> Entry {
    Entry {
        timestamp: format!("2026-01-01T{at}:00Z"),
        backend: Some(backend.to_owned()),
        model: Some("qwen3-coder".to_owned()),
        branch: Some("offshoot/fix-the-failing-test".to_owned()),
        outcome: Some(outcome),
        error_class: (outcome == Outcome::Error).then_some(ErrorClass::Overloaded),
        usage: Some(Usage { input: 6_400, output: 210, ..Usage::default() }),
        cost_usd: cost.map(Cost::Usd),
        duration_ms: Some(3_400),
        ..Entry::default()
    }
}

/// A screen with news in every part of its panel.
pub(super) fn full(width: u16, height: u16) -> Studio {
    let mut studio = finished(width, height);
    studio
        .loads(Loaded::Health(vec![up("local"), resting("openai"), without_key("anthropic")]))
        .loads(Loaded::Ledger(vec![
            entry("11:02", "openai", Outcome::Error, None),
            entry("11:03", "local", Outcome::Ok, Some(0.0)),
            entry("11:40", "openai", Outcome::Aborted, Some(0.0213)),
        ]))
        .loads(Loaded::Spent(Spent {
            total: SpentLine { calls: 14, cost_usd: 0.0213, unpriced: 1, ..SpentLine::default() },
            lines: vec![
                SpentLine {
                    backend: "local".to_owned(),
                    model: "qwen3-coder".to_owned(),
                    calls: 12,
                    usage: Usage { input: 60_400, output: 3_210, ..Usage::default() },
                    cost_usd: 0.0,
                    unpriced: 0,
                },
                SpentLine {
                    backend: "openai".to_owned(),
                    model: "gpt-5.2".to_owned(),
                    calls: 2,
                    usage: Usage { input: 9_000, output: 800, cache_read: 4_000, ..Usage::default() },
                    cost_usd: 0.0213,
                    unpriced: 1,
                },
            ],
        }));
    let long = "crates/a-rather-long-name/src/deeply/nested/module/with_a_name.rs";
    studio.agent().changes(&[("src/parser.rs", 1, 1), (long, 120, 0)]).conflicts_in(&["src/parser.rs"]);
    studio
}

#[test]
fn the_panel_tells_everything() {
    insta::assert_snapshot!("panel-120x40", full(120, 40).screen());
    insta::assert_snapshot!("panel-200x50", full(200, 50).screen());
}

#[test]
fn a_narrow_screen_shows_the_panel_when_it_is_asked_for() {
    let mut studio = full(80, 24);
    assert!(!studio.shows("Routing"));
    studio.keys("ctrl-b");
    insta::assert_snapshot!(studio.screen(), @r"
     1 fix the failing test ✓ +121 −1 ⚠                                      parser
     ▌ fix the failing test                 │ Changes               2 files +121 −1
                                            │ M src/parser.rs                 +1 −1
     → local/qwen3-coder  it is local, and… │ A …/nested/module/with_a_name.rs +120
     ∴ The test wants the depth of the i…   │ ⚠ conflicts with main: src/parser.rs
                                            │
       I look at the test first.            │ Routing
                                            │ 1 local/qwen3-coder  0.82
     ✗ bash cargo test nested  (exit code … │   it is local, and up
     ✓ edit src/parser.rs: 1 replacement    │   edit success 0.90
     ◆ 9f31c07e Count the in…  1 file +1 −1 │   repeats 0.10
                                            │   not anthropic: ANTHROPIC_API_KEY i…
       The depth was counted twice. It is   │
       depth now:                           │ Health
                                            │ ● local  ▃▃▄▃█▃ 350 ms
         let depth = list.depth();          │ ◐ openai  again in 287 s  ▆█ 2.4 s
                                            │   overloaded: 529 overloaded, try ag…
       1 step · 6.4k in, 210 out · $0       │ ○ anthropic  not set up
                                            │
                                            │ Context                 6.6k of 32.0k
                                            │ ━━━━━━━──────────────────────────────
    ── offshoot/fix-the-failin… ──── auto ──│ tools           48 %
    ❯ what shall be done?                   │ system prompt   37 %
     ✓ done  Ctrl-P commands  Alt-D diff  Ctrl-B panel  local/qwen3-coder  20 %  $0
    ");
    studio.keys("ctrl-b");
    assert!(!studio.shows("Routing"));
    studio.resizes(50, 20).keys("ctrl-b");
    insta::assert_snapshot!(studio.last_row(), @" the screen is too narrow for the side panel");
}

#[test]
fn the_panel_has_a_cursor_that_opens_what_it_stands_at() {
    let mut studio = full(120, 40);
    studio.keys("alt-p").marked();
    insta::assert_snapshot!(studio.looks_of("M src/parser.rs"), @r"
    [border_focus] │
    [selected on selected]  M src/parser.rs                 +1 −1
    ");
    insta::assert_snapshot!(studio.last_row(), @" ✓ done  Enter open  Tab section  i back                                                    local/qwen3-coder  20 %  $0");
    studio.did();
    studio.keys("enter");
    insta::assert_snapshot!(studio.did(), @r#"load diff "offshoot/fix-the-failing-test": Between { from: Some("1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c"), to: "offshoot/fix-the-failing-test" }"#);
    studio.keys("tab").keys("enter");
    assert!(studio.shows("Why this backend"), "{}", studio.screen());
    studio.keys("esc").keys("tab").keys("enter");
    assert!(studio.shows("Health"));
    assert_eq!(studio.did(), "load probe");
    studio.keys("esc").keys("tab").keys("enter");
    assert!(studio.shows("the parts are estimates"), "{}", studio.screen());
    studio.keys("esc").keys("shift-tab").keys("shift-tab").keys("shift-tab").keys("esc");
    assert!(studio.last_row().contains("commands"));
}

#[test]
fn a_low_panel_scrolls_with_its_cursor() {
    let mut studio = full(120, 12);
    studio.keys("alt-p").keys("G");
    insta::assert_snapshot!(studio.screen(), @r"
     1 fix the failing test ✓ +121 −1 ⚠                                                                              parser
     ✓ edit src/parser.rs: 1 replacement                                            │ tool results     9 %
     ◆ 9f31c07e Count the innermost list once  1 file +1 −1                         │
                                                                                    │ Usage                              $0
       The depth was counted twice. It is depth now:                                │ 6.4k in, 210 out
                                                                                    │ today $0.02, 14 runs
         let depth = list.depth();                                                  │
                                                                                    │ Ledger
       1 step · 6.4k in, 210 out · $0                                               │ ■ 11:40 openai  3.4 s  $0.02
    ── offshoot/fix-the-failing-test ─────────────────────────────────────── auto ──│ ✓ 11:03 local  3.4 s  $0
    ❯ what shall be done?                                                           │ ✗ 11:02 openai overloaded  3.4 s  un…
     ✓ done  Enter open  Tab section  i back                                                    local/qwen3-coder  20 %  $0
    ");
    studio.keys("g g");
    assert!(studio.shows("Changes"), "{}", studio.screen());
}

#[test]
fn the_panel_changes_its_width() {
    let mut studio = full(120, 24);
    let at = |studio: &Studio| studio.place_of("Changes").unwrap().0;
    let before = at(&studio);
    studio.keys("alt-=");
    assert_eq!(at(&studio), before - 4);
    studio.keys("alt--").keys("alt--");
    assert_eq!(at(&studio), before + 4);
}
