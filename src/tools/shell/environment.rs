//! The environment of child processes: an allowlist, never what offshoot itself was started with.
//! A child gets a home directory of its own, toolchains where they really are, and no secrets.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use globset::{Glob, GlobMatcher};

/// The variables a child process is started with, and no others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    vars: BTreeMap<OsString, OsString>,
    real_home: Option<PathBuf>,
}

/// Taken over from the parent as they are.
const PASSED: &[&str] = &[
    "PATH",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "TZ",
    "USER",
    "LOGNAME",
    "SHELL",
    "COLUMNS",
    "LINES",
    // Where toolchains and their caches are.
    "CARGO_HOME",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "GOPATH",
    "GOROOT",
    "GOMODCACHE",
    "GOCACHE",
    "GOPROXY",
    "GOFLAGS",
    "NVM_DIR",
    "VOLTA_HOME",
    "FNM_DIR",
    "PNPM_HOME",
    "BUN_INSTALL",
    "DENO_DIR",
    "NODE_PATH",
    "NPM_CONFIG_REGISTRY",
    "NPM_CONFIG_CACHE",
    "npm_config_registry",
    "npm_config_cache",
    "PYENV_ROOT",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "PIP_INDEX_URL",
    "PIP_CACHE_DIR",
    "UV_CACHE_DIR",
    "UV_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "UV_PYTHON_INSTALL_DIR",
    "PIPX_HOME",
    "POETRY_HOME",
    "RBENV_ROOT",
    "GEM_HOME",
    "GEM_PATH",
    "BUNDLE_PATH",
    "JAVA_HOME",
    "JDK_HOME",
    "MAVEN_HOME",
    "M2_HOME",
    "GRADLE_HOME",
    "GRADLE_USER_HOME",
    "SDKMAN_DIR",
    "ANDROID_HOME",
    "ANDROID_SDK_ROOT",
    "DOTNET_ROOT",
    "NUGET_PACKAGES",
    "ASDF_DIR",
    "ASDF_DATA_DIR",
    "MISE_DATA_DIR",
    "NIX_PATH",
    "NIX_PROFILES",
    "LD_LIBRARY_PATH",
    "LIBRARY_PATH",
    "CPATH",
    "PKG_CONFIG_PATH",
    "CC",
    "CXX",
    "CFLAGS",
    "CXXFLAGS",
    "LDFLAGS",
    "RUSTFLAGS",
    "RUST_BACKTRACE",
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_JOBS",
    "CARGO_NET_OFFLINE",
    "MAKEFLAGS",
    // How to reach the network.
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "CARGO_HTTP_CAINFO",
    "GIT_SSL_CAINFO",
];

/// Set for every child: no pager, no prompt, no colour, no locks left by looking.
const SET: &[(&str, &str)] = &[
    ("TERM", "dumb"),
    ("NO_COLOR", "1"),
    ("CLICOLOR", "0"),
    ("CARGO_TERM_COLOR", "never"),
    ("CI", "1"),
    ("DEBIAN_FRONTEND", "noninteractive"),
    ("PAGER", "cat"),
    ("GIT_PAGER", "cat"),
    ("MANPAGER", "cat"),
    ("EDITOR", "false"),
    ("VISUAL", "false"),
    ("GIT_EDITOR", "false"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("PIP_NO_INPUT", "1"),
    ("PYTHONUNBUFFERED", "1"),
    ("NPM_CONFIG_UPDATE_NOTIFIER", "false"),
    ("OFFSHOOT", "1"),
];

/// Toolchains that look below the home directory: with a home of its own a child would not find them.
const BELOW_HOME: &[(&str, &str)] = &[
    ("CARGO_HOME", ".cargo"),
    ("RUSTUP_HOME", ".rustup"),
    ("GOPATH", "go"),
    ("GOCACHE", ".cache/go-build"),
    ("NVM_DIR", ".nvm"),
    ("VOLTA_HOME", ".volta"),
    ("BUN_INSTALL", ".bun"),
    ("DENO_DIR", ".cache/deno"),
    ("NPM_CONFIG_CACHE", ".npm"),
    ("PYENV_ROOT", ".pyenv"),
    ("PIP_CACHE_DIR", ".cache/pip"),
    ("UV_CACHE_DIR", ".cache/uv"),
    ("UV_PYTHON_INSTALL_DIR", ".local/share/uv/python"),
    ("RBENV_ROOT", ".rbenv"),
    ("SDKMAN_DIR", ".sdkman"),
    ("GRADLE_USER_HOME", ".gradle"),
    ("NUGET_PACKAGES", ".nuget/packages"),
    ("ASDF_DATA_DIR", ".asdf"),
    ("MISE_DATA_DIR", ".local/share/mise"),
];

/// Directories that package managers write to, by variable and place below it.
const CACHES: &[(&str, &str)] = &[
    ("CARGO_HOME", "registry"),
    ("CARGO_HOME", "git"),
    ("CARGO_HOME", ".package-cache"),
    ("CARGO_HOME", ".package-cache-mutate"),
    ("CARGO_HOME", ".global-cache"),
    ("CARGO_TARGET_DIR", ""),
    ("GOMODCACHE", ""),
    ("GOPATH", "pkg"),
    ("GOCACHE", ""),
    ("DENO_DIR", ""),
    ("NPM_CONFIG_CACHE", ""),
    ("npm_config_cache", ""),
    ("BUN_INSTALL", "install/cache"),
    ("PIP_CACHE_DIR", ""),
    ("UV_CACHE_DIR", ""),
    ("GRADLE_USER_HOME", "caches"),
    ("NUGET_PACKAGES", ""),
];

impl Environment {
    /// Chooses from `parent`, the variables offshoot itself was started with.
    ///
    /// `allow` are names, or globs such as `MY_*`, that may pass in addition; a name that looks like
    /// a secret passes only if it is given exactly. `home` and `tmp` become `HOME` and `TMPDIR`.
    pub fn new<I>(parent: I, allow: &[String], home: &Path, tmp: &Path) -> Self
    where
        I: IntoIterator<Item = (OsString, OsString)>,
    {
        let globs: Vec<GlobMatcher> = allow.iter().filter_map(|name| matcher(name)).collect();
        let mut real_home = None;
        let mut vars = BTreeMap::new();
        for (name, value) in parent {
            if name == "HOME" {
                real_home = Some(PathBuf::from(&value));
            }
            let Some(text) = name.to_str() else { continue };
            let exact = allow.iter().any(|allowed| allowed == text);
            let wanted = passes(text) || globs.iter().any(|glob| glob.is_match(text));
            if exact || wanted && !is_secret(text) && !holds_credentials(&value) {
                vars.insert(name, value);
            }
        }
        for (name, value) in SET {
            if !allow.iter().any(|allowed| allowed == name) {
                vars.insert(name.into(), value.into());
            }
        }
        if let Some(real_home) = &real_home {
            for (name, below) in BELOW_HOME {
                let place = real_home.join(below);
                if !vars.contains_key(OsStr::new(name)) && place.is_dir() {
                    vars.insert(name.into(), place.into());
                }
            }
        }
        if !vars.contains_key(OsStr::new("PATH")) {
            vars.insert("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into());
        }
        vars.insert("HOME".into(), home.into());
        vars.insert("TMPDIR".into(), tmp.into());
        Self { vars, real_home }
    }

    /// Sets one variable, such as the port range of a tab.
    #[must_use]
    pub fn with(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.vars.insert(name.into(), value.into());
        self
    }

    pub fn vars(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.vars.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.vars.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// The names, sorted, for a person to see.
    pub fn names(&self) -> Vec<String> {
        self.vars.keys().map(|name| name.to_string_lossy().into_owned()).collect()
    }

    /// The home directory of the user, which children are not told of.
    pub fn real_home(&self) -> Option<&Path> {
        self.real_home.as_deref()
    }

    /// The caches of package managers that exist: what a sandbox leaves writable by default.
    pub fn cache_dirs(&self) -> Vec<PathBuf> {
        let mut dirs: Vec<PathBuf> = CACHES
            .iter()
            .filter_map(|(name, below)| Some(Path::new(self.get(name)?).join(below)))
            .filter(|dir| dir.is_absolute() && dir.exists())
            .collect();
        dirs.sort();
        dirs.dedup();
        dirs
    }

    /// Finds a program on this environment's `PATH`.
    pub fn find_program(&self, name: &str) -> Option<PathBuf> {
        std::env::split_paths(self.get("PATH")?)
            .filter(|dir| dir.is_absolute())
            .map(|dir| dir.join(name))
            .find(|path| is_executable(path))
    }
}

/// Whether a variable's name says that it holds a secret.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let ends = ["_KEY", "_TOKEN", "_PAT", "_AUTH", "_DSN"].iter().any(|end| name.ends_with(end));
    let holds =
        ["SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL", "APIKEY", "API_KEY", "PRIVATE_KEY"]
            .iter()
            .any(|part| name.contains(part));
    ends || holds || name == "TOKEN" || name.contains("_TOKEN_")
}

/// Whether a value is an address with a password in it, as proxies and package indexes may have.
fn holds_credentials(value: &OsStr) -> bool {
    let value = value.to_string_lossy();
    let Some((_, rest)) = value.split_once("://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    host.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
}

fn passes(name: &str) -> bool {
    PASSED.iter().any(|passed| match passed.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == *passed,
    })
}

fn matcher(name: &str) -> Option<GlobMatcher> {
    Glob::new(name).ok().map(|glob| glob.compile_matcher())
}

fn is_executable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok() && path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent(vars: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        vars.iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    fn environment(vars: &[(&str, &str)], allow: &[&str]) -> Environment {
        let allow: Vec<String> = allow.iter().map(|&name| name.to_owned()).collect();
        Environment::new(parent(vars), &allow, Path::new("/tab/home"), Path::new("/tab/tmp"))
    }

    #[test]
    fn only_listed_variables_pass() {
        let env = environment(
            &[
                ("PATH", "/bin"),
                ("LC_ALL", "C.UTF-8"),
                ("GITHUB_TOKEN", "t"),
                ("ANTHROPIC_API_KEY", "k"),
                ("SSH_AUTH_SOCK", "/run/agent"),
                ("SOMETHING", "else"),
                ("HOME", "/nowhere/me"),
            ],
            &[],
        );
        assert_eq!(env.get("PATH"), Some(OsStr::new("/bin")));
        assert_eq!(env.get("LC_ALL"), Some(OsStr::new("C.UTF-8")));
        assert_eq!(env.get("HOME"), Some(OsStr::new("/tab/home")));
        assert_eq!(env.get("TMPDIR"), Some(OsStr::new("/tab/tmp")));
        assert_eq!(env.get("TERM"), Some(OsStr::new("dumb")));
        for name in ["GITHUB_TOKEN", "ANTHROPIC_API_KEY", "SSH_AUTH_SOCK", "SOMETHING"] {
            assert_eq!(env.get(name), None, "{name}");
        }
        assert!(env.names().contains(&"GIT_TERMINAL_PROMPT".to_owned()));
    }

    #[test]
    fn a_glob_lets_no_secret_through_but_its_name_does() {
        let vars = [("MY_URL", "u"), ("MY_TOKEN", "t"), ("MY_DB_PASSWORD", "p")];
        let env = environment(&vars, &["MY_*"]);
        assert_eq!(env.get("MY_URL"), Some(OsStr::new("u")));
        assert_eq!(env.get("MY_TOKEN"), None);
        assert_eq!(env.get("MY_DB_PASSWORD"), None);
        let env = environment(&vars, &["MY_TOKEN"]);
        assert_eq!(env.get("MY_TOKEN"), Some(OsStr::new("t")));
        assert_eq!(env.get("MY_URL"), None);
    }

    #[test]
    fn an_address_with_a_password_does_not_pass() {
        let env = environment(
            &[
                ("HTTPS_PROXY", "http://me:pw@proxy:3128"),
                ("HTTP_PROXY", "http://proxy:3128"),
                ("PIP_INDEX_URL", "https://token:x@example.org/simple"),
            ],
            &[],
        );
        assert_eq!(env.get("HTTPS_PROXY"), None);
        assert_eq!(env.get("PIP_INDEX_URL"), None);
        assert!(env.get("HTTP_PROXY").is_some());
    }

    #[test]
    fn toolchains_are_found_below_the_real_home() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join(".cargo/registry")).unwrap();
        let env = environment(&[("HOME", home.path().to_str().unwrap())], &[]);
        let cargo = home.path().join(".cargo");
        assert_eq!(env.get("CARGO_HOME"), Some(cargo.as_os_str()));
        assert_eq!(env.get("RUSTUP_HOME"), None, "what does not exist is not named");
        assert_eq!(env.cache_dirs(), [cargo.join("registry")]);
        assert_eq!(env.real_home(), Some(home.path()));
    }

    #[test]
    fn a_configured_name_overrides_what_is_set() {
        let env = environment(&[("CI", "false")], &["CI"]);
        assert_eq!(env.get("CI"), Some(OsStr::new("false")));
        assert_eq!(environment(&[("CI", "false")], &[]).get("CI"), Some(OsStr::new("1")));
    }
}
