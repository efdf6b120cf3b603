//! Landing a branch: the plan, carrying it out, taking it back, and what conflicts are given to an agent. What `/land`
//! does, `offshoot land` does by the same functions.

mod words;

use std::collections::HashMap;

use super::held::lock_name;
use super::{BranchName, Place, Start};
use crate::agent::journal::{JournalError, SessionLock};
use crate::agent::{Failure, fit, journal};
use crate::chat::ErrorClass;
use crate::git::session::{
    self, LandPlan, LandUndo, LandWish, Landed, LandedAs, Resolving, SessionError, Target,
};
use crate::git::{CommitId, GitError, Repo, Settled};

pub use words::{as_json, done, list, takes_back, undone};

/// How often a plan is made again since the target moved meanwhile.
const TRIES: usize = 3;

/// That a branch was landed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InBranch {
    /// The branch that it is in.
    pub into: String,
    /// The commit by which it came there as a whole; `None` when it came by its own commits or by copies.
    pub commit: Option<String>,
    /// Commits made since.
    pub since: usize,
}

/// What an agent needs to resolve conflicts.
#[derive(Debug, Clone)]
pub struct Resolution {
    pub start: Start,
    pub prompt: String,
    pub into: String,
    pub name: String,
}

/// What landing would do. What a crash had left of an earlier landing is settled before.
///
/// # Errors
/// When it is not clear what to land or where, when there is nothing to land, or an agent works on the target.
pub async fn plan(place: &Place, wish: LandWish) -> Result<LandPlan, Failure> {
    let journals = place.journals();
    let plan = place
        .git(move |repo| {
            repo.settle_carries()?;
            session::land_plan(repo, &wish)
        })
        .await?;
    if journal::is_locked(&journals, &lock_name(&plan.into)) {
        return Err(is_open(&plan.into));
    }
    Ok(plan)
}

/// Carries a plan out. Where the target moved since, the plan is made again, for the same branches and commits; the words
/// stay.
///
/// # Errors
/// When it cannot be carried out, or would come to something else than was shown. Then nothing is changed.
pub async fn land(place: &Place, wish: LandWish, plan: LandPlan) -> Result<(LandPlan, LandedAs), Failure> {
    let secrets = place.base.services.secrets.clone();
    holding(place, plan.into.clone(), move |repo| {
        let mut plan = plan;
        let mut tries = 1;
        loop {
            match session::land_apply(repo, &plan, &secrets) {
                Err(SessionError::Git(GitError::RefMoved { .. })) if tries < TRIES => {
                    tries += 1;
                    plan = plan.again(repo, &wish)?;
                }
                landed => return landed.map(|landed| (plan, landed)),
            }
        }
    })
    .await
}

/// What taking back the last landing in a branch would do.
pub async fn undo_plan(place: &Place, branch: Option<String>) -> Result<LandUndo, Failure> {
    place
        .git(move |repo| {
            repo.settle_carries()?;
            session::land_undo_plan(repo, branch.as_deref())
        })
        .await
}

/// Does it.
pub async fn undo(place: &Place, plan: LandUndo) -> Result<(), Failure> {
    holding(place, plan.branch.clone(), move |repo| session::land_undo(repo, &plan).map(drop)).await
}

/// What an agent begins with that resolves the conflicts of a landing, or of a merge into another session.
pub async fn resolution(place: &Place, wish: LandWish) -> Result<Resolution, Failure> {
    place
        .git(move |repo| {
            let way = session::resolving(repo, &wish)?;
            let rev = way.session.clone().unwrap_or_else(|| way.name.clone());
            let words = format!("land {}", way.name.rsplit('/').next().unwrap_or(&way.name));
            Ok::<_, SessionError>(Resolution {
                start: Start::Resolve { rev, base: way.base.to_string(), branch: BranchName::From(words) },
                prompt: prompt(&way),
                into: way.into,
                name: way.name,
            })
        })
        .await
}

/// Whether a branch is in what the user has checked out. `None` when nothing of it is.
pub async fn standing(place: &Place, rev: String) -> Result<Option<InBranch>, Failure> {
    place
        .git(move |repo| {
            let here = repo.head()?;
            let Some(tip) = here.commit else { return Ok(None) };
            let into = here.branch.unwrap_or_else(|| tip.short().to_owned());
            let head = match repo.read_ref(&format!("refs/heads/{rev}"))? {
                Some(head) => head,
                None => session::peek(repo, Some(&rev))?.head,
            };
            Ok::<_, SessionError>(in_branch(&Target::new(repo, &tip)?, &into, &head))
        })
        .await
}

/// The same of all sessions, by their ids.
pub async fn of_sessions(place: &Place) -> Result<HashMap<String, InBranch>, Failure> {
    place
        .git(|repo| {
            let here = repo.head()?;
            let Some(tip) = here.commit else { return Ok(HashMap::new()) };
            let into = here.branch.unwrap_or_else(|| tip.short().to_owned());
            let target = Target::new(repo, &tip)?;
            let all = session::list(repo)?;
            let found =
                all.into_iter().filter_map(|one| Some((one.id, in_branch(&target, &into, &one.head)?)));
            Ok::<_, SessionError>(found.collect())
        })
        .await
}

/// How a head stands to a branch. What cannot be told has not landed.
pub(super) fn in_branch(target: &Target<'_>, into: &str, head: &CommitId) -> Option<InBranch> {
    let standing = target.standing(head).ok()?;
    let commit = standing.landing.map(|landing| landing.commit.to_string());
    let since = match standing.state {
        Landed::No { .. } | Landed::Nothing => return None,
        // A branch on which nothing was done yet is below the target, too.
        Landed::Merged if commit.is_none() && target.is_its_own(head) => return None,
        Landed::Merged | Landed::Squashed | Landed::Picked => 0,
        Landed::Since { commits } => commits,
    };
    Some(InBranch { into: into.to_owned(), commit, since })
}

/// What crashes had left of landings is ended or taken back; in words.
pub async fn settle(place: &Place) -> Result<Vec<String>, Failure> {
    let settled = place.git(Repo::settle_carries).await?;
    Ok(settled.iter().map(settled_in_words).collect())
}

fn settled_in_words(settled: &Settled) -> String {
    let place = settled.path.display();
    if settled.is_there {
        format!("a landing in {} that was cut off was brought to its end in {place}", settled.branch)
    } else {
        format!("a landing in {} that was cut off was taken back in {place}: land again", settled.branch)
    }
}

impl InBranch {
    /// In words.
    pub fn told(&self) -> String {
        let commit = self.commit.as_deref().and_then(|commit| commit.get(..10));
        let mut text = format!("landed in {}", self.into);
        if let Some(commit) = commit {
            text.push_str(&format!(" as {commit}"));
        }
        if self.since > 0 {
            text.push_str(&format!(", {} since", super::words::count(self.since, "step")));
        }
        text
    }
}

/// Does git work while no agent can take the branch.
async fn holding<T: Send + 'static>(
    place: &Place,
    branch: String,
    work: impl FnOnce(&Repo) -> Result<T, SessionError> + Send + 'static,
) -> Result<T, Failure> {
    let journals = place.journals();
    place
        .git(move |repo| {
            let lock = SessionLock::take(&journals, &lock_name(&branch)).map_err(|error| match error {
                JournalError::Locked { .. } => is_open(&branch),
                error @ JournalError::Io { .. } => error.into(),
            })?;
            let done = work(repo);
            lock.release();
            done.map_err(Failure::from)
        })
        .await
}

fn is_open(branch: &str) -> Failure {
    let why = format!("an agent has branch {branch} open");
    Failure::new(ErrorClass::Internal, why).hint("merge into its tab with /merge, or close it first")
}

/// What the agent is asked to do.
fn prompt(way: &Resolving) -> String {
    let mut text = format!(
        "Resolve the conflicts with {into}\n\nBranch {into} was merged into this work, {}, and these paths conflict:\n",
        way.name,
        into = way.into
    );
    for conflict in &way.conflicts {
        text.push_str(&format!(
            "- {}: {}{}\n",
            conflict.path.display(),
            conflict.kind.words(),
            words::version(conflict.kind)
        ));
    }
    text.push_str(&fit(
        "Here is this work, there is the branch. Resolve every conflict so that the intent of both sides is kept. Text files hold both versions between <<<<<<<, ======= and >>>>>>>: no such marker may be left in any file. Look at how each side came about (git log, git diff) where it helps, and check that the project still builds and its tests pass. Change nothing else.",
        2_000,
    ));
    text
}
