//! The side panel.

use super::*;
use crate::agent::AgentEvent;
use crate::backends::health::HealthState;
use crate::chat::{ErrorClass, Outcome, Usage};
use crate::ledger::{Cost, Entry};
use crate::routing::{Confidence, Signal};
use crate::workbench::state::{BackendLine, LastError, Spent, SpentLine};
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
     ✓ edit src/parser.rs: 1 replacement    │   repeats 0.10 ×0.5
     ◆ 9f31c07e Count the in…  1 file +1 −1 │     the same call 3 times
                                            │   edit_failures 0.90 ×2
       The depth was counted twice. It is   │     8 of 9 edits fitted at once
       depth now:                           │   not anthropic: ANTHROPIC_API_KEY i…
                                            │
         let depth = list.depth();          │ Health
                                            │ ● local  ▃▃▄▃█▃ 350 ms
       1 step · 6.4k in, 210 out · $0       │ ◐ openai  again in 287 s  ▆█ 2.4 s
                                            │   3× overloaded just now: 529 overlo…
                                            │ ○ anthropic  not set up
                                            │
    ── offshoot/fix-the-failin… ──── auto ──│ Context                 6.6k of 32.0k
    ❯ what shall be done?                   │ ━━━━━━━──────────────────────────────
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
    assert!(studio.shows("/health probe asks"), "{}", studio.screen());
    assert!(!studio.did().contains("probe"), "nobody is asked for a look");
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

#[test]
fn what_is_observed_changes_the_decision_in_force() {
    let mut studio = at_work(120, 30);
    let signal = |name: &str, value, weight, source: &str| Signal {
        name: name.to_owned(),
        value,
        weight,
        source: source.to_owned(),
    };
    let signals = vec![
        signal("verify", 0.0, 3.0, "cargo test failed with exit code 101"),
        signal("tool_calls", 1.0, 1.0, "7 of 7 were valid"),
        signal("diff_size", 0.55, 0.25, "900 lines for a request of 20 characters"),
    ];
    studio.agent().does(AgentEvent::Confidence(Confidence { value: 0.38, signals }));
    let panel = |studio: &Studio| {
        let (x, y) = studio.place_of("Routing").unwrap();
        let row = |y| studio.row(y).chars().skip(usize::from(x)).collect::<String>();
        (y..y + 9).map(row).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(panel(&studio), @r"
    Routing
    1 local/qwen3-coder  0.38 < 0.60
      it is local, and up
      verify 0.00 ×3
        cargo test failed with exit code…
      diff_size 0.55 ×0.25
        900 lines for a request of 20 ch…
      tool_calls 1.00 ×1
        7 of 7 were valid
    ");
    studio.resizes(240, 30);
    insta::assert_snapshot!(panel(&studio), @r"
    Routing
    1 local/qwen3-coder  0.38 < 0.60
      it is local, and up
      verify 0.00 ×3  cargo test failed with exit code 101
      diff_size 0.55 ×0.25
        900 lines for a request of 20 characters
      tool_calls 1.00 ×1  7 of 7 were valid
      not anthropic: ANTHROPIC_API_KEY is not set
    ");
    studio.resizes(70, 30).keys("ctrl-b");
    insta::assert_snapshot!(panel(&studio), @r"
    Routing
    1 local/qwen3-cod…  0.38 < 0.60
      it is local, and up
      verify 0.00 ×3
        cargo test failed with exi…
      diff_size 0.55 ×0.25
        900 lines for a request of…
      tool_calls 1.00 ×1
        7 of 7 were valid
    ");
}

#[test]
fn a_backend_that_is_left_alone_counts_down_and_tells_what_went_wrong() {
    let mut studio = full(120, 40);
    let row = |studio: &Studio, text: &str| studio.row_with(text).chars().skip(82).collect::<String>();
    studio.waits(1);
    let tried = BackendLine { retry_in_ms: 0, ..resting("openai") };
    let error = LastError { class: ErrorClass::Timeout, message: String::new(), at_ms: studio::NOON };
    let recovered = BackendLine { last_error: Some(error), ..up("local") };
    studio.waits(3_600).loads(Loaded::Health(vec![recovered, tried]));
    insta::assert_snapshot!(row(&studio, "timeout"), @"  timeout 1h ago");
    insta::assert_snapshot!(row(&studio, "◐ openai"), @"◐ openai  is being tried  ▆█ 2.4 s");
    insta::assert_snapshot!(row(&studio, "overloaded 1h"), @"  3× overloaded 1h ago: 529 overload…");
}

#[test]
fn a_limit_an_empty_account_and_a_wrong_key_are_no_outage() {
    let mut studio = full(120, 40);
    let down = |id: &str, class| {
        let message = format!("backend \"{id}\": no (400)");
        let error = LastError { class, message, at_ms: studio::NOON };
        BackendLine { state: HealthState::Down, last_error: Some(error), latencies_ms: Vec::new(), ..up(id) }
    };
    studio.loads(Loaded::Health(vec![
        down("a", ErrorClass::RateLimit),
        down("b", ErrorClass::Quota),
        down("c", ErrorClass::Auth),
        down("d", ErrorClass::Unreachable),
    ]));
    let (x, y) = studio.place_of("Health").unwrap();
    let row = |y| studio.row(y).chars().skip(usize::from(x)).collect::<String>();
    insta::assert_snapshot!((y + 1..y + 9).map(row).collect::<Vec<_>>().join("\n"), @r"
    ◐ a  rate-limited
      rate_limit just now: no (400)
    ● b  quota used up
      quota just now: no (400)
    ● c  key rejected
      auth just now: no (400)
    ● d  down
      unreachable just now: no (400)
    ");
}
