//! What a single line of markdown begins or ends, as far as splitting a text in blocks needs to know.

/// The opening of a code block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fence {
    mark: char,
    length: usize,
    /// Columns before it, which its lines have before them too.
    pub indent: usize,
}

impl Fence {
    /// The fence that a line opens, and what stands behind it.
    pub fn opened_by(line: &str) -> Option<(Self, &str)> {
        let indent = indent(line);
        let text = line.trim();
        let mark = text.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
        let info = text.trim_start_matches(mark);
        let length = text.len() - info.len();
        // Backticks behind backticks are code within a line.
        let opens = indent < 4 && length >= 3 && !(mark == '`' && info.contains('`'));
        opens.then_some((Self { mark, length, indent }, info.trim()))
    }

    pub fn is_closed_by(self, line: &str) -> bool {
        let text = line.trim();
        indent(line) < 4 && text.len() >= self.length && text.chars().all(|character| character == self.mark)
    }
}

pub fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

/// The columns of blanks that a line begins with.
pub fn indent(line: &str) -> usize {
    let mut columns = 0;
    for byte in line.bytes() {
        match byte {
            b' ' => columns += 1,
            b'\t' => columns += 4 - columns % 4,
            _ => break,
        }
    }
    columns
}

/// For a line that begins an item of a list: the column at which the item's text begins, and the text.
pub fn item(line: &str) -> Option<(usize, &str)> {
    if is_rule(line) {
        return None;
    }
    let text = line.trim_start();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let mark = match text[digits..].bytes().next()? {
        b'-' | b'*' | b'+' if digits == 0 => 1,
        b'.' | b')' if (1..=9).contains(&digits) => digits + 1,
        _ => return None,
    };
    let rest = &text[mark..];
    let blanks = indent(rest);
    let is_item = rest.trim().is_empty() || blanks > 0;
    // More blanks than four belong to code that the item begins with.
    let content = indent(line) + mark + if (1..=4).contains(&blanks) { blanks } else { 1 };
    is_item.then_some((content, rest.trim_start()))
}

pub fn is_heading(line: &str) -> bool {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    (1..=6).contains(&level) && (is_blank(text) || text.starts_with([' ', '\t']))
}

/// A line under a text that makes it a heading.
pub fn is_underline(line: &str) -> bool {
    let text = line.trim();
    !text.is_empty() && indent(line) < 4 && ['-', '='].iter().any(|mark| text.chars().all(|c| c == *mark))
}

fn is_rule(line: &str) -> bool {
    let marks = |mark: char| {
        line.chars().all(|character| character == mark || character.is_whitespace())
            && line.matches(mark).count() >= 3
    };
    ['-', '*', '_'].into_iter().any(marks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_open_with_three_marks_and_close_with_as_many() {
        let (fence, info) = Fence::opened_by("  ````rust,ignore \n").unwrap();
        assert_eq!((fence.indent, info), (2, "rust,ignore"));
        assert!(fence.is_closed_by("`````  \n"));
        assert!(!fence.is_closed_by("```\n"));
        assert!(!fence.is_closed_by("    ````\n"));
        assert!(!fence.is_closed_by("```` rust\n"));
        for line in ["``rust", "    ```", "```a`b```", "text ```"] {
            assert_eq!(Fence::opened_by(line), None, "{line}");
        }
        assert!(Fence::opened_by("~~~ a`b").is_some());
    }

    #[test]
    fn items_tell_where_their_text_begins() {
        let table = [
            ("- a", Some(2)),
            ("  *   a", Some(6)),
            ("10. a", Some(4)),
            ("1) a", Some(3)),
            ("-", Some(2)),
            ("-      code", Some(2)),
            ("-a", None),
            ("---", None),
            ("* * *", None),
            ("1234567890. a", None),
            ("a", None),
            ("", None),
        ];
        for (line, content) in table {
            assert_eq!(item(line).map(|(content, _)| content), content, "{line}");
        }
    }

    #[test]
    fn headings_have_up_to_six_marks_and_a_blank() {
        assert!(is_heading("# a\n") && is_heading("######\n"));
        assert!(!is_heading("#a") && !is_heading("####### a") && !is_heading("a"));
    }
}
