//! Real repositories for tests, and a print of everything of the user's that must not change.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::Repo;

/// A repository in a folder of its own, with an identity, on branch `main`.
pub(crate) struct Fixture {
    pub root: TempDir,
    pub top: PathBuf,
}

impl Fixture {
    /// With a few files and one commit.
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// The same, made with more arguments of `git init`.
    pub fn with(init: &[&str]) -> Self {
        let fixture = Self::empty(init);
        fixture.write("README.md", "hello\n");
        fixture.write("src/main.rs", "fn main() {}\n");
        fixture.write("src/lib.rs", "//! nothing\n");
        fixture.write("docs/ein Wort – ü.txt", "umlaut\n");
        fixture.write(".gitignore", "target/\n*.log\n!keep.log\n");
        fixture.commit_all("first");
        fixture
    }

    /// Without commits.
    pub fn empty(init: &[&str]) -> Self {
        let root = tempfile::Builder::new().prefix("offshoot-git-").tempdir().unwrap();
        let top = root.path().join("my repo");
        fs::create_dir(&top).unwrap();
        let fixture = Self { top: top.canonicalize().unwrap(), root };
        let mut args = vec!["init", "-q", "-b", "main"];
        args.extend(init);
        fixture.git(&args);
        for (key, value) in [("user.name", "Test User"), ("user.email", "test@example.org")] {
            fixture.git(&["config", key, value]);
        }
        fixture
    }

    pub fn repo(&self) -> Repo {
        Repo::discover(&self.top).unwrap()
    }

    pub fn git(&self, args: &[&str]) -> String {
        git_in(&self.top, args)
    }

    pub fn write(&self, path: &str, text: &str) {
        write(&self.top, path, text);
    }

    pub fn commit_all(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--no-verify", "--no-gpg-sign", "-m", message]);
    }

    /// Where a worktree may be made.
    pub fn place(&self, name: &str) -> PathBuf {
        self.root.path().canonicalize().unwrap().join("trees").join(name)
    }

    /// Everything of the user's: each file of the checkout, the index byte for byte, `HEAD`, the
    /// configuration, the stash, and all references that are not ours.
    pub fn print(&self) -> BTreeMap<String, String> {
        let mut print = BTreeMap::new();
        add_files(&self.top, &self.top, &mut print);
        let git = self.top.join(".git");
        for name in ["index", "HEAD", "config", "config.worktree", "logs/HEAD", "info/exclude", "packed-refs"]
        {
            let text = fs::read(git.join(name)).map_or("absent".to_owned(), |b| hash(&b));
            print.insert(format!(".git/{name}"), text);
        }
        for name in fs::read_dir(&git).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()) {
            print.insert(format!(".git/{name} exists"), String::new());
        }
        // Folders that hold ours as well as the user's.
        print.remove(".git/worktrees exists");
        print.remove(".git/logs exists");
        let refs = self.git(&["for-each-ref", "--format=%(refname) %(objectname)"]);
        for line in
            refs.lines().filter(|l| !l.contains("refs/heads/offshoot") && !l.contains("refs/offshoot"))
        {
            print.insert(format!("ref {line}"), String::new());
        }
        print
    }
}

/// Runs git for a test, apart from the settings of whoever runs it.
pub(crate) fn git_in(dir: &Path, args: &[&str]) -> String {
    let out = Command::new("git")
        .current_dir(dir)
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env_remove("GIT_DIR")
        .env_remove("GIT_INDEX_FILE")
        .env_remove("GIT_WORK_TREE")
        .output()
        .unwrap();
    assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().trim_end().to_owned()
}

pub(crate) fn write(top: &Path, path: &str, text: &str) {
    let path = top.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn add_files(top: &Path, dir: &Path, print: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()) {
        let meta = entry.symlink_metadata().unwrap();
        let name = entry.strip_prefix(top).unwrap().display().to_string();
        if name == ".git" {
            continue;
        }
        if meta.is_dir() {
            add_files(top, &entry, print);
        } else if meta.is_symlink() {
            print.insert(name, fs::read_link(&entry).unwrap().display().to_string());
        } else {
            let time = meta.modified().unwrap();
            print.insert(
                name,
                format!("{} {time:?} {:?}", hash(&fs::read(&entry).unwrap()), meta.permissions()),
            );
        }
    }
}

fn hash(bytes: &[u8]) -> String {
    format!("{:02x?}", Sha256::digest(bytes).as_slice())
}
