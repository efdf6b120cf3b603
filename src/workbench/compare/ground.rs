//! What all candidates begin with: one commit, with the conversation that led to it, and branches whose names show
//! that they belong together.

use std::sync::Arc;

use super::plan::{Candidate, letter};
use crate::agent::{Failure, Order, Situation};
use crate::git::session::{self, SessionError};
use crate::git::{CommitId, Expect, GitError, Repo};
use crate::workbench::{BranchName, Place, Start, Uncommitted};

/// Where it is on record that branches were made for a comparison: `refs/offshoot/compared/<name>/<letter>` is
/// the commit that all of them began at.
const COMPARED: &str = "refs/offshoot/compared/";
/// Where it is on record at which commit a branch began that takes from several: what was taken is its own work.
const MIXED: &str = "refs/offshoot/mixed/";
/// What the branch is called into which things are taken from several.
const MIX: &str = "-mix";

/// Where a comparison begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin {
    /// At the end of a session, with its conversation.
    Session { id: String, branch: String },
    /// At what the user has checked out.
    Checkout(Uncommitted),
}

/// What the candidates of one comparison share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    /// The commit that all begin at.
    pub base: String,
    /// The commit that holds the conversation that they go on from.
    pub tip: Option<String>,
    /// The branches are this, and a letter: `offshoot/fix-it` and `-a`.
    pub stem: String,
    pub notices: Vec<String>,
}

/// A branch's part in a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub letter: char,
    /// The other branches of it that are still there.
    pub others: Vec<String>,
}

impl Ground {
    /// The branch of the candidate at a place.
    pub fn branch(&self, at: usize) -> String {
        format!("{}-{}", self.stem, letter(at))
    }

    /// What the tab of the candidate at a place begins with.
    pub fn start(&self, at: usize) -> Start {
        let branch = BranchName::Given(self.branch(at));
        match &self.tip {
            Some(tip) => Start::Fork { rev: tip.clone(), turn: None, branch },
            None => Start::At { commit: self.base.clone(), branch },
        }
    }

    /// In a few words: where all of them begin.
    pub fn told(&self) -> String {
        let short = self.base.get(..10).unwrap_or(&self.base);
        let with = if self.tip.is_some() { ", with the conversation so far" } else { "" };
        format!("all start from {short}{with}")
    }
}

/// Finds out what a comparison begins with. A snapshot of uncommitted work is made once, for all.
///
/// # Errors
/// When one of the candidates cannot be asked: before anything is made.
pub async fn ground(
    place: &Arc<Place>,
    begin: Begin,
    prompt: &str,
    candidates: &[Candidate],
) -> Result<Ground, Failure> {
    for (at, candidate) in candidates.iter().enumerate() {
        let order = candidate.order(Order { prompt: prompt.to_owned(), ..Order::default() });
        place.base.services.decide(&order, &Situation::default()).map_err(|failure| Failure {
            message: format!("{} ({}): {}", letter(at), candidate.name(), failure.message),
            ..failure
        })?;
    }
    let count = candidates.len();
    let prompt = prompt.to_owned();
    place
        .git(move |repo| {
            let mut notices = Vec::new();
            let (base, tip) = match begin {
                Begin::Session { id, branch } => end_of(repo, &id, &branch)?,
                Begin::Checkout(uncommitted) => (checked_out(repo, uncommitted, &mut notices)?, None),
            };
            let endings: Vec<String> = (0..count).map(|at| format!("-{}", letter(at))).collect();
            let endings: Vec<&str> = endings.iter().map(String::as_str).chain([MIX]).collect();
            let stem = repo.branch_stem(&prompt, &endings)?;
            for at in 0..count {
                let name = format!("{}{}", recorded(&stem), letter(at));
                repo.update_ref(&name, &base, Expect::Any, "offshoot: compared")?;
            }
            let tip = tip.map(|tip| tip.to_string());
            Ok::<_, Failure>(Ground { base: base.to_string(), tip, stem, notices })
        })
        .await
}

/// What part a branch has in a comparison, if any.
pub fn member(repo: &Repo, branch: &str) -> Result<Option<Member>, Failure> {
    let Some((stem, last)) = branch.rsplit_once('-') else { return Ok(None) };
    let all = recorded(stem);
    let letters: Vec<String> = repo
        .refs(&all)?
        .into_iter()
        .filter_map(|(name, _)| Some(name.strip_prefix(&all)?.to_owned()))
        .collect();
    if !letters.iter().any(|one| one == last) {
        return Ok(None);
    }
    let mut others = Vec::new();
    for one in letters.iter().filter(|one| *one != last) {
        let name = format!("{stem}-{one}");
        if repo.read_ref(&format!("refs/heads/{name}"))?.is_some() {
            others.push(name);
        }
    }
    Ok(last.chars().next().map(|letter| Member { letter, others }))
}

/// Where the letters of a comparison are on record.
fn recorded(stem: &str) -> String {
    format!("{COMPARED}{}/", stem.replace('/', "-"))
}

/// The name of a free branch for what is taken from several.
pub(super) fn mix_name(repo: &Repo, stem: &str) -> String {
    let base = format!("{stem}{MIX}");
    let is_free = |name: &String| repo.read_ref(&format!("refs/heads/{name}")).is_ok_and(|at| at.is_none());
    let numbered = (2..1000).map(|number| format!("{base}-{number}"));
    std::iter::once(base.clone()).chain(numbered).find(is_free).unwrap_or(base)
}

/// Puts on record where a branch of that kind began.
pub(super) fn mix_began(repo: &Repo, branch: &str, base: &CommitId) -> Result<(), GitError> {
    repo.update_ref(&mixed(branch), base, Expect::Any, "offshoot: taken from several")
}

/// Where a branch began that takes from several candidates; `None` of any other.
pub fn mix_base(repo: &Repo, branch: &str) -> Option<CommitId> {
    repo.read_ref(&mixed(branch)).ok().flatten()
}

fn mixed(branch: &str) -> String {
    format!("{MIXED}{}", branch.replace('/', "-"))
}

/// The end of a session: the commit of its files, and that of its conversation, where anything was said.
fn end_of(repo: &Repo, id: &str, branch: &str) -> Result<(CommitId, Option<CommitId>), Failure> {
    match session::peek(repo, Some(id)) {
        Ok(peek) => Ok((peek.head, Some(peek.tip))),
        Err(SessionError::NoSession { .. } | SessionError::Git(GitError::UnknownRevision { .. })) => {
            Ok((repo.resolve(branch)?, None))
        }
        Err(error) => Err(error.into()),
    }
}

fn checked_out(
    repo: &Repo,
    uncommitted: Uncommitted,
    notices: &mut Vec<String>,
) -> Result<CommitId, Failure> {
    let head = repo.head()?.commit;
    let snapshot = match uncommitted {
        Uncommitted::Include => repo.snapshot()?,
        Uncommitted::Exclude => None,
    };
    if let Some(snapshot) = snapshot {
        notices.push(
            "all start from one snapshot of your uncommitted work; your checkout stays as it is".to_owned(),
        );
        notices.extend(snapshot.left_out.iter().map(|one| format!("left out of the snapshot: {one}")));
        return Ok(snapshot.commit);
    }
    match head {
        Some(head) => Ok(head),
        None => Ok(repo.write_commit(&repo.empty_tree()?, &[], "Start without files\n")?),
    }
}
