//! References, changed only by compare-and-swap.

use std::fs;

use git2::{ErrorCode, Oid};

use super::{CommitId, GitError, Repo, locks};

/// References that nobody else writes.
const OURS: &[&str] = &["refs/offshoot/", "refs/heads/offshoot/"];

/// What a reference must be for a change of it to go ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect<'a> {
    /// Whatever it is.
    Any,
    /// Not there yet.
    Absent,
    /// At this commit and no other.
    At(&'a CommitId),
}

/// How often and how long a reference's lock is waited for: a second in all.
const LOCK_TRIES: u32 = 40;
const LOCK_PAUSE: std::time::Duration = std::time::Duration::from_millis(25);

impl Repo {
    /// All references whose full name starts with the prefix and that lead to a commit, in order of
    /// name.
    pub fn refs(&self, prefix: &str) -> Result<Vec<(String, CommitId)>, GitError> {
        let mut found =
            if self.is_library() { self.library_refs(prefix)? } else { self.program_refs(prefix)? };
        found.sort();
        Ok(found)
    }

    /// Where a reference leads, by its full name.
    pub fn read_ref(&self, name: &str) -> Result<Option<CommitId>, GitError> {
        if self.is_library() {
            let repo = self.library()?;
            let found = repo.find_reference(name).and_then(|r| r.peel_to_commit());
            return match found {
                Ok(commit) => Ok(Some(CommitId::of(commit.id()))),
                Err(e) if e.code() == ErrorCode::NotFound => Ok(None),
                Err(e) if e.code() == ErrorCode::InvalidSpec => {
                    Err(GitError::BadRefName { name: name.to_owned() })
                }
                Err(e) => Err(GitError::library("read a reference", &e)),
            };
        }
        // A full name that is missing must not be looked for elsewhere, so it is listed, not parsed.
        Ok(self.program_refs(name)?.into_iter().find(|(n, _)| n == name).map(|(_, id)| id))
    }

    /// Moves or makes a reference. `reason` goes to its log, where it has one. A lock that another
    /// process holds is waited for, a little.
    pub fn update_ref(
        &self,
        name: &str,
        new: &CommitId,
        expect: Expect<'_>,
        reason: &str,
    ) -> Result<(), GitError> {
        let attempt = || self.try_update_ref(name, new, expect, reason);
        match patiently(attempt) {
            Err(GitError::Locked(_)) => {
                self.clear_ref_lock(name)?;
                attempt()
            }
            done => done,
        }
    }

    fn try_update_ref(
        &self,
        name: &str,
        new: &CommitId,
        expect: Expect<'_>,
        reason: &str,
    ) -> Result<(), GitError> {
        if !git2::Reference::is_valid_name(name) || !name.starts_with("refs/") {
            return Err(GitError::BadRefName { name: name.to_owned() });
        }
        if self.is_library() {
            let repo = self.library()?;
            let id = new.oid()?;
            let done = match expect {
                Expect::Any => repo.reference(name, id, true, reason),
                Expect::Absent => repo.reference(name, id, false, reason),
                Expect::At(old) => repo.reference_matching(name, id, true, old.oid()?, reason),
            };
            return match done {
                Ok(_) => Ok(()),
                Err(e) => Err(self.explain(name, expect, GitError::library("update a reference", &e))),
            };
        }
        let old = match expect {
            Expect::Any => None,
            Expect::Absent => Some(self.zeros()),
            Expect::At(old) => Some(old.to_string()),
        };
        // The program refuses an empty reason.
        let reason = if reason.is_empty() { "offshoot" } else { reason };
        let answer = self
            .git("update-ref")
            .args(["--no-deref", "-m", reason, name, new.as_str()])
            .args(old)
            .answer()?;
        if answer.ok { Ok(()) } else { Err(self.explain(name, expect, answer.error("update-ref"))) }
    }

    /// Removes a reference. One that is not there is no error unless it was expected somewhere.
    pub fn delete_ref(&self, name: &str, expect: Expect<'_>) -> Result<(), GitError> {
        patiently(|| self.try_delete_ref(name, expect))
    }

    fn try_delete_ref(&self, name: &str, expect: Expect<'_>) -> Result<(), GitError> {
        let found = self.read_ref(name)?;
        match (expect, &found) {
            (Expect::Any | Expect::Absent, None) => return Ok(()),
            (Expect::Absent, Some(_)) => return Err(GitError::RefExists { name: name.to_owned() }),
            (Expect::At(old), found) if found.as_ref() != Some(old) => {
                return Err(moved(name, old, found.clone()));
            }
            _ => {}
        }
        if self.is_library() {
            let repo = self.library()?;
            let removed = repo.find_reference(name).and_then(|mut reference| {
                // Deleting checks that the reference is still where this handle read it.
                if let (Expect::At(old), Some(target)) = (expect, reference.target())
                    && Oid::from_str(old.as_str())? != target
                {
                    return Err(git2::Error::new(
                        ErrorCode::Modified,
                        git2::ErrorClass::Reference,
                        "it moved",
                    ));
                }
                reference.delete()
            });
            return match removed {
                Ok(()) => Ok(()),
                Err(e) => Err(self.explain(name, expect, GitError::library("delete a reference", &e))),
            };
        }
        let old = match expect {
            Expect::At(old) => Some(old.as_str()),
            Expect::Any | Expect::Absent => None,
        };
        let answer = self.git("update-ref").args(["--no-deref", "-d", name]).args(old).answer()?;
        if answer.ok { Ok(()) } else { Err(self.explain(name, expect, answer.error("update-ref"))) }
    }

    /// Whether one commit is reachable from another; a commit is its own ancestor.
    pub fn is_ancestor(&self, ancestor: &CommitId, of: &CommitId) -> Result<bool, GitError> {
        if ancestor == of {
            return Ok(true);
        }
        if self.is_library() {
            return self
                .library()?
                .graph_descendant_of(of.oid()?, ancestor.oid()?)
                .map_err(|e| GitError::library("walk the history", &e));
        }
        let answer =
            self.git("merge-base").args(["--is-ancestor", ancestor.as_str(), of.as_str()]).answer()?;
        match answer.code {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(answer.error("merge-base")),
        }
    }

    /// The best common ancestor, or nothing for histories that never met.
    pub fn merge_base(&self, a: &CommitId, b: &CommitId) -> Result<Option<CommitId>, GitError> {
        if self.is_library() {
            return match self.library()?.merge_base(a.oid()?, b.oid()?) {
                Ok(id) => Ok(Some(CommitId::of(id))),
                Err(e) if e.code() == ErrorCode::NotFound => Ok(None),
                Err(e) => Err(GitError::library("walk the history", &e)),
            };
        }
        let answer = self.git("merge-base").args([a.as_str(), b.as_str()]).answer()?;
        match answer.code {
            Some(0) => Ok(CommitId::parse(String::from_utf8_lossy(&answer.out).trim()).ok()),
            Some(1) => Ok(None),
            _ => Err(answer.error("merge-base")),
        }
    }

    fn library_refs(&self, prefix: &str) -> Result<Vec<(String, CommitId)>, GitError> {
        let failed = |e: &git2::Error| GitError::library("list references", e);
        let repo = self.library()?;
        let mut found = Vec::new();
        for reference in repo.references_glob(&format!("{prefix}*")).map_err(|e| failed(&e))? {
            // One broken reference must not hide the others.
            let Ok(reference) = reference else { continue };
            let Ok(name) = reference.name() else { continue };
            if let Ok(commit) = reference.peel_to_commit() {
                found.push((name.to_owned(), CommitId::of(commit.id())));
            }
        }
        Ok(found)
    }

    fn program_refs(&self, prefix: &str) -> Result<Vec<(String, CommitId)>, GitError> {
        let folder = prefix.rfind('/').map_or("", |at| &prefix[..at]);
        let format = "%(refname)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)";
        let out = self.git("for-each-ref").arg(format!("--format={format}")).args(Some(folder)).run()?;
        let text = String::from_utf8_lossy(&out);
        let commit = |line: &str| {
            let words: Vec<&str> = line.split('\0').collect();
            let [name, kind, id, inner_kind, inner] = words[..] else { return None };
            let id = match (kind, inner_kind) {
                ("commit", _) => id,
                (_, "commit") => inner,
                _ => return None,
            };
            Some((name.to_owned(), CommitId::parse(id).ok()?))
        };
        Ok(text.lines().filter_map(commit).filter(|(name, _)| name.starts_with(prefix)).collect())
    }

    /// Removes the lock of a reference when it was abandoned and is ours: on a reference that nobody
    /// else writes, or made to let one lead to a commit of a session. Any other is its owner's.
    pub(super) fn clear_ref_lock(&self, name: &str) -> Result<(), GitError> {
        let lock = self.common_dir().join(format!("{name}.lock"));
        let is_session = |id: CommitId| {
            self.commit(&id).is_ok_and(|commit| commit.message.contains("\nOffshoot-Session: "))
        };
        let Ok(text) = fs::read_to_string(&lock) else { return Ok(()) };
        let is_ours = OURS.iter().any(|prefix| name.starts_with(prefix))
            || CommitId::parse(text.trim()).is_ok_and(is_session);
        if is_ours { locks::clear(&lock, &[self.checkout(), self.common_dir()]) } else { Ok(()) }
    }

    /// The same for all references directly in a folder of ours.
    pub(super) fn clear_ref_locks_in(&self, folder: &str) -> Result<(), GitError> {
        let Ok(entries) = fs::read_dir(self.common_dir().join(folder)) else { return Ok(()) };
        for entry in entries.flatten() {
            if let Some(name) = entry.file_name().to_str().and_then(|name| name.strip_suffix(".lock")) {
                self.clear_ref_lock(&format!("{folder}/{name}"))?;
            }
        }
        Ok(())
    }

    /// Why a change of a reference failed: libgit2 and git word it in many ways, the state tells it.
    fn explain(&self, name: &str, expect: Expect<'_>, error: GitError) -> GitError {
        if !matches!(error, GitError::Library { .. } | GitError::Program { .. }) {
            return error;
        }
        let found = self.read_ref(name).unwrap_or(None);
        match (expect, found) {
            (Expect::Absent, Some(_)) => GitError::RefExists { name: name.to_owned() },
            (Expect::At(old), found) if found.as_ref() != Some(old) => moved(name, old, found),
            _ if self.is_blocked(name) => GitError::RefBlocked { name: name.to_owned() },
            _ => error,
        }
    }

    /// Whether a reference by this name would be the folder of another, or lie in one.
    pub(super) fn is_blocked(&self, name: &str) -> bool {
        let below = self.refs(&format!("{name}/")).is_ok_and(|found| !found.is_empty());
        let above = name.match_indices('/').any(|(at, _)| {
            let parent = &name[..at];
            parent.matches('/').count() >= 2 && self.read_ref(parent).is_ok_and(|r| r.is_some())
        });
        below || above
    }
}

fn moved(name: &str, expected: &CommitId, found: Option<CommitId>) -> GitError {
    GitError::RefMoved { name: name.to_owned(), expected: Some(expected.clone()), found }
}

/// Tries again while another process holds a lock; references are locked for moments only.
pub(super) fn patiently<T>(work: impl Fn() -> Result<T, GitError>) -> Result<T, GitError> {
    for _ in 0..LOCK_TRIES {
        match work() {
            Err(GitError::Locked(_)) => std::thread::sleep(LOCK_PAUSE),
            done => return done,
        }
    }
    work()
}
