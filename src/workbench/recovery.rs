//! After a crash: every journal that tells of something that git does not hold is brought on record
//! before anything else happens.

use std::sync::Arc;

use super::{Place, Start, open};
use crate::agent::journal;
use crate::agent::{Failure, Recovered};

/// A session that a crash had cut off, and what of it is on record now.
#[derive(Debug, Clone)]
pub struct RecoveredSession {
    pub session: String,
    /// `no branch` of a session that only looked on.
    pub branch: String,
    pub result: Result<Recovered, Failure>,
}

/// Recovers all sessions of a repository that no living process has open.
pub async fn recover(place: &Arc<Place>) -> Vec<RecoveredSession> {
    let folder = place.journals();
    let mut recovered = Vec::new();
    for session in journal::sessions(&folder) {
        let Ok(Some(replay)) = journal::replay(&folder, &session) else { continue };
        if !replay.is_pending() {
            continue;
        }
        // Somebody works on it: nothing was lost.
        if journal::is_locked(&folder, &session) {
            continue;
        }
        let branch = replay.header.branch.clone();
        let result = recover_one(place, &session, &branch).await;
        let branch = if branch.is_empty() { "no branch".to_owned() } else { branch };
        recovered.push(RecoveredSession { session, branch, result });
    }
    recovered
}

async fn recover_one(place: &Arc<Place>, session: &str, branch: &str) -> Result<Recovered, Failure> {
    let start = Start::Recover { session: session.to_owned(), branch: branch.to_owned() };
    let tab = open::open(place, start, None).await?;
    let recovered = tab.opened.recovered.clone().unwrap_or_default();
    tab.close(place).await;
    Ok(recovered)
}
