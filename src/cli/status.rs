//! `offshoot status`: how things stand.

use std::collections::BTreeMap;

use serde_json::json;

use super::args::{AgentArgs, Common};
use super::doctor::backend_line;
use super::output::{self, Tone, toned};
use super::{Done, base, shown};
use crate::ledger::Stats;
use crate::workbench::words::{count, dollars};
use crate::workbench::{doctor, history};

/// Entries of the ledger that count as recent.
const WINDOW: usize = 200;

pub(super) async fn run(common: &Common) -> Done {
    let base = base(&Common { quiet: true, ..common.clone() }, &AgentArgs::default())?;
    let backends = doctor::backends(&base).await;
    let ledger = &base.services.ledger;
    let entries = ledger.tail(WINDOW).unwrap_or_else(|error| {
        output::note(&format!("{error}; {}", error.hint()));
        Vec::new()
    });
    let stats = Stats::of(&entries);
    let sessions = match base.place() {
        Ok(place) => history::sessions(&place).await?,
        Err(_) => Vec::new(),
    };
    if common.json {
        let routes: BTreeMap<&String, usize> =
            stats.routes.iter().map(|(route, tally)| (route, tally.count)).collect();
        let failures: Vec<_> = stats
            .errors
            .iter()
            .map(|(class, tally)| json!({"error_class": class, "count": tally.count}))
            .collect();
        let sessions: Vec<_> = sessions
            .iter()
            .map(|one| {
                json!({"id": one.id, "branch": one.branch, "state": one.state, "steps": one.steps,
                       "cost_usd": one.cost_usd})
            })
            .collect();
        output::print_json(&json!({
            "backends": backends, "routes": routes, "failures": failures, "window": WINDOW,
            "ledger": ledger.path(), "sessions": sessions,
        }));
        return Ok(0);
    }
    let mut text = String::new();
    for backend in &backends {
        text.push_str(&backend_line(backend));
    }
    if backends.is_empty() {
        text.push_str("no backend is configured\n");
    }
    text.push_str(&format!("\n{}\n", toned(&format!("last {} runs", entries.len()), Tone::Strong)));
    for (route, tally) in &stats.routes {
        text.push_str(&format!("  {route:<12} {} ({} ok)\n", tally.count, tally.ok));
    }
    for (class, tally) in &stats.errors {
        text.push_str(&format!("  {class:<12} {}\n", toned(&tally.count.to_string(), Tone::Bad)));
    }
    if !sessions.is_empty() {
        text.push_str(&format!("\n{}\n", toned(&count(sessions.len(), "session"), Tone::Strong)));
    }
    for one in sessions.iter().take(20) {
        text.push_str(&format!(
            "  {:<11} {} · {} · {}\n",
            one.state,
            one.branch.as_deref().unwrap_or(&one.id),
            count(one.steps as usize, "step"),
            dollars(one.cost_usd)
        ));
    }
    text.push_str(&format!("\nledger {}\n", shown(ledger.path())));
    output::print(&text);
    Ok(0)
}
