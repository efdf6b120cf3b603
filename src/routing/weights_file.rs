//! Weights fitted to the ledger, on disk: `weights.json` in the state directory. A format of its own, versioned.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::weights::{KINDS, Weights};
use crate::config::{Paths, PathsError, TEMPORARY_PREFIX, WeightsChoice};

/// The layout of the file.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    /// When they were fitted: RFC 3339, UTC.
    date: String,
    /// To how many outcomes.
    outcomes: usize,
    prior: f64,
    weights: BTreeMap<String, f64>,
}

/// Fitted weights cannot be used or kept; those that came with the program hold.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}: {what}", path.display())]
    Format { path: PathBuf, what: String },
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot write the weights: {0}")]
    Directory(#[from] PathsError),
}

impl WeightsError {
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Format { .. } => {
                "`offshoot ledger calibrate --refit` makes it anew; without the file the weights of the program hold"
            }
            Self::Read { .. } | Self::Write { .. } | Self::Directory(_) => {
                "check its permissions, or set router.weights = \"default\""
            }
        }
    }
}

impl Weights {
    /// The weights that the settings mean: fitted ones where there are any, else those of the program. With the reason
    /// why a file that is there is not used.
    pub fn in_force(choice: WeightsChoice, paths: &Paths) -> (Self, Option<WeightsError>) {
        match choice {
            WeightsChoice::Default => (Self::default(), None),
            WeightsChoice::Auto => match Self::load(&paths.weights_file()) {
                Ok(weights) => (weights.unwrap_or_default(), None),
                Err(error) => (Self::default(), Some(error)),
            },
        }
    }

    /// `None` when there is no such file.
    ///
    /// # Errors
    /// When it cannot be read, or is not a table of weights of this version.
    pub fn load(path: &Path) -> Result<Option<Self>, WeightsError> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(WeightsError::Read { path: path.to_owned(), source }),
        };
        let wrong = |what: String| WeightsError::Format { path: path.to_owned(), what };
        let file: File = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
        if file.version != VERSION {
            return Err(wrong(format!("version {} is not known here", file.version)));
        }
        if !(file.prior > 0.0 && file.prior < 1.0) {
            return Err(wrong(format!("the prior {} is not between 0 and 1", file.prior)));
        }
        for (name, weight) in &file.weights {
            if !KINDS.iter().any(|kind| kind.name == name) {
                return Err(wrong(format!("there is no signal \"{name}\"")));
            }
            if *weight < 0.0 {
                return Err(wrong(format!("the weight of {name} is below zero")));
            }
        }
        Ok(Some(Self { prior: file.prior, weights: file.weights }))
    }

    /// Puts them in the place of what was there, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, path: &Path, outcomes: usize) -> Result<(), WeightsError> {
        let file = File {
            version: VERSION,
            date: crate::ledger::now(),
            outcomes,
            prior: self.prior,
            weights: self.weights.clone(),
        };
        let folder = path.parent().unwrap_or(Path::new("."));
        Paths::create(folder)?;
        let write = || -> io::Result<()> {
            let mut temporary = tempfile::Builder::new().prefix(TEMPORARY_PREFIX).tempfile_in(folder)?;
            serde_json::to_writer_pretty(&mut temporary, &file)?;
            temporary.write_all(b"\n")?;
            temporary.persist(path)?;
            Ok(())
        };
        write().map_err(|source| WeightsError::Write { path: path.to_owned(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_come_back_as_they_were_saved() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/weights.json");
        assert_eq!(Weights::load(&path).unwrap(), None);
        let weights = Weights { prior: 0.6, weights: [("edits".to_owned(), 7.25)].into() };
        weights.save(&path, 61).unwrap();
        assert_eq!(Weights::load(&path).unwrap(), Some(weights));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("\"version\": 1") && text.contains("\"outcomes\": 61"), "{text}");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_not_one_is_told_of_and_not_used() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths {
            config: dir.path().into(),
            data: dir.path().into(),
            state: dir.path().into(),
            cache: dir.path().into(),
        };
        let file = |prior: &str, weights: &str| {
            format!(r#"{{"version":1,"date":"d","outcomes":50,"prior":{prior},"weights":{weights}}}"#)
        };
        for (text, what) in [
            ("{".to_owned(), "EOF"),
            (file("0.5", "{}").replace(":1,", ":2,"), "version 2 is not known here"),
            (file("1", "{}"), "the prior 1 is not between 0 and 1"),
            (file("0.5", r#"{"edits":-1}"#), "the weight of edits is below zero"),
            (file("0.5", r#"{"edist":1}"#), "there is no signal \"edist\""),
        ] {
            std::fs::write(paths.weights_file(), text).unwrap();
            let (weights, error) = Weights::in_force(WeightsChoice::Auto, &paths);
            let error = error.unwrap().to_string();
            assert_eq!(weights, Weights::default());
            assert!(error.contains("weights.json: ") && error.contains(what), "{error}");
            assert!(Weights::in_force(WeightsChoice::Default, &paths).1.is_none());
        }
    }
}
