//! The repository: commits, references, branch names, worktrees, step commits, snapshots, diffs.
//! [`Repo`] is the one way in. It runs on libgit2 where that can serve, and on the git program where
//! it cannot, decided once for each repository. Nothing here knows of agents or screens, and nothing
//! runs hooks, signs, or writes in the user's checkout.
//!
//! Every function blocks: asynchronous callers wrap them in `spawn_blocking`.

mod blame;
mod branch;
mod bring;
mod carry;
pub mod codec;
mod contents;
mod diff;
mod disk;
mod error;
mod fold;
mod id;
mod ignored;
mod index_file;
mod line;
mod locks;
mod merge;
mod objects;
mod pick;
mod program;
mod provision;
pub mod redact;
mod refs;
mod remote;
mod repo;
mod reset;
mod rules;
mod scratch;
pub mod session;
mod snapshot;
mod stage;
mod worktree;
mod worktrees;

pub use blame::{BlameAt, BlamedLine, Blanks};
pub use bring::Brought;
pub use carry::{Checkout, InTheWay, Obstacle, Settled};
pub use contents::{Body, FileDiff};
pub use diff::{ChangeKind, DiffStat, FileChange};
pub use disk::{Sizes, Taken};
pub use error::GitError;
pub use fold::Folded;
pub use id::{BadId, CommitId, ObjectId};
pub use locks::{Lock, Owner};
pub use merge::{Conflict, ConflictKind, Merged};
pub use objects::{CommitData, FirstParents};
pub use pick::{Difference, Hunk, Part, Pick, PickError, Refusal, Refused, Unfit, Way, changed, hunks};
pub use provision::{Amount, Given, Left, Linking, Reach, Submodules, Wants};
pub use refs::Expect;
pub use remote::{Push, Remote};
pub use repo::{Engine, Head, Person, Repo};
pub use rules::{LeftOut, Why};
pub use scratch::Scratch;
pub use snapshot::Snapshot;
pub use stage::Touched;
pub use worktree::{Committed, Empty, StepOptions, Worktree};
pub use worktrees::WorktreeInfo;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod worktree_tests;
