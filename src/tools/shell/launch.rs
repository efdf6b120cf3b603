//! Running a command that starts something which goes on without us, such as a server: what it leaves in the
//! background lives on, and writes to a file, since a pipe of ours would end with us.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Command;
use tokio::time::timeout;

use super::process::{End, GRACE};
use super::running::own_session;

/// A command line of the user's own, run with all of their environment and without a sandbox.
#[derive(Debug)]
pub struct Launch<'a> {
    pub command: &'a str,
    pub dir: &'a Path,
    pub env: &'a [(&'a str, &'a str)],
    /// What it and all that it starts write.
    pub log: File,
    /// It is stopped after so long, with its process group.
    pub limit: Duration,
}

impl Launch<'_> {
    /// Runs it to its own end.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn run(self) -> io::Result<End> {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(self.command).current_dir(self.dir).env_clear();
        command.envs(self.env.iter().copied()).kill_on_drop(true).stdin(Stdio::null());
        command.stdout(self.log.try_clone()?).stderr(self.log);
        own_session(&mut command, None);
        let mut child = command.spawn()?;
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        if let Ok(status) = timeout(self.limit, child.wait()).await {
            return status.map(End::of);
        }
        for signal in [Signal::TERM, Signal::KILL] {
            if let Some(group) = group {
                let _ = kill_process_group(group, signal);
            }
            if timeout(GRACE, child.wait()).await.is_ok() {
                break;
            }
        }
        Ok(End::TimedOut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run(dir: &Path, command: &str, limit: Duration) -> (End, String) {
        let log = File::create(dir.join("log")).unwrap();
        let env = [("PATH", "/usr/bin:/bin"), ("SECRET_KEY", "seen")];
        let end = Launch { command, dir, env: &env, log, limit }.run().await.unwrap();
        (end, std::fs::read_to_string(dir.join("log")).unwrap())
    }

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn it_has_the_users_environment_and_its_output_is_in_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let (end, text) = run(dir.path(), "echo $SECRET_KEY; echo no >&2; exit 3", LONG).await;
        assert_eq!((end, text.as_str()), (End::Exited(3), "seen\nno\n"));
    }

    #[tokio::test]
    async fn what_it_leaves_in_the_background_lives_on_and_can_write() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("go");
        let script = format!("mkfifo {0}; (read line < {0}; echo $line) &", fifo.display());
        assert_eq!(run(dir.path(), &script, LONG).await.0, End::Exited(0));
        // It blocks until somebody reads: the child is there.
        let told = tokio::task::spawn_blocking(move || std::fs::write(fifo, "later\n"));
        tokio::time::timeout(LONG, told).await.unwrap().unwrap().unwrap();
        let log = dir.path().join("log");
        while std::fs::read_to_string(&log).unwrap() != "later\n" {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_command_that_does_not_end_is_stopped_with_all_of_its_group() {
        let dir = tempfile::tempdir().unwrap();
        let script = "trap '' TERM; sleep 600 & echo on; wait; sleep 600";
        let (end, text) = run(dir.path(), script, Duration::from_millis(200)).await;
        assert_eq!((end, text.as_str()), (End::TimedOut, "on\n"));
    }
}
