//! What can be wrong with a theme.

use std::fmt;
use std::path::PathBuf;

/// A theme that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ThemeError {
    /// One that the settings or the user ask for.
    #[error("no theme {name:?}{}", maybe(nearest.as_deref()))]
    UnknownTheme { name: String, nearest: Option<String> },
    #[error("cannot read theme {}: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: String },
    #[error("{place}: {message}")]
    Syntax { place: Place, message: String },
    #[error("{place}: unknown {what} {word:?}{}", maybe(nearest.as_deref()))]
    Unknown { place: Place, what: Word, word: String, nearest: Option<String> },
    #[error("{place}: {key:?} expects {expected}")]
    WrongValue { place: Place, key: String, expected: &'static str },
    /// The names from a theme to itself, both ends included.
    #[error("{place}: themes inherit from each other in a circle: {}", circle.join(" → "))]
    Circle { place: Place, circle: Vec<String> },
}

/// A line of a theme file, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub file: PathBuf,
    pub line: usize,
}

/// What a word that nobody knows was meant to name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    Key,
    Role,
    Colour,
    Parent,
}

impl ThemeError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::UnknownTheme { .. } => "`/theme` lists the themes that there are",
            Self::Unreadable { .. } => "check its permissions and that it is a UTF-8 text file",
            Self::Syntax { .. } => "correct the line; themes are written in TOML",
            Self::Unknown { what, .. } => match what {
                Word::Key => "the shipped themes/dusk.toml shows everything that a theme can hold",
                Word::Role => "the shipped themes/dusk.toml sets every role",
                Word::Colour => {
                    "a colour is a name of the palette, #rrggbb, #rgb, an ANSI name like \"bright-red\", \
                     \"default\" or a number from 0 to 255"
                }
                Word::Parent => "name a shipped theme or a file in the folder of themes",
            },
            Self::WrongValue { .. } => "the shipped themes/dusk.toml shows how each key is written",
            Self::Circle { .. } => "take `inherits` out of one of them",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "key",
            Self::Role => "role",
            Self::Colour => "colour",
            Self::Parent => "theme",
        })
    }
}

/// The known word that an unknown one was probably meant to be.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let word = word.to_lowercase().replace('-', "_");
    known
        .map(|name| (strsim::normalized_damerau_levenshtein(&word, &name.replace('-', "_")), name))
        .filter(|(likeness, _)| *likeness >= 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name.to_owned())
}

fn maybe(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean {name:?}?"))
}
