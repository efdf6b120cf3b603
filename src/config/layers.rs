//! The layers on top of each other: every value with its origin and with what it hides.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Value;
use toml::de::{DeTable, DeValue};

use super::schema::{self, Found, KEYS};
use super::{ConfigError, Mistake, Origin};

/// A key's path, segment by segment.
pub(super) type KeyPath = Vec<String>;

/// Values by path, the strongest last.
#[derive(Debug, Clone, Default)]
pub(super) struct Layers {
    values: BTreeMap<KeyPath, Vec<(Value, Origin)>>,
    /// Tables that were written out, also empty ones.
    tables: BTreeMap<KeyPath, Origin>,
    pub mistakes: Vec<Mistake>,
}

/// One settings file, taken apart but not yet checked.
#[derive(Debug, Default)]
pub(super) struct File {
    leaves: Vec<(KeyPath, Value, usize)>,
    tables: Vec<(KeyPath, usize)>,
}

impl File {
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let table = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            ConfigError::Syntax {
                path: path.to_owned(),
                line: line_of(text, at),
                column: column_of(text, at),
                message: error.message().replace('\n', ", "),
            }
        })?;
        let mut file = Self::default();
        file.take(table.get_ref(), &mut Vec::new(), text);
        Ok(file)
    }

    pub fn names_backend(&self, id: &str) -> bool {
        let named = |path: &KeyPath| path.len() >= 2 && path[0] == "backends" && path[1] == id;
        self.tables.iter().any(|(path, _)| named(path)) || self.leaves.iter().any(|(path, ..)| named(path))
    }

    fn take(&mut self, table: &DeTable<'_>, path: &mut KeyPath, text: &str) {
        for (key, value) in table {
            path.push(key.get_ref().to_string());
            let line = line_of(text, key.span().start);
            match value.get_ref() {
                DeValue::Table(inner) => {
                    self.tables.push((path.clone(), line));
                    self.take(inner, path, text);
                }
                other => self.leaves.push((path.clone(), plain(other), line)),
            }
            path.pop();
        }
    }
}

impl Layers {
    /// Lays a file on top. `origin` makes an origin of a line; `allowed` says which keys it may set.
    /// Returns the keys that were left out because it may not.
    pub fn add_file(
        &mut self,
        file: File,
        base: &Path,
        origin: impl Fn(usize) -> Origin,
        allowed: impl Fn(&schema::Key) -> bool,
    ) -> Vec<(KeyPath, usize)> {
        let mut left_out = Vec::new();
        for (path, line) in file.tables {
            match schema::find(&path) {
                Found::Table if schema::keys_below(&path).any(&allowed) => {
                    self.tables.entry(path).or_insert_with(|| origin(line));
                }
                Found::Table => {}
                // Inside an unknown table every key would be reported again.
                Found::Nothing if matches!(schema::find(&path[..path.len() - 1]), Found::Nothing) => {}
                Found::Nothing => self.unknown(&path, origin(line)),
                Found::Key(_) => self.mistake(&path, origin(line), "expected a value, found a table"),
            }
        }
        for (path, value, line) in file.leaves {
            match schema::find(&path) {
                Found::Key(at) if !allowed(&KEYS[at]) => left_out.push((path, line)),
                _ => self.set(path, value, base, origin(line)),
            }
        }
        left_out
    }

    /// Lays one value on top.
    pub fn set(&mut self, path: KeyPath, value: Value, base: &Path, origin: Origin) {
        match schema::find(&path) {
            Found::Key(at) => match KEYS[at].kind.check(value, base) {
                Ok(value) => self.values.entry(path).or_default().push((value, origin)),
                Err(what) => self.mistake(&path, origin, &what),
            },
            Found::Table => self.mistake(&path, origin, "expected a table"),
            Found::Nothing => {
                let inside_unknown = path.len() > 1
                    && matches!(schema::find(&path[..path.len() - 1]), Found::Nothing | Found::Key(_));
                if !inside_unknown || origin.file().is_none() {
                    self.unknown(&path, origin);
                }
            }
        }
    }

    /// Lays text on top, read as what the key holds.
    pub fn set_text(&mut self, path: KeyPath, text: &str, base: &Path, origin: Origin) {
        let value = match schema::find(&path) {
            Found::Key(at) => KEYS[at].kind.parse(text),
            _ => Value::String(text.to_owned()),
        };
        self.set(path, value, base, origin);
    }

    /// Takes a key away, whoever set it.
    pub fn remove(&mut self, path: &[String]) {
        self.values.remove(path);
    }

    pub fn mistake(&mut self, path: &[String], origin: Origin, what: &str) {
        let key = schema::show(path);
        self.mistakes.push(Mistake { origin, what: format!("{key}: {what}"), key });
    }

    /// The value in force, where it is from, and what it hides, the strongest first.
    pub fn get(&self, path: &[String]) -> Option<(&Value, &Origin, impl Iterator<Item = &(Value, Origin)>)> {
        let (last, hidden) = self.values.get(path)?.split_last()?;
        Some((&last.0, &last.1, hidden.iter().rev()))
    }

    pub fn paths(&self) -> impl Iterator<Item = &KeyPath> {
        self.values.keys()
    }

    /// The names below a table, such as the ids below `backends`, and where each was first named.
    pub fn names_in(&self, table: &str) -> BTreeMap<&str, &Origin> {
        let mut names = BTreeMap::new();
        let valued = self.values.iter().filter_map(|(path, set)| Some((path, &set.first()?.1)));
        for (path, origin) in self.tables.iter().chain(valued) {
            if path.len() >= 2 && path[0] == table {
                names.entry(path[1].as_str()).or_insert(origin);
            }
        }
        names
    }

    /// Everything in force as one table.
    pub fn table(&self) -> toml::Table {
        let mut root = toml::Table::new();
        for (path, set) in &self.values {
            let (Some((value, _)), Some((last, parents))) = (set.last(), path.split_last()) else { continue };
            let table = parents.iter().fold(&mut root, |table, name| {
                let entry = table.entry(name).or_insert_with(|| Value::Table(toml::Table::new()));
                entry.as_table_mut().expect("the schema has no key that is both a value and a table")
            });
            table.insert(last.clone(), value.clone());
        }
        root
    }

    fn unknown(&mut self, path: &[String], origin: Origin) {
        let key = schema::show(path);
        let meant =
            schema::nearest(path).map_or(String::new(), |known| format!("; did you mean \"{known}\"?"));
        self.mistakes.push(Mistake { origin, what: format!("unknown key \"{key}\"{meant}"), key });
    }
}

fn plain(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(digits) => i64::from_str_radix(digits.as_str(), digits.radix())
            .map_or_else(|_| Value::String(digits.as_str().to_owned()), Value::Integer),
        DeValue::Float(digits) => {
            digits.as_str().parse().map_or_else(|_| Value::String(digits.as_str().to_owned()), Value::Float)
        }
        DeValue::Boolean(flag) => Value::Boolean(*flag),
        DeValue::Datetime(date) => Value::Datetime(*date),
        DeValue::Array(items) => Value::Array(items.iter().map(|item| plain(item.get_ref())).collect()),
        DeValue::Table(table) => Value::Table(
            table.iter().map(|(key, value)| (key.get_ref().to_string(), plain(value.get_ref()))).collect(),
        ),
    }
}

fn line_of(text: &str, at: usize) -> usize {
    before(text, at).matches('\n').count() + 1
}

fn column_of(text: &str, at: usize) -> usize {
    before(text, at).rsplit('\n').next().unwrap_or_default().chars().count() + 1
}

fn before(text: &str, at: usize) -> &str {
    text.get(..at).unwrap_or(text)
}
