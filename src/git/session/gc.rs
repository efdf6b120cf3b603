//! What can be freed without losing anything: worktrees of sessions that are done with, what builds left in others,
//! records of worktrees whose folders are gone, leftovers of killed processes, and, only when asked, heads that were
//! kept long ago. Branches and the refs of sessions always stay.

use std::any::Any;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::archive::archived;
use super::keep::{Kept, kept, release};
use super::landed::{Landed, landed};
use super::walk::nearest;
use super::{SESSIONS, SessionError};
use crate::git::codec::frames;
use crate::git::{CommitId, Repo, Sizes, Taken, Worktree, WorktreeInfo};

/// What to look for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GcOptions {
    /// Let go of kept heads that are older.
    pub kept_older_than: Option<Duration>,
    /// Only worktrees in which nothing was done for so long.
    pub unused_for: Option<Duration>,
    /// Free what git ignores as whole folders, too, in all worktrees that nobody works in.
    pub builds: bool,
    /// The commit that branches are compared with; without it, the head of the user's checkout.
    pub into: Option<CommitId>,
}

/// What could be freed, and what not, each with the reason.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GcPlan {
    pub items: Vec<GcItem>,
    /// Old kept heads, when asked for.
    pub kept: Vec<Kept>,
    /// What killed processes left in the object store.
    pub leftovers: Vec<Taken>,
}

/// A worktree of a session.
#[derive(Debug, Clone, PartialEq)]
pub struct GcItem {
    pub session: Option<String>,
    pub branch: Option<String>,
    pub path: PathBuf,
    /// What its files take on the disk.
    pub bytes: u64,
    /// Of them, what lies in folders that git ignores, without links.
    pub builds: Vec<Taken>,
    /// Whether these are to be freed where the worktree itself stays.
    pub frees_builds: bool,
    pub last_use: Option<SystemTime>,
    /// Whether its work is in the user's branch; `None` where there is nothing to compare.
    pub landed: Option<Landed>,
    pub standing: Condition,
    /// Heads that are kept for it.
    pub kept: usize,
    pub verdict: Verdict,
}

/// How a worktree stands to its branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// All of it is in the branch.
    Clean,
    /// It holds uncommitted work, or is in the middle of a merge or the like: what it is, as a clause.
    Dirty(String),
    /// Its folder is gone.
    Missing,
    /// It cannot be told, since …
    Unclear(String),
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
    /// Folders of build output, whole paths.
    pub builds: Vec<PathBuf>,
    pub bytes: u64,
    pub kept: usize,
    /// Files that killed processes had left.
    pub leftovers: usize,
    /// Worktrees of the plan that stayed after all, and why.
    pub stayed: Vec<(PathBuf, String)>,
}

/// Who may be at work in a worktree.
#[derive(Debug, Clone, Copy)]
pub struct Worker<'a> {
    pub session: Option<&'a str>,
    pub branch: Option<&'a str>,
}

/// Held while a worktree is removed, so that nobody begins to work in it.
pub type Claim = Box<dyn Any>;

/// Looks at all worktrees below `root`, the folder where offshoot makes them. `is_active` tells which of them
/// somebody works in. Changes nothing.
pub fn gc_plan(
    repo: &Repo,
    root: &Path,
    is_active: &dyn Fn(Worker<'_>) -> bool,
    options: &GcOptions,
    now: SystemTime,
) -> Result<GcPlan, SessionError> {
    let into = match &options.into {
        Some(into) => Some(into.clone()),
        None => repo.head()?.commit,
    };
    let all_kept = kept(repo)?;
    let names = sessions_by_branch(repo)?;
    let away = archived(repo)?;
    let mut sizes = Sizes::default();
    let mut plan = GcPlan { leftovers: repo.leftovers(now), ..GcPlan::default() };
    for entry in repo.worktrees()?.into_iter().filter(|entry| !entry.is_main && is_below(&entry.path, root)) {
        let session = session_of(repo, &entry, &names)?;
        let landed = match (&entry.head, &into) {
            (Some(head), Some(into)) => Some(landed(repo, head, into)?),
            _ => None,
        };
        let worktree = open(repo, &entry);
        let builds = match &worktree {
            Ok(worktree) => worktree.builds().unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        let builds: Vec<Taken> = builds
            .into_iter()
            .map(|path| Taken { bytes: sizes.add(&entry.path.join(&path)), path })
            .collect();
        let in_builds: u64 = builds.iter().map(|build| build.bytes).sum();
        let counted: Vec<PathBuf> = builds.iter().map(|build| entry.path.join(&build.path)).collect();
        let rest = sizes.add_but(&entry.path, &counted);
        let last_use = worktree.as_ref().ok().and_then(Worktree::last_use);
        let standing = standing(repo, &entry, worktree.as_ref());
        let is_active = is_active(Worker { session: session.as_deref(), branch: entry.branch.as_deref() });
        let is_away = session.as_ref().is_some_and(|session| away.contains(session));
        let is_recent = options.unused_for.is_some_and(|age| {
            last_use.is_none_or(|last| now.duration_since(last).unwrap_or_default() < age)
        });
        let verdict = match judge(is_active, is_away, landed, &standing, entry.branch.as_deref()) {
            Verdict::Free(_) if is_recent && standing != Condition::Missing => {
                Verdict::Stay("it was used lately".into())
            }
            verdict => verdict,
        };
        plan.items.push(GcItem {
            frees_builds: options.builds && !is_active && !is_recent && !builds.is_empty(),
            bytes: rest + in_builds,
            builds,
            last_use,
            standing,
            verdict,
            kept: all_kept.iter().filter(|kept| Some(&kept.session) == session.as_ref()).count(),
            branch: entry.branch,
            path: entry.path,
            landed,
            session,
        });
    }
    plan.items.sort_by(|a, b| (b.bytes, &a.path).cmp(&(a.bytes, &b.path)));
    if let Some(age) = options.kept_older_than {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let before = u64::try_from(now.saturating_sub(age).as_millis()).unwrap_or_default();
        let is_active = |session: &str| is_active(Worker { session: Some(session), branch: None });
        plan.kept =
            all_kept.into_iter().filter(|kept| kept.at < before && !is_active(&kept.session)).collect();
    }
    Ok(plan)
}

/// Frees what a plan says can be freed. Each worktree is claimed first, or left where somebody else has it, and then
/// looked at once more.
pub fn gc_apply(
    repo: &Repo,
    plan: &GcPlan,
    options: &GcOptions,
    claim: &mut dyn FnMut(Worker<'_>) -> Result<Claim, String>,
    now: SystemTime,
) -> Result<Freed, SessionError> {
    let mut freed = Freed::default();
    for item in &plan.items {
        let wants_all = matches!(item.verdict, Verdict::Free(_));
        if !wants_all && !item.frees_builds {
            continue;
        }
        let worker = Worker { session: item.session.as_deref(), branch: item.branch.as_deref() };
        let _held = match claim(worker) {
            Ok(held) => held,
            Err(why) => {
                freed.stayed.push((item.path.clone(), why));
                continue;
            }
        };
        let present = repo.worktrees()?;
        let Some(entry) = present.iter().find(|entry| entry.path == item.path) else { continue };
        let verdict =
            if wants_all { again(repo, entry, item, options)? } else { Verdict::Stay(String::new()) };
        match verdict {
            Verdict::Free(_) => {
                repo.remove_worktree(&item.path)?;
                freed.worktrees.push(item.path.clone());
                freed.bytes += item.bytes;
            }
            Verdict::Stay(why) => {
                if wants_all {
                    freed.stayed.push((item.path.clone(), why));
                }
                if item.frees_builds {
                    free_builds(repo, entry, item, &mut freed)?;
                }
            }
        }
    }
    for kept in &plan.kept {
        let worker = Worker { session: Some(&kept.session), branch: None };
        if claim(worker).is_ok() {
            release(repo, kept)?;
            freed.kept += 1;
        }
    }
    for leftover in &plan.leftovers {
        if repo.remove_leftover(leftover, now)? {
            freed.leftovers += 1;
            freed.bytes += leftover.bytes;
        }
    }
    Ok(freed)
}

/// Judges a worktree anew that nobody else can be at work in now.
fn again(
    repo: &Repo,
    entry: &WorktreeInfo,
    item: &GcItem,
    options: &GcOptions,
) -> Result<Verdict, SessionError> {
    let into = match &options.into {
        Some(into) => Some(into.clone()),
        None => repo.head()?.commit,
    };
    let landed = match (&entry.head, &into) {
        (Some(head), Some(into)) => Some(landed(repo, head, into)?),
        _ => None,
    };
    if entry.branch != item.branch {
        return Ok(Verdict::Stay("it is on another branch by now".into()));
    }
    let worktree = open(repo, entry);
    let is_away = match &item.session {
        Some(session) => archived(repo)?.contains(session),
        None => false,
    };
    Ok(judge(false, is_away, landed, &standing(repo, entry, worktree.as_ref()), entry.branch.as_deref()))
}

fn free_builds(
    repo: &Repo,
    entry: &WorktreeInfo,
    item: &GcItem,
    freed: &mut Freed,
) -> Result<(), SessionError> {
    let worktree = match open(repo, entry) {
        Ok(worktree) => worktree,
        Err(why) => {
            freed.stayed.push((item.path.clone(), why));
            return Ok(());
        }
    };
    for build in &item.builds {
        if worktree.remove_build(&build.path)? {
            freed.builds.push(item.path.join(&build.path));
            freed.bytes += build.bytes;
        }
    }
    Ok(())
}

fn open(repo: &Repo, entry: &WorktreeInfo) -> Result<Worktree, String> {
    let Some(branch) = entry.branch.as_ref().filter(|_| !entry.is_missing) else {
        return Err("it is on no branch, so its commits may be nowhere else".to_owned());
    };
    repo.attach_worktree(branch, &entry.path).map_err(|error| format!("it cannot be looked into: {error}"))
}

fn standing(repo: &Repo, entry: &WorktreeInfo, worktree: Result<&Worktree, &String>) -> Condition {
    if entry.is_missing {
        return Condition::Missing;
    }
    let worktree = match worktree {
        Ok(worktree) => worktree,
        Err(why) => return Condition::Unclear(why.clone()),
    };
    if let Some(doing) = in_the_middle_of(worktree) {
        return Condition::Dirty(format!("a {doing} is under way in it"));
    }
    let unclear =
        |error: crate::git::GitError| Condition::Unclear(format!("it cannot be looked into: {error}"));
    match worktree.is_dirty() {
        Ok(false) => {}
        Ok(true) => return Condition::Dirty("it holds uncommitted work".into()),
        Err(error) => return unclear(error),
    }
    match repo.own_submodule_work(&entry.path) {
        Ok(own) => match own.first() {
            None => Condition::Clean,
            Some(first) => Condition::Dirty(format!(
                "its submodule {} has commits that are nowhere else",
                first.display()
            )),
        },
        Err(error) => unclear(error),
    }
}

fn judge(
    is_active: bool,
    is_away: bool,
    landed: Option<Landed>,
    standing: &Condition,
    branch: Option<&str>,
) -> Verdict {
    let stay = |why: &str| Verdict::Stay(why.into());
    if is_active {
        return stay("somebody works in it");
    }
    match (standing, landed) {
        (Condition::Missing, _) => {
            Verdict::Free("its folder is gone; only git's record of it is left".into())
        }
        (Condition::Unclear(why) | Condition::Dirty(why), _) => stay(why),
        (Condition::Clean, None | Some(Landed::No { .. })) if is_away => {
            Verdict::Free(format!("its session was put away; branch {} stays", branch.unwrap_or_default()))
        }
        (Condition::Clean, None) => stay("nobody can say whether it has landed"),
        (Condition::Clean, Some(Landed::No { commits })) => {
            let (s, have) = if commits == 1 { ("", "has") } else { ("s", "have") };
            Verdict::Stay(format!("{commits} commit{s} of it {have} not landed"))
        }
        (Condition::Clean, Some(Landed::Since { commits })) => {
            let s = if commits == 1 { "" } else { "s" };
            Verdict::Stay(format!("it went on by {commits} commit{s} since it landed"))
        }
        (Condition::Clean, Some(landed)) => {
            let how = match landed {
                Landed::Nothing | Landed::Merged => "all that it has is in your branch",
                Landed::Squashed => "it has landed as one commit",
                Landed::Picked | Landed::Since { .. } | Landed::No { .. } => {
                    "its commits have landed one by one"
                }
            };
            Verdict::Free(format!("{how}; branch {} stays", branch.unwrap_or_default()))
        }
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
