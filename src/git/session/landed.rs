//! Whether a branch's changes are in another branch already, however they came there: merged, squashed, picked or
//! rebased, by us or by hand. What we landed says so in its trailers; for the rest, changes are told by what they add
//! and remove, not by line numbers, as `git patch-id` does.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};

use super::SessionError;
use crate::git::codec::{Came, came};
use crate::git::{CommitData, CommitId, ObjectId, Repo};

/// Commits of the other branch that are looked through.
const MOST_COMMITS: usize = 1_000;
/// Commits of the branch up to which it may have been squashed by hand.
const MOST_ENDS: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landed {
    /// The branch changes nothing.
    Nothing,
    /// All its commits are in the history of the other one.
    Merged,
    /// One commit there makes the same change as the whole branch.
    Squashed,
    /// For each of its commits there is one that makes the same change.
    Picked,
    /// It was landed, and went on since by so many commits.
    Since { commits: usize },
    /// The changes of so many commits are on this branch only.
    No { commits: usize },
}

/// How a branch stands to another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub state: Landed,
    /// The last time that it was landed as a whole, as far as it went then.
    pub landing: Option<WasLanded>,
}

/// That a branch was landed in one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WasLanded {
    /// The branch's head then.
    pub head: CommitId,
    /// The commit by which it was.
    pub commit: CommitId,
}

/// A branch that others may have landed in. What was found out of its commits is kept for the next question.
pub struct Target<'r> {
    repo: &'r Repo,
    tip: CommitId,
    /// Its first parents, newest first.
    line: Vec<CommitData>,
    /// What is told of landings in commits that were not reverted since, newest first.
    told: Vec<(CommitId, Came)>,
    /// Commits that a later one takes back.
    reverted: HashSet<String>,
    patches: RefCell<HashMap<CommitId, Option<PatchId>>>,
}

type PatchId = [u8; 32];

impl Landed {
    /// Whether nothing would be lost without the branch.
    pub fn is_safe(self) -> bool {
        !matches!(self, Self::No { .. } | Self::Since { .. })
    }
}

/// How `head` stands to `into`, for example the user's branch.
pub fn landed(repo: &Repo, head: &CommitId, into: &CommitId) -> Result<Landed, SessionError> {
    Ok(Target::new(repo, into)?.standing(head)?.state)
}

impl<'r> Target<'r> {
    pub fn new(repo: &'r Repo, tip: &CommitId) -> Result<Self, SessionError> {
        let line = repo.first_parents(tip).take(MOST_COMMITS).collect::<Result<Vec<_>, _>>()?;
        let mut reverted: HashSet<String> = HashSet::new();
        let mut told = Vec::new();
        for commit in &line {
            // A revert that was reverted itself takes nothing back.
            if reverted.contains(commit.id.as_str()) {
                continue;
            }
            reverted.extend(reverts(&commit.message).map(str::to_owned));
            if commit.message.contains("Offshoot-") {
                told.extend(came(&commit.message).into_iter().map(|came| (commit.id.clone(), came)));
            }
        }
        Ok(Self { repo, tip: tip.clone(), line, told, reverted, patches: RefCell::default() })
    }

    /// Whether a commit is one of its own first parents, so far back as they are looked through, and no session's step.
    pub fn is_its_own(&self, commit: &CommitId) -> bool {
        let found = self.line.iter().find(|one| one.id == *commit);
        found.is_some_and(|one| !one.message.contains("\nOffshoot-Session: "))
    }

    /// How a branch with this head stands to it.
    pub fn standing(&self, head: &CommitId) -> Result<Standing, SessionError> {
        let repo = self.repo;
        let landing = self.told_of(head);
        let with = |state: Landed| Ok(Standing { state, landing: landing.clone() });
        if repo.is_ancestor(head, &self.tip)? {
            return with(Landed::Merged);
        }
        let base = repo.merge_base(head, &self.tip)?;
        match &landing {
            Some(was) if repo.is_ancestor(head, &was.head)? => return with(Landed::Squashed),
            // What was merged back since is below the base.
            Some(was) if !repo.leads_to(head, &was.commit) => {
                let commits = self.only_here(head, std::slice::from_ref(&was.head), base.as_ref())?;
                return with(if commits == 0 { Landed::Squashed } else { Landed::Since { commits } });
            }
            _ => {}
        }
        let Some(whole) = self.patch_id(base.as_deref(), head)? else { return with(Landed::Nothing) };
        let there = self.patches_since(base.as_ref())?;
        if let Some((commit, _)) = there.iter().find(|(_, patch)| *patch == whole) {
            let landing = Some(WasLanded { head: head.clone(), commit: commit.clone() });
            return Ok(Standing { state: Landed::Squashed, landing });
        }
        let line = repo.line(head, &base.iter().cloned().collect::<Vec<_>>())?;
        let commits = self.only_here(head, &[], base.as_ref())?;
        if commits == 0 {
            // A session in which nothing was done holds at most the uncommitted work with which it began.
            let is_bare = self.is_nothing_but_snapshots(&line)?;
            return with(if is_bare { Landed::Nothing } else { Landed::Picked });
        }
        if there.is_empty() || commits < line.len() {
            return with(Landed::No { commits });
        }
        // Squashed by hand, and gone on since.
        for (since, end) in line.iter().take(MOST_ENDS).enumerate().skip(1) {
            let upto = self.patch_id(base.as_deref(), end)?;
            if let Some((commit, _)) = there.iter().find(|(_, patch)| Some(*patch) == upto) {
                let landing = Some(WasLanded { head: end.clone(), commit: commit.clone() });
                return Ok(Standing { state: Landed::Since { commits: since }, landing });
            }
        }
        with(Landed::No { commits })
    }

    /// The latest landing that trailers tell of: of all of a branch, of a part of its line, or of a branch that
    /// went on from it.
    fn told_of(&self, head: &CommitId) -> Option<WasLanded> {
        self.told.iter().find_map(|(commit, came)| {
            let Came::Landed(landing) = came else { return None };
            let upto = CommitId::parse(&landing.head).ok()?;
            let is_line = self.repo.leads_to(head, &upto) || self.repo.leads_to(&upto, head);
            // Two branches may both lead to where one of them began.
            let is_own = is_line && !self.is_below_base(&upto, head);
            is_own.then(|| WasLanded { head: upto, commit: commit.clone() })
        })
    }

    /// Whether a head was part of the target before anything of the branch was.
    fn is_below_base(&self, upto: &CommitId, head: &CommitId) -> bool {
        upto != head && self.repo.leads_to(&self.tip, upto) && !self.repo.leads_to(&self.tip, head)
    }

    fn is_nothing_but_snapshots(&self, line: &[CommitId]) -> Result<bool, SessionError> {
        for id in line {
            if !self.repo.commit(id)?.is_snapshot() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Commits of a branch whose change nobody made on the target.
    fn only_here(
        &self,
        head: &CommitId,
        hidden: &[CommitId],
        base: Option<&CommitId>,
    ) -> Result<usize, SessionError> {
        let there: HashSet<PatchId> = self.patches_since(base)?.into_iter().map(|(_, patch)| patch).collect();
        let picked: HashSet<&str> = self
            .told
            .iter()
            .filter_map(|(_, came)| match came {
                Came::Picked(from) => Some(from.as_str()),
                Came::Landed(_) => None,
            })
            .collect();
        let mut hidden = hidden.to_vec();
        hidden.push(self.tip.clone());
        let mut commits = 0;
        for id in self.repo.line(head, &hidden)? {
            let commit = self.repo.commit(&id)?;
            // The user's own uncommitted work, with which a session began, is not the branch's to land.
            if picked.contains(id.as_str()) || commit.is_snapshot() {
                continue;
            }
            let patch = self.patch_id(commit.parents.first().map(|parent| &**parent), &id)?;
            commits += usize::from(patch.is_some_and(|patch| !there.contains(&patch)));
        }
        Ok(commits)
    }

    /// What the commits of the target change, down to a base, newest first.
    fn patches_since(&self, base: Option<&CommitId>) -> Result<Vec<(CommitId, PatchId)>, SessionError> {
        let mut found = Vec::new();
        let line = self.line.iter().take_while(|commit| Some(&commit.id) != base);
        for commit in line.filter(|commit| !self.reverted.contains(commit.id.as_str())) {
            let known = self.patches.borrow().get(&commit.id).copied();
            let patch = match known {
                Some(patch) => patch,
                None => {
                    let parent = commit.parents.first().map(|parent| &**parent);
                    let patch = self.patch_id(parent, &commit.id)?;
                    self.patches.borrow_mut().insert(commit.id.clone(), patch);
                    patch
                }
            };
            found.extend(patch.map(|patch| (commit.id.clone(), patch)));
        }
        Ok(found)
    }

    /// A digest of a change; nothing for an empty one.
    fn patch_id(&self, from: Option<&ObjectId>, to: &ObjectId) -> Result<Option<PatchId>, SessionError> {
        let patch = self.repo.patch(from, to)?;
        if patch.trim().is_empty() {
            return Ok(None);
        }
        let mut digest = Sha256::new();
        let has_binary = patch.contains("\nBinary files ");
        for line in patch.split('\n') {
            // A binary file is told by its object ids alone, which stand in the index line.
            let line = match line {
                line if line.starts_with("@@") => "@@",
                line if line.starts_with("index ") && !has_binary => "",
                line => line,
            };
            digest.update(line);
            digest.update(b"\n");
        }
        Ok(Some(digest.finalize().into()))
    }
}

/// The commits that a message says to take back, as `git revert` writes it.
fn reverts(message: &str) -> impl Iterator<Item = &str> {
    message.split("This reverts commit ").skip(1).filter_map(|rest| {
        let end = rest.bytes().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(rest.len());
        Some(&rest[..end]).filter(|hash| hash.len() >= 40)
    })
}
