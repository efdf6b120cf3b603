//! The commits that a search is about: those of a line of first parents, from where it held to where it does not.

use crate::agent::Failure;
use crate::chat::ErrorClass;
use crate::git::session;
use crate::git::{CommitId, Repo};
use crate::workbench::past::start_of;
use crate::workbench::{Place, review};

/// The line; the first one is where it held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub commits: Vec<CommitId>,
}

/// A session, and the ends of its steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ends {
    pub id: String,
    pub start: String,
    pub head: String,
}

/// The session of a revision, or the last one.
pub(super) async fn session_of(place: &Place, rev: Option<String>) -> Result<Ends, Failure> {
    place
        .git(move |repo| {
            let session = session::load(repo, rev.as_deref())?;
            let start = start_of(repo, &session)?.to_string();
            Ok::<_, session::SessionError>(Ends { id: session.id, start, head: session.head.to_string() })
        })
        .await
}

impl Span {
    pub async fn between(place: &Place, from: String, to: String) -> Result<Self, Failure> {
        place.git(move |repo| Self::read(repo, &from, &to)).await
    }

    fn read(repo: &Repo, from: &str, to: &str) -> Result<Self, Failure> {
        let (first, last) = (review::commit(repo, from)?, review::commit(repo, to)?);
        if first == last {
            let message = format!("there is nothing between: both ends are commit {}", first.short());
            return Err(Failure::new(ErrorClass::NotFound, message)
                .hint("the session changed no file yet, or --from and --to mean the same"));
        }
        let mut commits = Vec::new();
        for commit in repo.first_parents(&last) {
            let id = commit?.id;
            let is_first = id == first;
            commits.push(id);
            if is_first {
                commits.reverse();
                return Ok(Self { commits });
            }
        }
        let message = format!("{} is not on the line of commits below {}", first.short(), last.short());
        Err(Failure::new(ErrorClass::NotFound, message)
            .hint("`git log --first-parent` shows that line; --from takes any commit of it"))
    }

    pub fn first(&self) -> &CommitId {
        &self.commits[0]
    }

    pub fn last(&self) -> &CommitId {
        &self.commits[self.commits.len() - 1]
    }

    pub async fn subject(&self, place: &Place, at: usize) -> Result<String, Failure> {
        let commit = self.commits[at].clone();
        place.git(move |repo| repo.commit(&commit).map(|data| data.subject().to_owned())).await
    }
}
