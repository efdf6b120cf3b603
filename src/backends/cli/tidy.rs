//! What a run must leave as it was: the files of git that say where the repository is and how it behaves, which lie
//! beside those that a commit has to write; and what it must not leave, its own litter in the worktree.

use std::fs;
use std::path::{Path, PathBuf};

use super::CliJob;
use crate::config::PermissionMode;

/// What was there before a run.
#[derive(Debug, Default)]
pub(super) struct Before {
    files: Vec<(PathBuf, Option<Vec<u8>>)>,
    litter: Vec<PathBuf>,
}

/// In a worktree's own git directory. Whoever changes them chooses what git runs.
const FIXED: &[&str] = &["commondir", "gitdir", "config.worktree"];

impl Before {
    pub fn look(job: &CliJob, leaves: &[String]) -> Self {
        let own = job.git.iter().flat_map(|git| FIXED.iter().map(|name| git.own.join(name)));
        let link = job.git.iter().map(|_| job.dir.join(".git")).filter(|path| path.is_file());
        let files = own.chain(link).map(|path| (path.clone(), fs::read(path).ok())).collect();
        let mut litter = Vec::new();
        for name in leaves {
            let plain = name.trim_end_matches('/');
            let path = job.dir.join(plain);
            let is_name = !plain.is_empty() && !plain.contains('/') && !plain.starts_with("..");
            if !is_name || path.symlink_metadata().is_ok() {
                continue;
            }
            if name.ends_with('/') && matches!(job.permissions, PermissionMode::Auto | PermissionMode::Full) {
                hide(&path);
            }
            litter.push(path);
        }
        Self { files, litter }
    }

    /// Puts it right; says so when there was more to put right than litter.
    pub fn restore(self) -> Option<String> {
        for path in &self.litter {
            remove(path);
        }
        let changed: Vec<_> = self.files.into_iter().filter(|(path, was)| *was != plain(path)).collect();
        let names: Vec<String> = changed.iter().map(|(path, _)| path.display().to_string()).collect();
        for (path, was) in changed {
            remove(&path);
            if let Some(was) = was {
                let _ = fs::write(path, was);
            }
        }
        (!names.is_empty()).then(|| {
            format!("it changed files that are git's own ({}); they are as they were", names.join(", "))
        })
    }
}

/// Makes a folder in which git sees nothing: steps are committed while the CLI works.
fn hide(path: &Path) {
    if fs::create_dir(path).is_ok() {
        // Without it the folder is litter for longer than it has to be, and no more.
        let _ = fs::write(path.join(".gitignore"), "*\n");
    }
}

/// What is in a file, unless it is a link to another one.
fn plain(path: &Path) -> Option<Vec<u8>> {
    path.symlink_metadata().ok().filter(fs::Metadata::is_file).and_then(|_| fs::read(path).ok())
}

fn remove(path: &Path) {
    let Ok(meta) = path.symlink_metadata() else { return };
    let _ = if meta.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
}
