//! What lies over the screen and takes the keys: lists to choose from, texts to read, questions, a line to
//! write, the diff review.

use super::landing::Landing;
use crate::git::session::{GcOptions, GcPlan, LandWish};
use crate::tui::app::compare::{Pool, Shelf};
use crate::tui::keys::Context;
use crate::tui::look::{Piece, Role, Row};
use crate::tui::picker::Picker;
use crate::tui::review::{CommentId, Review};
use crate::workbench::review::Range;
use crate::workbench::{Back, TabId};

#[derive(Debug)]
pub enum Layer {
    List(Box<List>),
    Text(Text),
    Question(Question),
    Line(Line),
    Review(Box<ReviewLayer>),
    Land(Box<Landing>),
    /// The table of the comparison of this number.
    Comparison(u32),
    /// What a tab asks of the user, read from so many rows on.
    Asked {
        tab: TabId,
        scroll: usize,
    },
}

#[derive(Debug)]
pub struct List {
    pub picker: Picker<Choice>,
    pub kind: ListKind,
}

/// What a list is for; it says what its items mean and which other keys it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListKind {
    Commands,
    Prompts,
    Sessions,
    Branches,
    Backends,
    Roles,
    Modes,
    Themes {
        before: String,
    },
    Log,
    Turns(TurnsFor),
    Queue,
    Hits,
    Agents,
    Keys,
    Comments,
    /// Who is to take part in a comparison.
    Candidates(Pool),
    /// Which files are to be taken from whom.
    Files(Shelf),
}

/// What is done with the turn that is picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnsFor {
    Rewind,
    Branch,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    Command(&'static str),
    Prompt(String),
    /// A revision, a branch or a session, to be opened.
    Session(String),
    Backend {
        backend: Option<String>,
        model: Option<String>,
    },
    Role(Option<String>),
    Mode(crate::config::PermissionMode),
    Theme(String),
    Turn(u32),
    /// A session, or a step of it.
    Log {
        session: String,
        commit: Option<String>,
        turn: u32,
    },
    Queued(u64),
    /// A comment in the review below.
    Comment(CommentId),
    /// By its place among those who could take part.
    Candidate(usize),
    /// By the place of the candidate, and that of the file.
    File(usize, usize),
    Nothing,
}

/// Text to be read.
#[derive(Debug)]
pub struct Text {
    pub title: String,
    pub lines: Vec<Vec<Piece>>,
    pub scroll: usize,
    /// The lines at a width, once they were wrapped.
    pub rows: Option<(usize, Vec<Row>)>,
    /// What it tells of, so that news of it take its place.
    pub topic: Topic,
    is_awaited: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    Fixed,
    Health,
    Doctor,
    Ledger,
    Usage,
    Settings,
    History,
    Status,
    Why,
    Blame,
    Verification,
    Budget,
    Worktrees,
    Radar,
}

/// Yes, or no.
#[derive(Debug)]
pub struct Question {
    pub title: String,
    pub lines: Vec<Vec<Piece>>,
    /// The row of its lines that stands at the top, where not all have room.
    pub scroll: usize,
    pub yes: String,
    pub no: String,
    pub chooses_yes: bool,
    pub then: Then,
}

/// What is done when a question is answered with yes.
#[derive(Debug)]
pub enum Then {
    CloseTab(TabId),
    Quit,
    /// The others of the comparison are put away.
    KeepOne {
        comparison: u32,
        place: usize,
    },
    Move {
        tab: TabId,
        back: Back,
    },
    /// An agent resolves what conflicts, in a tab of its own.
    Resolve {
        tab: TabId,
        wish: LandWish,
    },
    /// Frees what was shown.
    Free(Box<(GcPlan, GcOptions)>),
    /// Yes: from a snapshot of the uncommitted work; no: from the last commit.
    Uncommitted,
}

/// A line to write.
#[derive(Debug)]
pub struct Line {
    pub title: &'static str,
    pub text: String,
    /// In characters.
    pub cursor: usize,
    pub kind: LineKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    Find,
    FindInReview,
    Comment,
    /// The prompt of a comparison.
    CompareAll,
    /// A further prompt to those who take part.
    CompareMore,
}

#[derive(Debug)]
pub struct ReviewLayer {
    pub review: Review,
    /// Tells one review from the next.
    pub serial: u64,
    pub tab: TabId,
    pub range: Range,
    pub title: String,
    /// The commits that are compared, in full.
    pub from: Option<String>,
    pub to: String,
}

impl Layer {
    /// Where its keys are looked up, unless it is about what a tab asks.
    pub fn context(&self) -> Context {
        match self {
            Self::List(_) | Self::Text(_) | Self::Line(_) | Self::Land(_) => Context::List,
            Self::Question(_) | Self::Asked { .. } => Context::Dialog,
            Self::Review(_) => Context::Review,
            Self::Comparison(_) => Context::Compare,
        }
    }
}

impl Text {
    /// A text that is still to come.
    pub fn awaited(title: impl Into<String>, topic: Topic) -> Self {
        let lines = vec![vec![Piece::new("reading …", Role::Dim)]];
        Self { is_awaited: true, topic, ..Self::new(title, lines) }
    }

    pub fn is_loading(&self) -> bool {
        self.is_awaited
    }

    pub fn new(title: impl Into<String>, lines: Vec<Vec<Piece>>) -> Self {
        Self { title: title.into(), lines, scroll: 0, rows: None, topic: Topic::Fixed, is_awaited: false }
    }

    /// Other lines take the place of these.
    pub fn set_lines(&mut self, lines: Vec<Vec<Piece>>) {
        self.lines = lines;
        self.rows = None;
        self.is_awaited = false;
    }

    /// More of it is still to come.
    #[must_use]
    pub fn awaiting(self) -> Self {
        Self { is_awaited: true, ..self }
    }

    #[must_use]
    pub fn about(self, topic: Topic) -> Self {
        Self { topic, ..self }
    }
}

impl Line {
    pub fn new(title: &'static str, kind: LineKind) -> Self {
        Self { title, text: String::new(), cursor: 0, kind }
    }
}
