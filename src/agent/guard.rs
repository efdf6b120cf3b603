//! Tells when a model goes round in circles: the same call with the same result again and again
//! while no file changes, arguments that are never right, edits that never fit.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::chat::{ErrorClass, ToolCall, ToolResult};

/// What was seen in a turn.
#[derive(Debug)]
pub struct LoopGuard {
    max_identical: u32,
    /// How often a call gave a result, since files last changed.
    seen: HashMap<u64, u32>,
    malformed: u32,
    failed_edits: u32,
}

/// What to do after a round of calls.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    GoOn,
    /// Tell the model this, and go on.
    Warn(String),
    Stop(ErrorClass, String),
}

/// Calls without valid arguments in a row that end a turn.
const MAX_MALFORMED: u32 = 4;

/// Failed edits in a row that end a turn.
const MAX_FAILED_EDITS: u32 = 8;

impl LoopGuard {
    /// `max_identical`: the same call with the same result so many times ends the turn.
    pub fn new(max_identical: u32) -> Self {
        Self { max_identical: max_identical.max(2), seen: HashMap::new(), malformed: 0, failed_edits: 0 }
    }

    /// How often the most repeated call gave the same result again, since files last changed.
    pub fn repeats(&self) -> u32 {
        self.seen.values().max().map_or(0, |times| times - 1)
    }

    /// Judges a round. `changed` says whether it changed a file.
    pub fn judge(&mut self, calls: &[ToolCall], results: &[ToolResult], changed: bool) -> Verdict {
        if changed {
            self.seen.clear();
            self.failed_edits = 0;
        }
        let mut verdict = Verdict::GoOn;
        for (call, result) in calls.iter().zip(results) {
            self.malformed = if call.input.is_object() { 0 } else { self.malformed + 1 };
            if self.malformed >= MAX_MALFORMED {
                let said = format!("{MAX_MALFORMED} calls in a row had arguments that are not valid JSON");
                return Verdict::Stop(ErrorClass::BadResponse, said);
            }
            if matches!(call.name.as_str(), "edit" | "apply_patch") && result.is_error {
                self.failed_edits += 1;
                if self.failed_edits >= MAX_FAILED_EDITS {
                    let said = format!("{MAX_FAILED_EDITS} edits in a row did not fit the files");
                    return Verdict::Stop(ErrorClass::EditFailures, said);
                }
            }
            let times = self.seen.entry(fingerprint(call, result)).or_default();
            *times += 1;
            if *times >= self.max_identical {
                let said = format!("the model called {} {times} times with the same result", call.name);
                return Verdict::Stop(ErrorClass::ToolLoop, said);
            }
            if *times + 1 == self.max_identical {
                verdict = Verdict::Warn(format!(
                    "You called {} with the same arguments {times} times and got the same result. Do something \
                     else, or say what keeps you from going on.",
                    call.name
                ));
            }
        }
        verdict
    }
}

fn fingerprint(call: &ToolCall, result: &ToolResult) -> u64 {
    let mut hasher = DefaultHasher::new();
    call.name.hash(&mut hasher);
    call.input.to_string().hash(&mut hasher);
    result.content_text().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn round(name: &str, input: Value, result: &str, is_error: bool) -> (Vec<ToolCall>, Vec<ToolResult>) {
        let call = ToolCall { id: "1".into(), name: name.into(), input, signature: None };
        let result = ToolResult::text(&call, result, is_error);
        (vec![call], vec![result])
    }

    fn judge(guard: &mut LoopGuard, round: &(Vec<ToolCall>, Vec<ToolResult>), changed: bool) -> Verdict {
        guard.judge(&round.0, &round.1, changed)
    }

    #[test]
    fn the_same_call_with_the_same_result_is_warned_of_and_then_stopped() {
        let mut guard = LoopGuard::new(3);
        let same = round("ls", json!({}), "a", false);
        assert_eq!(judge(&mut guard, &same, false), Verdict::GoOn);
        assert!(matches!(judge(&mut guard, &same, false), Verdict::Warn(_)));
        assert!(matches!(judge(&mut guard, &same, false), Verdict::Stop(ErrorClass::ToolLoop, _)));
    }

    #[test]
    fn a_test_that_fails_the_same_way_after_each_change_is_no_loop() {
        let mut guard = LoopGuard::new(3);
        let test = round("bash", json!({"command": "make test"}), "1 failed", true);
        let edit = round("edit", json!({"path": "a"}), "ok", false);
        for _ in 0..10 {
            assert_eq!(judge(&mut guard, &test, false), Verdict::GoOn);
            assert_eq!(judge(&mut guard, &edit, true), Verdict::GoOn);
        }
    }

    #[test]
    fn arguments_that_are_never_json_end_the_turn() {
        let mut guard = LoopGuard::new(50);
        let bad = round("ls", json!("{oops"), "not JSON", true);
        for _ in 0..3 {
            assert_eq!(judge(&mut guard, &bad, false), Verdict::GoOn);
        }
        assert!(matches!(judge(&mut guard, &bad, false), Verdict::Stop(ErrorClass::BadResponse, _)));
    }

    #[test]
    fn edits_that_never_fit_end_the_turn() {
        let mut guard = LoopGuard::new(50);
        let mut last = Verdict::GoOn;
        for number in 0..8 {
            last = judge(&mut guard, &round("edit", json!({"n": number}), "no match", true), false);
        }
        assert!(matches!(last, Verdict::Stop(ErrorClass::EditFailures, _)));
    }
}
