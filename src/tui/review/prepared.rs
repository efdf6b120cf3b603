//! The files of a review made ready to be shown: lines aligned and counted, and, file by file and later,
//! code highlighted. All of it is meant for a background thread; nothing here knows the state of a screen.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::time::Instant;

use super::align::{Block, Compare, Text};
use super::lines::Lines;
use super::model::{Body, Change, Counts, FileDiff};
use super::shown::shown;
use super::verdicts::{Key, Keys};
use crate::tui::highlight::{Highlighter, Language};
use crate::tui::look::Look;

/// What a review opens with.
#[derive(Debug)]
pub struct Prepared {
    pub(super) files: Vec<Arc<File>>,
}

impl Prepared {
    /// Aligns the lines of all files. Past the deadline the rest is aligned more roughly.
    pub fn align(files: Vec<FileDiff>, deadline: Option<Instant>) -> Self {
        Self { files: files.into_iter().map(|file| Arc::new(File::align(file, deadline))).collect() }
    }
}

/// A file of the review, aligned.
#[derive(Debug)]
pub struct File {
    pub path: String,
    pub old_path: Option<String>,
    pub kind: Change,
    pub old_mode: Option<u32>,
    pub new_mode: Option<u32>,
    pub content: Content,
    pub counts: Counts,
    /// What can be judged by itself: each run of changed lines; of a file without lines, all of it.
    pub parts: Vec<Part>,
}

#[derive(Debug)]
pub struct Part {
    /// Which block of its text.
    pub block: Option<usize>,
    pub key: Key,
}

#[derive(Debug)]
pub enum Content {
    Text(Text),
    Binary { old_bytes: u64, new_bytes: u64 },
    TooLarge { old_bytes: u64, new_bytes: u64 },
    Submodule { old: Option<String>, new: Option<String> },
}

impl File {
    fn align(file: FileDiff, deadline: Option<Instant>) -> Self {
        let FileDiff { path, old_path, kind, old_mode, new_mode, body } = file;
        let content = match body {
            Body::Text { old, new } => Content::Text(Text::align(old, new, Compare::Readably, deadline)),
            Body::Binary { old_bytes, new_bytes } => Content::Binary { old_bytes, new_bytes },
            Body::TooLarge { old_bytes, new_bytes } => Content::TooLarge { old_bytes, new_bytes },
            Body::Submodule { old, new } => Content::Submodule { old, new },
            Body::None => Content::Text(Text::align(String::new(), String::new(), Compare::Readably, None)),
        };
        let counts = match &content {
            Content::Text(text) => text.counts(),
            _ => Counts::default(),
        };
        let parts = parts(&path, &content, (old_path.as_deref(), old_mode, new_mode));
        Self { path, old_path, kind, old_mode, new_mode, content, counts, parts }
    }

    pub fn text(&self) -> Option<&Text> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The mode before and after, where it is another.
    pub fn mode_change(&self) -> Option<(u32, u32)> {
        self.old_mode.zip(self.new_mode).filter(|(old, new)| old != new)
    }
}

fn parts(path: &str, content: &Content, others: (Option<&str>, Option<u32>, Option<u32>)) -> Vec<Part> {
    let mut keys = Keys::of(path);
    let mut parts = Vec::new();
    if let Content::Text(text) = content {
        for (at, block) in text.blocks.iter().enumerate() {
            if let Block::Changed { old, new, .. } = block {
                let lines = |range: &Range<usize>, of| -> Vec<&str> {
                    range.clone().map(|line| Lines::get(of, line)).collect()
                };
                let key = keys.next(&(lines(old, &text.old), lines(new, &text.new)));
                parts.push(Part { block: Some(at), key });
            }
        }
    }
    if parts.is_empty() {
        let what = match content {
            Content::Text(_) => format!("{others:?}"),
            other => format!("{others:?} {other:?}"),
        };
        parts.push(Part { block: None, key: keys.next(&what) });
    }
    parts
}

/// A file whose code is still to be highlighted, to be sent to another thread.
#[derive(Debug)]
pub struct Undressed {
    pub(super) index: usize,
    pub(super) file: Arc<File>,
}

/// The looks of some more lines of a file, to be handed back to the review.
#[derive(Debug)]
pub struct Dressed {
    pub(super) index: usize,
    pub(super) old: Spans,
    pub(super) new: Spans,
}

/// For each line, what its parts look like: their lengths in bytes of the shown line, in order. Lines
/// and ends of lines that are not there look like plain text.
#[derive(Debug, Default)]
pub(super) struct Spans(Vec<Vec<(usize, Look)>>);

/// A large file takes seconds, and its reader should not wait for all of it.
const LINES_AT_ONCE: usize = 500;

impl Undressed {
    /// Highlights the file from its start, since how a line looks may depend on any line before it, and
    /// tells the looks of some lines after the other, until `tell` breaks.
    pub fn dress(self, mut tell: impl FnMut(Dressed) -> ControlFlow<()>) {
        let Self { index, file } = self;
        let Content::Text(text) = &file.content else { return };
        let old_path = file.old_path.as_deref().unwrap_or(&file.path);
        let mut old = Dresser::of(old_path, &text.old);
        let mut new = Dresser::of(&file.path, &text.new);
        while !(old.is_done() && new.is_done()) {
            let dressed = Dressed { index, old: old.go_on(), new: new.go_on() };
            if tell(dressed).is_break() {
                return;
            }
        }
    }
}

/// Highlights one side.
struct Dresser<'a> {
    lines: &'a Lines,
    next: usize,
    /// `None` when the language is not known.
    highlighter: Option<Highlighter>,
}

impl<'a> Dresser<'a> {
    fn of(path: &str, lines: &'a Lines) -> Self {
        let language = Language::of_file(path, lines.get(0));
        let highlighter = (!language.is_plain()).then(|| Highlighter::new(&language));
        Self { lines, next: 0, highlighter }
    }

    fn is_done(&self) -> bool {
        self.highlighter.is_none() || self.next >= self.lines.len()
    }

    fn go_on(&mut self) -> Spans {
        let Some(highlighter) = &mut self.highlighter else { return Spans::default() };
        let end = (self.next + LINES_AT_ONCE).min(self.lines.len());
        let lines = (self.next..end).map(|line| {
            let pieces = highlighter.line(&shown(self.lines.get(line)));
            pieces.into_iter().map(|piece| (piece.text.len(), piece.look)).collect()
        });
        let spans = Spans(lines.collect());
        self.next = end;
        spans
    }
}

impl Spans {
    pub fn line(&self, line: usize) -> &[(usize, Look)] {
        self.0.get(line).map_or(&[], Vec::as_slice)
    }

    pub fn append(&mut self, more: Self) {
        self.0.extend(more.0);
    }
}
