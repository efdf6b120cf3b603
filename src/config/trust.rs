//! Which repositories the user trusts to set commands, endpoints and permissions. Trust is for the
//! project file as it was read: when it changes, it is asked for again.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Paths, PathsError};

/// The trusted repositories, kept in `trust.json` in the state directory.
#[derive(Debug, Clone)]
pub struct Trust {
    file: PathBuf,
    known: Known,
}

/// The file: digests of project files by the canonical path of their repository.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Known {
    version: u32,
    repositories: BTreeMap<PathBuf, String>,
}

#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Paths(#[from] PathsError),
}

impl TrustError {
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Read { .. } => "there has to be an .offshoot/config.toml to trust",
            Self::Write { .. } => "check permissions and free space of the state directory",
            Self::Paths(error) => error.hint(),
        }
    }
}

impl Trust {
    /// Reads the list. One that is missing or damaged trusts nothing.
    pub fn open(paths: &Paths) -> Self {
        let file = paths.state.join("trust.json");
        let known = std::fs::read(&file)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_else(|| Known { version: 1, ..Known::default() });
        Self { file, known }
    }

    /// Whether this text, as the project file of the repository at `root`, is trusted.
    pub fn covers(&self, root: &Path, text: &str) -> bool {
        let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        self.known.repositories.get(&root).is_some_and(|known| *known == digest(text))
    }

    /// Whether the repository's project file is trusted as it stands now.
    pub fn is_trusted(&self, root: &Path) -> bool {
        std::fs::read_to_string(project_file(root)).is_ok_and(|text| self.covers(root, &text))
    }

    /// Trusts the repository's project file as it stands now.
    pub fn trust(&mut self, root: &Path) -> Result<(), TrustError> {
        let path = project_file(root);
        let read = |source| TrustError::Read { path: path.clone(), source };
        let text = std::fs::read_to_string(&path).map_err(read)?;
        let root = root.canonicalize().map_err(read)?;
        self.change(|known| {
            known.insert(root, digest(&text));
        })
    }

    /// Takes the trust back.
    pub fn distrust(&mut self, root: &Path) -> Result<(), TrustError> {
        let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        self.change(|known| {
            known.remove(&root);
        })
    }

    fn change(&mut self, change: impl FnOnce(&mut BTreeMap<PathBuf, String>)) -> Result<(), TrustError> {
        let dir = self.file.parent().unwrap_or(Path::new("."));
        Paths::create(dir)?;
        let write = |source| TrustError::Write { path: self.file.clone(), source };
        // What another process added meanwhile is kept.
        let lock = std::fs::File::create(self.file.with_extension("lock")).map_err(write)?;
        lock.lock().map_err(write)?;
        if let Some(known) = std::fs::read(&self.file).ok().and_then(|b| serde_json::from_slice(&b).ok()) {
            self.known = known;
        }
        change(&mut self.known.repositories);
        let text = serde_json::to_vec_pretty(&self.known).map_err(io::Error::other).map_err(write)?;
        let mut new = tempfile::NamedTempFile::new_in(dir).map_err(write)?;
        io::Write::write_all(&mut new, &text).map_err(write)?;
        new.persist(&self.file).map_err(|error| write(error.error))?;
        Ok(())
    }
}

fn project_file(root: &Path) -> PathBuf {
    root.join(".offshoot").join("config.toml")
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold(String::from("sha256:"), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
