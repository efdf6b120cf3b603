//! Running one command to its end, whatever it does: in a session and process group of its own,
//! without the user's terminal, its output streamed and kept in bounded memory, and nothing of it
//! left behind. Knows neither tools nor models: verification and `!command` run through it too.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::net::unix::pipe;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::environment::Environment;
use super::running::{self, Input, Running};
use super::sandbox::SandboxPolicy;
use super::stream::Stream;
use crate::tools::output::{Cap, Kept};

/// A command, ready to run.
#[derive(Debug, Clone)]
pub struct Process {
    pub program: OsString,
    pub args: Vec<OsString>,
    pub dir: PathBuf,
    pub env: Environment,
    pub sandbox: SandboxPolicy,
    /// `None`: as long as it takes.
    pub timeout: Option<Duration>,
    /// How much of the output is kept.
    pub cap: Cap,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Exited(i32),
    /// By a signal that was not ours.
    Signalled(i32),
    /// Killed because its time was over.
    TimedOut,
    /// Killed because the caller's token was cancelled.
    Cancelled,
}

/// A command that ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Standard output and standard error in the order in which they were written.
    pub output: Kept,
    pub end: End,
    pub elapsed: Duration,
}

/// A command that could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    #[error("cannot run `{}`: {source}", program.to_string_lossy())]
    Spawn { program: OsString, source: io::Error },
    #[error("cannot read the output of `{}`: {source}", program.to_string_lossy())]
    Output { program: OsString, source: io::Error },
}

impl ProcessError {
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Spawn { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("check that the program is installed, and on the PATH that children get")
            }
            Self::Spawn { .. } | Self::Output { .. } => None,
        }
    }
}

/// From SIGTERM to SIGKILL.
pub(super) const GRACE: Duration = Duration::from_millis(300);
/// How long a pipe is read that background children keep open after the command has ended.
const LINGER: Duration = Duration::from_millis(150);

impl Process {
    /// Runs the command to its end. `on_output` gets the output as it arrives, in pieces of at most
    /// a few kilobytes that are cut between characters.
    ///
    /// When this returns, no process of the command's group runs any more; dropping the future kills
    /// them too. A cancelled command is gone within a second.
    pub async fn run(
        &self,
        cancel: &CancellationToken,
        mut on_output: impl FnMut(&str) + Send,
    ) -> Result<Finished, ProcessError> {
        let output_error = |source| ProcessError::Output { program: self.program.clone(), source };
        let started = Instant::now();
        let (reader, writer) = io::pipe().map_err(output_error)?;
        let mut running = self
            .start_into(writer)
            .map_err(|source| ProcessError::Spawn { program: self.program.clone(), source })?;
        let reader = pipe::Receiver::from_owned_fd(reader.into()).map_err(output_error)?;
        let mut stream = Stream::new(reader, self.cap);
        let deadline = self.timeout.map(|limit| started + limit);
        let end = loop {
            tokio::select! {
                biased;
                () = cancel.cancelled() => break End::Cancelled,
                () = until(deadline) => break End::TimedOut,
                end = running.ended() => break end.map_err(output_error)?,
                () = stream.read(&mut on_output), if stream.is_open() => {}
            }
        };
        if matches!(end, End::Cancelled | End::TimedOut) {
            running.end(GRACE, stream.read_to_end(&mut on_output)).await;
        } else {
            let _ = timeout(LINGER, stream.read_to_end(&mut on_output)).await;
            running.kill().await;
        }
        let _ = timeout(LINGER, stream.read_to_end(&mut on_output)).await;
        let output = stream.finish(&mut on_output);
        Ok(Finished { output, end, elapsed: started.elapsed() })
    }

    /// Starts the command with nothing to read, and one pipe for all that it writes.
    fn start_into(&self, output: io::PipeWriter) -> io::Result<Running> {
        let (mut command, lifeline) = running::command(self, Input::None)?;
        command.stdout(output.try_clone()?).stderr(output);
        let child = command.spawn()?;
        // The command holds our ends of the pipe; without this the pipe would never end.
        drop(command);
        Ok(Running::new(child, lifeline))
    }
}

impl End {
    pub(super) fn of(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exited(code),
            (None, Some(signal)) => Self::Signalled(signal),
            (None, None) => Self::Exited(-1),
        }
    }

    pub fn is_success(self) -> bool {
        self == Self::Exited(0)
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn shell(dir: &Path, script: &str) -> Process {
        Process {
            program: "sh".into(),
            args: vec!["-c".into(), script.into()],
            dir: dir.to_owned(),
            env: Environment::new([("PATH".into(), "/usr/bin:/bin".into())], &[], dir, dir),
            sandbox: SandboxPolicy::default(),
            timeout: None,
            cap: Cap::COMMAND,
        }
    }

    async fn run(script: &str) -> Finished {
        let dir = tempfile::tempdir().unwrap();
        shell(dir.path(), script).run(&CancellationToken::new(), |_| {}).await.unwrap()
    }

    /// A pipe that everything a script starts holds open, so that its end is the end of them all.
    struct Alive {
        dir: tempfile::TempDir,
        ended: std::thread::JoinHandle<()>,
    }

    impl Alive {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("alive");
            assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
            let ended = std::thread::spawn(move || drop(std::fs::read(path).unwrap()));
            Self { dir, ended }
        }

        fn process(&self, script: &str) -> Process {
            shell(self.dir.path(), &format!("exec 9>alive; {script}"))
        }

        /// Returns when all of the processes are gone.
        async fn all_gone(self) {
            tokio::task::spawn_blocking(|| self.ended.join().unwrap()).await.unwrap();
        }
    }

    /// Runs a script that says `ready` and then goes on for ever, and cancels it when it does.
    async fn cancelled(script: &str) -> Finished {
        let alive = Alive::new();
        let cancel = CancellationToken::new();
        let process = alive.process(script);
        let mut asked = None;
        let finished = process
            .run(&cancel, |text| {
                if text.contains("ready") {
                    asked = Some(Instant::now());
                    cancel.cancel();
                }
            })
            .await
            .unwrap();
        assert!(asked.unwrap().elapsed() < Duration::from_secs(1), "{finished:?}");
        alive.all_gone().await;
        finished
    }

    #[tokio::test]
    async fn output_and_errors_come_in_order() {
        let finished = run("echo one; echo two >&2; echo three; exit 7").await;
        assert_eq!(finished.output.text, "one\ntwo\nthree\n");
        assert_eq!(finished.end, End::Exited(7));
    }

    #[tokio::test]
    async fn a_signal_is_told_from_an_exit_code() {
        assert_eq!(run("kill -SEGV $$").await.end, End::Signalled(11));
        assert_eq!(run("exit 139").await.end, End::Exited(139));
    }

    #[tokio::test]
    async fn a_command_has_no_input_and_no_terminal() {
        let finished = run("cat; (: </dev/tty) 2>/dev/null && echo terminal || echo none").await;
        assert_eq!(finished.output.text, "none\n");
    }

    #[tokio::test]
    async fn a_command_sees_the_given_environment_only() {
        let finished = run("env").await;
        let names: Vec<&str> =
            finished.output.text.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
        let dir = tempfile::tempdir().unwrap();
        let allowed = shell(dir.path(), "").env.names();
        for name in names.into_iter().filter(|name| !["PWD", "SHLVL", "_", "OLDPWD"].contains(name)) {
            assert!(allowed.iter().any(|allowed| allowed == name), "{name}");
        }
    }

    #[tokio::test]
    async fn long_output_keeps_its_ends() {
        let finished = run("seq 100000; exit 7").await;
        assert!(finished.output.text.starts_with("1\n2\n"));
        assert!(finished.output.text.ends_with("99999\n100000\n"));
        assert!(finished.output.text.len() < 30_000);
        assert_eq!(finished.output.total_lines, 100_000);
        assert_eq!(finished.end, End::Exited(7));
    }

    #[tokio::test]
    async fn pieces_make_up_the_whole_and_cut_no_character() {
        let dir = tempfile::tempdir().unwrap();
        let process =
            shell(dir.path(), r"printf '\303'; printf '\244'; yes äöü | head -n 9999; printf '\377'");
        let mut pieces = String::new();
        let cap = Cap { head_bytes: 1 << 20, head_lines: 1 << 20, ..Cap::COMMAND };
        let process = Process { cap, ..process };
        let finished = process.run(&CancellationToken::new(), |piece| pieces.push_str(piece)).await.unwrap();
        assert_eq!(pieces, finished.output.text);
        assert!(pieces.starts_with("ääöü\n") && pieces.ends_with('\u{fffd}'));
        assert_eq!(pieces.matches('\u{fffd}').count(), 1);
    }

    #[tokio::test]
    async fn a_time_limit_ends_the_whole_group() {
        let alive = Alive::new();
        let process = Process {
            timeout: Some(Duration::from_millis(200)),
            ..alive.process("echo early; sleep 1000 & sleep 1000")
        };
        let finished = process.run(&CancellationToken::new(), |_| {}).await.unwrap();
        assert_eq!((finished.end, finished.output.text.as_str()), (End::TimedOut, "early\n"));
        alive.all_gone().await;
    }

    #[tokio::test]
    async fn cancelling_ends_a_shell_that_waits_for_its_child() {
        assert_eq!(cancelled("sleep 1000 & echo ready; wait").await.end, End::Cancelled);
    }

    #[tokio::test]
    async fn cancelling_ends_what_ignores_the_request() {
        let finished =
            cancelled("trap '' TERM HUP INT; (sleep 1000)& echo ready; while :; do sleep 1000; done").await;
        assert_eq!(finished.end, End::Cancelled);
    }

    #[tokio::test]
    async fn a_cancelled_command_may_say_goodbye() {
        let finished = cancelled("trap 'echo goodbye; exit' TERM; echo ready; sleep 1000 & wait").await;
        assert_eq!(finished.output.text, "ready\ngoodbye\n");
    }

    #[tokio::test]
    async fn cancelling_ends_endless_output() {
        assert_eq!(cancelled("yes ready").await.end, End::Cancelled);
    }

    #[tokio::test]
    async fn children_in_the_background_neither_hold_up_the_end_nor_survive_it() {
        let alive = Alive::new();
        let finished = alive
            .process("sleep 1000 & (yes & ) ; echo done; exit 3")
            .run(&CancellationToken::new(), |_| {})
            .await
            .unwrap();
        assert_eq!(finished.end, End::Exited(3));
        alive.all_gone().await;
    }

    #[tokio::test]
    async fn a_dropped_run_leaves_nothing_behind() {
        let alive = Alive::new();
        let process = alive.process("sleep 1000 & echo ready; wait");
        let (sender, ready) = tokio::sync::oneshot::channel();
        let mut sender = Some(sender);
        let task = tokio::spawn(async move {
            let cancel = CancellationToken::new();
            process
                .run(&cancel, |_| {
                    let _ = sender.take().map(|sender| sender.send(()));
                })
                .await
        });
        ready.await.unwrap();
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        alive.all_gone().await;
    }

    #[tokio::test]
    async fn a_missing_program_is_an_error_with_a_hint() {
        let dir = tempfile::tempdir().unwrap();
        let process = Process { program: "no-such-program".into(), ..shell(dir.path(), "") };
        let error = process.run(&CancellationToken::new(), |_| {}).await.unwrap_err();
        assert!(error.to_string().starts_with("cannot run `no-such-program`"));
        assert!(error.hint().is_some());
    }
}
