//! Bringing a branch home to another one, as a rule the user's: as one commit, as a merge, or as copies of chosen steps.
//! Always a plan first, which changes nothing; carrying it out changes all or nothing, and can be taken back.

mod apply;
mod basis;
mod picks;
mod plan;
mod resolving;
mod undo;
mod untouched;
mod words;

use std::path::PathBuf;

pub use apply::{LandedAs, land_apply};
pub use plan::land_plan;
pub use resolving::{Resolving, resolved_for, resolving};
pub use undo::{LandUndo, land_undo, land_undo_plan};

use super::{SessionError, WasLanded};
use crate::git::codec::Landing;
use crate::git::{CommitId, Conflict, DiffStat, GitError, ObjectId, Obstacle, Repo};

/// What is to be landed, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LandWish {
    /// A branch, a session or a commit; the last session when absent.
    pub rev: Option<String>,
    /// The branch to land in; when absent, the one that the user has checked out. One that is not there is made.
    pub into: Option<String>,
    pub how: LandHow,
    /// In place of the words that would be made.
    pub message: Option<String>,
    /// Also conflicts that were to be resolved and that nobody touched.
    pub as_is: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum LandHow {
    /// As one commit.
    #[default]
    Squash,
    /// As a commit with two parents: all steps are in the branch's history then.
    Merge,
    /// As copies of these steps, with their conversation: numbers, ranges `2-4`, turns `t3`, hashes.
    Pick(String),
}

/// What landing would do. Nothing was changed yet.
#[derive(Debug, Clone, PartialEq)]
pub struct LandPlan {
    /// What is landed, as people call it.
    pub name: String,
    pub head: CommitId,
    pub session: Option<String>,
    pub how: LandHow,
    /// Without `refs/heads/`.
    pub into: String,
    /// Where that stands; of a branch that is made, where it will begin. `None` where there is no commit yet.
    pub tip: Option<CommitId>,
    pub makes_branch: bool,
    /// It was landed before, so far: only what is new comes along.
    pub before: Option<WasLanded>,
    /// The commits that come along, oldest first.
    pub commits: Vec<Landable>,
    /// Chosen steps whose changes are there already.
    pub skipped: Vec<Landable>,
    /// What changes in the branch.
    pub stat: DiffStat,
    /// Words of the commit; empty when steps are picked.
    pub message: String,
    pub conflicts: Vec<Conflict>,
    /// The step that conflicts, of those picked.
    pub conflicting: Option<CommitId>,
    /// Files in which a conflict was never resolved.
    pub unresolved: Vec<PathBuf>,
    /// Files that were to be resolved and are as they were then, unless they are to be landed as they are.
    pub untouched: Vec<PathBuf>,
    /// What becomes of the work trees that have the branch checked out.
    pub checkouts: Vec<Fate>,
    /// The branch's own worktree holds work that is not committed, and so does not come along.
    pub leaves_uncommitted: bool,
    /// The files as they would be, as a commit that nobody has: to look at the difference.
    pub preview: Option<CommitId>,
    /// The branch that had the head when the plan was made, by its full name.
    source: Option<String>,
    /// The commits to write, each on the one before.
    drafts: Vec<Drafted>,
    record: Landing,
}

/// A commit that can be landed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landable {
    pub commit: CommitId,
    pub subject: String,
    /// `None` of a person's commit.
    pub turn: Option<u32>,
    pub step: Option<u32>,
}

/// What becomes of a work tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fate {
    pub path: PathBuf,
    /// The user's own checkout.
    pub is_main: bool,
    /// What keeps its files from going along.
    pub blocked: Option<Blocked>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blocked {
    /// The user is in the middle of a merge, a rebase …
    UnderWay(&'static str),
    /// These would be lost.
    InTheWay(Vec<Obstacle>),
}

#[derive(Debug, Clone, PartialEq)]
struct Drafted {
    tree: ObjectId,
    /// Further parents, after the one before.
    parents: Vec<CommitId>,
    /// Nothing: the plan's own words.
    message: Option<String>,
}

impl LandPlan {
    /// Whether it can be carried out.
    pub fn is_ready(&self) -> bool {
        self.conflicts.is_empty()
            && self.unresolved.is_empty()
            && self.untouched.is_empty()
            && self.checkouts.iter().all(|fate| fate.blocked.is_none())
    }

    /// The plan that is made when the target moved: of the same, to the same branch, whatever the user has checked out
    /// or worked on by then.
    ///
    /// # Errors
    /// When something else would be landed than this one says.
    pub fn again(&self, repo: &Repo, wish: &LandWish) -> Result<Self, SessionError> {
        let wish = LandWish {
            rev: wish.rev.clone().or_else(|| self.session.clone()),
            into: Some(self.into.clone()),
            how: self.how.clone(),
            message: Some(self.message.clone()),
            as_is: wish.as_is,
        };
        let again = land_plan(repo, &wish)?;
        let moved = |name: &str, expected: Option<&CommitId>, found: Option<CommitId>| GitError::RefMoved {
            name: format!("refs/heads/{name}"),
            expected: expected.cloned(),
            found,
        };
        if again.head != self.head {
            return Err(moved(&self.name, Some(&self.head), Some(again.head)).into());
        }
        if again.commits != self.commits || again.makes_branch != self.makes_branch {
            return Err(moved(&self.into, self.tip.as_ref(), again.tip).into());
        }
        Ok(again)
    }

    /// Other words for its commit.
    pub fn set_message(&mut self, message: String) {
        if !matches!(self.how, LandHow::Pick(_)) {
            self.message = message;
        }
    }
}

impl LandHow {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Squash => "squash",
            Self::Merge => "merge",
            Self::Pick(_) => "pick",
        }
    }
}
