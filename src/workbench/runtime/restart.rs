//! The restart itself: the user's command, run once for all who ask, and then the wait until the runtime
//! answers.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::stamp::{self, NotNow};
use super::{RuntimeState, Standing, local, standing};
use crate::agent::Failure;
use crate::chat::{ErrorClass, sanitise};
use crate::config::{Paths, PathsError};
use crate::git::redact::redact;
use crate::tools::shell::{End, Launch};
use crate::workbench::Base;

/// Between two looks whether it is up.
const BEAT: Duration = Duration::from_millis(250);
/// Lines of the command's output that an error repeats, and bytes at most.
const LINES: usize = 5;
const LONGEST: u64 = 2_000;

/// The local runtime was restarted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restarted {
    pub command: String,
    pub took: Duration,
    /// How it is since.
    pub standing: Standing,
}

/// It was not restarted, or is not up since.
#[derive(Debug, thiserror::Error)]
pub enum RestartError {
    #[error("no command is configured that restarts the local runtime")]
    NotConfigured,
    #[error("another offshoot is restarting the local runtime")]
    Underway,
    #[error("the local runtime was restarted a moment ago: not again for {} s", wait.as_millis().div_ceil(1000))]
    TooSoon { wait: Duration },
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Folder(#[from] PathsError),
    #[error("cannot run `{command}`: {source}")]
    Start { command: String, source: io::Error },
    #[error("`{command}` {how}{}", said(output))]
    Failed { command: String, how: String, output: String },
    #[error("`{command}` ran, but after {seconds} s {asked} {message}{}", said(output))]
    Silent { command: String, seconds: u64, asked: String, message: String, output: String },
}

impl RestartError {
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotConfigured => {
                "set local_runtime.restart_cmd in the settings; `offshoot config path` tells where they are"
            }
            Self::Underway => "wait for it; `offshoot runtime status` tells when it is up",
            Self::TooSoon { .. } => {
                "`offshoot runtime status` tells how it is; local_runtime.restart_cooldown_seconds sets the wait"
            }
            Self::Write { .. } => "check its permissions and the free space, or set OFFSHOOT_STATE_DIR",
            Self::Folder(error) => error.hint(),
            Self::Start { .. } | Self::Failed { .. } => {
                "run it by hand to see what is wrong, and mend local_runtime.restart_cmd"
            }
            Self::Silent { .. } => {
                "it may need more time (local_runtime.restart_timeout_seconds); what it wrote is in local_runtime.log in the state directory"
            }
        }
    }
}

impl From<RestartError> for Failure {
    fn from(error: RestartError) -> Self {
        let class = match error {
            RestartError::Silent { .. } => ErrorClass::Unreachable,
            _ => ErrorClass::Internal,
        };
        Self::new(class, error.to_string()).hint(error.hint())
    }
}

/// Runs the user's command and waits until the runtime answers; then nothing is held against the local backends
/// any more. `now` is in milliseconds since 1970.
///
/// # Errors
/// When there is no such command, it was run a moment ago, it fails, or the runtime does not answer in time.
pub async fn restart(base: &Base, now: u64) -> Result<Restarted, RestartError> {
    let settings = &base.services.settings.local_runtime;
    let command = settings.restart_cmd.trim();
    if command.is_empty() {
        return Err(RestartError::NotConfigured);
    }
    let state = &base.paths().state;
    Paths::create(state)?;
    let path = state.join("local_runtime.restart");
    let cooldown = Duration::from_secs(settings.restart_cooldown_seconds);
    let turn = stamp::take(&path, cooldown, now).map_err(|why| match why {
        NotNow::Underway => RestartError::Underway,
        NotNow::Wait(wait) => RestartError::TooSoon { wait },
        NotNow::Failed(source) => RestartError::Write { path, source },
    })?;
    let started = Instant::now();
    let limit = Duration::from_secs(settings.restart_timeout_seconds);
    let log = state.join("local_runtime.log");
    run(base, command, &log, limit).await?;
    let standing = until_up(base, limit).await;
    drop(turn);
    if standing.state == RuntimeState::Down {
        return Err(RestartError::Silent {
            command: command.to_owned(),
            seconds: limit.as_secs(),
            message: standing.message.unwrap_or_else(|| "does not answer".to_owned()),
            asked: standing.asked,
            output: last_lines(base, &log),
        });
    }
    for backend in local(base) {
        base.services.health.reset(backend.id());
    }
    Ok(Restarted { command: command.to_owned(), took: started.elapsed(), standing })
}

async fn run(base: &Base, command: &str, log: &Path, limit: Duration) -> Result<(), RestartError> {
    let file = create_private(log).map_err(|source| RestartError::Write { path: log.to_owned(), source })?;
    let env: Vec<(&str, &str)> = base.options.env.iter().collect();
    let home = base.services.home.as_deref().filter(|home| home.is_dir()).unwrap_or(Path::new("/"));
    let launch = Launch { command, dir: home, env: &env, log: file, limit };
    let failed = |how: String| {
        let (command, output) = (command.to_owned(), last_lines(base, log));
        Err(RestartError::Failed { command, how, output })
    };
    match launch.run().await {
        Ok(End::Exited(0)) => Ok(()),
        Ok(End::Exited(code)) => failed(format!("failed with exit code {code}")),
        Ok(End::Signalled(signal)) => failed(format!("was killed by signal {signal}")),
        Ok(End::TimedOut | End::Cancelled) => {
            failed(format!("did not end within {} s and was stopped", limit.as_secs()))
        }
        Err(source) => Err(RestartError::Start { command: command.to_owned(), source }),
    }
}

/// How it is, once it is up or its time is over.
async fn until_up(base: &Base, limit: Duration) -> Standing {
    let deadline = Instant::now() + limit;
    loop {
        let standing = standing(base).await;
        if standing.state != RuntimeState::Down || Instant::now() + BEAT > deadline {
            return standing;
        }
        sleep(BEAT).await;
    }
}

/// The end of what was written, without secrets and fit for a terminal.
fn last_lines(base: &Base, log: &Path) -> String {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let from = file.metadata()?.len().saturating_sub(LONGEST);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(LONGEST).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let text = String::from_utf8_lossy(&read().unwrap_or_default()).into_owned();
    let text = redact(&text, &base.services.secrets);
    let text = sanitise(&text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

fn said(output: &str) -> String {
    if output.is_empty() {
        "; it printed nothing".to_owned()
    } else {
        format!("; it printed last:\n{output}")
    }
}

fn create_private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
