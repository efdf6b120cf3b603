//! `offshoot ledger`: the record of runs.

mod calibrate;
mod replay;

use crate::agent::fit;
use crate::chat::sanitise;
use crate::cli::args::{AgentArgs, Common, LedgerArgs, LedgerCommand};
use crate::cli::output::{self, Tone, toned};
use crate::cli::{Done, FAILED, Trouble, base, shown};
use crate::ledger::{Cost, Entry, LedgerError, Percentiles, Stats, Tally};
use crate::workbench::words::dollars;

pub(super) fn run(common: &Common, args: &LedgerArgs) -> Done {
    let base = base(&Common { quiet: true, ..common.clone() }, &AgentArgs::default())?;
    let ledger = &base.services.ledger;
    match args.what.clone().unwrap_or(LedgerCommand::Tail { n: 20 }) {
        LedgerCommand::Tail { n } => {
            for entry in ledger.tail(n)? {
                if common.json {
                    output::print_json(&entry);
                } else {
                    output::print(&line(&entry));
                }
            }
        }
        LedgerCommand::Stats => {
            let records = ledger.read_all()?;
            let stats = Stats::of(&records.entries);
            if common.json {
                output::print_json(&stats);
            } else {
                output::print(&table(&stats));
            }
        }
        LedgerCommand::Verify => {
            let report = ledger.check()?;
            if common.json {
                output::print_json(&report);
            } else {
                for bad in &report.bad {
                    output::print(&format!("{bad}\n"));
                }
                output::print(&format!(
                    "{}: {} entries, {} bad lines\n",
                    shown(ledger.path()),
                    report.entries,
                    report.bad.len()
                ));
            }
            return Ok(if report.bad.is_empty() { 0 } else { FAILED });
        }
        LedgerCommand::Calibrate { refit, dry_run } => {
            let wish = match (refit, dry_run) {
                (false, _) => calibrate::Wish::Show,
                (true, true) => calibrate::Wish::TryFit,
                (true, false) => calibrate::Wish::Fit,
            };
            return calibrate::run(common, &base, wish);
        }
        LedgerCommand::Replay => return replay::run(common),
    }
    Ok(0)
}

fn line(entry: &Entry) -> String {
    let outcome = match (entry.outcome, entry.error_class) {
        (_, Some(class)) => toned(class.name(), Tone::Bad),
        (Some(crate::chat::Outcome::Ok), None) => toned("ok", Tone::Good),
        _ => String::new(),
    };
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let usage = entry.usage.unwrap_or_default();
    format!(
        "{} {:<10} {:<24} {outcome:<12} {:>7} in {:>6} out {:>8}  {}\n",
        entry.timestamp.chars().take(19).collect::<String>().replace('T', " "),
        fit(&text(&entry.route), 10),
        fit(&text(&entry.model), 24),
        usage.input + usage.cache_read + usage.cache_write,
        usage.output,
        dollars(entry.cost_usd.and_then(Cost::usd)),
        sanitise(&fit(&text(&entry.reason), 60)),
    )
}

fn table(stats: &Stats) -> String {
    let mut text = String::new();
    let mut section = |title: &str, rows: &[(String, Tally)], more: &dyn Fn(&Tally) -> String| {
        if rows.is_empty() {
            return;
        }
        text.push_str(&format!("{}\n", toned(title, Tone::Strong)));
        for (name, tally) in rows {
            text.push_str(&format!(
                "  {:<28} {:>6} runs {:>6} ok {:>10} tokens {:>9}{}\n",
                sanitise(&fit(name, 28)),
                tally.count,
                tally.ok,
                tally.usage.total(),
                dollars(Some(tally.cost_usd)),
                more(tally),
            ));
        }
    };
    let nothing = |_: &Tally| String::new();
    section("all", &[("total".to_owned(), stats.total.clone())], &times);
    section("by route", &stats.routes, &nothing);
    section("by backend", &stats.backends, &times);
    section("by model", &stats.models, &edits);
    section("by outcome", &stats.outcomes, &nothing);
    section("by failure", &stats.errors, &nothing);
    section("by role", &stats.roles, &nothing);
    text
}

fn times(tally: &Tally) -> String {
    let mut text = String::new();
    if let Some(Percentiles { p50, p90, p99 }) = tally.first_token {
        text.push_str(&format!("  first token {p50}/{p90}/{p99} ms"));
    }
    if let Some(Percentiles { p50, p90, p99 }) = tally.whole {
        let seconds = |ms: u64| format!("{}.{}", ms / 1000, ms % 1000 / 100);
        text.push_str(&format!("  whole {}/{}/{} s", seconds(p50), seconds(p90), seconds(p99)));
    }
    if let Some(hits) = tally.cache_hits {
        text.push_str(&format!("  {:.0} % cached", 100.0 * hits));
    }
    text
}

fn edits(tally: &Tally) -> String {
    tally.edits_fitted.map(|fitted| format!("  {:.0} % of edits fitted", 100.0 * fitted)).unwrap_or_default()
}

impl From<LedgerError> for Trouble {
    fn from(error: LedgerError) -> Self {
        Self::failed(error.to_string()).hint(error.hint())
    }
}
