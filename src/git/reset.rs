//! Moving a branch and the files of its worktree to another commit: back, or on to one made without them.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use git2::build::CheckoutBuilder;

use super::program::{Git, bytes_path};
use super::{ChangeKind, CommitId, DiffStat, Expect, GitError, ObjectId, Worktree};

impl Worktree {
    /// What [`Worktree::reset_to`] would do to committed files: deleted ones are to be removed.
    pub fn reset_preview(&self, to: &CommitId) -> Result<DiffStat, GitError> {
        let head = self.head()?;
        self.repo().diff(head.as_ref().map(CommitId::object), to)
    }

    /// The files that would be lost by [`Worktree::reset_to`] since no commit can hold them (ignored ones, or
    /// ones that steps leave out): they lie where a file is put that `now` does not have. `now` is the tree of
    /// everything that a step would commit.
    pub fn in_the_way(&self, now: &ObjectId, to: &ObjectId) -> Result<Vec<PathBuf>, GitError> {
        let files = self.repo().diff(Some(now), to)?.files;
        let gone = |file: &super::FileChange| match file.kind {
            ChangeKind::Deleted => Some(file.path.clone()),
            _ => file.old_path.clone(),
        };
        let gone: BTreeSet<PathBuf> = files.iter().filter_map(gone).collect();
        let new = files.iter().filter(|file| matches!(file.kind, ChangeKind::Added | ChangeKind::Renamed));
        let mut found = BTreeSet::new();
        for file in new {
            for part in file.path.ancestors().filter(|part| !part.as_os_str().is_empty()) {
                let Ok(meta) = self.path().join(part).symlink_metadata() else { continue };
                if !meta.is_dir() {
                    // One that a commit holds is to go, to make room.
                    found.extend((!gone.contains(part)).then(|| part.to_owned()));
                } else if part == file.path {
                    strangers(self.path(), part, &gone, &mut found);
                }
            }
        }
        Ok(found.into_iter().collect())
    }

    /// Moves the branch from one commit to another, and the files with it: those that only newer commits have are
    /// removed, and folders that hold nothing after that; ignored and new ones stay. Changes that were not
    /// committed are lost, so commit first. A branch that is elsewhere by now stays, and the files too.
    pub fn reset_to(&mut self, from: &CommitId, to: &CommitId) -> Result<(), GitError> {
        self.wait_for_index()?;
        self.check_at(from)?;
        self.repo().commit(to)?;
        let preview = self.reset_preview(to)?;
        self.put_files(to)?;
        self.drop_hollow(&preview);
        let name = format!("refs/heads/{}", self.branch());
        let moved = self.repo().update_ref(&name, to, Expect::At(from), "reset: moving to an earlier step");
        if moved.is_err()
            && let Ok(Some(head)) = self.head()
        {
            self.put_files(&head)?;
        }
        moved
    }

    /// Whether the branch is where it is taken to be.
    fn check_at(&self, expected: &CommitId) -> Result<(), GitError> {
        let found = self.head()?;
        if found.as_ref() == Some(expected) {
            return Ok(());
        }
        let name = format!("refs/heads/{}", self.branch());
        Err(GitError::RefMoved { name, expected: Some(expected.clone()), found })
    }

    /// Removes the folders of removed files in which no file is left, however deep.
    fn drop_hollow(&self, preview: &DiffStat) {
        let mut folders = BTreeSet::new();
        for file in &preview.files {
            let gone =
                if file.kind == ChangeKind::Deleted { Some(&file.path) } else { file.old_path.as_ref() };
            let above = gone.into_iter().flat_map(|path| path.ancestors().skip(1));
            folders.extend(above.filter(|folder| !folder.as_os_str().is_empty()).map(Path::to_owned));
        }
        // The deepest first. A folder that cannot be removed is no harm.
        for folder in folders.into_iter().rev() {
            let _ = remove_hollow(&self.path().join(folder));
        }
    }

    /// Moves the branch on to a commit that was made on top of `from`, where it is, and the files with it. Only files
    /// that differ between the two are written, and none of them when that would lose something.
    pub fn follow(&mut self, from: &CommitId, to: &CommitId, reason: &str) -> Result<(), GitError> {
        self.wait_for_index()?;
        self.check_at(from)?;
        self.repo().commit(to)?;
        self.check_room(from, to)?;
        self.merge_files(from, to)?;
        let name = format!("refs/heads/{}", self.branch());
        let moved = self.repo().update_ref(&name, to, Expect::At(from), reason);
        if moved.is_err() {
            self.merge_files(to, from)?;
        }
        moved
    }

    /// Git writes over files that it ignores: here nothing may stand where a file is to come.
    fn check_room(&self, from: &CommitId, to: &CommitId) -> Result<(), GitError> {
        for change in self.repo().changes(Some(from), to)? {
            if change.new.is_none() || (change.old.is_some() && change.old_name.is_none()) {
                continue;
            }
            let name = bytes_path(&change.name);
            let parents = name.ancestors().skip(1).filter(|parent| !parent.as_os_str().is_empty());
            let parents = parents.map(|parent| self.path().join(parent));
            let is_file =
                |path: &std::path::PathBuf| path.symlink_metadata().is_ok_and(|meta| !meta.is_dir());
            let path = self.path().join(&name);
            let in_the_way = if path.symlink_metadata().is_ok() { Some(path) } else { None };
            if let Some(path) = in_the_way.or_else(|| parents.filter(|path| is_file(path)).last()) {
                return Err(GitError::PathOccupied { path });
            }
        }
        Ok(())
    }

    fn merge_files(&self, from: &CommitId, to: &CommitId) -> Result<(), GitError> {
        if let Some(library) = self.library()
            && !self.repo().has_program()
        {
            // What counts as changed is told from the head, which has not moved yet.
            let failed = |e: &git2::Error| GitError::library("check files out", e);
            let commit = library.find_object(to.oid()?, None).map_err(|e| failed(&e))?;
            return library
                .checkout_tree(&commit, Some(CheckoutBuilder::new().safe()))
                .map_err(|e| failed(&e));
        }
        let git = |name| Git::at(self.path(), self.git_dir(), name);
        // What only looks changed must not be taken for something to lose; what did change is told below.
        git("update-index").args(["-q", "--refresh"]).answer()?;
        git("read-tree").args(["-m", "-u", from.as_str(), to.as_str()]).run().map(drop)
    }

    /// By the program where there is one, since only it runs filters and knows sparse checkouts.
    fn put_files(&self, to: &CommitId) -> Result<(), GitError> {
        match self.library() {
            Some(library) if !self.repo().has_program() => {
                let failed = |e: &git2::Error| GitError::library("check files out", e);
                let commit = library.find_object(to.oid()?, None).map_err(|e| failed(&e))?;
                library.checkout_tree(&commit, Some(CheckoutBuilder::new().force())).map_err(|e| failed(&e))
            }
            _ => Git::at(self.path(), self.git_dir(), "read-tree")
                .args(["--reset", "-u", to.as_str()])
                .run()
                .map(drop),
        }
    }
}

/// The files below a folder that are not among those that go.
fn strangers(top: &Path, folder: &Path, gone: &BTreeSet<PathBuf>, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(top.join(folder)).into_iter().flatten().flatten() {
        let path = folder.join(entry.file_name());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            strangers(top, &path, gone, found);
        } else if !gone.contains(&path) {
            found.insert(path);
        }
    }
}

/// Removes a folder in which there are only folders. Links are not followed.
fn remove_hollow(folder: &Path) -> io::Result<()> {
    if !folder.symlink_metadata()?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        remove_hollow(&entry.path())?;
    }
    fs::remove_dir(folder)
}
