//! The table of keys: what each holds, and whether a project's file may set it before the
//! repository is trusted. Values are checked against it layer by layer, so that an error can name
//! the place.

use std::path::{Path, PathBuf};

use toml::Value;

/// A key and what it holds. A `*` in the path stands for any name.
pub(super) struct Key {
    pub path: &'static str,
    pub kind: Kind,
    pub project: ProjectUse,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Flag,
    /// A whole number, at least this.
    Count(i64),
    /// A whole number from the one to the other, both included.
    Between(i64, i64),
    /// A number from 0 to 1.
    Fraction,
    /// A number, 0 or more.
    Amount,
    Text,
    /// Text that is not shown.
    Private,
    List,
    OneOf(&'static [&'static str]),
    /// http or https; may be empty.
    Url,
    /// The name of an environment variable.
    Variable,
    /// Made absolute by the place of the file that sets it.
    Path,
    Paths,
    /// A bare name, or a path.
    Profile,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProjectUse {
    Free,
    /// Commands, environment, permissions, endpoints, money and places on the disk.
    Trusted,
}

/// What the schema says of a path.
pub(super) enum Found {
    Key(usize),
    /// Keys lie below it.
    Table,
    Nothing,
}

const KINDS: &[&str] = &[
    "openai-chat",
    "openai-responses",
    "anthropic",
    "gemini",
    "deepseek",
    "cli",
    "acp",
    "embedded",
    "scripted",
];
const MODES: &[&str] = &["read-only", "ask", "auto", "full"];
pub(super) const EFFORTS: &[&str] = &["minimal", "low", "medium", "high"];

const fn free(path: &'static str, kind: Kind) -> Key {
    Key { path, kind, project: ProjectUse::Free }
}

const fn trusted(path: &'static str, kind: Kind) -> Key {
    Key { path, kind, project: ProjectUse::Trusted }
}

/// In the order in which settings are shown.
pub(super) const KEYS: &[Key] = &[
    free("router.order", Kind::List),
    free("router.local_confidence_threshold", Kind::Fraction),
    free("router.escalation_keywords", Kind::List),
    trusted("router.fallback", Kind::OneOf(&["auto", "ask", "never"])),
    free("router.max_local_retries", Kind::Count(0)),
    free("router.weights", Kind::OneOf(&["auto", "default"])),
    trusted("local_runtime.health_url", Kind::Url),
    trusted("local_runtime.restart_cmd", Kind::Text),
    trusted("local_runtime.restart_cooldown_seconds", Kind::Count(0)),
    trusted("local_runtime.restart_timeout_seconds", Kind::Count(1)),
    trusted("backends.*.kind", Kind::OneOf(KINDS)),
    trusted("backends.*.base_url", Kind::Url),
    trusted("backends.*.model", Kind::Text),
    trusted("backends.*.local", Kind::Flag),
    trusted("backends.*.api_key_env", Kind::Variable),
    trusted("backends.*.profile", Kind::Profile),
    trusted("backends.*.args", Kind::List),
    trusted("backends.*.env.*", Kind::Private),
    trusted("backends.*.script", Kind::Path),
    trusted("backends.*.context_window", Kind::Count(1)),
    trusted("backends.*.max_output_tokens", Kind::Count(1)),
    trusted("backends.*.effort", Kind::OneOf(EFFORTS)),
    trusted("backends.*.logprobs", Kind::Flag),
    trusted("backends.*.tool_calls", Kind::OneOf(&["auto", "native", "text"])),
    trusted("backends.*.edit_format", Kind::OneOf(&["replace", "whole", "apply_patch"])),
    trusted("backends.*.headers.*", Kind::Private),
    trusted("backends.*.connect_timeout_seconds", Kind::Amount),
    trusted("backends.*.idle_timeout_seconds", Kind::Amount),
    trusted("backends.*.max_retries", Kind::Count(0)),
    free("breaker.failure_threshold", Kind::Count(1)),
    free("breaker.cooldown_seconds", Kind::Count(0)),
    free("breaker.half_open_max_calls", Kind::Count(1)),
    free("roles.*.backend", Kind::Text),
    free("roles.*.model", Kind::Text),
    free("roles.*.effort", Kind::OneOf(EFFORTS)),
    trusted("roles.*.read_only", Kind::Flag),
    trusted("roles.*.permissions", Kind::OneOf(MODES)),
    trusted("verify.command", Kind::Text),
    trusted("verify.review", Kind::Text),
    free("verify.timeout_seconds", Kind::Count(1)),
    trusted("agent.permissions", Kind::OneOf(MODES)),
    free("agent.max_steps", Kind::Count(1)),
    free("agent.max_depth", Kind::Count(0)),
    free("agent.max_children", Kind::Count(1)),
    free("agent.max_children_per_turn", Kind::Count(0)),
    free("agent.child_timeout_seconds", Kind::Count(0)),
    free("agent.turn_timeout_seconds", Kind::Count(0)),
    free("agent.shell_timeout_seconds", Kind::Count(1)),
    free("agent.tool_output_bytes", Kind::Count(1_000)),
    free("agent.max_identical_calls", Kind::Count(2)),
    free("agent.compact_at", Kind::Fraction),
    free("agent.notices", Kind::Flag),
    trusted("agent.env_allow", Kind::List),
    trusted("permissions.allow", Kind::List),
    trusted("permissions.ask", Kind::List),
    trusted("permissions.deny", Kind::List),
    trusted("sandbox.enabled", Kind::Flag),
    trusted("sandbox.writable", Kind::Paths),
    trusted("sandbox.network", Kind::Flag),
    trusted("budget.turn_usd", Kind::Amount),
    trusted("budget.session_usd", Kind::Amount),
    trusted("budget.day_usd", Kind::Amount),
    trusted("ledger.file_path", Kind::Path),
    free("ledger.max_bytes", Kind::Count(1_000)),
    free("ledger.keep", Kind::Count(0)),
    free("worktree.copy", Kind::List),
    free("worktree.include", Kind::List),
    free("worktree.link", Kind::List),
    trusted("worktree.setup", Kind::List),
    free("worktree.setup_timeout_seconds", Kind::Count(1)),
    free("worktree.ports", Kind::Between(0, 1000)),
    free("worktree.port_base", Kind::Between(1024, 65_000)),
    trusted("worktree.submodules", Kind::OneOf(&["auto", "never", "always"])),
    trusted("worktree.env.*", Kind::Private),
    free("ui.theme", Kind::Text),
    free("ui.side_panel", Kind::Flag),
    free("ui.vim", Kind::Flag),
    free("ui.mouse", Kind::Flag),
];

/// Looks a path up.
pub(super) fn find(path: &[String]) -> Found {
    if let Some(at) = KEYS.iter().position(|key| matches(key.path, path, Match::Whole)) {
        return Found::Key(at);
    }
    if keys_below(path).next().is_some() { Found::Table } else { Found::Nothing }
}

/// The keys of a table.
pub(super) fn keys_below(path: &[String]) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| matches(key.path, path, Match::Beginning))
}

/// The known key that an unknown one was probably meant to be.
pub(super) fn nearest(path: &[String]) -> Option<String> {
    let written = path.join(".");
    let last = path.last()?;
    KEYS.iter()
        .flat_map(|key| {
            // Names are the user's own: they are never the typo.
            let filled = fill(key.path, path);
            // A key under the wrong table: `order` or `agent.order` for `router.order`.
            let same_name = !key.path.ends_with('*') && filled.rsplit('.').next() == Some(last);
            let tables: Vec<String> =
                filled.rmatch_indices('.').map(|(at, _)| filled[..at].to_owned()).collect();
            std::iter::once((filled, same_name)).chain(tables.into_iter().map(|table| (table, false)))
        })
        .map(|(known, same_name)| {
            let likeness = strsim::normalized_damerau_levenshtein(&written, &known);
            (if same_name { likeness.max(0.75) } else { likeness }, known)
        })
        .filter(|(likeness, known)| *likeness >= 0.7 && *known != written)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

/// A path as it is written.
pub(super) fn show(path: &[String]) -> String {
    let parts: Vec<String> = path
        .iter()
        .map(|part| {
            let bare =
                !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
            if bare { part.clone() } else { format!("{part:?}") }
        })
        .collect();
    parts.join(".")
}

impl Kind {
    /// The value in its normal form, or what was expected instead. `base` is the directory that
    /// relative paths start from.
    pub fn check(self, value: Value, base: &Path) -> Result<Value, String> {
        let expected = || Err(format!("expected {}, found {}", self.expects(), describe(self, &value)));
        match self {
            Self::Flag if value.is_bool() => Ok(value),
            Self::Count(least) => match value.as_integer() {
                Some(number) if number >= least => Ok(value),
                _ => expected(),
            },
            Self::Between(least, most) => match value.as_integer() {
                Some(number) if (least..=most).contains(&number) => Ok(value),
                _ => expected(),
            },
            Self::Fraction | Self::Amount => match number(&value) {
                Some(number) if self == Self::Amount && number >= 0.0 && number.is_finite() => {
                    Ok(Value::Float(number))
                }
                Some(number) if self == Self::Fraction && (0.0..=1.0).contains(&number) => {
                    Ok(Value::Float(number))
                }
                _ => expected(),
            },
            Self::Text | Self::Private if value.is_str() => Ok(value),
            Self::OneOf(names) if value.as_str().is_some_and(|text| names.contains(&text)) => Ok(value),
            Self::List if is_text_list(&value) => Ok(value),
            Self::Url => match value.as_str() {
                Some(text) if text.is_empty() || is_url(text) => {
                    Ok(Value::String(text.trim_end_matches('/').to_owned()))
                }
                _ => expected(),
            },
            Self::Variable if value.as_str().is_some_and(is_variable_name) => Ok(value),
            Self::Path => match value.as_str() {
                Some(text) => Ok(absolute(text, base)),
                None => expected(),
            },
            Self::Profile => match value.as_str() {
                Some(text) if text.contains('/') || text.contains('\\') || is_toml_file(text) => {
                    Ok(absolute(text, base))
                }
                Some(text) if !text.is_empty() => Ok(value),
                _ => expected(),
            },
            Self::Paths if is_text_list(&value) => {
                let paths = value.as_array().into_iter().flatten().filter_map(Value::as_str);
                Ok(Value::Array(paths.map(|path| absolute(path, base)).collect()))
            }
            _ => expected(),
        }
    }

    /// A value from text, as environment variables and flags give it.
    pub fn parse(self, text: &str) -> Value {
        let as_toml = || text.parse::<Value>().unwrap_or_else(|_| Value::String(text.to_owned()));
        match self {
            Self::Flag => match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Value::Boolean(true),
                "false" | "0" | "no" | "off" => Value::Boolean(false),
                _ => Value::String(text.to_owned()),
            },
            Self::Count(_) | Self::Between(..) | Self::Fraction | Self::Amount => as_toml(),
            Self::List | Self::Paths => {
                if text.trim_start().starts_with('[') {
                    return as_toml();
                }
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
            }
            _ => Value::String(text.to_owned()),
        }
    }

    fn expects(self) -> String {
        match self {
            Self::Flag => "true or false".into(),
            Self::Count(least) => format!("a whole number, {least} or more"),
            Self::Between(least, most) => format!("a whole number from {least} to {most}"),
            Self::Fraction => "a number from 0 to 1".into(),
            Self::Amount => "a number, 0 or more".into(),
            Self::Text | Self::Private => "text in quotes".into(),
            Self::List => "a list of texts".into(),
            Self::OneOf(names) => {
                let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
                format!("one of {}", quoted.join(", "))
            }
            Self::Url => "a URL that begins with http:// or https://".into(),
            Self::Variable => "the name of an environment variable (not the key itself)".into(),
            Self::Path => "a path in quotes".into(),
            Self::Paths => "a list of paths".into(),
            Self::Profile => "a profile's name or the path of one".into(),
        }
    }
}

#[derive(Clone, Copy)]
enum Match {
    Whole,
    Beginning,
}

fn matches(pattern: &str, path: &[String], how_much: Match) -> bool {
    let parts: Vec<&str> = pattern.split('.').collect();
    let fits = match how_much {
        Match::Whole => parts.len() == path.len(),
        Match::Beginning => parts.len() > path.len(),
    };
    fits && parts.iter().zip(path).all(|(part, name)| *part == "*" || part == name)
}

fn fill(pattern: &str, path: &[String]) -> String {
    let parts: Vec<&str> = pattern
        .split('.')
        .enumerate()
        .map(|(at, part)| if part == "*" { path.get(at).map_or("<name>", String::as_str) } else { part })
        .collect();
    parts.join(".")
}

fn number(value: &Value) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "settings are small numbers")]
    value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64))
}

fn is_text_list(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(Value::is_str))
}

fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !host.is_empty() && !host.starts_with(':') && !text.contains(char::is_whitespace)
    })
}

fn is_variable_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn is_toml_file(text: &str) -> bool {
    Path::new(text).extension().is_some_and(|extension| extension == "toml")
}

fn absolute(text: &str, base: &Path) -> Value {
    if text.is_empty() {
        return Value::String(String::new());
    }
    let path: PathBuf = base.join(text);
    Value::String(path.to_string_lossy().into_owned())
}

/// The value, short enough for a message. What may be a secret is not repeated.
fn describe(kind: Kind, value: &Value) -> String {
    match value {
        Value::String(_) if matches!(kind, Kind::Variable | Kind::Private | Kind::Url) => "other text".into(),
        Value::String(text) if text.chars().count() <= 40 => format!("{text:?}"),
        Value::String(_) => "a long text".into(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Datetime(_) => "a date".into(),
        Value::Array(_) => "a list".into(),
        Value::Table(_) => "a table".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn a_typo_finds_the_key_that_was_meant() {
        for (typo, meant) in [
            ("router.ordr", Some("router.order")),
            ("routr.order", Some("router.order")),
            ("routr", Some("router")),
            ("order", Some("router.order")),
            ("agent.max_step", Some("agent.max_steps")),
            ("backends.mine.base_ulr", Some("backends.mine.base_url")),
            ("roles.review.backends", Some("roles.review.backend")),
            ("ledger.max-bytes", Some("ledger.max_bytes")),
            ("zebra.crossing", None),
        ] {
            assert_eq!(nearest(&path(typo)).as_deref(), meant, "{typo}");
        }
    }

    #[test]
    fn values_are_checked() {
        let base = Path::new("/home/me");
        for (kind, value, good) in [
            (Kind::Fraction, Value::Integer(1), true),
            (Kind::Fraction, Value::Integer(2), false),
            (Kind::Fraction, Value::Float(f64::NAN), false),
            (Kind::Amount, Value::Float(-1.0), false),
            (Kind::Amount, Value::Float(f64::INFINITY), false),
            (Kind::Count(1), Value::Integer(0), false),
            (Kind::Count(0), Value::Float(1.0), false),
            (Kind::Between(1, 5), Value::Integer(5), true),
            (Kind::Between(1, 5), Value::Integer(6), false),
            (Kind::Url, Value::String("localhost:80".into()), false),
            (Kind::Url, Value::String("http://".into()), false),
            (Kind::Url, Value::String("http://a b/".into()), false),
            (Kind::Url, Value::String("http://[::1]:80/v1".into()), true),
            (Kind::Url, Value::String(String::new()), true),
            (Kind::Variable, Value::String("MY_KEY".into()), true),
            (Kind::Variable, Value::String("sk-abc".into()), false),
            (Kind::List, Value::Array(vec![Value::Integer(1)]), false),
            (Kind::OneOf(EFFORTS), Value::String("max".into()), false),
            (Kind::Profile, Value::String("claude".into()), true),
        ] {
            assert_eq!(kind.check(value.clone(), base).is_ok(), good, "{kind:?} {value}");
        }
        let checked = Kind::Path.check(Value::String("a/b".into()), base).unwrap();
        assert_eq!(checked, Value::String(base.join("a/b").to_string_lossy().into_owned()));
        let key = Kind::Variable.check(Value::String("sk-secret".into()), base).unwrap_err();
        assert!(!key.contains("sk-secret"), "{key}");
    }

    #[test]
    fn text_becomes_the_value_that_the_key_holds() {
        for (kind, text, value) in [
            (Kind::Flag, "Yes", Value::Boolean(true)),
            (Kind::Flag, "0", Value::Boolean(false)),
            (Kind::Count(0), "2_000", Value::Integer(2000)),
            (Kind::Amount, "1.5", Value::Float(1.5)),
            (Kind::Text, "true", Value::String("true".into())),
            (Kind::List, "a, b,", Value::Array(vec!["a".into(), "b".into()])),
            (Kind::List, "[\"a,b\"]", Value::Array(vec!["a,b".into()])),
            (Kind::List, "", Value::Array(vec![])),
        ] {
            assert_eq!(kind.parse(text), value, "{text}");
        }
    }
}
