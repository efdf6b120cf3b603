//! Entries of trees by their paths: looked up, and put in or taken out. Both implementations.

use git2::ObjectType;

use super::{Entry, Put};
use crate::git::program::bytes_path;
use crate::git::{GitError, ObjectId, Repo, stage};

impl Repo {
    /// What a commit or a tree has at a path; nothing where that is a folder.
    pub(super) fn entry(&self, of: &ObjectId, name: &[u8]) -> Result<Entry, GitError> {
        if self.is_library() {
            let repo = self.library()?;
            let failed = |e: &git2::Error| GitError::library("read a tree", e);
            let object = repo.find_object(of.oid()?, None).map_err(|e| failed(&e))?;
            let tree = object.peel_to_tree().map_err(|e| failed(&e))?;
            return match tree.get_path(&bytes_path(name)) {
                Ok(entry) if entry.kind() == Some(ObjectType::Tree) => Ok(None),
                Ok(entry) => {
                    let mode = u32::try_from(entry.filemode_raw()).unwrap_or_default();
                    Ok(Some((mode, ObjectId::of(entry.id()))))
                }
                Err(e) if e.code() == git2::ErrorCode::NotFound => Ok(None),
                Err(e) => Err(failed(&e)),
            };
        }
        let out =
            self.git("ls-tree").args(["-z", "--full-tree", of.as_str(), "--"]).arg(bytes_path(name)).run()?;
        let unread = || GitError::program("ls-tree", "its answer could not be read");
        let Some(tab) = out.iter().position(|byte| *byte == b'\t') else { return Ok(None) };
        let head = String::from_utf8_lossy(&out[..tab]).into_owned();
        let words: Vec<&str> = head.split(' ').collect();
        let [mode, kind, id] = words[..] else { return Err(unread()) };
        if kind == "tree" {
            return Ok(None);
        }
        let mode = u32::from_str_radix(mode, 8).map_err(|_| unread())?;
        Ok(Some((mode, ObjectId::parse(id).map_err(|_| unread())?)))
    }

    /// The tree of a commit or a tree with other entries at some paths. Those without one go.
    pub(super) fn tree_with(&self, base: &ObjectId, entries: &[Put]) -> Result<ObjectId, GitError> {
        if self.is_library() {
            let repo = self.library()?;
            let failed = |e: &git2::Error| GitError::library("write a tree", e);
            let object = repo.find_object(base.oid()?, None).map_err(|e| failed(&e))?;
            let tree = object.peel_to_tree().map_err(|e| failed(&e))?;
            let content = |entry: &Entry| {
                entry.as_ref().map(|(mode, id)| Ok::<_, GitError>((id.oid()?, *mode))).transpose()
            };
            let changes = entries
                .iter()
                .map(|(name, entry)| Ok((name.clone(), content(entry)?)))
                .collect::<Result<_, GitError>>()?;
            return stage::apply(&repo, Some(&tree), &changes).map(ObjectId::of).map_err(|e| failed(&e));
        }
        let folder = tempfile::tempdir().map_err(|e| GitError::io(std::env::temp_dir(), e))?;
        let index = folder.path().join("index");
        self.git("read-tree").index(&index).arg(base.as_str()).run()?;
        let zeros = self.zeros();
        let mut input = Vec::new();
        for (name, entry) in entries {
            let (mode, id) = entry.as_ref().map_or((0, zeros.as_str()), |(mode, id)| (*mode, id.as_str()));
            input.extend(format!("{mode:06o} {id}\t").into_bytes());
            input.extend_from_slice(name);
            input.push(0);
        }
        self.git("update-index")
            .index(&index)
            .args(["--replace", "-z", "--index-info"])
            .input(input)
            .run()?;
        let tree = self.git("write-tree").index(&index).line()?;
        ObjectId::parse(&tree).map_err(|e| GitError::program("write-tree", &e.to_string()))
    }

    pub(super) fn blob_of(&self, id: &ObjectId) -> Result<Vec<u8>, GitError> {
        if self.is_library() {
            let repo = self.library()?;
            let blob = repo.find_blob(id.oid()?).map_err(|e| GitError::library("read a file", &e))?;
            return Ok(blob.content().to_vec());
        }
        self.git("cat-file").args(["blob", id.as_str()]).run()
    }

    pub(super) fn write_blob(&self, bytes: Vec<u8>) -> Result<ObjectId, GitError> {
        self.write_object(ObjectType::Blob, bytes)
    }
}
