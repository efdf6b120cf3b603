//! From what is on disk to a tree: which files changed, which of them to take, and the tree that
//! comes out. The tree is that of the head with the changed files put in, so an index that lags
//! behind after a crash does no harm.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use git2::{AttrCheckFlags, AttrValue, ErrorCode, Index, Oid, StatusOptions, Tree};

use super::program::{Git, bytes_path, path_bytes};
use super::provision::Provided;
use super::rules::{Rules, Secrets, looks_secret};
use super::{CommitId, GitError, LeftOut, ObjectId, Repo, Why};
use crate::config::TEMPORARY_PREFIX;

/// From how many files on the program's scan, which looks at several at once, is the faster one.
const LARGE: usize = 8_000;
/// The mode of a submodule in a tree.
const GITLINK: u32 = 0o160_000;

/// Which files may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Touched {
    /// These and no others; relative to the top of the worktree, or absolute inside it.
    Paths(Vec<PathBuf>),
    /// Anything: look everywhere.
    Scan,
}

/// A work tree to take files from.
pub(super) struct Ground<'a> {
    pub repo: &'a Repo,
    pub top: &'a Path,
    pub git_dir: &'a Path,
    /// Nothing where the program serves.
    pub library: Option<&'a git2::Repository>,
}

/// What becomes of the index of the work tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IndexUse {
    /// It is brought up to date.
    Write,
    /// It stays byte for byte.
    Leave,
}

pub(super) struct Staged {
    pub tree: ObjectId,
    pub left_out: Vec<LeftOut>,
}

/// libgit2 cannot treat this file as git would.
enum Refusal {
    Filtered,
    Failed(GitError),
}

impl From<GitError> for Refusal {
    fn from(error: GitError) -> Self {
        Self::Failed(error)
    }
}

/// What is to be done about one path.
enum Verdict {
    /// Its content goes in as it is on disk.
    Take,
    /// It is gone from disk.
    Gone,
    Skip,
    /// Only a scan can tell.
    Unclear,
}

impl Ground<'_> {
    /// Writes the tree of the head with what changed on disk.
    pub fn stage(
        &self,
        head: Option<&CommitId>,
        touched: &Touched,
        rules: &Rules,
        index: IndexUse,
    ) -> Result<Staged, GitError> {
        if let Some(library) = self.library {
            let refusal = match self.stage_library(library, head, touched, rules, index) {
                Ok(staged) => return Ok(staged),
                Err(refusal) => refusal,
            };
            // What was put in so far must not be taken for what is on disk.
            if let Ok(mut index) = library.index() {
                let _ = index.read(true);
            }
            match refusal {
                Refusal::Filtered => self.repo.needs_program("a file with a filter changed")?,
                Refusal::Failed(error) => return Err(error),
            }
        }
        self.stage_program(touched, rules, index)
    }

    /// Paths that differ from the head or the index, with what git tracks and what is new.
    pub fn scan(&self) -> Result<Vec<PathBuf>, GitError> {
        let found = match self.library {
            Some(library) => self.scan_library(library)?,
            None => self.status(&[], None)?,
        };
        let provided = Provided::of(self.git_dir)?;
        let is_work = |(path, tracked): &(PathBuf, Tracked)| *tracked != Tracked::No || !provided.holds(path);
        Ok(found.into_iter().filter(is_work).map(|(path, _)| path).collect())
    }

    fn stage_library(
        &self,
        git: &git2::Repository,
        head: Option<&CommitId>,
        touched: &Touched,
        rules: &Rules,
        index_use: IndexUse,
    ) -> Result<Staged, Refusal> {
        let failed = |e: &git2::Error| Refusal::Failed(GitError::library("stage files", e));
        let mut index = git.index().map_err(|e| failed(&e))?;
        // An index that is only looked at may still hold what an earlier look put in.
        index.read(index_use == IndexUse::Leave).map_err(|e| failed(&e))?;
        let head_tree = match head {
            Some(id) => Some(git.find_commit(id.oid()?).and_then(|c| c.tree()).map_err(|e| failed(&e))?),
            None => None,
        };
        let mut named = true;
        let mut sorter = self.sorter(rules)?;
        let mut paths: BTreeSet<PathBuf> = match touched {
            Touched::Paths(paths) => self.inside(paths)?,
            Touched::Scan => {
                named = false;
                self.scan_library(git)?.into_iter().map(|(path, _)| path).collect()
            }
        };
        let in_head = |path: &Path| head_tree.as_ref().is_some_and(|tree| tree.get_path(path).is_ok());
        let mut verdicts = Self::judge(git, &index, &in_head, &paths, named, &mut sorter)?;
        if named && verdicts.iter().any(|v| matches!(v, Verdict::Unclear)) {
            named = false;
            paths.extend(self.scan_library(git)?.into_iter().map(|(path, _)| path));
            sorter = self.sorter(rules)?;
            verdicts = Self::judge(git, &index, &in_head, &paths, named, &mut sorter)?;
        }
        let mut changes = BTreeMap::new();
        let mut index_changed = false;
        // Removals first: a folder may have taken the place of a file, or the other way round.
        for (path, _) in paths.iter().zip(&verdicts).filter(|(_, v)| matches!(v, Verdict::Gone)) {
            index_changed |= forget(&mut index, path).map_err(|e| failed(&e))?;
            changes.insert(path_bytes(path), None);
        }
        for (path, _) in paths.iter().zip(&verdicts).filter(|(_, v)| matches!(v, Verdict::Take)) {
            if is_filtered(git, path) {
                return Err(Refusal::Filtered);
            }
            let before = index.get_path(path, 0).map(|e| (e.id, e.mode));
            if let Err(error) = index.add_path(path) {
                if error.class() == git2::ErrorClass::Filter {
                    return Err(Refusal::Filtered);
                }
                if error.code() == ErrorCode::NotFound {
                    continue; // Removed since it was looked at; the next step sees it.
                }
                let doing = format!("stage {}", path.display());
                return Err(GitError::library(&doing, &error).into());
            }
            let after = index.get_path(path, 0).map(|e| (e.id, e.mode));
            index_changed |= before != after;
            changes.insert(path_bytes(path), after);
        }
        let tree = apply(git, head_tree.as_ref(), &changes).map_err(|e| failed(&e))?;
        if index_use == IndexUse::Write && index_changed {
            index.write().map_err(|e| self.index_failed(&e))?;
        }
        Ok(Staged { tree: ObjectId::of(tree), left_out: sorter.left_out })
    }

    fn judge(
        git: &git2::Repository,
        index: &Index,
        in_head: &dyn Fn(&Path) -> bool,
        paths: &BTreeSet<PathBuf>,
        named: bool,
        sorter: &mut Sorter<'_>,
    ) -> Result<Vec<Verdict>, GitError> {
        let judge = |path: &PathBuf| {
            let entry = index.get_path(path, 0);
            let tracked = match &entry {
                Some(entry) if entry.mode == GITLINK => Tracked::Submodule,
                // Somebody added to the index what we had put there.
                Some(_) if sorter.provided.holds(path) && !in_head(path) => Tracked::No,
                Some(_) => Tracked::File,
                // A conflict has entries at other stages only.
                None if (1..=3).any(|stage| index.get_path(path, stage).is_some()) => Tracked::File,
                None => Tracked::No,
            };
            let verdict = sorter.judge(path, tracked, named)?;
            let is_new = matches!(verdict, Verdict::Take) && tracked == Tracked::No;
            if named && is_new && git.is_path_ignored(path).unwrap_or(false) {
                return Ok(Verdict::Skip);
            }
            Ok(verdict)
        };
        paths.iter().map(judge).collect()
    }

    /// Paths that differ, those that the head does not have as not tracked.
    fn scan_library(&self, git: &git2::Repository) -> Result<Vec<(PathBuf, Tracked)>, GitError> {
        let large = git.index().is_ok_and(|index| index.len() > LARGE);
        if large && self.repo.has_program() {
            return self.status(&[], None);
        }
        let mut options = StatusOptions::new();
        options.include_untracked(true).recurse_untracked_dirs(true).include_ignored(false);
        let found =
            git.statuses(Some(&mut options)).map_err(|e| GitError::library("scan the worktree", &e))?;
        let path = |entry: git2::StatusEntry<'_>| {
            let is_new = entry.status().intersects(git2::Status::WT_NEW | git2::Status::INDEX_NEW);
            let tracked = if is_new { Tracked::No } else { Tracked::File };
            (bytes_path(trim_slash(entry.path_bytes())), tracked)
        };
        Ok(found.iter().map(path).collect())
    }

    fn stage_program(&self, touched: &Touched, rules: &Rules, index: IndexUse) -> Result<Staged, GitError> {
        let private = match index {
            IndexUse::Write => None,
            IndexUse::Leave => Some(self.private_index()?),
        };
        let file = private.as_ref().map(|dir| dir.path().join("index"));
        let file = file.as_deref();
        let (found, named) = match touched {
            Touched::Paths(paths) if paths.len() <= 500 => {
                let paths: Vec<PathBuf> = self.inside(paths)?.into_iter().collect();
                let probe = self.sorter(rules)?;
                // Of what lies behind a symlink, git lists nothing when asked for it by name.
                let behind = |path: &PathBuf| matches!(probe.odd_parent(path), Some(Parent::Link));
                if paths.is_empty() {
                    (Vec::new(), true)
                } else if paths.iter().any(behind) {
                    (self.status(&[], file)?, false)
                } else {
                    (self.status(&paths, file)?, true)
                }
            }
            _ => (self.status(&[], file)?, false),
        };
        let mut sorter = self.sorter(rules)?;
        let (mut input, mut unwanted) = (Vec::new(), Vec::new());
        for (path, tracked) in &found {
            if *tracked == Tracked::No && sorter.provided.holds(path) {
                unwanted.extend(path_bytes(path));
                unwanted.push(0);
            }
            // What is listed of a submodule is its folder, whatever its index entry is.
            if matches!(sorter.judge(path, *tracked, named)?, Verdict::Take | Verdict::Gone) {
                input.extend(path_bytes(path));
                input.push(0);
            }
        }
        if !input.is_empty() {
            self.git("update-index", file)
                .args(["--add", "--remove", "--replace", "-z", "--stdin"])
                .input(input)
                .run()?;
        }
        if !unwanted.is_empty() {
            // Somebody may have added to the index what we had put there.
            self.git("update-index", file).args(["--force-remove", "-z", "--stdin"]).input(unwanted).run()?;
        }
        let tree = self.git("write-tree", file).line()?;
        let tree = ObjectId::parse(&tree).map_err(|e| GitError::program("write-tree", &e.to_string()))?;
        Ok(Staged { tree, left_out: sorter.left_out })
    }

    /// What `git status` lists, below the paths when there are any.
    fn status(&self, paths: &[PathBuf], index: Option<&Path>) -> Result<Vec<(PathBuf, Tracked)>, GitError> {
        let out = self
            .git("status", index)
            .args(["--porcelain", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=none"])
            .arg("--")
            .args(paths)
            .run()?;
        let provided = Provided::of(self.git_dir)?;
        let entry = |record: &[u8]| {
            let path = bytes_path(trim_slash(record.get(3..)?));
            let tracked = if record.starts_with(b"??") || (record.starts_with(b"A") && provided.holds(&path))
            {
                Tracked::No
            } else if self.top.join(&path).join(".git").exists() {
                Tracked::Submodule
            } else {
                Tracked::File
            };
            Some((path, tracked))
        };
        Ok(out.split(|b| *b == 0).filter(|r| !r.is_empty()).filter_map(entry).collect())
    }

    fn sorter<'a>(&'a self, rules: &'a Rules) -> Result<Sorter<'a>, GitError> {
        let provided = Provided::of(self.git_dir)?;
        Ok(Sorter { top: self.top, rules, provided, new_bytes: 0, left_out: Vec::new() })
    }

    fn git(&self, name: &str, index: Option<&Path>) -> Git {
        let git = Git::at(self.top, self.git_dir, name);
        match index {
            Some(file) => git.index(file),
            None => git,
        }
    }

    /// A copy of the index, to be changed without anyone seeing.
    fn private_index(&self) -> Result<tempfile::TempDir, GitError> {
        let dir = tempfile::tempdir().map_err(|e| GitError::io(std::env::temp_dir(), e))?;
        let from = self.git_dir.join("index");
        match fs::copy(&from, dir.path().join("index")) {
            Ok(_) => Ok(dir),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(dir),
            Err(e) => Err(GitError::io(from, e)),
        }
    }

    /// The paths relative to the top, each once; `.git` is nobody's.
    fn inside(&self, paths: &[PathBuf]) -> Result<BTreeSet<PathBuf>, GitError> {
        let mut inside = BTreeSet::new();
        for path in paths {
            let relative = if path.is_absolute() {
                path.strip_prefix(self.top).map_err(|_| GitError::OutsideWorktree { path: path.clone() })?
            } else {
                path
            };
            let mut clean = PathBuf::new();
            for part in relative.components() {
                match part {
                    Component::CurDir => {}
                    Component::Normal(name) => clean.push(name),
                    _ => return Err(GitError::OutsideWorktree { path: path.clone() }),
                }
            }
            let is_git = |part: &std::ffi::OsStr| part.eq_ignore_ascii_case(".git");
            if !clean.as_os_str().is_empty() && !clean.iter().any(is_git) {
                inside.insert(clean);
            }
        }
        Ok(inside)
    }

    fn index_failed(&self, error: &git2::Error) -> GitError {
        let lock = self.git_dir.join("index.lock");
        if error.code() == ErrorCode::Locked || (lock.exists() && error.message().contains("lock")) {
            GitError::locked(&lock)
        } else {
            GitError::library("write the index", error)
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tracked {
    No,
    File,
    Submodule,
}

/// Decides path by path, and remembers what it left out.
struct Sorter<'a> {
    top: &'a Path,
    rules: &'a Rules,
    /// Copies and links that are no work of anybody's.
    provided: Provided,
    new_bytes: u64,
    left_out: Vec<LeftOut>,
}

impl Sorter<'_> {
    fn judge(&mut self, path: &Path, tracked: Tracked, named: bool) -> Result<Verdict, GitError> {
        if tracked == Tracked::No && self.provided.holds(path) {
            // A link is known to be none of the work. What is new in a copied folder may be meant as such.
            if !self.provided.links().iter().any(|link| path.starts_with(link)) {
                self.leave(path.to_owned(), Why::Provided);
            }
            return Ok(Verdict::Skip);
        }
        if let Some(parent) = self.odd_parent(path) {
            return Ok(match parent {
                // For git, what was tracked behind a symlink is gone.
                Parent::Link if named => Verdict::Unclear,
                Parent::Link => Verdict::Gone,
                Parent::Repository(at) => {
                    let is_submodule = named && tracked == Tracked::No && self.is_known_submodule(&at);
                    self.leave(at, if is_submodule { Why::SubmoduleChanged } else { Why::NestedRepository });
                    Verdict::Skip
                }
            });
        }
        let full = self.top.join(path);
        let meta = match full.symlink_metadata() {
            Ok(meta) => meta,
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(Verdict::Gone);
            }
            Err(e) => return Err(GitError::io(full, e)),
        };
        if meta.is_dir() {
            return Ok(self.judge_folder(path, &full, tracked, named));
        }
        if !meta.is_file() && !meta.is_symlink() {
            return Ok(Verdict::Skip);
        }
        if tracked == Tracked::No {
            if is_temporary(path) {
                return Ok(Verdict::Skip);
            }
            let guarded = self.rules.secrets == Secrets::Never || !named;
            if guarded && meta.is_file() && looks_secret(self.top, path) {
                self.leave(path.to_owned(), Why::Secret);
                return Ok(Verdict::Skip);
            }
            if meta.len() > self.rules.largest {
                self.leave(path.to_owned(), Why::TooLarge { bytes: meta.len() });
                return Ok(Verdict::Skip);
            }
            if self.new_bytes + meta.len() > self.rules.total {
                self.leave(path.to_owned(), Why::TooMuch);
                return Ok(Verdict::Skip);
            }
            self.new_bytes += meta.len();
        }
        Ok(Verdict::Take)
    }

    fn judge_folder(&mut self, path: &Path, full: &Path, tracked: Tracked, named: bool) -> Verdict {
        let is_repository = full.join(".git").exists();
        match tracked {
            Tracked::Submodule if is_repository => {
                if submodule_is_dirty(full) {
                    self.leave(path.to_owned(), Why::SubmoduleChanged);
                }
                Verdict::Take
            }
            // A submodule that was never fetched is an empty folder.
            Tracked::Submodule => Verdict::Skip,
            _ if is_repository => {
                self.leave(path.to_owned(), Why::NestedRepository);
                if tracked == Tracked::File { Verdict::Gone } else { Verdict::Skip }
            }
            _ if named => Verdict::Unclear,
            Tracked::File => Verdict::Gone,
            Tracked::No => Verdict::Skip,
        }
    }

    /// The first folder above a path that is not a plain folder of this repository.
    fn odd_parent(&self, path: &Path) -> Option<Parent> {
        let mut parents: Vec<&Path> =
            path.ancestors().skip(1).filter(|p| !p.as_os_str().is_empty()).collect();
        parents.reverse();
        for parent in parents {
            let full = self.top.join(parent);
            match full.symlink_metadata() {
                Ok(meta) if meta.is_symlink() => return Some(Parent::Link),
                Ok(meta) if meta.is_dir() && full.join(".git").exists() => {
                    return Some(Parent::Repository(parent.to_owned()));
                }
                Ok(meta) if meta.is_dir() => {}
                _ => return None,
            }
        }
        None
    }

    fn is_known_submodule(&self, path: &Path) -> bool {
        let listed = fs::read_to_string(self.top.join(".gitmodules")).unwrap_or_default();
        let wanted = path.to_string_lossy();
        listed
            .lines()
            .filter_map(|l| l.split_once('='))
            .any(|(k, v)| k.trim() == "path" && v.trim() == wanted)
    }

    fn leave(&mut self, path: PathBuf, why: Why) {
        if !self.left_out.iter().any(|l| l.path == path) {
            self.left_out.push(LeftOut { path, why });
        }
    }
}

enum Parent {
    Link,
    Repository(PathBuf),
}

/// Filters run programs, and encodings of work tree files are unknown to libgit2.
fn is_filtered(git: &git2::Repository, path: &Path) -> bool {
    ["filter", "working-tree-encoding"].iter().any(|name| {
        let value = git.get_attr_bytes(path, name, AttrCheckFlags::FILE_THEN_INDEX).ok().flatten();
        matches!(AttrValue::from_bytes(value), AttrValue::String(_) | AttrValue::Bytes(_) | AttrValue::True)
    })
}

fn submodule_is_dirty(path: &Path) -> bool {
    let mut options = StatusOptions::new();
    options.include_untracked(true).include_ignored(false);
    match git2::Repository::open(path) {
        Ok(inner) => inner.statuses(Some(&mut options)).map_or(true, |found| !found.is_empty()),
        Err(_) => true,
    }
}

/// Takes a file, or a folder with all its files, out of the index.
fn forget(index: &mut Index, path: &Path) -> Result<bool, git2::Error> {
    let before = index.len();
    index.remove_path(path)?;
    index.remove_dir(path, 0)?;
    Ok(index.len() != before)
}

/// What a path is to hold, an object and its mode; nothing when it goes.
pub(super) type Content = Option<(Oid, u32)>;
pub(super) type Changes = BTreeMap<Vec<u8>, Content>;
type Below<'a> = Vec<(&'a [u8], Content)>;

/// The tree with changes put in: only folders on the way to a change are read and written.
pub(super) fn apply(
    git: &git2::Repository,
    base: Option<&Tree<'_>>,
    changes: &Changes,
) -> Result<Oid, git2::Error> {
    let list: Below<'_> = changes.iter().map(|(p, c)| (p.as_slice(), *c)).collect();
    match apply_below(git, base, &list)? {
        Some(tree) => Ok(tree),
        None => git.treebuilder(None)?.write(),
    }
}

/// The same for one folder; nothing when it ends up empty.
fn apply_below(
    git: &git2::Repository,
    base: Option<&Tree<'_>>,
    changes: &[(&[u8], Content)],
) -> Result<Option<Oid>, git2::Error> {
    let mut folders: BTreeMap<&[u8], Below<'_>> = BTreeMap::new();
    let mut files = BTreeMap::new();
    for (path, change) in changes {
        match path.iter().position(|b| *b == b'/') {
            Some(at) => folders.entry(&path[..at]).or_default().push((&path[at + 1..], *change)),
            None => {
                files.insert(*path, *change);
            }
        }
    }
    let mut builder = git.treebuilder(base)?;
    for (name, change) in &files {
        match change {
            Some((id, mode)) => {
                builder.insert(bytes_path(name), *id, i32::try_from(*mode).unwrap_or(0o100_644))?;
            }
            None if builder.get(bytes_path(name))?.is_some() => builder.remove(bytes_path(name))?,
            None => {}
        }
    }
    for (name, below) in &folders {
        let replaced = files.get(name);
        if matches!(replaced, Some(Some(_))) {
            continue; // A file has taken the folder's place.
        }
        let old = base.and_then(|tree| tree.get_name_bytes(name));
        let folder = old.filter(|e| replaced.is_none() && e.kind() == Some(git2::ObjectType::Tree));
        let folder = folder.map(|e| git.find_tree(e.id())).transpose()?;
        match apply_below(git, folder.as_ref(), below)? {
            Some(tree) => {
                builder.insert(bytes_path(name), tree, 0o040_000)?;
            }
            None if folder.is_some() => builder.remove(bytes_path(name))?,
            None => {}
        }
    }
    if builder.is_empty() { Ok(None) } else { builder.write().map(Some) }
}

fn is_temporary(path: &Path) -> bool {
    path.file_name().is_some_and(|name| path_bytes(name.as_ref()).starts_with(TEMPORARY_PREFIX.as_bytes()))
}

fn trim_slash(path: &[u8]) -> &[u8] {
    path.strip_suffix(b"/").unwrap_or(path)
}
