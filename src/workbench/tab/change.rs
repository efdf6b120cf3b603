//! What moves a tab's branch or changes its files without its agent: only while nobody else works in the worktree.

use super::Tab;
use crate::agent::Failure;
use crate::workbench::amend::Amend;
use crate::workbench::{Back, EventKind, Moved, Place};

pub(super) enum Change {
    Undo(Back),
    Redo,
    Merge(String),
    Amend(Amend),
}

impl Tab {
    pub(super) async fn change(&mut self, place: &Place, change: Change) {
        match change {
            Change::Undo(back) => {
                let moved = self.open.undo(back).await;
                self.moved(moved).await;
            }
            Change::Redo => {
                let moved = self.open.redo().await;
                self.moved(moved).await;
            }
            Change::Merge(child) => self.merge(place, &child).await,
            Change::Amend(amend) => self.amend(amend).await,
        }
    }

    async fn merge(&mut self, place: &Place, child: &str) {
        match self.open.merge(place, child).await {
            Ok(merging) => {
                self.teller.tell(EventKind::Merging(merging)).await;
                self.tell_context().await;
            }
            Err(failure) => self.teller.tell(EventKind::Failed(failure)).await,
        }
    }

    /// Carries out what the user chose in a review; the model is told of it with the next prompt.
    async fn amend(&mut self, amend: Amend) {
        match self.open.amend(amend).await {
            Ok(amended) => {
                self.amended.push(amended.note());
                self.teller.tell(EventKind::Amended(Box::new(amended))).await;
            }
            Err(failure) => self.teller.tell(EventKind::Failed(failure)).await,
        }
    }

    async fn moved(&mut self, moved: Result<Moved, Failure>) {
        match moved {
            Ok(moved) => {
                self.teller.tell(EventKind::Moved(Box::new(moved))).await;
                self.tell_context().await;
            }
            Err(failure) => self.teller.tell(EventKind::Failed(failure)).await,
        }
    }
}
