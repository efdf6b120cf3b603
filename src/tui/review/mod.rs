//! The diff review: what changed, side by side or unified, with highlighted code, word-level marks, search,
//! comments for the agent and verdicts on hunks. It knows nothing of git, tabs or agents: files go in as plain
//! data, comments come out as a prompt, and what the reader chooses as a part of the difference.
//!
//! [`Prepared::align`] belongs on a background thread, and so does [`Undressed::dress`], which highlights
//! one file. [`Review`] is the state, [`Act`] what changes it, and [`render`] paints it.

mod acts;
mod align;
mod choice;
mod comments;
mod geometry;
mod lines;
mod model;
mod mouse;
mod moves;
mod notes;
mod pairs;
mod prepared;
mod remarks;
mod search;
mod shown;
mod slots;
mod state;
#[cfg(test)]
mod tests;
mod unified;
mod verdicts;
mod view;
mod words;

pub use acts::Act;
pub use choice::{Choice, Scope};
pub use comments::{Comment, CommentId, Target};
pub use model::{Body, Change, Counts, FileDiff, Side};
pub use mouse::Mouse;
pub use prepared::{Dressed, Prepared, Undressed};
pub use remarks::{Remark, Remarks};
pub use search::Search;
pub use state::{Focus, Layout, Review};
pub use verdicts::{Key, Verdict};
pub use view::render;
