//! The settings as types. Their values come from the layers; what a fresh installation has is
//! `config/default.toml`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::BackendSettings;

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub router: RouterSettings,
    pub local_runtime: LocalRuntimeSettings,
    /// By id.
    #[serde(default)]
    pub backends: BTreeMap<String, BackendSettings>,
    pub breaker: BreakerSettings,
    /// By name.
    #[serde(default)]
    pub roles: BTreeMap<String, RoleSettings>,
    pub verify: VerifySettings,
    pub agent: AgentSettings,
    pub permissions: PermissionRules,
    pub sandbox: SandboxSettings,
    pub budget: BudgetSettings,
    pub ledger: LedgerSettings,
    pub worktree: WorktreeSettings,
    pub ui: UiSettings,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouterSettings {
    /// Backend ids; may name some that are not configured.
    pub order: Vec<String>,
    /// 0 to 1.
    pub local_confidence_threshold: f64,
    pub escalation_keywords: Vec<String>,
    pub fallback: Fallback,
    pub max_local_retries: u32,
    pub weights: WeightsChoice,
}

/// Which table of weights confidence goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightsChoice {
    /// The fitted one, where there is one.
    Auto,
    Default,
}

/// What happens when a backend fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fallback {
    Auto,
    Ask,
    Never,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalRuntimeSettings {
    /// Empty: none.
    pub health_url: String,
    /// Empty: none. Run only on an explicit restart.
    pub restart_cmd: String,
    /// Between two restarts, at least.
    pub restart_cooldown_seconds: u64,
    /// For the command to end, and then for the runtime to answer; at least 1.
    pub restart_timeout_seconds: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreakerSettings {
    /// Failures in a row that open it; at least 1.
    pub failure_threshold: u32,
    pub cooldown_seconds: u64,
    /// At least 1.
    pub half_open_max_calls: u32,
}

/// `[roles.<name>]`: who does this kind of work, and how. What is absent comes from the router and
/// from `[agent]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoleSettings {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// minimal, low, medium or high.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effort: Option<String>,
    pub read_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<PermissionMode>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifySettings {
    /// Empty: not verified; `auto`: as the project's files tell.
    pub command: String,
    /// A backend or a role that looks at a change before its turn counts as done. Empty: nobody.
    pub review: String,
    pub timeout_seconds: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentSettings {
    pub permissions: PermissionMode,
    /// Model calls per turn; at least 1.
    pub max_steps: u32,
    /// Of sub-agents; 0: there are none.
    pub max_depth: u32,
    /// Sub-agents that work at once; at least 1.
    pub max_children: u32,
    pub max_children_per_turn: u32,
    /// 0: no limit.
    pub child_timeout_seconds: u64,
    /// 0: no limit.
    pub turn_timeout_seconds: u64,
    pub shell_timeout_seconds: u64,
    /// What a model sees of one tool's output.
    pub tool_output_bytes: usize,
    /// The same call so many times in a row ends a turn.
    pub max_identical_calls: u32,
    /// The part of the context window at which the conversation is compacted, 0 to 1.
    pub compact_at: f64,
    /// An agent is told when another tab's changes a file that it has read.
    pub notices: bool,
    /// Names or patterns of environment variables that commands see besides the usual ones.
    pub env_allow: Vec<String>,
}

/// What an agent may do unasked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PermissionMode {
    /// Look, never change.
    ReadOnly,
    /// Ask before each change and each command.
    Ask,
    /// Edits inside the worktree are free, commands go by rule.
    #[default]
    Auto,
    /// Everything.
    Full,
}

/// Rules for single tools and commands, such as `bash(cargo test *)`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermissionRules {
    pub allow: Vec<String>,
    pub ask: Vec<String>,
    pub deny: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SandboxSettings {
    pub enabled: bool,
    /// Absolute directories that commands may write to besides the worktree.
    pub writable: Vec<PathBuf>,
    pub network: bool,
}

/// In US dollars; 0 is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetSettings {
    pub turn_usd: f64,
    pub session_usd: f64,
    pub day_usd: f64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerSettings {
    /// Empty: `run_ledger.jsonl` in the state directory.
    pub file_path: PathBuf,
    pub max_bytes: u64,
    pub keep: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorktreeSettings {
    /// Patterns of ignored files that a new worktree gets copies of.
    pub copy: Vec<String>,
    /// The same by another name.
    pub include: Vec<String>,
    /// Patterns of ignored files and directories that it gets links to.
    pub link: Vec<String>,
    pub setup: Vec<String>,
    /// For each of the commands; at least 1.
    pub setup_timeout_seconds: u64,
    /// How many TCP ports a worktree has for itself. 0: none.
    pub ports: u16,
    /// The first that is given out; from 1024 to 65000.
    pub port_base: u16,
    pub submodules: Submodules,
    /// More variables for commands, by name; `$OFFSHOOT_…` in them stands for what the worktree has.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
}

/// Whether a new worktree gets its submodules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Submodules {
    /// Those that the user's repository has already: nothing is fetched.
    #[default]
    Auto,
    Never,
    /// All; what is not here is fetched.
    Always,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UiSettings {
    /// Empty: by the terminal's background.
    pub theme: String,
    pub side_panel: bool,
    pub vim: bool,
    /// Whether clicks and the wheel are the program's; else they are the terminal's.
    pub mouse: bool,
}

impl PermissionMode {
    pub const ALL: [Self; 4] = [Self::ReadOnly, Self::Ask, Self::Auto, Self::Full];

    pub fn name(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::Ask => "ask",
            Self::Auto => "auto",
            Self::Full => "full",
        }
    }
}

impl fmt::Display for PermissionMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A permission mode that is none of read-only, ask, auto and full.
#[derive(Debug, thiserror::Error)]
#[error("unknown permissions \"{0}\": use read-only, ask, auto or full")]
pub struct UnknownPermissions(String);

impl FromStr for PermissionMode {
    type Err = UnknownPermissions;

    fn from_str(text: &str) -> Result<Self, UnknownPermissions> {
        Self::ALL
            .into_iter()
            .find(|mode| mode.name() == text)
            .ok_or_else(|| UnknownPermissions(text.to_owned()))
    }
}

impl RoleSettings {
    /// The permissions of an agent in this role: `general`, unless the role says otherwise.
    pub fn permissions_or(&self, general: PermissionMode) -> PermissionMode {
        if self.read_only { PermissionMode::ReadOnly } else { self.permissions.unwrap_or(general) }
    }
}
