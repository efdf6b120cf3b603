//! A repository of many files for benchmarks, and medians.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

pub type Failure = Box<dyn std::error::Error>;

/// The middle one of so many rounds.
pub fn median(
    rounds: usize,
    mut round: impl FnMut(usize) -> Result<Duration, Failure>,
) -> Result<Duration, Failure> {
    let mut times = (0..rounds).map(&mut round).collect::<Result<Vec<_>, _>>()?;
    times.sort_unstable();
    Ok(times[rounds / 2])
}

/// Where a file lies: 20 folders of 20 folders.
pub fn name(file: usize) -> PathBuf {
    PathBuf::from(format!("crate{}/src/module{}/file{file}.rs", file % 20, file % 400 / 20))
}

/// A repository with one commit of so many files.
pub fn generate(top: &Path, files: usize) -> Result<(), Failure> {
    for file in 0..files {
        let path = top.join(name(file));
        fs::create_dir_all(path.parent().ok_or("a file lies in a folder")?)?;
        fs::write(path, format!("// file {file}\n{}", "fn work() {}\n".repeat(file % 60)))?;
    }
    git(top, &["init", "-q", "-b", "main"])?;
    git(top, &["config", "user.name", "Bench"])?;
    git(top, &["config", "user.email", "bench@example.org"])?;
    git(top, &["config", "gc.auto", "0"])?;
    git(top, &["add", "-A"])?;
    git(top, &["commit", "-q", "-m", "first"])
}

/// Runs git apart from the settings of whoever runs the benchmark.
pub fn git(dir: &Path, args: &[&str]) -> Result<(), Failure> {
    let status = Command::new("git")
        .current_dir(dir)
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .status()?;
    if status.success() { Ok(()) } else { Err(format!("git {args:?} failed").into()) }
}
