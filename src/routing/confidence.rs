//! How sure it is that a backend's work is good, from what was observed of it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::observed::Observed;
use super::weights::{KINDS, Weights};
use crate::ledger::Verify;

/// From 0 to 1, with what led to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Confidence {
    pub value: f64,
    pub signals: Vec<Signal>,
}

/// Something observed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Signal {
    /// In the words of the ledger, such as `edits`.
    pub name: String,
    /// From 0 (bad) to 1 (good).
    pub value: f64,
    /// How much it counts; see the table of weights.
    pub weight: f64,
    /// Where it was seen, in words: `3 of 4 edits fitted`.
    pub source: String,
}

impl Confidence {
    /// The signals as the ledger and events have them.
    pub fn values(&self) -> BTreeMap<String, f64> {
        self.signals.iter().map(|signal| (signal.name.clone(), signal.value)).collect()
    }
}

/// How sure it is that the work observed is good.
///
/// The log-odds of the prior, plus weight · (value − neutral) of each signal, back as a probability:
/// a logistic regression, so the weights can be fitted to outcomes. Where nothing was observed the answer is the
/// prior: [`PRIOR`](super::weights::PRIOR), the fitted one of `weights`, or the one given, such as how often a
/// backend's work of this kind was good. A signal is there only if something was seen of it. Shares are drawn to
/// their neutral value by two imagined cases, so that one slip among two calls says less than ten among twenty.
///
/// | signal | value | neutral | weight |
/// | --- | --- | --- | --- |
/// | `verification` | 1: the project's check passed, 0: it failed; not run: no signal | 0.5 | 6 |
/// | `tool_calls` | share of calls that were well formed | 0.95 | 6 |
/// | `tool_results` | share of those that ended without an error: a failing test is ordinary | 0.8 | 1.5 |
/// | `edits` | share of edits that fitted the file | 0.85 | 4 |
/// | `edits_of_one_file` | 1 less a quarter for each failed edit in a row on one file | 1 | 2 |
/// | `repeated_calls` | 1 less a quarter for each time that a call gave the same result again | 1 | 3 |
/// | `truncated` | 0: an answer was cut off | 1 | 2.5 |
/// | `refused` | 0: the model refused | 1 | 4 |
/// | `empty_answers` | 1 less half for each answer without words or calls | 1 | 3 |
/// | `logprob_mean` | e to the mean log-probability of a token | 0.85 | 4 |
/// | `logprob_min` | from 0 at a log-probability of −12 or less to 1 at 0, of the least likely token | 0.5 | 0.5 |
/// | `diff_size` | lines that the prompt's length would explain, by lines changed, at most 1 | 1 | 1.2 |
/// | `protected_paths` | 0: paths were changed that are not changed in passing | 1 | 2 |
/// | `context` | 1 until half of the window is full, 0 when it is | 1 | 1 |
/// | `limits` | 1 until half of the turn's steps or time are used, 0 when they are | 1 | 1 |
///
/// The length of an answer is no signal.
pub fn estimate(observed: &Observed, weights: &Weights, prior: Option<f64>) -> Confidence {
    let seen: Vec<(&str, Seen)> =
        KINDS.iter().filter_map(|kind| Some((kind.name, look(kind.name, kind.neutral, observed)?))).collect();
    let value = weights.combine(seen.iter().map(|(name, seen)| (*name, seen.value)), prior);
    let signals = seen
        .into_iter()
        .map(|(name, Seen { value, source })| Signal {
            name: name.to_owned(),
            value: rounded(value),
            weight: rounded(weights.of(name)),
            source,
        })
        .collect();
    Confidence { value: rounded(value), signals }
}

/// The value of one signal, and where it comes from.
struct Seen {
    value: f64,
    source: String,
}

fn look(name: &str, neutral: f64, observed: &Observed) -> Option<Seen> {
    let Observed { calls, edits, checks, stops, diff, .. } = observed;
    Some(match name {
        "verification" => match checks.last? {
            Verify::Passed => seen(1.0, "the check passed"),
            Verify::Failed => seen(0.0, format!("the check failed, {}", times(checks.failed))),
            Verify::NotRun => return None,
        },
        "tool_calls" => share(calls.malformed, calls.made, neutral, "calls were well formed")?,
        "tool_results" => {
            let made = calls.made.saturating_sub(calls.malformed);
            share(calls.failed, made, neutral, "calls ended without an error")?
        }
        "edits" => share(edits.failed, edits.tried, neutral, "edits fitted")?,
        "edits_of_one_file" if edits.worst_file > 0 => {
            let source = format!("edits of one file failed {} in a row", times(edits.worst_file));
            seen(1.0 - f64::from(edits.worst_file) / 4.0, source)
        }
        "repeated_calls" if calls.repeats > 0 => {
            let source = format!("a call gave the same result again, {}", times(calls.repeats));
            seen(1.0 - f64::from(calls.repeats) / 4.0, source)
        }
        "truncated" if stops.truncated > 0 => {
            seen(0.0, format!("an answer was cut off, {}", times(stops.truncated)))
        }
        "refused" if stops.refused > 0 => seen(0.0, "it refused to answer"),
        "empty_answers" if stops.empty > 0 => {
            seen(1.0 - f64::from(stops.empty) / 2.0, format!("an answer was empty, {}", times(stops.empty)))
        }
        "logprob_mean" => {
            let certainty = observed.certainty?;
            let source =
                format!("mean log-probability {:.2} of {} tokens", certainty.mean(), certainty.tokens);
            seen(certainty.mean().exp(), source)
        }
        "logprob_min" => {
            let certainty = observed.certainty?;
            seen(1.0 + certainty.min / 12.0, format!("least log-probability {:.2}", certainty.min))
        }
        "diff_size" if diff.lines > 0 => {
            let explained = explained_lines(diff.asked);
            let source = format!("{} lines changed for a prompt of {} characters", diff.lines, diff.asked);
            seen(ratio(explained, diff.lines), source)
        }
        "protected_paths" if diff.protected > 0 => {
            seen(0.0, format!("protected paths were changed: {}", diff.protected))
        }
        "context" => {
            let fill = observed.context_fill.filter(|fill| *fill > 0.5)?;
            seen(2.0 - 2.0 * fill, format!("{:.0} % of the context are full", 100.0 * fill))
        }
        "limits" => {
            let used = observed.limits_used.filter(|used| *used > 0.5)?;
            seen(2.0 - 2.0 * used, format!("{:.0} % of the turn's steps or time are used", 100.0 * used))
        }
        _ => return None,
    })
}

fn seen(value: f64, source: impl Into<String>) -> Seen {
    Seen { value: value.clamp(0.0, 1.0), source: source.into() }
}

/// Imagined cases of the neutral value in each share.
const IMAGINED: f64 = 2.0;

/// The share of those that are not bad; none of nothing.
fn share(bad: u32, all: u32, neutral: f64, what: &str) -> Option<Seen> {
    let good = all.saturating_sub(bad);
    let value = (f64::from(good) + IMAGINED * neutral) / (f64::from(all) + IMAGINED);
    (all > 0).then(|| seen(value, format!("{good} of {all} {what}")))
}

/// Lines of change that need no explanation, for a prompt of so many characters.
fn explained_lines(characters: u64) -> u64 {
    200 + 4 * characters
}

#[expect(clippy::cast_precision_loss, reason = "counts of lines")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// To four places: what the ledger and the screen need.
fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::observed::{Calls, Checks, Diff, Edits, Stops};
    use super::super::weights::PRIOR;
    use super::*;
    use crate::chat::Certainty;

    fn confident(observed: &Observed) -> f64 {
        estimate(observed, &Weights::default(), None).value
    }

    fn calls(made: u32, malformed: u32, failed: u32) -> Observed {
        Observed { calls: Calls { made, malformed, failed, ..Calls::default() }, ..Observed::default() }
    }

    fn edits(tried: u32, failed: u32, worst_file: u32) -> Observed {
        let edits = Edits { tried, failed, worst_file, failed_in_row: worst_file };
        Observed { edits, ..calls(tried, 0, failed) }
    }

    fn checked(last: Verify, failed: u32) -> Observed {
        Observed { checks: Checks { failed, last: Some(last) }, ..Observed::default() }
    }

    fn stopped(stops: Stops) -> Observed {
        Observed { stops, answers: 1, ..Observed::default() }
    }

    #[test]
    fn where_nothing_was_observed_it_is_the_prior() {
        let close = |a: f64, b: f64| (a - b).abs() < 1e-4;
        assert!(close(confident(&Observed::default()), PRIOR));
        // Answers alone, however many, say nothing; nor does a check that could not be run.
        assert!(close(confident(&Observed { answers: 40, ..Observed::default() }), PRIOR));
        assert!(close(confident(&checked(Verify::NotRun, 0)), PRIOR));
        assert!(close(estimate(&Observed::default(), &Weights::default(), Some(0.3)).value, 0.3));
        let fitted = Weights { prior: 0.9, ..Weights::default() };
        assert!(close(estimate(&Observed::default(), &fitted, None).value, 0.9));
    }

    #[test]
    fn the_table_of_what_raises_and_lowers() {
        let certain = |logprob: f64| Observed {
            certainty: Certainty::of(std::iter::repeat_n(logprob, 100)),
            ..Observed::default()
        };
        let diff = |lines, asked, protected| Observed {
            diff: Diff { lines, asked, protected },
            ..Observed::default()
        };
        // From the observation to a range that the confidence lies in; the default threshold is 0.6.
        for (what, observed, low, high) in [
            ("ten calls without a slip", calls(10, 0, 0), 0.76, 0.90),
            ("one malformed call of ten", calls(10, 1, 0), 0.60, 0.78),
            ("half of the calls malformed", calls(10, 5, 0), 0.0, 0.40),
            ("half of the commands failed", calls(10, 0, 5), 0.65, 0.80),
            ("all edits fitted", edits(8, 0, 0), 0.80, 0.95),
            ("half of the edits failed", edits(10, 5, 2), 0.0, 0.50),
            ("the check passed", checked(Verify::Passed, 0), 0.97, 1.0),
            ("the check passed in the end", checked(Verify::Passed, 1), 0.97, 1.0),
            ("the check failed", checked(Verify::Failed, 1), 0.0, 0.2),
            ("cut off", stopped(Stops { truncated: 1, ..Stops::default() }), 0.0, 0.3),
            ("refused", stopped(Stops { refused: 1, ..Stops::default() }), 0.0, 0.1),
            ("empty", stopped(Stops { empty: 1, ..Stops::default() }), 0.3, 0.5),
            ("sure of its words", certain(-0.05), 0.75, 0.90),
            ("unsure of its words", certain(-0.9), 0.0, 0.5),
            ("a small change", diff(30, 40, 0), 0.7499, 0.7501),
            ("a flood for a short prompt", diff(4_000, 40, 0), 0.4, 0.6),
            ("a flood that was asked for at length", diff(4_000, 4_000, 0), 0.7499, 0.7501),
            ("what should not be touched", diff(3, 40, 2), 0.2, 0.35),
            ("half full", Observed { context_fill: Some(0.5), ..Observed::default() }, 0.7499, 0.7501),
            ("full", Observed { context_fill: Some(1.0), ..Observed::default() }, 0.5, 0.6),
            ("out of time", Observed { limits_used: Some(1.3), ..Observed::default() }, 0.5, 0.6),
        ] {
            let value = confident(&observed);
            assert!((low..=high).contains(&value), "{what}: {value}");
        }
    }

    #[test]
    fn a_failed_check_outweighs_smooth_work_and_few_slips_say_less_than_many() {
        let smooth = edits(12, 0, 0);
        let failed = Observed { checks: checked(Verify::Failed, 2).checks, ..smooth.clone() };
        assert!(confident(&smooth) > 0.8 && confident(&failed) < 0.4, "{}", confident(&failed));
        assert!(confident(&calls(2, 1, 0)) > confident(&calls(20, 10, 0)));
    }

    #[test]
    fn each_signal_says_its_value_its_weight_and_where_it_was_seen() {
        let told = estimate(&edits(4, 1, 1), &Weights::default(), None);
        let lines: Vec<String> = told
            .signals
            .iter()
            .map(|signal| {
                format!("{} {:.2} · {}: {}", signal.name, signal.value, signal.weight, signal.source)
            })
            .collect();
        assert_eq!(
            lines,
            [
                "tool_calls 0.98 · 6: 4 of 4 calls were well formed",
                "tool_results 0.77 · 1.5: 3 of 4 calls ended without an error",
                "edits 0.78 · 4: 3 of 4 edits fitted",
                "edits_of_one_file 0.75 · 2: edits of one file failed once in a row",
            ]
        );
        assert!((told.values()["edits"] - 0.7833).abs() < 1e-9);
    }

    #[test]
    fn absurd_counts_and_weights_stay_between_0_and_1() {
        let absurd = Observed { edits: Edits { tried: 1, failed: 9, ..Edits::default() }, ..calls(1, 5, 7) };
        let wild = Weights { prior: 1.0, weights: [("edits".to_owned(), 1e9)].into() };
        for weights in [&Weights::default(), &wild] {
            let value = estimate(&absurd, weights, Some(7.0)).value;
            assert!((0.0..=1.0).contains(&value), "{value}");
        }
    }

    #[test]
    fn the_table_in_the_words_of_the_doc_is_the_table_in_force() {
        let doc = include_str!("confidence.rs");
        for kind in KINDS {
            let row = doc.lines().find(|line| line.starts_with(&format!("/// | `{}`", kind.name)));
            let end = format!("| {} | {} |", kind.neutral, kind.weight);
            assert!(row.is_some_and(|row| row.ends_with(&end)), "{}: {row:?}", kind.name);
        }
    }
}
