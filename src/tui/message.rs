//! What reaches the screen, and what the screen wants done: plain data, both ways. `update` turns the one
//! into the other; `runtime` carries the actions out.

use std::path::PathBuf;

use crossterm::event::Event as TerminalEvent;

use super::composer::History;
use super::look::Piece;
use super::markdown::Block;
use super::remembered::Remembered;
use super::review::{Dressed, Prepared, Undressed};
use super::terminal::Notice;
use crate::agent::{Failure, Persona};
use crate::git::DiffStat;
use crate::git::session::{Freed, GcOptions, GcPlan, LandPlan, LandWish, LandedAs, SessionTree, UndoPlan};
use crate::ledger::{Entry, Report as Checked, Stats};
use crate::tools::verification::Detected;
use crate::workbench::bisect::{Found as Broke, Progress};
use crate::workbench::blame::{Blamed, Question};
use crate::workbench::compare::{Begin, Candidate, Ground, Mixed, Offer, Pick};
use crate::workbench::doctor::{BackendReport, Report};
use crate::workbench::history::{BranchLine, Hit, SessionLine, Standing};
use crate::workbench::landing::{InBranch, Resolution};
use crate::workbench::merging::Pair;
use crate::workbench::radar::Survey;
use crate::workbench::review::Range;
use crate::workbench::runtime::Restarted;
use crate::workbench::state::{BackendLine, Found, Spent};
use crate::workbench::sync::Synced;
use crate::workbench::why::Told;
use crate::workbench::worktrees::Worktrees;
use crate::workbench::{Back, Command, Event, RecoveredSession, Stat, TabId, Uncommitted};

/// Something that happened.
#[derive(Debug)]
pub enum Message {
    Terminal(TerminalEvent),
    Workbench(Event),
    Loaded(Loaded),
    /// A program that had the terminal has ended.
    Returned(Returned),
    /// The time has come that `App::wake` asked for.
    Woken,
    /// The system or the terminal wants the program to end.
    Ended,
}

/// Something to be done outside of the state.
#[derive(Debug)]
pub enum Action {
    Send(Command),
    Load(Load),
    Copy(String),
    Notify(Notice),
    Title(String),
    /// Paint everything anew.
    Forget,
    Mouse(bool),
    Suspend,
    /// Hand the terminal to a program.
    Run(Run),
    /// Keep a prompt in the history on disk.
    Remember(String),
    /// Keep what was chosen for the screen.
    KeepLooks(Remembered),
    /// Keep the answer to what was asked about uncommitted work.
    KeepChoice(Uncommitted),
    Quit,
}

/// Something to be read or worked out where it may take its time.
#[derive(Debug)]
pub enum Load {
    /// What a crash left behind is brought on record.
    Recover,
    /// The branch that the user's checkout is on.
    UserBranch,
    Health,
    /// Asks the backends themselves.
    Probe,
    Doctor,
    Ledger,
    /// The ledger, to be read.
    Records(Wanted),
    /// What is on record of a session's turns.
    Why {
        tab: TabId,
        session: String,
        turn: u32,
    },
    /// Who or what is behind the lines of a file.
    Blame(Question),
    /// Tries a command at the steps of a session, until it is known which of them broke it.
    Bisect {
        tab: TabId,
        session: String,
        command: String,
    },
    StopBisect(TabId),
    /// What checks the work in a folder: as chosen for the tab, else as the settings say.
    Verification {
        tab: TabId,
        root: PathBuf,
        chosen: Option<String>,
        run: bool,
    },
    /// Runs the user's command that restarts the local model server.
    Restart,
    Spent,
    /// What is on this machine that could answer.
    Found,
    /// What becomes of uncommitted work in a new session.
    Uncommitted,
    Log,
    Sessions,
    Branches,
    /// Whether a session ends at a revision.
    Standing {
        tab: TabId,
        rev: String,
    },
    Files {
        tab: TabId,
        root: PathBuf,
    },
    Changes {
        tab: TabId,
        from: Option<String>,
        to: String,
    },
    /// Whether a branch is in the user's.
    Landed {
        tab: TabId,
        rev: String,
    },
    /// What landing would do.
    Land {
        tab: TabId,
        wish: LandWish,
    },
    /// Lands.
    Landing {
        tab: TabId,
        wish: LandWish,
        plan: Box<LandPlan>,
    },
    /// What an agent begins with that resolves conflicts.
    Resolution {
        tab: TabId,
        wish: LandWish,
    },
    /// Which two sessions are to be merged; `ours` are open here.
    Pair {
        tab: TabId,
        child: String,
        into: Option<String>,
        ours: Vec<String>,
    },
    /// Which branches would conflict.
    Survey(Vec<String>),
    /// Sends a session to a remote.
    Push {
        tab: TabId,
        session: String,
        remote: Option<String>,
    },
    Fetch {
        tab: TabId,
        remote: Option<String>,
    },
    Diff {
        tab: TabId,
        title: String,
        range: Range,
    },
    Dress {
        serial: u64,
        undressed: Undressed,
    },
    /// Where the candidates of a comparison begin.
    Comparison {
        tab: TabId,
        begin: Begin,
        prompt: String,
        candidates: Vec<Candidate>,
    },
    /// What candidates changed: each by its letter and its branch.
    Offers {
        comparison: u32,
        base: String,
        rows: Vec<(char, String)>,
    },
    /// Takes files of candidates into a new branch.
    Take {
        comparison: u32,
        base: String,
        stem: String,
        picks: Vec<Pick>,
    },
    /// Puts sessions away.
    Archive(Vec<String>),
    Undo {
        tab: TabId,
        session: String,
        back: Back,
    },
    /// How much each turn of a session changed.
    Turns {
        tab: TabId,
        session: String,
    },
    Search(String),
    Worktrees,
    /// What could be freed.
    GcPlan(GcOptions),
    /// Frees it.
    Gc(Box<(GcPlan, GcOptions)>),
    Settings(Option<String>),
    Export {
        tab: TabId,
        rev: String,
        file: PathBuf,
    },
    History {
        rev: String,
        raw: bool,
    },
    Persona {
        tab: TabId,
        file: PathBuf,
        soft: bool,
    },
    /// The colours of code in an answer.
    Colours {
        tab: TabId,
        cell: usize,
        block: Block,
    },
}

/// What a [`Load`] gave.
#[derive(Debug)]
pub enum Loaded {
    Recovered(Vec<RecoveredSession>),
    UserBranch(Option<String>),
    Health(Vec<BackendLine>),
    Probed(Vec<BackendReport>),
    Doctor(Report),
    Ledger(Vec<Entry>),
    Records(Result<Records, Failure>),
    Why {
        tab: TabId,
        turn: u32,
        told: Result<Vec<Told>, Failure>,
    },
    Blame(Result<Blamed, Failure>),
    Bisecting {
        tab: TabId,
        progress: Progress,
    },
    Bisected {
        tab: TabId,
        command: String,
        found: Result<Broke, Failure>,
    },
    Verification {
        tab: TabId,
        found: Option<Detected>,
        /// Who set it.
        origin: String,
        run: bool,
    },
    Restarted(Result<Restarted, Failure>),
    Spent(Spent),
    Found(Found),
    /// `None`: the user has to be asked.
    Uncommitted(Option<Uncommitted>),
    Log(Result<Vec<SessionTree>, Failure>),
    Sessions(Result<Vec<SessionLine>, Failure>),
    Branches(Result<Vec<BranchLine>, Failure>),
    Standing {
        tab: TabId,
        rev: String,
        standing: Result<Standing, Failure>,
    },
    Files {
        tab: TabId,
        files: Vec<String>,
    },
    Changes {
        tab: TabId,
        changes: Result<DiffStat, Failure>,
    },
    Landed {
        tab: TabId,
        standing: Option<InBranch>,
    },
    Land {
        wish: LandWish,
        plan: Result<Box<LandPlan>, Failure>,
    },
    Landing {
        tab: TabId,
        landed: Result<Box<(LandPlan, LandedAs)>, Failure>,
    },
    Resolution {
        tab: TabId,
        resolution: Result<Resolution, Failure>,
    },
    Pair(Result<Pair, Failure>),
    Survey(Result<Survey, Failure>),
    Synced {
        tab: TabId,
        synced: Result<Synced, Failure>,
    },
    Diff {
        tab: TabId,
        title: String,
        range: Range,
        shown: Result<Shown, Failure>,
    },
    Dressed {
        serial: u64,
        dressed: Dressed,
    },
    Comparison {
        tab: TabId,
        prompt: String,
        candidates: Vec<Candidate>,
        ground: Result<Ground, Failure>,
    },
    Offers {
        comparison: u32,
        offers: Result<Vec<Offer>, Failure>,
    },
    Taken {
        comparison: u32,
        mixed: Result<Mixed, Failure>,
    },
    Archived(Result<Vec<String>, Failure>),
    Undo {
        tab: TabId,
        back: Back,
        plan: Result<Box<UndoPlan>, Failure>,
    },
    /// Of the turns that changed anything.
    Turns {
        tab: TabId,
        turns: Vec<(u32, Stat)>,
    },
    Search {
        text: String,
        hits: Result<Vec<Hit>, Failure>,
    },
    Worktrees(Result<Worktrees, Failure>),
    GcPlan {
        options: GcOptions,
        plan: Result<GcPlan, Failure>,
    },
    Gc(Result<Freed, Failure>),
    Settings(Vec<String>),
    Exported {
        tab: TabId,
        written: Result<PathBuf, Failure>,
    },
    History {
        text: Result<String, Failure>,
    },
    Persona {
        tab: TabId,
        soft: bool,
        persona: Result<Persona, Failure>,
    },
    Colours {
        tab: TabId,
        cell: usize,
        source: String,
        lines: Vec<Vec<Piece>>,
    },
    /// A load has given all that it will give.
    Done,
    /// Those of earlier runs.
    Prompts(History),
    /// Something went wrong: what, and what to do.
    Trouble(String, String),
    /// A command that its tab has no room for.
    Busy(Command),
}

/// A difference made ready to be shown.
#[derive(Debug)]
pub struct Shown {
    pub prepared: Prepared,
    /// The commits that are compared, in full; from nothing, there is no first one.
    pub from: Option<String>,
    pub to: String,
}

/// What is asked of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Last(usize),
    Stats,
    /// Lines that cannot be read.
    Check,
}

#[derive(Debug)]
pub enum Records {
    /// The oldest first.
    Runs(Vec<Entry>),
    Stats(Box<Stats>),
    Check(Checked),
}

/// A program that gets the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Run {
    /// `$command`, in a tab's worktree and with its variables.
    Shell { tab: TabId, command: String, dir: PathBuf, variables: Vec<(String, String)> },
    /// The prompt of a tab in the user's editor.
    Prompt { tab: TabId, text: String },
    /// The message of a landing in the user's editor.
    Message { tab: TabId, text: String },
    /// A file of a tab's worktree in the user's editor.
    File { tab: TabId, path: PathBuf, line: usize },
}

#[derive(Debug)]
pub enum Returned {
    Shell { tab: TabId, command: String, end: Result<i32, String> },
    Prompt { tab: TabId, text: Result<String, String> },
    Message { text: Result<String, String> },
    File { tab: TabId, end: Result<(), String> },
}
