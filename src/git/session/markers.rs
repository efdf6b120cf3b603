//! Files in which a conflict was never resolved.

use std::path::{Path, PathBuf};

use crate::git::session::SessionError;
use crate::git::{ChangeKind, CommitId, DiffStat, Repo};

/// Bytes of a file that are looked through.
const LOOKED_AT: usize = 8 * 1024 * 1024;

/// The changed files in which markers stand that were not there before.
pub(super) fn unresolved(
    repo: &Repo,
    head: &CommitId,
    before: Option<&CommitId>,
    stat: &DiffStat,
) -> Result<Vec<PathBuf>, SessionError> {
    let mut found = Vec::new();
    for file in stat.files.iter().filter(|file| !file.binary && file.kind != ChangeKind::Deleted) {
        let has = |commit: &CommitId, path: &Path| -> Result<bool, SessionError> {
            Ok(repo.blob(commit, path)?.is_some_and(|bytes| has_markers(&bytes)))
        };
        let old = file.old_path.as_ref().unwrap_or(&file.path);
        if has(head, &file.path)? && !before.map_or(Ok(false), |before| has(before, old))? {
            found.push(file.path.clone());
        }
    }
    Ok(found)
}

/// Whether a text holds the three markers of a conflict, each at the start of a line and in their order.
fn has_markers(bytes: &[u8]) -> bool {
    let mut wanted = [&b"<<<<<<< "[..], b"=======", b">>>>>>> "].into_iter();
    let mut next = wanted.next();
    for line in bytes[..bytes.len().min(LOOKED_AT)].split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let is_it =
            next.is_some_and(
                |marker| {
                    if marker.ends_with(b" ") { line.starts_with(marker) } else { line == marker }
                },
            );
        if is_it {
            next = wanted.next();
        }
    }
    next.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_all_three_markers_are_a_conflict() {
        assert!(has_markers(b"a\n<<<<<<< ours\nx\n=======\ny\n>>>>>>> theirs\n"));
        assert!(has_markers(b"<<<<<<< ours\r\nx\r\n=======\r\ny\r\n>>>>>>> theirs\r\n"));
        assert!(!has_markers(b"Title\n=======\n\ntext\n"));
        assert!(!has_markers(b"  <<<<<<< ours\n=======\n>>>>>>> theirs\n"));
        assert!(!has_markers(b"=======\n<<<<<<< ours\n>>>>>>> theirs\n"));
    }
}
