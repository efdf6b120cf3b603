//! What somebody who reviewed changes has to say about them, as one prompt for the agent that made them.

use super::words::{fenced, quoted};

/// A comment, with the lines that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    pub path: String,
    pub about: About,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The file as a whole.
    File,
    /// Lines, counted from 1, both included.
    Lines {
        first: usize,
        last: usize,
        /// As they were before the change.
        is_old: bool,
        /// As they stand there; of many, the first are enough.
        quote: Vec<String>,
    },
}

/// Of more lines, only the first are quoted.
pub const MOST_QUOTED: usize = 60;

/// All comments as one prompt, in the order in which they are given; empty when there are none.
pub fn prompt(comments: &[Comment]) -> String {
    let mut prompt = match comments.len() {
        0 => return String::new(),
        1 => "I have reviewed your changes and have one comment. Please see to it.".to_owned(),
        many => format!("I have reviewed your changes and have {many} comments. Please see to each of them."),
    };
    for (number, comment) in comments.iter().enumerate() {
        prompt.push_str(&format!("\n\n## {}. {}\n\n{}", number + 1, comment.quoted(), comment.text.trim()));
    }
    prompt.push('\n');
    prompt
}

impl Comment {
    fn quoted(&self) -> String {
        let About::Lines { first, last, is_old, quote } = &self.about else { return quoted(&self.path) };
        let range = if first == last { first.to_string() } else { format!("{first}-{last}") };
        let mut place = quoted(&format!("{}:{range}", self.path));
        if *is_old {
            place.push_str(", as it was before the change");
        }
        let mut text: String =
            quote.iter().take(MOST_QUOTED).flat_map(|line| [line.as_str(), "\n"]).collect();
        let left = (last + 1 - first).saturating_sub(MOST_QUOTED);
        if left > 0 {
            text.push_str(&format!("… and {left} more lines\n"));
        }
        format!("{place}\n\n{}", fenced(&text, ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_quotes_lines_in_a_fence_that_they_do_not_end() {
        let lines = |first, last, quote: &[&str]| About::Lines {
            first,
            last,
            is_old: false,
            quote: quote.iter().map(|line| (*line).to_owned()).collect(),
        };
        let comment = |path: &str, about, text: &str| Comment { path: path.into(), about, text: text.into() };
        let many = vec!["x"; 70];
        let all = [
            comment("a.md", lines(3, 4, &["```", "code"]), "Why?\n"),
            comment("b", About::File, "Two files?"),
            comment("c", lines(1, 70, &many), "Long."),
        ];
        let text = prompt(&all);
        assert!(
            text.contains("## 1. `a.md:3-4`\n\n````\n```\ncode\n````\n\nWhy?\n\n## 2. `b`\n\nTwo files?"),
            "{text}"
        );
        assert!(text.contains("… and 10 more lines\n```\n\nLong.\n"), "{text}");
        assert_eq!(prompt(&[]), "");
    }
}
