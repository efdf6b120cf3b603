//! The candidates at work, so many at once: each is opened when there is room, given its prompt, and closed at its end.

use std::time::{Duration, Instant};

use super::Plan;
use super::report::Report;
use crate::cli::args::Common;
use crate::cli::signals::Signals;
use crate::cli::{BUDGET, Done, FAILED, INTERRUPTED, Trouble};
use crate::workbench::compare::{Fate, Row, State, archive, best, measure as measure_one};
use crate::workbench::{Command, Event, EventKind, TabId, Workbench};

/// Runs the comparison, and tells what came of it.
pub(super) async fn drive(common: &Common, plan: Plan) -> Done {
    let mut report = Report::new(common);
    let began = Instant::now();
    let mut rows: Vec<Row> = plan
        .candidates
        .iter()
        .enumerate()
        .map(|(at, candidate)| Row::new(at, candidate.clone(), plan.ground.branch(at)))
        .collect();
    if let Some(name) = &plan.keep {
        // Nothing is made for a wish that cannot be met.
        find(&rows, name)?;
    }
    report.begins(&plan.ground);
    let (workbench, mut events) = Workbench::new(plan.place.clone());
    let mut signals = Signals::new()?;
    let mut interrupts = 0;
    loop {
        while interrupts == 0 && working(&rows) < plan.jobs {
            let Some(at) = rows.iter().position(|row| row.state() == State::Waiting) else { break };
            rows[at].opens();
            let open = Command::Open { tab: tab(at), start: plan.ground.start(at), permissions: None };
            workbench.send(open).await;
        }
        if working(&rows) == 0 {
            break;
        }
        let event = tokio::select! {
            event = events.recv() => event,
            () = signals.next() => {
                interrupts += 1;
                if interrupts > 1 {
                    // The journals hold what was said; the next start brings it on record.
                    std::process::exit(i32::from(INTERRUPTED));
                }
                for at in (0..rows.len()).filter(|at| is_open(&rows[*at])) {
                    workbench.send(Command::Interrupt { tab: tab(at) }).await;
                }
                continue;
            }
        };
        let Some(event) = event else { break };
        let Some(at) = place_of(event.tab, &rows) else { continue };
        if !event.session.is_empty() {
            rows[at].session = Some(event.session.clone());
        }
        rows[at].take(&event.kind, began.elapsed());
        report.tells(&rows[at], &event);
        let next = next(&plan, at, &event, interrupts > 0);
        if let Some(command) = next {
            workbench.send(command).await;
        }
        if report.is_unread() && interrupts == 0 {
            // Whoever read the events is gone: nobody waits for the rest.
            interrupts += 1;
            for at in (0..rows.len()).filter(|at| is_open(&rows[*at])) {
                workbench.send(Command::Interrupt { tab: tab(at) }).await;
            }
        }
    }
    let time = began.elapsed();
    measure(&plan, &mut rows).await;
    let kept = settle(&plan, &mut rows, time).await?;
    report.ends(&plan.ground, &rows, time, kept.map(|at| rows[at].letter));
    Ok(code(&rows, interrupts > 0))
}

fn tab(at: usize) -> TabId {
    TabId(u32::try_from(at + 1).unwrap_or(u32::MAX))
}

fn place_of(id: TabId, rows: &[Row]) -> Option<usize> {
    (0..rows.len()).find(|at| tab(*at) == id)
}

/// Tabs that were opened and are not closed yet.
fn working(rows: &[Row]) -> usize {
    rows.iter().filter(|row| is_open(row)).count()
}

fn is_open(row: &Row) -> bool {
    let has_failed_to_open = row.session.is_none() && row.state() == State::Failed;
    row.state() != State::Waiting && row.fate == Fate::Open && !has_failed_to_open
}

/// What follows on what happened in a tab.
fn next(plan: &Plan, at: usize, event: &Event, is_interrupted: bool) -> Option<Command> {
    let close = Command::Close { tab: tab(at) };
    match &event.kind {
        EventKind::Opened(_) if is_interrupted => Some(close),
        EventKind::Opened(_) => {
            let order = plan.candidates[at].order(plan.order.clone());
            Some(Command::Prompt { tab: tab(at), order })
        }
        _ => event.turn_end().map(|_| close),
    }
}

/// What each branch changes, and what would conflict.
async fn measure(plan: &Plan, rows: &mut [Row]) {
    for row in rows.iter_mut().filter(|row| row.session.is_some()) {
        let measured = measure_one(&plan.place, plan.ground.base.clone(), row.branch.clone()).await;
        if let Ok((changes, conflicts)) = measured {
            row.measured(&changes);
            row.conflicts = conflicts;
        }
    }
}

/// Keeps the one that is wanted, and puts the others away.
async fn settle(plan: &Plan, rows: &mut [Row], time: Duration) -> Result<Option<usize>, Trouble> {
    let Some(name) = &plan.keep else { return Ok(None) };
    let Some(kept) = find(rows, name)?.or_else(|| best(rows, time)) else { return Ok(None) };
    let others = rows.iter().enumerate().filter(|(at, _)| *at != kept);
    let sessions = others.filter_map(|(_, row)| row.session.clone()).collect();
    archive(&plan.place, sessions).await?;
    for (at, row) in rows.iter_mut().enumerate() {
        row.fate = if at == kept { Fate::Kept } else { Fate::Archived };
    }
    Ok(Some(kept))
}

/// The row that is meant by a letter, a branch or a name; `None` for the best one.
fn find(rows: &[Row], name: &str) -> Result<Option<usize>, Trouble> {
    if name == "best" {
        return Ok(None);
    }
    let is_it =
        |row: &Row| name == row.letter.to_string() || name == row.branch || name == row.candidate.name();
    let found: Vec<usize> = (0..rows.len()).filter(|at| is_it(&rows[*at])).collect();
    match found.as_slice() {
        [one] => Ok(Some(*one)),
        [] => {
            let known: Vec<String> =
                rows.iter().map(|row| format!("{} ({})", row.letter, row.candidate.name())).collect();
            Err(Trouble::usage(
                format!("--keep {name} names none of {}", known.join(", ")),
                "say best, or a letter",
            ))
        }
        _ => Err(Trouble::usage(format!("--keep {name} names several"), "say which by its letter")),
    }
}

/// 0 when anybody did what was asked.
fn code(rows: &[Row], is_interrupted: bool) -> u8 {
    let are = |state| rows.iter().all(|row| row.state() == state);
    match () {
        () if rows.iter().any(|row| row.state() == State::Done) => 0,
        () if is_interrupted => INTERRUPTED,
        () if are(State::OverBudget) => BUDGET,
        () => FAILED,
    }
}
