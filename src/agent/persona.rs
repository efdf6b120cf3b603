//! A persona: who answers in a tab, with what tools and permissions, and what it is told of its part. Read from
//! a file of the user's, in TOML or YAML.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::{Agent, Failure};
use crate::chat::{EntryKind, ErrorClass, Message, Voice};
use crate::config::PermissionMode;
use crate::tools::Tool;

/// What is absent stays as it is in the tab.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Persona {
    /// That of the file, where it says none.
    pub name: String,
    pub backend: Option<String>,
    pub model: Option<String>,
    pub role: Option<String>,
    pub permissions: Option<PermissionMode>,
    /// The only tools that it is told of; skills stay.
    pub tools: Option<Vec<String>>,
    /// Added to the system prompt.
    pub system: Option<String>,
    /// Taking it on keeps the conversation.
    pub keep_context: bool,
}

const KEYS: &[&str] = &["name", "backend", "model", "role", "permissions", "tools", "system", "keep_context"];

/// Where a conversation was cleared, the model reads this instead.
const CLEARED: &str = "The user has cleared the conversation: nothing of what was said before is known to you. \
                       The files are as the work so far has left them.";

impl Persona {
    /// Reads a persona from a file: YAML by its ending, else TOML.
    ///
    /// # Errors
    /// When the file cannot be read, or a key or a value in it is wrong: told with its line.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::new(ErrorClass::NotFound, format!("cannot read persona {}: {error}", path.display()))
                .hint("name a file in TOML or YAML")
        })?;
        let is_yaml = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
        let mut persona = Self::parse(&text, is_yaml).map_err(|wrong| {
            let at = wrong.line.map(|line| format!(", line {line}")).unwrap_or_default();
            let message = format!("persona {}{at}: {}", path.display(), wrong.why);
            Failure::new(ErrorClass::Internal, message).hint(format!("it may set: {}", KEYS.join(", ")))
        })?;
        if persona.name.is_empty() {
            persona.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        }
        Ok(persona)
    }

    fn parse(text: &str, is_yaml: bool) -> Result<Self, Wrong> {
        // Keys first: a mistyped one is told by the one that was meant.
        let keys: BTreeMap<String, Value> = read(text, is_yaml)?;
        if let Some(key) = keys.keys().find(|key| !KEYS.contains(&key.as_str())) {
            let why = format!("unknown key \"{key}\"; did you mean \"{}\"?", nearest(key, KEYS));
            return Err(Wrong { line: line_of(text, key), why });
        }
        let mut persona: Self = read(text, is_yaml)?;
        for name in persona.tools.iter_mut().flatten() {
            let names = Tool::ALL.map(Tool::name);
            let Some(tool) = Tool::by_name(name) else {
                let why = format!("unknown tool \"{name}\"; did you mean \"{}\"?", nearest(name, &names));
                return Err(Wrong { line: line_of(text, "tools"), why });
            };
            tool.name().clone_into(name);
        }
        Ok(persona)
    }
}

struct Wrong {
    line: Option<usize>,
    why: String,
}

fn read<T: for<'de> Deserialize<'de>>(text: &str, is_yaml: bool) -> Result<T, Wrong> {
    if is_yaml {
        if text.trim().is_empty() {
            return read(text, false);
        }
        return serde_saphyr::from_str(text).map_err(|error| Wrong {
            line: error.location().and_then(|location| usize::try_from(location.line()).ok()),
            why: error.without_snippet().to_string(),
        });
    }
    toml::from_str(text).map_err(|error| Wrong {
        line: error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1),
        why: error.message().replace('\n', ", "),
    })
}

fn line_of(text: &str, key: &str) -> Option<usize> {
    let is_set = |line: &str| {
        let rest = line.trim_start().trim_start_matches(['"', '\'']).strip_prefix(key);
        rest.is_some_and(|rest| {
            rest.trim_start_matches(['"', '\'']).trim_start().starts_with(['=', ':', '.'])
        })
    };
    text.lines().position(is_set).map(|at| at + 1)
}

fn nearest<'a>(word: &str, known: &[&'a str]) -> &'a str {
    let likeness = |known: &&&str| strsim::normalized_damerau_levenshtein(word, known);
    known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b))).copied().unwrap_or_default()
}

impl Agent {
    /// Lets the model's context begin anew, and takes on a persona, if one is given. `true` when the
    /// conversation was kept, since the persona says so. Git holds what was said in any case, and an undo
    /// brings it back.
    ///
    /// # Errors
    /// When the persona names somebody who is not configured; nothing was done then.
    pub async fn clear(&mut self, persona: Option<Persona>) -> Result<bool, Failure> {
        let keeps = persona.as_ref().is_some_and(|persona| persona.keep_context);
        if let Some(persona) = persona {
            self.take_on(persona)?;
        }
        let conversation = &self.session.conversation;
        let is_clear = conversation.in_context().len() <= 1
            && conversation.entries().last().is_none_or(|last| matches!(last.kind, EntryKind::Summary(_)));
        if !keeps && !is_clear {
            let turn = conversation.next_turn();
            self.say(turn, EntryKind::Summary(Message::user(CLEARED)))?;
            self.keep_said("Clear the context").await?;
        }
        Ok(keeps)
    }

    fn take_on(&mut self, persona: Persona) -> Result<(), Failure> {
        let services = &self.services;
        if let Some(backend) = &persona.backend {
            services.backend(backend)?;
        }
        if let Some(role) = persona.role.as_ref().filter(|role| !services.settings.roles.contains_key(*role))
        {
            return Err(services.unknown_role(role));
        }
        if let Some(backend) = persona.backend.clone() {
            let model = persona.model.clone().unwrap_or_default();
            self.session.chosen = Some(Voice { backend, model });
        } else if persona.role.is_some() || persona.model.is_some() {
            self.session.chosen = None;
        }
        self.permissions = persona.permissions.unwrap_or(self.permissions);
        self.persona = Some(persona);
        Ok(())
    }

    /// Whether the persona leaves the agent a tool.
    pub(super) fn has_tool(&self, tool: Tool) -> bool {
        let tools = self.persona.as_ref().and_then(|persona| persona.tools.as_ref());
        tool == Tool::Skill || tools.is_none_or(|tools| tools.iter().any(|name| name == tool.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(name: &str, text: &str) -> Result<Persona, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        Persona::load(&path)
            .map_err(|failure| failure.message.replace(&format!("{}/", folder.path().display()), ""))
    }

    #[test]
    fn toml_and_yaml_say_the_same() {
        let toml = "name = \"Reviewer\"\nbackend = \"local\"\nmodel = \"m\"\nrole = \"review\"\n\
                    permissions = \"read-only\"\ntools = [\"read\", \"ripgrep\"]\nkeep_context = true\n\
                    system = \"\"\"\nLook closely.\n\"\"\"\n";
        let yaml = "# who\nname: Reviewer\nbackend: local\nmodel: m\nrole: review\npermissions: read-only\n\
                    tools:\n  - read\n  - ripgrep\nkeep_context: true\nsystem: |\n  Look closely.\n";
        let persona = load("a.toml", toml).unwrap();
        assert_eq!(persona.tools, Some(vec!["read".to_owned(), "grep".to_owned()]));
        assert_eq!(persona.system.as_deref(), Some("Look closely.\n"));
        assert_eq!(load("a.yaml", yaml), Ok(persona.clone()));
        assert_eq!(load("a.yml", yaml), Ok(persona));
    }

    #[test]
    fn a_file_that_says_nothing_is_a_name() {
        let named = Persona { name: "plain".into(), ..Persona::default() };
        assert_eq!(load("plain.toml", ""), Ok(named.clone()));
        assert_eq!(load("plain.yaml", "\n"), Ok(named));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_what_was_meant() {
        let cases = [
            (
                "a.toml",
                "name = \"x\"\nmodle = \"m\"\n",
                "line 2: unknown key \"modle\"; did you mean \"model\"?",
            ),
            ("a.yaml", "name: x\n\nsystm: y\n", "line 3: unknown key \"systm\"; did you mean \"system\"?"),
            ("a.toml", "tools = [\"raed\"]\n", "line 1: unknown tool \"raed\"; did you mean \"read\"?"),
            ("a.toml", "name = \"x\"\npermissions = \"all\"\n", "line 2: unknown variant `all`"),
            ("a.toml", "name = \n", "line 1: "),
            ("a.yaml", "name: x\ntools: 3\n", "line 2"),
        ];
        for (name, text, wanted) in cases {
            let error = load(name, text).unwrap_err();
            assert!(error.starts_with(&format!("persona {name}, {wanted}")), "{error}");
        }
        assert!(load("a.yaml", "[").is_err() && load("a.yaml", "just words").is_err());
    }
}
