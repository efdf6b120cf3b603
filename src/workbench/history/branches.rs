//! The branches of a repository, with the sessions on them.

use std::collections::HashMap;

use super::state;
use crate::agent::Failure;
use crate::git::session::{self, SessionSummary, Target};
use crate::workbench::Place;
use crate::workbench::landing::{InBranch, in_branch};

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
    /// Where what was landed of it is, and what was done since.
    pub landed_in: Option<InBranch>,
    /// The user has it checked out.
    pub is_current: bool,
    /// Its session was put away.
    pub archived: bool,
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
            let sessions = session::list(repo)?;
            for one in session::kept(repo)? {
                // What the branch stands at needs no way back.
                let is_there = |own: &SessionSummary| own.id == one.session && own.head == one.commit;
                if !sessions.iter().any(is_there) {
                    kept.entry(one.session).or_default().push(one.name);
                }
            }
            let target = here.commit.as_ref().map(|tip| Target::new(repo, tip)).transpose()?;
            let into = here.branch.clone().unwrap_or_default();
            let archived = session::archived(repo)?;
            let mut lines = Vec::new();
            for (name, head) in repo.refs("refs/heads/")? {
                let Some(name) = name.strip_prefix("refs/heads/") else { continue };
                let own = sessions.iter().find(|one| one.branch.as_deref() == Some(name));
                let is_current = here.branch.as_deref() == Some(name);
                let target = target.as_ref().filter(|_| !is_current);
                // Of the user's own, changes that were squashed are not looked for: there may be many.
                let landed = match own {
                    Some(_) => target.and_then(|target| Some(target.standing(&head).ok()?.state.is_safe())),
                    None => here.commit.as_ref().filter(|_| !is_current).map(|tip| {
                        // What cannot be told has not landed.
                        repo.is_ancestor(&head, tip).unwrap_or(false)
                    }),
                };
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
                    landed: landed.unwrap_or(false),
                    landed_in: own.and(target).and_then(|target| in_branch(target, &into, &head)),
                    is_current,
                    archived: own.is_some_and(|own| archived.contains(&own.id)),
                    kept: own.and_then(|own| kept.remove(&own.id)).unwrap_or_default(),
                };
                lines.push(line);
            }
            lines.sort_by(|a, b| (b.updated, &a.name).cmp(&(a.updated, &b.name)));
            Ok::<_, Failure>(lines)
        })
        .await
}
