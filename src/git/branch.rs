//! Names for branches, made from what was asked.

use deunicode::deunicode;

use super::{CommitId, GitError, Repo};

/// How long the made part of a name may be.
const LONGEST: usize = 40;

impl Repo {
    /// Refuses what git would not take as the name of a branch.
    ///
    /// # Errors
    /// When it is no name for a branch.
    pub fn check_branch_name(&self, name: &str) -> Result<(), GitError> {
        let is_good = git2::Branch::name_is_valid(name).unwrap_or(false) && name != "HEAD";
        if is_good { Ok(()) } else { Err(GitError::BadBranchName { name: name.to_owned() }) }
    }

    /// The head of a branch as it was fetched from a remote.
    pub fn fetched_branch(&self, branch: &str) -> Result<Option<CommitId>, GitError> {
        let found = self.refs("refs/remotes/")?.into_iter().find(|(name, _)| {
            let name = name.strip_prefix("refs/remotes/").and_then(|name| name.split_once('/'));
            name.is_some_and(|(_, name)| name == branch && name != "HEAD")
        });
        Ok(found.map(|(_, head)| head))
    }

    /// A free branch name `offshoot/<words of the prompt>`, numbered when taken, here or at a remote.
    pub fn branch_name(&self, prompt: &str) -> Result<String, GitError> {
        self.free_stem(&slug(prompt), &[""])
    }

    /// The same for work that another branch gave away: `offshoot/<that branch>--<words>`. Not below it: git has no
    /// room for branches under the name of one.
    pub fn child_branch_name(&self, parent: &str, words: &str) -> Result<String, GitError> {
        let parent = parent.strip_prefix("offshoot/").or(parent.strip_prefix("offshoot-")).unwrap_or(parent);
        self.free_stem(&format!("{}--{}", parent.replace('/', "-"), slug(words)), &[""])
    }

    /// The same for branches that belong together: a name to which each of the endings can be added, so that all of
    /// them are free.
    pub fn branch_stem(&self, prompt: &str, endings: &[&str]) -> Result<String, GitError> {
        self.free_stem(&slug(prompt), endings)
    }

    fn free_stem(&self, name: &str, endings: &[&str]) -> Result<String, GitError> {
        // A branch called just `offshoot` leaves no room for names below it.
        let folder = if self.read_ref("refs/heads/offshoot")?.is_some() { "offshoot-" } else { "offshoot/" };
        let base = format!("{folder}{name}");
        let taken: Vec<String> =
            self.refs(&format!("refs/heads/{folder}"))?.into_iter().map(|(name, _)| name).collect();
        let remote: Vec<String> = self.refs("refs/remotes/")?.into_iter().map(|(name, _)| name).collect();
        let is_free = |name: &str| {
            let full = format!("refs/heads/{name}");
            let (below, there) = (format!("{full}/"), format!("/{name}"));
            !taken.iter().any(|t| *t == full || t.starts_with(&below))
                && !remote.iter().any(|name| name.ends_with(&there))
        };
        let are_free = |stem: &String| endings.iter().all(|ending| is_free(&format!("{stem}{ending}")));
        if are_free(&base) {
            return Ok(base);
        }
        Ok((2..u32::MAX).map(|n| format!("{base}-{n}")).find(are_free).unwrap_or(base))
    }
}

/// Lower-case ASCII words joined by dashes, whole words while they fit.
fn slug(prompt: &str) -> String {
    let ascii = deunicode(prompt.lines().find(|l| !l.trim().is_empty()).unwrap_or_default());
    let mut slug = String::new();
    let clean: String = ascii
        .chars()
        .filter(|c| *c != '\'')
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' })
        .collect();
    for word in clean.split_whitespace() {
        let dash = usize::from(!slug.is_empty());
        if slug.len() + dash + word.len() > LONGEST {
            if slug.is_empty() {
                slug.push_str(&word[..LONGEST]);
            }
            break;
        }
        if dash == 1 {
            slug.push('-');
        }
        slug.push_str(word);
    }
    if slug.is_empty() { "task".to_owned() } else { slug }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_was_given_away_is_named_after_who_gave_it() {
        let fixture = crate::git::testing::Fixture::new();
        let repo = fixture.repo();
        let name = |parent: &str| repo.child_branch_name(parent, "Look into it!").unwrap();
        assert_eq!(name("offshoot/fix-it"), "offshoot/fix-it--look-into-it");
        assert_eq!(name("feature/x"), "offshoot/feature-x--look-into-it");
        fixture.git(&["branch", "offshoot/fix-it--look-into-it"]);
        assert_eq!(name("offshoot/fix-it"), "offshoot/fix-it--look-into-it-2");
    }

    #[test]
    fn words_become_a_name() {
        assert_eq!(slug("Fix the parser's bug (#12)!"), "fix-the-parsers-bug-12");
        assert_eq!(slug("Füge Ämter hinzu"), "fuge-amter-hinzu");
        assert_eq!(slug("!!!"), "task");
        assert_eq!(slug(""), "task");
        assert_eq!(slug(&"x".repeat(90)).len(), LONGEST);
        assert!(slug("please rewrite the whole of the import pipeline so that").len() <= LONGEST);
        let chinese = slug("修复解析器");
        assert!(chinese.len() > 3 && chinese.is_ascii(), "{chinese}");
    }
}
