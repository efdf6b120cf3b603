//! The files that differ between two trees, each with both of its versions, for somebody who looks at them
//! side by side.

use std::collections::HashMap;

use git2::{ObjectType, Oid};

use super::diff::{kind_of, library_diff};
use super::program::{Git, Objects, bytes_path};
use super::{ChangeKind, GitError, ObjectId, Repo};

/// A file that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDiff {
    /// Relative to the top, with `/`; of a deleted file, where it was.
    pub path: String,
    /// Where a renamed file was.
    pub old_path: Option<String>,
    pub kind: ChangeKind,
    /// As git writes modes, in octal: `100644`, `100755`, `120000` of a link, `160000` of a submodule.
    pub old_mode: Option<u32>,
    pub new_mode: Option<u32>,
    pub body: Body,
}

/// The two versions of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// With replacement characters where they are no UTF-8; of a link, its target. A version that is not
    /// there is empty.
    Text {
        old: String,
        new: String,
    },
    Binary {
        old_bytes: u64,
        new_bytes: u64,
    },
    /// Nobody looks through so much.
    TooLarge {
        old_bytes: u64,
        new_bytes: u64,
    },
    /// The commits that it stood at.
    Submodule {
        old: Option<String>,
        new: Option<String>,
    },
    /// The content is the same: it was moved, or its mode changed.
    None,
}

/// Bytes of one version from which on a file is too large.
const LARGE: u64 = 4 * 1024 * 1024;

/// Bytes at the start of a file in which git looks for a zero, which tells that it is binary.
const LOOKED_AT: usize = 8_000;

const SUBMODULE: u32 = 0o160_000;

/// A file that differs, before its content is read.
pub(super) struct Change {
    /// As people are shown it.
    pub path: String,
    /// The bytes that git stores for it.
    pub name: Vec<u8>,
    /// The same of where a renamed file was.
    pub old_name: Option<Vec<u8>>,
    pub kind: ChangeKind,
    pub old: Option<Side>,
    pub new: Option<Side>,
}

pub(super) struct Side {
    pub mode: u32,
    pub id: ObjectId,
}

/// Blobs by their names, from whoever serves the repository.
trait Blobs {
    /// `None` when there is no such blob.
    fn size(&mut self, id: &ObjectId) -> Result<Option<u64>, GitError>;
    fn read(&mut self, id: &ObjectId) -> Result<Vec<u8>, GitError>;
}

impl Repo {
    /// The difference between two commits or trees with the content of the files; from nothing, everything
    /// is added.
    pub fn contents(&self, from: Option<&ObjectId>, to: &ObjectId) -> Result<Vec<FileDiff>, GitError> {
        let changes = self.changes(from, to)?;
        if self.is_library() {
            let repo = self.library()?;
            let odb = repo.odb().map_err(|e| GitError::library("open the object store", &e))?;
            return read_all(changes, &mut Library(odb));
        }
        let blobs = changes.iter().flat_map(|change| [&change.old, &change.new]).flatten();
        let ids: Vec<ObjectId> =
            blobs.filter(|side| side.mode != SUBMODULE).map(|side| side.id.clone()).collect();
        let mut program = Program { sizes: sizes(self.git("cat-file"), &ids)?, objects: None, repo: self };
        read_all(changes, &mut program)
    }

    /// The files that differ between two commits or trees; from nothing, everything is added.
    pub(super) fn changes(&self, from: Option<&ObjectId>, to: &ObjectId) -> Result<Vec<Change>, GitError> {
        if self.is_library() {
            return library_changes(&*self.library()?, from, to);
        }
        let empty = to.empty_tree_like();
        let out = self
            .git("diff-tree")
            .args(["-r", "-M", "-z", "--raw", "--no-abbrev", "--no-commit-id"])
            .args([from.unwrap_or(&empty).as_str(), to.as_str()])
            .run()?;
        program_changes(&out).ok_or_else(|| GitError::program("diff-tree", "its answer could not be read"))
    }
}

fn read_all(changes: Vec<Change>, blobs: &mut dyn Blobs) -> Result<Vec<FileDiff>, GitError> {
    let read = |change: Change| {
        let body = body(&change, blobs)?;
        let Change { path, old_name, kind, old, new, .. } = change;
        let old_path = old_name.map(|name| shown(&name));
        let mode = |side: Option<Side>| side.map(|side| side.mode);
        Ok(FileDiff { path, old_path, kind, old_mode: mode(old), new_mode: mode(new), body })
    };
    changes.into_iter().map(read).collect()
}

fn body(change: &Change, blobs: &mut dyn Blobs) -> Result<Body, GitError> {
    let (old, new) = (change.old.as_ref(), change.new.as_ref());
    if [old, new].into_iter().flatten().any(|side| side.mode == SUBMODULE) {
        let commit =
            |side: Option<&Side>| side.filter(|side| side.mode == SUBMODULE).map(|side| side.id.to_string());
        return Ok(Body::Submodule { old: commit(old), new: commit(new) });
    }
    if let (Some(old), Some(new)) = (old, new)
        && old.id == new.id
    {
        return Ok(Body::None);
    }
    let mut size = |side: Option<&Side>| match side {
        None => Ok(0),
        Some(side) => blobs.size(&side.id)?.ok_or_else(|| missing(&side.id)),
    };
    let (old_bytes, new_bytes) = (size(old)?, size(new)?);
    if old_bytes.max(new_bytes) > LARGE {
        return Ok(Body::TooLarge { old_bytes, new_bytes });
    }
    let mut read = |side: Option<&Side>| side.map_or_else(|| Ok(Vec::new()), |side| blobs.read(&side.id));
    let (old, new) = (read(old)?, read(new)?);
    if is_binary(&old) || is_binary(&new) {
        return Ok(Body::Binary { old_bytes, new_bytes });
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Body::Text { old: text(old), new: text(new) })
}

pub(super) fn is_binary(bytes: &[u8]) -> bool {
    memchr::memchr(0, &bytes[..bytes.len().min(LOOKED_AT)]).is_some()
}

fn missing(id: &ObjectId) -> GitError {
    GitError::Library { doing: format!("read file {}", id.short()), message: "it is not there".to_owned() }
}

fn library_changes(
    repo: &git2::Repository,
    from: Option<&ObjectId>,
    to: &ObjectId,
) -> Result<Vec<Change>, GitError> {
    let diff = library_diff(repo, from, to)?;
    let change = |delta: git2::DiffDelta<'_>| {
        let kind = kind_of(&delta);
        let side = |file: &git2::DiffFile<'_>| {
            (!file.id().is_zero()).then(|| Side { mode: file.mode().into(), id: ObjectId::of(file.id()) })
        };
        let name = |file: &git2::DiffFile<'_>| file.path_bytes().unwrap_or_default().to_vec();
        let (old, new) = (delta.old_file(), delta.new_file());
        let old_name = (kind == ChangeKind::Renamed).then(|| name(&old));
        let name = name(if kind == ChangeKind::Deleted { &old } else { &new });
        Change { path: shown(&name), name, old_name, kind, old: side(&old), new: side(&new) }
    };
    Ok(diff.deltas().map(change).collect())
}

/// Reads `--raw -z --no-abbrev`.
fn program_changes(out: &[u8]) -> Option<Vec<Change>> {
    let mut fields = out.split(|byte| *byte == 0).take_while(|field| !field.is_empty());
    let mut changes = Vec::new();
    while let Some(head) = fields.next() {
        let head = String::from_utf8_lossy(head).into_owned();
        let words: Vec<&str> = head.strip_prefix(':')?.split(' ').collect();
        let [old_mode, new_mode, old_id, new_id, status] = words[..] else { return None };
        let side = |mode: &str, id: &str| {
            let mode = u32::from_str_radix(mode, 8).ok()?;
            Some((mode != 0).then_some(Side { mode, id: ObjectId::parse(id).ok()? }))
        };
        let (old, new) = (side(old_mode, old_id)?, side(new_mode, new_id)?);
        let first = fields.next()?.to_vec();
        let (kind, name, old_name) = match status.as_bytes().first()? {
            b'A' | b'C' => (ChangeKind::Added, first, None),
            b'D' => (ChangeKind::Deleted, first, None),
            b'R' => (ChangeKind::Renamed, fields.next()?.to_vec(), Some(first)),
            b'T' => (ChangeKind::TypeChanged, first, None),
            _ if old_id == new_id => (ChangeKind::ModeChanged, first, None),
            _ => (ChangeKind::Modified, first, None),
        };
        changes.push(Change { path: shown(&name), name, old_name, kind, old, new });
    }
    Some(changes)
}

fn shown(path: &[u8]) -> String {
    bytes_path(path).to_string_lossy().into_owned()
}

struct Library<'r>(git2::Odb<'r>);

impl Blobs for Library<'_> {
    fn size(&mut self, id: &ObjectId) -> Result<Option<u64>, GitError> {
        match self.0.read_header(id.oid()?) {
            Ok((size, ObjectType::Blob)) => Ok(Some(size as u64)),
            _ => Ok(None),
        }
    }

    fn read(&mut self, id: &ObjectId) -> Result<Vec<u8>, GitError> {
        let oid: Oid = id.oid()?;
        let blob = self.0.read(oid).map_err(|e| GitError::library("read a file of a commit", &e))?;
        Ok(blob.data().to_vec())
    }
}

struct Program<'r> {
    sizes: HashMap<ObjectId, u64>,
    /// Started when the first one is read.
    objects: Option<Objects>,
    repo: &'r Repo,
}

impl Blobs for Program<'_> {
    fn size(&mut self, id: &ObjectId) -> Result<Option<u64>, GitError> {
        Ok(self.sizes.get(id).copied())
    }

    fn read(&mut self, id: &ObjectId) -> Result<Vec<u8>, GitError> {
        let objects = match &mut self.objects {
            Some(objects) => objects,
            none => none.insert(Objects::open(self.repo.checkout())?),
        };
        objects.read(id)?.map(|(_, data)| data).ok_or_else(|| missing(id))
    }
}

/// The sizes of blobs, all asked for at once. Those that are not there are left out.
fn sizes(cat_file: Git, ids: &[ObjectId]) -> Result<HashMap<ObjectId, u64>, GitError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let input = ids.iter().map(ObjectId::as_str).collect::<Vec<_>>().join("\n");
    let out = cat_file
        .arg("--batch-check=%(objectname) %(objecttype) %(objectsize)")
        .input(input.into_bytes())
        .run()?;
    let size = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let [id, "blob", size] = words[..] else { return None };
        Some((ObjectId::parse(id).ok()?, size.parse().ok()?))
    };
    Ok(String::from_utf8_lossy(&out).lines().filter_map(size).collect())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::git::testing::Fixture;

    /// The same repository, served by the library and by the program, where that can do it too.
    fn both(act: impl Fn(&Fixture)) {
        act(&Fixture::new());
        let program = Fixture::new();
        program.git(&["config", "extensions.partialClone", "nowhere"]);
        assert!(!program.repo().is_library());
        act(&program);
    }

    fn contents(fixture: &Fixture, from: Option<&str>, to: &str) -> Vec<FileDiff> {
        let repo = fixture.repo();
        let from = from.map(|rev| repo.resolve(rev).unwrap());
        repo.contents(from.as_deref(), &repo.resolve(to).unwrap()).unwrap()
    }

    fn text(old: &str, new: &str) -> Body {
        Body::Text { old: old.into(), new: new.into() }
    }

    #[test]
    fn each_kind_of_change_comes_with_both_of_its_versions() {
        both(|fixture| {
            let top = &fixture.top;
            fixture.write("moved", &"line\n".repeat(20));
            fixture.write("same", "moved as it is, and long enough to be found again\n");
            fixture.write("script", "#!/bin/sh\n");
            std::fs::write(top.join("blob"), b"a\0b").unwrap();
            std::fs::write(top.join("latin"), b"caf\xe9\n").unwrap();
            std::os::unix::fs::symlink("README.md", top.join("link")).unwrap();
            fixture.write("becomes-link", "file\n");
            fixture.commit_all("before");
            fixture.write("README.md", "hello\nworld\n");
            std::fs::remove_file(top.join("src/lib.rs")).unwrap();
            fixture.write("new file", "new\n");
            std::fs::rename(top.join("moved"), top.join("elsewhere")).unwrap();
            fixture.write("elsewhere", &format!("{}more\n", "line\n".repeat(20)));
            std::fs::rename(top.join("same"), top.join("renamed")).unwrap();
            let mode = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(top.join("script"), mode).unwrap();
            std::fs::write(top.join("blob"), b"a\0bc").unwrap();
            std::fs::write(top.join("latin"), b"caf\xe9s\n").unwrap();
            std::fs::remove_file(top.join("link")).unwrap();
            std::os::unix::fs::symlink("src", top.join("link")).unwrap();
            std::fs::remove_file(top.join("becomes-link")).unwrap();
            std::os::unix::fs::symlink("src", top.join("becomes-link")).unwrap();
            fixture.commit_all("after");

            let found = contents(fixture, Some("HEAD~"), "HEAD");
            let of =
                |path: &str| found.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("{path}"));
            let is = |path: &str, kind, modes: (u32, u32), body: Body| {
                let file = of(path);
                assert_eq!((file.kind, &file.body), (kind, &body), "{path}");
                assert_eq!((file.old_mode.unwrap_or(0), file.new_mode.unwrap_or(0)), modes, "{path}");
            };
            let (plain, script, link) = (0o100_644, 0o100_755, 0o120_000);
            is("README.md", ChangeKind::Modified, (plain, plain), text("hello\n", "hello\nworld\n"));
            is("src/lib.rs", ChangeKind::Deleted, (plain, 0), text("//! nothing\n", ""));
            is("new file", ChangeKind::Added, (0, plain), text("", "new\n"));
            assert_eq!(of("elsewhere").old_path.as_deref(), Some("moved"));
            assert_eq!(
                (of("elsewhere").kind, of("renamed").kind),
                (ChangeKind::Renamed, ChangeKind::Renamed)
            );
            assert!(matches!(&of("elsewhere").body, Body::Text { new, .. } if new.ends_with("more\n")));
            assert_eq!(of("renamed").body, Body::None);
            is("script", ChangeKind::ModeChanged, (plain, script), Body::None);
            is("blob", ChangeKind::Modified, (plain, plain), Body::Binary { old_bytes: 3, new_bytes: 4 });
            is("latin", ChangeKind::Modified, (plain, plain), text("caf\u{fffd}\n", "caf\u{fffd}s\n"));
            is("link", ChangeKind::Modified, (link, link), text("README.md", "src"));
            is("becomes-link", ChangeKind::TypeChanged, (plain, link), text("file\n", "src"));
            assert_eq!(found.len(), 10);
        });
    }

    #[test]
    fn from_nothing_everything_is_added_and_the_same_has_no_difference() {
        both(|fixture| {
            let found = contents(fixture, None, "HEAD");
            assert!(found.iter().all(|file| file.kind == ChangeKind::Added && file.old_mode.is_none()));
            assert!(found.iter().any(|file| file.path == "docs/ein Wort – ü.txt"));
            assert_eq!(contents(fixture, Some("HEAD"), "HEAD"), []);
        });
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        both(|fixture| {
            fixture.write("large", &"x".repeat(5 << 20));
            fixture.commit_all("large");
            let found = contents(fixture, Some("HEAD~"), "HEAD");
            assert_eq!(found[0].body, Body::TooLarge { old_bytes: 0, new_bytes: 5 << 20 });
        });
    }

    #[test]
    fn a_submodule_is_told_by_its_commits() {
        both(|fixture| {
            let head = fixture.git(&["rev-parse", "HEAD"]);
            let entry = format!("160000,{head},sub");
            fixture.git(&["update-index", "--add", "--cacheinfo", &entry]);
            fixture.git(&["commit", "-q", "-m", "sub"]);
            let found = contents(fixture, Some("HEAD~"), "HEAD");
            assert_eq!(found[0].body, Body::Submodule { old: None, new: Some(head) });
            assert_eq!(found[0].new_mode, Some(SUBMODULE));
        });
    }
}
