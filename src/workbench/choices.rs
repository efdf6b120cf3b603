//! What the user was asked once about a repository, remembered in the state directory.

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Place, Uncommitted};
use crate::config::Paths;

/// The answers, as they are kept on disk.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Choices {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uncommitted: Option<Uncommitted>,
}

impl Place {
    /// What the user said becomes of uncommitted work here; `None` when they were never asked.
    pub fn remembered_uncommitted(&self) -> Option<Uncommitted> {
        let text = fs::read_to_string(self.choices_file()).ok()?;
        toml::from_str::<Choices>(&text).ok()?.uncommitted
    }

    /// Keeps the answer. When that fails, the user is asked again next time.
    pub fn remember_uncommitted(&self, what: Uncommitted) {
        let file = self.choices_file();
        let choices = Choices { uncommitted: Some(what) };
        if let (Some(folder), Ok(text)) = (file.parent(), toml::to_string(&choices))
            && Paths::create(folder).is_ok()
        {
            let _ = fs::write(&file, text);
        }
    }

    fn choices_file(&self) -> PathBuf {
        self.base.paths().state.join("repositories").join(format!("{}.toml", self.repo.folder_name()))
    }
}
