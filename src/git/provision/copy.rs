//! Copying files and whole folders: as clones that share their blocks where the file system can, else byte by byte.
//! What is there already is left alone, and no file is ever seen half.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::patterns::Patterns;
use super::{Amount, Left};
use crate::config::TEMPORARY_PREFIX;
use crate::git::GitError;

/// Copies from one work tree to another.
pub(super) struct Copier<'a> {
    pub from: &'a Path,
    pub to: &'a Path,
    pub patterns: &'a Patterns,
    pub amount: Amount,
    pub left: Vec<Left>,
    /// Told after each file; ends the work when it says so.
    pub tell: &'a mut dyn FnMut(&Amount) -> ControlFlow<()>,
    /// Once a clone was refused, others are not tried.
    pub tries_clones: bool,
}

/// Why a copy ended early.
pub(super) enum Halt {
    Stopped,
    Failed(GitError),
}

impl Copier<'_> {
    /// Copies a file, a link or a folder with all that is in it, by its path in both trees.
    pub fn copy(&mut self, path: &Path) -> Result<(), Halt> {
        let Some(meta) = self.look(path) else { return Ok(()) };
        if let Some(parent) = path.parent() {
            self.make_parents(parent)?;
        }
        self.copy_as(path, &meta)
    }

    fn copy_as(&mut self, path: &Path, meta: &Metadata) -> Result<(), Halt> {
        let (from, to) = (self.from.join(path), self.to.join(path));
        if meta.is_dir() {
            return self.copy_folder(path, meta);
        }
        if to.symlink_metadata().is_ok() {
            return Ok(());
        }
        let copied = if meta.is_symlink() {
            fs::read_link(&from).and_then(|target| std::os::unix::fs::symlink(target, &to))
        } else if meta.is_file() {
            self.copy_file(&from, &to, meta)
        } else {
            self.leave(path, "it is neither a file nor a folder nor a link");
            return Ok(());
        };
        match copied {
            Ok(()) => {
                self.amount.files += 1;
                self.amount.bytes += if meta.is_file() { meta.len() } else { 0 };
            }
            Err(error) if is_fatal(&error) => return Err(Halt::Failed(GitError::io(to, error))),
            Err(error) => self.leave(path, &error.to_string()),
        }
        match (self.tell)(&self.amount) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Halt::Stopped),
        }
    }

    fn copy_folder(&mut self, path: &Path, meta: &Metadata) -> Result<(), Halt> {
        let (from, to) = (self.from.join(path), self.to.join(path));
        // What lies there belongs to another repository's worktree, and would still do so as a copy.
        if from.join(".git").is_file() {
            self.leave(path, "it is a worktree or a submodule of its own");
            return Ok(());
        }
        match fs::create_dir(&to) {
            Ok(()) => {}
            Err(_) if to.symlink_metadata().is_ok_and(|there| there.is_dir()) => {}
            Err(error) if is_fatal(&error) => return Err(Halt::Failed(GitError::io(to, error))),
            Err(error) => {
                self.leave(path, &error.to_string());
                return Ok(());
            }
        }
        let entries = match fs::read_dir(&from) {
            Ok(entries) => entries,
            Err(error) => {
                self.leave(path, &error.to_string());
                return Ok(());
            }
        };
        for entry in entries.flatten() {
            let below = path.join(entry.file_name());
            let Some(meta) = self.look(&below) else { continue };
            // A worktree may lie in its own source.
            if self.patterns.drops(&below, meta.is_dir()) || self.to.starts_with(self.from.join(&below)) {
                continue;
            }
            self.copy_as(&below, &meta)?;
        }
        // Last, since a folder may be closed to writing.
        let _ = fs::set_permissions(&to, fs::Permissions::from_mode(meta.permissions().mode() & 0o777));
        let _ = File::open(&to).and_then(|folder| folder.set_modified(meta.modified()?));
        Ok(())
    }

    /// Under another name first: a kill leaves no half of it. Times are kept, since build tools go by them.
    fn copy_file(&mut self, from: &Path, to: &Path, meta: &Metadata) -> io::Result<()> {
        let (Some(folder), Some(name)) = (to.parent(), to.file_name()) else { return Ok(()) };
        let mut temporary = std::ffi::OsString::from(TEMPORARY_PREFIX);
        temporary.push(name);
        let temporary = folder.join(temporary);
        let made = self.fill(from, &temporary, meta).and_then(|()| fs::rename(&temporary, to));
        if made.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        made
    }

    fn fill(&mut self, from: &Path, to: &Path, meta: &Metadata) -> io::Result<()> {
        let mut source = File::open(from)?;
        let _ = fs::remove_file(to);
        let mut target = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
        if !(self.tries_clones && self.clone_file(&source, &target)) {
            io::copy(&mut source, &mut target)?;
        }
        target.set_permissions(fs::Permissions::from_mode(meta.permissions().mode() & 0o777))?;
        target.set_modified(meta.modified()?)
    }

    #[cfg(target_os = "linux")]
    fn clone_file(&mut self, source: &File, target: &File) -> bool {
        self.tries_clones = rustix::fs::ioctl_ficlone(target, source).is_ok();
        self.amount.clones += u64::from(self.tries_clones);
        self.tries_clones
    }

    #[cfg(not(target_os = "linux"))]
    fn clone_file(&mut self, _: &File, _: &File) -> bool {
        false
    }

    /// What is to be copied; `None` when it has gone meanwhile.
    fn look(&mut self, path: &Path) -> Option<Metadata> {
        match self.from.join(path).symlink_metadata() {
            Ok(meta) => Some(meta),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                self.leave(path, &error.to_string());
                None
            }
        }
    }

    /// Makes the folders above a path, and goes through no link on the way: it may lead anywhere.
    fn make_parents(&mut self, parent: &Path) -> Result<(), Halt> {
        make_folders(self.to, parent).map_err(Halt::Failed)
    }

    fn leave(&mut self, path: &Path, why: &str) {
        self.left.push(Left { path: path.to_owned(), why: why.to_owned() });
    }
}

/// Makes folders below a top. An error where something else stands in the way.
pub(super) fn make_folders(top: &Path, folders: &Path) -> Result<(), GitError> {
    let mut place = PathBuf::from(top);
    for part in folders {
        place.push(part);
        match place.symlink_metadata() {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => return Err(GitError::PathOccupied { path: place }),
            Err(_) => fs::create_dir(&place).map_err(|error| GitError::io(&place, error))?,
        }
    }
    Ok(())
}

/// What would fail for the next file as well.
fn is_fatal(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::ReadOnlyFilesystem
    )
}
