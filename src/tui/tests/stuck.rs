//! Turns that cannot go on, since their backend does not answer.

use std::time::Duration;

use super::*;
use crate::agent::{AgentEvent, Resort, Stuck};
use crate::chat::ErrorClass;

fn limited(to: Option<&str>, seconds: Option<u64>) -> Stuck {
    Stuck {
        id: "k1".to_owned(),
        from: "local".to_owned(),
        to: to.map(str::to_owned),
        error_class: ErrorClass::RateLimit,
        message: "local: 429 too many requests, slow down".to_owned(),
        otherwise: seconds.map(|seconds| (Duration::from_secs(seconds), Resort::Wait)),
        resort: None,
    }
}

fn stuck(to: Option<&str>, seconds: Option<u64>) -> Studio {
    let mut studio = at_work(80, 24);
    studio.agent().does(AgentEvent::Stuck(limited(to, seconds)));
    studio.did();
    studio
}

#[test]
fn a_turn_that_is_stuck_says_who_failed_how_long_it_waits_and_who_could_go_on() {
    let mut studio = stuck(Some("claude"), Some(90));
    insta::assert_snapshot!(studio.rows(-10, -1), @r"
    ▌ The agent is stuck
    ▌ local cannot answer now  rate_limit
    ▌ local: 429 too many requests, slow down
    ▌ asked again in 1 min 30 s  claude could go on
    ▌ w wait  f let claude go on  s stop
    ── offshoot/fix-the-failing-test ─────────────────────────────────────── auto ──
    ❯ answer with w, f or s, or write on
     ? waiting for you 0 s                                        local/qwen3-coder
    ");
    studio.waits(31);
    insta::assert_snapshot!(studio.row_with("asked again in 59 s"), @"▌ asked again in 59 s  claude could go on");
}

#[test]
fn each_way_out_has_a_key() {
    for (key, deed) in [
        ("w", "go on with k1 of tab 1: Wait"),
        ("f", "go on with k1 of tab 1: FallBack"),
        ("s", "go on with k1 of tab 1: Stop"),
        ("esc", "interrupt tab 1"),
    ] {
        let mut studio = stuck(Some("claude"), Some(90));
        assert_eq!(studio.keys(key).did(), deed, "{key}");
    }
}

#[test]
fn nobody_is_offered_who_may_not_go_on() {
    let mut studio = stuck(None, None);
    insta::assert_snapshot!(studio.rows(-8, -1), @r"
    ▌ The agent is stuck
    ▌ local cannot answer now  rate_limit
    ▌ local: 429 too many requests, slow down
    ▌ nothing happens until you choose  nobody else may go on
    ▌ w wait  s stop
    ── offshoot/fix-the-failing-test ─────────────────────────────────────── auto ──
    ❯ answer with w or s, or write on
     ? waiting for you 0 s                                        local/qwen3-coder
    ");
    assert_eq!(studio.keys("f").did(), "");
    assert!(studio.shows("is stuck"));
    assert_eq!(studio.keys("w").did(), "go on with k1 of tab 1: Wait");
}

#[test]
fn what_was_settled_is_asked_no_longer() {
    let mut studio = stuck(Some("claude"), Some(90));
    studio.keys("alt-a");
    assert!(studio.shows("fix the failing test is stuck"));
    let settled = Stuck { resort: Some(Resort::FallBack), ..limited(Some("claude"), Some(90)) };
    studio.agent().does(AgentEvent::Stuck(settled));
    assert!(studio.app.layers.is_empty() && !studio.shows("is stuck"));
    assert!(studio.shows("claude goes on"), "{}", studio.screen());
}

#[test]
fn an_answer_leaves_nothing_behind_also_when_the_turn_ends_meanwhile() {
    let mut studio = stuck(Some("claude"), Some(90));
    studio.keys("ctrl-c");
    studio.agent().ends(EndReason::Interrupted);
    assert!(!studio.shows("is stuck"));
}

#[test]
fn a_tab_in_the_background_calls_and_is_answered_from_where_one_is() {
    let mut studio = at_work(80, 24);
    studio.keys("ctrl-t");
    studio.did();
    studio.agent_of(1).does(AgentEvent::Stuck(limited(Some("claude"), Some(90))));
    insta::assert_snapshot!(studio.did(), @r#"notify "offshoot: fix the failing test": "is stuck: local cannot answer (rate_limit)""#);
    studio.waits(10);
    insta::assert_snapshot!(studio.last_row(), @" ○ idle  tab 1 asks: Alt-A  Ctrl-P commands  Alt-D diff  Ctrl-B panel  F1 help");
    studio.keys("alt-a");
    insta::assert_snapshot!(studio.rows(9, 15), @r"
      Backends  local
    ╭─ fix the failing test is stuck ──────────────────────────────────────────────╮
    │ local cannot answer now  rate_limit                                          │
    │ local: 429 too many requests, slow down                                      │
    │ asked again in 1 min 20 s  claude could go on                                │
    ╰─────────────────────────── w wait · f let claude go on · s stop · Esc later ─╯
      Ctrl-R   earlier prompts
    ");
    assert_eq!(studio.keys("f").did(), "go on with k1 of tab 1: FallBack");
    assert_eq!(studio.app.active, 1);
}

#[test]
fn what_one_writes_is_not_taken_for_a_way_out() {
    let mut studio = at_work(80, 24);
    studio.keys("type:wait");
    studio.agent().does(AgentEvent::Stuck(limited(Some("claude"), Some(90))));
    studio.did();
    studio.keys("type: for safety");
    assert_eq!(studio.did(), "");
    assert!(studio.shows("❯ wait for safety"));
    // Letters that answer calls are letters here.
    let mut studio = stuck(Some("claude"), Some(90));
    studio.keys("type:y");
    assert!(studio.shows("❯ y"));
}

#[test]
fn the_clock_runs_once_a_second_while_it_is_seen_and_not_at_all_in_the_background() {
    let mut studio = stuck(Some("claude"), Some(90));
    let now = studio.app.clock.now;
    assert_eq!(studio.app.wake(), Some(now + Duration::from_secs(1)));
    studio.keys("ctrl-t");
    assert_eq!(studio.app.wake(), None);
    studio.keys("alt-a");
    assert_eq!(studio.app.wake(), Some(studio.app.clock.now + Duration::from_secs(1)));
}

#[test]
fn what_a_server_says_is_shown_as_text_and_never_hides_the_time() {
    let mut studio = at_work(60, 20);
    let message = format!("\u{1b}[2Jwell\u{7}\n{}", numbered(30, |line| format!("reason {line}\n")));
    studio.agent().does(AgentEvent::Stuck(Stuck { message, ..limited(Some("claude"), Some(5)) }));
    insta::assert_snapshot!(studio.rows(-12, -1), @r"
    ▌ local cannot answer now  rate_limit
    ▌ well
    ▌ reason 1
    ▌ reason 2
    ▌ reason 3
    ▌ reason 4
    ▌ … and 26 more lines
    ▌ asked again in 5 s  claude could go on
    ▌ w wait  f let claude go on  s stop
    ── offshoot/fix-the-failing-test ─────────────────── auto ──
    ❯ answer with w, f or s, or write on
     ? waiting for you 0 s                    local/qwen3-coder
    ");
}

#[test]
fn a_small_screen_has_room_for_the_choice() {
    let mut studio = at_work(40, 10);
    studio.agent().does(AgentEvent::Stuck(limited(Some("claude"), Some(90))));
    insta::assert_snapshot!(studio.screen(), @r"
     1 fix the failing test ?        parser
       many requests, slow down); claude
       could go on; asked again in 90 s
    ▌ The agent is stuck
    ▌ local cannot answer now  rate_limit
    ▌ asked again in 1 min 30 s  claude c…
    ▌ w wait  f let claude go on  s stop
    ── offshoot/fix-the-failin… ──── auto ──
    ❯ answer with w, f or s, or write on
     ? waiting for you 0 s
    ");
}
