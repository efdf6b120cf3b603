//! The settings of one backend.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// `[backends.<id>]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackendSettings {
    pub kind: BackendKind,
    /// Without a slash at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Counts as local and costs nothing.
    #[serde(default)]
    pub local: bool,
    /// The name of the environment variable that holds the key, never the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_env: Option<String>,
    /// A profile's name, or the path of one (kind `cli` and `acp`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// More arguments for a CLI's command line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// More variables for a CLI. `$NAME` in a value stands for an environment variable.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// The script that kind `scripted` plays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<PathBuf>,
    /// Tokens that the model's context holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u32>,
    /// minimal, low, medium or high.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<String>,
    /// Whether the server is asked how sure the model is of its tokens.
    #[serde(default)]
    pub logprobs: bool,
    /// How the model calls tools.
    #[serde(default)]
    pub tool_calls: ToolCallStyle,
    /// How the model writes edits.
    #[serde(default)]
    pub edit_format: EditFormat,
    /// Headers to send as well. `$NAME` in a value stands for an environment variable.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    #[serde(default = "default_connect_timeout")]
    pub connect_timeout_seconds: f64,
    /// The longest silence on a stream.
    #[serde(default = "default_idle_timeout")]
    pub idle_timeout_seconds: f64,
    #[serde(default = "default_max_retries")]
    pub max_retries: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BackendKind {
    OpenaiChat,
    OpenaiResponses,
    Anthropic,
    Gemini,
    Deepseek,
    Cli,
    Acp,
    Embedded,
    Scripted,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolCallStyle {
    /// Natively; calls printed as text are recognised too.
    #[default]
    Auto,
    /// Natively only: text is never read as a call.
    Native,
    /// By the fenced-text protocol.
    Text,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EditFormat {
    #[default]
    Replace,
    Whole,
    ApplyPatch,
}

fn default_connect_timeout() -> f64 {
    10.0
}

fn default_idle_timeout() -> f64 {
    300.0
}

fn default_max_retries() -> u32 {
    4
}
