//! What the user chose on the screen and finds again at the next start: a file in the state directory,
//! beside the settings, which win where they say something.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The choices. What is not in the file was not chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Remembered {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<String>,
}

/// Where they are kept.
#[derive(Debug, Clone)]
pub struct RememberedFile(PathBuf);

impl RememberedFile {
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// A file that cannot be read holds nothing.
    pub fn read(&self) -> Remembered {
        let text = std::fs::read_to_string(&self.0).unwrap_or_default();
        toml::from_str(&text).unwrap_or_default()
    }

    /// Replaces the file whole. A choice that cannot be kept holds until the end of the program.
    pub fn write(&self, choices: &Remembered) {
        let Ok(text) = toml::to_string(choices) else { return };
        let Some(folder) = self.0.parent() else { return };
        let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
            std::io::Write::write_all(&mut file, text.as_bytes())?;
            file.persist(&self.0).map_err(|error| error.error)
        });
        if let Err(error) = written {
            tracing::warn!(%error, "a choice is not kept");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_found_again_and_a_broken_file_holds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = RememberedFile::new(folder.path().join("screen.toml"));
        assert_eq!(file.read(), Remembered::default());
        let choices = Remembered { theme: Some("moss".to_owned()) };
        file.write(&choices);
        assert_eq!(file.read(), choices);
        std::fs::write(folder.path().join("screen.toml"), "theme = [").unwrap();
        assert_eq!(file.read(), Remembered::default());
    }
}
