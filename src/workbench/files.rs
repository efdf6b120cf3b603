//! The files of a worktree, for whoever completes a path. Blocks.

use std::path::Path;
use std::sync::mpsc;

use ignore::{WalkBuilder, WalkState};

use crate::config::TEMPORARY_PREFIX;

/// Paths relative to a worktree, with `/` between their parts and at the end of a folder, sorted: what git
/// would not ignore, hidden files too. At most `limit`; which ones, when there are more, is not said.
pub fn files(worktree: &Path, limit: usize) -> Vec<String> {
    let (sender, found) = mpsc::sync_channel::<String>(4_096);
    std::thread::scope(|scope| {
        let collected = scope.spawn(move || {
            // Dropping the receiver ends the walk.
            let mut paths: Vec<String> = found.iter().take(limit).collect();
            drop(found);
            paths.sort_unstable();
            paths
        });
        walk(worktree, &sender);
        drop(sender);
        collected.join().unwrap_or_default()
    })
}

fn walk(worktree: &Path, found: &mpsc::SyncSender<String>) {
    let walker = WalkBuilder::new(worktree)
        .standard_filters(false)
        .git_ignore(true)
        .git_exclude(true)
        .git_global(true)
        .parents(true)
        .require_git(false)
        .follow_links(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .build_parallel();
    walker.run(|| {
        Box::new(move |entry| {
            // What cannot be read is left out, as by git.
            let Ok(entry) = entry else { return WalkState::Continue };
            let Some(path) = shown(worktree, &entry) else { return WalkState::Continue };
            if found.send(path).is_ok() { WalkState::Continue } else { WalkState::Quit }
        })
    });
}

fn shown(worktree: &Path, entry: &ignore::DirEntry) -> Option<String> {
    if entry.depth() == 0 || entry.file_name().to_string_lossy().starts_with(TEMPORARY_PREFIX) {
        return None;
    }
    let path = entry.path().strip_prefix(worktree).ok()?;
    let mut path = path.to_string_lossy().into_owned();
    if entry.file_type().is_some_and(|kind| kind.is_dir()) {
        path.push('/');
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(top: &Path, path: &str, text: &str) {
        let path = top.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn what_git_ignores_is_left_out_and_hidden_files_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path();
        for path in
            [".git", "src/main.rs", "src/deep/a b", ".github/ci.yml", "target/out", "x.log", "sub/keep"]
        {
            put(top, path, "");
        }
        put(top, ".gitignore", "target/\n*.log\n");
        put(top, "sub/.gitignore", "/gone\n");
        put(top, "sub/gone", "");
        std::os::unix::fs::symlink("src", top.join("link")).unwrap();
        let wanted = [
            ".github/",
            ".github/ci.yml",
            ".gitignore",
            "link",
            "src/",
            "src/deep/",
            "src/deep/a b",
            "src/main.rs",
            "sub/",
            "sub/.gitignore",
            "sub/keep",
        ];
        assert_eq!(files(top, 1_000), wanted);
        assert_eq!(files(top, 3).len(), 3);
        assert_eq!(files(top, 0), [""; 0]);
        assert_eq!(files(&top.join("nowhere"), 10), [""; 0]);
    }
}
