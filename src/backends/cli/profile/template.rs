//! The words of a command line as a profile writes them: `{name}` stands for a value, and a word that is `@name`
//! for the arguments of another table. Pure text; what the values are is said by who renders it.

use std::ffi::OsString;

use serde::Deserialize;

/// A word of `start` and `resume`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Word {
    Group(Group),
    Text(Template),
}

/// Arguments that stand in a table of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    Permissions,
    Model,
    Effort,
    Session,
    Prompt,
    /// The backend's own `args`.
    More,
}

/// One argument, or the value of a variable.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(Value),
}

/// What is known of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    Dir,
    Temporary,
    Home,
    Model,
    Effort,
    Session,
    Id,
    Prompt,
    PromptFile,
}

const GROUPS: &[(&str, Group)] = &[
    ("permissions", Group::Permissions),
    ("model", Group::Model),
    ("effort", Group::Effort),
    ("session", Group::Session),
    ("prompt", Group::Prompt),
    ("more", Group::More),
];

const VALUES: &[(&str, Value)] = &[
    ("dir", Value::Dir),
    ("temporary", Value::Temporary),
    ("home", Value::Home),
    ("model", Value::Model),
    ("effort", Value::Effort),
    ("session", Value::Session),
    ("id", Value::Id),
    ("prompt", Value::Prompt),
    ("prompt_file", Value::PromptFile),
];

impl Value {
    /// As it is written, with its braces.
    pub fn name(self) -> String {
        let name = VALUES.iter().find(|(_, value)| *value == self).map_or("", |(name, _)| name);
        format!("{{{name}}}")
    }
}

impl Word {
    pub fn template(&self) -> Option<&Template> {
        match self {
            Self::Text(template) => Some(template),
            Self::Group(_) => None,
        }
    }
}

impl TryFrom<String> for Word {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let Some(name) = text.strip_prefix('@') else { return Template::try_from(text).map(Self::Text) };
        let found = GROUPS.iter().find(|(known, _)| *known == name);
        found.map(|(_, group)| Self::Group(*group)).ok_or_else(|| unknown("@", name, "", names(GROUPS)))
    }
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut said = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            said.push_str(before);
            let name = after.split_once('}').filter(|(name, _)| is_name(name));
            let Some((name, after)) = name else {
                // JSON and the like are no values.
                said.push('{');
                rest = after;
                continue;
            };
            let (_, value) = VALUES
                .iter()
                .find(|(known, _)| *known == name)
                .ok_or_else(|| unknown("{", name, "}", names(VALUES)))?;
            if !said.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut said)));
            }
            pieces.push(Piece::Value(*value));
            rest = after;
        }
        said.push_str(rest);
        if !said.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Text(said));
        }
        Ok(Self(pieces))
    }
}

impl Template {
    /// The text with each value in its place. A value that is not there is nothing.
    pub fn render(&self, value: &dyn Fn(Value) -> Option<OsString>) -> OsString {
        let mut out = OsString::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push(text),
                Piece::Value(name) => out.push(value(*name).unwrap_or_default()),
            }
        }
        out
    }

    pub fn values(&self) -> impl Iterator<Item = Value> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Value(value) => Some(*value),
            Piece::Text(_) => None,
        })
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

fn names<T>(table: &[(&'static str, T)]) -> Vec<&'static str> {
    table.iter().map(|(name, _)| *name).collect()
}

fn unknown(open: &str, name: &str, close: &str, known: Vec<&str>) -> String {
    let known: Vec<String> = known.into_iter().map(|known| format!("`{open}{known}{close}`")).collect();
    format!("unknown value `{open}{name}{close}`, expected one of {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str) -> String {
        let template = Template::try_from(text.to_owned()).unwrap();
        let value = |value| (value != Value::Id).then(|| OsString::from(format!("<{value:?}>")));
        template.render(&value).into_string().unwrap()
    }

    #[test]
    fn values_stand_in_their_places() {
        for (text, expected) in [
            ("", ""),
            ("--json", "--json"),
            ("{model}", "<Model>"),
            ("a={model}/{dir}!", "a=<Model>/<Dir>!"),
            ("x{id}y", "xy"),
            (r#"{"a":{model}}"#, r#"{"a":<Model>}"#),
            ("{ {} {A} {", "{ {} {A} {"),
        ] {
            assert_eq!(rendered(text), expected, "{text}");
        }
    }

    #[test]
    fn an_unknown_name_is_told_with_the_known_ones() {
        let error = Template::try_from("{modle}".to_owned()).unwrap_err();
        assert!(error.starts_with("unknown value `{modle}`, expected one of `{dir}`"), "{error}");
        let error = Word::try_from("@promt".to_owned()).unwrap_err();
        assert!(error.starts_with("unknown value `@promt`, expected one of `@permissions`"), "{error}");
        assert_eq!(Word::try_from("@more".to_owned()), Ok(Word::Group(Group::More)));
    }
}
