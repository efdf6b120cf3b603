//! What would conflict if one commit were merged into another. Merged in memory, or in a store of objects that
//! is thrown away: nothing of it stays.

use super::program::bytes_path;
use super::{CommitId, GitError, Repo};

impl Repo {
    /// The paths that would conflict if `theirs` were merged into `ours`, in order.
    pub fn conflicts(&self, ours: &CommitId, theirs: &CommitId) -> Result<Vec<String>, GitError> {
        if self.is_ancestor(theirs, ours)? || self.is_ancestor(ours, theirs)? {
            return Ok(Vec::new());
        }
        let mut paths = if self.is_library() {
            self.merge_in_memory(ours, theirs)?
        } else {
            self.merge_tree(ours, theirs)?
        };
        paths.sort();
        paths.dedup();
        Ok(paths)
    }

    fn merge_in_memory(&self, ours: &CommitId, theirs: &CommitId) -> Result<Vec<String>, GitError> {
        let failed = |e: git2::Error| GitError::library("merge in memory", &e);
        // With a handle of its own: what is merged must not stay in a shared one, and not on the disk.
        let repo = git2::Repository::open(self.git_dir()).map_err(failed)?;
        let odb = repo.odb().map_err(failed)?;
        odb.add_new_mempack_backend(1_000).map_err(failed)?;
        let commit = |id: &CommitId| repo.find_commit(id.oid()?).map_err(failed);
        let merged = repo.merge_commits(&commit(ours)?, &commit(theirs)?, None).map_err(failed)?;
        let mut paths = Vec::new();
        for conflict in merged.conflicts().map_err(failed)? {
            let conflict = conflict.map_err(failed)?;
            let entries = [conflict.our, conflict.their, conflict.ancestor];
            paths.extend(entries.into_iter().flatten().next().map(|entry| shown(&entry.path)));
        }
        Ok(paths)
    }

    fn merge_tree(&self, ours: &CommitId, theirs: &CommitId) -> Result<Vec<String>, GitError> {
        let store = tempfile::tempdir().map_err(|e| GitError::io("a temporary folder", e))?;
        let answer = self
            .git("merge-tree")
            .objects_in(store.path(), &self.common_dir().join("objects"))
            .args(["--write-tree", "--name-only", "--no-messages", "--allow-unrelated-histories", "-z"])
            .args([ours.as_str(), theirs.as_str()])
            .answer()?;
        match answer.code {
            Some(0) => Ok(Vec::new()),
            // The tree that it came to, then the paths.
            Some(1) => {
                let fields = answer.out.split(|byte| *byte == 0).skip(1);
                Ok(fields.filter(|field| !field.is_empty()).map(shown).collect())
            }
            _ => Err(answer.error("merge-tree")),
        }
    }
}

fn shown(path: &[u8]) -> String {
    bytes_path(path).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use crate::git::testing::Fixture;

    fn objects(fixture: &Fixture) -> String {
        fixture.git(&["count-objects"])
    }

    fn check(fixture: &Fixture) {
        let numbers = (0..40).map(|number| number.to_string()).collect::<Vec<_>>().join("\n");
        fixture.write("both", "start\n");
        fixture.write("apart", &numbers);
        fixture.write("gone", "here\n");
        fixture.commit_all("base");
        fixture.git(&["checkout", "-q", "-b", "side"]);
        fixture.write("both", "side\n");
        fixture.write("apart", &format!("{numbers} side"));
        fixture.write("gone", "changed\n");
        fixture.write("made twice – ü", "side\n");
        fixture.commit_all("side");
        fixture.git(&["checkout", "-q", "main"]);
        let repo = fixture.repo();
        let at = |rev: &str| repo.resolve(rev).unwrap();
        assert_eq!(repo.conflicts(&at("main"), &at("side")).unwrap(), [""; 0], "nothing happened since");
        fixture.write("both", "main\n");
        fixture.write("apart", &format!("main {numbers}"));
        fixture.git(&["rm", "-q", "gone"]);
        fixture.write("made twice – ü", "main\n");
        fixture.commit_all("main");
        assert_eq!(
            repo.conflicts(&at("main"), &at("side")).unwrap(),
            ["both", "gone", "made twice – ü"].map(str::to_owned)
        );
        assert_eq!(repo.conflicts(&at("side"), &at("main~")).unwrap(), [""; 0]);
        fixture.git(&["checkout", "-q", "--orphan", "alone"]);
        fixture.write("both", "alone\n");
        fixture.commit_all("alone");
        assert!(repo.conflicts(&at("alone"), &at("side")).unwrap().contains(&"both".to_owned()));
    }

    #[test]
    fn what_would_conflict_is_found_by_the_library() {
        check(&Fixture::new());
    }

    #[test]
    fn what_would_conflict_is_found_by_the_program() {
        let fixture = Fixture::new();
        fixture.git(&["config", "extensions.partialClone", "nowhere"]);
        assert!(!fixture.repo().is_library());
        check(&fixture);
    }

    #[test]
    fn looking_leaves_no_object_behind() {
        for program in [false, true] {
            let fixture = Fixture::new();
            if program {
                fixture.git(&["config", "extensions.partialClone", "nowhere"]);
            }
            let lines = |edit: &str| format!("{edit}1\n2\n3\n4\n5\n6\n7\n8\n");
            fixture.write("a", &lines(""));
            fixture.commit_all("base");
            fixture.git(&["checkout", "-q", "-b", "side"]);
            fixture.write("a", &format!("{}9\n", lines("")));
            fixture.commit_all("side");
            fixture.git(&["checkout", "-q", "main"]);
            fixture.write("a", &lines("0\n"));
            fixture.commit_all("main");
            let (repo, before) = (fixture.repo(), objects(&fixture));
            let at = |rev: &str| repo.resolve(rev).unwrap();
            assert_eq!(repo.conflicts(&at("main"), &at("side")).unwrap(), [""; 0]);
            assert_eq!(objects(&fixture), before, "program: {program}");
        }
    }
}
