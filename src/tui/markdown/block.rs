//! A part of a message that is laid out apart from the others.

use std::borrow::Cow;
use std::ops::Range;

use super::line::{self, Fence};
use crate::tui::highlight::Language;

/// Some whole lines of a message. The sources of all its blocks, one behind the other, are the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    pub(super) source: String,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Everything but fenced code at the margin.
    Prose,
    Code(Fenced),
}

/// A fenced code, or a piece of a long one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fenced {
    pub fence: Fence,
    pub language: Language,
    pub continues: bool,
    /// Where in the source the code is, without its fences.
    pub text: Range<usize>,
}

/// What a block of code holds.
#[derive(Debug, Clone, Copy)]
pub struct Code<'a> {
    block: &'a Block,
    fenced: &'a Fenced,
}

/// Whether a blank row belongs between two blocks of a message. A heading stands close to its text.
pub fn wants_gap(above: &Block, below: &Block) -> bool {
    match &below.kind {
        _ if line::is_blank(&above.source) || line::is_blank(&below.source) => false,
        Kind::Code(fenced) => !fenced.continues,
        Kind::Prose => !above.ends_with_heading() || below.source.trim_start().starts_with(['|', '>', '#']),
    }
}

impl Block {
    /// Its lines of the message, blank lines behind it included.
    pub fn source(&self) -> &str {
        &self.source
    }

    pub fn code(&self) -> Option<Code<'_>> {
        match &self.kind {
            Kind::Prose => None,
            Kind::Code(fenced) => Some(Code { block: self, fenced }),
        }
    }

    /// It holds code, fenced at its margin or within a list or a quote, so that highlighting is worth it.
    pub fn has_code(&self) -> bool {
        self.code().is_some() || self.source.contains("```") || self.source.contains("~~~")
    }

    fn ends_with_heading(&self) -> bool {
        let mut lines = self.source.lines().rev().skip_while(|line| line::is_blank(line));
        let last = lines.next().unwrap_or_default();
        let is_text_above = lines.next().is_some_and(|line| !line::is_blank(line));
        self.kind == Kind::Prose && (line::is_heading(last) || line::is_underline(last) && is_text_above)
    }
}

impl<'a> Code<'a> {
    pub fn language(self) -> &'a Language {
        &self.fenced.language
    }

    /// It is a further piece of the code in the block before.
    pub fn continues(self) -> bool {
        self.fenced.continues
    }

    /// The code without its fences, and without the indent of the fence.
    pub fn text(self) -> Cow<'a, str> {
        let text = &self.block.source[self.fenced.text.clone()];
        if self.fenced.fence.indent == 0 {
            return Cow::Borrowed(text);
        }
        let outdented = |line: &'a str| {
            let blanks = line.bytes().take(self.fenced.fence.indent).take_while(|byte| *byte == b' ').count();
            &line[blanks..]
        };
        Cow::Owned(text.split_inclusive('\n').map(outdented).collect())
    }
}
