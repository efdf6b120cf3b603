//! What a profile says of a CLI that speaks the protocol: its `[acp]` table. Plain data.

use serde::Deserialize;

use crate::config::PermissionMode;

/// The `[acp]` table of a profile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AcpProfile {
    /// What starts it as an agent, in place of the arguments that its other way takes.
    pub args: Vec<String>,
    /// The permission modes in which this is the better way in.
    pub prefer: Vec<PermissionMode>,
    /// Its own session mode for each of ours.
    pub mode: Modes,
    pub model: ModelBy,
    pub usage: Counts,
    /// A session of an earlier process cannot be loaded, whatever it says of itself.
    pub forgets: bool,
    /// The id of an authentication method that needs neither a browser nor a terminal. It is tried when the agent
    /// asks for authentication.
    pub auth: Option<String>,
    /// Tools that change files, where the agent calls their kind "other".
    pub edits: Vec<String>,
    /// What a message of the agent's begins with when it is really a failure that it tells as an answer.
    pub failures: Vec<String>,
}

/// The session mode of an agent for each permission mode; where there is none, it stays as it starts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Modes {
    pub read_only: Option<String>,
    pub ask: Option<String>,
    pub auto: Option<String>,
    pub full: Option<String>,
}

/// How the model is chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelBy {
    /// Over the protocol, after the session is open.
    #[default]
    SetModel,
    /// By the same arguments as in its other way.
    Flag,
    /// By this variable.
    Env(String),
}

/// What the usage at the end of a turn covers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counts {
    #[default]
    Turn,
    /// The last call of the model only: right for a turn without tools, and otherwise not known.
    LastCall,
    /// All turns of the session.
    Session,
}

impl AcpProfile {
    /// Whether this is the better way in for a tab with these permissions.
    pub fn is_preferred(&self, permissions: PermissionMode) -> bool {
        self.prefer.contains(&permissions)
    }
}

impl Modes {
    pub fn get(&self, permissions: PermissionMode) -> Option<&str> {
        match permissions {
            PermissionMode::ReadOnly => self.read_only.as_deref(),
            PermissionMode::Ask => self.ask.as_deref(),
            PermissionMode::Auto => self.auto.as_deref(),
            PermissionMode::Full => self.full.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_says_how_the_agent_is_started_and_led() {
        let table = r#"
            args = ["--acp"]
            prefer = ["ask"]
            model = { env = "AGENT_MODEL" }
            usage = "last_call"
            mode.read-only = "plan"
            mode.auto = "auto-edit"
        "#;
        let profile: AcpProfile = toml::from_str(table).unwrap();
        assert_eq!(profile.args, ["--acp"]);
        assert!(profile.is_preferred(PermissionMode::Ask) && !profile.is_preferred(PermissionMode::Auto));
        assert_eq!(profile.model, ModelBy::Env("AGENT_MODEL".into()));
        assert_eq!(profile.usage, Counts::LastCall);
        assert_eq!(profile.mode.get(PermissionMode::ReadOnly), Some("plan"));
        assert_eq!(profile.mode.get(PermissionMode::Auto), Some("auto-edit"));
        assert_eq!(profile.mode.get(PermissionMode::Full), None);
    }

    #[test]
    fn a_field_that_is_not_known_is_an_error_that_names_it() {
        let error = toml::from_str::<AcpProfile>("arguments = []").unwrap_err().to_string();
        assert!(error.contains("arguments") && error.contains("args"), "{error}");
        assert!(toml::from_str::<AcpProfile>("mode.write = \"x\"").is_err());
    }
}
