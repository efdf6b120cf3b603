//! Three-way merges as trees: what two commits come to together, and where they cannot. No worktree, index or
//! reference is touched.
//!
//! By the git program where it is there and new enough, so that a merge comes out as the user's own would; else by
//! libgit2.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use git2::{IndexConflict, IndexEntry, MergeFileOptions};
use tempfile::TempDir;

use super::program::{Answer, bytes_path};
use super::{CommitId, GitError, ObjectId, Repo};

/// What a merge came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The files together. Where they conflict: a text with both versions between markers; of a binary file or a
    /// submodule, ours; of a file that one side deleted, the other side's.
    pub tree: ObjectId,
    /// In the order of their paths, one for each path.
    pub conflicts: Vec<Conflict>,
}

/// A path at which two sides cannot be brought together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// Relative to the top.
    pub path: PathBuf,
    pub kind: ConflictKind,
}

/// What two sides did to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConflictKind {
    BothChanged,
    BothAdded,
    /// Ours deleted it, theirs changed it.
    DeletedByUs,
    DeletedByThem,
    /// A side renamed it and the other one deleted it or renamed it too, or two files came to one name.
    Renamed,
    /// The executable bit, or what kind of file it is.
    Mode,
    Binary,
    Submodule,
    /// A file on one side is a folder on the other.
    FileAndFolder,
}

/// Where the objects of a merge go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Objects {
    Kept,
    ThrownAway,
}

/// The versions of a conflicting path: of the base, ours, theirs. A mode for each that there is.
type Modes = [Option<u32>; 3];

const SUBMODULE: u32 = 0o160_000;
const FORMAT: u32 = 0o170_000;

/// What git gives when it does not know an option.
const USAGE: i32 = 129;

impl Merged {
    pub fn is_clean(&self) -> bool {
        self.conflicts.is_empty()
    }
}

impl Conflict {
    /// The same as the other side sees it.
    #[must_use]
    pub fn turned(&self) -> Self {
        let kind = match self.kind {
            ConflictKind::DeletedByUs => ConflictKind::DeletedByThem,
            ConflictKind::DeletedByThem => ConflictKind::DeletedByUs,
            kind => kind,
        };
        Self { path: self.path.clone(), kind }
    }
}

impl ConflictKind {
    /// In words, ours being "here".
    pub const fn words(self) -> &'static str {
        match self {
            Self::BothChanged => "changed on both sides",
            Self::BothAdded => "added on both sides",
            Self::DeletedByUs => "deleted here, changed there",
            Self::DeletedByThem => "changed here, deleted there",
            Self::Renamed => "renamed in different ways",
            Self::Mode => "changed its mode in different ways",
            Self::Binary => "binary, changed on both sides",
            Self::Submodule => "a submodule that moved on both sides",
            Self::FileAndFolder => "a file on one side, a folder on the other",
        }
    }

    /// In a word, for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BothChanged => "content",
            Self::BothAdded => "add_add",
            Self::DeletedByUs => "delete_modify",
            Self::DeletedByThem => "modify_delete",
            Self::Renamed => "rename",
            Self::Mode => "mode",
            Self::Binary => "binary",
            Self::Submodule => "submodule",
            Self::FileAndFolder => "file_directory",
        }
    }

    fn of_modes([base, ours, theirs]: Modes) -> Self {
        let is_submodule = |mode: Option<u32>| mode.is_some_and(|mode| mode & FORMAT == SUBMODULE);
        if [base, ours, theirs].into_iter().any(is_submodule) {
            return Self::Submodule;
        }
        match (base, ours, theirs) {
            (None, Some(ours), Some(theirs)) if ours != theirs => Self::Mode,
            (_, Some(ours), Some(theirs)) if ours & FORMAT != theirs & FORMAT => Self::Mode,
            (None, Some(_), Some(_)) => Self::BothAdded,
            (Some(_), None, Some(_)) => Self::DeletedByUs,
            (Some(_), Some(_), None) => Self::DeletedByThem,
            (Some(_), Some(_), Some(_)) => Self::BothChanged,
            // A version without the others is left where names went different ways.
            _ => Self::Renamed,
        }
    }
}

impl Repo {
    /// What `theirs` merged into `ours` comes to. Its objects are written.
    pub fn merge(&self, ours: &CommitId, theirs: &CommitId) -> Result<Merged, GitError> {
        self.merge_with(ours, theirs, Objects::Kept)
    }

    /// What `ours` comes to with the change from `base` to `theirs`, whatever their histories are: a cherry-pick
    /// when `base` is the parent of `theirs`, a revert the other way round.
    pub fn merge_from(
        &self,
        base: &CommitId,
        ours: &CommitId,
        theirs: &CommitId,
    ) -> Result<Merged, GitError> {
        let tree = |commit: &CommitId| self.commit(commit).map(|data| data.tree);
        // A history in which the base is where the two sides parted, for whoever merges.
        let root = self.write_commit(&tree(base)?, &[], "base\n")?;
        let side =
            |commit: &CommitId| self.write_commit(&tree(commit)?, std::slice::from_ref(&root), "side\n");
        self.merge_with(&side(ours)?, &side(theirs)?, Objects::Kept)
    }

    /// What would conflict if `theirs` were merged into `ours`. Nothing stays of looking.
    pub fn conflicts(&self, ours: &CommitId, theirs: &CommitId) -> Result<Vec<Conflict>, GitError> {
        if self.is_ancestor(theirs, ours)? || self.is_ancestor(ours, theirs)? {
            return Ok(Vec::new());
        }
        Ok(self.merge_with(ours, theirs, Objects::ThrownAway)?.conflicts)
    }

    fn merge_with(&self, ours: &CommitId, theirs: &CommitId, objects: Objects) -> Result<Merged, GitError> {
        let by_program = if self.has_program() { self.merge_tree(ours, theirs, objects)? } else { None };
        let mut merged = match by_program {
            Some(merged) => merged,
            None if self.is_library() => self.merge_by_library(ours, theirs, objects)?,
            None => return Err(GitError::OldProgram { needs: "2.38" }),
        };
        merged.conflicts.sort();
        merged.conflicts.dedup_by(|next, before| next.path == before.path);
        Ok(merged)
    }

    /// `None` when the program is too old to merge without a worktree.
    fn merge_tree(
        &self,
        ours: &CommitId,
        theirs: &CommitId,
        objects: Objects,
    ) -> Result<Option<Merged>, GitError> {
        let store = match objects {
            Objects::Kept => None,
            Objects::ThrownAway => Some(temporary()?),
        };
        let mut git = self.git("merge-tree");
        if let Some(store) = &store {
            git = git.objects_in(store.path(), &self.common_dir().join("objects"));
        }
        let answer = git
            .args(["--write-tree", "--messages", "--allow-unrelated-histories", "-z"])
            .args([ours.as_str(), theirs.as_str()])
            .answer()?;
        match answer.code {
            Some(0 | 1) => parse(&answer).map(Some),
            Some(USAGE) => Ok(None),
            _ => Err(answer.error("merge-tree")),
        }
    }

    fn merge_by_library(
        &self,
        ours: &CommitId,
        theirs: &CommitId,
        objects: Objects,
    ) -> Result<Merged, GitError> {
        let failed = |e: git2::Error| GitError::library("merge", &e);
        // With a handle of its own: what is thrown away must not stay in a shared one.
        let repo = git2::Repository::open(self.git_dir()).map_err(failed)?;
        let odb = repo.odb().map_err(failed)?;
        if objects == Objects::ThrownAway {
            odb.add_new_mempack_backend(1_000).map_err(failed)?;
        }
        let commit = |id: &CommitId| repo.find_commit(id.oid()?).map_err(failed);
        let mut index = repo.merge_commits(&commit(ours)?, &commit(theirs)?, None).map_err(failed)?;
        let found: Vec<IndexConflict> =
            index.conflicts().and_then(Iterator::collect::<Result<_, _>>).map_err(failed)?;
        let mut conflicts = Vec::new();
        for conflict in &found {
            let sides = [&conflict.ancestor, &conflict.our, &conflict.their];
            let Some(entry) = sides[1].as_ref().or(sides[2].as_ref()).or(sides[0].as_ref()) else { continue };
            let path = bytes_path(&entry.path);
            let mut kind = ConflictKind::of_modes(sides.map(|side| side.as_ref().map(|entry| entry.mode)));
            let mut chosen = conflict.our.as_ref().or(conflict.their.as_ref()).map(copy);
            if let (Some(our), Some(their), true) = (
                &conflict.our,
                &conflict.their,
                matches!(kind, ConflictKind::BothChanged | ConflictKind::BothAdded),
            ) {
                match marked(&repo, conflict.ancestor.as_ref(), our, their)? {
                    Some(text) => {
                        let id = repo.blob(&text).map_err(failed)?;
                        chosen = Some(IndexEntry { id, file_size: 0, ..copy(our) });
                    }
                    None => kind = ConflictKind::Binary,
                }
            }
            let paths: BTreeSet<&[u8]> =
                sides.into_iter().flatten().map(|entry| entry.path.as_slice()).collect();
            for path in paths {
                index.conflict_remove(&bytes_path(path)).map_err(failed)?;
            }
            let folder = [entry.path.as_slice(), b"/"].concat();
            if let Some(entry) = &mut chosen
                && index.find_prefix(bytes_path(&folder)).is_ok()
            {
                // The file gives way to the folder, under a name of its own.
                kind = ConflictKind::FileAndFolder;
                let side: &[u8] = if conflict.our.is_some() { b"~ours" } else { b"~theirs" };
                entry.path.extend_from_slice(side);
            }
            if let Some(entry) = chosen {
                index.add(&IndexEntry { flags: 0, flags_extended: 0, ..entry }).map_err(failed)?;
            }
            conflicts.push(Conflict { path, kind });
        }
        let tree = index.write_tree_to(&repo).map_err(failed)?;
        Ok(Merged { tree: ObjectId::of(tree), conflicts })
    }
}

fn temporary() -> Result<TempDir, GitError> {
    tempfile::tempdir().map_err(|e| GitError::io("a temporary folder", e))
}

/// Both versions of a text with markers; nothing of a binary file.
fn marked(
    repo: &git2::Repository,
    base: Option<&IndexEntry>,
    ours: &IndexEntry,
    theirs: &IndexEntry,
) -> Result<Option<Vec<u8>>, GitError> {
    let failed = |e: git2::Error| GitError::library("merge a file", &e);
    let content = |entry: &IndexEntry| repo.find_blob(entry.id).map(|blob| blob.content().to_vec());
    let (our, their) = (content(ours).map_err(failed)?, content(theirs).map_err(failed)?);
    let old = base.map(content).transpose().map_err(failed)?.unwrap_or_default();
    if [&old, &our, &their].into_iter().any(|bytes| is_binary(bytes)) {
        return Ok(None);
    }
    let input = |bytes| {
        let mut input = git2::MergeFileInput::new();
        input.content(bytes);
        input
    };
    let (old, our, their) = (input(&old), input(&our), input(&their));
    let mut options = MergeFileOptions::new();
    options.our_label("ours").their_label("theirs");
    let merged = git2::merge_file(&old, &our, &their, Some(&mut options)).map_err(failed)?;
    Ok(Some(merged.content().to_vec()))
}

/// As git tells it: by a zero byte near the beginning.
fn is_binary(bytes: &[u8]) -> bool {
    bytes[..bytes.len().min(8_000)].contains(&0)
}

/// git2's entries cannot be cloned.
fn copy(entry: &IndexEntry) -> IndexEntry {
    IndexEntry { path: entry.path.clone(), ..*entry }
}

/// The tree; each version of each conflicting path; an empty field; the messages, each with its paths and its kind.
fn parse(answer: &Answer) -> Result<Merged, GitError> {
    let odd = || GitError::program("merge-tree", "its answer cannot be read");
    let mut fields = answer.out.split(|byte| *byte == 0);
    let tree = fields.next().and_then(|id| ObjectId::parse(&String::from_utf8_lossy(id)).ok());
    let tree = tree.ok_or_else(odd)?;
    let mut versions: BTreeMap<PathBuf, Modes> = BTreeMap::new();
    for field in fields.by_ref().take_while(|field| !field.is_empty()) {
        let tab = field.iter().position(|byte| *byte == b'\t').ok_or_else(odd)?;
        let head = String::from_utf8_lossy(&field[..tab]).into_owned();
        let mut words = head.split(' ');
        let mode = words.next().and_then(|mode| u32::from_str_radix(mode, 8).ok()).ok_or_else(odd)?;
        let stage = words.nth(1).and_then(|stage| stage.parse::<usize>().ok()).ok_or_else(odd)?;
        let modes = versions.entry(bytes_path(&field[tab + 1..])).or_default();
        *modes.get_mut(stage.wrapping_sub(1)).ok_or_else(odd)? = Some(mode);
    }
    let mut kinds: BTreeMap<PathBuf, ConflictKind> = BTreeMap::new();
    while let Some(count) = fields.next().filter(|count| !count.is_empty()) {
        let count: usize = String::from_utf8_lossy(count).parse().map_err(|_| odd())?;
        let paths: Vec<PathBuf> = fields.by_ref().take(count).map(bytes_path).collect();
        let kind = String::from_utf8_lossy(fields.next().unwrap_or_default()).into_owned();
        fields.next();
        if let Some(kind) = told(&kind) {
            // Of several that are told of a path, the first says what happened to it.
            for path in paths {
                kinds.entry(path).or_insert(kind);
            }
        }
    }
    // Versions may stand under a name that no message has: a file that gave way to a folder.
    let mut conflicts: BTreeMap<PathBuf, ConflictKind> =
        versions.into_iter().map(|(path, modes)| (path, ConflictKind::of_modes(modes))).collect();
    for (path, kind) in &mut conflicts {
        *kind = kinds.get(path).copied().unwrap_or(*kind);
    }
    if conflicts.is_empty() && answer.code == Some(1) {
        conflicts = kinds;
    }
    let conflicts = conflicts.into_iter().map(|(path, kind)| Conflict { path, kind }).collect();
    Ok(Merged { tree, conflicts })
}

/// What a message's kind says more than the versions do.
fn told(kind: &str) -> Option<ConflictKind> {
    let kind = kind.strip_prefix("CONFLICT (")?;
    Some(match kind.trim_end_matches(')') {
        "binary" => ConflictKind::Binary,
        "file/directory" => ConflictKind::FileAndFolder,
        "distinct modes" => ConflictKind::Mode,
        kind if kind.starts_with("rename") || kind.contains("directory rename") => ConflictKind::Renamed,
        kind if kind.contains("submodule") => ConflictKind::Submodule,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::git::testing::{Fixture, git_in, write};

    /// Makes a base, two sides of it, and merges them by each engine: the conflicts must be the same.
    fn both(
        base: impl Fn(&Fixture),
        ours: impl Fn(&Fixture),
        theirs: impl Fn(&Fixture),
    ) -> (Fixture, Vec<String>) {
        let fixture = Fixture::new();
        base(&fixture);
        fixture.commit_all("base");
        fixture.git(&["checkout", "-q", "-b", "side"]);
        theirs(&fixture);
        fixture.commit_all("theirs");
        fixture.git(&["checkout", "-q", "main"]);
        ours(&fixture);
        fixture.commit_all("ours");
        let repo = fixture.repo();
        let at = |rev: &str| repo.resolve(rev).unwrap();
        let program = repo.merge_tree(&at("main"), &at("side"), Objects::Kept).unwrap();
        let library = repo.merge_by_library(&at("main"), &at("side"), Objects::Kept).unwrap();
        let said = |merged: &Merged| -> Vec<String> {
            let line = |c: &Conflict| format!("{} {}", c.path.display(), c.kind.name());
            merged.conflicts.iter().map(line).collect()
        };
        let mut by_library = said(&library);
        by_library.sort();
        by_library.dedup();
        if let Some(program) = program {
            let by_program = said(&program);
            assert_eq!(by_program, by_library, "the engines agree");
            if by_program.is_empty() {
                assert_eq!(program.tree, library.tree);
            }
        }
        (fixture, by_library)
    }

    fn text(edit: &str) -> String {
        format!("1\n2\n3\n{edit}\n5\n6\n7\n")
    }

    #[test]
    fn changes_of_different_files_and_places_come_together() {
        let (fixture, conflicts) = both(
            |f| f.write("a", "1\n2\n3\n4\n5\n6\n7\n8\n"),
            |f| {
                f.write("a", "one\n2\n3\n4\n5\n6\n7\n8\n");
                f.write("b", "b\n");
            },
            |f| f.write("a", "1\n2\n3\n4\n5\n6\n7\neight\n"),
        );
        assert_eq!(conflicts, [""; 0]);
        let repo = fixture.repo();
        let merged = repo.merge(&repo.resolve("main").unwrap(), &repo.resolve("side").unwrap()).unwrap();
        let shown = fixture.git(&["show", &format!("{}:a", merged.tree)]);
        assert_eq!(shown, "one\n2\n3\n4\n5\n6\n7\neight");
        assert!(merged.is_clean());
    }

    #[test]
    fn a_text_that_both_changed_is_given_with_markers() {
        let (fixture, conflicts) = both(
            |f| f.write("a", &text("4")),
            |f| f.write("a", &text("four")),
            |f| f.write("a", &text("vier")),
        );
        assert_eq!(conflicts, ["a content"]);
        let repo = fixture.repo();
        for objects in [Objects::Kept, Objects::ThrownAway] {
            let (main, side) = (repo.resolve("main").unwrap(), repo.resolve("side").unwrap());
            let merged = repo.merge_with(&main, &side, objects).unwrap();
            assert_eq!(merged.conflicts.len(), 1);
        }
        for merged in [
            repo.merge(&repo.resolve("main").unwrap(), &repo.resolve("side").unwrap()).unwrap(),
            repo.merge_by_library(
                &repo.resolve("main").unwrap(),
                &repo.resolve("side").unwrap(),
                Objects::Kept,
            )
            .unwrap(),
        ] {
            let shown = fixture.git(&["show", &format!("{}:a", merged.tree)]);
            let lines: Vec<&str> =
                shown.lines().map(|line| line.split(' ').next().unwrap_or_default()).collect();
            assert_eq!(
                lines,
                ["1", "2", "3", "<<<<<<<", "four", "=======", "vier", ">>>>>>>", "5", "6", "7"]
            );
        }
    }

    #[test]
    fn each_kind_of_conflict_is_told() {
        let plain = |f: &Fixture| f.write("a", &text("4"));
        let (_, both_added) = both(plain, |f| f.write("b", "here\n"), |f| f.write("b", "there\n"));
        assert_eq!(both_added, ["b add_add"]);
        let (_, deleted) = both(plain, |f| drop(f.git(&["rm", "-q", "a"])), |f| f.write("a", &text("four")));
        assert_eq!(deleted, ["a delete_modify"]);
        let (_, deleted) = both(plain, |f| f.write("a", &text("four")), |f| drop(f.git(&["rm", "-q", "a"])));
        assert_eq!(deleted, ["a modify_delete"]);
        let (_, binary) =
            both(|f| f.write("a", "\0one"), |f| f.write("a", "\0two"), |f| f.write("a", "\0three"));
        assert_eq!(binary, ["a binary"]);
    }

    #[test]
    fn a_file_that_became_a_link_on_one_side_is_told() {
        let fixture = Fixture::new();
        fixture.write("a", &text("4"));
        fixture.commit_all("base");
        fixture.git(&["checkout", "-q", "-b", "side"]);
        fixture.write("a", &text("four"));
        fixture.commit_all("theirs");
        fixture.git(&["checkout", "-q", "main"]);
        fixture.git(&["rm", "-q", "a"]);
        symlink("elsewhere", fixture.top.join("a")).unwrap();
        fixture.commit_all("ours");
        let repo = fixture.repo();
        let (main, side) = (repo.resolve("main").unwrap(), repo.resolve("side").unwrap());
        for merged in
            [repo.merge(&main, &side).unwrap(), repo.merge_by_library(&main, &side, Objects::Kept).unwrap()]
        {
            // The program puts the other one aside under a name with its commit.
            assert!(merged.conflicts.iter().all(|conflict| conflict.kind == ConflictKind::Mode));
            assert_eq!(merged.conflicts[0].path, PathBuf::from("a"));
        }
    }

    #[test]
    fn renames_are_followed_and_their_conflicts_told() {
        let plain = |f: &Fixture| f.write("a", &(0..40).map(|n| format!("{n}\n")).collect::<String>());
        let (fixture, none) = both(
            plain,
            |f| drop(f.git(&["mv", "a", "b"])),
            |f| f.write("a", &(0..41).map(|n| format!("{n}\n")).collect::<String>()),
        );
        assert_eq!(none, [""; 0]);
        let repo = fixture.repo();
        let merged = repo.merge(&repo.resolve("main").unwrap(), &repo.resolve("side").unwrap()).unwrap();
        assert!(fixture.git(&["show", &format!("{}:b", merged.tree)]).ends_with("\n40"));
    }

    #[test]
    fn an_executable_bit_and_a_text_come_together() {
        let (fixture, none) = both(
            |f| f.write("a", &text("4")),
            |f| {
                let path = f.top.join("a");
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
            },
            |f| f.write("a", &text("four")),
        );
        assert_eq!(none, [""; 0]);
        let repo = fixture.repo();
        let merged = repo.merge(&repo.resolve("main").unwrap(), &repo.resolve("side").unwrap()).unwrap();
        assert!(fixture.git(&["ls-tree", merged.tree.as_str(), "a"]).starts_with("100755"));
    }

    #[test]
    fn a_submodule_that_moved_on_both_sides_is_told() {
        let set = |f: &Fixture, digit: &str| {
            let entry = format!("160000,{},sub", digit.repeat(40));
            f.git(&["update-index", "--add", "--cacheinfo", &entry]);
            std::fs::create_dir_all(f.top.join("sub")).unwrap();
        };
        let fixture = Fixture::new();
        let commit = |f: &Fixture, message: &str| {
            f.git(&["commit", "-q", "--allow-empty", "-m", message]);
        };
        set(&fixture, "1");
        commit(&fixture, "base");
        fixture.git(&["checkout", "-q", "-b", "side"]);
        set(&fixture, "2");
        commit(&fixture, "theirs");
        fixture.git(&["checkout", "-q", "main"]);
        set(&fixture, "3");
        commit(&fixture, "ours");
        let repo = fixture.repo();
        let (main, side) = (repo.resolve("main").unwrap(), repo.resolve("side").unwrap());
        for merged in
            [repo.merge(&main, &side).unwrap(), repo.merge_by_library(&main, &side, Objects::Kept).unwrap()]
        {
            let kinds: Vec<_> = merged.conflicts.iter().map(|conflict| conflict.kind).collect();
            assert_eq!(kinds, [ConflictKind::Submodule]);
            assert!(fixture.git(&["ls-tree", merged.tree.as_str(), "sub"]).contains(&"3".repeat(40)));
        }
    }

    #[test]
    fn a_change_is_put_on_a_commit_of_another_history() {
        let fixture = Fixture::new();
        fixture.write("a", &text("4"));
        fixture.commit_all("one");
        fixture.write("a", &text("four"));
        fixture.write("b", "b\n");
        fixture.commit_all("two");
        fixture.git(&["checkout", "-q", "--orphan", "alone"]);
        fixture.git(&["rm", "-q", "-f", "b"]);
        fixture.write("a", &format!("0\n{}", text("4")));
        fixture.commit_all("alone");
        let repo = fixture.repo();
        let at = |rev: &str| repo.resolve(rev).unwrap();
        let picked = repo.merge_from(&at("main~"), &at("alone"), &at("main")).unwrap();
        assert!(picked.is_clean());
        let show = |path: &str| fixture.git(&["show", &format!("{}:{path}", picked.tree)]);
        assert_eq!(
            (show("a"), show("b")),
            (format!("0\n{}", text("four")).trim_end().to_owned(), "b".to_owned())
        );
        let reverted = repo.merge_from(&at("main"), &at("main"), &at("main~")).unwrap();
        assert_eq!(reverted.tree, repo.commit(&at("main~")).unwrap().tree);
    }

    fn objects(fixture: &Fixture) -> String {
        fixture.git(&["count-objects"])
    }

    #[test]
    fn looking_leaves_no_object_behind() {
        for partial in [false, true] {
            let fixture = Fixture::new();
            if partial {
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
            assert_eq!(repo.conflicts(&at("main"), &at("side")).unwrap(), []);
            if !partial {
                repo.merge_by_library(&at("main"), &at("side"), Objects::ThrownAway).unwrap();
            }
            assert_eq!(objects(&fixture), before, "partial: {partial}");
            assert_eq!(repo.conflicts(&at("main"), &at("main~")).unwrap(), [], "nothing happened since");
        }
    }

    #[test]
    fn histories_without_a_common_beginning_conflict_where_they_differ() {
        let fixture = Fixture::new();
        fixture.write("both – ü", "main\n");
        fixture.commit_all("main");
        fixture.git(&["checkout", "-q", "--orphan", "alone"]);
        fixture.write("both – ü", "alone\n");
        fixture.commit_all("alone");
        let repo = fixture.repo();
        let at = |rev: &str| repo.resolve(rev).unwrap();
        let conflicts = repo.conflicts(&at("alone"), &at("main")).unwrap();
        assert!(conflicts.iter().any(|conflict| conflict.path.ends_with("both – ü")), "{conflicts:?}");
    }

    #[test]
    fn a_file_and_a_folder_of_one_name_are_told_and_nothing_is_lost() {
        let fixture = Fixture::new();
        fixture.write("keep", "k\n");
        fixture.commit_all("base");
        fixture.git(&["checkout", "-q", "-b", "side"]);
        write(&fixture.top, "a/inside", "there\n");
        fixture.commit_all("theirs");
        fixture.git(&["checkout", "-q", "main"]);
        fixture.write("a", "here\n");
        fixture.commit_all("ours");
        let repo = fixture.repo();
        let at = |rev: &str| repo.resolve(rev).unwrap();
        for merged in [
            repo.merge(&at("main"), &at("side")).unwrap(),
            repo.merge_by_library(&at("main"), &at("side"), Objects::Kept).unwrap(),
        ] {
            let kinds: Vec<_> = merged.conflicts.iter().map(|conflict| conflict.kind).collect();
            assert_eq!(kinds, [ConflictKind::FileAndFolder]);
            let listed = git_in(&fixture.top, &["ls-tree", "-r", "--name-only", merged.tree.as_str()]);
            let files: Vec<&str> = listed.lines().filter(|path| path.starts_with('a')).collect();
            assert!(files.len() == 2 && files[0] == "a/inside" && files[1].starts_with("a~"), "{files:?}");
        }
    }
}
