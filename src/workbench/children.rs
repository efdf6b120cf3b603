//! Agents that an agent starts. Each has a tab of its own like any other: its events are told, its user may look,
//! answer, steer, stop it, and go on with its session later. When its work is done the tab closes by itself, and its
//! worktree goes: its branch and its conversation stay.

use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::ground::{Beginning, Seed};
use super::open::OpenTab;
use super::queue::Queue;
use super::tabs::Tabs;
use super::{Command, Parentage, TabId, tab};
use crate::agent::children::{Brief, Children, Ended, Heritage, News, Spent};
use crate::agent::{AgentEvent, EndReason, Failure, Order, StepTaken, TurnEnd};
use crate::chat::ErrorClass;

/// Starts agents for the agent of one tab.
pub(super) struct Nursery {
    tabs: Arc<Tabs>,
    tab: TabId,
    session: String,
    branch: String,
    worktree: std::path::PathBuf,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// What a tab is told that is opened for such an agent.
pub(super) struct Child {
    parentage: Parentage,
    order: Order,
    heritage: Heritage,
    news: mpsc::Sender<News>,
    cancel: CancellationToken,
    opened: oneshot::Sender<()>,
    done: oneshot::Sender<Result<Ended, Failure>>,
}

/// The same once it is open.
pub(super) struct ChildAtWork {
    pub watch: Arc<Watch>,
    cancel: CancellationToken,
    done: oneshot::Sender<Result<Ended, Failure>>,
}

/// What is heard of it while it works.
pub(super) struct Watch {
    call: String,
    news: mpsc::Sender<News>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    steps: Vec<StepTaken>,
    spent: Spent,
    trouble: Option<String>,
}

impl Nursery {
    pub fn new(tabs: Arc<Tabs>, tab: TabId, open: &OpenTab) -> Self {
        let session = open.agent.session();
        Self {
            tabs,
            tab,
            session: session.id.clone(),
            branch: session.branch.clone(),
            worktree: session.worktree.clone(),
            tasks: Mutex::default(),
        }
    }

    /// Waits until the tabs of all that it started are closed.
    pub async fn settled(&self) {
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            let _ = task.await;
        }
    }
}

impl Children for Nursery {
    fn start(
        &self,
        brief: Brief,
        news: mpsc::Sender<News>,
        cancel: CancellationToken,
    ) -> BoxFuture<'static, Result<Ended, Failure>> {
        let (opened_in, opened) = oneshot::channel();
        let (done_in, done) = oneshot::channel();
        let seed = Seed {
            title: brief.title.clone(),
            parent: self.session.clone(),
            branch: self.branch.clone(),
            worktree: self.worktree.clone(),
            site: brief.site,
        };
        let permissions = brief.heritage.permissions;
        let child = Child {
            parentage: Parentage {
                tab: self.tab,
                session: self.session.clone(),
                call: brief.call,
                title: brief.title,
            },
            order: brief.order,
            heritage: brief.heritage,
            news,
            cancel: cancel.clone(),
            opened: opened_in,
            done: done_in,
        };
        let (id, commands) = self.tabs.add_child();
        let start = tab::Start {
            beginning: Beginning::Child(seed),
            permissions: Some(permissions),
            child: Some(child),
        };
        let task = tab::spawn(&self.tabs, id, start, commands);
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).push(task);
        let tabs = Arc::clone(&self.tabs);
        async move {
            let is_open = tokio::select! {
                biased;
                opened = opened => opened.is_ok(),
                () = cancel.cancelled() => {
                    // What makes its worktree may take its time: it goes again when that is done.
                    let why = "the user interrupted before it was open";
                    return Err(Failure::new(ErrorClass::Cancelled, why));
                }
            };
            tokio::pin!(done);
            let ended = tokio::select! {
                biased;
                ended = &mut done => ended,
                () = cancel.cancelled(), if is_open => {
                    if let Some(sender) = tabs.sender(id) {
                        let _ = sender.send(Command::Interrupt { tab: id }).await;
                    }
                    done.await
                }
            };
            ended.unwrap_or_else(|_| {
                let failure = Failure::new(ErrorClass::Internal, "the sub-agent's task died");
                Err(failure.hint("this is a bug in offshoot; what it had said and done is on record"))
            })
        }
        .boxed()
    }
}

impl Child {
    /// It could not be opened.
    pub fn failed(self, failure: Failure) {
        let _ = self.done.send(Err(failure));
    }

    /// Makes an open session its own, and gives it its task.
    pub fn begin(self, open: &mut OpenTab, queue: &mut Queue) -> ChildAtWork {
        open.agent.inherit(self.heritage);
        open.opened.permissions = open.agent.permissions();
        open.opened.title.clone_from(&self.parentage.title);
        let watch = Watch { call: self.parentage.call.clone(), news: self.news, seen: Mutex::default() };
        open.opened.parent = Some(self.parentage);
        queue.push(self.order);
        let _ = self.opened.send(());
        ChildAtWork { watch: Arc::new(watch), cancel: self.cancel, done: self.done }
    }
}

impl ChildAtWork {
    /// Whether nobody wants it any more: no turn of it begins then.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Ends what is done for it when nobody wants it any more.
    pub fn stop(&self) -> CancellationToken {
        self.cancel.child_token()
    }

    /// It is open, and told to front-ends.
    pub async fn tell_open(&self, open: &OpenTab) {
        let opened = News::Opened {
            call: self.watch.call.clone(),
            session: open.agent.session().id.clone(),
            branch: branch(open),
        };
        let _ = self.watch.news.send(opened).await;
    }

    /// Hands over what it came to; everything of it is committed. Its worktree is not needed any more, unless it holds
    /// what no commit takes.
    pub async fn end(self, open: &mut OpenTab, end: Option<TurnEnd>) {
        let ended = self.watch.ended(open, end).await;
        open.drops_worktree = ended.as_ref().is_ok_and(|ended| ended.left_behind.is_none());
        let _ = self.done.send(ended);
    }
}

impl Watch {
    pub fn note(&self, event: &AgentEvent) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            AgentEvent::Step(step) => seen.steps.push(step.clone()),
            AgentEvent::Usage { cost_usd, .. } => {
                seen.spent.usd += cost_usd.unwrap_or(0.0);
                seen.spent.has_unpriced |= cost_usd.is_none();
            }
            AgentEvent::Error(failure) => {
                seen.trouble = Some(failure.message.clone());
                return;
            }
            _ => return,
        }
        let steps = u32::try_from(seen.steps.len()).unwrap_or(u32::MAX);
        // Each says the whole: one that finds no room is made up for by the next.
        let _ = self.news.try_send(News::Progress { call: self.call.clone(), steps, spent: seen.spent });
    }

    async fn ended(&self, open: &OpenTab, end: Option<TurnEnd>) -> Result<Ended, Failure> {
        let Seen { steps, mut spent, trouble } =
            std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        let by_children = open.agent.spent_by_children();
        spent.usd += by_children.usd;
        spent.has_unpriced |=
            by_children.has_unpriced || end.as_ref().is_some_and(|end| end.cost_usd.is_none());
        let holds_more = open
            .agent
            .with_git(|repo, held| {
                let Some(worktree) = &held.worktree else { return Ok(None) };
                // Commits in a submodule lie in the worktree's own folder, and would go with it.
                let holds_more =
                    worktree.is_dirty()? || !repo.own_submodule_work(worktree.path())?.is_empty();
                Ok(Some(holds_more))
            })
            .await?;
        let session = open.agent.session();
        let head = match holds_more {
            Some(_) => open.agent.head().await?,
            None => None,
        };
        Ok(Ended {
            session: session.id.clone(),
            branch: branch(open),
            reason: end.as_ref().map_or(EndReason::Interrupted, |end| end.reason),
            text: end.map(|end| end.text).unwrap_or_default(),
            trouble,
            steps,
            head: head.and_then(|head| crate::git::CommitId::parse(&head).ok()),
            spent,
            left_behind: holds_more.filter(|more| *more).map(|_| session.worktree.clone()),
        })
    }
}

fn branch(open: &OpenTab) -> Option<String> {
    (!open.opened.is_aside).then(|| open.opened.branch.clone())
}
