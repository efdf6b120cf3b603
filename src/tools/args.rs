//! The arguments of a tool call, read as a model means them: other names for the same thing, other
//! spellings of a name, numbers and truth values as strings, an object wrapped in another. What each
//! tool does with them is its own affair.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::{Map, Value};

/// The names of one argument. The first is the one in the schema.
pub type Names = &'static [&'static str];

pub const PATH: Names =
    &["path", "file_path", "filename", "file_name", "file", "target_file", "filepath", "absolute_path"];
pub const CONTENT: Names = &["content", "contents", "text", "file_text", "file_content", "data", "body"];
pub const OLD: Names =
    &["old_string", "old_str", "old_text", "old", "search", "search_string", "find", "original"];
pub const NEW: Names =
    &["new_string", "new_str", "new_text", "new", "replace", "replacement", "replace_with", "updated"];
pub const REPLACE_ALL: Names = &["replace_all", "all", "global"];
pub const EDITS: Names = &["edits", "changes", "replacements"];
pub const COMMAND: Names = &["command", "cmd", "script"];
pub const PATCH: Names = &["patch", "input", "diff", "patch_text", "content", "text"];
pub const OFFSET: Names = &["offset", "start_line", "start", "from", "line_start", "line"];
pub const LIMIT: Names = &["limit", "max_lines", "lines", "count", "num_lines"];
pub const END_LINE: Names = &["end_line", "line_end", "end", "to"];

/// Why a call's arguments cannot be used. The messages are for the model.
#[derive(Debug, thiserror::Error)]
pub enum ArgError {
    #[error(
        "the arguments of `{tool}` are not valid JSON ({problem}); they began: {excerpt}\nCall it again with one JSON object."
    )]
    Malformed { tool: String, problem: String, excerpt: String },
    #[error("the arguments of `{tool}` must be one JSON object, not {found}")]
    NotAnObject { tool: String, found: &'static str },
    #[error("`{tool}` needs `{name}`; {given}")]
    Missing { tool: String, name: &'static str, given: String },
    #[error("`{name}` of `{tool}` must be {wanted}, not {found}")]
    Type { tool: String, name: &'static str, wanted: &'static str, found: String },
}

/// The arguments of one call.
#[derive(Debug, Clone)]
pub struct Args<'a> {
    tool: &'a str,
    map: Cow<'a, Map<String, Value>>,
}

impl<'a> Args<'a> {
    /// Reads the input of a call of `tool`, of which no argument may be missing yet.
    pub fn new(tool: &'a str, input: &'a Value) -> Result<Self, ArgError> {
        let map = match input {
            Value::Object(map) => Cow::Borrowed(unwrap(map)),
            Value::Null => Cow::Owned(Map::new()),
            Value::String(text) if text.trim().is_empty() => Cow::Owned(Map::new()),
            Value::String(text) => Cow::Owned(parse(tool, text)?),
            other => return Err(ArgError::NotAnObject { tool: tool.into(), found: kind(other) }),
        };
        Ok(Self { tool, map })
    }

    /// A string that has to be there. Numbers and truth values count as their text.
    pub fn text(&self, names: Names) -> Result<String, ArgError> {
        self.optional_text(names)?.ok_or_else(|| self.missing(names))
    }

    /// As `text`, but may be missing or null.
    pub fn optional_text(&self, names: Names) -> Result<Option<String>, ArgError> {
        match self.value(names) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(Some(value.to_string())),
            Some(other) => Err(self.wrong(names, "a string", other)),
        }
    }

    /// A path: as `text`, without the blanks and quotes that models put around it.
    pub fn path(&self) -> Result<String, ArgError> {
        self.optional_path()?.ok_or_else(|| self.missing(PATH))
    }

    pub fn optional_path(&self) -> Result<Option<String>, ArgError> {
        Ok(self.optional_text(PATH)?.map(|path| bare_path(&path).to_owned()))
    }

    /// A whole number from 0. A negative one counts as 0.
    pub fn number(&self, names: Names) -> Result<Option<u64>, ArgError> {
        let Some(value) = self.value(names) else { return Ok(None) };
        let text = match value {
            Value::String(text) if text.trim().is_empty() => return Ok(None),
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            other => return Err(self.wrong(names, "a number", other)),
        };
        if let Ok(number) = text.parse::<u64>() {
            return Ok(Some(number));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(number.max(0.0) as u64)),
            _ => Err(self.wrong(names, "a number", value)),
        }
    }

    /// A truth value; missing or null is `false`.
    pub fn flag(&self, names: Names) -> Result<bool, ArgError> {
        let Some(value) = self.value(names) else { return Ok(false) };
        match value {
            Value::Bool(flag) => Ok(*flag),
            Value::Number(number) => Ok(number.as_f64() != Some(0.0)),
            Value::String(text) => match text.trim().to_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => Ok(true),
                "false" | "no" | "off" | "0" | "" | "null" | "none" => Ok(false),
                _ => Err(self.wrong(names, "true or false", value)),
            },
            other => Err(self.wrong(names, "true or false", other)),
        }
    }

    /// A list; one that was given as a JSON text counts, and so does a single object.
    pub fn list(&self, names: Names) -> Result<Option<Vec<Value>>, ArgError> {
        match self.value(names) {
            None => Ok(None),
            Some(Value::Array(list)) => Ok(Some(list.clone())),
            Some(object @ Value::Object(_)) => Ok(Some(vec![object.clone()])),
            Some(value @ Value::String(text)) => match serde_json::from_str(text) {
                Ok(Value::Array(list)) => Ok(Some(list)),
                _ => Err(self.wrong(names, "a list", value)),
            },
            Some(other) => Err(self.wrong(names, "a list", other)),
        }
    }

    /// The value itself, under whichever name; null counts as missing. Earlier names win.
    pub fn value(&self, names: Names) -> Option<&Value> {
        let find = |name: &str| self.map.iter().find(|(key, _)| same_name(key, name));
        names.iter().filter_map(|name| find(name)).map(|(_, value)| value).find(|value| !value.is_null())
    }

    /// The error that `names` is missing, for tools that take one thing or another.
    pub fn missing(&self, names: Names) -> ArgError {
        let given: Vec<String> =
            self.map.keys().take(20).map(|key| format!("`{}`", excerpt(key, 40))).collect();
        let given = if given.is_empty() {
            "no argument was given".into()
        } else {
            format!("given: {}", given.join(", "))
        };
        ArgError::Missing { tool: self.tool.into(), name: names[0], given }
    }

    pub(super) fn wrong(&self, names: Names, wanted: &'static str, found: &Value) -> ArgError {
        let mut shown = kind(found).to_owned();
        if !found.is_object() && !found.is_array() {
            // Writing to a string cannot fail.
            let _ = write!(shown, " ({})", excerpt(&found.to_string(), 60));
        }
        ArgError::Type { tool: self.tool.into(), name: names[0], wanted, found: shown }
    }
}

/// At most `limit` characters of `text`, on one line.
pub(super) fn excerpt(text: &str, limit: usize) -> String {
    let mut shown: String = text.chars().take(limit).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(limit).is_some() {
        shown.push('…');
    }
    shown
}

/// A path without the blanks, quotes and backticks around it.
pub(super) fn bare_path(path: &str) -> &str {
    let path = path.trim();
    ['`', '"', '\'']
        .iter()
        .find_map(|quote| path.strip_prefix(*quote)?.strip_suffix(*quote))
        .filter(|inner| !inner.is_empty())
        .unwrap_or(path)
}

/// The inner object where a model wrapped its arguments in another.
fn unwrap(map: &Map<String, Value>) -> &Map<String, Value> {
    const WRAPPERS: [&str; 5] = ["arguments", "args", "parameters", "params", "input"];
    match map.iter().next() {
        Some((key, Value::Object(inner))) if map.len() == 1 && WRAPPERS.contains(&key.as_str()) => inner,
        _ => map,
    }
}

/// Arguments that came as text: JSON within JSON, or what was left of broken JSON.
fn parse(tool: &str, text: &str) -> Result<Map<String, Value>, ArgError> {
    let text = text.trim();
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => Ok(unwrap(&map).clone()),
        Ok(other) => Err(ArgError::NotAnObject { tool: tool.into(), found: kind(&other) }),
        Err(error) => Err(ArgError::Malformed {
            tool: tool.into(),
            problem: error.to_string(),
            excerpt: excerpt(text, 200),
        }),
    }
}

/// Whether two names differ only in case, underscores and hyphens.
fn same_name(left: &str, right: &str) -> bool {
    let plain = |name: &str| -> Vec<char> {
        name.chars().filter(|c| !matches!(c, '_' | '-')).map(|c| c.to_ascii_lowercase()).collect()
    };
    left == right || plain(left) == plain(right)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn other_names_and_spellings_of_an_argument_are_understood() {
        let inputs = [
            json!({"path": "a.rs"}),
            json!({"filePath": "a.rs"}),
            json!({"FILE-PATH": "a.rs"}),
            json!({"target_file": "a.rs", "explanation": "because"}),
            json!({"path": null, "file": " `a.rs`\n"}),
            json!({"arguments": {"filename": "\"a.rs\""}}),
            json!("{\"path\": \"a.rs\"}"),
        ];
        for input in inputs {
            assert_eq!(Args::new("read", &input).unwrap().path().unwrap(), "a.rs", "{input}");
        }
    }

    #[test]
    fn the_canonical_name_wins_over_its_aliases() {
        let input = json!({"file": "b", "path": "a"});
        assert_eq!(Args::new("read", &input).unwrap().path().unwrap(), "a");
    }

    #[test]
    fn numbers_and_truth_values_may_be_strings() {
        for (value, wanted) in [
            (json!(7), Some(7)),
            (json!("7"), Some(7)),
            (json!(7.0), Some(7)),
            (json!(-1), Some(0)),
            (json!(""), None),
        ] {
            let input = json!({ "offset": value });
            assert_eq!(Args::new("read", &input).unwrap().number(OFFSET).unwrap(), wanted);
        }
        for (value, wanted) in [
            (json!(true), true),
            (json!("True"), true),
            (json!("false"), false),
            (json!(1), true),
            (json!(null), false),
        ] {
            let input = json!({ "replaceAll": value });
            assert_eq!(Args::new("edit", &input).unwrap().flag(REPLACE_ALL).unwrap(), wanted);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |input: Value| match Args::new("edit", &input).and_then(|args| args.text(OLD)) {
            Ok(text) => panic!("read as {text}"),
            Err(error) => error.to_string(),
        };
        assert_eq!(
            error(json!({"path": "a", "nwe": "b"})),
            "`edit` needs `old_string`; given: `path`, `nwe`"
        );
        assert_eq!(error(json!({})), "`edit` needs `old_string`; no argument was given");
        assert_eq!(error(json!({"old": ["a"]})), "`old_string` of `edit` must be a string, not a list");
        assert_eq!(error(json!([1])), "the arguments of `edit` must be one JSON object, not a list");
        let broken = error(json!("{\"path\": \"a\", \"old"));
        assert!(broken.contains("not valid JSON (EOF while parsing"), "{broken}");
        assert!(broken.contains("{\"path\": \"a\""), "{broken}");
    }

    #[test]
    fn lists_may_be_text_or_a_single_object() {
        for input in
            [json!({"edits": [{"a": 1}]}), json!({"edits": {"a": 1}}), json!({"edits": "[{\"a\": 1}]"})]
        {
            assert_eq!(Args::new("edit", &input).unwrap().list(EDITS).unwrap(), Some(vec![json!({"a": 1})]));
        }
    }
}
