//! What a review says of a file in words: that it is binary, empty, only renamed. Lines that changed
//! speak for themselves.

use super::align::{Endings, Text};
use super::lines::Ending;
use super::model::{Change, mode_name, size_name};
use super::prepared::{Content, File};

impl File {
    /// Each a row below the file's header.
    pub fn notes(&self) -> Vec<String> {
        match &self.content {
            Content::Text(text) => self.text_notes(text),
            Content::Binary { old_bytes, new_bytes } => {
                vec![format!("Binary file, {}", self.sizes(*old_bytes, *new_bytes))]
            }
            Content::TooLarge { old_bytes, new_bytes } => {
                vec![format!("Too large to show, {}", self.sizes(*old_bytes, *new_bytes))]
            }
            Content::Submodule { old, new } => {
                let commit = |commit: &Option<String>| {
                    commit.as_ref().map_or("nothing".to_owned(), |id| id.chars().take(12).collect())
                };
                vec![format!("Submodule, {} → {}", commit(old), commit(new))]
            }
        }
    }

    fn sizes(&self, old: u64, new: u64) -> String {
        match self.kind {
            Change::Added => size_name(new),
            Change::Deleted => size_name(old),
            _ if old == new => format!("still {}", size_name(new)),
            _ => format!("{} → {}", size_name(old), size_name(new)),
        }
    }

    fn text_notes(&self, text: &Text) -> Vec<String> {
        let changed = self.counts.insertions + self.counts.deletions > 0;
        if let Endings::Converted { from, to } = text.endings {
            let only = if changed { "Line endings:" } else { "Only the line endings changed:" };
            return vec![format!("{only} {} → {}", ending_name(from), ending_name(to))];
        }
        if changed {
            return Vec::new();
        }
        let note = match (self.kind, self.mode_change()) {
            (Change::Added, _) => "The new file is empty".to_owned(),
            (Change::Deleted, _) => "The file was empty".to_owned(),
            (Change::Renamed, None) => "Renamed, nothing else changed".to_owned(),
            (Change::Renamed, Some(modes)) => format!("Renamed, and the mode changed: {}", mode_names(modes)),
            (_, Some(modes)) => format!("Only the mode changed: {}", mode_names(modes)),
            (_, None) => "The text did not change".to_owned(),
        };
        vec![note]
    }
}

/// `644 → 755`
pub fn mode_names((old, new): (u32, u32)) -> String {
    format!("{} → {}", mode_name(old), mode_name(new))
}

fn ending_name(ending: Ending) -> &'static str {
    match ending {
        Ending::Lf => "LF",
        Ending::CrLf => "CRLF",
        Ending::Missing => "none",
    }
}
