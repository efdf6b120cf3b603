//! The file `.git` of a linked worktree, which says where its repository is. It lies in the one
//! directory that commands may write to, so it is compared, and put back, after each of them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What the file held before a command ran.
pub(super) struct Pointer {
    path: PathBuf,
    /// `None`: there is no such file, or it is a directory; nothing is watched then.
    content: Option<Vec<u8>>,
}

impl Pointer {
    pub fn read(worktree: &Path) -> Self {
        let path = worktree.join(".git");
        let content = content(&path);
        Self { path, content }
    }

    /// Puts the file back if it was changed, and says so.
    pub fn restore(&self) -> Option<String> {
        let wanted = self.content.as_ref()?;
        if content(&self.path).as_ref() == Some(wanted) {
            return None;
        }
        let result = remove(&self.path).and_then(|()| fs::write(&self.path, wanted));
        Some(match result {
            Ok(()) => "[the command changed `.git`, the worktree's link to its repository; it was put back]"
                .to_owned(),
            Err(error) => format!(
                "[the command changed `.git`, the worktree's link to its repository, and it could not be put back: {error}]"
            ),
        })
    }
}

/// The content of a regular file; links are not followed.
fn content(path: &Path) -> Option<Vec<u8>> {
    fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file)?;
    fs::read(path).ok()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
