//! What became of attempts, as the ledger tells it afterwards: whether the work was good. Where it does not tell,
//! there is no outcome.

use std::collections::HashMap;

use super::question::Prior;
use super::weights::PRIOR;
use crate::chat::{ErrorClass, Outcome};
use crate::ledger::{Entry, TaskClass, Verify};

/// An attempt of which it is known whether its work was good.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged<'a> {
    pub entry: &'a Entry,
    pub good: bool,
    pub by: Judge,
}

/// How it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judge {
    /// By the project's check.
    Check,
    /// By the user, who took a step of it back; or who went on from it to another turn.
    User,
    /// By its end: it was left, since it led nowhere.
    End,
}

/// So many outcomes are enough to go by; before that, what is written in the tables counts.
pub const ENOUGH: usize = 50;

/// Attempts that an expectation rests on, of all backends together: a backend that is not asked any more is forgotten
/// after so many, and then gets another chance.
const RECENT: usize = 500;

/// The outcomes in a ledger, the oldest first.
///
/// A step that was undone makes the work bad, whatever the check said, and a redo takes that back; else the check
/// decides; else the work is good if its turn ended well, changed something, and the session went on to another turn.
pub fn outcomes(entries: &[Entry]) -> Vec<Judged<'_>> {
    let undone = undone(entries);
    let went_on = last_turns(entries);
    entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| !entry.is_afterword())
        .filter_map(|(at, entry)| {
            let is_kept = || {
                let session = entry.session.as_deref()?;
                let (last, turn) = *went_on.get(session)?;
                let ended_well = entry.outcome == Some(Outcome::Ok) && !entry.commits.is_empty();
                (ended_well && last > at && turn > entry.turn?).then_some((true, Judge::User))
            };
            let (good, by) = if undone.get(&at) == Some(&true) {
                (false, Judge::User)
            } else {
                match (entry.verify, entry.error_class) {
                    (Some(Verify::Failed), _) => (false, Judge::Check),
                    (Some(Verify::Passed), _) => (true, Judge::Check),
                    (_, Some(class)) if led_nowhere(class) => (false, Judge::End),
                    _ => is_kept()?,
                }
            };
            Some(Judged { entry, good, by })
        })
        .collect()
}

/// How often a backend's work on tasks of a class was good; `None` while too little is known.
pub fn prior(judged: &[Judged], backend: &str, class: TaskClass) -> Option<Prior> {
    let recent = &judged[judged.len().saturating_sub(RECENT)..];
    let of =
        |one: &&Judged| one.entry.backend.as_deref() == Some(backend) && one.entry.task_class == Some(class);
    let all: Vec<&Judged> = recent.iter().filter(of).collect();
    let good = all.iter().filter(|one| one.good).count();
    // Two imagined outcomes keep it from certainty.
    (all.len() >= ENOUGH)
        .then(|| Prior { value: (float(good) + 2.0 * PRIOR) / (float(all.len()) + 2.0), outcomes: all.len() })
}

/// By the place of an attempt, whether the last word on its steps is that they were undone.
fn undone(entries: &[Entry]) -> HashMap<usize, bool> {
    let mut attempts: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut undone = HashMap::new();
    for (at, entry) in entries.iter().enumerate() {
        let Some(kept) = entry.kept else {
            attempts.entry(entry.run_id.as_str()).or_default().push(at);
            continue;
        };
        for &attempt in attempts.get(entry.run_id.as_str()).into_iter().flatten() {
            let commits = &entries[attempt].commits;
            let is_meant = if entry.commits.is_empty() {
                commits.is_empty()
            } else {
                commits.iter().any(|commit| entry.commits.contains(commit))
            };
            if is_meant {
                undone.insert(attempt, !kept);
            }
        }
    }
    undone
}

/// By session: the last attempt's place, and the latest turn.
fn last_turns(entries: &[Entry]) -> HashMap<&str, (usize, u32)> {
    let mut last = HashMap::new();
    for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| !entry.is_afterword()) {
        if let (Some(session), Some(turn)) = (entry.session.as_deref(), entry.turn) {
            last.insert(session, (at, turn));
        }
    }
    last
}

fn led_nowhere(class: ErrorClass) -> bool {
    matches!(
        class,
        ErrorClass::Refused
            | ErrorClass::Truncated
            | ErrorClass::ToolLoop
            | ErrorClass::EditFailures
            | ErrorClass::Verification
    )
}

#[expect(clippy::cast_precision_loss, reason = "counts of lines in a ledger")]
pub(super) fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(session: &str, turn: u32, commits: &[&str]) -> Entry {
        Entry {
            session: Some(session.to_owned()),
            turn: Some(turn),
            backend: Some("local".to_owned()),
            task_class: Some(TaskClass::Change),
            outcome: Some(Outcome::Ok),
            verify: Some(Verify::NotRun),
            commits: commits.iter().map(|commit| (*commit).to_owned()).collect(),
            ..Entry::new(Entry::run_of(session, turn))
        }
    }

    fn checked(turn: u32, verify: Verify, commits: &[&str]) -> Entry {
        Entry { verify: Some(verify), ..attempt("s", turn, commits) }
    }

    fn failed(turn: u32, class: ErrorClass) -> Entry {
        Entry { outcome: Some(Outcome::Error), error_class: Some(class), ..attempt("s", turn, &["x"]) }
    }

    fn said(turn: u32, commits: &[&str], kept: bool) -> Entry {
        let commits = commits.iter().map(|commit| (*commit).to_owned()).collect();
        Entry::afterword("s", turn, commits, kept)
    }

    fn judge(entries: &[Entry]) -> Vec<(u32, bool, Judge)> {
        outcomes(entries).iter().map(|one| (one.entry.turn.unwrap(), one.good, one.by)).collect()
    }

    #[test]
    fn the_table_of_outcomes() {
        use Judge::{Check, End, User};
        for (what, entries, judged) in [
            ("nobody knows yet", vec![attempt("s", 1, &["a"])], vec![]),
            ("words alone", vec![attempt("s", 1, &[]), attempt("s", 2, &[])], vec![]),
            ("gone on from", vec![attempt("s", 1, &["a"]), attempt("s", 2, &[])], vec![(1, true, User)]),
            ("another session", vec![attempt("s", 1, &["a"]), attempt("t", 2, &[])], vec![]),
            ("checked", vec![checked(1, Verify::Passed, &["a"])], vec![(1, true, Check)]),
            ("failed", vec![checked(1, Verify::Failed, &["a"])], vec![(1, false, Check)]),
            ("undone", vec![attempt("s", 1, &["a", "b"]), said(1, &["b"], false)], vec![(1, false, User)]),
            (
                "undone though it passed",
                vec![checked(1, Verify::Passed, &["a"]), said(1, &["a"], false)],
                vec![(1, false, User)],
            ),
            (
                "undone, and redone",
                vec![checked(1, Verify::Passed, &["a"]), said(1, &["a"], false), said(1, &["a"], true)],
                vec![(1, true, Check)],
            ),
            (
                "undone, and the turn taken again",
                vec![
                    checked(1, Verify::Passed, &["a"]),
                    said(1, &["a"], false),
                    checked(1, Verify::Passed, &["b"]),
                ],
                vec![(1, false, User), (1, true, Check)],
            ),
            ("words undone", vec![attempt("s", 1, &[]), said(1, &[], false)], vec![(1, false, User)]),
            ("it went in circles", vec![failed(1, ErrorClass::ToolLoop)], vec![(1, false, End)]),
            ("nobody answered", vec![failed(1, ErrorClass::Timeout), attempt("s", 2, &[])], vec![]),
        ] {
            assert_eq!(judge(&entries), judged, "{what}");
        }
    }

    #[test]
    fn an_expectation_takes_fifty_outcomes_and_fades_when_others_work() {
        let run = |backend: &str, turn: u32, good: bool| Entry {
            backend: Some(backend.to_owned()),
            ..checked(turn, if good { Verify::Passed } else { Verify::Failed }, &["a"])
        };
        let mut entries: Vec<Entry> = (0..49).map(|turn| run("local", turn, turn % 5 == 0)).collect();
        let expected = |entries: &[Entry], backend, class| prior(&outcomes(entries), backend, class);
        assert_eq!(expected(&entries, "local", TaskClass::Change), None);
        entries.push(run("local", 50, true));
        let found = expected(&entries, "local", TaskClass::Change).unwrap();
        assert_eq!(found.outcomes, 50);
        assert!((found.value - 12.5 / 52.0).abs() < 1e-12, "{}", found.value);
        assert_eq!(expected(&entries, "local", TaskClass::Advisory), None);
        assert_eq!(expected(&entries, "claude", TaskClass::Change), None);
        entries.extend((0..460).map(|turn| run("claude", turn, true)));
        assert_eq!(expected(&entries, "local", TaskClass::Change), None);
    }
}
