//! How well confidence foretold outcomes, and weights that would have done better.

use std::collections::BTreeMap;

use serde::Serialize;

use super::outcomes::{ENOUGH, Judge, Judged, float};
use super::weights::{KINDS, VERIFICATION, Weights, distance, log_odds, probability};

/// What was predicted beside what was observed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// Outcomes with a prediction.
    pub count: usize,
    /// Outcomes without one: nothing was recorded of the work.
    pub unpredicted: usize,
    /// Whether that is enough to go by; else the documented prior and weights hold.
    pub is_enough: bool,
    /// Mean squared difference of prediction and outcome: 0 is perfect, 0.25 a coin.
    pub brier: Option<f64>,
    /// The same for always predicting the share of good outcomes.
    pub brier_of_mean: Option<f64>,
    /// Predictions in tenths; those without any are left out.
    pub bins: Vec<Bin>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bin {
    pub from: f64,
    pub to: f64,
    pub count: usize,
    /// Mean prediction.
    pub predicted: f64,
    /// Share of good outcomes.
    pub observed: f64,
}

/// An outcome with what was seen before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// By name, without the signal that is the outcome itself.
    pub signals: BTreeMap<String, f64>,
    pub good: bool,
}

/// The samples among outcomes, and the number of those that had nothing recorded. What was left since it led nowhere
/// is none: it was left by these very signals.
pub fn samples(judged: &[Judged]) -> (Vec<Sample>, usize) {
    let mut samples = Vec::new();
    let mut unpredicted = 0;
    for one in judged.iter().filter(|one| one.by != Judge::End) {
        let mut signals = one.entry.signals.clone();
        signals.retain(|name, _| KINDS.iter().any(|kind| kind.name == name));
        if signals.is_empty() {
            unpredicted += 1;
            continue;
        }
        if one.by == Judge::Check {
            signals.remove(VERIFICATION);
        }
        samples.push(Sample { signals, good: one.good });
    }
    (samples, unpredicted)
}

/// Compares what weights predict with what was observed.
pub fn calibrate(samples: &[Sample], unpredicted: usize, weights: &Weights) -> Calibration {
    let mut sums = [(0_usize, 0.0, 0.0); 10];
    let mut squares = 0.0;
    for sample in samples {
        let predicted = predict(sample, weights);
        let observed = f64::from(sample.good);
        squares += (predicted - observed).powi(2);
        let bin = &mut sums[tenth(predicted)];
        *bin = (bin.0 + 1, bin.1 + predicted, bin.2 + observed);
    }
    let count = samples.len();
    let good = float(samples.iter().filter(|sample| sample.good).count());
    let bins = sums
        .into_iter()
        .enumerate()
        .filter(|(_, (count, ..))| *count > 0)
        .map(|(at, (count, predicted, observed))| Bin {
            from: float(at) / 10.0,
            to: float(at + 1) / 10.0,
            count,
            predicted: predicted / float(count),
            observed: observed / float(count),
        })
        .collect();
    let of_all = |sum: f64| (count > 0).then(|| sum / float(count));
    let share = of_all(good);
    Calibration {
        count,
        unpredicted,
        is_enough: count >= ENOUGH,
        brier: of_all(squares),
        brier_of_mean: share.map(|share| share * (1.0 - share)),
        bins,
    }
}

/// Weights under which the samples are most likely, starting from what `base` says: a logistic regression in which
/// each weight is held to its present value as if that were known to within half of itself, and the prior to within
/// one unit of log-odds. So a signal that was never seen keeps its weight, and few outcomes move little. A weight that
/// would come out below zero is zero: no signal counts the wrong way round.
pub fn fit(samples: &[Sample], base: &Weights) -> Weights {
    let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).filter(|name| base.of(name) > 0.0).collect();
    let rows: Vec<Vec<f64>> = samples
        .iter()
        .map(|sample| {
            let of = |name: &&str| sample.signals.get(*name).map_or(0.0, |value| distance(name, *value));
            std::iter::once(1.0).chain(names.iter().map(of)).collect()
        })
        .collect();
    let start: Vec<f64> =
        std::iter::once(log_odds(base.prior)).chain(names.iter().map(|name| base.of(name))).collect();
    let stiffness: Vec<f64> =
        std::iter::once(1.0).chain(start[1..].iter().map(|weight| (0.5 * weight).powi(-2))).collect();
    let good: Vec<f64> = samples.iter().map(|sample| f64::from(sample.good)).collect();
    let found = Regression { rows, good, start, stiffness }.solve();
    Weights {
        prior: probability(found[0]).clamp(0.01, 0.99),
        weights: names
            .iter()
            .zip(&found[1..])
            .map(|(name, weight)| ((*name).to_owned(), weight.max(0.0)))
            .collect(),
    }
}

fn predict(sample: &Sample, weights: &Weights) -> f64 {
    weights.combine(sample.signals.iter().map(|(name, value)| (name.as_str(), *value)), None)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 9")]
fn tenth(value: f64) -> usize {
    (value.clamp(0.0, 0.999_999) * 10.0) as usize
}

/// A penalised logistic regression.
struct Regression {
    rows: Vec<Vec<f64>>,
    good: Vec<f64>,
    start: Vec<f64>,
    /// How hard each weight is held to where it starts.
    stiffness: Vec<f64>,
}

/// Newton's steps; a handful is enough, since what is sought has one minimum and no edges.
const STEPS: usize = 50;

impl Regression {
    fn solve(&self) -> Vec<f64> {
        let mut at = self.start.clone();
        for _ in 0..STEPS {
            let (slope, curve) = self.derivatives(&at);
            let step = solve(curve, slope);
            let loss = self.loss(&at);
            // A step that is too long is halved until it helps.
            let next = (0..30)
                .map(|halvings| 0.5_f64.powi(halvings))
                .map(|part| at.iter().zip(&step).map(|(at, step)| at - part * step).collect::<Vec<f64>>())
                .find(|next| self.loss(next) < loss);
            match next {
                Some(next) => at = next,
                None => break,
            }
        }
        at
    }

    fn loss(&self, at: &[f64]) -> f64 {
        let of_rows = self.rows.iter().zip(&self.good).map(|(row, good)| {
            let odds = dot(row, at);
            // ln(1 + e^odds) − good · odds, without overflow.
            odds.max(0.0) + (-odds.abs()).exp().ln_1p() - good * odds
        });
        let held = at.iter().zip(&self.start).zip(&self.stiffness);
        of_rows.sum::<f64>()
            + held.map(|((at, start), stiff)| 0.5 * stiff * (at - start).powi(2)).sum::<f64>()
    }

    fn derivatives(&self, at: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let size = at.len();
        let mut slope: Vec<f64> = (0..size).map(|i| self.stiffness[i] * (at[i] - self.start[i])).collect();
        let mut curve = vec![vec![0.0; size]; size];
        for (i, row) in curve.iter_mut().enumerate() {
            row[i] = self.stiffness[i];
        }
        for (row, good) in self.rows.iter().zip(&self.good) {
            let chance = probability(dot(row, at));
            let spread = chance * (1.0 - chance);
            for i in 0..size {
                slope[i] += (chance - good) * row[i];
                for j in 0..size {
                    curve[i][j] += spread * row[i] * row[j];
                }
            }
        }
        (slope, curve)
    }
}

/// Solves a system whose matrix is symmetric and positive, as every penalised curve is.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let size = right.len();
    for pivot in 0..size {
        let (above, below) = matrix.split_at_mut(pivot + 1);
        let known = &above[pivot];
        for (row, values) in below.iter_mut().enumerate() {
            let factor = values[pivot] / known[pivot];
            for (value, known) in values.iter_mut().zip(known).skip(pivot) {
                *value -= factor * known;
            }
            right[pivot + 1 + row] -= factor * right[pivot];
        }
    }
    for row in (0..size).rev() {
        let known: f64 = (row + 1..size).map(|column| matrix[row][column] * right[column]).sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    right
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Entry, Verify};

    fn sample(signals: &[(&str, f64)], good: bool) -> Sample {
        Sample { signals: signals.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(), good }
    }

    /// Many outcomes in which edits say much and malformed calls nothing.
    fn world() -> Vec<Sample> {
        (0..400)
            .map(|n| {
                let (edits, calls) = (f64::from(n % 5) / 4.0, f64::from(n % 2));
                let good = edits > 0.6 || (n % 5 == 2 && n % 3 == 0);
                sample(&[("edits", edits), ("tool_calls", calls)], good)
            })
            .collect()
    }

    #[test]
    fn what_is_predicted_stands_beside_what_was_observed() {
        let samples = [
            sample(&[("edits", 1.0)], true),
            sample(&[("edits", 1.0)], false),
            sample(&[("refused", 0.0)], false),
        ];
        let found = calibrate(&samples, 2, &Weights::default());
        assert_eq!((found.count, found.unpredicted, found.is_enough), (3, 2, false));
        let told: Vec<_> = found.bins.iter().map(|bin| (bin.from, bin.count, bin.observed)).collect();
        assert_eq!(told, [(0.0, 1, 0.0), (0.8, 2, 0.5)]);
        let sure = probability(log_odds(0.75) + 0.15 * 4.0);
        assert!((found.bins[1].predicted - sure).abs() < 1e-12);
        let refused = probability(log_odds(0.75) - 4.0);
        let brier = ((1.0 - sure).powi(2) + sure.powi(2) + refused.powi(2)) / 3.0;
        assert!((found.brier.unwrap() - brier).abs() < 1e-12);
        assert!((found.brier_of_mean.unwrap() - 2.0 / 9.0).abs() < 1e-12);
        let nothing = calibrate(&[], 0, &Weights::default());
        assert_eq!((nothing.brier, nothing.brier_of_mean, nothing.bins), (None, None, vec![]));
    }

    #[test]
    fn fitted_weights_foretell_better_and_keep_what_was_not_seen() {
        let samples = world();
        let fitted = fit(&samples, &Weights::default());
        let brier = |weights: &Weights| calibrate(&samples, 0, weights).brier.unwrap();
        assert!(
            brier(&fitted) < 0.7 * brier(&Weights::default()),
            "{} {}",
            brier(&fitted),
            brier(&Weights::default())
        );
        assert!(fitted.of("edits") > 4.0 && fitted.of("tool_calls") < 2.0, "{fitted:?}");
        assert!(fitted.weights.values().all(|weight| *weight >= 0.0), "{fitted:?}");
        assert!((fitted.of("refused") - 4.0).abs() < 1e-9);
        assert_eq!(fit(&samples, &Weights::default()), fitted, "the same ledger gives the same weights");
    }

    #[test]
    fn few_outcomes_move_little_and_none_move_nothing() {
        let base = Weights::default();
        let untouched = fit(&[], &base);
        assert!((untouched.prior - base.prior).abs() < 1e-9);
        assert!(KINDS.iter().all(|kind| (untouched.of(kind.name) - kind.weight).abs() < 1e-9));
        let moved = fit(&world()[..3], &base);
        assert!((moved.of("edits") - 4.0).abs() < 1.0, "{moved:?}");
    }

    #[test]
    fn outcomes_that_are_separable_or_all_alike_have_an_answer_too() {
        for samples in [
            (0..200).map(|n| sample(&[("edits", f64::from(n % 2))], n % 2 == 1)).collect::<Vec<_>>(),
            (0..200).map(|_| sample(&[("edits", 1.0)], true)).collect(),
            (0..200).map(|_| sample(&[("edits", 1.0)], false)).collect(),
        ] {
            let fitted = fit(&samples, &Weights::default());
            assert!(fitted.prior.is_finite() && fitted.weights.values().all(|weight| weight.is_finite()));
        }
    }

    #[test]
    fn a_check_is_not_foretold_by_itself() {
        let entry = |verify: Verify, signals: &[(&str, f64)]| Entry {
            verify: Some(verify),
            signals: sample(signals, true).signals,
            ..Entry::new("r")
        };
        let entries = [
            entry(Verify::Passed, &[("verification", 1.0), ("edits", 0.9), ("prior", 0.8)]),
            entry(Verify::Failed, &[("unheard_of", 0.3)]),
            entry(Verify::Failed, &[("verification", 0.0)]),
        ];
        let judged = super::super::outcomes(&entries);
        let (found, unpredicted) = samples(&judged);
        assert_eq!(found, [sample(&[("edits", 0.9)], true), sample(&[], false)]);
        assert_eq!(unpredicted, 1);
    }
}
