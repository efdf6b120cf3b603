//! What front-ends are told, as plain data. Text of models, tools and commands is as it came: who shows it
//! sanitises it.

use std::path::PathBuf;

use super::amend::Amended;
use super::past::{History, Stat};
use super::radar::Clash;
use super::{Audience, Merging, TabId};
use crate::agent::{AgentEvent, ContextUse, Failure, Recovered, TurnEnd};
use crate::chat::{ErrorClass, Voice};
use crate::config::PermissionMode;
use crate::git::session::ByHand;

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
    Opened(Box<Opened>),
    Agent(AgentEvent),
    /// The prompts that wait in line now, the next one first.
    Queue(Vec<Queued>),
    /// What was said and will not be done, since the user interrupted or closed the tab.
    Dropped(Vec<String>),
    /// What the agent may do unasked from now on.
    Permissions(PermissionMode),
    Shell(ShellEvent),
    Setup(SetupEvent),
    /// What the user changed in the worktree was committed.
    Committed {
        commit: String,
        subject: String,
        stat: Stat,
    },
    /// What the user chose in a review is on the branch.
    Amended(Box<Amended>),
    /// The model's context begins anew, unless it was `kept`; the name of the persona that was taken on.
    Cleared {
        persona: Option<String>,
        kept: bool,
    },
    Moved(Box<Moved>),
    Merging(Merging),
    /// What its branch would conflict with now, if that is not what was told last.
    Radar(Vec<Clash>),
    /// A command could not be carried out; the tab is as it was.
    Failed(Failure),
    Closed,
}

/// A prompt that waits in line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// Within its tab.
    pub id: u64,
    pub prompt: String,
}

/// Of a command that the user runs. `id` tells it from others of its tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShellEvent {
    Began {
        id: u64,
        command: String,
        audience: Audience,
    },
    /// Output as it comes. What came faster than it was read is dropped: so many bytes before `text`.
    Output {
        id: u64,
        text: String,
        dropped: usize,
    },
    Ended {
        id: u64,
        exit: ShellEnd,
        /// All of the output; of a long one, head and tail.
        text: String,
        /// Whether the model gets to know it.
        offered: bool,
        elapsed_ms: u64,
    },
}

/// Of a worktree that is made ready before anything else is done in it. Its commands are told of as `Shell`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetupEvent {
    /// What is done now, and how far it is, where that can be said.
    Doing {
        what: String,
        so_far: String,
    },
    Notice(String),
    Ended(SetupEnd),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetupEnd {
    Done,
    /// The user, or the end of the tab, cut it short.
    Skipped,
    /// A command or a part of it failed; what would have come after was not tried.
    Failed {
        what: String,
        why: String,
    },
}

/// How a command of the user's ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShellEnd {
    Exited(i32),
    Signalled(i32),
    /// By the user.
    Stopped,
    /// By its time limit.
    TimedOut,
    /// It could not be run.
    Failed(String),
}

/// An open tab.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// Of an aside, that of the session that it left, as the worktree is.
    pub branch: String,
    pub worktree: PathBuf,
    /// Variables that commands in the worktree have, besides the usual ones.
    pub variables: Vec<(String, String)>,
    /// It only looks on: nothing is committed, and its session is on no branch.
    pub is_aside: bool,
    /// Of a sub-agent: who started it.
    pub parent: Option<Parentage>,
    /// The first words of the session; empty before any were said.
    pub title: String,
    /// The commit that the branch stands at; empty in a repository without commits.
    pub base: String,
    /// The commit at which this session's branch began: what all of its changes are told against. Empty in a
    /// repository without commits.
    pub start: String,
    pub turns: u32,
    pub steps: u32,
    pub history: History,
    pub permissions: PermissionMode,
    /// Who the user chose to answer.
    pub chosen: Option<Voice>,
    /// What fills the context; `None` before anything was said.
    pub context: Option<ContextUse>,
    /// What a crash had left behind.
    pub recovered: Option<Recovered>,
    pub notices: Vec<String>,
}

/// Who started the agent of a tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parentage {
    pub tab: TabId,
    pub session: String,
    /// The tool call that asked for it.
    pub call: String,
    /// What it is to do, in a few words.
    pub title: String,
}

/// A session that was moved by undo or redo.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Moved {
    /// By a redo.
    pub is_forward: bool,
    pub from: String,
    pub to: String,
    pub turn: u32,
    pub step: u32,
    pub files_removed: Vec<PathBuf>,
    pub files_changed: Vec<PathBuf>,
    /// What became of what the user had changed by hand since an undo, when that was taken back.
    pub by_hand: ByHand,
    /// As it stands now.
    pub history: History,
}

impl SetupEnd {
    /// What went wrong, for a person.
    pub fn failure(&self) -> Option<Failure> {
        let Self::Failed { what, why } = self else { return None };
        let failure = Failure::new(ErrorClass::Internal, format!("setup failed: {what}: {why}"));
        Some(failure.hint("the tab can be used all the same; /setup runs it again"))
    }
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
