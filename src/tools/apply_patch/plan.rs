//! What a patch comes to, worked out before anything is written: the new content of every file. A
//! patch of which one part does not apply changes nothing.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::changes::{Counts, count};
use super::super::text::{Encoding, Text, TextError};
use super::super::workspace::Staged;
use super::super::{PathError, RelPath, Workspace, read};
use super::hunks::{self, HunkError};
use super::parse::{Action, FilePatch, Hunk, without_side};

#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error(transparent)]
    Path(#[from] PathError),
    #[error("{path}: no such file{near}")]
    NotFound { path: RelPath, near: String },
    #[error("{path}: exists already; use `*** Update File:`, or delete it first")]
    Exists { path: RelPath },
    #[error("{path}: {source}")]
    Text { path: RelPath, source: TextError },
    #[error("{path}: {source}")]
    Hunk { path: RelPath, source: HunkError },
}

/// Why a plan could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    #[error("{0}")]
    Clean(PathError),
    #[error("{source}; these could not be put back: {left}")]
    Left { source: PathError, left: String },
}

/// What is to be done.
#[derive(Debug, Default)]
pub struct Plan {
    files: BTreeMap<RelPath, File>,
    pub notes: Vec<String>,
}

/// One file, before and after.
#[derive(Debug)]
pub struct File {
    pub before: Option<Vec<u8>>,
    pub after: Option<Vec<u8>>,
    /// For counts and snippets; empty where there is no text.
    pub old_text: String,
    pub new_text: String,
    pub changed: Vec<Range<usize>>,
    encoding: Encoding,
    /// Whose permission bits it gets.
    moved_from: Option<RelPath>,
}

/// Works out what the patch comes to.
pub fn plan(patches: &[FilePatch], workspace: &Workspace) -> Result<Plan, PlanError> {
    let mut plan = Plan::default();
    for patch in patches {
        let path = plan.resolve(patch, workspace)?;
        match &patch.action {
            Action::Add { content } => plan.add(path, content, workspace)?,
            Action::Delete => plan.delete(&path, workspace)?,
            Action::Update { move_to, hunks } => {
                let target = match move_to {
                    Some(target) => Some(workspace.relative(without_side_if(patch.is_unified, target))?),
                    None => None,
                };
                plan.update(path, target, hunks, workspace)?;
            }
        }
    }
    plan.files.retain(|_, file| file.before != file.after);
    Ok(plan)
}

impl Plan {
    /// The files that change, by path.
    pub fn files(&self) -> impl Iterator<Item = (&RelPath, &File)> {
        self.files.iter()
    }

    /// Writes everything: first beside its place, where the disk may be full, and then into it.
    /// After a failure the files are as they were.
    pub fn commit(&self, workspace: &Workspace) -> Result<(), CommitError> {
        let mut staged: Vec<(&RelPath, Staged)> = Vec::new();
        for (path, file) in &self.files {
            let Some(content) = &file.after else { continue };
            let result = match &file.moved_from {
                Some(source) => workspace.stage_like(path, content, source),
                None => workspace.stage(path, content),
            };
            staged.push((path, result.map_err(CommitError::Clean)?));
        }
        let mut done: Vec<&RelPath> = Vec::new();
        for (path, content) in staged {
            content.commit().map_err(|error| self.put_back(&done, error, workspace))?;
            done.push(path);
        }
        for (path, _) in self.files.iter().filter(|(_, file)| file.after.is_none()) {
            workspace.remove(path).map_err(|error| self.put_back(&done, error, workspace))?;
            done.push(path);
        }
        Ok(())
    }

    fn put_back(&self, done: &[&RelPath], source: PathError, workspace: &Workspace) -> CommitError {
        let restore = |path: &RelPath| match self.files.get(path).and_then(|file| file.before.as_ref()) {
            Some(before) => workspace.write_atomically(path, before),
            None => workspace.remove(path),
        };
        let left: Vec<String> =
            done.iter().filter(|path| restore(path).is_err()).map(ToString::to_string).collect();
        if left.is_empty() {
            CommitError::Clean(source)
        } else {
            CommitError::Left { source, left: left.join(", ") }
        }
    }

    fn add(&mut self, path: RelPath, content: &str, workspace: &Workspace) -> Result<(), PlanError> {
        let file = self.load(&path, workspace)?;
        let bytes = content.as_bytes();
        if file.after.as_deref() == Some(bytes) {
            self.notes.push(format!("{path}: already has this content"));
            return Ok(());
        }
        if file.after.as_ref().is_some_and(|after| !after.is_empty()) {
            return Err(PlanError::Exists { path });
        }
        file.after = Some(bytes.to_vec());
        file.changed.clear();
        content.clone_into(&mut file.new_text);
        file.encoding = Encoding::Utf8;
        Ok(())
    }

    fn delete(&mut self, path: &RelPath, workspace: &Workspace) -> Result<(), PlanError> {
        let file = self.existing(path, workspace)?;
        file.after = None;
        file.new_text = String::new();
        file.changed.clear();
        Ok(())
    }

    fn update(
        &mut self,
        path: RelPath,
        target: Option<RelPath>,
        hunks: &[Hunk],
        workspace: &Workspace,
    ) -> Result<(), PlanError> {
        let file = self.existing(&path, workspace)?;
        if !hunks.is_empty() {
            // A binary file can be moved, but not changed.
            let bytes = file.after.as_deref().unwrap_or_default();
            Text::decode(bytes).map_err(|source| PlanError::Text { path: path.clone(), source })?;
            let applied = hunks::apply(&file.new_text, hunks)
                .map_err(|source| PlanError::Hunk { path: path.clone(), source })?;
            let bytes = file.encoding.encode(&applied.text);
            file.after = Some(bytes.map_err(|source| PlanError::Text { path: path.clone(), source })?);
            file.new_text = applied.text;
            file.changed = applied.changed;
            self.notes.extend(applied.notes.iter().map(|note| format!("{path}: {note}")));
        }
        let Some(target) = target.filter(|target| *target != path) else { return Ok(()) };
        if self.load(&target, workspace)?.after.is_some() {
            return Err(PlanError::Exists { path: target });
        }
        let source = self.existing(&path, workspace)?;
        let after = source.after.take();
        let new_text = std::mem::take(&mut source.new_text);
        let changed = std::mem::take(&mut source.changed);
        let (encoding, is_on_disk) = (source.encoding, source.before.is_some());
        let moved = self.load(&target, workspace)?;
        (moved.after, moved.new_text, moved.changed, moved.encoding) = (after, new_text, changed, encoding);
        moved.moved_from = Some(path).filter(|_| is_on_disk);
        Ok(())
    }

    /// The file as the patch has made it so far; it has to be there.
    fn existing(&mut self, path: &RelPath, workspace: &Workspace) -> Result<&mut File, PlanError> {
        if self.load(path, workspace)?.after.is_none() {
            return Err(PlanError::NotFound { path: path.clone(), near: read::near(workspace, path) });
        }
        self.load(path, workspace)
    }

    fn load(&mut self, path: &RelPath, workspace: &Workspace) -> Result<&mut File, PlanError> {
        if !self.files.contains_key(path) {
            let before = workspace.read_if_exists(path)?;
            let text = before.as_deref().map(Text::decode).and_then(Result::ok).unwrap_or_default();
            let file = File {
                after: before.clone(),
                before,
                old_text: text.content.clone(),
                new_text: text.content,
                changed: Vec::new(),
                encoding: text.encoding,
                moved_from: None,
            };
            self.files.insert(path.clone(), file);
        }
        Ok(self.files.get_mut(path).expect("it was inserted when it was missing"))
    }

    /// The path that a patch names: in a unified diff, without `a/` or `b/` unless that is what exists.
    fn resolve(&self, patch: &FilePatch, workspace: &Workspace) -> Result<RelPath, PathError> {
        let literal = workspace.relative(&patch.path)?;
        let is_there = self.files.contains_key(&literal) || workspace.exists(&literal);
        if is_there {
            return Ok(literal);
        }
        workspace.relative(without_side_if(patch.is_unified, &patch.path))
    }
}

impl File {
    pub fn counts(&self) -> Counts {
        count(&self.old_text, &self.new_text)
    }

    pub fn moved_from(&self) -> Option<&RelPath> {
        self.moved_from.as_ref()
    }
}

fn without_side_if(is_unified: bool, path: &str) -> &str {
    if is_unified { without_side(path) } else { path }
}
