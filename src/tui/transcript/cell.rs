//! What a transcript is made of: one cell for each thing that was said or happened. Text in a cell is
//! free of what a terminal would obey; how a cell looks is `rows`' business.

use crate::agent::{ApprovalState, VerifyState};
use crate::tui::look::{Piece, Row};
use crate::tui::markdown::Block;

use super::tail::Tail;

/// One thing in the transcript, and its rows while they are needed.
#[derive(Debug)]
pub struct Cell {
    /// The user's turn that it belongs to; 0 before the first.
    pub turn: u32,
    pub kind: Kind,
    /// Whether the user opened or closed it; as the settings say when `None`.
    pub fold: Option<Fold>,
    pub(super) laid: Option<Laid>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    Open,
    Closed,
}

#[derive(Debug)]
pub(super) struct Laid {
    pub width: u16,
    pub fold: Fold,
    pub rows: Vec<Row>,
}

#[derive(Debug)]
pub enum Kind {
    /// What the user asked for.
    Prompt(String),
    /// What the user said while the agent worked.
    Steer(String),
    /// A part of an answer.
    Answer(Answer),
    Thinking(String),
    Call(Call),
    Commit(Commit),
    Shell(ShellRun),
    Route(Route),
    Approval(Approval),
    Verify(Verify),
    Notice(String),
    Failure {
        message: String,
        hint: Option<String>,
    },
    /// Stands for what was said before it: the model sees nothing older.
    Summary(String),
    /// How a turn ended, in a line.
    End {
        text: String,
        is_good: bool,
    },
}

#[derive(Debug)]
pub struct Answer {
    pub block: Block,
    pub colours: Colours,
}

/// Whether the code of a block has its colours, a list of pieces for each line.
#[derive(Debug, PartialEq, Eq)]
pub enum Colours {
    Wanted,
    /// Asked for; the lines of a moment ago are shown meanwhile.
    Asked(Vec<Vec<Piece>>),
    /// Of a text that has grown since.
    Stale(Vec<Vec<Piece>>),
    There(Vec<Vec<Piece>>),
}

/// A tool call, from its wish to its result.
#[derive(Debug)]
pub struct Call {
    pub id: String,
    pub name: String,
    /// What it is about, in one line.
    pub about: String,
    pub detail: Detail,
    pub state: CallState,
    pub output: Tail,
    /// What came of it, in a line.
    pub summary: String,
    /// How the agent fares that it started.
    pub child: Option<String>,
}

/// What there is to see of a call when it is opened, beside its output.
#[derive(Debug, PartialEq, Eq)]
pub enum Detail {
    Nothing,
    /// A command of several lines.
    Command(String),
    /// A change to a file.
    Change {
        path: String,
        old: String,
        new: String,
    },
    /// The input as it was.
    Input(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallState {
    Running,
    Good,
    Bad,
}

/// A step, or the user's own edits, on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    pub hash: String,
    pub subject: String,
    pub counts: Option<Counts>,
    /// The step's number; `None` for edits by hand.
    pub step: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub files: usize,
    pub insertions: usize,
    pub deletions: usize,
}

/// A command of the user's.
#[derive(Debug)]
pub struct ShellRun {
    pub id: u64,
    pub command: String,
    /// The model is not told of it.
    pub is_private: bool,
    pub output: Tail,
    pub end: Option<ShellOutcome>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellOutcome {
    pub text: String,
    pub is_good: bool,
}

/// Who answers, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub who: String,
    pub why: String,
    pub is_fallback: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    pub id: String,
    pub about: String,
    pub reason: String,
    pub state: ApprovalState,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verify {
    pub state: VerifyState,
    pub command: String,
    pub exit: Option<i32>,
}

impl Cell {
    pub fn new(turn: u32, kind: Kind) -> Self {
        Self { turn, kind, fold: None, laid: None }
    }

    /// Whether there is more to it than its closed form shows.
    pub fn can_fold(&self) -> bool {
        match &self.kind {
            Kind::Thinking(_) | Kind::Summary(_) => true,
            Kind::Call(call) => call.has_more(),
            Kind::Shell(run) => run.output.lines() > super::rows::CLOSED_OUTPUT,
            Kind::Prompt(text) => text.lines().count() > super::rows::CLOSED_PROMPT,
            _ => false,
        }
    }

    /// Its words, for searching.
    pub fn words(&self) -> Vec<&str> {
        match &self.kind {
            Kind::Prompt(text)
            | Kind::Steer(text)
            | Kind::Thinking(text)
            | Kind::Notice(text)
            | Kind::Summary(text) => {
                vec![text]
            }
            Kind::Answer(answer) => vec![answer.block.source()],
            Kind::Call(call) => vec![&call.name, &call.about, &call.summary],
            Kind::Commit(commit) => vec![&commit.hash, &commit.subject],
            Kind::Shell(run) => vec![&run.command],
            Kind::Route(route) => vec![&route.who, &route.why],
            Kind::Approval(approval) => vec![&approval.about, &approval.reason],
            Kind::Verify(verify) => vec![&verify.command],
            Kind::Failure { message, hint } => {
                std::iter::once(message.as_str()).chain(hint.as_deref()).collect()
            }
            Kind::End { text, .. } => vec![text],
        }
    }

    /// Its rows are out of date.
    pub(super) fn touch(&mut self) {
        self.laid = None;
    }
}

impl Answer {
    pub fn new(block: Block) -> Self {
        Self { block, colours: Colours::Wanted }
    }

    /// The lines that have their colours; the text may have more by now.
    pub fn coloured(&self) -> Option<&[Vec<Piece>]> {
        match &self.colours {
            Colours::There(lines) | Colours::Stale(lines) | Colours::Asked(lines) => Some(lines),
            Colours::Wanted => None,
        }
    }

    pub(super) fn grow(&mut self, block: Block) {
        self.block = block;
        if let Colours::There(lines) = &mut self.colours {
            self.colours = Colours::Stale(std::mem::take(lines));
        }
    }

    /// Whether colours are to be worked out; they count as asked for from here on.
    pub(super) fn ask(&mut self) -> bool {
        let lines = match &mut self.colours {
            Colours::Wanted => Vec::new(),
            Colours::Stale(lines) => std::mem::take(lines),
            Colours::Asked(_) | Colours::There(_) => return false,
        };
        self.colours = Colours::Asked(lines);
        true
    }

    /// Colours of the text, or of its beginning.
    pub(super) fn colour(&mut self, source: &str, lines: Vec<Vec<Piece>>) {
        self.colours =
            if self.block.source() == source { Colours::There(lines) } else { Colours::Stale(lines) };
    }
}

impl Call {
    fn has_more(&self) -> bool {
        self.detail != Detail::Nothing || !self.output.is_empty()
    }
}
