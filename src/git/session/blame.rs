//! Who or what is behind the lines of a file: the step and the prompt of an agent, also where its work landed as one
//! commit of another branch, or a person.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use similar::{Algorithm, DiffOp};

use super::SessionError;
use super::credit::{Credit, Credits, landed_from};
use crate::git::{BlameAt, BlamedLine, Blanks, CommitId, Repo};

/// A file with what is behind each of its lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Blame {
    pub lines: Vec<LineCredit>,
    /// What `LineCredit::source` counts.
    pub sources: Vec<Source>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineCredit {
    /// From 1, in the version that was asked for.
    pub number: usize,
    pub text: String,
    /// `None` of a line that is in no commit yet.
    pub source: Option<usize>,
}

/// What lines came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    pub credit: Credit,
    /// The commit by which it came to the branch that was asked for, where that is another one.
    pub landed: Option<CommitId>,
    /// What the file was called there.
    pub path: PathBuf,
}

/// How many landings are looked through, one behind the other.
const DEPTH: usize = 8;

/// Who or what is behind the lines of a file; `path` is relative to the top.
///
/// # Errors
/// When there is no such file or no such line.
pub fn blame(
    repo: &Repo,
    at: BlameAt<'_>,
    path: &Path,
    lines: Option<&RangeInclusive<usize>>,
    blanks: Blanks,
) -> Result<Blame, SessionError> {
    let found = traced(repo, at, path, lines, (blanks, DEPTH))?;
    let first = lines.map_or(1, |lines| *lines.start());
    let mut credits = Credits::new(repo);
    let mut known: HashMap<(CommitId, Option<CommitId>, PathBuf), usize> = HashMap::new();
    let mut blame = Blame { lines: Vec::with_capacity(found.len()), sources: Vec::new() };
    for (at, (line, landed)) in found.into_iter().enumerate() {
        let source = match line.commit {
            None => None,
            Some(commit) => {
                let key = (commit, landed, line.path);
                let at = match known.get(&key) {
                    Some(at) => *at,
                    None => {
                        blame.sources.push(source(&mut credits, &key)?);
                        known.insert(key, blame.sources.len() - 1);
                        blame.sources.len() - 1
                    }
                };
                Some(at)
            }
        };
        blame.lines.push(LineCredit { number: first + at, text: line.text, source });
    }
    Ok(blame)
}

fn source(
    credits: &mut Credits<'_>,
    (commit, landed, path): &(CommitId, Option<CommitId>, PathBuf),
) -> Result<Source, SessionError> {
    let credit = credits.of(commit)?;
    // A copy of a step landed it.
    let copied = Some(commit.clone()).filter(|commit| credit.commit() != commit);
    Ok(Source { credit, landed: landed.clone().or(copied), path: path.clone() })
}

/// A line, and the commit by which it landed.
type Traced = (BlamedLine, Option<CommitId>);

/// As git tells it, and then through the commits by which work landed: behind each the file is looked at again as it
/// was there.
fn traced(
    repo: &Repo,
    at: BlameAt<'_>,
    path: &Path,
    lines: Option<&RangeInclusive<usize>>,
    (blanks, depth): (Blanks, usize),
) -> Result<Vec<Traced>, SessionError> {
    let mut found: Vec<Traced> =
        repo.blame(at, path, lines, blanks)?.into_iter().map(|line| (line, None)).collect();
    if depth == 0 {
        return Ok(found);
    }
    let mut behind: HashMap<(CommitId, PathBuf), HashMap<usize, Traced>> = HashMap::new();
    for (line, landed) in &mut found {
        let Some(commit) = line.commit.clone() else { continue };
        let key = (commit.clone(), line.path.clone());
        if !behind.contains_key(&key) {
            let through = look_through(repo, &commit, &line.path, (blanks, depth))?;
            behind.insert(key.clone(), through);
        }
        if let Some((deeper, _)) = behind[&key].get(&line.line) {
            let text = std::mem::take(&mut line.text);
            *line = BlamedLine { text, ..deeper.clone() };
            *landed = Some(commit);
        }
    }
    Ok(found)
}

/// The lines of a file in a commit by which work landed, as far as they are the same in what landed: by their
/// numbers in the commit.
fn look_through(
    repo: &Repo,
    commit: &CommitId,
    path: &Path,
    (blanks, depth): (Blanks, usize),
) -> Result<HashMap<usize, Traced>, SessionError> {
    let data = repo.commit(commit)?;
    let Some(head) = landed_from(repo, &data)? else { return Ok(HashMap::new()) };
    let (Some(here), Some(there)) = (repo.blob(commit, path)?, repo.blob(&head, path)?) else {
        return Ok(HashMap::new());
    };
    let deeper = traced(repo, BlameAt::Commit(&head), path, None, (blanks, depth - 1))?;
    let split = |text: &[u8]| -> Vec<String> {
        String::from_utf8_lossy(text).split_inclusive('\n').map(|line| line.trim_end().to_owned()).collect()
    };
    let mut found = HashMap::new();
    for op in similar::capture_diff_slices(Algorithm::Myers, &split(&here), &split(&there)) {
        let DiffOp::Equal { old_index, new_index, len } = op else { continue };
        for at in 0..len {
            if let Some(line) = deeper.get(new_index + at) {
                found.insert(old_index + at + 1, line.clone());
            }
        }
    }
    Ok(found)
}
