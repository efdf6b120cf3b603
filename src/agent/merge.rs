//! A child session merged into this agent's: on record as a step, and the model is told what came.

use std::sync::Arc;

use super::event::{AgentEvent, Failure, StepTaken};
use super::{Agent, fit, now};
use crate::chat::{Conversation, Entry, EntryKind, ErrorClass, Message};
use crate::git::session::{Child, ChildMerge, Draft, SessionError, merge_child};
use crate::git::{CommitId, Repo};

/// Paths that the model is told of.
const NAMED: usize = 30;
/// Columns of the child's last words that it is told.
const WORDS: usize = 600;

impl Agent {
    /// Merges a child. What the user changed by hand is committed before.
    pub async fn merge(&mut self, child: Child) -> Result<ChildMerge, Failure> {
        if self.looks_on {
            let why = "this session only looks on: nothing can be merged into it";
            return Err(Failure::new(ErrorClass::Internal, why).hint("name another one: --into BRANCH"));
        }
        self.keep_edits().await?;
        let turn = self.session.conversation.turn();
        let conversation = self.session.conversation.clone();
        let draft = Draft {
            route: self.pending.route.clone(),
            cost_usd: self.pending.cost.total(),
            ..Draft::default()
        };
        let secrets = self.services.secrets.clone();
        let (merged, conversation, step) = self
            .keeper
            .run(move |repo, held| {
                let Some(worktree) = &mut held.worktree else {
                    return Ok((ChildMerge::Nothing, conversation, 0));
                };
                let mut conversation = conversation;
                // Nobody has been told anything yet of a session without a prompt.
                if turn > 0 {
                    let note = note(repo, worktree.head()?.as_ref(), &child)?;
                    let entry = Entry { turn, at: now(), kind: EntryKind::Steer(Message::user(note)) };
                    Conversation::push(Arc::make_mut(&mut conversation), entry);
                }
                let cursor = &mut held.cursor;
                let merged = merge_child(repo, worktree, cursor, &conversation, &child, &draft, &secrets)?;
                Ok((merged, conversation, held.cursor.step()))
            })
            .await?;
        if let ChildMerge::Merged(merged) = &merged {
            self.session.conversation = conversation;
            self.session.step = step;
            self.pending.is_first = false;
            self.told_git()?;
            self.journal.shrink(self.session.conversation.len())?;
            let taken = StepTaken {
                commit: merged.commit.to_string(),
                turn,
                step,
                subject: merged.subject.clone(),
                files: merged.stat.files.len(),
                insertions: merged.stat.insertions,
                deletions: merged.stat.deletions,
            };
            self.emit(AgentEvent::Step(taken)).await;
        }
        Ok(merged)
    }
}

/// What the model gets to know.
fn note(repo: &Repo, head: Option<&CommitId>, child: &Child) -> Result<String, SessionError> {
    let base = head.map(|head| repo.merge_base(head, &child.head)).transpose()?.flatten();
    let files = repo.diff(base.as_deref(), &child.head)?.files;
    let mut text = format!("[The user merged branch {} into this one", child.name);
    if !child.title.is_empty() {
        text.push_str(&format!(": {}", fit(&child.title, 120)));
    }
    text.push_str(".\nFiles that changed with it:\n");
    for file in files.iter().take(NAMED) {
        text.push_str(&format!("- {}\n", file.path.display()));
    }
    if let Some(more) = files.len().checked_sub(NAMED).filter(|more| *more > 0) {
        text.push_str(&format!("- and {more} more\n"));
    }
    if !child.answer.is_empty() {
        text.push_str(&format!("The last words of its agent: {}\n", fit(&child.answer, WORDS)));
    }
    text.push_str("Read a file again before you change it.]");
    Ok(text)
}
