//! Merges by `git merge-tree`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tempfile::TempDir;

use super::{Conflict, ConflictKind, Merged, Modes, Objects};
use crate::git::program::{Answer, bytes_path};
use crate::git::{CommitId, GitError, ObjectId, Repo};

/// What git gives when it does not know an option.
const USAGE: i32 = 129;

impl Repo {
    /// `None` when the program is too old to merge without a worktree.
    pub(super) fn merge_tree(
        &self,
        ours: &CommitId,
        theirs: &CommitId,
        objects: Objects,
    ) -> Result<Option<Merged>, GitError> {
        let store = match objects {
            Objects::Kept => None,
            Objects::ThrownAway => Some(temporary()?),
        };
        let mut git = self.git("merge-tree");
        if let Some(store) = &store {
            git = git.objects_in(store.path(), &self.common_dir().join("objects"));
        }
        let answer = git
            .args(["--write-tree", "--messages", "--allow-unrelated-histories", "-z"])
            .args([ours.as_str(), theirs.as_str()])
            .answer()?;
        match answer.code {
            Some(0 | 1) => parse(&answer).map(Some),
            Some(USAGE) => Ok(None),
            _ => Err(answer.error("merge-tree")),
        }
    }
}

fn temporary() -> Result<TempDir, GitError> {
    tempfile::tempdir().map_err(|e| GitError::io("a temporary folder", e))
}

/// The tree; each version of each conflicting path; an empty field; the messages, each with its paths and its kind.
fn parse(answer: &Answer) -> Result<Merged, GitError> {
    let odd = || GitError::program("merge-tree", "its answer cannot be read");
    let mut fields = answer.out.split(|byte| *byte == 0);
    let tree = fields.next().and_then(|id| ObjectId::parse(&String::from_utf8_lossy(id)).ok());
    let tree = tree.ok_or_else(odd)?;
    let mut versions: BTreeMap<PathBuf, Modes> = BTreeMap::new();
    for field in fields.by_ref().take_while(|field| !field.is_empty()) {
        let tab = field.iter().position(|byte| *byte == b'\t').ok_or_else(odd)?;
        let head = String::from_utf8_lossy(&field[..tab]).into_owned();
        let mut words = head.split(' ');
        let mode = words.next().and_then(|mode| u32::from_str_radix(mode, 8).ok()).ok_or_else(odd)?;
        let stage = words.nth(1).and_then(|stage| stage.parse::<usize>().ok()).ok_or_else(odd)?;
        let modes = versions.entry(bytes_path(&field[tab + 1..])).or_default();
        *modes.get_mut(stage.wrapping_sub(1)).ok_or_else(odd)? = Some(mode);
    }
    let mut kinds: BTreeMap<PathBuf, ConflictKind> = BTreeMap::new();
    while let Some(count) = fields.next().filter(|count| !count.is_empty()) {
        let count: usize = String::from_utf8_lossy(count).parse().map_err(|_| odd())?;
        let paths: Vec<PathBuf> = fields.by_ref().take(count).map(bytes_path).collect();
        let kind = String::from_utf8_lossy(fields.next().unwrap_or_default()).into_owned();
        fields.next();
        if let Some(kind) = told(&kind) {
            // Of several that are told of a path, the first says what happened to it.
            for path in paths {
                kinds.entry(path).or_insert(kind);
            }
        }
    }
    // Versions may stand under a name that no message has: a file that gave way to a folder.
    let mut conflicts: BTreeMap<PathBuf, ConflictKind> =
        versions.into_iter().map(|(path, modes)| (path, ConflictKind::of_modes(modes))).collect();
    for (path, kind) in &mut conflicts {
        *kind = kinds.get(path).copied().unwrap_or(*kind);
    }
    if conflicts.is_empty() && answer.code == Some(1) {
        conflicts = kinds;
    }
    let conflicts = conflicts.into_iter().map(|(path, kind)| Conflict { path, kind }).collect();
    Ok(Merged { tree, conflicts })
}

/// What a message's kind says more than the versions do.
fn told(kind: &str) -> Option<ConflictKind> {
    let kind = kind.strip_prefix("CONFLICT (")?;
    Some(match kind.trim_end_matches(')') {
        "binary" => ConflictKind::Binary,
        "file/directory" => ConflictKind::FileAndFolder,
        "distinct modes" => ConflictKind::Mode,
        kind if kind.starts_with("rename") || kind.contains("directory rename") => ConflictKind::Renamed,
        kind if kind.contains("submodule") => ConflictKind::Submodule,
        _ => return None,
    })
}
