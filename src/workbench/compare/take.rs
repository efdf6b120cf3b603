//! Files of several candidates taken into a new branch, from the commit that all of them began at: a commit of the
//! user's for each candidate, which says whose work it is. No worktree is needed for it, and none is touched. Hunks
//! are taken over one by one, in a review over the tab of that branch.

use std::sync::Arc;

use super::ground::{mix_began, mix_name};
use super::row::Row;
use crate::agent::Failure;
use crate::git::codec::frames;
use crate::git::{CommitId, Expect, FileChange, GitError, Repo};
use crate::workbench::Place;
use crate::workbench::amend::{self, Amend, Part, Way, compose};

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
    pub paths: Vec<String>,
}

/// A branch with what was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mixed {
    pub branch: String,
    /// One for each candidate, the oldest first; none where nothing was taken yet.
    pub commits: Vec<String>,
    pub files: usize,
}

impl Pick {
    /// Files of a row, for the message of a commit with whose work it is.
    pub fn of(row: &Row, paths: Vec<String>) -> Self {
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

/// Takes files into a new branch named after the comparison. Of a file that several give, the changes of each are
/// taken where their lines keep apart. Without any files the branch begins at the base: for hunks.
///
/// # Errors
/// When what one gives does not go together with what was taken before it: with the candidate and the file. Nothing
/// refers to what was made then.
pub async fn take(
    place: &Arc<Place>,
    base: String,
    stem: String,
    picks: Vec<Pick>,
) -> Result<Mixed, Failure> {
    let mut head = base.clone();
    let mut commits = Vec::new();
    for pick in picks.into_iter().filter(|pick| !pick.paths.is_empty()) {
        let who = format!("{} ({})", pick.letter, pick.who);
        let amend = amend_of(place, base.clone(), pick).await?;
        let made = compose(place, head, vec![amend]).await;
        head = made.map_err(|failure| Failure {
            message: format!("from {who}: {}", failure.message),
            hint: Some(
                "nothing was taken; take the file from one of them, or single hunks in a review".to_owned(),
            ),
            ..failure
        })?;
        commits.push(head.clone());
    }
    place
        .git(move |repo| {
            let (base, head) = (repo.resolve(&base)?, repo.resolve(&head)?);
            let branch = mix_name(repo, &stem);
            let name = format!("refs/heads/{branch}");
            repo.update_ref(&name, &head, Expect::Absent, "offshoot: taken from several")?;
            mix_began(repo, &branch, &base)?;
            let files = repo.diff(Some(&base), &head)?.files.len();
            Ok::<_, GitError>(Mixed { branch, commits, files })
        })
        .await
}

async fn amend_of(place: &Arc<Place>, base: String, pick: Pick) -> Result<Amend, Failure> {
    place
        .git(move |repo| {
            let to = repo.resolve(&format!("refs/heads/{}", pick.branch))?;
            let about = format!(
                "candidate {}, {}, on {}{}",
                pick.letter,
                pick.who,
                pick.branch,
                stands_at(repo, &to)?
            );
            let picks = pick.paths.into_iter().map(|path| amend::Pick { path, part: Part::File }).collect();
            Ok::<_, GitError>(Amend { way: Way::Take, from: Some(base), to: to.to_string(), picks, about })
        })
        .await
}

/// The session and the step that a commit is the end of.
fn stands_at(repo: &Repo, commit: &CommitId) -> Result<String, GitError> {
    let data = repo.commit(commit)?;
    let stamp = frames(&data.message).ok().and_then(|frames| Some(frames.last()?.stamp.clone()));
    Ok(stamp.map_or_else(String::new, |stamp| {
        format!(" (session {}, turn {}, step {})", stamp.session, stamp.turn, stamp.step)
    }))
}
