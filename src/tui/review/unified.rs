//! A diff as unified text, exact enough to be applied as a patch. It holds the files' bytes as they are;
//! who prints it on a terminal has to clean it.

use std::fmt::Write;
use std::ops::Range;

use super::align::{Block, Endings, Text};
use super::lines::{Ending, Lines};
use super::model::Change;
use super::prepared::{Content, File};
use super::state::Review;

/// Unchanged lines around a change.
const CONTEXT: usize = 3;

const NO_NEWLINE: &str = "\\ No newline at end of file\n";

/// The whole difference of a file, with headers as git writes them.
fn of_file(file: &File) -> String {
    let old_path = file.old_path.as_deref().unwrap_or(&file.path);
    let names = Names { old: old_path, new: &file.path, kind: file.kind };
    let mut out = names.headers((file.old_mode, file.new_mode));
    match &file.content {
        Content::Text(text) => {
            // Lines that end otherwise are other lines to a patch.
            let exact = matches!(text.endings, Endings::Converted { .. }).then(|| text.exactly());
            let text = exact.as_ref().unwrap_or(text);
            let hunks = hunks(text);
            if !hunks.is_empty() {
                out.push_str(&names.sides());
            }
            for hunk in hunks {
                write_hunk(&mut out, text, hunk);
            }
        }
        Content::Binary { .. } | Content::TooLarge { .. } => {
            let _ = writeln!(out, "Binary files {} and {} differ", names.old_side(), names.new_side());
        }
        Content::Submodule { old, new } => {
            out.push_str(&names.sides());
            let (removed, added) = (old.iter().len(), new.iter().len());
            let _ = writeln!(out, "@@ -{} +{} @@", range(&(0..removed)), range(&(0..added)));
            for (sign, commit) in [('-', old), ('+', new)] {
                if let Some(commit) = commit {
                    let _ = writeln!(out, "{sign}Subproject commit {commit}");
                }
            }
        }
    }
    out
}

impl Review {
    /// Everything that differs, as unified text.
    pub fn unified(&self) -> String {
        self.entries.iter().map(|entry| of_file(&entry.file)).collect()
    }
}

/// How the sides of a file are called.
struct Names<'a> {
    old: &'a str,
    new: &'a str,
    kind: Change,
}

impl Names<'_> {
    fn headers(&self, modes: (Option<u32>, Option<u32>)) -> String {
        let (old, new) = (quoted("a/", self.old), quoted("b/", self.new));
        let mut out = format!("diff --git {old} {new}\n");
        match (self.kind, modes) {
            (Change::Added, (_, mode)) => {
                let _ = writeln!(out, "new file mode {:o}", mode.unwrap_or(0o100_644));
            }
            (Change::Deleted, (mode, _)) => {
                let _ = writeln!(out, "deleted file mode {:o}", mode.unwrap_or(0o100_644));
            }
            (_, (Some(old), Some(new))) if old != new => {
                let _ = writeln!(out, "old mode {old:o}\nnew mode {new:o}");
            }
            _ => {}
        }
        if self.old != self.new {
            let _ = writeln!(out, "rename from {}\nrename to {}", quoted("", self.old), quoted("", self.new));
        }
        out
    }

    fn sides(&self) -> String {
        format!("--- {}\n+++ {}\n", self.old_side(), self.new_side())
    }

    fn old_side(&self) -> String {
        if self.kind == Change::Added { "/dev/null".to_owned() } else { quoted("a/", self.old) }
    }

    fn new_side(&self) -> String {
        if self.kind == Change::Deleted { "/dev/null".to_owned() } else { quoted("b/", self.new) }
    }
}

/// Blocks that are so near each other that one hunk holds them: ranges from a change to a change.
fn hunks(text: &Text) -> Vec<Range<usize>> {
    let mut hunks: Vec<Range<usize>> = Vec::new();
    for (index, block) in text.blocks.iter().enumerate() {
        if !matches!(block, Block::Changed { .. }) {
            continue;
        }
        let near = |last: &Range<usize>| match text.blocks.get(last.end) {
            Some(Block::Same { len, .. }) => last.end + 1 == index && *len <= 2 * CONTEXT,
            _ => false,
        };
        match hunks.last_mut() {
            Some(last) if near(last) => last.end = index + 1,
            _ => hunks.push(index..index + 1),
        }
    }
    hunks
}

fn write_hunk(out: &mut String, text: &Text, blocks: Range<usize>) {
    let lines = |block: &Block| match block {
        Block::Same { old, new, len } => (*old..old + len, *new..new + len),
        Block::Changed { old, new, .. } => (old.clone(), new.clone()),
    };
    let same = |index: Option<usize>| match index.and_then(|index| text.blocks.get(index)) {
        Some(Block::Same { len, .. }) => CONTEXT.min(*len),
        _ => 0,
    };
    let (before, after) = (same(blocks.start.checked_sub(1)), same(Some(blocks.end)));
    let blocks = &text.blocks[blocks];
    let (Some(first), Some(last)) = (blocks.first().map(lines), blocks.last().map(lines)) else { return };
    let old = first.0.start - before..last.0.end + after;
    let new = first.1.start - before..last.1.end + after;
    let _ = writeln!(out, "@@ -{} +{} @@", range(&old), range(&new));
    write_lines(out, ' ', &text.old, old.start..first.0.start);
    for block in blocks {
        let (old, new) = lines(block);
        if matches!(block, Block::Same { .. }) {
            write_lines(out, ' ', &text.old, old);
        } else {
            write_lines(out, '-', &text.old, old);
            write_lines(out, '+', &text.new, new);
        }
    }
    write_lines(out, ' ', &text.old, last.0.end..old.end);
}

fn write_lines(out: &mut String, sign: char, lines: &Lines, range: Range<usize>) {
    for line in range {
        out.push(sign);
        out.push_str(lines.get(line));
        out.push_str(match lines.ending(line) {
            Ending::Lf | Ending::Missing => "\n",
            Ending::CrLf => "\r\n",
        });
        if lines.ending(line) == Ending::Missing {
            out.push_str(NO_NEWLINE);
        }
    }
}

/// Counted from 1; an empty range stands behind the line that it names.
fn range(lines: &Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        many => format!("{},{many}", lines.start + 1),
    }
}

/// A path as git writes it: in quotes when it holds what would break the line.
fn quoted(prefix: &str, path: &str) -> String {
    if !path.chars().any(|character| character.is_control() || matches!(character, '"' | '\\')) {
        return format!("{prefix}{path}");
    }
    let mut out = format!("\"{prefix}");
    for character in path.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            control if control.is_control() => {
                let mut bytes = [0; 4];
                for byte in control.encode_utf8(&mut bytes).bytes() {
                    let _ = write!(out, "\\{byte:03o}");
                }
            }
            plain => out.push(plain),
        }
    }
    out.push('"');
    out
}
