//! Conflicts that somebody was given to resolve and that nobody touched: of a binary file, a deletion or a rename no
//! markers tell it.

use std::path::{Path, PathBuf};

use crate::git::codec::Stamp;
use crate::git::session::SessionError;
use crate::git::{CommitId, Repo};

/// The paths that are as they were when resolving began, if the work was made for that.
pub(super) fn untouched(
    repo: &Repo,
    head: &CommitId,
    stamp: Option<&Stamp>,
) -> Result<Vec<PathBuf>, SessionError> {
    let Some(origin) = stamp.and_then(|stamp| stamp.forked_from.as_ref()) else { return Ok(Vec::new()) };
    let Ok(base) = CommitId::parse(&origin.commit) else { return Ok(Vec::new()) };
    if !repo.leads_to(head, &base) {
        return Ok(Vec::new());
    }
    let message = repo.commit(&base)?.message;
    let changed = repo.diff(Some(&base), head)?;
    let is_touched = |path: &Path| {
        changed.files.iter().any(|file| file.path == path || file.old_path.as_deref() == Some(path))
    };
    Ok(listed(&message).into_iter().filter(|path| !is_touched(path)).collect())
}

/// The paths in the message of the commit with which resolving begins.
fn listed(message: &str) -> Vec<PathBuf> {
    let lines = message.lines().skip_while(|line| *line != super::resolving::LIST).skip(1);
    lines
        .map_while(|line| line.strip_prefix("- "))
        .filter_map(|line| line.rsplit_once(": "))
        .map(|(path, _)| PathBuf::from(path))
        .collect()
}
