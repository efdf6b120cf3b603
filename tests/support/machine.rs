//! A user's machine in a temporary folder: a home, settings, a git repository, and offshoot run in it
//! as a program, with nothing of whoever runs the tests.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::screen::{Screen, Terminal};

/// No test waits longer than this for something that does not come.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Machine {
    root: TempDir,
    /// The user's checkout: a path with a space and a letter beyond ASCII in it.
    pub repo: PathBuf,
}

impl Machine {
    /// With a repository of a few files and one commit on `main`.
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// The same, made with more arguments of `git init`.
    pub fn with(init: &[&str]) -> Self {
        let machine = Self::without_commits(init);
        machine.write("README.md", "# Readme\n");
        machine.write("src/main.rs", "fn main() {}\n");
        machine.write(".gitignore", "target/\n*.log\n.env\n");
        machine.commit_all("first");
        machine
    }

    pub fn without_commits(init: &[&str]) -> Self {
        let machine = Self::without_repository();
        let init: Vec<&str> = ["init", "-q", "-b", "main"].iter().chain(init).copied().collect();
        machine.git(&init);
        machine
    }

    /// The folder of the checkout is there, and empty.
    pub fn without_repository() -> Self {
        let root = tempfile::Builder::new().prefix("offshoot-").tempdir().unwrap();
        let repo = root.path().canonicalize().unwrap().join("my räpo");
        for folder in ["home", "tmp", "my räpo"] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        Self { root, repo }
    }

    /// A path in the temporary folder, beside the repository.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(name)
    }

    /// Where offshoot keeps worktrees, journals and the ledger.
    pub fn data(&self) -> PathBuf {
        self.path("data/offshoot")
    }

    pub fn state(&self) -> PathBuf {
        self.path("state/offshoot")
    }

    /// Replaces the user's settings.
    pub fn settings(&self, toml: &str) {
        write(&self.path("config/offshoot"), "config.toml", toml);
    }

    /// Makes a script the only backend there is: for each prompt, the model's replies to it.
    pub fn script(&self, turns: &[Vec<Value>]) {
        self.script_with(turns, "");
    }

    /// The same, with more settings.
    pub fn script_with(&self, turns: &[Vec<Value>], more: &str) {
        let turns: Vec<Value> = turns.iter().map(|replies| json!({ "reply": replies })).collect();
        self.play(&json!({ "turn": turns }), more);
    }

    /// Makes a script the only backend: for each prompt that contains a text, the replies to it.
    pub fn scenes(&self, scenes: &[(&str, Vec<Value>)]) {
        let scene = |(when, replies): &(&str, Vec<Value>)| json!({ "when": when, "reply": replies });
        self.play(&json!({ "turn": scenes.iter().map(scene).collect::<Vec<_>>() }), "");
    }

    /// Makes a script, whole, the only backend, with more settings.
    pub fn play(&self, script: &Value, more: &str) {
        let path = self.path("script.toml");
        fs::write(&path, toml::to_string(script).unwrap()).unwrap();
        let path = path.display();
        self.settings(&format!(
            "{more}\n[router]\norder = [\"script\"]\n[backends.script]\nkind = \"scripted\"\nlocal = true\n\
             model = \"player\"\nscript = \"{path}\"\n"
        ));
    }

    /// Makes several scripts the backends, each with its id: for each prompt, the replies to it. With more settings
    /// of the router.
    pub fn scripts(&self, backends: &[(&str, &[Vec<Value>])], router: &str) {
        let order: Vec<&str> = backends.iter().map(|(id, _)| *id).collect();
        let mut settings = format!("[router]\norder = {order:?}\n{router}\n");
        for (id, turns) in backends {
            let turns: Vec<Value> = turns.iter().map(|replies| json!({ "reply": replies })).collect();
            let path = self.path(format!("script-{id}.toml"));
            fs::write(&path, toml::to_string(&json!({ "turn": turns })).unwrap()).unwrap();
            settings.push_str(&format!(
                "[backends.{id}]\nkind = \"scripted\"\nlocal = true\nmodel = \"{id}-model\"\nscript = \"{}\"\n",
                path.display()
            ));
        }
        self.settings(&settings);
    }

    pub fn write(&self, path: &str, text: &str) {
        write(&self.repo, path, text);
    }

    pub fn commit_all(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--no-verify", "--no-gpg-sign", "-m", message]);
    }

    /// What git prints in the checkout, without the final newline. It must succeed.
    pub fn git(&self, args: &[&str]) -> String {
        self.git_in(&self.repo, args)
    }

    pub fn git_in(&self, dir: &Path, args: &[&str]) -> String {
        let out = self.command("git", dir).args(args).stdin(Stdio::null()).output().unwrap();
        let errors = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "git {args:?} in {}: {errors}", dir.display());
        String::from_utf8(out.stdout).unwrap().trim_end().to_owned()
    }

    /// A program in a folder, with this machine's environment and no other.
    pub fn command(&self, program: &str, dir: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(dir).env_clear();
        command.envs(self.environment());
        command
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        let place = |name: &str| self.path(name).display().to_string();
        let mut env = vec![
            ("PATH", std::env::var("PATH").unwrap()),
            ("HOME", place("home")),
            ("TMPDIR", place("tmp")),
            ("XDG_CONFIG_HOME", place("config")),
            ("XDG_DATA_HOME", place("data")),
            ("XDG_STATE_HOME", place("state")),
            ("XDG_CACHE_HOME", place("cache")),
            ("LANG", "C.UTF-8".to_owned()),
            ("GIT_CONFIG_GLOBAL", "/dev/null".to_owned()),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
            // Looking at a checkout must not refresh its index.
            ("GIT_OPTIONAL_LOCKS", "0".to_owned()),
            ("GIT_AUTHOR_NAME", "Ada".to_owned()),
            ("GIT_AUTHOR_EMAIL", "ada@example.org".to_owned()),
            ("GIT_COMMITTER_NAME", "Ada".to_owned()),
            ("GIT_COMMITTER_EMAIL", "ada@example.org".to_owned()),
        ];
        // Where coverage is measured, the program writes its profile there.
        env.extend(std::env::var("LLVM_PROFILE_FILE").ok().map(|file| ("LLVM_PROFILE_FILE", file)));
        env
    }

    /// offshoot, to be run in the checkout.
    pub fn offshoot(&self, args: &[&str]) -> Offshoot {
        let mut command = self.command(env!("CARGO_BIN_EXE_offshoot"), &self.repo);
        command.args(args);
        Offshoot { command, input: None }
    }

    /// `offshoot run --json` with these arguments, to its end.
    pub fn run(&self, args: &[&str]) -> Finished {
        self.offshoot(&[&["run", "--json"], args].concat()).finish()
    }

    /// The same, which must succeed.
    pub fn run_well(&self, args: &[&str]) -> Finished {
        let finished = self.run(args);
        assert_eq!(finished.code, Some(0), "{args:?}\n{}\n{}", finished.stdout, finished.stderr);
        finished
    }

    /// The object that a command prints with `--json`. It must succeed.
    pub fn report(&self, args: &[&str]) -> Value {
        let finished = self.offshoot(&[&["--json"], args].concat()).finish();
        assert_eq!(finished.code, Some(0), "{args:?}: {}", finished.stderr);
        serde_json::from_str(&finished.stdout).unwrap_or_else(|_| panic!("{args:?}: {}", finished.stdout))
    }

    /// Everything of the user's that no agent may change.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self)
    }

    /// The lines of the ledger.
    pub fn ledger(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.state().join("run_ledger.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The messages in a commit's own words, as the lines of its conversation block.
    pub fn block(&self, rev: &str) -> Vec<Value> {
        let message = self.git(&["log", "-1", "--format=%B", rev]);
        let lines = message.lines().skip_while(|line| !line.contains("```offshoot-conversation v1")).skip(1);
        lines.take_while(|line| *line != "```").map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The value of a trailer of a commit, as git reads it.
    pub fn trailer(&self, rev: &str, key: &str) -> String {
        let format = format!("--format=%(trailers:key={key},valueonly,separator=%x2C)");
        self.git(&["log", "-1", &format, rev])
    }

    /// `path:text` of a file in a commit.
    pub fn file_at(&self, rev: &str, path: &str) -> String {
        self.git(&["show", &format!("{rev}:{path}")])
    }

    pub fn is_in(&self, rev: &str, path: &str) -> bool {
        !self.git(&["ls-tree", "-r", "--name-only", rev, "--", path]).is_empty()
    }
}

pub fn write(top: &Path, path: &str, text: &str) {
    let path = top.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A reply of a script: words.
pub fn say(text: &str) -> Value {
    json!({ "text": text, "usage": { "input": 100, "output": 10 } })
}

/// A reply of a script: one tool call.
pub fn call(tool: &str, input: Value) -> Value {
    calls(vec![(tool, input)])
}

/// A reply of a script: several tool calls at once.
pub fn calls(calls: Vec<(&str, Value)>) -> Value {
    let calls: Vec<Value> =
        calls.into_iter().map(|(tool, input)| json!({ "tool": tool, "input": input })).collect();
    json!({ "call": calls, "usage": { "input": 100, "output": 10 } })
}

/// A reply of a script: a file is written.
pub fn put(path: &str, content: &str) -> Value {
    call("write", json!({ "path": path, "content": content }))
}

/// A reply of a script: a command is run.
pub fn bash(command: &str) -> Value {
    call("bash", json!({ "command": command }))
}

/// A turn that writes one file and says so.
pub fn writes(path: &str, content: &str) -> Vec<Value> {
    vec![put(path, content), say(&format!("Wrote {path}."))]
}

/// offshoot about to be run.
pub struct Offshoot {
    command: Command,
    input: Option<Vec<u8>>,
}

impl Offshoot {
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn cwd(mut self, dir: impl AsRef<Path>) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// What is piped into it; without, standard input is empty.
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(bytes.into());
        self
    }

    /// Runs it in a terminal.
    pub fn on(self, terminal: Terminal) -> Screen {
        terminal.run(&self.command)
    }

    pub fn start(mut self) -> Running {
        let stdin = if self.input.is_some() { Stdio::piped() } else { Stdio::null() };
        self.command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        let writer = self.input.map(|bytes| {
            let mut stdin = child.stdin.take().unwrap();
            // A program that does not read all of it is no failure of the test's.
            std::thread::spawn(move || drop(stdin.write_all(&bytes)))
        });
        let (send, lines) = std::sync::mpsc::channel();
        let stdout = child.stdout.take().unwrap();
        let reader = std::thread::spawn(move || {
            let mut reader = BufReader::new(stdout);
            let mut line = String::new();
            while reader.read_line(&mut line).unwrap_or(0) > 0 {
                if send.send(std::mem::take(&mut line)).is_err() {
                    break;
                }
            }
        });
        let mut stderr = child.stderr.take().unwrap();
        let errors = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stderr.read_to_end(&mut bytes).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Running {
            child,
            lines,
            seen: String::new(),
            threads: [Some(reader), writer].into_iter().flatten().collect(),
            errors,
        }
    }

    pub fn finish(self) -> Finished {
        self.start().finish()
    }
}

/// offshoot at work.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
    seen: String,
    threads: Vec<JoinHandle<()>>,
    errors: JoinHandle<String>,
}

impl Running {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line of standard output; `None` at its end.
    pub fn line(&mut self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => {
                self.seen.push_str(&line);
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                self.child.kill().ok();
                panic!("nothing more came after:\n{}", self.seen);
            }
        }
    }

    /// Reads events up to the next one of a type.
    pub fn wait_for(&mut self, kind: &str) -> Value {
        while let Some(line) = self.line() {
            let event: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no event: {line}"));
            if event["type"] == kind {
                return event;
            }
        }
        panic!("no {kind} came:\n{}", self.seen);
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// As Ctrl-C does.
    pub fn interrupt(&self) {
        self.signal(rustix::process::Signal::INT);
    }

    /// SIGKILL, at once.
    pub fn kill(mut self) -> Finished {
        self.child.kill().unwrap();
        self.finish()
    }

    /// Waits for the end.
    pub fn finish(mut self) -> Finished {
        while self.line().is_some() {}
        // Standard output is closed; what is left is to end.
        let limit = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > limit {
                self.child.kill().ok();
                panic!("did not end:\n{}", self.seen);
            }
            std::thread::yield_now();
        };
        for thread in self.threads {
            thread.join().unwrap();
        }
        Finished { code: status.code(), stdout: self.seen, stderr: self.errors.join().unwrap() }
    }
}

/// A run that has ended.
#[derive(Debug, Clone)]
pub struct Finished {
    /// `None` when a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    /// Standard output as events; every line must be one, whole or not at all.
    pub fn events(&self) -> Vec<Value> {
        let event = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("no event: {line}"));
        self.stdout.lines().map(event).collect()
    }

    pub fn all(&self, kind: &str) -> Vec<Value> {
        self.events().into_iter().filter(|event| event["type"] == kind).collect()
    }

    /// The only event of a type.
    pub fn one(&self, kind: &str) -> Value {
        let all = self.all(kind);
        assert_eq!(all.len(), 1, "{kind} events in:\n{}\n{}", self.stdout, self.stderr);
        all.into_iter().next().unwrap()
    }

    /// The commits of its steps.
    pub fn commits(&self) -> Vec<String> {
        self.all("step").iter().map(|step| step["commit"].as_str().unwrap().to_owned()).collect()
    }

    pub fn session(&self) -> String {
        self.one("session")["session"].as_str().unwrap().to_owned()
    }

    pub fn branch(&self) -> String {
        self.one("session")["branch"].as_str().unwrap().to_owned()
    }

    pub fn worktree(&self) -> PathBuf {
        self.one("session")["worktree"].as_str().unwrap().into()
    }

    /// The messages of its `error` events, and standard error.
    pub fn complaints(&self) -> String {
        let mut text = String::new();
        for event in self.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            if event["type"] == "error" || event["type"] == "notice" {
                text += &format!("{} {}\n", event["message"], event["hint"]);
            }
        }
        text + &self.stderr
    }
}

/// A print of everything of the user's: each file of the checkout with its times, the index byte for
/// byte, `HEAD`, configuration, stash, hooks, reflogs, and all references that are not offshoot's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(BTreeMap<String, String>);

impl Fingerprint {
    fn of(machine: &Machine) -> Self {
        let mut print = BTreeMap::new();
        add_files(&machine.repo, &machine.repo, &mut print);
        let git = machine.git(&["rev-parse", "--absolute-git-dir"]);
        let common = machine.git(&["rev-parse", "--path-format=absolute", "--git-common-dir"]);
        for folder in [Path::new(&git), Path::new(&common)] {
            let files = "index HEAD config config.worktree packed-refs info/exclude info/sparse-checkout \
                         info/attributes logs/HEAD logs/refs/heads/main logs/refs/stash";
            for name in files.split_whitespace() {
                let path = folder.join(name);
                print.insert(
                    path.display().to_string(),
                    fs::read(&path).map_or("absent".into(), |b| hash(&b)),
                );
            }
            for entry in fs::read_dir(folder).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                // These hold offshoot's as well as the user's.
                if name != "worktrees" && name != "logs" {
                    print.insert(format!("{}/{name} is there", folder.display()), String::new());
                }
            }
        }
        let refs = machine.git(&["for-each-ref", "--format=%(refname) %(symref) %(objectname)"]);
        let ours =
            |line: &str| line.starts_with("refs/heads/offshoot/") || line.starts_with("refs/offshoot/");
        for line in refs.lines().filter(|line| !ours(line)) {
            print.insert(format!("ref {line}"), String::new());
        }
        print.insert("status".into(), machine.git(&["status", "--porcelain=v2", "--branch"]));
        print.insert("stash".into(), machine.git(&["stash", "list"]));
        Self(print)
    }

    /// Fails with the differences when the user's things are not as they were.
    pub fn assert_same(&self, machine: &Machine) {
        let now = Self::of(machine);
        let mut differences = String::new();
        for (key, value) in &self.0 {
            if now.0.get(key) != Some(value) {
                differences += &format!("was {key}: {value}\nis  {:?}\n", now.0.get(key));
            }
        }
        for key in now.0.keys().filter(|key| !self.0.contains_key(*key)) {
            differences += &format!("new {key}: {}\n", now.0[key]);
        }
        assert!(differences.is_empty(), "the user's checkout changed:\n{differences}");
    }
}

fn add_files(top: &Path, dir: &Path, print: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        let meta = entry.symlink_metadata().unwrap();
        let name = entry.strip_prefix(top).unwrap().display().to_string();
        if name == ".git" {
            continue;
        }
        let mode = meta.permissions().mode();
        let value = if meta.is_dir() {
            add_files(top, &entry, print);
            format!("folder {mode:o}")
        } else if meta.is_symlink() {
            format!("link to {}", fs::read_link(&entry).unwrap().display())
        } else {
            // What cannot be read (by design of a test) counts by its size.
            let content = fs::read(&entry).map_or_else(|_| meta.len().to_string(), |bytes| hash(&bytes));
            format!("{mode:o} {:?} {content}", meta.modified().unwrap())
        };
        print.insert(name, value);
    }
}

fn hash(bytes: &[u8]) -> String {
    format!("{:02x?}", Sha256::digest(bytes).as_slice())
}
