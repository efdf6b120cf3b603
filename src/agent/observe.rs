//! What is observed of an attempt's work while it goes on, and what follows: how sure it is that the work is good, and
//! whether it should be left to another backend. What the counts mean is the router's to say.

use std::collections::HashMap;
use std::path::Path;

use super::Agent;
use super::event::{AgentEvent, StepTaken, VerifyState};
use super::turn::{Attempt, Task};
use super::work::Stop;
use crate::chat::{Certainty, StopReason, ToolCall, ToolResult};
use crate::ledger::Verify;
use crate::routing::{self, Observed};
use crate::tools::Tool;

/// Files that are not changed in passing, by name or by their folder.
const PROTECTED_NAMES: &[&str] = &[
    "Cargo.lock",
    "package-lock.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "poetry.lock",
    "uv.lock",
    "go.sum",
    "flake.lock",
    "LICENSE",
    "LICENCE",
    "COPYING",
    "CODEOWNERS",
    ".gitignore",
    ".gitattributes",
    ".gitmodules",
    ".editorconfig",
    "Dockerfile",
    "Jenkinsfile",
    ".gitlab-ci.yml",
    ".travis.yml",
];
const PROTECTED_FOLDERS: &[&str] =
    &[".github", ".gitlab", ".circleci", ".ci", ".offshoot", ".vscode", ".husky"];

/// What an attempt is judged by.
#[derive(Debug, Clone, Default)]
pub(super) struct Watched {
    pub observed: Observed,
    /// Edits that failed since one fitted, by the file they name.
    failed_edits: HashMap<String, u32>,
}

impl Watched {
    /// Takes in how an answer ended.
    pub fn answer(&mut self, stop: Option<StopReason>, is_empty: bool, certainty: Option<Certainty>) {
        let observed = &mut self.observed;
        observed.answers += 1;
        match stop {
            Some(StopReason::MaxTokens) => observed.stops.truncated += 1,
            Some(StopReason::Refusal) => observed.stops.refused += 1,
            _ => observed.stops.empty += u32::from(is_empty),
        }
        if let Some(new) = certainty {
            observed.certainty = Some(observed.certainty.map_or(new, |so_far| so_far.join(new)));
        }
    }

    /// Takes in a round of our own tools. `repeats`: how often the most repeated call gave the same again.
    pub fn round(&mut self, calls: &[ToolCall], results: &[ToolResult], repeats: u32) {
        for (call, result) in calls.iter().zip(results) {
            let is_known = Tool::by_name(&call.name).is_some();
            self.call(call.input.is_object() && is_known, result.is_error);
            if matches!(call.name.as_str(), "edit" | "apply_patch" | "write") {
                self.edit(call, result.is_error);
            }
        }
        self.observed.calls.repeats = repeats;
    }

    /// Takes in a call of a tool that is not ours: what it edits is not known.
    pub fn call(&mut self, is_well_formed: bool, has_failed: bool) {
        let calls = &mut self.observed.calls;
        calls.made += 1;
        if is_well_formed {
            calls.malformed_in_row = 0;
            calls.failed += u32::from(has_failed);
        } else {
            calls.malformed += 1;
            calls.malformed_in_row += 1;
        }
    }

    fn edit(&mut self, call: &ToolCall, has_failed: bool) {
        let path = call.input.get("path").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        let edits = &mut self.observed.edits;
        edits.tried += 1;
        if has_failed {
            edits.failed += 1;
            edits.failed_in_row += 1;
            *self.failed_edits.entry(path).or_default() += 1;
        } else {
            edits.failed_in_row = 0;
            self.failed_edits.remove(&path);
        }
        edits.worst_file = self.failed_edits.values().copied().max().unwrap_or_default();
    }

    pub fn step(&mut self, step: &StepTaken) {
        self.observed.diff.lines += (step.insertions + step.deletions) as u64;
    }

    pub fn check(&mut self, state: VerifyState) {
        let checks = &mut self.observed.checks;
        checks.last = Some(match state {
            VerifyState::Passed => Verify::Passed,
            VerifyState::Failed => Verify::Failed,
            VerifyState::NotRun => Verify::NotRun,
        });
        checks.failed += u32::from(state == VerifyState::Failed);
    }
}

impl Agent {
    /// Says how sure the work is, when that changed, and leaves the attempt when the policy wants that and somebody
    /// else can go on.
    pub(super) async fn judge(&mut self, task: &Task<'_>, attempt: &mut Attempt) -> Result<(), Stop> {
        self.estimate(task, attempt).await;
        let Some(confidence) = &attempt.confidence else { return Ok(()) };
        let policy = &self.services.settings.router;
        let cause =
            routing::escalate(policy, &attempt.watched.observed, confidence, attempt.backend.is_local());
        match cause {
            Some(cause) if self.could_go_on(task, attempt, &cause) => Err(Stop::Left(cause)),
            _ => Ok(()),
        }
    }

    /// Brings the confidence up to date.
    pub(super) async fn estimate(&mut self, task: &Task<'_>, attempt: &mut Attempt) {
        let window = self.context_window(attempt);
        let prior = self.services.prior(attempt.backend.id(), self.task_class(attempt));
        let observed = &mut attempt.watched.observed;
        observed.diff.asked = task.order.prompt.chars().count() as u64;
        observed.diff.protected = self.protected.saturating_sub(attempt.protected_before);
        observed.context_fill = window.filter(|window| *window > 0).map(|window| {
            #[allow(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
            let (used, window) = (self.session.conversation.last_context() as f64, window as f64);
            (used / window).min(1.0)
        });
        let steps = self.services.settings.agent.max_steps.max(1);
        observed.limits_used = Some((f64::from(observed.answers) / f64::from(steps)).min(1.0));
        if observed.evidence() == 0 && observed.diff.lines == 0 {
            return;
        }
        let confidence = routing::estimate(observed, &self.services.weights, prior.map(|prior| prior.value));
        if attempt.confidence.as_ref() != Some(&confidence) {
            attempt.confidence = Some(confidence.clone());
            self.emit(AgentEvent::Confidence(confidence)).await;
        }
    }
}

/// Whether a path is one that nobody should change in passing.
pub(super) fn is_protected(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    PROTECTED_NAMES.contains(&name)
        || path.iter().any(|part| part.to_str().is_some_and(|part| PROTECTED_FOLDERS.contains(&part)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn edit(watched: &mut Watched, path: &str, has_failed: bool) {
        let call =
            ToolCall { id: "1".into(), name: "edit".into(), input: json!({ "path": path }), signature: None };
        let result = ToolResult::text(&call, "", has_failed);
        watched.round(&[call], &[result], 0);
    }

    #[test]
    fn failed_edits_are_counted_in_a_row_and_by_file() {
        let mut watched = Watched::default();
        for (path, has_failed) in [("a", true), ("b", true), ("a", true), ("b", false)] {
            edit(&mut watched, path, has_failed);
        }
        let edits = watched.observed.edits;
        assert_eq!((edits.tried, edits.failed, edits.failed_in_row, edits.worst_file), (4, 3, 0, 2));
        edit(&mut watched, "a", false);
        assert_eq!(watched.observed.edits.worst_file, 0);
        assert_eq!(watched.observed.calls.failed, 3);
    }

    #[test]
    fn a_call_of_no_tool_and_one_without_arguments_are_malformed() {
        let mut watched = Watched::default();
        for (name, input) in [("ls", json!("{oops")), ("nothing", json!({})), ("ls", json!({}))] {
            let call = ToolCall { id: "1".into(), name: name.into(), input, signature: None };
            let result = ToolResult::text(&call, "", true);
            watched.round(&[call], &[result], 0);
        }
        let calls = watched.observed.calls;
        assert_eq!((calls.made, calls.malformed, calls.malformed_in_row, calls.failed), (3, 2, 0, 1));
    }

    #[test]
    fn what_belongs_to_the_project_and_not_to_a_task_is_protected() {
        for path in ["Cargo.lock", "web/package-lock.json", ".github/workflows/ci.yml", "LICENSE"] {
            assert!(is_protected(Path::new(path)), "{path}");
        }
        for path in ["src/main.rs", "docs/license.md", "github/a", "locks/Cargo.lock.rs"] {
            assert!(!is_protected(Path::new(path)), "{path}");
        }
    }
}
