//! What can go wrong with a repository, told so that a person knows what to do next.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{CommitId, Lock, Obstacle};

/// Paths in the way that are named.
const OBSTACLES: usize = 20;

/// A variant for each thing that a caller can do differently.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("{} is not in a git repository", path.display())]
    NotARepository { path: PathBuf },
    #[error("{} is a bare repository, without a work tree", path.display())]
    Bare { path: PathBuf },
    #[error("the repository at {} belongs to another user", path.display())]
    UnsafeOwner { path: PathBuf },
    #[error("the repository at {} is damaged: {message}", path.display())]
    Corrupt { path: PathBuf, message: String },
    #[error("this repository needs the git program ({reason}), and it was not found")]
    NeedsProgram { reason: String },
    #[error("this needs git {needs} or newer")]
    OldProgram { needs: &'static str },
    #[error("no commit is named {rev:?}")]
    UnknownRevision { rev: String },
    #[error("{name:?} is no remote")]
    UnknownRemote { name: String },
    #[error("{rev:?} names more than one object")]
    AmbiguousRevision { rev: String },
    /// Someone moved the reference since it was read.
    #[error("{name} moved: it was expected at {}, and is at {}", place(expected.as_ref()), place(found.as_ref()))]
    RefMoved { name: String, expected: Option<CommitId>, found: Option<CommitId> },
    #[error("{name} exists already")]
    RefExists { name: String },
    /// A reference cannot be a file and a folder at once: `a` and `a/b` exclude each other.
    #[error("{name} cannot be created beside a reference that is its parent or child")]
    RefBlocked { name: String },
    #[error("{name:?} is no valid reference name")]
    BadRefName { name: String },
    #[error("{name:?} is no name for a branch")]
    BadBranchName { name: String },
    #[error("there is no branch {branch:?}")]
    BranchMissing { branch: String },
    #[error("branch {branch:?} is checked out at {}", path.display())]
    CheckedOutElsewhere { branch: String, path: PathBuf },
    /// Somebody switched the worktree to another branch.
    #[error("worktree {} is on {found}, not on branch {expected:?}", path.display())]
    WrongBranch { path: PathBuf, expected: String, found: String },
    #[error("{} is in the way", path.display())]
    PathOccupied { path: PathBuf },
    #[error("there is no worktree at {}", path.display())]
    WorktreeMissing { path: PathBuf },
    #[error("{} lies outside the worktree", path.display())]
    OutsideWorktree { path: PathBuf },
    /// Somebody is in the middle of something there.
    #[error("a {doing} is under way in {}", path.display())]
    UnderWay { path: PathBuf, doing: &'static str },
    /// Work that is not committed would be lost.
    #[error("files in {} are in the way:{}", path.display(), listed(obstacles))]
    InTheWay { path: PathBuf, obstacles: Vec<Obstacle> },
    /// Another git process holds a lock, or one died and left it.
    #[error("{0}")]
    Locked(Box<Lock>),
    #[error("there is no file {} in {place}", path.display())]
    NoSuchFile { path: PathBuf, place: String },
    #[error("{} has no line {line}: its last is {last}", path.display())]
    NoSuchLine { path: PathBuf, line: usize, last: usize },
    #[error("{} is binary: it has no lines", path.display())]
    NotText { path: PathBuf },
    #[error("no space is left on the disk of {}", path.display())]
    DiskFull { path: PathBuf },
    #[error("{} is on a read-only file system", path.display())]
    ReadOnly { path: PathBuf },
    #[error("permission denied at {}", path.display())]
    Denied { path: PathBuf },
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// The git program failed in a way not told apart above.
    #[error("git {command}: {message}")]
    Program { command: String, message: String },
    /// libgit2 failed in a way not told apart above.
    #[error("could not {doing}: {message}")]
    Library { doing: String, message: String },
}

impl GitError {
    /// What a person can do next.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::NotARepository { .. } => {
                "go to a repository, or make one here with `git init` and a first commit".to_owned()
            }
            Self::Bare { .. } => "run this in a clone or a worktree of it".to_owned(),
            Self::UnsafeOwner { path } => {
                format!("if you trust it: git config --global --add safe.directory {}", path.display())
            }
            Self::Corrupt { .. } => "run `git fsck` there; nothing was changed".to_owned(),
            Self::NeedsProgram { .. } => "install git and put it on the PATH".to_owned(),
            Self::OldProgram { .. } => "update git; `git --version` tells which one is there".to_owned(),
            Self::UnknownRevision { .. } => {
                "`git log --all --oneline` lists commits; fetch first if it is on another machine".to_owned()
            }
            Self::UnknownRemote { .. } => {
                "`git remote` lists them; a path or an address will do too".to_owned()
            }
            Self::AmbiguousRevision { .. } => "give more digits of the hash".to_owned(),
            Self::RefMoved { .. } => "read the branch again and retry".to_owned(),
            Self::RefExists { .. }
            | Self::RefBlocked { .. }
            | Self::BadRefName { .. }
            | Self::BadBranchName { .. } => "pick another name".to_owned(),
            Self::BranchMissing { .. } => "`git branch --list 'offshoot/*'` lists the branches".to_owned(),
            Self::CheckedOutElsewhere { .. } => {
                "check out another branch there, or give the task a new branch".to_owned()
            }
            Self::WrongBranch { path, expected, .. } => {
                format!("git -C {} switch {expected}", path.display())
            }
            Self::PathOccupied { path } => format!("move {} away and retry", path.display()),
            Self::WorktreeMissing { .. } => "resume the session to make it again".to_owned(),
            Self::UnderWay { doing, .. } => format!("end the {doing} there first, and retry"),
            Self::InTheWay { .. } => {
                "commit them there, or move them away (`git stash -u`), and retry; nothing was changed"
                    .to_owned()
            }
            Self::NoSuchFile { .. } => {
                "name it as from this folder; `git ls-files` lists the files, --rev says which version"
                    .to_owned()
            }
            Self::NoSuchLine { .. } => "lines are counted from 1: FILE:LINE or FILE:FIRST-LAST".to_owned(),
            Self::NotText { .. } => "`git log --follow` tells who changed it".to_owned(),
            Self::Locked(lock) => lock.hint(),
            Self::DiskFull { .. } => "free some space and retry; what was committed is safe".to_owned(),
            Self::ReadOnly { .. } => "use a copy or a clone that can be written".to_owned(),
            Self::Denied { path } => format!("check who owns {} and its mode", path.display()),
            Self::Program { message, .. } | Self::Library { message, .. } if tells_of_damage(message) => {
                "the repository lacks an object: run `git fsck` there, and fetch what it names".to_owned()
            }
            Self::OutsideWorktree { .. } | Self::Io { .. } | Self::Program { .. } | Self::Library { .. } => {
                return None;
            }
        };
        Some(text)
    }

    pub(super) fn locked(lock: &Path) -> Self {
        Self::Locked(Box::new(Lock::look_at(lock)))
    }

    pub(super) fn io(path: impl Into<PathBuf>, source: io::Error) -> Self {
        let path = path.into();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            io::ErrorKind::PermissionDenied => Self::Denied { path },
            _ => Self::Io { path, source },
        }
    }

    pub(super) fn library(doing: &str, error: &git2::Error) -> Self {
        Self::by_text(error.message())
            .unwrap_or_else(|| Self::Library { doing: doing.to_owned(), message: error.message().to_owned() })
    }

    pub(super) fn program(command: &str, stderr: &str) -> Self {
        Self::by_text(stderr).unwrap_or_else(|| Self::Program {
            command: command.to_owned(),
            message: stderr.trim().trim_start_matches("fatal: ").trim_start_matches("error: ").to_owned(),
        })
    }

    /// Both implementations put the system's own words at the end of a sentence with the path in
    /// quotes; neither gives them apart.
    fn by_text(text: &str) -> Option<Self> {
        let path = || PathBuf::from(quoted(text).unwrap_or("the repository"));
        if let Some(lock) = lock_in(text) {
            return Some(Self::locked(&lock));
        }
        if text.contains("No space left on device") || text.contains("Disk quota exceeded") {
            Some(Self::DiskFull { path: path() })
        } else if text.contains("Read-only file system") {
            Some(Self::ReadOnly { path: path() })
        } else if text.contains("Permission denied") || text.contains("insufficient permission") {
            Some(Self::Denied { path: path() })
        } else {
            None
        }
    }
}

fn tells_of_damage(message: &str) -> bool {
    ["object not found", "bad object", "unable to read", "corrupt", "missing blob", "missing tree"]
        .iter()
        .any(|words| message.contains(words))
}

/// How long ago a file was changed; zero when it is gone.
pub(super) fn age_of(path: &Path) -> Duration {
    path.metadata().and_then(|m| m.modified()).ok().and_then(|t| t.elapsed().ok()).unwrap_or_default()
}

fn lock_in(text: &str) -> Option<PathBuf> {
    // libgit2 gives no reason when somebody else holds the lock, and the system's when it is another.
    let is_held = text.contains("failed to lock file") && text.trim_end().ends_with(':');
    let words = ["File exists", "file is locked", "is locked"];
    if !is_held && !words.iter().any(|word| text.contains(word)) {
        return None;
    }
    let path = text
        .split('\'')
        .find(|part| Path::new(part).extension().is_some_and(|e| e == "lock"))
        .or_else(|| quoted(text))?;
    let lock = if Path::new(path).extension().is_some_and(|e| e == "lock") {
        PathBuf::from(path)
    } else {
        PathBuf::from(format!("{path}.lock"))
    };
    lock.is_absolute().then_some(lock)
}

/// The last path between quotes.
fn quoted(text: &str) -> Option<&str> {
    let end = text.rfind('\'')?;
    let start = text[..end].rfind('\'')?;
    let found = &text[start + 1..end];
    found.contains('/').then_some(found)
}

/// The first of them, with their reasons.
fn listed(obstacles: &[Obstacle]) -> String {
    let mut text: String = obstacles
        .iter()
        .take(OBSTACLES)
        .map(|one| format!("\n  {} {}", one.path.display(), one.why.words()))
        .collect();
    if let Some(more) = obstacles.len().checked_sub(OBSTACLES).filter(|more| *more > 0) {
        text.push_str(&format!("\n  and {more} more"));
    }
    text
}

fn place(id: Option<&CommitId>) -> String {
    id.map_or_else(|| "nothing".to_owned(), |id| id.short().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_words_become_variants_with_the_path() {
        let full =
            GitError::program("add", "error: unable to write '/r/.git/objects/x': No space left on device");
        assert!(matches!(full, GitError::DiskFull { path } if path == Path::new("/r/.git/objects/x")));
        let lock =
            GitError::program("x", "fatal: Unable to create '/r/.git/index.lock': File exists.\n\nAnother");
        assert!(matches!(lock, GitError::Locked(lock) if lock.path == Path::new("/r/.git/index.lock")));
        let words = "fatal: cannot lock ref 'HEAD': Unable to create '/r/.git/refs/heads/a.lock': File exists.\n\nan editor opened by 'git commit'.";
        let of_ref = GitError::program("x", words);
        assert!(
            matches!(of_ref, GitError::Locked(lock) if lock.path == Path::new("/r/.git/refs/heads/a.lock"))
        );
        let denied =
            GitError::program("x", "fatal: Unable to create '/r/.git/index.lock': Permission denied");
        assert!(matches!(denied, GitError::Denied { .. }) && denied.hint().is_some());
    }
}
