//! The note of what is under way in a work tree, and whose it is.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::{Checkout, Leg};
use crate::git::{CommitId, GitError};

pub(super) const NOTE: &str = "offshoot-landing";

/// How often a note is looked for that others take away meanwhile.
const TRIES: usize = 16;

/// The note of what is under way in a work tree. Held locked while somebody is at it.
pub(super) struct Note {
    pub path: PathBuf,
    /// Locked as long as it is open.
    _file: File,
}

impl Note {
    /// # Errors
    /// [`GitError::UnderWay`] when somebody is at it, or was and died: that has to be settled first.
    pub fn write(checkout: &Checkout, leg: &Leg) -> Result<Self, GitError> {
        let path = checkout.git_dir.join(NOTE);
        let failed = |e: io::Error| GitError::io(&path, e);
        for _ in 0..TRIES {
            let mut file = match File::options().write(true).create_new(true).open(&path) {
                Ok(file) => file,
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => break,
                Err(e) => return Err(failed(e)),
            };
            file.lock().map_err(failed)?;
            // Before it was locked, it looked like one that was left, and somebody may have taken it away.
            if !is_at(&file, &path) {
                continue;
            }
            let from = leg.from.as_ref().map_or("nothing", |from| from.as_str());
            let text = format!("{}\n{from}\n{}\nend\n", leg.branch, leg.to);
            file.write_all(text.as_bytes()).and_then(|()| file.sync_data()).map_err(failed)?;
            return Ok(Self { path, _file: file });
        }
        Err(GitError::UnderWay { path: checkout.path.clone(), doing: "landing" })
    }

    /// The note of somebody who died at it. The leg is nothing when they had hardly begun.
    pub fn left(checkout: &Checkout) -> Result<Option<(Self, Option<Leg>)>, GitError> {
        let path = checkout.git_dir.join(NOTE);
        let failed = |e: io::Error| GitError::io(&path, e);
        for _ in 0..TRIES {
            let mut file = match File::options().read(true).write(true).open(&path) {
                Ok(file) => file,
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(e) => return Err(failed(e)),
            };
            if file.try_lock().is_err() {
                return Ok(None);
            }
            // Its owner may have come to an end just now; the one that is there is another's.
            if !is_at(&file, &path) {
                continue;
            }
            let mut text = String::new();
            file.read_to_string(&mut text).map_err(failed)?;
            let leg = match text.lines().collect::<Vec<_>>()[..] {
                [branch, from, to, "end"] => CommitId::parse(to).ok().map(|to| Leg {
                    branch: branch.to_owned(),
                    from: CommitId::parse(from).ok(),
                    to,
                }),
                _ => None,
            };
            return Ok(Some((Self { path, _file: file }, leg)));
        }
        Ok(None)
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        // While it is locked still: nobody can take it for one that was left.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether the path still leads to the file that is open.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(ours), Ok(there)) = (file.metadata(), path.symlink_metadata()) else { return false };
    (ours.dev(), ours.ino()) == (there.dev(), there.ino())
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}
