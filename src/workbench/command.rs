//! What front-ends ask for, as plain data.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::amend::Amend;
use crate::agent::{Answer, Order, Persona, Resort};
use crate::config::PermissionMode;
use crate::git::session::UndoScope;

/// A tab, for as long as the workbench runs. Chosen by the front-end, or, for a sub-agent, by the workbench.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TabId(pub u32);

impl TabId {
    /// From here on the workbench chooses itself: front-ends take lower ones.
    pub const CHILDREN: u32 = 1 << 31;
}

/// A wish of the user's.
#[derive(Debug, Clone)]
pub enum Command {
    /// Opens a tab. Answered by `Opened` or `Failed`.
    Open {
        tab: TabId,
        start: Start,
        permissions: Option<PermissionMode>,
    },
    /// Gives the agent a turn; while it works, the turn waits in line.
    Prompt {
        tab: TabId,
        order: Order,
    },
    /// Hands words to the agent before its next call of the model.
    Steer {
        tab: TabId,
        text: String,
    },
    /// Changes the words of a prompt that waits in line, or takes it out of the line when there are none.
    Requeue {
        tab: TabId,
        id: u64,
        prompt: Option<String>,
    },
    /// Stops the turn, the ones in line, and the commands that the user runs in the tab.
    Interrupt {
        tab: TabId,
    },
    /// Answers the approval of a tool call.
    Answer {
        tab: TabId,
        call: String,
        answer: Answer,
    },
    /// Says how to go on with a turn that is stuck.
    Resort {
        tab: TabId,
        id: String,
        resort: Resort,
    },
    /// Changes what the agent may do unasked: at once, also in the middle of a turn. Told by `Permissions`.
    SetPermissions {
        tab: TabId,
        mode: PermissionMode,
    },
    /// Runs a command of the user's in the tab's worktree, also while the agent works. Told by `Shell`.
    Shell {
        tab: TabId,
        command: String,
        audience: Audience,
    },
    /// Makes the worktree ready again: what is missing is copied, and the project's commands are run. Told by `Setup`.
    Setup {
        tab: TabId,
    },
    /// Commits what the user changed in the worktree by hand. Told by `Committed`, when there was anything.
    Keep {
        tab: TabId,
    },
    /// Takes parts of a difference, or takes them back, as a commit of the user's on the tab's branch, and puts
    /// its files right. Told by `Amended`, or by `Failed` when nothing was changed.
    Amend {
        tab: TabId,
        amend: Amend,
    },
    /// Lets the agent know of something that is not the user's word: with its next call of the model.
    Note {
        tab: TabId,
        text: String,
    },
    /// Lets the router choose again who answers; from the next turn on.
    Unchoose {
        tab: TabId,
    },
    /// Lets the model's context begin anew, and takes on a persona, if one is given. Told by `Cleared`.
    Clear {
        tab: TabId,
        persona: Option<Persona>,
    },
    /// Moves the session back. Answered by `Moved` or `Failed`.
    Undo {
        tab: TabId,
        back: Back,
    },
    Redo {
        tab: TabId,
    },
    /// Merges a child session, or a branch, into the tab's. Answered by `Merging` or `Failed`.
    Merge {
        tab: TabId,
        child: String,
    },
    /// Ends the tab; its branch, its session and its worktree stay.
    Close {
        tab: TabId,
    },
}

/// Who gets to know what a command of the user's gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The model too: it is part of the conversation.
    Model,
    /// The user alone.
    User,
}

/// How far back an undo goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    Steps(u32),
    /// So many turns, each with all its steps and words.
    Turns(u32),
    /// To where this turn of the user's had not begun.
    Before(u32),
}

impl From<Back> for UndoScope {
    fn from(back: Back) -> Self {
        match back {
            Back::Steps(steps) => Self::Steps(steps),
            Back::Turns(turns) => Self::Turns(turns),
            Back::Before(turn) => Self::Before(turn),
        }
    }
}

/// What a tab begins with.
#[derive(Debug, Clone)]
pub enum Start {
    /// A new session on a new branch.
    New { branch: BranchName, uncommitted: Uncommitted },
    /// A new session on a new branch at a commit.
    At { commit: String, branch: BranchName },
    /// The session of a branch, of a step that is its branch's last, or by its id; the last one when
    /// `rev` is `None`. A branch without a session gets a new one.
    Continue { rev: Option<String> },
    /// A session that a crash cut off, which git may not know yet.
    Recover { session: String, branch: String },
    /// A new branch and session with the conversation of `rev`: up to that step, or up to the prompt
    /// of user turn `turn`.
    Fork { rev: String, turn: Option<u32>, branch: BranchName },
    /// A new branch at `base`, a merge that conflicts, and a session on it with the conversation of `rev`: to resolve
    /// it there.
    Resolve { rev: String, base: String, branch: BranchName },
    /// A new session with the conversation of `rev`, as with `Fork`, without a branch or worktree: it looks at
    /// the worktree of the session that it left, may change nothing, and leaves that as it is.
    Aside { rev: String, turn: Option<u32> },
    /// A new session on a new branch with the conversation of an exported file, or of a commit's message.
    Import { file: PathBuf, branch: BranchName, uncommitted: Uncommitted },
}

#[derive(Debug, Clone)]
pub enum BranchName {
    Given(String),
    /// A free one, made from these words.
    From(String),
}

/// What becomes of uncommitted work in the user's checkout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Uncommitted {
    /// The session starts from a snapshot of it.
    Include,
    /// The session starts from the last commit.
    Exclude,
}

impl Command {
    /// The tab that it is for.
    pub fn tab(&self) -> TabId {
        match self {
            Self::Open { tab, .. }
            | Self::Prompt { tab, .. }
            | Self::Steer { tab, .. }
            | Self::Requeue { tab, .. }
            | Self::Interrupt { tab }
            | Self::Answer { tab, .. }
            | Self::Resort { tab, .. }
            | Self::SetPermissions { tab, .. }
            | Self::Shell { tab, .. }
            | Self::Setup { tab }
            | Self::Keep { tab }
            | Self::Amend { tab, .. }
            | Self::Note { tab, .. }
            | Self::Unchoose { tab }
            | Self::Clear { tab, .. }
            | Self::Undo { tab, .. }
            | Self::Redo { tab }
            | Self::Merge { tab, .. }
            | Self::Close { tab } => *tab,
        }
    }
}
