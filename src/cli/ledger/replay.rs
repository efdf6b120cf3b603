//! `offshoot ledger replay --config FILE`: what other settings would have chosen for the runs on record.

use crate::agent::fit;
use crate::chat::sanitise;
use crate::cli::args::{AgentArgs, Common};
use crate::cli::output::{self, Tone, toned};
use crate::cli::{Done, Trouble, base};
use crate::routing::replay::{Replay, replay};
use crate::workbench::words::{count, dollars};

/// Runs that are listed one by one; all of them are in the JSON.
const SHOWN: usize = 20;

pub(super) fn run(common: &Common) -> Done {
    if common.config.is_none() {
        return Err(Trouble::usage(
            "replay needs other settings to decide by",
            "name a file of settings with --config FILE",
        ));
    }
    let quiet = Common { quiet: true, ..common.clone() };
    let other = base(&quiet, &AgentArgs::default())?;
    // The ledger is the one in use, wherever the other settings would put theirs.
    let own = base(&Common { config: None, ..quiet }, &AgentArgs::default())?;
    let records = own.services.ledger.read_all()?;
    let found = replay(&records.entries, &other.services.settings, &own.services.prices);
    if common.json {
        output::print_json(&found);
    } else {
        output::print(&text(&found));
    }
    Ok(0)
}

fn text(found: &Replay) -> String {
    let nobody = |would: Option<&str>| sanitise(would.unwrap_or("nobody")).into_owned();
    let mut text = format!("{}, {} to the same backend\n", count(found.runs.len(), "run"), found.same);
    for change in &found.changes {
        let unpriced = match change.unpriced {
            0 => String::new(),
            some => format!(", {some} of them without a known price"),
        };
        text.push_str(&format!(
            "{} → {}: {}, cost {}, would have cost {} for the same tokens{unpriced}\n",
            sanitise(&change.from),
            nobody(change.to.as_deref()),
            count(change.runs, "run"),
            dollars(Some(change.cost_usd)),
            dollars(Some(change.would_cost_usd)),
        ));
    }
    let differs =
        found.runs.iter().filter(|run| run.would.as_deref() != Some(&run.was) || run.then.is_some());
    let last: Vec<_> = differs.collect();
    if !last.is_empty() {
        text.push_str(&format!("\n{}\n", toned("the latest that differ", Tone::Strong)));
    }
    for run in &last[last.len().saturating_sub(SHOWN)..] {
        text.push_str(&format!(
            "  {} {} → {}: {}\n",
            run.timestamp.chars().take(19).collect::<String>().replace('T', " "),
            sanitise(&run.was),
            nobody(run.would.as_deref()),
            sanitise(&fit(run.then.as_ref().unwrap_or(&run.reason), 70)),
        ));
    }
    let mut unknown: Vec<&str> = found.runs.iter().flat_map(|run| &run.unknown).map(String::as_str).collect();
    unknown.sort_unstable();
    for what in unknown.chunk_by(|a, b| a == b) {
        text.push_str(&format!("\nnot known for {}: {}", count(what.len(), "run"), sanitise(what[0])));
    }
    if !unknown.is_empty() {
        text.push('\n');
    }
    text
}
