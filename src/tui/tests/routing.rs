//! Who answers and why, how the backends fare, what turns are held to: `/why`, `/route`, `/health`, `/verify`,
//! `/budget`, `/ledger`, `/restart`.

use std::time::Duration;

use super::*;
use crate::agent::{Failure, VerifyState};
use crate::chat::{ErrorClass, Outcome, Usage};
use crate::git::CommitId;
use crate::git::codec::{Route, StepKind};
use crate::git::session::StepSummary;
use crate::ledger::{Cost, Entry, Report, Stats, Tried, Verify};
use crate::tools::verification::Detected;
use crate::tui::message::Records;
use crate::workbench::TabId;
use crate::workbench::runtime::{Restarted, RuntimeState, Standing};
use crate::workbench::why::Told;
use told::{resting, up, without_key};

fn attempt(number: u32, backend: &str, error: Option<ErrorClass>) -> Entry {
    Entry {
        run_id: "r".to_owned(),
        turn: Some(2),
        attempt: Some(number),
        backend: Some(backend.to_owned()),
        model: Some("m".to_owned()),
        reason: Some("it is next".to_owned()),
        confidence: Some(0.31),
        signals: [("edits".to_owned(), 0.25)].into(),
        outcome: Some(if error.is_some() { Outcome::Error } else { Outcome::Ok }),
        error_class: error,
        verify: error.is_none().then_some(Verify::Passed),
        usage: Some(Usage { input: 1_200, output: 80, ..Usage::default() }),
        cost_usd: Some(Cost::Usd(0.25)),
        duration_ms: Some(3_400),
        first_token_ms: Some(300),
        ..Entry::default()
    }
}

fn step(turn: u32, backend: &str) -> StepSummary {
    StepSummary {
        commit: CommitId::parse(&"9f31c07e".repeat(5)).unwrap(),
        kind: StepKind::Step,
        turn,
        step: 1,
        subject: "Count the innermost list once".to_owned(),
        prompt: None,
        prompts: vec![(turn, "do it again".to_owned())],
        route: Some(Route {
            backend: backend.to_owned(),
            model: "m".to_owned(),
            reason: "role review".to_owned(),
        }),
        usage: Usage { input: 900, output: 20, ..Usage::default() },
        cost_usd: Some(0.01),
        time: 0,
    }
}

fn text(studio: &Studio) -> String {
    let rows = studio.rows(3, 18);
    let rows = rows.lines().map(|row| row.trim_matches('│').trim_end()).filter(|row| !row.is_empty());
    rows.collect::<Vec<_>>().join("\n")
}

#[test]
fn why_tells_what_was_seen_at_once_and_what_is_on_record_when_it_was_read() {
    let mut studio = finished(80, 24);
    studio.agent().begins("again").goes_to("local", "m", "it is local, and up").falls_back(
        "local",
        "anthropic",
        "429",
    );
    studio.agent().goes_to("anthropic", "m", "local failed in this turn").ends(EndReason::Done);
    studio.did();
    studio.runs("why");
    assert_eq!(studio.did().lines().last().unwrap(), "load why { tab: tabid(1), session: \"s1\", turn: 2 }");
    insta::assert_snapshot!(text(&studio), @r"
    turn 2
    local/m
    reason        it is local, and up
    confidence    0.82
    signal        edit_failures 0.90 ×2  8 of 9 edits fitted at once
    signal        repeats 0.10 ×0.5  the same call 3 times
    passed over   anthropic: ANTHROPIC_API_KEY is not set
    anthropic/m
    reason        local failed in this turn
    confidence    0.82
    signal        edit_failures 0.90 ×2  8 of 9 edits fitted at once
    signal        repeats 0.10 ×0.5  the same call 3 times
    passed over   local: connection refused
    ");
    let attempts = vec![attempt(1, "local", Some(ErrorClass::RateLimit)), attempt(2, "anthropic", None)];
    let told = Told { turn: 2, attempts, steps: vec![step(2, "anthropic")] };
    studio.loads(Loaded::Why { tab: TabId(1), turn: 2, told: Ok(vec![told]) }).resizes(80, 34);
    insta::assert_snapshot!(studio.rows(2, -5), @r"
    ╭─ Why this backend ───────────────────────────────────────────────────────────╮
    │ turn 2  do it again                                                          │
    │ local/m  failed: rate_limit                                                  │
    │ reason        it is local, and up                                            │
    │ confidence    0.82                                                           │
    │ signal        edit_failures 0.90 ×2  8 of 9 edits fitted at once             │
    │ signal        repeats 0.10 ×0.5  the same call 3 times                       │
    │ passed over   anthropic: ANTHROPIC_API_KEY is not set                        │
    │ used          1.2k in, 80 out  $0.25                                         │
    │ took          3.4 s, the first word after 300 ms                             │
    │ anthropic/m  answered                                                        │
    │ reason        local failed in this turn                                      │
    │ confidence    0.82                                                           │
    │ signal        edit_failures 0.90 ×2  8 of 9 edits fitted at once             │
    │ signal        repeats 0.10 ×0.5  the same call 3 times                       │
    │ passed over   local: connection refused                                      │
    │ verified      passed                                                         │
    │ used          1.2k in, 80 out  $0.25                                         │
    │ took          3.4 s, the first word after 300 ms                             │
    │ commit        9f31c07e Count the innermost list once  anthropic              │
    │                                                                              │
    │ /why N tells of turn N, from 1 to 2                                          │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    ");
}

#[test]
fn a_session_that_was_opened_again_is_explained_from_what_is_on_record() {
    let mut studio = at_work(80, 24);
    studio.agent().ends(EndReason::Done);
    studio.runs("why 2");
    insta::assert_snapshot!(text(&studio), @" reading …");
    let tried = vec![Tried { backend: "codex".to_owned(), error_class: ErrorClass::Quota, ms: 1_500 }];
    let attempts = vec![Entry { tried, ..attempt(2, "claude", None) }];
    let from_ledger = Told { turn: 2, attempts, steps: Vec::new() };
    studio.loads(Loaded::Why { tab: TabId(1), turn: 2, told: Ok(vec![from_ledger]) });
    insta::assert_snapshot!(text(&studio), @r"
    turn 2
    tried         codex: quota after 1.5 s
    claude/m  answered
    reason        it is next
    confidence    0.31 < 0.60
    signal        edits 0.25 ×4
    verified      passed
    used          1.2k in, 80 out  $0.25
    took          3.4 s, the first word after 300 ms
    /why N tells of turn N, from 1 to 2
    ");
    let from_commits = Told { turn: 2, attempts: Vec::new(), steps: vec![step(2, "claude")] };
    studio.loads(Loaded::Why { tab: TabId(1), turn: 2, told: Ok(vec![from_commits]) });
    insta::assert_snapshot!(text(&studio), @r"
    turn 2  do it again
    claude/m
    reason        role review
    used          900 in, 20 out  $0.01
    commit        9f31c07e Count the innermost list once  claude
    /why N tells of turn N, from 1 to 2
    ");
    let failure = Failure::new(ErrorClass::Internal, "cannot read the ledger");
    studio.loads(Loaded::Why { tab: TabId(1), turn: 2, told: Err(failure) });
    insta::assert_snapshot!(text(&studio), @r"
    nothing is known of it
    cannot read the ledger
    ");
}

#[test]
fn a_route_is_chosen_among_candidates_with_their_state() {
    let mut studio = at_work(80, 24);
    studio.loads(Loaded::Health(vec![up("local"), resting("openai"), up("spare"), without_key("anthropic")]));
    studio.runs("route");
    insta::assert_snapshot!(studio.rows(9, 15), @r"
    ╭─ Now local: it is local, and up ─────────────────────────────────────────────╮
    │›                                                                          5/5│
    │› auto       the router chooses                                               │
    │  local      qwen3-coder                                           answers now│
    │  openai     gpt-5.2                                            again in 287 s│
    │  spare      qwen3-coder                                                    up│
    │  anthropic  claude-sonnet-4-5                    ANTHROPIC_API_KEY is not set│
    ");
    studio.keys("down down enter");
    assert_eq!(studio.app.tab().choice.backend.as_deref(), Some("openai"));
    studio.runs("route");
    assert!(studio.shows("openai was chosen"), "{}", studio.screen());
}

#[test]
fn health_tells_what_is_known_and_asks_nobody() {
    let mut studio = Studio::new(80, 24);
    studio.loads(Loaded::Health(vec![up("local"), resting("openai"), without_key("anthropic")]));
    studio.did();
    studio.runs("health");
    assert_eq!(studio.did(), "remember \"/health\"");
    insta::assert_snapshot!(text(&studio), @r"
    ● local  up  local
    model         qwen3-coder
    first words   ▃▃▄▃█▃ 350 ms
    ◐ openai  again in 287 s
    model         gpt-5.2
    first words   ▆█ 2.4 s
    failures      3 in a row
    last error    overloaded just now: 529 overloaded, try again later
    ○ anthropic  not set up
    model         claude-sonnet-4-5
    missing       ANTHROPIC_API_KEY is not set
    as calls went; /health probe asks each of them now
    ");
}

#[test]
fn the_check_in_force_is_told_with_who_set_it_and_can_be_run() {
    let mut studio = finished(80, 24);
    studio.agent().verifies(VerifyState::Failed, "cargo test", Some(101));
    studio.runs("verify");
    let found = Detected { command: "cargo test".to_owned(), why: "Cargo.toml".to_owned() };
    let is = |found: Option<Detected>, run| Loaded::Verification {
        tab: TabId(1),
        found,
        origin: "verify.command (the user's settings)".to_owned(),
        run,
    };
    studio.loads(is(Some(found.clone()), false));
    insta::assert_snapshot!(text(&studio), @r"
    command       cargo test
    because       Cargo.toml
    set by        verify.command (the user's settings)
    last time     failed, exit code 101
    /verify run runs it now; /verify COMMAND, auto or off sets it for this tab
    ");
    studio.keys("esc");
    studio.did();
    studio.runs("verify run");
    studio.loads(is(Some(found), true));
    insta::assert_snapshot!(studio.did(), @r#"
    remember "/verify run"
    load verification { tab: tabid(1), root: "/home/ada/.local/share/offshoot/worktrees/parser/fix-the-failing-test", chosen: none, run: true }
    shell in tab 1 for the user alone: "cargo test"
    "#);
    studio.loads(is(None, true));
    assert!(studio.last_row().contains("/verify COMMAND sets"), "{}", studio.last_row());
}

#[test]
fn what_a_tab_is_held_to_goes_with_its_prompts() {
    let mut studio = finished(80, 24);
    studio.runs("verify make check").runs("budget turn 2.5").runs("budget session 5");
    studio.did();
    studio.says("go on");
    assert_eq!(
        studio.did().lines().last().unwrap(),
        "prompt tab 1: \"go on\", verified by \"make check\", $2.5 a turn, $5 a session"
    );
    studio.runs("budget session 0").runs("budget");
    insta::assert_snapshot!(text(&studio), @r"
    turn          limit $2.50
    session       $0 since it was opened  no limit
    day           $0 today, all sessions  no limit
    /budget turn, session or day USD sets one for this tab; 0 is no limit
    ");
    studio.keys("esc").runs("status");
    assert!(studio.shows("verification  `make check`"), "{}", studio.screen());
    assert!(studio.shows("budget        $2.50 a turn"), "{}", studio.screen());
    // Another tab has its own.
    studio.keys("esc").keys("ctrl-t").says("elsewhere");
    studio.loads(Loaded::Uncommitted(Some(Uncommitted::Exclude)));
    studio.did();
    studio.agent().opens("elsewhere");
    assert_eq!(studio.did(), "prompt tab 2: \"elsewhere\"");
}

#[test]
fn the_ledger_is_told_as_runs_as_sums_and_as_what_is_wrong_with_it() {
    let mut studio = finished(80, 24);
    let entries = vec![
        Entry { route: Some("local".to_owned()), ..attempt(1, "local", Some(ErrorClass::RateLimit)) },
        Entry { route: Some("claude".to_owned()), ..attempt(2, "claude", None) },
    ];
    studio.runs("ledger stats").loads(Loaded::Records(Ok(Records::Stats(Box::new(Stats::of(&entries))))));
    insta::assert_snapshot!(text(&studio), @r"
    All runs
    all                         2 runs      1 ok     2.6k tokens  $0.50
    By route
    claude                      1 run       1 ok     1.3k tokens  $0.25
    local                       1 run       0 ok     1.3k tokens  $0.25
    By model
    m                           2 runs      1 ok     2.6k tokens  $0.50
    By outcome
    error                       1 run       0 ok     1.3k tokens  $0.25
    ok                          1 run       1 ok     1.3k tokens  $0.25
    By failure
    rate_limit                  1 run       0 ok     1.3k tokens  $0.25
    ");
    studio.keys("esc").runs("ledger verify");
    let report = Report { files: vec!["/state/run_ledger.jsonl".into()], entries: 2, bad: Vec::new() };
    studio.loads(Loaded::Records(Ok(Records::Check(report))));
    insta::assert_snapshot!(text(&studio), @r"
    file          /state/run_ledger.jsonl
    all of 2 lines can be read
    ");
    let failure = Failure::new(ErrorClass::Internal, "cannot read the ledger").hint("check its permissions");
    studio.loads(Loaded::Records(Err(failure)));
    insta::assert_snapshot!(text(&studio), @r"
    cannot read the ledger
    check its permissions
    ");
}

#[test]
fn a_restart_of_the_local_runtime_is_told_either_way() {
    let mut studio = finished(80, 24);
    studio.did();
    studio.runs("restart");
    assert_eq!(studio.did().lines().last().unwrap(), "load restart");
    assert!(studio.last_row().contains("restarting"), "{}", studio.last_row());
    let standing =
        Standing { state: RuntimeState::Up, asked: "local".to_owned(), latency_ms: Some(3), message: None };
    let command = "systemctl --user restart llama".to_owned();
    studio.loads(Loaded::Restarted(Ok(Restarted { command, took: Duration::from_secs(2), standing })));
    insta::assert_snapshot!(studio.row_with("was restarted"), @" · the local runtime was restarted in 2.0 s with `systemctl --user restart");
    let failure = Failure::new(
        ErrorClass::Internal,
        "`serve` failed with exit code 7; it printed last:\nno \u{1b}[31mGPU",
    )
    .hint("run it by hand");
    studio.loads(Loaded::Restarted(Err(failure)));
    insta::assert_snapshot!(studio.rows(-8, -4), @r"
    · the local runtime was restarted in 2.0 s with `systemctl --user restart
      llama`
    ✗ `serve` failed with exit code 7; it printed last:
      no GPU
      run it by hand
    ");
}
