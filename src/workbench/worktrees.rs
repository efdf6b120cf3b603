//! The worktrees of a repository: what they take, how they stand, and which of it can be freed.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::Place;
use super::held::{lock_name, lock_worktrees};
use super::history;
use super::ports::Block;
use crate::agent::Failure;
use crate::agent::journal::{self, SessionLock};
use crate::chat::ErrorClass;
use crate::git::session::{
    self, Claim, Condition, Freed, GcItem, GcOptions, GcPlan, Landed, Verdict, Worker,
};
use crate::git::{Repo, Sizes};

/// All worktrees that offshoot made for a repository, the largest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Worktrees {
    pub worktrees: Vec<WorktreeLine>,
    /// Of all together, the shared cache too.
    pub bytes: u64,
    pub shared_cache: SharedCache,
}

/// A worktree in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorktreeLine {
    pub branch: Option<String>,
    pub session: Option<String>,
    pub path: PathBuf,
    /// What it takes on the disk; a link counts for itself.
    pub bytes: u64,
    /// Of it, what lies in folders that git ignores: a build can make it again.
    pub build_bytes: u64,
    /// When something was last done in it, in seconds since 1970.
    pub last_use: Option<i64>,
    /// `working` while a process has it open, `interrupted` when one died with it, else `idle`.
    pub state: &'static str,
    /// `None` where there is nothing to compare.
    pub landed: Option<bool>,
    /// Commits that have not landed.
    pub unlanded: usize,
    pub dirty: bool,
    /// The folder is gone, and git does not know.
    pub missing: bool,
    /// The first and the last of its ports.
    pub ports: Option<(u16, u16)>,
    /// Whether `gc` would free it, and why, or why not.
    pub free: bool,
    pub reason: String,
}

/// What all worktrees may write to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SharedCache {
    pub path: PathBuf,
    pub bytes: u64,
}

/// Looks at all worktrees of a repository; takes a while where they are large.
pub async fn worktrees(place: &Place) -> Result<Worktrees, Failure> {
    let plan = gc_plan(place, GcOptions::default()).await?;
    let (journals, ports, cache) = (place.journals(), place.ports(), place.shared_cache());
    let listed = tokio::task::spawn_blocking(move || {
        let state = |item: &GcItem| state(&journals, worker_of(item));
        let worktrees: Vec<WorktreeLine> =
            plan.items.into_iter().map(|item| line(state(&item), ports.of(&item.path), item)).collect();
        let mut sizes = Sizes::default();
        let entries = std::fs::read_dir(&cache).into_iter().flatten().flatten();
        let in_cache = entries.map(|entry| sizes.add(&entry.path())).sum();
        let shared_cache = SharedCache { bytes: in_cache, path: cache };
        let bytes = worktrees.iter().map(|one| one.bytes).sum::<u64>() + shared_cache.bytes;
        Worktrees { worktrees, bytes, shared_cache }
    });
    listed.await.map_err(|_| Failure::new(ErrorClass::Internal, "a background thread died"))
}

/// What could be freed. Changes nothing.
pub async fn gc_plan(place: &Place, options: GcOptions) -> Result<GcPlan, Failure> {
    let (root, journals) = (place.worktrees(), place.journals());
    let now = SystemTime::now();
    let is_active = move |worker: Worker<'_>| state(&journals, worker) != "idle";
    place.git(move |repo| session::gc_plan(repo, &root, &is_active, &options, now)).await
}

/// Frees it, as far as it still can be.
pub async fn gc_apply(place: &Place, plan: GcPlan, options: GcOptions) -> Result<Freed, Failure> {
    let journals = place.journals();
    let making = place.worktrees_lock();
    let now = SystemTime::now();
    place
        .git(move |repo: &Repo| {
            // Whoever opens a session waits for this, and finds the worktree whole or gone.
            let mut claim = |worker: Worker<'_>| -> Result<Claim, String> {
                let one_at_a_time = lock_worktrees(&making).map_err(|failure| failure.message)?;
                if state(&journals, worker) != "idle" {
                    return Err("somebody works in it".to_owned());
                }
                let names = [worker.session.map(str::to_owned), worker.branch.map(lock_name)];
                let mut held = Vec::new();
                for name in names.into_iter().flatten() {
                    let lock = SessionLock::take(&journals, &name).map_err(|error| error.to_string())?;
                    held.push(Released(Some(lock)));
                }
                Ok(Box::new((held, one_at_a_time)))
            };
            session::gc_apply(repo, &plan, &options, &mut claim, now)
        })
        .await
}

/// A lock that leaves no file behind when it goes.
struct Released(Option<SessionLock>);

impl Drop for Released {
    fn drop(&mut self) {
        if let Some(lock) = self.0.take() {
            lock.release();
        }
    }
}

/// Whether somebody works in a worktree: in its session, or on its branch before git knows of a session.
fn state(journals: &std::path::Path, worker: Worker<'_>) -> &'static str {
    let of_session = worker.session.map_or("idle", |id| history::state(journals, id));
    let is_held = |branch: &str| journal::is_locked(journals, &lock_name(branch));
    if of_session == "idle" && worker.branch.is_some_and(is_held) { "working" } else { of_session }
}

fn worker_of(item: &GcItem) -> Worker<'_> {
    Worker { session: item.session.as_deref(), branch: item.branch.as_deref() }
}

fn line(state: &'static str, ports: Option<Block>, item: GcItem) -> WorktreeLine {
    let (free, reason) = match item.verdict {
        Verdict::Free(why) => (true, why),
        Verdict::Stay(why) => (false, why),
    };
    let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).ok().map(|age| age.as_secs());
    WorktreeLine {
        build_bytes: item.builds.iter().map(|build| build.bytes).sum(),
        last_use: item.last_use.and_then(seconds).and_then(|seconds| i64::try_from(seconds).ok()),
        state,
        landed: item.landed.map(Landed::is_safe),
        unlanded: match item.landed {
            Some(Landed::No { commits } | Landed::Since { commits }) => commits,
            _ => 0,
        },
        dirty: matches!(item.standing, Condition::Dirty(_)),
        missing: item.standing == Condition::Missing,
        ports: ports.map(|block| (block.first, block.last())),
        bytes: item.bytes,
        branch: item.branch,
        session: item.session,
        path: item.path,
        free,
        reason,
    }
}

impl WorktreeLine {
    /// How it stands, in a few words.
    pub fn standing(&self) -> String {
        let mut words = Vec::new();
        if self.missing {
            words.push("gone".to_owned());
        }
        if self.state != "idle" {
            words.push(if self.state == "working" { "open" } else { self.state }.to_owned());
        }
        if self.dirty {
            words.push("uncommitted work".to_owned());
        }
        match (self.landed, self.unlanded) {
            (_, 0) if self.landed == Some(true) => words.push("landed".to_owned()),
            (_, 0) => {}
            (_, commits) => words.push(format!("{commits} unlanded")),
        }
        words.join(", ")
    }
}
