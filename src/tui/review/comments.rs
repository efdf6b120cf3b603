//! What the reader has to say about files and lines of a review. Where comments are shown is decided by `slots`;
//! the prompt that tells an agent, and how they outlive the review, by `remarks`.

use super::model::Side;
use crate::tui::look::{Piece, Role};
use crate::tui::wrap::{clean, fold};

/// Names a comment of a review, for as long as the review is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommentId(pub(super) usize);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    pub id: CommentId,
    /// Which file of the review.
    pub file: usize,
    pub target: Target,
    pub text: String,
}

/// What a comment is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    File,
    /// Counted from 0, both included.
    Lines {
        side: Side,
        first: usize,
        last: usize,
    },
}

impl Target {
    /// `12` or `12-14`, counted from 1; nothing for a whole file.
    pub(super) fn lines(&self) -> String {
        match *self {
            Self::File => String::new(),
            Self::Lines { first, last, .. } if first == last => format!("{}", first + 1),
            Self::Lines { first, last, .. } => format!("{}-{}", first + 1, last + 1),
        }
    }

    /// How many lines; none of a whole file.
    pub(super) fn len(&self) -> usize {
        match *self {
            Self::File => 0,
            Self::Lines { first, last, .. } => last + 1 - first,
        }
    }

    /// Where it stands among the comments of a file.
    pub(super) fn order(&self) -> (usize, Side, usize) {
        match *self {
            Self::File => (0, Side::Old, 0),
            Self::Lines { side, first, last } => (last + 1, side, first),
        }
    }
}

impl Comment {
    /// The rows that it is shown in: the lines it is about, where there are several, and its words.
    pub fn rows(&self, width: usize) -> Vec<String> {
        let mut rows = Vec::new();
        match self.target {
            Target::Lines { side: Side::Old, first, last } if first < last => {
                rows.push(format!("On the old lines {}", self.target.lines()));
            }
            Target::Lines { side: Side::New, first, last } if first < last => {
                rows.push(format!("On lines {}", self.target.lines()));
            }
            _ => {}
        }
        for line in self.text.lines() {
            let piece = Piece::new(clean(line), Role::Comment);
            for row in fold(&[piece], width.max(1)) {
                rows.push(row.into_iter().map(|piece| piece.text).collect());
            }
        }
        rows
    }
}
