//! The message of a step commit: a subject and a few lines for people, the part of the conversation
//! that belongs to the step, and trailers for programs. Text in, text out: it knows of no repository.
//!
//! Every line of the conversation block begins with `{`, no line for people can be taken for a fence, a
//! comment, a patch or a trailer, and the trailers are the last paragraph. So the message comes
//! through everything that git does to messages: rebase, cherry-pick, `format-patch` and `am`, amending
//! the subject, squashing (several blocks, indented), and any `commit.cleanup` mode.

mod decode;
mod encode;
mod human;
mod landing;

pub(in crate::git) use decode::people;
pub use decode::{Frame, frames};
pub use landing::{Came, Landing, came};

use crate::chat::{Entry, LineError, Usage};

/// The version of the conversation block that is written.
pub const VERSION: u32 = 1;

const FENCE: &str = "```";
const OPENING: &str = "```offshoot-conversation";

/// What the message of one step commit, or of one record on a session's ref, says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepMessage {
    /// What the step did, in the imperative. Written as one line of at most 72 columns.
    pub subject: String,
    /// The user's prompt, where this is the first commit that answers it. Written shortened: the whole
    /// of it is among the entries.
    pub prompt: Option<String>,
    /// What was done, for a reader. May be empty.
    pub summary: String,
    /// The index of the first of `entries` in the session's conversation, from 0.
    pub first_index: usize,
    pub entries: Vec<Entry>,
    pub stamp: Stamp,
}

/// What the trailers say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stamp {
    pub session: String,
    /// From 1; 0 before the first prompt.
    pub turn: u32,
    /// Step commits of the session so far, this one included.
    pub step: u32,
    pub kind: StepKind,
    /// The block holds the whole context: the session starts here, was forked here, or was compacted.
    pub keyframe: bool,
    /// The session's branch, without `refs/heads/`.
    pub branch: Option<String>,
    /// The first words of the session.
    pub title: Option<String>,
    /// Where this session left another one.
    pub forked_from: Option<Origin>,
    /// On a merge of a child: its last commit, its session and its last turn.
    pub merged: Option<Origin>,
    /// On a record: the commit on the branch whose files it stands for, in full.
    pub head: Option<String>,
    pub route: Option<Route>,
    /// What this commit's answers used.
    pub usage: Usage,
    /// What they cost; `None` is written as `unpriced`.
    pub cost_usd: Option<f64>,
    /// The same for the session so far, this commit included. The cost is what could be priced.
    pub total_usage: Usage,
    pub total_cost_usd: Option<f64>,
}

/// A place in another session: where one left it, or what was merged of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The commit whose files it began with, in full.
    pub commit: String,
    pub session: String,
    /// The turn of that session that was not taken along; 0: none of them was, since an agent of that session only
    /// gave it work.
    pub turn: u32,
}

impl Origin {
    /// Whether an agent of that session gave work to this one.
    pub fn is_task(&self) -> bool {
        self.turn == 0
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StepKind {
    /// A commit on the branch, with changed files.
    #[default]
    Step,
    /// A record on the session's ref, with the files of the commit below.
    Turn,
}

/// Who answered, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Route {
    pub backend: String,
    pub model: String,
    pub reason: String,
}

#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    #[error("the conversation block is of version {found:?}, and this offshoot reads v{VERSION}")]
    Version { found: String },
    #[error("the conversation block has no end: the message was cut")]
    Torn,
    #[error("line {at} of the conversation block: {source}")]
    Entry { at: usize, source: LineError },
    #[error("line {at} of the conversation block does not begin with {{")]
    Stray { at: usize },
    #[error("the trailer {key} is missing")]
    Missing { key: &'static str },
    #[error("the trailer {key} says {value:?}")]
    Trailer { key: &'static str, value: String },
    #[error("the block holds {found} lines, and Offshoot-Messages says {claimed}")]
    Count { found: usize, claimed: usize },
}

impl CodecError {
    /// What the reader of the message can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Version { .. } => "update offshoot, or resume from an earlier commit",
            _ => "the commit's message was edited by hand: resume from the commit before it",
        }
    }
}

mod key {
    pub const SESSION: &str = "Offshoot-Session";
    pub const TURN: &str = "Offshoot-Turn";
    pub const STEP: &str = "Offshoot-Step";
    pub const MESSAGES: &str = "Offshoot-Messages";
    pub const KEYFRAME: &str = "Offshoot-Keyframe";
    pub const KIND: &str = "Offshoot-Kind";
    pub const BRANCH: &str = "Offshoot-Branch";
    pub const FORKED_FROM: &str = "Offshoot-Forked-From";
    pub const MERGED: &str = "Offshoot-Merged";
    pub const LANDED: &str = "Offshoot-Landed";
    pub const PICKED_FROM: &str = "Offshoot-Picked-From";
    pub const TURNS: &str = "Offshoot-Turns";
    pub const STEPS: &str = "Offshoot-Steps";
    pub const ROUTE: &str = "Offshoot-Route";
    pub const TITLE: &str = "Offshoot-Title";
    pub const HEAD: &str = "Offshoot-Head";
    pub const TOTAL: &str = "Offshoot-Total";
    pub const USAGE: &str = "Offshoot-Usage";
}

#[cfg(test)]
mod tests;
