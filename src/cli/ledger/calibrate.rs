//! `offshoot ledger calibrate`: confidence beside what became of the work, and weights fitted to it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::chat::sanitise;
use crate::cli::args::Common;
use crate::cli::output::{self, Tone, toned};
use crate::cli::{Done, FAILED, Trouble, shown};
use crate::ledger::TaskClass;
use crate::routing::calibrate::{Calibration, calibrate, fit, samples};
use crate::routing::weights::KINDS;
use crate::routing::{ENOUGH, Judged, Weights, WeightsError, outcomes, prior};
use crate::workbench::Base;
use crate::workbench::words::count;

/// What is to be done beside showing how well confidence foretold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Show,
    TryFit,
    Fit,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    calibration: Calibration,
    /// Outcomes that are wanted before any of it is used.
    enough: usize,
    expected: Vec<Expected>,
    weights: Table,
    #[serde(skip_serializing_if = "Option::is_none")]
    refit: Option<Refit>,
}

/// How often a backend's work was good.
#[derive(Serialize)]
struct Expected {
    backend: String,
    task_class: TaskClass,
    value: f64,
    outcomes: usize,
}

#[derive(Serialize)]
struct Table {
    prior: f64,
    weights: BTreeMap<&'static str, f64>,
}

#[derive(Serialize)]
struct Refit {
    #[serde(flatten)]
    table: Table,
    /// Over the same outcomes that they were fitted to.
    brier: Option<f64>,
    saved: bool,
}

pub(super) fn run(common: &Common, base: &Base, wish: Wish) -> Done {
    let ledger = &base.services.ledger;
    let records = ledger.read_all()?;
    let judged = outcomes(&records.entries);
    let (samples, unpredicted) = samples(&judged);
    let (weights, trouble) = Weights::in_force(base.services.settings.router.weights, base.paths());
    if let Some(trouble) = trouble {
        output::note(&format!("{trouble}; {}", trouble.hint()));
    }
    let calibration = calibrate(&samples, unpredicted, &weights);
    let is_enough = calibration.is_enough;
    let refit = if wish != Wish::Show && is_enough {
        // From the weights of the program: fitting what was fitted would count the same outcomes twice.
        let fitted = fit(&samples, &Weights::default());
        if wish == Wish::Fit {
            fitted.save(&base.paths().weights_file(), samples.len())?;
        }
        let brier = calibrate(&samples, unpredicted, &fitted).brier;
        Some(Refit { table: table(&fitted), brier, saved: wish == Wish::Fit })
    } else {
        None
    };
    let report =
        Report { calibration, enough: ENOUGH, expected: expected(&judged), weights: table(&weights), refit };
    if common.json {
        output::print_json(&report);
    } else {
        output::print(&text(&report));
        if report.refit.as_ref().is_some_and(|refit| refit.saved) {
            output::note(&format!("kept in {}", shown(&base.paths().weights_file())));
        }
    }
    if wish != Wish::Show && !is_enough {
        output::note(&format!("not fitted: {ENOUGH} outcomes with signals are wanted"));
        return Ok(FAILED);
    }
    Ok(0)
}

fn table(weights: &Weights) -> Table {
    Table {
        prior: weights.prior,
        weights: KINDS.iter().map(|kind| (kind.name, weights.of(kind.name))).collect(),
    }
}

fn expected(judged: &[Judged]) -> Vec<Expected> {
    let backends: BTreeSet<&str> = judged.iter().filter_map(|one| one.entry.backend.as_deref()).collect();
    let mut expected = Vec::new();
    for backend in backends {
        for task_class in [TaskClass::Advisory, TaskClass::Change] {
            if let Some(prior) = prior(judged, backend, task_class) {
                let (value, outcomes) = (prior.value, prior.outcomes);
                expected.push(Expected { backend: backend.to_owned(), task_class, value, outcomes });
            }
        }
    }
    expected
}

fn text(report: &Report) -> String {
    let found = &report.calibration;
    let mut text =
        format!("{} with a prediction, {} without\n", count(found.count, "outcome"), found.unpredicted);
    if !found.is_enough {
        text.push_str(&format!(
            "fewer than {}: the prior of {:.2} and the weights of the program hold\n",
            report.enough, report.weights.prior
        ));
    }
    if let (Some(brier), Some(of_mean)) = (found.brier, found.brier_of_mean) {
        text.push_str(&format!(
            "Brier score {brier:.4}, where 0 is perfect; always saying the share of good ones gives {of_mean:.4}\n"
        ));
    }
    if !found.bins.is_empty() {
        text.push_str(&format!("\n{}\n", toned("confidence    runs  predicted  observed", Tone::Strong)));
    }
    for bin in &found.bins {
        text.push_str(&format!(
            "{:.1} to {:.1}  {:>6}  {:>9.2}  {:>8.2}\n",
            bin.from, bin.to, bin.count, bin.predicted, bin.observed
        ));
    }
    for one in &report.expected {
        let class = match one.task_class {
            TaskClass::Advisory => "advice",
            TaskClass::Change => "changes",
        };
        text.push_str(&format!(
            "\n{}: {:.0} % of its {class} were good, of {}",
            sanitise(&one.backend),
            100.0 * one.value,
            count(one.outcomes, "outcome")
        ));
    }
    if !report.expected.is_empty() {
        text.push('\n');
    }
    if let Some(refit) = &report.refit {
        text.push_str(&format!("\n{}\n", toned("signal               in force    fitted", Tone::Strong)));
        text.push_str(&format!(
            "{:<18} {:>10.3} {:>9.3}\n",
            "prior", report.weights.prior, refit.table.prior
        ));
        for (name, weight) in &refit.table.weights {
            text.push_str(&format!("{name:<18} {:>10.3} {weight:>9.3}\n", report.weights.weights[name]));
        }
        if let Some(brier) = refit.brier {
            text.push_str(&format!(
                "Brier score of the fitted ones on the outcomes that they were fitted to: {brier:.4}\n"
            ));
        }
    }
    text
}

impl From<WeightsError> for Trouble {
    fn from(error: WeightsError) -> Self {
        Self::failed(error.to_string()).hint(error.hint())
    }
}
