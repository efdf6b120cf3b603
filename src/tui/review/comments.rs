//! What the reader has to say about files and lines, and the prompt that tells an agent. Where comments
//! are shown is decided by `slots`.

use super::model::Side;
use super::prepared::File;
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

/// Of more lines, only the first are quoted.
const MOST_QUOTED: usize = 60;

impl Target {
    /// `12` or `12-14`, counted from 1; nothing for a whole file.
    pub(super) fn lines(&self) -> String {
        match *self {
            Self::File => String::new(),
            Self::Lines { first, last, .. } if first == last => format!("{}", first + 1),
            Self::Lines { first, last, .. } => format!("{}-{}", first + 1, last + 1),
        }
    }

    /// Where it stands among the comments of a file.
    fn order(&self) -> (usize, Side, usize) {
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

    fn quoted(&self, file: &File) -> String {
        let place = match self.target {
            Target::File => format!("`{}`", file.path),
            Target::Lines { side: Side::New, .. } => format!("`{}:{}`", file.path, self.target.lines()),
            Target::Lines { side: Side::Old, .. } => {
                let path = file.old_path.as_ref().unwrap_or(&file.path);
                format!("`{path}:{}`, as it was before the change", self.target.lines())
            }
        };
        let (Target::Lines { side, first, last }, Some(text)) = (self.target, file.text()) else {
            return place;
        };
        let lines = if side == Side::Old { &text.old } else { &text.new };
        let quoted = (first..=last).take(MOST_QUOTED);
        let mut quote: String = quoted.flat_map(|line| [lines.get(line), "\n"]).collect();
        let left = (last + 1 - first).saturating_sub(MOST_QUOTED);
        if left > 0 {
            quote.push_str(&format!("… and {left} more lines\n"));
        }
        let fence = "`".repeat(longest_run(&quote, '`').max(2) + 1);
        format!("{place}\n\n{fence}\n{quote}{fence}")
    }
}

/// All comments as one prompt, in the order of the files; empty when there are none.
pub fn prompt(comments: &[Comment], file: impl Fn(usize) -> Option<std::sync::Arc<File>>) -> String {
    let mut sorted: Vec<&Comment> = comments.iter().collect();
    sorted.sort_by_key(|comment| (comment.file, comment.target.order(), comment.id));
    let opening = match sorted.len() {
        0 => return String::new(),
        1 => "I have reviewed your changes and have one comment. Please see to it.".to_owned(),
        many => format!("I have reviewed your changes and have {many} comments. Please see to each of them."),
    };
    let mut prompt = opening;
    for (number, comment) in sorted.into_iter().enumerate() {
        let Some(file) = file(comment.file) else { continue };
        let quoted = comment.quoted(&file);
        prompt.push_str(&format!("\n\n## {}. {quoted}\n\n{}", number + 1, comment.text.trim()));
    }
    prompt.push('\n');
    prompt
}

fn longest_run(text: &str, of: char) -> usize {
    text.split(|character| character != of).map(str::len).max().unwrap_or(0)
}
