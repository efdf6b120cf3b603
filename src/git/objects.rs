//! Commits and blobs, read and written as the bytes git stores, by one reader and one writer for
//! both implementations: so a message is exactly what was given, and SHA-256 needs nothing special.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use git2::{ErrorCode, ObjectType};

use super::program::{Objects, path_bytes};
use super::repo::Handle;
use super::{CommitId, GitError, ObjectId, Person, Repo};

/// A commit as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitData {
    pub id: CommitId,
    pub tree: ObjectId,
    pub parents: Vec<CommitId>,
    /// Exactly as stored, where it is UTF-8 or names its encoding; else with replacement characters.
    pub message: String,
    pub author: Person,
    /// When it was committed, in seconds since 1970.
    pub time: i64,
}

impl CommitData {
    /// Whether it holds the user's uncommitted work, with which a session began.
    pub fn is_snapshot(&self) -> bool {
        self.message == super::snapshot::MESSAGE
    }

    /// The first line of the message.
    pub fn subject(&self) -> &str {
        self.message.trim_start_matches('\n').lines().next().unwrap_or_default()
    }
}

/// First parents, newest first, read as they are asked for.
pub struct FirstParents {
    source: Result<Source, Option<GitError>>,
    next: Option<CommitId>,
    shallow: Vec<CommitId>,
}

enum Source {
    Library(Handle),
    Program(Objects),
}

impl Repo {
    pub fn commit(&self, id: &CommitId) -> Result<CommitData, GitError> {
        let unknown = || GitError::UnknownRevision { rev: id.to_string() };
        self.source()?.commit(id)?.ok_or_else(unknown)
    }

    /// The line of first parents from a commit, itself first, to the root or the edge of a shallow
    /// clone.
    pub fn first_parents(&self, from: &CommitId) -> FirstParents {
        let shallow = std::fs::read_to_string(self.common_dir().join("shallow")).unwrap_or_default();
        FirstParents {
            source: self.source().map_err(Some),
            next: Some(from.clone()),
            shallow: shallow.lines().filter_map(|l| CommitId::parse(l.trim()).ok()).collect(),
        }
    }

    /// Writes a commit that no reference names yet: message verbatim, unsigned, by the user.
    pub fn write_commit(
        &self,
        tree: &ObjectId,
        parents: &[CommitId],
        message: &str,
    ) -> Result<CommitId, GitError> {
        let bytes = encode_commit(tree, parents, self.identity(), message, now());
        self.write_object(ObjectType::Commit, bytes).map(|id| CommitId::parse(id.as_str()).expect("an id"))
    }

    /// The tree without entries, written so that commits may use it.
    pub fn empty_tree(&self) -> Result<ObjectId, GitError> {
        self.write_object(ObjectType::Tree, Vec::new())
    }

    /// The content of a file in a commit; of a symlink, its target. Nothing when there is no such file.
    pub fn blob(&self, commit: &CommitId, path: &Path) -> Result<Option<Vec<u8>>, GitError> {
        if self.is_library() {
            let repo = self.library()?;
            let failed = |e: &git2::Error| GitError::library("read a file of a commit", e);
            let tree = repo.find_commit(commit.oid()?).and_then(|c| c.tree()).map_err(|e| failed(&e))?;
            return match tree.get_path(path) {
                Ok(entry) if entry.kind() == Some(ObjectType::Blob) => {
                    Ok(Some(repo.find_blob(entry.id()).map_err(|e| failed(&e))?.content().to_vec()))
                }
                Ok(_) => Ok(None),
                Err(e) if e.code() == ErrorCode::NotFound => Ok(None),
                Err(e) => Err(failed(&e)),
            };
        }
        let listed =
            self.git("ls-tree").args(["-z", "--full-tree", commit.as_str(), "--"]).arg(path).run()?;
        let mut wanted = path_bytes(path);
        wanted.push(0);
        let Some(tab) = listed.iter().position(|b| *b == b'\t') else { return Ok(None) };
        let head = String::from_utf8_lossy(&listed[..tab]).into_owned();
        let mut words = head.split(' ');
        let (_, kind, id) = (words.next(), words.next(), words.next());
        if listed[tab + 1..] != wanted[..] || kind != Some("blob") {
            return Ok(None);
        }
        self.git("cat-file").args(["blob", id.unwrap_or_default()]).run().map(Some)
    }

    pub(super) fn write_object(&self, kind: ObjectType, bytes: Vec<u8>) -> Result<ObjectId, GitError> {
        if self.is_library() {
            let repo = self.library()?;
            let odb = repo.odb().map_err(|e| GitError::library("open the object store", &e))?;
            let id = odb.write(kind, &bytes).map_err(|e| GitError::library("write an object", &e))?;
            return Ok(ObjectId::of(id));
        }
        let line = self.git("hash-object").args(["-t", kind.str(), "-w", "--stdin"]).input(bytes).line()?;
        ObjectId::parse(&line).map_err(|e| GitError::program("hash-object", &e.to_string()))
    }

    fn source(&self) -> Result<Source, GitError> {
        if self.is_library() {
            Ok(Source::Library(self.library()?))
        } else {
            Ok(Source::Program(Objects::open(self.checkout())?))
        }
    }
}

impl Source {
    fn commit(&mut self, id: &CommitId) -> Result<Option<CommitData>, GitError> {
        let damaged = || GitError::Library {
            doing: format!("read commit {id}"),
            message: "its bytes are damaged".to_owned(),
        };
        match self {
            Self::Library(repo) => {
                let odb = repo.odb().map_err(|e| GitError::library("open the object store", &e))?;
                match odb.read(id.oid()?) {
                    Ok(object) if object.kind() == ObjectType::Commit => {
                        decode_commit(id, object.data()).map(Some).ok_or_else(damaged)
                    }
                    Ok(_) => Ok(None),
                    Err(e) if e.code() == ErrorCode::NotFound => Ok(None),
                    Err(e) => Err(GitError::library("read a commit", &e)),
                }
            }
            Self::Program(objects) => match objects.read(id)? {
                Some((kind, data)) if kind == "commit" => {
                    decode_commit(id, &data).map(Some).ok_or_else(damaged)
                }
                _ => Ok(None),
            },
        }
    }
}

impl Iterator for FirstParents {
    type Item = Result<CommitData, GitError>;

    fn next(&mut self) -> Option<Self::Item> {
        let id = self.next.take()?;
        let source = match &mut self.source {
            Ok(source) => source,
            Err(error) => return error.take().map(Err),
        };
        let found = source
            .commit(&id)
            .and_then(|c| c.ok_or_else(|| GitError::UnknownRevision { rev: id.to_string() }));
        if let Ok(commit) = &found
            && !self.shallow.contains(&id)
        {
            self.next = commit.parents.first().cloned();
        }
        Some(found)
    }
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Author and committer are the user; times are in UTC, since a zone says where someone lives.
fn encode_commit(tree: &ObjectId, parents: &[CommitId], who: &Person, message: &str, time: i64) -> Vec<u8> {
    let parents: Vec<String> = parents.iter().map(|p| format!("parent {p}\n")).collect();
    let parents = parents.concat();
    let person = format!("{} <{}> {time} +0000", who.name, who.email);
    // git cuts a message at a zero byte, so one must never be written.
    let message = message.replace('\0', "\u{fffd}");
    format!("tree {tree}\n{parents}author {person}\ncommitter {person}\n\n{message}").into_bytes()
}

fn decode_commit(id: &CommitId, bytes: &[u8]) -> Option<CommitData> {
    let end = bytes.windows(2).position(|w| w == b"\n\n").unwrap_or(bytes.len());
    let message = bytes.get(end + 2..).unwrap_or_default();
    let header = String::from_utf8_lossy(&bytes[..end]);
    let (mut tree, mut parents, mut author, mut time, mut encoding) = (None, Vec::new(), None, 0, None);
    for line in header.lines() {
        match line.split_once(' ') {
            Some(("tree", value)) if tree.is_none() => tree = ObjectId::parse(value).ok(),
            Some(("parent", value)) => parents.push(CommitId::parse(value).ok()?),
            Some(("author", value)) if author.is_none() => author = Some(person(value).0),
            Some(("committer", value)) => time = person(value).1,
            Some(("encoding", value)) => encoding = encoding_rs::Encoding::for_label(value.as_bytes()),
            _ => {}
        }
    }
    let message = match (std::str::from_utf8(message), encoding) {
        (_, Some(encoding)) => encoding.decode_without_bom_handling(message).0.into_owned(),
        (Ok(text), None) => text.to_owned(),
        (Err(_), None) => String::from_utf8_lossy(message).into_owned(),
    };
    let author = author.unwrap_or_else(|| Person { name: String::new(), email: String::new() });
    Some(CommitData { id: id.clone(), tree: tree?, parents, message, author, time })
}

/// `Name <email> seconds zone`.
fn person(text: &str) -> (Person, i64) {
    let (name, rest) = text.split_once('<').unwrap_or((text, ""));
    let (email, rest) = rest.rsplit_once('>').unwrap_or((rest, ""));
    let time = rest.split_whitespace().next().and_then(|t| t.parse().ok()).unwrap_or(0);
    (Person { name: name.trim().to_owned(), email: email.trim().to_owned() }, time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_reads_back_byte_for_byte() {
        let tree = ObjectId::parse(&"1".repeat(40)).unwrap();
        let parent = CommitId::parse(&"2".repeat(40)).unwrap();
        let who = Person { name: "Ada L.".to_owned(), email: "ada@example.org".to_owned() };
        let message = "subject\n\n# not a comment\n{\"a\":\"\u{2028}\"}  \n\n\ntrailing blank lines\n\n\n";
        let bytes = encode_commit(&tree, std::slice::from_ref(&parent), &who, message, 1_700_000_000);
        let read = decode_commit(&parent, &bytes).unwrap();
        assert_eq!((read.message.as_str(), read.time), (message, 1_700_000_000));
        assert_eq!((read.tree, read.parents, read.author), (tree, vec![parent], who));
    }

    #[test]
    fn signed_and_old_encoded_commits_are_read() {
        let id = CommitId::parse(&"3".repeat(40)).unwrap();
        let mut bytes = format!(
            "tree {}\nauthor A <a> 5 +0100\ncommitter B <b> 7 +0000\ngpgsig -----BEGIN\n tree x\n -----END\nencoding ISO-8859-1\n\n",
            "1".repeat(40)
        )
        .into_bytes();
        bytes.extend_from_slice(b"caf\xe9\n");
        let read = decode_commit(&id, &bytes).unwrap();
        assert_eq!((read.message.as_str(), read.time, read.subject()), ("caf\u{e9}\n", 7, "caf\u{e9}"));
    }
}
