//! What can be wrong with settings.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::{Origin, PathsError};

/// Settings that cannot be used. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file that `--config` or `OFFSHOOT_CONFIG` names.
    #[error("no settings file {}, which {named_by} names", path.display())]
    Missing { path: PathBuf, named_by: &'static str },
    #[error("cannot read settings file {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{}:{line}:{column}: {message}", path.display())]
    Syntax { path: PathBuf, line: usize, column: usize, message: String },
    /// At least one; every mistake that was found.
    #[error("{}", lines(.0))]
    Invalid(Vec<Mistake>),
    #[error(transparent)]
    Paths(#[from] PathsError),
}

/// One key or value that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    pub origin: Origin,
    /// The key as a path with dots.
    pub key: String,
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.what)
    }
}

impl ConfigError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "create it, or name another file",
            Self::Unreadable { .. } => "check its permissions and that it is a UTF-8 text file",
            Self::Syntax { .. } => "correct the line; settings are written in TOML",
            Self::Invalid(mistakes) if mistakes.iter().any(|m| matches!(m.origin, Origin::Flag { .. })) => {
                "correct the flag; `offshoot config show` lists every key"
            }
            Self::Invalid(mistakes)
                if mistakes.iter().any(|m| matches!(m.origin, Origin::Environment { .. })) =>
            {
                "correct or unset the variable; `offshoot config show` lists every key"
            }
            Self::Invalid(_) => "correct the file; the shipped config/default.toml explains every key",
            Self::Paths(error) => error.hint(),
        }
    }
}

fn lines(mistakes: &[Mistake]) -> String {
    let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
