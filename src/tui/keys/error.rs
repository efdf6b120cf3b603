//! What can be wrong with a file of keys, and what is only doubtful.

use std::fmt;
use std::path::PathBuf;

use super::key::KeyError;

/// A file of keys that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    #[error("{place}: {message}")]
    Syntax { place: Place, message: String },
    /// At least one; every mistake that was found, line by line.
    #[error("{}", lines(.0))]
    Mistakes(Vec<Mistake>),
}

/// One line that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {fault}")]
pub struct Mistake {
    pub place: Place,
    pub fault: Fault,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("unknown context {word:?}{}", maybe(nearest.as_deref()))]
    Context { word: String, nearest: Option<String> },
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("unknown command {word:?}{}", maybe(nearest.as_deref()))]
    Command { word: String, nearest: Option<String> },
    #[error("{key:?} expects {expected}")]
    WrongValue { key: String, expected: &'static str },
    #[error("{key:?} is the key that line {line} binds, in another spelling")]
    Twice { key: String, line: usize },
    #[error("{key:?} cannot be reached: line {line} binds {beginning:?}, which it begins with")]
    Unreachable { key: String, beginning: String, line: usize },
}

/// Two keys of one context that many terminals cannot tell apart, with different commands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{place}: many terminals send the same for {key:?} and for {other:?}, which {other_place} binds; \
     there the latter is meant"
)]
pub struct KeysWarning {
    pub place: Place,
    pub key: String,
    /// The one that arrives.
    pub other: String,
    pub other_place: Place,
}

/// A line of a file of keys, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub file: File,
    pub line: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum File {
    /// The one that is compiled in.
    Shipped,
    User(PathBuf),
}

impl KeysError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "correct the line; keys are written in TOML, each in quotes",
            Self::Mistakes(mistakes) => mistakes.first().map_or("", |mistake| mistake.fault.hint()),
        }
    }
}

impl Fault {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Context { .. } => "a table is one of global, composer, scroll, panel, review, list, dialog",
            Self::Key(error) => error.hint(),
            Self::Command { .. } => "`/help` lists the commands; \"none\" takes a key away",
            Self::WrongValue { .. } => "the shipped config/keys.toml shows how keys are bound",
            Self::Twice { .. } => "keep one of the two lines",
            Self::Unreachable { .. } => "bind another key, or make the shorter one a sequence too",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            File::Shipped => write!(f, "config/keys.toml:{}", self.line),
            File::User(path) => write!(f, "{}:{}", path.display(), self.line),
        }
    }
}

/// The known word that an unknown one was probably meant to be.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    known
        .map(|name| (strsim::normalized_damerau_levenshtein(word, name), name))
        .filter(|(likeness, _)| *likeness >= 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name.to_owned())
}

pub(super) fn maybe(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean {name:?}?"))
}

fn lines(mistakes: &[Mistake]) -> String {
    let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
