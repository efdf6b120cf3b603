//! Other repositories, by the git program alone: only it knows the user's credentials and proxies. Nothing of the
//! user's is written: no setting, no `FETCH_HEAD`, no branch of a remote.

use std::collections::HashMap;

use super::program::Git;
use super::{CommitId, GitError, Repo};

/// Another repository, and whether somebody is there who could be asked for a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// The name of a remote, a path or an address.
    pub name: String,
    pub can_ask: bool,
}

/// A reference to be set there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// The full name.
    pub name: String,
    pub commit: CommitId,
    /// Where it is expected to be now; `None`: not there.
    pub expected: Option<CommitId>,
}

impl Repo {
    /// The names of the remotes in the settings.
    pub fn remotes(&self) -> Result<Vec<String>, GitError> {
        self.needs_program("remotes")?;
        let out = self.git("remote").run()?;
        Ok(String::from_utf8_lossy(&out).lines().map(str::to_owned).collect())
    }

    /// The references there that begin with a prefix, by their full names.
    pub fn remote_refs(&self, remote: &Remote, prefix: &str) -> Result<HashMap<String, CommitId>, GitError> {
        let out = self.reach(remote, "ls-remote")?.args([&remote.name, &format!("{prefix}*")]).run()?;
        let line = |line: &str| {
            let (id, name) = line.split_once('\t')?;
            Some((name.to_owned(), CommitId::parse(id).ok()?))
        };
        Ok(String::from_utf8_lossy(&out).lines().filter_map(line).collect())
    }

    /// Sets references there, each only if it is where it was expected, and gives those that were refused with
    /// the reason. No hook is run here.
    pub fn push(&self, remote: &Remote, pushes: &[Push]) -> Result<HashMap<String, String>, GitError> {
        if pushes.is_empty() {
            return Ok(HashMap::new());
        }
        let lease = |push: &Push| {
            let expected = push.expected.as_ref().map_or("", |commit| commit.as_str());
            format!("--force-with-lease={}:{expected}", push.name)
        };
        let answer = self
            .reach(remote, "push")?
            .args(["--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no"])
            .args(pushes.iter().map(lease))
            .arg(&remote.name)
            .args(pushes.iter().map(|push| format!("{}:{}", push.commit, push.name)))
            .answer()?;
        let text = String::from_utf8_lossy(&answer.out).into_owned();
        let refused: HashMap<String, String> = text
            .lines()
            .filter_map(|line| {
                let mut fields = line.strip_prefix("!\t")?.split('\t');
                let name = fields.next()?.split_once(':')?.1.to_owned();
                Some((name, fields.next().unwrap_or("refused").to_owned()))
            })
            .collect();
        if !answer.ok && refused.is_empty() {
            return Err(answer.error("push"));
        }
        Ok(refused)
    }

    /// Fetches the references there that begin with `from`, to `into` followed by the rest of their names.
    pub fn fetch(&self, remote: &Remote, from: &str, into: &str) -> Result<(), GitError> {
        self.reach(remote, "fetch")?
            .args(["--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--refmap="])
            .args(["--no-auto-maintenance", &remote.name, &format!("+{from}*:{into}*")])
            .run()
            .map(drop)
    }

    fn reach(&self, remote: &Remote, command: &str) -> Result<Git, GitError> {
        self.needs_program("remotes")?;
        let git = self.git(command);
        Ok(if remote.can_ask { git.asking() } else { git })
    }
}
