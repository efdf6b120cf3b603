//! Files of several candidates taken into a new branch, from the commit that all of them began at: a commit of the
//! user's for each candidate, which says whose work it is. No worktree is needed for it, and none is touched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ground::mix_name;
use super::row::Row;
use crate::agent::{Failure, fit};
use crate::chat::ErrorClass;
use crate::git::codec::frames;
use crate::git::{CommitId, Expect, FileChange, GitError, Repo};
use crate::workbench::Place;
use crate::workbench::words::count;

/// Columns of a subject.
const SUBJECT: usize = 72;

/// What a candidate changed, to be chosen from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub letter: char,
    pub branch: String,
    pub files: Vec<FileChange>,
}

/// Files of one candidate that are to be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    pub letter: char,
    /// In a few words, whose work it is.
    pub who: String,
    pub branch: String,
    pub paths: Vec<PathBuf>,
}

/// A branch with what was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mixed {
    pub branch: String,
    /// One for each candidate, the oldest first.
    pub commits: Vec<String>,
    pub files: usize,
}

impl Pick {
    /// Files of a row, for the message of a commit with whose work it is.
    pub fn of(row: &Row, paths: Vec<PathBuf>) -> Self {
        Self { letter: row.letter, who: row.name(), branch: row.branch.clone(), paths }
    }
}

/// What each of the candidates changed since all began.
pub async fn offers(
    place: &Arc<Place>,
    base: String,
    rows: Vec<(char, String)>,
) -> Result<Vec<Offer>, Failure> {
    place
        .git(move |repo| {
            let base = repo.resolve(&base)?;
            let mut offers = Vec::new();
            for (letter, branch) in rows {
                // One that could not be opened has none.
                let Some(head) = repo.read_ref(&format!("refs/heads/{branch}"))? else { continue };
                let files = repo.diff(Some(&base), &head)?.files;
                offers.push(Offer { letter, branch, files });
            }
            Ok::<_, GitError>(offers)
        })
        .await
}

/// Takes files, whole, into a new branch named after the comparison.
///
/// # Errors
/// When two candidates are to give the same path, or one a file where another needs a folder: nothing is made then.
pub async fn take(
    place: &Arc<Place>,
    base: String,
    stem: String,
    picks: Vec<Pick>,
) -> Result<Mixed, Failure> {
    let picks: Vec<Pick> = picks.into_iter().filter(|pick| !pick.paths.is_empty()).collect();
    refuse_clashes(&picks)?;
    place
        .git(move |repo| {
            let base = repo.resolve(&base)?;
            let mut at = base.clone();
            let mut commits = Vec::new();
            for pick in &picks {
                let from = repo.resolve(&format!("refs/heads/{}", pick.branch))?;
                let tree = repo.graft(&at, &from, &with_old_places(repo, &base, &from, pick)?)?;
                if tree == repo.commit(&at)?.tree {
                    continue;
                }
                at = repo.write_commit(&tree, &[at], &message(repo, pick, &from)?)?;
                commits.push(at.to_string());
            }
            if commits.is_empty() {
                let failure = Failure::new(ErrorClass::NotFound, "there is nothing to take: no file differs");
                return Err(failure.hint("mark the files that are wanted"));
            }
            let branch = mix_name(repo, &stem)?;
            repo.update_ref(
                &format!("refs/heads/{branch}"),
                &at,
                Expect::Absent,
                "offshoot: taken from several",
            )?;
            let files = repo.diff(Some(&base), &at)?.files.len();
            Ok::<_, Failure>(Mixed { branch, commits, files })
        })
        .await
}

/// Whether two are to give the same path, or a file and what would be below it.
///
/// # Errors
/// With all such paths.
pub fn refuse_clashes(picks: &[Pick]) -> Result<(), Failure> {
    let mut given: BTreeMap<&Path, char> = BTreeMap::new();
    let mut clashes = Vec::new();
    for pick in picks {
        for path in &pick.paths {
            let above = path.ancestors().find_map(|above| given.get_key_value(above));
            let below = given.iter().find(|(other, _)| other.starts_with(path));
            match above.or(below).filter(|(_, letter)| **letter != pick.letter) {
                Some((_, other)) => {
                    clashes.push(format!("{} (from {other} and {})", path.display(), pick.letter));
                }
                None => {
                    given.insert(path, pick.letter);
                }
            }
        }
    }
    if clashes.is_empty() {
        return Ok(());
    }
    let failure =
        Failure::new(ErrorClass::Internal, format!("two are to give the same place: {}", clashes.join(", ")));
    Err(failure.hint(
        "take each file from one of them; hunks can be taken one by one in the review of the new branch",
    ))
}

/// A file that was moved leaves its old place too.
fn with_old_places(
    repo: &Repo,
    base: &CommitId,
    from: &CommitId,
    pick: &Pick,
) -> Result<Vec<PathBuf>, GitError> {
    let mut paths = pick.paths.clone();
    for file in repo.diff(Some(base), from)?.files {
        if let Some(old) = file.old_path.filter(|_| pick.paths.contains(&file.path)) {
            paths.push(old);
        }
    }
    Ok(paths)
}

/// Says for readers what was taken, and where it comes from.
fn message(repo: &Repo, pick: &Pick, from: &CommitId) -> Result<String, GitError> {
    let files = match pick.paths.as_slice() {
        [one] => one.display().to_string(),
        several => count(several.len(), "file"),
    };
    let who = one_line(&pick.who);
    let subject = fit(&format!("Take {} from {} ({who})", one_line(&files), pick.letter), SUBJECT);
    let mut text = format!(
        "{subject}\n\n{} as they stand on {}, at {}",
        count(pick.paths.len(), "file"),
        pick.branch,
        from.short()
    );
    let data = repo.commit(from)?;
    let stamp = frames(&data.message).ok().and_then(|frames| Some(frames.last()?.stamp.clone()));
    if let Some(stamp) = stamp {
        text.push_str(&format!(" (session {}, turn {}, step {})", stamp.session, stamp.turn, stamp.step));
    }
    text.push_str(":\n\n");
    for path in &pick.paths {
        text.push_str(&format!("- {}\n", one_line(&path.display().to_string())));
    }
    Ok(text)
}

/// Names may hold anything.
fn one_line(text: &str) -> String {
    text.chars().map(|one| if one.is_control() { '\u{fffd}' } else { one }).collect()
}
