//! The task of one tab: opens its session, then carries out its commands one after the other, and
//! steers the turn that runs.

mod change;
mod readying;

use std::sync::Arc;

use change::Change;
use futures::FutureExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::children::{Child, ChildAtWork, Nursery};
use super::ground::Beginning;
use super::open::{self, OpenTab};
use super::queue::Queue;
use super::shell::{Ended, Shells};
use super::tabs::Tabs;
use super::teller::Teller;
use super::{Audience, Command, EventKind, Place, ShellEnd, Stat, TabId};
use crate::agent::{self, AgentEvent, EndReason, Failure, Order, Persona, TurnEnd};
use crate::chat::ErrorClass;
use crate::config::PermissionMode;

/// What a tab begins with.
pub(super) struct Start {
    pub beginning: Beginning,
    pub permissions: Option<PermissionMode>,
    /// It is that of a sub-agent.
    pub child: Option<Child>,
}

/// Starts the task. It ends with a `Closed` event, or with `Failed` when it could not open.
pub(super) fn spawn(
    tabs: &Arc<Tabs>,
    tab: TabId,
    start: Start,
    commands: mpsc::Receiver<Command>,
) -> JoinHandle<()> {
    let tabs = Arc::clone(tabs);
    tokio::spawn(async move {
        let teller = Teller::new(tab, tabs.radar.clone(), tabs.events.clone());
        let task = tokio::spawn(run(Arc::clone(&tabs), start, commands, teller.clone()));
        if task.await.is_err() {
            let failure = Failure::new(ErrorClass::Internal, "the tab's task died").hint(
                "this is a bug in offshoot; the session is on record: `offshoot resume` opens it again",
            );
            teller.tell(EventKind::Failed(failure)).await;
            teller.tell(EventKind::Closed).await;
        }
        tabs.forget(tab);
    })
}

async fn run(tabs: Arc<Tabs>, start: Start, commands: mpsc::Receiver<Command>, teller: Teller) {
    let Start { beginning, permissions, child } = start;
    let place = Arc::clone(&tabs.place);
    let mut open = match open::open(&place, beginning, permissions).await {
        Ok(open) => open,
        // Nobody was told of its tab: who gave it work is.
        Err(failure) => match child {
            Some(child) => return child.failed(failure),
            None => return teller.tell(EventKind::Failed(failure)).await,
        },
    };
    let mut queue = Queue::default();
    let child = child.map(|child| child.begin(&mut open, &mut queue));
    let nursery = Arc::new(Nursery::new(tabs, teller.tab(), &open));
    open.agent.let_start(nursery.clone());
    // That it can give work away is a part of what the model is told.
    open.opened.context = open.agent.context_use();
    let session = open.agent.session();
    let teller = teller.of(&session.id);
    let shell = open.agent.tools().shell.clone();
    let shells = Shells::new(shell, session.worktree.clone(), &open.agent.services().secrets);
    teller.tell(EventKind::Opened(Box::new(open.opened.clone()))).await;
    if let Some(child) = &child {
        child.tell_open(&open).await;
    }
    let to_front = teller.clone();
    let watch = child.as_ref().map(|child| Arc::clone(&child.watch));
    open.agent.tell(Arc::new(move |event| {
        let teller = to_front.clone();
        if let Some(watch) = &watch {
            watch.note(&event);
        }
        async move { teller.tell(kind_of(event)).await }.boxed()
    }));
    let tab = Tab {
        open,
        commands,
        teller,
        queue,
        shells,
        notes: Vec::new(),
        has_edits: false,
        amended: Vec::new(),
        last: Order::default(),
        nursery,
        child,
        ended: None,
    };
    tab.run(&place).await;
}

struct Tab {
    open: OpenTab,
    commands: mpsc::Receiver<Command>,
    teller: Teller,
    queue: Queue,
    shells: Shells,
    /// What the model gets to know with its next prompt.
    notes: Vec<String>,
    /// The user may have changed files: to be committed when nobody works on them.
    has_edits: bool,
    /// What the user chose in reviews since the last prompt.
    amended: Vec<String>,
    /// What was ordered last.
    last: Order,
    /// Those that its agent gave work to.
    nursery: Arc<Nursery>,
    /// It is that of a sub-agent: it closes when its work is done.
    child: Option<ChildAtWork>,
    /// How the last turn ended.
    ended: Option<TurnEnd>,
}

impl Tab {
    async fn run(mut self, place: &Arc<Place>) {
        let is_wanted = !self.child.as_ref().is_some_and(ChildAtWork::is_cancelled);
        if is_wanted && self.open.needs_setup && !self.make_ready(place).await {
            return self.close(place).await;
        }
        loop {
            self.settle().await;
            if self.child.as_ref().is_some_and(ChildAtWork::is_cancelled) {
                break;
            }
            let order = match self.queue.take() {
                Some(order) => {
                    self.tell_queue().await;
                    order
                }
                None if self.child.is_some() => break,
                None => match self.idle(place).await {
                    Some(order) => order,
                    None => break,
                },
            };
            self.last.clone_from(&order);
            if !self.work(order).await {
                break;
            }
        }
        self.close(place).await;
    }

    /// Carries out commands until one of them gives the agent something to do. `None` when the tab is to
    /// be closed.
    async fn idle(&mut self, place: &Arc<Place>) -> Option<Order> {
        loop {
            let command = tokio::select! {
                command = self.commands.recv() => command?,
                Some(ended) = self.shells.next() => {
                    self.ended(ended).await;
                    self.settle().await;
                    continue;
                }
            };
            match command {
                Command::Close { .. } => return None,
                Command::Prompt { order, .. } => return Some(order),
                // The turn that the words were meant for has ended.
                Command::Steer { text, .. } => return Some(Order { prompt: text, ..self.last.clone() }),
                Command::Undo { back, .. } => self.change(place, Change::Undo(back)).await,
                Command::Redo { .. } => self.change(place, Change::Redo).await,
                Command::Merge { child, .. } => self.change(place, Change::Merge(child)).await,
                Command::Clear { persona, .. } => self.clear(persona).await,
                Command::Interrupt { .. } => self.shells.stop(),
                Command::Shell { command, audience, .. } => {
                    self.shells.start(command, audience, &self.teller).await;
                }
                Command::Keep { .. } => {
                    self.has_edits = true;
                    self.settle().await;
                }
                Command::Setup { .. } if self.open.opened.is_aside => {
                    let hint = "branch off with a worktree to set one up";
                    self.teller.refuse("this tab only looks on", hint).await;
                }
                Command::Setup { .. } => {
                    if !self.make_ready(place).await {
                        return None;
                    }
                    if let Some(order) = self.queue.take() {
                        self.tell_queue().await;
                        return Some(order);
                    }
                }
                Command::Amend { amend, .. } => self.change(place, Change::Amend(amend)).await,
                Command::SetPermissions { .. } if self.open.opened.is_aside => {
                    refuse_permissions(&self.teller).await;
                }
                Command::SetPermissions { mode, .. } => {
                    self.open.agent.set_permissions(mode);
                    self.teller.tell(EventKind::Permissions(mode)).await;
                }
                Command::Requeue { .. } => refuse_requeue(&self.teller).await,
                Command::Note { text, .. } => self.note(text).await,
                Command::Unchoose { .. } => self.unchoose(),
                // Nothing asks.
                Command::Answer { .. } | Command::Resort { .. } | Command::Open { .. } => {}
            }
        }
    }

    /// Runs one turn under the commands that arrive meanwhile. `false` when the tab is to be closed.
    async fn work(&mut self, mut order: Order) -> bool {
        for note in std::mem::take(&mut self.amended) {
            order.prompt.push_str(&format!("\n\n{note}"));
        }
        let (mut control, reins) = agent::control();
        if !self.notes.is_empty() {
            reins.note(std::mem::take(&mut self.notes).join("\n\n"));
        }
        let mut permissions = None;
        let mut unchosen = false;
        let is_aside = self.open.opened.is_aside;
        let mut is_open = true;
        let end = {
            let Self { open, commands, teller, queue, shells, has_edits, .. } = self;
            let mut turn = Box::pin(open.agent.turn(order.clone(), &mut control));
            loop {
                let command = tokio::select! {
                    biased;
                    end = &mut turn => break end,
                    command = commands.recv(), if is_open => command,
                    Some(ended) = shells.next() => {
                        *has_edits = true;
                        let offered = is_offered(&ended) && reins.note(ended.worded());
                        teller.tell(EventKind::Shell(ended.told(offered))).await;
                        continue;
                    }
                };
                match command {
                    None | Some(Command::Close { .. }) => {
                        reins.interrupt();
                        is_open = false;
                    }
                    Some(Command::Interrupt { .. }) => {
                        reins.interrupt();
                        shells.stop();
                        drop_queue(queue, teller).await;
                    }
                    Some(Command::Prompt { order, .. }) => {
                        queue.push(order);
                        teller.tell(EventKind::Queue(queue.list())).await;
                    }
                    Some(Command::Requeue { id, prompt, .. }) => {
                        if queue.edit(id, prompt) {
                            teller.tell(EventKind::Queue(queue.list())).await;
                        } else {
                            refuse_requeue(teller).await;
                        }
                    }
                    Some(Command::Steer { text, .. }) => {
                        if !reins.steer(text) {
                            let why = "too many words wait for the agent already";
                            teller.refuse(why, "say it again after its next answer").await;
                        }
                    }
                    Some(Command::Answer { call, answer, .. }) => {
                        reins.answer(call, answer);
                    }
                    Some(Command::Resort { id, resort, .. }) => {
                        reins.resort(id, resort);
                    }
                    Some(Command::SetPermissions { .. }) if is_aside => refuse_permissions(teller).await,
                    Some(Command::SetPermissions { mode, .. }) => {
                        reins.permit(mode);
                        permissions = Some(mode);
                        teller.tell(EventKind::Permissions(mode)).await;
                    }
                    Some(Command::Shell { command, audience, .. }) => {
                        shells.start(command, audience, teller).await;
                    }
                    Some(Command::Note { text, .. }) => {
                        if reins.note(text.clone()) {
                            teller.tell(EventKind::Agent(AgentEvent::Notice(text))).await;
                        }
                    }
                    Some(Command::Unchoose { .. }) => unchosen = true,
                    Some(Command::Keep { .. }) => *has_edits = true,
                    Some(
                        Command::Undo { .. }
                        | Command::Redo { .. }
                        | Command::Merge { .. }
                        | Command::Clear { .. }
                        | Command::Setup { .. }
                        | Command::Amend { .. }
                        | Command::Open { .. },
                    ) => {
                        teller.refuse("the agent is at work", "interrupt it first").await;
                    }
                }
            }
        };
        if let Some(mode) = permissions {
            self.open.agent.set_permissions(mode);
        }
        if unchosen {
            self.unchoose();
        }
        let unheard = control.unheard();
        if end.reason == EndReason::Interrupted {
            tell_dropped(unheard, &self.teller).await;
        } else if !unheard.is_empty() {
            self.queue.push_front(Order { prompt: unheard.join("\n\n"), ..order });
            self.tell_queue().await;
        }
        for note in control.unheard_notes() {
            self.offer(note).await;
        }
        self.ended = Some(end);
        is_open
    }

    /// Whom the user chose answers no longer, in this turn's successors neither.
    fn unchoose(&mut self) {
        self.open.agent.unchoose();
        self.last.backend = None;
        self.last.model = None;
    }

    /// A command of the user's ended while the agent was not at work.
    async fn ended(&mut self, ended: Ended) {
        self.has_edits = true;
        let offered = is_offered(&ended) && self.offer(ended.worded()).await;
        self.teller.tell(EventKind::Shell(ended.told(offered))).await;
    }

    /// Lets the model know of something: with its next prompt, before there was one.
    async fn offer(&mut self, note: String) -> bool {
        if self.open.agent.session().conversation.turn() == 0 {
            self.notes.push(note);
            return true;
        }
        let offered = self.open.agent.offer(note).await;
        if let Err(failure) = &offered {
            self.teller.tell(EventKind::Failed(failure.clone())).await;
        }
        offered.is_ok()
    }

    /// Lets the model know of something with its next prompt.
    async fn note(&mut self, text: String) {
        self.notes.push(text.clone());
        self.teller.tell(EventKind::Agent(AgentEvent::Notice(text))).await;
    }

    /// Commits what the user may have changed.
    async fn settle(&mut self) {
        if std::mem::take(&mut self.has_edits)
            && let Err(failure) = self.open.agent.keep_edits().await
        {
            self.teller.tell(EventKind::Failed(failure)).await;
        }
    }

    async fn clear(&mut self, persona: Option<Persona>) {
        let name = persona.as_ref().map(|persona| persona.name.clone());
        let before = self.open.agent.permissions();
        match self.open.agent.clear(persona).await {
            Ok(kept) => {
                let mode = self.open.agent.permissions();
                if mode != before {
                    self.teller.tell(EventKind::Permissions(mode)).await;
                }
                self.teller.tell(EventKind::Cleared { persona: name, kept }).await;
                self.tell_context().await;
            }
            Err(failure) => self.teller.tell(EventKind::Failed(failure)).await,
        }
    }

    async fn tell_context(&self) {
        let context = self.open.agent.context_use().unwrap_or_default();
        self.teller.tell(EventKind::Agent(AgentEvent::Context(context))).await;
    }

    async fn tell_queue(&self) {
        self.teller.tell(EventKind::Queue(self.queue.list())).await;
    }

    async fn close(mut self, place: &Arc<Place>) {
        drop_queue(&mut self.queue, &self.teller).await;
        self.shells.stop();
        while let Some(ended) = self.shells.next().await {
            self.ended(ended).await;
        }
        self.settle().await;
        if let Some(child) = self.child.take() {
            child.end(&mut self.open, self.ended.take()).await;
        }
        self.nursery.settled().await;
        self.open.close(place).await;
        self.teller.tell(EventKind::Closed).await;
    }
}

/// An event of the agent's as front-ends are told it.
fn kind_of(event: AgentEvent) -> EventKind {
    match event {
        AgentEvent::Edits(edits) => {
            let stat = Stat { files: edits.files, insertions: edits.insertions, deletions: edits.deletions };
            EventKind::Committed { commit: edits.commit, subject: edits.subject, stat }
        }
        event => EventKind::Agent(event),
    }
}

/// Whether the model is to know of a command that ended.
fn is_offered(ended: &Ended) -> bool {
    ended.audience == Audience::Model && !matches!(ended.exit, ShellEnd::Failed(_))
}

async fn drop_queue(queue: &mut Queue, teller: &Teller) {
    let dropped = queue.clear();
    if !dropped.is_empty() {
        teller.tell(EventKind::Queue(Vec::new())).await;
    }
    tell_dropped(dropped, teller).await;
}

/// Hands words back to the user that nobody will act on.
async fn tell_dropped(dropped: Vec<String>, teller: &Teller) {
    if !dropped.is_empty() {
        teller.tell(EventKind::Dropped(dropped)).await;
    }
}

async fn refuse_permissions(teller: &Teller) {
    teller.refuse("this tab only looks on", "branch off with a worktree to change anything").await;
}

async fn refuse_requeue(teller: &Teller) {
    teller.refuse("this prompt waits no longer", "it was taken up, or dropped by an interruption").await;
}
