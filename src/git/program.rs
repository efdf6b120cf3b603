//! Running the git program: never with the caller's `GIT_*` places, never with hooks, never asking,
//! never taking a lock that only saves time.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::{GitError, ObjectId};

/// Settings that hold for every call: no hooks, no signing, no daemon, no clean-up behind our back,
/// and nothing that would make git write the user's configuration.
const SETTINGS: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "commit.gpgSign=false",
    "tag.gpgSign=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "branch.autoSetupMerge=false",
    "worktree.useRelativePaths=false",
    "submodule.recurse=false",
    "advice.detachedHead=false",
    "core.quotePath=false",
    "checkout.workers=0",
    "color.ui=false",
];

/// Variables of git that say how to reach the world or where settings are; all others say where a
/// repository is, and would turn our calls to another one.
const KEPT: &[&str] = &[
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_EXEC_PATH",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSL_CAINFO",
    "GIT_SSL_NO_VERIFY",
    "GIT_ASKPASS",
];

/// One call of git.
pub(super) struct Git {
    command: Command,
    name: String,
    input: Vec<u8>,
}

/// What a call gave, when failing is one of the answers.
pub(super) struct Answer {
    pub ok: bool,
    pub code: Option<i32>,
    pub out: Vec<u8>,
    pub err: String,
}

impl Git {
    /// A call of `git <name>` in a folder.
    pub fn new(dir: &Path, name: &str) -> Self {
        let mut command = Command::new("git");
        for (key, _) in std::env::vars_os() {
            if is_foreign(&key) {
                command.env_remove(&key);
            }
        }
        command
            .current_dir(dir)
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_EDITOR", "true")
            .env("GIT_PAGER", "cat")
            .env("LC_ALL", "C")
            .env("LANGUAGE", "C");
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command.args(["--literal-pathspecs", name]);
        Self { command, name: name.to_owned(), input: Vec::new() }
    }

    /// Lets it ask for a password on the terminal.
    pub fn asking(mut self) -> Self {
        self.command.env("GIT_TERMINAL_PROMPT", "1");
        self
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    /// A call in a work tree whose `.git` file may be gone or changed by whoever works there.
    pub fn at(work_tree: &Path, git_dir: &Path, name: &str) -> Self {
        let mut git = Self::new(work_tree, name);
        git.command.env("GIT_DIR", git_dir).env("GIT_WORK_TREE", work_tree);
        git
    }

    /// Sets a variable for the call.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Makes the call use another index file, and never write parts of it elsewhere.
    pub fn index(mut self, file: &Path) -> Self {
        self.command
            .env("GIT_INDEX_FILE", file)
            .envs([("GIT_CONFIG_COUNT", "2"), ("GIT_CONFIG_KEY_0", "core.splitIndex")])
            .envs([("GIT_CONFIG_VALUE_0", "false"), ("GIT_CONFIG_KEY_1", "core.untrackedCache")])
            .env("GIT_CONFIG_VALUE_1", "false");
        self
    }

    /// Makes the call write objects to another store than the repository's, which it still reads.
    pub fn objects_in(mut self, store: &Path, own: &Path) -> Self {
        self.command.env("GIT_OBJECT_DIRECTORY", store).env("GIT_ALTERNATE_OBJECT_DIRECTORIES", own);
        self
    }

    pub fn input(mut self, bytes: Vec<u8>) -> Self {
        self.input = bytes;
        self
    }

    /// Runs to the end; an exit code other than zero is an answer.
    pub fn answer(mut self) -> Result<Answer, GitError> {
        let stdin = if self.input.is_empty() { Stdio::null() } else { Stdio::piped() };
        let mut child = self
            .command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| start_failed(&self.command, e))?;
        let pipe = child.stdin.take();
        let input = std::mem::take(&mut self.input);
        let output = std::thread::scope(|scope| {
            if let Some(mut pipe) = pipe {
                // A child that stops reading tells why on its standard error.
                scope.spawn(move || drop(pipe.write_all(&input)));
            }
            child.wait_with_output()
        })
        .map_err(|e| GitError::io("git", e))?;
        Ok(Answer {
            ok: output.status.success(),
            code: output.status.code(),
            out: output.stdout,
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Runs to the end and gives the standard output; anything but success is an error.
    pub fn run(self) -> Result<Vec<u8>, GitError> {
        let name = self.name.clone();
        let answer = self.answer()?;
        if answer.ok { Ok(answer.out) } else { Err(answer.error(&name)) }
    }

    /// The same as one line of text.
    pub fn line(self) -> Result<String, GitError> {
        Ok(String::from_utf8_lossy(&self.run()?).trim_end_matches('\n').to_owned())
    }

    /// Starts it, to be talked with.
    pub fn spawn(mut self) -> Result<Child, GitError> {
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| start_failed(&self.command, e))
    }
}

impl Answer {
    pub fn error(&self, name: &str) -> GitError {
        let told = if self.err.trim().is_empty() {
            format!("ended with {}", self.code.map_or_else(|| "a signal".to_owned(), |c| c.to_string()))
        } else {
            self.err.clone()
        };
        GitError::program(name, &told)
    }
}

/// Whether the program is there at all.
pub(super) fn is_present(dir: &Path) -> bool {
    Git::new(dir, "version").answer().is_ok_and(|a| a.ok)
}

/// A running `git cat-file --batch`: many objects for the price of one start.
pub(super) struct Objects {
    child: Child,
    ask: ChildStdin,
    tell: BufReader<ChildStdout>,
}

impl Objects {
    pub fn open(dir: &Path) -> Result<Self, GitError> {
        let mut child = Git::new(dir, "cat-file").arg("--batch").spawn()?;
        let (Some(ask), Some(tell)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(GitError::program("cat-file", "its pipes are missing"));
        };
        Ok(Self { child, ask, tell: BufReader::with_capacity(1 << 16, tell) })
    }

    /// The kind and the bytes of an object, or nothing when it is not there.
    pub fn read(&mut self, id: &ObjectId) -> Result<Option<(String, Vec<u8>)>, GitError> {
        let broken = |e| GitError::io("git cat-file", e);
        writeln!(self.ask, "{id}").and_then(|()| self.ask.flush()).map_err(broken)?;
        let mut head = String::new();
        self.tell.read_line(&mut head).map_err(broken)?;
        let mut words = head.split_whitespace();
        let (_, kind, size) = (words.next(), words.next(), words.next());
        match (kind, size.and_then(|s| s.parse::<usize>().ok())) {
            (Some(kind), Some(size)) => {
                let mut data = vec![0; size + 1];
                self.tell.read_exact(&mut data).map_err(broken)?;
                data.pop();
                Ok(Some((kind.to_owned(), data)))
            }
            (Some("missing"), _) => Ok(None),
            _ => Err(GitError::program("cat-file", &format!("answered {head:?}"))),
        }
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Paths as git prints and takes them: bytes on Unix.
pub(super) fn path_bytes(path: &Path) -> Vec<u8> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        path.as_os_str().as_bytes().to_vec()
    }
    #[cfg(not(unix))]
    {
        path.to_string_lossy().replace('\\', "/").into_bytes()
    }
}

pub(super) fn bytes_path(bytes: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        PathBuf::from(OsStr::from_bytes(bytes))
    }
    #[cfg(not(unix))]
    {
        PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
    }
}

fn is_foreign(key: &OsString) -> bool {
    let key = key.to_string_lossy();
    key.starts_with("GIT_") && !KEPT.contains(&&*key)
}

fn start_failed(command: &Command, error: std::io::Error) -> GitError {
    if error.kind() == std::io::ErrorKind::NotFound {
        // Either the program or the folder it was to start in.
        match command.get_current_dir() {
            Some(dir) if !dir.is_dir() => GitError::WorktreeMissing { path: dir.to_owned() },
            _ => GitError::NeedsProgram { reason: "for what was asked".to_owned() },
        }
    } else {
        GitError::io("git", error)
    }
}
