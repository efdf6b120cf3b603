//! What people wait for with many branches, in a repository of 50,000 files, beside git: a worktree made, what would
//! conflict, a review opened. Prints medians and ratios: `cargo bench --bench branches`.

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use offshoot::git::{CommitId, Repo};
use offshoot::tui::review::Prepared;
use support::{Failure, generate, git, median, name};

const FILES: usize = 50_000;
const ROUNDS: usize = 11;
/// Making a worktree writes all files: fewer rounds do.
const MAKINGS: usize = 3;
/// Branches that are compared each with each.
const TABS: usize = 10;
/// Files that each branch changes.
const CHANGED: usize = 30;
/// Lines of the difference that is opened.
const LINES: usize = 20_000;

fn main() -> Result<(), Failure> {
    let root = tempfile::tempdir()?;
    let top = root.path().join("repo");
    generate(&top, FILES)?;
    println!("{FILES} files; medians in ms, the ratio is to git's own");
    println!("{:<44}  {:>9}  {:>6}", "what", "ms", "ratio");
    worktrees(root.path(), &top)?;
    radar(&top)?;
    review(&top)
}

fn worktrees(root: &Path, top: &Path) -> Result<(), Failure> {
    let repo = Repo::discover(top)?;
    let base = repo.head()?.commit;
    let by_git = median(MAKINGS, |round| {
        let (path, branch) = (root.join(format!("git-{round}")), format!("git-{round}"));
        let start = Instant::now();
        git(top, &["worktree", "add", "-q", "-b", &branch, &path.display().to_string()])?;
        let took = start.elapsed();
        git(top, &["worktree", "remove", "--force", &path.display().to_string()])?;
        Ok(took)
    })?;
    row("git worktree add", by_git, by_git);
    let ours = median(MAKINGS, |round| {
        let path = root.join(format!("own-{round}"));
        let start = Instant::now();
        repo.create_worktree(&format!("offshoot/own-{round}"), base.as_ref(), &path)?;
        let took = start.elapsed();
        repo.remove_worktree(&path)?;
        Ok(took)
    })?;
    row("a tab's worktree", ours, by_git);
    Ok(())
}

/// Branches that each change some files of their own, and one that all of them change.
fn radar(top: &Path) -> Result<(), Failure> {
    let mut tips: Vec<CommitId> = Vec::new();
    let repo = Repo::discover(top)?;
    for tab in 0..TABS {
        git(top, &["checkout", "-q", "-B", &format!("tab-{tab}"), "main"])?;
        for file in 0..CHANGED {
            append(&top.join(name(1 + tab * 400 + file * 7)), &format!("// tab {tab}\n"))?;
        }
        append(&top.join(name(0)), &format!("// tab {tab} here too\n"))?;
        git(top, &["commit", "-q", "-a", "-m", "work"])?;
        tips.push(repo.resolve("HEAD")?);
    }
    git(top, &["checkout", "-q", "main"])?;
    let by_git = median(ROUNDS, |round| {
        let (ours, theirs) = (&tips[round % TABS], &tips[(round + 1) % TABS]);
        let start = Instant::now();
        quietly(top, &["merge-tree", "--write-tree", "--name-only", &ours.to_string(), &theirs.to_string()])?;
        Ok(start.elapsed())
    })?;
    row("git merge-tree", by_git, by_git);
    let one = median(ROUNDS, |round| {
        let (ours, theirs) = (&tips[round % TABS], &tips[(round + 1) % TABS]);
        let start = Instant::now();
        let conflicts = repo.conflicts(ours, theirs)?;
        let took = start.elapsed();
        if conflicts.len() == 1 { Ok(took) } else { Err("one file conflicts".into()) }
    })?;
    row("what two tabs would conflict in", one, by_git);
    let all = median(3, |_| {
        let start = Instant::now();
        for theirs in &tips[1..] {
            repo.conflicts(&tips[0], theirs)?;
        }
        Ok(start.elapsed())
    })?;
    row(&format!("the radar after a step, {TABS} tabs"), all, by_git * u32::try_from(TABS - 1)?);
    Ok(())
}

/// A difference of many lines in one file, and in a thousand.
fn review(top: &Path) -> Result<(), Failure> {
    for files in [1, 1_000] {
        git(top, &["checkout", "-q", "-B", &format!("lines-{files}"), "main"])?;
        for file in 0..files {
            let lines: String =
                (0..LINES / files).map(|line| format!("let line{line} = {file};\n")).collect();
            append(&top.join(name(file * 11)), &lines)?;
        }
        git(top, &["commit", "-q", "-a", "-m", "many lines"])?;
        let repo = Repo::discover(top)?;
        let (from, to) = (repo.resolve("main")?, repo.resolve("HEAD")?);
        let by_git = median(ROUNDS, |_| {
            let start = Instant::now();
            quietly(top, &["diff", &from.to_string(), &to.to_string()])?;
            Ok(start.elapsed())
        })?;
        row(&format!("git diff, {LINES} lines in {files} files"), by_git, by_git);
        let opened = median(ROUNDS, |_| {
            let start = Instant::now();
            let prepared = Prepared::align(repo.contents(Some(&from), &to)?, None);
            let took = start.elapsed();
            drop(prepared);
            Ok(took)
        })?;
        row("the same read and laid out for a review", opened, by_git);
    }
    git(top, &["checkout", "-q", "main"])
}

fn append(path: &Path, text: &str) -> Result<(), Failure> {
    let before = fs::read_to_string(path)?;
    Ok(fs::write(path, before + text)?)
}

/// Runs git for its time alone: a conflict is an answer.
fn quietly(dir: &Path, args: &[&str]) -> Result<(), Failure> {
    let status = Command::new("git").current_dir(dir).args(args).stdout(Stdio::null()).status()?;
    if matches!(status.code(), Some(0 | 1)) { Ok(()) } else { Err(format!("git {args:?} failed").into()) }
}

fn row(what: &str, took: Duration, by_git: Duration) {
    let (ms, ratio) = (took.as_secs_f64() * 1e3, by_git.as_secs_f64() / took.as_secs_f64());
    println!("{what:<44}  {ms:>9.1}  {ratio:>5.2}x");
}
