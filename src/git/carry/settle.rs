//! After a crash in the middle of carrying a branch: ended where all files were there, else taken back.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Checkout, Leg, Note};
use crate::git::program::{Git, bytes_path, path_bytes};
use crate::git::{ChangeKind, CommitId, Expect, GitError, Repo, locks};

/// What became of a branch that was being carried when its carrier died.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    pub branch: String,
    pub path: PathBuf,
    /// It stands at the new commit; else everything is as it was before.
    pub is_there: bool,
}

impl Repo {
    /// Ends or takes back what a killed process was at. Does nothing while that lives.
    pub fn settle_carries(&self) -> Result<Vec<Settled>, GitError> {
        let mut settled = Vec::new();
        for held in self.worktrees()?.into_iter().filter(|held| !held.is_missing) {
            let Some(git_dir) = self.git_dir_of(&held)? else { continue };
            let checkout = Checkout { path: held.path, git_dir, is_main: held.is_main };
            let Some((_note, leg)) = Note::left(&checkout)? else { continue };
            // One that broke off in the middle of the note had not begun.
            let Some(leg) = leg else { continue };
            let is_there = self.take_back(&checkout, &leg)?;
            settled.push(Settled { branch: leg.branch, path: checkout.path, is_there });
        }
        Ok(settled)
    }

    /// Puts back what was written of a leg, unless all of it was: then the branch is moved as well. `true` when the
    /// branch is where the leg leads.
    pub(super) fn take_back(&self, checkout: &Checkout, leg: &Leg) -> Result<bool, GitError> {
        let lock = checkout.index_lock();
        // A git that outlived us may be at it; one that died left the lock.
        locks::clear(&lock, &[&checkout.path, &checkout.git_dir])?;
        let name = format!("refs/heads/{}", leg.branch);
        let at = self.read_ref(&name)?;
        if at.as_ref() == Some(&leg.to) {
            return Ok(true);
        }
        if at != leg.from {
            // The user went on meanwhile: what is there is theirs.
            return Ok(false);
        }
        // The index is written after the files.
        if self.index_is_at(checkout, leg)? {
            let expect = leg.from.as_ref().map_or(Expect::Absent, Expect::At);
            if self.update_ref(&name, &leg.to, expect, "offshoot: landed, after a crash").is_ok() {
                return Ok(true);
            }
        }
        self.put_back(checkout, leg)?;
        Ok(false)
    }

    /// Whether the index has all that the leg changes as it is at its end.
    fn index_is_at(&self, checkout: &Checkout, leg: &Leg) -> Result<bool, GitError> {
        let changed = self.paths_of(leg)?;
        let differs = if self.has_program() {
            let out = Git::at(&checkout.path, &checkout.git_dir, "diff-index")
                .args(["--cached", "--name-only", "-z", "--no-renames", leg.to.as_str()])
                .run()?;
            out.split(|byte| *byte == 0).map(bytes_path).collect::<Vec<_>>()
        } else {
            let failed = |e: git2::Error| GitError::library("read the index", &e);
            let repo = git2::Repository::open(&checkout.git_dir).map_err(failed)?;
            let tree = repo.find_commit(leg.to.oid()?).and_then(|commit| commit.tree()).map_err(failed)?;
            let diff = repo.diff_tree_to_index(Some(&tree), None, None).map_err(failed)?;
            let path = |delta: git2::DiffDelta<'_>| delta.new_file().path().map(Path::to_owned);
            diff.deltas().filter_map(path).collect()
        };
        Ok(!differs.iter().any(|path| changed.iter().any(|(changed, _)| changed == path)))
    }

    /// Each file that was written, or begun, is as it was; what somebody wrote since stays.
    fn put_back(&self, checkout: &Checkout, leg: &Leg) -> Result<(), GitError> {
        let mut lost: Vec<PathBuf> = Vec::new();
        for (path, was_there) in self.paths_of(leg)? {
            let on_disk = checkout.path.join(&path);
            let found = content(&on_disk);
            let is_ours = match (&found, self.checked_out(checkout, &leg.to, &path)?) {
                // Taken away, to be written anew or to go.
                (None, _) => was_there,
                // Written whole, or begun.
                (Some(found), Some(new)) => new.starts_with(found),
                (Some(_), None) => false,
            };
            if !is_ours {
                continue;
            }
            if was_there {
                lost.push(path);
            } else if fs::remove_file(&on_disk).is_ok() {
                remove_empty_above(&checkout.path, &path);
            }
        }
        if let Some(from) = &leg.from {
            self.restore(checkout, from, &lost)?;
        }
        Ok(())
    }

    fn restore(&self, checkout: &Checkout, from: &CommitId, paths: &[PathBuf]) -> Result<(), GitError> {
        if paths.is_empty() {
            return Ok(());
        }
        if !self.has_program() {
            let failed = |e: git2::Error| GitError::library("check files out", &e);
            let repo = git2::Repository::open(&checkout.git_dir).map_err(failed)?;
            let commit = repo.find_object(from.oid()?, None).map_err(failed)?;
            let mut how = git2::build::CheckoutBuilder::new();
            how.force().disable_pathspec_match(true);
            for path in paths {
                how.path(path);
            }
            return repo.checkout_tree(&commit, Some(&mut how)).map_err(failed);
        }
        let mut input = Vec::new();
        for path in paths {
            input.extend_from_slice(&path_bytes(path));
            input.push(0);
        }
        // From the commit into the index first: that may have been written already.
        let git = |name: &str| Git::at(&checkout.path, &checkout.git_dir, name);
        git("reset")
            .args(["-q", "--pathspec-from-file=-", "--pathspec-file-nul", from.as_str()])
            .input(input.clone())
            .run()?;
        git("checkout-index").args(["-f", "-u", "-z", "--stdin"]).input(input).run().map(drop)
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
    fn paths_of(&self, leg: &Leg) -> Result<Vec<(PathBuf, bool)>, GitError> {
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

fn content(path: &Path) -> Option<Vec<u8>> {
    let meta = path.symlink_metadata().ok()?;
    if meta.is_symlink() {
        return fs::read_link(path).ok().map(|target| path_bytes(&target));
    }
    fs::read(path).ok()
}

/// Folders that were made for a file and hold nothing now.
fn remove_empty_above(top: &Path, path: &Path) {
    for folder in path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()) {
        if fs::remove_dir(top.join(folder)).is_err() {
            return;
        }
    }
}
