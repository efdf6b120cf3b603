//! Reads the layers and makes settings of them.

use std::io;
use std::path::{Path, PathBuf};

use serde::de::IntoDeserializer;
use serde::{Deserialize, Serialize};
use toml::Value;

use super::layers::{File, KeyPath, Layers};
use super::schema::{self, KEYS, Kind, ProjectUse};
use super::{ConfigError, Env, Layer, Mistake, Origin, Paths, Settings, Trust, environment};

/// Where settings come from. Nothing else is read.
#[derive(Debug, Clone)]
pub struct Sources<'a> {
    pub env: &'a Env,
    /// Where relative paths in variables and flags start.
    pub cwd: &'a Path,
    /// The top directory of the repository, if there is one: its `.offshoot/config.toml` is read.
    pub repository: Option<&'a Path>,
    /// `--config`: in place of the user's file.
    pub config_file: Option<&'a Path>,
    /// Keys with values, such as `("router.order", "local,claude")`.
    pub flags: &'a [(String, String)],
    /// Which repositories may set everything; `None` trusts none.
    pub trust: Option<&'a Trust>,
}

/// Settings, and what there is to say about them.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub settings: Settings,
    pub paths: Paths,
    /// The user's file: what `--config` or `OFFSHOOT_CONFIG` name, else the usual one. It may not
    /// exist.
    pub user_file: PathBuf,
    /// The project's file, when it exists.
    pub project_file: Option<PathBuf>,
    pub warnings: Vec<Warning>,
    layers: Layers,
}

/// Something in the settings that has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    pub message: String,
    pub hint: String,
}

/// A value and where it comes from. Values that may be secret are replaced.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// With dots.
    pub key: String,
    pub value: Value,
    pub layer: Layer,
    /// A person reads this: `~/.config/offshoot/config.toml:3`, `environment variable X`.
    pub origin: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// What it hides, the strongest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shadowed: Vec<Explanation>,
}

const DEFAULTS: &str = include_str!("../../config/default.toml");

/// Loads the settings. A user's or project's file that does not exist is no error; one that was
/// named is.
pub fn load(sources: &Sources<'_>) -> Result<Loaded, ConfigError> {
    let paths = Paths::from_env(sources.env, sources.cwd)?;
    let (user_file, named_by) = match (sources.config_file, sources.env.get("OFFSHOOT_CONFIG")) {
        (Some(path), _) => (sources.cwd.join(path), Some("--config")),
        (None, Some(path)) => (sources.cwd.join(path), Some("OFFSHOOT_CONFIG")),
        (None, None) => (paths.config_file(), None),
    };
    let user = match (read(&user_file)?, named_by) {
        (Some(text), _) => File::parse(&text, &user_file)?,
        (None, Some(named_by)) => return Err(ConfigError::Missing { path: user_file, named_by }),
        (None, None) => File::default(),
    };
    let project_path = sources.repository.map(|root| root.join(".offshoot").join("config.toml"));
    let project_text = project_path.as_deref().map(read).transpose()?.flatten();

    let mut layers = Layers::default();
    let mut warnings = Vec::new();
    let shipped = File::parse(DEFAULTS, Path::new("config/default.toml"))?;
    layers.add_file(shipped, Path::new(""), |line| Origin::Shipped { line }, |_| true);
    environment::add_builtins(&mut layers, sources.env, |id| user.names_backend(id));
    layers.add_file(
        user,
        directory(&user_file),
        |line| Origin::User { file: user_file.clone(), line },
        |_| true,
    );
    let project_file = project_path.filter(|_| project_text.is_some());
    if let (Some(text), Some(path), Some(root)) = (project_text, &project_file, sources.repository) {
        let file = File::parse(&text, path)?;
        let trusted = sources.trust.is_some_and(|trust| trust.covers(root, &text));
        let origin = |line| Origin::Project { file: path.clone(), line };
        let base = sources.repository.unwrap_or(sources.cwd);
        let left_out = layers.add_file(file, base, origin, |key| trusted || key.project == ProjectUse::Free);
        warnings.extend(untrusted(path, root, &left_out));
    }
    environment::add_variables(&mut layers, sources.env, sources.cwd);
    for (key, value) in sources.flags {
        let path: KeyPath = key.split('.').map(str::to_owned).collect();
        layers.set_text(path, value, sources.cwd, Origin::Flag { key: key.clone() });
    }
    check_backends(&mut layers);
    if !layers.mistakes.is_empty() {
        return Err(ConfigError::Invalid(layers.mistakes));
    }
    warnings.extend(unknown_backends(&layers));
    let settings = Settings::deserialize(layers.table().into_deserializer())
        .map_err(|error: toml::de::Error| ConfigError::Invalid(vec![unplaced(&error)]))?;
    Ok(Loaded { settings, paths, user_file, project_file, warnings, layers })
}

impl Settings {
    /// What a fresh installation has, without any environment.
    pub fn shipped() -> Self {
        let env: Env = [("HOME", "/")].into_iter().collect();
        let no_file = Path::new("/");
        let mut layers = Layers::default();
        let file = File::parse(DEFAULTS, no_file).expect("a test reads the shipped settings");
        layers.add_file(file, no_file, |line| Origin::Shipped { line }, |_| true);
        environment::add_builtins(&mut layers, &env, |_| false);
        Self::deserialize(layers.table().into_deserializer())
            .map_err(|error: toml::de::Error| error.to_string())
            .expect("a test reads the shipped settings")
    }
}

impl Loaded {
    /// Who set a key (`router.order`); for a table (`router`, or the empty text for all), every key
    /// in it, in the order of `config/default.toml`.
    pub fn explain(&self, key: &str) -> Vec<Explanation> {
        let wanted: KeyPath =
            if key.is_empty() { vec![] } else { key.split('.').map(str::to_owned).collect() };
        let mut found: Vec<(usize, &KeyPath)> = self
            .layers
            .paths()
            .filter(|path| path.starts_with(&wanted) || schema::show(path) == key)
            .map(|path| (rank(path), path))
            .collect();
        found.sort();
        found.into_iter().filter_map(|(_, path)| self.explain_path(path)).collect()
    }

    /// The known key nearest to one that `explain` found nothing for.
    pub fn nearest_key(&self, key: &str) -> Option<String> {
        let path: KeyPath = key.split('.').map(str::to_owned).collect();
        schema::nearest(&path)
    }

    /// Where the value in force was set.
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        let path: KeyPath = key.split('.').map(str::to_owned).collect();
        self.layers.get(&path).map(|(_, origin, _)| origin)
    }

    fn explain_path(&self, path: &KeyPath) -> Option<Explanation> {
        let (value, origin, hidden) = self.layers.get(path)?;
        let mut explanation = explanation(path, value, origin);
        explanation.shadowed = hidden.map(|(value, origin)| self::explanation(path, value, origin)).collect();
        Some(explanation)
    }
}

fn explanation(path: &KeyPath, value: &Value, origin: &Origin) -> Explanation {
    Explanation {
        key: schema::show(path),
        value: presentable(path, value),
        layer: origin.layer(),
        origin: origin.to_string(),
        file: origin.file().map(Path::to_owned),
        line: origin.line(),
        shadowed: Vec::new(),
    }
}

/// The value without what may be secret: headers that hold text, and passwords in addresses.
fn presentable(path: &KeyPath, value: &Value) -> Value {
    let schema::Found::Key(at) = schema::find(path) else { return value.clone() };
    match (KEYS[at].kind, value.as_str()) {
        (Kind::Private, Some(text)) if !text.contains('$') => Value::String("(hidden)".into()),
        (Kind::Url, Some(text)) => {
            let Some((scheme, rest)) = text.split_once("://") else { return value.clone() };
            let host = rest.split('/').next().unwrap_or_default();
            match host.rsplit_once('@') {
                Some((user, _)) => Value::String(format!("{scheme}://…{}", &rest[user.len()..])),
                None => value.clone(),
            }
        }
        _ => value.clone(),
    }
}

fn read(path: &Path) -> Result<Option<String>, ConfigError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(source) => Err(ConfigError::Unreadable { path: path.to_owned(), source }),
    }
}

fn directory(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new(""))
}

fn untrusted(file: &Path, root: &Path, left_out: &[(KeyPath, usize)]) -> Option<Warning> {
    if left_out.is_empty() {
        return None;
    }
    let keys: Vec<String> =
        left_out.iter().map(|(path, line)| format!("{} (line {line})", schema::show(path))).collect();
    Some(Warning {
        message: format!(
            "{}: not in effect until you trust this repository: {}",
            file.display(),
            keys.join(", ")
        ),
        hint: format!("read the file; if you want what it says, `offshoot config trust {}`", root.display()),
    })
}

/// A backend's kind is the one thing that it cannot do without.
fn check_backends(layers: &mut Layers) {
    let without_kind: Vec<(String, Origin)> = layers
        .names_in("backends")
        .into_iter()
        .filter(|(id, _)| layers.get(&["backends".into(), (*id).to_owned(), "kind".into()]).is_none())
        .map(|(id, origin)| (id.to_owned(), origin.clone()))
        .collect();
    for (id, origin) in without_kind {
        // One mistake is enough: a kind that is wrong is not also missing.
        let kind = schema::show(&["backends".into(), id.clone(), "kind".into()]);
        if !layers.mistakes.iter().any(|mistake| mistake.key == kind) {
            layers.mistake(
                &["backends".into(), id],
                origin,
                "has no kind, for example kind = \"openai-chat\"",
            );
        }
    }
}

fn unknown_backends(layers: &Layers) -> Vec<Warning> {
    let configured = layers.names_in("backends");
    let mut warnings = Vec::new();
    let mut warn = |key: &str, id: &str, origin: &Origin| {
        let known = configured.contains_key(id) || environment::is_known_id(id);
        if !known && origin.layer() != Layer::Shipped {
            warnings.push(Warning {
                message: format!("{origin}: {key} names backend \"{id}\", which is not configured"),
                hint: format!("add [backends.{id}], or take it out"),
            });
        }
    };
    for path in layers.paths() {
        let Some((value, origin, _)) = layers.get(path) else { continue };
        match path.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["router", "order"] => {
                for id in value.as_array().into_iter().flatten().filter_map(Value::as_str) {
                    warn("router.order", id, origin);
                }
            }
            ["roles", _, "backend"] => {
                warn(&schema::show(path), value.as_str().unwrap_or_default(), origin);
            }
            _ => {}
        }
    }
    warnings
}

fn rank(path: &[String]) -> usize {
    match schema::find(path) {
        schema::Found::Key(at) => at,
        _ => KEYS.len(),
    }
}

/// A value that passed its own check and yet does not fit the types: a gap in the schema.
fn unplaced(error: &toml::de::Error) -> Mistake {
    Mistake {
        origin: Origin::Builtin { variable: None },
        key: String::new(),
        what: error.message().to_owned(),
    }
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
