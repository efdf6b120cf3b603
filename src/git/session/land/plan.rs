//! What landing would do: the commits that it would write, what changes, and what is in its way.

use super::basis::{Basis, Goal, Source, anew, basis, goal, source, stamp_of};
use super::untouched::untouched;
use super::{Blocked, Drafted, Fate, LandHow, LandPlan, LandWish, Landable, picks, words};
use crate::git::codec::Came;
use crate::git::session::SessionError;
use crate::git::session::markers::unresolved;
use crate::git::{CommitId, Conflict, GitError, Merged, ObjectId, Repo, Worktree};

const PREVIEW: &str = "As it would be landed\n";

/// What would be written.
struct Drawn {
    drafts: Vec<Drafted>,
    commits: Vec<Landable>,
    skipped: Vec<Landable>,
    message: String,
    conflicts: Vec<Conflict>,
    conflicting: Option<CommitId>,
}

/// What it would mean to land. Moves nothing; objects that are written for it are no one's.
///
/// # Errors
/// When it is not clear what to land or where, or when there is nothing to land.
pub fn land_plan(repo: &Repo, wish: &LandWish) -> Result<LandPlan, SessionError> {
    let source = source(repo, wish.rev.as_deref())?;
    let goal = goal(repo, wish, &source)?;
    let tip = goal.tip.as_ref();
    let nothing = |why: String| SessionError::NothingToLand {
        name: source.name.clone(),
        into: goal.branch.clone(),
        why,
    };
    if let Some(tip) = tip
        && repo.is_ancestor(&source.head, tip)?
    {
        return Err(nothing("all of it is in there".to_owned()));
    }
    let mut basis = basis(repo, &source, tip)?;
    if let (Some(before), Some(tip)) = (&basis.before, tip)
        && !matches!(wish.how, LandHow::Pick(_))
        && repo.is_ancestor(&source.head, &before.head)?
    {
        // It may have been undone by hand since. Where that cannot be told from what came later, it has landed.
        let anew = anew(repo, &source, tip)?;
        let merged = together(repo, anew.base.as_ref(), Some(tip), &source.head)?;
        if !merged.is_clean() || merged.tree == repo.commit(tip)?.tree {
            return Err(nothing(format!("it was landed as {}", before.commit.short())));
        }
        basis = anew;
    }
    let drawn = match &wish.how {
        LandHow::Pick(chosen) => picked(repo, &source, tip, chosen)?,
        LandHow::Squash | LandHow::Merge => whole(repo, wish, &source, &goal, &basis)?,
    };
    let before = repo.commit_tree(tip)?;
    let after = drawn.drafts.last().map_or_else(|| before.clone(), |draft| draft.tree.clone());
    let is_clean = drawn.conflicts.is_empty();
    if is_clean && after == before && wish.how != LandHow::Merge {
        let why = match drawn.skipped.len() {
            0 => "it changes nothing there",
            _ => "what was chosen is in there already",
        };
        return Err(nothing(why.to_owned()));
    }
    let stat = repo.diff(Some(&before), &after)?;
    let unresolved = unresolved(repo, &source.head, tip, &repo.diff(Some(&before), &source.head)?)?;
    let mut untouched =
        if wish.as_is { Vec::new() } else { untouched(repo, &source.head, source.stamp.as_ref())? };
    untouched.retain(|path| !unresolved.contains(path));
    let checkouts = if goal.is_new || !is_clean { Vec::new() } else { fates(repo, &goal, &after)? };
    let parents: Vec<CommitId> = tip.cloned().into_iter().collect();
    let preview = is_clean.then(|| repo.write_commit(&after, &parents, PREVIEW)).transpose()?;
    Ok(LandPlan {
        preview,
        record: words::record(repo, &source, &drawn.commits)?,
        leaves_uncommitted: leaves_uncommitted(repo, &source)?,
        source: branch_of(repo, &source)?,
        name: source.name,
        head: source.head,
        session: source.stamp.map(|stamp| stamp.session),
        how: wish.how.clone(),
        into: goal.branch,
        tip: goal.tip,
        makes_branch: goal.is_new,
        before: basis.before,
        commits: drawn.commits,
        skipped: drawn.skipped,
        stat,
        message: drawn.message,
        conflicts: drawn.conflicts,
        conflicting: drawn.conflicting,
        unresolved,
        untouched,
        checkouts,
        drafts: drawn.drafts,
    })
}

/// All that is new, in one commit.
fn whole(
    repo: &Repo,
    wish: &LandWish,
    source: &Source,
    goal: &Goal,
    basis: &Basis,
) -> Result<Drawn, SessionError> {
    let hidden: Vec<CommitId> = goal.tip.iter().chain(&basis.base).cloned().collect();
    let commits = landable(repo, &source.head, &hidden)?;
    let merged = together(repo, basis.base.as_ref(), goal.tip.as_ref(), &source.head)?;
    let worded = words::words(repo, source, &commits)?;
    let is_merge = wish.how == LandHow::Merge;
    let worded = if is_merge { words::merge_subject(&source.name, &goal.branch, &worded) } else { worded };
    let parents = if is_merge { vec![source.head.clone()] } else { Vec::new() };
    let draft = Drafted { tree: merged.tree, parents, message: None };
    Ok(Drawn {
        drafts: if merged.conflicts.is_empty() { vec![draft] } else { Vec::new() },
        commits,
        skipped: Vec::new(),
        message: wish.message.clone().unwrap_or(worded),
        conflicts: merged.conflicts,
        conflicting: None,
    })
}

/// Chosen steps, one on the other, up to the first that conflicts.
fn picked(repo: &Repo, source: &Source, tip: Option<&CommitId>, chosen: &str) -> Result<Drawn, SessionError> {
    let hidden: Vec<CommitId> = tip.iter().map(|tip| (*tip).clone()).collect();
    let all = landable(repo, &source.head, &hidden)?;
    let mut drawn = Drawn {
        drafts: Vec::new(),
        commits: Vec::new(),
        skipped: Vec::new(),
        message: String::new(),
        conflicts: Vec::new(),
        conflicting: None,
    };
    let mut tree = repo.commit_tree(tip)?;
    let mut at = tip.cloned();
    for one in picks::picks(repo, &all, chosen)? {
        let data = repo.commit(&one.commit)?;
        let merged = together(repo, data.parents.first(), at.as_ref(), &one.commit)?;
        if !merged.is_clean() {
            drawn.conflicts = merged.conflicts;
            drawn.conflicting = Some(one.commit);
            break;
        }
        if merged.tree == tree {
            drawn.skipped.push(one);
            continue;
        }
        let message = Came::picked(&data.message, one.commit.as_str());
        // A commit to go on from; it is written again, the same, when the plan is carried out.
        let parents: Vec<CommitId> = at.into_iter().collect();
        at = Some(repo.write_commit(&merged.tree, &parents, &message)?);
        tree = merged.tree.clone();
        drawn.drafts.push(Drafted { tree: merged.tree, parents: Vec::new(), message: Some(message) });
        drawn.commits.push(one);
    }
    Ok(drawn)
}

/// What the tip comes to with what changed from the base to the head.
fn together(
    repo: &Repo,
    base: Option<&CommitId>,
    tip: Option<&CommitId>,
    head: &CommitId,
) -> Result<Merged, SessionError> {
    Ok(match (base, tip) {
        (Some(base), Some(tip)) => repo.merge_from(base, tip, head)?,
        (None, Some(tip)) => repo.merge(tip, head)?,
        // Into nothing goes everything.
        (_, None) => Merged { tree: repo.commit(head)?.tree, conflicts: Vec::new() },
    })
}

/// The commits of a branch that others do not have, oldest first.
fn landable(repo: &Repo, head: &CommitId, hidden: &[CommitId]) -> Result<Vec<Landable>, SessionError> {
    let mut found = Vec::new();
    for id in repo.line(head, hidden)? {
        let data = repo.commit(&id)?;
        if data.is_snapshot() {
            break;
        }
        let stamp = stamp_of(&data.message);
        found.push(Landable {
            subject: data.subject().to_owned(),
            turn: stamp.as_ref().map(|stamp| stamp.turn),
            step: stamp.map(|stamp| stamp.step),
            commit: id,
        });
    }
    found.reverse();
    Ok(found)
}

fn fates(repo: &Repo, goal: &Goal, after: &ObjectId) -> Result<Vec<Fate>, SessionError> {
    let mut fates = Vec::new();
    for checkout in repo.checkouts(&goal.branch)? {
        let blocked = match checkout.under_way() {
            Some(doing) => Some(Blocked::UnderWay(doing)),
            None => {
                let obstacles = repo.obstacles(&checkout, goal.tip.as_ref(), after)?;
                (!obstacles.is_empty()).then_some(Blocked::InTheWay(obstacles))
            }
        };
        fates.push(Fate { path: checkout.path, is_main: checkout.is_main, blocked });
    }
    Ok(fates)
}

/// The branch whose head is landed, by its full name.
fn branch_of(repo: &Repo, source: &Source) -> Result<Option<String>, GitError> {
    let name = format!("refs/heads/{}", source.name);
    Ok(repo.read_ref(&name)?.filter(|head| *head == source.head).map(|_| name))
}

fn leaves_uncommitted(repo: &Repo, source: &Source) -> Result<bool, GitError> {
    if source.stamp.is_none() {
        return Ok(false);
    }
    let held = repo.worktrees()?.into_iter().find(|held| held.branch.as_deref() == Some(&*source.name));
    match held.filter(|held| !held.is_main && !held.is_missing) {
        Some(held) => {
            repo.attach_worktree(&source.name, &held.path).and_then(|tree| Worktree::is_dirty(&tree))
        }
        None => Ok(false),
    }
}

impl Repo {
    /// The files of a commit; none where there is no commit.
    pub(in crate::git::session) fn commit_tree(
        &self,
        commit: Option<&CommitId>,
    ) -> Result<ObjectId, GitError> {
        match commit {
            Some(commit) => Ok(self.commit(commit)?.tree),
            None => self.empty_tree(),
        }
    }
}
