//! What happens in tabs, folded into a table.

use std::time::Duration;

use super::*;
use crate::agent::{
    AgentEvent, Approval, ApprovalState, EndReason, Failure, Routed, StepTaken, TurnEnd, VerifyState,
};
use crate::chat::{Conversation, ErrorClass, Outcome, Usage};
use crate::config::PermissionMode;
use crate::git::DiffStat;
use crate::routing::Decision;
use crate::workbench::{Audience, EventKind, History, Opened, ShellEnd, ShellEvent, Stat};

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn row(place: usize, name: &str) -> Row {
    let mut row = Row::new(place, name.parse().unwrap(), format!("offshoot/fix-{}", letter(place)));
    row.opens();
    row
}

/// What happens in a tab, in order.
struct Story<'r>(&'r mut Row, u64);

impl Story<'_> {
    fn then(self, kind: impl Into<Box<EventKind>>) -> Self {
        self.0.take(&kind.into(), at(self.1));
        self
    }

    fn agent(self, event: AgentEvent) -> Self {
        self.then(EventKind::Agent(event))
    }

    fn later(self, seconds: u64) -> Self {
        Self(self.0, self.1 + seconds)
    }

    fn opens(self) -> Self {
        let branch = self.0.branch.clone();
        self.then(EventKind::Opened(Box::new(opened(&branch))))
    }

    fn begins(self) -> Self {
        self.agent(AgentEvent::TurnBegan { turn: 1, prompt: "fix it".into() })
    }

    fn goes_to(self, backend: &str, model: &str) -> Self {
        let decision = Decision {
            backend: backend.into(),
            local: true,
            reason: String::new(),
            confidence: None,
            rejected: Vec::new(),
            stands_in: None,
        };
        self.agent(AgentEvent::Route(Routed { decision, model: model.into(), role: None }))
    }

    fn commits(self) -> Self {
        let step = StepTaken {
            commit: "9f31".repeat(10),
            turn: 1,
            step: 1,
            subject: "Fix it".into(),
            files: 1,
            insertions: 2,
            deletions: 1,
        };
        self.agent(AgentEvent::Step(step))
    }

    fn verifies(self, state: VerifyState) -> Self {
        self.agent(AgentEvent::Verify { state, command: "make test".into(), exit: None })
    }

    fn uses(self, input: u64, output: u64, cost_usd: Option<f64>) -> Self {
        self.agent(AgentEvent::Usage { usage: Usage { input, output, ..Usage::default() }, cost_usd })
    }

    fn asks(self, decision: ApprovalState) -> Self {
        let asked = Approval {
            id: "c1".into(),
            tool: "bash".into(),
            input: serde_json::Value::Null,
            reason: String::new(),
            decision,
        };
        self.agent(AgentEvent::Approval(asked))
    }

    fn fails(self, message: &str) -> Self {
        self.agent(AgentEvent::Error(Failure::new(ErrorClass::Unreachable, message)))
    }

    fn ends(self, reason: EndReason) -> Self {
        self.agent(AgentEvent::TurnEnded(TurnEnd {
            outcome: Outcome::Ok,
            reason,
            text: String::new(),
            commits: Vec::new(),
            usage: Usage::default(),
            cost_usd: None,
        }))
    }

    fn measures(self, files: usize, insertions: usize, deletions: usize) -> Self {
        self.0.changes = Some(Stat { files, insertions, deletions });
        self
    }
}

fn opened(branch: &str) -> Opened {
    Opened {
        branch: branch.to_owned(),
        worktree: "/trees/fix".into(),
        is_aside: false,
        title: String::new(),
        base: String::new(),
        start: String::new(),
        turns: 0,
        steps: 0,
        history: History { conversation: Conversation::default().into(), steps: Vec::new() },
        permissions: PermissionMode::Auto,
        chosen: None,
        context: None,
        recovered: None,
        notices: Vec::new(),
        parent: None,
        variables: Vec::new(),
    }
}

/// Four who fare differently, after a minute and a half.
fn four() -> Vec<Row> {
    let mut rows = vec![row(0, "local"), row(1, "claude/opus@review"), row(2, "codex"), row(3, "auto")];
    let [a, b, c, _] = rows.as_mut_slice() else { unreachable!() };
    Story(a, 0)
        .opens()
        .begins()
        .goes_to("local", "qwen3-coder")
        .uses(1_200, 80, Some(0.0))
        .commits()
        .later(42)
        .verifies(VerifyState::Passed)
        .ends(EndReason::Done)
        .measures(1, 2, 1);
    Story(b, 0)
        .opens()
        .begins()
        .goes_to("claude", "opus")
        .uses(40_000, 2_000, Some(0.25))
        .commits()
        .commits()
        .asks(ApprovalState::Pending)
        .measures(3, 40, 12);
    b.conflicts = 2;
    Story(c, 0).opens().begins().later(3).fails("codex is not logged in").ends(EndReason::Failed);
    rows
}

#[test]
fn what_happens_in_tabs_becomes_a_table() {
    insta::assert_snapshot!(text(&four(), at(90)), @r"
    candidate               state     check     changes  steps  time  tokens   cost
    a  local/qwen3-coder    done      passed    1 +2 −1      1   42s    1.3k     $0
    b  claude/opus @review  asks you  –       3 +40 −12      2  1m30   42.0k  $0.25  ⚠ 2 conflicts
    c  codex                failed    –                      0    3s       0     $0
    d  auto                 opening   –                      0    0s       0     $0
    c: codex is not logged in
    ");
}

#[test]
fn rows_are_ordered_by_any_column_the_better_first() {
    let rows = four();
    let by = |column| order(&rows, column, at(90)).into_iter().map(letter).collect::<String>();
    let all: Vec<String> =
        Column::ALL.iter().map(|column| format!("{}: {}", column.title(), by(*column))).collect();
    insta::assert_snapshot!(all.join("\n"), @r"
    candidate: abcd
    state: abdc
    check: abcd
    changes: abcd
    steps: cdab
    time: dcab
    tokens: cdab
    cost: acdb
    ");
    let mut column = Column::default();
    for _ in Column::ALL {
        column = column.next();
    }
    assert_eq!(column, Column::default());
}

#[test]
fn a_candidate_asks_until_it_is_answered_and_a_follow_up_adds_to_its_time() {
    let mut one = row(0, "local");
    Story(&mut one, 0).opens().begins().asks(ApprovalState::Pending);
    assert_eq!(one.state(), State::Asks);
    Story(&mut one, 5).asks(ApprovalState::Allowed);
    assert_eq!(one.state(), State::Working);
    Story(&mut one, 10).fails("once").ends(EndReason::Done);
    assert_eq!((one.state(), one.time(at(60)), one.trouble.as_deref()), (State::Done, at(10), Some("once")));
    Story(&mut one, 60).begins().later(5).ends(EndReason::Budget);
    assert_eq!((one.state(), one.time(at(99)), one.trouble.as_deref()), (State::OverBudget, at(15), None));
}

#[test]
fn a_tab_that_closes_leaves_its_row() {
    let mut one = row(0, "local");
    Story(&mut one, 0).opens().begins().later(7).then(EventKind::Closed);
    assert_eq!((one.state(), one.fate, one.time(at(99))), (State::Stopped, Fate::Closed, at(7)));
    Story(&mut one, 20).opens();
    assert_eq!(one.fate, Fate::Open);
    one.fate = Fate::Archived;
    Story(&mut one, 21).then(EventKind::Closed);
    assert_eq!(cell(&one, Column::State, at(30)), "archived");
}

#[test]
fn a_tab_that_cannot_be_opened_has_failed() {
    let mut one = row(0, "local");
    Story(&mut one, 0).then(EventKind::Failed(Failure::new(ErrorClass::Internal, "no room on the disk")));
    assert_eq!((one.state(), one.trouble.as_deref()), (State::Failed, Some("no room on the disk")));
}

#[test]
fn a_check_that_the_user_runs_is_told_from_other_commands() {
    let began = |id, command: &str| {
        EventKind::Shell(ShellEvent::Began { id, command: command.into(), audience: Audience::User })
    };
    let ended = |id, exit| {
        let text = String::new();
        EventKind::Shell(ShellEvent::Ended { id, exit, text, offered: false, elapsed_ms: 1 })
    };
    let mut one = row(0, "local");
    Story(&mut one, 0).opens().begins().verifies(VerifyState::Failed).ends(EndReason::Done);
    one.checks("make test".into());
    Story(&mut one, 1).then(began(1, "ls")).then(began(2, "make test")).then(ended(1, ShellEnd::Exited(1)));
    assert!(one.is_checking());
    Story(&mut one, 2).then(ended(2, ShellEnd::Exited(0)));
    assert_eq!(one.verified, Some(VerifyState::Passed));
    for (exit, state) in [
        (ShellEnd::Exited(1), VerifyState::Failed),
        (ShellEnd::Exited(127), VerifyState::NotRun),
        (ShellEnd::Stopped, VerifyState::NotRun),
    ] {
        one.checks("make test".into());
        Story(&mut one, 3).then(began(3, "make test")).then(ended(3, exit));
        assert_eq!(one.verified, Some(state));
    }
}

#[test]
fn the_best_is_done_holds_and_costs_least() {
    let mut rows = four();
    assert_eq!(best(&rows, at(90)), Some(0));
    rows[0].verified = Some(VerifyState::Failed);
    assert_eq!(best(&rows, at(90)), None);
    Story(&mut rows[1], 90).ends(EndReason::Done);
    assert_eq!(best(&rows, at(90)), Some(1));
    rows[0].verified = None;
    assert_eq!(best(&rows, at(90)), Some(0));
    rows[1].verified = Some(VerifyState::Passed);
    assert_eq!(best(&rows, at(90)), Some(1));
    // Whoever changed nothing did nothing.
    rows[1].steps = 0;
    assert_eq!(best(&rows, at(90)), Some(0));
    rows[0].measured(&DiffStat::default());
    assert_eq!(cell(&rows[0], Column::Changes, at(90)), "none");
}
