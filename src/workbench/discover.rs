//! What there is on the user's machine that could answer, whether it is configured or not: for a first start,
//! and for whoever looks for another backend. Asks this machine alone, and changes nothing.

use std::path::PathBuf;
use std::time::Duration;

use super::Base;
use crate::backends;
use crate::tools::shell::Environment;

pub use crate::backends::FoundServer;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    pub servers: Vec<FoundServer>,
    pub clis: Vec<FoundCli>,
    /// The names of variables in the environment that hold keys of providers.
    pub keys: Vec<String>,
}

/// A coding agent of somebody else's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundCli {
    pub name: String,
    pub path: PathBuf,
}

const CLIS: &[&str] = &[
    "codex", "claude", "gemini", "qwen", "aider", "goose", "crush", "gptme", "cline", "cn", "droid",
    "opencode",
];

const KEYS: &[&str] = &[
    "ANTHROPIC_API_KEY",
    "OPENAI_API_KEY",
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "DEEPSEEK_API_KEY",
    "OPENROUTER_API_KEY",
    "MISTRAL_API_KEY",
    "GROQ_API_KEY",
    "XAI_API_KEY",
    "TOGETHER_API_KEY",
    "DASHSCOPE_API_KEY",
    "CEREBRAS_API_KEY",
];

/// How long a server of this machine may take to answer.
const PATIENCE: Duration = Duration::from_millis(300);

/// Looks on the usual ports, on `PATH` and in the environment.
pub async fn discover(base: &Base) -> Found {
    discover_on(base, &backends::usual_ports(), PATIENCE).await
}

/// The same on other ports.
pub async fn discover_on(base: &Base, ports: &[u16], patience: Duration) -> Found {
    let servers = backends::discover(ports, patience);
    Found { servers: servers.await, clis: clis(base), keys: keys(base) }
}

fn clis(base: &Base) -> Vec<FoundCli> {
    let path = base.options.env.get("PATH").map(|path| ("PATH".into(), path.into()));
    let nowhere = std::path::Path::new("");
    let env = Environment::new(path, &[], nowhere, nowhere);
    let find = |name: &&str| Some(FoundCli { name: (*name).to_owned(), path: env.find_program(name)? });
    CLIS.iter().filter_map(find).collect()
}

fn keys(base: &Base) -> Vec<String> {
    let configured = base.services.settings.backends.values().filter_map(|one| one.api_key_env.as_deref());
    let mut keys: Vec<String> = KEYS.iter().copied().chain(configured).map(str::to_owned).collect();
    keys.retain(|name| base.options.env.get(name).is_some_and(|value| !value.trim().is_empty()));
    keys.sort();
    keys.dedup();
    keys
}
