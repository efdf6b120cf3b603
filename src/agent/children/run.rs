//! The `agent` calls of one answer, from the first start to the last report. They run side by side, all from the same
//! files, and what they made is brought in one after the other, in the order of the calls.

use std::collections::HashMap;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::{Semaphore, mpsc, watch};

use super::brief::Granted;
use super::report::{Fate, report};
use super::{Ended, News};
use crate::agent::Agent;
use crate::agent::control::Control;
use crate::agent::event::{AgentEvent, ChildNews, ChildState, EndReason, Failure};
use crate::agent::turn::{Attempt, Task};
use crate::chat::ToolCall;
use crate::git::session::SessionError;
use crate::git::{Brought, CommitId, DiffStat};
use crate::tools::ToolOutput;

/// News that may wait.
const NEWS: usize = 64;

/// What came of one call.
enum Came {
    Refused(ToolOutput),
    Ended(Box<Ended>),
    /// It could not be started.
    Failed(Failure),
    NotStarted,
}

impl Agent {
    /// Answers every one of these calls. `allowed` has an answer already for those that may not run.
    pub(in crate::agent) async fn run_children(
        &mut self,
        calls: &[ToolCall],
        allowed: Vec<Result<(), ToolOutput>>,
        task: &Task<'_>,
        attempt: &mut Attempt,
        control: &mut Control,
    ) -> Result<Vec<ToolOutput>, Failure> {
        let share = allowed.iter().filter(|allowed| allowed.is_ok()).count();
        let mut granted = Vec::new();
        for (call, allowed) in calls.iter().zip(allowed) {
            granted.push(match allowed {
                Ok(()) => self.grant(call, share, task, attempt, control).await,
                Err(output) => Err(output),
            });
        }
        let works = granted.iter().flatten().any(Granted::works);
        let from = self.begin_children(works).await?;
        let came = self.wait_for_children(calls, granted, &from, attempt, control).await?;
        let mut outputs = Vec::new();
        for (call, (came, title)) in calls.iter().zip(came) {
            outputs.push(match came {
                Came::Refused(output) => output,
                Came::NotStarted => ToolOutput::error("not run: the user interrupted"),
                Came::Failed(failure) => {
                    self.tell_child(call, &title, None, ChildState::Failed).await;
                    let hint = failure.hint.map(|hint| format!("; {hint}")).unwrap_or_default();
                    ToolOutput::error(format!("not run: {}{hint}", failure.message))
                }
                Came::Ended(ended) => self.bring_in(call, &title, *ended, &from).await,
            });
        }
        Ok(outputs)
    }

    /// The commit that those begin at that are started now: with what this step has changed so far, which no commit
    /// of the branch has yet. The branch itself cannot have it: its step is told whole, with the results of its
    /// calls, or not at all.
    async fn begin_children(&self, works: bool) -> Result<CommitId, Failure> {
        self.keeper
            .run(move |_, held| match &held.worktree {
                Some(worktree) if works => Ok(worktree.files_now()?),
                _ => Ok(held.head()?.unwrap_or_else(|| held.cursor.head().clone())),
            })
            .await
    }

    async fn wait_for_children(
        &mut self,
        calls: &[ToolCall],
        granted: Vec<Result<Granted, ToolOutput>>,
        from: &CommitId,
        attempt: &mut Attempt,
        control: &mut Control,
    ) -> Result<Vec<(Came, String)>, Failure> {
        let Some(starter) = self.starter.clone() else {
            let refused = |granted: Result<Granted, ToolOutput>| match granted {
                Ok(granted) => (Came::NotStarted, granted.title),
                Err(output) => (Came::Refused(output), String::new()),
            };
            return Ok(granted.into_iter().map(refused).collect());
        };
        let (ceiling_in, ceiling) = watch::channel(self.mode(attempt));
        let (news_in, mut news) = mpsc::channel(NEWS);
        let room = Arc::new(Semaphore::new(self.services.settings.agent.max_children as usize));
        let cancel = control.cancel.child_token();
        let mut came: Vec<Option<(Came, String)>> = Vec::new();
        let mut states: HashMap<String, ChildNews> = HashMap::new();
        let mut running = FuturesUnordered::new();
        for (at, (call, granted)) in calls.iter().zip(granted).enumerate() {
            let brief = match granted {
                Ok(granted) => granted.brief(self, &call.id, from.clone(), ceiling.clone()),
                Err(output) => {
                    came.push(Some((Came::Refused(output), String::new())));
                    continue;
                }
            };
            came.push(None);
            let told = ChildNews::new(&brief.call, &brief.title);
            self.emit(AgentEvent::Child(told.clone())).await;
            states.insert(brief.call.clone(), told);
            let (starter, room) = (Arc::clone(&starter), Arc::clone(&room));
            let (news, cancel) = (news_in.clone(), cancel.clone());
            running.push(async move {
                let title = brief.title.clone();
                let free = tokio::select! {
                    biased;
                    () = cancel.cancelled() => None,
                    free = room.acquire_owned() => free.ok(),
                };
                let came = match free {
                    None => Came::NotStarted,
                    Some(_free) => match starter.start(brief, news, cancel).await {
                        Ok(ended) => Came::Ended(Box::new(ended)),
                        Err(failure) => Came::Failed(failure),
                    },
                };
                (at, came, title)
            });
        }
        drop(news_in);
        let mut failed = None;
        let mut own_ceiling = self.heritage.as_ref().map(|heritage| heritage.ceiling.clone());
        loop {
            tokio::select! {
                biased;
                Some(news) = news.recv() => {
                    if let Err(failure) = self.hear_child(&news, &mut states).await {
                        // What is not on record must not go on.
                        cancel.cancel();
                        failed.get_or_insert(failure);
                    }
                }
                next = running.next() => {
                    let Some((at, one, title)) = next else { break };
                    if let Came::Ended(ended) = &one {
                        attempt.children.add_spent(ended.spent);
                        self.brood.spent.add_spent(ended.spent);
                    }
                    came[at] = Some((one, title));
                }
                Ok(()) = control.permissions.changed() => {
                    self.permissions = control.permissions.borrow_and_update().unwrap_or(self.permissions);
                    ceiling_in.send_replace(self.mode(attempt));
                }
                Ok(()) = changed(&mut own_ceiling) => {
                    ceiling_in.send_replace(self.mode(attempt));
                }
            }
        }
        match failed {
            Some(failure) => Err(failure),
            None => {
                Ok(came.into_iter().map(|one| one.unwrap_or((Came::NotStarted, String::new()))).collect())
            }
        }
    }

    /// Takes note of what one tells, and tells it on.
    async fn hear_child(
        &mut self,
        news: &News,
        states: &mut HashMap<String, ChildNews>,
    ) -> Result<(), Failure> {
        let (News::Opened { call, .. } | News::Progress { call, .. }) = news;
        let Some(state) = states.get_mut(call) else { return Ok(()) };
        match news {
            News::Opened { call, session, branch } => {
                self.journal.child(call, session, branch.as_deref())?;
                state.session.clone_from(session);
                state.branch.clone_from(branch);
                state.state = ChildState::Working;
            }
            News::Progress { steps, spent, .. } => {
                state.steps = *steps;
                state.cost_usd = spent.total();
            }
        }
        self.emit(AgentEvent::Child(state.clone())).await;
        Ok(())
    }

    /// Brings what one made into the files, where it came to its end and fits.
    async fn bring_in(&mut self, call: &ToolCall, title: &str, ended: Ended, from: &CommitId) -> ToolOutput {
        let is_done = ended.reason == EndReason::Done;
        let (head, base) = (ended.head.clone(), from.clone());
        let brought = self
            .keeper
            .run(move |repo, held| {
                let Some(head) = head else { return Ok((DiffStat::default(), None)) };
                let changed = repo.diff(Some(base.object()), head.object())?;
                let brought = match &mut held.worktree {
                    Some(worktree) if is_done && !changed.files.is_empty() => {
                        Some(worktree.bring(&base, &head).map_err(SessionError::from))
                    }
                    _ => None,
                };
                Ok((changed, brought))
            })
            .await;
        let (changed, brought) = match brought {
            Ok((changed, brought)) => (changed, brought.map(|one| one.map_err(|error| error.to_string()))),
            Err(failure) => (DiffStat::default(), Some(Err(failure.message))),
        };
        let fate = match brought {
            None if changed.files.is_empty() => Fate::Nothing,
            None => Fate::Unfinished,
            Some(Ok(brought)) => Fate::Brought(brought),
            Some(Err(why)) => Fate::Failed(why),
        };
        if matches!(fate, Fate::Brought(Brought::Files(_))) {
            self.pending.merged.extend(ended.head.clone());
        }
        let cap = self.services.settings.agent.tool_output_bytes;
        let told = report(title, &ended, &changed, fate, cap);
        self.tell_child(call, title, Some(&ended), told.state).await;
        told.output
    }

    async fn tell_child(&self, call: &ToolCall, title: &str, ended: Option<&Ended>, state: ChildState) {
        let mut news = ChildNews { state, ..ChildNews::new(&call.id, title) };
        if let Some(ended) = ended {
            news.session.clone_from(&ended.session);
            news.branch.clone_from(&ended.branch);
            news.steps = u32::try_from(ended.steps.len()).unwrap_or(u32::MAX);
            news.cost_usd = ended.spent.total();
        }
        self.emit(AgentEvent::Child(news)).await;
    }
}

/// Waits for a ceiling that changes; for ever without one.
async fn changed<T>(watched: &mut Option<watch::Receiver<T>>) -> Result<(), watch::error::RecvError> {
    match watched {
        Some(watched) => watched.changed().await,
        None => std::future::pending().await,
    }
}
