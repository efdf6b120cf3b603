//! What a reader has said of changes, apart from the review in which it was said: it goes from one review of a
//! tab to the next, and finds its lines again there.

use std::collections::{HashMap, HashSet};

use super::comments::{Comment, CommentId, Target};
use super::model::Side;
use super::prepared::File;
use super::state::Review;
use super::verdicts::{Key, Verdict};
use crate::workbench::comments::{About, Comment as Said, MOST_QUOTED, prompt};

/// All that was said.
#[derive(Debug, Clone, Default)]
pub struct Remarks {
    pub(super) comments: Vec<Remark>,
    pub(super) accepted: HashSet<Key>,
    /// What was done, and in which state it was seen: elsewhere the same change may be a new one.
    pub(super) done: HashMap<(String, Key), Verdict>,
}

/// A comment with all that its prompt needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    pub(super) id: CommentId,
    pub path: String,
    pub(super) target: Target,
    /// The lines that it is about; of many, the first.
    pub(super) quote: Vec<String>,
    pub text: String,
}

impl Remarks {
    /// Those on lines and files, in order.
    pub fn comments(&self) -> &[Remark] {
        &self.comments
    }

    /// All comments as one prompt for an agent; empty when there are none.
    pub fn prompt(&self) -> String {
        let mut sorted: Vec<&Remark> = self.comments.iter().collect();
        sorted.sort_by_key(|remark| (&remark.path, remark.target.order(), remark.id));
        prompt(&sorted.into_iter().map(Remark::comment).collect::<Vec<_>>())
    }

    /// They were sent.
    pub fn forget_comments(&mut self) {
        self.comments.clear();
    }

    /// What was done with parts of a state.
    pub fn did(&mut self, state: &str, keys: &[Key], verdict: Option<Verdict>) {
        for key in keys {
            let at = (state.to_owned(), key.clone());
            match verdict {
                Some(verdict) => _ = self.done.insert(at, verdict),
                None => _ = self.done.remove(&at),
            }
        }
    }
}

impl Remark {
    fn of(comment: &Comment, file: &File) -> Self {
        let (path, quote) = match (comment.target, file.text()) {
            (Target::Lines { side, first, last }, Some(text)) => {
                let lines = if side == Side::Old { &text.old } else { &text.new };
                let path = if side == Side::Old { file.old_path.as_ref() } else { None };
                let quote = (first..=last).take(MOST_QUOTED).map(|line| lines.get(line).to_owned());
                (path.unwrap_or(&file.path).clone(), quote.collect())
            }
            _ => (file.path.clone(), Vec::new()),
        };
        Self { id: comment.id, path, target: comment.target, quote, text: comment.text.clone() }
    }

    pub fn id(&self) -> CommentId {
        self.id
    }

    /// `src/a.rs:12-14`
    pub fn place(&self) -> String {
        match self.target {
            Target::File => self.path.clone(),
            Target::Lines { side: Side::New, .. } => format!("{}:{}", self.path, self.target.lines()),
            Target::Lines { side: Side::Old, .. } => format!("{}:{} (old)", self.path, self.target.lines()),
        }
    }

    fn comment(&self) -> Said {
        let about = match self.target {
            Target::File => About::File,
            Target::Lines { side, first, last } => About::Lines {
                first: first + 1,
                last: last + 1,
                is_old: side == Side::Old,
                quote: self.quote.clone(),
            },
        };
        Said { path: self.path.clone(), about, text: self.text.clone() }
    }

    /// Where it stands in a file of another review; `None` where its lines are not there.
    fn target_in(&self, file: &File) -> Option<Target> {
        let Target::Lines { side, first, .. } = self.target else {
            return (self.path == file.path).then_some(Target::File);
        };
        let path = match side {
            Side::Old => file.old_path.as_ref().unwrap_or(&file.path),
            Side::New => &file.path,
        };
        let text = file.text().filter(|_| *path == self.path)?;
        let lines = if side == Side::Old { &text.old } else { &text.new };
        let len = self.target.len();
        let last = lines.len().checked_sub(len)?;
        let is_here = |at: &usize| {
            self.quote.iter().enumerate().all(|(offset, line)| lines.get(at + offset) == line.as_str())
        };
        let at = (0..=last).filter(is_here).min_by_key(|at| at.abs_diff(first))?;
        Some(Target::Lines { side, first: at, last: at + len - 1 })
    }
}

impl Review {
    /// With what was said before, in a review of this state: a commit's hash.
    #[must_use]
    pub fn with_remarks(mut self, state: &str, remarks: Remarks) -> Self {
        self.next_comment =
            remarks.comments.iter().map(|remark| remark.id.0 + 1).max().unwrap_or(self.next_comment);
        for remark in remarks.comments {
            let mut place = self.entries.iter().enumerate();
            let found = place.find_map(|(at, entry)| Some((at, remark.target_in(&entry.file)?)));
            match found {
                Some((file, target)) => {
                    self.comments.push(Comment { id: remark.id, file, target, text: remark.text });
                }
                None => self.elsewhere.push(remark),
            }
        }
        for entry in &mut self.entries {
            for (part, verdict) in entry.file.parts.iter().zip(&mut entry.verdicts) {
                if !remarks.done.is_empty() {
                    *verdict = remarks.done.get(&(state.to_owned(), part.key.clone())).copied();
                }
                if verdict.is_none() && remarks.accepted.contains(&part.key) {
                    *verdict = Some(Verdict::Accepted);
                }
            }
            entry.folded = entry.is_judged();
        }
        self.kept = Remarks { comments: Vec::new(), ..remarks };
        self.rearrange(|_| {});
        self
    }

    /// What was said up to now, of other states too.
    pub fn remarks(&self) -> Remarks {
        let here = self.comments.iter().map(|comment| Remark::of(comment, &self.entries[comment.file].file));
        let mut remarks = self.kept.clone();
        remarks.comments = here.chain(self.elsewhere.iter().cloned()).collect();
        remarks.comments.sort_by_key(|remark| remark.id);
        for entry in &self.entries {
            for (part, verdict) in entry.file.parts.iter().zip(&entry.verdicts) {
                match verdict {
                    Some(Verdict::Accepted) => _ = remarks.accepted.insert(part.key.clone()),
                    None => _ = remarks.accepted.remove(&part.key),
                    Some(_) => {}
                }
            }
        }
        remarks
    }

    /// Something was done with parts of the state that is shown.
    pub fn did(&mut self, state: &str, keys: &[Key], verdict: Option<Verdict>) {
        self.kept.did(state, keys, verdict);
        self.judge(keys, verdict);
    }

    /// How many comments are about lines that this review does not show.
    pub fn comments_elsewhere(&self) -> usize {
        self.elsewhere.len()
    }
}
