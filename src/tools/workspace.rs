//! The guard between tools and the disk. A worktree is opened once, as a directory handle; every
//! path is then walked from that handle, component by component, without the kernel following a
//! link for us. What is checked is therefore what is used, also when a program swaps a directory for
//! a link meanwhile. It knows nothing of tools' texts and limits.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Component, Path, PathBuf};

use cap_fs_ext::{DirExt, FollowSymlinks, OpenOptionsFollowExt, OpenOptionsSyncExt};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, FileType, Metadata, OpenOptions, Permissions};

use super::path::{PathError, RelPath, check_component};
use crate::config::TEMPORARY_PREFIX;

/// The most that `read` loads, in bytes.
pub const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// As many links as Linux follows.
const MAX_LINKS: usize = 40;

/// A worktree, as tools may use it.
#[derive(Debug)]
pub struct Workspace {
    dir: Dir,
    /// As it was opened.
    given: PathBuf,
    /// Without links.
    root: PathBuf,
}

/// A new content that is on the disk but not yet in its place.
#[derive(Debug)]
pub struct Staged {
    dir: Dir,
    temporary: OsString,
    name: OsString,
    path: String,
    placed: bool,
}

/// An open directory and a name in it, which may or may not exist.
struct Spot {
    dir: Dir,
    name: OsString,
}

/// What to do when the last name of a path is a link.
#[derive(Clone, Copy, PartialEq)]
enum Last {
    Follow,
    Keep,
}

/// What to do when a directory on the way is missing.
#[derive(Clone, Copy, PartialEq)]
enum Missing {
    Fail,
    Create,
}

impl Workspace {
    /// Opens the worktree at `root`.
    pub fn open_root(root: impl AsRef<Path>) -> Result<Self, PathError> {
        let given = root.as_ref();
        let fail = |source| PathError::Io { path: given.display().to_string(), source };
        let root = given.canonicalize().map_err(fail)?;
        let dir = Dir::open_ambient_dir(&root, ambient_authority()).map_err(fail)?;
        Ok(Self { dir, given: given.to_owned(), root })
    }

    /// The absolute path of the worktree, without links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The path that a model means by `path`: relative to the worktree, or absolute within it. Only
    /// the spelling is judged; nothing has to exist.
    pub fn relative(&self, path: &str) -> Result<RelPath, PathError> {
        let path = path.trim_end_matches(['\n', '\r']);
        let path = path.strip_prefix("file://").unwrap_or(path);
        if path.trim().is_empty() {
            return Err(PathError::Empty);
        }
        if path.contains('\0') {
            return Err(PathError::Nul { path: path.replace('\0', "\\0") });
        }
        let first = path.split('/').next().unwrap_or_default();
        if first == "~" || (first.starts_with('~') && first.len() < path.len()) {
            return Err(PathError::Outside { path: path.to_owned(), reason: "`~` is a home directory" });
        }
        let given = Path::new(path);
        if given.is_absolute() {
            let rest = self.strip_root(given).ok_or_else(|| PathError::Outside {
                path: path.to_owned(),
                reason: "it is absolute and elsewhere",
            })?;
            return RelPath::below(path, &rest);
        }
        RelPath::new(given)
    }

    /// Opens a regular file for reading. Never blocks on a pipe.
    pub fn open(&self, path: &RelPath) -> Result<File, PathError> {
        let spot = self.locate(path, Last::Follow, Missing::Fail)?;
        let fail = |error| PathError::io(path, error);
        // Before opening, since opening a device can already do something.
        let before = spot.dir.symlink_metadata(&spot.name).map_err(fail)?;
        require_file(path, before.file_type())?;
        let mut options = OpenOptions::new();
        options.read(true).follow(FollowSymlinks::No).nonblock(true);
        let file = spot.dir.open_with(&spot.name, &options).map_err(fail)?;
        require_file(path, file.metadata().map_err(fail)?.file_type())?;
        Ok(file.into_std())
    }

    /// The bytes of a regular file of at most [`MAX_FILE_BYTES`].
    pub fn read(&self, path: &RelPath) -> Result<Vec<u8>, PathError> {
        let file = self.open(path)?;
        let fail = |error| PathError::io(path, error);
        let bytes = file.metadata().map_err(fail)?.len();
        let too_large = |bytes| PathError::TooLarge { path: path.to_string(), bytes, limit: MAX_FILE_BYTES };
        if bytes > MAX_FILE_BYTES {
            return Err(too_large(bytes));
        }
        let mut content = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default() + 1);
        // A file may grow while it is read, and those of /proc-like systems have no size.
        file.take(MAX_FILE_BYTES + 1).read_to_end(&mut content).map_err(fail)?;
        if content.len() as u64 > MAX_FILE_BYTES {
            return Err(too_large(content.len() as u64));
        }
        Ok(content)
    }

    /// As `read`; `None` when there is no such file.
    pub fn read_if_exists(&self, path: &RelPath) -> Result<Option<Vec<u8>>, PathError> {
        match self.read(path) {
            Ok(content) => Ok(Some(content)),
            Err(PathError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Replaces or creates a file in one instant: a reader sees the old content or the new one. The
    /// permission bits of an old file are kept; missing directories are created.
    pub fn write_atomically(&self, path: &RelPath, content: &[u8]) -> Result<(), PathError> {
        self.stage(path, content)?.commit()
    }

    /// The first half of `write_atomically`: everything that is likely to fail.
    pub fn stage(&self, path: &RelPath, content: &[u8]) -> Result<Staged, PathError> {
        self.stage_with(path, content, None)
    }

    /// As `stage`, with the permission bits of `like` where `path` does not exist yet.
    pub fn stage_like(&self, path: &RelPath, content: &[u8], like: &RelPath) -> Result<Staged, PathError> {
        let permissions = self.metadata(like)?.permissions();
        self.stage_with(path, content, Some(permissions))
    }

    pub fn create_dir_all(&self, path: &RelPath) -> Result<(), PathError> {
        if path.is_root() {
            return Ok(());
        }
        let spot = self.locate(path, Last::Follow, Missing::Create)?;
        match spot.dir.create_dir(&spot.name) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let found = spot.dir.symlink_metadata(&spot.name).map_err(|e| PathError::io(path, e))?;
                if found.is_dir() { Ok(()) } else { Err(PathError::Exists { path: path.to_string() }) }
            }
            result => result.map_err(|error| PathError::io(path, error)),
        }
    }

    /// Removes a file, or a link itself; never a directory.
    pub fn remove(&self, path: &RelPath) -> Result<(), PathError> {
        let spot = self.locate(path, Last::Keep, Missing::Fail)?;
        let fail = |error| PathError::io(path, error);
        if spot.dir.symlink_metadata(&spot.name).map_err(fail)?.is_dir() {
            return Err(PathError::Directory { path: path.to_string() });
        }
        spot.dir.remove_file(&spot.name).map_err(fail)
    }

    /// Moves a file, or a link itself, to a name that is free. Missing directories are created.
    pub fn rename(&self, from: &RelPath, to: &RelPath) -> Result<(), PathError> {
        let source = self.locate(from, Last::Keep, Missing::Fail)?;
        source.dir.symlink_metadata(&source.name).map_err(|error| PathError::io(from, error))?;
        let target = self.locate(to, Last::Keep, Missing::Create)?;
        if target.dir.symlink_metadata(&target.name).is_ok() {
            return Err(PathError::Exists { path: to.to_string() });
        }
        source.dir.rename(&source.name, &target.dir, &target.name).map_err(|error| PathError::io(to, error))
    }

    /// What stands at `path`, behind links.
    pub fn metadata(&self, path: &RelPath) -> Result<Metadata, PathError> {
        let spot = self.locate(path, Last::Follow, Missing::Fail)?;
        spot.dir.symlink_metadata(&spot.name).map_err(|error| PathError::io(path, error))
    }

    /// Whether something stands at `path` that tools may use.
    pub fn exists(&self, path: &RelPath) -> bool {
        self.metadata(path).is_ok()
    }

    /// Opens a directory: a handle that stays within it.
    pub fn open_dir(&self, path: &RelPath) -> Result<Dir, PathError> {
        let fail = |error| PathError::io(path, error);
        let spot = self.locate(path, Last::Follow, Missing::Fail)?;
        if !spot.dir.symlink_metadata(&spot.name).map_err(fail)?.is_dir() {
            let path = path.to_string();
            return Err(PathError::NotADirectory { parent: path.clone(), path });
        }
        if spot.name == OsStr::new(".") {
            return Ok(spot.dir);
        }
        spot.dir.open_dir_nofollow(&spot.name).map_err(fail)
    }

    /// Where a path leads, links on the way and at its end resolved: the name under which git knows
    /// what was written. What does not exist any more keeps its last name.
    pub fn behind_links(&self, path: &RelPath) -> Result<RelPath, PathError> {
        let (_, names) = self.walk(path, Last::Follow, Missing::Fail)?;
        RelPath::new(names)
    }

    /// The absolute path of something that exists, links resolved and judged. For programs that
    /// need a path; between this and its use it may change, so reading and writing go through the
    /// other functions.
    pub fn resolve(&self, path: &RelPath) -> Result<PathBuf, PathError> {
        let (spot, names) = self.walk(path, Last::Follow, Missing::Fail)?;
        spot.dir.symlink_metadata(&spot.name).map_err(|error| PathError::io(path, error))?;
        Ok(self.root.join(names))
    }

    fn stage_with(
        &self,
        path: &RelPath,
        content: &[u8],
        permissions: Option<Permissions>,
    ) -> Result<Staged, PathError> {
        let fail = |error| PathError::io(path, error);
        let Spot { dir, name } = self.locate(path, Last::Follow, Missing::Create)?;
        let permissions = match dir.symlink_metadata(&name) {
            Ok(old) => {
                require_file(path, old.file_type())?;
                Some(old.permissions())
            }
            Err(error) if error.kind() == ErrorKind::NotFound => permissions,
            Err(error) => return Err(fail(error)),
        };
        let (temporary, mut file) = create_temporary(&dir).map_err(fail)?;
        let staged = Staged { dir, temporary, name, path: path.to_string(), placed: false };
        file.write_all(content).map_err(fail)?;
        if let Some(permissions) = permissions {
            file.set_permissions(permissions).map_err(fail)?;
        }
        Ok(staged)
    }

    /// The rest of an absolute path below the worktree, however the way to the worktree is spelled.
    fn strip_root(&self, path: &Path) -> Option<PathBuf> {
        for root in [&self.root, &self.given] {
            if let Ok(rest) = path.strip_prefix(root) {
                return Some(rest.to_owned());
            }
        }
        // Through links: some leading part of the path is the worktree under another name.
        let above = path.ancestors().find(|part| part.canonicalize().is_ok_and(|real| real == self.root))?;
        path.strip_prefix(above).ok().map(Path::to_owned)
    }

    fn locate(&self, path: &RelPath, last: Last, missing: Missing) -> Result<Spot, PathError> {
        self.walk(path, last, missing).map(|(spot, _)| spot)
    }

    /// Walks `path` from the root and gives the place of its last name, and the names that lead to
    /// it with every link resolved.
    fn walk(&self, path: &RelPath, last: Last, missing: Missing) -> Result<(Spot, PathBuf), PathError> {
        let fail = |error| PathError::io(path, error);
        let outside = |reason| PathError::Outside { path: path.to_string(), reason };
        let mut ahead = path.components_owned();
        let mut behind: Vec<(OsString, Dir)> = Vec::new();
        let mut links = 0;
        while let Some(name) = ahead.pop_front() {
            if name == OsStr::new("..") {
                if behind.pop().is_none() {
                    return Err(outside("a symbolic link leads above its root"));
                }
                continue;
            }
            check_component(&name, &|| path.to_string())?;
            let here = behind.last().map_or(&self.dir, |(_, dir)| dir);
            if ahead.is_empty() && last == Last::Keep {
                return spot(here, &behind, name).map_err(fail);
            }
            let found = match here.symlink_metadata(&name) {
                Ok(found) => found.file_type(),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    if ahead.is_empty() {
                        return spot(here, &behind, name).map_err(fail);
                    }
                    if missing == Missing::Fail {
                        return Err(PathError::NotFound { path: path.to_string() });
                    }
                    match here.create_dir(&name) {
                        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(fail(error)),
                        _ => {}
                    }
                    here.symlink_metadata(&name).map_err(fail)?.file_type()
                }
                Err(error) => return Err(fail(error)),
            };
            if found.is_symlink() {
                links += 1;
                if links > MAX_LINKS {
                    return Err(PathError::Links { path: path.to_string() });
                }
                let target = here.read_link_contents(&name).map_err(fail)?;
                let target = if target.is_absolute() {
                    behind.clear();
                    self.strip_root(&target)
                        .ok_or_else(|| outside("a symbolic link on the way points out of it"))?
                } else {
                    target
                };
                prepend(&mut ahead, &target);
            } else if ahead.is_empty() {
                return spot(here, &behind, name).map_err(fail);
            } else if found.is_dir() {
                match here.open_dir_nofollow(&name) {
                    Ok(dir) => behind.push((name, dir)),
                    // Swapped since we looked: look again.
                    Err(_) if links < MAX_LINKS => {
                        links += 1;
                        ahead.push_front(name);
                    }
                    Err(error) => return Err(fail(error)),
                }
            } else {
                let parent = names(&behind).join(&name).display().to_string();
                return Err(PathError::NotADirectory { path: path.to_string(), parent });
            }
        }
        let here = behind.last().map_or(&self.dir, |(_, dir)| dir);
        let dir = here.try_clone().map_err(fail)?;
        Ok((Spot { dir, name: ".".into() }, names(&behind)))
    }
}

impl Staged {
    /// Puts the new content in its place.
    pub fn commit(mut self) -> Result<(), PathError> {
        self.dir
            .rename(&self.temporary, &self.dir, &self.name)
            .map_err(|source| PathError::Io { path: self.path.clone(), source })?;
        self.placed = true;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.placed {
            // The error that kept it from its place is the one to report.
            let _ = self.dir.remove_file(&self.temporary);
        }
    }
}

impl PathError {
    fn io(path: &RelPath, source: io::Error) -> Self {
        let path = path.to_string();
        match source.kind() {
            ErrorKind::NotFound => Self::NotFound { path },
            ErrorKind::IsADirectory => Self::Directory { path },
            _ => Self::Io { path, source },
        }
    }
}

fn spot(here: &Dir, behind: &[(OsString, Dir)], name: OsString) -> io::Result<(Spot, PathBuf)> {
    let path = names(behind).join(&name);
    Ok((Spot { dir: here.try_clone()?, name }, path))
}

fn names(behind: &[(OsString, Dir)]) -> PathBuf {
    behind.iter().map(|(name, _)| name).collect()
}

fn prepend(ahead: &mut VecDeque<OsString>, target: &Path) {
    for component in target.components().rev() {
        match component {
            Component::Normal(name) => ahead.push_front(name.to_owned()),
            Component::ParentDir => ahead.push_front("..".into()),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
}

fn require_file(path: &RelPath, found: FileType) -> Result<(), PathError> {
    if found.is_file() {
        return Ok(());
    }
    let path = path.to_string();
    if found.is_dir() {
        Err(PathError::Directory { path })
    } else {
        Err(PathError::Special { path, kind: kind(found) })
    }
}

#[cfg(unix)]
fn kind(found: FileType) -> &'static str {
    use cap_std::fs::FileTypeExt;
    if found.is_fifo() {
        "named pipe"
    } else if found.is_socket() {
        "socket"
    } else if found.is_char_device() || found.is_block_device() {
        "device"
    } else {
        "special file"
    }
}

#[cfg(not(unix))]
fn kind(_: FileType) -> &'static str {
    "special file"
}

fn create_temporary(dir: &Dir) -> io::Result<(OsString, cap_std::fs::File)> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).follow(FollowSymlinks::No);
    loop {
        let name = OsString::from(format!("{TEMPORARY_PREFIX}{:016x}", fastrand::u64(..)));
        match dir.open_with(&name, &options) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            result => return result.map(|file| (name, file)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::tests::Fixture;

    fn workspace(fixture: &Fixture) -> &Workspace {
        &fixture.context.workspace
    }

    fn rel(path: &str) -> RelPath {
        RelPath::new(path).unwrap()
    }

    #[test]
    fn a_path_may_be_relative_or_absolute_within() {
        let fixture = Fixture::new();
        let guard = workspace(&fixture);
        let absolute = fixture.path("a/b.rs").display().to_string();
        let real = guard.root().join("a/b.rs").display().to_string();
        let url = format!("file://{real}");
        for path in ["a/b.rs", "./a/b.rs", &absolute, &real, &url, "a/b.rs\n"] {
            assert_eq!(guard.relative(path).unwrap(), rel("a/b.rs"), "{path}");
        }
        assert!(guard.relative(&fixture.path("").display().to_string()).unwrap().is_root());
    }

    #[test]
    fn a_path_that_is_not_within_is_refused() {
        let fixture = Fixture::new();
        let guard = workspace(&fixture);
        let sibling = format!("{}x/a", guard.root().display());
        let above = format!("{}/../a", guard.root().display());
        for path in ["../a", "a/../../b", "/etc/passwd", "~", "~/.ssh/id_rsa", "~root/x", &sibling, &above] {
            let error = guard.relative(path).unwrap_err();
            assert!(matches!(error, PathError::Outside { .. }), "{path}: {error}");
            assert!(error.to_string().contains(path), "{error}");
        }
        assert!(matches!(guard.relative(" "), Err(PathError::Empty)));
        assert!(matches!(guard.relative("a\0b"), Err(PathError::Nul { .. })));
        let git = guard.root().join(".git/config").display().to_string();
        assert!(matches!(guard.relative(&git), Err(PathError::Git { .. })));
    }

    #[test]
    fn files_are_written_in_one_instant_and_nothing_is_left_behind() {
        let fixture = Fixture::new();
        let guard = workspace(&fixture);
        guard.write_atomically(&rel("a/b/c.txt"), b"one").unwrap();
        guard.write_atomically(&rel("a/b/c.txt"), b"two").unwrap();
        assert_eq!(guard.read(&rel("a/b/c.txt")).unwrap(), b"two");
        drop(guard.stage(&rel("a/b/c.txt"), b"three").unwrap());
        assert_eq!(guard.read(&rel("a/b/c.txt")).unwrap(), b"two");
        let names: Vec<_> =
            std::fs::read_dir(fixture.path("a/b")).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["c.txt"]);

        guard.rename(&rel("a/b/c.txt"), &rel("new/d.txt")).unwrap();
        assert!(guard.exists(&rel("new/d.txt")) && !guard.exists(&rel("a/b/c.txt")));
        guard.write_atomically(&rel("e.txt"), b"").unwrap();
        assert!(matches!(guard.rename(&rel("e.txt"), &rel("new/d.txt")), Err(PathError::Exists { .. })));
        guard.remove(&rel("new/d.txt")).unwrap();
        assert!(matches!(guard.remove(&rel("new/d.txt")), Err(PathError::NotFound { .. })));
        assert!(matches!(guard.remove(&rel("new")), Err(PathError::Directory { .. })));
        guard.create_dir_all(&rel("x/y/z")).unwrap();
        guard.create_dir_all(&rel("x/y/z")).unwrap();
        assert!(guard.open_dir(&rel("x/y/z")).is_ok() && guard.open_dir(&RelPath::root()).is_ok());
        assert!(matches!(guard.write_atomically(&rel("e.txt/f"), b""), Err(PathError::NotADirectory { .. })));
        assert!(matches!(guard.write_atomically(&rel("x"), b""), Err(PathError::Directory { .. })));
    }

    #[cfg(unix)]
    mod links {
        use std::os::unix::fs::symlink;
        use std::sync::atomic::{AtomicBool, Ordering};

        use super::*;

        fn refused(fixture: &Fixture, path: &str) {
            let (guard, path) = (workspace(fixture), rel(path));
            let is_refusal = |error: PathError| {
                assert!(
                    matches!(error, PathError::Outside { .. } | PathError::Git { .. }),
                    "{path}: {error}"
                );
            };
            is_refusal(guard.read(&path).unwrap_err());
            is_refusal(guard.write_atomically(&path, b"x").unwrap_err());
            is_refusal(guard.metadata(&path).unwrap_err());
            is_refusal(guard.resolve(&path).unwrap_err());
            is_refusal(guard.create_dir_all(&path).unwrap_err());
        }

        #[test]
        fn a_link_that_leaves_is_refused_wherever_it_stands() {
            let fixture = Fixture::new();
            let secret = fixture.outside().join("secret");
            std::fs::write(&secret, "s").unwrap();
            std::fs::create_dir(fixture.path("sub")).unwrap();
            symlink(&secret, fixture.path("absolute")).unwrap();
            symlink("../secret", fixture.path("relative")).unwrap();
            symlink("../../secret", fixture.path("sub/deep")).unwrap();
            symlink(fixture.outside(), fixture.path("parent")).unwrap();
            symlink("relative", fixture.path("chain")).unwrap();
            symlink("../missing", fixture.path("dangling")).unwrap();
            symlink("sub/../../secret", fixture.path("winding")).unwrap();
            for path in ["absolute", "relative", "sub/deep", "parent/secret", "chain", "dangling", "winding"]
            {
                refused(&fixture, path);
            }
            assert_eq!(std::fs::read(&secret).unwrap(), b"s");
            assert!(!fixture.outside().join("missing").exists());
            assert!(matches!(
                workspace(&fixture).remove(&rel("parent/secret")),
                Err(PathError::Outside { .. })
            ));
            assert!(matches!(
                workspace(&fixture).rename(&rel("sub/deep"), &rel("parent/x")),
                Err(PathError::Outside { .. })
            ));
        }

        #[test]
        fn a_link_into_git_is_refused() {
            let fixture = Fixture::new();
            fixture.put(".git/hooks/x", "");
            fixture.put("sub/.git", "gitdir: elsewhere");
            symlink(".git", fixture.path("innocent")).unwrap();
            symlink("sub/.git", fixture.path("file")).unwrap();
            symlink(fixture.path(".git/hooks"), fixture.path("hooks")).unwrap();
            for path in ["innocent/hooks/x", "file", "hooks/x"] {
                refused(&fixture, path);
            }
        }

        #[test]
        fn a_link_within_is_followed_and_kept() {
            let fixture = Fixture::new();
            fixture.put("real/a.txt", "a");
            symlink("real", fixture.path("dir")).unwrap();
            symlink("../real/a.txt", fixture.path("real/up.txt")).unwrap();
            symlink(fixture.path("real"), fixture.path("absolute")).unwrap();
            symlink("new.txt", fixture.path("dangling")).unwrap();
            let guard = workspace(&fixture);
            assert_eq!(guard.read(&rel("dir/a.txt")).unwrap(), b"a");
            assert_eq!(guard.read(&rel("absolute/up.txt")).unwrap(), b"a");
            guard.write_atomically(&rel("dir/up.txt"), b"b").unwrap();
            assert_eq!(fixture.bytes("real/a.txt"), b"b");
            assert!(fixture.path("real/up.txt").is_symlink());
            guard.write_atomically(&rel("dangling"), b"n").unwrap();
            assert_eq!(fixture.bytes("new.txt"), b"n");
            assert_eq!(guard.resolve(&rel("dir/up.txt")).unwrap(), guard.root().join("real/a.txt"));
            assert_eq!(guard.behind_links(&rel("dir/up.txt")).unwrap(), rel("real/a.txt"));
            assert_eq!(guard.behind_links(&rel("dir/gone.txt")).unwrap(), rel("real/gone.txt"));
            guard.remove(&rel("dangling")).unwrap();
            assert_eq!(fixture.bytes("new.txt"), b"n");
        }

        #[test]
        fn links_in_a_circle_end() {
            let fixture = Fixture::new();
            symlink("b", fixture.path("a")).unwrap();
            symlink("a", fixture.path("b")).unwrap();
            assert!(matches!(workspace(&fixture).read(&rel("a")), Err(PathError::Links { .. })));
        }

        #[test]
        fn a_worktree_opened_through_a_link_knows_both_names() {
            let fixture = Fixture::new();
            let (link, other) = (fixture.outside().join("link"), fixture.outside().join("other"));
            symlink(fixture.path(""), &link).unwrap();
            symlink(fixture.path(""), &other).unwrap();
            let guard = Workspace::open_root(&link).unwrap();
            for root in [&link, &other, &fixture.path("")] {
                let path = root.join("a.txt").display().to_string();
                assert_eq!(guard.relative(&path).unwrap(), rel("a.txt"), "{path}");
            }
        }

        #[test]
        fn a_pipe_is_refused_at_once() {
            let fixture = Fixture::new();
            let path = fixture.path("pipe");
            rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU).unwrap();
            let error = workspace(&fixture).read(&rel("pipe")).unwrap_err();
            assert_eq!(error.to_string(), "pipe: is a named pipe, not a regular file");
            assert!(workspace(&fixture).write_atomically(&rel("pipe"), b"x").is_err());
        }

        #[test]
        fn a_directory_swapped_for_a_link_meanwhile_leads_nowhere() {
            let fixture = Fixture::new();
            let (dir, victim) = (fixture.path("dir"), fixture.outside().join("victim"));
            std::fs::create_dir(&victim).unwrap();
            let stop = AtomicBool::new(false);
            let mut written = 0;
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    // Each step may find what the writer made meanwhile; the next round clears it.
                    while !stop.load(Ordering::Relaxed) {
                        let _ = std::fs::create_dir(&dir);
                        let _ = std::fs::remove_dir_all(&dir);
                        let _ = symlink(&victim, &dir);
                        let _ = std::fs::remove_file(&dir);
                    }
                });
                for _ in 0..2000 {
                    written += i32::from(workspace(&fixture).write_atomically(&rel("dir/x"), b"x").is_ok());
                }
                stop.store(true, Ordering::Relaxed);
            });
            assert!(written > 0);
            assert_eq!(std::fs::read_dir(&victim).unwrap().count(), 0);
        }
    }
}
