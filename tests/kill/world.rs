//! A repository with a user's work in it, a scripted model, and offshoot run on it from outside: to
//! its end, or killed at an instant that is told by what it has done, never by a clock.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;

use crate::script;

pub const BRANCH: &str = "offshoot/work";

pub struct World {
    root: tempfile::TempDir,
    /// The user's files and git's own that must never change, as they were at first.
    untouched: BTreeMap<PathBuf, Vec<u8>>,
}

/// When to kill.
#[derive(Debug, Clone, Copy)]
pub enum Instant {
    /// So many lines were read from its standard output.
    Lines(usize),
    /// Its journals have grown to so many bytes.
    Journaled(u64),
    /// The index of a worktree was locked for the nth time.
    IndexLocked(usize),
    /// The branch has moved for the nth time.
    BranchMoved(usize),
    /// The session's ref has moved for the nth time.
    SessionMoved(usize),
    /// A file was about to be put in its place for the nth time.
    FileStaged(usize),
    /// At once.
    Start,
}

/// What is killed.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    Process,
    Group,
}

#[derive(Debug, Clone, Copy)]
pub struct Kill {
    pub at: Instant,
    /// Turns of an empty loop between the instant and the signal.
    pub spins: u32,
    pub target: Target,
}

/// How a run ended, and what it had told.
pub struct Ran {
    pub lines: Vec<Value>,
    /// `None` when it was killed.
    pub code: Option<i32>,
    pub stderr: String,
}

impl World {
    pub fn new(script: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let world = Self { untouched: BTreeMap::new(), root };
        for folder in ["home", "config/offshoot", "repo/src"] {
            fs::create_dir_all(world.path(folder)).unwrap();
        }
        fs::write(world.path("script.toml"), script).unwrap();
        let settings = format!(
            "[router]\norder = [\"script\"]\n[backends.script]\nkind = \"scripted\"\nlocal = true\nscript = \"{}\"\n",
            world.path("script.toml").display()
        );
        fs::write(world.path("config/offshoot/config.toml"), settings).unwrap();
        for (name, text) in script::FILES {
            fs::write(world.repo().join(name), text).unwrap();
        }
        world.git(&["init", "-q", "-b", "main"]);
        world.git(&["add", "-A"]);
        world.git(&["commit", "-q", "-m", "first"]);
        // Work of the user's, staged and not.
        fs::write(world.repo().join("README.md"), "edited by the user\n").unwrap();
        fs::write(world.repo().join("staged.txt"), "staged by the user\n").unwrap();
        world.git(&["add", "staged.txt"]);
        fs::write(world.repo().join("loose.txt"), "new, by the user\n").unwrap();
        let untouched = world.user_files();
        Self { untouched, ..world }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub fn repo(&self) -> PathBuf {
        self.path("repo")
    }

    /// The worktree of the session's branch.
    pub fn worktree(&self) -> PathBuf {
        let folders = fs::read_dir(self.path("data/worktrees")).unwrap();
        folders.map(|entry| entry.unwrap().path().join("work")).next().expect("a worktree was made")
    }

    /// Deletes it behind everybody's back. A command that dies meanwhile may still put a file there.
    pub fn remove_worktree(&self) {
        while fs::remove_dir_all(self.worktree()).is_err() {}
    }

    /// The git directory of that worktree.
    pub fn admin(&self) -> PathBuf {
        self.repo().join(".git/worktrees/work")
    }

    pub fn journals(&self) -> Vec<PathBuf> {
        let Ok(folders) = fs::read_dir(self.path("state/journals")) else { return Vec::new() };
        folders
            .flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap())
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == "jsonl"))
            .collect()
    }

    pub fn git(&self, args: &[&str]) -> String {
        let mut git = Command::new("git");
        self.environment(&mut git);
        let done = git.current_dir(self.repo()).args(args).output().unwrap();
        let told = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "git {args:?}: {told}");
        String::from_utf8(done.stdout).unwrap() + &told
    }

    /// Runs offshoot to its end.
    pub fn run(&self, args: &[&str]) -> Ran {
        self.spawn(args).wait()
    }

    /// Runs offshoot and kills it, unless it ends before.
    pub fn run_and_kill(&self, args: &[&str], kill: Kill) -> Ran {
        let mut running = self.spawn(args);
        let mut watch = Watch::new(self, kill.at);
        while !watch.has_come(running.count.load(Ordering::Relaxed)) {
            if running.child.try_wait().unwrap().is_some() {
                return running.wait();
            }
        }
        for _ in 0..kill.spins {
            std::hint::spin_loop();
        }
        running.kill(kill.target);
        running.wait()
    }

    pub fn spawn(&self, args: &[&str]) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_offshoot"));
        self.environment(&mut command);
        let mut child = command
            .current_dir(self.repo())
            .args(args)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let reader = {
            let (count, lines) = (count.clone(), lines.clone());
            std::thread::spawn(move || {
                for line in stdout.split(b'\n').map(Result::unwrap) {
                    // A line cut by the kill was not told.
                    if let Ok(value) = serde_json::from_slice(&line) {
                        lines.lock().unwrap().push(value);
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        };
        Running { child, count, lines, reader }
    }

    /// Whether the user's checkout, index, branch and settings are byte for byte as they were.
    pub fn assert_untouched(&self) {
        let now = self.user_files();
        for (path, bytes) in &self.untouched {
            assert_eq!(now.get(path), Some(bytes), "{} changed", path.display());
        }
        let new: Vec<_> = now.keys().filter(|path| !self.untouched.contains_key(*path)).collect();
        assert!(new.is_empty(), "new in the user's checkout: {new:?}");
    }

    pub fn assert_healthy(&self) {
        let told = self.git(&["fsck", "--full", "--strict", "--no-dangling", "--no-progress"]);
        assert_eq!(told, "", "fsck");
        let locks: Vec<_> = files(&self.repo().join(".git"))
            .into_iter()
            .filter(|path| path.extension().is_some_and(|extension| extension == "lock"))
            // A `git worktree add` that is killed may leave it. It is the user's as much as ours, so
            // nobody but them may remove it; it stops no step, and git says what to do.
            .filter(|path| !path.ends_with("packed-refs.lock"))
            .collect();
        assert!(locks.is_empty(), "left behind: {locks:?}");
    }

    fn user_files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let git = self.repo().join(".git");
        let own = ["HEAD", "index", "config", "refs/heads/main", "logs/HEAD", "info/exclude"];
        let own = own.map(|name| git.join(name));
        files(&self.repo())
            .into_iter()
            .filter(|path| !path.starts_with(&git) || own.contains(path))
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect()
    }

    fn environment(&self, command: &mut Command) {
        command
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", self.path("home"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("OFFSHOOT_DATA_DIR", self.path("data"))
            .env("OFFSHOOT_STATE_DIR", self.path("state"))
            .env("OFFSHOOT_CACHE_DIR", self.path("cache"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "Ada")
            .env("GIT_AUTHOR_EMAIL", "ada@example.org")
            .env("GIT_COMMITTER_NAME", "Ada")
            .env("GIT_COMMITTER_EMAIL", "ada@example.org");
    }
}

/// An offshoot that runs.
pub struct Running {
    child: Child,
    count: Arc<AtomicUsize>,
    lines: Arc<Mutex<Vec<Value>>>,
    reader: std::thread::JoinHandle<()>,
}

impl Running {
    pub fn kill(&mut self, target: Target) {
        let pid = Pid::from_child(&self.child);
        // One that has ended meanwhile is not collected yet: the number is still its own.
        let _ = match target {
            Target::Process => kill_process(pid, Signal::KILL),
            Target::Group => kill_process_group(pid, Signal::KILL),
        };
    }

    pub fn wait(self) -> Ran {
        let done = self.child.wait_with_output().unwrap();
        self.reader.join().unwrap();
        let lines = std::mem::take(&mut *self.lines.lock().unwrap());
        Ran { lines, code: done.status.code(), stderr: String::from_utf8_lossy(&done.stderr).into_owned() }
    }
}

/// Waits for an instant by looking at what is on disk.
struct Watch<'a> {
    world: &'a World,
    at: Instant,
    seen: usize,
    last: Option<Vec<u8>>,
    place: Option<PathBuf>,
}

impl<'a> Watch<'a> {
    fn new(world: &'a World, at: Instant) -> Self {
        let mut watch = Self { world, at, seen: 0, last: None, place: None };
        watch.last = watch.look();
        watch
    }

    fn has_come(&mut self, lines: usize) -> bool {
        match self.at {
            Instant::Start => true,
            Instant::Lines(wanted) => lines >= wanted,
            Instant::Journaled(wanted) => {
                let sizes = self.world.journals().into_iter().filter_map(|path| path.metadata().ok());
                sizes.map(|found| found.len()).sum::<u64>() >= wanted
            }
            Instant::IndexLocked(wanted) | Instant::FileStaged(wanted) => {
                let there = self.look();
                self.seen += usize::from(there.is_some() && self.last.is_none());
                self.last = there;
                self.seen >= wanted
            }
            Instant::BranchMoved(wanted) | Instant::SessionMoved(wanted) => {
                let at = self.look();
                self.seen += usize::from(at.is_some() && at != self.last);
                self.last = at.or(self.last.take());
                self.seen >= wanted
            }
        }
    }

    fn look(&mut self) -> Option<Vec<u8>> {
        let git = self.world.repo().join(".git");
        match self.at {
            Instant::IndexLocked(_) => self.world.admin().join("index.lock").exists().then(Vec::new),
            Instant::BranchMoved(_) => fs::read(git.join("refs/heads").join(BRANCH)).ok(),
            Instant::SessionMoved(_) => {
                let sessions = fs::read_dir(git.join("refs/offshoot/sessions")).ok()?;
                fs::read(sessions.last()?.ok()?.path()).ok()
            }
            Instant::FileStaged(_) => {
                if self.place.is_none() {
                    let folders = fs::read_dir(self.world.path("data/worktrees")).ok()?;
                    self.place = Some(folders.last()?.ok()?.path().join("work"));
                }
                let names = fs::read_dir(self.place.as_ref()?).ok()?.flatten();
                names
                    .map(|entry| entry.file_name())
                    .any(|name| name.to_string_lossy().starts_with(".offshoot-tmp-"))
                    .then(Vec::new)
            }
            _ => None,
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
