//! Merges by libgit2, where the git program is missing or too old.

use std::collections::BTreeSet;

use git2::{IndexConflict, IndexEntry, MergeFileOptions};

use super::{Conflict, ConflictKind, Merged, Objects};
use crate::git::program::bytes_path;
use crate::git::{CommitId, GitError, ObjectId, Repo};

impl Repo {
    pub(super) fn merge_by_library(
        &self,
        ours: &CommitId,
        theirs: &CommitId,
        objects: Objects,
    ) -> Result<Merged, GitError> {
        let failed = |e: git2::Error| GitError::library("merge", &e);
        // With a handle of its own: what is thrown away must not stay in a shared one.
        let repo = git2::Repository::open(self.git_dir()).map_err(failed)?;
        let odb = repo.odb().map_err(failed)?;
        if objects == Objects::ThrownAway {
            odb.add_new_mempack_backend(1_000).map_err(failed)?;
        }
        let commit = |id: &CommitId| repo.find_commit(id.oid()?).map_err(failed);
        let mut index = repo.merge_commits(&commit(ours)?, &commit(theirs)?, None).map_err(failed)?;
        let found: Vec<IndexConflict> =
            index.conflicts().and_then(Iterator::collect::<Result<_, _>>).map_err(failed)?;
        let mut conflicts = Vec::new();
        for conflict in &found {
            let sides = [&conflict.ancestor, &conflict.our, &conflict.their];
            let Some(entry) = sides[1].as_ref().or(sides[2].as_ref()).or(sides[0].as_ref()) else { continue };
            let path = bytes_path(&entry.path);
            let mut kind = ConflictKind::of_modes(sides.map(|side| side.as_ref().map(|entry| entry.mode)));
            let mut chosen = conflict.our.as_ref().or(conflict.their.as_ref()).map(copy);
            if let (Some(our), Some(their), true) = (
                &conflict.our,
                &conflict.their,
                matches!(kind, ConflictKind::BothChanged | ConflictKind::BothAdded),
            ) {
                match marked(&repo, conflict.ancestor.as_ref(), our, their)? {
                    Some(text) => {
                        let id = repo.blob(&text).map_err(failed)?;
                        chosen = Some(IndexEntry { id, file_size: 0, ..copy(our) });
                    }
                    None => kind = ConflictKind::Binary,
                }
            }
            let paths: BTreeSet<&[u8]> =
                sides.into_iter().flatten().map(|entry| entry.path.as_slice()).collect();
            for path in paths {
                index.conflict_remove(&bytes_path(path)).map_err(failed)?;
            }
            let folder = [entry.path.as_slice(), b"/"].concat();
            if let Some(entry) = &mut chosen
                && index.find_prefix(bytes_path(&folder)).is_ok()
            {
                // The file gives way to the folder, under a name of its own.
                kind = ConflictKind::FileAndFolder;
                let side: &[u8] = if conflict.our.is_some() { b"~ours" } else { b"~theirs" };
                entry.path.extend_from_slice(side);
            }
            if let Some(entry) = chosen {
                index.add(&IndexEntry { flags: 0, flags_extended: 0, ..entry }).map_err(failed)?;
            }
            conflicts.push(Conflict { path, kind });
        }
        let tree = index.write_tree_to(&repo).map_err(failed)?;
        Ok(Merged { tree: ObjectId::of(tree), conflicts })
    }
}

/// Both versions of a text with markers; nothing of a binary file.
fn marked(
    repo: &git2::Repository,
    base: Option<&IndexEntry>,
    ours: &IndexEntry,
    theirs: &IndexEntry,
) -> Result<Option<Vec<u8>>, GitError> {
    let failed = |e: git2::Error| GitError::library("merge a file", &e);
    let content = |entry: &IndexEntry| repo.find_blob(entry.id).map(|blob| blob.content().to_vec());
    let (our, their) = (content(ours).map_err(failed)?, content(theirs).map_err(failed)?);
    let old = base.map(content).transpose().map_err(failed)?.unwrap_or_default();
    if [&old, &our, &their].into_iter().any(|bytes| is_binary(bytes)) {
        return Ok(None);
    }
    let input = |bytes| {
        let mut input = git2::MergeFileInput::new();
        input.content(bytes);
        input
    };
    let (old, our, their) = (input(&old), input(&our), input(&their));
    let mut options = MergeFileOptions::new();
    options.our_label("ours").their_label("theirs");
    let merged = git2::merge_file(&old, &our, &their, Some(&mut options)).map_err(failed)?;
    Ok(Some(merged.content().to_vec()))
}

/// As git tells it: by a zero byte near the beginning.
fn is_binary(bytes: &[u8]) -> bool {
    bytes[..bytes.len().min(8_000)].contains(&0)
}

/// git2's entries cannot be cloned.
fn copy(entry: &IndexEntry) -> IndexEntry {
    IndexEntry { path: entry.path.clone(), ..*entry }
}
