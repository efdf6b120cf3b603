//! A work tree on no branch, for looking at one commit after the other, and thrown away after.

use std::path::{Path, PathBuf};

use git2::build::CheckoutBuilder;

use super::program::Git;
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
        let branch = format!("offshoot/scratch-{last}");
        let name = format!("refs/heads/{branch}");
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|e| GitError::io(parent, e))?;
        }
        self.update_ref(&name, at, Expect::Any, "offshoot: a scratch worktree")?;
        let made = self.library_worktree(&branch, path).and_then(|()| {
            let library = git2::Repository::open(path).map_err(|e| failed(&e))?;
            library.set_head_detached(at.oid()?).map_err(|e| failed(&e))
        });
        self.delete_ref(&name, Expect::Any)?;
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
        git("clean").args(["-ffdq"]).run().map(drop)
    }

    fn library_go_to(&self, commit: &CommitId) -> Result<(), GitError> {
        let failed = |e: &git2::Error| GitError::library("check files out", e);
        let library = git2::Repository::open(&self.git_dir).map_err(|e| failed(&e))?;
        let object = library.find_object(commit.oid()?, None).map_err(|e| failed(&e))?;
        let mut options = CheckoutBuilder::new();
        options.force().remove_untracked(true);
        library.checkout_tree(&object, Some(&mut options)).map_err(|e| failed(&e))?;
        library.set_head_detached(commit.oid()?).map_err(|e| failed(&e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn the_library_makes_one_too() {
        let fixture = Fixture::new();
        let repo = fixture.repo();
        let (path, head) = (fixture.place("scratch"), repo.resolve("main").unwrap());
        repo.library_scratch(&path, &head).unwrap();
        assert_eq!(git_in(&path, &["rev-parse", "--abbrev-ref", "HEAD"]), "HEAD");
        assert_eq!(fixture.git(&["for-each-ref", "refs/heads/offshoot"]), "");
        repo.drop_scratch(&path).unwrap();
    }
}
