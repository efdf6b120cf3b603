//! The life of the helper process: `offshoot __sandbox … -- command`. It leads the session that
//! the command runs in, swallows the signals meant for the command, collects what the command
//! leaves behind, and kills everything when offshoot is gone.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Signal, WaitOptions, getpid, kill_current_process_group, kill_process};
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep, timeout_at};

use super::sandbox::{self, Order};

/// How long children of the command may go on when it has ended.
const LINGER: Duration = Duration::from_millis(100);

/// Runs the helper with the arguments after `__sandbox`, and returns its exit code: that of the
/// command; 125 when the helper failed, 126 or 127 when the command could not be run. When the
/// command died of a signal, so does the helper.
///
/// To be called first in `main`, before anything starts a thread: landlock binds a thread and those
/// it starts.
pub fn enter(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let result = Order::parse(args).map_err(io::Error::other).and_then(|order| {
        #[cfg(target_os = "linux")]
        if !order.unconfined {
            sandbox::confine(&order).map_err(io::Error::other)?;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(runtime.block_on(supervise(&order.command, order.lifeline)))
    });
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("offshoot: cannot enter the sandbox: {error}");
            ExitCode::from(125)
        }
    }
}

async fn supervise(command: &[OsString], lifeline: Option<u32>) -> ExitCode {
    // Handlers rather than ignoring: a handler does not pass to the command.
    let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup(), SignalKind::quit()];
    let _handlers: Vec<_> = kinds.into_iter().map(signal).collect();
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(getpid()));
    let input = if lifeline.is_some() { Stdio::inherit() } else { Stdio::null() };
    let mut child = match Command::new(&command[0]).args(&command[1..]).stdin(input).spawn() {
        Ok(child) => child,
        Err(error) => {
            eprintln!("offshoot: cannot run `{}`: {error}", command[0].display());
            return ExitCode::from(if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 });
        }
    };
    let status = tokio::select! {
        status = child.wait() => status,
        () = abandoned(lifeline) => {
            kill_orphans().await;
            let _ = kill_current_process_group(Signal::KILL);
            return ExitCode::from(125);
        }
    };
    if timeout_at(Instant::now() + LINGER, orphans_gone()).await.is_err() {
        kill_orphans().await;
    }
    match status {
        Ok(status) => end_like(status),
        Err(_) => ExitCode::from(125),
    }
}

/// Returns when the other end of the lifeline is gone: offshoot has ended, or wants us to.
async fn abandoned(lifeline: Option<u32>) {
    let pipe = match lifeline {
        // Opened again rather than taken over; the other ends of the inherited one are all the same.
        Some(number) => pipe::OpenOptions::new().open_receiver(format!("/dev/fd/{number}")),
        None => io::stdin().as_fd().try_clone_to_owned().and_then(pipe::Receiver::from_owned_fd),
    };
    match pipe {
        Ok(mut pipe) => while pipe.read(&mut [0; 16]).await.is_ok_and(|count| count > 0) {},
        // Started by hand, with something else as its input: nobody to watch.
        Err(_) => std::future::pending().await,
    }
}

/// Waits until nothing is left that the command started.
async fn orphans_gone() {
    while reap() {
        sleep(Duration::from_millis(2)).await;
    }
}

/// Kills all children again and again: those of a killed child become ours.
async fn kill_orphans() {
    for _ in 0..200 {
        for child in children() {
            let _ = kill_process(child, Signal::KILL);
        }
        sleep(Duration::from_millis(1)).await;
        if !reap() {
            return;
        }
    }
}

/// Collects ended children; whether there are others.
fn reap() -> bool {
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some(_)) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

#[cfg(target_os = "linux")]
fn children() -> Vec<rustix::process::Pid> {
    let me = getpid().as_raw_nonzero();
    let list = std::fs::read_to_string(format!("/proc/{me}/task/{me}/children")).unwrap_or_default();
    list.split_whitespace().filter_map(|pid| rustix::process::Pid::from_raw(pid.parse().ok()?)).collect()
}

/// Elsewhere children that left the group cannot be found; the rest dies with the group.
#[cfg(not(target_os = "linux"))]
fn children() -> Vec<rustix::process::Pid> {
    Vec::new()
}

fn end_like(status: ExitStatus) -> ExitCode {
    if let Some(signal) = status.signal().and_then(Signal::from_named_raw) {
        // SIGKILL and the deadly ones end us here; a handled one falls through to the shell's way.
        let _ = kill_process(getpid(), signal);
        return ExitCode::from(u8::try_from(128 + signal.as_raw()).unwrap_or(125));
    }
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(125))
}
