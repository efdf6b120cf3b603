//! What an agent can do in a worktree. Each tool is a file with `spec` and `run`; this one is the
//! table of them. Tools know nothing of agents, models or git.

pub mod output;
pub mod shell;

use std::path::PathBuf;

use crate::chat::Part;

/// What a tool gave back.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolOutput {
    /// For the model: text and image parts, already capped.
    pub content: Vec<Part>,
    pub is_error: bool,
    /// For a person: one line, such as `src/main.rs +3 -1`.
    pub summary: String,
    pub touched: Touched,
}

/// Which files a tool may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Touched {
    Nothing,
    /// These and no others, relative to the worktree.
    Paths(Vec<PathBuf>),
    /// Anything: the worktree has to be scanned.
    Unknown,
}

impl ToolOutput {
    /// A success that changed no file.
    pub fn ok(text: impl Into<String>, summary: impl Into<String>) -> Self {
        Self {
            content: vec![Part::Text(text.into())],
            is_error: false,
            summary: summary.into(),
            touched: Touched::Nothing,
        }
    }

    /// A failure that changed no file; its first line is the summary.
    pub fn error(text: impl Into<String>) -> Self {
        let text = text.into();
        let summary = text.lines().next().unwrap_or_default().to_owned();
        Self { content: vec![Part::Text(text)], is_error: true, summary, touched: Touched::Nothing }
    }
}
