//! How a CLI speaks the Agent Client Protocol: the `[acp]` table of its profile.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Permissions, Word};
use crate::config::PermissionMode;

/// The `[acp]` table of a profile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Acp {
    /// What starts it as an agent, in place of `start` and `resume`.
    pub args: Vec<Word>,
    /// What it is told of its permissions when it is started.
    pub permissions: Permissions,
    /// The permission modes for which this is the better way in.
    pub prefer: Vec<PermissionMode>,
    /// Its own session mode for each of ours; where there is none, it stays as it starts.
    pub mode: BTreeMap<PermissionMode, String>,
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

/// How the model is chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelBy {
    /// By the arguments and variables of `[model]`, as in its other way.
    #[default]
    Args,
    /// Over the protocol, after the session is open.
    SetModel,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_says_how_the_agent_is_started_and_led() {
        let table = r#"
            args = ["--acp", "@model"]
            prefer = ["ask"]
            model = "set_model"
            usage = "last_call"
            mode.read-only = "plan"
            mode.auto = "auto-edit"
        "#;
        let acp: Acp = toml::from_str(table).unwrap();
        assert_eq!(acp.args.len(), 2);
        assert_eq!(acp.prefer, [PermissionMode::Ask]);
        assert_eq!((acp.model, acp.usage), (ModelBy::SetModel, Counts::LastCall));
        assert_eq!(acp.mode[&PermissionMode::ReadOnly], "plan");
        assert_eq!(acp.mode.get(&PermissionMode::Full), None);
    }

    #[test]
    fn a_field_that_is_not_known_is_an_error_that_names_it() {
        let error = toml::from_str::<Acp>("arguments = []").unwrap_err().to_string();
        assert!(error.contains("arguments") && error.contains("args"), "{error}");
        assert!(toml::from_str::<Acp>("mode.write = \"x\"").is_err());
    }
}
