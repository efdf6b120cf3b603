//! What a line of code is part of, as far as indentation and a few words tell: the function, type or
//! heading to name where lines before it are folded away. It knows no language.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::Path;

use crate::tui::review::lines::Lines;
use crate::tui::review::shown::shown;

/// A line further up is not looked for.
const FARTHEST: usize = 400;

/// Words that open something worth naming.
const OPENERS: [&str; 18] = [
    "class",
    "def",
    "defmodule",
    "enum",
    "extension",
    "fn",
    "fun",
    "func",
    "function",
    "impl",
    "interface",
    "macro_rules",
    "mod",
    "module",
    "namespace",
    "struct",
    "trait",
    "type",
];

/// The innermost opening line above a line, without what only opens its body.
pub fn scope_of<'a>(path: &str, lines: &'a Lines, line: usize) -> Option<Cow<'a, str>> {
    let ending = Path::new(path).extension().and_then(OsStr::to_str);
    let prose = matches!(ending, Some("md" | "markdown"));
    let first = (line..lines.len()).map(|line| lines.get(line)).find(|line| !is_blank(line))?;
    let mut inside = indent(first);
    for at in (line.saturating_sub(FARTHEST)..line).rev() {
        let text = lines.get(at);
        let outer = !is_blank(text) && indent(text) < inside;
        if if prose { is_heading(text) } else { outer && opens(text) } {
            return Some(shown(text.trim_start().trim_end_matches([' ', '\t', '{', ':', '('])));
        }
        if outer {
            inside = indent(text);
        }
    }
    None
}

fn is_heading(line: &str) -> bool {
    line.starts_with('#') && line.trim_start_matches('#').starts_with(' ')
}

fn opens(line: &str) -> bool {
    let line = line.trim();
    let words = line.split(|character: char| !character.is_alphanumeric() && character != '_');
    line.starts_with(char::is_alphabetic)
        && !line.ends_with([';', ','])
        && words.filter(|word| !word.is_empty()).take(5).any(|word| OPENERS.contains(&word))
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

fn indent(line: &str) -> usize {
    let blanks = line.chars().take_while(|character| matches!(character, ' ' | '\t'));
    blanks.map(|blank| if blank == '\t' { 4 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, code: &str, line: usize, scope: Option<&str>) {
        assert_eq!(scope_of(path, &Lines::of(code.to_owned()), line).as_deref(), scope);
    }

    const CODE: &str = "use a::b;\n\nimpl Parser {\n    /// Reads.\n    pub fn read(&self) -> u8 {\n        if x {\n            y();\n        }\n        z()\n    }\n\n    fn next() {}\n}\n\nstruct Last;\n";

    #[test]
    fn a_line_is_part_of_the_innermost_function_around_it() {
        check("a.rs", CODE, 6, Some("pub fn read(&self) -> u8"));
        check("a.rs", CODE, 8, Some("pub fn read(&self) -> u8"));
    }

    #[test]
    fn a_line_behind_a_function_is_not_part_of_it() {
        check("a.rs", CODE, 11, Some("impl Parser"));
    }

    #[test]
    fn what_follows_at_the_same_depth_is_no_part() {
        check("a.rs", CODE, 14, None);
        check("a.rs", CODE, 1, None);
    }

    #[test]
    fn headings_and_other_languages_are_seen_too() {
        check("a.md", "# One\n\ntext\n\n## Two\n\nmore\n", 6, Some("## Two"));
        check("a.py", "class A:\n\tdef b(self):\n\t\treturn 1\n\t\t# end\n", 3, Some("def b(self)"));
    }
}
