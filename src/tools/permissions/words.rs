//! Words of a shell command, as far as they are known before it runs.

use tree_sitter::Node;

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Without quotes. Where it is not known, the text as written.
    pub text: String,
    pub known: Known,
}

/// What is known of a word before it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// The word is its text.
    Exactly,
    /// It depends on variables, substitutions or the files that are there.
    AtRunTime,
}

impl Word {
    pub fn exact(text: impl Into<String>) -> Self {
        Self { text: text.into(), known: Known::Exactly }
    }

    pub fn is_exact(&self) -> bool {
        self.known == Known::Exactly
    }

    /// Reads a word from its node.
    pub fn read(node: Node<'_>, source: &str) -> Self {
        let raw = &source[node.byte_range()];
        match node.kind() {
            "word"
            | "number"
            | "command_name"
            | "variable_name"
            | "special_variable_name"
            | "extglob_pattern"
            | "regex"
            | "file_descriptor"
                if node.named_child_count() == 0 =>
            {
                bare(raw)
            }
            "raw_string" => Self::exact(raw.trim_matches('\'')),
            "ansi_c_string" | "translated_string" if raw.contains('\\') => Self::at_run_time(raw),
            "ansi_c_string" => Self::exact(raw.trim_start_matches('$').trim_matches('\'')),
            "string" | "translated_string" => quoted(node, source),
            "concatenation" | "command_name" => {
                let mut cursor = node.walk();
                let parts = node.children(&mut cursor).map(|child| Self::read(child, source));
                parts.fold(Self::exact(""), |mut whole, part| {
                    whole.text.push_str(&part.text);
                    if !part.is_exact() {
                        whole.known = Known::AtRunTime;
                    }
                    whole
                })
            }
            _ if !node.is_named() => Self::exact(raw),
            _ => Self::at_run_time(raw),
        }
    }

    fn at_run_time(text: impl Into<String>) -> Self {
        Self { text: text.into(), known: Known::AtRunTime }
    }
}

/// A word for the shell that stands for exactly this text.
pub(super) fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn bare(raw: &str) -> Word {
    let mut text = String::with_capacity(raw.len());
    let mut known = Known::Exactly;
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('\n') | None => {}
                Some(escaped) => text.push(escaped),
            },
            '*' | '?' | '[' | '{' => {
                // `[` and `{` alone are commands, and `{}` is an argument of find and xargs.
                if !matches!(raw, "[" | "[[" | "{" | "{}") {
                    known = Known::AtRunTime;
                }
                text.push(c);
            }
            _ => text.push(c),
        }
    }
    Word { text, known }
}

fn quoted(node: Node<'_>, source: &str) -> Word {
    let raw = &source[node.byte_range()];
    let mut cursor = node.walk();
    if node.named_children(&mut cursor).any(|child| child.kind() != "string_content") {
        return Word::at_run_time(raw.trim_start_matches('$').trim_matches('"'));
    }
    let inner = raw.trim_start_matches('$');
    let inner = inner.strip_prefix('"').unwrap_or(inner);
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('\n') | None => {}
                Some(escaped @ ('"' | '\\' | '$' | '`')) => text.push(escaped),
                Some(other) => text.extend(['\\', other]),
            },
            _ => text.push(c),
        }
    }
    Word::exact(text)
}
