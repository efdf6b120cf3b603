//! Sessions as they stand in git: written, found again from a hash alone, listed, branched from,
//! undone, kept and cleaned up. There is no other store: a session is what its commits say.
//!
//! A session's branch holds its step commits; each carries all that was said since the step before.
//! `refs/offshoot/sessions/<id>` is the whole session: the branch's last step, and on top of it records
//! (commits with the same files) of what was said since. The next step carries that too, so the branch
//! alone is complete up to its last step. Readers walk first parents and pass over the commits of people.

mod archive;
mod blame;
mod credit;
mod error;
mod fork;
mod gc;
mod keep;
mod land;
mod landed;
mod list;
mod load;
mod markers;
mod marks;
mod merge_child;
mod moves;
mod redo;
pub mod sync;
mod undo;
mod walk;
mod write;

pub use archive::{archive, archived, unarchive};
pub use blame::{Blame, LineCredit, Source, blame};
pub use credit::{Credit, Credits, PersonCredit, StepCredit};
pub use error::SessionError;
pub use fork::{Fork, branch_from_turn};
pub use gc::{Claim, Condition, Freed, GcItem, GcOptions, GcPlan, Verdict, Worker, gc_apply, gc_plan};
pub use keep::{Kept, keep, keep_closed, kept};
pub use land::{
    Blocked, Fate, LandHow, LandPlan, LandUndo, LandWish, Landable, LandedAs, Resolving, land_apply,
    land_plan, land_undo, land_undo_plan, resolved_for, resolving,
};
pub use landed::{Landed, Standing, Target, WasLanded, landed};
pub use list::{SessionSummary, SessionTree, StepSummary, latest, list, log_tree, steps};
pub use load::{Peek, Session, Tail, context, load, peek, tail};
pub use marks::{Mark, Trail, marks};
pub use merge_child::{Child, ChildMerge, ChildPlan, MergedChild, merge_child, plan_child};
pub use redo::{ByHand, Redone, redo};
pub use undo::{PeoplesCommit, UndoPlan, UndoScope, Undone, undo_apply, undo_plan};
pub use write::{Cursor, Draft};

/// Where the refs of sessions are: `refs/offshoot/sessions/<id>`.
pub const SESSIONS: &str = "refs/offshoot/sessions/";
/// Where heads are kept that a session moved away from: `refs/offshoot/kept/<id>/<name>`.
pub const KEPT: &str = "refs/offshoot/kept/";

/// Where the refs of sessions that were put away are: `refs/offshoot/archived/<id>`.
pub const ARCHIVED: &str = "refs/offshoot/archived/";

/// The name of a session's ref.
pub fn session_ref(id: &str) -> String {
    format!("{SESSIONS}{id}")
}

/// A new session's id: sorts by the time at which it was made.
pub fn new_id() -> String {
    ulid::Ulid::generate().to_string()
}

#[cfg(test)]
mod tests;
