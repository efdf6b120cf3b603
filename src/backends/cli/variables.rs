//! Variables of offshoot's own environment that a CLI gets: those its profile names, and those of the settings.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::config::BackendSettings;
use crate::tools::shell::{Environment, is_secret};

/// What was found.
#[derive(Default)]
pub(super) struct Own {
    pub variables: Vec<(String, String)>,
    /// Values that may stand in no message.
    pub secrets: Vec<String>,
    /// A variable that the settings need and that is not set.
    pub unset: Option<String>,
}

/// What a probe needs of the environment.
const USUAL: &[&str] =
    &["PATH", "HOME", "LANG", "LC_ALL", "USER", "LOGNAME", "SHELL", "NVM_DIR", "VOLTA_HOME"];

/// `pass` are the names in the profile.
pub(super) fn collect(
    settings: &BackendSettings,
    pass: &[String],
    env: &dyn Fn(&str) -> Option<String>,
) -> Own {
    let mut own = Own::default();
    for name in pass {
        if let Some(value) = env(name) {
            if is_secret(name) {
                own.secrets.push(value.clone());
            }
            own.variables.push((name.clone(), value));
        }
    }
    for (name, value) in &settings.env {
        match expand(value, env) {
            Ok(Expanded { value, from }) => {
                own.secrets.extend(from);
                if is_secret(name) {
                    own.secrets.push(value.clone());
                }
                own.variables.push((name.clone(), value));
            }
            Err(unset) => own.unset = Some(unset),
        }
    }
    own
}

/// The environment of a probe: the user's own home, and no more than the CLI gets at work.
pub(super) fn environment(own: &[(String, String)], env: &dyn Fn(&str) -> Option<String>) -> Environment {
    let parent: Vec<(OsString, OsString)> =
        USUAL.iter().filter_map(|name| Some((name.into(), env(name)?.into()))).collect();
    let home = env("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from);
    let temporary = std::env::temp_dir();
    let start = Environment::new(parent, &[], &home, &temporary);
    own.iter().fold(start, |env, (name, value)| env.with(name, value))
}

struct Expanded {
    value: String,
    /// The values of the variables in it.
    from: Vec<String>,
}

/// A value with `$NAME` and `${NAME}` replaced. `Err` holds the name of a variable that is not set.
fn expand(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Expanded, String> {
    let mut expanded = Expanded { value: String::new(), from: Vec::new() };
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.value.push_str(before);
        let (name, end) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some(found) => found,
            None => after.split_at(
                after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len()),
            ),
        };
        if name.is_empty() {
            expanded.value.push('$');
            rest = after;
            continue;
        }
        let found = env(name).ok_or_else(|| name.to_owned())?;
        if is_secret(name) {
            expanded.from.push(found.clone());
        }
        expanded.value.push_str(&found);
        rest = end;
    }
    expanded.value.push_str(rest);
    Ok(expanded)
}
