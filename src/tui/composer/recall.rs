//! Going through the prompts that were sent before, with `Up` and `Down`. What was being written is kept,
//! and comes back behind the newest of them.

use super::Composer;
use super::buffer::Pos;
use super::history::History;

/// A prompt of the history is in the box.
#[derive(Debug)]
pub(super) struct Recall {
    number: usize,
    /// How the text was when it was recalled, to see whether the user went on with it.
    revision: u64,
    draft: Draft,
}

/// What was being written; chips are still chips.
#[derive(Debug, Default)]
struct Draft {
    text: String,
    cursor: Pos,
}

impl Composer {
    /// False when there is no older prompt.
    pub(super) fn recall_older(&mut self, history: &History) -> bool {
        let before = self.recall.as_ref().map_or(usize::MAX, |recall| recall.number);
        let Some((number, text)) = history.older(before) else { return false };
        let draft = match self.recall.take() {
            // A recalled prompt that was changed is what is being written now.
            Some(recall) if recall.revision == self.buffer.revision() => recall.draft,
            _ => Draft { text: self.buffer.text(), cursor: self.buffer.cursor() },
        };
        self.show(number, text, draft);
        true
    }

    /// False when no prompt of the history is in the box.
    pub(super) fn recall_newer(&mut self, history: &History) -> bool {
        let Some(recall) = self.recall.take() else { return false };
        let draft = if recall.revision == self.buffer.revision() {
            recall.draft
        } else {
            Draft { text: self.buffer.text(), cursor: self.buffer.cursor() }
        };
        if let Some((number, text)) = history.newer(recall.number) {
            self.show(number, text, draft);
        } else {
            self.replace_all(&draft.text);
            self.buffer.move_to(draft.cursor);
            self.goal = None;
        }
        true
    }

    fn show(&mut self, number: usize, text: &str, draft: Draft) {
        self.replace_all(text);
        self.goal = None;
        self.recall = Some(Recall { number, revision: self.buffer.revision(), draft });
    }
}
