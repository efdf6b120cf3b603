//! Parts of a difference put into a third state: files, or hunks of them, taken from a branch or taken back.
//! What comes out is a tree; no reference moves, and no file on disk changes.

mod entries;
mod hunks;
#[cfg(test)]
mod tests;

pub use hunks::{Hunk, Unfit, apply, changed, hunks};

use super::contents::{Change, Side, is_binary};
use super::{GitError, ObjectId, Repo};

/// Two states, and which way from one to the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `None`: from nothing.
    pub from: Option<ObjectId>,
    pub to: ObjectId,
    pub way: Way,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// What the difference did is done.
    Take,
    /// What it did is undone.
    Revert,
}

/// A part of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    /// The file's name in the difference: the new one, or that of a deleted file.
    pub path: String,
    pub part: Part,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Its content, its name and its mode.
    File,
    /// Lines of its text, as the difference has them, whichever way it goes.
    Hunks(Vec<Hunk>),
}

/// Why parts do not go in. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum PickError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("{}", said(_0))]
    Refused(Vec<Refused>),
}

/// A part that does not go in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub path: String,
    pub why: Refusal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The file is not in the difference.
    NotChanged,
    Lines(Unfit),
    /// The file was changed since, where there are no lines to tell what goes and what stays.
    Changed,
    /// There is no such file, or not any more.
    Missing,
    /// There is a file of that name already.
    InTheWay,
    /// A submodule's commit: that is moved in the submodule.
    Submodule,
    /// It has no lines, so it goes as a whole or not at all.
    NoLines,
}

/// A file in the third state.
type Entry = Option<(u32, ObjectId)>;

/// What is to be put at a path.
type Put = (Vec<u8>, Entry);

/// Texts of more bytes are not looked through for the place of a line.
const LARGE: usize = 4 * 1024 * 1024;

const LINK: u32 = 0o120_000;
const SUBMODULE: u32 = 0o160_000;

impl Repo {
    /// The tree of `onto`, a commit or a tree, with parts of a difference put in: all of them, or none.
    pub fn pick(
        &self,
        difference: &Difference,
        picks: &[Pick],
        onto: &ObjectId,
    ) -> Result<ObjectId, PickError> {
        let changes = self.changes(difference.from.as_ref(), &difference.to)?;
        let mut tree = onto.clone();
        let mut refused = Vec::new();
        for pick in picks {
            let found = changes.iter().find(|change| change.path == pick.path);
            let put = match found {
                Some(change) => self.put(&Both::of(change, difference.way), pick, difference.way, &tree)?,
                None => Err(Refusal::NotChanged),
            };
            match put {
                // One after the other: two parts may be of one file.
                Ok(entries) if refused.is_empty() => tree = self.tree_with(&tree, &entries)?,
                Ok(_) => {}
                Err(why) => refused.push(Refused { path: pick.path.clone(), why }),
            }
        }
        if refused.is_empty() { Ok(tree) } else { Err(PickError::Refused(refused)) }
    }

    fn put(
        &self,
        both: &Both<'_>,
        pick: &Pick,
        way: Way,
        onto: &ObjectId,
    ) -> Result<Result<Vec<Put>, Refusal>, GitError> {
        if both.before.iter().chain(&both.after).any(|side| side.mode == SUBMODULE) {
            return Ok(Err(Refusal::Submodule));
        }
        let here = self.entry(onto, both.old_path)?;
        let there = if both.is_renamed() { self.entry(onto, both.path)? } else { here.clone() };
        match &pick.part {
            Part::File => self.put_file(both, here, &there),
            Part::Hunks(hunks) => {
                let hunks: Vec<Hunk> = match way {
                    Way::Take => hunks.clone(),
                    Way::Revert => hunks.iter().map(Hunk::reversed).collect(),
                };
                self.put_hunks(both, &hunks, here, there)
            }
        }
    }

    /// The file whole: what it became in between stays, where its lines tell it apart.
    fn put_file(
        &self,
        both: &Both<'_>,
        here: Entry,
        there: &Entry,
    ) -> Result<Result<Vec<Put>, Refusal>, GitError> {
        let (before, after) = match (both.before, both.after) {
            (None, None) => return Ok(Err(Refusal::NotChanged)),
            (None, Some(after)) => {
                return Ok(match here {
                    None => Ok(vec![(both.path.to_vec(), Some(after.content()))]),
                    Some(here) if here == after.content() => Err(already()),
                    Some(_) => Err(Refusal::InTheWay),
                });
            }
            (Some(before), None) => {
                return Ok(match here {
                    None => Err(already()),
                    Some((_, id)) if id == before.id => Ok(vec![(both.old_path.to_vec(), None)]),
                    Some(_) => Err(Refusal::Changed),
                });
            }
            (Some(before), Some(after)) => (before, after),
        };
        let Some((mode, id)) = here else {
            let is_done = there.as_ref().is_some_and(|(_, id)| *id == after.id);
            return Ok(Err(if is_done { already() } else { Refusal::Missing }));
        };
        if both.is_renamed() && there.is_some() {
            return Ok(Err(Refusal::InTheWay));
        }
        let mode = match mode {
            mode if mode == before.mode => after.mode,
            mode if before.mode == after.mode || mode == after.mode => mode,
            _ => return Ok(Err(Refusal::Changed)),
        };
        let is_plain = |mode: u32| mode != LINK;
        let id = if id == before.id {
            after.id.clone()
        } else if id == after.id || before.id == after.id {
            id
        } else if [before.mode, after.mode, mode].into_iter().all(is_plain) {
            let (old, new, onto) = (self.blob_of(&before.id)?, self.blob_of(&after.id)?, self.blob_of(&id)?);
            if [&old, &new, &onto].into_iter().any(|text| is_binary(text) || text.len() > LARGE) {
                return Ok(Err(Refusal::Changed));
            }
            match apply(&old, &new, &hunks(&old, &new), &onto) {
                Ok(bytes) => self.write_blob(bytes)?,
                Err((_, why)) => return Ok(Err(Refusal::Lines(why))),
            }
        } else {
            return Ok(Err(Refusal::Changed));
        };
        let put = Some((mode, id));
        if !both.is_renamed() {
            return Ok(if put == *there { Err(already()) } else { Ok(vec![(both.path.to_vec(), put)]) });
        }
        Ok(Ok(vec![(both.old_path.to_vec(), None), (both.path.to_vec(), put)]))
    }

    /// Lines of the file, wherever it is now.
    fn put_hunks(
        &self,
        both: &Both<'_>,
        hunks: &[Hunk],
        here: Entry,
        there: Entry,
    ) -> Result<Result<Vec<Put>, Refusal>, GitError> {
        let read = |side: Option<&Side>| side.map_or_else(|| Ok(Vec::new()), |side| self.blob_of(&side.id));
        let (old, new) = (read(both.before)?, read(both.after)?);
        let is_link = both.before.iter().chain(&both.after).any(|side| side.mode == LINK);
        if is_link || [&old, &new].into_iter().any(|text| is_binary(text) || text.len() > LARGE) {
            return Ok(Err(Refusal::NoLines));
        }
        let (path, at) = match (here, there) {
            (Some(here), _) => (both.old_path, Some(here)),
            (None, Some(there)) => (both.path, Some(there)),
            (None, None) if both.before.is_none() => (both.path, None),
            (None, None) => return Ok(Err(Refusal::Missing)),
        };
        let onto = match &at {
            Some((_, id)) => self.blob_of(id)?,
            None => Vec::new(),
        };
        if is_binary(&onto) || onto.len() > LARGE {
            return Ok(Err(Refusal::NoLines));
        }
        let bytes = match apply(&old, &new, hunks, &onto) {
            Ok(bytes) => bytes,
            Err((_, why)) => return Ok(Err(Refusal::Lines(why))),
        };
        // Without its last line, a file that is to go is gone.
        if bytes.is_empty() && both.after.is_none() {
            return Ok(Ok(vec![(path.to_vec(), None)]));
        }
        let mode = at.map_or_else(|| both.after.map_or(0o100_644, |side| side.mode), |(mode, _)| mode);
        Ok(Ok(vec![(path.to_vec(), Some((mode, self.write_blob(bytes)?)))]))
    }
}

/// The two sides of a file, in the order in which they are gone through.
struct Both<'a> {
    old_path: &'a [u8],
    path: &'a [u8],
    before: Option<&'a Side>,
    after: Option<&'a Side>,
}

impl<'a> Both<'a> {
    fn of(change: &'a Change, way: Way) -> Self {
        let (old, new) = (change.old_name.as_deref().unwrap_or(&change.name), change.name.as_slice());
        match way {
            Way::Take => {
                Self { old_path: old, path: new, before: change.old.as_ref(), after: change.new.as_ref() }
            }
            Way::Revert => {
                Self { old_path: new, path: old, before: change.new.as_ref(), after: change.old.as_ref() }
            }
        }
    }

    fn is_renamed(&self) -> bool {
        self.old_path != self.path
    }
}

impl Side {
    fn content(&self) -> (u32, ObjectId) {
        (self.mode, self.id.clone())
    }
}

fn already() -> Refusal {
    Refusal::Lines(Unfit::Already)
}

impl Refused {
    /// In a sentence that begins with the file.
    fn said(&self) -> String {
        let path = &self.path;
        match self.why {
            Refusal::NotChanged => format!("{path} does not differ there"),
            Refusal::Lines(Unfit::Gone) => {
                format!("{path}: the lines that this would change are not there any more")
            }
            Refusal::Lines(Unfit::Already) => format!("{path} stands like that already"),
            Refusal::Lines(Unfit::Ambiguous) => {
                format!("{path}: several places look like the one that is meant")
            }
            Refusal::Changed => format!("{path} was changed since"),
            Refusal::Missing => format!("{path} is not there any more"),
            Refusal::InTheWay => format!("another {path} is there already"),
            Refusal::Submodule => format!("{path} is a submodule: its commit is moved in there"),
            Refusal::NoLines => format!("{path} has no lines to choose from: it goes as a whole"),
        }
    }

    /// Whether what was wanted is so already.
    pub fn is_already(&self) -> bool {
        self.why == already()
    }
}

fn said(refused: &[Refused]) -> String {
    refused.iter().map(Refused::said).collect::<Vec<_>>().join("; ")
}
