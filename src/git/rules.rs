//! Which new files are kept out of commits though no ignore rule names them.

use std::fs;
use std::path::{Path, PathBuf};

/// A file that was seen and not taken into a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Relative to the top of the work tree.
    pub path: PathBuf,
    pub why: Why,
}

/// Why a file was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Its name or content is that of a key or a password.
    Secret,
    /// It is new and larger than the limit.
    TooLarge { bytes: u64 },
    /// So much is new that the rest was left.
    TooMuch,
    /// A repository of its own lies there.
    NestedRepository,
    /// Files changed inside a submodule; only its commit can be recorded.
    SubmoduleChanged,
    /// It came from what the user's checkout has ignored, or lies in such a folder.
    Provided,
}

impl std::fmt::Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.why)
    }
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Secret => f.write_str("it looks like a secret"),
            Self::TooLarge { bytes } => write!(f, "it is new and has {} MB", bytes / 1_000_000),
            Self::TooMuch => f.write_str("too much is new"),
            Self::NestedRepository => f.write_str("it is a repository of its own"),
            Self::SubmoduleChanged => f.write_str(
                "it changed inside a submodule, of which only the commit is recorded: commit the change there",
            ),
            Self::Provided => f.write_str("it lies in what was copied from what your checkout has ignored"),
        }
    }
}

/// Limits for files that git does not track yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub secrets: Secrets,
    /// Bytes of one file.
    pub largest: u64,
    /// Bytes of all new files together.
    pub total: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrets {
    /// Left out wherever they are found.
    Never,
    /// Taken when named, left out when merely found.
    WhenNamed,
}

impl Rules {
    /// For a step: what the agent made is its work, unless it is huge.
    pub const STEP: Self = Self { secrets: Secrets::WhenNamed, largest: 50_000_000, total: 1_000_000_000 };
    /// For what lies around in the user's checkout.
    pub const SNAPSHOT: Self = Self { secrets: Secrets::Never, largest: 10_000_000, total: 200_000_000 };
}

/// Whether a file is a likely place of keys or passwords.
pub(super) fn looks_secret(top: &Path, path: &Path) -> bool {
    let Some(name) = path.file_name().map(|n| n.to_string_lossy().to_ascii_lowercase()) else { return false };
    let is_sample = ["example", "sample", "template", "dist"].iter().any(|end| name.ends_with(end));
    let starts = |with: &[&str]| with.iter().any(|w| name.starts_with(w));
    let ends = |with: &[&str]| with.iter().any(|w| name.ends_with(w));
    if name == ".env" || name.starts_with(".env.") || name == ".envrc" {
        return !is_sample;
    }
    if name == ".npmrc" || name == ".yarnrc.yml" || name == "pip.conf" {
        let text = fs::read_to_string(top.join(path)).unwrap_or_default().to_ascii_lowercase();
        return ["token", "password", "_auth", "://"].iter().any(|w| text.contains(w));
    }
    let key_file = starts(&["id_rsa", "id_ed25519", "id_ecdsa", "id_dsa"]) && !ends(&[".pub"]);
    let store = starts(&["credentials", ".netrc", "_netrc", ".pypirc", ".git-credentials", ".htpasswd"]);
    let is_source = ends(&[".rs", ".py", ".go", ".ts", ".js", ".java", ".rb", ".md"]);
    let keyring = ends(&[".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk"]);
    !is_sample && (key_file || keyring || (store && !is_source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known() {
        let top = Path::new("/nowhere");
        for name in
            [".env", "a/.env.local", "server.PEM", "id_rsa", "x/id_ed25519", "credentials.json", ".netrc"]
        {
            assert!(looks_secret(top, Path::new(name)), "{name}");
        }
        for name in [".env.example", "id_rsa.pub", "credentials.rs", "monkey.rs", ".npmrc", "environment.md"]
        {
            assert!(!looks_secret(top, Path::new(name)), "{name}");
        }
    }
}
