//! What front-ends say in the same words: figures, money, a tool call in one line. The texts hold what
//! models and tools said as it came: who shows them sanitises them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Stat;
use crate::agent::{Recovered, fit};
use crate::git::session::{ByHand, Freed, GcPlan, Verdict};
use crate::tools::Tool;

/// Columns of what a call is about.
const ARGUMENT_COLUMNS: usize = 72;

/// A path for JSON, which holds no other text than Unicode: what is none is replaced.
pub fn path_text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Several of them.
pub fn path_texts(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|path| path_text(path)).collect()
}

/// A tool call in one line: its name and the argument that tells most.
pub fn describe(name: &str, input: &Value) -> String {
    let keys = ["command", "path", "pattern", "name", "patch"];
    // A title says what a task is about, where it has one.
    let of_agent = ["title", "description", "task", "prompt"];
    let keys: &[&str] = if Tool::by_name(name) == Some(Tool::Agent) { &of_agent } else { &keys };
    let argument = keys.iter().find_map(|key| input.get(key)).or_else(|| input.as_object()?.values().next());
    let text = match argument {
        Some(Value::String(text)) => text.lines().next().unwrap_or_default().to_owned(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    format!("{name} {}", fit(&text, ARGUMENT_COLUMNS)).trim_end().to_owned()
}

/// What was brought on record of a session that a crash had cut off.
pub fn recovered(branch: &str, what: &Recovered) -> String {
    let mut text = format!("recovered after a crash on {branch}: {}", count(what.messages, "message"));
    if let Some(step) = &what.step {
        let short = step.commit.get(..10).unwrap_or(&step.commit);
        text.push_str(&format!(", {} committed as {short}", count(step.files, "changed file")));
    }
    text
}

/// What the user had changed by hand was committed.
pub fn committed(commit: &str, stat: &Stat) -> String {
    let short = commit.get(..10).unwrap_or(commit);
    format!("{} edited by hand: committed as {short}", count(stat.files, "file"))
}

/// What became of what the user had changed by hand, when an undo was taken back.
pub fn by_hand(what: &ByHand) -> Option<String> {
    match what {
        ByHand::Nothing => None,
        ByHand::Along(commit) => {
            Some(format!("what you changed by hand since came along: committed as {}", commit.short()))
        }
        ByHand::Aside { kept, paths } => {
            let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            Some(format!(
                "what you changed by hand since does not fit ({}); it is kept: git show {kept}",
                fit(&paths.join(", "), ARGUMENT_COLUMNS)
            ))
        }
    }
}

/// Text in a fence of backticks that nothing in it ends.
pub fn fenced(text: &str, language: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    let text = text.strip_suffix('\n').unwrap_or(text);
    format!("{fence}{language}\n{text}\n{fence}")
}

/// Text between backticks, as many as it takes.
pub fn quoted(text: &str) -> String {
    let ticks = "`".repeat(longest_run(text) + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{ticks}{space}{text}{space}{ticks}")
}

/// How many backticks follow each other at most.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

/// A size for a person.
#[allow(clippy::cast_precision_loss, reason = "a rounded figure for a person")]
pub fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.1} kB", count as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", count as f64 / 1e6),
        _ => format!("{:.1} GB", count as f64 / 1e9),
    }
}

/// What a plan to free things comes to.
pub fn freeable(plan: &GcPlan) -> String {
    let mut size: u64 = plan.leftovers.iter().map(|leftover| leftover.bytes).sum();
    for item in &plan.items {
        size += match item.verdict {
            Verdict::Free(_) => item.bytes,
            Verdict::Stay(_) if item.frees_builds => item.builds.iter().map(|build| build.bytes).sum(),
            Verdict::Stay(_) => 0,
        };
    }
    let kept = match plan.kept.len() {
        0 => String::new(),
        heads => format!(" and {}", count(heads, "kept head")),
    };
    format!("{}{kept} can be freed", bytes(size))
}

/// What was freed.
pub fn freed(done: &Freed) -> String {
    let mut parts = vec![count(done.worktrees.len(), "worktree")];
    for (number, thing) in
        [(done.builds.len(), "build folder"), (done.leftovers, "unfinished object"), (done.kept, "kept head")]
    {
        if number > 0 {
            parts.push(count(number, thing));
        }
    }
    format!("freed {}: {}", bytes(done.bytes), parts.join(", "))
}

/// How long ago something was, in its largest unit: `now`, `5 min`, `3 h`, `2 days`.
pub fn ago(at: i64, now: i64) -> String {
    match now.saturating_sub(at) {
        ..60 => "now".to_owned(),
        seconds @ 60..3_600 => format!("{} min", seconds / 60),
        seconds @ 3_600..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// So many of a thing whose plural ends in s.
pub fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// Dollars, as precise as they matter.
pub fn dollars(usd: Option<f64>) -> String {
    match usd {
        None => "unpriced".to_owned(),
        Some(0.0) => "$0".to_owned(),
        Some(usd) if usd < 0.01 => format!("${usd:.4}"),
        Some(usd) => format!("${usd:.2}"),
    }
}

/// Tokens, rounded.
#[allow(clippy::cast_precision_loss, reason = "a rounded figure for a person")]
pub fn tokens(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{:.1}k", count as f64 / 1e3),
        _ => format!("{:.1}M", count as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::agent::StepTaken;

    #[test]
    fn a_call_is_told_by_the_argument_that_says_most() {
        for (input, told) in [
            (json!({"description": "d", "command": "cargo test\n--all"}), "bash cargo test"),
            (json!({"other": "first", "more": "second"}), "bash first"),
            (json!({"list": ["a", 1]}), r#"bash ["a",1]"#),
            (json!({"path": null}), "bash"),
            (json!({}), "bash"),
            (json!("not an object"), "bash"),
        ] {
            assert_eq!(describe("bash", &input), told);
        }
        assert!(describe("bash", &json!({"command": "x".repeat(200)})).ends_with('…'));
    }

    #[test]
    fn figures_are_as_precise_as_they_matter() {
        assert_eq!([count(0, "file"), count(1, "file")], ["0 files", "1 file"]);
        let money = [None, Some(0.0), Some(0.001_23), Some(0.5), Some(12.345)].map(dollars);
        assert_eq!(money, ["unpriced", "$0", "$0.0012", "$0.50", "$12.35"]);
        assert_eq!([0, 999, 1_000, 12_345, 2_500_000].map(tokens), ["0", "999", "1.0k", "12.3k", "2.5M"]);
    }

    #[test]
    fn what_was_recovered_is_counted() {
        let step = StepTaken {
            commit: "0123456789abcdef".into(),
            turn: 1,
            step: 1,
            subject: String::new(),
            files: 2,
            insertions: 0,
            deletions: 0,
        };
        let what = Recovered { messages: 1, step: Some(step) };
        assert_eq!(
            recovered("b", &what),
            "recovered after a crash on b: 1 message, 2 changed files committed as 0123456789"
        );
        assert_eq!(recovered("b", &Recovered::default()), "recovered after a crash on b: 0 messages");
    }
}
