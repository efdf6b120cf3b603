//! What git ignores in a work tree: single files, and folders as a whole where the folder itself is ignored.

use std::fs;
use std::path::{Path, PathBuf};

use git2::StatusOptions;

use super::GitError;
use super::program::{Git, bytes_path};
use super::stage::Ground;

/// Something ignored, relative to the top of its work tree. A link to a folder is none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ignored {
    pub path: PathBuf,
    pub is_dir: bool,
}

impl Ground<'_> {
    /// All that is ignored, in order. What lies in an ignored folder is not listed.
    pub fn ignored(&self) -> Result<Vec<Ignored>, GitError> {
        let mut found = match self.library {
            // Only the program tells a folder that is ignored from one in which all files are.
            Some(library) if !self.repo.has_program() => self.ignored_by_library(library)?,
            _ => self.ignored_by_program()?,
        };
        found.sort();
        Ok(found)
    }

    fn ignored_by_program(&self) -> Result<Vec<Ignored>, GitError> {
        let out = Git::at(self.top, self.git_dir, "status")
            .args(["--porcelain", "-z", "--ignored=matching", "--untracked-files=all", "--no-renames"])
            .arg("--ignore-submodules=all")
            .run()?;
        let entry = |record: &[u8]| {
            let path = record.strip_prefix(b"!! ")?;
            let folder = path.strip_suffix(b"/");
            Some(Ignored { path: bytes_path(folder.unwrap_or(path)), is_dir: folder.is_some() })
        };
        Ok(out.split(|byte| *byte == 0).filter_map(entry).collect())
    }

    pub(super) fn ignored_by_library(&self, library: &git2::Repository) -> Result<Vec<Ignored>, GitError> {
        let mut options = StatusOptions::new();
        options.include_ignored(true).recurse_ignored_dirs(false).exclude_submodules(true);
        options.include_untracked(true).recurse_untracked_dirs(true);
        let statuses = library
            .statuses(Some(&mut options))
            .map_err(|e| GitError::library("list what is ignored", &e))?;
        let mut found = Vec::new();
        for status in statuses.iter().filter(|entry| entry.status().is_ignored()) {
            let path = status.path_bytes();
            match path.strip_suffix(b"/") {
                None => found.push(Ignored { path: bytes_path(path), is_dir: false }),
                Some(folder) => self.within(library, &bytes_path(folder), &mut found),
            }
        }
        Ok(found)
    }

    /// The library gives folders in which everything is ignored for ignored ones.
    fn within(&self, library: &git2::Repository, folder: &Path, found: &mut Vec<Ignored>) {
        if library.is_path_ignored(folder.join("")).unwrap_or(false) {
            found.push(Ignored { path: folder.to_owned(), is_dir: true });
            return;
        }
        for entry in fs::read_dir(self.top.join(folder)).into_iter().flatten().flatten() {
            let path = folder.join(entry.file_name());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => self.within(library, &path, found),
                Ok(_) if library.is_path_ignored(&path).unwrap_or(false) => {
                    found.push(Ignored { path, is_dir: false });
                }
                _ => {}
            }
        }
    }
}
