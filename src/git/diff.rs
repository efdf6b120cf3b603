//! What changed between two trees: counted per file, or as the text of a patch.

use std::collections::BTreeSet;
use std::path::PathBuf;

use git2::{Delta, DiffDelta, DiffFindOptions, DiffFormat, DiffOptions, FileMode, Oid, Patch, Tree};

use super::program::bytes_path;
use super::{GitError, ObjectId, Repo};

/// The files that differ, and how many lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiffStat {
    pub files: Vec<FileChange>,
    pub insertions: usize,
    pub deletions: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Relative to the top; of a deleted file, where it was.
    pub path: PathBuf,
    /// Where a renamed file was.
    pub old_path: Option<PathBuf>,
    pub kind: ChangeKind,
    pub insertions: usize,
    pub deletions: usize,
    pub binary: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    Added,
    Modified,
    Deleted,
    Renamed,
    /// Only the executable bit.
    ModeChanged,
    /// A file became a symlink, a submodule, or back.
    TypeChanged,
}

impl Repo {
    /// The difference between two commits or trees; from nothing, everything is added.
    pub fn diff(&self, from: Option<&ObjectId>, to: &ObjectId) -> Result<DiffStat, GitError> {
        if self.is_library() {
            let repo = self.library()?;
            let diff = library_diff(&repo, from, to)?;
            return library_stat(&diff).map_err(|e| GitError::library("compare trees", &e));
        }
        let empty = to.empty_tree_like();
        let from = from.unwrap_or(&empty);
        let out = self
            .git("diff-tree")
            .args(["-r", "-M", "-z", "--raw", "--numstat", "--no-ext-diff", "--no-textconv"])
            .args(["--no-commit-id", from.as_str(), to.as_str()])
            .run()?;
        parse_raw(&out).ok_or_else(|| GitError::program("diff-tree", "its answer could not be read"))
    }

    /// The same as a patch that can be applied: byte for byte, with the content of files that are no text.
    pub fn exact_patch(&self, from: Option<&ObjectId>, to: &ObjectId) -> Result<Vec<u8>, GitError> {
        // The program writes them as `git apply` of any version reads them, whoever serves the repository.
        if self.has_program() {
            let empty = to.empty_tree_like();
            return self
                .git("diff-tree")
                .args(["-r", "-p", "-M", "--binary", "--full-index", "--no-color", "--no-ext-diff"])
                .args(["--no-textconv", "--src-prefix=a/", "--dst-prefix=b/", "--no-commit-id"])
                .args([from.unwrap_or(&empty).as_str(), to.as_str()])
                .run();
        }
        self.patch(from, to).map(String::into_bytes)
    }

    /// The same as a unified diff, with replacement characters where files are not UTF-8.
    pub fn patch(&self, from: Option<&ObjectId>, to: &ObjectId) -> Result<String, GitError> {
        if self.is_library() {
            let repo = self.library()?;
            let diff = library_diff(&repo, from, to)?;
            let mut bytes = Vec::new();
            diff.print(DiffFormat::Patch, |_, _, line| {
                if matches!(line.origin(), '+' | '-' | ' ') {
                    bytes.push(u8::try_from(line.origin()).unwrap_or(b' '));
                }
                bytes.extend_from_slice(line.content());
                true
            })
            .map_err(|e| GitError::library("compare trees", &e))?;
            return Ok(String::from_utf8_lossy(&bytes).into_owned());
        }
        let empty = to.empty_tree_like();
        let from = from.unwrap_or(&empty);
        let out = self
            .git("diff-tree")
            .args(["-p", "-M", "--no-color", "--no-ext-diff", "--no-textconv", "--no-commit-id"])
            .args([from.as_str(), to.as_str()])
            .run()?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }
}

pub(super) fn library_diff<'r>(
    repo: &'r git2::Repository,
    from: Option<&ObjectId>,
    to: &ObjectId,
) -> Result<git2::Diff<'r>, GitError> {
    let tree = |id: &ObjectId| {
        repo.find_object(id.oid()?, None)
            .and_then(|o| o.peel_to_tree())
            .map_err(|e| GitError::library("read a tree", &e))
    };
    let from = from.map(tree).transpose()?;
    let to = tree(to)?;
    diff_trees(repo, from.as_ref(), &to).map_err(|e| GitError::library("compare trees", &e))
}

fn diff_trees<'r>(
    repo: &'r git2::Repository,
    from: Option<&Tree<'_>>,
    to: &Tree<'_>,
) -> Result<git2::Diff<'r>, git2::Error> {
    // libgit2 would walk both trees whole; what is the same on both sides is skipped here, and it is
    // told where to look.
    let mut changed = Vec::new();
    collect(repo, from, Some(to), &mut Vec::new(), &mut changed)?;
    let mut options = DiffOptions::new();
    options.include_typechange(true).disable_pathspec_match(true);
    if changed.len() <= 1_000 {
        for path in &changed {
            options.pathspec(bytes_path(path));
        }
    }
    let same = changed.is_empty().then_some(to);
    let mut diff = repo.diff_tree_to_tree(same.or(from), Some(to), Some(&mut options))?;
    diff.find_similar(Some(DiffFindOptions::new().renames(true).rename_limit(400)))?;
    Ok(diff)
}

/// The files whose entries differ between two trees.
fn collect(
    repo: &git2::Repository,
    old: Option<&Tree<'_>>,
    new: Option<&Tree<'_>>,
    prefix: &mut Vec<u8>,
    changed: &mut Vec<Vec<u8>>,
) -> Result<(), git2::Error> {
    let mut names: BTreeSet<Vec<u8>> = BTreeSet::new();
    for tree in [old, new].into_iter().flatten() {
        names.extend(tree.iter().map(|e| e.name_bytes().to_vec()));
    }
    for name in names {
        let entry = |tree: Option<&Tree<'_>>| {
            tree.and_then(|t| t.get_name_bytes(&name)).map(|e| (e.id(), e.filemode_raw()))
        };
        let (before, after) = (entry(old), entry(new));
        if before == after {
            continue;
        }
        let length = prefix.len();
        prefix.extend_from_slice(&name);
        let folder = |entry: Option<(Oid, i32)>| match entry {
            Some((id, 0o040_000)) => repo.find_tree(id).map(Some),
            _ => Ok(None),
        };
        let is_file = |entry: Option<(Oid, i32)>| entry.is_some_and(|(_, mode)| mode != 0o040_000);
        if is_file(before) || is_file(after) {
            changed.push(prefix.clone());
        }
        let (before, after) = (folder(before)?, folder(after)?);
        if before.is_some() || after.is_some() {
            prefix.push(b'/');
            collect(repo, before.as_ref(), after.as_ref(), prefix, changed)?;
        }
        prefix.truncate(length);
    }
    Ok(())
}

fn library_stat(diff: &git2::Diff<'_>) -> Result<DiffStat, git2::Error> {
    let mut stat = DiffStat::default();
    for at in 0..diff.deltas().len() {
        let patch = Patch::from_diff(diff, at)?;
        let Some(delta) = diff.get_delta(at) else { continue };
        let (insertions, deletions) = match &patch {
            Some(patch) => {
                let (_, insertions, deletions) = patch.line_stats()?;
                (insertions, deletions)
            }
            None => (0, 0),
        };
        let (old, new) = (delta.old_file(), delta.new_file());
        let kind = kind_of(&delta);
        let name = |file: &git2::DiffFile<'_>| bytes_path(file.path_bytes().unwrap_or_default());
        stat.add(FileChange {
            path: if kind == ChangeKind::Deleted { name(&old) } else { name(&new) },
            old_path: (kind == ChangeKind::Renamed).then(|| name(&old)),
            kind,
            insertions,
            deletions,
            binary: patch.as_ref().map_or(delta.flags(), |p| p.delta().flags()).is_binary(),
        });
    }
    Ok(stat)
}

pub(super) fn kind_of(delta: &DiffDelta<'_>) -> ChangeKind {
    let (old, new) = (delta.old_file(), delta.new_file());
    match delta.status() {
        Delta::Added | Delta::Copied => ChangeKind::Added,
        Delta::Deleted => ChangeKind::Deleted,
        Delta::Renamed => ChangeKind::Renamed,
        Delta::Typechange => ChangeKind::TypeChanged,
        _ if old.id() == new.id() => ChangeKind::ModeChanged,
        _ if is_link(old.mode()) != is_link(new.mode()) => ChangeKind::TypeChanged,
        _ => ChangeKind::Modified,
    }
}

fn is_link(mode: FileMode) -> bool {
    matches!(mode, FileMode::Link | FileMode::Commit)
}

impl DiffStat {
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    fn add(&mut self, change: FileChange) {
        self.insertions += change.insertions;
        self.deletions += change.deletions;
        self.files.push(change);
    }
}

/// Reads `--raw --numstat -z`: all raw records first, then the counts in the same order.
fn parse_raw(out: &[u8]) -> Option<DiffStat> {
    let mut fields = out.split(|b| *b == 0).peekable();
    let mut changes = Vec::new();
    while fields.peek().is_some_and(|f| f.starts_with(b":")) {
        let head = String::from_utf8_lossy(fields.next()?).into_owned();
        let words: Vec<&str> = head.trim_start_matches(':').split(' ').collect();
        let [old_mode, new_mode, old_id, new_id, status] = words[..] else { return None };
        let first = bytes_path(fields.next()?);
        let (kind, path, old_path) = match status.as_bytes().first()? {
            b'A' | b'C' => (ChangeKind::Added, first, None),
            b'D' => (ChangeKind::Deleted, first, None),
            b'R' => (ChangeKind::Renamed, bytes_path(fields.next()?), Some(first)),
            b'T' => (ChangeKind::TypeChanged, first, None),
            _ if old_id == new_id && old_mode != new_mode => (ChangeKind::ModeChanged, first, None),
            _ => (ChangeKind::Modified, first, None),
        };
        changes.push(FileChange { path, old_path, kind, insertions: 0, deletions: 0, binary: false });
    }
    let mut stat = DiffStat::default();
    for mut change in changes {
        let counts = String::from_utf8_lossy(fields.next()?).into_owned();
        let mut columns = counts.splitn(3, '\t');
        let (plus, minus, name) = (columns.next()?, columns.next()?, columns.next()?);
        if name.is_empty() {
            // A rename gives both its names as fields of their own.
            fields.next()?;
            fields.next()?;
        }
        change.binary = plus == "-";
        change.insertions = plus.parse().unwrap_or(0);
        change.deletions = minus.parse().unwrap_or(0);
        stat.add(change);
    }
    Some(stat)
}
