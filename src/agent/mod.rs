//! The loop of one agent: it owns a branch, a worktree and a conversation, takes an [`Order`], and
//! works at it until the model stops, a limit is reached or the user interrupts. It tells what it
//! does as [`AgentEvent`]s. Nothing here knows of screens, tabs or processes.
//!
//! A turn is `turn.rs`; its loop `work.rs`; one call of the model `call.rs`; one round of tool calls `round.rs`; what is
//! put on record `record.rs`.

mod approval;
mod bill;
mod brief;
mod call;
pub mod children;
mod compact;
mod context;
mod control;
mod escalation;
mod event;
mod guard;
mod hosted;
pub mod journal;
mod ledger;
mod mask;
mod merge;
mod meter;
mod native;
mod observe;
mod persona;
mod prompt;
mod record;
mod review;
mod round;
mod services;
pub mod text_calls;
mod turn;
mod verify;
mod wording;
mod work;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;

pub use control::{Control, Reins, control};
pub use event::{
    AgentEvent, Answer, Approval, ApprovalState, ChildNews, ChildState, Edits, EndReason, Failure, Resort,
    Routed, StepTaken, Stuck, TurnEnd, VerifyState,
};
pub use journal::{Header, Journal, JournalError, Replay, SessionLock};
pub use meter::{ContextPart, ContextUse};
pub use persona::Persona;
pub use services::{Services, Situation};
pub use turn::Order;
pub use wording::fit;

use crate::chat::{Conversation, EntryKind, ErrorClass, Message, Voice};
use crate::config::PermissionMode;
use crate::git::session::{Cursor, SessionError};
use crate::git::{Repo, Worktree};
use crate::tools::ToolContext;
use crate::tools::permissions::{Places, Remembered, Rules};
use children::{Brood, Children, Heritage};
use native::Natives;
pub use record::Held;
use record::{Keeper, Pending};
use turn::Attempt;

/// Who is told what an agent does. When it waits, the agent waits.
pub type Listener = Arc<dyn Fn(AgentEvent) -> BoxFuture<'static, ()> + Send + Sync>;

/// One agent at work on one branch.
pub struct Agent {
    services: Arc<Services>,
    session: SessionState,
    keeper: Keeper,
    journal: Journal,
    tools: ToolContext,
    permissions: PermissionMode,
    /// It has no worktree of its own: it looks at another session's, and may change nothing.
    looks_on: bool,
    persona: Option<Persona>,
    /// Who starts agents for it; `None`: nobody.
    starter: Option<Arc<dyn Children>>,
    /// What it has from the agent that started it.
    heritage: Option<Heritage>,
    brood: Brood,
    rules: Rules,
    places: Places,
    remembered: Remembered,
    /// CLIs that the user lets work in this session without asking for single calls.
    let_in: HashSet<String>,
    natives: Natives,
    /// Whether somebody is there to answer an approval.
    can_ask: bool,
    checkout: PathBuf,
    subfolder: PathBuf,
    listener: Option<Listener>,
    pending: Pending,
    told_left_out: HashSet<String>,
    told_unpriced: bool,
    /// Files were changed that could not be committed. Until they are, the journal is all that tells
    /// whose they are.
    owes_step: bool,
    /// Changes of files that nobody should change in passing, in all steps so far.
    protected: u32,
    /// US dollars that today's runs had cost before this session was opened.
    day_cost: f64,
}

/// What an agent knows of its session.
#[derive(Debug, Clone, Default)]
pub struct SessionState {
    pub id: String,
    /// Without `refs/heads/`.
    pub branch: String,
    pub worktree: PathBuf,
    /// Shared, so that a thread that writes commits need not copy it.
    pub conversation: Arc<Conversation>,
    /// Step commits so far.
    pub step: u32,
    /// Who the user chose to answer, until they choose again.
    pub chosen: Option<Voice>,
    /// Entries that git holds.
    pub recorded: usize,
    /// US dollars, of the calls that were priced.
    pub cost_usd: f64,
}

/// What an agent is made of.
pub struct Parts {
    pub services: Arc<Services>,
    pub session: SessionState,
    pub repo: Repo,
    /// `None`: it looks at the worktree of another session.
    pub worktree: Option<Worktree>,
    pub cursor: Cursor,
    pub journal: Journal,
    pub tools: ToolContext,
    pub permissions: PermissionMode,
    pub rules: Rules,
    /// Where commands may write; the worktree first.
    pub places: Places,
    pub can_ask: bool,
    /// The folder within the repository in which the user started.
    pub subfolder: PathBuf,
    pub day_cost: f64,
    /// The file in which the native sessions of external CLIs are kept.
    pub natives: PathBuf,
}

impl Agent {
    pub fn new(parts: Parts) -> Self {
        Self {
            checkout: parts.repo.checkout().to_owned(),
            looks_on: parts.worktree.is_none(),
            keeper: Keeper {
                repo: parts.repo,
                held: Arc::new(Mutex::new(Held { worktree: parts.worktree, cursor: parts.cursor })),
            },
            services: parts.services,
            session: parts.session,
            journal: parts.journal,
            tools: parts.tools,
            permissions: parts.permissions,
            persona: None,
            starter: None,
            heritage: None,
            brood: Brood::default(),
            rules: parts.rules,
            places: parts.places,
            remembered: Remembered::default(),
            let_in: HashSet::new(),
            natives: Natives::open(parts.natives),
            can_ask: parts.can_ask,
            subfolder: parts.subfolder,
            listener: None,
            pending: Pending::default(),
            told_left_out: HashSet::new(),
            told_unpriced: false,
            owes_step: false,
            protected: 0,
            day_cost: parts.day_cost,
        }
    }

    /// From here on, `listener` is told what the agent does; before, nobody is.
    pub fn tell(&mut self, listener: Listener) {
        self.listener = Some(listener);
        self.told_left_out.clear();
    }

    /// From here on, agents can be started for it.
    pub fn let_start(&mut self, starter: Arc<dyn Children>) {
        self.starter = Some(starter);
    }

    /// What those cost that were started for it.
    pub fn spent_by_children(&self) -> children::Spent {
        let spent = self.brood.spent;
        children::Spent { usd: spent.priced(), has_unpriced: spent.total().is_none() }
    }

    pub fn services(&self) -> &Services {
        &self.services
    }

    pub fn session(&self) -> &SessionState {
        &self.session
    }

    /// The project's tools as its agent works with them.
    pub fn tools(&self) -> &ToolContext {
        &self.tools
    }

    pub fn permissions(&self) -> PermissionMode {
        if self.looks_on { PermissionMode::ReadOnly } else { self.below_ceiling(self.permissions) }
    }

    /// An agent that looks on stays at read-only.
    pub fn set_permissions(&mut self, mode: PermissionMode) {
        self.permissions = mode;
    }

    /// The router chooses again who answers.
    pub fn unchoose(&mut self) {
        self.session.chosen = None;
    }

    /// Lets the model know of something between turns: it is on record at once, and the model sees it at
    /// its next call.
    pub async fn offer(&mut self, text: String) -> Result<(), Failure> {
        let turn = self.session.conversation.turn();
        self.say(turn, EntryKind::Steer(Message::user(text)))?;
        if let Err(failure) = self.keep_turn().await {
            // The journal has it: the next commit takes it along.
            self.emit(AgentEvent::Error(failure)).await;
        }
        Ok(())
    }

    /// Commits what was changed in the worktree by hand, and tells it.
    pub async fn keep_edits(&mut self) -> Result<(), Failure> {
        self.keep_owed_step().await?;
        self.keep_edits_by_hand().await
    }

    /// Brings what an earlier process left behind on record: entries that git does not hold yet, an
    /// answer that broke off, files that were changed and never committed. Tells what it was.
    pub async fn recover(&mut self, replay: Replay) -> Result<Recovered, Failure> {
        record::recover(self, replay).await
    }

    /// Puts everything said so far on record in git.
    pub async fn keep(&mut self) -> Result<(), Failure> {
        self.keep_turn().await
    }

    /// Ends the agent. Its journal goes when git holds everything that was said.
    pub fn close(self) {
        if self.session.recorded == self.session.conversation.len() {
            self.journal.remove();
        }
    }

    /// Takes worktree and cursor for work that is not the agent's, such as an undo.
    pub async fn with_git<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Repo, &mut Held) -> Result<T, SessionError> + Send + 'static,
    ) -> Result<T, Failure> {
        self.keeper.run(work).await
    }

    /// Goes on from another state of its session, after an undo or a redo.
    pub fn set_conversation(&mut self, conversation: Conversation, step: u32) -> Result<(), Failure> {
        self.journal.shrink(conversation.len())?;
        self.session.recorded = conversation.len();
        self.session.conversation = Arc::new(conversation);
        self.session.step = step;
        self.pending = Pending::default();
        Ok(())
    }

    async fn emit(&self, event: AgentEvent) {
        if let Some(listener) = &self.listener {
            listener(mask::event(event, &self.services.secrets)).await;
        }
    }
}

/// What a crash had left behind, now on record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovered {
    pub messages: usize,
    pub step: Option<StepTaken>,
}

/// RFC 3339 in UTC, to the millisecond.
pub fn now() -> String {
    let now = jiff::Timestamp::now();
    format!("{now:.3}")
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self { class: ErrorClass::Internal, hint: Some(error.hint()), message: error.to_string() }
    }
}

/// What a call has cost, in US dollars: zero on a local backend, `None` when it is unpriced.
fn cost_of(services: &Services, attempt: &Attempt, usage: crate::chat::Usage) -> Option<f64> {
    services.prices.cost(&attempt.model, attempt.backend.is_local(), &usage).usd()
}
