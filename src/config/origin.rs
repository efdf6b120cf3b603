//! Where a value came from.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// The layers of settings, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// `config/default.toml`, compiled in.
    Shipped,
    /// A backend that a provider's own variables configure, such as `ANTHROPIC_API_KEY`.
    Builtin,
    User,
    Project,
    /// `OFFSHOOT_…` variables.
    Environment,
    Flag,
}

/// Where one value was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Shipped {
        line: usize,
    },
    /// Follows from this environment variable, or from a table's name when there is none.
    Builtin {
        variable: Option<String>,
    },
    User {
        file: PathBuf,
        line: usize,
    },
    Project {
        file: PathBuf,
        line: usize,
    },
    Environment {
        variable: String,
    },
    Flag {
        key: String,
    },
}

impl Origin {
    pub fn layer(&self) -> Layer {
        match self {
            Self::Shipped { .. } => Layer::Shipped,
            Self::Builtin { .. } => Layer::Builtin,
            Self::User { .. } => Layer::User,
            Self::Project { .. } => Layer::Project,
            Self::Environment { .. } => Layer::Environment,
            Self::Flag { .. } => Layer::Flag,
        }
    }

    /// The settings file, if it was one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::User { file, .. } | Self::Project { file, .. } => Some(file),
            _ => None,
        }
    }

    /// The line in that file, from 1.
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::User { line, .. } | Self::Project { line, .. } | Self::Shipped { line } => Some(*line),
            _ => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shipped { .. } => f.write_str("shipped"),
            Self::Builtin { variable: Some(name) } | Self::Environment { variable: name } => {
                write!(f, "environment variable {name}")
            }
            Self::Builtin { variable: None } => f.write_str("built in"),
            Self::User { file, line } | Self::Project { file, line } => {
                write!(f, "{}:{line}", file.display())
            }
            Self::Flag { key } => write!(f, "command line ({key})"),
        }
    }
}
