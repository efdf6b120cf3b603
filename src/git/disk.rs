//! How much of the disk folders take, what of a worktree can be made again, and leftovers of processes that were
//! killed while they wrote objects.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::provision::Provided;
use super::worktrees::remove_folder;
use super::{GitError, Repo, Worktree};

/// Leftovers that are younger may still be written.
const LEFTOVER_AGE: Duration = Duration::from_secs(86_400);
/// How the names of files begin that git writes before they become objects.
const UNFINISHED: &[&str] = &["tmp_pack_", "tmp_idx_", "tmp_rev_", "tmp_obj_"];

/// Adds up what files take. A file with several names counts once, and a link for itself. Blocks that a copy shares
/// with its original count for both: nobody can tell them apart cheaply.
#[derive(Debug, Default)]
pub struct Sizes {
    seen: HashSet<(u64, u64)>,
}

/// A file or a folder and what it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub path: PathBuf,
    pub bytes: u64,
}

impl Sizes {
    /// What a file, or a folder with all that is in it, takes.
    pub fn add(&mut self, path: &Path) -> u64 {
        self.add_but(path, &[])
    }

    /// The same without what is added elsewhere.
    pub fn add_but(&mut self, path: &Path, but: &[PathBuf]) -> u64 {
        let Ok(meta) = path.symlink_metadata() else { return 0 };
        if !meta.is_dir() {
            return self.one(&meta);
        }
        if but.iter().any(|other| other == path) {
            return 0;
        }
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        self.one(&meta) + entries.map(|entry| self.add_but(&entry.path(), but)).sum::<u64>()
    }

    fn one(&mut self, meta: &Metadata) -> u64 {
        let is_new = meta.is_dir() || meta.nlink() < 2 || self.seen.insert((meta.dev(), meta.ino()));
        if is_new { meta.blocks() * 512 } else { 0 }
    }
}

impl Worktree {
    /// Folders that git ignores as a whole: what builds and package managers make, and can make again. Relative to
    /// the top, without links.
    pub fn builds(&self) -> Result<Vec<PathBuf>, GitError> {
        let ignored = self.ground().ignored()?;
        let provided = Provided::of(self.git_dir())?;
        let is_own = |path: &PathBuf| !provided.links().contains(path);
        Ok(ignored.into_iter().filter(|one| one.is_dir).map(|one| one.path).filter(is_own).collect())
    }

    /// Removes such a folder, if it still is one. What the worktree was given of it is given again when it is next
    /// made ready.
    pub fn remove_build(&self, path: &Path) -> Result<bool, GitError> {
        if !self.builds()?.iter().any(|build| build == path) {
            return Ok(false);
        }
        self.repo().set_ready(self.path(), false)?;
        remove_folder(&self.path().join(path))?;
        Ok(true)
    }

    /// When something was last done in it, as far as git's own files tell.
    pub fn last_use(&self) -> Option<SystemTime> {
        let mut files = vec![self.path().to_owned()];
        files.extend(["index", "HEAD", "logs/HEAD"].map(|file| self.git_dir().join(file)));
        files.iter().filter_map(|file| file.metadata().ok()?.modified().ok()).max()
    }
}

impl Repo {
    /// Files that processes left which were killed while they wrote objects: a day old, and open in no process.
    pub fn leftovers(&self, now: SystemTime) -> Vec<Taken> {
        let objects = self.common_dir().join("objects");
        let mut folders = vec![objects.clone(), objects.join("pack")];
        let is_fan_out = |name: &str| name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        for entry in fs::read_dir(&objects).into_iter().flatten().flatten() {
            if entry.file_name().to_str().is_some_and(is_fan_out) {
                folders.push(entry.path());
            }
        }
        let files = folders.iter().flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
        let old = files.filter_map(|entry| {
            let name = entry.file_name();
            let is_unfinished = UNFINISHED.iter().any(|start| name.to_string_lossy().starts_with(start));
            let meta = is_unfinished.then(|| entry.metadata().ok())??;
            let age = now.duration_since(meta.modified().ok()?).ok()?;
            (meta.is_file() && age > LEFTOVER_AGE)
                .then(|| Taken { path: entry.path(), bytes: meta.blocks() * 512 })
        });
        old.filter(|leftover| !super::locks::is_open(&leftover.path)).collect()
    }

    /// Removes such a file, unless somebody has taken it up again.
    pub fn remove_leftover(&self, leftover: &Taken, now: SystemTime) -> Result<bool, GitError> {
        if !self.leftovers(now).contains(leftover) {
            return Ok(false);
        }
        match fs::remove_file(&leftover.path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(GitError::io(&leftover.path, error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::testing::{Fixture, write};

    #[test]
    fn sizes_count_a_file_once_and_follow_no_link() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path();
        write(top, "a/file", &"x".repeat(100_000));
        let alone = Sizes::default().add(top);
        fs::hard_link(top.join("a/file"), top.join("again")).unwrap();
        std::os::unix::fs::symlink("/usr", top.join("link")).unwrap();
        let with = Sizes::default().add(top);
        assert!(with < alone + 50_000 && alone >= 100_000, "{alone} {with}");
        let mut sizes = Sizes::default();
        assert!(sizes.add(&top.join("a")) >= 100_000 && sizes.add(&top.join("again")) == 0);
    }

    #[test]
    fn unfinished_objects_are_leftovers_when_they_are_old_and_nobodys() {
        let fixture = Fixture::new();
        let repo = fixture.repo();
        let pack = fixture.top.join(".git/objects/pack");
        fs::create_dir_all(&pack).unwrap();
        for name in ["tmp_pack_abc", "pack-1.keep", "tmp_pack_open"] {
            fs::write(pack.join(name), "half").unwrap();
        }
        let held = fs::File::open(pack.join("tmp_pack_open")).unwrap();
        assert_eq!(repo.leftovers(SystemTime::now()), []);
        let later = SystemTime::now() + Duration::from_secs(2 * 86_400);
        let found = repo.leftovers(later);
        let names: Vec<_> = found.iter().map(|one| one.path.file_name().unwrap()).collect();
        assert_eq!(names, ["tmp_pack_abc"]);
        assert!(repo.remove_leftover(&found[0], later).unwrap());
        assert!(!repo.remove_leftover(&found[0], later).unwrap());
        drop(held);
        assert!(pack.join("tmp_pack_open").exists() && pack.join("pack-1.keep").exists());
    }

    #[test]
    fn builds_are_ignored_folders_and_can_be_removed() {
        let fixture = Fixture::new();
        fixture.write("target/from/checkout", "x");
        let (repo, tree) = (fixture.repo(), fixture.place("work"));
        let worktree = repo.create_worktree("offshoot/work", None, &tree).unwrap();
        write(&tree, "target/debug/out", "x");
        write(&tree, "sub/target/out", "x");
        write(&tree, "one.log", "x");
        write(&tree, "src/new.rs", "x");
        repo.set_ready(&tree, true).unwrap();
        assert_eq!(worktree.builds().unwrap(), [Path::new("sub/target"), Path::new("target")]);
        assert!(worktree.remove_build(Path::new("target")).unwrap());
        assert!(!worktree.remove_build(Path::new("src")).unwrap());
        assert!(!tree.join("target").exists() && tree.join("src/new.rs").exists());
        assert!(tree.join("one.log").exists() && fixture.top.join("target/from/checkout").exists());
        assert!(!repo.is_ready(&tree), "what it was given is given again");
        assert!(worktree.last_use().is_some());
    }
}
