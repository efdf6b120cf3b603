//! Who answered the turns of a session, and why, from what is on record of it: the ledger's lines, and the
//! trailers of its commits, which are there also where the ledger is another machine's.

use std::collections::BTreeMap;

use super::Place;
use crate::agent::Failure;
use crate::git::session::{self, StepSummary};
use crate::ledger::Entry;

/// A turn as it is on record.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Told {
    pub turn: u32,
    /// One for each backend that was asked, in order.
    pub attempts: Vec<Entry>,
    /// Its commits, the oldest first.
    pub steps: Vec<StepSummary>,
}

/// The turns of a session of which anything is on record, the oldest first.
///
/// # Errors
/// When the ledger is there and cannot be read, and git tells nothing either.
pub async fn told(place: &Place, session: String) -> Result<Vec<Told>, Failure> {
    let ledger = place.base.services.ledger.clone();
    let id = session.clone();
    let read = tokio::task::spawn_blocking(move || {
        ledger.read_all().map(|records| {
            let of_session =
                |entry: &Entry| entry.session.as_deref() == Some(id.as_str()) && !entry.is_afterword();
            records.entries.into_iter().filter(of_session).collect::<Vec<_>>()
        })
    });
    let steps = place.git(move |repo| session::steps(repo, Some(&session))).await;
    let entries = match read.await {
        Ok(Ok(entries)) => entries,
        Ok(Err(error)) if steps.is_err() => {
            let failure = Failure::new(crate::chat::ErrorClass::Internal, error.to_string());
            return Err(failure.hint(error.hint()));
        }
        // A session that has no commit yet has none that could tell.
        Ok(Err(_)) | Err(_) => Vec::new(),
    };
    Ok(join(entries, steps.unwrap_or_default()))
}

/// Of a turn that was undone and done again, what was done last counts.
fn join(entries: Vec<Entry>, steps: Vec<StepSummary>) -> Vec<Told> {
    let mut turns: BTreeMap<u32, Told> = BTreeMap::new();
    for entry in entries {
        let Some(turn) = entry.turn else { continue };
        let told = turns.entry(turn).or_default();
        told.attempts.retain(|earlier| earlier.run_id == entry.run_id);
        told.attempts.push(entry);
    }
    for step in steps {
        turns.entry(step.turn).or_default().steps.push(step);
    }
    for (turn, told) in &mut turns {
        told.turn = *turn;
        told.attempts.sort_by_key(|entry| entry.attempt);
    }
    turns.into_values().filter(|told| told.turn > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(run: &str, turn: u32, attempt: u32) -> Entry {
        Entry { turn: Some(turn), attempt: Some(attempt), ..Entry::new(run) }
    }

    #[test]
    fn a_turn_has_its_attempts_in_order_and_forgets_those_that_were_undone() {
        let entries = vec![
            entry("a", 1, 1),
            entry("b", 2, 2),
            entry("b", 2, 1),
            entry("c", 3, 1),
            entry("d", 3, 1),
            entry("d", 3, 2),
            Entry::new("no turn"),
        ];
        let told = join(entries, Vec::new());
        let attempt = |entry: &Entry| format!("{}{}", entry.run_id, entry.attempt.unwrap_or_default());
        let shown = told.iter().map(|one| {
            let attempts: Vec<String> = one.attempts.iter().map(attempt).collect();
            format!("{}: {}", one.turn, attempts.join(" "))
        });
        assert_eq!(shown.collect::<Vec<_>>(), ["1: a1", "2: b1 b2", "3: d1 d2"]);
    }
}
