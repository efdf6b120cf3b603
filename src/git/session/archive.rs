//! Sessions that were put away: their branches and conversations stay where they are, and a ref says that nobody
//! wants to see them at hand. Nothing is removed by it.

use super::{ARCHIVED, SessionError, session_ref};
use crate::git::{Expect, Repo};

/// Puts a session away. `false` when git holds nothing of it, so that there is nothing to put away.
pub fn archive(repo: &Repo, session: &str) -> Result<bool, SessionError> {
    let Some(tip) = repo.read_ref(&session_ref(session))? else { return Ok(false) };
    repo.update_ref(&name(session), &tip, Expect::Any, "offshoot: archived")?;
    Ok(true)
}

/// The session is at hand again.
pub fn unarchive(repo: &Repo, session: &str) -> Result<(), SessionError> {
    if repo.read_ref(&name(session))?.is_some() {
        repo.delete_ref(&name(session), Expect::Any)?;
    }
    Ok(())
}

/// The ids of all sessions that were put away.
pub fn archived(repo: &Repo) -> Result<Vec<String>, SessionError> {
    let refs = repo.refs(ARCHIVED)?;
    Ok(refs.into_iter().filter_map(|(name, _)| name.strip_prefix(ARCHIVED).map(str::to_owned)).collect())
}

fn name(session: &str) -> String {
    format!("{ARCHIVED}{session}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::testing::Fixture;

    #[test]
    fn a_session_is_put_away_and_brought_back_without_a_change_to_its_refs() {
        let fixture = Fixture::new();
        let repo = fixture.repo();
        assert!(!archive(&repo, "S1").unwrap());
        let head = repo.resolve("main").unwrap();
        repo.update_ref(&session_ref("S1"), &head, Expect::Absent, "test").unwrap();
        let before = fixture.git(&["for-each-ref"]);
        assert!(archive(&repo, "S1").unwrap() && archive(&repo, "S1").unwrap());
        assert_eq!(archived(&repo).unwrap(), ["S1"]);
        unarchive(&repo, "S1").unwrap();
        unarchive(&repo, "S1").unwrap();
        assert_eq!(archived(&repo).unwrap(), Vec::<String>::new());
        assert_eq!(fixture.git(&["for-each-ref"]), before);
    }
}
