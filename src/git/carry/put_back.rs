//! Taking back what was written of a leg in a work tree. What somebody else wrote since stays.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Checkout, Leg};
use crate::git::program::{Git, bytes_path, path_bytes};
use crate::git::{ChangeKind, CommitId, GitError, Repo};

impl Repo {
    /// Each file that was written, or begun, is as it was, and so is the index.
    pub(super) fn put_back(&self, checkout: &Checkout, leg: &Leg) -> Result<(), GitError> {
        let changed = self.paths_of(leg)?;
        let differs = self.index_against(checkout, &leg.to)?;
        let staged: Vec<&PathBuf> =
            changed.iter().map(|(path, _)| path).filter(|path| !differs.contains(*path)).collect();
        let mut lost: Vec<&PathBuf> = Vec::new();
        for (path, was_there) in &changed {
            let on_disk = checkout.path.join(path);
            let found = content(&on_disk);
            let is_ours = match (&found, self.checked_out(checkout, &leg.to, path)?) {
                // Taken away, to be written anew or to go.
                (None, _) => *was_there,
                // Written whole, or begun.
                (Some(found), Some(new)) => new.starts_with(found),
                (Some(_), None) => false,
            };
            if !is_ours {
                continue;
            }
            if *was_there {
                lost.push(path);
            } else if fs::remove_file(&on_disk).is_ok() {
                remove_empty_above(&checkout.path, path);
            }
        }
        if self.has_program() {
            self.restore(checkout, leg, &staged, &lost)
        } else {
            restore_by_library(checkout, leg, &staged, &lost)
        }
    }

    /// The paths that the index has otherwise than a commit.
    pub(super) fn index_against(
        &self,
        checkout: &Checkout,
        commit: &CommitId,
    ) -> Result<BTreeSet<PathBuf>, GitError> {
        if self.has_program() {
            let out = Git::at(&checkout.path, &checkout.git_dir, "diff-index")
                .args(["--cached", "--name-only", "-z", "--no-renames", commit.as_str()])
                .run()?;
            return Ok(out.split(|byte| *byte == 0).map(bytes_path).collect());
        }
        let failed = |e: git2::Error| GitError::library("read the index", &e);
        let repo = git2::Repository::open(&checkout.git_dir).map_err(failed)?;
        let tree = repo.find_commit(commit.oid()?).and_then(|commit| commit.tree()).map_err(failed)?;
        let diff = repo.diff_tree_to_index(Some(&tree), None, None).map_err(failed)?;
        let path = |delta: git2::DiffDelta<'_>| delta.new_file().path().map(Path::to_owned);
        Ok(diff.deltas().filter_map(path).collect())
    }

    /// The index of some paths and the files of others as they are at the beginning of a leg.
    fn restore(
        &self,
        checkout: &Checkout,
        leg: &Leg,
        staged: &[&PathBuf],
        lost: &[&PathBuf],
    ) -> Result<(), GitError> {
        let git = |name: &str| Git::at(&checkout.path, &checkout.git_dir, name);
        if !staged.is_empty() {
            let from = match &leg.from {
                Some(from) => from.to_string(),
                None => self.empty_tree()?.to_string(),
            };
            git("reset")
                .args(["-q", "--pathspec-from-file=-", "--pathspec-file-nul", &from])
                .input(listed(staged))
                .run()?;
        }
        if lost.is_empty() {
            return Ok(());
        }
        git("checkout-index").args(["-f", "-u", "-z", "--stdin"]).input(listed(lost)).run().map(drop)
    }

    /// A file as a commit puts it on the disk; of a link, its target.
    fn checked_out(
        &self,
        checkout: &Checkout,
        commit: &CommitId,
        path: &Path,
    ) -> Result<Option<Vec<u8>>, GitError> {
        let Some(plain) = self.blob(commit, path)? else { return Ok(None) };
        if !self.has_program() {
            return Ok(Some(plain));
        }
        let spec = [format!("{commit}:").into_bytes(), path_bytes(path)].concat();
        let answer = Git::at(&checkout.path, &checkout.git_dir, "cat-file")
            .arg("--filters")
            .arg(bytes_path(&spec))
            .answer()?;
        Ok(Some(if answer.ok { answer.out } else { plain }))
    }

    /// The paths that a leg changes, each with whether it is there at its beginning.
    pub(super) fn paths_of(&self, leg: &Leg) -> Result<Vec<(PathBuf, bool)>, GitError> {
        let mut paths = Vec::new();
        for file in self.diff(leg.from.as_ref().map(CommitId::object), &leg.to)?.files {
            match file.kind {
                ChangeKind::Added => paths.push((file.path, false)),
                ChangeKind::Renamed => {
                    paths.extend(file.old_path.map(|old| (old, true)));
                    paths.push((file.path, false));
                }
                _ => paths.push((file.path, true)),
            }
        }
        Ok(paths)
    }
}

pub(super) fn restore_by_library(
    checkout: &Checkout,
    leg: &Leg,
    staged: &[&PathBuf],
    lost: &[&PathBuf],
) -> Result<(), GitError> {
    let failed = |e: git2::Error| GitError::library("check files out", &e);
    let repo = git2::Repository::open(&checkout.git_dir).map_err(failed)?;
    // Where the leg begins with nothing, all that it wrote goes.
    let commit = match &leg.from {
        Some(from) => Some(repo.find_commit(from.oid()?).map_err(failed)?),
        None => None,
    };
    let tree = commit.as_ref().map(git2::Commit::tree).transpose().map_err(failed)?;
    let mut index = repo.index().map_err(failed)?;
    for path in staged {
        match tree.as_ref().and_then(|tree| tree.get_path(path).ok()) {
            Some(entry) => index.add(&index_entry(&entry, path)),
            None => index.remove(path, 0),
        }
        .map_err(failed)?;
    }
    index.write().map_err(failed)?;
    let Some(commit) = commit.filter(|_| !lost.is_empty()) else { return Ok(()) };
    let mut how = git2::build::CheckoutBuilder::new();
    how.force().disable_pathspec_match(true);
    for path in lost {
        how.path(path);
    }
    repo.checkout_tree(commit.as_object(), Some(&mut how)).map_err(failed)
}

/// Without what the disk says of the file: that is looked up anew.
fn index_entry(entry: &git2::TreeEntry<'_>, path: &Path) -> git2::IndexEntry {
    let none = git2::IndexTime::new(0, 0);
    git2::IndexEntry {
        ctime: none,
        mtime: none,
        dev: 0,
        ino: 0,
        mode: entry.filemode().cast_unsigned(),
        uid: 0,
        gid: 0,
        file_size: 0,
        id: entry.id(),
        flags: 0,
        flags_extended: 0,
        path: path_bytes(path),
    }
}

fn content(path: &Path) -> Option<Vec<u8>> {
    let meta = path.symlink_metadata().ok()?;
    if meta.is_symlink() {
        return fs::read_link(path).ok().map(|target| path_bytes(&target));
    }
    fs::read(path).ok()
}

fn listed(paths: &[&PathBuf]) -> Vec<u8> {
    paths.iter().flat_map(|path| [path_bytes(path), vec![0]].concat()).collect()
}

/// Folders that were made for a file and hold nothing now.
fn remove_empty_above(top: &Path, path: &Path) {
    for folder in path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()) {
        if fs::remove_dir(top.join(folder)).is_err() {
            return;
        }
    }
}
