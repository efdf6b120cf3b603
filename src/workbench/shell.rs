//! Commands that the user runs in a tab's worktree: beside the agent, with the environment of its commands
//! and without their sandbox, since they are the user's own acts. What becomes of their output is the tab's
//! affair.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::teller::Teller;
use super::words::{fenced, quoted};
use super::{Audience, EventKind, ShellEnd, ShellEvent};
use crate::git::redact::redact_known;
use crate::tools::Progress;
use crate::tools::shell::{End, Process, SandboxPolicy, Shell};

/// The commands of one tab that run.
#[derive(Debug)]
pub(super) struct Shells {
    shell: Arc<Shell>,
    worktree: PathBuf,
    secrets: Arc<[String]>,
    running: JoinSet<Ended>,
    stop: CancellationToken,
    last_id: u64,
}

/// A command that has ended; all of its output is told.
#[derive(Debug)]
pub(super) struct Ended {
    pub id: u64,
    pub command: String,
    pub audience: Audience,
    pub exit: ShellEnd,
    pub text: String,
    pub elapsed: Duration,
}

impl Shells {
    pub fn new(shell: Arc<Shell>, worktree: PathBuf, secrets: &[String]) -> Self {
        Self {
            shell,
            worktree,
            secrets: secrets.into(),
            running: JoinSet::new(),
            stop: CancellationToken::new(),
            last_id: 0,
        }
    }

    /// Sets so many ids aside, and gives the first of them.
    pub fn reserve(&mut self, ids: usize) -> u64 {
        let first = self.last_id + 1;
        self.last_id += ids as u64;
        first
    }

    /// Starts a command. It tells of its output itself.
    pub async fn start(&mut self, command: String, audience: Audience, teller: &Teller) {
        self.last_id += 1;
        let id = self.last_id;
        teller.tell(EventKind::Shell(ShellEvent::Began { id, command: command.clone(), audience })).await;
        let mut process = self.shell.process(&command, &self.worktree, None);
        // The helper confines nothing here; it ends the command when we die.
        process.sandbox = SandboxPolicy { helper: process.sandbox.helper, ..SandboxPolicy::default() };
        let (stop, secrets, teller) = (self.stop.clone(), self.secrets.clone(), teller.clone());
        self.running.spawn(async move {
            let (exit, text, elapsed) = run(id, &process, &stop, &secrets, &teller).await;
            Ended { id, command, audience, exit, text, elapsed }
        });
    }

    /// The next command that ends; `None` when none runs.
    pub async fn next(&mut self) -> Option<Ended> {
        loop {
            match self.running.join_next().await? {
                Ok(ended) => return Some(ended),
                Err(error) => tracing::error!(%error, "the task of a command died"),
            }
        }
    }

    /// Stops all that run now.
    pub fn stop(&mut self) {
        std::mem::take(&mut self.stop).cancel();
    }
}

/// Runs a command to its end, and tells of its output as it comes.
pub(super) async fn run(
    id: u64,
    process: &Process,
    stop: &CancellationToken,
    secrets: &[String],
    teller: &Teller,
) -> (ShellEnd, String, Duration) {
    let (progress, mut printed) = Progress::channel();
    let run = async move { process.run(stop, |text| progress.send(text)).await };
    // A listener that is slow must not keep the command from being read, or stopped.
    let tell = async {
        while let Some(seen) = printed.next().await {
            let text = redact_known(&seen.text, secrets).into_owned();
            let output = ShellEvent::Output { id, text, dropped: seen.dropped };
            teller.tell(EventKind::Shell(output)).await;
        }
    };
    match tokio::join!(run, tell).0 {
        Ok(finished) => {
            let exit = match finished.end {
                End::Exited(code) => ShellEnd::Exited(code),
                End::Signalled(signal) => ShellEnd::Signalled(signal),
                End::Cancelled => ShellEnd::Stopped,
                End::TimedOut => ShellEnd::TimedOut,
            };
            (exit, redact_known(&finished.output.text, secrets).into_owned(), finished.elapsed)
        }
        Err(error) => {
            let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
            (ShellEnd::Failed(format!("{error}{hint}")), String::new(), Duration::ZERO)
        }
    }
}

impl Ended {
    /// What the model is told of it.
    pub fn worded(&self) -> String {
        let how = match &self.exit {
            ShellEnd::Exited(code) => format!("exit code {code}"),
            ShellEnd::Signalled(signal) => format!("killed by signal {signal}"),
            ShellEnd::Stopped => "stopped by the user".to_owned(),
            ShellEnd::TimedOut => "stopped when its time was over".to_owned(),
            ShellEnd::Failed(why) => format!("not run: {why}"),
        };
        let command = quoted(&self.command);
        if self.text.trim().is_empty() {
            return format!("The user ran {command} ({how}), and it printed nothing.");
        }
        format!("The user ran {command} ({how}):\n{}", fenced(&self.text, ""))
    }

    pub fn told(self, offered: bool) -> ShellEvent {
        let elapsed_ms = u64::try_from(self.elapsed.as_millis()).unwrap_or(u64::MAX);
        ShellEvent::Ended { id: self.id, exit: self.exit, text: self.text, offered, elapsed_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(command: &str, exit: ShellEnd, text: &str) -> String {
        let (command, text) = (command.to_owned(), text.to_owned());
        Ended { id: 1, command, audience: Audience::Model, exit, text, elapsed: Duration::ZERO }.worded()
    }

    #[test]
    fn the_model_is_told_the_command_its_end_and_its_output() {
        assert_eq!(
            ended("ls", ShellEnd::Exited(1), "a\nb\n"),
            "The user ran `ls` (exit code 1):\n```\na\nb\n```"
        );
        assert_eq!(
            ended("true", ShellEnd::Exited(0), "\n"),
            "The user ran `true` (exit code 0), and it printed nothing."
        );
        assert!(ended("x", ShellEnd::Signalled(9), "").contains("(killed by signal 9)"));
        assert!(ended("x", ShellEnd::Stopped, "").contains("(stopped by the user)"));
    }

    #[test]
    fn backticks_in_it_end_nothing() {
        let told = ended("echo `date`", ShellEnd::Exited(0), "````\nx\n````\n");
        assert_eq!(told, "The user ran `` echo `date` `` (exit code 0):\n`````\n````\nx\n````\n`````");
    }
}
