//! The ledger and what was used: runs on record, their sums, lines that cannot be read.

use super::Actions;
use super::agent::row;
use super::program::{heading, replace};
use super::run::Ran;
use crate::agent::Failure;
use crate::chat::Outcome;
use crate::ledger::{Cost, Entry, Report, Stats, Tally};
use crate::tui::app::App;
use crate::tui::app::layer::{Layer, Text, Topic};
use crate::tui::commands::Asked;
use crate::tui::look::{Piece, Role};
use crate::tui::message::{Action, Load, Records, Wanted};
use crate::tui::wrap::clean;
use crate::workbench::words::{count, dollars, tokens};

type Line = Vec<Piece>;

/// Runs that are shown when nobody says how many.
const RUNS: usize = 50;

pub(super) fn ledger(app: &mut App, asked: &Asked) -> Ran {
    let wanted = match asked.args {
        "" => Wanted::Last(RUNS),
        "stats" => Wanted::Stats,
        "verify" => Wanted::Check,
        number => match number.parse() {
            Ok(number) if number > 0 => Wanted::Last(number),
            _ => return Err(asked.misuse(format!("\"{number}\" is none of stats, verify and a number"))),
        },
    };
    Ok(open(app, wanted))
}

/// Opens the last runs.
pub(super) fn open_last(app: &mut App) -> Actions {
    open(app, Wanted::Last(RUNS))
}

fn open(app: &mut App, wanted: Wanted) -> Actions {
    let text = match wanted {
        // What the panel shows is there already.
        Wanted::Last(RUNS) => Text::new("Ledger", runs(&app.facts.ledger)).about(Topic::Ledger).awaiting(),
        _ => Text::awaited("Ledger", Topic::Ledger),
    };
    app.layers.push(Layer::Text(text));
    vec![Action::Load(Load::Records(wanted))]
}

pub(super) fn read(app: &mut App, read: Result<Records, Failure>) {
    let lines = match read {
        Ok(Records::Runs(entries)) => runs(&entries),
        Ok(Records::Stats(stats)) => sums(&stats),
        Ok(Records::Check(report)) => checked(&report),
        Err(failure) => {
            let hint = failure.hint.iter().map(|hint| vec![Piece::new(clean(hint), Role::Dim)]);
            std::iter::once(vec![Piece::new(clean(&failure.message), Role::Bad)]).chain(hint).collect()
        }
    };
    replace(app, Topic::Ledger, lines);
}

fn runs(entries: &[Entry]) -> Vec<Line> {
    let mut lines: Vec<Line> = entries.iter().rev().map(run).collect();
    if lines.is_empty() {
        lines.push(vec![Piece::new("nothing is on record yet", Role::Dim)]);
    }
    lines
}

fn run(entry: &Entry) -> Line {
    let (mark, role) = match entry.outcome {
        Some(Outcome::Ok) => ("✓", Role::Good),
        Some(Outcome::Aborted) => ("■", Role::Warn),
        _ => ("✗", Role::Bad),
    };
    let time = entry.timestamp.get(5..16).unwrap_or(&entry.timestamp).replace('T', " ");
    let who =
        format!("{}/{}", entry.backend.as_deref().unwrap_or("?"), entry.model.as_deref().unwrap_or("?"));
    let used = entry.usage.as_ref().map(|usage| {
        format!(
            "{} in, {} out",
            tokens(usage.input + usage.cache_read + usage.cache_write),
            tokens(usage.output)
        )
    });
    let class = entry.error_class.map(|class| format!("  {class}")).unwrap_or_default();
    vec![
        Piece::new(format!("{mark} "), role),
        Piece::new(format!("{}  ", clean(&time)), Role::Dim),
        Piece::new(clean(&who), Role::Text),
        Piece::new(class, Role::Bad),
        Piece::new(format!("  {}", used.unwrap_or_default()), Role::Dim),
        Piece::new(format!("  {}", dollars(entry.cost_usd.and_then(Cost::usd))), Role::Dim),
        Piece::new(format!("  {}", clean(entry.branch.as_deref().unwrap_or_default())), Role::Dim),
    ]
}

fn sums(stats: &Stats) -> Vec<Line> {
    let total = [("all".to_owned(), stats.total.clone())];
    let groups: [(&str, &[(String, Tally)]); 6] = [
        ("All runs", &total),
        ("By route", &stats.routes),
        ("By model", &stats.models),
        ("By outcome", &stats.outcomes),
        ("By failure", &stats.errors),
        ("By role", &stats.roles),
    ];
    let mut lines = Vec::new();
    for (title, tallies) in groups.into_iter().filter(|(_, tallies)| !tallies.is_empty()) {
        if !lines.is_empty() {
            lines.push(Vec::new());
        }
        lines.push(heading(title));
        lines.extend(tallies.iter().map(|(name, tally)| sum(name, tally)));
    }
    lines
}

fn sum(name: &str, tally: &Tally) -> Line {
    let unpriced = if tally.unpriced > 0 { format!("  {} unpriced", tally.unpriced) } else { String::new() };
    vec![
        Piece::new(format!("{:<22} ", clean(name)), Role::Text),
        Piece::new(
            format!("{:>6} {:<4} ", tally.count, if tally.count == 1 { "run" } else { "runs" }),
            Role::Dim,
        ),
        Piece::new(
            format!("{:>6} ok", tally.ok),
            if tally.ok == tally.count { Role::Good } else { Role::Dim },
        ),
        Piece::new(
            format!("  {:>7} tokens  {}", tokens(tally.usage.total()), dollars(Some(tally.cost_usd))),
            Role::Dim,
        ),
        Piece::new(unpriced, Role::Warn),
    ]
}

fn checked(report: &Report) -> Vec<Line> {
    let mut lines: Vec<Line> =
        report.files.iter().map(|file| row("file", &file.display().to_string())).collect();
    let (text, role) = match report.bad.len() {
        0 => (format!("all of {} can be read", count(report.entries, "line")), Role::Good),
        bad => (format!("{} cannot be read, {} can", count(bad, "line"), report.entries), Role::Warn),
    };
    lines.push(vec![Piece::new(text, role)]);
    lines.extend(report.bad.iter().map(|bad| vec![Piece::new(clean(&bad.to_string()), Role::Dim)]));
    lines
}

pub(super) fn usage(app: &mut App) -> Actions {
    app.layers.push(Layer::Text(Text::new("Usage", usage_lines(app)).about(Topic::Usage).awaiting()));
    vec![Action::Load(Load::Spent)]
}

pub(super) fn usage_lines(app: &App) -> Vec<Vec<Piece>> {
    let tab = app.tab();
    let used = &tab.usage;
    let mut lines = vec![
        heading("This tab, since it was opened"),
        row("input", &tokens(used.input)),
        row("cache read", &tokens(used.cache_read)),
        row("cache write", &tokens(used.cache_write)),
        row("output", &tokens(used.output)),
        row("cost", &dollars(tab.cost)),
        Vec::new(),
        heading("Today, all sessions"),
    ];
    match &app.facts.spent {
        None => lines.push(vec![Piece::new("reading …", Role::Dim)]),
        Some(spent) if spent.lines.is_empty() => lines.push(vec![Piece::new("nothing yet", Role::Dim)]),
        Some(spent) => {
            for one in &spent.lines {
                let unpriced =
                    if one.unpriced > 0 { format!("  {} unpriced", one.unpriced) } else { String::new() };
                lines.push(vec![
                    Piece::new(
                        format!("{:<22} ", clean(&format!("{}/{}", one.backend, one.model))),
                        Role::Text,
                    ),
                    Piece::new(
                        format!(
                            "{:>4} {:<4} {:>8} in {:>8} out  {}",
                            one.calls,
                            if one.calls == 1 { "run" } else { "runs" },
                            tokens(one.usage.input + one.usage.cache_read + one.usage.cache_write),
                            tokens(one.usage.output),
                            dollars(Some(one.cost_usd)),
                        ),
                        Role::Dim,
                    ),
                    Piece::new(unpriced, Role::Warn),
                ]);
            }
        }
    }
    lines
}
