//! Paths as tools speak of them: relative to the worktree, without `.` and `..`, never into `.git`.
//! This is about spelling only; `workspace` checks what stands on the disk, at the time of use.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::ops::Deref;
use std::path::{Component, Path, PathBuf};

/// A path below the root of a worktree, normalised: only names, joined by separators. The empty
/// path is the root itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelPath(PathBuf);

/// Why a path is refused, or what went wrong with it.
#[derive(Debug, thiserror::Error)]
pub enum PathError {
    #[error("the path is empty: name a file relative to the worktree")]
    Empty,
    #[error("{path}: the path holds a NUL character")]
    Nul { path: String },
    #[error("{path}: leaves the worktree ({reason}); use a path relative to its root")]
    Outside { path: String, reason: &'static str },
    #[error("{path}: `{component}` belongs to git, and tools may neither read nor write it")]
    Git { path: String, component: String },
    #[error("{path}: no such file or directory")]
    NotFound { path: String },
    #[error("{path}: is a directory")]
    Directory { path: String },
    #[error("{path}: `{parent}` is not a directory")]
    NotADirectory { path: String, parent: String },
    #[error("{path}: is a {kind}, not a regular file")]
    Special { path: String, kind: &'static str },
    #[error("{path}: too many symbolic links in a row, or they changed while they were followed")]
    Links { path: String },
    #[error("{path}: already exists")]
    Exists { path: String },
    #[error("{path}: is {bytes} bytes, more than the {limit} that a tool loads at once")]
    TooLarge { path: String, bytes: u64, limit: u64 },
    #[error("{path}: {source}")]
    Io { path: String, source: io::Error },
}

impl RelPath {
    /// The root of the worktree.
    pub fn root() -> Self {
        Self(PathBuf::new())
    }

    /// Normalises a relative path by its spelling.
    ///
    /// # Errors
    /// When it is absolute, when `..` leads above the root, or when a component belongs to git.
    pub fn new(path: impl AsRef<Path>) -> Result<Self, PathError> {
        let path = path.as_ref();
        let shown = || path.display().to_string();
        let mut names = PathBuf::new();
        for component in path.components() {
            match component {
                Component::CurDir => {}
                Component::Normal(name) => {
                    check_component(name, &shown)?;
                    names.push(name);
                }
                Component::ParentDir => {
                    if !names.pop() {
                        return Err(PathError::Outside {
                            path: shown(),
                            reason: "`..` leads above its root",
                        });
                    }
                }
                Component::RootDir | Component::Prefix(_) => {
                    return Err(PathError::Outside { path: shown(), reason: "it is absolute" });
                }
            }
        }
        Ok(Self(names))
    }

    pub fn as_path(&self) -> &Path {
        &self.0
    }

    pub fn is_root(&self) -> bool {
        self.0.as_os_str().is_empty()
    }

    /// The path of `name` below this one.
    pub fn join(&self, name: impl AsRef<Path>) -> Result<Self, PathError> {
        Self::new(self.0.join(name))
    }

    /// As `new`, for the part of `given` below the worktree: errors name what was given.
    pub(super) fn below(given: &str, rest: &Path) -> Result<Self, PathError> {
        Self::new(rest).map_err(|error| match error {
            PathError::Outside { reason, .. } => PathError::Outside { path: given.into(), reason },
            PathError::Git { component, .. } => PathError::Git { path: given.into(), component },
            other => other,
        })
    }

    pub(super) fn components_owned(&self) -> VecDeque<OsString> {
        self.0.iter().map(OsStr::to_owned).collect()
    }
}

impl Deref for RelPath {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl AsRef<Path> for RelPath {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl From<RelPath> for PathBuf {
    fn from(path: RelPath) -> Self {
        path.0
    }
}

/// With `/` between the names on every system; the root is `.`.
impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            return f.write_str(".");
        }
        for (index, name) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("/")?;
            }
            f.write_str(&name.to_string_lossy())?;
        }
        Ok(())
    }
}

/// Refuses a name that git, on any file system it supports, takes for `.git`.
pub(super) fn check_component(name: &OsStr, path: &dyn Fn() -> String) -> Result<(), PathError> {
    if is_git_name(&name.to_string_lossy()) {
        let component = name.to_string_lossy().into_owned();
        return Err(PathError::Git { path: path(), component });
    }
    Ok(())
}

/// `.git` in any case, with the characters that HFS+ ignores, with the dots, spaces and streams
/// that NTFS drops, and as NTFS's short name.
fn is_git_name(name: &str) -> bool {
    let name = name.split(':').next().unwrap_or_default();
    let plain: String = name.chars().filter(|c| !is_ignored_by_hfs(*c)).collect::<String>().to_lowercase();
    matches!(plain.trim_end_matches(['.', ' ']), ".git" | "git~1")
}

fn is_ignored_by_hfs(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_path_is_normalised() {
        let cases = [
            ("a/b.rs", "a/b.rs"),
            ("./a//b.rs", "a/b.rs"),
            ("a/../b.rs", "b.rs"),
            ("a/b/", "a/b"),
            (".", "."),
            ("", "."),
            ("a/..", "."),
            (".gitignore", ".gitignore"),
            (".github/workflows/ci.yml", ".github/workflows/ci.yml"),
            (".gitattributes", ".gitattributes"),
            ("x.git/config", "x.git/config"),
            ("a b/ü.txt", "a b/ü.txt"),
        ];
        for (given, wanted) in cases {
            assert_eq!(RelPath::new(given).unwrap().to_string(), wanted, "{given}");
        }
    }

    #[test]
    fn a_path_that_leaves_or_enters_git_is_refused() {
        for path in ["..", "../x", "a/../../x", "/etc/passwd"] {
            assert!(matches!(RelPath::new(path), Err(PathError::Outside { .. })), "{path}");
        }
        let git = [
            ".git",
            ".git/config",
            "a/.GIT/hooks/x",
            ".Git",
            "sub/.git",
            "git~1/x",
            ".git./x",
            ".git /x",
            ".g\u{200c}it/config",
            ".git::$INDEX_ALLOCATION/x",
        ];
        for path in git {
            assert!(matches!(RelPath::new(path), Err(PathError::Git { .. })), "{path}");
        }
    }
}
