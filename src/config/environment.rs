//! Settings from environment variables: `OFFSHOOT_<SECTION>__<KEY>`, `OFFSHOOT_ROLE_<ROLE>`, and the
//! providers' own variables, which configure the built-in backends.

use std::path::Path;

use toml::Value;

use super::layers::{KeyPath, Layers};
use super::schema::EFFORTS;
use super::{Env, Origin};

/// A backend that needs no table: a key in the environment is enough.
struct Builtin {
    id: &'static str,
    kind: &'static str,
    keys: &'static [&'static str],
    base_url: &'static str,
    model: &'static str,
}

const BUILTINS: &[Builtin] = &[
    Builtin {
        id: "anthropic",
        kind: "anthropic",
        keys: &["ANTHROPIC_API_KEY"],
        base_url: "ANTHROPIC_BASE_URL",
        model: "claude-sonnet-5-5",
    },
    Builtin {
        id: "openai",
        kind: "openai-responses",
        keys: &["OPENAI_API_KEY"],
        base_url: "OPENAI_BASE_URL",
        model: "gpt-6.1-sol",
    },
    Builtin {
        id: "gemini",
        kind: "gemini",
        keys: &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
        base_url: "GOOGLE_GEMINI_BASE_URL",
        model: "gemini-pro-latest",
    },
    Builtin {
        id: "deepseek",
        kind: "deepseek",
        keys: &["DEEPSEEK_API_KEY"],
        base_url: "DEEPSEEK_BASE_URL",
        model: "deepseek-v4-pro",
    },
];

/// Ids that the settings may name without a table for them.
pub(super) fn is_known_id(id: &str) -> bool {
    ["local", "claude", "codex"].contains(&id) || BUILTINS.iter().any(|builtin| builtin.id == id)
}

/// Lays the built-in backends down: those whose variables are set, and those that `named` says are
/// in a settings file.
pub(super) fn add_builtins(layers: &mut Layers, env: &Env, named: impl Fn(&str) -> bool) {
    for builtin in BUILTINS {
        let key = builtin.keys.iter().copied().find(|name| env.get(name).is_some());
        let url = env.get(builtin.base_url);
        if key.is_none() && url.is_none() && !named(builtin.id) {
            continue;
        }
        let because = key.or(url.map(|_| builtin.base_url)).map(str::to_owned);
        let mut set = |name: &str, value: &str, variable: Option<String>| {
            let path = ["backends", builtin.id, name].map(str::to_owned).to_vec();
            layers.set(path, Value::String(value.to_owned()), Path::new(""), Origin::Builtin { variable });
        };
        // Servers that imitate OpenAI mostly speak its older format.
        let elsewhere = url.is_some_and(|url| !url.contains("//api.openai.com"));
        let kind = if builtin.id == "openai" && elsewhere { "openai-chat" } else { builtin.kind };
        set("kind", kind, if elsewhere { Some(builtin.base_url.into()) } else { because.clone() });
        set("model", builtin.model, because.clone());
        if let Some(url) = url {
            set("base_url", url, Some(builtin.base_url.into()));
        }
        // With an address alone, the server may want no key.
        if key.is_some() || url.is_none() {
            set("api_key_env", key.unwrap_or(builtin.keys[0]), because);
        }
    }
}

/// Lays the `OFFSHOOT_…` variables on top.
pub(super) fn add_variables(layers: &mut Layers, env: &Env, cwd: &Path) {
    for (variable, value) in env.iter() {
        let Some(rest) = variable.strip_prefix("OFFSHOOT_") else { continue };
        let origin = Origin::Environment { variable: variable.to_owned() };
        if let Some(role) = rest.strip_prefix("ROLE_") {
            if !value.is_empty() {
                set_role(layers, role, value, cwd, &origin);
            }
        } else if rest.contains("__") {
            let path = resolve(layers, rest);
            layers.set_text(path, value, cwd, origin);
        }
    }
}

/// `backend[:model[:effort]]`. A model's own name may have colons (`qwen3:8b`).
fn set_role(layers: &mut Layers, role: &str, value: &str, cwd: &Path, origin: &Origin) {
    let role = existing_name(layers, "roles", role);
    let path = |key: &str| -> KeyPath { vec!["roles".into(), role.clone(), key.into()] };
    let (backend, rest) = value.split_once(':').unwrap_or((value, ""));
    let (model, effort) = match rest.rsplit_once(':') {
        Some((model, effort)) if EFFORTS.contains(&effort) => (model, effort),
        // An unknown effort after an empty model is a mistake, not a model's name.
        Some(("", effort)) => ("", effort),
        _ => (rest, ""),
    };
    if backend.is_empty() && model.is_empty() && effort.is_empty() {
        layers.mistake(&["roles".into(), role], origin.clone(), "expected backend[:model[:effort]]");
        return;
    }
    if !backend.is_empty() {
        // Another backend does not know the model that was meant for the former one.
        let same = layers.get(&path("backend")).is_some_and(|(value, ..)| value.as_str() == Some(backend));
        if !same {
            layers.remove(&path("model"));
        }
    }
    for (key, text) in [("backend", backend), ("model", model), ("effort", effort)] {
        if !text.is_empty() {
            layers.set_text(path(key), text, cwd, origin.clone());
        }
    }
}

/// `BACKENDS__LOCAL__BASE_URL` as a path.
fn resolve(layers: &Layers, variable: &str) -> KeyPath {
    let mut path: KeyPath = variable.split("__").map(str::to_ascii_lowercase).collect();
    if path.len() >= 3 {
        path[1] = existing_name(layers, &path[0], &path[1]);
    }
    if path.len() == 4 && path[2] == "headers" {
        path[3] = path[3].replace('_', "-");
    }
    if path.len() == 4 && path[2] == "env" {
        path[3] = path[3].to_ascii_uppercase();
    }
    if let [table, env, name] = &mut path[..]
        && table == "worktree"
        && env == "env"
    {
        name.make_ascii_uppercase();
    }
    path
}

/// Variables have neither lower case nor dashes: a name that is already in the settings is found
/// all the same.
fn existing_name(layers: &Layers, table: &str, written: &str) -> String {
    let fold = |name: &str| name.to_ascii_lowercase().replace('-', "_");
    let wanted = fold(written);
    layers
        .names_in(table)
        .into_keys()
        .find(|name| fold(name) == wanted)
        .map_or_else(|| written.to_ascii_lowercase(), str::to_owned)
}
