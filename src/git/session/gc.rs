//! What can be freed without losing anything: worktrees of idle sessions, records of worktrees whose
//! folders are gone, and, only when asked, heads that were kept long ago. Branches and the refs of
//! sessions always stay.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::keep::{Kept, kept, release};
use super::landed::{Landed, landed};
use super::walk::nearest;
use super::{SESSIONS, SessionError};
use crate::git::codec::frames;
use crate::git::{CommitId, Repo, Worktree, WorktreeInfo};

/// What to look for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GcOptions {
    /// Let go of kept heads that are older.
    pub kept_older_than: Option<Duration>,
    /// The commit that branches are compared with; without it, the head of the user's checkout.
    pub into: Option<CommitId>,
}

/// What could be freed, and what not, each with the reason.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GcPlan {
    pub items: Vec<GcItem>,
    /// Old kept heads, when asked for.
    pub kept: Vec<Kept>,
}

/// A worktree of a session.
#[derive(Debug, Clone, PartialEq)]
pub struct GcItem {
    pub session: Option<String>,
    pub branch: Option<String>,
    pub path: PathBuf,
    /// What its files take on the disk.
    pub bytes: u64,
    /// Whether its work is in the user's branch; `None` where there is nothing to compare.
    pub landed: Option<Landed>,
    /// Heads that are kept for it.
    pub kept: usize,
    pub verdict: Verdict,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Can be freed, since …
    Free(String),
    /// Stays, since …
    Stay(String),
}

/// What was freed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Freed {
    pub worktrees: Vec<PathBuf>,
    pub bytes: u64,
    pub kept: usize,
    /// Worktrees of the plan that stayed after all, and why.
    pub stayed: Vec<(PathBuf, String)>,
}

/// Looks at all worktrees below `root`, the folder where offshoot makes them. `is_active` tells which
/// sessions somebody works in. Changes nothing.
pub fn gc_plan(
    repo: &Repo,
    root: &Path,
    is_active: &dyn Fn(&str) -> bool,
    options: &GcOptions,
    now: SystemTime,
) -> Result<GcPlan, SessionError> {
    let into = match &options.into {
        Some(into) => Some(into.clone()),
        None => repo.head()?.commit,
    };
    let all_kept = kept(repo)?;
    let names = sessions_by_branch(repo)?;
    let mut plan = GcPlan::default();
    for entry in repo.worktrees()?.into_iter().filter(|entry| !entry.is_main && is_below(&entry.path, root)) {
        let session = session_of(repo, &entry, &names)?;
        let landed = match (&entry.head, &into) {
            (Some(head), Some(into)) => Some(landed(repo, head, into)?),
            _ => None,
        };
        plan.items.push(GcItem {
            verdict: judge(repo, &entry, session.as_deref(), is_active)?,
            bytes: if entry.is_missing { 0 } else { bytes_below(&entry.path) },
            kept: all_kept.iter().filter(|kept| Some(&kept.session) == session.as_ref()).count(),
            branch: entry.branch,
            path: entry.path,
            landed,
            session,
        });
    }
    if let Some(age) = options.kept_older_than {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let before = u64::try_from(now.saturating_sub(age).as_millis()).unwrap_or_default();
        plan.kept =
            all_kept.into_iter().filter(|kept| kept.at < before && !is_active(&kept.session)).collect();
    }
    Ok(plan)
}

/// Frees what a plan says can be freed, looking at each once more right before.
pub fn gc_apply(repo: &Repo, plan: &GcPlan, is_active: &dyn Fn(&str) -> bool) -> Result<Freed, SessionError> {
    let mut freed = Freed::default();
    let present = repo.worktrees()?;
    for item in plan.items.iter().filter(|item| matches!(item.verdict, Verdict::Free(_))) {
        let Some(entry) = present.iter().find(|entry| entry.path == item.path) else { continue };
        match judge(repo, entry, item.session.as_deref(), is_active)? {
            Verdict::Free(_) => {
                repo.remove_worktree(&item.path)?;
                freed.worktrees.push(item.path.clone());
                freed.bytes += item.bytes;
            }
            Verdict::Stay(why) => freed.stayed.push((item.path.clone(), why)),
        }
    }
    for kept in plan.kept.iter().filter(|kept| !is_active(&kept.session)) {
        release(repo, kept)?;
        freed.kept += 1;
    }
    Ok(freed)
}

fn judge(
    repo: &Repo,
    entry: &WorktreeInfo,
    session: Option<&str>,
    is_active: &dyn Fn(&str) -> bool,
) -> Result<Verdict, SessionError> {
    let stay = |why: &str| Ok(Verdict::Stay(why.into()));
    if session.is_some_and(is_active) {
        return stay("somebody works in it");
    }
    if entry.is_missing {
        return Ok(Verdict::Free("its folder is gone; only git's record of it is left".into()));
    }
    let Some(branch) = &entry.branch else {
        return stay("it is on no branch, so its commits may be nowhere else");
    };
    let worktree = match repo.attach_worktree(branch, &entry.path) {
        Ok(worktree) => worktree,
        Err(error) => return stay(&format!("it cannot be looked into: {error}")),
    };
    if let Some(doing) = in_the_middle_of(&worktree) {
        return stay(&format!("a {doing} is under way in it"));
    }
    match worktree.is_dirty() {
        Ok(false) => Ok(Verdict::Free(format!("all its files are in branch {branch}, which stays"))),
        Ok(true) => stay("it holds uncommitted work"),
        Err(error) => stay(&format!("it cannot be looked into: {error}")),
    }
}

fn in_the_middle_of(worktree: &Worktree) -> Option<&'static str> {
    let git_dir = worktree.git_dir();
    [
        ("MERGE_HEAD", "merge"),
        ("CHERRY_PICK_HEAD", "cherry-pick"),
        ("REVERT_HEAD", "revert"),
        ("rebase-merge", "rebase"),
        ("rebase-apply", "rebase"),
        ("BISECT_LOG", "bisection"),
    ]
    .into_iter()
    .find_map(|(file, doing)| git_dir.join(file).exists().then_some(doing))
}

/// The branch of each session, by the tips of their refs.
fn sessions_by_branch(repo: &Repo) -> Result<Vec<(String, String)>, SessionError> {
    let mut found = Vec::new();
    for (name, tip) in repo.refs(SESSIONS)? {
        let message = repo.commit(&tip)?.message;
        let branch = frames(&message).ok().and_then(|mut frames| frames.pop()).and_then(|f| f.stamp.branch);
        if let (Some(id), Some(branch)) = (name.strip_prefix(SESSIONS), branch) {
            found.push((branch, id.to_owned()));
        }
    }
    Ok(found)
}

fn session_of(
    repo: &Repo,
    entry: &WorktreeInfo,
    names: &[(String, String)],
) -> Result<Option<String>, SessionError> {
    // The newest session of a branch's name: ids sort by time.
    if let Some((_, id)) = names.iter().rev().find(|(branch, _)| Some(branch) == entry.branch.as_ref()) {
        return Ok(Some(id.clone()));
    }
    let Some(head) = &entry.head else { return Ok(None) };
    let near = nearest(repo, head)?.map(|(_, stamp)| stamp);
    Ok(near.filter(|stamp| stamp.branch == entry.branch).map(|stamp| stamp.session))
}

fn is_below(path: &Path, root: &Path) -> bool {
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    path.starts_with(root)
}

fn bytes_below(path: &Path) -> u64 {
    let mut bytes = 0;
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        let Ok(meta) = entry.path().symlink_metadata() else { continue };
        bytes += if meta.is_dir() { bytes_below(&entry.path()) } else { size(&meta) };
    }
    bytes
}

#[cfg(unix)]
fn size(meta: &fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    meta.blocks() * 512
}

#[cfg(not(unix))]
fn size(meta: &fs::Metadata) -> u64 {
    meta.len()
}
