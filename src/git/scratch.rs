//! A work tree on no branch, for looking at one commit after the other, and thrown away after.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use git2::build::CheckoutBuilder;

use super::program::{Git, bytes_path};
use super::provision::Provided;
use super::{CommitId, Expect, GitError, Repo};

/// Its files belong to nobody: whatever was made in it is gone at the next commit, except what git ignores.
#[derive(Debug, Clone)]
pub struct Scratch {
    repo: Repo,
    path: PathBuf,
    git_dir: PathBuf,
}

impl Repo {
    /// Makes one. What a killed process left at the place goes first.
    pub fn scratch(&self, path: &Path, at: &CommitId) -> Result<Scratch, GitError> {
        self.drop_scratch(path)?;
        if self.has_program() {
            Git::at(self.checkout(), self.git_dir(), "worktree")
                .args(["add", "--quiet", "--detach"])
                .arg(path)
                .arg(at.as_str())
                .run()?;
        } else {
            self.library_scratch(path, at)?;
        }
        let git_dir = self.admin_of(path)?;
        Ok(Scratch { repo: self.clone(), path: path.to_owned(), git_dir })
    }

    /// Removes one with all that is in it. One that is not there is no error.
    pub fn drop_scratch(&self, path: &Path) -> Result<(), GitError> {
        match self.remove_worktree(path) {
            // Killed before git knew of it.
            Err(GitError::WorktreeMissing { .. }) => {
                std::fs::remove_dir_all(path).map_err(|e| GitError::io(path, e))
            }
            done => done,
        }
    }

    /// libgit2 makes worktrees on branches only: on one that is gone again at once.
    fn library_scratch(&self, path: &Path, at: &CommitId) -> Result<(), GitError> {
        let failed = |e: &git2::Error| GitError::library("make a worktree", e);
        let last = path.file_name().map_or("scratch".into(), |name| name.to_string_lossy());
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|e| GitError::io(parent, e))?;
        }
        // The user may have a branch of that name.
        let mut names = (1..).map(|number| match number {
            1 => format!("offshoot/scratch-{last}"),
            _ => format!("offshoot/scratch-{last}-{number}"),
        });
        let (branch, name) = loop {
            let branch = names.next().unwrap_or_default();
            let name = format!("refs/heads/{branch}");
            match self.update_ref(&name, at, Expect::Absent, "offshoot: a scratch worktree") {
                Ok(()) => break (branch, name),
                Err(GitError::RefExists { .. }) => {}
                Err(error) => return Err(error),
            }
        };
        let made = self.library_worktree(&branch, path).and_then(|()| {
            let library = git2::Repository::open(path).map_err(|e| failed(&e))?;
            library.set_head_detached(at.oid()?).map_err(|e| failed(&e))
        });
        self.delete_ref(&name, Expect::At(at))?;
        made
    }
}

impl Scratch {
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts the files of a commit there. Changed and new files are thrown away; ignored ones stay, so that what was
    /// built need not be built again.
    pub fn go_to(&self, commit: &CommitId) -> Result<(), GitError> {
        if !self.repo.has_program() {
            return self.library_go_to(commit);
        }
        let git = |name: &str| Git::at(&self.path, &self.git_dir, name);
        // A command that was killed may have left it locked.
        let _ = std::fs::remove_file(self.git_dir.join("index.lock"));
        git("read-tree").args(["--reset", "-u", commit.as_str()]).run()?;
        git("update-ref").args(["--no-deref", "HEAD", commit.as_str()]).run()?;
        let mut clean = git("clean").arg("-ffdq");
        for path in Provided::of(&self.git_dir)?.paths() {
            clean = clean.arg("-e").arg(exactly(path));
        }
        clean.run().map(drop)
    }

    fn library_go_to(&self, commit: &CommitId) -> Result<(), GitError> {
        let failed = |e: &git2::Error| GitError::library("check files out", e);
        let library = git2::Repository::open(&self.git_dir).map_err(|e| failed(&e))?;
        let object = library.find_object(commit.oid()?, None).map_err(|e| failed(&e))?;
        library.checkout_tree(&object, Some(CheckoutBuilder::new().force())).map_err(|e| failed(&e))?;
        library.set_head_detached(commit.oid()?).map_err(|e| failed(&e))?;
        let mut options = git2::StatusOptions::new();
        options.include_untracked(true).recurse_untracked_dirs(true).include_ignored(false);
        let provided = Provided::of(&self.git_dir)?;
        for entry in library.statuses(Some(&mut options)).map_err(|e| failed(&e))?.iter() {
            let path = bytes_path(entry.path_bytes());
            if entry.status() == git2::Status::WT_NEW && !provided.holds(&path) {
                remove(&self.path.join(path))?;
            }
        }
        Ok(())
    }
}

/// A pattern that means this path alone, and what is in it.
fn exactly(path: &Path) -> OsString {
    let mut pattern = vec![b'/'];
    for byte in path.as_os_str().as_bytes() {
        if b"\\*?[ ".contains(byte) {
            pattern.push(b'\\');
        }
        pattern.push(*byte);
    }
    OsString::from_vec(pattern)
}

/// Removes what stands at a path; a link is not followed.
fn remove(path: &Path) -> Result<(), GitError> {
    let is_folder = path.symlink_metadata().is_ok_and(|meta| meta.is_dir());
    let removed = if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.map_err(|e| GitError::io(path, e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::Wants;
    use crate::git::testing::{Fixture, git_in, write};

    fn walk(fixture: &Fixture, go: impl Fn(&Scratch, &CommitId)) {
        let repo = fixture.repo();
        let first = repo.resolve("main").unwrap();
        fixture.write("new.txt", "new");
        fixture.write("README.md", "changed");
        fixture.commit_all("second");
        let second = repo.resolve("main").unwrap();
        let print = fixture.print();
        let path = fixture.place("scratch");
        let scratch = repo.scratch(&path, &second).unwrap();
        assert!(path.join("new.txt").exists());
        write(&path, "README.md", "by a test");
        write(&path, "left/over.txt", "by a test");
        write(&path, "target/built", "ignored");
        go(&scratch, &first);
        assert_eq!(std::fs::read_to_string(path.join("README.md")).unwrap(), "hello\n");
        assert!(!path.join("new.txt").exists() && !path.join("left/over.txt").exists());
        assert!(path.join("target/built").exists(), "what was built stays");
        assert_eq!(git_in(&path, &["rev-parse", "HEAD"]), first.to_string());
        assert_eq!(git_in(&path, &["status", "--porcelain"]), "");
        // Made again over what is there, and gone.
        repo.scratch(&path, &first).unwrap();
        assert!(!path.join("target").exists());
        repo.drop_scratch(&path).unwrap();
        repo.drop_scratch(&path).unwrap();
        assert!(!path.exists());
        assert_eq!(fixture.git(&["worktree", "list", "--porcelain"]).matches("worktree ").count(), 1);
        assert_eq!(fixture.git(&["for-each-ref", "refs/heads/offshoot"]), "");
        assert_eq!(fixture.print(), print);
    }

    #[test]
    fn it_goes_from_commit_to_commit_and_leaves_nothing() {
        walk(&Fixture::new(), |scratch, commit| scratch.go_to(commit).unwrap());
        walk(&Fixture::new(), |scratch, commit| scratch.library_go_to(commit).unwrap());
        let program = Fixture::new();
        program.git(&["config", "extensions.partialClone", "nowhere"]);
        walk(&program, |scratch, commit| scratch.go_to(commit).unwrap());
    }

    #[test]
    fn what_was_put_there_for_the_trials_stays() {
        let keep = |go: fn(&Scratch, &CommitId) -> Result<(), GitError>| {
            let fixture = Fixture::new();
            fixture.write(".gitignore", "node_modules/\n/odd \\[name]/\n");
            fixture.commit_all("rules");
            fixture.write("node_modules/dep", "dep");
            fixture.write("odd [name]/dep", "dep");
            let (repo, path) = (fixture.repo(), fixture.place("scratch"));
            let head = repo.resolve("main").unwrap();
            let scratch = repo.scratch(&path, &head).unwrap();
            let wants = Wants { link: vec!["node_modules".into(), "odd*".into()], ..Wants::default() };
            repo.provision(&path, &wants, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
            write(&path, "left", "by a test");
            // To git it is new, since the rule means folders and a link is none.
            assert!(git_in(&path, &["status", "--porcelain"]).contains("?? node_modules"));
            go(&scratch, &head).unwrap();
            assert!(path.join("node_modules/dep").exists() && path.join("odd [name]/dep").exists());
            assert!(!path.join("left").exists());
        };
        keep(Scratch::go_to);
        keep(Scratch::library_go_to);
    }

    #[test]
    fn the_library_makes_one_too() {
        let fixture = Fixture::new();
        let repo = fixture.repo();
        fixture.git(&["commit", "-q", "--allow-empty", "-m", "second"]);
        fixture.git(&["branch", "offshoot/scratch-scratch", "HEAD~"]);
        let branches = fixture.git(&["for-each-ref", "refs/heads"]);
        let (path, head) = (fixture.place("scratch"), repo.resolve("main").unwrap());
        repo.library_scratch(&path, &head).unwrap();
        assert_eq!(git_in(&path, &["rev-parse", "--abbrev-ref", "HEAD"]), "HEAD");
        assert_eq!(fixture.git(&["for-each-ref", "refs/heads"]), branches);
        repo.drop_scratch(&path).unwrap();
    }
}
