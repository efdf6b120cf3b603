//! Lines of commits: the first parents of one that others do not have.

use super::{CommitId, GitError, Repo};

impl Repo {
    /// The first parents of `head`, itself first, as far as none of `hidden` leads to them. Newest first.
    pub fn line(&self, head: &CommitId, hidden: &[CommitId]) -> Result<Vec<CommitId>, GitError> {
        if self.is_library() {
            let failed = |e: git2::Error| GitError::library("walk the history", &e);
            let repo = self.library()?;
            let mut walk = repo.revwalk().map_err(failed)?;
            walk.push(head.oid()?).map_err(failed)?;
            for id in hidden {
                walk.hide(id.oid()?).map_err(failed)?;
            }
            let mut beyond = std::collections::HashSet::new();
            for id in walk {
                beyond.insert(CommitId::of(id.map_err(failed)?));
            }
            let mut line = Vec::new();
            for commit in self.first_parents(head) {
                let commit = commit?;
                if !beyond.contains(&commit.id) {
                    break;
                }
                line.push(commit.id);
            }
            return Ok(line);
        }
        let hidden = hidden.iter().map(|id| format!("^{id}"));
        let out = self.git("rev-list").args(["--first-parent", head.as_str()]).args(hidden).run()?;
        let text = String::from_utf8_lossy(&out);
        Ok(text.lines().filter_map(|line| CommitId::parse(line).ok()).collect())
    }

    /// Whether one commit is below another, `false` also where either is not here.
    pub(super) fn leads_to(&self, from: &CommitId, to: &CommitId) -> bool {
        self.commit(to).is_ok() && self.is_ancestor(to, from).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use crate::git::testing::Fixture;

    #[test]
    fn a_line_ends_where_others_lead_to_it() {
        for program in [false, true] {
            let fixture = Fixture::new();
            if program {
                fixture.git(&["config", "extensions.partialClone", "nowhere"]);
            }
            fixture.git(&["checkout", "-q", "-b", "side"]);
            fixture.git(&["commit", "-q", "--allow-empty", "-m", "one"]);
            fixture.git(&["commit", "-q", "--allow-empty", "-m", "two"]);
            fixture.git(&["checkout", "-q", "main"]);
            fixture.git(&["commit", "-q", "--allow-empty", "-m", "there"]);
            fixture.git(&["checkout", "-q", "side"]);
            fixture.git(&["merge", "-q", "--no-edit", "main"]);
            let repo = fixture.repo();
            let at = |rev: &str| repo.resolve(rev).unwrap();
            let expected = [at("side"), at("side~"), at("side~2")];
            assert_eq!(repo.line(&at("side"), &[at("main")]).unwrap(), expected, "program: {program}");
            assert_eq!(repo.line(&at("side"), &[at("main"), at("side~")]).unwrap(), [at("side")]);
            assert_eq!(repo.line(&at("main"), &[at("side")]).unwrap(), []);
            assert!(repo.leads_to(&at("side"), &at("main")) && !repo.leads_to(&at("main"), &at("side")));
        }
    }
}
