//! Another line's changes brought into the files of a worktree, for whoever works there to commit: neither index
//! nor branch moves. Where they conflict with what is there, nothing is touched.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use git2::build::CheckoutBuilder;

use super::program::{Git, path_bytes};
use super::{ChangeKind, CommitId, Conflict, ConflictKind, GitError, ObjectId, Worktree};

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Brought {
    /// These files of the worktree changed, relative to its top; none when it had all of it already.
    Files(Vec<PathBuf>),
    /// Nothing changed, since these paths cannot be brought together.
    Conflicts(Vec<Conflict>),
}

impl Worktree {
    /// The files as a step would take them now, as a commit that no reference names: the branch's head where
    /// nothing differs from it.
    pub fn files_now(&self) -> Result<CommitId, GitError> {
        let tree = self.tree_now()?;
        let head = self.head()?;
        if let Some(head) = &head
            && self.repo().commit(head)?.tree == tree
        {
            return Ok(head.clone());
        }
        let message = format!("The files of {} in the middle of a step\n", self.branch());
        self.repo().write_commit(&tree, head.as_slice(), &message)
    }

    /// Changes the files by what changed from `base` to `theirs`, on top of whatever they hold by now.
    pub fn bring(&mut self, base: &CommitId, theirs: &CommitId) -> Result<Brought, GitError> {
        self.wait_for_index()?;
        let ours = self.files_now()?;
        let merged = self.repo().merge_from(base, &ours, theirs)?;
        if !merged.is_clean() {
            return Ok(Brought::Conflicts(merged.conflicts));
        }
        let before = self.repo().commit(&ours)?.tree;
        let (mut put, mut gone, mut fresh) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for file in self.repo().diff(Some(&before), &merged.tree)?.files {
            match file.kind {
                ChangeKind::Deleted => {
                    gone.insert(file.path);
                    continue;
                }
                ChangeKind::Added | ChangeKind::Renamed => {
                    fresh.insert(file.path.clone());
                }
                ChangeKind::Modified | ChangeKind::ModeChanged | ChangeKind::TypeChanged => {}
            }
            put.insert(file.path);
            gone.extend(file.old_path);
        }
        let gone: Vec<PathBuf> = gone.difference(&put).cloned().collect();
        let in_the_way = self.strangers_at(&fresh, &gone);
        if !in_the_way.is_empty() {
            return Ok(Brought::Conflicts(in_the_way));
        }
        let put: Vec<PathBuf> = put.into_iter().collect();
        let done = self.change(&merged.tree, &put, &fresh, &gone);
        if done.is_err() {
            // The error tells of the first failure; what cannot be put back fails for the same reason.
            for path in &fresh {
                let _ = self.remove(path);
            }
            let had =
                put.iter().filter(|path| !fresh.contains(*path)).chain(&gone).cloned().collect::<Vec<_>>();
            let _ = self.put(&before, &had);
        }
        done?;
        Ok(Brought::Files(put.into_iter().chain(gone).collect()))
    }

    /// Writes files and removes others. Those that are in the way of new ones go first, the rest when all is written.
    fn change(
        &self,
        tree: &ObjectId,
        put: &[PathBuf],
        fresh: &BTreeSet<PathBuf>,
        gone: &[PathBuf],
    ) -> Result<(), GitError> {
        let folders: BTreeSet<&Path> = fresh.iter().flat_map(|path| path.ancestors().skip(1)).collect();
        let is_in_the_way = |path: &Path| {
            folders.contains(path) || path.ancestors().skip(1).any(|above| fresh.contains(above))
        };
        let (first, last): (Vec<&PathBuf>, Vec<&PathBuf>) = gone.iter().partition(|path| is_in_the_way(path));
        first.into_iter().try_for_each(|path| self.remove(path))?;
        self.put(tree, put)?;
        last.into_iter().try_for_each(|path| self.remove(path))
    }

    /// Files that no step would take, such as ignored ones, at places where new ones are to be. A folder gives way
    /// when what it holds goes.
    fn strangers_at(&self, fresh: &BTreeSet<PathBuf>, gone: &[PathBuf]) -> Vec<Conflict> {
        let is_in_the_way = |path: &&PathBuf| match self.path().join(path).symlink_metadata() {
            Ok(there) if there.is_dir() => !gone.iter().any(|gone| gone.starts_with(path)),
            Ok(_) => true,
            Err(_) => false,
        };
        let conflict = |path: &PathBuf| Conflict { path: path.clone(), kind: ConflictKind::BothAdded };
        fresh.iter().filter(is_in_the_way).map(conflict).collect()
    }

    /// Removes a file, and the folders that are empty without it.
    fn remove(&self, path: &Path) -> Result<(), GitError> {
        let full = self.path().join(path);
        match std::fs::remove_file(&full) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(GitError::io(&full, error)),
        }
        for folder in full.ancestors().skip(1).take_while(|folder| *folder != self.path()) {
            // One that holds something else stays.
            if std::fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// By the program where there is one, since only it runs filters.
    fn put(&self, tree: &ObjectId, paths: &[PathBuf]) -> Result<(), GitError> {
        if paths.is_empty() {
            return Ok(());
        }
        match self.library() {
            Some(library) if !self.repo().has_program() => {
                let failed = |e: &git2::Error| GitError::library("write files", e);
                let tree = library.find_object(tree.oid()?, None).map_err(|e| failed(&e))?;
                let mut how = CheckoutBuilder::new();
                how.force().update_index(false).disable_pathspec_match(true);
                for path in paths {
                    how.path(path);
                }
                library.checkout_tree(&tree, Some(&mut how)).map_err(|e| failed(&e))
            }
            _ => {
                let list: Vec<u8> =
                    paths.iter().flat_map(|path| [&path_bytes(path)[..], b"\0"].concat()).collect();
                Git::at(self.path(), self.git_dir(), "restore")
                    .args(["--worktree", "--source", tree.as_str()])
                    .args(["--pathspec-from-file=-", "--pathspec-file-nul"])
                    .input(list)
                    .run()
                    .map(drop)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::testing::{Fixture, git_in, write};

    struct Two {
        fixture: Fixture,
        mine: Worktree,
        base: CommitId,
    }

    /// A worktree whose files are to change, and the commit that another line left it at.
    fn two(is_library: bool) -> Two {
        let fixture = Fixture::new();
        if !is_library {
            fixture.git(&["config", "extensions.partialClone", "nowhere"]);
        }
        fixture.write("both", "1\n2\n3\n4\n5\n6\n7\n8\n");
        fixture.write("folder/gone", "gone\n");
        fixture.write("old", "a name\nthat\nchanges\n");
        fixture.write(".gitignore", "ignored\n");
        fixture.commit_all("base");
        let repo = fixture.repo();
        assert_eq!(repo.is_library(), is_library);
        let mine = repo.create_worktree("mine", None, &fixture.place("mine")).unwrap();
        // Something that no commit has yet.
        write(mine.path(), "mine", "half done\n");
        let base = mine.files_now().unwrap();
        Two { fixture, mine, base }
    }

    impl Two {
        fn theirs(&self, change: impl Fn(&Path)) -> CommitId {
            let repo = self.fixture.repo();
            let theirs =
                repo.create_worktree("theirs", Some(&self.base), &self.fixture.place("theirs")).unwrap();
            change(theirs.path());
            git_in(theirs.path(), &["add", "-A", "-f"]);
            git_in(theirs.path(), &["commit", "-q", "-m", "theirs"]);
            theirs.head().unwrap().unwrap()
        }

        fn read(&self, path: &str) -> Option<String> {
            std::fs::read_to_string(self.mine.path().join(path)).ok()
        }
    }

    fn check_both(check: impl Fn(Two)) {
        check(two(true));
        check(two(false));
    }

    #[test]
    fn another_lines_changes_come_into_files_that_changed_meanwhile() {
        check_both(|mut two| {
            let head = two.mine.head().unwrap();
            let theirs = two.theirs(|top| {
                write(top, "both", "1\n2\n3\n4\n5\n6\n7\neight\n");
                write(top, "new/deep", "new\n");
                std::fs::remove_file(top.join("folder/gone")).unwrap();
                std::fs::rename(top.join("old"), top.join("renamed")).unwrap();
            });
            write(two.mine.path(), "both", "one\n2\n3\n4\n5\n6\n7\n8\n");
            let base = two.base.clone();
            let Brought::Files(mut files) = two.mine.bring(&base, &theirs).unwrap() else { panic!() };
            files.sort();
            assert_eq!(files, ["both", "folder/gone", "new/deep", "old", "renamed"].map(PathBuf::from));
            assert_eq!(two.read("both").unwrap(), "one\n2\n3\n4\n5\n6\n7\neight\n");
            assert_eq!(two.read("new/deep").unwrap(), "new\n");
            assert_eq!(two.read("renamed").unwrap(), "a name\nthat\nchanges\n");
            assert_eq!(two.read("mine").unwrap(), "half done\n");
            assert!(!two.mine.path().join("folder").exists() && two.read("old").is_none());
            assert_eq!(two.mine.head().unwrap(), head, "the branch stays");
            assert_eq!(two.mine.bring(&base, &theirs).unwrap(), Brought::Files(Vec::new()), "once is enough");
        });
    }

    #[test]
    fn where_they_conflict_nothing_is_touched() {
        check_both(|mut two| {
            let theirs = two.theirs(|top| {
                write(top, "both", "theirs\n");
                write(top, "new", "new\n");
            });
            write(two.mine.path(), "both", "mine\n");
            let base = two.base.clone();
            let conflict = Conflict { path: "both".into(), kind: ConflictKind::BothChanged };
            assert_eq!(two.mine.bring(&base, &theirs).unwrap(), Brought::Conflicts(vec![conflict]));
            assert_eq!(two.read("both").unwrap(), "mine\n");
            assert_eq!(two.read("new"), None);
        });
    }

    #[test]
    fn what_cannot_be_written_changes_nothing() {
        let mut two = two(false);
        two.fixture.git(&["config", "filter.broken.smudge", "false"]);
        two.fixture.git(&["config", "filter.broken.clean", "cat"]);
        two.fixture.git(&["config", "filter.broken.required", "true"]);
        let theirs = two.theirs(|top| {
            write(top, ".gitattributes", "late filter=broken\n");
            write(top, "both", "theirs\n");
            write(top, "early/new", "new\n");
            write(top, "late", "new\n");
            std::fs::remove_file(top.join("old")).unwrap();
            write(top, "old/deep", "a folder now\n");
            std::fs::remove_file(top.join("folder/gone")).unwrap();
        });
        // The attributes have to be there for the filter to be asked.
        write(two.mine.path(), ".gitattributes", "late filter=broken\n");
        let base = two.base.clone();
        assert!(two.mine.bring(&base, &theirs).is_err());
        assert!(two.read("both").unwrap().starts_with("1\n2\n"));
        assert_eq!(two.read("folder/gone").as_deref(), Some("gone\n"));
        assert_eq!(two.read("old").as_deref(), Some("a name\nthat\nchanges\n"));
        assert_eq!(two.read("mine").as_deref(), Some("half done\n"));
        assert!(!two.mine.path().join("early").exists() && two.read("late").is_none());
    }

    #[test]
    fn files_give_way_to_folders_and_folders_to_files() {
        check_both(|mut two| {
            let theirs = two.theirs(|top| {
                std::fs::remove_file(top.join("old")).unwrap();
                write(top, "old/deep", "a folder now\n");
                std::fs::remove_dir_all(top.join("folder")).unwrap();
                write(top, "folder", "a file now\n");
            });
            let base = two.base.clone();
            let Brought::Files(_) = two.mine.bring(&base, &theirs).unwrap() else { panic!() };
            assert_eq!(two.read("old/deep").as_deref(), Some("a folder now\n"));
            assert_eq!(two.read("folder").as_deref(), Some("a file now\n"));
        });
    }

    #[test]
    fn a_file_that_git_does_not_know_is_not_written_over() {
        check_both(|mut two| {
            let theirs = two.theirs(|top| write(top, "ignored", "theirs\n"));
            write(two.mine.path(), "ignored", "mine\n");
            let base = two.base.clone();
            let conflict = Conflict { path: "ignored".into(), kind: ConflictKind::BothAdded };
            assert_eq!(two.mine.bring(&base, &theirs).unwrap(), Brought::Conflicts(vec![conflict]));
            assert_eq!(two.read("ignored").unwrap(), "mine\n");
        });
    }
}
