//! How a comparison ends: one is chosen, the others are put away. Their branches and conversations stay.

use std::sync::Arc;
use std::time::Duration;

use super::row::{Row, State};
use super::table::{price, rank};
use crate::agent::Failure;
use crate::git::session::{self, SessionError};
use crate::workbench::Place;

/// The place of the row that did best, where any did well: it is done, changed something and did not fail its check.
/// Of several the one whose check passed, without conflicts, the cheapest, the quickest.
pub fn best(rows: &[Row], now: Duration) -> Option<usize> {
    let is_good = |row: &Row| {
        row.state() == State::Done && row.steps > 0 && row.verified != Some(crate::agent::VerifyState::Failed)
    };
    let good = rows.iter().enumerate().filter(|(_, row)| is_good(row));
    let first = good.min_by(|(_, a), (_, b)| {
        (rank(a), a.conflicts)
            .cmp(&(rank(b), b.conflicts))
            .then(price(a).total_cmp(&price(b)))
            .then(a.time(now).cmp(&b.time(now)))
    });
    first.map(|(at, _)| at)
}

/// Puts sessions away: they are listed as archived, and opened again like any other. Gives those of which git holds
/// anything.
pub async fn archive(place: &Arc<Place>, sessions: Vec<String>) -> Result<Vec<String>, Failure> {
    place
        .git(move |repo| {
            let mut away = Vec::new();
            for session in sessions {
                if session::archive(repo, &session)? {
                    away.push(session);
                }
            }
            Ok::<_, SessionError>(away)
        })
        .await
}
