//! Differences as tests write them.

use crate::tui::message::Shown;
use crate::tui::review::{Body, Change, FileDiff, Prepared};

/// A file with these texts; one that was not there had none.
pub fn file(path: &str, old: &str, new: &str) -> FileDiff {
    FileDiff {
        path: path.to_owned(),
        old_path: None,
        kind: if old.is_empty() { Change::Added } else { Change::Modified },
        old_mode: Some(0o100_644).filter(|_| !old.is_empty()),
        new_mode: Some(0o100_644),
        body: Body::Text { old: old.to_owned(), new: new.to_owned() },
    }
}

/// As it is handed to the screen.
pub fn shown(files: Vec<FileDiff>) -> Shown {
    Shown { prepared: Prepared::align(files, None), from: Some("1".repeat(40)), to: "2".repeat(40) }
}
