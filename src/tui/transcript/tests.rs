//! The transcript as its reader moves through it: rows in sight, and what is copied and found of them.

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::agent::{AgentEvent, ApprovalState, StepTaken};
use crate::chat::{Conversation, Entry, EntryKind, Message, Part, ToolCall, ToolResult, Usage, Voice};
use crate::workbench::{History, StepMark};

const WIDTH: u16 = 40;
const HEIGHT: u16 = 6;

fn transcript(events: &[AgentEvent]) -> Transcript {
    let mut transcript = Transcript::default();
    feed(&mut transcript, events);
    transcript
}

fn feed(transcript: &mut Transcript, events: &[AgentEvent]) {
    for event in events {
        transcript.feed(1, event);
        transcript.arrange(WIDTH, HEIGHT);
    }
}

fn text(words: &str) -> AgentEvent {
    AgentEvent::Text(words.to_owned())
}

fn notice(number: usize) -> AgentEvent {
    AgentEvent::Notice(format!("notice {number}"))
}

fn notices(count: usize) -> Vec<AgentEvent> {
    (1..=count).map(notice).collect()
}

/// The rows in sight.
fn seen(transcript: &mut Transcript) -> Vec<String> {
    transcript.arrange(WIDTH, HEIGHT);
    transcript.window().map(|(_, row)| row.text().trim_end().to_owned()).collect()
}

/// All rows that there are.
fn all(transcript: &Transcript, width: usize) -> String {
    let rows = (0..transcript.cells().len()).flat_map(|at| transcript.rows_of(at, width));
    rows.map(|row| row.text().trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

fn at_cursor(transcript: &mut Transcript) -> String {
    transcript.arrange(WIDTH, HEIGHT);
    let cursor = transcript.cursor().expect("nobody reads");
    let row = transcript.window().find(|(at, _)| *at == cursor).expect("the cursor is out of sight");
    row.1.text().trim().to_owned()
}

#[test]
fn the_end_is_in_sight_until_somebody_scrolls_up() {
    let mut transcript = transcript(&notices(20));
    assert_eq!(seen(&mut transcript).last().unwrap(), "· notice 20");
    transcript.go(Move::Rows(-3));
    assert_eq!(seen(&mut transcript).last().unwrap(), "· notice 17");
    feed(&mut transcript, &[notice(21), notice(22)]);
    assert_eq!(seen(&mut transcript).last().unwrap(), "· notice 17");
    assert!(!transcript.follows());
    // Whoever comes to the end follows it again.
    transcript.go(Move::Rows(5));
    assert_eq!(seen(&mut transcript).last().unwrap(), "· notice 22");
    feed(&mut transcript, &[notice(23)]);
    assert_eq!(seen(&mut transcript).last().unwrap(), "· notice 23");
    assert!(transcript.follows());
}

#[test]
fn pages_overlap_by_nothing_and_stop_at_the_ends() {
    let mut transcript = transcript(&notices(20));
    transcript.go(Move::Halves(-2));
    assert_eq!(seen(&mut transcript)[0], "· notice 9");
    transcript.go(Move::Halves(-1));
    assert_eq!(seen(&mut transcript)[0], "· notice 6");
    transcript.go(Move::Halves(-20));
    assert_eq!(seen(&mut transcript)[0], "· notice 1");
    transcript.go(Move::Halves(-1));
    assert_eq!(seen(&mut transcript)[0], "· notice 1");
    transcript.go(Move::Bottom);
    assert_eq!(seen(&mut transcript)[0], "· notice 15");
    transcript.go(Move::Top);
    assert_eq!(seen(&mut transcript)[0], "· notice 1");
}

#[test]
fn one_goes_from_prompt_to_prompt_and_from_item_to_item() {
    let mut transcript = Transcript::default();
    for turn in 1..=3 {
        transcript.feed(turn, &AgentEvent::TurnBegan { turn, prompt: format!("prompt {turn}") });
        for one in &notices(9) {
            transcript.feed(turn, one);
        }
    }
    transcript.arrange(WIDTH, HEIGHT);
    assert!(transcript.read());
    assert_eq!(at_cursor(&mut transcript), "· notice 9");
    for (to, row) in [
        (Move::Turn(-1), "▌ prompt 3"),
        (Move::Turn(-1), "▌ prompt 2"),
        (Move::Cell(-1), "· notice 9"),
        (Move::Turn(1), "▌ prompt 2"),
        (Move::Turn(-1), "▌ prompt 1"),
        (Move::Turn(-1), "▌ prompt 1"),
        (Move::Cell(1), "· notice 1"),
        (Move::Turn(1), "▌ prompt 2"),
        (Move::Turn(1), "▌ prompt 3"),
        (Move::Turn(1), "▌ prompt 3"),
        (Move::Bottom, "· notice 9"),
    ] {
        transcript.go(to);
        assert_eq!(at_cursor(&mut transcript), row, "{to:?}");
    }
    assert_eq!(transcript.at_cursor().unwrap().turn, 3);
}

#[test]
fn a_window_over_a_hundred_thousand_cells_lays_out_few() {
    let mut transcript = Transcript::default();
    for number in 0..100_000 {
        transcript.push(1, Kind::Notice(format!("notice {number}")));
    }
    let laid = |transcript: &Transcript| transcript.cells.iter().filter(|cell| cell.laid.is_some()).count();
    transcript.arrange(WIDTH, HEIGHT);
    assert!(laid(&transcript) <= usize::from(HEIGHT) + 1, "{}", laid(&transcript));
    for _ in 0..300 {
        transcript.go(Move::Halves(-2));
        transcript.arrange(WIDTH, HEIGHT);
    }
    assert!(laid(&transcript) <= 2 * KEPT_LAYOUTS, "{}", laid(&transcript));
    transcript.go(Move::Top);
    transcript.arrange(WIDTH, HEIGHT);
    transcript.go(Move::Bottom);
    transcript.arrange(WIDTH + 7, HEIGHT);
    assert!(laid(&transcript) <= 2 * KEPT_LAYOUTS, "{}", laid(&transcript));
}

#[test]
fn a_call_opens_and_closes_and_stays_in_its_place() {
    let change = json!({ "path": "a.rs", "old_string": "one\ntwo", "new_string": "one\n2" });
    let mut transcript = transcript(&[
        AgentEvent::ToolCall { id: "c".into(), name: "edit".into(), input: change },
        AgentEvent::ToolResult {
            id: "c".into(),
            name: "edit".into(),
            is_error: false,
            summary: "a.rs (1 replacement)".into(),
            content: "done".into(),
        },
        notice(1),
    ]);
    assert_eq!(seen(&mut transcript), ["✓ edit a.rs (1 replacement)", "· notice 1"]);
    transcript.fold(0);
    let opened = ["✓ edit a.rs (1 replacement)", "  │   one", "  │ - two", "  │ + 2", "· notice 1"];
    assert_eq!(seen(&mut transcript), opened);
    transcript.fold(1);
    assert_eq!(seen(&mut transcript), opened);
    transcript.fold(0);
    assert_eq!(seen(&mut transcript).len(), 2);
    transcript.set_verbose(true);
    assert_eq!(seen(&mut transcript), opened);
}

#[test]
fn a_search_goes_around_and_finds_what_is_folded_by_its_line() {
    let mut transcript = transcript(&notices(30));
    assert!(transcript.search("Notice 1") || transcript.needle() == Some("Notice 1"));
    assert!(!transcript.find_next(1));
    assert!(transcript.search("notice 1"));
    let mut found = vec![at_cursor(&mut transcript)];
    for _ in 0..11 {
        assert!(transcript.find_next(1));
        found.push(at_cursor(&mut transcript));
    }
    assert_eq!(found[0], found[11]);
    assert_eq!(found.iter().collect::<std::collections::HashSet<_>>().len(), 11);
    let last = found[11].clone();
    transcript.find_next(1);
    transcript.find_next(-1);
    assert_eq!(at_cursor(&mut transcript), last);
    assert_eq!(transcript.hits("x notice 1").first(), Some(&(2..10)));
    assert!(transcript.search(""));
    assert!(transcript.hits("notice 1").is_empty());
}

#[test]
fn what_is_copied_are_lines_as_they_were_said() {
    let long = "A paragraph whose words do not fit on one row of forty columns, nor on two of them.";
    let code = "```sh\ncargo test --all --no-fail-fast -- --nocapture a_very_long_name_of_a_test\n```\n";
    let mut transcript = transcript(&[
        AgentEvent::TurnBegan { turn: 1, prompt: "first line\nsecond line".into() },
        text(&format!("{long}\n\n> quoted words\n\n{code}")),
    ]);
    transcript.arrange(WIDTH, 40);
    let places: Vec<Position> = transcript.window().map(|(at, _)| at).collect();
    transcript.select_from(Point { at: places[0], column: 0 });
    transcript.select_to(Point { at: *places.last().unwrap(), column: 99 });
    let copied = transcript.copied().unwrap();
    let command = "cargo test --all --no-fail-fast -- --nocapture a_very_long_name_of_a_test";
    assert_eq!(copied, format!("first line\nsecond line\n\n{long}\n\nquoted words\n\n{command}"));
    // From the middle of a row to the middle of another.
    transcript.select_from(Point { at: places[0], column: 8 });
    transcript.select_to(Point { at: places[1], column: 7 });
    assert_eq!(transcript.copied().unwrap(), "line\nsecond");
    transcript.unselect();
    assert_eq!(transcript.copied(), None);
}

#[test]
fn wide_letters_are_copied_whole() {
    let mut transcript = transcript(&[AgentEvent::Notice("漢字と仮名".into())]);
    let at = Position { cell: 0, row: 0 };
    transcript.arrange(WIDTH, HEIGHT);
    transcript.select_from(Point { at, column: 5 });
    transcript.select_to(Point { at, column: 6 });
    assert_eq!(transcript.copied().unwrap(), "字と");
    assert_eq!(transcript.selected(at), Some((5, 7)));
}

#[test]
fn an_answer_that_begins_anew_takes_its_text_back() {
    let mut transcript = transcript(&[
        AgentEvent::TurnBegan { turn: 1, prompt: "do it".into() },
        AgentEvent::Thinking("hm".into()),
        text("Half an\n\nans"),
        AgentEvent::Restarted,
        text("A whole answer."),
    ]);
    assert!(all(&transcript, 60).ends_with("anew\n\n  A whole answer."));
    assert!(!all(&transcript, 60).contains("Half"));
    // What a call has followed is on record: only the rest goes.
    feed(
        &mut transcript,
        &[
            AgentEvent::ToolCall { id: "c".into(), name: "ls".into(), input: json!({}) },
            text("more"),
            AgentEvent::Restarted,
        ],
    );
    let shown = all(&transcript, 60);
    assert!(shown.contains("A whole answer.") && shown.contains("ls") && !shown.contains("more"), "{shown}");
}

const ANSWER: &str = "# A heading\n\nA paragraph of *several* words that\ngoes on in a second line.\nAnd a third.\n\n\
    - one\n- two\n  - deeper\n\n1. first\n2. second\n\n> quoted\n> twice\n\n```rust\nfn main() {\n\n    run();\n}\n```\n\n\
    | a | b |\n| --- | --- |\n| 1 | 漢字 |\n\nThe end: [link](http://x) and `code`, 👩‍👩‍👧 e\u{301}.\n\nLast words";

/// Pieces of random sizes, from a small generator so that the seed alone gives the same everywhere.
fn pieces(text: &str, mut dice: u64) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let size = usize::try_from((dice >> 33) % 23).unwrap() + 1;
        let end = letters.len().min(at + size);
        pieces.push(letters[at..end].iter().collect());
        at = end;
    }
    pieces
}

#[test]
fn a_streamed_answer_is_the_one_that_is_replayed() {
    let whole = transcript(&[text(ANSWER), notice(1)]);
    let expected = all(&whole, 60);
    for seed in 0..60 {
        let mut streamed = Transcript::default();
        for (number, piece) in pieces(ANSWER, seed).iter().enumerate() {
            streamed.feed(1, &text(piece));
            // Not every piece gets a frame of its own.
            if !(number as u64 + seed).is_multiple_of(3) {
                streamed.arrange(WIDTH, HEIGHT);
            }
        }
        streamed.feed(1, &notice(1));
        assert_eq!(all(&streamed, 60), expected, "seed {seed}");
    }
}

#[test]
fn what_is_in_sight_of_a_stream_is_all_of_it() {
    for seed in 0..20 {
        let mut streamed = Transcript::default();
        let mut said = String::new();
        for piece in pieces(ANSWER, seed) {
            streamed.feed(1, &text(&piece));
            said.push_str(&piece);
            streamed.arrange(60, 200);
            let at_once = {
                let mut fresh = transcript(&[text(&said)]);
                fresh.arrange(60, 200);
                fresh.window().map(|(_, row)| row.text()).collect::<Vec<_>>()
            };
            let seen: Vec<String> = streamed.window().map(|(_, row)| row.text()).collect();
            assert_eq!(seen, at_once, "seed {seed}, after {said:?}");
        }
    }
}

#[test]
fn a_session_that_is_opened_again_looks_as_it_did() {
    let call = ToolCall {
        id: "c".into(),
        name: "bash".into(),
        input: json!({ "command": "cargo test" }),
        signature: None,
    };
    let step = StepTaken {
        commit: "9f31c07e".repeat(5),
        turn: 1,
        step: 1,
        subject: "Count once".into(),
        files: 1,
        insertions: 2,
        deletions: 1,
    };
    let live = transcript(&[
        AgentEvent::TurnBegan { turn: 1, prompt: "fix it".into() },
        AgentEvent::Route(crate::agent::Routed {
            decision: crate::routing::Decision { backend: "local".into(), local: true, ..Default::default() },
            model: "m".into(),
            role: None,
        }),
        AgentEvent::Thinking("a thought".into()),
        text(ANSWER),
        AgentEvent::ToolCall { id: "c".into(), name: "bash".into(), input: call.input.clone() },
        AgentEvent::ToolResult {
            id: "c".into(),
            name: "bash".into(),
            is_error: true,
            summary: "exit code 1".into(),
            content: "exit code 1\nmore".into(),
        },
        AgentEvent::Step(step.clone()),
        text("Done."),
    ]);
    let entry = |kind| Entry { turn: 1, at: String::new(), kind };
    let answer = |parts: Vec<Part>| EntryKind::Answer {
        message: Message { parts, ..Message::assistant("") },
        by: Voice { backend: "local".into(), model: "m".into() },
        usage: Usage::default(),
        stop: None,
    };
    let said = vec![
        Part::Thinking { text: "a thought".into(), signature: None },
        Part::Text(ANSWER.into()),
        Part::ToolCall(call.clone()),
    ];
    let conversation = Conversation::new(vec![
        entry(EntryKind::Prompt { message: Message::user("fix it"), base: None }),
        entry(answer(said)),
        entry(EntryKind::Results(Message::results(vec![ToolResult::text(&call, "exit code 1\nmore", true)]))),
        entry(answer(vec![Part::Text("Done.".into())])),
    ]);
    let mark = StepMark {
        commit: step.commit,
        turn: 1,
        step: 1,
        subject: step.subject,
        last_entry: 2,
        stat: Some(crate::workbench::Stat { files: 1, insertions: 2, deletions: 1 }),
    };
    let mut replayed = Transcript::default();
    replayed.replay(&History { conversation: Arc::new(conversation), steps: vec![mark] });
    assert_eq!(all(&replayed, 60), all(&live, 60));
}

#[test]
fn a_sequence_in_pieces_is_no_text_in_any_frame() {
    let mut transcript = Transcript::default();
    for piece in ["red ", "\u{1b}", "[3", "1mink", "\u{1b}]0;ti", "tle", "\u{7} done", "\u{1b}"] {
        transcript.feed(1, &text(piece));
        transcript.arrange(WIDTH, HEIGHT);
        assert!(!seen(&mut transcript).join("").contains("[3"));
    }
    transcript.feed(1, &notice(1));
    assert_eq!(all(&transcript, 40), "  red ink done\n\n· notice 1");
}

#[test]
fn an_approval_that_was_decided_takes_the_place_of_the_one_that_waited() {
    let approval = |decision| {
        AgentEvent::Approval(crate::agent::Approval {
            id: "c".into(),
            tool: "bash".into(),
            input: json!({ "command": "git push" }),
            reason: "runs `git push`".into(),
            decision,
        })
    };
    let mut transcript = transcript(&[approval(ApprovalState::Pending), notice(1)]);
    feed(&mut transcript, &[approval(ApprovalState::Allowed)]);
    assert_eq!(all(&transcript, 80), "✓ allowed bash git push  because it runs `git push`\n· notice 1");
}

#[test]
fn a_cursor_in_cells_that_are_gone_moves_to_what_is_there() {
    let mut transcript = transcript(&[notice(1), text(&"a line\n\n".repeat(30))]);
    assert!(transcript.read());
    transcript.feed(1, &AgentEvent::Restarted);
    for to in [Move::Rows(1), Move::Rows(-1), Move::Cell(1), Move::Turn(-1), Move::Bottom, Move::Halves(-1)] {
        transcript.go(to);
        let _ = transcript.find_next(1);
        let _ = at_cursor(&mut transcript);
    }
}
