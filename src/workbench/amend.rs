//! The user's own choice among what agents made: parts of a difference taken back, or taken over from
//! elsewhere, each time as a commit of theirs. What a part is, and whether it goes in, `git` knows.

use super::open::OpenTab;
use super::review::{commit, first};
use super::words::count;
use super::{Place, Stat};
use crate::agent::{Failure, fit};
use crate::chat::ErrorClass;
use crate::git::redact::redact;
use crate::git::session::SessionError;
use crate::git::{CommitId, Difference, ObjectId, Repo};

pub use crate::git::{Hunk, Part, Pick, PickError, Refusal, Refused, Unfit, Way};

/// Columns of a subject.
const SUBJECT_COLUMNS: usize = 72;

/// Parts of a difference, and whether they are to be taken or taken back. Revisions are those of a
/// [`Range`](super::review::Range).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amend {
    pub way: Way,
    /// `None`: the difference is from nothing.
    pub from: Option<String>,
    pub to: String,
    pub picks: Vec<Pick>,
    /// Whose work it is, in a few words, for the message: `turn 3 of offshoot/fix-it`.
    pub about: String,
}

/// It is done: a commit of the user's has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amended {
    pub amend: Amend,
    pub commit: String,
    pub subject: String,
    pub stat: Stat,
}

/// Puts parts of one or several differences on top of a revision, each difference as a commit of the user's
/// that names whose it was, and gives the last of them. No branch moves, and no file on disk changes.
///
/// # Errors
/// With the parts that do not go in. Then nothing refers to what was made.
pub async fn compose(place: &Place, onto: String, amends: Vec<Amend>) -> Result<String, Failure> {
    let secrets = place.base.services.secrets.clone();
    place
        .git(move |repo| {
            let mut head = commit(repo, &onto)?;
            for amend in &amends {
                head = amend.commit_on(repo, &head, &secrets)?;
            }
            Ok::<_, Failure>(head.to_string())
        })
        .await
}

impl Amend {
    /// What its commit is called.
    pub fn subject(&self) -> String {
        let verb = match self.way {
            Way::Take => "Take",
            Way::Revert => "Revert",
        };
        let what = match self.picks.as_slice() {
            [Pick { path, part: Part::File }] => path.clone(),
            [Pick { path, part: Part::Hunks(hunks) }] if hunks.len() == 1 => format!("a hunk of {path}"),
            [Pick { path, part: Part::Hunks(hunks) }] => {
                format!("{} of {path}", count(hunks.len(), "hunk"))
            }
            picks if picks.iter().all(|pick| pick.part == Part::File) => count(picks.len(), "file"),
            picks => format!("parts of {}", count(picks.len(), "file")),
        };
        fit(&format!("{verb} {}", one_line(&what)), SUBJECT_COLUMNS)
    }

    /// Makes its commit on top of another.
    fn commit_on(&self, repo: &Repo, head: &CommitId, secrets: &[String]) -> Result<CommitId, Failure> {
        let from = first(repo, self.from.as_deref())?;
        let to = commit(repo, &self.to)?;
        let difference = Difference {
            from: from.as_ref().map(|from| from.object().clone()),
            to: to.object().clone(),
            way: self.way,
        };
        let tree = repo.pick(&difference, &self.picks, head)?;
        Ok(self.write(repo, head, &tree, (from.as_ref(), &to), secrets)?)
    }

    fn write(
        &self,
        repo: &Repo,
        head: &CommitId,
        tree: &ObjectId,
        (from, to): (Option<&CommitId>, &CommitId),
        secrets: &[String],
    ) -> Result<CommitId, SessionError> {
        let did = match self.way {
            Way::Take => "Taken over",
            Way::Revert => "Taken back",
        };
        let from = from.map_or("nothing", |from| from.short());
        let message = format!(
            "{}\n\n{did} by the user in a review of {}, not by an agent.\nThe difference is {from}..{}.\n",
            self.subject(),
            one_line(&self.about),
            to.short()
        );
        Ok(repo.write_commit(tree, std::slice::from_ref(head), &redact(&message, secrets))?)
    }
}

impl OpenTab {
    /// Amends the tab's branch and the files of its worktree. What the user changed there is committed first.
    pub(super) async fn amend(&mut self, amend: Amend) -> Result<Amended, Failure> {
        if self.opened.is_aside {
            let why = "this tab only looks on: it has no branch that could be changed";
            return Err(Failure::new(ErrorClass::Internal, why).hint("branch off with a worktree first"));
        }
        self.agent.keep_edits().await?;
        let secrets = self.agent.services().secrets.clone();
        let (amended, done) = self
            .agent
            .with_git(move |repo, held| {
                let done = held.worktree.as_mut().map(|worktree| {
                    let head = worktree.head()?.ok_or_else(|| {
                        Failure::new(ErrorClass::NotFound, "there is no commit on this tab's branch yet")
                    })?;
                    let made = amend.commit_on(repo, &head, &secrets)?;
                    worktree.follow(&head, &made, "offshoot: chosen in a review")?;
                    let diff = repo.diff(Some(&head), &made)?;
                    let stat = Stat {
                        files: diff.files.len(),
                        insertions: diff.insertions,
                        deletions: diff.deletions,
                    };
                    Ok::<_, Failure>((made.to_string(), stat))
                });
                Ok((amend, done))
            })
            .await?;
        let nowhere = || Failure::new(ErrorClass::Internal, "this tab has no worktree");
        let (commit, stat) = done.ok_or_else(nowhere)??;
        Ok(Amended { subject: amended.subject(), amend: amended, commit, stat })
    }
}

impl Amended {
    /// What the model is told of it, in the user's words.
    pub(super) fn note(&self) -> String {
        let did = match self.amend.way {
            Way::Take => "took over",
            Way::Revert => "took back",
        };
        let mut files: Vec<&str> = self.amend.picks.iter().map(|pick| pick.path.as_str()).collect();
        files.dedup();
        format!(
            "[In a review I {did} a part of the changes: \"{}\", commit {}. Read {} again before you edit there.]",
            self.subject,
            self.commit.get(..10).unwrap_or(&self.commit),
            files.join(", ")
        )
    }
}

impl From<PickError> for Failure {
    fn from(error: PickError) -> Self {
        let message = error.to_string();
        match error {
            PickError::Git(error) => error.into(),
            PickError::Refused(refused) if refused.iter().all(Refused::is_already) => {
                Self::new(ErrorClass::NotFound, message).hint("there is nothing to change")
            }
            PickError::Refused(_) => Self::new(ErrorClass::NotFound, message)
                .hint("nothing was changed; comment on it, and let the agent do it"),
        }
    }
}

fn one_line(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(plain).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_says_what_was_chosen() {
        let file = |path: &str| Pick { path: path.into(), part: Part::File };
        let hunks = |path: &str, count| Pick {
            path: path.into(),
            part: Part::Hunks(vec![Hunk { old: 0..1, new: 0..1 }; count]),
        };
        let said = |way, picks: &[Pick]| {
            let (from, to, about) = (None, String::new(), String::new());
            Amend { way, from, to, picks: picks.to_vec(), about }.subject()
        };
        assert_eq!(said(Way::Revert, &[hunks("src/parser.rs", 1)]), "Revert a hunk of src/parser.rs");
        assert_eq!(said(Way::Take, &[hunks("src/parser.rs", 3)]), "Take 3 hunks of src/parser.rs");
        assert_eq!(said(Way::Revert, &[file("a\nb")]), "Revert a b");
        assert_eq!(said(Way::Take, &[file("a"), file("b")]), "Take 2 files");
        assert_eq!(said(Way::Take, &[file("a"), hunks("b", 1)]), "Take parts of 2 files");
        assert!(said(Way::Revert, &[file(&"long/".repeat(30))]).chars().count() <= SUBJECT_COLUMNS);
    }
}
