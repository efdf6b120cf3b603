//! What front-ends ask for, and what they are told: plain data, both ways.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::agent::{AgentEvent, Answer, Failure, Order, Recovered, TurnEnd};
use crate::config::PermissionMode;

/// A tab, for as long as the workbench runs. Chosen by the front-end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TabId(pub u32);

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
    /// Stops the turn, and drops the ones in line.
    Interrupt {
        tab: TabId,
    },
    /// Answers the approval of a tool call.
    Answer {
        tab: TabId,
        call: String,
        answer: Answer,
    },
    /// Moves the session back. Answered by `Moved` or `Failed`.
    Undo {
        tab: TabId,
        back: Back,
    },
    Redo {
        tab: TabId,
    },
    /// Ends the tab; its branch, its session and its worktree stay.
    Close {
        tab: TabId,
    },
}

/// How far back an undo goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    Steps(u32),
    /// So many turns, each with all its steps and words.
    Turns(u32),
}

/// What a tab begins with.
#[derive(Debug, Clone)]
pub enum Start {
    /// A new session on a new branch.
    New { branch: BranchName, uncommitted: Uncommitted },
    /// The session of a branch, of a step that is its branch's last, or by its id; the last one when
    /// `rev` is `None`. A branch without a session gets a new one.
    Continue { rev: Option<String> },
    /// A session that a crash cut off, which git may not know yet.
    Recover { session: String, branch: String },
    /// A new branch and session with the conversation of `rev`: up to that step, or up to the prompt
    /// of user turn `turn`.
    Fork { rev: String, turn: Option<u32>, branch: BranchName },
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

/// Something that happened in a tab.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub tab: TabId,
    /// Empty before the tab is open.
    pub session: String,
    pub kind: EventKind,
}

#[derive(Debug, Clone, PartialEq)]
pub enum EventKind {
    Opened(Opened),
    Agent(AgentEvent),
    Moved(Moved),
    /// A command could not be carried out; the tab is as it was.
    Failed(Failure),
    Closed,
}

/// An open tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    pub branch: String,
    pub worktree: PathBuf,
    /// The commit that the branch stood at; empty in a repository without commits.
    pub base: String,
    pub turns: u32,
    pub steps: u32,
    /// What a crash had left behind.
    pub recovered: Option<Recovered>,
    pub notices: Vec<String>,
}

/// A session that was moved by undo or redo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    pub from: String,
    pub to: String,
    pub turn: u32,
    pub step: u32,
    pub files_removed: Vec<PathBuf>,
    pub files_changed: Vec<PathBuf>,
}

impl Event {
    /// The end of a turn, if this is one.
    pub fn turn_end(&self) -> Option<&TurnEnd> {
        match &self.kind {
            EventKind::Agent(AgentEvent::TurnEnded(end)) => Some(end),
            _ => None,
        }
    }
}
