//! Commits that a program made by itself in a worktree, taken back out of its branch: their changes stay in the
//! files, for a step of ours to commit, and the commits stay on a ref.

use super::program::Git;
use super::repo::{Head, library_head, program_head};
use super::{CommitId, Expect, GitError, Worktree};

/// Of a long line of commits so many are told.
const TOLD: usize = 50;

/// What was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded {
    /// The ends of what the program had committed: to be kept.
    pub heads: Vec<CommitId>,
    /// The commits with their subjects, the oldest first, as far as they are told.
    pub commits: Vec<(CommitId, String)>,
}

impl Worktree {
    /// Puts the branch back to `base` if it is not there any more, and the worktree back on its branch, whatever a
    /// program did with git in it. No file changes; the index is left as it is. `None` when there is nothing to do.
    ///
    /// `keep` is called with each head before anything moves.
    pub fn fold(
        &mut self,
        base: &CommitId,
        keep: &mut dyn FnMut(&CommitId) -> Result<(), GitError>,
    ) -> Result<Option<Folded>, GitError> {
        self.wait_for_index()?;
        let name = format!("refs/heads/{}", self.branch());
        let tip = self.repo().read_ref(&name)?;
        let Head { branch, commit } = match self.library() {
            Some(library) => library_head(library, self.git_dir())?,
            None => program_head(self.path(), Some(self.git_dir()))?,
        };
        let has_moved = tip.as_ref() != Some(base);
        let has_left = branch.as_deref() != Some(self.branch());
        if !has_moved && !has_left {
            return Ok(None);
        }
        let mut heads: Vec<CommitId> = Vec::new();
        for head in [tip.clone(), commit].into_iter().flatten() {
            if head != *base && !heads.contains(&head) {
                keep(&head)?;
                heads.push(head);
            }
        }
        let mut commits = Vec::new();
        for head in &heads {
            for made in self.since(base, head)? {
                if commits.iter().all(|(known, _)| *known != made.0) {
                    commits.push(made);
                }
            }
        }
        if has_left {
            self.put_head_back(&name)?;
        }
        if has_moved {
            let expect = tip.as_ref().map_or(Expect::Absent, Expect::At);
            self.repo().update_ref(&name, base, expect, "offshoot: commits folded into the next step")?;
        }
        Ok(Some(Folded { heads, commits }))
    }

    /// The commits on the first-parent line from `base`, exclusive, to `head`, the oldest first.
    fn since(&self, base: &CommitId, head: &CommitId) -> Result<Vec<(CommitId, String)>, GitError> {
        let mut line = Vec::new();
        let mut at = Some(head.clone());
        while let Some(id) = at.filter(|id| id != base && line.len() < TOLD) {
            // Older than the base: a branch that begins elsewhere.
            if self.repo().is_ancestor(&id, base)? {
                break;
            }
            let data = self.repo().commit(&id)?;
            at = data.parents.first().cloned();
            let subject = data.subject().to_owned();
            line.push((id, subject));
        }
        line.reverse();
        Ok(line)
    }

    fn put_head_back(&self, name: &str) -> Result<(), GitError> {
        match self.library() {
            Some(library) if !self.repo().has_program() => library
                .reference_symbolic("HEAD", name, true, "offshoot: back on the tab's branch")
                .map(drop)
                .map_err(|error| GitError::library("set HEAD", &error)),
            _ => Git::at(self.path(), self.git_dir(), "symbolic-ref").args(["HEAD", name]).run().map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::testing::{Fixture, git_in, write};
    use crate::git::{StepOptions, Touched};

    /// Runs a script of git commands in a worktree, folds, commits, and shows what came of it: the files of the
    /// step, what was told, and how many heads were kept.
    fn fold_after(script: &[&[&str]]) -> (String, Vec<String>, usize) {
        let fixture = Fixture::new();
        let repo = fixture.repo();
        let base = repo.resolve("main").unwrap();
        let tree = fixture.place("work");
        let mut worktree = repo.create_worktree("offshoot/work", Some(&base), &tree).unwrap();
        for (number, line) in script.iter().enumerate() {
            write(&tree, &format!("new{number}"), "text\n");
            git_in(&tree, &["add", "-A"]);
            git_in(&tree, line);
        }
        write(&tree, "late", "not committed by anybody\n");
        let mut kept = 0;
        let mut keep = |_: &CommitId| {
            kept += 1;
            Ok(())
        };
        let folded = worktree.fold(&base, &mut keep).unwrap();
        let told = folded.map(|folded| folded.commits.into_iter().map(|(_, subject)| subject).collect());
        assert_eq!(worktree.head().unwrap(), Some(base.clone()));
        let step = worktree
            .commit(&Touched::Scan, &|_| "step".to_owned(), &StepOptions::default())
            .unwrap()
            .unwrap();
        assert_eq!(repo.commit(&step.commit).unwrap().parents, [base]);
        let names: Vec<_> = step.stat.files.iter().map(|file| file.path.display().to_string()).collect();
        assert_eq!(git_in(&tree, &["status", "--porcelain"]).trim(), "");
        assert_eq!(git_in(&tree, &["symbolic-ref", "HEAD"]).trim(), "refs/heads/offshoot/work");
        (names.join(" "), told.unwrap_or_default(), kept)
    }

    #[test]
    fn commits_of_a_program_become_part_of_the_next_step() {
        let (files, told, kept) = fold_after(&[&["commit", "-qm", "one"], &["commit", "-qm", "two"]]);
        assert_eq!((files.as_str(), kept), ("late new0 new1", 1));
        assert_eq!(told, ["one", "two"]);
    }

    #[test]
    fn a_worktree_that_was_switched_elsewhere_comes_back_to_its_branch() {
        let (files, told, kept) = fold_after(&[
            &["commit", "-qm", "one"],
            &["checkout", "-qb", "other"],
            &["commit", "-qm", "two"],
        ]);
        assert_eq!((files.as_str(), kept), ("late new0 new1 new2", 2));
        assert_eq!(told, ["one", "two"]);
        let (files, _, kept) = fold_after(&[&["checkout", "-q", "--detach"]]);
        assert_eq!((files.as_str(), kept), ("late new0", 0));
    }

    #[test]
    fn where_nothing_was_committed_nothing_moves() {
        let (files, told, kept) = fold_after(&[]);
        assert_eq!((files.as_str(), told.len(), kept), ("late", 0, 0));
    }
}
