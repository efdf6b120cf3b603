//! What git knows of a candidate when it is done.

use std::sync::Arc;

use crate::agent::Failure;
use crate::git::DiffStat;
use crate::workbench::Place;

/// What a branch changes since the base, and how many paths would conflict if it were landed in what the user has
/// checked out.
pub async fn measure(place: &Arc<Place>, base: String, branch: String) -> Result<(DiffStat, usize), Failure> {
    place
        .git(move |repo| {
            let head = repo.resolve(&format!("refs/heads/{branch}"))?;
            let changes = repo.diff(Some(&*repo.resolve(&base)?), &head)?;
            let conflicts = match repo.head()?.commit {
                Some(user) => repo.conflicts(&user, &head)?.len(),
                None => 0,
            };
            Ok::<_, Failure>((changes, conflicts))
        })
        .await
}
