//! A started command: leader of a session and process group of its own, started through the helper where there is
//! one, and gone when its value is gone. What it prints is read by whoever started it.

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::process::Stdio;
use std::time::Duration;

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, timeout, timeout_at};

use super::process::{End, Process, ProcessError};

/// What a command reads as its standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// Nothing.
    None,
    /// What we write.
    Pipe,
}

/// A command that was started with a pipe for each of its streams. Dropping `running` ends it.
#[derive(Debug)]
pub struct Piped {
    /// With [`Input::Pipe`].
    pub stdin: Option<ChildStdin>,
    pub stdout: ChildStdout,
    pub stderr: ChildStderr,
    pub running: Running,
}

/// A started command and its process group, which do not outlive this value. What left the group is found and
/// killed by the helper, where there is one.
#[derive(Debug)]
pub struct Running {
    child: Child,
    group: Option<Pid>,
    /// Held open as long as the command may run, where there is a helper that watches it: when we die, however we
    /// die, it ends, and the helper ends the command and everything that came of it.
    lifeline: Option<OwnedFd>,
}

/// How long a killed process may take to be gone.
const DYING: Duration = Duration::from_millis(250);

impl Process {
    /// Starts the command with a pipe for each of its streams. Its time limit and its cap are the caller's business
    /// then.
    pub fn start(&self, input: Input) -> Result<Piped, ProcessError> {
        let spawn_error = |source| ProcessError::Spawn { program: self.program.clone(), source };
        let (mut command, lifeline) = command(self, input).map_err(spawn_error)?;
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(spawn_error)?;
        let missing = || spawn_error(io::Error::other("a pipe is missing"));
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let stderr = child.stderr.take().ok_or_else(missing)?;
        let stdin = if input == Input::Pipe { child.stdin.take() } else { None };
        Ok(Piped { stdin, stdout, stderr, running: Running::new(child, lifeline) })
    }
}

/// The command as it is started: through the helper where there is one. With the helper and a pipe as its input, the
/// lifeline is a pipe of its own, returned; else it is the helper's input.
pub(super) fn command(process: &Process, input: Input) -> io::Result<(Command, Option<OwnedFd>)> {
    let mut lifeline = None;
    let mut inherited = None;
    let mut command = match &process.sandbox.helper {
        Some(helper) => {
            let mut command = Command::new(helper);
            command.args(process.sandbox.helper_args());
            if input == Input::Pipe {
                let (reader, writer) = io::pipe()?;
                let reader = OwnedFd::from(reader);
                command.arg("--lifeline").arg(reader.as_raw_fd().to_string());
                lifeline = Some(writer.into());
                inherited = Some(reader);
            }
            command.arg("--").arg(&process.program).stdin(Stdio::piped());
            command
        }
        None => {
            let mut command = Command::new(&process.program);
            command.stdin(if input == Input::Pipe { Stdio::piped() } else { Stdio::null() });
            // The helper must live on to end what the command left behind; the command itself must not.
            command.kill_on_drop(true);
            command
        }
    };
    command.args(&process.args).current_dir(&process.dir).env_clear().envs(process.env.vars());
    own_session(&mut command, inherited);
    Ok((command, lifeline))
}

impl Running {
    pub(super) fn new(mut child: Child, lifeline: Option<OwnedFd>) -> Self {
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let lifeline = lifeline.or_else(|| child.stdin.take()?.into_owned_fd().ok());
        Self { child, group, lifeline }
    }

    /// Waits until the command has ended by itself; with a helper, until what it left behind is gone too. Nothing is
    /// lost when this future is dropped.
    pub async fn ended(&mut self) -> io::Result<End> {
        self.child.wait().await.map(End::of)
    }

    /// Asks the group to end and waits until it has and its output is read to the end by `drained`, or until the
    /// grace is over; then kills what is left.
    pub async fn end(&mut self, grace: Duration, drained: impl Future<Output = ()>) {
        self.signal(Signal::TERM);
        let deadline = Instant::now() + grace;
        let gone = async {
            let (_, ()) = tokio::join!(self.child.wait(), drained);
        };
        let _ = timeout_at(deadline, gone).await;
        // The helper kills what left the group, then itself.
        if self.lifeline.take().is_some() {
            let _ = timeout(DYING, self.child.wait()).await;
        }
        self.kill().await;
    }

    /// Kills what is left of the group.
    pub async fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.group = None;
        self.lifeline = None;
        let _ = timeout(DYING, self.child.wait()).await;
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A helper that is killed finds nothing any more: it is told by its lifeline, and kills the group itself.
        if self.lifeline.is_none() {
            self.signal(Signal::KILL);
        }
    }
}

/// Makes the child the leader of a new session, and so of a new process group: it has no terminal. It inherits the
/// given file under its number.
#[allow(unsafe_code)]
pub(super) fn own_session(command: &mut Command, inherited: Option<OwnedFd>) {
    // SAFETY: between fork and exec the closure makes two system calls that may be made there. It allocates nothing
    // and takes no lock.
    unsafe {
        command.pre_exec(move || {
            rustix::process::setsid()?;
            if let Some(file) = &inherited {
                fcntl_setfd(file, FdFlags::empty())?;
            }
            Ok(())
        });
    }
}
