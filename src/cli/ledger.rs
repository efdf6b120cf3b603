//! `offshoot ledger`: the record of runs.

use super::args::{AgentArgs, Common, LedgerArgs, LedgerCommand};
use super::output::{self, Tone, toned};
use super::{Done, FAILED, Trouble, base, shown};
use crate::agent::fit;
use crate::chat::sanitise;
use crate::ledger::{Cost, Entry, LedgerError, Stats, Tally};
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
    let mut section = |title: &str, rows: &[(String, Tally)]| {
        if rows.is_empty() {
            return;
        }
        text.push_str(&format!("{}\n", toned(title, Tone::Strong)));
        for (name, tally) in rows {
            text.push_str(&format!(
                "  {:<28} {:>6} runs {:>6} ok {:>10} tokens {:>9}\n",
                sanitise(&fit(name, 28)),
                tally.count,
                tally.ok,
                tally.usage.total(),
                dollars(Some(tally.cost_usd))
            ));
        }
    };
    section("all", &[("total".to_owned(), stats.total.clone())]);
    section("by route", &stats.routes);
    section("by model", &stats.models);
    section("by outcome", &stats.outcomes);
    section("by failure", &stats.errors);
    section("by role", &stats.roles);
    text
}

impl From<LedgerError> for Trouble {
    fn from(error: LedgerError) -> Self {
        Self::failed(error.to_string()).hint(error.hint())
    }
}
