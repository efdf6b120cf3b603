//! The time in which a tab's worktree is made ready: prompts wait in line, and the user may skip it.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::change::Change;
use super::{Tab, refuse_permissions, refuse_requeue};
use crate::agent::Order;
use crate::workbench::children::ChildAtWork;
use crate::workbench::setup::{self, Setup};
use crate::workbench::{Command, EventKind, Place, SetupEnd};

impl Tab {
    /// Makes the worktree ready, under the commands that arrive meanwhile. `false` when the tab is to be closed.
    pub(super) async fn make_ready(&mut self, place: &Arc<Place>) -> bool {
        let stop = self.child.as_ref().map_or_else(CancellationToken::new, ChildAtWork::stop);
        let mut later = Vec::new();
        let setup = Setup {
            place: place.clone(),
            worktree: self.open.opened.worktree.clone(),
            shell: self.open.agent.tools().shell.clone(),
            secrets: self.open.agent.services().secrets.as_slice().into(),
            stop: stop.clone(),
            teller: self.teller.clone(),
            first_id: self.shells.reserve(setup::commands(place)),
        };
        let mut work = Box::pin(setup.run());
        let mut is_open = true;
        let end = loop {
            let command = tokio::select! {
                biased;
                end = &mut work => break end,
                command = self.commands.recv(), if is_open => command,
                Some(ended) = self.shells.next() => {
                    self.ended(ended).await;
                    continue;
                }
            };
            match command {
                None | Some(Command::Close { .. }) => {
                    stop.cancel();
                    is_open = false;
                }
                Some(Command::Interrupt { .. }) => {
                    stop.cancel();
                    self.shells.stop();
                }
                Some(Command::Undo { back, .. }) => later.push(Change::Undo(back)),
                Some(Command::Redo { .. }) => later.push(Change::Redo),
                Some(Command::Merge { child, .. }) => later.push(Change::Merge(child)),
                Some(Command::Amend { amend, .. }) => later.push(Change::Amend(amend)),
                Some(command) => self.meanwhile(command).await,
            }
        };
        if is_open || end == SetupEnd::Done {
            // What failed or was skipped is not tried again by itself: /setup does that.
            let worktree = self.open.opened.worktree.clone();
            if let Err(failure) = place.git(move |repo| repo.set_ready(&worktree, true)).await {
                tracing::warn!(why = %failure.message, "a worktree is ready, and not marked as such");
            }
        }
        // Whoever asked for it and closed the tab after that wants it done.
        for change in later {
            self.settle().await;
            self.change(place, change).await;
        }
        is_open
    }

    /// What can be done while the worktree is made ready, and what has to wait.
    async fn meanwhile(&mut self, command: Command) {
        match command {
            Command::Prompt { order, .. } => {
                self.queue.push(order);
                self.tell_queue().await;
            }
            // There is no turn yet that the words could be meant for.
            Command::Steer { text, .. } => {
                self.queue.push(Order { prompt: text, ..self.last.clone() });
                self.tell_queue().await;
            }
            Command::Requeue { id, prompt, .. } => {
                if self.queue.edit(id, prompt) {
                    self.tell_queue().await;
                } else {
                    refuse_requeue(&self.teller).await;
                }
            }
            Command::Shell { command, audience, .. } => {
                self.shells.start(command, audience, &self.teller).await;
            }
            Command::Clear { persona, .. } => self.clear(persona).await,
            Command::Keep { .. } => self.has_edits = true,
            Command::SetPermissions { .. } if self.open.opened.is_aside => {
                refuse_permissions(&self.teller).await;
            }
            Command::SetPermissions { mode, .. } => {
                self.open.agent.set_permissions(mode);
                self.teller.tell(EventKind::Permissions(mode)).await;
            }
            Command::Unchoose { .. } => self.unchoose(),
            _ => self.teller.refuse("the worktree is being made ready", "Esc skips that").await,
        }
    }
}
