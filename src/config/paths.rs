//! Where offshoot keeps things: by the XDG rules on Linux, in the platform's own places elsewhere.

use std::io;
use std::path::{Path, PathBuf};

use super::Env;

/// The directories of one user. None of them need exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// Settings, user-defined profiles, roles and prices.
    pub config: PathBuf,
    /// Worktrees, model files, the mux mirror.
    pub data: PathBuf,
    /// Ledger, logs, journals.
    pub state: PathBuf,
    pub cache: PathBuf,
}

/// No directory can be named, or one cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PathsError {
    #[error("no home directory: the variable HOME is not set")]
    NoHome,
    #[error("cannot create {}: {source}", path.display())]
    Create { path: PathBuf, source: io::Error },
}

impl PathsError {
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoHome => {
                "set HOME, or OFFSHOOT_CONFIG, OFFSHOOT_DATA_DIR, OFFSHOOT_STATE_DIR and OFFSHOOT_CACHE_DIR"
            }
            Self::Create { .. } => {
                "check its permissions and the free space, or choose another with OFFSHOOT_DATA_DIR, OFFSHOOT_STATE_DIR or OFFSHOOT_CACHE_DIR"
            }
        }
    }
}

impl Paths {
    /// The directories that an environment means. Relative `XDG_…` values are passed over, as their
    /// specification asks; `OFFSHOOT_…` ones count from `cwd`.
    pub fn from_env(env: &Env, cwd: &Path) -> Result<Self, PathsError> {
        let home = env.get("HOME").map(PathBuf::from);
        let place = |own: Option<&str>, xdg: &str, fallback: &str| -> Result<PathBuf, PathsError> {
            if let Some(path) = own.and_then(|name| env.get(name)) {
                return Ok(cwd.join(path));
            }
            if let Some(base) = env.get(xdg).map(PathBuf::from).filter(|path| path.is_absolute()) {
                return Ok(base.join("offshoot"));
            }
            Ok(home.as_ref().ok_or(PathsError::NoHome)?.join(fallback).join("offshoot"))
        };
        let [config, data, state, cache] = FALLBACKS;
        Ok(Self {
            config: place(None, "XDG_CONFIG_HOME", config)?,
            data: place(Some("OFFSHOOT_DATA_DIR"), "XDG_DATA_HOME", data)?,
            state: place(Some("OFFSHOOT_STATE_DIR"), "XDG_STATE_HOME", state)?,
            cache: place(Some("OFFSHOOT_CACHE_DIR"), "XDG_CACHE_HOME", cache)?,
        })
    }

    /// The user's settings, unless `OFFSHOOT_CONFIG` or `--config` names another file.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// The ledger, unless the settings name another file.
    pub fn ledger_file(&self) -> PathBuf {
        self.state.join("run_ledger.jsonl")
    }

    /// Weights of the signals of confidence, fitted to the ledger.
    pub fn weights_file(&self) -> PathBuf {
        self.state.join("weights.json")
    }

    /// Makes a directory and its parents, readable by the user alone. One that exists is left as it is.
    pub fn create(dir: &Path) -> Result<(), PathsError> {
        create_private(dir).map_err(|source| PathsError::Create { path: dir.to_owned(), source })
    }
}

#[cfg(target_os = "macos")]
const FALLBACKS: [&str; 4] = [
    "Library/Application Support",
    "Library/Application Support",
    "Library/Application Support",
    "Library/Caches",
];
#[cfg(windows)]
const FALLBACKS: [&str; 4] = ["AppData/Roaming", "AppData/Local", "AppData/Local", "AppData/Local/Temp"];
#[cfg(not(any(target_os = "macos", windows)))]
const FALLBACKS: [&str; 4] = [".config", ".local/share", ".local/state", ".cache"];

#[cfg(unix)]
fn create_private(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

#[cfg(not(unix))]
fn create_private(dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(vars: &[(&str, &str)]) -> Result<Paths, PathsError> {
        Paths::from_env(&vars.iter().copied().collect(), Path::new("/here"))
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn directories_follow_xdg_and_our_own_variables() {
        let found =
            paths(&[("HOME", "/h"), ("XDG_STATE_HOME", "/s"), ("XDG_CACHE_HOME", "relative")]).unwrap();
        assert_eq!(found.config_file(), Path::new("/h/.config/offshoot/config.toml"));
        assert_eq!(found.ledger_file(), Path::new("/s/offshoot/run_ledger.jsonl"));
        assert_eq!(found.cache, Path::new("/h/.cache/offshoot"));
        let found = paths(&[("HOME", "/h"), ("XDG_DATA_HOME", "/d"), ("OFFSHOOT_DATA_DIR", "own")]).unwrap();
        assert_eq!(found.data, Path::new("/here/own"));
    }

    #[test]
    fn without_a_home_every_directory_has_to_be_named() {
        assert!(matches!(paths(&[("OFFSHOOT_STATE_DIR", "/s")]), Err(PathsError::NoHome)));
    }

    #[cfg(unix)]
    #[test]
    fn directories_are_private() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let made = dir.path().join("a/b");
        Paths::create(&made).unwrap();
        Paths::create(&made).unwrap();
        assert_eq!(made.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        std::fs::write(dir.path().join("file"), "").unwrap();
        let error = Paths::create(&dir.path().join("file/x")).unwrap_err();
        assert!(error.to_string().contains("file/x"), "{error}");
    }
}
