//! Walking a worktree as git sees it: ignore rules obeyed, hidden files included, `.git` left out,
//! links shown but never followed.

use globset::{GlobBuilder, GlobMatcher};
use ignore::WalkBuilder;
use tokio_util::sync::CancellationToken;

use super::{PathError, RelPath, Workspace};
use crate::config::TEMPORARY_PREFIX;

/// Something in a worktree.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub path: RelPath,
    pub kind: EntryKind,
    /// Below the start of the walk, from 1.
    pub depth: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    File,
    Dir,
    Link,
    /// A pipe, a socket, a device.
    Special,
}

/// Removes what a killed process had not yet put in its place. To be called while no tool runs.
pub fn sweep(workspace: &Workspace) -> Result<(), PathError> {
    let cancel = CancellationToken::new();
    let found = walk(workspace, &RelPath::new(".")?, None, &cancel)?;
    let is_temporary = |entry: &Entry| {
        let path = entry.path.to_string();
        let name = path.rsplit('/').next().unwrap_or_default();
        entry.kind == EntryKind::File && name.starts_with(TEMPORARY_PREFIX)
    };
    found.filter(is_temporary).try_for_each(|entry| workspace.remove(&entry.path))
}

/// Everything below `start` but ignored entries, in the order of paths. Ends early when cancelled.
pub(super) fn walk<'a>(
    workspace: &'a Workspace,
    start: &RelPath,
    max_depth: Option<usize>,
    cancel: &'a CancellationToken,
) -> Result<impl Iterator<Item = Entry> + 'a, PathError> {
    let root = workspace.resolve(start)?;
    let walk = WalkBuilder::new(root)
        .standard_filters(false)
        .git_ignore(true)
        .git_exclude(true)
        .git_global(true)
        .parents(true)
        .require_git(false)
        .follow_links(false)
        .max_depth(max_depth)
        .sort_by_file_name(std::ffi::OsStr::cmp)
        .filter_entry(|entry| entry.file_name() != ".git")
        .build();
    // What cannot be read is left out, as by git.
    Ok(walk.take_while(|_| !cancel.is_cancelled()).flatten().filter(|entry| entry.depth() > 0).filter_map(
        |entry| {
            let path = entry.path().strip_prefix(workspace.root()).ok()?;
            let found = entry.file_type()?;
            let kind = if found.is_symlink() {
                EntryKind::Link
            } else if found.is_dir() {
                EntryKind::Dir
            } else if found.is_file() {
                EntryKind::File
            } else {
                EntryKind::Special
            };
            Some(Entry { path: RelPath::new(path).ok()?, kind, depth: entry.depth() })
        },
    ))
}

/// A pattern for paths: one without `/` is for names anywhere, one with is for whole paths.
#[derive(Debug, Clone)]
pub(super) struct PathPattern {
    glob: GlobMatcher,
    names_only: bool,
}

impl PathPattern {
    pub fn new(pattern: &str) -> Result<Self, globset::Error> {
        let pattern = pattern.trim().trim_start_matches("./");
        let names_only = !pattern.contains('/');
        let pattern = pattern.trim_start_matches('/');
        let glob = GlobBuilder::new(pattern).literal_separator(true).backslash_escape(true).build()?;
        Ok(Self { glob: glob.compile_matcher(), names_only })
    }

    /// Whether a path matches: as seen from the worktree, or from the directory `start`.
    pub fn matches(&self, path: &RelPath, start: &RelPath) -> bool {
        if self.names_only {
            return path.file_name().is_some_and(|name| self.glob.is_match(name));
        }
        self.glob.is_match(path) || path.strip_prefix(start).is_ok_and(|below| self.glob.is_match(below))
    }
}
