//! A step commit beside `git add -A && git commit`, in repositories of 3,000 and of 50,000 files.
//! Prints medians and ratios: `cargo bench --bench step_commit`.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use offshoot::git::{Repo, StepOptions, Touched, Worktree};

use support::{Failure, generate, git, median, name};

const ROUNDS: usize = 21;

fn main() -> Result<(), Failure> {
    println!("One changed file per step, {ROUNDS} rounds, medians in ms; the ratio is to git's own.");
    println!("{:>8}  {:<28}  {:>8}  {:>6}", "files", "what", "ms", "ratio");
    for files in [3_000, 50_000] {
        compare(files)?;
    }
    Ok(())
}

fn compare(files: usize) -> Result<(), Failure> {
    let root = tempfile::tempdir()?;
    let top = root.path().join("repo");
    generate(&top, files)?;
    let repo = Repo::discover(&top)?;
    let base = repo.head()?.commit;

    let plain = root.path().join("plain");
    repo.create_worktree("offshoot/plain", base.as_ref(), &plain)?;
    let by_git = median(ROUNDS, |round| {
        change(&plain, files, round)?;
        let start = Instant::now();
        git(&plain, &["add", "-A"])?;
        git(&plain, &["commit", "-q", "-m", "step"])?;
        Ok(start.elapsed())
    })?;
    row(files, "git add -A && git commit", by_git, by_git);

    let mut tree = repo.create_worktree("offshoot/paths", base.as_ref(), &root.path().join("paths"))?;
    let named = median(ROUNDS, |round| {
        let path = change(tree.path(), files, round)?;
        step(&mut tree, &Touched::Paths(vec![path]))
    })?;
    row(files, "step, paths named", named, by_git);

    let mut tree = repo.create_worktree("offshoot/scan", base.as_ref(), &root.path().join("scan"))?;
    let scanned = median(ROUNDS, |round| {
        change(tree.path(), files, round)?;
        step(&mut tree, &Touched::Scan)
    })?;
    row(files, "step, whole worktree scanned", scanned, by_git);
    let nothing = median(ROUNDS, |_| {
        let start = Instant::now();
        let made = tree.commit(&Touched::Scan, &|_| "step\n".to_owned(), &StepOptions::default())?;
        if made.is_some() {
            return Err("a step without changes made a commit".into());
        }
        Ok(start.elapsed())
    })?;
    row(files, "scan that finds nothing", nothing, by_git);
    Ok(())
}

fn step(tree: &mut Worktree, touched: &Touched) -> Result<Duration, Failure> {
    let start = Instant::now();
    let made = tree.commit(touched, &|_| "step\n".to_owned(), &StepOptions::default())?;
    let took = start.elapsed();
    if made.is_some_and(|m| m.stat.files.len() == 1) { Ok(took) } else { Err("no commit of one file".into()) }
}

fn row(files: usize, what: &str, took: Duration, by_git: Duration) {
    let (ms, ratio) = (took.as_secs_f64() * 1e3, by_git.as_secs_f64() / took.as_secs_f64());
    println!("{files:>8}  {what:<28}  {ms:>8.1}  {ratio:>5.1}x");
}

/// Changes one file, another one each round.
fn change(top: &Path, files: usize, round: usize) -> Result<PathBuf, Failure> {
    let path = name((round * 7919 + 13) % files);
    fs::write(top.join(&path), format!("changed in round {round}\n{}", "and more of it\n".repeat(40)))?;
    Ok(path)
}
