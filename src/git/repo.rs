//! The repository, and the one place that decides who serves it: libgit2 or the git program.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use git2::ErrorCode;
use sha2::{Digest, Sha256};

use super::program::{self, Git, bytes_path};
use super::{CommitId, GitError, index_file};

/// A repository as seen from one of its work trees. Cheap to clone; every function blocks.
#[derive(Clone)]
pub struct Repo {
    inner: Arc<Inner>,
}

struct Inner {
    checkout: PathBuf,
    git_dir: PathBuf,
    common_dir: PathBuf,
    engine: Engine,
    sha256: bool,
    /// libgit2 handles serve one thread at a time; a caller takes one or opens another.
    handles: Mutex<Vec<git2::Repository>>,
    identity: OnceLock<Person>,
    has_program: OnceLock<bool>,
}

/// Who serves a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Engine {
    /// libgit2, in this process. Paths with filters still go to the program, step by step.
    Library,
    /// The git program, because of what is named.
    Program { because: String },
}

/// What is checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The branch without `refs/heads/`; nothing when the head is detached.
    pub branch: Option<String>,
    /// Nothing in a repository or a branch without commits.
    pub commit: Option<CommitId>,
}

/// Who wrote a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    pub email: String,
}

/// A libgit2 handle lent by the repository, given back when dropped.
pub(super) struct Handle {
    owner: Arc<Inner>,
    handle: Option<git2::Repository>,
}

impl Repo {
    /// Finds the repository that a path lies in, looking upwards. Changes nothing, never makes one.
    pub fn discover(path: &Path) -> Result<Self, GitError> {
        let start = path.canonicalize().map_err(|e| GitError::io(path, e))?;
        match git2::Repository::discover(&start) {
            Ok(found) => Self::from_library(&start, found),
            Err(error) => match error.code() {
                ErrorCode::NotFound => Err(GitError::NotARepository { path: start }),
                ErrorCode::Owner => Err(GitError::UnsafeOwner { path: start }),
                _ => Self::from_program(&start, error.message()),
            },
        }
    }

    /// Makes an empty repository. Only ever because a person asked for it.
    pub fn init(folder: &Path) -> Result<(), GitError> {
        git2::Repository::init(folder).map_err(|e| GitError::library("make a repository", &e))?;
        Ok(())
    }

    /// Makes a repository of a folder that has none, with everything in it as its first commit.
    pub fn found(folder: &Path, message: &str) -> Result<(), GitError> {
        let made = |e: git2::Error| GitError::library("make a repository", &e);
        let repo = git2::Repository::init(folder).map_err(made)?;
        let mut index = repo.index().map_err(made)?;
        index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).map_err(made)?;
        index.write().map_err(made)?;
        let tree = index.write_tree().and_then(|id| repo.find_tree(id)).map_err(made)?;
        let person = repo
            .signature()
            .or_else(|_| git2::Signature::now("offshoot", "offshoot@localhost"))
            .map_err(made)?;
        repo.commit(Some("HEAD"), &person, &person, message, &tree, &[]).map_err(made)?;
        Ok(())
    }

    /// The top of the work tree that was found.
    pub fn checkout(&self) -> &Path {
        &self.inner.checkout
    }

    /// Where objects and branches are, shared by all worktrees.
    pub fn common_dir(&self) -> &Path {
        &self.inner.common_dir
    }

    /// The git directory of this work tree: the common one, or one below its `worktrees`.
    pub fn git_dir(&self) -> &Path {
        &self.inner.git_dir
    }

    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// The folder for this repository's worktrees: readable, and the same from every worktree.
    pub fn folder_name(&self) -> String {
        let common = &self.inner.common_dir;
        let top =
            if common.file_name().is_some_and(|n| n == ".git") { common.parent() } else { Some(&**common) };
        let name = top.and_then(Path::file_name).map_or("repository".into(), |n| n.to_string_lossy());
        let name: String = name
            .trim_end_matches(".git")
            .chars()
            .map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' })
            .take(40)
            .collect();
        let digest = Sha256::digest(program::path_bytes(common));
        let hash = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
        format!("{}-{hash:08x}", name.trim_start_matches(['.', '-']))
    }

    /// What is checked out in this work tree.
    pub fn head(&self) -> Result<Head, GitError> {
        if let Engine::Program { .. } = self.inner.engine {
            return program_head(self.checkout(), None);
        }
        library_head(&*self.library()?, &self.inner.git_dir)
    }

    /// The commit that a person means: a hash or its beginning, a branch, a tag, `HEAD~2`.
    pub fn resolve(&self, rev: &str) -> Result<CommitId, GitError> {
        let unknown = || GitError::UnknownRevision { rev: rev.to_owned() };
        if rev.is_empty() || rev.starts_with('-') {
            return Err(unknown());
        }
        if let Engine::Program { .. } = self.inner.engine {
            let spec = format!("{rev}^{{commit}}");
            let answer = self.git("rev-parse").args(["--verify", "--end-of-options", &spec]).answer()?;
            if !answer.ok {
                let ambiguous = answer.err.contains("ambiguous");
                let rev = rev.to_owned();
                return Err(if ambiguous { GitError::AmbiguousRevision { rev } } else { unknown() });
            }
            let text = String::from_utf8_lossy(&answer.out);
            return CommitId::parse(text.lines().last().unwrap_or_default().trim()).map_err(|_| unknown());
        }
        let repo = self.library()?;
        let commit =
            repo.revparse_single(rev).and_then(|o| o.peel_to_commit()).map_err(|e| match e.code() {
                ErrorCode::Ambiguous => GitError::AmbiguousRevision { rev: rev.to_owned() },
                ErrorCode::NotFound | ErrorCode::InvalidSpec | ErrorCode::Peel => unknown(),
                _ => GitError::library("resolve a revision", &e),
            })?;
        Ok(CommitId::of(commit.id()))
    }

    /// The user as git knows them, or a stand-in.
    pub(super) fn identity(&self) -> &Person {
        self.inner.identity.get_or_init(|| self.read_identity())
    }

    /// Whether the git program can be run, found out once.
    pub(super) fn has_program(&self) -> bool {
        *self.inner.has_program.get_or_init(|| program::is_present(&self.inner.checkout))
    }

    pub(super) fn needs_program(&self, reason: &str) -> Result<(), GitError> {
        if self.has_program() { Ok(()) } else { Err(GitError::NeedsProgram { reason: reason.to_owned() }) }
    }

    pub(super) fn is_library(&self) -> bool {
        self.inner.engine == Engine::Library
    }

    /// The name of no object, which git takes for "absent".
    pub(super) fn zeros(&self) -> String {
        "0".repeat(if self.inner.sha256 { 64 } else { 40 })
    }

    /// A call of git at the top of the checkout.
    pub(super) fn git(&self, name: &str) -> Git {
        Git::new(&self.inner.checkout, name)
    }

    pub(super) fn library(&self) -> Result<Handle, GitError> {
        let spare = self.inner.handles.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let handle = match spare {
            Some(handle) => handle,
            None => git2::Repository::open(&self.inner.git_dir)
                .map_err(|e| GitError::library("open the repository", &e))?,
        };
        Ok(Handle { owner: Arc::clone(&self.inner), handle: Some(handle) })
    }

    fn from_library(start: &Path, repo: git2::Repository) -> Result<Self, GitError> {
        let Some(checkout) = repo.workdir().map(Path::to_owned) else {
            return Err(GitError::Bare { path: start.to_owned() });
        };
        let engine = decide(&repo)?;
        let inner = Inner {
            checkout: canonical(&checkout)?,
            git_dir: canonical(repo.path())?,
            common_dir: canonical(repo.commondir())?,
            engine,
            sha256: false,
            handles: Mutex::new(vec![repo]),
            identity: OnceLock::new(),
            has_program: OnceLock::new(),
        };
        let found = Self { inner: Arc::new(inner) };
        if let Engine::Program { because } = &found.inner.engine {
            found.needs_program(because)?;
        }
        found.head()?;
        Ok(found)
    }

    /// libgit2 could not open what is there; the program may, and else knows best what is wrong.
    fn from_program(start: &Path, because: &str) -> Result<Self, GitError> {
        if !program::is_present(start) {
            return Err(GitError::NeedsProgram { reason: because.to_owned() });
        }
        let answer = Git::new(start, "rev-parse")
            .args(["--path-format=absolute", "--is-inside-work-tree", "--show-object-format"])
            .args(["--absolute-git-dir", "--git-common-dir", "--show-toplevel"])
            .answer()?;
        let path = || start.to_owned();
        if !answer.ok {
            return Err(if answer.err.contains("dubious ownership") {
                GitError::UnsafeOwner { path: path() }
            } else if answer.err.contains("must be run in a work tree") {
                GitError::Bare { path: path() }
            } else if answer.err.contains("not a git repository") && !because.contains("unsupported") {
                GitError::Corrupt { path: path(), message: because.to_owned() }
            } else {
                match answer.error("rev-parse") {
                    GitError::Program { message, .. } => GitError::Corrupt { path: path(), message },
                    other => other,
                }
            });
        }
        let lines: Vec<&[u8]> = answer.out.split(|b| *b == b'\n').collect();
        let [inside, format, git_dir, common_dir, top, ..] = lines[..] else {
            return Err(GitError::Bare { path: path() });
        };
        if inside != b"true" {
            return Err(GitError::Bare { path: path() });
        }
        let inner = Inner {
            checkout: canonical(&bytes_path(top))?,
            git_dir: canonical(&bytes_path(git_dir))?,
            common_dir: canonical(&bytes_path(common_dir))?,
            engine: Engine::Program { because: because.to_owned() },
            sha256: format == b"sha256",
            handles: Mutex::default(),
            identity: OnceLock::new(),
            has_program: OnceLock::from(true),
        };
        let found = Self { inner: Arc::new(inner) };
        found.head()?;
        Ok(found)
    }

    fn read_identity(&self) -> Person {
        let config = |key: &str| -> Option<String> {
            let text = if self.is_library() {
                self.library().ok()?.config().ok()?.get_string(key).ok()?
            } else {
                self.git("config").args(["--get", key]).line().ok()?
            };
            Some(text.trim().to_owned()).filter(|t| !t.is_empty())
        };
        let env = |key: &str| std::env::var(key).ok().filter(|t| !t.trim().is_empty());
        let name = env("GIT_AUTHOR_NAME").or_else(|| config("author.name")).or_else(|| config("user.name"));
        let email =
            env("GIT_AUTHOR_EMAIL").or_else(|| config("author.email")).or_else(|| config("user.email"));
        match (name, email) {
            (Some(name), Some(email)) => Person { name: plain(&name), email: plain(&email) },
            _ => Person { name: "offshoot".to_owned(), email: "offshoot@localhost".to_owned() },
        }
    }
}

impl std::fmt::Debug for Repo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repo")
            .field("checkout", &self.inner.checkout)
            .field("common_dir", &self.inner.common_dir)
            .field("engine", &self.inner.engine)
            .finish()
    }
}

impl Deref for Handle {
    type Target = git2::Repository;

    fn deref(&self) -> &git2::Repository {
        self.handle.as_ref().expect("a handle is taken only when dropped")
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            let mut spare = self.owner.handles.lock().unwrap_or_else(PoisonError::into_inner);
            if spare.len() < 4 {
                spare.push(handle);
            }
        }
    }
}

/// Whether libgit2 can serve this work tree as it is set up now. What a setting would make of the
/// index at the program's next write counts as well: a worktree must not change sides half-way.
pub(super) fn decide(repo: &git2::Repository) -> Result<Engine, GitError> {
    let program = |because: &str| Ok(Engine::Program { because: because.to_owned() });
    let config = repo
        .config()
        .and_then(|mut c| c.snapshot())
        .map_err(|e| GitError::Corrupt { path: repo.path().to_owned(), message: e.message().to_owned() })?;
    let on = |key: &str| config.get_bool(key).unwrap_or(false);
    if on("core.sparseCheckout") {
        return program("sparse checkout");
    }
    if on("index.sparse") {
        return program("sparse index");
    }
    if on("core.splitIndex") {
        return program("split index");
    }
    if config.get_string("extensions.partialClone").is_ok() {
        return program("partial clone");
    }
    if let Ok(mut promisors) = config.entries(Some("remote\\..*\\.promisor"))
        && promisors.next().is_some()
    {
        return program("partial clone");
    }
    if index_file::is_plain(&repo.path().join("index")) {
        return Ok(Engine::Library);
    }
    match repo.index() {
        Ok(_) => Ok(Engine::Library),
        Err(e) if e.message().contains("extension") => program(e.message()),
        Err(e) => Err(match GitError::library("read the index", &e) {
            GitError::Library { message, .. } => GitError::Corrupt { path: repo.path().to_owned(), message },
            other => other,
        }),
    }
}

pub(super) fn library_head(repo: &git2::Repository, git_dir: &Path) -> Result<Head, GitError> {
    let corrupt = |e: &git2::Error| match GitError::library("read HEAD", e) {
        GitError::Library { message, .. } => GitError::Corrupt { path: git_dir.to_owned(), message },
        other => other,
    };
    let head = repo.find_reference("HEAD").map_err(|e| corrupt(&e))?;
    let branch = head
        .symbolic_target_bytes()
        .map(|n| String::from_utf8_lossy(n.strip_prefix(b"refs/heads/").unwrap_or(n)).into_owned());
    let commit = match head.resolve() {
        Ok(at) => Some(CommitId::of(at.peel_to_commit().map_err(|e| corrupt(&e))?.id())),
        Err(e) if branch.is_some() && e.code() == ErrorCode::NotFound => None,
        Err(e) => return Err(corrupt(&e)),
    };
    Ok(Head { branch, commit })
}

pub(super) fn program_head(dir: &Path, git_dir: Option<&Path>) -> Result<Head, GitError> {
    let git = |name: &str| git_dir.map_or_else(|| Git::new(dir, name), |g| Git::at(dir, g, name));
    let name = git("symbolic-ref").args(["--quiet", "HEAD"]).answer()?;
    let branch = name.ok.then(|| {
        let text = String::from_utf8_lossy(&name.out).trim().to_owned();
        text.strip_prefix("refs/heads/").map(str::to_owned).unwrap_or(text)
    });
    let at = git("rev-parse").args(["--verify", "--quiet", "HEAD^{commit}"]).answer()?;
    let commit = CommitId::parse(String::from_utf8_lossy(&at.out).trim()).ok();
    if commit.is_none() && (branch.is_none() || !at.err.trim().is_empty()) {
        let message = if at.err.trim().is_empty() { name.err } else { at.err };
        return Err(GitError::Corrupt { path: dir.to_owned(), message: message.trim().to_owned() });
    }
    Ok(Head { branch, commit })
}

pub(super) fn canonical(path: &Path) -> Result<PathBuf, GitError> {
    path.canonicalize().map_err(|e| GitError::io(path, e))
}

/// Without what would break the header line of a commit.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '<' | '>' | '\n' | '\r' | '\0')).collect()
}
