//! The branches of a repository, with the sessions on them.

use std::collections::HashMap;

use super::state;
use crate::agent::Failure;
use crate::git::session::{self, SessionSummary};
use crate::git::{CommitId, Repo};
use crate::workbench::Place;

/// A branch in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchLine {
    /// Without `refs/heads/`.
    pub name: String,
    /// `None` of the user's own.
    pub session: Option<String>,
    /// The first words of the session; of the user's own, the subject of the last commit.
    pub title: String,
    pub head: String,
    pub steps: u32,
    pub turns: u32,
    /// `working` while a process has the session open, `interrupted` when one died with it, else `idle`.
    pub state: &'static str,
    /// When something was last done on it, in seconds since 1970.
    pub updated: i64,
    /// Everything on it is in what the user has checked out, however it came there.
    pub landed: bool,
    /// The user has it checked out.
    pub is_current: bool,
    /// The refs that keep heads which the session moved away from, the newest first.
    pub kept: Vec<String>,
}

/// All branches, the last one worked on first.
pub async fn branches(place: &Place) -> Result<Vec<BranchLine>, Failure> {
    let journals = place.journals();
    place
        .git(move |repo| {
            let here = repo.head()?;
            let mut kept: HashMap<String, Vec<String>> = HashMap::new();
            for one in session::kept(repo)? {
                kept.entry(one.session).or_default().push(one.name);
            }
            let sessions = session::list(repo)?;
            let mut lines = Vec::new();
            for (name, head) in repo.refs("refs/heads/")? {
                let Some(name) = name.strip_prefix("refs/heads/") else { continue };
                let own = sessions.iter().find(|one| one.branch.as_deref() == Some(name));
                let is_current = here.branch.as_deref() == Some(name);
                let into = here.commit.as_ref().filter(|_| !is_current);
                let data = repo.commit(&head)?;
                let line = BranchLine {
                    name: name.to_owned(),
                    session: own.map(|own| own.id.clone()),
                    title: own.map_or_else(|| data.subject().to_owned(), |own| own.title.clone()),
                    head: head.to_string(),
                    steps: own.map_or(0, |own| own.steps),
                    turns: own.map_or(0, |own| own.turns),
                    state: own.map_or("idle", |own| state(&journals, &own.id)),
                    updated: own.map_or(data.time, |own| own.updated.max(data.time)),
                    landed: into.is_some_and(|into| is_landed(repo, own, &head, into)),
                    is_current,
                    kept: own.and_then(|own| kept.remove(&own.id)).unwrap_or_default(),
                };
                lines.push(line);
            }
            lines.sort_by(|a, b| (b.updated, &a.name).cmp(&(a.updated, &b.name)));
            Ok::<_, Failure>(lines)
        })
        .await
}

/// What cannot be told has not landed.
fn is_landed(repo: &Repo, own: Option<&SessionSummary>, head: &CommitId, into: &CommitId) -> bool {
    match own {
        Some(_) => session::landed(repo, head, into).is_ok_and(session::Landed::is_safe),
        // Of the user's own, changes that were squashed are not looked for: there may be many.
        None => repo.is_ancestor(head, into).unwrap_or(false),
    }
}
