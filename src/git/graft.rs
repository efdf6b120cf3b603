//! Files of one tree put into another, whole: what a person takes over from a branch without the rest of it. It
//! merges nothing and looks at no worktree.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::program::path_bytes;
use super::stage::{Changes, apply};
use super::{CommitId, GitError, ObjectId, Repo};

impl Repo {
    /// The tree of `onto` with these paths as they stand in `from`: content, mode, links and submodules; what is
    /// not there in `from` goes. Writes the tree, and nothing else.
    pub fn graft(&self, onto: &CommitId, from: &CommitId, paths: &[PathBuf]) -> Result<ObjectId, GitError> {
        if self.is_library() {
            self.graft_library(onto, from, paths)
        } else {
            self.graft_program(onto, from, paths)
        }
    }

    fn graft_library(
        &self,
        onto: &CommitId,
        from: &CommitId,
        paths: &[PathBuf],
    ) -> Result<ObjectId, GitError> {
        let repo = self.library()?;
        let failed = |error: git2::Error| GitError::library("take files into a tree", &error);
        let tree =
            |id: &CommitId| repo.find_commit(id.oid()?).and_then(|commit| commit.tree()).map_err(failed);
        let (onto, from) = (tree(onto)?, tree(from)?);
        let mut changes = Changes::new();
        for path in paths {
            let content = match from.get_path(path) {
                Ok(entry) => {
                    let mode = u32::try_from(entry.filemode()).unwrap_or(0o100_644);
                    Some((entry.id(), mode))
                }
                Err(error) if error.code() == git2::ErrorCode::NotFound => None,
                Err(error) => return Err(failed(error)),
            };
            changes.insert(path_bytes(path), content);
        }
        apply(&repo, Some(&onto), &changes).map(ObjectId::of).map_err(failed)
    }

    fn graft_program(
        &self,
        onto: &CommitId,
        from: &CommitId,
        paths: &[PathBuf],
    ) -> Result<ObjectId, GitError> {
        let folder = tempfile::tempdir().map_err(|error| GitError::io(std::env::temp_dir(), error))?;
        let index = folder.path().join("index");
        self.git("read-tree").index(&index).arg(onto.as_str()).run()?;
        let there = self.entries(from, paths)?;
        let mut input = Vec::new();
        // What goes goes first: a folder may take the place of a file, or the other way round.
        for path in paths.iter().filter(|path| !there.contains_key(&path_bytes(path))) {
            input.extend(format!("0 {}\t", self.zeros()).into_bytes());
            input.extend(path_bytes(path));
            input.push(0);
        }
        for (path, head) in &there {
            input.extend(head.as_bytes());
            input.push(b'\t');
            input.extend(path);
            input.push(0);
        }
        if !input.is_empty() {
            let update = self.git("update-index").index(&index);
            update.args(["--replace", "-z", "--index-info"]).input(input).run()?;
        }
        let tree = self.git("write-tree").index(&index).line()?;
        ObjectId::parse(&tree).map_err(|error| GitError::program("write-tree", &error.to_string()))
    }

    /// Mode, kind and object of the paths that a commit has, as git lists them.
    fn entries(&self, of: &CommitId, paths: &[PathBuf]) -> Result<BTreeMap<Vec<u8>, String>, GitError> {
        let mut found = BTreeMap::new();
        // A command line holds only so many.
        for some in paths.chunks(200) {
            let listed = self
                .git("ls-tree")
                .args(["-r", "-z", "--full-tree", of.as_str(), "--"])
                .args(some.iter().map(AsRef::<Path>::as_ref))
                .run()?;
            for record in listed.split(|byte| *byte == 0).filter(|record| !record.is_empty()) {
                let Some(tab) = record.iter().position(|byte| *byte == b'\t') else { continue };
                let (head, path) = (String::from_utf8_lossy(&record[..tab]).into_owned(), &record[tab + 1..]);
                // Asked for a folder, git lists what is in it.
                if some.iter().any(|wanted| path_bytes(wanted) == path) {
                    found.insert(path.to_vec(), head);
                }
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::git::testing::Fixture;

    /// The same repository, served by the library and by the program.
    fn both(act: impl Fn(&Fixture)) {
        act(&Fixture::new());
        let program = Fixture::new();
        program.git(&["config", "extensions.partialClone", "nowhere"]);
        assert!(!program.repo().is_library());
        act(&program);
    }

    fn listed(fixture: &Fixture, tree: &ObjectId) -> String {
        let all = fixture.git(&["-c", "core.quotePath=false", "ls-tree", "-r", tree.as_str()]);
        let line = |line: &str| {
            let (head, path) = line.split_once('\t').unwrap();
            format!("{} {path}\n", head.split(' ').next().unwrap())
        };
        all.lines().map(line).collect()
    }

    #[test]
    fn files_come_whole_and_what_is_gone_there_goes_here() {
        both(|fixture| {
            let top = &fixture.top;
            fixture.git(&["checkout", "-q", "-b", "other"]);
            fixture.write("src/main.rs", "fn main() { other() }\n");
            fixture.write("deep/er/new.sh", "#!/bin/sh\n");
            fs::set_permissions(top.join("deep/er/new.sh"), fs::Permissions::from_mode(0o755)).unwrap();
            fs::remove_file(top.join("src/lib.rs")).unwrap();
            fs::remove_file(top.join("docs/ein Wort – ü.txt")).unwrap();
            std::os::unix::fs::symlink("README.md", top.join("link")).unwrap();
            fixture.write("untaken", "stays there\n");
            fixture.commit_all("other");
            let repo = fixture.repo();
            let (main, other) = (repo.resolve("main").unwrap(), repo.resolve("other").unwrap());
            let paths = ["src/main.rs", "deep/er/new.sh", "docs/ein Wort – ü.txt", "link"].map(PathBuf::from);
            let tree = repo.graft(&main, &other, &paths).unwrap();
            assert_eq!(
                listed(fixture, &tree),
                "100644 .gitignore\n100644 README.md\n100755 deep/er/new.sh\n120000 link\n\
                 100644 src/lib.rs\n100644 src/main.rs\n"
            );
            assert_eq!(fixture.git(&["show", &format!("{tree}:src/main.rs")]), "fn main() { other() }");
            assert_eq!(repo.graft(&main, &other, &[]).unwrap(), repo.commit(&main).unwrap().tree);
        });
    }

    #[test]
    fn a_folder_takes_the_place_of_a_file_and_the_other_way_round() {
        both(|fixture| {
            let top = &fixture.top;
            fixture.git(&["checkout", "-q", "-b", "other"]);
            fs::remove_file(top.join("README.md")).unwrap();
            fixture.write("README.md/part", "now a folder\n");
            fs::remove_dir_all(top.join("src")).unwrap();
            fixture.write("src", "now a file\n");
            fixture.commit_all("other");
            let repo = fixture.repo();
            let (main, other) = (repo.resolve("main").unwrap(), repo.resolve("other").unwrap());
            let paths =
                ["README.md", "README.md/part", "src", "src/main.rs", "src/lib.rs"].map(PathBuf::from);
            let tree = repo.graft(&main, &other, &paths).unwrap();
            assert_eq!(
                listed(fixture, &tree),
                "100644 .gitignore\n100644 README.md/part\n100644 docs/ein Wort – ü.txt\n100644 src\n"
            );
        });
    }
}
