//! Names of objects: hexadecimal text of 40 digits (SHA-1) or 64 (SHA-256), so that nothing outside
//! depends on the object format or on libgit2's own type.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

/// Any object: a blob, a tree or a commit.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectId(String);

/// A commit. It is an [`ObjectId`] too, and gives one wherever a commit or a tree may stand.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommitId(ObjectId);

/// The text is not 40 or 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the name of an object: 40 or 64 hexadecimal digits")]
pub struct BadId(pub String);

impl ObjectId {
    /// Reads a whole name, in either case of letters; prefixes are for [`super::Repo::resolve`].
    pub fn parse(text: &str) -> Result<Self, BadId> {
        let whole = matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
        if whole { Ok(Self(text.to_ascii_lowercase())) } else { Err(BadId(text.to_owned())) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first ten digits, for a person to read.
    pub fn short(&self) -> &str {
        &self.0[..10]
    }

    /// The tree without entries, of the same object format as this object.
    pub(super) fn empty_tree_like(&self) -> Self {
        Self::empty_tree(self.0.len() == 64)
    }

    pub(super) fn empty_tree(sha256: bool) -> Self {
        let digits = if sha256 {
            "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"
        } else {
            "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
        };
        Self(digits.to_owned())
    }

    pub(super) fn of(oid: git2::Oid) -> Self {
        Self(oid.to_string())
    }

    pub(super) fn oid(&self) -> Result<git2::Oid, super::GitError> {
        git2::Oid::from_str(&self.0).map_err(|e| super::GitError::library("read an object name", &e))
    }
}

impl CommitId {
    pub fn parse(text: &str) -> Result<Self, BadId> {
        ObjectId::parse(text).map(Self)
    }

    /// The same name as that of any object.
    pub fn object(&self) -> &ObjectId {
        &self.0
    }

    pub(super) fn of(oid: git2::Oid) -> Self {
        Self(ObjectId::of(oid))
    }
}

impl Deref for CommitId {
    type Target = ObjectId;

    fn deref(&self) -> &ObjectId {
        &self.0
    }
}

impl AsRef<ObjectId> for ObjectId {
    fn as_ref(&self) -> &ObjectId {
        self
    }
}

impl AsRef<ObjectId> for CommitId {
    fn as_ref(&self) -> &ObjectId {
        &self.0
    }
}

impl TryFrom<String> for ObjectId {
    type Error = BadId;

    fn try_from(text: String) -> Result<Self, BadId> {
        Self::parse(&text)
    }
}

impl TryFrom<String> for CommitId {
    type Error = BadId;

    fn try_from(text: String) -> Result<Self, BadId> {
        Self::parse(&text)
    }
}

impl From<ObjectId> for String {
    fn from(id: ObjectId) -> String {
        id.0
    }
}

impl From<CommitId> for String {
    fn from(id: CommitId) -> String {
        id.0.0
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_names_are_ids() {
        assert!(CommitId::parse("4b825dc642cb6eb9a060e54bf8d69288fbee4904").is_ok());
        assert!(ObjectId::parse(&"a".repeat(64)).is_ok());
        assert!(ObjectId::parse("4b825dc").is_err());
        assert!(ObjectId::parse(&"g".repeat(40)).is_err());
    }
}
