//! Making, finding and removing worktrees.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::program::{Git, bytes_path};
use super::repo::{Head, canonical, library_head};
use super::{CommitId, Expect, GitError, Repo, Worktree};

/// A worktree as the repository knows it; the folder may be gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorktreeInfo {
    pub path: PathBuf,
    /// Nothing when the head is detached or cannot be read.
    pub branch: Option<String>,
    pub head: Option<CommitId>,
    /// The one that the repository was made with.
    pub is_main: bool,
    /// The folder was removed behind git's back.
    pub is_missing: bool,
}

/// What git writes in the lock of a worktree that is being made; libgit2 writes nothing.
const MAKING: &[u8] = b"initializing";

/// An entry below `worktrees` of the common directory.
struct Record {
    admin: PathBuf,
    path: PathBuf,
}

impl Repo {
    /// A new branch in a worktree of its own. Without `base` it starts at the head, and in a
    /// repository without commits at an empty first commit. Runs no hook and leaves settings alone.
    pub fn create_worktree(
        &self,
        branch: &str,
        base: Option<&CommitId>,
        path: &Path,
    ) -> Result<Worktree, GitError> {
        make_room(path)?;
        let base = match (base, self.head()?.commit) {
            (Some(base), _) => base.clone(),
            (None, Some(head)) => head,
            (None, None) => self.write_commit(&self.empty_tree()?, &[], "Start without files\n")?,
        };
        let name = format!("refs/heads/{branch}");
        self.update_ref(&name, &base, Expect::Absent, "branch: made for a session")?;
        self.add_worktree(branch, path).inspect_err(|_| {
            // A branch without its worktree would only be in the way of the next attempt.
            let _ = self.delete_ref(&name, Expect::At(&base));
        })
    }

    /// The worktree of an existing branch: opened where it is, or made again where it was.
    pub fn attach_worktree(&self, branch: &str, path: &Path) -> Result<Worktree, GitError> {
        if self.read_ref(&format!("refs/heads/{branch}"))?.is_none() {
            return Err(GitError::BranchMissing { branch: branch.to_owned() });
        }
        self.clear_ref_lock(&format!("refs/heads/{branch}"))?;
        self.drop_half_made(|record| same(&record.path, path))?;
        for held in self.worktrees()?.into_iter().filter(|w| w.branch.as_deref() == Some(branch)) {
            if held.is_missing {
                self.forget_missing(&held.path)?;
            } else if same(&held.path, path) {
                return self.open_worktree(branch, path);
            } else {
                return Err(GitError::CheckedOutElsewhere { branch: branch.to_owned(), path: held.path });
            }
        }
        // A record of another branch may still hold the place.
        self.forget_missing(path)?;
        make_room(path)?;
        self.add_worktree(branch, path)
    }

    /// The worktree that has a branch checked out, to be looked at: opened as it is, no lock of it is touched.
    /// Nothing when there is none.
    ///
    /// # Errors
    /// When it is the one that the repository was made with: the user's.
    pub fn worktree_of(&self, branch: &str) -> Result<Option<Worktree>, GitError> {
        for held in self.worktrees()?.into_iter().filter(|held| held.branch.as_deref() == Some(branch)) {
            if held.is_main {
                return Err(GitError::CheckedOutElsewhere { branch: branch.to_owned(), path: held.path });
            }
            let record = self.records()?.into_iter().find(|record| same(&record.path, &held.path));
            if let Some(record) = record.filter(|_| !held.is_missing) {
                return Worktree::open(self, &canonical(&held.path)?, &record.admin, branch).map(Some);
            }
        }
        Ok(None)
    }

    /// Drops all worktrees below a folder of ours that killed processes had not finished. Nobody may be making
    /// one there meanwhile.
    pub fn drop_half_made_below(&self, root: &Path) -> Result<(), GitError> {
        let real = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        self.drop_half_made(|record| record.path.starts_with(&real) || record.path.starts_with(root))
    }

    /// All worktrees, the main one first.
    pub fn worktrees(&self) -> Result<Vec<WorktreeInfo>, GitError> {
        if !self.is_library() {
            return self.program_worktrees();
        }
        let mut found = Vec::new();
        if let Ok(main) = git2::Repository::open(self.common_dir())
            && let Some(top) = main.workdir()
        {
            let head = library_head(&main, self.common_dir()).unwrap_or(Head { branch: None, commit: None });
            found.push(WorktreeInfo {
                path: top.canonicalize().unwrap_or_else(|_| top.to_owned()),
                branch: head.branch,
                head: head.commit,
                is_main: true,
                is_missing: false,
            });
        }
        for record in self.records()? {
            let text = fs::read_to_string(record.admin.join("HEAD")).unwrap_or_default();
            let branch = text.trim().strip_prefix("ref: refs/heads/").map(str::to_owned);
            let head = match &branch {
                Some(branch) => self.read_ref(&format!("refs/heads/{branch}")).unwrap_or(None),
                None => CommitId::parse(text.trim()).ok(),
            };
            let is_missing = !record.path.join(".git").exists();
            found.push(WorktreeInfo { path: record.path, branch, head, is_main: false, is_missing });
        }
        Ok(found)
    }

    /// Where git keeps what is a worktree's own: its index, its head.
    pub(super) fn git_dir_of(&self, worktree: &WorktreeInfo) -> Result<Option<PathBuf>, GitError> {
        if worktree.is_main {
            return Ok(Some(self.common_dir().to_owned()));
        }
        Ok(self.records()?.into_iter().find(|record| record.path == worktree.path).map(|record| record.admin))
    }

    /// Removes a linked worktree's folder with all that is in it, and its record; the branch stays.
    /// One that is gone already is no error. Large ones take seconds.
    pub fn remove_worktree(&self, path: &Path) -> Result<(), GitError> {
        let Some(record) = self.records()?.into_iter().find(|r| same(&r.path, path)) else {
            return if path.exists() {
                Err(GitError::WorktreeMissing { path: path.to_owned() })
            } else {
                Ok(())
            };
        };
        remove_folder(&record.path)?;
        remove_record(&record.admin)
    }

    fn add_worktree(&self, branch: &str, path: &Path) -> Result<Worktree, GitError> {
        let made = if self.has_program() {
            Git::at(self.checkout(), self.git_dir(), "worktree")
                .args(["add", "--quiet"])
                .arg(path)
                .arg(branch)
                .run()
                .map(drop)
        } else {
            self.library_worktree(branch, path)
        };
        if let Err(error) = made {
            let _ = self.remove_worktree(path);
            return Err(error);
        }
        self.open_worktree(branch, path)
    }

    /// The git directory of a linked worktree.
    pub(super) fn admin_of(&self, path: &Path) -> Result<PathBuf, GitError> {
        let record = self.records()?.into_iter().find(|record| same(&record.path, path));
        record.map(|record| record.admin).ok_or_else(|| GitError::WorktreeMissing { path: path.to_owned() })
    }

    pub(super) fn library_worktree(&self, branch: &str, path: &Path) -> Result<(), GitError> {
        let failed = |e: &git2::Error| GitError::library("make a worktree", e);
        let repo = self.library()?;
        let reference = repo.find_reference(&format!("refs/heads/{branch}")).map_err(|e| failed(&e))?;
        let folder = path.file_name().map_or("worktree".into(), |n| n.to_string_lossy());
        let taken = |name: &str| self.common_dir().join("worktrees").join(name).exists();
        let name = std::iter::once(folder.to_string())
            .chain((2..1000).map(|n| format!("{folder}{n}")))
            .find(|name| !taken(name))
            .unwrap_or_default();
        fs::create_dir_all(self.common_dir().join("worktrees"))
            .map_err(|e| GitError::io(self.common_dir(), e))?;
        let mut options = git2::WorktreeAddOptions::new();
        options.reference(Some(&reference)).lock(true);
        let worktree = repo.worktree(&name, path, Some(&options)).map_err(|e| failed(&e))?;
        worktree.unlock().map(drop).map_err(|e| failed(&e))
    }

    fn open_worktree(&self, branch: &str, path: &Path) -> Result<Worktree, GitError> {
        let missing = || GitError::WorktreeMissing { path: path.to_owned() };
        let record = self.records()?.into_iter().find(|r| same(&r.path, path)).ok_or_else(missing)?;
        let worktree = Worktree::open(self, &canonical(path)?, &record.admin, branch)?;
        worktree.clear_locks()?;
        worktree.head()?;
        Ok(worktree)
    }

    fn records(&self) -> Result<Vec<Record>, GitError> {
        let folder = self.common_dir().join("worktrees");
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(GitError::io(folder, e)),
        };
        let mut records = Vec::new();
        for entry in entries {
            let admin = entry.map_err(|e| GitError::io(&folder, e))?.path();
            // One half-made record must not hide the others.
            let Ok(text) = fs::read(admin.join("gitdir")) else { continue };
            let link = bytes_path(text.trim_ascii_end());
            let link = if link.is_absolute() { link } else { admin.join(link) };
            if let Some(path) = link.parent() {
                records.push(Record { path: path.canonicalize().unwrap_or_else(|_| path.to_owned()), admin });
            }
        }
        records.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(records)
    }

    /// Drops the record of a worktree whose folder is gone; others that are gone are not ours to drop.
    fn forget_missing(&self, path: &Path) -> Result<(), GitError> {
        for record in self.records()?.into_iter().filter(|r| same(&r.path, path)) {
            if !record.path.join(".git").exists() {
                remove_record(&record.admin)?;
            }
        }
        Ok(())
    }

    /// Drops worktrees of ours that a killed process had not finished: with files missing that nobody
    /// removed, one must never be taken for what somebody wants.
    fn drop_half_made(&self, is_meant: impl Fn(&Record) -> bool) -> Result<(), GitError> {
        for record in self.records()?.into_iter().filter(|record| is_meant(record)) {
            let (marker, index) = (record.admin.join("locked"), record.admin.join("index"));
            // The marker stays until all is in place, and the index is written after the files.
            let is_marked = match fs::read(&marker) {
                Ok(text) if text.is_empty() => !index.exists(),
                text => text.is_ok_and(|text| text.starts_with(MAKING)),
            };
            if is_marked {
                // A git that outlived us may be at work on it.
                super::locks::wait_for_owner(&marker, &[&record.path, &record.admin])?;
                if index.exists() {
                    let _ = fs::remove_file(&marker);
                } else {
                    // The mark goes last: this may be cut short too.
                    remove_folder(&record.path)?;
                    remove_record(&record.admin)?;
                }
            }
        }
        Ok(())
    }

    fn program_worktrees(&self) -> Result<Vec<WorktreeInfo>, GitError> {
        let out = self.git("worktree").args(["list", "--porcelain", "-z"]).run()?;
        let mut found: Vec<WorktreeInfo> = Vec::new();
        for line in out.split(|b| *b == 0) {
            if let Some(path) = line.strip_prefix(b"worktree ") {
                let path = bytes_path(path);
                found.push(WorktreeInfo {
                    is_main: found.is_empty(),
                    is_missing: !path.join(".git").exists(),
                    path: path.canonicalize().unwrap_or(path),
                    branch: None,
                    head: None,
                });
                continue;
            }
            let text = String::from_utf8_lossy(line);
            let Some(last) = found.last_mut() else { continue };
            if let Some(id) = text.strip_prefix("HEAD ") {
                last.head = CommitId::parse(id).ok().filter(|id| id.as_str().bytes().any(|b| b != b'0'));
            } else if let Some(name) = text.strip_prefix("branch refs/heads/") {
                last.branch = Some(name.to_owned());
            }
        }
        Ok(found)
    }
}

/// The folder above must be there, and the place itself free or an empty folder.
fn make_room(path: &Path) -> Result<(), GitError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|e| GitError::io(parent, e))?;
    }
    match fs::read_dir(path).map(Iterator::count) {
        Ok(0) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        _ => Err(GitError::PathOccupied { path: path.to_owned() }),
    }
}

/// Whether two paths are one place, also where the last part does not exist any more.
fn same(a: &Path, b: &Path) -> bool {
    let real = |path: &Path| {
        path.canonicalize().ok().or_else(|| Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?)))
    };
    a == b || real(a).is_some_and(|a| Some(a) == real(b))
}

/// Removes what git knows of a worktree. Without its first file it is none for git, so that a kill in
/// the middle leaves nothing broken.
fn remove_record(admin: &Path) -> Result<(), GitError> {
    match fs::remove_file(admin.join("gitdir")) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(GitError::io(admin, e)),
        _ => remove_folder(admin),
    }
}

/// Removes a folder whatever the modes of the folders in it; caches of some tools are read-only.
pub(super) fn remove_folder(path: &Path) -> Result<(), GitError> {
    let gone = |result: io::Result<()>| match result {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    };
    match gone(fs::remove_dir_all(path)) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
            make_writable(path);
            gone(fs::remove_dir_all(path)).map_err(|e| GitError::io(path, e))
        }
        Err(e) => Err(GitError::io(path, e)),
    }
}

fn make_writable(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o700));
    }
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            make_writable(&entry.path());
        }
    }
}
