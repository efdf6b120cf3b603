//! A profile: all that is particular to one CLI, as data. `config/cli/example.toml` explains every field. Reading
//! one starts nothing and looks at nothing but its file.

mod acp;
mod read;
mod shipped;
mod template;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::backends::BackendError;
use crate::config::PermissionMode;
use crate::wire::Effort;

pub use acp::{Acp, Counts, ModelBy};
pub use shipped::names as shipped_names;
pub use template::{Group, Template, Value, Word};

/// How a CLI is started, read and ended.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its names on the `PATH`, the first that is there is started.
    pub program: Programs,
    /// How to install it, for a person.
    pub install: String,
    /// How to log in, for a person.
    pub log_in: Option<String>,
    /// The name of what reads its output.
    #[serde(default = "text")]
    pub decoder: String,
    #[serde(default)]
    pub version: Version,
    /// The command line of a new session.
    pub start: Vec<Word>,
    /// The command line that goes on with a session; absent where the CLI cannot.
    pub resume: Option<Vec<Word>>,
    pub prompt: Prompt,
    #[serde(default)]
    pub model: Args,
    #[serde(default)]
    pub effort: Efforts,
    #[serde(default)]
    pub permissions: Permissions,
    /// How a new session is given a name.
    #[serde(default)]
    pub session: Args,
    #[serde(default)]
    pub env: Variables,
    #[serde(default)]
    pub home: Home,
    /// Places that it writes to: `~/…`, `$NAME/…`, or absolute. With a slash at the end it is a directory, made if it
    /// is missing.
    #[serde(default)]
    pub writable: Vec<String>,
    /// Files that commands may not read otherwise, and the CLI must.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Names at the top of the worktree that it leaves there and that are no part of the work; folders with a slash at
    /// their end.
    #[serde(default)]
    pub leaves: Vec<String>,
    #[serde(default)]
    pub end: Ending,
    /// How it is started as an agent, where it is one.
    pub acp: Option<Acp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected the name of a program, or a list of names")]
pub enum Programs {
    One(String),
    Several(Vec<String>),
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Version {
    /// What makes it print its version.
    pub args: Vec<String>,
    /// The oldest that this profile is right for, such as `1.2.3`.
    pub minimum: Option<String>,
    /// What to do about an older one.
    pub older: Option<String>,
}

/// Arguments and variables that belong together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Args {
    pub args: Vec<Template>,
    pub env: BTreeMap<String, Template>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prompt {
    pub args: Vec<Template>,
    /// Instead, for a prompt that is too long for a command line.
    pub long: Option<LongPrompt>,
    /// Comes before a prompt that begins with a slash, for a CLI that would take it for a command of its own.
    pub before_slash: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LongPrompt {
    #[serde(default)]
    pub args: Vec<Template>,
    /// Whether the prompt is its standard input. Else it is in the file `{prompt_file}`.
    #[serde(default)]
    pub stdin: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Efforts {
    pub args: Vec<Template>,
    pub env: BTreeMap<String, Template>,
    /// What the CLI calls ours; by its own name where none is given.
    pub names: EffortNames,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EffortNames {
    minimal: Option<String>,
    low: Option<String>,
    medium: Option<String>,
    high: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Permissions {
    read_only: Args,
    ask: Args,
    auto: Args,
    full: Args,
    confined: Confined,
}

/// Instead of those where our sandbox holds: for a CLI whose own one does not work within it, or that need not ask
/// then.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Confined {
    read_only: Option<Args>,
    ask: Option<Args>,
    auto: Option<Args>,
    full: Option<Args>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Variables {
    pub set: BTreeMap<String, Template>,
    /// The same, and the backend's own `env` does not change them.
    pub fixed: BTreeMap<String, String>,
    /// Names of ours that it gets too, secrets among them.
    pub pass: Vec<String>,
}

/// Whose home directory it gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Home {
    /// The one of the agents' commands.
    #[default]
    Own,
    /// The user's, where its log-in and its settings are.
    Real,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ending {
    /// From SIGTERM to SIGKILL.
    pub grace_seconds: f64,
    /// Failures in a row after which its own retries are cut; the backend's setting when absent.
    pub max_retries: Option<u32>,
    /// The longest silence, where the backend's setting is too short for how this CLI prints.
    pub silence_seconds: Option<f64>,
}

impl Profile {
    /// The shipped profile of this name, or the one in the file at this path.
    ///
    /// # Errors
    /// When there is none, or when it makes no sense: names the file, the line and the nearest known field.
    pub fn load(name: &str) -> Result<Self, BackendError> {
        let file = name.contains(['/', '\\']) || Path::new(name).extension().is_some_and(|e| e == "toml");
        if file { read::file(Path::new(name)) } else { shipped::load(name) }
    }

    /// Whether a new session gets the name that we chose: then it can be gone on with by that name.
    pub fn names_sessions(&self) -> bool {
        self.start.iter().any(|word| match word {
            Word::Group(group) => *group == Group::Session,
            Word::Text(template) => template.values().any(|value| value == Value::Session),
        })
    }
}

impl Permissions {
    /// What a CLI is told of its permissions, where our sandbox holds and where it does not.
    pub fn of(&self, mode: PermissionMode, confined: bool) -> &Args {
        let within = &self.confined;
        let (plain, within) = match mode {
            PermissionMode::ReadOnly => (&self.read_only, &within.read_only),
            PermissionMode::Ask => (&self.ask, &within.ask),
            PermissionMode::Auto => (&self.auto, &within.auto),
            PermissionMode::Full => (&self.full, &within.full),
        };
        within.as_ref().filter(|_| confined).unwrap_or(plain)
    }
}

impl Programs {
    pub fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

impl Efforts {
    pub fn name(&self, effort: Effort) -> &str {
        let own = match effort {
            Effort::Minimal => &self.names.minimal,
            Effort::Low => &self.names.low,
            Effort::Medium => &self.names.medium,
            Effort::High => &self.names.high,
        };
        own.as_deref().unwrap_or(effort.name())
    }
}

impl Default for Version {
    fn default() -> Self {
        Self { args: vec!["--version".to_owned()], minimum: None, older: None }
    }
}

impl Default for Ending {
    fn default() -> Self {
        Self { grace_seconds: 2.0, max_retries: None, silence_seconds: None }
    }
}

fn text() -> String {
    "text".to_owned()
}
