//! Holding a branch where it is while the files of its work trees are written: meanwhile nobody else moves it, a commit
//! or a push of the user's included. Whoever dies at it leaves the branch where it was.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout};

use super::Leg;
use crate::git::refs::patiently;
use crate::git::{Expect, GitError, Repo, locks};

/// A change of a reference that the program holds ready, with the reference's lock.
struct Prepared {
    child: Child,
    /// Closed before it is waited for: without a last word, the program gives up and unlocks.
    ask: Option<ChildStdin>,
    tell: BufReader<ChildStdout>,
}

impl Repo {
    /// Does the work with the branch held at the beginning of the leg, then moves it to the end. Without the program it
    /// is not held, and only moved when it is still there.
    ///
    /// # Errors
    /// When the branch is not there, or is held by others, or the work fails. Then the branch is not moved.
    pub(super) fn moving(
        &self,
        leg: &Leg,
        reason: &str,
        work: impl FnOnce() -> Result<(), GitError>,
    ) -> Result<(), GitError> {
        if self.has_program() {
            let prepare = || self.prepare(leg, reason);
            let prepared = match patiently(prepare) {
                Err(GitError::Locked(_)) => {
                    self.clear_ref_lock(&leg.ref_name())?;
                    prepare()?
                }
                prepared => prepared?,
            };
            work()?;
            let committed = prepared.commit();
            // It may have died just after it was done.
            let is_there = || self.read_ref(&leg.ref_name()).is_ok_and(|at| at.as_ref() == Some(&leg.to));
            return if committed.is_err() && is_there() { Ok(()) } else { committed };
        }
        // The library would leave its lock behind when we are killed.
        self.expect_start(leg)?;
        work()?;
        let expect = leg.from.as_ref().map_or(Expect::Absent, Expect::At);
        self.update_ref(&leg.ref_name(), &leg.to, expect, reason)
    }

    /// Removes the lock that was left by whoever died with the branch held.
    pub(super) fn let_go(&self, leg: &Leg) -> Result<(), GitError> {
        let lock = self.ref_lock(leg);
        match fs::read_to_string(&lock) {
            Ok(text) if text.trim() == leg.to.as_str() => {
                locks::clear(&lock, &[self.checkout(), self.common_dir()])
            }
            _ => Ok(()),
        }
    }

    pub(super) fn expect_start(&self, leg: &Leg) -> Result<(), GitError> {
        let found = self.read_ref(&leg.ref_name())?;
        if found == leg.from {
            return Ok(());
        }
        Err(GitError::RefMoved { name: leg.ref_name(), expected: leg.from.clone(), found })
    }

    fn prepare(&self, leg: &Leg, reason: &str) -> Result<Prepared, GitError> {
        let mut child = self.git("update-ref").args(["--no-deref", "-m", reason, "--stdin"]).spawn()?;
        let (Some(ask), Some(tell)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(GitError::program("update-ref", "its pipes are missing"));
        };
        let mut prepared = Prepared { child, ask: Some(ask), tell: BufReader::new(tell) };
        let from = leg.from.as_ref().map_or_else(|| self.zeros(), ToString::to_string);
        let change = format!("start\nupdate {} {} {from}\nprepare\n", leg.ref_name(), leg.to);
        if prepared.does(&change, &["start: ok", "prepare: ok"]) {
            return Ok(prepared);
        }
        drop(prepared);
        self.expect_start(leg)?;
        let lock = self.ref_lock(leg);
        if lock.exists() {
            return Err(GitError::locked(&lock));
        }
        Err(GitError::program("update-ref", &format!("cannot lock {}", leg.ref_name())))
    }

    fn ref_lock(&self, leg: &Leg) -> PathBuf {
        self.common_dir().join(format!("{}.lock", leg.ref_name()))
    }
}

impl Prepared {
    fn commit(mut self) -> Result<(), GitError> {
        if self.does("commit\n", &["commit: ok"]) {
            Ok(())
        } else {
            Err(GitError::program("update-ref", "the branch could not be moved"))
        }
    }

    fn does(&mut self, words: &str, answers: &[&str]) -> bool {
        let Some(ask) = &mut self.ask else { return false };
        if ask.write_all(words.as_bytes()).and_then(|()| ask.flush()).is_err() {
            return false;
        }
        answers.iter().all(|expected| {
            let mut line = String::new();
            self.tell.read_line(&mut line).is_ok() && line.trim_end() == *expected
        })
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        self.ask.take();
        let _ = self.child.wait();
    }
}
